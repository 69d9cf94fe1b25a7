"""Tipping points against closed forms and a search over a fine grid."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import optimize, special

from analysis.assumptions import Assumption
from analysis.demand.sampling import draw_inputs, value_at_score
from analysis.demand.tipping import answer_by_tercile, tipping_points, worst_pairs

AT_95 = special.ndtri(0.95)


def assumption(name, low, central, high, distribution="lognormal"):
    return Assumption(name, name, "1", low, central, high, distribution, "a test", "demand")


USES = [
    assumption("users", 1.0, 2.0, 4.0),
    assumption("use", 0.5, 1.0, 1.5, "normal"),
    assumption("saving", 1.0, 1.2, 1.3, "triangular"),
    assumption("colour", 0.0, 1.0, 2.0, "uniform"),
]


def short_of_three(inputs):
    return (inputs["users"] * inputs["use"] / inputs["saving"] - 3.0).ravel()


def test_each_input_flips_at_the_value_of_the_closed_form():
    table = tipping_points(short_of_three, USES).set_index("input")
    assert not table["central_answer"].any()
    assert table.loc["users", "value"] == pytest.approx(3.6, rel=1e-12)
    assert table.loc["use", "value"] == pytest.approx(1.8, rel=1e-12)
    score = np.log(3.6 / 2) / np.log(2) * AT_95
    assert table.loc["users", "score"] == pytest.approx(score, rel=1e-9)
    assert table.loc["users", "percentile"] == pytest.approx(100 * special.ndtr(score), rel=1e-9)
    assert table["flips"].to_dict() == {
        "users": "within 5 to 95",
        "use": "beyond",
        "saving": "does not flip",
        "colour": "does not flip",
    }
    assert table.loc[["saving", "colour"], ["value", "score", "percentile"]].isna().all(axis=None)
    assert table["monotone"].all()
    assert table.index.tolist()[:2] == ["users", "use"]


def test_a_yes_that_turns_to_a_no_flips_downwards_at_the_same_place():
    table = tipping_points(lambda x: -short_of_three(x), USES).set_index("input")
    assert table["central_answer"].all()
    assert table.loc["users", "value"] == pytest.approx(3.6, rel=1e-12)


def test_of_two_flips_the_nearer_is_given_and_the_turn_is_said():
    given = [assumption("x", -1.0, 0.0, 1.0, "normal")]
    table = tipping_points(lambda x: ((x["x"] - 0.5) * (x["x"] + 0.8)).ravel(), given)
    assert table.loc[0, "value"] == pytest.approx(0.5, rel=1e-12)
    assert table.loc[0, "flips_on_grid"] == 2
    assert not table.loc[0, "monotone"]
    other = tipping_points(lambda x: ((x["x"] - 0.8) * (x["x"] + 0.5)).ravel(), given)
    assert other.loc[0, "value"] == pytest.approx(-0.5, rel=1e-12)


def test_a_flip_of_each_input_is_where_a_root_finder_finds_it():
    table = tipping_points(short_of_three, USES).set_index("input")
    centre = {a.id: np.array([[a.central]]) for a in USES}
    for name in ("users", "use"):
        root = optimize.brentq(
            lambda v, name=name: short_of_three({**centre, name: np.array([[v]])})[0], 1e-3, 100
        )
        assert table.loc[name, "value"] == pytest.approx(root, rel=1e-9)


def test_a_move_ends_at_the_hard_range_of_an_input():
    table = tipping_points(short_of_three, USES, ranges={"users": (0.0, 3.5)}).set_index("input")
    assert table.loc["users", "flips"] == "does not flip"


def test_the_worst_pair_of_a_plane_is_the_foot_of_its_normal():
    slopes = {"a": 1.0, "b": 3.0, "c": -2.0, "d": 0.0}
    given = [assumption(name, -1.0, 0.0, 1.0, "normal") for name in slopes]

    def plane(inputs):
        return (sum(slopes[n] * inputs[n] for n in slopes) - 4.0).ravel()

    table = worst_pairs(plane, given, top=20)
    for row in table.itertuples():
        slope = np.array([slopes[row.first], slopes[row.second]])
        foot = 4.0 * slope / (slope @ slope)
        assert row.distance == pytest.approx(np.hypot(*foot) * AT_95, rel=1e-6)
        assert [row.first_value, row.second_value] == pytest.approx(foot, abs=1e-3)
    assert (table.loc[0, "first"], table.loc[0, "second"]) == ("b", "c")
    # Too far: 4 / sqrt(1) is 6.6 scores for a alone, and d does nothing.
    assert {frozenset(p) for p in table[["first", "second"]].to_numpy()} == {
        frozenset(p) for p in ("bc", "ab", "ac")
    }


def test_the_nearest_pairs_are_those_of_a_fine_search_over_every_pair():
    rng = np.random.default_rng(4)
    names = [f"x{i}" for i in range(7)]
    shapes = ["lognormal", "normal", "triangular", "uniform", "loguniform", "normal", "lognormal"]
    given = [
        assumption(name, 1.0, 2.0, high, shape)
        for name, high, shape in zip(names, rng.uniform(2.5, 6, 7), shapes, strict=True)
    ]
    powers = dict(zip(names, rng.uniform(-1, 1, 7), strict=True))
    central = sum(powers.values()) * np.log(2)

    def curved(inputs):
        sum_of_logs = sum(power * np.log(inputs[n].clip(0.01)) for n, power in powers.items())
        return (sum_of_logs - central - 1.2).ravel()

    angle = np.linspace(0, 2 * np.pi, 1441)
    radius = np.linspace(0, 4, 801)[:, None]
    expected = {}
    for one, other in combinations(given, 2):
        inputs = {a.id: np.array([[a.central]]) for a in given}
        inputs[one.id] = value_at_score(one, radius * np.cos(angle)).reshape(-1, 1)
        inputs[other.id] = value_at_score(other, radius * np.sin(angle)).reshape(-1, 1)
        turned = (curved(inputs) >= 0).reshape(radius.size, angle.size)
        if turned.any():
            expected[one.id, other.id] = radius[turned.any(axis=1)].min()
    table = worst_pairs(curved, given, top=5)
    nearest = sorted(expected.items(), key=lambda pair: pair[1])[:5]
    assert table["distance"].to_numpy() == pytest.approx([d for _, d in nearest], abs=0.006)
    # Every pair given lies on the edge: a hair nearer the answer is still the central one.
    row = table.iloc[0]
    inputs = {a.id: np.array([[a.central]]) for a in given}
    inputs[row["first"]], inputs[row["second"]] = row["first_value"], row["second_value"]
    assert curved(inputs)[0] == pytest.approx(0, abs=1e-6)


def test_a_pair_can_flip_what_neither_does_alone_and_no_pair_gives_no_row():
    given = [assumption(name, -1.0, 0.0, 1.0, "normal") for name in "ab"]

    def both_needed(inputs):
        return (np.minimum(inputs["a"], inputs["b"]) + 0 * inputs["a"] - 0.6).ravel()

    def sum_needed(inputs):
        return (inputs["a"] + inputs["b"] - 3.0).ravel()

    assert (tipping_points(sum_needed, given)["flips"] == "does not flip").all()
    assert worst_pairs(sum_needed, given).loc[0, "distance"] == pytest.approx(
        3 / np.sqrt(2) * AT_95, rel=1e-6
    )
    assert worst_pairs(lambda x: (x["a"] + x["b"] - 30.0).ravel(), given).empty
    assert worst_pairs(lambda x: 0 * x["a"] + 1.0, given).empty
    assert worst_pairs(both_needed, given).loc[0, "distance"] == pytest.approx(
        0.6 * np.sqrt(2) * AT_95, rel=1e-4
    )


def test_a_margin_that_is_nan_or_of_wrong_shape_is_refused():
    def broken(inputs):
        return np.where(inputs["users"] > 6, np.nan, 1.0).ravel()

    with pytest.raises(ValueError, match=r"nan .* away from the centre there: users = \d"):
        tipping_points(broken, USES)
    with pytest.raises(ValueError, match=r"margin has shape \(12,\) for 1 rows"):
        tipping_points(lambda x: np.zeros(12), USES)
    with pytest.raises(ValueError, match=r"reach: 1 is not accepted"):
        tipping_points(short_of_three, USES, reach=1)


def test_shares_of_yes_by_tercile_are_those_of_a_plain_count():
    draws = draw_inputs(USES, 999, 1)
    answers = short_of_three(draws) >= 0
    table = answer_by_tercile(answers, draws).set_index("input")
    for name, values in draws.items():
        order = np.argsort(values.ravel())
        shares = [answers[third].mean() for third in np.split(order, 3)]
        assert table.loc[name, ["low", "middle", "high"]].tolist() == pytest.approx(shares)
        assert table.loc[name, "swing"] == pytest.approx(shares[2] - shares[0])
    assert table["overall"].unique().tolist() == [answers.mean()]
    assert table.index[0] == "users"


def test_the_swing_of_an_input_that_does_nothing_is_within_its_error():
    draws = draw_inputs(USES, 20_000, 3)
    table = answer_by_tercile(short_of_three(draws) >= 0, draws).set_index("input")
    assert abs(table.loc["colour", "swing"]) < 3 * table.loc["colour", "standard_error"]
    assert table.loc["users", "swing"] > 20 * table.loc["users", "standard_error"]


def test_draws_without_three_thirds_or_of_wrong_length_are_refused_by_name():
    yes = np.arange(9) > 4
    with pytest.raises(ValueError, match=r"'flat': \[0, 0, 9\] in the three thirds"):
        answer_by_tercile(yes, {"flat": np.ones(9)})
    with pytest.raises(ValueError, match="'short': 8"):
        answer_by_tercile(yes, {"short": np.ones(8)})
    with pytest.raises(ValueError, match="accepted: at least 3 booleans"):
        answer_by_tercile(np.ones(9), {"x": np.arange(9)})
