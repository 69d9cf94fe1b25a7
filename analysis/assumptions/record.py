"""One number we chose, with its spread and its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

DISTRIBUTIONS = ("uniform", "loguniform", "triangular", "lognormal", "normal")
_ON_LOG_SCALE = ("loguniform", "lognormal")
_TAIL = 0.05


@dataclass(frozen=True)
class Assumption:
    """A number we chose, with its spread.

    The 5th, 50th and 95th percentiles are `low`, `central` and `high`, whatever the distribution;
    its name gives the shape between and beyond them, on either side of the centre. Lognormal and
    loguniform have that shape in the logarithm.

    Attributes
    ----------
    id, label, unit, topic : str
        Key, words for a reader, unit ("1" for a pure number) and topic of the book.
    low, central, high : float
        5th percentile, median and 95th percentile.
    distribution : str
        One of `DISTRIBUTIONS`.
    reason : str
        Why this number and this spread.

    Raises
    ------
    ValueError
        Names the assumption, the field, its value and what is accepted.
    """

    id: str
    label: str
    unit: str
    low: float
    central: float
    high: float
    distribution: str
    reason: str
    topic: str

    def __post_init__(self) -> None:
        for name in ("id", "label", "unit", "reason", "topic"):
            if not str(getattr(self, name)).strip():
                raise ValueError(f"assumption {self.id!r}: {name} is empty; give one")
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(
                f"assumption {self.id!r}: distribution {self.distribution!r} is not known; "
                f"accepted: {', '.join(DISTRIBUTIONS)}"
            )
        numbers = (self.low, self.central, self.high)
        if not (all(map(math.isfinite, numbers)) and self.low <= self.central <= self.high):
            raise ValueError(
                f"assumption {self.id!r}: low, central, high = {numbers} are not accepted; "
                "accepted: finite with low <= central <= high"
            )
        if self.distribution in _ON_LOG_SCALE and self.low <= 0:
            raise ValueError(
                f"assumption {self.id!r}: low = {self.low!r} has no logarithm; "
                f"accepted for {self.distribution}: above 0"
            )

    def quantile(self, probability: np.ndarray | float) -> np.ndarray:
        """Value below which a share of the distribution lies.

        Parameters
        ----------
        probability : array_like
            Between 0 and 1, both excluded.

        Returns
        -------
        numpy.ndarray
            In the unit of the assumption, of the shape of `probability`.
        """
        p = np.asarray(probability, dtype=float)
        if not ((p > 0) & (p < 1)).all():
            raise ValueError(f"probability: {probability!r} is not accepted; accepted: 0 < p < 1")
        steps = _standard_quantile(self.distribution, p)
        points = np.array([self.low, self.central, self.high])
        if self.distribution in _ON_LOG_SCALE:
            points = np.log(points)
        low, central, high = points
        value = central + np.where(steps < 0, central - low, high - central) * steps
        return np.exp(value) if self.distribution in _ON_LOG_SCALE else value


def _standard_quantile(distribution: str, p: np.ndarray) -> np.ndarray:
    """Symmetric about 0, and 1 at the 95th percentile."""
    if distribution in ("normal", "lognormal"):
        return special.ndtri(p) / special.ndtri(1 - _TAIL)
    if distribution == "triangular":
        away = 1 - np.sqrt(2 * np.minimum(p, 1 - p))
        return np.sign(p - 0.5) * away / (1 - math.sqrt(2 * _TAIL))
    return (p - 0.5) / (0.5 - _TAIL)
