"""A claim, a number found for it, and whether the two agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.uncertainty import Interval

MEASURED, REPORTED, ESTIMATE, MODEL = "measured", "reported", "estimate", "model"
#: What a claim asserts of the number found; a claim of 'up to' is met where a setting reaches it.
ABOUT, AT_LEAST, AT_MOST = "about", "at least", "at most"
ALL, SOME, NONE, FORECAST = "all", "some", "none", "forecast"
#: Of a claim about what is to come, said beside its label and left out of what is met.
NOT_YET = "forecast, not yet testable"
#: A number found this near to a claim, as a factor either way, agrees with it.
NEAR = 1.25
#: Said of a number that cannot tell for or against its claim.
OWN_SOURCE = "the claim's own source, not counted: "
MATMUL = "rate of matrix products, not training, not counted: "


@dataclass(frozen=True)
class Claim:
    """What is claimed.

    Attributes
    ----------
    key, label : str
        The label is two lines for an axis, parted by a comma.
    low, high : float
        The claim's own range, in the unit of the numbers found; equal where it is one number.
    side : str
        `ABOUT`, `AT_LEAST` or `AT_MOST`.
    forecast : bool
        Whether it is of what is to come, so that no number of today meets it or does not.
    """

    key: str
    label: str
    low: float
    high: float
    side: str = ABOUT
    forecast: bool = False

    def found(
        self,
        value: Interval | float,
        evidence: str,
        what: str,
        source_id: str = "",
        *,
        bound: str = "",
        counts: bool = True,
    ) -> dict[str, Any]:
        """A number found for it, as a row of `findings`.

        Parameters
        ----------
        bound : str
            ``at least`` or ``at most`` where the number is one.
        counts : bool
            Whether it may agree: not where it is the claim's own source, or of another thing.
        """
        centre = float(np.sqrt(self.low * self.high))
        low, middle, high = (
            (value.low, value.central, value.high)
            if isinstance(value, Interval)
            else (np.nan, float(value), np.nan)
        )
        return {
            "claim": self.key, "label": self.label, "side": self.side, "claimed": centre,
            "claimed_low": self.low / centre, "claimed_high": self.high / centre,
            "found": middle, "ratio": middle / centre, "low": low / centre, "high": high / centre,
            "evidence": evidence, "what": what, "source_id": source_id, "bound": bound,
            "counts": counts and not self.forecast, "forecast": self.forecast,
        }  # fmt: skip


def agrees(row: pd.Series) -> bool:
    """Whether a row of `findings`, or its interval, is near its claim or on the side claimed.

    A bound is taken at its number: beyond it nothing is known.
    """
    low, high = (row[k] if np.isfinite(row[k]) else row["ratio"] for k in ("low", "high"))
    near = NEAR if row["side"] == ABOUT else 1.0
    above = row["side"] == AT_MOST or high >= row["claimed_low"] / near
    below = row["side"] == AT_LEAST or low <= row["claimed_high"] * near
    return bool(above and below)
