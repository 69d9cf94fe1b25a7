"""How good a forecast was, once its date has passed: coverage, interval, CRPS, logarithm, rank.

A quantity that spans powers of ten is scored in its logarithm and a share in its log odds, so that
a factor of two weighs the same everywhere. All rules here are proper: no forecaster gains in the
mean by saying what he does not hold. Gneiting and Raftery 2007, Strictly proper scoring rules,
prediction, and estimation, https://doi.org/10.1198/016214506000001437.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special, stats

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_finite, require_probability
from analysis.uncertainty import require_level

SCALES = ("log", "logit", "identity")
METHODS = ("kernel", "normal")
#: Below this spread draws count as one number, of which no density can be told.
_LEAST_SD = 1e-12


def on_scale(values: Any, scale: str) -> np.ndarray:
    """Values on the scale they are scored on: logarithm, log odds, or as they are.

    Raises
    ------
    ValueError
        Where a value has no place on the scale, or the scale is not known.
    """
    if scale == "log":
        return np.log(require_positive("values", values, "above 0"))
    if scale == "logit":
        shares = require_probability("values", values)
        if np.any((shares == 0) | (shares == 1)):
            raise ValueError("values: 0 or 1 has no log odds; accepted: strictly between")
        return special.logit(shares)
    if scale == "identity":
        return np.asarray(require_finite("values", values, "of the quantity"), dtype=np.float64)
    raise ValueError(f"scale: {scale!r} is not known; accepted: {', '.join(SCALES)}")


def interval_coverage(low: Any, high: Any, values: Any) -> float:
    """Share of the values inside their intervals, ends included."""
    lows, highs, seen = np.broadcast_arrays(*(require_finite("ends", v, "") for v in
                                              (low, high, values)))  # fmt: skip
    if not seen.size or np.any(lows > highs):
        raise ValueError("intervals: none, or low above high; accepted: low <= high, at least one")
    return float(np.mean((lows <= seen) & (seen <= highs)))


def pinball_loss(quantile: Any, probability: Any, value: Any) -> np.ndarray:
    """Loss of a stated quantile; least in the mean for the true one.

    Parameters
    ----------
    quantile : array_like
        What the forecaster says is passed with that probability from below.
    probability : array_like
        From 0 to 1.
    value : array_like
        What came.
    """
    over = np.asarray(value, dtype=np.float64) - np.asarray(quantile, dtype=np.float64)
    p = require_probability("probability", probability)
    return np.maximum(p * over, (p - 1.0) * over)


def interval_score(low: Any, high: Any, value: Any, level: float) -> np.ndarray:
    """Width of a central interval plus a fine for a value outside; lower is better."""
    tail = 1.0 - require_level(level)
    lows, highs, seen = (np.asarray(v, dtype=np.float64) for v in (low, high, value))
    below, above = np.maximum(lows - seen, 0.0), np.maximum(seen - highs, 0.0)
    return (highs - lows) + 2.0 / tail * (below + above)


def crps(draws: Any, value: float) -> float:
    """Continuous ranked probability score of draws; lower is better, in the unit of the draws.

    The mean distance to the value less half the mean distance between two draws.
    """
    ordered = np.sort(_draws(draws))
    n = ordered.size
    between = 2.0 * float((2.0 * np.arange(1, n + 1) - n - 1) @ ordered) / n**2
    return float(np.abs(ordered - _one(value)).mean()) - 0.5 * between


def log_score(draws: Any, value: float, *, method: str = "normal") -> float:
    """Logarithm of the density that the draws give the value; higher is better.

    Parameters
    ----------
    draws : array_like, shape (n,)
        On the scale to be scored on.
    value : float
    method : str
        `kernel`: Gaussian kernels of Silverman's width, true to any shape but meaningless where
        there are no draws; `normal`: the normal with mean and spread of the draws.
    """
    sample, seen = _draws(draws), _one(value)
    sd = float(sample.std(ddof=1))
    if sd < _LEAST_SD:
        raise ValueError(f"draws: spread {sd!r} is not accepted; accepted: draws that differ")
    if method == "normal":
        return float(stats.norm.logpdf(seen, sample.mean(), sd))
    if method == "kernel":
        width = sd * (0.75 * sample.size) ** -0.2
        steps = -0.5 * ((seen - sample) / width) ** 2
        return float(
            special.logsumexp(steps) - math.log(sample.size * width * math.sqrt(2 * math.pi))
        )
    raise ValueError(f"method: {method!r} is not known; accepted: {', '.join(METHODS)}")


def probability_rank(draws: Any, value: float) -> float:
    """Share of the draws below a value, ties by half: even from 0 to 1 where forecasts are true."""
    sample, seen = _draws(draws), _one(value)
    return float(np.mean(sample < seen) + 0.5 * np.mean(sample == seen))


def forecast_scores(draws: Any, value: float, *, scale: str = "log") -> dict[str, float]:
    """All scores of one forecast.

    Returns
    -------
    dict of str to float
        ``p5``, ``p25``, ``median``, ``p75``, ``p95`` in the unit of the draws; ``covered_50`` and
        ``covered_90`` (1 or 0), ``rank``; on the scale ``error`` (of the median, value less
        forecast), ``log_score``, ``crps`` and ``interval_score`` of the 90% interval.
    """
    raw = _draws(draws)
    sample, seen = on_scale(raw, scale), float(on_scale(_one(value), scale))
    ends = np.quantile(raw, [0.05, 0.25, 0.5, 0.75, 0.95])
    low, near, middle, far, high = np.quantile(sample, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
    return {
        **dict(zip(("p5", "p25", "median", "p75", "p95"), ends.tolist(), strict=True)),
        "covered_50": float(near <= seen <= far),
        "covered_90": float(low <= seen <= high),
        "rank": probability_rank(sample, seen),
        "error": seen - middle,
        "log_score": log_score(sample, seen),
        "crps": crps(sample, seen),
        "interval_score": float(interval_score(low, high, seen, 0.9)),
    }


def _draws(draws: Any) -> np.ndarray:
    sample = np.asarray(require_finite("draws", draws, ""), dtype=np.float64)
    if sample.ndim != 1 or sample.size < 2:
        raise ValueError(f"draws: shape {sample.shape}; accepted: one axis, at least 2 draws")
    return sample


def _one(value: float) -> float:
    seen = float(value)
    if not math.isfinite(seen):
        raise ValueError(f"value: {value!r} is not accepted; accepted: a finite number")
    return seen
