"""What chips pay to work on one model: collectives over fast links and, beyond them, slow ones.

Every time has the alpha-beta form: messages x latency + bytes / bandwidth, for one collective
that nothing hides; overlap with compute is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.special import gammaln

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_at_least, require_counts, require_share

#: All-reduces of one layer and forward pass: after attention and after the feed-forward
#: (Shoeybi et al. 2019, https://arxiv.org/abs/1909.08053, figure 4).
ALL_REDUCES_PER_LAYER = 2

ALGORITHMS = ("ring", "one_shot", "tree", "best")


@dataclass(frozen=True)
class Network:
    """Links of a chip: fast ones inside a scale-up domain, slower ones between domains.

    Attributes
    ----------
    link_bytes_per_s, latency_s : float or numpy.ndarray
        Inside the domain, per chip and direction, and the time of an empty message there.
    scale_up_domain : float or numpy.ndarray
        Chips reached over the fast links, at least 1.
    scale_out_bytes_per_s, scale_out_latency_s : float or numpy.ndarray
        The same between domains.
    efficiency : float or numpy.ndarray
        Share of both link rates that collectives reach.
    """

    link_bytes_per_s: Any
    latency_s: Any
    scale_up_domain: Any
    scale_out_bytes_per_s: Any
    scale_out_latency_s: Any
    efficiency: Any = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("bytes_per_s"):
                value = require_positive(field.name, value, "bytes per second")
            elif field.name == "efficiency":
                value = require_share(field.name, value, positive=True)
            elif field.name == "scale_up_domain":
                value = require_counts(field.name, value)
            else:
                value = require_at_least(field.name, value, 0, "seconds")
            object.__setattr__(self, field.name, value)

    @classmethod
    def of(
        cls,
        chip: Chip,
        *,
        latency_s: Any,
        scale_out_bytes_per_s: Any,
        scale_out_latency_s: Any,
        efficiency: Any = 1.0,
    ) -> Network:
        """Links of a chip; one whose fast link is not known reaches others by scale-out only."""
        known = np.isfinite(chip.link_bytes_per_s) & np.isfinite(chip.scale_up_domain)
        return cls(
            link_bytes_per_s=np.where(known, chip.link_bytes_per_s, scale_out_bytes_per_s),
            latency_s=latency_s,
            scale_up_domain=np.where(known, chip.scale_up_domain, 1.0),
            scale_out_bytes_per_s=scale_out_bytes_per_s,
            scale_out_latency_s=scale_out_latency_s,
            efficiency=efficiency,
        )


def spread(ranks: Any, network: Network, stride: Any = 1) -> tuple[Any, Any]:
    """Ranks of a group inside one domain, and domains the group is spread over.

    Parameters
    ----------
    ranks : array_like
        Chips of the group, whole, at least 1.
    stride : array_like
        Chips from one member to the next: a data-parallel group of a model on 8 chips has 8.

    Returns
    -------
    tuple of numpy.ndarray
        Their product is `ranks`; a group that does not divide is spread evenly.
    """
    count = require_counts("ranks", ranks)
    room = np.maximum(np.floor(network.scale_up_domain / require_counts("stride", stride)), 1.0)
    domains = np.ceil(count / room)
    return count / domains, domains


def _ring(payload: Any, ranks: Any, latency: Any, rate: Any) -> Any:
    return (ranks - 1) * latency + (ranks - 1) / ranks * payload / rate


def _all_reduce_level(payload: Any, ranks: Any, latency: Any, rate: Any, algorithm: str) -> Any:
    ring = 2 * _ring(payload, ranks, latency, rate)
    if algorithm == "ring":
        return ring
    several = ranks > 1
    one_shot = np.where(several, latency + (ranks - 1) * payload / rate, 0.0)
    if algorithm == "one_shot":
        return one_shot
    hops = np.ceil(np.log2(np.maximum(ranks, 1.0)))
    tree = np.where(several, 2 * hops * latency + 2 * payload / rate, 0.0)
    return tree if algorithm == "tree" else np.minimum(np.minimum(ring, one_shot), tree)


def _rates(network: Network) -> tuple[Any, Any]:
    return (
        network.link_bytes_per_s * network.efficiency,
        network.scale_out_bytes_per_s * network.efficiency,
    )


def all_gather_s(payload_bytes: Any, ranks: Any, network: Network, *, stride: Any = 1) -> Any:
    """Seconds until every rank has all `payload_bytes`, of which each held its share.

    Rings (Thakur, Rabenseifner and Gropp 2005): between domains first, each chip gathering its own
    share, then inside.
    """
    payload = require_at_least("payload_bytes", payload_bytes, 0, "bytes")
    inside, domains = spread(ranks, network, stride)
    fast, slow = _rates(network)
    outer = _ring(payload / inside, domains, network.scale_out_latency_s, slow)
    return outer + _ring(payload, inside, network.latency_s, fast)


def reduce_scatter_s(payload_bytes: Any, ranks: Any, network: Network, *, stride: Any = 1) -> Any:
    """Seconds until each rank holds its share of a sum of `payload_bytes`: a gather reversed."""
    return all_gather_s(payload_bytes, ranks, network, stride=stride)


def all_reduce_s(
    payload_bytes: Any,
    ranks: Any,
    network: Network,
    *,
    algorithm: str = "best",
    stride: Any = 1,
) -> Any:
    """Seconds of a sum over ranks, known to every rank afterwards.

    Parameters
    ----------
    payload_bytes : array_like
        Bytes that each rank adds.
    algorithm : {"ring", "one_shot", "tree", "best"}
        Ring: 2(n-1) messages, 2(n-1)/n of the bytes. One shot: 1 message, (n-1) times the bytes.
        Pipelined double tree (Sanders, Speck and Traeff 2009): 2 log2(n) messages, twice the bytes.
        "best" takes the quickest, as communication libraries do.

    Returns
    -------
    numpy.ndarray
        Nought for one rank. Over several domains: reduce-scatter inside, all-reduce of each share
        between domains, all-gather inside.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm: {algorithm!r} is not known; accepted: {ALGORITHMS}")
    payload = require_at_least("payload_bytes", payload_bytes, 0, "bytes")
    inside, domains = spread(ranks, network, stride)
    fast, slow = _rates(network)
    alone = _all_reduce_level(payload, inside, network.latency_s, fast, algorithm)
    if np.all(domains == 1):
        return alone[()]
    inner = 2 * _ring(payload, inside, network.latency_s, fast)
    outer = _all_reduce_level(
        payload / inside, domains, network.scale_out_latency_s, slow, algorithm
    )
    return np.where(domains > 1, inner + outer, alone)[()]


