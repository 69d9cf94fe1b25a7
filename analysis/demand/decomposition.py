r"""What the growth of inference is made of: users, use, tokens, FLOP per token, chips, prices.

The logarithmic mean Divisia index divides a change of a sum of products into its factors exactly:
Ang 2005, The LMDI approach to decomposition analysis, https://doi.org/10.1016/j.enpol.2003.10.010.
With :math:`L(a, b) = (a - b) / \ln(a / b)`, a factor f of the product v of a kind adds
:math:`L(v_1, v_0) \ln(f_1 / f_0)`, summed over kinds; the factors' parts sum to the change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.demand.model import HOURS_PER_YEAR, Projection
from analysis.units import DAYS_PER_YEAR

#: Factors in the order in which they act.
FACTORS = (
    "users", "messages per user", "tokens per message", "tokens of programs and agents",
    "tokens embedded in products", "other machine learning", "FLOP per token", "chips per FLOP",
    "price of a chip-hour",
)  # fmt: skip
_PRODUCTS = {
    "assistants": ("users", "messages per user", "tokens per message"),
    "agents": ("tokens of programs and agents",),
    "embedded": ("tokens embedded in products",),
    "other_ml": ("other machine learning",),
}


def log_mean(one: Any, other: Any) -> np.ndarray:
    """Logarithmic mean of two positive numbers; the number itself where they are equal."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if np.any(~(a > 0)) or np.any(~(b > 0)):
        raise ValueError("log_mean: a value is not above 0; accepted: above 0")
    ratio = np.log(a / b)
    # Near equality the quotient loses its digits, the geometric mean is exact to third order.
    close = np.abs(ratio) < 1e-4
    return np.where(close, np.sqrt(a * b), (a - b) / np.where(close, 1.0, ratio))


def factors_of(projection: Projection) -> dict[str, dict[str, Any]]:
    """Each kind's spend as a product, by factor; assistants are chat and reasoning together."""
    people = projection.work("fleet", "chat").plus(projection.work("fleet", "reasoning"))
    price = projection.usd_per_h100e_hour * projection.price_ratio * HOURS_PER_YEAR
    per_token = projection.flop_per_token
    asked = projection.users * projection.messages_per_user_day
    found = {
        "assistants": {
            "users": projection.users,
            "messages per user": projection.messages_per_user_day,
            "tokens per message": people.flop / (per_token * asked * DAYS_PER_YEAR),
            "FLOP per token": per_token * DAYS_PER_YEAR,
            "chips per FLOP": people.chips / people.flop,
            "price of a chip-hour": price,
        }
    }
    for kind in ("agents", "embedded", "other_ml"):
        work = projection.work("fleet", kind)
        (volume,) = _PRODUCTS[kind]
        if kind == "other_ml":
            found[kind] = {volume: work.chips, "price of a chip-hour": price}
            continue
        found[kind] = {
            volume: work.flop / per_token,
            "FLOP per token": per_token,
            "chips per FLOP": work.chips / work.flop,
            "price of a chip-hour": price,
        }
    return found


def decompose(projection: Projection, *, spend: bool = True) -> pd.DataFrame:
    """Change of the world's inference from each time to the next, by factor.

    Parameters
    ----------
    projection : Projection
        Of one scenario.
    spend : bool
        Dollars per year; otherwise H100-equivalents, and the price is left out.

    Returns
    -------
    DataFrame
        ``start``, ``end``, ``factor``, ``change`` (in the unit) and ``log_points``, its part of
        the logarithm of the total's growth.
    """
    times = np.asarray(projection.times, dtype=np.float64)
    products = {
        kind: {
            name: np.broadcast_to(np.ravel(value), times.shape)
            for name, value in parts.items()
            if spend or name != "price of a chip-hour"
        }
        for kind, parts in factors_of(projection).items()
    }
    values = {kind: np.prod(list(parts.values()), axis=0) for kind, parts in products.items()}
    total = np.sum(list(values.values()), axis=0)
    mean_total = log_mean(total[1:], total[:-1])
    rows = []
    for factor in FACTORS:
        change = np.zeros(times.size - 1)
        for kind, parts in products.items():
            if factor in parts:
                weight = log_mean(values[kind][1:], values[kind][:-1])
                change = change + weight * np.log(parts[factor][1:] / parts[factor][:-1])
        if not spend and factor == "price of a chip-hour":
            continue
        rows += [
            {"start": a, "end": b, "factor": factor, "change": c, "log_points": c / m}
            for a, b, c, m in zip(times[:-1], times[1:], change, mean_total, strict=True)
        ]
    return pd.DataFrame(rows)


def efficiency_outruns_use(projection: Projection, unit: str = "usd") -> np.ndarray:
    """First time at which the world's inference no longer grows, in a unit; infinite if none.

    Parameters
    ----------
    projection : Projection
        Entries of shape (..., k).
    unit : str
        `usd`, `chips`, `flop` or `power_w`.

    Returns
    -------
    numpy.ndarray, shape (...)
    """
    total = np.atleast_1d(projection.total("fleet", unit, "inference"))
    times = np.asarray(projection.times, dtype=np.float64)
    falls = np.diff(total, axis=-1) <= 0
    # A fall before the largest value is no turn.
    after_peak = np.arange(times.size - 1) >= np.argmax(total, axis=-1)[..., None]
    turn = falls & after_peak
    return np.where(turn.any(axis=-1), times[1:][np.argmax(turn, axis=-1)], np.inf)
