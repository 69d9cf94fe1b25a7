"""Training as a renewal process of runs, against closed forms, loops and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.demand.load_profile import window_spread
from analysis.demand.lumpiness import (
    effective_labs,
    final_run_cv,
    renewal_starts_year,
    run_use,
    shot_noise,
    training_cv,
    training_use,
    trend_cv,
)
from analysis.units import DAYS_PER_YEAR


def boxes_cv(window: float, runs_per_year: float, run_days: float) -> float:
    """Closed form for Poisson starts and equal runs: overlap of two boxes, integrated."""
    rate = runs_per_year / DAYS_PER_YEAR
    if window <= run_days:
        variance = rate * (run_days - window / 3)
    else:
        variance = rate * run_days**2 / window * (1 - run_days / (3 * window))
    return float(np.sqrt(variance) / (rate * run_days))


@pytest.mark.parametrize("window", [1, 7, 30, 91, 92, 365, 2000])
def test_poisson_starts_vary_as_the_overlap_of_two_boxes_says(window: float) -> None:
    found = final_run_cv(window, runs_per_year=1.4, run_days=92)
    assert found == pytest.approx(boxes_cv(window, 1.4, 92), rel=2e-3)


def test_the_variance_of_a_moment_is_campbells() -> None:
    mean, variance = shot_noise(2.0, 100.0, growth=4.0)
    age = (np.arange(200_000) + 0.5) / 200_000 * 100 / DAYS_PER_YEAR
    kernel = 4.0**-age
    width = 100 / DAYS_PER_YEAR
    assert mean == pytest.approx(2 * kernel.mean() * width, rel=1e-9)
    assert variance == pytest.approx(2 * (kernel**2).mean() * width, rel=1e-9)
    found = final_run_cv(0.5, runs_per_year=2.0, run_days=100.0, growth=4.0)
    assert found == pytest.approx(np.sqrt(variance) / mean, rel=5e-3)


def test_without_growth_the_runs_under_way_are_poisson() -> None:
    mean, variance = shot_noise([0.5, 4.0], 60.0)
    np.testing.assert_allclose(mean, variance)
    np.testing.assert_allclose(mean, np.array([0.5, 4.0]) * 60 / DAYS_PER_YEAR)


@pytest.mark.parametrize("gap_cv", [0.0, 0.3, 0.6, 1.0, 1.5])
@pytest.mark.parametrize("window", [1, 30, 91])
def test_the_formula_agrees_with_simulated_starts(gap_cv: float, window: int) -> None:
    args = {"runs_per_year": 1.4, "run_days": 92.0, "gap_cv": gap_cv, "growth": 3.0}
    found = [
        window_spread(training_use(years=500, seed=seed, **args), window).cv for seed in range(12)
    ]
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    formula = float(final_run_cv(window, **args))
    # A fixed rhythm repeats itself exactly, so its error is that of the grid.
    assert formula == pytest.approx(np.mean(found), abs=4 * error + 0.006 * formula)


def test_a_fixed_rhythm_is_a_square_wave() -> None:
    duty = 2 * 60 / DAYS_PER_YEAR
    found = final_run_cv(0.25, runs_per_year=2.0, run_days=60.0, gap_cv=0.0)
    assert found == pytest.approx(np.sqrt((1 - duty) / duty), rel=5e-3)


def test_over_long_windows_only_the_spread_of_gaps_is_left() -> None:
    window = 60 * DAYS_PER_YEAR
    found = final_run_cv(window, runs_per_year=3.0, run_days=50.0, gap_cv=np.array([0.4, 1.0, 2.0]))
    np.testing.assert_allclose(found, np.array([0.4, 1.0, 2.0]) / np.sqrt(3.0 * 60), rtol=0.02)


def test_starts_have_the_rate_and_the_gaps_asked_for_from_the_first_day_on() -> None:
    counts = np.zeros(4)
    for seed in range(3000):
        starts = renewal_starts_year(2.0, 4.0, seed, gap_cv=0.5)
        counts += np.histogram(starts, bins=4, range=(0, 4))[0]
    np.testing.assert_allclose(counts / 3000, 2.0, atol=0.08)
    gaps = np.diff(renewal_starts_year(2.0, 20_000.0, 7, gap_cv=0.5))
    assert gaps.mean() == pytest.approx(0.5, rel=0.02)
    assert gaps.std() / gaps.mean() == pytest.approx(0.5, rel=0.03)


def test_use_by_day_is_that_of_a_naive_loop() -> None:
    starts = renewal_starts_year(6.0, 3.0, 3)
    lasting = np.linspace(10.2, 90.7, starts.size)
    found = run_use(starts, lasting, 900, growth=2.5)
    naive = np.zeros(900)
    for start, days in zip(starts, lasting, strict=True):
        begin = start * DAYS_PER_YEAR
        for day in range(900):
            seen = min(day + 1, begin + days) - max(day, begin)
            naive[day] += 2.5**start * max(seen, 0.0)
    np.testing.assert_allclose(found, naive, atol=1e-9)


def test_independent_laboratories_vary_less_by_the_root_of_their_number() -> None:
    args = {"runs_per_year": 1.4, "run_days": 92.0}
    one, nine = (training_cv(30, labs=labs, **args) for labs in (1, 9))
    assert one / nine == pytest.approx(3.0)
    assert training_cv(30, labs=9, correlation=1.0, **args) == pytest.approx(one)
    assert training_cv(30, final_run_share=0.1, **args) == pytest.approx(0.1 * one)


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_common_starts_are_the_correlation_of_poisson_laboratories(shared: float) -> None:
    args = {"runs_per_year": 1.4, "run_days": 92.0, "final_run_share": 0.3, "labs": 5}
    found = [
        window_spread(
            training_use(years=600, seed=seed, shared_starts=shared, **args), 30
        ).cv
        for seed in range(10)
    ]  # fmt: skip
    formula = float(training_cv(30, correlation=shared, **args))
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert formula == pytest.approx(np.mean(found), abs=4 * error + 0.005 * formula)


def test_the_base_of_experiments_keeps_the_mean_at_one() -> None:
    series = training_use(2.0, 60.0, 3000, 5, final_run_share=0.25)
    assert series.mean() == pytest.approx(1.0, abs=0.01)
    assert series.min() == pytest.approx(0.75)


def test_unequal_laboratories_count_as_fewer() -> None:
    assert effective_labs([1.0, 1.0, 1.0]) == pytest.approx(3.0)
    assert effective_labs([1.0, *[0.25] * 6]) == pytest.approx(2.5**2 / 1.375)


def test_growth_alone_spreads_the_quarters_of_a_year() -> None:
    means = 4.0 ** np.arange(4)
    found = trend_cv(4.0**4, DAYS_PER_YEAR / 4, DAYS_PER_YEAR)
    assert found == pytest.approx(means.std() / means.mean())
    assert trend_cv(1.0, 30, 365) == 0.0
    assert trend_cv(3.0, 365, 365) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: final_run_cv(0, runs_per_year=1, run_days=30), "window_days"),
        (lambda: final_run_cv(30, runs_per_year=[1, np.nan], run_days=30), "runs_per_year"),
        (lambda: training_cv(30, runs_per_year=1, run_days=9, labs=0.5), "labs"),
        (lambda: training_cv(30, runs_per_year=1, run_days=9, correlation=1.2), "correlation"),
        (lambda: renewal_starts_year(1.0, 2.0, 1, gap_cv=-0.1), "gap_cv"),
        (lambda: run_use([0.0], 10.0, 0), "days"),
        (lambda: training_use(2.0, 60.0, 3000, 5, growth=2.0), "years: 3000 at growth 2"),
        (lambda: effective_labs([1.0, 0.0]), "sizes"),
        (lambda: trend_cv(2.0, 100, 50), "at most the span"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
