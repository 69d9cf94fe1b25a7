"""Throughput per chip against speed for each user, from measured operating points.

A chip serves many users slowly or few of them fast; a ratio of two chips is therefore a curve. It
is given where both were measured and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_columns, require_counts

#: What the points of one frontier share.
WORKLOAD = ("model_id", "input_tokens", "output_tokens")


@dataclass(frozen=True)
class Frontier:
    """Measured points that no other point beats in both ways.

    Attributes
    ----------
    interactivity : numpy.ndarray, shape (n,)
        Tokens per second for each user, rising.
    throughput : numpy.ndarray, shape (n,)
        Tokens per second per chip (or per megawatt, or per dollar), falling.
    """

    interactivity: np.ndarray
    throughput: np.ndarray

    def __post_init__(self) -> None:
        speed = require_positive("interactivity", self.interactivity, "tokens/s per user")
        rate = require_positive("throughput", self.throughput, "tokens/s")
        if speed.ndim != 1 or speed.shape != rate.shape or not speed.size:
            raise ValueError(
                f"interactivity {speed.shape} and throughput {rate.shape}; accepted: one axis, "
                "as many of each, at least 1"
            )
        if np.any(np.diff(speed) <= 0) or np.any(np.diff(rate) >= 0):
            raise ValueError(
                "a point is beaten by another, or the points are not in order of interactivity; "
                "make a frontier with pareto"
            )
        object.__setattr__(self, "interactivity", speed)
        object.__setattr__(self, "throughput", rate)

    @property
    def span(self) -> tuple[float, float]:
        """Least and greatest interactivity measured."""
        return float(self.interactivity[0]), float(self.interactivity[-1])

    def at(self, interactivity: Any) -> Any:
        """Throughput at a speed per user, between measured points only.

        Monotone cubic interpolation of the logarithms (Fritsch and Carlson 1980).

        Raises
        ------
        ValueError
            Outside the span measured; names the value and the span.
        """
        speed = require_positive("interactivity", interactivity, "tokens/s per user")
        low, high = self.span
        # Half a part in a billion, for speeds that were taken from the ends by exp and log.
        outside = (speed < low * (1 - 5e-10)) | (speed > high * (1 + 5e-10))
        if np.any(outside):
            bad = float(np.atleast_1d(speed)[np.atleast_1d(outside)][0])
            raise ValueError(
                f"interactivity: {bad:g} is outside what was measured; accepted: {low:g} to "
                f"{high:g} tokens/s per user"
            )
        if self.interactivity.size == 1:
            return np.full(speed.shape, self.throughput[0])[()]
        curve = PchipInterpolator(np.log(self.interactivity), np.log(self.throughput))
        return np.exp(curve(np.log(np.clip(speed, low, high))))[()]

    def per(self, amount: float, unit: str) -> Frontier:
        """The same frontier per unit of something each chip takes, as megawatts or USD per hour."""
        return Frontier(self.interactivity, self.throughput / require_positive(unit, amount, unit))


def pareto(interactivity: Any, throughput: Any) -> Frontier:
    """The frontier of measured points: those that no other point beats.

    Parameters
    ----------
    interactivity, throughput : array_like, shape (n,)
        Tokens per second per user, and per chip, of each point.
    """
    speed = require_positive("interactivity", interactivity, "tokens/s per user")
    rate = require_positive("throughput", throughput, "tokens/s")
    if speed.ndim != 1 or speed.shape != rate.shape or not speed.size:
        raise ValueError(
            f"interactivity {speed.shape} and throughput {rate.shape}; accepted: one axis, as "
            "many of each, at least 1"
        )
    order = np.lexsort((-rate, -speed))
    best = np.maximum.accumulate(rate[order])
    kept = order[np.r_[True, rate[order][1:] > best[:-1]]][::-1]
    return Frontier(speed[kept], rate[kept])


def frontiers(rows: pd.DataFrame, by: Sequence[str] = ("chip_id",)) -> dict[Any, Frontier]:
    """A frontier for each group of measured rows of one workload.

    Parameters
    ----------
    rows : DataFrame
        Columns of `WORKLOAD` and of `by`, ``tokens_per_s_per_user``, ``tokens_per_s_per_chip``.
    by : sequence of str
        Columns that name a group; the key is a value, or a tuple where there are several.

    Raises
    ------
    ValueError
        Where rows are of several models or lengths; names the column.
    """
    needed = [*WORKLOAD, *by, "tokens_per_s_per_user", "tokens_per_s_per_chip"]
    require_columns("rows", rows, needed)
    for column in WORKLOAD:
        found = rows[column].unique()
        if len(found) > 1 or pd.isna(found[0]):
            raise ValueError(
                f"{column}: {sorted(map(str, found))}; accepted: rows of one stated {column}, as "
                "throughput depends on it"
            )
    return {
        key if len(by) > 1 else key[0]: pareto(
            group["tokens_per_s_per_user"].to_numpy(), group["tokens_per_s_per_chip"].to_numpy()
        )
        for key, group in rows.groupby(list(by))
    }


def operating_points(
    tpot_ms: Any, ttft_ms: Any, concurrency: Any, output_tokens: Any, chips: Any
) -> tuple[Any, Any]:
    """Speed per user and throughput per chip of measured latencies.

    Parameters
    ----------
    tpot_ms, ttft_ms : array_like
        Time per output token after the first, and to the first token, in milliseconds.
    concurrency, output_tokens, chips : array_like
        Requests in flight, tokens each writes, chips that serve them.

    Returns
    -------
    interactivity, throughput : numpy.ndarray or float
        ``1000 / tpot`` in tokens per second per user; output tokens per second per chip when a
        request that ends is replaced at once (Little's law).
    """
    step = require_positive("tpot_ms", tpot_ms, "ms")
    first = require_positive("ttft_ms", ttft_ms, "ms")
    users = require_counts("concurrency", concurrency)
    written = require_counts("output_tokens", output_tokens)
    total_s = (first + (written - 1) * step) / 1000
    return (1000 / step)[()], (users * written / total_s / require_counts("chips", chips))[()]


def ratio_curve(numerator: Frontier, denominator: Frontier, *, points: int = 60) -> pd.DataFrame:
    """Throughput of one chip over another's at equal speed per user.

    Returns
    -------
    DataFrame
        ``interactivity``, ``numerator``, ``denominator``, ``ratio`` over the span that both were
        measured on, evenly in logarithms and with the measured points of both.

    Raises
    ------
    ValueError
        Where the spans do not overlap; names both.
    """
    require_counts("points", points, lowest=2)
    spans = numerator.span, denominator.span
    low, high = max(s[0] for s in spans), min(s[1] for s in spans)
    if not low <= high:
        raise ValueError(
            f"measured at {spans[0][0]:g} to {spans[0][1]:g} and at {spans[1][0]:g} to "
            f"{spans[1][1]:g} tokens/s per user: no speed in common, so no ratio"
        )
    measured = np.concatenate([numerator.interactivity, denominator.interactivity])
    inside = measured[(measured >= low) & (measured <= high)]
    speed = np.unique(np.concatenate([np.geomspace(low, high, points), inside]))
    speed = np.clip(speed, low, high)
    above, below = numerator.at(speed), denominator.at(speed)
    return pd.DataFrame(
        {
            "interactivity": speed,
            "numerator": above,
            "denominator": below,
            "ratio": above / below,
        }
    ).drop_duplicates("interactivity", ignore_index=True)


def crossings(curve: pd.DataFrame, claimed: float) -> np.ndarray:
    """Speeds per user at which a ratio curve passes a claimed ratio; empty where it never does."""
    require_columns("curve", curve, ["interactivity", "ratio"])
    claim = require_positive("claimed", claimed, "ratio")
    gap = np.log(curve["ratio"].to_numpy() / claim)
    speed = np.log(curve["interactivity"].to_numpy())
    touching = np.exp(speed[gap == 0])
    at = np.flatnonzero(gap[:-1] * gap[1:] < 0)
    share = gap[at] / (gap[at] - gap[at + 1])
    passing = np.exp(speed[at] + share * (speed[at + 1] - speed[at]))
    return np.sort(np.concatenate([touching, passing]))


def left_out_errors(frontier: Frontier) -> np.ndarray:
    """|ln(interpolated / measured)| of each inner point when it is left out.

    How far the curve between points may be off; a frontier of fewer than three points has none
    and is refused.
    """
    count = frontier.interactivity.size
    if count < 3:
        raise ValueError(f"frontier: {count} points; leaving one out takes at least 3")
    errors = []
    for index in range(1, count - 1):
        rest = Frontier(
            np.delete(frontier.interactivity, index), np.delete(frontier.throughput, index)
        )
        guess = rest.at(frontier.interactivity[index])
        errors.append(abs(np.log(guess / frontier.throughput[index])))
    return np.array(errors)
