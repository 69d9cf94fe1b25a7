"""What requests to a service look like: lengths in tokens, and how they arrive.

Summaries keep no request: quantiles, moments, and bins that hold the same number of requests each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.test_time_compute.checks import require_at_least, require_counts, require_probability

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
#: A window with fewer gaps says too little of how regular they are.
FEWEST_GAPS = 20


@dataclass(frozen=True)
class Arrivals:
    """How requests arrive.

    Attributes
    ----------
    requests : int
        Arrivals seen.
    span_s, requests_per_s : float
        From the first to the last, in seconds, and arrivals per second over that span.
    gap_cv : float
        Standard deviation of the times between arrivals over their mean; 1 for a Poisson process.
    gap_cv_within : float
        The same with each gap over the mean of its window, so that a changing rate does not count;
        NaN where no window holds `FEWEST_GAPS`.
    busiest_per_s : float
        Arrivals per second of the busiest window.
    dispersion : float
        Variance of the counts of whole windows over their mean; 1 for a Poisson process. NaN below
        two whole windows.
    """

    requests: int
    span_s: float
    requests_per_s: float
    gap_cv: float
    gap_cv_within: float
    busiest_per_s: float
    dispersion: float


def length_summary(tokens: Any, quantiles: Sequence[float] = QUANTILES) -> pd.Series:
    """Number, mean, standard deviation and quantiles of token counts.

    Parameters
    ----------
    tokens : array_like, shape (n,)
        Tokens of each request: whole numbers of at least 0.
    quantiles : sequence of float
        Probabilities; the column is named ``q05`` for 0.05, by linear interpolation.

    Returns
    -------
    pandas.Series
        ``n``, ``mean``, ``sd`` (tokens; divisor n) and one entry a quantile (tokens).

    Raises
    ------
    ValueError
        Where there is no request, a count is not whole or is negative, or a probability is not
        from 0 to 1.
    """
    counts = require_counts("tokens", _rows("tokens", tokens), lowest=0)
    levels = require_probability("quantiles", quantiles)
    found = np.quantile(counts, levels)
    named = {f"q{100 * q:02g}": value for q, value in zip(levels, found, strict=True)}
    return pd.Series({"n": counts.size, "mean": counts.mean(), "sd": counts.std(), **named})


def joint_bins(input_tokens: Any, output_tokens: Any, *, bins: int = 6) -> pd.DataFrame:
    """Requests in bins x bins groups of equal size: by input, and within each by output.

    Workloads made of the bins keep the mean of both lengths exactly, and most of their spread and
    of the dependence between them. Ties are split by rank, so that groups differ by one request at
    most.

    Parameters
    ----------
    input_tokens, output_tokens : array_like, shape (n,)
        Tokens of each request.
    bins : int
        Groups a side, at least 1; n must be at least bins squared.

    Returns
    -------
    pandas.DataFrame
        One row a bin: ``input_bin``, ``output_bin`` (from 1), ``n`` (requests), ``share``,
        ``input_tokens``, ``output_tokens`` (means, tokens).

    Raises
    ------
    ValueError
        Where lengths are not whole or are negative, the two differ in number, or there are fewer
        requests than bins.
    """
    inputs = require_counts("input_tokens", _rows("input_tokens", input_tokens), lowest=0)
    outputs = require_counts("output_tokens", _rows("output_tokens", output_tokens), lowest=0)
    if inputs.size != outputs.size:
        raise ValueError(
            f"input_tokens has {inputs.size} requests and output_tokens {outputs.size}; accepted: "
            "as many of both"
        )
    side = int(require_counts("bins", bins))
    if inputs.size < side**2:
        raise ValueError(
            f"bins: {side} x {side} bins of {inputs.size} requests is not accepted; accepted: at "
            f"most {int(np.sqrt(inputs.size))} a side, or give more requests"
        )
    rows = []
    for i, group in enumerate(np.array_split(np.lexsort((outputs, inputs)), side), start=1):
        by_output = group[np.lexsort((inputs[group], outputs[group]))]
        for j, cell in enumerate(np.array_split(by_output, side), start=1):
            means = (inputs[cell].mean(), outputs[cell].mean())
            rows.append((i, j, cell.size, cell.size / inputs.size, *means))
    names = ["input_bin", "output_bin", "n", "share", "input_tokens", "output_tokens"]
    return pd.DataFrame(rows, columns=names)


def arrival_summary(arrival_s: Any, *, window_s: float = 60.0) -> Arrivals:
    """Rate and burstiness of arrivals.

    Parameters
    ----------
    arrival_s : array_like, shape (n,)
        Times of arrival in seconds, not falling; at least 3.
    window_s : float
        Width of the windows in seconds, counted from the first arrival.

    Returns
    -------
    Arrivals
        `gap_cv_within` pools squared deviations of gaps over their window's mean, with one degree
        of freedom taken per window. It holds where the rate is steady within a window; under
        Poisson arrivals it is too low by 1 / (2 gaps a window), 1 per cent at 50.

    Raises
    ------
    ValueError
        Where times are fewer than 3, not finite, or fall; names the row.
    """
    times = require_at_least("arrival_s", _rows("arrival_s", arrival_s), -np.inf, "seconds")
    width = float(require_at_least("window_s", window_s, 1e-6, "seconds"))
    gaps = np.diff(times)
    if times.size < 3 or times[-1] == times[0]:
        raise ValueError(
            f"arrival_s: {times.size} arrivals in {np.ptp(times):g} s is not accepted; accepted: "
            "at least 3, not all at once"
        )
    if np.any(gaps < 0):
        row = int(np.argmax(gaps < 0)) + 1
        raise ValueError(
            f"arrival_s: row {row} is {times[row]:g}, before row {row - 1} at {times[row - 1]:g}; "
            "accepted: times that do not fall. Sort them first."
        )
    span = float(times[-1] - times[0])
    window = np.floor((times - times[0]) / width).astype(np.int64)
    counts = np.bincount(window)
    whole = counts[: int(span // width)]
    return Arrivals(
        requests=int(times.size),
        span_s=span,
        requests_per_s=float(gaps.size / span),
        gap_cv=float(gaps.std() / gaps.mean()),
        gap_cv_within=_pooled_cv(gaps, window[:-1], window[1:]),
        busiest_per_s=float(counts.max() / width),
        dispersion=float(whole.var(ddof=1) / whole.mean()) if whole.size > 1 else np.nan,
    )


def _pooled_cv(gaps: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> float:
    """Spread of gaps over the mean of their window; gaps between windows are left out."""
    inside = begins == ends
    number = np.bincount(begins[inside], minlength=1)
    total = np.bincount(begins[inside], weights=gaps[inside], minlength=1)
    squares = np.bincount(begins[inside], weights=gaps[inside] ** 2, minlength=1)
    used = (number >= FEWEST_GAPS) & (total > 0)
    if not used.any():
        return float("nan")
    n, mean = number[used], total[used] / number[used]
    deviations = squares[used] / mean**2 - n
    return float(np.sqrt(deviations.sum() / (n - 1).sum()))


def _rows(name: str, values: Any) -> np.ndarray:
    found = np.asarray(values)
    if found.ndim != 1 or found.size == 0:
        raise ValueError(
            f"{name}: an array of shape {found.shape} is not accepted; accepted: one value a "
            "request, at least one"
        )
    return found
