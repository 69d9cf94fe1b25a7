"""What a step of serving reads and computes, per chip: bytes of weights and cache, FLOP, traffic.

A decode step reads every weight it needs once for the whole batch; prefill computes with every
weight for each token. Counts follow from the shapes (Kaplan et al. 2020 for the FLOP of a forward
pass, DeepSeek-AI 2024 for the absorbed form of latent attention in decoding).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.units import FORWARD_FLOP_PER_PARAMETER_TOKEN

#: Bytes of a number where activations, embeddings and the output head stay in 16 bits.
SIXTEEN_BIT_BYTES = 2.0


@dataclass(frozen=True)
class Widths:
    """Bytes of a number, by what it is.

    Attributes
    ----------
    always, expert, head, cache : float or numpy.ndarray
        Weights every token uses, weights of routed experts, embeddings and output head, and keys
        and values (or latents).
    """

    always: Any
    expert: Any
    head: Any
    cache: Any


@dataclass(frozen=True)
class Layout:
    """How one copy of a model lies on chips.

    Attributes
    ----------
    tensor : float or numpy.ndarray
        Chips that split every matrix.
    pipeline : float or numpy.ndarray
        Stages of layers, each on `tensor` chips.
    attention_copies : float or numpy.ndarray
        Groups of `tensor` chips that each serve their own requests' attention while sharing the
        experts (data-parallel attention).
    """

    tensor: Any = 1.0
    pipeline: Any = 1.0
    attention_copies: Any = 1.0

    @property
    def sharing(self) -> Any:
        """Chips of one stage, over which the experts are spread."""
        return np.maximum(np.multiply(self.tensor, self.attention_copies), 1.0)

    @property
    def chips(self) -> Any:
        """Chips of one copy of the model."""
        return self.sharing * self.pipeline


@dataclass(frozen=True)
class Work:
    """What one chip does in one step; every field is a number or an array.

    Attributes
    ----------
    weight_bytes, expert_bytes, cache_bytes : float or numpy.ndarray
        Read from memory: weights that all tokens use, experts that the batch touches, cache.
    matmul_flop, attention_flop : float or numpy.ndarray
        Of matrix products with weights, and of attention over the context.
    traffic_bytes : float or numpy.ndarray
        Sent over the links of the chip for the sums of tensor parallelism. Tokens sent to experts
        are part of the fitted overhead up to the eight chips the fit has seen; beyond, add
        `communication.expert_parallel_s`.
    """

    weight_bytes: Any
    expert_bytes: Any
    cache_bytes: Any
    matmul_flop: Any
    attention_flop: Any
    traffic_bytes: Any

    @property
    def bytes_read(self) -> Any:
        """All bytes read from memory."""
        return self.weight_bytes + self.expert_bytes + self.cache_bytes

    @property
    def flop(self) -> Any:
        """All FLOP."""
        return self.matmul_flop + self.attention_flop


def touched_experts(experts: Any, experts_active: Any, tokens: Any) -> Any:
    """Experts of a layer that at least one of so many tokens takes, if each takes them at random.

    Uniform routing makes this an upper bound: real routers favour some experts.
    """
    experts, active = np.asarray(experts, float), np.asarray(experts_active, float)
    missed = 1.0 - np.minimum(np.divide(active, np.maximum(experts, 1.0)), 1.0)
    return experts * (1.0 - missed ** np.asarray(tokens, float))


def body_params(model: Architecture) -> Any:
    """Parameters of the matrix products a token passes through, the output head left out."""
    routed = model.moe_layers * model.experts_active * model.expert_params
    return model.always_params + routed


def decode_flop_per_pair(model: Architecture) -> Any:
    """Attention FLOP per cached token of a layer when one token is decoded."""
    latent = 2.0 * model.heads * (2.0 * model.kv_lora_rank + model.qk_rope_head_dim)
    return np.where(model.latent, latent, 4.0 * model.heads * model.head_dim)[()]


def prefill_flop_per_pair(model: Architecture) -> Any:
    """Attention FLOP per pair of tokens of a layer when a prompt is read."""
    widths = model.qk_nope_head_dim + model.qk_rope_head_dim + model.v_head_dim
    return np.where(model.latent, 2.0 * model.heads * widths, 4.0 * model.heads * model.head_dim)[
        ()
    ]


def attended_pairs(model: Architecture, tokens: Any) -> Any:
    """Pairs of a token and one before it that is still kept, over all layers of a prompt."""
    windowed = np.minimum(tokens, np.where(np.asarray(model.window) > 0, model.window, np.inf))
    whole = (model.layers - model.window_layers) * np.square(tokens) / 2.0
    return whole + model.window_layers * windowed * (tokens - windowed / 2.0)


def cache_shards(model: Architecture, tensor: Any) -> Any:
    """Parts in which tensor parallelism splits the cache: no more than heads, one latent."""
    heads = np.minimum(tensor, np.maximum(model.kv_heads, 1.0))
    return np.where(model.latent, 1.0, heads)[()]


def _sums_bytes(model: Architecture, tensor: Any, tokens: Any) -> Any:
    """Bytes a chip sends for the two sums per layer of tensor parallelism, on a ring."""
    ring = 2.0 * (tensor - 1.0) / tensor
    return 2.0 * model.layers * model.hidden * SIXTEEN_BIT_BYTES * ring * tokens


def decode_work(
    model: Architecture, widths: Widths, layout: Layout, requests: Any, context_tokens: Any
) -> Work:
    """What one chip does in one decode step.

    Parameters
    ----------
    model : Architecture
    widths : Widths
    layout : Layout
        With pipeline stages the step is that of the whole model: stages work in turn.
    requests : float or array_like
        Requests decoded together by one attention group.
    context_tokens : float or array_like
        Tokens in each request's cache.

    Returns
    -------
    Work
        Per chip, summed over all layers.
    """
    requests = np.asarray(requests, float)
    together = requests * layout.attention_copies
    touched = touched_experts(model.experts, model.experts_active, together)
    tensor = np.asarray(layout.tensor, float)
    always = model.always_params * widths.always + model.head_params * widths.head
    cached = model.cached_tokens(context_tokens)
    return Work(
        weight_bytes=always / tensor,
        expert_bytes=model.moe_layers
        * model.expert_params
        * touched
        * widths.expert
        / layout.sharing,
        cache_bytes=requests
        * cached
        * model.cache_width
        * widths.cache
        / cache_shards(model, tensor),
        matmul_flop=FORWARD_FLOP_PER_PARAMETER_TOKEN
        * (body_params(model) + model.head_params)
        * requests
        / tensor,
        attention_flop=requests * cached * decode_flop_per_pair(model) / tensor,
        traffic_bytes=_sums_bytes(model, tensor, requests),
    )


def prefill_work(
    model: Architecture, widths: Widths, layout: Layout, input_tokens: Any, cached_tokens: Any = 0.0
) -> Work:
    """What one chip does to read one prompt, of which some tokens are in the cache already.

    Parameters
    ----------
    input_tokens, cached_tokens : float or array_like
        Tokens of the prompt, and how many of them need no work.

    Returns
    -------
    Work
        Weights count as read once; a long prompt hides that read behind its FLOP.
    """
    given, known = np.asarray(input_tokens, float), np.asarray(cached_tokens, float)
    fresh = given - known
    tensor = np.asarray(layout.tensor, float)
    pairs = attended_pairs(model, given) - attended_pairs(model, known)
    return Work(
        weight_bytes=model.always_params * widths.always / tensor,
        expert_bytes=model.routed_params * widths.expert / layout.sharing,
        cache_bytes=model.cache_bytes(known, widths.cache) / cache_shards(model, tensor),
        matmul_flop=FORWARD_FLOP_PER_PARAMETER_TOKEN * body_params(model) * fresh / tensor,
        attention_flop=pairs * prefill_flop_per_pair(model) / tensor,
        traffic_bytes=_sums_bytes(model, tensor, fresh),
    )
