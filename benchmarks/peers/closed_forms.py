"""Two closed forms: the naive roofline, and the arithmetic of kipply 2022.

All functions take points of shape (n,) and return seconds, shape (n,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from peers.points import Points

#: Messages per layer and seconds per message, as kipply 2022 assumes them for NVLink.
KIPPLY_2022_MESSAGES_PER_LAYER = 4
KIPPLY_2022_SECONDS_PER_MESSAGE = 8e-6
#: Bytes of a number on the wire in kipply 2022 ("16-bit formats throughout the post").
KIPPLY_2022_WIRE_BYTES = 2


def roofline_decode_seconds(points: Points) -> Any:
    """One decode step of the naive roofline: the longer of all reads and all multiplications."""
    reads = points.weights_read(points.batch) + points.cache_read()
    attention = points.attention_flop(points.context)
    flop = points.batch * (2 * points.active_params + attention)
    return np.maximum(
        reads / (points.tp * points.chip.memory_bytes_per_s),
        flop / (points.tp * points.flop_per_s),
    )


def roofline_prefill_seconds(points: Points) -> Any:
    """One prompt at the naive roofline."""
    tokens = points.input_tokens
    flop = tokens * (2 * points.active_params + points.attention_flop(tokens / 2))
    return np.maximum(
        points.weights_read(tokens) / (points.tp * points.chip.memory_bytes_per_s),
        flop / (points.tp * points.flop_per_s),
    )


def kipply_memory_seconds(weight_bytes: Any, chips: Any, bytes_per_s: Any) -> Any:
    """Time to read all weights, for a small batch."""
    return weight_bytes / (chips * bytes_per_s)


def kipply_compute_seconds(params: Any, tokens: Any, chips: Any, flop_per_s: Any) -> Any:
    """Time to multiply, for a large batch."""
    return tokens * 2 * params / (chips * flop_per_s)


def kipply_message_seconds(layers: Any) -> Any:
    """Latency of the messages of tensor parallelism, for a small batch."""
    return layers * KIPPLY_2022_MESSAGES_PER_LAYER * KIPPLY_2022_SECONDS_PER_MESSAGE


def kipply_wire_seconds(layers: Any, hidden: Any, tokens: Any, link_bytes_per_s: Any) -> Any:
    """Time on the links, for a large batch."""
    messages = KIPPLY_2022_MESSAGES_PER_LAYER * layers
    return tokens * KIPPLY_2022_WIRE_BYTES * messages * hidden / link_bytes_per_s


def _kipply(points: Points, tokens: Any, cache_bytes: Any) -> Any:
    model, chip = points.model, points.chip
    several = points.tp > 1
    reads = points.weights_read(tokens) + cache_bytes
    memory = kipply_memory_seconds(reads, points.tp, chip.memory_bytes_per_s)
    compute = kipply_compute_seconds(points.active_params, tokens, points.tp, points.flop_per_s)
    wire = kipply_wire_seconds(model.layers, model.hidden, tokens, chip.link_bytes_per_s)
    messages = np.where(several, kipply_message_seconds(model.layers), 0.0)
    small = memory + messages
    return np.maximum(small, np.maximum(compute, np.where(several, wire, 0.0)))


def kipply_decode_seconds(points: Points) -> Any:
    """One decode step by kipply 2022: the small-batch or the large-batch form, as is longer.

    The read of the cache, which the article names and leaves out, is added as it says: as time of
    the memory. Holds for tensor parallelism inside one machine.

    References
    ----------
    kipply 2022, Transformer Inference Arithmetic, https://kipp.ly/transformer-inference-arithmetic
    """
    return _kipply(points, points.batch, points.cache_read())


def kipply_prefill_seconds(points: Points) -> Any:
    """One prompt by kipply 2022."""
    return _kipply(points, points.input_tokens, 0.0)
