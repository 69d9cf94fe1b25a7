"""Slopes of accuracy over thinking, their pooling, and the tables derived from public data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

from analysis.test_time_compute.derive_thinking import (
    SAME_MODEL,
    evaluation_points,
    thinking_pairs,
    thinking_slopes,
)
from analysis.test_time_compute.random_effects import pool, pooled_slopes
from analysis.test_time_compute.thinking import (
    accuracy_slope,
    log_odds_slope,
    slopes_by_study,
)

TOKENS = np.array([500.0, 2000.0, 4000.0, 30000.0])


def curve(tokens: np.ndarray, slope: float, ceiling: float = 1.0) -> np.ndarray:
    return ceiling * special.expit(-0.3 + slope * (np.log10(tokens) - 3.3))


def test_two_points_give_the_closed_form() -> None:
    found = log_odds_slope([1000, 8000], [0.3, 0.6], [200, 400])
    width = np.log10(8)
    assert found.log_odds_per_tenfold == pytest.approx(np.log(0.6 / 0.4 / (0.3 / 0.7)) / width)
    error = np.sqrt(1 / (200 * 0.3 * 0.7) + 1 / (400 * 0.6 * 0.4)) / width
    assert found.standard_error == pytest.approx(error, rel=1e-6)
    middle = special.expit((special.logit(0.3) + special.logit(0.6)) / 2)
    assert found.midpoint_accuracy == pytest.approx(middle)
    per_tenfold = 100 * found.log_odds_per_tenfold * middle * (1 - middle)
    assert found.points_per_tenfold == pytest.approx(per_tenfold)
    assert found.x_ratio == pytest.approx(8)


def test_points_on_a_curve_with_a_ceiling_give_back_curve_and_ceiling() -> None:
    tokens = np.geomspace(300, 3e5, 7)
    found = log_odds_slope(tokens, curve(tokens, 2.0, 0.8), 1000, ceiling=None)
    assert found.ceiling == pytest.approx(0.8, abs=1e-3)
    assert found.log_odds_per_tenfold == pytest.approx(2.0, abs=5e-3)
    given = log_odds_slope(tokens, curve(tokens, 2.0, 0.8), 1000, ceiling=0.8)
    assert given.log_odds_per_tenfold == pytest.approx(2.0, abs=1e-5)
    assert found.standard_error > given.standard_error
    plain = log_odds_slope(tokens, curve(tokens, 1.0), 1000, ceiling=None)
    assert (plain.ceiling, plain.method) == (1.0, "logistic")


def test_slope_is_the_one_that_makes_the_counts_likeliest() -> None:
    right, asked = np.array([31, 55, 52, 80]), np.array([90, 100, 110, 120])

    def loss(parameters: np.ndarray) -> float:
        chance = special.expit(parameters[0] + parameters[1] * np.log10(TOKENS))
        return -float(stats.binom.logpmf(right, asked, chance).sum())

    best = optimize.minimize(loss, [-3.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9})
    found = log_odds_slope(TOKENS, right / asked, asked)
    assert found.log_odds_per_tenfold == pytest.approx(best.x[1], abs=1e-5)


@pytest.mark.parametrize("ceiling", [1.0, 0.85])
def test_the_interval_covers_planted_slopes_as_often_as_it_says(ceiling: float) -> None:
    """A little more often, since scatter above the binomial widens it and below does not."""
    rng = np.random.default_rng(4)
    chance = curve(TOKENS, 1.2, ceiling)
    reach = stats.norm.ppf(0.95)
    hits, points, linear = 0, 0, 0
    truth = log_odds_slope(TOKENS, chance, 200, ceiling=ceiling).points_per_tenfold
    line = accuracy_slope(TOKENS, chance, 200)[0]
    repeats = 1000
    for _ in range(repeats):
        share = rng.binomial(200, chance) / 200
        found = log_odds_slope(TOKENS, np.minimum(share, ceiling - 0.005), 200, ceiling=ceiling)
        hits += abs(found.log_odds_per_tenfold - 1.2) < reach * found.standard_error
        points += abs(found.points_per_tenfold - truth) < reach * found.points_standard_error
        slope, error = accuracy_slope(TOKENS, share, 200)
        linear += abs(slope - line) < reach * error
    for count in (hits, points, linear):
        assert 0.875 < count / repeats < 0.975


def test_answers_to_the_same_questions_make_the_error_too_wide_never_too_narrow() -> None:
    rng = np.random.default_rng(8)
    slopes, errors = [], []
    for _ in range(300):
        hardness = rng.normal(0, 2, 200)
        share = [
            (rng.random(200) < special.expit(level - hardness)).mean() for level in (-0.5, 0.7)
        ]
        found = log_odds_slope([1e3, 1e4], share, 200)
        slopes.append(found.log_odds_per_tenfold)
        errors.append(found.standard_error)
    assert np.std(slopes) < 0.9 * np.mean(errors)


def test_scatter_above_the_binomial_widens_the_error() -> None:
    share = curve(TOKENS, 1.0) + np.array([0.1, -0.1, 0.1, -0.1])
    found = log_odds_slope(TOKENS, share, 500)
    assert found.dispersion > 5
    calm = log_odds_slope(TOKENS, share, 500 / found.dispersion)
    assert found.standard_error == pytest.approx(calm.standard_error, rel=1e-6)


def test_an_accuracy_of_nothing_takes_half_a_question_more_on_either_side() -> None:
    found = log_odds_slope([1e3, 1e4], [0.0, 0.2], 10)
    assert found.log_odds_per_tenfold == pytest.approx(np.log(2.5 / 8.5) - np.log(0.5 / 10.5))
    assert found.method.endswith("half a question added")


def test_a_standard_error_stands_for_the_questions_behind_it() -> None:
    share = np.array([0.3, 0.6])
    from_error = log_odds_slope([1, 10], share, standard_error=np.sqrt(share * (1 - share) / 150))
    from_count = log_odds_slope([1, 10], share, 150)
    assert from_error.log_odds_per_tenfold == pytest.approx(from_count.log_odds_per_tenfold)
    assert from_error.standard_error == pytest.approx(from_count.standard_error)


def test_the_line_through_two_points_is_their_difference_per_tenfold() -> None:
    slope, error = accuracy_slope([100, 10000], [0.3, 0.6], 100)
    assert slope == pytest.approx(15)
    assert error == pytest.approx(100 * np.sqrt((0.21 + 0.24) / 100) / 2, rel=0.01)


def study_table() -> pd.DataFrame:
    rows = [
        ("a", "maths", "output_tokens", 1e3, 0.3, 200),
        ("a", "maths", "output_tokens", 1e4, 0.6, 200),
        ("a", "maths", "thinking_token_cap", 1e4, 0.6, 200),
        ("a", "maths", "thinking_token_cap", 3e4, 0.65, 200),
        ("b", "maths", "output_tokens", 2e3, 0.5, 200),
        ("b", "maths", "output_tokens", 9e3, 0.8, 200),
        ("c", "physics", "output_tokens", 1e3, 0.2, 100),
        ("c", "physics", "output_tokens", 4e3, 0.4, 100),
        ("d", "physics", "output_tokens", 1e3, 0.2, 100),
        ("e", "hard", "output_tokens", 1e3, 0.0, 100),
        ("e", "hard", "output_tokens", 1e4, 0.0, 100),
    ]
    names = ["model", "benchmark", "x_quantity", "x_value", "accuracy", "questions"]
    return pd.DataFrame(rows, columns=names)


def test_caps_and_tokens_used_make_studies_of_their_own() -> None:
    slopes = slopes_by_study(study_table())
    assert slopes[["model", "x_quantity"]].apply("/".join, axis=1).tolist() == [
        "a/output_tokens",
        "a/thinking_token_cap",
        "b/output_tokens",
        "c/output_tokens",
    ]
    assert slopes.attrs["left_out"] == ["d/physics/output_tokens", "e/hard/output_tokens"]
    alone = log_odds_slope([1e3, 1e4], [0.3, 0.6], 200)
    assert slopes.loc[0, "log_odds_per_tenfold"] == pytest.approx(alone.log_odds_per_tenfold)
    np.testing.assert_allclose(slopes.high - slopes.low, 2 * 1.6448536 * slopes.standard_error)


def test_pooling_keeps_kinds_of_x_apart_and_says_what_one_model_does() -> None:
    slopes = slopes_by_study(study_table())
    pooled = pooled_slopes(slopes)
    used = slopes[slopes.x_quantity == "output_tokens"]
    effects, errors = used.log_odds_per_tenfold.to_numpy(), used.standard_error.to_numpy()
    assert pooled.x_quantity.tolist() == ["output_tokens"]
    assert pooled.attrs["left_out"] == ["thinking_token_cap"]
    assert pooled.loc[0, "mean"] == pytest.approx(pool(effects, errors).mean)
    without = [pool(np.delete(effects, i), np.delete(errors, i)).mean for i in range(3)]
    assert pooled.loc[0, "without_one_model_low"] == pytest.approx(min(without))
    assert pooled.loc[0, "without_one_model_high"] == pytest.approx(max(without))
    with pytest.raises(ValueError, match="slopes lack \\['model'\\]"):
        pooled_slopes(slopes.drop(columns="model"))
    with pytest.raises(ValueError, match="tokens, caps and money do not pool"):
        pooled_slopes(slopes, by=("benchmark",))
    with pytest.raises(ValueError, match=r"no group has two studies to pool; left out: .*thinking"):
        pooled_slopes(slopes[slopes.x_quantity == "thinking_token_cap"])


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1, 0], [0.2, 0.3], 10), {}, "x at index 1: 0.0"),
        (([1, 2], [0.2, 1.3], 10), {}, "accuracy, row 1: 1.3"),
        (([1, 2], [0.2, float("nan")], 10), {}, "accuracy, row 1: nan"),
        (([1, 2], [0.2, 0.3], [10, -1]), {}, "questions at index 1: -1.0"),
        (([2, 2], [0.2, 0.3], 10), {}, "on at least 2 levels"),
        (([1, 2, 3], [0.2, 0.3], 10), {}, "as many of each"),
        (([1, 2], [0.0, 0.0], 10), {}, "all 0, which shows no slope"),
        (([1, 2], [0.2, 0.3]), {}, "either questions or standard_error"),
        (([1, 2], [0.2, 0.0]), {"standard_error": 0.1}, "row 1: 0 needs questions"),
        (([1, 2], [0.2, 0.5], 10), {"ceiling": 0.4}, "ceiling: 0.4 .* above 0.5"),
        (([1, 2], [0.2, 0.5], 10), {"ceiling": None}, "2 points do not show a ceiling"),
    ],
)
def test_points_without_a_slope_are_refused(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        log_odds_slope(*arguments, **options)


def test_tables_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="points lack \\['questions'\\]"):
        slopes_by_study(study_table().drop(columns="questions"))
    with pytest.raises(ValueError, match="x_quantity: \\['samples'\\]"):
        slopes_by_study(study_table().assign(x_quantity="samples"))
    with pytest.raises(ValueError, match=r"b/maths/output_tokens: accuracy, row 0: 7\.0"):
        slopes_by_study(study_table().replace({"accuracy": {0.5: 7.0}}))
    with pytest.raises(ValueError, match="no study has two levels"):
        slopes_by_study(study_table().iloc[[0]])


@pytest.fixture(scope="module")
def tokens_table(shared_datasets: Path) -> pd.DataFrame:
    return pd.read_csv(shared_datasets / "epoch_tokens_vs_accuracy.csv")


@pytest.fixture(scope="module")
def slopes(shared_datasets: Path, tokens_table: pd.DataFrame) -> pd.DataFrame:
    return thinking_slopes(tokens_table, pd.read_csv(shared_datasets / "epoch_effort_levels.csv"))


def test_every_model_measured_twice_is_a_study_of_its_own_kind(slopes: pd.DataFrame) -> None:
    counts = slopes.groupby("x_quantity").agg(
        studies=("model", "size"), models=("model", "nunique")
    )
    assert counts.loc["output_tokens"].tolist() == [10, 4]
    assert counts.loc["thinking_token_cap"].tolist() == [10, 5]
    assert slopes.notna().all().all()
    switched = slopes[slopes.change == "thinking switched on"]
    assert set(switched.model) == {"claude-3-7-sonnet-20250219"}
    assert len(switched) == 3
    assert (slopes.standard_error_answers <= slopes.standard_error * (1 + 1e-9)).all()


def test_thinking_switched_on_gives_the_slope_of_the_printed_counts(slopes: pd.DataFrame) -> None:
    row = slopes[(slopes.benchmark == "GPQA diamond") & (slopes.change == "thinking switched on")]
    tenfolds = np.log10((1650594 / 198) / (927915 / 1584))
    by_hand = (np.log(0.768 / 0.232) - np.log(0.66 / 0.34)) / tenfolds
    assert row.log_odds_per_tenfold.item() == pytest.approx(by_hand, rel=1e-4)


def test_pooled_slopes_of_tokens_and_caps_are_above_nothing(slopes: pd.DataFrame) -> None:
    pooled = pooled_slopes(slopes).set_index("x_quantity")
    assert (pooled["low"] > 0).all()
    assert pooled.loc["output_tokens", "prediction_low"] < 0
    assert pooled.loc["output_tokens", "tau"] > pooled.loc["thinking_token_cap", "tau"]


def test_pairs_are_counted_per_question(tokens_table: pd.DataFrame) -> None:
    pairs = thinking_pairs(tokens_table)
    assert len(pairs) == 18
    assert pairs.notna().all().all()
    same = pairs[pairs.relation == SAME_MODEL].set_index("benchmark")
    assert same.loc["GPQA diamond", "plain_output_tokens_per_question"] == 585.8
    assert same["questions"].to_dict() == {
        "GPQA diamond": 198,
        "MATH level 5": 1324,
        "OTIS Mock AIME 2024-2025": 45,
    }


def test_evaluations_that_do_not_add_up_are_refused() -> None:
    good = pd.DataFrame(
        {
            "benchmark": ["m"],
            "model": ["x_high"],
            "epochs": [2],
            "total_samples": [20],
            "output_tokens": [400],
            "accuracy": [0.5],
        }
    )
    assert evaluation_points(good).loc[0, ["model", "effort", "questions"]].tolist() == [
        "x",
        "high",
        10,
    ]
    with pytest.raises(ValueError, match=r"total_samples over epochs, row 0: 6\.66"):
        evaluation_points(good.assign(epochs=3))
    with pytest.raises(ValueError, match="m/x_high twice"):
        evaluation_points(pd.concat([good, good]))
    with pytest.raises(ValueError, match="lacking \\['accuracy'\\]"):
        evaluation_points(good.drop(columns="accuracy"))
    with pytest.raises(ValueError, match="holds no pair"):
        thinking_pairs(good)
