"""Power at work and energy per token."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware.energy import (
    PowerDraw,
    chip_power_w,
    facility_power_w,
    fit_power_draw,
    joules_per_token,
    request_energy,
    server_power_share,
    tokens_per_s_per_mw,
)

DRAW = PowerDraw(idle=0.1, busy=0.5, compute=0.7, memory=0.4)


def measured(reference: Any) -> pd.DataFrame:
    stated = reference("hardware_energy")["serving_power"]
    table = pd.DataFrame(stated["rows"], columns=stated["columns"])
    return table.assign(drawn=table.power_w / table.gpus / table.gpu.map(stated["tdp_w"]))


def test_measured_power_over_rate_is_the_published_energy_per_token(reference: Any) -> None:
    rows = measured(reference)
    got = joules_per_token(rows.power_w / rows.gpus, rows.gpus, rows.tokens_per_s)
    np.testing.assert_allclose(got, rows.joules_per_token, rtol=2e-3)


def test_measured_draw_of_unseen_models_is_met_far_better_than_by_rated_power(
    reference: Any,
) -> None:
    rows = measured(reference)
    errors = []
    for model, unseen in rows.groupby("model"):
        seen = rows[rows.model != model]
        draw = fit_power_draw(seen.drawn, seen.compute_activity, seen.memory_activity, idle=0.1)
        got = draw.share_of_rated(unseen.compute_activity, unseen.memory_activity)
        errors.extend(np.abs(np.log(got / unseen.drawn)))
    rated = np.abs(np.log(rows.drawn))
    assert np.median(errors) < 0.14
    assert np.median(errors) < 0.6 * np.median(rated)


def test_the_draw_behind_published_joules_is_far_below_the_nameplate(reference: Any) -> None:
    case = reference("hardware_energy")["deepseek_r1_b200"]
    for row, drawn in zip(case["rows"], case["draw_share_of_rated"], strict=True):
        watts = drawn * case["tdp_w"]
        got = joules_per_token(watts, case["chips"], row["tokens_per_s"])
        assert got == pytest.approx(row["joules_per_output_token"], rel=1e-3)
        nameplate = joules_per_token(case["all_in_w"], case["chips"], row["tokens_per_s"])
        assert 3 < nameplate / row["joules_per_output_token"] < 4.5


def test_joules_of_another_laboratory_are_met_by_shares_fitted_to_the_first(
    reference: Any,
) -> None:
    rows = measured(reference)
    seen = rows[(rows.gpu == "B200") & ~rows.model.str.startswith("deepseek")]
    draw = fit_power_draw(seen.drawn, seen.compute_activity, seen.memory_activity, idle=0.1)
    case = reference("hardware_energy")["deepseek_r1_b200"]
    for row in case["rows"]:
        watts = chip_power_w(
            case["tdp_w"], row["compute_activity"], row["memory_activity"], draw=draw
        )
        got = joules_per_token(watts, case["chips"], row["tokens_per_s"])
        assert abs(np.log(got / row["joules_per_output_token"])) < 0.25


def test_planted_shares_are_found_again_and_never_negative() -> None:
    rng = np.random.default_rng(0)
    compute, memory = rng.uniform(0, 0.3, 400), rng.uniform(0, 0.5, 400)
    drawn = DRAW.share_of_rated(compute, memory) * np.exp(rng.normal(0, 0.05, 400))
    found = fit_power_draw(drawn, compute, memory, idle=0.1)
    got = [found.busy, found.compute, found.memory]
    np.testing.assert_allclose(got, [0.5, 0.7, 0.4], atol=0.05)
    falling = fit_power_draw(0.9 - 0.5 * compute, compute, memory, idle=0.1)
    assert 0.0 <= falling.compute < 1e-9


def test_energy_is_power_times_time_over_a_simulated_day() -> None:
    tdp, busy_share, per_request_s = 700.0, 0.6, (0.4, 2.6)
    prefill_w, decode_w, idle_w = (
        chip_power_w(tdp, 0.6, 0.1, draw=DRAW),
        chip_power_w(tdp, 0.05, 0.7, draw=DRAW),
        chip_power_w(tdp, 0, 0, draw=DRAW, busy_share=0.0),
    )
    requests = 86400 * busy_share / sum(per_request_s)
    seconds = [requests * per_request_s[0], requests * per_request_s[1], 86400 * (1 - busy_share)]
    day = sum(s * w for s, w in zip(seconds, (prefill_w, decode_w, idle_w), strict=True))
    one = request_energy(
        prefill_chip_s=per_request_s[0],
        decode_chip_s=per_request_s[1],
        prefill_power_w=prefill_w,
        decode_power_w=decode_w,
        idle_power_w=idle_w,
        busy_share=busy_share,
    )
    assert one.total * requests == pytest.approx(day, rel=1e-12)
    assert one.joules_per_output_token(50) == pytest.approx(one.total / 50)
    assert idle_w == pytest.approx(70.0)


def test_a_megawatt_of_power_serves_the_tokens_that_its_joules_buy() -> None:
    power = np.array([500.0, 900.0])
    per_mw = tokens_per_s_per_mw(power, 8, 4000.0)
    np.testing.assert_allclose(per_mw * joules_per_token(power, 8, 4000.0), 1e6)


def test_the_all_in_power_gives_back_the_share_of_the_server() -> None:
    share = server_power_share(1730.0, 700.0, pue=1.25)
    assert facility_power_w(700.0, 700.0, server_power_share=share, pue=1.25) == pytest.approx(
        1730.0
    )
    draw = PowerDraw(idle=0.1, busy=0.9, compute=1.0, memory=1.0)
    assert chip_power_w(700.0, 1.0, 1.0, draw=draw) == 700.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PowerDraw(1.2, 0.5, 0.5, 0.5), r"idle: 1\.2 is not accepted"),
        (lambda: PowerDraw(0.1, 0.5, -0.5, 0.5), r"compute: -0\.5 is not accepted"),
        (lambda: chip_power_w(0.0, 0.5, 0.5, draw=DRAW), r"tdp_w: 0\.0"),
        (lambda: DRAW.share_of_rated(0.5, 1.5), r"memory_activity: 1\.5"),
        (lambda: joules_per_token(500, 8, 0.0), r"tokens_per_s: 0\.0"),
        (lambda: server_power_share(600.0, 700.0, pue=1.1), "all_in_w / pue / tdp_w"),
        (lambda: fit_power_draw([0.5] * 3, [0.1] * 3, [0.2] * 3, idle=0.1), "at least 4 rows"),
        (lambda: fit_power_draw([0.5] * 5, [0.1] * 5, [0.2] * 5, idle=0.1), "do not vary apart"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
