"""A training run on the footing of serving: FLOP, memory, communication, time, energy, money."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.communication import (
    Network,
    all_gather_s,
    data_parallel_s,
    expert_parallel_s,
    hidden_bytes,
    point_to_point_s,
    tensor_parallel_s,
)
from analysis.hardware.prefix_cache import attention_flop_per_pair, attention_pairs, matmul_params
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_at_least, require_counts, require_share
from analysis.units import FLOP_PER_PARAMETER_TOKEN, FORWARD_FLOP_PER_PARAMETER_TOKEN

RECOMPUTE = ("none", "selective", "full")
SHARDING = ("none", "optimiser", "gradients", "all")
_PASSES = FLOP_PER_PARAMETER_TOKEN / FORWARD_FLOP_PER_PARAMETER_TOKEN


@dataclass(frozen=True)
class StateBytes:
    """Bytes of each parameter while training; defaults are mixed-precision Adam as counted by
    Rajbhandari et al. 2020, section 3.1, https://arxiv.org/abs/1910.02054.
    """

    weights: Any = 2.0
    gradients: Any = 2.0
    optimiser: Any = 12.0

    def __post_init__(self) -> None:
        for field in fields(self):
            require_at_least(field.name, getattr(self, field.name), 0, "bytes per parameter")

    @property
    def total(self) -> Any:
        """All three."""
        return self.weights + self.gradients + self.optimiser


#: Mixed-precision Adam.
ADAM = StateBytes()


@dataclass(frozen=True)
class Layout:
    """How a step is cut over tensor x context x pipeline x data chips.

    Attributes
    ----------
    tensor, pipeline, data, context, expert : float or numpy.ndarray
        Ranks of each parallelism; those that share experts are taken from the data-parallel ones.
    sequences, micro_sequences, interleave : float or numpy.ndarray
        Sequences of one step and of one micro-batch, and stages a chip holds (virtual pipeline).
    recompute : {"none", "selective", "full"}
        Activations computed again in the backward pass: none, attention scores, or all.
    fused_attention : bool
        Scores never reach memory.
    sharding : {"none", "optimiser", "gradients", "all"}
        States split over data-parallel ranks: ZeRO stages 0 to 3 (Rajbhandari et al. 2020).
    """

    tensor: Any = 1.0
    pipeline: Any = 1.0
    data: Any = 1.0
    context: Any = 1.0
    expert: Any = 1.0
    sequences: Any = 1.0
    micro_sequences: Any = 1.0
    interleave: Any = 1.0
    recompute: str = "none"
    fused_attention: bool = True
    sharding: str = "optimiser"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            known = {"recompute": RECOMPUTE, "sharding": SHARDING}.get(field.name)
            if known is not None and value not in known:
                raise ValueError(f"{field.name}: {value!r} is not known; accepted: {known}")
            if known is None and field.name != "fused_attention":
                object.__setattr__(self, field.name, require_counts(field.name, value))
        if np.any(self.micro_batches < 1) or np.any(self.expert > self.data):
            raise ValueError(
                f"sequences {self.sequences!r}, expert {self.expert!r}: not accepted; accepted: at "
                "least data x micro_sequences, and at most data"
            )

    @property
    def chips(self) -> Any:
        """Chips that work on the run."""
        return self.tensor * self.context * self.pipeline * self.data

    @property
    def micro_batches(self) -> Any:
        """Micro-batches each pipeline works through in a step."""
        return self.sequences / (self.data * self.micro_sequences)

    @property
    def bubble(self) -> Any:
        """Idle time over work: (p - 1) / (v m) (Narayanan et al. 2021, section 2.2.2)."""
        return (self.pipeline - 1) / (self.interleave * self.micro_batches)


@dataclass(frozen=True)
class TrainingStep:
    """Seconds of one step that nothing hides; `memory_s` is of all but matrix products."""

    compute_s: Any
    memory_s: Any
    tensor_s: Any
    expert_s: Any
    pipeline_s: Any
    bubble_s: Any
    data_s: Any
    optimiser_s: Any
    step_s: Any
    tokens: Any
    chips: Any
    mfu: Any
    hfu: Any


@dataclass(frozen=True)
class TrainingRun:
    """One run. `days` are of the calendar, interruptions included; energy is at the meter."""

    train_flop: Any
    days: Any
    chip_hours: Any
    usd: Any
    energy_kwh: Any


def forward_token_flop(model: Architecture, sequence_tokens: Any, *, causal: bool = True) -> Any:
    """Forward FLOP per token: two per multiplied parameter, and attention.

    `causal=False` counts every pair, 12 L H Q T of Chowdhery et al. 2022, appendix B.
    """
    length = require_positive("sequence_tokens", sequence_tokens, "tokens")
    pairs = attention_pairs(model, length, causal=causal) / length
    weights = FORWARD_FLOP_PER_PARAMETER_TOKEN * matmul_params(model)
    return weights + attention_flop_per_pair(model) * pairs


def train_flop(
    model: Architecture, tokens: Any, sequence_tokens: Any, *, causal: bool = True
) -> Any:
    """FLOP of a run without recomputation: forward, and twice that backward."""
    count = require_positive("tokens", tokens, "tokens")
    return _PASSES * forward_token_flop(model, sequence_tokens, causal=causal) * count


def _hardware_flop(model: Architecture, length: Any, layout: Layout, causal: bool) -> Any:
    forward = forward_token_flop(model, length, causal=causal)
    pairs = attention_pairs(model, length, causal=causal) / length
    again = {"none": 0.0, "selective": attention_flop_per_pair(model) * pairs}
    again["full"] = forward - FORWARD_FLOP_PER_PARAMETER_TOKEN * model.head_params
    return _PASSES * forward + again[layout.recompute]


def activation_bytes_per_token(
    model: Architecture, sequence_tokens: Any, *, recompute: str = "none", fused: bool = True
) -> Any:
    """Bytes of 16-bit activations one token keeps in one mean layer for the backward pass.

    34 h + 5 a s of Korthikanti et al. 2022 (https://arxiv.org/abs/2205.05198, equation 1) for the
    shapes they assume; here written out for grouped heads, gated feed-forward and experts.
    """
    if recompute not in RECOMPUTE:
        raise ValueError(f"recompute: {recompute!r} is not known; accepted: {RECOMPUTE}")
    length = require_positive("sequence_tokens", sequence_tokens, "tokens")
    if recompute == "full":
        return 2 * model.hidden + 0 * length
    latent = 2 * (model.qk_nope_head_dim + model.qk_rope_head_dim + model.v_head_dim)
    latent = latent * model.heads
    grouped = 2 * model.head_dim * (model.heads + model.kv_heads)
    heads = 2 * np.where(model.latent, latent, grouped)
    chosen = model.moe_layers * (model.shared_experts + model.experts_active)
    inner = (model.dense_layers * model.ffn + chosen * model.moe_ffn) / model.layers
    scores = 0.0 if fused or recompute == "selective" else 5 * model.heads * length
    return 10 * model.hidden + heads + (4 + 2 * model.gated) * inner + scores


def memory_bytes(
    model: Architecture, sequence_tokens: Any, layout: Layout, *, state: StateBytes = ADAM
) -> Any:
    """Bytes on the fullest chip: states, and the activations of the first stage of a pipeline."""
    always, routed = _rank_params(model, layout)
    copies = np.maximum(layout.data / layout.expert, 1.0)
    gradients = state.gradients if layout.sharding in ("gradients", "all") else 0.0
    parted = 0.0 if layout.sharding == "none" else state.optimiser + gradients
    parted = state.total if layout.sharding == "all" else parted
    states = (always + routed) * (state.total - parted)
    states = states + (always / layout.data + routed / copies) * parted
    each = activation_bytes_per_token(
        model, sequence_tokens, recompute=layout.recompute, fused=layout.fused_attention
    )
    at_once = np.minimum(layout.pipeline, layout.micro_batches) / layout.pipeline
    extra = 1 + (layout.pipeline - 1) / (layout.pipeline * layout.interleave)
    extra = np.where(layout.interleave > 1, extra, 1.0)
    tokens = layout.micro_sequences * sequence_tokens / (layout.tensor * layout.context)
    return states + each * model.layers * at_once * extra * tokens


def least_chips(
    model: Architecture, sequence_tokens: Any, usable_bytes: Any, *, state: StateBytes = ADAM
) -> Any:
    """Fewest chips of so many usable bytes that hold the states and, recomputed in full, one
    sequence, were all split evenly: a lower bound.
    """
    room = require_positive("usable_bytes", usable_bytes, "bytes")
    kept = activation_bytes_per_token(model, sequence_tokens, recompute="full") * model.layers
    return np.ceil((model.total_params * state.total + kept * sequence_tokens) / room)


def _rank_params(model: Architecture, layout: Layout) -> tuple[Any, Any]:
    split = layout.tensor * layout.pipeline
    always = (model.always_params + model.embedding_params) / split
    return always, model.routed_params / (split * layout.expert)


def _data_s(model: Architecture, layout: Layout, state: StateBytes, network: Network) -> Any:
    gathers = 2 if layout.sharding == "all" else 1
    stride = layout.tensor * layout.context * layout.pipeline
    always, routed = _rank_params(model, layout)
    copies = np.maximum(np.floor(layout.data / layout.expert), 1.0)
    kinds = ((always, layout.data, stride), (routed, copies, stride * layout.expert))
    total: Any = 0.0
    for params, ranks, step in kinds:
        sums, news = state.gradients * params, state.weights * params
        total = total + data_parallel_s(sums, news, ranks, network, gathers=gathers, stride=step)
    return total


def training_step(
    model: Architecture,
    sequence_tokens: Any,
    layout: Layout,
    network: Network,
    *,
    peak_flop_per_s: Any,
    memory_bytes_per_s: Any,
    matmul_efficiency: Any,
    exposed_tensor: Any = 1.0,
    exposed_expert: Any = 1.0,
    exposed_data: Any = 1.0,
    state: StateBytes = ADAM,
    mfu_peak_flop_per_s: Any = None,
    causal: bool = True,
    counted_causal: bool = True,
) -> TrainingStep:
    """Time of one step; left out are uneven stages and experts, stragglers and restarts.

    Parameters
    ----------
    peak_flop_per_s, memory_bytes_per_s, matmul_efficiency : array_like
        Of one chip, at the precision of the matrix products, and the share of peak they reach.
    exposed_tensor, exposed_expert, exposed_data : array_like
        Share of each communication that compute does not hide.
    mfu_peak_flop_per_s : array_like, optional
        Peak that `mfu` and `hfu` are counted against, where not the one worked at.
    causal, counted_causal : bool
        Whether chips skip the masked half of attention, and whether `mfu` leaves it out.
    """
    length = require_positive("sequence_tokens", sequence_tokens, "tokens")
    peak = require_positive("peak_flop_per_s", peak_flop_per_s, "FLOP/s")
    rate = peak * require_share("matmul_efficiency", matmul_efficiency, positive=True)
    bandwidth = require_positive("memory_bytes_per_s", memory_bytes_per_s, "bytes per second")
    forwards = 2.0 if layout.recompute == "full" else 1.0
    tokens = layout.micro_sequences * length / layout.context
    share = layout.tensor * layout.pipeline
    compute = _hardware_flop(model, length, layout, causal) * tokens / share / rate
    moved = activation_bytes_per_token(model, length, fused=layout.fused_attention)
    memory = 2 * (1 + forwards) * moved * model.layers * tokens / share / bandwidth
    reduce = tensor_parallel_s(model, tokens, layout.tensor, network)
    keys = tokens * model.cache_width * 2.0 * layout.context / layout.tensor
    gather = all_gather_s(keys, layout.context, network, stride=layout.tensor)
    tensor = require_share("exposed_tensor", exposed_tensor) * (1 + forwards)
    tensor = tensor * (reduce + model.layers * gather)
    own = tokens / layout.tensor
    route = expert_parallel_s(model, own, layout.expert, network, stride=layout.tensor)
    expert = require_share("exposed_expert", exposed_expert) * (1 + forwards) * route
    stage = layout.tensor * layout.context
    send = point_to_point_s(hidden_bytes(model, own), network, stride=stage)
    send = np.where(layout.pipeline > 1, 2 * layout.interleave * send, 0.0)
    many = layout.micro_batches
    spent = {
        "compute_s": many * compute,
        "memory_s": many * memory,
        "tensor_s": many * tensor / layout.pipeline,
        "expert_s": many * expert / layout.pipeline,
        "pipeline_s": many * send,
    }
    spent["bubble_s"] = sum(spent.values()) * layout.bubble
    shown = require_share("exposed_data", exposed_data)
    spent["data_s"] = shown * _data_s(model, layout, state, network)
    copies = 1 if layout.sharding == "none" else layout.data
    states = sum(_rank_params(model, layout)) * state.total / copies
    spent["optimiser_s"] = states / bandwidth
    step = sum(spent.values())
    per_step = layout.sequences * length
    paid = layout.chips * step * (peak if mfu_peak_flop_per_s is None else mfu_peak_flop_per_s)
    mfu = train_flop(model, per_step, length, causal=counted_causal) / paid
    hfu = per_step * _hardware_flop(model, length, layout, counted_causal) / paid
    totals = {"step_s": step, "tokens": per_step, "chips": layout.chips, "mfu": mfu, "hfu": hfu}
    return TrainingStep(**spent, **totals)


def training_run(
    step: TrainingStep,
    flop_per_token: Any,
    tokens: Any,
    *,
    available_share: Any,
    usd_per_chip_hour: Any,
    watts_per_chip: Any,
    pue: Any,
) -> TrainingRun:
    """A run of so many tokens at the pace of a step.

    Parameters
    ----------
    flop_per_token : array_like
        Of the model, forward and backward.
    available_share : array_like
        Share of time that makes progress: failures, restarts and checkpoints take the rest.
    watts_per_chip, pue : array_like
        Drawn with the chip's share of the server, and watts of the site over watts of servers.
    """
    count = require_positive("tokens", tokens, "tokens")
    useful = require_share("available_share", available_share, positive=True)
    hours = count / step.tokens * step.step_s / useful / 3600.0
    chip_hours = hours * step.chips
    usd = chip_hours * require_positive("usd_per_chip_hour", usd_per_chip_hour, "USD per hour")
    watts = require_positive("watts_per_chip", watts_per_chip, "watts")
    site = watts * require_at_least("pue", pue, 1, "watts per watt")
    flop = count * require_positive("flop_per_token", flop_per_token, "FLOP per token")
    return TrainingRun(flop, hours / 24.0, chip_hours, usd, chip_hours * site / 1e3)
