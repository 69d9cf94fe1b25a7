"""The price of a million tokens in one expression that a reader's sliders may move.

One dense model on one layout of one chip. Everything that does not move is a constant worked out
by the serving model; batch, context, bytes per weight, and what a chip-hour costs move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.cost import usd_per_mtok_core
from analysis.hardware.steps import ATTENTION_SHARE, REFERENCE_FLOP_PER_S, Efficiency
from analysis.hardware.work import (
    SIXTEEN_BIT_BYTES,
    body_params,
    cache_shards,
    decode_flop_per_pair,
    prefill_flop_per_pair,
)
from analysis.units import FORWARD_FLOP_PER_PARAMETER_TOKEN


@dataclass(frozen=True)
class SliderConstants:
    """What does not move, per chip of a tensor-parallel copy; times in seconds.

    Attributes
    ----------
    weight_s_per_byte, head_s, cache_s_per_token : float
        Reading the weights at one byte each, the output head, and one cached token.
    compute_s, attention_s_per_token, fixed_s, request_s, link_s : float
        Per request of the batch, per request and cached token, per step, per request, per request.
    prompt_s, pair_s, prefill_s : float
        Prefill per token, per token squared, and its fixed part.
    tensor, output_tokens : float
    """

    weight_s_per_byte: float
    head_s: float
    cache_s_per_token: float
    compute_s: float
    attention_s_per_token: float
    fixed_s: float
    request_s: float
    link_s: float
    prompt_s: float
    pair_s: float
    prefill_s: float
    tensor: float
    output_tokens: float


def slider_constants(
    model: Architecture, chip: Chip, eff: Efficiency, *, tensor: float, output_tokens: float,
    flop_per_s: float, link_bytes_per_s: float,
) -> SliderConstants:  # fmt: skip
    """Constants of a dense model with full attention on chips that compute at `flop_per_s`.

    Raises
    ------
    ValueError
        For a mixture of experts, a sliding window or latents: what they read depends on the batch
        or the context in ways the expression leaves out.
    """
    if model.experts or model.window_layers or model.kv_lora_rank:
        raise ValueError(
            "model: experts, windows and latents are not accepted; accepted: a dense model with "
            "full attention"
        )
    bandwidth, sixteen = chip.memory_bytes_per_s, chip.best_16_bit_flop_per_s
    ratio = flop_per_s / REFERENCE_FLOP_PER_S
    compute = flop_per_s * min(eff.compute * ratio**eff.compute_slope, 1.0)
    prefill = flop_per_s * min(eff.prefill * ratio**eff.prefill_slope, 1.0)
    flop = FORWARD_FLOP_PER_PARAMETER_TOKEN
    sums = 4.0 * model.layers * model.hidden * SIXTEEN_BIT_BYTES * (tensor - 1.0) / tensor
    layer = eff.layer_s + eff.tensor_layer_s * np.log2(tensor)
    times = {
        "weight_s_per_byte": model.always_params / tensor / (bandwidth * eff.memory),
        "head_s": model.head_params * SIXTEEN_BIT_BYTES / tensor / (bandwidth * eff.memory),
        "cache_s_per_token": float(
            model.layers * model.cache_width / cache_shards(model, tensor) / (bandwidth * eff.cache)
        ),
        "compute_s": flop * (body_params(model) + model.head_params) / tensor / compute,
        "attention_s_per_token": float(
            model.layers * decode_flop_per_pair(model) / tensor / (sixteen * ATTENTION_SHARE)
        ),
        "fixed_s": eff.step_s + model.layers * layer,
        "request_s": eff.request_s,
        "link_s": sums / (link_bytes_per_s * eff.link),
        "prompt_s": flop * body_params(model) / tensor / prefill
        + sums / (link_bytes_per_s * eff.link),
        "pair_s": float(model.layers * prefill_flop_per_pair(model) / 2.0 / tensor / prefill),
        "prefill_s": eff.prefill_s,
    }
    slower = float(eff.level)
    return SliderConstants(
        **{name: float(value) * slower for name, value in times.items()},
        tensor=tensor,
        output_tokens=output_tokens,
    )


def usd_per_mtok_at(
    batch: Any,
    *,
    constants: SliderConstants,
    context_tokens: Any,
    weight_bytes: Any,
    cache_bytes: Any,
    upfront_usd_per_chip: Any,
    life_years: Any,
    capital_cost_share: Any,
    meter_kw_per_chip: Any,
    power_usd_per_kwh: Any,
    other_usd_per_chip_hour: Any,
    utilisation: Any,
    xp: Any = np,
) -> Any:
    """USD per million output tokens at a batch, all cost laid on output tokens.

    Parameters
    ----------
    batch : array_like or expression
        Requests in flight; nothing checks here that they fit the memory.
    constants : SliderConstants
    context_tokens : array_like or expression
        Tokens of the prompt.
    weight_bytes, cache_bytes : array_like or expression
        Bytes of a weight and of a number of the cache.
    upfront_usd_per_chip, life_years, capital_cost_share, meter_kw_per_chip, power_usd_per_kwh,
    other_usd_per_chip_hour, utilisation
        As in `cost.usd_per_mtok_core`.
    xp : module
        numpy, or ``altair.expr``.
    """
    c = constants
    held = context_tokens + c.output_tokens / 2
    memory = (
        c.weight_s_per_byte * weight_bytes
        + c.head_s
        + batch * held * cache_bytes * c.cache_s_per_token
    )
    compute = batch * (c.compute_s + held * c.attention_s_per_token)
    both = xp.exp(1.5 * xp.log(memory)) + xp.exp(1.5 * xp.log(compute))
    roofline = xp.exp(xp.log(both) * (2.0 / 3.0))
    step = roofline + c.fixed_s + batch * (c.request_s + c.link_s)
    prefill = c.prefill_s + context_tokens * c.prompt_s + context_tokens * context_tokens * c.pair_s
    cycle = batch * prefill + c.output_tokens * step
    return usd_per_mtok_core(
        upfront_usd_per_chip=upfront_usd_per_chip,
        life_years=life_years,
        capital_cost_share=capital_cost_share,
        meter_kw_per_chip=meter_kw_per_chip,
        power_usd_per_kwh=power_usd_per_kwh,
        other_usd_per_chip_hour=other_usd_per_chip_hour,
        chips=c.tensor,
        tokens_per_s=batch * c.output_tokens / cycle,
        utilisation=utilisation,
        xp=xp,
    )
