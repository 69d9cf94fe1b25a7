"""Samples that checkpoints need for equal coverage, and what both sides cost."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.test_time_compute.iso_coverage import (
    efficient_points,
    iso_coverage_points,
    problem_curves,
    samples_for_coverage,
)


def counts_of(checkpoints: list[tuple[str, float, float]], right: Any, total: Any) -> pd.DataFrame:
    """A table of counts with a row of `right` and `total` per checkpoint."""
    right, total = np.broadcast_arrays(right, total)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "checkpoint": name,
                    "params": params,
                    "train_tokens": tokens,
                    "problem_idx": np.arange(right.shape[1]),
                    "num_samples": total[row],
                    "num_correct": right[row],
                }
            )
            for row, (name, params, tokens) in enumerate(checkpoints)
        ],
        ignore_index=True,
    )


def exact_coverage(right: np.ndarray, total: np.ndarray, k: int) -> float:
    missed = [
        math.comb(int(n - c), k) / math.comb(int(n), k) for c, n in zip(right, total, strict=True)
    ]
    return 1 - float(np.mean(missed))


def test_samples_needed_are_those_of_a_scan_over_every_number() -> None:
    rng = np.random.default_rng(2)
    for _ in range(10):
        total = rng.integers(60, 200, 12)
        right = rng.binomial(total, rng.beta(0.4, 6.0, 12))
        coverage = np.array([exact_coverage(right, total, k) for k in range(1, total.min() + 1)])
        for target in (0.1, 0.35, 0.6, 0.9):
            found = samples_for_coverage(right, total, target).iloc[0]
            first = int(np.argmax(coverage >= target)) if (coverage >= target).any() else None
            if first is None:
                assert (found["k"], found["basis"]) == (np.inf, "not_reached")
                assert not found["reached"]
            elif first == 0:
                assert (found["k"], found["basis"]) == (1.0, "one_sample")
            else:
                part = np.interp(target, coverage[first - 1 : first + 1], [0.0, 1.0])
                between = first * ((first + 1) / first) ** part
                assert found["k"] == pytest.approx(between, rel=1e-9)
                assert found["basis"] == "measured"


def test_known_samples_for_half_coverage(shared_datasets: Path, reference: Any) -> None:
    stated = reference("test_time_agents")["samples_for_half_coverage"]
    counts = pd.read_csv(shared_datasets / "llmonkeys_pythia_math_10k.csv")
    found = {}
    for params, rows in counts.groupby("params"):
        needed = samples_for_coverage(rows["num_correct"], rows["num_samples"], stated["target"])
        found[str(params)] = needed["k"].item()
    assert {name: found[name] for name in stated["not_reached"]} == {"70000000": np.inf}
    assert {name: math.ceil(found[name]) for name in stated["samples"]} == stated["samples"]


def test_beyond_the_samples_drawn_a_fitted_distribution_is_followed_and_said_so() -> None:
    rng = np.random.default_rng(3)
    rate = rng.beta(0.5, 60.0, 4000)
    right = rng.binomial(200, rate)
    found = samples_for_coverage(right, 200, [0.3, 0.8, 0.999], max_k=10_000)
    assert found["basis"].tolist() == ["measured", "extrapolated", "not_reached"]
    truth = np.geomspace(200, 10_000, 2000)
    coverage = np.array([np.mean(1 - (1 - rate) ** k) for k in truth])
    assert found["k"][1] == pytest.approx(np.interp(0.8, coverage, truth), rel=0.1)
    kept = samples_for_coverage(right, 200, 0.8)
    assert kept["basis"].tolist() == ["not_reached"]


def test_without_a_right_answer_no_number_of_samples_is_enough() -> None:
    found = samples_for_coverage(np.zeros(5), np.full(5, 100), [0.1], max_k=10**6)
    assert found.to_dict("records") == [
        {"target": 0.1, "k": np.inf, "reached": False, "basis": "not_reached"}
    ]


def test_efficient_points_are_those_that_no_other_beats() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        x, y = rng.integers(0, 6, (2, 12)).astype(float)
        y[rng.random(12) < 0.2] = np.inf
        naive = [
            np.isfinite(y[i])
            and not any(
                x[j] <= x[i] and y[j] <= y[i] and (x[j] < x[i] or y[j] < y[i]) for j in range(12)
            )
            for i in range(12)
        ]
        assert efficient_points(x, y).tolist() == naive


def test_both_sides_of_the_bill_and_the_frontier_are_worked_out_by_hand() -> None:
    checkpoints = [("small", 1e6, 1e9), ("middle", 1e7, 1e9), ("large", 1e8, 1e9)]
    right = np.array([[1, 2], [5, 10], [6, 11]])
    table = iso_coverage_points(
        counts_of(checkpoints, right, 100), [0.5, 0.99], tokens_per_sample=250
    ).set_index(["target", "checkpoint"])
    half = table.loc[0.5]
    np.testing.assert_allclose(half["train_flop"], [6e15, 6e16, 6e17])
    expected = 2 * half["params"] * half["k"] * 250
    np.testing.assert_allclose(half["inference_flop_per_problem"], expected)
    assert half["k"].is_monotonic_decreasing
    # Ten times the parameters save less than ten times the samples: the small one is best twice.
    assert half["frontier"].tolist() == [True, False, False]
    assert table.loc[0.99, "reached"].tolist() == [True, True, True]
    assert iso_coverage_points(
        counts_of(checkpoints[:1], right[:1], 100), [0.5], tokens_per_sample=1
    )["frontier"].item()


def test_a_checkpoint_asked_fewer_problems_is_never_on_the_frontier() -> None:
    checkpoints = [("easy", 1e6, 1e9), ("full", 1e7, 1e9)]
    counts = counts_of(checkpoints, np.array([[50, 50, 0], [5, 5, 5]]), 100)
    counts = counts.drop(index=2)
    table = iso_coverage_points(counts, [0.5], tokens_per_sample=1).set_index("checkpoint")
    assert table["problems"].tolist() == [2, 3]
    assert table["frontier"].tolist() == [False, True]
    assert problem_curves(counts).left_out == ("easy",)


def test_curves_kept_for_resampling_agree_with_the_exact_search() -> None:
    rng = np.random.default_rng(6)
    checkpoints = [(f"c{i}", 10.0 ** (7 + i), 1e9) for i in range(4)]
    total = rng.integers(500, 9000, (4, 40))
    counts = counts_of(checkpoints, rng.binomial(total, rng.beta(0.4, 40.0, (4, 40))), total)
    curves = problem_curves(counts)
    for target in (0.2, 0.4, 0.6):
        needed = curves.log10_samples_needed(target, np.full((1, 40), 1 / 40))[0]
        exact = iso_coverage_points(counts, [target], tokens_per_sample=1)["k"]
        np.testing.assert_allclose(needed, np.log10(exact), atol=5e-4)


def test_curves_take_weights_as_a_table_of_repeated_problems_would() -> None:
    rng = np.random.default_rng(8)
    total = np.full((1, 20), 400)
    right = rng.binomial(total, rng.beta(0.5, 20.0, (1, 20)))
    curves = problem_curves(counts_of([("c", 1e7, 1e9)], right, total))
    drawn = rng.integers(0, 20, (5, 20))
    weights = np.stack([np.bincount(row, minlength=20) for row in drawn]) / 20
    needed = curves.log10_samples_needed(0.4, weights)[:, 0]
    for row, indices in enumerate(drawn):
        exact = samples_for_coverage(right[0, indices], total[0, indices], 0.4)["k"].item()
        assert needed[row] == pytest.approx(math.log10(exact), abs=5e-4)


def test_checkpoints_are_kept_by_size_and_training() -> None:
    checkpoints = [(f"{n:g}-{d:g}", n, d) for n, d in itertools.product([1e6, 1e7], [1e8, 1e9])]
    curves = problem_curves(counts_of(checkpoints, np.full((4, 3), 2), 50))
    kept = curves.keep(smallest_params=1e7, fewest_tokens=1e9)
    assert kept.checkpoints["checkpoint"].tolist() == ["1e+07-1e+09"]
    assert len(kept.solved) == len(kept.log10_samples) == 1
    with pytest.raises(ValueError, match="lower smallest_params"):
        curves.keep(smallest_params=1e9)


@pytest.mark.parametrize("target", [0.0, 1.0, np.nan, [0.5, 1.5], []])
def test_targets_that_are_no_share_are_refused(target: Any) -> None:
    with pytest.raises(ValueError, match="target"):
        samples_for_coverage([1, 2], [10, 10], target)


def test_tables_that_are_no_counts_by_checkpoint_and_problem_are_refused() -> None:
    counts = counts_of([("c", 1e7, 1e9)], np.array([[1, 2]]), 10)
    with pytest.raises(ValueError, match=r"lack \['params'\]"):
        problem_curves(counts.drop(columns="params"))
    with pytest.raises(ValueError, match="0 rows"):
        problem_curves(counts.iloc[:0])
    with pytest.raises(ValueError, match="checkpoint c, problem 0 more than once"):
        problem_curves(pd.concat([counts, counts]))
    with pytest.raises(ValueError, match="checkpoint c more than one size"):
        problem_curves(counts.assign(params=[1e7, 2e7]))
    with pytest.raises(ValueError, match="tokens_per_sample"):
        iso_coverage_points(counts, [0.5], tokens_per_sample=0)
    with pytest.raises(ValueError, match="successes"):
        problem_curves(counts.assign(num_correct=11))
