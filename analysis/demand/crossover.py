"""The year from which inference is more than half."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.test_time_compute.checks import require_probability

#: Not by the last year; never below in all the years.
NOT_YET, ALWAYS = np.inf, -np.inf


def crossover_year(share: Any, years: Any, *, threshold: float = 0.5) -> np.ndarray:
    """First year from which the share stays at or above a threshold to the last year.

    A share that was above, fell below and came back has crossed when it came back.

    Parameters
    ----------
    share : array_like, shape (..., k)
    years : array_like, shape (k,)
        Increasing.
    threshold : float

    Returns
    -------
    numpy.ndarray, shape (...)
        A year; infinity where the last share is below, minus infinity where none is.

    Raises
    ------
    ValueError
        Where a share is not between 0 and 1, or the lengths differ.
    """
    values = np.asarray(require_probability("share", share), dtype=np.float64)
    dates = np.asarray(years, dtype=np.float64)
    if dates.ndim != 1 or values.shape[-1:] != dates.shape or not np.all(np.diff(dates) > 0):
        raise ValueError(
            f"share of shape {values.shape} with years of shape {dates.shape} is not accepted; "
            "accepted: one increasing year per entry of the last axis"
        )
    below = values < threshold
    # Years from the end to the last one below.
    back = np.argmax(below[..., ::-1], axis=-1)
    any_below = below.any(axis=-1)
    after = np.clip(dates.size - back, 0, dates.size - 1)
    found = np.where(back == 0, NOT_YET, dates[after])
    return np.where(any_below, found, ALWAYS)


def crossover_table(years: Any, crossings: Any) -> pd.DataFrame:
    """Share of the scenarios by year of crossover, "always" first and "not by" last.

    Parameters
    ----------
    years : array_like, shape (k,)
    crossings : array_like, shape (n,)
        From `crossover_year`.

    Returns
    -------
    DataFrame
        ``year`` (text), ``share`` and ``cumulative``.
    """
    dates = np.asarray(years, dtype=np.float64)
    found = np.asarray(crossings, dtype=np.float64).ravel()
    if not found.size:
        raise ValueError("crossings: none given; accepted: at least one")
    order = [ALWAYS, *dates[1:].tolist(), NOT_YET]
    names = ["always above", *[f"{year:.0f}" for year in dates[1:]], f"not by {dates[-1]:.0f}"]
    share = np.array([(found == place).mean() for place in order])
    if abs(share.sum() - 1.0) > 1e-9:
        strange = found[~np.isin(found, order)][0]
        raise ValueError(f"crossings: {strange!r} is none of the years; accepted: {names}")
    return pd.DataFrame({"year": names, "share": share, "cumulative": share.cumsum()})
