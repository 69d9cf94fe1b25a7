"""Splitting a gain between tokens and model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

from analysis.test_time_compute.thinking_or_model import decompose, regress_accuracy


def pair_table(
    before: Any = 0.5, after: Any = 0.8, fewer: Any = 1e3, more: Any = 1e4, questions: Any = 400
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plain_output_tokens_per_question": np.atleast_1d(fewer),
            "reasoning_output_tokens_per_question": np.atleast_1d(more),
            "plain_accuracy": np.atleast_1d(before),
            "reasoning_accuracy": np.atleast_1d(after),
            "questions": np.atleast_1d(questions),
        }
    )


def test_tokens_and_model_add_up_to_the_gain() -> None:
    table = pair_table([0.5, 0.1, 0.0], [0.8, 0.3, 0.4], [1e3] * 3, [1e4] * 3, [400] * 3)
    found = decompose(table, 0.9, 0.2)
    np.testing.assert_allclose(found.tokens_log_odds + found.model_log_odds, found.gain_log_odds)
    np.testing.assert_allclose(found.tokens_points + found.model_points, found.gain_points)
    np.testing.assert_allclose(found.tokens_share, 0.9 / found.gain_log_odds)
    assert found.loc[2, "gain_log_odds"] == pytest.approx(
        np.log(160.5 / 240.5) - np.log(0.5 / 400.5), rel=0.01
    )


def test_points_are_the_mean_over_both_orders_of_a_two_by_two_table() -> None:
    found = decompose(pair_table(), 0.9, 0.2).iloc[0]
    base, top, step = special.logit(0.5), special.logit(0.8), 0.9
    value = {
        (): 50.0,
        ("tokens",): 100 * special.expit(base + step),
        ("model",): 100 * special.expit(top - step),
        ("tokens", "model"): 80.0,
    }
    first = value[("tokens",)] - value[()]
    last = value[("tokens", "model")] - value[("model",)]
    assert found.tokens_points_tokens_first == pytest.approx(first)
    assert found.tokens_points_model_first == pytest.approx(last)
    assert found.tokens_points == pytest.approx((first + last) / 2)


def test_a_gain_that_tokens_explain_leaves_nothing_for_the_model() -> None:
    slope = special.logit(0.8) - special.logit(0.5)
    found = decompose(pair_table(), slope, 0.1).iloc[0]
    assert found.tokens_share == pytest.approx(1)
    assert found.model_log_odds == pytest.approx(0, abs=1e-12)
    assert found.tokens_points == pytest.approx(30)
    nothing = decompose(pair_table(fewer=1e3, more=1e3), slope, 0.1).iloc[0]
    assert nothing.tokens_share == 0
    assert nothing.model_points == pytest.approx(30)


def test_intervals_cover_planted_shares_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    n, repeats = 300, 4000
    before, after = (rng.binomial(n, p, repeats) / n for p in (0.45, 0.8))
    gain = special.logit(0.8) - special.logit(0.45)
    table = pair_table(before, after, np.full(repeats, 1e3), np.full(repeats, 2e4), [n] * repeats)
    slopes = rng.normal(0.7, 0.2, repeats)
    found = decompose(table, slopes, 0.2)
    truth = 0.7 * np.log10(20)
    for name, true in (
        ("gain_log_odds", gain),
        ("tokens_log_odds", truth),
        ("model_log_odds", gain - truth),
        ("tokens_share", truth / gain),
    ):
        held = (found[f"{name}_low"] <= true) & (true <= found[f"{name}_high"])
        assert held.mean() == pytest.approx(0.9, abs=0.02), name
    wider = decompose(table, slopes, 0.2, degrees_of_freedom=3)
    assert (wider.tokens_share_high > found.tokens_share_high).all()


def planted_points(seed: int = 0, models: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    year, log_tokens = rng.uniform(2023, 2025, models), rng.uniform(2.3, 4, models)
    own = rng.normal(0, 0.4, models)
    parts = []
    for benchmark, level in (("a", -0.5), ("b", 0.8)):
        tokens = log_tokens + rng.normal(0, 0.1, models)
        odds = level + 1.1 * (tokens - 3) + 0.6 * (year - 2024) + own
        share = rng.binomial(300, special.expit(odds)) / 300
        parts.append(
            pd.DataFrame(
                {
                    "model": np.arange(models),
                    "benchmark": benchmark,
                    "log10_output_tokens": tokens,
                    "release_year": year,
                    "accuracy": share,
                    "questions": 300,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_regression_covers_planted_terms_as_often_as_it_says() -> None:
    hits, repeats = np.zeros(2), 300
    for seed in range(repeats):
        found = regress_accuracy(planted_points(seed), ["log10_output_tokens", "release_year"])
        hits += (found.low < [1.1, 0.6]) & (found.high > [1.1, 0.6])
    np.testing.assert_allclose(hits / repeats, 0.9, atol=0.05)


def test_terms_that_come_together_show_in_the_variance_inflation() -> None:
    points = planted_points()
    points["reasoning"] = (points.log10_output_tokens > 3.2).astype(float)
    together = regress_accuracy(points, ["log10_output_tokens", "reasoning"])
    apart = regress_accuracy(points, ["log10_output_tokens", "release_year"])
    assert (together.variance_inflation > 3).all()
    assert (apart.variance_inflation < 1.2).all()
    others = np.column_stack([points.reasoning, pd.get_dummies(points.benchmark, dtype=float)])
    tokens = points.log10_output_tokens
    left = tokens - others @ np.linalg.lstsq(others, tokens, rcond=None)[0]
    within = tokens - tokens.groupby(points.benchmark).transform("mean")
    assert together.variance_inflation[0] == pytest.approx((within**2).sum() / (left**2).sum())


def test_terms_that_are_not_identified_are_refused() -> None:
    points = planted_points()
    twin = points.assign(other=2 * points.release_year + 1)
    with pytest.raises(ValueError, match="not identified; drop a term"):
        regress_accuracy(twin, ["release_year", "other"])
    with pytest.raises(ValueError, match="3 clusters are not identified"):
        regress_accuracy(points[points.model < 3], ["log10_output_tokens", "release_year"])
    with pytest.raises(ValueError, match=r"row 0: .* not all finite"):
        regress_accuracy(points.assign(release_year=np.nan), ["release_year"])
    with pytest.raises(ValueError, match="lacking \\['reasoning'\\]"):
        regress_accuracy(points, ["reasoning"])


@pytest.mark.parametrize(
    ("pairs", "slope", "error", "message"),
    [
        (pair_table(after=0.5), 1.0, 0.1, "row 0: both accuracies are equal"),
        (pair_table(before=-0.1), 1.0, 0.1, "accuracy, row 0: -0.1"),
        (pair_table(fewer=0.0), 1.0, 0.1, "plain_output_tokens_per_question at index 0: 0.0"),
        (pair_table(), float("nan"), 0.1, "slope: nan"),
        (pair_table(), 1.0, 0.0, "slope_se: 0.0"),
        (pair_table(), [1.0] * 9, 0.1, "shape .9,., pairs 1 rows"),
        (pair_table().drop(columns="questions"), 1.0, 0.1, "lacking \\['questions'\\]"),
    ],
)
def test_pairs_without_a_split_are_refused(
    pairs: pd.DataFrame, slope: Any, error: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        decompose(pairs, slope, error)
