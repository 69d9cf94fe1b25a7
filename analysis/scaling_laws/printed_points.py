"""The optimal models that papers print, held against what their own formulas give."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.published_law import PowerLaw, PublishedLaw
from analysis.units import FLOP_PER_PARAMETER_TOKEN

_POINT_COLUMNS = ("law_id", "compute_flop", "optimal_parameters", "optimal_tokens")


def check_compute_identity(points: pd.DataFrame, *, tolerance: float = 0.25) -> pd.DataFrame:
    """Hold the compute printed for each point against 6 N D.

    Parameters
    ----------
    points : DataFrame
        Columns ``law_id``, ``compute_flop`` (FLOP), ``optimal_parameters``, ``optimal_tokens``.
    tolerance : float
        Largest relative difference that rounding in print explains.

    Returns
    -------
    DataFrame
        The columns above with ``implied_flop`` (6 N D), ``printed_over_implied`` and ``slip``,
        true where they differ by more than the tolerance.
    """
    frame = _checked_points(points)[list(_POINT_COLUMNS)].copy()
    frame["implied_flop"] = (
        FLOP_PER_PARAMETER_TOKEN * frame["optimal_parameters"] * frame["optimal_tokens"]
    )
    frame["printed_over_implied"] = frame["compute_flop"] / frame["implied_flop"]
    off = np.abs(np.log(frame["printed_over_implied"]))
    frame["slip"] = off > math.log1p(tolerance)
    return frame


def compare_with_points(
    laws: Mapping[str, PublishedLaw], points: pd.DataFrame, *, tolerance: float = 0.25
) -> pd.DataFrame:
    """What each law predicts at the budgets where its paper prints an optimal model.

    Parameters
    ----------
    laws : mapping of str to PublishedLaw
        By law_id, as `laws_from_rows` gives them.
    points : DataFrame
        Rows of ``compute_optimal_points``. A column ``fit_id``, where filled, names the law behind
        the point; else ``law_id`` does.
    tolerance : float
        A ratio further from 1 than this is flagged.

    Returns
    -------
    DataFrame
        One row per point and quantity (parameters, tokens, tokens_per_parameter): ``law_id``,
        ``fit_id``, ``compute_flop``, ``quantity``, ``printed``, ``predicted``, ``ratio``
        (predicted / printed), ``basis`` and ``flag``. The basis is "coefficients", "exponent,
        anchored at the first point" where the paper prints only an exponent, or "no law": such
        a row has an empty prediction. Flags: agrees, differs, anchor, no prediction.
    """
    frame = _checked_points(points)
    named = frame["fit_id"] if "fit_id" in frame else pd.Series(pd.NA, index=frame.index)
    named = named.where(named.notna() & (named != ""), frame["law_id"])
    frame = frame.assign(fit_id=named)
    parts = [
        _compare_one(laws.get(str(fit_id)), group)
        for (_, fit_id), group in frame.groupby(["law_id", "fit_id"], sort=False)
    ]
    result = pd.concat(parts, ignore_index=True)
    result["ratio"] = result["predicted"] / result["printed"]
    off = np.abs(np.log(result["ratio"].astype(float)))
    flag = np.where(off > math.log1p(tolerance), "differs", "agrees")
    flag = np.where(result.pop("anchor"), "anchor", flag)
    result["flag"] = np.where(result["basis"] == "no law", "no prediction", flag)
    result.attrs = dict(points.attrs)
    return result


def predictions(laws: Iterable[PublishedLaw], train_flop: Any) -> pd.DataFrame:
    """What each law gives at each compute; a law has rows only for what it gives.

    Parameters
    ----------
    laws : iterable of PublishedLaw
        In the order wanted.
    train_flop : array_like, shape (k,)
        Training compute in FLOP.

    Returns
    -------
    DataFrame
        ``law_id``, ``label``, ``train_flop``, ``quantity`` (parameters, tokens,
        tokens_per_parameter, loss), ``value``, ``extrapolated``, ``range_known``, ``implied``
        (not printed, follows from C = 6 N D), ``parameter_count`` and ``comparable_with``.
    """
    compute = np.atleast_1d(require_positive("train_flop", train_flop, "FLOP"))
    parts = []
    for law in laws:
        implied = bool(law.implied)
        for quantity, values in _quantities(law, compute).items():
            parts.append(
                pd.DataFrame(
                    {
                        "law_id": law.law_id,
                        "label": law.label,
                        "train_flop": compute,
                        "quantity": quantity,
                        "value": values,
                        "extrapolated": law.extrapolates(compute),
                        "range_known": law.flop_min is not None,
                        "implied": implied and quantity != "loss",
                        "parameter_count": law.parameter_count,
                        "comparable_with": law.comparable_with,
                    }
                )
            )
    if not parts:
        raise ValueError("none of the laws gives N_opt(C), D_opt(C) or L(C); choose one that does")
    return pd.concat(parts, ignore_index=True)


def _quantities(law: PublishedLaw, compute: np.ndarray) -> dict[str, np.ndarray]:
    values = {}
    if law.allocation is not None:
        parameters, tokens = law.allocation
        n, d = parameters(compute), tokens(compute)
        values = {"parameters": n, "tokens": d, "tokens_per_parameter": d / n}
    if law.frontier is not None:
        values["loss"] = law.frontier.loss(compute)
    return values


def _compare_one(law: PublishedLaw | None, group: pd.DataFrame) -> pd.DataFrame:
    compute = group["compute_flop"].to_numpy(dtype=float)
    printed = {
        "parameters": group["optimal_parameters"].to_numpy(dtype=float),
        "tokens": group["optimal_tokens"].to_numpy(dtype=float),
    }
    anchor = np.zeros(len(group), dtype=bool)
    if law is None or (law.allocation is None and law.a is None):
        basis, allocation = "no law", None
    elif law.allocation is not None:
        basis, allocation = "coefficients", law.allocation
    else:
        basis = "exponent, anchored at the first point"
        first = int(np.argmin(compute))
        anchor[first] = True
        assert law.a is not None
        assert law.b is not None
        start = float(compute[first])
        allocation = (
            PowerLaw(float(printed["parameters"][first]), law.a, start),
            PowerLaw(float(printed["tokens"][first]), law.b, start),
        )
    printed["tokens_per_parameter"] = printed["tokens"] / printed["parameters"]
    if allocation is None:
        predicted = {name: np.full(len(group), np.nan) for name in printed}
    else:
        n, d = allocation[0](compute), allocation[1](compute)
        predicted = {"parameters": n, "tokens": d, "tokens_per_parameter": d / n}
    keys = group[["law_id", "fit_id", "compute_flop"]]
    return pd.concat(
        [
            keys.assign(
                quantity=name,
                printed=printed[name],
                predicted=predicted[name],
                basis=basis,
                anchor=anchor,
            )
            for name in printed
        ]
    )


def _checked_points(points: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in _POINT_COLUMNS if name not in points]
    if missing:
        raise ValueError(
            f"points lack the columns {missing}; needed: {list(_POINT_COLUMNS)}, got "
            f"{list(points.columns)}"
        )
    for name, unit in zip(_POINT_COLUMNS[1:], ("FLOP", "parameters", "tokens"), strict=True):
        require_positive(name, points[name].to_numpy(), unit)
    return points
