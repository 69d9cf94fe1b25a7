"""The numbers of the chapter on hardware in words: every number its prose says."""

from __future__ import annotations

from analysis.hardware.sentences import choice, claims, market, serving


def numbers() -> dict[str, str]:
    """Every number of the chapter, formatted; a key that a page misspells fails the build."""
    return {**serving.numbers(), **choice.numbers(), **market.numbers(), **claims.numbers()}
