"""The time to the first token: planted parts found again, and who waits for whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.hardware import named
from analysis.hardware.calibration import times_of
from analysis.hardware.first_token import (
    FEW_REQUESTS,
    TERMS,
    FirstToken,
    few,
    fit_first_token,
)
from analysis.hardware.points import Points

PLANTED = FirstToken(np.array([np.log(0.06), 0.2, -0.25, 0.1, 0.7, np.log(0.4)]))


def random_points(size: int, seed: int, most: int = FEW_REQUESTS) -> Points:
    draw = np.random.default_rng(seed)
    tensor = 2.0 ** draw.integers(1, 4, size)
    rows = pd.DataFrame(
        {
            "chip_id": draw.choice(["h100_sxm", "h200", "b200"], size),
            "model_id": draw.choice(["llama-3.1-8b", "gpt-oss-120b", "deepseek-r1"], size),
            "framework": draw.choice(["vllm", "trtllm", "sglang"], size),
            "precision": "fp4",
            "tp": np.maximum(tensor, 8.0),
            "chips_used": np.maximum(tensor, 8.0),
            "batch_or_concurrency": draw.integers(1, most + 1, size),
            "input_tokens": np.round(2.0 ** draw.uniform(7, 14, size)),
            "output_tokens": np.round(2.0 ** draw.uniform(6, 11, size)),
        }
    )
    points, _, reasons = named.points(rows)
    assert reasons.eq("").all()
    return points


def test_planted_parts_are_found_from_noisy_times_with_wrong_rows_among_them() -> None:
    points = random_points(1500, 3)
    times = times_of(named.fitted()[0], points)
    draw = np.random.default_rng(4)
    waited = PLANTED.ttft_s(points, times) * np.exp(draw.normal(0, 0.2, len(points)))
    waited[draw.random(len(points)) < 0.05] *= 6.0
    found = fit_first_token(points, times, waited)
    assert found.values[0] == pytest.approx(PLANTED.values[0], abs=0.15)
    error = np.log(found.ttft_s(points, times) / PLANTED.ttft_s(points, times))
    assert np.quantile(np.abs(error), 0.9) < 0.08


def test_times_not_measured_and_busy_rows_are_left_out_of_the_fit() -> None:
    points = random_points(200, 5, most=40)
    times = times_of(named.fitted()[0], points)
    waited = PLANTED.ttft_s(points, times)
    spoiled = np.where(few(points), waited, 1e3)
    blank = np.where(few(points) & (np.arange(200) % 2 == 0), np.nan, spoiled)
    kept = np.isfinite(blank) & few(points)
    alone = fit_first_token(points.at(kept), times_of(named.fitted()[0], points.at(kept)),
                            waited[kept])  # fmt: skip
    np.testing.assert_allclose(
        fit_first_token(points, times, blank).values, alone.values, rtol=1e-6
    )


def test_few_means_at_most_four_and_none_waiting_for_memory() -> None:
    points = random_points(300, 6, most=9)
    np.testing.assert_array_equal(few(points), points.asked <= FEW_REQUESTS)


def test_a_request_alone_waits_for_its_own_prompt_and_the_fixed_part() -> None:
    points = random_points(50, 7, most=1)
    times = times_of(named.fitted()[0], points)
    np.testing.assert_allclose(
        PLANTED.ttft_s(points, times), PLANTED.fixed_s(points) + times.ttft_s
    )


def test_the_wait_grows_with_requests_and_most_where_they_do_not_fit() -> None:
    row = {"chip_id": "h100_sxm", "model_id": "llama-3.3-70b", "framework": "vllm",
           "precision": "fp8", "tp": 2, "chips_used": 2, "input_tokens": 2000,
           "output_tokens": 500}  # fmt: skip
    rows = pd.DataFrame([row | {"batch_or_concurrency": n} for n in (1, 4, 16, 64, 256, 1024)])
    points, _, _ = named.points(rows)
    waits = PLANTED.ttft_s(points, times_of(named.fitted()[0], points))
    assert np.all(np.diff(waits) > 0)
    full = points.asked > points.requests
    served = points.output_tokens * times_of(named.fitted()[0], points).tpot_s
    assert np.all(waits[full] > (points.asked / points.requests - 1)[full] * served[full])


def test_the_frame_has_a_row_per_term() -> None:
    frame = PLANTED.frame()
    assert frame["applies_to"].tolist() == [term[0] for term in TERMS]
    np.testing.assert_array_equal(frame["value"], PLANTED.values)
