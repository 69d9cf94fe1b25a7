"""Draws against their distributions, and chunks that give the same bits wherever they run."""

from __future__ import annotations

import os
import tracemalloc

import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from scipy import special, stats

from analysis.assumptions import DISTRIBUTIONS, Assumption
from analysis.demand.sampling import (
    InputSampler,
    by_columns,
    correlation_factor,
    draw_inputs,
    interval_by_year,
    simulate,
    value_at_score,
)
from analysis.sensitivity import sobol_indices

YEARS = np.arange(2019.0, 2031.0)


def assumption(name, low=1.0, central=2.0, high=5.0, distribution="lognormal"):
    return Assumption(name, name, "1", low, central, high, distribution, "a test", "demand")


ONE_OF_EACH = [assumption(shape, distribution=shape) for shape in DISTRIBUTIONS]
PAIRS = {("normal", "uniform"): 0.7, ("lognormal", "normal"): -0.4}


def local_functions():
    # Defined inside, so that they travel by value to processes that cannot import this file.
    def grow(inputs):
        exponent = (YEARS - 2025.5) * np.log(inputs["lognormal"])
        return {
            "use": inputs["uniform"] * np.exp(exponent / 5),
            "level": inputs["normal"].ravel() + inputs["triangular"].ravel(),
        }

    def process(inputs):
        return {"process": np.full(len(inputs["normal"]), os.getpid())}

    return grow, process


grow, process = local_functions()


@pytest.mark.parametrize("shape", DISTRIBUTIONS)
def test_the_value_at_a_normal_score_is_the_quantile_of_its_probability(shape):
    scores = np.linspace(-6, 6, 241)
    given = assumption("x", distribution=shape)
    expected = given.quantile(special.ndtr(scores))
    np.testing.assert_allclose(value_at_score(given, scores), expected, rtol=1e-8, atol=1e-8)
    ends = value_at_score(given, special.ndtri([0.05, 0.5, 0.95]))
    np.testing.assert_allclose(ends, [1.0, 2.0, 5.0], rtol=1e-12)


@pytest.mark.parametrize("correlations", [{}, PAIRS])
def test_draws_have_the_distribution_of_the_quantile_function(correlations):
    drawn = draw_inputs(ONE_OF_EACH, 40_000, 1, correlations=correlations)
    assert list(drawn) == list(DISTRIBUTIONS)
    even = (np.arange(40_000) + 0.5) / 40_000
    for given in ONE_OF_EACH:
        assert drawn[given.id].shape == (40_000, 1)
        apart = stats.ks_2samp(drawn[given.id].ravel(), given.quantile(even))
        assert apart.pvalue > 1e-3, given.id


def test_rank_correlations_are_those_of_the_gaussian_copula_and_the_rest_are_nil():
    drawn = draw_inputs(ONE_OF_EACH, 40_000, 2, correlations=PAIRS)
    found = stats.spearmanr(np.hstack(list(drawn.values()))).statistic
    expected = np.eye(5)
    for (one, other), rho in PAIRS.items():
        i, j = DISTRIBUTIONS.index(one), DISTRIBUTIONS.index(other)
        expected[i, j] = expected[j, i] = 6 / np.pi * np.arcsin(rho / 2)
    np.testing.assert_allclose(found, expected, atol=4 / np.sqrt(40_000))


def test_the_root_of_correlations_gives_them_back():
    root = correlation_factor(["a", "b", "c"], {("c", "a"): 0.5, frozenset(("b", "c")): -0.3})
    np.testing.assert_allclose(
        root @ root.T, [[1, 0, 0.5], [0, 1, -0.3], [0.5, -0.3, 1]], atol=1e-15
    )
    np.testing.assert_array_equal(root, np.tril(root))


def test_pairs_that_cannot_all_hold_are_refused_and_one_is_named():
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9, ("c", "d"): 0.1}
    with pytest.raises(ValueError, match=r"correlation of '[abc]' and '[abc]': -?0\.9 does not go"):
        draw_inputs([assumption(name) for name in "abcd"], 10, 1, correlations=pairs)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({("a", "b"): 1.0}, r"'a' and 'b': 1\.0 is not accepted"),
        ({("a", "b"): float("nan")}, "'a' and 'b': nan"),
        ({("a", "b"): 0.5, ("b", "a"): 0.5}, "each pair once"),
        ({("a", "x"): 0.5}, r"\['a', 'x'\]: accepted: two different inputs out of a, b"),
        ({("a", "a"): 0.5}, "two different inputs"),
    ],
)
def test_a_pair_that_is_no_pair_or_no_correlation_is_refused_by_name(pairs, said):
    with pytest.raises(ValueError, match=said):
        draw_inputs([assumption("a"), assumption("b")], 10, 1, correlations=pairs)


def test_draws_beyond_a_hard_range_are_set_to_its_ends():
    given = [assumption("share", 0.2, 0.6, 0.9, "normal")]
    free = draw_inputs(given, 10_000, 3)["share"]
    held = draw_inputs(given, 10_000, 3, ranges={"share": (0.0, 1.0)})["share"]
    assert free.max() > 1
    np.testing.assert_array_equal(held, free.clip(0, 1))
    with pytest.raises(ValueError, match=r"range of 'share': \(0\.7, 1\.0\)"):
        draw_inputs(given, 10, 3, ranges={"share": (0.7, 1.0)})
    with pytest.raises(ValueError, match="range of 'other'"):
        draw_inputs(given, 10, 3, ranges={"other": (0.0, 1.0)})


