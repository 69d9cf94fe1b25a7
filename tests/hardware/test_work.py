"""Bytes and FLOP of a step against loops over layers, tokens and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.hardware.architecture import Architecture
from analysis.hardware.work import (
    Layout,
    Widths,
    attended_pairs,
    cache_shards,
    decode_work,
    prefill_work,
    touched_experts,
)

GQA = {"layers": 6, "hidden": 96, "heads": 12, "vocab": 500, "kv_heads": 4, "head_dim": 8,
       "ffn": 200}  # fmt: skip
CASES = {
    "mha": GQA | {"kv_heads": 12},
    "gqa": GQA,
    "window": GQA | {"window": 20, "window_layers": 4},
    "moe": GQA | {"experts": 8, "experts_active": 2, "shared_experts": 1, "moe_ffn": 50,
                  "moe_layers": 5},
    "mla": GQA | {"kv_heads": 0, "head_dim": 0, "q_lora_rank": 24, "kv_lora_rank": 16,
                  "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 10},
}  # fmt: skip
WIDTHS = Widths(always=1.0, expert=0.5, head=2.0, cache=1.0)


def kept(shape: dict[str, Any], layer: int, context: int) -> int:
    windowed = layer < shape.get("window_layers", 0)
    return min(context, shape["window"]) if windowed else context


def attention_flop(shape: dict[str, Any], pairs: int, *, decoding: bool) -> int:
    """Two products per pair of tokens and head, two FLOP per number."""
    if not shape.get("kv_lora_rank"):
        return pairs * shape["heads"] * 2 * (shape["head_dim"] + shape["head_dim"])
    rope, latent = shape["qk_rope_head_dim"], shape["kv_lora_rank"]
    if decoding:  # absorbed: scores over latent and rope, values over the latent
        return pairs * shape["heads"] * 2 * ((latent + rope) + latent)
    head = shape["qk_nope_head_dim"] + rope
    return pairs * shape["heads"] * 2 * (head + shape["v_head_dim"])


@pytest.mark.parametrize("context", [1, 20, 333])
@pytest.mark.parametrize("name", CASES)
def test_a_decode_step_does_the_attention_of_a_loop_over_layers(name: str, context: int) -> None:
    shape, requests = CASES[name], 7
    flop = numbers = 0
    for layer in range(shape["layers"]):
        held = kept(shape, layer, context)
        for _ in range(requests):
            flop += attention_flop(shape, held, decoding=True)
            numbers += held * (
                shape["kv_lora_rank"] + shape["qk_rope_head_dim"]
                if shape.get("kv_lora_rank")
                else 2 * shape["kv_heads"] * shape["head_dim"]
            )
    work = decode_work(Architecture(**shape), WIDTHS, Layout(), requests, context)
    assert work.attention_flop == flop
    assert work.cache_bytes == numbers * WIDTHS.cache


@pytest.mark.parametrize("name", CASES)
def test_a_prompt_does_the_attention_of_a_loop_over_its_tokens(name: str) -> None:
    shape, given, known = CASES[name], 300, 110
    pairs = sum(
        kept(shape, layer, token + 1)
        for layer in range(shape["layers"])
        for token in range(known, given)
    )
    work = prefill_work(Architecture(**shape), WIDTHS, Layout(), given, known)
    # The closed form counts half of a token's pair with itself.
    assert work.attention_flop == pytest.approx(
        attention_flop(shape, pairs, decoding=False), rel=1.0 / known
    )


@pytest.mark.parametrize("tokens", [1.0, 19.0, 20.0, 21.0, 40.0, 1e5])
def test_pairs_in_a_window_are_the_integral_of_what_each_token_sees(tokens: float) -> None:
    model = Architecture(**CASES["window"])
    places = (np.arange(200_000) + 0.5) * tokens / 200_000
    seen = np.mean(model.cached_tokens(places)) * tokens
    assert attended_pairs(model, tokens) == pytest.approx(seen, rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_matrix_products_take_two_flop_per_parameter_a_token_passes(name: str) -> None:
    model = Architecture(**CASES[name])
    passed = model.active_params - model.embedding_params
    decode = decode_work(model, WIDTHS, Layout(), 5, 100)
    assert decode.matmul_flop == pytest.approx(2 * 5 * (passed + model.head_params))
    assert prefill_work(model, WIDTHS, Layout(), 50).matmul_flop == pytest.approx(2 * 50 * passed)


@pytest.mark.parametrize(("experts", "active", "tokens"), [(8, 2, 3), (64, 6, 10), (128, 4, 100)])
def test_experts_touched_are_those_of_a_simulation(experts: int, active: int, tokens: int) -> None:
    generator = np.random.default_rng(5)
    runs = 2000
    order = generator.random((runs, tokens, experts)).argpartition(active, axis=2)[..., :active]
    hit = np.zeros((runs, experts), bool)
    hit[np.arange(runs)[:, None], order.reshape(runs, -1)] = True
    counts = hit.sum(axis=1)
    error = counts.std() / np.sqrt(runs)
    assert touched_experts(experts, active, tokens) == pytest.approx(
        counts.mean(), abs=4 * error + 1e-9
    )


def test_one_token_touches_its_own_experts_and_many_touch_all() -> None:
    assert touched_experts(64, 6, 1) == pytest.approx(6)
    assert touched_experts(64, 6, 1e5) == pytest.approx(64)
    assert touched_experts(0, 0, 10) == 0


def test_a_batch_reads_the_experts_its_groups_touch_together() -> None:
    model = Architecture(**CASES["moe"])
    alone = decode_work(model, WIDTHS, Layout(2, 1, 4), 3, 10).expert_bytes
    whole = 5 * 3 * 96 * 50 * 0.5 * touched_experts(8, 2, 12)
    assert alone == pytest.approx(whole / 8)


@pytest.mark.parametrize("name", CASES)
def test_chips_of_a_tensor_group_share_weights_and_flop_and_no_cache_is_lost(name: str) -> None:
    model = Architecture(**CASES[name])
    one, four = (decode_work(model, WIDTHS, Layout(n), 9, 70) for n in (1.0, 4.0))
    for part in ("weight_bytes", "expert_bytes", "matmul_flop", "attention_flop"):
        assert getattr(one, part) == pytest.approx(4 * getattr(four, part))
    assert one.cache_bytes == four.cache_bytes * cache_shards(model, 4.0)
    assert cache_shards(model, 1e4) == (1 if model.latent else model.kv_heads)
    assert one.traffic_bytes == 0
    # Two all-reduces a layer on a ring: each chip sends 2 (n - 1) / n of the activations.
    assert four.traffic_bytes == pytest.approx(2 * 6 * 9 * 96 * 2 * 2 * 3 / 4)


def test_cached_tokens_save_exactly_the_work_done_before() -> None:
    model = Architecture(**CASES["window"])
    whole, first, rest = (
        prefill_work(model, WIDTHS, Layout(), *n) for n in ((400,), (150,), (400, 150))
    )
    assert rest.flop == pytest.approx(whole.flop - first.flop)
    assert prefill_work(model, WIDTHS, Layout(), 400, 400).flop == 0
