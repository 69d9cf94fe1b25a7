"""How many times one chip is another, at each speed per user, and how sure that is.

A chip whose time per token is longer by a factor serves each user more slowly and fewer of them,
so its frontier moves along both axes. Near the fastest speed a chip reaches, its throughput goes
to nothing and a ratio to it to infinity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.hardware.interactivity import Frontier
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_at_least, require_counts, require_finite
from analysis.uncertainty import require_count, require_level

#: Median of the absolute value of a standard normal number.
_NORMAL_MEDIAN_ABS = float(norm.ppf(0.75))


def chip_error_sd(pair_median_abs: Any, rows: Any) -> float:
    """Spread of ln(true time / predicted) of one chip, from the errors of ratios of two.

    Parameters
    ----------
    pair_median_abs : array_like, shape (k,)
        Median |ln(predicted ratio / measured)| of each pair of chips, at least 0.
    rows : array_like, shape (k,)
        Pairs of rows behind each; they are the weights of the mean square.

    Returns
    -------
    float
        Of normal errors that are alike for both chips and independent between them.
    """
    middle = np.atleast_1d(require_at_least("pair_median_abs", pair_median_abs, 0, "ln"))
    weight = np.atleast_1d(require_counts("rows", rows))
    if middle.shape != weight.shape:
        raise ValueError(f"pair_median_abs {middle.shape} and rows {weight.shape}; give one each")
    spread = middle / _NORMAL_MEDIAN_ABS
    return float(np.sqrt(np.average(spread**2, weights=weight) / 2))


def split_normal(low: float, high: float, level: float, draws: int, seed: int) -> np.ndarray:
    """Draws about 0 whose central interval at a level is from `low` to `high`, unequal sides.

    Parameters
    ----------
    low, high : float
        Below and above 0; either may be 0, then there is no spread on that side.
    level : float
    draws, seed : int

    Returns
    -------
    numpy.ndarray, shape (draws,)
        Half of the draws lie on each side.
    """
    if not low <= 0 <= high or not math.isfinite(high - low):
        raise ValueError(f"low, high: {low!r}, {high!r} are not accepted; accepted: 0 between them")
    edge = norm.ppf((1 + require_level(level)) / 2)
    size = require_count("draws", draws)
    standard = np.random.default_rng(seed).standard_normal(size)
    return standard * np.where(standard < 0, -low, high) / edge


def throughput_at(frontier: Frontier, speed: Any, ln_time_error: Any = 0.0) -> Any:
    """Throughput at a speed per user or more, of a chip that takes longer than its frontier says.

    Parameters
    ----------
    frontier : Frontier
    speed : array_like
        Tokens per second for each user, above 0.
    ln_time_error : array_like
        ln(true time per token / that of the frontier); broadcasts with `speed`.

    Returns
    -------
    numpy.ndarray or float
        Below the frontier's least speed its greatest throughput, above its greatest speed 0.
    """
    wanted = require_positive("speed", speed, "tokens/s per user")
    slower = np.exp(require_finite("ln_time_error", ln_time_error, "ln"))
    low, high = frontier.span
    asked = wanted * slower
    inside = frontier.at(np.clip(asked, low, high))
    return (np.where(asked <= high, inside, 0.0) / slower)[()]


@dataclass(frozen=True)
class RatioBand:
    """Ratio of two frontiers with its interval; fields have the shape of the speeds.

    Attributes
    ----------
    ratio, low, high : numpy.ndarray
        NaN where neither reaches the speed; `high` is infinite where the second may not.
    reached : numpy.ndarray
        Share of the draws in which the second chip reaches the speed.
    """

    ratio: Any
    low: Any
    high: Any
    reached: Any


def ratio_band(
    above: Frontier,
    below: Frontier,
    speed: Any,
    ln_error_above: Any,
    ln_error_below: Any,
    *,
    level: float,
) -> RatioBand:
    """Ratio of throughputs at equal speed per user, with the errors of both frontiers.

    Parameters
    ----------
    above, below : Frontier
        Of the chip that is how many times the other, and of the other.
    speed : array_like, shape (n,)
    ln_error_above, ln_error_below : array_like, shape (m,)
        Draws of ln(true time / predicted) of each.
    level : float
    """
    asked = np.atleast_1d(require_positive("speed", speed, "tokens/s per user"))
    errors = [
        np.atleast_1d(require_finite(name, draws, "ln"))[:, None]
        for name, draws in (("ln_error_above", ln_error_above), ("ln_error_below", ln_error_below))
    ]
    if errors[0].shape != errors[1].shape:
        raise ValueError(f"{errors[0].size} and {errors[1].size} draws; give as many of each")
    drawn = _over(
        throughput_at(above, asked, errors[0]), slower := throughput_at(below, asked, errors[1])
    )
    tail = (1 - require_level(level)) / 2
    bounds = np.full((2, asked.size), np.nan)
    for place in range(asked.size):
        known = np.sort(drawn[:, place][~np.isnan(drawn[:, place])])
        if known.size:
            last = known.size - 1
            bounds[:, place] = known[math.floor(tail * last)], known[math.ceil((1 - tail) * last)]
    middle = _over(throughput_at(above, asked), throughput_at(below, asked))
    return RatioBand(middle, bounds[0], bounds[1], (slower > 0).mean(axis=0))


def _over(above: Any, below: Any) -> np.ndarray:
    first, second = np.broadcast_arrays(np.asarray(above, float), np.asarray(below, float))
    empty = np.where(first > 0, np.inf, np.nan)
    return np.divide(first, second, out=empty, where=second > 0)


def first_reached(curve: pd.DataFrame, claimed: float) -> float:
    """Least speed at which a ratio is at least a claimed one; NaN where it never is.

    `curve` has ``interactivity``, rising, and ``ratio``; between its points ln(ratio) is a line
    in ln(speed).
    """
    claim = float(require_positive("claimed", claimed, "ratio"))
    known = curve[np.isfinite(curve["ratio"])]
    speed, ratio = known["interactivity"].to_numpy(), known["ratio"].to_numpy()
    enough = np.flatnonzero(ratio >= claim)
    if not enough.size:
        return float("nan")
    at = int(enough[0])
    if at == 0:
        return float(speed[0])
    share = np.log(claim / ratio[at - 1]) / np.log(ratio[at] / ratio[at - 1])
    return float(speed[at - 1] * (speed[at] / speed[at - 1]) ** share)
