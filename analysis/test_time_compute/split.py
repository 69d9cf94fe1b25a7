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
from analysis.uncertainty import Interval, percentile_interval

_STEPS = 60


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
    """
    e, r = exchange_elasticity, relative_flop_price
    if xp is np:
        e = require_positive("exchange_elasticity", e, "OOM of inference per OOM of training")
        r = require_positive("relative_flop_price", r, "training FLOP prices")
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
        share = require_positive("share", share, "a share of spending below 1")
        if (share >= 1).any():
            raise ValueError(
                f"share: {float(share.max())!r} is not accepted; accepted: between 0 and 1"
            )
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
    """
    t_0 = require_positive("train_flop", train_flop, "FLOP")
    i_0 = require_positive("inference_flop", inference_flop, "FLOP")
    e = require_positive("exchange_elasticity", exchange_elasticity, "OOM per OOM")
    r = require_positive("relative_flop_price", relative_flop_price, "training FLOP prices")
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
