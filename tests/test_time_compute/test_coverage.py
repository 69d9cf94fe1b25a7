"""Coverage: the unbiased estimator, its accuracy at large counts, and its tables."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.test_time_compute.coverage import coverage_by, coverage_curve, pass_at_k


def exact(successes: int, samples: int, k: int) -> Fraction:
    """Rational arithmetic on the shorter of the two equal products."""
    short, long = sorted((successes, k))
    above = math.prod(range(samples - long - short + 1, samples - long + 1))
    below = math.prod(range(samples - short + 1, samples + 1))
    return 1 - Fraction(max(above, 0), below) if samples - successes >= k else Fraction(1)


def test_it_is_the_share_of_all_subsets_that_hold_a_right_sample() -> None:
    for samples in range(1, 9):
        for successes in range(samples + 1):
            for k in range(1, samples + 1):
                subsets = list(itertools.combinations(range(samples), k))
                solved = sum(min(subset) < successes for subset in subsets)
                assert pass_at_k(successes, samples, k) == pytest.approx(
                    solved / len(subsets), rel=1e-13
                )


@pytest.mark.parametrize("samples", [17, 32, 128, 10_112, 3_720_320, 2**52])
def test_it_agrees_with_rational_arithmetic_to_twelve_digits(samples: int) -> None:
    rng = np.random.default_rng(samples)
    worst = 0.0
    for _ in range(150):
        few = int(min(samples, 400) ** rng.random())
        many = int(samples ** rng.random())
        k = min(samples, max(1, many - int(rng.integers(0, 3))))
        if rng.random() < 0.3:
            k = max(1, samples - few - int(rng.integers(0, 24)))
        for successes, asked in ((few, k), (k, few)):
            value = float(exact(successes, samples, asked))
            worst = max(worst, abs(pass_at_k(successes, samples, asked) / value - 1))
    assert worst < 1e-12


def test_one_success_in_millions_of_samples_gives_k_over_n() -> None:
    k = np.array([1, 10, 1e6, 3_720_319, 3_720_320])
    np.testing.assert_allclose(pass_at_k(1, 3_720_320, k), k / 3_720_320, rtol=1e-13)


def test_no_success_gives_exactly_zero_and_too_few_failures_exactly_one() -> None:
    assert (pass_at_k(0, [5, 10_000, 3_720_320], 5) == 0).all()
    assert not np.signbit(pass_at_k(0, 10_000, np.arange(1, 10_001))).any()
    assert (pass_at_k([5, 9_990, 10_000], [5, 10_000, 10_000], [1, 11, 1]) == 1).all()


def test_the_mean_over_draws_is_the_chance_that_k_new_samples_hold_a_success() -> None:
    rate, samples, k = 0.07, 40, 12
    counts = np.arange(samples + 1)
    ways = np.array([math.comb(samples, c) for c in counts], dtype=float)
    chance = ways * rate**counts * (1 - rate) ** (samples - counts)
    assert chance @ pass_at_k(counts, samples, k) == pytest.approx(1 - (1 - rate) ** k, rel=1e-12)


def test_arguments_broadcast_and_one_number_gives_one_number() -> None:
    successes, samples = np.array([0, 3, 50]), np.array([100, 200, 300])
    table = pass_at_k(successes[:, None], samples[:, None], np.array([1, 2, 99]))
    assert table.shape == (3, 3)
    assert table[1, 2] == pass_at_k(3, 200, 99)
    assert np.ndim(pass_at_k(3, 200, 99)) == 0


def test_cutting_a_large_array_into_blocks_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    samples = rng.integers(200, 4_000_000, 700)
    successes = rng.binomial(samples, rng.beta(0.2, 5, 700))
    k = np.arange(1, 101)
    whole = pass_at_k(successes[:, None], samples[:, None], k)
    rows = np.stack([pass_at_k(c, n, k) for c, n in zip(successes, samples, strict=True)])
    np.testing.assert_array_equal(whole, rows)
    long = pass_at_k(5, 1_000_000, np.arange(1, 100_001)[None, :])
    assert long[0, 99_999] == pass_at_k(5, 1_000_000, 100_000)


def test_beyond_the_samples_drawn_the_caller_says_what_happens() -> None:
    with pytest.raises(ValueError, match=r"k, row \(1, 1\): 12 is above the 10 samples drawn"):
        pass_at_k([[2], [3]], [[20], [10]], [1, 12])
    nan = pass_at_k([[2], [3]], [[20], [10]], [1, 12], beyond="nan")
    assert np.isnan(nan).tolist() == [[False, False], [False, True]]
    observed = pass_at_k([2, 0], [10, 10], 12, beyond="observed")
    assert observed.tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match=r"beyond: 'guess' is not accepted"):
        pass_at_k(1, 2, 1, beyond="guess")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("successes", "samples", "k", "message"),
    [
        ([1, 5], [4, 4], 1, r"successes, row 1: 5 of 4 samples"),
        ([1, -1], [4, 4], 1, r"successes, row 1: -1\.0 is not accepted"),
        ([1, 1.5], [4, 4], 1, r"successes, row 1: 1\.5"),
        ([1, math.nan], [4, 4], 1, r"successes, row 1: nan"),
        ([0, 0], [4, 0], 1, r"samples, row 1: 0\.0"),
        ([0, 0], [4, math.inf], 1, r"samples, row 1: inf"),
        ([0, 0], [4, 4], 0, r"k: 0\.0"),
        ([0, 0], [4, 4], [1, 2.5], r"k, row 1: 2\.5"),
        ("some", 4, 1, r"successes: 'some' is not a number"),
        (1, "4", 1, r"samples: '4' is not a number"),
        ([1, 2], [4, 5, 6], 1, r"successes \(2,\), samples \(3,\)"),
        ([1, 2], [4, 4], [1, 2, 3], r"successes \(2,\), samples \(2,\), k \(3,\)"),
        ([], [], 1, "successes is empty; give at least one"),
        (1, 4, [], "k is empty; give at least one"),
    ],
)
def test_counts_that_cannot_be_are_refused(
    successes: Any, samples: Any, k: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pass_at_k(successes, samples, k)


def test_the_curve_is_the_mean_over_problems_and_never_falls() -> None:
    successes, samples = np.array([0, 1, 40]), np.array([100, 120, 100])
    k = np.arange(1, 101)
    curve = coverage_curve(successes, samples, k)
    each = [pass_at_k(c, n, k) for c, n in zip(successes, samples, strict=True)]
    np.testing.assert_allclose(curve, np.mean(each, axis=0), rtol=1e-14)
    assert (np.diff(curve) >= 0).all()


def test_a_curve_is_nan_where_a_problem_has_too_few_samples() -> None:
    curve = coverage_curve([1, 1], [10, 100], [10, 11], beyond="nan")
    assert np.isnan(curve).tolist() == [False, True]
    bound = coverage_curve([1, 1], [10, 100], [11], beyond="observed")
    assert bound[0] == pytest.approx((1 + 0.11) / 2)


def test_a_curve_needs_one_axis_of_problems() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        coverage_curve([[1], [2]], [[5], [5]], [1])
    with pytest.raises(ValueError, match="at least one problem"):
        coverage_curve([], [], [1])
    with pytest.raises(ValueError, match=r"successes \(2,\), samples \(3,\)"):
        coverage_curve([1, 2], [5, 5, 5], [1])


@pytest.mark.parametrize("k", [[], [[1, 2]]])
def test_curves_and_tables_need_one_axis_of_k(k: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"k has shape .* at least one k"):
        coverage_curve([1, 2], [5, 5], k)
    with pytest.raises(ValueError, match=r"k has shape .* at least one k"):
        coverage_by(table(), "model", k)


def test_a_k_above_the_samples_of_a_problem_names_its_row() -> None:
    with pytest.raises(ValueError, match=r"k, row 1: 12 is above the 10 samples drawn"):
        coverage_curve([1, 2], [20, 10], [1, 12])
    with pytest.raises(ValueError, match=r"k, row 0: 12 is above the 10 samples drawn"):
        coverage_by(table(), "model", 12)


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "benchmark": "MATH",
            "model": ["small", "small", "large", "large"],
            "problem_idx": [1, 2, 1, 2],
            "num_samples": [10, 20, 10, 10],
            "num_correct": [0, 2, 5, 1],
        }
    )


def test_a_table_is_grouped_as_separate_curves_would_be() -> None:
    result = coverage_by(table(), "model", [1, 10])
    assert result["model"].tolist() == ["small", "small", "large", "large"]
    small = coverage_curve([0, 2], [10, 20], [1, 10])
    np.testing.assert_array_equal(result.loc[:1, "coverage"], small)
    assert result["fewest_samples"].tolist() == [10] * 4
    assert result["problems"].tolist() == [2] * 4
    both = coverage_by(table(), ["benchmark", "model"], [1])
    assert both["coverage"].tolist() == result.loc[result["k"] == 1, "coverage"].tolist()


def test_tables_that_mix_or_repeat_are_refused() -> None:
    good = table()
    mixed = good.assign(benchmark=["MATH", "GSM8K", "MATH", "MATH"])
    with pytest.raises(ValueError, match=r"group small: mixes \['GSM8K', 'MATH'\]"):
        coverage_by(mixed, "model", [1])
    with pytest.raises(ValueError, match=r"group large: problem 1 is there twice"):
        coverage_by(good.assign(problem_idx=[1, 2, 1, 1]), "model", [1])
    with pytest.raises(ValueError, match="hold no row"):
        coverage_by(good.iloc[:0], "model", [1])
    with pytest.raises(ValueError, match=r"lack \['num_correct'\]"):
        coverage_by(good.drop(columns="num_correct"), "model", [1])
    with pytest.raises(ValueError, match=r"row 2: no name"):
        coverage_by(good.assign(model=["small", "small", None, "large"]), "model", [1])
    with pytest.raises(ValueError, match=r"successes, row 1: 30 of 20"):
        coverage_by(good.assign(num_correct=[0, 30, 5, 1]), "model", [1])
    with pytest.raises(ValueError, match=r"by: \['k'\] are columns of the result"):
        coverage_by(good.assign(k=1), ["model", "k"], [1])


@pytest.mark.parametrize(
    ("file", "by", "key"),
    [
        ("llmonkeys_pythia_math_10k.csv", "model", "ten_thousand_samples"),
        ("pythia_checkpoints_math_counts.csv", "checkpoint", "checkpoints"),
    ],
)
def test_released_counts_give_the_coverage_their_authors_stored(
    file: str, by: str, key: str, shared_datasets: Path, reference: Any
) -> None:
    stated = reference("test_time_coverage")[key]
    counts = pd.read_csv(shared_datasets / file)
    counts = counts[counts[by].isin(stated["coverage"])]
    k = [int(text) for text in next(iter(stated["coverage"].values()))]
    found = coverage_by(counts, by, k).set_index([by, "k"])["coverage"]
    for name, points in stated["coverage"].items():
        for text, value in points.items():
            assert found[name, int(text)] == pytest.approx(value, abs=stated["tolerance"])