def all_to_all_s(payload_bytes: Any, ranks: Any, network: Network, *, stride: Any = 1) -> Any:
    """Seconds in which each rank sends an equal part of `payload_bytes` to every rank, itself too.

    All messages are under way at once; links inside and between domains work side by side.
    """
    payload = require_at_least("payload_bytes", payload_bytes, 0, "bytes")
    inside, domains = spread(ranks, network, stride)
    part = payload / (inside * domains)
    return exchange_s(part * (inside - 1), part * inside * (domains - 1), network)


def exchange_s(inside_bytes: Any, outside_bytes: Any, network: Network) -> Any:
    """Seconds in which a chip sends bytes inside its domain and others beyond it, at once."""
    near = require_at_least("inside_bytes", inside_bytes, 0, "bytes")
    far = require_at_least("outside_bytes", outside_bytes, 0, "bytes")
    fast, slow = _rates(network)
    fast_s = np.where(near > 0, network.latency_s + near / fast, 0.0)
    slow_s = np.where(far > 0, network.scale_out_latency_s + far / slow, 0.0)
    return np.maximum(fast_s, slow_s)[()]


def point_to_point_s(payload_bytes: Any, network: Network, *, stride: Any = 1) -> Any:
    """Seconds to send bytes to the chip `stride` away, which is beyond the domain if that far."""
    payload = require_at_least("payload_bytes", payload_bytes, 0, "bytes")
    far = require_counts("stride", stride) >= network.scale_up_domain
    fast, slow = _rates(network)
    latency = np.where(far, network.scale_out_latency_s, network.latency_s)
    return (latency + payload / np.where(far, slow, fast))[()]


def hidden_bytes(model: Architecture, tokens: Any, bytes_per_number: Any = 2.0) -> Any:
    """Bytes of the residual stream of so many tokens.

    The payload of each all-reduce of tensor parallelism and of each boundary of a pipeline.
    """
    count = require_at_least("tokens", tokens, 0, "tokens")
    return count * model.hidden * require_positive("bytes_per_number", bytes_per_number, "bytes")


