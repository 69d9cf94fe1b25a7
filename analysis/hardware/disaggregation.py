"""One pool for prefill and decode, or a pool for each.

With no latency target both serve the same requests per chip: a chip-second of prefill is a
chip-second wherever it is spent. Separate pools pay only where a target binds, because in one pool
other users' prefill stretches every token, or where the pools use different chips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import broadcast, require_at_least, require_counts


@dataclass(frozen=True)
class Pools:
    """Two pools in balance.

    Attributes
    ----------
    prefill_chip_s, decode_chip_s : numpy.ndarray
        Chip-seconds of one request in each pool.
    prefill_share, decode_share : numpy.ndarray
        Of all chips.
    requests_per_chip_s : numpy.ndarray
        Requests per second and chip of both pools together.
    usd_per_request : numpy.ndarray
        At the prices given; None where none were.
    """

    prefill_chip_s: Any
    decode_chip_s: Any
    prefill_share: Any
    decode_share: Any
    requests_per_chip_s: Any
    usd_per_request: Any


@dataclass(frozen=True)
class Goodput:
    """The most requests per chip that meet both targets, over the batches offered.

    Attributes
    ----------
    batch : numpy.ndarray
        Sequences decoded together; 0 where no batch meets the targets.
    requests_per_chip_s : numpy.ndarray
        0 where none does.
    tpot_s, ttft_s : numpy.ndarray
        Seconds per output token and to the first; infinite where none does.
    prefill_share : numpy.ndarray
        Share of chips (two pools), or of time (one pool), that prefill takes.
    """

    batch: Any
    requests_per_chip_s: Any
    tpot_s: Any
    ttft_s: Any
    prefill_share: Any


def balance_pools(
    input_tokens: Any,
    output_tokens: Any,
    prefill_tokens_per_chip_s: Any,
    decode_tokens_per_chip_s: Any,
    *,
    prefill_usd_per_chip_hour: Any = None,
    decode_usd_per_chip_hour: Any = None,
) -> Pools:
    """Pools of the sizes at which neither waits for the other.

    Parameters
    ----------
    input_tokens, output_tokens : array_like
        Of a mean request, above 0.
    prefill_tokens_per_chip_s, decode_tokens_per_chip_s : array_like
        What one chip of each pool does when it does nothing else.
    prefill_usd_per_chip_hour, decode_usd_per_chip_hour : array_like
        Prices of both, or neither.
    """
    prefill = require_positive("input_tokens", input_tokens, "tokens") / require_positive(
        "prefill_tokens_per_chip_s", prefill_tokens_per_chip_s, "tokens per second"
    )
    decode = require_positive("output_tokens", output_tokens, "tokens") / require_positive(
        "decode_tokens_per_chip_s", decode_tokens_per_chip_s, "tokens per second"
    )
    both = prefill + decode
    spent: Any = None
    if prefill_usd_per_chip_hour is not None or decode_usd_per_chip_hour is not None:
        before, after = (
            require_positive(name, price, "USD per chip-hour")
            for name, price in (
                ("prefill_usd_per_chip_hour", prefill_usd_per_chip_hour),
                ("decode_usd_per_chip_hour", decode_usd_per_chip_hour),
            )
        )
        spent = (prefill * before + decode * after) / 3600.0
    return Pools(prefill, decode, prefill / both, decode / both, 1 / both, spent)


def whole_instances(prefill_share: Any, instances: Any) -> tuple[Any, Any]:
    """Instances for prefill, of so many, and throughput over that of the exact ratio.

    Parameters
    ----------
    prefill_share : array_like
        Above 0 and below 1.
    instances : array_like
        Whole, at least 2: each pool gets one or more.
    """
    share, count = broadcast(
        prefill_share=require_positive("prefill_share", prefill_share, "share"),
        instances=require_counts("instances", instances, lowest=2),
    )
    if np.any(share >= 1):
        raise ValueError(f"prefill_share: {share.max()!r} is not accepted; accepted: below 1")
    down = np.clip(np.floor(share * count), 1, count - 1)
    up = np.clip(down + 1, 1, count - 1)

    def throughput(prefill: Any) -> Any:
        return np.minimum(prefill / share, (count - prefill) / (1 - share)) / count

    better = throughput(up) > throughput(down)
    best = np.where(better, up, down)
    return best[()], throughput(best)[()]


def mixed_tpot_s(step_s: Any, batch: Any, prefill_s: Any, output_tokens: Any) -> Any:
    """Seconds per output token where the same chips prefill too.

    In steady state batch / output requests end in each step and as many are prefilled in it, so a
    step lasts step + batch x prefill / output. It is a mean: chunks spread it, whole prompts make
    few tokens late by much.

    Parameters
    ----------
    step_s : array_like
        A step of decode alone at this batch.
    prefill_s : array_like
        Seconds an instance takes to prefill one request.
    """
    step = require_positive("step_s", step_s, "seconds")
    size = require_positive("batch", batch, "sequences")
    prefill = require_at_least("prefill_s", prefill_s, 0, "seconds")
    return step + size * prefill / require_positive("output_tokens", output_tokens, "tokens")


def cache_transfer_s(cache_bytes: Any, bytes_per_s: Any, latency_s: Any = 0.0) -> Any:
    """Seconds to move the cache of a prefilled request to the chips that decode it."""
    moved = require_at_least("cache_bytes", cache_bytes, 0, "bytes")
    rate = require_positive("bytes_per_s", bytes_per_s, "bytes per second")
    return require_at_least("latency_s", latency_s, 0, "seconds") + moved / rate


def queueing_ttft_s(prefill_s: Any, utilisation: Any, extra_s: Any = 0.0) -> Any:
    """Mean seconds to the first token: wait, prefill and what is added after.

    Poisson arrivals, one request at a time, equal lengths: M/D/1, wait = p u / (2 (1 - u)).
    """
    prefill = require_at_least("prefill_s", prefill_s, 0, "seconds")
    extra = require_at_least("extra_s", extra_s, 0, "seconds")
    used = require_at_least("utilisation", utilisation, 0, "share of time", highest=1)
    room = np.where(used < 1, 1 - used, 1.0)
    wait = np.where(used < 1, prefill * used / (2 * room), np.inf)
    return (wait + prefill + extra)[()]


def most_prefill_utilisation(ttft_target_s: Any, prefill_s: Any, extra_s: Any = 0.0) -> Any:
    """Highest utilisation of a prefill pool at which `queueing_ttft_s` meets a target; 0 if none.

    An infinite target gives 1.
    """
    prefill = require_positive("prefill_s", prefill_s, "seconds")
    extra = require_at_least("extra_s", extra_s, 0, "seconds")
    target = np.asarray(ttft_target_s, dtype=float)
    if np.any(np.isnan(target)) or np.any(target <= 0):
        raise ValueError(f"ttft_target_s: {ttft_target_s!r} is not accepted; accepted: above 0")
    spare = np.maximum(np.where(np.isfinite(target), target - prefill - extra, 0.0), 0.0)
    return np.where(np.isfinite(target), 2 * spare / (prefill + 2 * spare), 1.0)[()]


def _best(
    requests: np.ndarray, batch: np.ndarray, tpot: np.ndarray, ttft: np.ndarray, share: np.ndarray
) -> Goodput:
    requests, batch, tpot, ttft, share = np.broadcast_arrays(requests, batch, tpot, ttft, share)
    best = np.argmax(requests, axis=-1)[..., None]

    def pick(values: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, best, axis=-1)[..., 0]

    some = pick(requests) > 0
    return Goodput(
        batch=np.where(some, pick(batch), 0.0)[()],
        requests_per_chip_s=pick(requests)[()],
        tpot_s=np.where(some, pick(tpot), np.inf)[()],
        ttft_s=np.where(some, pick(ttft), np.inf)[()],
        prefill_share=np.where(some, pick(share), 0.0)[()],
    )


def _last_axis(**named: Any) -> list[Any]:
    return [np.asarray(value, dtype=float)[..., None] for value in named.values()]


def mixed_goodput(
    batch: Any,
    step_s: Any,
    prefill_s: Any,
    output_tokens: Any,
    *,
    tpot_target_s: Any = np.inf,
    ttft_target_s: Any = np.inf,
    chips: Any = 1.0,
) -> Goodput:
    """Best batch of one pool that does both.

    Prefill goes first: it waits for other prefills and, on average, half a step.

    Parameters
    ----------
    batch, step_s : array_like, shape (..., batches)
        Batches offered and the step of decode alone at each.
    prefill_s, output_tokens, tpot_target_s, ttft_target_s : array_like, shape (...)
    chips : array_like, shape (...)
        Chips of one instance.
    """
    prefill, output, tpot_most, ttft_most, count = _last_axis(
        prefill=require_positive("prefill_s", prefill_s, "seconds"),
        output=output_tokens,
        tpot=tpot_target_s,
        ttft=ttft_target_s,
        chips=require_positive("chips", chips, "chips"),
    )
    size = np.asarray(batch, dtype=float)
    tpot = mixed_tpot_s(step_s, size, prefill, output)
    per_s = size / (output * tpot)
    busy = np.minimum(per_s * prefill, 1.0)
    ttft = queueing_ttft_s(prefill, busy, np.asarray(step_s) / 2)
    met = (tpot <= tpot_most) & ((ttft <= ttft_most) | np.isposinf(ttft_most))
    return _best(np.where(met, per_s / count, 0.0), size, tpot, ttft, busy)


def split_goodput(
    batch: Any,
    step_s: Any,
    prefill_s: Any,
    output_tokens: Any,
    *,
    transfer_s: Any = 0.0,
    tpot_target_s: Any = np.inf,
    ttft_target_s: Any = np.inf,
    prefill_chips: Any = 1.0,
    decode_chips: Any = 1.0,
) -> Goodput:
    """Best batch and ratio of two pools; the prefill pool is as busy as its target lets it be.

    Parameters
    ----------
    batch, step_s : array_like, shape (..., batches)
        Of the decode pool.
    prefill_s : array_like
        Seconds an instance of the prefill pool takes for one request.
    transfer_s : array_like
        To move the cache, added to the first token; the network carries it beside the work.
    prefill_chips, decode_chips : array_like
        Chips of one instance of each pool.
    """
    prefill, output, tpot_most, moved, busy, before, after = _last_axis(
        prefill=prefill_s,
        output=require_positive("output_tokens", output_tokens, "tokens"),
        tpot=tpot_target_s,
        moved=transfer_s,
        busy=most_prefill_utilisation(ttft_target_s, prefill_s, transfer_s),
        before=require_positive("prefill_chips", prefill_chips, "chips"),
        after=require_positive("decode_chips", decode_chips, "chips"),
    )
    size = require_positive("batch", batch, "sequences")
    step = require_positive("step_s", step_s, "seconds")
    able = busy > 0
    prefill_chip_s = prefill * before / np.where(able, busy, 1.0)
    decode_chip_s = output * step * after / size
    both = prefill_chip_s + decode_chip_s
    met = able & (step <= tpot_most)
    ttft = queueing_ttft_s(prefill, busy, moved)
    return _best(np.where(met, 1 / both, 0.0), size, step, ttft, prefill_chip_s / both)
