"""What fits: weights and cache against the memory of the chips that hold one copy of a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.work import Layout, Widths, cache_shards

#: Share of a chip's memory that weights and cache may take; the rest is activations and reserve.
USABLE_SHARE = 0.96
#: Bytes of a chip's memory that the engine itself takes.
ENGINE_BYTES = 1e9


def weight_bytes_per_chip(model: Architecture, widths: Widths, layout: Layout) -> Any:
    """Bytes of weights on one chip."""
    split = model.always_params * widths.always
    split = split + (2 - model.tied) * model.head_params * widths.head
    routed = model.routed_params * widths.expert
    return (split / layout.tensor + routed / layout.sharing) / layout.pipeline


def cache_bytes_per_chip(
    model: Architecture, widths: Widths, layout: Layout, context_tokens: Any
) -> Any:
    """Bytes of cache that one request takes on a chip of its attention group."""
    whole = model.cache_bytes(context_tokens, widths.cache)
    return whole / (cache_shards(model, layout.tensor) * layout.pipeline)


def room_bytes(model: Architecture, widths: Widths, layout: Layout, memory_bytes: Any) -> Any:
    """Bytes left for the cache on each chip; negative where the weights alone do not fit."""
    small = np.minimum(ENGINE_BYTES, 0.02 * np.asarray(memory_bytes))
    usable = USABLE_SHARE * np.asarray(memory_bytes) - small
    return usable - weight_bytes_per_chip(model, widths, layout)


def requests_that_fit(
    model: Architecture, widths: Widths, layout: Layout, memory_bytes: Any, context_tokens: Any
) -> Any:
    """Requests of such a context that one attention group holds at once; 0 where none fits."""
    room = np.maximum(room_bytes(model, widths, layout, memory_bytes), 0.0)
    return np.floor(room / cache_bytes_per_chip(model, widths, layout, context_tokens))


def least_chips(
    model: Architecture,
    widths: Widths,
    memory_bytes: Any,
    context_tokens: Any,
    requests: Any = 1.0,
    *,
    most: int = 4096,
) -> Any:
    """Least power of two of chips, as tensor parallelism, that holds model and requests.

    Returns
    -------
    float or numpy.ndarray
        Infinite where even `most` chips do not: a latent cache is not split by tensor parallelism.
    """
    shape = np.broadcast_shapes(*(np.shape(v) for v in (
        model.total_params, widths.always, memory_bytes, context_tokens, requests)))  # fmt: skip
    least = np.full(shape, np.inf)
    chips = most
    while chips >= 1:
        held = requests_that_fit(model, widths, Layout(float(chips)), memory_bytes, context_tokens)
        least = np.where(held >= requests, float(chips), least)
        chips //= 2
    return least[()]
