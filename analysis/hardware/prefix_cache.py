"""Prefix caching: input whose cache is still kept need not be computed again.

What is kept depends on memory: a least-recently-used store keeps everything for one characteristic
time T (Che, Tung and Wang 2002), so a prefix is found when it comes back sooner than T.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.work import attended_pairs, body_params, prefill_flop_per_pair
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_at_least,
    require_counts,
    require_probability,
    require_share,
)
from analysis.units import FORWARD_FLOP_PER_PARAMETER_TOKEN

_DOUBLINGS = 1100  # from the least to the largest float64 there are fewer
_HALVINGS = 60


@dataclass(frozen=True)
class CacheHits:
    """What a store of prefixes finds.

    Attributes
    ----------
    characteristic_s : numpy.ndarray
        Seconds a prefix stays after its last use; infinite where all fits.
    hit_probability : numpy.ndarray
        Of a use that could find its prefix.
    hit_share : numpy.ndarray
        Share of all input tokens found.
    cached_bytes : numpy.ndarray
        Mean bytes in the store.
    """

    characteristic_s: Any
    hit_probability: Any
    hit_share: Any
    cached_bytes: Any


@dataclass(frozen=True)
class AgentLoop:
    """Tokens of a loop of calls that re-reads its context; mean numbers per task.

    Attributes
    ----------
    input_tokens, cached_tokens, fresh_tokens, output_tokens : numpy.ndarray
        `input_tokens` is cached and fresh together.
    hit_share : numpy.ndarray
        Cached over input tokens.
    last_context_tokens : numpy.ndarray
        Context when the last call ends: the cache the loop needs.
    """

    input_tokens: Any
    cached_tokens: Any
    fresh_tokens: Any
    output_tokens: Any
    hit_share: Any
    last_context_tokens: Any


def matmul_params(model: Architecture) -> Any:
    """Parameters a token is multiplied with: active ones, with one head and no look-up table."""
    return body_params(model) + model.head_params


def attention_flop_per_pair(model: Architecture) -> Any:
    """Forward FLOP of one query position and one position it attends to, in one layer."""
    return prefill_flop_per_pair(model)


def attention_pairs(model: Architecture, sequence_tokens: Any, *, causal: bool = True) -> Any:
    """Pairs of positions of one sequence, summed over layers; windows hold theirs short."""
    length = require_at_least("sequence_tokens", sequence_tokens, 0, "tokens")
    if causal:
        return attended_pairs(model, length)
    return length * model.cached_tokens(length)


def hit_share(input_tokens: Any, cached_tokens: Any) -> Any:
    """Share of input found in the cache."""
    given = require_positive("input_tokens", input_tokens, "tokens")
    found = require_at_least("cached_tokens", cached_tokens, 0, "tokens")
    return require_share("cached_tokens over input_tokens", found / given)[()]


def prefill_flop(model: Architecture, input_tokens: Any, cached_tokens: Any = 0.0) -> Any:
    """FLOP to prefill an input of which the first `cached_tokens` are cached.

    Fresh tokens pass through every layer and attend to cached ones too, so at long context the work
    left is more than the share of tokens left. The head runs once per request and is left out.
    """
    found = hit_share(input_tokens, cached_tokens) * input_tokens
    fresh = input_tokens - found
    weights = FORWARD_FLOP_PER_PARAMETER_TOKEN * (matmul_params(model) - model.head_params)
    pairs = attention_pairs(model, input_tokens) - attention_pairs(model, found)
    return weights * fresh + attention_flop_per_pair(model) * pairs


def prefill_left(model: Architecture, input_tokens: Any, cached_tokens: Any) -> Any:
    """Share of the FLOP of prefill that is left when the first tokens are cached."""
    return prefill_flop(model, input_tokens, cached_tokens) / prefill_flop(model, input_tokens)


def prefix_bytes(
    model: Architecture, prefix_tokens: Any, prefixes: Any, bytes_per_number: Any = 2.0
) -> Any:
    """Bytes that so many cached prefixes of a length take."""
    tokens = require_at_least("prefix_tokens", prefix_tokens, 0, "tokens")
    count = require_at_least("prefixes", prefixes, 0, "prefixes")
    width = require_positive("bytes_per_number", bytes_per_number, "bytes")
    return count * model.cache_bytes(tokens, width)


def _time_that_fills(held: Callable[[Any], Any], capacity: Any, most: Any) -> Any:
    """T at which a rising `held(T)` equals the capacity; infinite where `most` fits."""
    fits = np.asarray(most <= capacity)
    high = np.ones(np.shape(capacity))
    for _ in range(_DOUBLINGS):
        short = ~fits & (held(high) < capacity)
        if not short.any():
            break
        high = np.where(short, 2 * high, high)
    low = np.zeros_like(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = held(middle) < capacity
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(fits, np.inf, high)[()]


def lru_hits(
    requests_per_s: Any, prefix_tokens: Any, capacity_bytes: Any, *, bytes_per_token: Any
) -> CacheHits:
    """Hits of fixed prefixes (system prompts, documents), each asked for at a Poisson rate.

    Parameters
    ----------
    requests_per_s, prefix_tokens : array_like, shape (prefixes,)
        Rate and length of each prefix.
    capacity_bytes, bytes_per_token : float

    Returns
    -------
    CacheHits
        `hit_probability` has the shape of the prefixes; the rest are single numbers.

    References
    ----------
    Che, Tung and Wang 2002, Hierarchical Web caching systems: sum of size x (1 - exp(-rate T)) is
    the capacity. Close when no single prefix fills much of the store.
    """
    rate, tokens = broadcast(
        requests_per_s=require_positive("requests_per_s", requests_per_s, "requests per second"),
        prefix_tokens=require_positive("prefix_tokens", prefix_tokens, "tokens"),
    )
    size = tokens * require_positive("bytes_per_token", bytes_per_token, "bytes")
    capacity = require_positive("capacity_bytes", capacity_bytes, "bytes")

    def held(seconds: Any) -> Any:
        return np.sum(size * -np.expm1(-rate * seconds))

    time = _time_that_fills(held, capacity, size.sum())
    hit = -np.expm1(-rate * time)
    asked = rate * tokens
    return CacheHits(time, hit, np.sum(asked * hit) / np.sum(asked), held(time))


def session_hits(
    sessions_per_s: Any,
    turns: Any,
    gap_s: Any,
    capacity_bytes: Any,
    *,
    prefix_bytes: Any,
    reused_share: Any = 1.0,
) -> CacheHits:
    """Hits of sessions that come, take some turns and never return.

    Sessions arrive as a Poisson process; the gap between turns is exponential. A session holds its
    bytes for each gap, or T if that is shorter, and for T after its last turn, so the store holds
    rate x bytes x ((turns - 1) gap (1 - exp(-T/gap)) + T).

    Parameters
    ----------
    sessions_per_s, turns, gap_s, capacity_bytes, prefix_bytes : array_like
        Broadcast together. `turns` is the mean, at least 1; `prefix_bytes` the mean bytes a session
        keeps.
    reused_share : array_like
        Share of the input of a later turn that its prefix holds.

    Returns
    -------
    CacheHits
        `hit_share` is over turns of equal input, first turns included.
    """
    rate, count, gap, size, capacity, reused = broadcast(
        sessions_per_s=require_positive("sessions_per_s", sessions_per_s, "sessions per second"),
        turns=require_at_least("turns", turns, 1, "turns"),
        gap_s=require_positive("gap_s", gap_s, "seconds"),
        prefix_bytes=require_positive("prefix_bytes", prefix_bytes, "bytes"),
        capacity_bytes=require_positive("capacity_bytes", capacity_bytes, "bytes"),
        reused_share=require_share("reused_share", reused_share),
    )

    def held(seconds: Any) -> Any:
        return rate * size * ((count - 1) * gap * -np.expm1(-seconds / gap) + seconds)

    time = _time_that_fills(held, capacity, np.inf)
    hit = -np.expm1(-time / gap)
    return CacheHits(time, hit, hit * reused * (count - 1) / count, held(time))


def agent_loop(
    steps: Any,
    first_tokens: Any,
    read_tokens_per_step: Any,
    written_tokens_per_step: Any,
    *,
    kept_probability: Any = 1.0,
) -> AgentLoop:
    """Tokens of a loop that sends its whole context again at each step.

    Step 1 reads `first_tokens`; each later step reads all before it, the tokens written, and
    `read_tokens_per_step` new ones (the answer of a tool).

    Parameters
    ----------
    steps : array_like
        Calls, whole, at least 1.
    first_tokens, read_tokens_per_step, written_tokens_per_step : array_like
    kept_probability : array_like
        Probability that the cache of the step before is still there; 0 is no cache at all.

    Notes
    -----
    Input grows with the square of the steps, fresh input with the steps where the cache is kept.
    """
    count, first, read, written, kept = broadcast(
        steps=require_counts("steps", steps),
        first_tokens=require_positive("first_tokens", first_tokens, "tokens"),
        read_tokens_per_step=require_at_least(
            "read_tokens_per_step", read_tokens_per_step, 0, "tokens"
        ),
        written_tokens_per_step=require_at_least(
            "written_tokens_per_step", written_tokens_per_step, 0, "tokens"
        ),
        kept_probability=require_probability("kept_probability", kept_probability),
    )
    growth = read + written
    total = count * first + growth * count * (count - 1) / 2
    cached = kept * (total - first - (count - 1) * read)
    return AgentLoop(
        input_tokens=total[()],
        cached_tokens=cached[()],
        fresh_tokens=(total - cached)[()],
        output_tokens=(count * written)[()],
        hit_share=(cached / total)[()],
        last_context_tokens=(first + (count - 1) * growth + written)[()],
    )
