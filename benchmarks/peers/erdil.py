"""Erdil 2025, "Inference economics of language models" (arXiv:2506.04645), re-expressed.

Decode only, grouped-query attention, NVIDIA collectives. `layout="paper"` is section 3.5 of the
paper (two-dimensional tensor parallelism over the square root of the chips); `layout="final"` is
the fastest of one- and two-dimensional tensor parallelism and 1, 2, 4 or 6 pipeline stages, as in
the notebook released with the paper. Times in seconds, shape (n,); NaN where weights and cache do
not fit or attention is latent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from analysis.hardware.architecture import Architecture
from peers.points import Points

ERDIL_2025_LAUNCH_SECONDS = 4e-6
ERDIL_2025_MATMULS_PER_LAYER = 4
ERDIL_2025_CHIPS_PER_NODE = 8
ERDIL_2025_SCALE_OUT_BYTES_PER_S = 50e9
ERDIL_2025_STAGES = (1, 2, 4, 6)
#: Protocols of NCCL: seconds per hop inside a node, per doubling of nodes, at start; and share of
#: the bandwidth.
ERDIL_2025_PROTOCOLS = (
    (28e-6, 28e-6, 0.0, 1.0),
    (1.25e-6, 8.5e-6, 14e-6, 0.95),
    (0.6e-6, 5e-6, 6.8e-6, 0.5),
)


class Shapes(NamedTuple):
    """A model as the paper counts it: one feed-forward for all layers, K and V heads together."""

    ffn: Any
    experts: Any
    used: Any
    both_heads: Any
    up: Any
    attention_params: Any
    total_params: Any
    active_params: Any


def _shapes(model: Architecture) -> Shapes:
    dense = np.asarray(model.experts) == 0
    ffn = np.where(dense, model.ffn, model.moe_ffn)
    experts = np.where(dense, 1.0, model.experts)
    used = np.where(dense, 1.0, model.experts_active)
    both = 2.0 * model.kv_heads
    attention = model.hidden * model.head_dim * (2 * model.heads + both)
    one = (2 + model.gated) * model.hidden * ffn
    embedding = 2.0 * model.vocab * model.hidden
    total = model.layers * (attention + experts * one) + embedding
    active = model.layers * (attention + used * one) + embedding
    return Shapes(ffn, experts, used, both, 1 + model.gated, attention, total, active)


def collective_seconds(ranks: Any, nodes: Any, moved: Any, link: Any, hops: int = 2) -> Any:
    """Latency and transfer time of the quickest NCCL protocol.

    Parameters
    ----------
    ranks, nodes : float or numpy.ndarray
        Chips that take part, and machines they stand in.
    moved : float or numpy.ndarray
        Bytes reduced.
    link : float or numpy.ndarray
        Links inside a machine, bytes per second and direction.
    hops : {2, 1}
        2 for an all-reduce, 1 for a message.

    Returns
    -------
    tuple of numpy.ndarray
        Seconds of latency and seconds of transfer; nought for one rank.
    """
    ranks, nodes, moved, link = np.broadcast_arrays(*map(np.asarray, (ranks, nodes, moved, link)))
    inside, across = link / 2, ERDIL_2025_SCALE_OUT_BYTES_PER_S / 2
    part = moved / np.maximum(ranks, 1)
    wire = nodes * np.maximum(ranks / nodes - 1, 0) * part / inside + (nodes - 1) * part / across
    wire = wire * hops / 2
    several = np.log2(nodes)
    found = [
        (hops * ((ranks / nodes - 1) * hop + doubling * several) + start, wire / share)
        for hop, doubling, start, share in ERDIL_2025_PROTOCOLS
    ]
    latency, transfer = (np.array(x) for x in zip(*found, strict=True))
    best = (latency + transfer).argmin(axis=0)[None]
    alone = ranks <= 1
    latency = np.take_along_axis(latency, best, 0)[0]
    transfer = np.take_along_axis(transfer, best, 0)[0]
    return np.where(alone, 0.0, latency), np.where(alone, 0.0, transfer)


def _reads(points: Points, shapes: Shapes, tokens: Any, first: Any, second: Any) -> Any:
    """Bytes read and written by one step of a micro-batch, the cache included."""
    model, wide, act = points.model, points.weight_bytes, points.cache_bytes
    sparsity = np.floor(shapes.experts / shapes.used)
    used = 1 - (1 - 1 / sparsity) ** tokens
    feed = wide * model.hidden * shapes.ffn
    feed = feed + second * act * model.hidden * tokens / sparsity
    feed = feed + first * act * shapes.ffn * tokens / sparsity
    feed = used * shapes.experts * (2 + model.gated) * feed
    heads = (model.heads + shapes.both_heads) * model.head_dim
    # The notebook counts the outputs of this product without the bytes of a number.
    query = wide * model.hidden * heads + second * act * model.hidden * tokens
    query = query + first * heads * tokens
    own = model.head_dim * model.heads
    output = wide * own * model.hidden
    output = output + act * tokens * (second * model.hidden + first * own)
    head = wide * model.vocab * model.hidden
    cache = act * shapes.both_heads * model.head_dim * model.layers * points.context * tokens
    return cache + model.layers * (feed + query + output) + head


def _one_layout(points: Points, flat: bool, stages: int) -> Any:
    """Seconds of a step with the chips laid out in one way."""
    model, shapes = points.model, _shapes(points.model)
    sharded = points.tp / stages
    ranks = sharded if flat else np.sqrt(sharded)
    nodes = np.maximum(np.ceil(sharded / ERDIL_2025_CHIPS_PER_NODE), 1)
    nodes = nodes if flat else np.sqrt(nodes)
    groups = sharded / ranks
    down = shapes.used * model.hidden
    words = [model.hidden, down]
    if not flat:
        words += [model.head_dim * (shapes.both_heads + model.heads)]
        words += [shapes.used * shapes.up * shapes.ffn]
    micro = points.batch / stages
    network = np.zeros(np.shape(points.tp))
    link = points.chip.link_bytes_per_s
    for word in words:
        moved = word / groups * micro * points.cache_bytes
        latency, transfer = collective_seconds(ranks, nodes, moved, link)
        network = network + model.layers * (latency + transfer)
    if stages > 1:
        moved = model.hidden * micro / sharded * points.cache_bytes
        latency, transfer = collective_seconds(2.0, 2.0, moved, link, hops=1)
        network = network + (stages - 1) * (latency + transfer)
    second = 1.0 if flat else ranks
    memory = stages * _reads(points, shapes, micro, ranks, second)
    flop = 2 * shapes.active_params + (
        4 * model.head_dim * model.heads * model.layers * points.context
    )
    launches = model.layers * ERDIL_2025_MATMULS_PER_LAYER * ERDIL_2025_LAUNCH_SECONDS
    step = np.maximum(
        memory / (points.tp * points.chip.memory_bytes_per_s),
        points.batch * flop / (points.tp * points.flop_per_s),
    )
    cache = points.cache_bytes * shapes.both_heads * model.head_dim * model.layers
    needed = points.batch * cache * points.context + points.weight_bytes * shapes.total_params
    fits = needed <= points.tp * points.chip.memory_bytes
    allowed = fits & (stages <= np.minimum(points.tp, points.batch))
    allowed = (fits if stages == 1 else allowed) & ~np.asarray(model.latent)
    return np.where(allowed, launches + network + step, np.inf)


def erdil_decode_seconds(points: Points, layout: str = "paper") -> Any:
    """Seconds per output token.

    Parameters
    ----------
    points : Points
        Points of shape (n,).
    layout : {"paper", "final"}
        How the chips are laid out; see the module.
    """
    if layout not in {"paper", "final"}:
        raise ValueError(f"layout: {layout!r} is not known; accepted: paper, final")
    if layout == "paper":
        times = _one_layout(points, flat=False, stages=1)
    else:
        times = np.min(
            [_one_layout(points, flat, s) for flat in (False, True) for s in ERDIL_2025_STAGES],
            axis=0,
        )
    return np.where(np.isfinite(times), times, np.nan)


def erdil_prefill_seconds(points: Points) -> Any:
    """One prompt: the arithmetic of the paper's step, for as many tokens as the prompt has.

    The paper prices decoding only; its notebook takes the prompt as this FLOP at the peak rate.
    """
    model, shapes = points.model, _shapes(points.model)
    tokens = points.input_tokens
    flop = 2 * shapes.active_params + 4 * model.head_dim * model.heads * model.layers * tokens / 2
    one = replace(points, batch=tokens, output_tokens=0 * tokens, input_tokens=0 * tokens)
    memory = _reads(one, shapes, tokens, np.sqrt(points.tp), np.sqrt(points.tp))
    seconds = np.maximum(
        tokens * flop / (points.tp * points.flop_per_s),
        memory / (points.tp * points.chip.memory_bytes_per_s),
    )
    return np.where(model.latent, np.nan, seconds)