def tensor_parallel_s(
    model: Architecture,
    tokens: Any,
    ranks: Any,
    network: Network,
    *,
    bytes_per_number: Any = 2.0,
    algorithm: str = "best",
) -> Any:
    """Seconds of all-reduces of one forward pass of so many tokens through all layers."""
    once = all_reduce_s(
        hidden_bytes(model, tokens, bytes_per_number), ranks, network, algorithm=algorithm
    )
    return ALL_REDUCES_PER_LAYER * model.layers * once


def expected_distinct_ranks(
    experts: Any, experts_active: Any, ranks: Any, *, most_ranks: Any = np.inf
) -> Any:
    """Mean number of ranks that hold at least one of the experts a token takes.

    Experts are spread evenly and a token takes different ones at random:
    n (1 - C(E - E/n, k) / C(E, k)). Binomials of numbers that are not whole go through the gamma
    function.

    Parameters
    ----------
    experts, experts_active, ranks : array_like
        E, k and n; nought experts give nought.
    most_ranks : array_like
        Limit a router keeps, as node-limited routing does (DeepSeek-AI 2024, section 2.1.2).
    """
    total = require_at_least("experts", experts, 0, "experts")
    taken = require_at_least("experts_active", experts_active, 0, "experts")
    count = require_counts("ranks", ranks)
    if np.any(taken > total):
        raise ValueError(
            f"experts_active: {np.max(taken)!r} is more than the experts; accepted: at most E"
        )
    others = total - total / count
    some = others >= taken
    safe = np.where(some, others, taken)
    none_here = gammaln(safe + 1) - gammaln(safe - taken + 1)
    none_here = none_here - gammaln(total + 1) + gammaln(total - taken + 1)
    distinct = count * np.where(some, -np.expm1(none_here), 1.0)
    return np.minimum(np.where(taken > 0, distinct, 0.0), most_ranks)[()]


def expert_parallel_s(
    model: Architecture,
    tokens_per_rank: Any,
    ranks: Any,
    network: Network,
    *,
    dispatch_bytes_per_number: Any = 1.0,
    combine_bytes_per_number: Any = 2.0,
    most_domains: Any = np.inf,
    stride: Any = 1,
) -> Any:
    """Seconds of dispatch and combine of one forward pass through all layers with experts.

    A token crosses to another domain once, however many of its experts live there, and is handed
    on over the fast links to each chip that holds one (DeepSeek-AI 2024, section 3.2.2).

    Parameters
    ----------
    tokens_per_rank : array_like
        Tokens whose experts a chip asks for.
    dispatch_bytes_per_number, combine_bytes_per_number : array_like
        Bytes of a number on the way there and back.
    most_domains : array_like
        Domains a router lets a token reach.
    """
    tokens = require_at_least("tokens_per_rank", tokens_per_rank, 0, "tokens")
    inside, domains = spread(ranks, network, stride)
    chips = expected_distinct_ranks(model.experts, model.experts_active, ranks)
    reached = expected_distinct_ranks(
        model.experts, model.experts_active, domains, most_ranks=most_domains
    )
    near = tokens * chips * (inside - 1) / inside
    far = tokens * reached * (domains - 1) / domains
    seconds: Any = 0.0
    for width in (dispatch_bytes_per_number, combine_bytes_per_number):
        number = model.hidden * require_positive("bytes_per_number", width, "bytes")
        seconds = seconds + exchange_s(near * number, far * number, network)
    return model.moe_layers * seconds


def data_parallel_s(
    gradient_bytes: Any,
    weight_bytes: Any,
    ranks: Any,
    network: Network,
    *,
    gathers: Any = 1,
    stride: Any = 1,
) -> Any:
    """Seconds to sum the gradients of one chip's parameters and hand the new weights round.

    Parameters
    ----------
    gradient_bytes, weight_bytes : array_like
        Of the parameters one chip works with.
    gathers : array_like
        Times a step gathers the weights: 1 with a sharded optimiser, 2 when weights are sharded too
        (ZeRO stage 3, Rajbhandari et al. 2020).
    """
    times = require_counts("gathers", gathers, lowest=0)
    return reduce_scatter_s(gradient_bytes, ranks, network, stride=stride) + times * all_gather_s(
        weight_bytes, ranks, network, stride=stride
    )
