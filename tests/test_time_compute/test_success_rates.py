"""Distributions of success rates: closed forms, planted truths, and what released counts say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from analysis.test_time_compute.coverage_intervals import beta_binomial_covariance
from analysis.test_time_compute.success_rates import (
    BetaBinomial,
    ScaledBeta,
    fit_beta_binomial,
    fit_scaled_beta,
)

K = np.array([1, 2, 10, 1000, 10**6])


def planted(
    alpha: float, beta: float, scale: float, problems: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    samples = rng.integers(100, 2000, problems)
    return rng.binomial(samples, scale * rng.beta(alpha, beta, problems)), samples


def test_coverage_has_the_closed_forms_of_whole_alpha() -> None:
    beta = 7.5
    np.testing.assert_allclose(BetaBinomial(1.0, beta).coverage(K), K / (beta + K), rtol=1e-9)
    missed = beta * (beta + 1) / ((beta + K) * (beta + K + 1))
    np.testing.assert_allclose(BetaBinomial(2.0, beta).coverage(K), 1 - missed, rtol=1e-9)
    assert BetaBinomial(0.3, 12.0).coverage(1) == pytest.approx(0.3 / 12.3, rel=1e-12)


def test_a_uniform_rate_below_a_scale_has_its_closed_form() -> None:
    scale = 0.04
    missed = (1 - (1 - scale) ** (K + 1.0)) / (scale * (K + 1.0))
    np.testing.assert_allclose(ScaledBeta(1.0, 1.0, scale).coverage(K), 1 - missed, rtol=1e-7)


@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 100.0), (0.3, 12.0), (2.0, 0.4), (40.0, 60.0)])
def test_a_scale_of_one_is_the_plain_distribution(alpha: float, beta: float) -> None:
    scaled, plain = ScaledBeta(alpha, beta, 1.0), BetaBinomial(alpha, beta)
    np.testing.assert_allclose(scaled.coverage(K), plain.coverage(K), rtol=1e-6)
    assert scaled.quantile(0.7) == plain.quantile(0.7)


@pytest.mark.parametrize("scale", [0.02, 0.3, 0.99])
def test_scaled_coverage_is_the_integral_over_the_rates(scale: float) -> None:
    law = ScaledBeta(1.7, 3.2, scale)
    for k in (1, 30, 900):
        missed, _ = integrate.quad(
            lambda x, k=k: stats.beta.pdf(x, 1.7, 3.2) * (1 - scale * x) ** k,
            0,
            1,
            epsabs=1e-13,
            limit=400,
        )
        assert law.coverage(k) == pytest.approx(1 - missed, abs=1e-9)


def test_the_log_likelihood_is_that_of_scipy() -> None:
    successes, samples = planted(0.4, 9.0, 1.0, 60, 1)
    fitted = fit_beta_binomial(successes, samples)
    stated = stats.betabinom.logpmf(successes, samples, fitted.alpha, fitted.beta).sum()
    assert fitted.log_likelihood == pytest.approx(stated, abs=1e-7)
    scaled = fit_scaled_beta(*planted(0.4, 3.0, 0.2, 60, 2))
    successes, samples = planted(0.4, 3.0, 0.2, 60, 2)
    rates = stats.beta.ppf((np.arange(200_000) + 0.5) / 200_000, scaled.alpha, scaled.beta)
    each = [
        np.log(stats.binom.pmf(c, n, scaled.scale * rates).mean())
        for c, n in zip(successes, samples, strict=True)
    ]
    assert scaled.log_likelihood == pytest.approx(sum(each), abs=1e-3)


def test_no_nearby_point_fits_better() -> None:
    successes, samples = planted(0.4, 9.0, 1.0, 60, 1)
    fitted = fit_beta_binomial(successes, samples)
    for factor in (0.99, 1.01):
        for alpha, beta in ((factor, 1), (1, factor), (factor, factor)):
            nearby = stats.betabinom.logpmf(
                successes, samples, alpha * fitted.alpha, beta * fitted.beta
            )
            assert nearby.sum() < fitted.log_likelihood


def test_intervals_hold_planted_shapes_as_often_as_they_say() -> None:
    alpha, beta, repeats = 0.3, 12.0, 200
    held = np.zeros(2)
    for seed in range(repeats):
        successes, samples = planted(alpha, beta, 1.0, 128, seed)
        fitted = fit_beta_binomial(successes, samples)
        error = np.sqrt(np.diag(beta_binomial_covariance(fitted, successes, samples)))
        off = np.abs(np.log([fitted.alpha / alpha, fitted.beta / beta]))
        held += off < stats.norm.ppf(0.95) * error
    assert np.abs(held / repeats - 0.9).max() < 0.064


def test_a_planted_scale_and_tail_are_found_with_many_problems() -> None:
    fitted = fit_scaled_beta(*planted(0.4, 2.5, 0.12, 2000, 5))
    assert fitted.scale == pytest.approx(0.12, rel=0.1)
    assert fitted.tail_exponent == pytest.approx(0.4, rel=0.1)
    assert fitted.aic < fit_beta_binomial(*planted(0.4, 2.5, 0.12, 2000, 5)).aic - 20
    k = np.array([1, 100, 10**5])
    np.testing.assert_allclose(
        fitted.coverage(k), ScaledBeta(0.4, 2.5, 0.12).coverage(k), rtol=0.05
    )


def test_problems_left_over_fall_as_a_power_of_the_samples() -> None:
    k = np.array([10**6, 10**7])
    for law in (BetaBinomial(0.3, 12.0), ScaledBeta(0.3, 4.0, 0.1)):
        left = 1 - law.coverage(k)
        assert math.log10(left[0] / left[1]) == pytest.approx(law.tail_exponent, abs=1e-4)


def test_problems_never_solved_lower_the_coverage_predicted() -> None:
    successes, samples = planted(0.5, 9.0, 1.0, 80, 3)
    with_zeros = fit_beta_binomial([*successes, *[0] * 40], [*samples, *[1000] * 40])
    without = fit_beta_binomial(successes, samples)
    assert with_zeros.coverage(10**4) < without.coverage(10**4)
    assert with_zeros.problems == 120


def test_quantiles_are_those_of_rates_drawn() -> None:
    rates = np.random.default_rng(1).beta(0.4, 5.0, 200_000)
    law = ScaledBeta(0.4, 5.0, 0.5)
    np.testing.assert_allclose(
        law.quantile([0.25, 0.9]), np.quantile(0.5 * rates, [0.25, 0.9]), rtol=0.03
    )


@pytest.mark.parametrize("fit", [fit_beta_binomial, fit_scaled_beta])
@pytest.mark.parametrize(
    ("successes", "samples", "message"),
    [
        ([0, 0], [9, 9], "all 0"),
        ([9, 9], [9, 9], "all as many"),
        ([1, 0], [1, 1], "samples are all 1"),
        ([50, 50, 51], [100, 100, 100], "no more than chance"),
        ([0, 90, 0, 90], [90, 90, 90, 90], "run off to 0"),
        ([3, 10], [9, 9], "row 1: 10 of 9"),
        ([], [], "at least one problem"),
    ],
)
def test_counts_that_fix_no_distribution_are_refused(
    fit: Any, successes: list[int], samples: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit(successes, samples)


def test_shapes_and_scales_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        BetaBinomial(0.0, 1.0)
    with pytest.raises(ValueError, match="beta"):
        ScaledBeta(1.0, math.nan, 0.5)
    with pytest.raises(ValueError, match=r"scale: 1\.2"):
        ScaledBeta(1.0, 1.0, 1.2)
    with pytest.raises(ValueError, match=r"k: 0\.0"):
        BetaBinomial(1.0, 1.0).coverage(0)


def test_released_counts_give_no_support_to_a_scale_below_one(shared_datasets: Path) -> None:
    counts = pd.read_csv(shared_datasets / "llmonkeys_pythia_math_10k.csv")
    for _, group in counts.groupby("model"):
        plain = fit_beta_binomial(group["num_correct"], group["num_samples"])
        scaled = fit_scaled_beta(group["num_correct"], group["num_samples"])
        assert scaled.log_likelihood >= plain.log_likelihood
        assert scaled.aic > plain.aic
