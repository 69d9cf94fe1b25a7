"""Laws for repeated data and for over-training: closed forms, planted constants, real runs."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis.scaling_laws.data_constrained import (
    DataConstrainedLaw,
    effective_tokens,
    fit_data_constrained,
)
from analysis.scaling_laws.fitting import IdentificationWarning
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.over_training import OverTrainingLaw, fit_over_training

BASE = LossLaw(E=1.9, A=520.0, B=1500.0, alpha=0.35, beta=0.36)


@pytest.fixture(scope="module")
def reference(repo_root):
    """Reference numbers with origin and tolerance."""
    return json.loads((repo_root / "tests/reference/fitting.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def repeated():
    """Runs of up to 64 epochs on three amounts of unique data."""
    n, unique, epochs = np.meshgrid(
        np.geomspace(1e8, 1e10, 5), [1e9, 5e9, 2e10], [1.0, 2.0, 4.0, 16.0, 64.0]
    )
    return n.ravel(), (unique * epochs).ravel(), unique.ravel()


def test_data_seen_once_are_worth_themselves():
    assert effective_tokens(3e9, 3e9, 15.0) == pytest.approx(3e9)
    assert effective_tokens(1e9, 3e9, 15.0) == pytest.approx(1e9)


def test_repetition_is_worth_at_most_one_plus_the_constant_passes():
    assert effective_tokens(1e15, 1e9, 15.0) == pytest.approx(16e9)


def test_the_first_repetitions_are_worth_almost_fresh_data():
    # One repetition with R* = 10: 1 + 10 (1 - exp(-0.1)) passes.
    assert effective_tokens(2e9, 1e9, 10.0) == pytest.approx(1e9 * (11 - 10 * math.exp(-0.1)))


def test_without_repetition_and_excess_parameters_the_law_is_the_base_law():
    law = DataConstrainedLaw(BASE, 15.0, 5.0)
    n = law.parameters_for(1e11)
    assert law.loss(n, 1e11, 1e11) == pytest.approx(BASE.loss(n, 1e11))


def test_parameters_called_for_are_compute_optimal_for_the_unique_tokens():
    best = BASE.optimum(1e22)
    law = DataConstrainedLaw(BASE, 15.0, 5.0)
    assert law.parameters_for(best.tokens) == pytest.approx(float(best.parameters))


def test_planted_constants_are_recovered_with_the_base_law_given(repeated):
    law = DataConstrainedLaw(BASE, 15.0, 5.0)
    fit = fit_data_constrained(*repeated, law.loss(*repeated), start=BASE)
    assert (fit.law.R_D_star, fit.law.R_N_star) == pytest.approx((15.0, 5.0), rel=1e-4)
    assert fit.converged
    assert fit.residual_spread < 1e-6


def test_planted_constants_are_recovered_together_with_the_base_law(repeated):
    law = DataConstrainedLaw(BASE, 15.0, 5.0)
    error = 0.002 * np.random.default_rng(0).standard_normal(repeated[0].size)
    start = LossLaw(E=2.0, A=400.0, B=2000.0, alpha=0.33, beta=0.38)
    loss = law.loss(*repeated) * np.exp(error)
    fit = fit_data_constrained(*repeated, loss, start=start, fit_base=True)
    assert abs(math.log(fit.law.R_D_star / 15)) < 4 * fit.standard_errors["ln R_D_star"]
    assert abs(math.log(fit.law.R_N_star / 5)) < 4 * fit.standard_errors["ln R_N_star"]
    assert fit.law.base.alpha == pytest.approx(BASE.alpha, abs=0.03)


def test_the_released_runs_agree_loosely_with_the_published_constants(shared_datasets, reference):
    known = reference["repetition"]
    runs = pd.read_csv(shared_datasets / "datablations_runs.csv")
    runs = runs[runs["used_in_published_fit_selection"] == 1]
    columns = [runs[name] for name in ("params", "tokens", "unique_tokens", "loss")]
    published = [known[name] for name in ("E", "A", "B", "alpha", "beta")]
    fit = fit_data_constrained(*columns, start=LossLaw(*published), fit_base=True)
    assert fit.converged
    assert not fit.unidentified
    for name in ("R_D_star", "R_N_star"):
        distance = abs(math.log(getattr(fit.law, name) / known[name]))
        limit = known["within_standard_errors"] * fit.standard_errors[f"ln {name}"]
        assert distance < limit, name


def test_runs_that_hardly_repeat_leave_the_constant_open_with_a_warning(repeated):
    n, d, unique = repeated
    few = d <= 2 * unique
    loss = BASE.loss(n, d) * np.exp(0.01 * np.random.default_rng(0).standard_normal(n.size))
    with pytest.warns(IdentificationWarning, match="R_D_star.* open"):
        fit_data_constrained(n[few], d[few], unique[few], loss[few], start=BASE)


def test_runs_without_repetition_are_refused(repeated):
    n, d, _ = repeated
    with pytest.raises(ValueError, match="0 of them with repeated data"):
        fit_data_constrained(n, d, d, BASE.loss(n, d), start=BASE)


def test_over_training_is_the_loss_law_with_equal_exponents():
    law = OverTrainingLaw(E=1.5, a=60.0, b=90.0, eta=0.12)
    n, d = np.array([1e8, 1e9, 1e10]), np.array([1e10, 1e11, 3e10])
    np.testing.assert_allclose(law.loss(6 * n * d, d / n), law.loss_law.loss(n, d), rtol=1e-13)
    best = law.loss_law.tokens_per_parameter(1e21)
    assert law.best_tokens_per_parameter == pytest.approx(float(best))


def test_the_published_over_training_surface_is_recovered(reference):
    known = reference["gadre_c4"]
    surface = LossLaw(known["E"], known["A"], known["B"], known["alpha"], known["alpha"])
    ratio, compute = (
        g.ravel() for g in np.meshgrid([5.0, 20.0, 80.0], np.geomspace(1e18, 1e21, 5))
    )
    n = np.sqrt(compute / (6 * ratio))
    fit = fit_over_training(compute, ratio, surface.loss(n, ratio * n))
    assert fit.converged
    assert fit.law.eta == pytest.approx(known["alpha"] / 2, rel=1e-4)
    assert pytest.approx(known["A"], rel=1e-2) == fit.law.loss_law.A
    assert pytest.approx(known["E"], rel=1e-3) == fit.law.E


def test_one_token_multiplier_cannot_pin_an_over_training_law():
    with pytest.raises(ValueError, match=r"1 token multiplier\(s\) cannot pin"):
        fit_over_training(np.geomspace(1e18, 1e21, 6), np.full(6, 20.0), np.linspace(4, 3, 6))
