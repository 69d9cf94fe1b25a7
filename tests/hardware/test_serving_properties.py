"""What must hold of any model on any chip: random shapes, rates, layouts and loads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.hardware.architecture import Architecture
from analysis.hardware.memory import least_chips, requests_that_fit, weight_bytes_per_chip
from analysis.hardware.serving import Operating, operate
from analysis.hardware.steps import Efficiency, Rates
from analysis.hardware.work import Layout, Widths, decode_work, prefill_work, touched_experts

CLOSE = 1 + 1e-9
many = settings(max_examples=60, deadline=None, derandomize=True)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers spread evenly over the logarithm."""
    return st.floats(np.log(low), np.log(high)).map(lambda log: float(np.exp(log)))


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Dense and expert models, with heads, groups of heads, latents and windows."""
    layers, heads = draw(st.integers(1, 96)), draw(st.sampled_from([4, 8, 16, 64]))
    shape: dict[str, Any] = {
        "layers": layers,
        "hidden": heads * draw(st.sampled_from([64, 128])),
        "heads": heads,
        "vocab": draw(st.integers(1000, 200_000)),
        "gated": draw(st.sampled_from([0, 1])),
        "tied": draw(st.sampled_from([0, 1])),
        "ffn": draw(st.integers(256, 30_000)),
    }
    if draw(st.booleans()):
        shape |= {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128,
                  "v_head_dim": 128, "q_lora_rank": draw(st.sampled_from([0, 1536]))}  # fmt: skip
    else:
        groups = draw(st.sampled_from([1, 2, 4, heads]))
        shape |= {"kv_heads": groups, "head_dim": draw(st.sampled_from([64, 128]))}
    if draw(st.booleans()):
        experts = draw(st.integers(2, 256))
        shape |= {"experts": experts, "experts_active": draw(st.integers(1, min(experts, 8))),
                  "shared_experts": draw(st.integers(0, 2)), "moe_ffn": draw(st.integers(64, 8192)),
                  "moe_layers": draw(st.integers(1, layers))}  # fmt: skip
    if draw(st.booleans()):
        shape |= {
            "window": draw(st.integers(16, 4096)),
            "window_layers": draw(st.integers(1, layers)),
        }
    return Architecture(**shape)


shares, seconds = st.floats(0.1, 1.0), st.floats(0.0, 1e-3)
efficiencies = st.one_of(
    st.just(Efficiency.perfect()),
    st.builds(
        Efficiency, memory=shares, expert=shares, cache=shares, compute=shares, prefill=shares,
        link=shares, step_s=seconds, layer_s=seconds, tensor_layer_s=seconds,
        expert_layer_s=seconds, latent_layer_s=seconds, request_s=seconds, prefill_s=seconds,
        compute_slope=st.floats(-0.6, 0.3), prefill_slope=st.floats(-0.6, 0.3),
        level=st.floats(1.0, 2.0),
    ),
)  # fmt: skip


@st.composite
def rates(draw: st.DrawFn) -> Rates:
    """Chips whose narrow units are no slower than the 16-bit ones."""
    wide = draw(powers(1e13, 5e15))
    return Rates(wide * draw(st.sampled_from([1.0, 2.0, 4.0])), wide,
                 draw(powers(1e11, 2e13)), draw(powers(1e9, 2e12)))  # fmt: skip


widths = st.sampled_from(
    [Widths(2.0, 2.0, 2.0, 2.0), Widths(1.0, 1.0, 2.0, 1.0), Widths(1.0, 0.5625, 2.0, 1.0)]
)
layouts = st.builds(
    Layout,
    st.sampled_from([1.0, 2.0, 4.0, 8.0]),
    st.sampled_from([1.0, 2.0, 4.0]),
    st.sampled_from([1.0, 2.0, 8.0]),
)
lengths = powers(1, 1e5).map(np.ceil)
loads = st.fixed_dictionaries(
    {
        "requests": powers(1, 2000).map(np.floor),
        "input_tokens": lengths,
        "output_tokens": lengths,
    }
)
BIG = 1e14
point = given(architectures(), widths, layouts, rates(), efficiencies, loads)


def at(
    model: Architecture, width: Widths, layout: Layout, rate: Rates, eff: Efficiency, **load: Any
) -> Operating:
    return operate(model, width, layout, rate, eff, **({"memory_bytes": BIG} | load))


@many
@point
def test_no_throughput_passes_either_roofline(
    model: Architecture,
    width: Widths,
    layout: Layout,
    rate: Rates,
    eff: Efficiency,
    load: dict[str, Any],
) -> None:
    found = at(model, width, layout, rate, eff, **load)
    assert 0 < found.compute_utilisation <= CLOSE
    assert 0 < found.memory_utilisation <= CLOSE
    flight = load["requests"] / layout.pipeline
    context = load["input_tokens"] + load["output_tokens"] / 2
    step = decode_work(model, width, layout, flight, context)
    assert found.tpot_s * CLOSE >= step.bytes_read / rate.memory_bytes_per_s
    assert found.tpot_s * CLOSE >= step.flop / rate.flop_per_s
    prompt = prefill_work(model, width, layout, load["input_tokens"])
    assert found.ttft_s * CLOSE >= prompt.flop / rate.flop_per_s
    perfect = at(model, width, layout, rate, Efficiency.perfect(), **load)
    assert found.output_tokens_per_chip_s <= perfect.output_tokens_per_chip_s * CLOSE


@many
@point
def test_chip_seconds_add_up(
    model: Architecture,
    width: Widths,
    layout: Layout,
    rate: Rates,
    eff: Efficiency,
    load: dict[str, Any],
) -> None:
    found = at(model, width, layout, rate, eff, **load)
    both = found.prefill_chip_s + found.decode_chip_s
    assert found.output_tokens_per_chip_s * both == pytest.approx(load["output_tokens"])
    assert found.input_tokens_per_chip_s * both == pytest.approx(load["input_tokens"])
    if load["requests"] >= layout.pipeline:
        # All requests of all groups stay for their tokens and their own prompt.
        stay = load["output_tokens"] * found.tpot_s + eff.level * found.times.prefill.total_s
        everyone = load["requests"] * layout.attention_copies
        assert both * everyone == pytest.approx(stay * found.chips)
    apart = at(model, width, layout, rate, eff, separate_prefill=True, **load)
    assert apart.prefill_chip_s + apart.decode_chip_s == both
    assert apart.tpot_s <= found.tpot_s
    step = found.times.step
    assert step.total_s == pytest.approx(step.roofline_s + step.overhead_s + step.link_s)
    longer, other = max(step.memory_s, step.compute_s), min(step.memory_s, step.compute_s)
    assert longer <= step.roofline_s * CLOSE
    assert step.roofline_s <= (longer + other) * CLOSE


@many
@given(architectures(), widths, layouts, rates(), efficiencies, loads, st.floats(1.01, 10))
def test_faster_memory_units_or_links_never_slow_a_machine(
    model: Architecture,
    width: Widths,
    layout: Layout,
    rate: Rates,
    eff: Efficiency,
    load: dict[str, Any],
    factor: float,
) -> None:
    base = at(model, width, layout, rate, eff, **load)
    for changed in (
        {"memory_bytes_per_s": factor * rate.memory_bytes_per_s},
        {"flop_per_s": factor * rate.flop_per_s},
        {"attention_flop_per_s": factor * rate.attention_flop_per_s},
        {"link_bytes_per_s": factor * rate.link_bytes_per_s},
    ):
        faster = at(model, width, layout, replace(rate, **changed), eff, **load)
        assert faster.tpot_s <= base.tpot_s * CLOSE, changed
        assert faster.ttft_s <= base.ttft_s * CLOSE, changed
        assert faster.output_tokens_per_chip_s * CLOSE >= base.output_tokens_per_chip_s, changed


@many
@given(architectures(), widths, layouts, rates(), efficiencies, loads, powers(1e9, 1e12))
def test_a_larger_batch_gives_more_per_chip_and_less_per_user_until_memory_binds(
    model: Architecture,
    width: Widths,
    layout: Layout,
    rate: Rates,
    eff: Efficiency,
    load: dict[str, Any],
    memory: float,
) -> None:
    batches = np.arange(1.0, 65.0)
    load = load | {"requests": batches, "memory_bytes": memory}
    found = at(model, width, layout, rate, eff, **load)
    room = found.requests_that_fit
    fits = batches[batches <= room].size
    if room < 1:
        assert np.isnan(found.tpot_s).all()
        return
    rising, slower = found.output_tokens_per_chip_s, found.tpot_s
    assert np.all(np.diff(rising[:fits]) >= -1e-9 * rising[:fits][:-1])
    assert np.all(np.diff(slower[:fits]) >= -1e-9 * slower[:fits][:-1])
    # Beyond what fits nothing changes.
    np.testing.assert_allclose(rising[fits - 1 :], rising[fits - 1])


@many
@given(architectures(), widths, rates(), efficiencies, loads, st.sampled_from([1.0, 2.0, 4.0]))
def test_twice_the_chips_serve_the_same_requests_at_most_twice_as_fast(
    model: Architecture,
    width: Widths,
    rate: Rates,
    eff: Efficiency,
    load: dict[str, Any],
    tensor: float,
) -> None:
    def rate_of(layout: Layout, requests: float) -> float:
        load_here = load | {"requests": requests}
        found = at(model, width, layout, rate, eff, **load_here)
        return float(found.output_tokens_per_chip_s * found.chips)

    all_requests = load["requests"]
    one = rate_of(Layout(tensor), all_requests)
    assert rate_of(Layout(2 * tensor), all_requests) <= 2 * one * CLOSE
    assert rate_of(Layout(tensor, 2.0), all_requests) <= 2 * one * CLOSE
    # Groups for attention share the requests out.
    assert rate_of(Layout(tensor, 1.0, 2.0), all_requests / 2) <= 2 * one * CLOSE


@many
@given(architectures(), widths, layouts, rates(), efficiencies, loads, st.floats(0.0, 1.0))
def test_cached_tokens_reduce_prefill_alone(
    model: Architecture,
    width: Widths,
    layout: Layout,
    rate: Rates,
    eff: Efficiency,
    load: dict[str, Any],
    share: float,
) -> None:
    cold = at(model, width, layout, rate, eff, **load)
    known = np.floor(share * load["input_tokens"])
    warm = at(model, width, layout, rate, eff, cached_tokens=known, **load)
    assert warm.prefill_chip_s <= cold.prefill_chip_s * CLOSE
    assert warm.tpot_s <= cold.tpot_s * CLOSE
    assert warm.decode_chip_s == cold.decode_chip_s
    assert warm.requests_that_fit == cold.requests_that_fit


@many
@given(architectures(), widths, layouts, powers(1e9, 1e13), lengths)
def test_as_many_requests_fit_as_a_count_finds(
    model: Architecture, width: Widths, layout: Layout, memory: float, context: float
) -> None:
    found = float(requests_that_fit(model, width, layout, memory, context))
    parts = 1.0 if model.latent else min(layout.tensor, model.kv_heads)
    one = model.cache_bytes(context, width.cache) / parts / layout.pipeline
    weights = weight_bytes_per_chip(model, width, layout)
    usable = 0.96 * memory - min(1e9, 0.02 * memory)
    assert found >= 0
    if found:
        assert weights + found * one <= usable * CLOSE
    if weights <= usable:
        assert weights + (found + 1) * one >= usable / CLOSE
    else:
        assert found == 0


@many
@given(architectures(), widths, powers(1e10, 1e12), lengths, st.integers(1, 500))
def test_half_the_least_chips_hold_too_few(
    model: Architecture, width: Widths, memory: float, context: float, requests: int
) -> None:
    chips = float(least_chips(model, width, memory, context, requests))
    held = [
        requests_that_fit(model, width, Layout(c), memory, context)
        for c in ((chips, chips / 2) if np.isfinite(chips) else (4096.0, 4096.0))
    ]
    if np.isfinite(chips):
        assert held[0] >= requests
    if chips > 1:
        assert held[1] < requests


@many
@given(architectures(), powers(1, 1e6), powers(1, 1e6))
def test_cache_grows_with_context_and_a_window_stops_it(
    model: Architecture, context: float, more: float
) -> None:
    short, long = model.cached_tokens(context), model.cached_tokens(context + more)
    assert short <= long <= short + model.layers * more * CLOSE
    whole = replace(model, window_layers=0.0)
    assert long <= whole.cached_tokens(context + more) * CLOSE


@many
@given(st.integers(1, 512), st.integers(1, 16), powers(1, 1e4))
def test_experts_touched_are_at_least_one_tokens_and_at_most_all(
    experts: int, active: int, tokens: float
) -> None:
    active = min(active, experts)
    found = touched_experts(experts, active, tokens)
    assert active / CLOSE <= found <= min(experts, active * tokens) * CLOSE
    assert touched_experts(experts, active, 2 * tokens) >= found / CLOSE


@many
@given(architectures(), widths, rates())
def test_one_request_is_bound_by_memory_and_a_long_prompt_by_compute(
    model: Architecture, width: Widths, rate: Rates
) -> None:
    # Machines that do at least 50 FLOP in the time of a byte, as all with outer memory do.
    rate = replace(rate, flop_per_s=max(rate.flop_per_s, 2e3 * rate.memory_bytes_per_s),
                   attention_flop_per_s=max(rate.attention_flop_per_s,
                                            1e3 * rate.memory_bytes_per_s))  # fmt: skip
    perfect = Efficiency.perfect()
    short = at(model, width, Layout(), rate, perfect, requests=1, input_tokens=64,
               output_tokens=64)  # fmt: skip
    read = decode_work(model, width, Layout(), 1, 96).bytes_read / rate.memory_bytes_per_s
    assert short.tpot_s == pytest.approx(read, rel=0.01)
    slow = replace(rate, flop_per_s=rate.memory_bytes_per_s * 100)
    long = at(model, width, Layout(), slow, perfect, requests=1, input_tokens=1e6, output_tokens=1)
    flop = prefill_work(model, width, Layout(), 1e6).flop
    assert long.ttft_s == pytest.approx(flop / slow.flop_per_s, rel=0.02)
