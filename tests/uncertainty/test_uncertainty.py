"""Resampling and intervals against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.uncertainty import (
    Interval,
    bootstrap,
    interval_table,
    percentile_interval,
    resample_counts,
    resample_indices,
)


def test_percentile_interval_of_evenly_spaced_draws_leaves_half_the_rest_on_each_side():
    found = percentile_interval(np.linspace(0.0, 100.0, 101), 0.9)
    assert (found.low, found.central, found.high) == pytest.approx((5.0, 50.0, 95.0))
    assert 5.0 in found
    assert 95.1 not in found


def test_a_draw_that_is_not_finite_is_refused_with_its_row():
    with pytest.raises(ValueError, match=r"row 2: .*nan.* is not finite"):
        percentile_interval(np.array([1.0, 2.0, np.nan]))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, float("nan")])
def test_a_level_that_is_no_share_is_refused_with_its_value(level):
    with pytest.raises(ValueError, match=f"level: {level!r}"):
        percentile_interval(np.arange(5.0), level)


def test_one_draw_gives_no_interval():
    with pytest.raises(ValueError, match="at least 2 draws"):
        percentile_interval(np.array([1.0]))


def test_the_table_has_one_row_per_column():
    draws = pd.DataFrame({"low": np.arange(11.0), "high": 10 + np.arange(11.0)})
    table = interval_table(draws, 0.5).set_index("quantity")
    assert table.loc["high", "central"] - table.loc["low", "central"] == pytest.approx(10.0)


@pytest.mark.parametrize("chunk", [1, 7, 64, 100])
def test_draws_are_those_documented_whatever_the_block(chunk):
    blocks = list(resample_indices(37, 100, 5, chunk=chunk))
    expected = np.random.default_rng(5).integers(0, 37, (100, 37))
    np.testing.assert_array_equal(np.concatenate(blocks), expected)


def test_counts_say_how_often_each_point_was_drawn():
    counts = resample_counts(np.array([[0, 0, 2], [1, 1, 1]]))
    np.testing.assert_array_equal(counts, [[2, 0, 1], [0, 3, 0]])


def test_bootstrap_of_a_mean_has_the_standard_error_of_the_mean():
    sample = np.random.default_rng(0).normal(size=400)
    means = bootstrap(lambda drawn: sample[drawn].mean(), 400, 4000, 1)
    assert means.std() == pytest.approx(sample.std() / 20, rel=0.05)


@pytest.mark.parametrize("resamples", [0, -3, 2.5, True])
def test_a_count_that_is_no_count_is_refused(resamples):
    with pytest.raises(ValueError, match=r"resamples: .* accepted: whole, at least 1"):
        next(resample_indices(10, resamples, 0))


def test_an_interval_keeps_its_level():
    assert Interval(0.0, 1.0, 2.0, 0.9).level == 0.9
