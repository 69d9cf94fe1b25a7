"""Training as lumps: final runs that start as a renewal process on a base of experiments."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import broadcast, require_at_least, require_share
from analysis.uncertainty import require_count
from analysis.units import DAYS_PER_YEAR

_CELLS = 1024
_ROWS_AT_ONCE = 128
_DONE = 1e-13
_MOST_LOG_GROWTH, _MOST_LOG_FALL = 600.0, 10.0


def renewal_starts_year(
    runs_per_year: float, years: float, seed: int, *, gap_cv: float = 1.0
) -> np.ndarray:
    """Start times of a renewal process with gamma gaps, seen from a random moment on.

    The wait for the first start is the remainder of a gap met at random, so that the rate is
    `runs_per_year` from the first day on (Cox 1962, Renewal Theory, section 5.2).

    Parameters
    ----------
    runs_per_year, years : float
    seed : int
    gap_cv : float
        Standard deviation of a gap over its mean: 1 is Poisson, 0 a fixed rhythm.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Rising, in years, between 0 and `years`.
    """
    rate = float(require_positive("runs_per_year", runs_per_year, "runs per year"))
    span = float(require_positive("years", years, "years"))
    cv = float(require_at_least("gap_cv", gap_cv, 0, "standard deviations per mean", highest=10))
    generator = np.random.default_rng(seed)
    shape, scale = (1 / cv**2, cv**2 / rate) if cv else (np.inf, 0.0)
    # The gap met at random is longer than a gap: gamma of one shape more.
    met = generator.gamma(shape + 1, scale) if cv else 1 / rate
    starts = [np.array([generator.random() * met])]
    while starts[-1][-1] < span:
        block = int(rate * span / 2) + 16
        gaps = generator.gamma(shape, scale, block) if cv else np.full(block, 1 / rate)
        starts.append(starts[-1][-1] + np.cumsum(gaps))
    times = np.concatenate(starts)
    return times[times < span]


def run_use(
    starts_year: Any, run_days: Any, days: int, *, growth: float = 1.0, first_day: float = 0.0
) -> np.ndarray:
    """Chips in use by runs on each day; a run started at year 0 uses 1 chip while it lasts.

    Parameters
    ----------
    starts_year : array_like, shape (n,)
    run_days : float or array_like, shape (n,)
    days : int
        Days wanted, of 24 hours.
    growth : float
        Size of a run over that of one started a year before.
    first_day : float
        Where the first day begins, in days from year 0.

    Returns
    -------
    numpy.ndarray, shape (days,)
        Mean over each day, exact also where a run begins or ends within it.
    """
    starts = require_at_least("starts_year", np.atleast_1d(starts_year), -np.inf, "years")
    lasting = require_positive("run_days", run_days, "days")
    count = require_count("days", days)
    factor = float(require_positive("growth", growth, "times per year"))
    if starts.size == 0:
        return np.zeros(count)
    lasting = np.broadcast_to(lasting, starts.shape)
    size = factor**starts
    edges = first_day + np.arange(count + 1.0)
    begun = starts * DAYS_PER_YEAR
    used = _ramps(edges, begun, size) - _ramps(edges, begun + lasting, size)
    return np.maximum(np.diff(used), 0.0)


def _ramps(at: np.ndarray, begun: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Sum of slope * (at - begun) over what has begun."""
    order = np.argsort(begun)
    slopes = np.concatenate([[0.0], np.cumsum(slope[order])])
    moments = np.concatenate([[0.0], np.cumsum((slope * begun)[order])])
    found = np.searchsorted(begun[order], at)
    return slopes[found] * at - moments[found]


