r"""How many queries make a better-trained model cheaper than one that thinks longer.

A base model of N_0 parameters and D_0 training tokens cost C_0 = 6 N_0 D_0. A gain worth G times
its training compute is had by training, for G C_0, a model G**a times as large, which answers a
query of t tokens for 2 G**a N_0 t FLOP; or by letting the base model think, for G**e times that
many FLOP, e the exchange elasticity: orders of magnitude of inference compute per answer that one
order of magnitude of training replaces at equal results, the larger model's dearer tokens counted,
as Jones 2021 measures it. With a FLOP of inference at r times the price of one of training, and a
base model that is already trained (s = 1) or would not be (s = 0), the costs are equal at

.. math:: Q = \frac{3 D_0 (G - 1 + s)}{h\, r\, t\, G^a (G^e - 1)}

queries in the life of the model, of which a share h needs the gain. N_0 cancels. Below Q thinking
is cheaper; with e at or below 0 it always is. With s = 0 and a = 1 it is the FLOP-matched
comparison of Snell et al. 2024, section 7.

Left out: latency, batch and memory of serving (put what they cost into r), a cache that grows with
thinking, the training that teaches a model to think, the use of one model for many gains, and the
span beyond which thinking stops helping: ask `split.thinking_reaches` first. A better model sized
with its serving in view (`inference_aware`) is cheaper than either a, so Q is then an upper bound.

References
----------
Jones 2021, https://arxiv.org/abs/2104.03113; Snell et al. 2024, https://arxiv.org/abs/2408.03314.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.laws import Frontier, LossLaw
from analysis.scaling_laws.returns import price_of_gain
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_share,
)
from analysis.test_time_compute.split import thinking_multiple
from analysis.uncertainty import Interval, require_level
from analysis.units import FLOP_PER_PARAMETER_TOKEN, FORWARD_FLOP_PER_PARAMETER_TOKEN

_POSITIVE = {
    "training_tokens": "tokens",
    "tokens_per_query": "tokens per query",
    "relative_flop_price": "training FLOP prices",
}
_SHARES = ("parameter_exponent", "base_already_trained")
_TRAIN_OVER_FORWARD = FLOP_PER_PARAMETER_TOKEN / FORWARD_FLOP_PER_PARAMETER_TOKEN


@dataclass(frozen=True)
class BreakEvenInterval(Interval):
    """An interval of queries whose ends may be infinite: thinking is cheaper at any number.

    Attributes
    ----------
    share_never : float
        Share of the draws in which training never becomes cheaper.
    """

    share_never: float


def training_multiple_for_loss(
    law: LossLaw | Frontier, train_flop: Any, loss_reduction: Any
) -> Any:
    """G that takes `loss_reduction` off the loss of a training-optimal run of `train_flop` FLOP.

    Raises
    ------
    ValueError
        Where the reduction is at least the reducible loss.
    """
    return price_of_gain(law, train_flop, loss_reduction) / np.asarray(train_flop, dtype=float)


def break_even_inverse(
    training_multiple: Any,
    exchange_elasticity: Any,
    *,
    training_tokens: Any,
    tokens_per_query: Any,
    parameter_exponent: Any = 0.5,
    relative_flop_price: Any = 1.0,
    base_already_trained: Any = 1.0,
    share_needing: Any = 1.0,
    over_training: Any = 1.0,
    xp: Any = np,
) -> Any:
    """One over the break-even, per query: smooth, and 0 or negative where thinking always wins.

    Parameters
    ----------
    training_multiple, exchange_elasticity, training_tokens, tokens_per_query, parameter_exponent
    relative_flop_price, base_already_trained, share_needing, over_training, xp
        As in `break_even_queries`.

    Returns
    -------
    numpy.ndarray or expression

    Raises
    ------
    ValueError
        Where a number or a shape is not accepted; names it.
    """
    values = {
        "training_tokens": training_tokens,
        "tokens_per_query": tokens_per_query,
        "parameter_exponent": parameter_exponent,
        "relative_flop_price": relative_flop_price,
        "base_already_trained": base_already_trained,
        "share_needing": share_needing,
        "over_training": over_training,
    }
    if xp is np:
        values = _checked(values)
        broadcast(
            training_multiple=training_multiple, exchange_elasticity=exchange_elasticity, **values
        )
    d_0, t, a, r, s, h, p = values.values()
    thinks = thinking_multiple(training_multiple, exchange_elasticity, parameter_exponent=a, xp=xp)
    g = np.asarray(training_multiple, dtype=float) if xp is np else training_multiple
    with np.errstate(over="ignore", invalid="ignore"):
        dear = h * r * t * (thinks - xp.exp(a * xp.log(g)))
        trained = _TRAIN_OVER_FORWARD * d_0 * (p * g - 1 + s)
    if xp is np and not (np.isfinite(dear).all() and np.isfinite(trained).all()):
        raise ValueError(
            "training_multiple, training_tokens, tokens_per_query, relative_flop_price and "
            "over_training together go past what a number holds; accepted: products up to 1e308"
        )
    return dear / trained


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    checked = {
        **values,
        **{name: require_above(name, values[name], 0, unit) for name, unit in _POSITIVE.items()},
        **{name: require_share(name, values[name]) for name in _SHARES},
        "share_needing": require_share("share_needing", values["share_needing"], positive=True),
        "over_training": require_at_least("over_training", values["over_training"], 1, "multiples"),
    }
    needing, trained = broadcast(
        share_needing=checked["share_needing"],
        base_already_trained=checked["base_already_trained"],
    )
    bad = np.flatnonzero((needing < 1) & (trained < 1))
    if bad.size:
        raise ValueError(
            f"base_already_trained, row {bad[0]}: {trained.flat[bad[0]]:g} is not accepted with "
            f"share_needing {needing.flat[bad[0]]:g}; a base model that answers the other queries "
            "is trained either way, so give 1"
        )
    return checked


def break_even_queries(
    training_multiple: Any,
    exchange_elasticity: Any,
    *,
    training_tokens: Any,
    tokens_per_query: Any,
    parameter_exponent: Any = 0.5,
    relative_flop_price: Any = 1.0,
    base_already_trained: Any = 1.0,
    share_needing: Any = 1.0,
    over_training: Any = 1.0,
    xp: Any = np,
) -> Any:
    """Queries in the life of a model below which thinking longer is cheaper than training more.

    Parameters
    ----------
    training_multiple : array_like or expression
        G, the training compute that the gain is worth over that of the base model, above 1.
    exchange_elasticity : array_like or expression
        e; see `split.thinking_multiple`.
    training_tokens : array_like or expression
        D_0 of the base model.
    tokens_per_query : array_like or expression
        t, tokens read and written for a plain answer.
    parameter_exponent : array_like or expression
        a from 0 to 1: the better model has G**a times the parameters. ``law.parameter_exponent``
        where both are training-optimal, 0 where the better one is over-trained at equal size.
    relative_flop_price : array_like or expression
        r, price of a FLOP of inference over one of training: hardware and utilisation.
    base_already_trained : array_like or expression
        s from 0 (a plan: only the model chosen is trained) to 1 (the base model is sunk or needed
        in any case).
    share_needing : array_like or expression
        h, share of queries that need the gain; the base model answers the rest, so s is then 1.
    over_training : array_like or expression
        Training of the better model costs so many times G C_0: see
        `inference_aware.over_training_penalty`.
    xp : module
        numpy, or ``altair.expr`` for an expression; numbers are checked with numpy only.

    Returns
    -------
    numpy.ndarray or expression
        Queries of all kinds; infinite, in Python and in a browser, where thinking costs no more
        per query and so always wins.

    Raises
    ------
    ValueError
        Where a number is not accepted; names it.
    """
    inverse = break_even_inverse(
        training_multiple,
        exchange_elasticity,
        training_tokens=training_tokens,
        tokens_per_query=tokens_per_query,
        parameter_exponent=parameter_exponent,
        relative_flop_price=relative_flop_price,
        base_already_trained=base_already_trained,
        share_needing=share_needing,
        over_training=over_training,
        xp=xp,
    )
    # x + |x| is exactly 0 for any x up to 0, in both languages, and 2 / 0 is infinite.
    with np.errstate(divide="ignore", over="ignore"):
        return 2 / (inverse + xp.abs(inverse))


def break_even_draws(samples: Mapping[str, Any], **fixed: Any) -> np.ndarray:
    """`break_even_queries` for each draw of the uncertain inputs.

    Parameters
    ----------
    samples : mapping of str to array_like, shape (m,)
        Arguments of `break_even_queries` by name, one draw per row, all of one length.
    **fixed
        The remaining arguments.

    Returns
    -------
    numpy.ndarray, shape (m,)
        Infinite where a draw says never.
    """
    columns = {name: np.asarray(values, dtype=float) for name, values in samples.items()}
    shapes = {name: values.shape for name, values in columns.items()}
    if not shapes or len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 1:
        raise ValueError(
            f"samples: shapes {shapes} are not accepted; accepted: one axis, one length"
        )
    both = sorted(set(columns) & set(fixed))
    if both:
        raise ValueError(f"{both} are given as samples and as fixed values; give each once")
    arguments = {**fixed, **columns}
    queries = break_even_queries(
        arguments.pop("training_multiple"), arguments.pop("exchange_elasticity"), **arguments
    )
    return np.broadcast_to(queries, next(iter(columns.values())).shape)


def break_even_interval(
    samples: Mapping[str, Any], *, level: float = 0.9, **fixed: Any
) -> BreakEvenInterval:
    """Percentile interval of the break-even, whose ends are draws and so may be infinite.

    Parameters
    ----------
    samples, **fixed
        As in `break_even_draws`, at least two draws.
    level : float
    """
    level = require_level(level)
    draws = break_even_draws(samples, **fixed)
    if draws.size < 2:
        raise ValueError(f"samples: {draws.size} draws give no interval; accepted: at least 2")
    # "nearest" takes values that were drawn: between a number and infinity there is none.
    low, central, high = np.quantile(
        draws, [(1 - level) / 2, 0.5, (1 + level) / 2], method="nearest"
    ).tolist()
    return BreakEvenInterval(low, central, high, level, float(np.isinf(draws).mean()))


def break_even_table(
    training_multiple: Any, exchange_elasticity: float, *, tokens_per_query: Any, **fixed: Any
) -> pd.DataFrame:
    """Break-even by gain and by length of a query, as a tidy frame.

    Parameters
    ----------
    training_multiple, tokens_per_query : array_like, shapes (k,) and (j,)
        G and t.
    exchange_elasticity : float
    **fixed
        The remaining arguments of `break_even_queries`, one number each.

    Returns
    -------
    DataFrame, k x j rows
        ``training_multiple``, ``tokens_per_query``, ``thinking_multiple``,
        ``break_even_queries`` and ``thinking_always_cheaper``.
    """
    g, t = np.meshgrid(
        np.atleast_1d(training_multiple), np.atleast_1d(tokens_per_query), indexing="ij"
    )
    queries = break_even_queries(g, exchange_elasticity, tokens_per_query=t, **fixed)
    exponent = fixed.get("parameter_exponent", 0.5)
    return pd.DataFrame(
        {
            "training_multiple": g.ravel(),
            "tokens_per_query": t.ravel(),
            "thinking_multiple": thinking_multiple(
                g, exchange_elasticity, parameter_exponent=exponent
            ).ravel(),
            "break_even_queries": queries.ravel(),
            "thinking_always_cheaper": np.isinf(queries).ravel(),
        }
    )
