"""Seeded resampling and intervals: what the models use to say how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Interval:
    """A range with the share of draws, or of repeated studies, that it is meant to hold.

    Attributes
    ----------
    low, central, high : float
    level : float
        Between 0 and 1.
    """

    low: float
    central: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def require_level(level: float) -> float:
    """The level itself; refused unless it is strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level: {level!r} is not accepted; accepted: between 0 and 1, as 0.95")
    return float(level)


def require_count(name: str, value: int, *, lowest: int = 1) -> int:
    """A whole number not below `lowest`; refused otherwise, with its name and value."""
    if isinstance(value, bool) or int(value) != value or value < lowest:
        raise ValueError(f"{name}: {value!r} is not accepted; accepted: whole, at least {lowest}")
    return int(value)


def percentile_interval(draws: np.ndarray, level: float = 0.95) -> Interval:
    """Interval between the two outer percentiles of draws; its centre is their median.

    Parameters
    ----------
    draws : numpy.ndarray, shape (m,)
        At least two finite numbers.
    level : float
        Share of the draws inside.

    Raises
    ------
    ValueError
        Where a draw is not finite (the row is named) or there are fewer than two.
    """
    values = np.asarray(draws, dtype=np.float64)
    level = require_level(level)
    if values.ndim != 1 or values.size < 2:
        raise ValueError(f"draws have shape {values.shape}; accepted: one axis, at least 2 draws")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(
            f"draws, row {bad[0]}: {values[bad[0]]!r} is not finite; drop the row and say so"
        )
    low, central, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Interval(float(low), float(central), float(high), level)


def interval_table(draws: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """`percentile_interval` of each column: ``quantity``, ``low``, ``central``, ``high``, `level`.

    Parameters
    ----------
    draws : DataFrame, shape (m, k)
        One column per quantity, one row per draw.
    """
    intervals = {str(name): percentile_interval(draws[name], level) for name in draws}
    return pd.DataFrame([{"quantity": name, **vars(it)} for name, it in intervals.items()])


def resample_indices(
    points: int, resamples: int, seed: int, *, chunk: int | None = None
) -> Iterator[np.ndarray]:
    """Bootstrap draws with replacement, a block of rows at a time.

    The blocks under each other are ``default_rng(seed).integers(0, points, (resamples, points))``,
    whatever the size of the blocks, so another program can draw the same resamples.

    Parameters
    ----------
    points, resamples : int
        Points drawn from and in each resample, and number of resamples.
    seed : int
    chunk : int, optional
        Rows in a block; by default all.

    Yields
    ------
    numpy.ndarray of int, shape (rows, points)
    """
    generator = np.random.default_rng(seed)
    require_count("points", points)
    remaining = require_count("resamples", resamples)
    while remaining:
        rows = min(remaining, chunk or remaining)
        yield generator.integers(0, points, (rows, points))
        remaining -= rows


def resample_counts(indices: np.ndarray) -> np.ndarray:
    """How often each of n points is in each resample: shape (rows, n) from indices (rows, n)."""
    rows, points = indices.shape
    flat = indices + np.arange(rows)[:, None] * points
    counts = np.bincount(flat.ravel(), minlength=rows * points)
    return counts.reshape(rows, points).astype(np.float64)


def bootstrap(
    statistic: Callable[[np.ndarray], float | np.ndarray], points: int, resamples: int, seed: int
) -> np.ndarray:
    """A statistic of each resample of the points 0 to n - 1.

    Parameters
    ----------
    statistic : callable
        Takes the indices drawn, shape (points,), and returns a number or an array of fixed shape.
    points, resamples, seed : int

    Returns
    -------
    numpy.ndarray, shape (resamples, ...)
    """
    (indices,) = resample_indices(points, resamples, seed)
    return np.array([statistic(drawn) for drawn in indices])
