r"""How levels move in time: growth that slows, and stocks known at dates.

Every path is closed in the time :math:`\tau` since an anchor, so that one formula serves a year, a
quarter, a million scenarios and a reader's page. Growth that slows by a constant rate is a Gompertz
curve, the form fitted to the spread of many products: Winsor 1932, The Gompertz curve as a growth
curve, https://doi.org/10.1073/pnas.18.1.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_NUMBERS = (int, float, np.ndarray, np.generic)


def exp(value: Any, xp: Any = np) -> Any:
    """Exponential of a number, an array or an expression."""
    return np.exp(value) if isinstance(value, _NUMBERS) else xp.exp(value)


def log(value: Any, xp: Any = np) -> Any:
    """Natural logarithm of a number, an array or an expression."""
    return np.log(value) if isinstance(value, _NUMBERS) else xp.log(value)


def positive_part(value: Any, xp: Any = np) -> Any:
    """The value where above 0, else 0: exact in Python and in a browser."""
    size = np.abs(value) if isinstance(value, _NUMBERS) else xp.abs(value)
    return (value + size) / 2.0


def slowed_years(elapsed: Any, decay: Any, xp: Any = np) -> Any:
    r"""Years of growth at the anchor's pace that a slowing growth amounts to.

    .. math:: (1 - e^{-\delta \tau}) / \delta

    Before the anchor growth was faster by the same law.

    Parameters
    ----------
    elapsed : array_like or expression
        Years since the anchor, negative before it.
    decay : array_like or expression
        Share of the growth rate lost per year, above 0.
    """
    return (1.0 - exp(-decay * elapsed, xp)) / decay


def slowed_after_years(elapsed: Any, decay: Any, xp: Any = np) -> Any:
    """`slowed_years` after the anchor, and plain years before it."""
    after = positive_part(elapsed, xp)
    return elapsed - after + slowed_years(after, decay, xp)


def grown(level: Any, growth: Any, years_of_growth: Any, xp: Any = np) -> Any:
    """Level after years at a factor of growth per year."""
    return level * exp(log(growth, xp) * years_of_growth, xp)


@dataclass(frozen=True)
class LogPath:
    """A positive quantity known at dates: straight in the logarithm between and beyond them.

    Written as a sum of hinges, so that it can be asked at any time, also by an expression.

    Attributes
    ----------
    years, values : tuple of float
        At least two dates, increasing, and values above 0.

    Raises
    ------
    ValueError
        Where dates do not increase or a value is not above 0; names it.
    """

    years: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.years) != len(self.values) or len(self.years) < 2:
            raise ValueError(
                f"{len(self.years)} years and {len(self.values)} values are not accepted; "
                "accepted: as many of each, at least two"
            )
        steps = np.diff(self.years)
        if not np.all(steps > 0):
            at = int(np.flatnonzero(~(steps > 0))[0])
            raise ValueError(f"years: {self.years[at + 1]!r} follows {self.years[at]!r}; sort them")
        for year, value in zip(self.years, self.values, strict=True):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"value of {year}: {value!r} is not accepted; accepted: above 0")

    @property
    def slopes(self) -> np.ndarray:
        """Growth of the logarithm per year between the dates."""
        return np.diff(np.log(self.values)) / np.diff(self.years)

    def log_at(self, time: Any, xp: Any = np) -> Any:
        """Natural logarithm at times, an array or an expression."""
        slopes = self.slopes
        total = float(np.log(self.values[0])) + float(slopes[0]) * (time - self.years[0])
        for node, change in zip(self.years[1:-1], np.diff(slopes), strict=True):
            total = total + float(change) * positive_part(time - node, xp)
        return total

    def at(self, time: Any, xp: Any = np) -> Any:
        """Value at times, an array or an expression."""
        return exp(self.log_at(time, xp), xp)
