"""How a compute budget is best split between training and inference.

Along a curve of equal performance, tenfold training compute replaces 10**e times the inference
compute: ``inference_flop * train_flop**e`` is constant, with e the exchange elasticity (orders of
magnitude of inference per order of magnitude of training). Jones 2021 measured e = log10(15) in a
board game; Erdil 2024 drew the consequence for language models.

References
----------
Jones 2021, Scaling Scaling Laws with Board Games, https://arxiv.org/abs/2104.03113.
Erdil 2024, Optimally Allocating Compute Between Inference and Training, Epoch AI.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_finite,
    require_share,
)
from analysis.uncertainty import Interval, percentile_interval

_STEPS = 60
#: Natural logarithm of the largest multiple that is taken.
_LARGEST_LOG = 700.0


@dataclass(frozen=True)
class Split:
    """The cheapest split that keeps the performance of a programme.

    Attributes
    ----------
    moved_oom : numpy.ndarray
        Orders of magnitude by which training compute moves; negative: less training.
    train_flop, inference_flop : numpy.ndarray
    inference_share : numpy.ndarray
        Of the FLOP of both.
    cost_ratio : numpy.ndarray
        Cost over that of the programme as it was, at most 1.
    at_corner : numpy.ndarray of bool
        Whether the span over which the exchange is known, not the price, sets the split.
    """

    moved_oom: Any
    train_flop: Any
    inference_flop: Any
    inference_share: Any
    cost_ratio: Any
    at_corner: Any


def thinking_multiple(
    training_multiple: Any,
    exchange_elasticity: Any,
    *,
    parameter_exponent: Any = 0.5,
    xp: Any = np,
) -> Any:
    """Times more FLOP per answer than the base model's plain one that match a gain: G**(a + e).

    Parameters
    ----------
    training_multiple : array_like or expression
        G, above 1.
    exchange_elasticity : array_like or expression
        e, orders of magnitude of inference per order of magnitude of training.
    parameter_exponent : array_like or expression
        a from 0 to 1: the better model has G**a times the parameters.
    xp : module
        numpy, or ``altair.expr``.

    Returns
    -------
    numpy.ndarray or expression

    Raises
    ------
    ValueError
        Where a number or a shape is not accepted, or the multiple is past what a number holds.
    """
    if xp is np:
        return np.exp(_log_multiple(training_multiple, exchange_elasticity, parameter_exponent))
    return xp.exp((parameter_exponent + exchange_elasticity) * xp.log(training_multiple))


def _log_multiple(training_multiple: Any, exchange_elasticity: Any, exponent: Any) -> Any:
    g, e, a = broadcast(
        training_multiple=require_above("training_multiple", training_multiple, 1, "multiples"),
        exchange_elasticity=require_finite(
            "exchange_elasticity", exchange_elasticity, "OOM of inference per OOM of training"
        ),
        parameter_exponent=require_share("parameter_exponent", exponent),
    )
    with np.errstate(over="ignore"):
        log_multiple = (a + e) * np.log(g)
    beyond = np.flatnonzero(log_multiple > _LARGEST_LOG)
    if beyond.size:
        row = int(beyond[0])
        raise ValueError(
            f"exchange_elasticity, row {row}: {e.flat[row]:g} at training_multiple "
            f"{g.flat[row]:g} makes a thinking_multiple past what a number holds; accepted: up to "
            "1e304"
        )
    return log_multiple


def thinking_reaches(
    training_multiple: Any,
    exchange_elasticity: Any,
    span_oom: Any,
    *,
    parameter_exponent: Any = 0.5,
) -> Any:
    """Whether the thinking that a gain asks for lies within the span where more of it helps.

    Parameters
    ----------
    training_multiple, exchange_elasticity, parameter_exponent : array_like
        G, e and a.
    span_oom : array_like
        Orders of magnitude of compute per answer over which the exchange was seen to hold.

    Returns
    -------
    numpy.ndarray of bool

    Raises
    ------
    ValueError
        As `thinking_multiple`, and for a span below 0 or of another shape.
    """
    span = require_at_least("span_oom", span_oom, 0, "orders of magnitude")
    needed = _log_multiple(training_multiple, exchange_elasticity, parameter_exponent) / np.log(10)
    needed, span = broadcast(training_multiple=needed, span_oom=span)
    return needed <= span + 1e-12


def inference_share(
    exchange_elasticity: Any, *, relative_flop_price: Any = 1.0, xp: Any = np
) -> Any:
    """Share of all FLOP that goes to inference at the least cost: 1 / (1 + e r).

    Minimises T + r I at constant I T**e, so that spending on inference over spending on training
    is 1 / e: equal at e = 1. The share of the *money* is 1 / (1 + e) at any price. The same shares
    give the best performance of a given budget.

    Parameters
    ----------
    exchange_elasticity : array_like or expression
        e, above 0.
    relative_flop_price : array_like or expression
        r, price of a FLOP of inference over one of training, above 0.
    xp : module
        numpy, or ``altair.expr``.

    Returns
    -------
    numpy.ndarray or expression
        Between 0 and 1. Holds while the optimum is within the span of the exchange: see
        `optimal_split`.

    Raises
    ------
    ValueError
        Where e or r is not finite and above 0, or their shapes do not go together.
    """
    e, r = exchange_elasticity, relative_flop_price
    if xp is np:
        e = require_positive("exchange_elasticity", e, "OOM of inference per OOM of training")
        r = require_positive("relative_flop_price", r, "training FLOP prices")
        e, r = broadcast(exchange_elasticity=e, relative_flop_price=r)
    return 1 / (1 + e * r)


def split_penalty(share: Any, exchange_elasticity: Any, *, xp: Any = np) -> Any:
    """Cost of the same performance with a share of spending on inference, over the least cost.

    It is exp(KL), with KL the Kullback-Leibler divergence of the best split from the one chosen.

    Parameters
    ----------
    share : array_like or expression
        Of spending, strictly between 0 and 1.
    exchange_elasticity : array_like or expression
        e, above 0.

    Returns
    -------
    numpy.ndarray or expression
        1 at the optimum and above it elsewhere.
    """
    if xp is np:
        share = require_share("share", share, positive=True)
        if (share == 1).any():
            raise ValueError("share: 1.0 is not accepted; accepted: above 0 and below 1")
    best = inference_share(exchange_elasticity, xp=xp)
    return xp.exp(best * xp.log(best / share) + (1 - best) * xp.log((1 - best) / (1 - share)))


def near_optimal_shares(exchange_elasticity: Any, tolerance: Any = 0.1) -> tuple[Any, Any]:
    """Lowest and highest share of spending on inference whose cost is near the least.

    Parameters
    ----------
    exchange_elasticity : array_like
        e, above 0.
    tolerance : array_like
        Cost above the least, as a fraction: 0.1 for 10%.

    Returns
    -------
    tuple of numpy.ndarray
        Where `split_penalty` is 1 + tolerance, below and above the best share.
    """
    best = inference_share(exchange_elasticity)
    allowed = np.log1p(require_positive("tolerance", tolerance, "a fraction of the least cost"))
    # 1 - best again, without the cancellation at a small elasticity.
    rest = np.asarray(exchange_elasticity, dtype=float) * best
    return _lower_share(best, rest, allowed), 1 - _lower_share(rest, best, allowed)


def _lower_share(best: Any, rest: Any, allowed: Any) -> Any:
    # The divergence is convex in v = ln share, and the start lies beyond the root, so Newton's
    # method comes down to it from one side.
    entropy = best * np.log(best) + rest * np.log(rest)
    v = np.minimum((entropy - allowed) / best, np.log(best) - 1e-8)
    for _ in range(_STEPS):
        share = np.exp(v)
        value = entropy - best * v - rest * np.log1p(-share) - allowed
        step = value / (rest * share / (1 - share) - best)
        v = v - step
        if (np.abs(step) <= 1e-15 * (1 + np.abs(v))).all():
            break
    return np.exp(v)


def optimal_split(
    train_flop: Any,
    inference_flop: Any,
    exchange_elasticity: Any,
    *,
    span_oom: tuple[float, float],
    relative_flop_price: Any = 1.0,
) -> Split:
    """Cheapest split with the performance of a programme, within the span of the exchange.

    Parameters
    ----------
    train_flop, inference_flop : array_like
        The programme as it is, over its life, in FLOP.
    exchange_elasticity, relative_flop_price : array_like
        e and r, above 0.
    span_oom : tuple of float
        Orders of magnitude of training compute given up at most, and added at most, each at least
        0, over which e was seen to hold. Cost is convex in between, so beyond the span the corner
        is the best.

    Returns
    -------
    Split

    Raises
    ------
    ValueError
        Where a number is not finite and above 0, an end of the span is below 0, or shapes do not
        go together.
    """
    t_0 = require_positive("train_flop", train_flop, "FLOP")
    i_0 = require_positive("inference_flop", inference_flop, "FLOP")
    e = require_positive("exchange_elasticity", exchange_elasticity, "OOM per OOM")
    r = require_positive("relative_flop_price", relative_flop_price, "training FLOP prices")
    t_0, i_0, e, r = broadcast(
        train_flop=t_0, inference_flop=i_0, exchange_elasticity=e, relative_flop_price=r
    )
    down, up = span_oom
    if not (math.isfinite(down) and math.isfinite(up) and down >= 0 and up >= 0):
        raise ValueError(
            f"span_oom: {span_oom!r} is not accepted; accepted: two finite numbers of orders of "
            "magnitude, at least 0: given up, added"
        )
    free = np.log10(e * r * i_0 / t_0) / (1 + e)
    moved = np.clip(free, -down, up)
    train, inference = t_0 * 10.0**moved, i_0 * 10.0 ** (-e * moved)
    return Split(
        moved_oom=moved,
        train_flop=train,
        inference_flop=inference,
        inference_share=inference / (train + inference),
        cost_ratio=(train + r * inference) / (t_0 + r * i_0),
        at_corner=free != moved,
    )


def inference_share_interval(
    exchange_elasticity: Any, *, relative_flop_price: Any = 1.0, level: float = 0.9
) -> Interval:
    """Percentile interval of `inference_share` over draws of the elasticity (and of the price).

    Parameters
    ----------
    exchange_elasticity, relative_flop_price : array_like, shape (m,)
        Draws; the price may be one number.
    level : float
    """
    shares = inference_share(exchange_elasticity, relative_flop_price=relative_flop_price)
    return percentile_interval(np.atleast_1d(shares), level)