def training_use(
    runs_per_year: float, run_days: float, years: int, seed: int, *, gap_cv: float = 1.0,
    final_run_share: float = 1.0, growth: float = 1.0, labs: int = 1, shared_starts: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """Chips that laboratories use to train, day by day, around a trend that is taken off.

    Each laboratory has a base of experiments, of `1 - final_run_share` of its use on average, and
    final runs on top. A share of the starts is common to all laboratories (a season of releases).

    Parameters
    ----------
    runs_per_year : float
        Final runs of one laboratory.
    run_days : float
    years : int
        Length of the series.
    seed : int
    gap_cv : float
        See `renewal_starts_year`. With `shared_starts` a laboratory's own and the common starts
        are two such processes, which together are one only at 1.
    final_run_share : float
        Final runs over all training use, on average.
    growth : float
        Size of a run over that of one started a year before; divided out day by day.
    labs : int
        Of equal size.
    shared_starts : float
        Share of starts that all laboratories make on the same day.

    Returns
    -------
    numpy.ndarray, shape (days,)
        All laboratories together, over their expected mean.
    """
    share = float(require_share("final_run_share", final_run_share))
    common = float(require_share("shared_starts", shared_starts))
    several = require_count("labs", labs)
    factor = float(require_positive("growth", growth, "times per year"))
    lasting = float(require_positive("run_days", run_days, "days"))
    span = require_count("years", years)
    _require_within_float(factor, span)
    # Runs under way when the series begins started before it.
    before = lasting / DAYS_PER_YEAR
    days = int(span * DAYS_PER_YEAR)
    seeds = np.random.SeedSequence(seed).generate_state(several + 1)
    total = np.zeros(days)
    rates = [(common, several), *[(1 - common, 1)] * several]
    for (part, copies), child in zip(rates, seeds, strict=True):
        if part == 0:
            continue
        starts = renewal_starts_year(runs_per_year * part, span + before, int(child), gap_cv=gap_cv)
        total += copies * run_use(starts - before, lasting, days, growth=factor)
    trend = factor ** ((np.arange(days) + 0.5) / DAYS_PER_YEAR)
    mean, _ = shot_noise(runs_per_year, lasting, growth=factor)
    return 1 - share + share * total / trend / (several * mean)


def _require_within_float(growth: float, years: int) -> None:
    """Sizes that overflow, or that fade below the rounding of the first ones, are refused."""
    most = _MOST_LOG_GROWTH if growth >= 1 else _MOST_LOG_FALL
    if abs(np.log(growth)) * years > most:
        raise ValueError(
            f"years: {years!r} at growth {growth:g} is not accepted; accepted: at most "
            f"{int(most / abs(np.log(growth)))} years. The trend is taken off, so use growth 1."
        )


def shot_noise(runs_per_year: Any, run_days: Any, *, growth: Any = 1.0) -> tuple[Any, Any]:
    """Mean and variance of the chips in use by runs that start at random (Poisson), trend off.

    Campbell's theorem: runs that start at rate r and then use k(u) have mean r times the integral
    of k and variance r times that of its square. A run keeps its chips while the trend grows away
    under it, so k(u) = growth**(-u) while it lasts. Without growth this is the M/G/infinity queue:
    mean and variance are the runs under way.

    Returns
    -------
    tuple of numpy.ndarray
        In chips of a run started at year 0, and chips squared.
    """
    rate, days, factor = broadcast(
        rate=require_positive("runs_per_year", runs_per_year, "runs per year"),
        days=require_positive("run_days", run_days, "days"),
        factor=require_positive("growth", growth, "times per year"),
    )
    lasting = days / DAYS_PER_YEAR
    fading = np.log(factor) * lasting
    return (
        rate * lasting * special.exprel(-fading), rate * lasting * special.exprel(-2 * fading),
    )  # fmt: skip


def final_run_cv(
    window_days: Any, *, runs_per_year: Any, run_days: Any, gap_cv: Any = 1.0, growth: Any = 1.0
) -> np.ndarray:
    """Coefficient of variation of one laboratory's final runs, averaged over windows, trend off.

    Exact for a stationary renewal process (no simulation): with f the kernel of a run averaged
    over the window, q its autocorrelation and M the mean number of further starts within t of a
    start, the variance is r (q(0) - 2 * integral of (M(t) - r t) q'(t)). Poisson starts have
    M(t) = r t and leave Campbell's term.

    Parameters
    ----------
    window_days : array_like
        Length of the windows, above 0.
    runs_per_year, run_days, gap_cv, growth : array_like
        See `training_use`.

    Returns
    -------
    numpy.ndarray
        Of the broadcast shape; accurate to 1% of itself, better for windows of a week and more.
    """
    window, rate, lasting, cv, factor = broadcast(
        window=require_positive("window_days", window_days, "days"),
        rate=require_positive("runs_per_year", runs_per_year, "runs per year"),
        days=require_positive("run_days", run_days, "days"),
        cv=require_at_least("gap_cv", gap_cv, 0, "standard deviations per mean", highest=10),
        growth=require_positive("growth", growth, "times per year"),
    )
    rows = [part.ravel() for part in (window / DAYS_PER_YEAR, rate, lasting / DAYS_PER_YEAR, cv)]
    rows.append(np.log(factor).ravel())
    found = [
        _variance(*[part[first : first + _ROWS_AT_ONCE, None] for part in rows])
        for first in range(0, window.size, _ROWS_AT_ONCE)
    ]
    mean, _ = shot_noise(rate, lasting, growth=factor)
    return np.sqrt(np.maximum(np.concatenate(found).reshape(window.shape), 0.0)) / mean


def _variance(
    window: np.ndarray, rate: np.ndarray, lasting: np.ndarray, cv: np.ndarray, fading: np.ndarray
) -> np.ndarray:
    """Of the windows' means; arguments in years, of shape (rows, 1)."""
    step = (window + lasting) / _CELLS
    age = (np.arange(_CELLS) + 0.5) * step
    # Integral of exp(-fading u) over the part of the run that the window sees.
    first, last = np.maximum(age - window, 0.0), np.minimum(age, lasting)
    kernel = np.exp(-fading * first) * (last - first) * special.exprel(-fading * (last - first))
    kernel /= window
    power = np.abs(np.fft.rfft(kernel, 2 * _CELLS)) ** 2
    lagged = np.fft.irfft(power)[:, :_CELLS] * step
    ends = (np.arange(1, _CELLS) - 0.5) * step
    more = _further_starts(rate * ends, cv) - rate * ends
    excess = -np.sum(more * np.diff(lagged, axis=1), axis=1)
    return rate[:, 0] * (lagged[:, 0] + 2 * excess)


def _further_starts(expected: np.ndarray, cv: np.ndarray) -> np.ndarray:
    """Mean number of starts within a time of a start, gamma gaps; time in mean gaps."""
    total = np.where(cv == 0, np.floor(expected), np.where(cv == 1, expected, 0.0))
    rows = np.flatnonzero((cv[:, 0] != 0) & (cv[:, 0] != 1))
    if rows.size == 0:
        return total
    shape, time = 1 / cv[rows] ** 2, expected[rows] / cv[rows] ** 2
    number, part = 1, np.ones_like(time)
    while part.max() > _DONE:
        part = special.gammainc(number * shape, time)
        total[rows] += part
        number += 1
    return total


def training_cv(
    window_days: Any, *, runs_per_year: Any, run_days: Any, gap_cv: Any = 1.0, growth: Any = 1.0,
    final_run_share: Any = 1.0, labs: Any = 1.0, correlation: Any = 0.0,
) -> np.ndarray:  # fmt: skip
    """Coefficient of variation of training use by window, for one laboratory or several.

    Experiments are steady, so they dilute the lumps of the final runs: times `final_run_share`.
    Laboratories of equal size dilute them again: times sqrt((1 - c) / labs + c), with the
    correlation c of their use; 1 / sqrt(labs) where they are independent.

    Parameters
    ----------
    window_days, runs_per_year, run_days, gap_cv, growth : array_like
        See `final_run_cv`.
    final_run_share : array_like
        1 counts final runs only.
    labs : array_like
        Laboratories of equal size, at least 1; see `effective_labs`.
    correlation : array_like
        Between two laboratories, from 0 to 1; with Poisson starts, the share of starts that they
        have in common.
    """
    one = final_run_cv(
        window_days, runs_per_year=runs_per_year, run_days=run_days, gap_cv=gap_cv, growth=growth
    )
    share = require_share("final_run_share", final_run_share)
    several = require_at_least("labs", labs, 1, "laboratories")
    common = require_share("correlation", correlation)
    one, share, several, common = broadcast(cv=one, share=share, labs=several, correlation=common)
    return one * share * np.sqrt((1 - common) / several + common)


def effective_labs(sizes: Any, *, axis: int = -1) -> np.ndarray:
    """Equal laboratories whose sum varies as much as that of unequal ones: 1 over Herfindahl.

    Parameters
    ----------
    sizes : array_like, shape (..., n)
        Use of each laboratory, above 0, in any unit.
    """
    parts = require_positive("sizes", np.atleast_1d(sizes), "any unit of use")
    return parts.sum(axis=axis) ** 2 / (parts**2).sum(axis=axis)


def trend_cv(growth: Any, window_days: Any, span_days: Any) -> np.ndarray:
    """Coefficient of variation that growth alone gives to the windows of a span.

    Windows of constant growth have means in a geometric row; their variance over the span is
    closed form. Adds, squared, to that around the trend where both are small.

    Parameters
    ----------
    growth : array_like
        Factor per year.
    window_days, span_days : array_like
        The span holds a whole number of windows, or is cut to it.
    """
    factor, window, span = broadcast(
        growth=require_positive("growth", growth, "times per year"),
        window=require_positive("window_days", window_days, "days"),
        span=require_positive("span_days", span_days, "days"),
    )
    windows = np.floor(span / window * (1 + 1e-12))
    if np.any(windows < 1):
        raise ValueError(
            f"window_days: {float(window.max())!r} is not accepted; accepted: at most the span"
        )
    step = np.log(factor) * window / DAYS_PER_YEAR
    mean, square = (special.exprel(times * windows * step) for times in (1, 2))
    mean, square = (
        whole / special.exprel(times * step) for times, whole in ((1, mean), (2, square))
    )
    return np.sqrt(np.maximum(square / mean**2 - 1, 0.0))
