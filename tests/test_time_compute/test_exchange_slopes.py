"""Exchange slopes with a known truth, and what an imperfect verifier leaves of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.test_time_compute.coverage_laws import shrunk_rates
from analysis.test_time_compute.derive_exchange import (
    SCOPES,
    exchange_slope_table,
    iso_coverage_table,
)
from analysis.test_time_compute.exchange_slopes import (
    DIRECTIONS,
    exchange_slopes,
    fit_response_surface,
    local_slopes,
    problem_rates,
    verified_curves,
    verifier_reach,
)
from analysis.test_time_compute.iso_coverage import (
    ProblemCurves,
    iso_coverage_points,
    problem_curves,
    samples_for_coverage,
)
from analysis.uncertainty import resample_indices

SIZES = np.array([1e8, 1e9, 1e10])
TOKENS = np.array([1e10, 1e11, 1e12])
#: Samples needed fall as N**-U and D**-V.
U, V = 0.6, 0.4


def grid() -> pd.DataFrame:
    rows = [(f"{n:g}-{d:g}", n, d) for n, d in itertools.product(SIZES, TOKENS)]
    return pd.DataFrame(rows, columns=["checkpoint", "params", "train_tokens"])


def hazard(table: pd.DataFrame, u: float = U, v: float = V) -> np.ndarray:
    """Scale of the success rates: samples needed go as its inverse, whatever the problems are."""
    size, tokens = (table[name].to_numpy() for name in ("params", "train_tokens"))
    return 0.02 * (size / 1e9) ** u * (tokens / 1e11) ** v


def exact_curves(scale: np.ndarray, table: pd.DataFrame, seed: int = 1) -> ProblemCurves:
    """Curves of problems with success rate 1 - exp(-h_i scale), with no sampling at all."""
    h = np.random.default_rng(seed).gamma(0.5, 2.0, 50)
    axis = np.linspace(0.0, 6.0, 4001)
    solved = tuple(-np.expm1(-h[:, None] * s * 10.0**axis) for s in scale)
    return ProblemCurves(table, np.arange(50), (axis,) * len(table), solved)


def drawn_counts(table: pd.DataFrame, problems: int, samples: int, seed: int) -> pd.DataFrame:
    """Counts of problems whose difficulty is drawn for each checkpoint from one distribution."""
    rng = np.random.default_rng(seed)
    shared = rng.gamma(0.5, 2.0, problems)
    h = shared * rng.gamma(4.0, 0.25, (len(table), problems))
    right = rng.binomial(samples, -np.expm1(-h * hazard(table)[:, None]))
    return pd.concat(
        [
            pd.DataFrame(
                {
                    **row,
                    "problem_idx": np.arange(problems),
                    "num_samples": samples,
                    "num_correct": right[number],
                }
            )
            for number, row in enumerate(table.to_dict("records"))
        ],
        ignore_index=True,
    )


def test_planted_slopes_are_given_back_in_every_direction() -> None:
    table = grid()
    curves = exact_curves(hazard(table), table)
    found = exchange_slopes(curves, [0.3, 0.5], resamples=20, seed=0)
    truth = {
        "within size": V,
        "across sizes": U - 1,
        "surface, training tokens": V,
        "surface, parameters": U - 1,
        # A larger model costs more FLOP at equal coverage, so the smallest alone is efficient.
        "frontier": V,
    }
    for row in found.itertuples():
        assert row.status == "estimated"
        assert row.slope == pytest.approx(truth[row.direction], abs=1e-3)
        assert row.low == pytest.approx(row.high, abs=2e-3)
        assert row.not_reached == 0
    used = found[found["target"] == 0.3].set_index("direction")["checkpoints"]
    assert used[list(DIRECTIONS)].tolist() == [9, 3, 3, 9, 9]


@pytest.mark.parametrize(("u", "v", "climb"), [(0.6, 0.4, [0.4] * 2), (1.3, 0.1, [0.3] * 2)])
def test_the_frontier_climbs_first_where_more_is_saved(
    u: float, v: float, climb: list[float]
) -> None:
    # Training costs in units of the cheapest: 1, 20, 500 (small), 10 to 5000, 100 to 50,000.
    rows = [(f"{n}-{d}", n, d) for n, d in itertools.product(SIZES, [1e10, 2e11, 5e12])]
    table = pd.DataFrame(rows, columns=["checkpoint", "params", "train_tokens"])
    curves = exact_curves(hazard(table, u, v), table)
    needed = curves.log10_samples_needed(0.4, np.full((1, 50), 1 / 50))[0]
    train = np.log10(table["params"] * table["train_tokens"]).to_numpy()
    inference = np.log10(table["params"]).to_numpy() + needed
    order = np.argsort(train)
    best = [i for n, i in enumerate(order) if (inference[order[:n]] > inference[i]).all()]
    start = -np.diff(inference[best])[:2] / np.diff(train[best])[:2]
    assert start == pytest.approx(climb, abs=2e-3)
    found = exchange_slopes(curves, [0.4], resamples=2, seed=0).set_index("direction")
    slope = -np.polyfit(train[best], inference[best], 1)[0]
    assert found.loc["frontier", "slope"] == pytest.approx(slope, abs=1e-9)
    assert found.loc["frontier", "checkpoints"] == len(best)


def test_the_interval_covers_planted_slopes_as_often_as_it_says() -> None:
    table, runs = grid(), 100
    truth = {"within size": V, "across sizes": U - 1, "surface, parameters": U - 1}
    hits = dict.fromkeys(truth, 0)
    centre = dict.fromkeys(truth, 0.0)
    for run in range(runs):
        curves = problem_curves(drawn_counts(table, 80, 1500, seed=run))
        found = exchange_slopes(curves, [0.4], resamples=150, seed=run, level=0.9)
        found = found.set_index("direction")
        for name, slope in truth.items():
            hits[name] += found.loc[name, "low"] <= slope <= found.loc[name, "high"]
            centre[name] += found.loc[name, "slope"] / runs
    for name, slope in truth.items():
        assert 0.82 <= hits[name] / runs <= 0.96, name
        assert centre[name] == pytest.approx(slope, abs=0.02)


def test_resamples_are_those_of_a_naive_loop_over_tables() -> None:
    table = grid()
    counts = drawn_counts(table, 25, 2000, seed=5)
    found = exchange_slopes(problem_curves(counts), [0.3], resamples=12, seed=9, level=0.5)
    within = found.set_index("direction").loc["within size"]
    (drawn,) = resample_indices(25, 12, 9)
    slopes = []
    for indices in [np.arange(25), *drawn]:
        points = []
        for (size, tokens), rows in counts.groupby(["params", "train_tokens"]):
            right, total = (
                rows[name].to_numpy()[indices] for name in ("num_correct", "num_samples")
            )
            k = samples_for_coverage(right, total, 0.3)["k"].item()
            points.append((size, 6 * size * tokens, 2 * size * k))
        size, train, inference = np.array(points).T
        kept = np.isfinite(inference)
        dummies = (size[:, None] == SIZES).astype(float)
        design = np.column_stack([np.log10(train), dummies])[kept]
        slopes.append(-np.linalg.lstsq(design, np.log10(inference[kept]))[0][0])
    assert within["slope"] == pytest.approx(slopes[0], abs=1e-3)
    low, high = np.quantile(slopes[1:], [0.25, 0.75])
    assert (within["low"], within["high"]) == pytest.approx((low, high), abs=2e-3)


def test_a_slope_without_checkpoints_is_blank_and_says_why() -> None:
    table = grid()
    curves = exact_curves(hazard(table), table).keep(smallest_params=1e10)
    found = exchange_slopes(curves, [0.3], resamples=5, seed=0).set_index("direction")
    assert found.loc["within size", "status"] == "estimated"
    for name in ("across sizes", "surface, parameters", "surface, training tokens"):
        assert found.loc[name, "status"] == "too_few_checkpoints"
        assert found.loc[name, ["slope", "low", "high"]].isna().all()


def test_a_surface_gives_back_its_coefficients_and_its_exchange() -> None:
    size, tokens = (values.ravel() for values in np.meshgrid(np.geomspace(1e8, 1e10, 5), TOKENS))
    x, y = np.log10(size), np.log10(tokens)
    flat = fit_response_surface(size, tokens, 10 ** (12 - 0.6 * x - 0.4 * y))
    assert flat.coefficients == pytest.approx((12, -0.6, -0.4))
    assert flat.tokens_exchange(1e9, 1e11) == pytest.approx(0.4)
    assert flat.parameters_exchange(1e9, 1e11) == pytest.approx(-0.4)
    needed = 30 - 2 * x - 1.5 * y + 0.05 * x**2 + 0.03 * y**2 + 0.02 * x * y
    bent = fit_response_surface(size, tokens, 10**needed, curvature=True)
    assert bent.rms_error < 1e-9
    h = 1e-4
    by_tokens = bent.log10_samples(1e9, 1e11 * 10**h) - bent.log10_samples(1e9, 1e11 * 10**-h)
    by_size = bent.log10_samples(1e9 * 10**h, 1e11) - bent.log10_samples(1e9 * 10**-h, 1e11)
    assert bent.tokens_exchange(1e9, 1e11) == pytest.approx(-by_tokens / (2 * h), abs=1e-6)
    assert bent.parameters_exchange(1e9, 1e11) == pytest.approx(-1 - by_size / (2 * h), abs=1e-6)
    with pytest.raises(ValueError, match="do not determine 6 coefficients"):
        fit_response_surface(size[:5], tokens[:5], size[:5], curvature=True)


def test_local_slopes_are_those_between_neighbours() -> None:
    counts = drawn_counts(grid(), 200, 20_000, seed=2)
    points = iso_coverage_points(counts, [0.4], tokens_per_sample=100)
    slopes = local_slopes(points)
    within = slopes[slopes["direction"] == "within size"]
    assert len(within) == 6
    assert within["slope"].mean() == pytest.approx(V, abs=0.1)
    one = points[points["params"] == 1e8].sort_values("train_flop")
    step = np.diff(np.log10(one["k"].to_numpy())) / np.diff(np.log10(one["train_tokens"]))
    np.testing.assert_allclose(within.loc[within["params"] == 1e8, "slope"], -step)
    with pytest.raises(ValueError, match="no measured row"):
        local_slopes(points.assign(basis="extrapolated"))


def test_shrunk_rates_lie_between_the_count_and_the_others() -> None:
    rng = np.random.default_rng(3)
    rate = rng.beta(0.5, 20.0, 3000)
    right = rng.binomial(50, rate)
    shrunk = shrunk_rates(right, np.full(3000, 50))
    assert np.mean((shrunk - rate) ** 2) < np.mean((right / 50 - rate) ** 2)
    assert (shrunk > 0).all()
    np.testing.assert_array_equal(shrunk_rates([0, 0], [10, 20]), [0.0, 0.0])


def test_a_verifier_that_lets_wrong_answers_through_is_that_of_a_simulation() -> None:
    table = grid().iloc[[4]]
    counts = drawn_counts(table, 30, 400, seed=4)
    measured = problem_curves(counts)
    (rate,) = rates = problem_rates(counts, measured)
    curves = verified_curves(measured, rates, 0.05)
    rng = np.random.default_rng(0)
    k, runs = 21, 20_000
    correct = np.zeros(30)
    for problem, p in enumerate(rate):
        right = rng.random((runs, k)) < p
        accepted = right | (rng.random((runs, k)) < 0.05)
        first = accepted.argmax(axis=1)
        correct[problem] = np.mean(right[np.arange(runs), first] & accepted.any(axis=1))
    at = np.argmin(np.abs(curves.log10_samples[0] - np.log10(k)))
    assert round(10 ** curves.log10_samples[0][at]) == k
    np.testing.assert_allclose(curves.solved[0][:, at], correct, atol=0.015)


def test_a_perfect_verifier_needs_about_the_samples_of_coverage() -> None:
    counts = drawn_counts(grid(), 100, 5000, seed=6)
    even = np.full((1, 100), 0.01)
    measured = problem_curves(counts)
    oracle = measured.log10_samples_needed(0.3, even)
    verified = verified_curves(measured, problem_rates(counts, measured), 0.0)
    shrunk = verified.log10_samples_needed(0.3, even)
    np.testing.assert_allclose(shrunk, oracle, atol=0.05)


def test_fewer_checkpoints_reach_a_target_the_more_the_verifier_lets_through() -> None:
    counts = drawn_counts(grid(), 60, 3000, seed=7)
    measured = problem_curves(counts)
    rates = problem_rates(counts, measured)
    reach = verifier_reach(measured, rates, [0.2, 0.4], [0.0, 0.001, 0.01, 0.05, 1.0])
    for _, rows in reach.groupby("target"):
        assert rows["reach_at_all"].is_monotonic_decreasing
        assert (rows["reach_with_samples_drawn"] <= rows["reach_at_all"]).all()
    assert reach["reach_at_all"].iloc[:2].tolist() == [9, 9]
    # A verifier that accepts everything leaves the accuracy of one sample.
    rate = counts.assign(rate=counts["num_correct"] / counts["num_samples"])
    single = rate.groupby("checkpoint")["rate"].mean()
    blind = reach[reach["false_positive_rate"] == 1.0].set_index("target")["reach_at_all"]
    assert blind.to_dict() == {t: int((single >= t).sum()) for t in (0.2, 0.4)}


def test_measured_exchange_of_public_checkpoints(shared_datasets: Path) -> None:
    counts = pd.read_csv(shared_datasets / "pythia_checkpoints_math_counts.csv")
    curves = problem_curves(counts)
    assert curves.left_out == ("Pythia_12B_2M",)
    points = iso_coverage_points(counts, [0.2, 0.3], tokens_per_sample=1)
    frontier = points.loc[points["frontier"], ["target", "checkpoint"]]
    assert frontier["checkpoint"].tolist() == ["Pythia_160M_20B"] * 2
    kept = curves.keep(smallest_params=1e9, fewest_tokens=2e10)
    found = exchange_slopes(kept, [0.2, 0.3], resamples=200, seed=1)
    assert (found["not_reached"] == 0).all()
    slopes = found.set_index(["direction", "target"])
    assert slopes.loc["within size", "low"].gt(0.1).all()
    assert slopes.loc["within size", "high"].lt(0.5).all()
    assert slopes.loc["across sizes", "high"].lt(0).all()


def test_tables_hold_what_the_functions_say_for_every_target_verifier_and_scope() -> None:
    counts = drawn_counts(grid(), 40, 2000, seed=8)
    needed = iso_coverage_table(counts, 1, targets=(0.3, 0.6), resamples=200)
    assert len(needed) == 2 * needed["checkpoint"].nunique()
    reached = needed[needed["reached"]]
    assert ((reached["low_90"] < reached["samples_needed"]) & reached["low_90"].ge(1)).all()
    assert (reached["samples_needed"] < reached["high_90"]).all()
    assert (needed["samples_needed"] == np.inf).eq(~needed["reached"]).all()
    assert needed.notna().all(axis=None)
    slopes = exchange_slope_table(
        counts, 1, targets=(0.3,), false_positive_rates=(0.0, 0.01), resamples=50
    )
    assert len(slopes) == 3 * len(SCOPES) * len(DIRECTIONS)
    one = exchange_slopes(problem_curves(counts), [0.3], resamples=50, seed=1)
    first = slopes.query("rates == 'counts' and scope == 'all checkpoints'")
    np.testing.assert_array_equal(first["slope"].to_numpy(), one["slope"].to_numpy())
    assert slopes["slope"].notna().eq(slopes["status"] != "too_few_checkpoints").all()
    assert slopes["reach_at_all"].notna().eq(slopes["rates"] == "shrunk").all()


def test_levels_and_rates_that_cannot_be_are_refused() -> None:
    table = grid()
    curves = exact_curves(hazard(table), table)
    with pytest.raises(ValueError, match="level"):
        exchange_slopes(curves, [0.3], resamples=5, seed=0, level=1.0)
    with pytest.raises(ValueError, match="target"):
        exchange_slopes(curves, [1.3], resamples=5, seed=0)
    with pytest.raises(ValueError, match="resamples"):
        exchange_slopes(curves, [0.3], resamples=0, seed=0)
    with pytest.raises(ValueError, match="false_positive_rate"):
        verifier_reach(curves, (np.full(50, 0.1),) * 9, [0.3], [-0.1])
