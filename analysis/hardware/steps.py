"""How long a step takes: a roofline with measured ceilings, overhead per layer, and links.

    decode step = (memory^1.5 + compute^1.5)^(2/3) + overhead + links
    prefill     = FLOP / (peak x efficiency) + links + a fixed part
    time per output token = decode step + other requests' prefill x (requests - 1) / output tokens

The last term is why a measured time per token is no roofline: in one pool every decoded token
waits while the prompts of others are read.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.work import Layout, Widths, Work, decode_work, prefill_work

#: Peak rate at which the efficiencies of compute are stated.
REFERENCE_FLOP_PER_S = 1e15
#: Share of the peak rate that attention over a long cache reaches in decoding, of its 16-bit rate.
ATTENTION_SHARE = 0.5


@dataclass(frozen=True)
class Efficiency:
    """What real machines reach of their rates, and what a step costs besides.

    Attributes
    ----------
    memory, expert, cache : float or numpy.ndarray
        Share of memory bandwidth reached when weights, experts and cache are read.
    compute, prefill : float or numpy.ndarray
        Share of peak FLOP/s in decode and in prefill, of a chip of 1e15 FLOP/s; the share at
        other rates goes with the rate to the power `compute_slope` and `prefill_slope`.
    compute_slope, prefill_slope : float or numpy.ndarray
    link : float or numpy.ndarray
        Share of link bandwidth.
    step_s, layer_s, tensor_layer_s, expert_layer_s, latent_layer_s : float or numpy.ndarray
        Overhead of a step, of each layer, of each layer per doubling of tensor parallelism, of
        each layer of a mixture of experts with plain attention, and of each layer with latents.
    request_s : float or numpy.ndarray
        Overhead of a step per request in it.
    prefill_s : float or numpy.ndarray
        Fixed time of a prefill.
    level : float or numpy.ndarray
        Factor on the whole time per token: what a chip family or a decoding scheme adds.
    """

    memory: Any
    expert: Any
    cache: Any
    compute: Any
    prefill: Any
    link: Any
    step_s: Any
    layer_s: Any
    tensor_layer_s: Any
    expert_layer_s: Any
    latent_layer_s: Any
    request_s: Any
    prefill_s: Any
    compute_slope: Any = 0.0
    prefill_slope: Any = 0.0
    level: Any = 1.0

    def at(self, index: Any) -> Efficiency:
        """The same with every array taken at an index; numbers stay."""
        return Efficiency(
            **{
                f.name: value[index]
                if np.ndim(value := getattr(self, f.name))
                else getattr(self, f.name)
                for f in fields(self)
            }
        )

    @classmethod
    def perfect(cls) -> Efficiency:
        """The bare roofline: full rates, no overhead."""
        shares = dict.fromkeys(("memory", "expert", "cache", "compute", "prefill", "link"), 1.0)
        times = ("step_s", "layer_s", "tensor_layer_s", "expert_layer_s", "latent_layer_s")
        return cls(**shares, **dict.fromkeys((*times, "request_s", "prefill_s"), 0.0))


@dataclass(frozen=True)
class Rates:
    """What a chip offers at the precision used.

    Attributes
    ----------
    flop_per_s, attention_flop_per_s : float or numpy.ndarray
        Peak of matrix products at the precision, and at 16 bits, where attention is computed.
    memory_bytes_per_s, link_bytes_per_s : float or numpy.ndarray
        Memory, and the slowest link that the layout has to use.
    """

    flop_per_s: Any
    attention_flop_per_s: Any
    memory_bytes_per_s: Any
    link_bytes_per_s: Any


@dataclass(frozen=True)
class StepTime:
    """A step in seconds, by what takes it.

    Attributes
    ----------
    memory_s, compute_s : float or numpy.ndarray
        Each alone; they overlap, so `roofline_s` is more than the larger and less than the sum.
    roofline_s, overhead_s, link_s : float or numpy.ndarray
        Parts that add up to `total_s`.
    """

    memory_s: Any
    compute_s: Any
    roofline_s: Any
    overhead_s: Any
    link_s: Any

    @property
    def total_s(self) -> Any:
        """The step."""
        return self.roofline_s + self.overhead_s + self.link_s


def overlapped(first_s: Any, second_s: Any) -> Any:
    """Time of two kinds of work that overlap, though not fully: the norm of order 3/2.

    At least the longer, at most the sum; within 0.1% of the longer where the other is a
    hundredth of it.
    """
    total = first_s * np.sqrt(first_s) + second_s * np.sqrt(second_s)
    return np.cbrt(total * total)


def decode_step(
    model: Architecture, work: Work, layout: Layout, rates: Rates, eff: Efficiency, requests: Any
) -> StepTime:
    """Seconds of one decode step of the whole model.

    Parameters
    ----------
    work : Work
        Of `decode_work` for the same requests.
    requests : float or array_like
        Requests decoded together by one attention group.
    """
    memory = (
        work.weight_bytes / eff.memory
        + work.expert_bytes / eff.expert
        + work.cache_bytes / eff.cache
    ) / rates.memory_bytes_per_s
    share = np.minimum(
        eff.compute * (rates.flop_per_s / REFERENCE_FLOP_PER_S) ** eff.compute_slope, 1.0
    )
    compute = work.matmul_flop / (rates.flop_per_s * share) + work.attention_flop / (
        rates.attention_flop_per_s * np.where(np.equal(eff.compute, 1.0), 1.0, ATTENTION_SHARE)
    )
    mixture = np.where(model.latent, eff.latent_layer_s, eff.expert_layer_s * (model.experts > 0))
    per_layer = eff.layer_s + eff.tensor_layer_s * np.log2(layout.tensor) + mixture
    return StepTime(
        memory_s=memory,
        compute_s=compute,
        roofline_s=overlapped(memory, compute),
        overhead_s=eff.step_s + model.layers * per_layer + eff.request_s * np.asarray(requests),
        link_s=work.traffic_bytes / (rates.link_bytes_per_s * eff.link),
    )


def prefill_step(work: Work, rates: Rates, eff: Efficiency) -> StepTime:
    """Seconds to read one prompt, of `prefill_work`.

    Prompts of a busy server are read together, so the weights' own read is shared out and left
    out; alone, a prompt takes at least that read (`alone_s` of `request_times`).
    """
    share = np.minimum(
        eff.prefill * (rates.flop_per_s / REFERENCE_FLOP_PER_S) ** eff.prefill_slope, 1.0
    )
    compute = work.flop / (rates.flop_per_s * share)
    return StepTime(
        memory_s=work.bytes_read / (rates.memory_bytes_per_s * eff.memory),
        compute_s=compute,
        roofline_s=compute,
        overhead_s=eff.prefill_s + 0.0 * compute,
        link_s=work.traffic_bytes / (rates.link_bytes_per_s * eff.link),
    )


@dataclass(frozen=True)
class RequestTimes:
    """What a request sees at a batch held full.

    Attributes
    ----------
    step : StepTime
        One decode step.
    prefill : StepTime
        Reading one prompt, shared server.
    tpot_s : float or numpy.ndarray
        Seconds per output token, other requests' prefill included.
    ttft_s : float or numpy.ndarray
        Seconds of work for the first token, without a queue.
    step_work, prefill_work : Work
        What the two steps read and compute.
    """

    step: StepTime
    prefill: StepTime
    tpot_s: Any
    ttft_s: Any
    step_work: Work
    prefill_work: Work


def request_times(
    model: Architecture,
    widths: Widths,
    layout: Layout,
    rates: Rates,
    eff: Efficiency,
    *,
    requests: Any,
    input_tokens: Any,
    output_tokens: Any,
    cached_tokens: Any = 0.0,
    own_prefill: Any = 0.0,
    separate_prefill: bool = False,
) -> RequestTimes:
    """Time per output token and to the first, at a batch that is always full.

    Parameters
    ----------
    requests : float or array_like
        Requests in flight per attention group, as memory allows.
    input_tokens, output_tokens, cached_tokens : float or array_like
        Of each request.
    own_prefill : float or array_like
        1 where a measured rate counts the request's own prefill too (static batches), else 0.
    separate_prefill : bool
        Prefill is done by other chips, so that no token waits for it.

    Returns
    -------
    RequestTimes

    Notes
    -----
    With `pipeline` stages the batch is split among them: a token passes all stages, each working
    on its share of the requests, so the step is that of the whole model at `requests / pipeline`.
    """
    requests = np.asarray(requests, float)
    flight = requests / layout.pipeline
    context = np.asarray(input_tokens, float) + np.asarray(output_tokens, float) / 2
    decoding = decode_work(model, widths, layout, flight, context)
    prompt = prefill_work(model, widths, layout, input_tokens, cached_tokens)
    step = decode_step(model, decoding, layout, rates, eff, flight)
    prefill = prefill_step(prompt, rates, eff)
    others = 0.0 if separate_prefill else np.maximum(flight - (1.0 - own_prefill), 0.0)
    tpot = (step.total_s + others * prefill.total_s / output_tokens) * eff.level
    alone = overlapped(prefill.compute_s, prefill.memory_s) + step.overhead_s + prefill.link_s
    return RequestTimes(step, prefill, tpot, alone, decoding, prompt)
