"""What the closed forms of a loss law promise."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from analysis.scaling_laws.laws import Frontier, LossLaw

LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
laws = st.builds(
    LossLaw,
    E=st.floats(0, 4),
    A=st.floats(1, 1e4),
    B=st.floats(1, 1e6),
    alpha=st.floats(0.1, 0.9),
    beta=st.floats(0.1, 0.9),
)
budgets = st.floats(15, 30).map(lambda exponent: 10.0**exponent)


@settings(max_examples=40, deadline=None)
@given(laws, budgets)
def test_no_other_size_beats_the_optimum(law: LossLaw, train_flop: float) -> None:
    best = law.optimum(train_flop)
    centre = np.log(best.parameters)
    found = minimize_scalar(
        lambda log_n: law.reducible_loss(np.exp(log_n), train_flop / (6 * np.exp(log_n))),
        bounds=(centre - 3, centre + 3),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found.x == pytest.approx(centre, abs=1e-4)
    assert best.loss == pytest.approx(law.E + found.fun, rel=1e-10)


@settings(max_examples=40, deadline=None)
@given(laws, budgets)
def test_optimum_spends_the_budget_and_sits_on_the_frontier(
    law: LossLaw, train_flop: float
) -> None:
    best = law.optimum(train_flop)
    assert 6 * best.parameters * best.tokens == pytest.approx(train_flop, rel=1e-10)
    assert law.loss(best.parameters, best.tokens) == pytest.approx(best.loss, rel=1e-10)
    assert law.isoflop(train_flop, best.parameters) == pytest.approx(best.loss, rel=1e-10)


def test_equal_exponents_give_a_constant_ratio_of_tokens_to_parameters() -> None:
    law = LossLaw(E=1.8, A=400.0, B=1600.0, alpha=0.5, beta=0.5)
    # D / N = (B / A)**(1 / alpha) at every compute where alpha = beta.
    np.testing.assert_allclose(law.tokens_per_parameter([1e18, 1e22, 1e28]), 16.0)


def test_exponents_are_those_of_the_paper() -> None:
    assert LAW.parameter_exponent == pytest.approx(0.37 / 0.72)
    assert LAW.token_exponent == pytest.approx(0.35 / 0.72)
    assert LAW.frontier_exponent == pytest.approx(0.35 * 0.37 / 0.72)


def test_marginal_return_is_the_slope_of_the_frontier() -> None:
    compute, step = np.array([1e19, 1e23, 1e27]), 1e-5
    rise = LAW.frontier_loss(compute * np.exp(step)) - LAW.frontier_loss(compute * np.exp(-step))
    np.testing.assert_allclose(LAW.marginal_return(compute), rise / (2 * step), rtol=1e-6)


def test_compute_for_a_loss_inverts_the_frontier() -> None:
    compute = np.array([1e19, 1e23, 1e27])
    np.testing.assert_allclose(LAW.flop_for_loss(LAW.frontier_loss(compute)), compute, rtol=1e-9)


def test_a_loss_no_compute_reaches_is_refused_with_the_limit() -> None:
    with pytest.raises(ValueError, match=r"target_loss: 1\.8 is out of reach.*E = 1\.8"):
        LAW.flop_for_loss([2.0, 1.8])


def test_penalty_is_one_at_the_optimum_and_grows_away_from_it() -> None:
    best = LAW.tokens_per_parameter(1e24)
    ratios = best * np.array([1 / 100, 1 / 10, 1, 10, 100])
    penalty = LAW.compute_penalty(1e24, ratios)
    assert penalty[2] == pytest.approx(1.0, abs=1e-9)
    assert (np.diff(penalty[:3]) < 0).all()
    assert (np.diff(penalty[2:]) > 0).all()


def test_penalised_compute_reaches_the_same_loss() -> None:
    ratio, spent = 300.0, 1e24
    parameters = (spent / (6 * ratio)) ** 0.5
    needed = spent / LAW.compute_penalty(spent, ratio)
    assert LAW.frontier_loss(needed) == pytest.approx(LAW.loss(parameters, ratio * parameters))


def test_arrays_broadcast_and_integers_are_taken() -> None:
    grid = LAW.loss(np.array([[10**8], [10**9]]), np.array([10**10, 10**11, 10**12]))
    assert grid.shape == (2, 3)
    assert (np.diff(grid, axis=0) < 0).all()
    assert (np.diff(grid, axis=1) < 0).all()


@pytest.mark.parametrize(
    ("coefficient", "value"), [("A", 0.0), ("B", -1.0), ("alpha", float("nan")), ("E", -0.1)]
)
def test_a_coefficient_out_of_range_is_refused_by_name(coefficient: str, value: float) -> None:
    good = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}
    with pytest.raises(ValueError, match=f"LossLaw coefficient {coefficient}: {value!r}"):
        LossLaw(**{**good, coefficient: value})


def test_a_bad_compute_is_named_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"train_flop at index 1: -1\.0 is not accepted"):
        LAW.optimum([1e20, -1.0])
    with pytest.raises(ValueError, match=r"tokens at index \(0, 1\): nan"):
        LAW.loss(1e9, [[1e10, np.nan]])


def test_a_power_law_without_irreducible_loss_is_a_frontier() -> None:
    frontier = Frontier(E=0.0, K=100.0, gamma=0.05)
    assert frontier.loss(10.0) / frontier.loss(1.0) == pytest.approx(10**-0.05)


def browser_text(formula: Any) -> str:
    found = formula.to_dict()
    return found["expr"] if isinstance(found, dict) else str(found)


def test_the_expression_for_the_browser_is_the_same_formula() -> None:
    log10_compute = alt.param(name="log10_compute", value=24)
    compute = 10**log10_compute
    text = {
        "loss": LAW.frontier_loss(compute, xp=alt.expr),
        "parameters": LAW.optimum(compute, xp=alt.expr).parameters,
        "penalty": LAW.compute_penalty(compute, 200.0, xp=alt.expr),
    }
    names = {"pow": np.power, "log": np.log, "exp": np.exp, "log10_compute": 24.0}
    evaluated = {name: eval(browser_text(formula), names) for name, formula in text.items()}
    assert evaluated["loss"] == pytest.approx(LAW.frontier_loss(1e24))
    assert evaluated["parameters"] == pytest.approx(LAW.optimum(1e24).parameters)
    assert evaluated["penalty"] == pytest.approx(LAW.compute_penalty(1e24, 200.0))
