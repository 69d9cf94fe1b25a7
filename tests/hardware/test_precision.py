"""Names of formats and engines as tables write them, and what they mean for a chip."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.hardware import named
from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.precision import (
    FALLBACK_LINK_BYTES_PER_S,
    FOUR_BIT_BYTES,
    MXFP4_BYTES,
    engine_of,
    mixed_format,
    number_format,
    rates_of,
    slowest_link,
    widths_of,
)
from analysis.hardware.work import Layout

NO = np.array([False])


def text(*words: str) -> np.ndarray:
    return np.array(words, dtype=object)


@pytest.mark.parametrize(
    ("stated", "meant"),
    [("fp8", "fp8"), ("FP8_BLOCK", "fp8"), ("W8A8", "fp8"), ("8-bit", "fp8"), ("int8", "int8"),
     ("bf16", "bf16"), ("Float16", "bf16"), ("NVFP4", "fp4"), ("w4a16_mxfp4", "fp4"),
     ("int4", "fp4"), ("", ""), ("nan", ""), ("mixed fp8/bf16", "")],
)  # fmt: skip
def test_a_stated_precision_means_one_format_or_none(stated: str, meant: str) -> None:
    assert number_format(stated) == meant


@pytest.mark.parametrize(
    ("stated", "meant"),
    [("trtllm", "trtllm"), ("TensorRT-LLM 1.0", "trtllm"), ("TensorRT-LLM 0.11", "early"),
     ("vLLM 0.9", "vllm"), ("llm-d", "vllm"), ("SGLang", "sglang"), ("Neuron SDK", "early"),
     ("", "other"), ("JetStream", "other")],
)  # fmt: skip
def test_a_stated_framework_means_an_engine(stated: str, meant: str) -> None:
    assert engine_of(stated) == meant


def test_a_narrow_format_counts_its_scales() -> None:
    # 16 numbers share 8 bits in NVFP4, 32 in MXFP4.
    assert 16 * FOUR_BIT_BYTES == 16 / 2 + 1
    assert 32 * MXFP4_BYTES == 32 / 2 + 1


def test_widths_follow_the_format_and_the_cache_its_own() -> None:
    models = named.models()
    names = ("llama-3.1-8b", "llama-3.1-8b", "llama-3.1-8b", "deepseek-r1", "gpt-oss-120b")
    stack = Architecture.stack([models[name] for name in names])
    form = text("bf16", "fp8", "fp8", "fp4", "fp4")
    mixed = np.array([mixed_format(named.native_formats()[name]) for name in names])
    found = widths_of(stack, form, mixed, text("", "", "bf16", "", "fp16"))
    np.testing.assert_array_equal(found.always, [2, 1, 1, 1, 2])
    np.testing.assert_array_equal(found.expert, [2, 1, 1, FOUR_BIT_BYTES, MXFP4_BYTES])
    np.testing.assert_array_equal(found.cache, [2, 1, 2, 1, 2])
    np.testing.assert_array_equal(found.head, 2)


def test_no_rows_have_no_widths() -> None:
    found = widths_of(Architecture.stack([]), text(), NO[:0], text())
    assert found.cache.size == found.always.size == 0


def test_a_format_that_a_chip_lacks_is_computed_in_the_next_wider() -> None:
    chip = Chip(bf16_flop_per_s=1e15, fp8_flop_per_s=2e15, fp4_flop_per_s=4e15,
                memory_bytes_per_s=4e12, link_bytes_per_s=4e11, scale_up_domain=8)  # fmt: skip
    old = Chip(bf16_flop_per_s=3e14, memory_bytes_per_s=2e12)
    hopper = Chip(bf16_flop_per_s=1e15, fp8_flop_per_s=2e15, memory_bytes_per_s=3e12)
    for which, form, mixed, rate in (
        (chip, "fp4", False, 4e15), (chip, "fp8", False, 2e15), (chip, "bf16", False, 1e15),
        (hopper, "fp4", False, 2e15), (hopper, "fp4", True, 1e15), (old, "fp8", False, 3e14),
        (old, "fp4", False, 3e14),
    ):  # fmt: skip
        found = rates_of(which, text(form), np.array([mixed]), Layout())
        assert found.flop_per_s == rate, (form, mixed)
        assert found.attention_flop_per_s == which.bf16_flop_per_s


def test_a_layout_wider_than_the_domain_pays_the_slower_link() -> None:
    chip = Chip(link_bytes_per_s=4e11, scale_up_domain=8)
    assert slowest_link(chip, Layout(8.0)) == 4e11
    assert slowest_link(chip, Layout(16.0)) == FALLBACK_LINK_BYTES_PER_S
    assert slowest_link(chip, Layout(4.0, 1.0, 4.0)) == FALLBACK_LINK_BYTES_PER_S
    assert slowest_link(Chip(), Layout(2.0)) == FALLBACK_LINK_BYTES_PER_S
    slow = Chip(link_bytes_per_s=1e10, scale_up_domain=2)
    assert slowest_link(slow, Layout(4.0)) == 1e10
