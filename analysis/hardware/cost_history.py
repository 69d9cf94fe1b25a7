"""How fast the cost of a fixed piece of work falls as chips get better.

The work, the service level and the way of paying are held fixed; only the chip changes. What is
left of the fall of prices is due to models, software, competition and margins.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_finite


def cheapest_so_far(released: Any, costs: Any, years: Any) -> np.ndarray:
    """Lowest cost on any chip released by the end of each year.

    Parameters
    ----------
    released : array_like, shape (k,)
        Decimal years.
    costs : array_like, shape (..., k)
        Of the same work on each chip; infinite where it cannot do it.
    years : array_like, shape (n,)
        Calendar years.

    Returns
    -------
    numpy.ndarray, shape (..., n)

    Raises
    ------
    ValueError
        Where a year comes before the first chip that can do the work; names it.
    """
    dates = np.atleast_1d(require_finite("released", released, "years"))
    table, ends = (
        np.asarray(costs, dtype=float),
        np.atleast_1d(require_finite("years", years, "years")) + 1,
    )
    if dates.ndim != 1 or table.shape[-1:] != dates.shape:
        raise ValueError(f"released {dates.shape} and costs {table.shape}; give one date a chip")
    if np.any(np.isnan(table)) or np.any(table <= 0):
        raise ValueError("costs: a blank or a number not above 0; accepted: above 0, or infinite")
    known = np.where(dates[:, None] < ends, table[..., :, None], np.inf)
    best = known.min(axis=-2)
    if not np.all(np.isfinite(best)):
        missing = float(ends[np.argmax(~np.isfinite(best.reshape(-1, ends.size)).all(axis=0))] - 1)
        raise ValueError(f"years: no chip released by the end of {missing:g} can do the work")
    return best


def cheapest_chip(released: Any, costs: Any, years: Any) -> np.ndarray:
    """Index of the chip behind each of `cheapest_so_far`, for costs of one axis."""
    best = cheapest_so_far(released, costs, years)
    dates, table = np.asarray(released, dtype=float), np.asarray(costs, dtype=float)
    usable = dates[:, None] < np.atleast_1d(np.asarray(years, dtype=float)) + 1
    return np.argmax(usable & (table[:, None] == best), axis=0)


def yearly_fall(years: Any, costs: Any) -> Any:
    """Cost a year ago over cost now, by least squares through the logarithms.

    Parameters
    ----------
    years : array_like, shape (n,)
        At least two that differ.
    costs : array_like, shape (..., n)
        Above 0.

    Returns
    -------
    float or numpy.ndarray, shape (...)
        Above 1 where costs fall.
    """
    when = np.asarray(require_finite("years", years, "years"), dtype=float)
    what = np.log(require_positive("costs", costs, "USD"))
    if when.ndim != 1 or when.size < 2 or what.shape[-1:] != when.shape or np.ptp(when) == 0:
        raise ValueError(
            f"years {when.shape} and costs {what.shape}; accepted: one year a cost, at least two "
            "that differ"
        )
    centred = when - when.mean()
    return np.exp(-(what * centred).sum(axis=-1) / (centred**2).sum())[()]


def halving_years(yearly: Any) -> Any:
    """Years until a cost has halved at a yearly fall; infinite where it does not fall."""
    fall = np.log(require_positive("yearly", yearly, "times a year"))
    out = np.full(fall.shape, math.inf)
    return np.divide(math.log(2), fall, out=out, where=fall > 0)[()]


def share_of_fall(part: Any, whole: Any) -> Any:
    """Share of a yearly fall that a part of it makes up, in logarithms.

    Parameters
    ----------
    part, whole : array_like
        Factors a year; `whole` above 1.
    """
    of = np.log(require_positive("whole", whole, "times a year"))
    if np.any(of <= 0):
        raise ValueError(f"whole: {whole!r} is not accepted; accepted: above 1, a fall")
    return (np.log(require_positive("part", part, "times a year")) / of)[()]
