"""Conditioned scenarios against the closed form of a normal prior and a normal likelihood."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.demand.conditioning import (
    Reading,
    effective_scenarios,
    log_likelihood,
    resampled,
)


def test_the_kept_scenarios_have_the_posterior_of_the_closed_form() -> None:
    rng = np.random.default_rng(7)
    prior_sd, error, seen = 0.8, 0.4, np.exp(1.1)
    logs = rng.normal(0.0, prior_sd, 200_000)
    other = rng.normal(0.0, 1.0, logs.size)
    likelihood = log_likelihood({"level": np.exp(logs)}, {"level": Reading(seen, error)})
    rows = resampled(np.exp(likelihood - likelihood.max()), 50_000, 3)
    precision = 1 / prior_sd**2 + 1 / error**2
    assert logs[rows].mean() == pytest.approx(np.log(seen) / error**2 / precision, abs=0.01)
    assert logs[rows].std() == pytest.approx(precision**-0.5, rel=0.02)
    # What was not observed keeps its distribution.
    assert other[rows].std() == pytest.approx(1.0, rel=0.03)


def test_only_together_seen_inputs_become_correlated() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.normal(0, 1, (2, 200_000))
    weight = np.exp(log_likelihood({"sum": np.exp(a + b)}, {"sum": Reading(1.0, 0.3)}))
    rows = resampled(weight, 20_000, 1)
    expected = -1 / (1 + 0.3**2)
    assert np.corrcoef(a[rows], b[rows])[0, 1] == pytest.approx(expected, abs=0.03)


def test_each_scenario_is_drawn_as_often_as_its_weight_says() -> None:
    weights = np.array([0.0, 1.0, 2.5, 0.5, 6.0])
    counts = np.bincount(resampled(weights, 1001, 2), minlength=5)
    np.testing.assert_allclose(counts, 1001 * weights / weights.sum(), atol=1.0)
    assert counts[0] == 0
    assert np.array_equal(resampled(weights, 50, 9), resampled(weights, 50, 9))


def test_equal_weights_are_all_effective_and_one_is_one() -> None:
    assert effective_scenarios(np.ones(40)) == pytest.approx(40.0)
    assert effective_scenarios(np.eye(1, 40)[0]) == pytest.approx(1.0)


def test_what_makes_no_weight_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weights, row 1: -1.0"):
        resampled(np.array([1.0, -1.0]), 5, 1)
    with pytest.raises(ValueError, match="all are 0"):
        resampled(np.zeros(3), 5, 1)
    with pytest.raises(ValueError, match=r"\['moon'\]; accepted: level"):
        log_likelihood({"level": np.ones(3)}, {"moon": Reading(1.0, 0.1)})
    with pytest.raises(ValueError, match=r"log_error: 0\.0 is not accepted"):
        Reading(1.0, 0.0)
