"""Shares in words, where one may be too small for its digits to say anything."""

from __future__ import annotations

from analysis import wording

_LEAST = 0.001


def percent(share: float, significant: int = 2) -> str:
    """A share as a percentage; below a tenth of a percent only that it is."""
    if 0 < share < _LEAST:
        return f"under {wording.percent(_LEAST, 1)}"
    return wording.percent(share, significant)
