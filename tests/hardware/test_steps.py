"""Times of steps: bounds of the roofline, parts that add up, what other requests add."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from analysis.hardware.architecture import Architecture
from analysis.hardware.steps import (
    Efficiency,
    Rates,
    decode_step,
    overlapped,
    prefill_step,
    request_times,
)
from analysis.hardware.work import Layout, Widths, decode_work, prefill_work

Reference = Callable[[str], dict[str, Any]]

LLAMA_70B = Architecture(
    layers=80, hidden=8192, heads=64, vocab=128256, kv_heads=8, head_dim=128, ffn=28672
)
BYTE = Widths(1.0, 1.0, 1.0, 1.0)
RATES = Rates(2e15, 1e15, 4e12, 450e9)
REAL = Efficiency(
    memory=0.8, expert=0.7, cache=0.6, compute=0.5, prefill=0.6, link=0.5, step_s=1e-3,
    layer_s=2e-5, tensor_layer_s=1e-5, expert_layer_s=9e-6, latent_layer_s=4e-5,
    request_s=1e-5, prefill_s=2e-3, compute_slope=-0.1, prefill_slope=-0.3,
)  # fmt: skip


def test_overlap_is_between_the_longer_and_the_sum() -> None:
    first, second = np.meshgrid(np.geomspace(1e-6, 1, 40), np.geomspace(1e-6, 1, 40))
    both = overlapped(first, second)
    assert np.all(both >= np.maximum(first, second) * (1 - 1e-12))
    assert np.all(both <= first + second)
    np.testing.assert_allclose(both, (first**1.5 + second**1.5) ** (2 / 3), rtol=1e-12)
    assert overlapped(1.0, 0.01) < 1.001
    assert overlapped(0.0, 3.0) == pytest.approx(3.0)


def test_a_step_of_llama_70b_on_tpus_takes_what_the_bandwidth_allows(reference: Reference) -> None:
    published = reference("hardware_serving")["llama_70b_on_tpu_v5e"]
    slack = published["tolerance"]
    cache = LLAMA_70B.cache_bytes(1, 1)
    assert cache == pytest.approx(
        published["cache_bytes_per_token"], rel=slack["cache_bytes_per_token"]
    )
    chips = float(published["chips"])
    rates = Rates(1e30, 1e30, published["memory_bytes_per_s"], 1e30)
    work = decode_work(
        LLAMA_70B, BYTE, Layout(chips), published["requests"], published["context_tokens"]
    )
    step = decode_step(LLAMA_70B, work, Layout(chips), rates, Efficiency.perfect(), 32)
    assert step.total_s == pytest.approx(published["step_s"], rel=slack["step_s"])
    per_chip = published["requests"] / step.total_s / chips
    assert per_chip == pytest.approx(published["tokens_per_chip_s"], rel=slack["step_s"])


def test_memory_and_compute_are_equal_at_the_critical_batch(reference: Reference) -> None:
    published = reference("hardware_serving")["critical_batch"]
    rates = Rates(published["flop_per_s"], published["flop_per_s"],
                  published["memory_bytes_per_s"], 1e30)  # fmt: skip
    wide = Widths(2.0, 2.0, 2.0, 2.0)
    batch = published["requests"]
    work = decode_work(LLAMA_70B, wide, Layout(), batch, 1)
    step = decode_step(LLAMA_70B, work, Layout(), rates, Efficiency.perfect(), batch)
    assert step.compute_s == pytest.approx(step.memory_s, rel=published["tolerance"])


def test_parts_of_a_step_add_up_and_each_follows_its_own_efficiency() -> None:
    layout = Layout(4.0)
    work = decode_work(LLAMA_70B, BYTE, layout, 16, 2000)
    step = decode_step(LLAMA_70B, work, layout, RATES, REAL, 16)
    assert step.total_s == step.roofline_s + step.overhead_s + step.link_s
    assert step.overhead_s == pytest.approx(1e-3 + 80 * (2e-5 + 2 * 1e-5) + 16e-5)
    assert step.link_s == pytest.approx(work.traffic_bytes / 225e9)
    read = work.weight_bytes / 0.8 + work.cache_bytes / 0.6
    assert step.memory_s == pytest.approx(read / 4e12)
    share = 0.5 * 2**-0.1
    done = work.matmul_flop / (2e15 * share) + work.attention_flop / 0.5e15
    assert step.compute_s == pytest.approx(done)


def test_overhead_of_experts_and_of_latents_is_charged_to_models_that_have_them() -> None:
    moe = replace(LLAMA_70B, experts=8, experts_active=2, moe_ffn=1000, moe_layers=80)
    mla = replace(moe, kv_lora_rank=512, qk_rope_head_dim=64, qk_nope_head_dim=128, v_head_dim=128)
    found = []
    for model in (LLAMA_70B, moe, mla):
        work = decode_work(model, BYTE, Layout(), 1, 10)
        found.append(decode_step(model, work, Layout(), RATES, REAL, 1).overhead_s)
    assert found[1] - found[0] == pytest.approx(80 * 9e-6)
    assert found[2] - found[0] == pytest.approx(80 * 4e-5)


def test_prefill_is_flop_over_the_share_of_the_peak() -> None:
    work = prefill_work(LLAMA_70B, BYTE, Layout(2.0), 4000)
    step = prefill_step(work, RATES, REAL)
    assert step.roofline_s == pytest.approx(work.flop / (2e15 * 0.6 * 2**-0.3))
    assert step.overhead_s == pytest.approx(2e-3)
    assert step.total_s == pytest.approx(step.roofline_s + 2e-3 + work.traffic_bytes / 225e9)


def test_no_share_of_a_peak_is_above_one() -> None:
    fast = replace(REAL, compute=0.9, prefill=0.9, compute_slope=-0.5, prefill_slope=-0.5)
    slow_chip = replace(RATES, flop_per_s=1e13)
    prompt = prefill_work(LLAMA_70B, BYTE, Layout(), 1000)
    assert prefill_step(prompt, slow_chip, fast).compute_s == pytest.approx(prompt.flop / 1e13)


def test_a_token_waits_for_the_prompts_of_the_other_requests() -> None:
    def times(**more: Any) -> Any:
        return request_times(
            LLAMA_70B, BYTE, Layout(4.0), RATES, REAL,
            **({"requests": 20, "input_tokens": 3000, "output_tokens": 500} | more),
        )  # fmt: skip

    mixed, apart = times(), times(separate_prefill=True)
    assert apart.tpot_s == pytest.approx(apart.step.total_s)
    wait = 19 * mixed.prefill.total_s / 500
    assert mixed.tpot_s == pytest.approx(mixed.step.total_s + wait)
    static = times(own_prefill=1.0)
    assert static.tpot_s == pytest.approx(mixed.step.total_s + 20 / 19 * wait)
    assert times(requests=1).tpot_s == pytest.approx(times(requests=1).step.total_s)


def test_the_first_token_takes_at_least_one_read_of_the_weights() -> None:
    short = request_times(
        LLAMA_70B, BYTE, Layout(), RATES, REAL, requests=1, input_tokens=1, output_tokens=10
    )
    read = prefill_work(LLAMA_70B, BYTE, Layout(), 1).bytes_read / (4e12 * 0.8)
    assert short.ttft_s >= read
    assert short.prefill.roofline_s < read


def test_stages_split_the_requests_among_them() -> None:
    one = request_times(LLAMA_70B, BYTE, Layout(2.0), RATES, REAL, requests=8, input_tokens=500,
                        output_tokens=200)  # fmt: skip
    four = request_times(LLAMA_70B, BYTE, Layout(2.0, 4.0), RATES, REAL, requests=32,
                         input_tokens=500, output_tokens=200)  # fmt: skip
    assert four.step.total_s == pytest.approx(one.step.total_s)
    assert four.tpot_s == pytest.approx(one.tpot_s)


def test_a_perfect_machine_has_full_shares_and_no_overhead() -> None:
    perfect = Efficiency.perfect()
    shares = ("memory", "expert", "cache", "compute", "prefill", "link", "level")
    assert all(getattr(perfect, name) == 1.0 for name in shares)
    rest = {f.name for f in fields(Efficiency)} - set(shares)
    assert all(getattr(perfect, name) == 0.0 for name in rest)


def test_rows_are_taken_from_arrays_and_numbers_stay() -> None:
    several = replace(REAL, memory=np.array([0.5, 0.6, 0.7]))
    assert several.at(1).memory == 0.6
    assert several.at(1).cache == REAL.cache
    np.testing.assert_array_equal(several.at(np.array([True, False, True])).memory, [0.5, 0.7])
