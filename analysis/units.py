"""Conversions and named constants, each with its unit and where it comes from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: FLOP per parameter and training token: two for the forward pass, four for the backward pass
#: (Kaplan et al. 2020, section 2.1).
FLOP_PER_PARAMETER_TOKEN: float = 6.0

#: FLOP per parameter and token of a forward pass: a multiplication and an addition
#: (Kaplan et al. 2020, section 2.1).
FORWARD_FLOP_PER_PARAMETER_TOKEN: float = 2.0

#: Seconds in a day.
SECONDS_PER_DAY: float = 24.0 * 3600.0

#: FLOP in one petaFLOP/s-day, the unit of compute of Kaplan et al. 2020.
FLOP_PER_PFLOPS_DAY: float = 1e15 * SECONDS_PER_DAY

#: Mean length of a year in days in the Gregorian calendar.
DAYS_PER_YEAR: float = 365.2425

#: Months in a year.
MONTHS_PER_YEAR: float = 12.0

#: Nats in one bit: the natural logarithm of two.
NATS_PER_BIT: float = math.log(2.0)


def flop_from_pflops_days(pflops_days: Any) -> Any:
    """FLOP in a number of petaFLOP/s-days (1 PF-day is 8.64e19 FLOP)."""
    return pflops_days * FLOP_PER_PFLOPS_DAY


def pflops_days_from_flop(flop: Any) -> Any:
    """petaFLOP/s-days in a number of FLOP, the unit in which Kaplan et al. 2020 state compute."""
    return flop / FLOP_PER_PFLOPS_DAY


def doubling_months(growth_per_year: float) -> float:
    """Months in which a quantity doubles that grows by a factor each year.

    Parameters
    ----------
    growth_per_year : float
        Factor per year, above zero and other than one: 4.0 means fourfold a year.

    Returns
    -------
    float
        Months; negative where the quantity falls, and then its size is the time to halve.
    """
    if not (math.isfinite(growth_per_year) and growth_per_year > 0) or growth_per_year == 1:
        raise ValueError(
            f"growth_per_year: {growth_per_year!r} has no doubling time; accepted: a finite "
            "factor above 0 other than 1 (4.0 means fourfold a year)"
        )
    return MONTHS_PER_YEAR * math.log(2.0) / math.log(growth_per_year)


def growth_per_year_from_doubling(months: float) -> float:
    """Factor per year of a quantity that doubles in a number of months (halves, if negative)."""
    if not math.isfinite(months) or months == 0:
        raise ValueError(f"months: {months!r} is not a doubling time; accepted: finite, not 0")
    return float(np.exp2(MONTHS_PER_YEAR / months))
