"""Operating points of a full server: bounds, identities, what memory allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from analysis.hardware import named
from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.precision import slowest_link
from analysis.hardware.serving import Operating, operate
from analysis.hardware.steps import Efficiency, Rates
from analysis.hardware.work import Layout, Widths, decode_work, prefill_work

Reference = Callable[[str], dict[str, Any]]

MODEL = named.models()["llama-3.3-70b"]
BYTE = Widths(1.0, 1.0, 1.0, 1.0)
FOUR = Layout(4.0)
RATES = Rates(2e15, 1e15, 4e12, 450e9)
SHARES = ("memory_utilisation", "compute_utilisation")


def at(
    model: Architecture = MODEL,
    layout: Layout = FOUR,
    rates: Rates = RATES,
    eff: Efficiency | None = None,
    **more: Any,
) -> Operating:
    given = {"memory_bytes": 141e9, "requests": 16, "input_tokens": 1000, "output_tokens": 400}
    return operate(
        model, BYTE, layout, rates, eff or named.efficiency("h200", model), **(given | more)
    )


def test_one_request_on_a_perfect_machine_reads_the_weights_once_per_token() -> None:
    point = at(eff=Efficiency.perfect(), layout=Layout(), requests=1, separate_prefill=True)
    work = decode_work(MODEL, BYTE, Layout(), 1, 1200)
    assert point.tpot_s == pytest.approx(work.bytes_read / RATES.memory_bytes_per_s, rel=1e-3)
    assert point.tpot_s >= work.bytes_read / RATES.memory_bytes_per_s


def test_a_long_prompt_on_a_perfect_machine_takes_its_flop_at_the_peak() -> None:
    point = at(eff=Efficiency.perfect(), layout=Layout(), requests=1, input_tokens=32_000)
    flop = prefill_work(MODEL, BYTE, Layout(), 32_000).flop
    assert point.ttft_s == pytest.approx(flop / RATES.flop_per_s, rel=1e-3)
    assert point.prefill_chip_s == pytest.approx(flop / RATES.flop_per_s, rel=1e-12)
    only = at(eff=Efficiency.perfect(), layout=Layout(), requests=1, input_tokens=32_000,
              output_tokens=1)  # fmt: skip
    assert 0.98 < only.compute_utilisation <= 1.0


def test_memory_filled_with_cache_is_read_in_its_own_time(reference: Reference) -> None:
    published = reference("hardware_serving")["llama_70b_on_tpu_v5e"]
    work = decode_work(MODEL, BYTE, Layout(8.0), 1.0, 8192)
    full = published["memory_bytes"] * 8 - 8 * work.weight_bytes
    held = full / MODEL.cache_bytes(8192, 1)
    rates = Rates(1e30, 1e30, published["memory_bytes_per_s"], 1e30)
    step = at(eff=Efficiency.perfect(), layout=Layout(8.0), rates=rates, requests=held,
              memory_bytes=1e12, input_tokens=8192 - 200).times.step  # fmt: skip
    assert step.memory_s == pytest.approx(
        published["full_memory_step_s"], rel=published["tolerance"]["full_memory_step_s"]
    )


def test_chip_seconds_of_both_phases_are_the_inverse_of_the_throughput() -> None:
    point = at(requests=np.array([1.0, 8.0, 64.0]))
    per_request = point.prefill_chip_s + point.decode_chip_s
    np.testing.assert_allclose(400 / per_request, point.output_tokens_per_chip_s)
    np.testing.assert_allclose(1000 / per_request, point.input_tokens_per_chip_s)
    # A request stays for its tokens and its own prompt, and shares the chips with the others.
    stay = 400 * point.tpot_s + point.times.prefill.total_s
    np.testing.assert_allclose(per_request, stay * point.chips / point.requests)


def test_prefill_elsewhere_changes_the_time_per_token_and_no_chip_second() -> None:
    mixed, apart = at(), at(separate_prefill=True)
    assert apart.tpot_s < mixed.tpot_s
    for name in ("prefill_chip_s", "decode_chip_s", "output_tokens_per_chip_s", "ttft_s", *SHARES):
        assert getattr(apart, name) == getattr(mixed, name)


def test_cached_tokens_spare_prefill_and_nothing_else() -> None:
    cold, warm = at(), at(cached_tokens=900)
    assert warm.prefill_chip_s < 0.2 * cold.prefill_chip_s
    assert warm.ttft_s < cold.ttft_s
    assert warm.tpot_s < cold.tpot_s
    for name in ("decode_chip_s", "requests_that_fit", "requests"):
        assert getattr(warm, name) == getattr(cold, name)
    assert warm.times.step.total_s == cold.times.step.total_s


def test_as_many_requests_run_as_fit_and_no_more() -> None:
    every = at(requests=np.inf)
    assert every.requests == every.requests_that_fit
    assert at(requests=every.requests_that_fit + 50).tpot_s == every.tpot_s
    small = at(requests=np.array([1.0, np.inf]), memory_bytes=16e9, layout=Layout())
    np.testing.assert_array_equal(small.requests_that_fit, 0)
    assert np.isnan(small.tpot_s).all()
    assert np.isnan(small.output_tokens_per_chip_s).all()


@pytest.mark.parametrize("model_id", ["llama-3.1-8b", "gpt-oss-120b", "deepseek-r1"])
@pytest.mark.parametrize("chip_id", ["h100_sxm", "mi355x", "tpu_v6e"])
def test_no_machine_passes_its_peaks(model_id: str, chip_id: str) -> None:
    model, chip = named.models()[model_id], named.chips()[chip_id]
    for tensor, eff in product(
        (8.0, 16.0), (Efficiency.perfect(), named.efficiency(chip_id, model))
    ):
        layout = Layout(tensor)
        rates = Rates(chip.bf16_flop_per_s, chip.bf16_flop_per_s, chip.memory_bytes_per_s,
                      slowest_link(chip, layout))  # fmt: skip
        point = at(model, layout, rates, eff, memory_bytes=1e12,
                   requests=2.0 ** np.arange(12),
                   input_tokens=np.array([[8.0], [4000.0]]))  # fmt: skip
        for share in SHARES:
            assert np.all(getattr(point, share) <= 1 + 1e-12)
            assert np.all(getattr(point, share) > 0)


def test_a_grid_is_its_points_one_by_one() -> None:
    models = [named.models()[name] for name in ("llama-3.1-8b", "gpt-oss-20b", "deepseek-r1")]
    stack = Architecture.stack(models)
    column = Architecture(
        **{f.name: np.reshape(getattr(stack, f.name), (3, 1, 1)) for f in fields(Architecture)}
    )
    memory, requests = np.array([[80e9], [288e9]]), np.array([1.0, 30.0, np.inf])
    eff = replace(named.efficiency("h200", models[0]), level=1.3)
    grid = at(column, eff=eff, memory_bytes=memory, requests=requests)
    assert grid.tpot_s.shape == (3, 2, 3)
    for m, k, r in product(range(3), range(2), range(3)):
        one = at(models[m], eff=eff, memory_bytes=memory[k, 0], requests=requests[r])
        for name in ("tpot_s", "ttft_s", "output_tokens_per_chip_s", "requests", *SHARES):
            whole = np.broadcast_to(getattr(grid, name), (3, 2, 3))[m, k, r]
            np.testing.assert_allclose(whole, getattr(one, name), rtol=1e-12)


def test_a_stack_of_chips_serves_as_each_alone() -> None:
    chips = [named.chips()[name] for name in ("a100_80", "h200", "mi300x")]
    stack = Chip.stack(chips)
    rates = Rates(stack.bf16_flop_per_s, stack.bf16_flop_per_s, stack.memory_bytes_per_s,
                  slowest_link(stack, Layout(8.0)))  # fmt: skip
    eff = named.efficiency("h200", MODEL)
    together = at(rates=rates, layout=Layout(8.0), eff=eff, memory_bytes=stack.memory_bytes)
    for place, chip in enumerate(chips):
        alone = Rates(chip.bf16_flop_per_s, chip.bf16_flop_per_s, chip.memory_bytes_per_s,
                      slowest_link(chip, Layout(8.0)))  # fmt: skip
        one = at(rates=alone, layout=Layout(8.0), eff=eff, memory_bytes=chip.memory_bytes)
        assert one.tpot_s == pytest.approx(together.tpot_s[place], rel=1e-12)


def test_level_stretches_every_second_of_a_token() -> None:
    eff = named.efficiency("h200", MODEL)
    one, two = at(eff=eff), at(eff=replace(eff, level=2 * eff.level))
    for name in ("tpot_s", "prefill_chip_s", "decode_chip_s"):
        assert getattr(two, name) == pytest.approx(2 * getattr(one, name))
    for name in ("output_tokens_per_chip_s", *SHARES):
        assert getattr(two, name) == pytest.approx(getattr(one, name) / 2)
