"""Parabolas through budgets, and exponents from their minima."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.scaling_laws.isoflop import (
    IsoflopWarning,
    fit_isoflop,
    fit_power_law,
    isoflop_minima,
)
from analysis.scaling_laws.laws import LossLaw

EVEN = LossLaw(E=1.8, A=500.0, B=700.0, alpha=0.35, beta=0.35)
BUDGETS = np.geomspace(1e19, 1e22, 7)


def design(law, *, spread=3.0, sizes=9, shift=1.0):
    """Runs of each budget at sizes evenly about the best one, or about `shift` times it."""
    ratios = shift * np.geomspace(1 / spread, spread, sizes)
    n = (law.optimum(BUDGETS).parameters[:, None] * ratios).ravel()
    compute = np.repeat(BUDGETS, sizes)
    return compute, n, law.isoflop(compute, n)


def test_a_parabola_in_the_logarithm_is_recovered_exactly():
    x = np.linspace(17.0, 21.0, 6)
    table = isoflop_minima(np.full(6, 1e20), np.exp(x), 2.0 + 0.03 * (x - 19.3) ** 2)
    assert table.loc[0, "optimal_parameters"] == pytest.approx(np.exp(19.3))
    assert table.loc[0, "loss"] == pytest.approx(2.0)
    assert table.loc[0, "curvature"] == pytest.approx(0.06)
    product = table.loc[0, "optimal_parameters"] * table.loc[0, "optimal_tokens"]
    assert 6 * product == pytest.approx(1e20)


def test_a_law_with_equal_exponents_gives_exponents_of_a_half_and_its_own_optima():
    compute, n, loss = design(EVEN)
    found = fit_isoflop(compute, n, loss, resamples=200, seed=0)
    assert found.parameters.exponent == pytest.approx(0.5, abs=1e-9)
    assert found.tokens.exponent == pytest.approx(0.5, abs=1e-9)
    np.testing.assert_allclose(found.parameters(BUDGETS), EVEN.optimum(BUDGETS).parameters)
    assert found.unusable_draws == 0.0


def test_a_wide_range_of_sizes_biases_the_optimum_because_an_isoflop_curve_is_no_parabola():
    law = LossLaw(E=1.8, A=500.0, B=50_000.0, alpha=0.3, beta=0.6)
    truth = law.optimum(BUDGETS).parameters
    narrow = isoflop_minima(*design(law, spread=1.5))["optimal_parameters"].to_numpy()
    wide = isoflop_minima(*design(law, spread=8.0))["optimal_parameters"].to_numpy()
    assert np.abs(np.log(narrow / truth)).max() < 0.05
    assert np.abs(np.log(wide / truth)).min() > 0.1


def test_a_ninety_percent_interval_holds_the_exponent_in_about_ninety_percent_of_studies():
    compute, n, loss = design(EVEN)
    held = 0
    for seed in range(200):
        error = 0.001 * np.random.default_rng(seed).standard_normal(loss.size)
        found = fit_isoflop(compute, n, loss * np.exp(error), resamples=200, seed=seed, level=0.9)
        held += 0.5 in found.parameters.interval
    assert 0.83 <= held / 200 <= 0.96


def test_a_minimum_outside_the_sizes_trained_is_named_and_left_empty():
    compute, n, loss = design(EVEN, spread=1.5, shift=4.0)
    table = isoflop_minima(compute, n, loss)
    assert set(table["status"]) == {"the minimum is outside the sizes trained"}
    assert table["optimal_parameters"].isna().all()
    with pytest.raises(ValueError, match=r"0 budget\(s\).*1e\+19 FLOP: the minimum is outside"):
        fit_isoflop(compute, n, loss, resamples=10, seed=0)


def test_a_parabola_that_opens_downward_is_left_out_with_its_budget_named():
    compute, n, loss = design(EVEN)
    first = compute == BUDGETS[0]
    loss[first] = 6.0 - loss[first]
    with pytest.warns(IsoflopWarning, match=r"left out: 1e\+19 FLOP: the parabola opens downward"):
        found = fit_isoflop(compute, n, loss, resamples=50, seed=0)
    assert found.parameters.n_points == 6
    assert found.parameters.exponent == pytest.approx(0.5, abs=1e-9)


def test_two_sizes_have_no_parabola():
    table = isoflop_minima([1e20, 1e20], [1e8, 1e9], [3.0, 2.9])
    assert table.loc[0, "status"] == "fewer than three sizes"


def test_a_power_law_is_recovered_with_its_coefficient():
    line = fit_power_law(BUDGETS, 0.09 * BUDGETS**0.49)
    assert (line.exponent, line.coefficient) == pytest.approx((0.49, 0.09))
    assert line(1e21) == pytest.approx(0.09 * 1e21**0.49)


def test_the_interval_of_a_power_law_is_that_of_least_squares():
    # Four points at log compute 0, 1, 2, 3 with residuals +-0.1: slope -0.04 off, by hand.
    compute = np.exp([0.0, 1.0, 2.0, 3.0])
    best = np.exp(0.5 * np.arange(4.0) + np.array([0.1, -0.1, 0.1, -0.1]))
    line = fit_power_law(compute, best)
    assert line.exponent == pytest.approx(0.46)
    error = np.sqrt((0.04 - 5 * 0.04**2) / 2 / 5)
    assert line.interval.high - line.exponent == pytest.approx(4.302652729911275 * error)


def test_a_bad_loss_is_refused_with_its_index():
    with pytest.raises(ValueError, match="loss at index 1: nan"):
        isoflop_minima([1e20] * 3, [1e8, 1e9, 1e10], [3.0, np.nan, 3.0])


def test_two_budgets_give_no_line():
    with pytest.raises(ValueError, match="at least three different computes"):
        fit_power_law([1e20, 1e21], [1e9, 3e9])
