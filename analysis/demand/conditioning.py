"""Scenarios weighed by how well they reproduce what was observed.

Independent ranges of many inputs allow levels that the accounts rule out. Importance resampling
(Rubin 1988, Using the SIR algorithm to simulate posterior distributions) keeps the scenarios in
proportion to the likelihood of the observations, whose errors are lognormal; inputs that only
together can be right become correlated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.uncertainty import require_count


@dataclass(frozen=True)
class Reading:
    """An observed level with the error of its logarithm."""

    value: float
    log_error: float

    def __post_init__(self) -> None:
        for name in ("value", "log_error"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(
                    f"{name}: {getattr(self, name)!r} is not accepted; accepted: above 0, finite"
                )


def log_likelihood(
    predicted: Mapping[str, np.ndarray], observed: Mapping[str, Reading]
) -> np.ndarray:
    """Logarithm of the likelihood of each scenario, up to a constant.

    Parameters
    ----------
    predicted : mapping of str to numpy.ndarray, shape (n,)
        Levels above 0.
    observed : mapping of str to Reading
        Each must be predicted.

    Returns
    -------
    numpy.ndarray, shape (n,)
    """
    missing = sorted(set(observed) - set(predicted))
    if missing or not observed:
        raise ValueError(f"observed: {missing or 'nothing'}; accepted: {', '.join(predicted)}")
    total = np.zeros(len(next(iter(predicted.values()))))
    for name, reading in observed.items():
        miss = (np.log(predicted[name]) - np.log(reading.value)) / reading.log_error
        total = total - 0.5 * miss**2
    return total


def effective_scenarios(weights: np.ndarray) -> float:
    """Number of equally weighed scenarios that would say as much: Kish 1965."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


def resampled(weights: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Indices of scenarios drawn in proportion to their weight, by systematic resampling.

    Parameters
    ----------
    weights : array_like, shape (n,)
        At least 0, not all 0.
    size, seed : int

    Returns
    -------
    numpy.ndarray of int, shape (size,)
        Each scenario as often as its share of the weight says, rounded up or down.

    Raises
    ------
    ValueError
        Where a weight is negative or not finite (its row is named), or all are 0.
    """
    values = np.asarray(weights, dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if bad.size:
        raise ValueError(
            f"weights, row {bad[0]}: {float(values[bad[0]])!r} is not accepted; accepted: 0 or more"
        )
    if not values.sum() > 0:
        raise ValueError("weights: all are 0; no scenario comes near the observations")
    start = np.random.default_rng(seed).random()
    places = (start + np.arange(require_count("size", size))) / size
    steps = np.cumsum(values) / values.sum()
    # Rounding may leave the last step just below 1.
    steps[-1] = 1.0
    return np.searchsorted(steps, places, side="right")
