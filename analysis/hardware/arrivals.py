"""Random arrivals at a server: making them, measuring how bursty they are, what one meets."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from scipy import special

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_at_least, require_finite
from analysis.uncertainty import require_count

_HALVINGS = 50
_LOG_RATIOS = np.append(-np.geomspace(60.0, 1e-7, 600), 0.0)


def renewal_arrivals_s(
    requests_per_s: float, arrivals: int, seed: int, *, scv: float = 1.0
) -> np.ndarray:
    """Times of arrivals with independent gamma gaps, in seconds.

    Parameters
    ----------
    requests_per_s : float
    arrivals, seed : int
    scv : float
        Variance of a gap over its squared mean: 1 is Poisson, above 1 comes in bursts, 0 even.

    Returns
    -------
    numpy.ndarray, shape (arrivals,)
        Rising, from the first gap on.
    """
    rate = float(require_positive("requests_per_s", requests_per_s, "requests per second"))
    count = require_count("arrivals", arrivals)
    spread = float(require_at_least("scv", scv, 0, "squared coefficients of variation"))
    if spread == 0:
        return np.arange(1, count + 1) / rate
    gaps = np.random.default_rng(seed).gamma(1 / spread, spread / rate, count)
    return np.cumsum(gaps)


def interarrival_scv(times_s: Any) -> float:
    """Variance over squared mean of the gaps of a trace; 1 for Poisson.

    Parameters
    ----------
    times_s : array_like, shape (n,)
        In order, at least three, not all at once.
    """
    gaps = np.diff(_in_order(times_s))
    mean = float(require_positive("mean gap of times_s", gaps.mean(), "seconds"))
    return float(gaps.var(ddof=1)) / mean**2


def dispersion_index(times_s: Any, window_s: float) -> float:
    """Variance over mean of arrivals per window of a trace: 1 for Poisson at every window.

    Gaps say how bursty neighbours are; this says how demand swings over a window, as the length
    of service or of a day. For gamma gaps it tends to their scv as the window grows.

    Parameters
    ----------
    times_s : array_like, shape (n,)
        In order; at least two whole windows.
    window_s : float
    """
    counts = _window_counts(times_s, window_s)
    return float(counts.var(ddof=1) / require_positive("mean count", counts.mean(), "requests"))


def peak_to_mean(times_s: Any, window_s: float) -> float:
    """Arrivals of the fullest window over those of the mean one: what a fleet sized for it idles.

    Parameters as in `dispersion_index`.
    """
    counts = _window_counts(times_s, window_s)
    return float(counts.max() / require_positive("mean count", counts.mean(), "requests"))


def _in_order(times_s: Any) -> np.ndarray:
    times = require_finite("times_s", times_s, "seconds")
    if times.ndim != 1 or times.size < 3:
        raise ValueError(f"times_s: shape {times.shape} is not accepted; accepted: 3 times or more")
    back = np.flatnonzero(np.diff(times) < 0)
    if back.size:
        raise ValueError(f"times_s, row {back[0] + 1}: earlier than the row before; sort the times")
    return times


def _window_counts(times_s: Any, window_s: float) -> np.ndarray:
    times = _in_order(times_s)
    width = float(require_positive("window_s", window_s, "seconds"))
    windows = int((times[-1] - times[0]) / width)
    if windows < 2:
        raise ValueError(
            f"window_s: {window_s!r} is not accepted; accepted: at most half of the "
            f"{times[-1] - times[0]:g} seconds of the trace"
        )
    return np.bincount(((times - times[0]) / width).astype(int), minlength=windows)[:windows]


def embedded_log_ratio(
    log_ratio: np.ndarray, gaps: np.ndarray, arrival_scv: np.ndarray
) -> np.ndarray:
    """Log ratio of neighbouring states as arrivals see them, summed over gaps of several states.

    With gamma gaps between arrivals the ratio is the root of x = (1 + c (1 - x) / r)^(-1/c), exact
    for one server of exponential service (GI/M/1); where arrivals outrun departures, heavy traffic.
    """
    if np.all(arrival_scv == 1):
        return log_ratio
    out = np.array(log_ratio)
    apart = np.where(gaps > 0, gaps, 1.0)
    for scv in np.unique(arrival_scv[arrival_scv != 1]):
        rows = arrival_scv == scv
        per_state = log_ratio[rows] / apart[rows]
        falling = np.interp(per_state, _LOG_RATIOS, _root_table(float(scv)))
        out[rows] = np.where(per_state < 0, falling, 2 * per_state / (1 + scv)) * gaps[rows]
    return out


@functools.lru_cache(maxsize=512)
def _root_table(scv: float) -> np.ndarray:
    ratio = np.exp(_LOG_RATIOS)
    low, high = np.zeros_like(ratio), np.ones_like(ratio)
    # The other root is 1: start where the map first falls below the diagonal.
    for _ in range(200):
        middle = (low + high) / 2
        image = np.exp(
            -np.log1p(scv * (1 - middle) / ratio) / scv if scv > 0 else -(1 - middle) / ratio
        )
        low, high = np.where(image > middle, middle, low), np.where(image > middle, high, middle)
    roots = np.log(np.maximum(high, 1e-300))
    roots[-1] = 0.0
    return roots


def gated_wait(
    requests_per_s: np.ndarray,
    step_s: np.ndarray,
    step_variance: np.ndarray,
    prefill_s: np.ndarray,
    prefill_scv: np.ndarray,
    arrival_scv: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the time to first token where each step takes in all who came.

    An arrival sits out the cycle under way (length-biased) and then its own, which holds a step,
    its prefill and those of all who came in the cycle before: C' = s + p N(C). The moments of C
    follow from its cumulants, exactly for Poisson arrivals and a constant step. Other arrivals
    add twice what they add to the wait of one server: a burst is served as one, so those behind
    delay an arrival as much as those before it.
    """
    lam, p, rho = requests_per_s, prefill_s, requests_per_s * prefill_s
    one = np.maximum(step_s / (1 - rho), 1e-9)
    second = lam * p**2 * (1 + prefill_scv)
    third = lam * p**3 * (1 + prefill_scv) * (1 + 2 * prefill_scv)
    var = second * one / (1 - rho**2)
    skew = (third * one + 3 * rho * second * var) / (1 - rho**3)
    biased = one + var / one
    biased_square = one**2 + 3 * var + skew / one
    after_gate = 0.5 + rho
    mean = p + step_s + after_gate * biased
    own = p**2 * prefill_scv
    variance = (
        after_gate**2 * np.maximum(biased_square - biased**2, 0.0)
        + biased_square / 12
        + second * biased
        + own
        + step_variance * (1 + after_gate / (1 - rho)) ** 2
    )
    if np.any(arrival_scv != 1):
        log_rho = np.log(np.maximum(rho, 1e-30))[:, None]
        met = np.exp(embedded_log_ratio(log_rho, np.ones_like(log_rho), arrival_scv))[:, 0]
        busy = p * (arrival_scv + prefill_scv) / (arrival_scv + 1) / (1 - met)
        poisson = p * (1 + prefill_scv) / 2 / (1 - rho)
        mean = mean + 2 * (met * busy - rho * poisson)
        gain = met * (2 - met) * busy**2 - rho * (2 - rho) * poisson**2
        # Before and behind are apart in bursts, but regular gaps thin both together.
        variance = np.maximum(variance + np.where(gain > 0, 2, 4) * gain, own + variance / 10)
    return np.maximum(mean, p), variance


def mixed_percentile(
    mean: np.ndarray,
    variance: np.ndarray,
    late: np.ndarray,
    queue_rate: np.ndarray,
    full: np.ndarray,
    percentile: float,
) -> np.ndarray:
    """Percentile of a lognormal time, or with chance `full` of a fixed plus an exponential one."""
    mean = np.maximum(mean, 1e-12)
    sigma = np.sqrt(np.maximum(np.log1p(variance / mean**2), 1e-12))
    centre = np.log(mean) - sigma**2 / 2
    alone = np.exp(centre + sigma * special.ndtri(percentile))
    queued = late - np.log(1 - percentile) / queue_rate
    low, high = np.zeros_like(mean), np.maximum(alone, queued)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        beyond = (1 - full) * special.ndtr((centre - np.log(middle)) / sigma)
        beyond += full * np.exp(-queue_rate * np.maximum(middle - late, 0.0))
        too_low = beyond > 1 - percentile
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return high
