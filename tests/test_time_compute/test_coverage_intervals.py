"""Intervals of coverage: do they hold the truth as often as they say?"""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import betabinom

from analysis.test_time_compute.coverage import coverage_curve, pass_at_k
from analysis.test_time_compute.coverage_intervals import (
    beta_binomial_covariance,
    beta_binomial_coverage,
    bootstrap_coverage,
)
from analysis.test_time_compute.success_rates import BetaBinomial, fit_beta_binomial
from analysis.uncertainty import bootstrap

TRUTH = BetaBinomial(0.3, 12.0)
PROBLEMS, SAMPLES = 128, 1000


def planted(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rates = rng.beta(TRUTH.alpha, TRUTH.beta, PROBLEMS)
    return rng.binomial(SAMPLES, rates), np.full(PROBLEMS, SAMPLES)


def test_both_intervals_cover_planted_coverage_as_often_as_they_say() -> None:
    near, far, repeats = np.array([1, 10, 100, 1000]), np.array([10**5, 10**8]), 200
    k = np.concatenate([near, far])
    truth = TRUTH.coverage(k)
    by_problem, by_rates = np.zeros(near.size), np.zeros(k.size)
    for seed in range(repeats):
        successes, samples = planted(seed)
        drawn = bootstrap_coverage(successes, samples, near, resamples=400, seed=seed)
        fitted = beta_binomial_coverage(successes, samples, k, draws=400, seed=seed)
        by_problem += (drawn["low"] <= truth[:4]) & (truth[:4] <= drawn["high"])
        by_rates += (fitted["low"] <= truth) & (truth <= fitted["high"])
    # Three standard errors of a share of 0.9 in 200 are 0.064.
    assert np.abs(by_problem / repeats - 0.9).max() < 0.064
    assert np.abs(by_rates / repeats - 0.9).max() < 0.064


def test_the_resamples_are_those_of_the_general_bootstrap() -> None:
    successes, samples = planted(1)
    values = pass_at_k(successes, samples, 100)
    draws = bootstrap(lambda drawn: values[drawn].mean(), PROBLEMS, 400, seed=7)
    band = bootstrap_coverage(successes, samples, [100], resamples=400, seed=7, level=0.8)
    low, high = np.quantile(draws, [0.1, 0.9])
    assert band.loc[0, ["low", "high"]].tolist() == pytest.approx([low, high], rel=1e-12)
    assert band.loc[0, "coverage"] == pytest.approx(coverage_curve(successes, samples, [100])[0])


def test_ten_thousand_resamples_take_seconds_and_repeat_under_their_seed() -> None:
    successes, samples = planted(2)
    k = np.unique(np.round(np.geomspace(1, SAMPLES, 40)))
    began = time.perf_counter()
    first = bootstrap_coverage(successes, samples, k, seed=3)
    assert time.perf_counter() - began < 5
    assert first.equals(bootstrap_coverage(successes, samples, k, seed=3))
    assert not first.equals(bootstrap_coverage(successes, samples, k, seed=4))
    assert (first["low"] <= first["coverage"]).all()
    assert (first["coverage"] <= first["high"]).all()


def test_blocks_of_resamples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    successes, samples = planted(3)
    whole = bootstrap_coverage(successes, samples, [1, 50], resamples=300, seed=1)
    monkeypatch.setattr("analysis.test_time_compute.coverage_intervals._BLOCK", 1000)
    parts = bootstrap_coverage(successes, samples, [1, 50], resamples=300, seed=1)
    np.testing.assert_allclose(parts, whole, rtol=1e-13)


def test_the_covariance_is_the_inverse_of_a_curvature_taken_by_differences() -> None:
    successes, samples = planted(4)
    fitted = fit_beta_binomial(successes, samples)

    def log_likelihood(log_alpha: float, log_beta: float) -> float:
        return float(
            betabinom.logpmf(successes, samples, np.exp(log_alpha), np.exp(log_beta)).sum()
        )

    at, step = np.log([fitted.alpha, fitted.beta]), 1e-3
    curve = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            e, f = step * np.eye(2)[i], step * np.eye(2)[j]
            curve[i, j] = (
                log_likelihood(*(at + e + f))
                - log_likelihood(*(at + e - f))
                - log_likelihood(*(at - e + f))
                + log_likelihood(*(at - e - f))
            ) / (4 * step**2)
    found = beta_binomial_covariance(fitted, successes, samples)
    np.testing.assert_allclose(found, np.linalg.inv(-curve), rtol=1e-3)


def test_a_beyond_of_nan_leaves_the_interval_empty_there() -> None:
    band = bootstrap_coverage([1, 2, 3], [10, 20, 20], [10, 15], resamples=50, seed=1, beyond="nan")
    assert band.isna().any(axis=1).tolist() == [False, True]


def test_what_cannot_give_an_interval_is_refused() -> None:
    with pytest.raises(ValueError, match=r"level: 90"):
        bootstrap_coverage([1, 2], [5, 5], [1], seed=1, level=90)
    with pytest.raises(ValueError, match=r"problems: 1"):
        bootstrap_coverage([1], [5], [1], seed=1)
    with pytest.raises(ValueError, match=r"resamples: 1"):
        bootstrap_coverage([1, 2], [5, 5], [1], seed=1, resamples=1)
    with pytest.raises(ValueError, match=r"draws: 0"):
        beta_binomial_coverage([1, 2], [5, 5], [1], seed=1, draws=0)
    with pytest.raises(ValueError, match=r"level: 0"):
        beta_binomial_coverage([1, 2], [5, 5], [1], seed=1, level=0)
    with pytest.raises(ValueError, match="not positive definite"):
        beta_binomial_covariance(BetaBinomial(50.0, 900.0), *planted(1))
