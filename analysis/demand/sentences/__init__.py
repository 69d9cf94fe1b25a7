"""The numbers of the chapter on demand in words: every number its prose says."""

from __future__ import annotations

from analysis.demand.sentences import growth, hindcast, ledger, projection, sensitivity, shape


def numbers() -> dict[str, str]:
    """Every number of the chapter, formatted; a key that a page misspells fails the build."""
    parts = (projection, ledger, growth, sensitivity, hindcast, shape)
    return {key: text for part in parts for key, text in part.numbers().items()}