def test_chunk_i_draws_from_child_i_of_the_seed():
    found = simulate(
        25, ONE_OF_EACH, seed=7, function=grow, chunk=10, keep=["use", "normal"],
        correlations=PAIRS,
    )  # fmt: skip
    assert list(found) == ["use", "normal"]
    children = np.random.SeedSequence(7).spawn(3)
    for child, start, rows in zip(children, (0, 10, 20), (10, 10, 5), strict=True):
        inputs = draw_inputs(ONE_OF_EACH, rows, child, correlations=PAIRS)
        span = slice(start, start + rows)
        np.testing.assert_array_equal(found["use"][span], grow(inputs)["use"])
        np.testing.assert_array_equal(found["normal"][span], inputs["normal"])


def run(jobs=None):
    return simulate(
        10_500, ONE_OF_EACH, seed=11, function=grow, chunk=1_000, jobs=jobs, correlations=PAIRS
    )


def assert_same_bits(one, other):
    assert list(one) == list(other) == ["use", "level"]
    assert one["use"].shape == (10_500, 12)
    assert one["level"].shape == (10_500,)
    for name, values in one.items():
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values, other[name])


def processes():
    found = simulate(400, ONE_OF_EACH, seed=1, function=process, chunk=10)["process"]
    return set(found.astype(int).tolist())


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_two_jobs_give_the_same_bits_as_one(backend):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found = run()
        assert (os.getpid() in processes()) == (backend == "threading")
    assert_same_bits(run(), found)


def test_threads_asked_for_give_the_same_bits_as_one():
    assert_same_bits(run(), run(jobs=3))


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bits_as_one_job():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        found = run()
        workers = processes()
    assert workers
    assert os.getpid() not in workers
    assert_same_bits(run(), found)


def test_another_seed_or_chunk_gives_other_draws():
    one = simulate(100, ONE_OF_EACH, seed=1, function=grow, chunk=10)
    for seed, chunk in ((2, 10), (1, 20)):
        other = simulate(100, ONE_OF_EACH, seed=seed, function=grow, chunk=chunk)
        assert not np.array_equal(one["level"][10:], other["level"][10:])


def test_outputs_that_are_nan_unknown_or_of_wrong_length_are_refused_by_name_and_row():
    def broken(inputs):
        values = np.ones((len(inputs["normal"]), 12))
        values[3, 5] = np.nan if len(values) == 5 else np.inf
        return {"share": values}

    with pytest.raises(ValueError, match=r"'share', row 23, column 5: nan"):
        simulate(25, ONE_OF_EACH, seed=1, function=broken, chunk=10)
    assert np.isinf(simulate(20, ONE_OF_EACH, seed=1, function=broken, chunk=10)["share"][3, 5])
    with pytest.raises(ValueError, match=r"keep: \['cost'\] are not known; known: uniform"):
        simulate(25, ONE_OF_EACH, seed=1, function=grow, keep=["use", "cost"])
    with pytest.raises(ValueError, match=r"'share' has shape \(12,\) for 25 scenarios"):
        simulate(25, ONE_OF_EACH, seed=1, function=lambda inputs: {"share": YEARS})


def test_memory_is_that_of_the_outputs_kept_and_a_few_chunks():
    tracemalloc.start()
    try:
        found = simulate(200_000, ONE_OF_EACH, seed=1, function=grow, keep=["use"], chunk=5_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found["use"].nbytes == 200_000 * 12 * 8
    assert peak < 2.5 * found["use"].nbytes


def test_intervals_by_year_hold_the_share_they_say():
    rng = np.random.default_rng(1)
    draws = rng.normal([1.0, 10.0], [1.0, 3.0], (50_000, 2))
    table = interval_by_year(draws, [2026, 2027], [0.5, 0.9]).set_index(["level", "year"])
    for (level, year), row in table.iterrows():
        centre, spread = {2026: (1, 1), 2027: (10, 3)}[year]
        reach = special.ndtri((1 + level) / 2) * spread
        assert [row["low"], row["central"], row["high"]] == pytest.approx(
            [centre - reach, centre, centre + reach], abs=0.03 * spread
        )
    draws[7, 1] = np.inf
    with pytest.raises(ValueError, match=r"row 7: .*inf"):
        interval_by_year(draws, [2026, 2027])
    with pytest.raises(ValueError, match=r"shape \(50000, 2\) for 3 years"):
        interval_by_year(draws, [2025, 2026, 2027])


def test_correlated_inputs_form_one_group_with_the_variance_share_of_their_sum():
    given = [assumption(name, -1.0, 0.0, 1.0, "normal") for name in "abcd"]
    rho = 0.5
    told = InputSampler(tuple(given), {("a", "c"): rho}).sobol_arguments()
    assert told["groups"] == {"a + c": [0, 2]}
    total = by_columns(lambda x: (x["a"] + x["b"] + x["c"] + x["d"]).ravel(), told["names"])
    found = sobol_indices(total, base_samples=2**12, seed=1, **told)
    shares = dict(zip(found.inputs, found.first[:, 0], strict=True))
    variance = 4 + 2 * rho
    assert shares == pytest.approx(
        {"a + c": (2 + 2 * rho) / variance, "b": 1 / variance, "d": 1 / variance}, abs=5e-3
    )


def test_chains_of_correlations_are_one_group_and_separate_pairs_are_two():
    given = tuple(assumption(name) for name in "abcdef")
    pairs = {("a", "b"): 0.2, ("c", "d"): 0.3, ("e", "d"): 0.1}
    groups = InputSampler(given, pairs).sobol_arguments()["groups"]
    assert groups == {"a + b": [0, 1], "c + d + e": [2, 3, 4]}
