"""Ratios of two chips over speed, their intervals, and the claims they are held against."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware import claim_ratios as cr
from analysis.hardware import serve
from analysis.hardware.findings import claims, nvl72
from analysis.hardware.interactivity import Frontier, pareto
from analysis.hardware.sentences import claims as sentences
from analysis.uncertainty import Interval


def power_law(scale: float, exponent: float, low: float = 5.0, high: float = 200.0) -> Frontier:
    speed = np.geomspace(low, high, 120)
    return pareto(speed, scale * speed**-exponent)


def test_a_slower_chip_is_slower_for_each_user_and_serves_fewer() -> None:
    frontier = power_law(1e4, 1.5)
    error = np.array([-0.4, 0.0, 0.3])
    speed = np.array([[20.0], [60.0]])
    found = cr.throughput_at(frontier, speed, error)
    # A law of power p keeps its form: (s k)^-p / k.
    np.testing.assert_allclose(found, 1e4 * speed**-1.5 * np.exp(-2.5 * error), rtol=1e-6)


def test_outside_its_speeds_a_chip_gives_its_best_or_nothing() -> None:
    frontier = power_law(1e4, 1.5, 10, 100)
    best = frontier.throughput[0]
    assert cr.throughput_at(frontier, 3.0) == pytest.approx(best)
    assert cr.throughput_at(frontier, 100.1) == 0.0
    assert cr.throughput_at(frontier, 99.0, 0.1) == 0.0
    assert cr.throughput_at(frontier, 105.0, -0.1) > 0.0


def naive_throughput(points: list[tuple[float, float]], speed: float) -> float:
    return max((rate for given, rate in points if given >= speed), default=0.0)


def test_the_ratio_band_is_that_of_drawn_machines() -> None:
    generator = np.random.default_rng(5)
    above, below = power_law(3e4, 1.1, 5, 150), power_law(1e4, 1.8, 5, 80)
    errors = generator.normal(0, 0.2, (2, 600))
    speeds = np.array([10.0, 40.0, 70.0])
    it = cr.ratio_band(above, below, speeds, *errors, level=0.8)
    ratios = np.empty((600, 3))
    fine = np.geomspace(5, 150, 4000), np.geomspace(5, 80, 4000)
    for draw in range(600):
        sides = []
        for frontier, grid, error in zip((above, below), fine, errors[:, draw], strict=True):
            slower = np.exp(error)
            machine = [
                (s / slower, r / slower) for s, r in zip(grid, frontier.at(grid), strict=True)
            ]
            sides.append([naive_throughput(machine, s) for s in speeds])
        first, second = np.array(sides)
        ratios[draw] = np.where(second > 0, first / np.where(second > 0, second, 1), np.inf)
    for place in range(3):
        ordered = np.sort(ratios[:, place])
        assert it.low[place] == pytest.approx(ordered[60], rel=0.03)
        high = ordered[539]
        assert it.high[place] == (np.inf if np.isinf(high) else pytest.approx(high, rel=0.03))
    assert it.reached[2] == pytest.approx(np.isfinite(ratios[:, 2]).mean(), abs=0.005)
    assert np.isinf(it.high[2])
    assert np.isfinite(it.high[0])


def test_a_ratio_where_neither_arrives_is_blank() -> None:
    still = np.zeros(9)
    one, other = power_law(1, 1, 5, 50), power_law(1, 1, 5, 40)
    it = cr.ratio_band(one, other, [45.0, 60.0], still, still, level=0.9)
    assert np.isinf(it.ratio[0])
    assert np.isnan([it.ratio[1], it.low[1], it.high[1]]).all()


def test_errors_of_pairs_give_back_the_planted_error_of_a_chip() -> None:
    generator = np.random.default_rng(8)
    planted, rows = 0.17, np.array([40, 90, 400, 2000])
    medians = []
    for count in rows:
        one, other = generator.normal(0, planted, (2, count))
        medians.append(np.median(np.abs(one - other)))
    assert cr.chip_error_sd(medians, rows) == pytest.approx(planted, rel=0.06)


def test_unequal_sides_hold_the_share_of_draws_they_say() -> None:
    draws = cr.split_normal(-0.1, 0.4, 0.8, 40_000, seed=2)
    assert np.mean(draws < -0.1) == pytest.approx(0.1, abs=0.006)
    assert np.mean(draws > 0.4) == pytest.approx(0.1, abs=0.006)
    assert np.median(draws) == pytest.approx(0.0, abs=0.004)
    assert (cr.split_normal(0.0, 0.4, 0.8, 100, seed=2) >= 0).all()


def test_the_speed_at_which_a_claim_is_met_is_that_of_the_closed_form() -> None:
    speed = np.geomspace(5, 100, 40)
    curve = pd.DataFrame({"interactivity": speed, "ratio": 0.4 * speed**1.3})
    assert cr.first_reached(curve, 30) == pytest.approx((30 / 0.4) ** (1 / 1.3), rel=1e-9)
    assert cr.first_reached(curve, 1.0) == 5.0
    assert np.isnan(cr.first_reached(curve, 1e6))
    assert cr.first_reached(curve.assign(ratio=np.r_[curve["ratio"][:-1], np.inf]), 30) > 5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cr.chip_error_sd([-0.1], [3]), "pair_median_abs"),
        (lambda: cr.chip_error_sd([0.1, 0.2], [3]), "one each"),
        (lambda: cr.split_normal(0.1, 0.4, 0.8, 10, 0), "0 between"),
        (lambda: cr.throughput_at(power_law(1, 1), -2.0), "speed"),
        (lambda: cr.throughput_at(power_law(1, 1), 9.0, np.nan), "ln_time_error"),
        (
            lambda: cr.ratio_band(
                power_law(1, 1), power_law(1, 1), 9.0, [0.0], [0.0, 1.0], level=0.9
            ),
            "as many of each",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def table(repo_root: Path, name: str) -> list[dict[str, str]]:
    with (repo_root / "data" / "hardware" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_measured_ratios_are_those_of_their_rows(repo_root: Path) -> None:
    rate = {
        (r["chip_id"], r["model_id"], r["scenario"], r["source_id"]): r["tokens_per_s_per_chip"]
        for r in table(repo_root, "serving_benchmarks")
        if r["scenario"] and r["tokens_per_s_per_chip"]
    }
    naive = {
        key[1:]: float(value) / float(rate["h100_sxm", *key[1:]])
        for key, value in rate.items()
        if key[0] == "l40s" and ("h100_sxm", *key[1:]) in rate
    }
    found = claims.measured_ratios("l40s", "h100_sxm")
    assert len(found) == len(naive) > 0
    for row in found.to_dict("records"):
        key = (row["model_id"], row["scenario"], row["source_id"])
        assert row["ratio"] == pytest.approx(naive[key])
    # The same ratios as the table of claims has them, read by others from the same rounds.
    stated = [
        float(r["check_value"])
        for r in table(repo_root, "vendor_claims")
        if r["claim_id"] == "l40s_perf" and r["check"] in ("1", "2")
    ]
    offline = found.loc[found["scenario"] == "Offline", "ratio"].to_numpy()
    np.testing.assert_allclose(np.sort(offline), np.sort(stated), rtol=0.02)


def test_a_number_agrees_on_the_side_the_claim_is_on() -> None:
    def agrees(found: Interval | float, side: str, ends: tuple[float, float] = (2.0, 2.0)) -> bool:
        row = claims.Claim("k", "l", *ends, side).found(found, claims.MEASURED, "w")
        return claims.agrees(pd.Series(row))

    assert agrees(2.4, claims.ABOUT)
    assert not agrees(2.6, claims.ABOUT)
    assert agrees(50.0, claims.AT_LEAST)
    assert not agrees(1.9, claims.AT_LEAST)
    assert agrees(0.1, claims.AT_MOST)
    assert not agrees(2.1, claims.AT_MOST)
    assert agrees(Interval(1.0, 1.2, 1.7, 0.9), claims.ABOUT)
    assert not agrees(Interval(1.0, 1.2, 1.5, 0.9), claims.ABOUT)
    assert agrees(12.0, claims.ABOUT, (8.0, 16.0))
    assert not agrees(5.0, claims.ABOUT, (8.0, 16.0))


def test_forecasts_and_own_sources_are_in_no_count() -> None:
    rows, met = claims.findings(), claims.verdicts()
    for name, part in rows.groupby("claim"):
        row = met.loc[name]
        known = part[part["counts"]]
        assert row["numbers"] == len(known)
        assert row["agrees"] == sum(claims.agrees(found) for _, found in known.iterrows())
        assert (row["met"] == claims.FORECAST) == (len(known) == 0)
    assert set(met.index[met["forecast"]]) == {"gpus_in_all", "inference_hardware"}
    left_out = rows[~rows["counts"] & ~rows["forecast"]].set_index("claim")["what"]
    assert set(left_out.index) == {"inf2_throughput", "ascend910c_60pct", "gaudi2_a100"}
    assert left_out.str.contains("not counted").all()
    told = met["met"].value_counts()
    words = sentences.numbers()
    assert words["claims_met_by_none"] == str(told[claims.NONE])
    assert int(words["claims_drawn"]) + int(words["claims_forecasts"]) == len(met)


def test_the_bounds_of_a_rent_are_those_of_the_table(repo_root: Path) -> None:
    stated = {
        (r["date"], float(r["usd_per_gpu_hour"]))
        for r in table(repo_root, "gpu_rental_prices")
        if r["chip_id"] == "h100_sxm"
        and r["usd_low"] == r["usd_per_gpu_hour"]
        and "on-demand" in r["price_type"]
        and "/" not in r["price_type"]
    }
    found = claims.rent_bounds()
    assert set(zip(found["date"], found["usd_per_gpu_hour"], strict=True)) == stated
    words = sentences.numbers()
    assert {words["h100_rent_bound_2024"], words["h100_rent_peak_2023"]} == {"7.0", "8.0"}


def test_cost_per_token_is_rent_over_throughput_and_rents_are_apart_from_cost_models() -> None:
    def ends(key: str) -> np.ndarray:
        return np.array([float(end) for end in words[key].split(" to ")])

    words = sentences.numbers()
    rate = ends("mi300x_throughput").item()
    for ratio, token in (
        ("mi300x_rent_ratio", "mi300x_per_token"),
        ("mi300x_owned_ratio", "mi300x_per_token_owned"),
    ):
        np.testing.assert_allclose(ends(ratio) / rate, ends(token), rtol=0.05)
    assert (ends("mi300x_per_token") > 1).all()
    assert (ends("mi300x_per_token_owned") < 1).all()


def test_the_rack_is_a_few_times_the_chip_in_bulk_and_more_where_answers_are_fast() -> None:
    slow, fast = nvl72.band(nvl72.LONG, at=(10.0, 60.0)).ratio
    # MLPerf without a limit on latency, another model's chips apart: 3.6 to 4.6.
    assert 2.0 < slow < 5.0
    assert fast > 3 * slow
    eight_bits = nvl72.band(nvl72.LONG, precision="fp8", at=(10.0, 60.0)).ratio
    assert (eight_bits < (slow, fast)).all()
    spread = nvl72.band(nvl72.SPREAD, at=(10.0, 60.0)).ratio
    assert (spread <= np.array([slow, fast]) * (1 + 1e-9)).all()


def test_traffic_to_experts_only_slows() -> None:
    rows = nvl72.points(nvl72.MIXTURE, nvl72.NODE, "fp8", wide=True)
    spread = rows[(rows["copies"] * rows["tensor"] > 8) & (rows["requests"] == 64)]
    assert not spread.empty
    first = spread.iloc[0]
    plain = serve(
        nvl72.MIXTURE, nvl72.NODE, precision="fp8", tensor=int(first["tensor"]),
        attention_copies=int(first["copies"]), requests=64, input_tokens=nvl72.SHORT_PROMPT,
        output_tokens=nvl72.ANSWER,
    ).iloc[0]  # fmt: skip
    assert first["tokens_per_s_per_user"] < plain["tokens_per_s_per_user"]
    assert first["output_tokens_per_chip_s"] < plain["output_tokens_per_chip_s"]
