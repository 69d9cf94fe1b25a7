"""Fits of the loss law: published optima, planted laws, and what must be refused."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from analysis import public_datasets
from analysis.scaling_laws.fitting import (
    IdentificationError,
    IdentificationWarning,
    fit_loss_law,
    profile_likelihood,
)
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.loss_points import loss_points
from analysis.scaling_laws.loss_surface import derivatives

COEFFICIENTS = ("E", "A", "B", "alpha", "beta")
LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)


@pytest.fixture(scope="module")
def reference(repo_root):
    """Reference numbers with origin and tolerance."""
    return json.loads((repo_root / "tests/reference/fitting.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def chinchilla(shared_datasets):
    """N, D and loss of the 240 points of the published fit."""
    points = public_datasets.chinchilla_points(shared_datasets / "chinchilla_svg_extracted.csv")
    kept = points[points["in_published_fit"]]
    return [kept[name].to_numpy() for name in ("parameters", "training_tokens", "loss")]


def grid(sizes=8, ratios=8, seed=0):
    """Runs over three decades of each axis, none on a common ray."""
    generator = np.random.default_rng(seed)
    n = np.repeat(np.geomspace(5e7, 5e10, sizes), ratios)
    d = np.tile(np.geomspace(1e9, 1e12, ratios), sizes) * generator.uniform(0.8, 1.25, n.size)
    return n, d


def noisy(law, n, d, sd, seed=1):
    """Losses of a law with normal error in the logarithm."""
    return law.loss(n, d) * np.exp(sd * np.random.default_rng(seed).standard_normal(n.size))


def values(law):
    """The five coefficients."""
    return np.array([getattr(law, name) for name in COEFFICIENTS])


def test_the_published_points_have_their_known_optimum(chinchilla, reference):
    known = reference["huber_refit"]
    fit = fit_loss_law(*chinchilla)
    assert fit.n_points == 240
    assert fit.converged
    assert fit.identified
    assert not fit.warnings
    expected = [known[name] for name in COEFFICIENTS]
    np.testing.assert_allclose(values(fit.law), expected, rtol=known["relative_tolerance"])
    tolerance = known["objective_relative_tolerance"]
    assert fit.objective == pytest.approx(known["objective_sum"], rel=tolerance)
    assert fit.mean_objective == pytest.approx(known["objective_sum"] / 240, rel=tolerance)
    assert fit.gradient_norm < 1e-6
    assert fit.starts_at_optimum == fit.starts


def test_the_printed_point_is_the_least_absolute_deviations_fit(chinchilla, reference):
    known = reference["printed_point"]
    expected = [known[name] for name in COEFFICIENTS]
    fit = fit_loss_law(*chinchilla, delta=0)
    np.testing.assert_allclose(values(fit.law), expected, rtol=known["relative_tolerance"])
    n, d, loss = chinchilla
    residual = np.abs(np.log(fit.law.loss(n, d)) - np.log(loss))
    assert fit.objective == pytest.approx(residual.sum(), rel=1e-9)
    # A corner: as many points are met exactly as there are coefficients.
    assert (residual < 1e-9).sum() == 5


def test_no_scipy_start_finds_a_lower_objective(chinchilla):
    n, d, loss = (np.log(column) for column in chinchilla)
    fit = fit_loss_law(*chinchilla)

    def scaled(point):
        log_e, a, b, alpha, beta = point
        by_n, by_d = a - alpha * (n - n.mean()), b - beta * (d - d.mean())
        residual = np.logaddexp(np.logaddexp(by_n, by_d), log_e) - loss
        size = np.abs(residual)
        return np.where(size <= 1e-3, 500 * size**2, size - 5e-4).sum()

    generator = np.random.default_rng(3)
    low, high = np.array([-1.0, -3.0, -3.0, 0.1, 0.1]), np.array([0.8, 1.0, 1.0, 1.0, 1.0])
    for start in generator.uniform(low, high, (8, 5)):
        found = optimize.minimize(scaled, start, method="BFGS", options={"gtol": 1e-7})
        assert found.fun * 1e-3 >= fit.objective * (1 - 1e-9)


def test_gradient_and_hessian_are_the_derivatives_of_the_objective():
    n, d = grid()
    surface = loss_points(n, d, noisy(LAW, n, d, 0.05))
    generator = np.random.default_rng(2)
    weights = generator.integers(0, 3, (4, n.size)).astype(float)
    theta = surface.coordinates(np.tile(values(LAW), (4, 1))) + generator.normal(0, 0.1, (4, 5))
    delta = np.full((4, 1), 0.03)
    _, gradient, hessian, _ = derivatives(surface, theta, weights, delta)
    for k, unit in enumerate(1e-6 * np.eye(5)):
        up, down = (derivatives(surface, theta + s * unit, weights, delta) for s in (1, -1))
        np.testing.assert_allclose((up[0] - down[0]) / 2e-6, gradient[:, k], atol=1e-7)
        np.testing.assert_allclose((up[1] - down[1]) / 2e-6, hessian[:, :, k], atol=1e-7)


@pytest.mark.parametrize("delta", [1e-3, 0.0, math.inf])
@pytest.mark.parametrize(
    "law",
    [
        LAW,
        LossLaw(E=0.1, A=5.0, B=8.0, alpha=0.2, beta=0.25),
        LossLaw(E=5.0, A=2e3, B=1e5, alpha=0.5, beta=0.6),
    ],
    ids=["usual", "low loss", "high loss"],
)
def test_a_law_without_noise_is_recovered(law, delta):
    n, d = grid()
    fit = fit_loss_law(n, d, law.loss(n, d), delta=delta)
    np.testing.assert_allclose(values(fit.law), values(law), rtol=1e-5)
    assert fit.converged
    assert fit.identified


def test_a_law_is_recovered_over_five_decades_within_its_standard_errors():
    generator = np.random.default_rng(4)
    n, d = 10 ** generator.uniform(6, 11, 1300), 10 ** generator.uniform(8, 13, 1300)
    fit = fit_loss_law(n, d, noisy(LAW, n, d, 0.01))
    for name in COEFFICIENTS:
        error = fit.standard_errors[name]
        assert abs(getattr(fit.law, name) - getattr(LAW, name)) < 4 * error, name
        assert getattr(LAW, name) in fit.interval(name, 0.9999)


def test_outliers_move_the_huber_fit_far_less_than_least_squares():
    n, d = grid()
    loss = noisy(LAW, n, d, 0.002)
    loss[::9] *= 1.3
    robust, squares = (fit_loss_law(n, d, loss, delta=delta).law for delta in (1e-3, math.inf))
    assert abs(robust.E - LAW.E) < 0.2 * abs(squares.E - LAW.E)


@settings(max_examples=12, deadline=None)
@given(by_n=st.floats(0.01, 100.0), by_d=st.floats(0.01, 100.0), by_loss=st.floats(0.2, 5.0))
def test_units_change_the_scales_only(by_n, by_d, by_loss):
    n, d = grid(6, 6)
    loss = noisy(LAW, n, d, 0.01)
    one, other = fit_loss_law(n, d, loss), fit_loss_law(by_n * n, by_d * d, by_loss * loss)
    expected = [
        one.law.E * by_loss,
        one.law.A * by_loss * by_n**one.law.alpha,
        one.law.B * by_loss * by_d**one.law.beta,
        one.law.alpha,
        one.law.beta,
    ]
    np.testing.assert_allclose(values(other.law), expected, rtol=1e-5)
    assert other.objective == pytest.approx(one.objective, rel=1e-8)


def test_the_order_of_the_runs_does_not_matter():
    n, d = grid()
    loss, order = noisy(LAW, n, d, 0.01), np.random.default_rng(0).permutation(n.size)
    one, other = fit_loss_law(n, d, loss), fit_loss_law(n[order], d[order], loss[order])
    np.testing.assert_allclose(values(one.law), values(other.law), rtol=1e-7)


def test_runs_without_a_floor_give_an_irreducible_loss_of_zero_and_say_so():
    n, d = grid()
    law = LossLaw(E=0.0, A=15.0, B=40.0, alpha=0.1, beta=0.12)
    loss = law.loss(n, d) - 0.15
    with pytest.warns(IdentificationWarning, match="the best E is 0"):
        fit = fit_loss_law(n, d, loss)
    assert fit.law.E == 0.0
    assert math.isfinite(fit.standard_errors["E"])


def test_standard_error_of_the_exponent_follows_from_the_covariance():
    n, d = grid()
    fit = fit_loss_law(n, d, noisy(LAW, n, d, 0.01), delta=math.inf)
    draws = np.random.default_rng(0).multivariate_normal(
        [fit.law.alpha, fit.law.beta], fit.covariance[3:, 3:], 200_000
    )
    spread = (draws[:, 1] / draws.sum(axis=1)).std()
    assert fit.standard_errors["a"] == pytest.approx(spread, rel=0.02)


def test_tokens_per_parameter_interval_has_the_law_at_its_centre():
    n, d = grid()
    fit = fit_loss_law(n, d, noisy(LAW, n, d, 0.01))
    found = fit.tokens_per_parameter(5.76e23)
    assert found.central == pytest.approx(fit.law.tokens_per_parameter(5.76e23))
    assert found.low < LAW.tokens_per_parameter(5.76e23) < found.high


@pytest.mark.parametrize("bad", [float("nan"), 0.0, -1.0, float("inf")])
@pytest.mark.parametrize("field", [0, 1, 2])
def test_a_number_that_cannot_be_is_refused_with_field_and_index(field, bad):
    n, d = grid()
    columns = [n, d, LAW.loss(n, d)]
    columns[field] = columns[field].copy()
    columns[field][7] = bad
    name = ("parameters", "tokens", "loss")[field]
    with pytest.raises(ValueError, match=f"{name} at index 7: {bad!r} is not accepted"):
        fit_loss_law(*columns)


def test_unequal_lengths_are_refused_with_the_shapes():
    n, d = grid()
    with pytest.raises(ValueError, match=r"\(64,\), \(63,\) and \(64,\)"):
        fit_loss_law(n, d[1:], LAW.loss(n, d))


@pytest.mark.parametrize("delta", [-1e-3, float("nan")])
def test_a_delta_below_zero_is_refused(delta):
    n, d = grid()
    with pytest.raises(ValueError, match=r"delta: .* accepted: at least 0"):
        fit_loss_law(n, d, LAW.loss(n, d), delta=delta)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n, d: (np.repeat(n[:5], 4), np.repeat(d[:5], 4)), "5 distinct runs"),
        (lambda n, d: (np.full_like(d, 1e9), d), r"1 distinct value\(s\) of parameters.*alpha"),
        (lambda n, d: (n, np.full_like(n, 2e10)), r"1 distinct value\(s\) of tokens.*beta"),
        (lambda n, d: (d / 20, d), "cannot be told apart; add runs off that ray"),
        (lambda n, d: (d**0.7, d), "cannot be told apart"),
    ],
    ids=["five runs", "one size", "one number of tokens", "ray", "bent ray"],
)
def test_a_design_that_cannot_pin_the_law_is_refused(make, message):
    n, d = make(*grid())
    with pytest.raises(IdentificationError, match=message):
        fit_loss_law(n, d, LAW.loss(n, d))


def test_a_design_that_hardly_pins_the_law_is_fitted_with_a_warning_that_names_coefficients():
    d = np.geomspace(1e9, 1e12, 30)
    n = d / 20 * np.exp(0.05 * np.random.default_rng(0).standard_normal(30))
    with pytest.warns(IdentificationWarning, match="leave .*alpha.* open"):
        fit = fit_loss_law(n, d, noisy(LAW, n, d, 0.01))
    assert not fit.identified
    assert {"A", "alpha"} <= set(fit.unidentified)


def test_six_runs_of_any_kind_give_numbers_or_infinity_but_never_nan():
    generator = np.random.default_rng(5)
    for delta in (0.0, 1e-3, math.inf):
        n, d = 10 ** generator.uniform(6, 11, 6), 10 ** generator.uniform(8, 13, 6)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IdentificationWarning)
            fit = fit_loss_law(n, d, noisy(LAW, n, d, 0.1), delta=delta)
        ends = [getattr(fit.interval("A"), side) for side in ("low", "high")]
        ratio = fit.tokens_per_parameter(1e23)
        everything = [*fit.standard_errors.values(), *ends, ratio.low, ratio.high]
        assert not np.isnan(everything).any()


def test_a_good_design_gives_no_warning():
    n, d = grid()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit_loss_law(n, d, noisy(LAW, n, d, 0.005)).identified


@pytest.mark.parametrize("parameter", ["alpha", "beta"])
def test_least_squares_profile_agrees_with_the_standard_error(parameter):
    n, d = grid()
    loss = noisy(LAW, n, d, 0.003)
    fit = fit_loss_law(n, d, loss, delta=math.inf)
    found = profile_likelihood(n, d, loss, parameter=parameter, delta=math.inf)
    assert found.bounded
    half = 0.5 * (found.high - found.low) / 1.96
    assert half == pytest.approx(fit.standard_errors[parameter], rel=0.25)
    assert found.estimate == pytest.approx(getattr(fit.law, parameter))


def test_the_profile_is_lowest_at_the_estimate_and_meets_the_threshold_at_its_ends(chinchilla):
    found = profile_likelihood(*chinchilla, parameter="alpha")
    lowest = found.profile.loc[found.profile["statistic"].idxmin(), "value"]
    step = found.profile["value"].diff().iloc[1]
    assert abs(lowest - found.estimate) <= step
    at_ends = np.interp([found.low, found.high], found.profile["value"], found.profile["statistic"])
    np.testing.assert_allclose(at_ends, found.threshold, rtol=0.05)
    assert found.threshold == pytest.approx(3.841459, rel=1e-6)


def test_a_profile_of_something_else_is_refused():
    n, d = grid()
    with pytest.raises(ValueError, match="parameter: 'gamma' has no profile; accepted: alpha"):
        profile_likelihood(n, d, LAW.loss(n, d), parameter="gamma")
