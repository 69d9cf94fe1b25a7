"""What a decoded token costs beside its FLOP, and how that moves the cheapest model.

Prefill and training do much arithmetic per byte of weights read; decoding reads every weight for
each step of a batch, so at a low batch a chip waits for its memory. This is the least model that
shows it: one chip, one roofline, no latency, no network between chips.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.checks import broadcast, require_at_least, require_share
from analysis.test_time_compute.inference_aware import (
    MOST_TOKENS,
    optimum_ratios,
    training_optimal,
)
from analysis.units import FLOP_PER_PARAMETER_TOKEN, FORWARD_FLOP_PER_PARAMETER_TOKEN


@dataclass(frozen=True)
class Utilisation:
    """Share of peak FLOP/s used in each phase, and the price of a FLOP of that peak.

    Attributes
    ----------
    training, prefill, decode : float or numpy.ndarray
        Model FLOP utilisation, above 0 and at most 1.
    train_usd_per_flop, inference_usd_per_flop : float or numpy.ndarray
        Price of a chip-hour over the FLOP of that hour at peak. Both 1 gives cost in FLOP paid for.
    """

    training: Any
    prefill: Any
    decode: Any
    train_usd_per_flop: Any
    inference_usd_per_flop: Any

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("usd_per_flop"):
                require_positive(field.name, value, "USD/FLOP")
            else:
                require_share(field.name, value, positive=True)


@dataclass(frozen=True)
class CostOptimum:
    """The model of least lifetime cost at a loss; fields have the shape of the inputs together.

    Attributes
    ----------
    target_loss, parameters, tokens : numpy.ndarray
    train_usd, prefill_usd, decode_usd, total_usd : numpy.ndarray
    reference_parameters, reference_tokens, reference_total_usd : numpy.ndarray
        The training-optimal model of the same loss that serves the same tokens.
    parameter_ratio, token_ratio, cost_ratio : numpy.ndarray
        N, D and lifetime cost over those of the reference.
    """

    target_loss: Any
    parameters: Any
    tokens: Any
    train_usd: Any
    prefill_usd: Any
    decode_usd: Any
    total_usd: Any
    reference_parameters: Any
    reference_tokens: Any
    reference_total_usd: Any
    parameter_ratio: Any
    token_ratio: Any
    cost_ratio: Any


def cost_optimum(
    law: LossLaw, target_loss: Any, input_tokens: Any, output_tokens: Any, *, serving: Utilisation
) -> CostOptimum:
    """Model of least training plus serving cost that reaches a loss (section 3 of the paper).

    Decoding uses a chip less than training does, so a decoded FLOP costs more than a trained one
    and the optimum lies at a smaller model than the least FLOP.

    Parameters
    ----------
    law, target_loss
        As in `inference_aware.inference_aware_optimum`.
    input_tokens, output_tokens : array_like
        Prefilled and decoded in the life of the model, from 0 to 1e60.
    serving : Utilisation

    Raises
    ------
    ValueError
        Where a loss is out of reach of the law, or a number or a shape is not accepted; names it.

    References
    ----------
    Sardana et al. 2024, Beyond Chinchilla-Optimal, https://arxiv.org/abs/2401.00448.
    """
    loss, prefilled, decoded = broadcast(
        target_loss=require_positive("target_loss", target_loss, "the law's unit of loss"),
        input_tokens=require_at_least(
            "input_tokens", input_tokens, 0, "tokens", highest=MOST_TOKENS
        ),
        output_tokens=require_at_least(
            "output_tokens", output_tokens, 0, "tokens", highest=MOST_TOKENS
        ),
    )
    per_token = FORWARD_FLOP_PER_PARAMETER_TOKEN * np.asarray(serving.inference_usd_per_flop)
    train_price = FLOP_PER_PARAMETER_TOKEN * np.asarray(serving.train_usd_per_flop)
    train_price = train_price / serving.training
    prefill_price, decode_price = per_token / serving.prefill, per_token / serving.decode
    n_0, d_0 = training_optimal(law, loss)
    demand = prefill_price * prefilled + decode_price * decoded
    ratios = optimum_ratios(demand / (train_price * d_0), alpha=law.alpha, beta=law.beta)
    n, d = n_0 * ratios.parameter_ratio, d_0 * ratios.token_ratio
    return CostOptimum(
        target_loss=np.broadcast_to(loss, n.shape),
        parameters=n,
        tokens=d,
        train_usd=train_price * n * d,
        prefill_usd=prefill_price * n * prefilled,
        decode_usd=decode_price * n * decoded,
        total_usd=n * (train_price * d + demand),
        reference_parameters=np.broadcast_to(n_0, n.shape),
        reference_tokens=np.broadcast_to(d_0, n.shape),
        reference_total_usd=n_0 * (train_price * d_0 + demand),
        parameter_ratio=ratios.parameter_ratio,
        token_ratio=ratios.token_ratio,
        cost_ratio=ratios.cost_ratio,
    )


def decode_utilisation(
    batch: Any,
    *,
    flop_per_byte: Any,
    bytes_per_parameter: Any,
    kv_bytes_per_parameter_token: Any = 0.0,
    context_tokens: Any = 0.0,
    ceiling: Any = 1.0,
    xp: Any = np,
) -> Any:
    """Share of a chip's peak FLOP/s that decoding reaches: a roofline of one step.

    Compute of one token takes 2 N FLOP; memory traffic takes the weights once per step, shared by
    the batch, and the token's own key-value cache. The slower of the two sets the pace.

    Parameters
    ----------
    batch : array_like or expression
        Sequences decoded together, above 0.
    flop_per_byte : array_like
        Peak FLOP/s over memory bandwidth in byte/s, of the chip at the precision served.
    bytes_per_parameter : array_like
        Of the weights as stored.
    kv_bytes_per_parameter_token : array_like
        Key-value cache of one token of context over the parameters of the model, in bytes, at
        least 0. It falls with size, as the cache grows with width and the weights with its square.
    context_tokens : array_like
        Mean context while decoding, at least 0; see `mean_context_tokens`.
    ceiling : array_like
        Share of peak reached when compute-bound, above 0 and at most 1.
    xp : module
        numpy, or ``altair.expr``; numbers are checked with numpy only.

    Returns
    -------
    numpy.ndarray or expression
        Above 0 and at most `ceiling`. Left out: attention FLOP, overlap lost, communication, and
        the memory that a batch of long contexts needs.
    """
    if xp is np:
        batch = require_positive("batch", batch, "sequences")
        flop_per_byte = require_positive("flop_per_byte", flop_per_byte, "FLOP/byte")
        bytes_per_parameter = require_positive("bytes_per_parameter", bytes_per_parameter, "bytes")
        kv_bytes_per_parameter_token = require_at_least(
            "kv_bytes_per_parameter_token", kv_bytes_per_parameter_token, 0, "bytes"
        )
        context_tokens = require_at_least("context_tokens", context_tokens, 0, "tokens")
        ceiling = require_share("ceiling", ceiling, positive=True)
    traffic = bytes_per_parameter / batch + kv_bytes_per_parameter_token * context_tokens
    memory = flop_per_byte * traffic / FORWARD_FLOP_PER_PARAMETER_TOKEN
    compute = 1 / ceiling
    return 2 / (compute + memory + xp.abs(compute - memory))


def compute_bound_batch(
    *,
    flop_per_byte: Any,
    bytes_per_parameter: Any,
    kv_bytes_per_parameter_token: Any = 0.0,
    context_tokens: Any = 0.0,
    ceiling: Any = 1.0,
) -> Any:
    """Batch from which decoding is compute-bound; infinite where the cache alone is too slow.

    Without a cache: flop_per_byte x bytes_per_parameter / 2 at a ceiling of 1. Parameters as in
    `decode_utilisation`.
    """
    ratio = require_positive("flop_per_byte", flop_per_byte, "FLOP/byte")
    weights = require_positive("bytes_per_parameter", bytes_per_parameter, "bytes")
    cache = require_at_least(
        "kv_bytes_per_parameter_token", kv_bytes_per_parameter_token, 0, "bytes"
    ) * require_at_least("context_tokens", context_tokens, 0, "tokens")
    ratio = ratio * require_share("ceiling", ceiling, positive=True)
    room = FORWARD_FLOP_PER_PARAMETER_TOKEN / ratio - cache
    return np.where(room > 0, weights / np.where(room > 0, room, 1.0), np.inf)[()]


def mean_context_tokens(input_tokens: Any, output_tokens: Any) -> Any:
    """Mean context while decoding: the input and half of the output, in tokens per query."""
    given = require_at_least("input_tokens", input_tokens, 0, "tokens per query")
    return given + require_at_least("output_tokens", output_tokens, 0, "tokens per query") / 2


def cost_optimum_by_batch(
    law: LossLaw,
    target_loss: Any,
    input_tokens: Any,
    output_tokens: Any,
    batch: Any,
    *,
    serving: Utilisation,
    flop_per_byte: Any,
    bytes_per_parameter: Any,
    kv_bytes_per_parameter_token: Any = 0.0,
    context_tokens: Any = 0.0,
) -> CostOptimum:
    """`cost_optimum` with the utilisation of decoding set by the batch, not by `serving.decode`.

    A lower batch makes each decoded token dearer, so the optimum moves to a smaller model trained
    on more tokens. When compute-bound, decoding reaches ``serving.prefill``. Parameters as in
    `cost_optimum` and `decode_utilisation`; `batch` is broadcast with the rest.
    """
    decode = decode_utilisation(
        batch,
        flop_per_byte=flop_per_byte,
        bytes_per_parameter=bytes_per_parameter,
        kv_bytes_per_parameter_token=kv_bytes_per_parameter_token,
        context_tokens=context_tokens,
        ceiling=serving.prefill,
    )
    at_batch = replace(serving, decode=decode)
    return cost_optimum(law, target_loss, input_tokens, output_tokens, serving=at_batch)
