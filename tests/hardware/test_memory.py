"""What fits in memory, against loops that add one request and one chip at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.hardware import named
from analysis.hardware.architecture import Architecture
from analysis.hardware.memory import (
    ENGINE_BYTES,
    USABLE_SHARE,
    cache_bytes_per_chip,
    least_chips,
    requests_that_fit,
    room_bytes,
    weight_bytes_per_chip,
)
from analysis.hardware.work import Layout, Widths

Reference = Callable[[str], dict[str, Any]]

EIGHT = Widths(1.0, 1.0, 2.0, 1.0)
SIXTEEN = Widths(2.0, 2.0, 2.0, 2.0)
MODELS = ("llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "deepseek-r1")


def counted_requests(
    model: Architecture, widths: Widths, layout: Layout, memory: float, context: float
) -> int:
    """Requests added one by one until the fullest chip is full."""
    weights = (model.always_params * widths.always + model.embedding_params * widths.head) / (
        layout.tensor * layout.pipeline
    ) + model.routed_params * widths.expert / (
        layout.tensor * layout.attention_copies * layout.pipeline
    )
    usable = USABLE_SHARE * memory - min(ENGINE_BYTES, 0.02 * memory)
    kept_heads = 1 if model.latent else min(layout.tensor, model.kv_heads)
    one = 0.0
    for layer in range(int(model.layers)):
        windowed = layer < model.window_layers
        tokens = min(context, model.window) if windowed else context
        one += tokens * model.cache_width * widths.cache / kept_heads / layout.pipeline
    held = 0
    while weights + (held + 1) * one <= usable:
        held += 1
    return held


@pytest.mark.parametrize("layout", [Layout(), Layout(8.0), Layout(2.0, 4.0), Layout(4.0, 1.0, 2.0)])
@pytest.mark.parametrize("name", MODELS)
def test_requests_that_fit_are_those_a_loop_counts(name: str, layout: Layout) -> None:
    model = named.models()[name]
    for memory in (48e9, 141e9, 288e9):
        for context in (700.0, 30_000.0):
            found = requests_that_fit(model, EIGHT, layout, memory, context)
            assert found == counted_requests(model, EIGHT, layout, memory, context)


def test_a_chip_too_small_for_the_weights_holds_no_request() -> None:
    model = named.models()["llama-3.3-70b"]
    assert room_bytes(model, SIXTEEN, Layout(), 80e9) < 0
    assert requests_that_fit(model, SIXTEEN, Layout(), 80e9, 10) == 0
    assert requests_that_fit(model, SIXTEEN, Layout(), np.array([80e9, 288e9]), 10).tolist()[0] == 0


def test_chips_together_hold_the_weights_once() -> None:
    for name in MODELS:
        model = named.models()[name]
        whole = weight_bytes_per_chip(model, SIXTEEN, Layout())
        assert whole == pytest.approx(2 * model.total_params)
        for layout in (Layout(4.0), Layout(2.0, 3.0)):
            assert weight_bytes_per_chip(model, SIXTEEN, layout) * layout.chips == pytest.approx(
                whole
            )


def test_groups_for_attention_repeat_all_but_the_routed_experts() -> None:
    model = named.models()["deepseek-r1"]
    apart = weight_bytes_per_chip(model, SIXTEEN, Layout(1.0, 1.0, 8.0))
    shared = 2 * (model.always_params + model.embedding_params)
    assert apart == pytest.approx(shared + 2 * model.routed_params / 8)


def test_a_latent_is_not_split_over_a_tensor_group_and_heads_are_until_each_has_a_chip() -> None:
    latent, heads = named.models()["deepseek-r1"], named.models()["llama-3.1-8b"]
    assert cache_bytes_per_chip(latent, EIGHT, Layout(8.0), 100) == latent.cache_bytes(100, 1)
    shares = [cache_bytes_per_chip(heads, EIGHT, Layout(n), 100) for n in (1.0, 4.0, 8.0, 16.0)]
    np.testing.assert_allclose(np.divide(shares[0], shares), [1, 4, 8, 8])


@pytest.mark.parametrize("name", MODELS)
def test_least_chips_is_the_first_power_of_two_that_holds_the_requests(name: str) -> None:
    model = named.models()[name]
    for requests, context in ((1, 1000.0), (16, 8000.0), (64, 3000.0)):
        chips = 1
        while (
            chips <= 4096
            and counted_requests(model, EIGHT, Layout(float(chips)), 80e9, context) < requests
        ):
            chips *= 2
        found = least_chips(model, EIGHT, 80e9, context, requests)
        assert found == (chips if chips <= 4096 else np.inf)


def test_no_number_of_chips_holds_a_latent_cache_larger_than_one_chip() -> None:
    model = named.models()["deepseek-r1"]
    assert least_chips(model, EIGHT, 24e9, 100_000, 20) == np.inf


def test_llama_70b_in_bytes_needs_eight_tpus_for_32_sequences(reference: Reference) -> None:
    published = reference("hardware_serving")["llama_70b_on_tpu_v5e"]
    found = least_chips(
        named.models()["llama-3.3-70b"], Widths(1.0, 1.0, 1.0, 1.0), published["memory_bytes"],
        published["context_tokens"], published["requests"],
    )  # fmt: skip
    assert found == published["least_power_of_two_chips"]


def test_memories_and_contexts_broadcast() -> None:
    model = named.models()["llama-3.1-8b"]
    memory, context = np.array([[24e9], [80e9]]), np.array([500.0, 5000.0, 50_000.0])
    found = requests_that_fit(model, EIGHT, Layout(), memory, context)
    assert found.shape == (2, 3)
    assert least_chips(model, EIGHT, memory, context, 8).shape == (2, 3)
