"""Inference as a load: a trend, a week, a day and bursts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import signal, special

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_finite,
    require_share,
)
from analysis.uncertainty import require_count
from analysis.units import DAYS_PER_YEAR

HOURS_PER_DAY = 24
MINUTES_PER_DAY = 1440
WEEKEND_DAYS = 2
_DAYS = 7
#: The sharpest day accepted: its busiest minute has 20 times the mean.
SHARPEST_DAY = 20.0
_HALVINGS = 60


def day_concentration(peak_to_mean: Any) -> np.ndarray:
    """Concentration k of the day profile exp(k cos) / I0(k) with that peak over mean.

    Parameters
    ----------
    peak_to_mean : array_like
        From 1 to `SHARPEST_DAY`.
    """
    peak = require_at_least("peak_to_mean", peak_to_mean, 1, "means", highest=SHARPEST_DAY)
    low, high = np.zeros_like(peak), np.full_like(peak, 2600.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        # The exponentially scaled Bessel function is exp(-k) I0(k): the mean over the peak.
        below = special.ive(0, middle) * peak > 1
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(peak == 1, 0.0, (low + high) / 2)


def day_profile(hour: Any, peak_to_mean: Any, *, peak_hour: float = 15.0) -> np.ndarray:
    """Load by hour of the day over the mean of the day: exp(k cos(hour - peak)) / I0(k).

    One parameter sets peak and trough: peak / mean = e^k / I0(k), trough = peak * e^(-2k).

    Parameters
    ----------
    hour : array_like
        From 0 on; 24 is 0 again.
    peak_to_mean : array_like
        See `day_concentration`.
    peak_hour : float

    Returns
    -------
    numpy.ndarray
        Above 0, of mean 1 over a day.
    """
    hours = require_finite("hour", hour, "hours")
    sharp = day_concentration(peak_to_mean)
    hours, sharp = broadcast(hour=hours, peak_to_mean=sharp)
    angle = 2 * np.pi * (hours - peak_hour) / HOURS_PER_DAY
    return np.exp(sharp * (np.cos(angle) - 1)) / special.ive(0, sharp)


def day_cv(peak_to_mean: Any) -> np.ndarray:
    """Coefficient of variation of `day_profile` over a day: sqrt(I0(2k) / I0(k)^2 - 1)."""
    sharp = day_concentration(peak_to_mean)
    ratio = special.ive(0, 2 * sharp) / special.ive(0, sharp) ** 2
    return np.sqrt(np.maximum(ratio - 1, 0.0))


def week_profile(weekend_to_weekday: Any) -> np.ndarray:
    """Load of the seven days from Monday over their mean; shape (..., 7).

    Parameters
    ----------
    weekend_to_weekday : array_like
        Load of a weekend day over that of a working day, above 0.
    """
    ratio = require_positive("weekend_to_weekday", weekend_to_weekday, "working days")
    days = np.ones((*ratio.shape, _DAYS))
    days[..., -WEEKEND_DAYS:] = ratio[..., None]
    return days / days.mean(axis=-1, keepdims=True)


def burst_cv(dispersion: Any, requests_per_window: Any) -> np.ndarray:
    """Spread of the rate behind the counts of a trace, as a coefficient of variation.

    A doubly stochastic Poisson process has variance = mean + (mean * cv)^2, so that
    cv^2 = (dispersion - 1) / mean. Below Poisson it is 0.

    Parameters
    ----------
    dispersion : array_like
        Variance over mean of the counts of a window (`arrivals.dispersion_index`).
    requests_per_window : array_like
        Their mean.
    """
    index, mean = broadcast(
        dispersion=require_at_least("dispersion", dispersion, 0, "variances per mean"),
        requests=require_positive("requests_per_window", requests_per_window, "requests"),
    )
    return np.sqrt(np.maximum(index - 1, 0.0) / mean)


def pooled_cv(cv: Any, streams: Any, *, shared: Any = 0.0) -> np.ndarray:
    """Coefficient of variation of the sum of equal streams, a share of whose variance is common.

    Parameters
    ----------
    cv : array_like
        Of one stream.
    streams : array_like
        Number of them, at least 1.
    shared : array_like
        From 0 (independent: falls as 1 / sqrt(streams)) to 1 (never falls).
    """
    one, many, common = broadcast(
        cv=require_at_least("cv", cv, 0, "standard deviations per mean"),
        streams=require_at_least("streams", streams, 1, "streams"),
        shared=require_share("shared", shared),
    )
    return one * np.sqrt(common + (1 - common) / many)


def lognormal_noise(cv: float, correlation_steps: float, steps: int, seed: int) -> np.ndarray:
    """Noise of mean 1 whose logarithm is a stationary AR(1) process; shape (steps,).

    Parameters
    ----------
    cv : float
        Coefficient of variation of a single step.
    correlation_steps : float
        After so many steps the correlation of the logarithm is 1 / e.
    steps, seed : int
    """
    spread = float(require_at_least("cv", cv, 0, "standard deviations per mean"))
    lasting = float(require_positive("correlation_steps", correlation_steps, "steps"))
    count = require_count("steps", steps)
    sigma, keep = np.sqrt(np.log1p(spread**2)), np.exp(-1 / lasting)
    drawn = np.random.default_rng(seed).standard_normal(count)
    drawn[1:] *= np.sqrt(-np.expm1(-2 / lasting))
    state = signal.lfilter([1.0], [1.0, -keep], drawn)
    return np.exp(sigma * state - sigma**2 / 2)


@dataclass(frozen=True)
class LoadShape:
    """Shape of an interactive service's load around its trend; all means are 1.

    Attributes
    ----------
    peak_to_mean : float
        Of the day in one region, see `day_profile`.
    weekend_to_weekday : float
    burst_cv, burst_minutes : float
        Spread of a minute's load around its hour, and how long a burst lasts (1 / e).
    slow_cv, slow_days : float
        Swings of weeks and months around the trend, and how long they last.
    zones : tuple of (hours, share)
        Regions by how far their clocks are behind the first one's; shares add to 1.
    requests_per_minute : float
        Adds the noise of counting whole requests; infinite leaves it out.
    """

    peak_to_mean: float
    weekend_to_weekday: float
    burst_cv: float = 0.0
    burst_minutes: float = 5.0
    slow_cv: float = 0.0
    slow_days: float = DAYS_PER_YEAR / 4
    zones: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    requests_per_minute: float = np.inf

    def __post_init__(self) -> None:
        require_at_least("peak_to_mean", self.peak_to_mean, 1, "means", highest=SHARPEST_DAY)
        require_positive("weekend_to_weekday", self.weekend_to_weekday, "working days")
        for name in ("burst_cv", "slow_cv"):
            require_at_least(name, getattr(self, name), 0, "standard deviations per mean")
        for name in ("burst_minutes", "slow_days"):
            require_positive(name, getattr(self, name), "minutes or days")
        require_above("requests_per_minute", self.requests_per_minute, 0, "requests", infinite=True)
        shares = require_share("shares of zones", [share for _, share in self.zones])
        if not np.isclose(shares.sum(), 1.0, rtol=0, atol=1e-9):
            raise ValueError(
                f"zones: shares add to {shares.sum():g}; accepted: shares that add to 1"
            )

    @property
    def log_sd(self) -> float:
        """Standard deviation of the logarithm of all noise in a minute."""
        return float(np.sqrt(np.log1p(self.burst_cv**2) + np.log1p(self.slow_cv**2)))

    def week(self, minutes: int = 1) -> np.ndarray:
        """Expected load by the minute from Monday 0:00, or by steps of some minutes, mean 1."""
        step = require_count("minutes", minutes)
        if MINUTES_PER_DAY % step:
            raise ValueError(f"minutes: {minutes!r} is not accepted; accepted: divisors of 1,440")
        hours = (np.arange(0, _DAYS * MINUTES_PER_DAY, step) + step / 2) / 60
        days = week_profile(self.weekend_to_weekday)
        load = np.zeros_like(hours)
        for behind, share in self.zones:
            local = (hours - behind) % (_DAYS * HOURS_PER_DAY)
            day = (local // HOURS_PER_DAY).astype(int) % _DAYS
            load += share * days[day] * day_profile(local, self.peak_to_mean)
        return load / load.mean()

    def simulate(self, weeks: int, seed: int) -> np.ndarray:
        """Load by the minute over the trend; shape (weeks * 10,080,)."""
        count = require_count("weeks", weeks)
        minutes = count * _DAYS * MINUTES_PER_DAY
        fast, slow, counts = np.random.SeedSequence(seed).generate_state(3)
        load = np.tile(self.week(), count)
        load *= lognormal_noise(self.burst_cv, self.burst_minutes, minutes, int(fast))
        lasting = self.slow_days * MINUTES_PER_DAY
        load *= lognormal_noise(self.slow_cv, lasting, minutes, int(slow))
        if np.isfinite(self.requests_per_minute):
            drawn = np.random.default_rng(int(counts)).poisson(load * self.requests_per_minute)
            load = drawn / self.requests_per_minute
        return load

    def window_cv(self, window_minutes: Any) -> np.ndarray:
        """Coefficient of variation of the load averaged over windows that begin at any minute.

        Exact, without simulation: week and day, bursts and swings are independent, so the second
        moment of the load a lag apart is the product of theirs; the variance of a window's mean is
        its sum over all pairs of minutes.

        Parameters
        ----------
        window_minutes : array_like of int
            At least 1 minute.
        """
        widths = require_at_least("window_minutes", window_minutes, 1, "minutes").astype(int)
        lags = np.arange(int(widths.max()))
        week = self.week()
        paired = np.fft.irfft(np.abs(np.fft.rfft(week)) ** 2, week.size) / week.size
        second = paired[lags % week.size]
        for cv, lasting in (
            (self.burst_cv, self.burst_minutes), (self.slow_cv, self.slow_days * MINUTES_PER_DAY),
        ):  # fmt: skip
            if cv > 0:
                second = second * np.exp(np.log1p(cv**2) * np.exp(-lags / lasting))
        # Less 1 before summing: the variance is small beside the square of the mean.
        above = second - 1
        whole, weighted = np.cumsum(above), np.cumsum(lags * above)
        at = widths - 1
        variance = 2 * (whole[at] / widths - weighted[at] / widths**2) - above[0] / widths
        counting = 1 / (self.requests_per_minute * widths)
        return np.sqrt(np.maximum(variance + counting, 0.0))


@dataclass(frozen=True)
class Spread:
    """How uneven a series is once averaged over windows.

    Attributes
    ----------
    windows : int
        Whole windows found.
    cv : float
        Standard deviation of their means over the mean; divisor n.
    peak_to_mean : float
        Greatest of them over the mean.
    """

    windows: int
    cv: float
    peak_to_mean: float


def window_spread(series: Any, window: int) -> Spread:
    """Spread of a series after averaging over consecutive windows; an incomplete one is left out.

    Parameters
    ----------
    series : array_like, shape (n,)
        At least 0, not all 0.
    window : int
        Points in a window; the series holds at least two.
    """
    values = require_at_least("series", np.atleast_1d(series), 0, "any unit of use")
    width = require_count("window", window)
    whole = values.size // width
    if whole < 2:
        raise ValueError(
            f"window: {window!r} is not accepted; accepted: at most half of {values.size} points"
        )
    means = values[: whole * width].reshape(whole, width).mean(axis=1)
    mean = float(require_positive("mean of series", means.mean(), "any unit of use"))
    return Spread(whole, float(means.std()) / mean, float(means.max()) / mean)
