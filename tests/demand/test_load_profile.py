"""Inference's week, day and bursts, against brute force, simulation and a published week."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis import catalog
from analysis.demand.load_profile import (
    LoadShape,
    burst_cv,
    day_concentration,
    day_cv,
    day_profile,
    lognormal_noise,
    pooled_cv,
    week_profile,
    window_spread,
)

MINUTES = (np.arange(1440) + 0.5) / 60
PEAKS = np.array([1.0, 1.05, 1.226, 1.6, 2.5, 6.0])


@pytest.mark.parametrize("peak", PEAKS)
def test_the_day_has_mean_one_and_the_peak_asked_for(peak: float) -> None:
    load = day_profile(MINUTES, peak)
    assert load.mean() == pytest.approx(1.0, abs=1e-9)
    assert day_profile(15.0, peak) == pytest.approx(peak)
    assert load.min() > 0
    assert load.std() == pytest.approx(float(day_cv(peak)), abs=1e-6)


def test_a_sharper_day_has_a_deeper_night() -> None:
    night = day_profile(3.0, PEAKS)
    assert (np.diff(night) < 0).all()
    np.testing.assert_allclose(night, PEAKS * np.exp(-2 * day_concentration(PEAKS)))


def test_a_weekend_is_as_light_as_asked_for() -> None:
    days = week_profile([0.5, 1.0, 1.4])
    np.testing.assert_allclose(days.mean(axis=1), 1.0)
    np.testing.assert_allclose(days[:, 6] / days[:, 0], [0.5, 1.0, 1.4])


def test_three_regions_eight_hours_apart_flatten_all_but_the_third_harmonic() -> None:
    one = LoadShape(1.4, 1.0).week()
    three = LoadShape(1.4, 1.0, zones=((0, 1 / 3), (8, 1 / 3), (16, 1 / 3))).week()
    power, flat = (np.abs(np.fft.rfft(load))[7:36:7] for load in (one, three))
    np.testing.assert_allclose(flat / power, [0, 0, 1, 0, 0], atol=1e-9)
    assert three.max() < 1.02


def test_a_region_alone_is_the_first_one_later() -> None:
    shape = LoadShape(1.7, 0.6, zones=((5.0, 1.0),))
    np.testing.assert_allclose(shape.week(), np.roll(LoadShape(1.7, 0.6).week(), 300))


def test_planted_bursts_are_found_again_in_the_counts_of_requests() -> None:
    rate = 300.0
    load = lognormal_noise(0.25, 6.0, 400_000, 11)
    counts = np.random.default_rng(12).poisson(rate * load)
    found = burst_cv(counts.var(ddof=1) / counts.mean(), counts.mean())
    assert found == pytest.approx(0.25, rel=0.02)
    plain = np.random.default_rng(13).poisson(rate, 100_000)
    assert burst_cv(plain.var(ddof=1) / plain.mean(), plain.mean()) < 0.01


def test_noise_has_the_mean_spread_and_memory_asked_for() -> None:
    noise = lognormal_noise(0.4, 10.0, 1_000_000, 3)
    assert noise.mean() == pytest.approx(1.0, abs=0.005)
    assert noise.std() == pytest.approx(0.4, rel=0.02)
    logs = np.log(noise) - np.log(noise).mean()
    kept = (logs[10:] * logs[:-10]).mean() / logs.var()
    assert kept == pytest.approx(np.exp(-1), abs=0.01)


def test_pooled_streams_are_those_of_a_simulated_sum() -> None:
    rng = np.random.default_rng(4)
    own, common = rng.standard_normal((9, 200_000)), rng.standard_normal(200_000)
    streams = 1 + 0.3 * (np.sqrt(0.8) * own + np.sqrt(0.2) * common)
    expected = float(pooled_cv(0.3, 9, shared=0.2))
    assert streams.mean(axis=0).std() == pytest.approx(expected, rel=0.01)
    assert pooled_cv(0.3, 9) == pytest.approx(0.1)
    assert pooled_cv(0.3, 9, shared=1) == pytest.approx(0.3)


@pytest.mark.parametrize("window", [1, 7, 60, 700, 1440])
def test_the_spread_by_window_is_that_of_a_simulated_year(window: int) -> None:
    shape = LoadShape(
        1.5, 0.7, burst_cv=0.15, burst_minutes=8, slow_cv=0.1, slow_days=2, requests_per_minute=500
    )
    squares = []
    for seed in range(4):
        total = np.cumsum(shape.simulate(60, seed))
        means = (total[window:] - total[:-window]) / window
        squares.append(np.mean((means - 1) ** 2))
    assert np.sqrt(np.mean(squares)) == pytest.approx(float(shape.window_cv(window)), rel=0.03)


def test_the_spread_by_window_is_that_of_a_loop_over_all_windows_of_the_week() -> None:
    shape = LoadShape(1.9, 0.5)
    week = np.tile(shape.week(), 3)
    for window in (1, 45, 1440, 2880, 10_080):
        means = [week[k : k + window].mean() for k in range(0, 10_080, 5)]
        assert shape.window_cv(window) == pytest.approx(np.std(means), abs=2e-4)


def test_slow_swings_are_all_that_is_left_by_the_quarter() -> None:
    shape = LoadShape(1.5, 0.7, burst_cv=0.1, slow_cv=0.08)
    quarter = 91 * 1440
    left = LoadShape(1.0, 1.0, slow_cv=0.08).window_cv(quarter)
    assert shape.window_cv(quarter) == pytest.approx(float(left), rel=0.005)
    # Mean of an exponentially correlated swing over one correlation time.
    assert left == pytest.approx(0.08 * np.sqrt(2 / np.e), rel=0.01)


def test_the_2023_traces_of_one_hour_have_the_bursts_of_the_table() -> None:
    rows = catalog.load("request_arrivals").set_index("workload")
    found = {
        name: float(burst_cv(row["dispersion"], 60 * row["requests_per_s"]))
        for name, row in rows.iterrows()
    }
    assert found["conversation"] == pytest.approx(0.22, abs=0.01)
    assert found["code"] == pytest.approx(1.04, abs=0.01)


@pytest.mark.parametrize("workload", ["conversation", "code"])
def test_the_shape_follows_a_published_week_of_requests(
    reference: Callable[[str], dict[str, Any]], workload: str
) -> None:
    held = reference("demand_load")
    week = held["weeks"][workload]
    load = np.array(week["requests_per_minute"], dtype=float)
    # The sum over the week is printed beside the picture, which checks the reading.
    assert load.mean() * 10_080 == pytest.approx(week["requests_printed"], rel=0.006)
    days = load.reshape(7, 24)
    working = np.isin(np.arange(7), week["weekend_days"], invert=True)
    peak = (days[working].mean(axis=0) / days[working].mean()).max()
    ratio = days[~working].mean() / days[working].mean()
    shape = LoadShape(float(peak), float(ratio))
    for hours in (1, 4, 12, 24, 48):
        slid = np.convolve(np.tile(load, 2), np.ones(hours) / hours, "valid")[: load.size]
        measured = slid.std() / slid.mean()
        assert shape.window_cv(60 * hours) == pytest.approx(measured, rel=held["tolerance"])


def test_spread_by_window_is_that_of_the_window_means() -> None:
    found = window_spread([1.0, 3.0, 2.0, 6.0, 9.0], 2)
    assert (found.windows, found.cv, found.peak_to_mean) == (2, pytest.approx(1 / 3), 4 / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: day_profile(3.0, 0.9), "peak_to_mean"),
        (lambda: day_profile(np.nan, 1.5), "hour"),
        (lambda: week_profile(0.0), "weekend_to_weekday"),
        (lambda: burst_cv(-1.0, 10.0), "dispersion"),
        (lambda: pooled_cv(0.1, 0.5), "streams"),
        (lambda: lognormal_noise(0.1, 0.0, 5, 1), "correlation_steps"),
        (lambda: LoadShape(1.5, 0.7, zones=((0, 0.5), (8, 0.4))), "add to 0.9"),
        (lambda: LoadShape(1.5, 0.7, burst_cv=np.nan), "burst_cv"),
        (lambda: LoadShape(1.5, 0.7).week(7), "divisors"),
        (lambda: LoadShape(1.5, 0.7).window_cv(0), "window_minutes"),
        (lambda: window_spread([1.0, 2.0, 3.0], 2), "window"),
        (lambda: window_spread([0.0, 0.0, 0.0], 1), "mean of series"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
