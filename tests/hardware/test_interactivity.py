"""Frontiers of throughput against speed per user, and their ratios where both were measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware import interactivity as it


def power_law(scale: float, exponent: float, low: float, high: float) -> it.Frontier:
    speed = np.geomspace(low, high, 9)
    return it.pareto(speed, scale * speed**-exponent)


def measured(**changes: Any) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "chip_id": ["new", "new", "old", "old"],
            "tokens_per_s_per_user": [20.0, 80.0, 10.0, 40.0],
            "tokens_per_s_per_chip": [900.0, 300.0, 200.0, 50.0],
        }
    ).assign(model_id="m", input_tokens=1024, output_tokens=1024)
    return rows.assign(**changes)


def test_the_frontier_is_what_no_point_beats() -> None:
    generator = np.random.default_rng(1)
    speed, rate = generator.integers(1, 25, (2, 300)).astype(float)
    found = it.pareto(speed, rate)
    naive = {
        (s, r)
        for s, r in zip(speed, rate, strict=True)
        if not any(
            (a >= s and b >= r) and (a > s or b > r) for a, b in zip(speed, rate, strict=True)
        )
    }
    assert set(zip(found.interactivity, found.throughput, strict=True)) == naive


def test_a_beaten_point_is_refused_where_a_frontier_is_made_by_hand() -> None:
    with pytest.raises(ValueError, match="make a frontier with pareto"):
        it.Frontier(np.array([1.0, 2.0]), np.array([1.0, 2.0]))


def test_a_power_law_is_met_between_its_points() -> None:
    frontier = power_law(5e4, 1.3, 10, 200)
    speed = np.linspace(10, 200, 77)
    np.testing.assert_allclose(frontier.at(speed), 5e4 * speed**-1.3, rtol=1e-9)
    assert it.left_out_errors(frontier).max() < 1e-9


def test_between_points_the_curve_never_rises_or_leaves_their_range() -> None:
    generator = np.random.default_rng(4)
    for _ in range(30):
        frontier = it.pareto(*np.exp(generator.normal(3, 1, (2, 40))))
        if frontier.interactivity.size < 2:
            continue
        curve = frontier.at(np.geomspace(*frontier.span, 400))
        assert (np.diff(curve) <= 1e-9 * curve[:-1]).all()
        np.testing.assert_allclose(frontier.at(frontier.interactivity), frontier.throughput)


@pytest.mark.parametrize("speed", [9.0, 201.0])
def test_nothing_is_said_outside_what_was_measured(speed: float) -> None:
    with pytest.raises(ValueError, match="accepted: 10 to 200 tokens/s per user"):
        power_law(5e4, 1.3, 10, 200).at([50.0, speed])


def test_the_ratio_curve_is_the_closed_form_on_the_common_span() -> None:
    curve = it.ratio_curve(power_law(9e4, 1.0, 10, 100), power_law(3e4, 1.5, 30, 300))
    assert (curve["interactivity"].min(), curve["interactivity"].max()) == pytest.approx((30, 100))
    np.testing.assert_allclose(curve["ratio"], 3 * curve["interactivity"] ** 0.5, rtol=1e-6)
    np.testing.assert_allclose(curve["ratio"], curve["numerator"] / curve["denominator"])


def test_a_claim_is_passed_where_the_closed_form_says() -> None:
    curve = it.ratio_curve(power_law(9e4, 1.0, 10, 300), power_law(3e4, 1.5, 10, 300))
    assert it.crossings(curve, 30.0) == pytest.approx([100.0], rel=1e-3)
    assert it.crossings(curve, 3.0).size == 0


def test_chips_measured_at_different_speeds_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="no speed in common"):
        it.ratio_curve(power_law(1e4, 1, 10, 20), power_law(1e4, 1, 30, 60))


def test_per_megawatt_divides_by_the_power_of_a_chip() -> None:
    frontier = power_law(5e4, 1.3, 10, 200)
    per_mw = frontier.per(2.1e-3, "MW")
    np.testing.assert_allclose(per_mw.throughput, frontier.throughput / 2.1e-3)
    with pytest.raises(ValueError, match="MW"):
        frontier.per(0.0, "MW")


def test_published_ratios_per_chip_and_per_megawatt_are_met(
    reference: Callable[[str], dict[str, Any]],
) -> None:
    page = reference("hardware_market")["rack_ratios"]
    new = it.pareto(page["interactivity"], page["b200"])
    old = it.pareto(page["interactivity"], page["h100"])
    within = {"rel": page["tolerance_relative"]}
    for at, a, b in zip(
        page["interactivity"], page["b200_per_mw"], page["h100_per_mw"], strict=True
    ):
        curve = it.ratio_curve(
            new.per(page["b200_kw"] / 1e3, "MW"), old.per(page["h100_kw"] / 1e3, "MW")
        ).set_index("interactivity")
        assert curve.loc[at, "ratio"] == pytest.approx(a / b, **within)
    assert it.crossings(it.ratio_curve(new, old), 30.0).size == 0


def test_groups_make_their_own_frontiers() -> None:
    found = it.frontiers(measured())
    assert list(found) == ["new", "old"]
    assert found["old"].span == (10.0, 40.0)
    assert list(it.frontiers(measured(precision="fp8"), ("chip_id", "precision"))) == [
        ("new", "fp8"),
        ("old", "fp8"),
    ]


@pytest.mark.parametrize("column", ["model_id", "input_tokens", "output_tokens"])
def test_rows_of_several_workloads_are_refused_by_name(column: str) -> None:
    with pytest.raises(ValueError, match=rf"{column}: \['1', '2'\]"):
        it.frontiers(measured(**{column: [1, 1, 2, 2]}))


def test_little_s_law_gives_the_operating_point() -> None:
    speed, rate = it.operating_points(20.0, 500.0, 64, 101, 8)
    assert speed == pytest.approx(50.0)
    assert rate == pytest.approx(64 * 101 / (0.5 + 100 * 0.02) / 8)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: it.pareto([], []), "interactivity"),
        (lambda: it.pareto([1.0, np.nan], [1.0, 2.0]), "interactivity at index 1"),
        (lambda: it.pareto([1.0], [1.0, 2.0]), "as many of each"),
        (lambda: it.operating_points(0.0, 1.0, 1, 2, 1), "tpot_ms"),
        (lambda: it.operating_points(1.0, 1.0, 1.5, 2, 1), "concurrency"),
        (lambda: it.left_out_errors(it.pareto([1.0, 2.0], [2.0, 1.0])), "2 points"),
        (lambda: it.frontiers(measured().iloc[:0]), "0 rows"),
        (
            lambda: it.crossings(pd.DataFrame({"interactivity": [1.0], "ratio": [1.0]}), -3),
            "claimed",
        ),
    ],
)
def test_what_is_no_measurement_is_refused_by_name(call: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()


def test_measured_blackwell_is_a_few_times_hopper_at_equal_speed(shared_datasets: Path) -> None:
    rows = pd.read_csv(shared_datasets / "serving_measurements.csv")
    rows = rows[(rows["model_id"] == "llama-3.1-70b") & (rows["precision"] == "fp8")]
    rows = rows[(rows["input_tokens"] == 1024) & (rows["output_tokens"] == 1024)]
    chips = np.where(rows["chips_used"] > 0, rows["chips_used"], rows["tp"])
    speed, rate = it.operating_points(
        rows["tpot_ms"], rows["ttft_ms"], rows["batch_or_concurrency"], rows["output_tokens"], chips
    )
    found = it.frontiers(rows.assign(tokens_per_s_per_user=speed, tokens_per_s_per_chip=rate))
    curve = it.ratio_curve(found["b200"], found["h200_sxm"])
    assert curve["ratio"].min() > 1.5
    assert curve["ratio"].max() < 5
    assert np.median(it.left_out_errors(found["h200_sxm"])) < 0.1
