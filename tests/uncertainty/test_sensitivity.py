"""Variance shares and tornado against closed forms, SALib and plain loops."""

from __future__ import annotations

import time

import numpy as np
import pytest
from SALib.analyze import sobol as salib_analyse
from SALib.sample import sobol as salib_sample
from scipy import special

from analysis.sensitivity import sobol_indices, tornado

WEIGHTS = np.array([0.0, 0.5, 3.0, 9.0, 99.0])
UNIFORM = [lambda p: p] * len(WEIGHTS)


def g_function(rows):
    return np.prod((np.abs(4 * rows - 2) + WEIGHTS) / (1 + WEIGHTS), axis=1)


def g_closed_form():
    parts = 1 / 3 / (1 + WEIGHTS) ** 2
    product = np.prod(1 + parts)
    return parts / (product - 1), parts / (1 + parts) * product / (product - 1)


def ishigami(rows, a=7.0, b=0.1):
    x, y, z = rows.T
    return np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x)


def ishigami_closed_form(a=7.0, b=0.1):
    alone = np.array([(1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, 0.0])
    together = 8 * b**2 * np.pi**8 / 225
    variance = alone.sum() + together
    return alone / variance, (alone + together * np.array([1, 0, 1])) / variance


ANGLES = [lambda p: np.pi * (2 * p - 1)] * 3


def test_indices_of_the_g_function_are_those_of_the_closed_form():
    found = sobol_indices(g_function, UNIFORM, 2**14, 1)
    first, total = g_closed_form()
    np.testing.assert_allclose(found.first[:, 0], first, atol=2e-3)
    np.testing.assert_allclose(found.total[:, 0], total, atol=2e-3)
    assert found.evaluations == 7 * 2**14


def test_indices_of_the_ishigami_function_are_those_of_the_closed_form():
    found = sobol_indices(ishigami, ANGLES, 2**14, 2)
    first, total = ishigami_closed_form()
    np.testing.assert_allclose(found.first[:, 0], first, atol=3e-3)
    np.testing.assert_allclose(found.total[:, 0], total, atol=3e-3)


def test_indices_are_those_of_salib_within_both_half_widths():
    problem = {"num_vars": 3, "names": list("xyz"), "bounds": [[-np.pi, np.pi]] * 3}
    rows = salib_sample.sample(problem, 2**13, calc_second_order=False, seed=5)
    theirs = salib_analyse.analyze(problem, ishigami(rows), calc_second_order=False, seed=5)
    ours = sobol_indices(ishigami, ANGLES, 2**13, 6)
    for share, half, salib, salib_half in (
        (ours.first, ours.first_half_width, "S1", "S1_conf"),
        (ours.total, ours.total_half_width, "ST", "ST_conf"),
    ):
        apart = np.abs(share[:, 0] - theirs[salib])
        assert (apart <= np.hypot(half[:, 0], theirs[salib_half]) + 1e-12).all()
        # Theirs are wider or as wide, up to what a hundred resamples tell.
        assert (half[:, 0] <= 1.3 * theirs[salib_half]).all()


def test_intervals_hold_the_truth_at_least_as_often_as_they_say():
    first, total = g_closed_form()
    held = []
    for seed in range(60):
        found = sobol_indices(g_function, UNIFORM, 512, seed, level=0.9)
        held.append(np.abs(found.first[:, 0] - first) <= found.first_half_width[:, 0])
        held.append(np.abs(found.total[:, 0] - total) <= found.total_half_width[:, 0])
    assert np.mean(held) >= 0.9


def test_half_widths_are_the_spread_over_repeats_where_points_are_independent():
    # A function so rough that quasi-random points do no better than independent ones.
    def rough(rows):
        return np.sin(1e6 * rows[:, 0]) + 2 * np.sin(1e6 * rows[:, 1])

    runs = [sobol_indices(rough, UNIFORM[:2], 512, seed, level=0.9) for seed in range(150)]
    spread = 1.645 * np.std([run.total[:, 0] for run in runs], axis=0)
    said = np.mean([run.total_half_width[:, 0] for run in runs], axis=0)
    np.testing.assert_allclose(said, spread, rtol=0.2)


def test_an_input_that_does_nothing_has_shares_of_exactly_nothing():
    found = sobol_indices(lambda rows: rows[:, 0] ** 2, UNIFORM[:2], 1024, 3)
    assert found.first[1, 0] == found.total[1, 0] == found.total_half_width[1, 0] == 0
    assert found.first[0, 0] == pytest.approx(1, abs=1e-3)


def test_a_shift_of_the_output_by_far_more_than_it_varies_changes_no_index():
    plain = sobol_indices(ishigami, ANGLES, 1024, 1)
    moved = sobol_indices(lambda rows: 1e6 + ishigami(rows), ANGLES, 1024, 1)
    np.testing.assert_allclose(moved.first, plain.first, atol=1e-8)


def test_several_outputs_at_once_are_each_as_alone_whatever_the_chunk():
    def both(rows):
        return np.column_stack([ishigami(rows), rows.sum(axis=1)])

    found = sobol_indices(both, ANGLES, 1024, 4, outputs=("wave", "sum"), chunk=100)
    for place, alone in enumerate((ishigami, lambda rows: rows.sum(axis=1))):
        other = sobol_indices(alone, ANGLES, 1024, 4)
        np.testing.assert_allclose(found.first[:, place], other.first[:, 0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            found.total_half_width[:, place], other.total_half_width[:, 0], rtol=1e-9, atol=1e-12
        )
    table = found.frame()
    assert table["output"].tolist() == ["wave"] * 3 + ["sum"] * 3
    assert (table.groupby("output", sort=False)["total"].diff().dropna() <= 0).all()
    row = table[(table["output"] == "wave") & (table["input"] == "input 1")].iloc[0]
    assert row["first"] == found.first[1, 0]
    assert row["total"] == found.total[1, 0]


def test_a_group_has_the_share_of_the_variance_of_its_correlated_sum():
    rho = 0.6

    def tie(unit):
        scores = special.ndtri(unit)
        scores[:, 1] = rho * scores[:, 0] + np.sqrt(1 - rho**2) * scores[:, 1]
        return special.ndtr(scores)

    found = sobol_indices(
        lambda rows: rows.sum(axis=1), [special.ndtri] * 3, 2**13, 1,
        names=("a", "b", "c"), groups={"a and b": (0, 1)}, dependence=tie,
    )  # fmt: skip
    assert found.inputs == ("a and b", "c")
    both = 2 + 2 * rho
    np.testing.assert_allclose(found.first[:, 0], [both / (both + 1), 1 / (both + 1)], atol=2e-3)
    np.testing.assert_allclose(found.total[:, 0], found.first[:, 0], atol=2e-3)


def test_twenty_five_inputs_take_less_than_two_seconds_to_a_half_width_of_a_hundredth():
    weights = np.linspace(1, 2, 25)

    def cheap(rows):
        answer = np.zeros(len(rows))
        for column, weight in zip(rows.T, weights, strict=True):
            answer += weight * column
        return answer

    took = []
    for seed in range(3):
        began = time.perf_counter()
        found = sobol_indices(cheap, [special.ndtri] * 25, 2**14, seed)
        took.append(time.perf_counter() - began)
    assert max(found.first_half_width.max(), found.total_half_width.max()) <= 0.01
    assert min(took) < 2


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_output_that_is_not_finite_is_refused_with_its_row_and_inputs(value):
    seen = []

    def broken(rows):
        seen.append(rows[70].copy())
        answer = np.column_stack([rows.sum(axis=1)] * 2)
        if len(seen) == 3:
            answer[70, 1] = value
        return answer

    with pytest.raises(ValueError, match=r"late, row 70 with 'users' exchanged: (nan|inf)") as said:
        sobol_indices(broken, UNIFORM[:2], 128, 1, names=("users", "use"), outputs=("now", "late"))
    assert f"use = {seen[-1][1]:.6g}" in str(said.value)


def test_a_constant_output_is_refused_by_name():
    def flat(rows):
        return np.column_stack([rows[:, 0], np.full(len(rows), 0.25)])

    with pytest.raises(ValueError, match=r"share: 0\.25 at every row"):
        sobol_indices(flat, UNIFORM, 64, 1, outputs=("x", "share"))


def test_wrong_sizes_groups_and_shapes_are_refused_with_what_is_accepted():
    with pytest.raises(ValueError, match=r"base_samples: 1000 .* accepted: 512 or 1024"):
        sobol_indices(g_function, UNIFORM, 1000, 1)
    with pytest.raises(ValueError, match="groups"):
        sobol_indices(g_function, UNIFORM, 64, 1, groups={"a": (0, 1), "b": (1,)})
    with pytest.raises(ValueError, match="groups"):
        sobol_indices(g_function, UNIFORM, 64, 1, groups={"a": (5,)})
    with pytest.raises(ValueError, match=r"shape \(5,\) for 64 rows"):
        sobol_indices(lambda rows: rows[0], UNIFORM, 64, 1)
    with pytest.raises(ValueError, match="read-only"):
        sobol_indices(lambda rows: rows.__setitem__(0, 1.0), UNIFORM, 64, 1)


def test_a_tornado_is_a_plain_loop_sorted_by_swing():
    lows, centrals, highs = np.array([[1.0, 1.0, -3.0], [2.0, 1.5, 0.0], [3.0, 1.6, 1.0]])

    def model(rows):
        return np.column_stack([rows[:, 0] * rows[:, 1] - rows[:, 2], rows[:, 2] ** 2])

    table = tornado(model, lows, centrals, highs, names=("a", "b", "c"), outputs=("one", "two"))
    assert table["input"].tolist()[:3] == ["c", "a", "b"]
    for row in table.itertuples():
        place, column = "abc".index(row.input), ["one", "two"].index(row.output)
        for end, value in (("at_low", lows), ("at_high", highs), ("at_central", centrals)):
            point = centrals.copy()
            point[place] = value[place]
            assert getattr(row, end) == model(point[None])[0, column]
        assert row.swing == row.at_high - row.at_low


def test_a_tornado_refuses_ends_out_of_order_and_answers_that_are_not_finite():
    with pytest.raises(ValueError, match=r"input 'b': .* low <= central <= high"):
        tornado(lambda rows: rows, [0, 2], [1, 1], [2, 3], names=("a", "b"))
    with pytest.raises(ValueError, match=r"row 3: nan"):
        tornado(lambda rows: np.where(rows[:, 1] > 1, np.nan, 1.0), [0, 0], [1, 1], [2, 3])
