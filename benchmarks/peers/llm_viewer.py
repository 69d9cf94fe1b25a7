"""LLM-Viewer (Yuan et al. 2024, arXiv:2402.16363), re-expressed: a roofline per operator.

Every operator takes the longer of its operations at the peak rate and its bytes at the memory
bandwidth; a step is their sum. Dense models. The tool knows one chip: several share each operator
ideally, without traffic. Times in seconds, shape (n,); NaN for experts and latent attention.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from peers.points import Points


def _operators(points: Points, tokens: Any, context: Any) -> list[tuple[Any, Any]]:
    """Operations and bytes of each operator of a layer, `tokens` new ones per request."""
    model, batch = points.model, points.batch
    wide, act, cached = points.weight_bytes, points.activation_bytes, points.cache_bytes
    hidden, width = model.hidden, model.heads * model.head_dim
    narrow, new = model.kv_heads * model.head_dim, batch * tokens
    matrices = [(hidden, width, act), (hidden, narrow, cached), (hidden, narrow, cached)]
    matrices += [(width, hidden, act)]
    feed = [(hidden, model.ffn, act), (model.ffn, hidden, act)]
    found = [
        (2 * i * o * new, i * o * wide + (i * act + o * kept) * new)
        for i, o, kept in matrices + feed
    ]
    gate = np.asarray(model.gated) * np.asarray(1.0)
    found += [(gate * found[-2][0], gate * found[-2][1])]
    score = model.heads * new * context
    # The tool counts the queries of a prompt at the width of the keys, those of a step at full.
    asked = np.where(np.asarray(tokens) > 1, narrow, width) * new * act
    found += [
        (2 * score * model.head_dim, asked + score * act + batch * context * narrow * cached),
        (
            2 * score * model.head_dim,
            score * act + width * new * act + batch * context * narrow * cached,
        ),
        (5 * score, 2 * score * act),
    ]
    found += [(7 * new * hidden, 2 * new * hidden * act)] * 2
    found += [(new * hidden, 2 * new * hidden * act)] * 2
    return [*found, (2 * new * hidden, 3 * new * hidden * act)]


def _seconds(points: Points, tokens: Any, context: Any) -> Any:
    model = points.model
    rate, speed = points.flop_per_s, points.chip.memory_bytes_per_s

    def roofline(operations: Any, moved: Any) -> Any:
        return np.maximum(operations / rate, moved / speed)

    layer = sum(roofline(*operator) for operator in _operators(points, tokens, context))
    head_params = model.hidden * model.vocab
    # The tool counts one operation per parameter of the head, and one token's activations.
    activations = (model.hidden + model.vocab) * points.activation_bytes
    head = roofline(points.batch * head_params, head_params * points.weight_bytes + activations)
    answered = (np.asarray(model.experts) == 0) & ~np.asarray(model.latent)
    return np.where(answered, (model.layers * layer + head) / points.tp, np.nan)


def llm_viewer_decode_seconds(points: Points) -> Any:
    """Seconds of a decode step."""
    return _seconds(points, 1.0, points.context)


def llm_viewer_prefill_seconds(points: Points) -> Any:
    """Seconds of the prompts of a batch; of one prompt where the batch is 1."""
    return _seconds(points, points.input_tokens, points.input_tokens)
