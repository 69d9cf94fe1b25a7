"""The bootstrap of the loss law: every resample at its optimum, and the published intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import optimize

from analysis import public_datasets
from analysis.scaling_laws.bootstrap import bootstrap_intervals, bootstrap_loss_law
from analysis.scaling_laws.fitting import IdentificationWarning, fit_loss_law
from analysis.scaling_laws.laws import LossLaw
from analysis.uncertainty import resample_indices

LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
COEFFICIENTS = ["E", "A", "B", "alpha", "beta"]
SEED = 42


@pytest.fixture(scope="module")
def chinchilla(shared_datasets):
    """N, D and loss of the 240 points of the published fit."""
    points = public_datasets.chinchilla_points(shared_datasets / "chinchilla_svg_extracted.csv")
    kept = points[points["in_published_fit"]]
    return [kept[name].to_numpy() for name in ("parameters", "training_tokens", "loss")]


@pytest.fixture(scope="module")
def draws(chinchilla):
    """The full bootstrap of the published points."""
    return bootstrap_loss_law(*chinchilla, resamples=4000, seed=SEED)


@pytest.fixture(scope="module")
def small():
    """Sixty simulated runs."""
    generator = np.random.default_rng(0)
    n, d = 10 ** generator.uniform(7, 10, 60), 10 ** generator.uniform(9, 12, 60)
    return n, d, LAW.loss(n, d) * np.exp(0.01 * generator.standard_normal(60))


def scaled_objective(point, n, d, loss):
    """Summed Huber loss over delta, and its gradient: written apart from the code under test."""
    log_e, a, b, alpha, beta = point
    parts = np.stack([np.full_like(n, log_e), a - alpha * n, b - beta * d])
    predicted = np.logaddexp.reduce(parts, axis=0)
    residual, share = predicted - loss, np.exp(parts - predicted)
    slope = np.clip(residual / 1e-3, -1, 1)
    value = np.where(np.abs(slope) < 1, 500 * residual**2, np.abs(residual) - 5e-4).sum()
    e, by_n, by_d = share @ slope, slope * share[1], slope * share[2]
    return value, np.array([e[0], by_n.sum(), by_d.sum(), -by_n @ n, -by_d @ d])


def test_no_resample_is_worse_than_the_best_of_several_scipy_starts(chinchilla, draws):
    n, d, loss = (np.log(column) for column in chinchilla)
    n, d = n - n.mean(), d - d.mean()
    (indices,) = resample_indices(n.size, 4000, SEED)
    generator = np.random.default_rng(1)
    low, high = np.array([-1.0, -3.0, -3.0, 0.1, 0.1]), np.array([0.8, 1.0, 1.0, 1.0, 1.0])
    for row in range(0, 4000, 160):
        data = n[indices[row]], d[indices[row]], loss[indices[row]]
        for start in generator.uniform(low, high, (8, 5)):
            found = optimize.minimize(
                scaled_objective, start, args=data, jac=True, method="BFGS", options={"gtol": 1e-8}
            )
            assert draws["objective"][row] <= 1e-3 * found.fun * (1 + 1e-9), row


def test_every_resample_of_the_published_points_comes_to_rest(draws):
    assert draws["converged"].all()
    assert draws["identified"].all()


def test_the_objective_belongs_to_the_coefficients_and_the_documented_draws(chinchilla, draws):
    n, d, loss = chinchilla
    (indices,) = resample_indices(n.size, 4000, SEED)
    for row in (0, 1999, 3999):
        law, drawn = LossLaw(*draws.loc[row, COEFFICIENTS]), indices[row]
        size = np.abs(np.log(law.loss(n[drawn], d[drawn])) - np.log(loss[drawn]))
        huber = np.where(size <= 1e-3, 0.5 * size**2, 1e-3 * (size - 5e-4))
        assert draws["objective"][row] == pytest.approx(huber.sum(), rel=1e-10)
        assert draws["a"][row] == pytest.approx(law.parameter_exponent, rel=1e-14)


def test_intervals_agree_with_the_published_ones(draws, repo_root):
    text = (repo_root / "tests/reference/fitting.json").read_text(encoding="utf-8")
    published = json.loads(text)["bootstrap_intervals"]
    table = bootstrap_intervals(draws).set_index("quantity")
    for name in [*COEFFICIENTS, "a"]:
        low, high = published[name]
        slack = published["share_of_width"] * (high - low)
        assert table.loc[name, "low"] == pytest.approx(low, abs=slack), name
        assert table.loc[name, "high"] == pytest.approx(high, abs=slack), name


def test_tokens_per_parameter_interval_holds_the_ratio_of_the_fit(chinchilla, draws):
    row = bootstrap_intervals(draws, train_flop=(5.76e23,)).set_index("quantity").iloc[-1]
    central = fit_loss_law(*chinchilla).law.tokens_per_parameter(5.76e23)
    assert row.name == "tokens_per_parameter at 5.76e+23 FLOP"
    assert row["low"] < central < row["high"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_same_seed_gives_the_same_bits_however_many_processes(small, n_jobs):
    one = bootstrap_loss_law(*small, resamples=600, seed=5)
    other = bootstrap_loss_law(*small, resamples=600, seed=5, n_jobs=n_jobs)
    assert one.equals(other)
    assert not one.equals(bootstrap_loss_law(*small, resamples=600, seed=6))


def test_fewer_resamples_of_a_seed_are_the_first_of_more(small):
    few = bootstrap_loss_law(*small, resamples=100, seed=5)
    more = bootstrap_loss_law(*small, resamples=300, seed=5)
    np.testing.assert_allclose(few[COEFFICIENTS], more[COEFFICIENTS].head(100), rtol=1e-6)


def test_spread_of_least_squares_draws_is_the_standard_error(small):
    fit = fit_loss_law(*small, delta=np.inf)
    spread = bootstrap_loss_law(*small, resamples=1000, seed=1, delta=np.inf).std()
    for name in ("E", "alpha", "beta", "a"):
        assert spread[name] == pytest.approx(fit.standard_errors[name], rel=0.25), name


def test_absolute_deviations_come_to_rest_in_every_resample(small):
    draws = bootstrap_loss_law(*small, resamples=200, seed=1, delta=0)
    assert draws["converged"].mean() > 0.97


def test_resamples_that_lost_the_law_are_marked_and_refused_for_intervals():
    n = np.array([1e8, 1e9, 1e10, 1e8, 1e9, 1e10, 3e8])
    d = np.array([1e9, 1e10, 1e11, 1e11, 1e9, 3e10, 1e12])
    with pytest.warns(IdentificationWarning, match=r"of 200 resamples, \d+ leave the law open"):
        draws = bootstrap_loss_law(n, d, LAW.loss(n, d), resamples=200, seed=0)
    # Six or more different runs of seven: 7! / 7**7 + 7 * 6 * (7! / 2) / 7**7 = 13.5%.
    assert draws["identified"].mean() == pytest.approx(0.135, abs=0.08)
    with pytest.raises(ValueError, match=r"row \d+ is not identified"):
        bootstrap_intervals(draws)


@pytest.mark.parametrize("resamples", [0, 2.5])
def test_no_resamples_are_refused(small, resamples):
    with pytest.raises(ValueError, match=f"resamples: {resamples!r}"):
        bootstrap_loss_law(*small, resamples=resamples, seed=0)
