"""Serving by name: what comes back, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware import named, predict_benchmarks, serve
from analysis.hardware.steps import Efficiency
from analysis.hardware.work import Layout

MODEL, CHIP = "llama-3.3-70b", "h100_sxm"


def test_a_row_comes_back_per_operating_point_in_the_order_given() -> None:
    found = serve(MODEL, CHIP, tensor=4, requests=[1, 8, 64], input_tokens=512)
    assert found["requests"].tolist() == [1, 8, 64]
    assert found["model_id"].eq(MODEL).all()
    assert found["chip_id"].eq(CHIP).all()
    for place, requests in enumerate((1, 8, 64)):
        one = serve(MODEL, CHIP, tensor=4, requests=requests, input_tokens=512)
        assert one["tpot_ms"][0] == pytest.approx(found["tpot_ms"][place], rel=1e-12)


def test_a_grid_is_unrolled_row_by_row() -> None:
    found = serve(MODEL, CHIP, tensor=8, requests=np.array([[1], [16]]),
                  input_tokens=np.array([[128, 1024, 4096]]))  # fmt: skip
    assert found["requests"].tolist() == [1, 1, 1, 16, 16, 16]
    assert found["input_tokens"].tolist() == [128, 1024, 4096] * 2
    assert (found["tpot_ms_low"] < found["tpot_ms"]).all()


def test_intervals_hold_the_point_and_are_in_order() -> None:
    for model, chip in ((MODEL, CHIP), ("deepseek-r1", "mi355x"), ("llama-3.1-8b", "tpu_v6e")):
        found = serve(model, chip, precision="bf16", usd_per_chip_hour=2.5)
        for name in ("tpot_ms", "usd_per_mtok_output"):
            assert (found[f"{name}_low"] < found[name]).all()
            assert (found[name] < found[f"{name}_high"]).all()


def test_rates_add_up() -> None:
    found = serve(MODEL, CHIP, tensor=4, requests=[1, 20], output_tokens=200)
    per_request = found["prefill_chip_s"] + found["decode_chip_s"]
    np.testing.assert_allclose(200 / per_request, found["output_tokens_per_chip_s"])
    np.testing.assert_allclose(found["tokens_per_s_per_user"], 1e3 / found["tpot_ms"])
    assert found["chips"].eq(4).all()


def test_cost_is_price_over_rate_and_idle_hours() -> None:
    found = serve(MODEL, CHIP, tensor=4, requests=[1, 20], usd_per_chip_hour=3.6, utilisation=0.5)
    usd_per_s = 3.6 / 3600
    np.testing.assert_allclose(
        found["usd_per_mtok_output"], 1e6 * usd_per_s / found["output_tokens_per_chip_s"] / 0.5
    )
    assert "usd_per_mtok_output" not in serve(MODEL, CHIP)


def test_the_least_chips_that_hold_model_and_requests_are_taken() -> None:
    assert serve(MODEL, CHIP)["tensor"][0] == 1
    assert serve(MODEL, CHIP, precision="bf16")["tensor"][0] == 2
    many = serve(MODEL, CHIP, requests=256, input_tokens=4000)
    assert many["tensor"][0] > 2
    assert many["requests"][0] == 256
    # Half of them hold fewer.
    half = serve(MODEL, CHIP, requests=256, input_tokens=4000, tensor=many["tensor"][0] / 2)
    assert half["requests"][0] == half["requests_that_fit"][0] < 256


def test_more_requests_than_fit_are_cut_to_those_that_fit() -> None:
    all_that_fit, too_many = (
        serve(MODEL, CHIP, tensor=2, requests=wanted)["requests"][0] for wanted in (np.inf, 1e6)
    )
    assert all_that_fit == too_many == serve(MODEL, CHIP, tensor=2)["requests_that_fit"][0]


def test_a_narrower_cache_holds_more_requests_and_only_a_stated_one_changes_it() -> None:
    plain, wide, narrow = (
        serve(MODEL, CHIP, precision="bf16", tensor=4, cache_precision=form)["requests_that_fit"][0]
        for form in (None, "bf16", "fp8")
    )
    assert plain == wide
    assert narrow == pytest.approx(2 * wide, abs=2)


def test_the_bare_roofline_is_faster_than_the_fitted_machine() -> None:
    fitted = serve(MODEL, CHIP, tensor=4, requests=[1, 50])
    bare = serve(MODEL, CHIP, tensor=4, requests=[1, 50], efficiencies=Efficiency.perfect())
    assert (bare["tpot_ms"] < fitted["tpot_ms"]).all()
    weights = named.models()[MODEL].total_params
    assert bare["tpot_ms"][0] > 1e3 * 0.98 * weights / 4 / named.chips()[CHIP].memory_bytes_per_s


def test_the_engines_pooled_lie_between_the_engines() -> None:
    engines = [serve(MODEL, CHIP, engine=e)["tpot_ms"][0] for e in ("trtllm", "vllm", "sglang")]
    assert len(set(engines)) == 3
    assert min(engines) < serve(MODEL, CHIP)["tpot_ms"][0] < max(engines)


def test_many_operating_points_are_one_call() -> None:
    draw = np.random.default_rng(1)
    found = serve(MODEL, CHIP, tensor=8, requests=draw.integers(1, 300, 200_000),
                  input_tokens=draw.integers(1, 8000, 200_000))  # fmt: skip
    assert len(found) == 200_000
    assert np.isfinite(found["tpot_ms"]).all()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": "llama-3-70"}, r"model: 'llama-3-70' is not in the table; nearest: llama-3-70b, ll"),
    ({"chip": "h100"}, r"chip: 'h100' is not in the table; nearest: .*h100_sxm.*accelerators"),
    ({"chip": None}, r"chip: None is not in the table; nearest: none"),
    ({"precision": "fp6"}, r"precision: 'fp6' is not known; accepted: bf16, fp8, int8, fp4"),
    ({"precision": "fp4"}, r"h100_sxm: it has no units for fp4; accepted: bf16, fp8, int8"),
    ({"chip": "a100_80"}, r"a100_80: it has no units for fp8; accepted: bf16, int8"),
    ({"compute_precision": "x"}, r"precision: 'x' is not known"),
    ({"cache_precision": "x"}, r"cache_precision: 'x' is not known; accepted: bf16, fp8"),
    ({"engine": "abacus"}, r"engine: 'abacus' is not known; accepted: trtllm, vllm, sglang"),
    ({"input_tokens": 200_000}, r"input_tokens \+ output_tokens: 201024 is beyond the context of "
     r"llama-3.3-70b; accepted: at most 131072"),
    ({"tensor": 1, "precision": "bf16"}, r"llama-3.3-70b in bf16 on h100_sxm: weights and one "
     r"request of 2048 tokens do not fit in the memory of 1 chip\(s\); accepted: 2 chips or more"),
    ({"model": "deepseek-r1", "chip": "l4", "tensor": 8}, r"accepted: 32 chips or more"),
    ({"requests": -1}, r"requests: -1.* is not accepted"),
    ({"requests": 0.5}, r"requests: 0.5 is not accepted; accepted: 1 or more"),
    ({"requests": [4, np.nan]}, r"requests, row 1: nan is not accepted"),
    ({"requests": "four"}, r"requests: 'four' is not a number"),
    ({"requests": []}, r"requests is empty; give at least one"),
    ({"requests": [1, 2, 4], "input_tokens": [1, 2]}, r"shapes do not go together: requests \(3,"),
    ({"input_tokens": -5}, r"input_tokens: -5.0 is not accepted"),
    ({"input_tokens": np.inf}, r"input_tokens: inf is not accepted"),
    ({"output_tokens": 0}, r"output_tokens: 0.0 is not accepted"),
    ({"cached_tokens": -1}, r"cached_tokens: -1.0 is not accepted"),
    ({"cached_tokens": 5000}, r"cached_tokens: 5000 is not accepted; accepted: at most the input"),
    ({"tensor": 0}, r"tensor: 0.0 is not accepted"),
    ({"tensor": 2.5}, r"tensor: 2.5 is not accepted; accepted: a whole number"),
    ({"pipeline": -2}, r"pipeline: -2.0 is not accepted"),
    ({"attention_copies": 0}, r"attention_copies: 0.0 is not accepted"),
    ({"usd_per_chip_hour": -1}, r"usd_per_chip_hour: -1.0 is not accepted; accepted: .*at least 0"),
    ({"usd_per_chip_hour": np.nan}, r"usd_per_chip_hour: nan is not accepted"),
    ({"usd_per_chip_hour": 1, "utilisation": 0}, r"utilisation: 0.0 is not accepted"),
    ({"usd_per_chip_hour": 1, "utilisation": 1.5}, r"utilisation: 1.5 is not accepted"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "said"), REFUSED, ids=[str(bad) for bad, _ in REFUSED])
def test_bad_input_is_refused_by_name(bad: dict[str, Any], said: str) -> None:
    asked = {"model": MODEL, "chip": CHIP} | bad
    with pytest.raises(ValueError, match=said):
        serve(asked.pop("model"), asked.pop("chip"), **asked)


def test_no_number_of_chips_helps_a_latent_cache_and_the_refusal_says_so() -> None:
    with pytest.raises(ValueError, match="accepted: no number of chips tried; shorter requests"):
        serve("deepseek-r1", "groq_lpu1", precision="bf16", tensor=8, input_tokens=150_000)


def test_a_missing_figure_is_named_with_the_estimate_that_is_used_if_allowed() -> None:
    with pytest.raises(ValueError, match=r"maia200: its 16-bit rate is missing; with allow_esti"):
        serve("llama-3.1-8b", "maia200")
    with pytest.raises(ValueError, match=r"rtx4090: the rate of its links is miss.*as 3\.2e\+10"):
        serve("llama-3.1-8b", "rtx4090", tensor=2)
    with pytest.raises(ValueError, match=r"rubin_cpx: its memory size or bandwidth is not in the"):
        serve("llama-3.1-8b", "rubin_cpx")
    with pytest.raises(ValueError, match=r"h100_nvl: no peak rate is in the table"):
        serve("llama-3.1-8b", "h100_nvl")
    assert serve("llama-3.1-8b", "rtx4090").shape[0] == 1
    assert serve("llama-3.1-8b", "maia200", allow_estimates=True)["tpot_ms"][0] > 0
    chip = named.usable_chip("maia200", "bf16", allow_estimates=True)
    assert chip.best_16_bit_flop_per_s == chip.fp8_flop_per_s / 2
    known = serve("llama-3.1-8b", "rtx4090", tensor=2, allow_estimates=True)
    assert np.isfinite(known["tpot_ms"]).all()


def test_experts_kept_in_four_bits_are_computed_in_what_the_chip_has() -> None:
    assert serve("gpt-oss-120b", CHIP, precision="fp4").shape[0] == 1
    old = serve("gpt-oss-120b", "a100_80", precision="fp4")
    assert np.isfinite(old["tpot_ms"]).all()
    assert serve("gpt-oss-120b", "b200", precision="fp4")["tpot_ms"][0] < old["tpot_ms"][0]


def test_groups_for_attention_serve_more_requests_on_the_chips_of_all() -> None:
    found = serve("deepseek-r1", "h200", tensor=1, attention_copies=8, requests=16)
    assert found["chips"][0] == Layout(1, 1, 8).chips == 8
    assert found["requests"][0] == 16


def test_cost_is_divided_between_what_is_read_and_what_is_written() -> None:
    row = serve(
        MODEL, CHIP, tensor=4, requests=[1, 20], usd_per_chip_hour=3.6, utilisation=0.5,
        input_tokens=3000, cached_tokens=1000, output_tokens=500,
    )  # fmt: skip
    bill = row["usd_per_mtok_read"] * 2000 + row["usd_per_mtok_written"] * 500
    np.testing.assert_allclose(bill, row["usd_per_mtok_output"] * 500, rtol=1e-12)
    assert (row["usd_per_mtok_written"] > row["usd_per_mtok_read"]).all()


def test_energy_is_power_over_pace_and_falls_with_the_batch() -> None:
    row = serve(MODEL, CHIP, tensor=4, requests=[1, 20, 60])
    watts = row["joules_per_output_token"] * row["output_tokens_per_chip_s"]
    rated = named.chips()[CHIP].tdp_w
    assert (watts > rated).all()  # server and cooling come on top of the chip
    assert (watts < 3 * rated).all()
    assert row["joules_per_output_token"].is_monotonic_decreasing
    assert (row["joules_per_output_token_low"] < row["joules_per_output_token"]).all()


def test_serve_and_the_predictions_of_benchmarks_say_one_first_token() -> None:
    rows = pd.DataFrame(
        {
            "chip_id": "h100_sxm", "model_id": "llama-3.3-70b", "framework": "vllm",
            "precision": "fp8", "tp": 4, "pp": 1, "chips_used": 4,
            "batch_or_concurrency": [1, 4, 16], "input_tokens": 1000, "output_tokens": 500,
        }
    )  # fmt: skip
    told = predict_benchmarks(rows)
    served = serve(
        "llama-3.3-70b", "h100_sxm", engine="vllm", tensor=4, requests=[1, 4, 16],
        input_tokens=1000, output_tokens=500,
    )  # fmt: skip
    for name in ("ttft_ms", "ttft_ms_low", "ttft_ms_high"):
        np.testing.assert_allclose(served[name], told[name], rtol=1e-9)
    assert np.all(served["prompt_ms"] < served["ttft_ms"])
