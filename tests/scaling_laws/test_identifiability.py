"""Which designs pin a law, and whether intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.scaling_laws.fitting import IdentificationError
from analysis.scaling_laws.identifiability import coverage_study, identify
from analysis.scaling_laws.laws import LossLaw

LAW = LossLaw(E=1.8172, A=477.8, B=2143.4, alpha=0.3473, beta=0.3672)
COMPUTE = np.geomspace(6e18, 3e21, 9)


def isoflop_grid(budgets=COMPUTE):
    """Nine sizes per budget, a fifth to five times the best."""
    n = (LAW.optimum(budgets).parameters[:, None] * np.geomspace(0.2, 5.0, 9)).ravel()
    return n, np.repeat(budgets, 9) / (6 * n)


@pytest.mark.parametrize("delta", [np.inf, 1e-3], ids=["least squares", "huber"])
def test_ninety_percent_sandwich_intervals_hold_the_truth_in_ninety_percent_of_studies(delta):
    table = coverage_study(
        LAW, isoflop_grid(), noise_sd=0.005, repetitions=1000, seed=3, level=0.9, delta=delta
    )
    assert table["coverage"].between(0.85, 0.95).all(), table


def test_ninety_percent_bootstrap_intervals_hold_the_truth_in_ninety_percent_of_studies():
    n, d = isoflop_grid()
    table = coverage_study(
        LAW,
        (np.repeat(n, 2), np.repeat(d, 2)),
        noise_sd=0.005,
        repetitions=120,
        seed=1,
        resamples=120,
    )
    found = table[table["method"] == "bootstrap"]
    # 120 studies tell a coverage to three points; the band is 85-95% and twice that.
    assert found["coverage"].between(0.80, 1.0).all(), found


def test_coverage_falls_where_it_should_when_the_noise_is_not_that_of_the_fit():
    wide = coverage_study(LAW, isoflop_grid(), noise_sd=0.005, repetitions=200, seed=0, level=0.9)
    half = coverage_study(LAW, isoflop_grid(), noise_sd=0.005, repetitions=200, seed=0, level=0.5)
    assert half["coverage"].mean() == pytest.approx(0.5, abs=0.08)
    assert (half["median_width"] < wide["median_width"]).all()


def test_the_same_seed_gives_the_same_study():
    one, other = (
        coverage_study(LAW, isoflop_grid(), noise_sd=0.01, repetitions=20, seed=9) for _ in range(2)
    )
    assert one.equals(other)


def test_predicted_standard_errors_are_the_spread_of_simulated_fits():
    n, d = isoflop_grid()
    predicted = identify(n, d, LAW, noise_sd=0.003).standard_errors
    table = coverage_study(LAW, (n, d), noise_sd=0.003, repetitions=300, seed=2)
    half = 1.665 * np.array([predicted[name] for name in ("E", "alpha", "beta")])
    found = table.set_index("quantity").loc[["E", "alpha", "beta"], "median_width"] / 2
    np.testing.assert_allclose(found, half, rtol=0.1)


def test_standard_errors_grow_with_the_noise():
    n, d = isoflop_grid()
    one, ten = (identify(n, d, LAW, noise_sd=sd).standard_errors for sd in (0.001, 0.01))
    assert all(ten[name] == pytest.approx(10 * one[name]) for name in one)


def test_designs_rank_as_they_should():
    n, d = isoflop_grid()
    grid = identify(n, d, LAW, noise_sd=0.005)
    decade = identify(*isoflop_grid(COMPUTE[:3]), LAW, noise_sd=0.005)
    budget = identify(*isoflop_grid(COMPUTE[4:5]), LAW, noise_sd=0.005)
    errors = [one.standard_errors["alpha"] for one in (grid, decade, budget)]
    assert errors[0] < 0.02 < errors[1] < 0.1 < 1.0 < errors[2]
    # One budget: C is constant, so N and D are one axis.
    assert budget.correlation == pytest.approx(-1.0)
    assert grid.condition_number < decade.condition_number < budget.condition_number


def test_a_ray_pins_neither_exponent_and_says_why():
    n = np.geomspace(1e8, 1e11, 40)
    found = identify(n, 20 * n, LAW)
    assert not found.identified
    assert "add runs off that ray" in found.reason
    assert found.weakest["ln A"] + found.weakest["ln B"] > 0.9
    with pytest.raises(IdentificationError, match="add runs off that ray"):
        coverage_study(LAW, (n, 20 * n), noise_sd=0.01, repetitions=5, seed=0)


def test_one_size_leaves_the_floor_and_the_size_term_open():
    d = np.geomspace(1e9, 1e12, 20)
    found = identify(np.full(20, 1e9), d, LAW)
    assert "E, A and alpha open" in found.reason
    assert found.standard_errors["alpha"] == np.inf


def test_a_bad_noise_is_refused():
    with pytest.raises(ValueError, match=r"noise_sd: -0.1 is not accepted"):
        identify(*isoflop_grid(), LAW, noise_sd=-0.1)
