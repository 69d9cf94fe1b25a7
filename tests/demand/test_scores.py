"""Scores of forecasts: closed forms, other programs, and that honesty pays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from analysis.demand import scores


@pytest.fixture(scope="module")
def draws() -> np.ndarray:
    return np.random.default_rng(1).normal(2.0, 1.5, 4000)


@pytest.mark.parametrize("value", [-1.0, 2.0, 4.5])
def test_crps_of_normal_quantiles_is_the_closed_form_of_gneiting_and_raftery(value: float) -> None:
    grid = 2.0 + 1.5 * special.ndtri((np.arange(4000) + 0.5) / 4000)
    z = (value - 2.0) / 1.5
    closed = 1.5 * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - math.pi**-0.5)
    assert scores.crps(grid, value) == pytest.approx(closed, abs=2e-3)


def test_crps_is_the_double_loop_over_pairs(draws: np.ndarray) -> None:
    few = draws[:60]
    pairs = np.mean([abs(a - b) for a in few for b in few])
    by_hand = np.mean([abs(a - 3.0) for a in few]) - 0.5 * pairs
    assert scores.crps(few, 3.0) == pytest.approx(by_hand, rel=1e-12)


def test_crps_is_twice_the_integral_of_pinball_losses() -> None:
    value = 0.7

    def loss(p: float) -> float:
        return float(scores.pinball_loss(special.ndtri(p), p, value))

    integral = integrate.quad(loss, 1e-9, 1 - 1e-9)[0]
    grid = special.ndtri((np.arange(20_000) + 0.5) / 20_000)
    assert scores.crps(grid, value) == pytest.approx(2 * integral, abs=1e-3)


def test_kernel_density_is_that_of_scipy(draws: np.ndarray) -> None:
    other = stats.gaussian_kde(draws, bw_method="silverman")
    for value in (-2.0, 1.0, 5.0):
        mine = scores.log_score(draws, value, method="kernel")
        assert mine == pytest.approx(float(other.logpdf(value)[0]), rel=1e-9)


def test_normal_density_is_the_closed_form() -> None:
    sample = np.array([-1.0, 1.0, 3.0])
    expected = stats.norm.logpdf(2.0, 1.0, 2.0)
    assert scores.log_score(sample, 2.0) == pytest.approx(expected, rel=1e-12)


def test_interval_score_is_width_plus_twenty_times_the_miss_at_ninety_percent() -> None:
    found = scores.interval_score(1.0, 3.0, np.array([2.0, 0.5, 3.1]), 0.9)
    np.testing.assert_allclose(found, [2.0, 2.0 + 20 * 0.5, 2.0 + 20 * 0.1])


@pytest.mark.parametrize("score", ["crps", "log_score", "interval_score"])
def test_nobody_gains_by_saying_what_he_does_not_hold(score: str) -> None:
    rng = np.random.default_rng(2)
    truths = rng.normal(0.0, 1.0, 400)
    sign = -1.0 if score == "log_score" else 1.0
    grid = special.ndtri((np.arange(400) + 0.5) / 400)

    def mean(shift: float, spread: float) -> float:
        said = [
            scores.forecast_scores(shift + spread * grid, value, scale="identity")[score]
            for value in truths
        ]
        return sign * float(np.mean(said))

    honest = mean(0.0, 1.0)
    for dishonest in ((0.7, 1.0), (0.0, 0.5), (0.0, 2.0)):
        assert honest < mean(*dishonest)


def test_ranks_of_true_forecasts_are_even_and_their_intervals_cover_as_they_say() -> None:
    rng = np.random.default_rng(3)
    found = [
        scores.forecast_scores(np.exp(m + rng.normal(size=400)), float(np.exp(m + rng.normal())))
        for m in rng.normal(size=600)
    ]
    ranks = [one["rank"] for one in found]
    assert stats.kstest(ranks, "uniform").pvalue > 0.01
    assert np.mean([one["covered_50"] for one in found]) == pytest.approx(0.5, abs=0.06)
    assert np.mean([one["covered_90"] for one in found]) == pytest.approx(0.9, abs=0.04)


def test_a_factor_of_two_weighs_the_same_everywhere() -> None:
    grid = np.exp(special.ndtri((np.arange(99) + 0.5) / 99))
    small = scores.forecast_scores(grid, 2.0)
    large = scores.forecast_scores(grid * 1e15, 2e15)
    for name in ("error", "crps", "log_score", "rank"):
        assert large[name] == pytest.approx(small[name], rel=1e-9)


def test_shares_are_scored_in_log_odds() -> None:
    shares = special.expit(np.linspace(-1, 1, 101))
    found = scores.forecast_scores(shares, 0.5, scale="logit")
    assert found["error"] == pytest.approx(0.0, abs=1e-12)
    assert found["rank"] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="strictly between"):
        scores.on_scale([0.2, 1.0], "logit")


def test_coverage_counts_ends_and_refuses_crossed_intervals() -> None:
    assert scores.interval_coverage([0, 0, 0], [1, 1, 1], [0, 1, 2]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="low above high"):
        scores.interval_coverage([2], [1], [1.5])


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="at least 2 draws"):
        scores.crps([1.0], 1.0)
    with pytest.raises(ValueError, match="nan"):
        scores.crps([1.0, 2.0], math.nan)
    with pytest.raises(ValueError, match="draws"):
        scores.crps([1.0, math.nan], 1.0)
    with pytest.raises(ValueError, match="draws that differ"):
        scores.log_score([1.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="'cube'"):
        scores.on_scale(1.0, "cube")
    with pytest.raises(ValueError, match="'histogram'"):
        scores.log_score([1.0, 2.0], 1.0, method="histogram")
