"""Published scaling laws, each under its own convention of size, data, compute and loss.

`law_from_row` turns one row of the table ``scaling_law_fits`` into a `PublishedLaw`, which says
what it can give and refuses the rest. Nothing is filled in: a paper that printed only an exponent
gives only an exponent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.laws import Frontier, LossLaw
from analysis.scaling_laws.published_law import (
    ExtrapolationWarning,
    KaplanLoss,
    PowerLaw,
    PublishedLaw,
    kaplan_minimum_compute,
)
from analysis.units import FLOP_PER_PARAMETER_TOKEN, FLOP_PER_PFLOPS_DAY

__all__ = [
    "ExtrapolationWarning",
    "PublishedLaw",
    "kaplan_minimum_compute",
    "law_from_row",
    "laws_from_rows",
]

# The words of the column n_units, first match wins, and what N then counts.
_PARAMETER_COUNTS = (
    ("non-embedding FLOP per token", "non-embedding FLOP per token"),
    ("non-embedding", "non-embedding parameters"),
    ("incl. head", "parameters with the output layer"),
    ("total parameters", "total parameters"),
    ("parameters", "parameters, count not stated"),
    ("tokens", "parameters = C / (6 D)"),
)
_FLOP_RANGE = re.compile(r"(?:FLOP |from )(?:from )?([\d.]+e\d+) to ([\d.]+e\d+)")


def laws_from_rows(rows: pd.DataFrame) -> dict[str, PublishedLaw]:
    """Every law of a table, by its law_id, in the order of the rows."""
    return {str(row["law_id"]): law_from_row(row) for _, row in rows.iterrows()}


def law_from_row(row: Mapping[str, Any] | pd.Series) -> PublishedLaw:
    """Build one law from its row in ``scaling_law_fits``.

    Parameters
    ----------
    row : mapping
        Column name to value; empty cells None or NaN. Optional columns ``flop_min`` and
        ``flop_max`` give the range of compute; without them it is read from ``n_units`` or
        ``notes`` where they state it ("from 6e18 to 1e22").

    Returns
    -------
    PublishedLaw
        `provides` says what it can give.

    Raises
    ------
    ValueError
        Where the form is unknown, a coefficient the form needs is missing, or one is not accepted.
    """
    form = _text(row, "parameterisation")
    for opening, build in _BUILDERS.items():
        if form.startswith(opening):
            return PublishedLaw(**_description(row), **build(row))
    raise ValueError(
        f"{_text(row, 'law_id')}: parameterisation {form!r} is not known; accepted: one that "
        f"begins with {', '.join(_BUILDERS)}"
    )


def _description(row: Any) -> dict[str, Any]:
    n_units = _text(row, "n_units")
    low, high = _number(row, "flop_min"), _number(row, "flop_max")
    stated = _FLOP_RANGE.search(n_units) or _FLOP_RANGE.search(_text(row, "notes"))
    if low is None and high is None and stated:
        low, high = float(stated[1]), float(stated[2])
    return {
        "law_id": _text(row, "law_id"),
        "paper": _text(row, "paper"),
        "label": f"{_text(row, 'paper')}, {_text(row, 'corpus')}",
        "parameter_count": next((c for w, c in _PARAMETER_COUNTS if w in n_units), "not stated"),
        "loss_unit": _text(row, "loss_units"),
        "corpus": _text(row, "corpus"),
        "flop_min": low,
        "flop_max": high,
    }


def _surface(row: Any) -> dict[str, Any]:
    values = {name: _number(row, name) for name in ("E", "A", "B", "alpha", "beta")}
    alpha, beta = values["alpha"], values["beta"]
    if alpha is None or beta is None:
        raise ValueError(f"{_text(row, 'law_id')}: alpha and beta are needed, got {alpha}, {beta}")
    exponents = {"a": beta / (alpha + beta), "b": alpha / (alpha + beta)}
    if any(value is None for value in values.values()):
        return {"kind": "exponents", "provides": ("exponents",), **exponents}
    law = LossLaw(**{name: float(value) for name, value in values.items() if value is not None})
    provides = ("L(N, D)", "L(C)", "N_opt(C)", "D_opt(C)", "exponents")
    at_one = law.optimum(1.0)
    allocation = (
        PowerLaw(float(at_one.parameters), law.parameter_exponent),
        PowerLaw(float(at_one.tokens), law.token_exponent),
    )
    return {
        "kind": "surface",
        "provides": provides,
        "surface": law,
        "frontier": law.frontier,
        "allocation": allocation,
        **exponents,
    }


def _kaplan_parameters(row: Any) -> dict[str, Any]:
    loss = KaplanLoss(N_c=_needed(row, "N_c"), alpha=_needed(row, "alpha"))
    return {"kind": "kaplan", "provides": ("L(N)",), "surface": loss}


def _kaplan_tokens(row: Any) -> dict[str, Any]:
    loss = KaplanLoss(D_c=_needed(row, "D_c"), beta=_needed(row, "beta"))
    return {"kind": "kaplan", "provides": ("L(D)",), "surface": loss}


def _kaplan_compute(row: Any) -> dict[str, Any]:
    gamma = _needed(row, "alpha")
    scale_flop = _needed(row, "C_c") * FLOP_PER_PFLOPS_DAY
    frontier = Frontier(E=0.0, K=scale_flop**gamma, gamma=gamma)
    return {"kind": "kaplan", "provides": ("L(C)",), "frontier": frontier}


def _kaplan_both(row: Any) -> dict[str, Any]:
    loss = KaplanLoss(**{name: _needed(row, name) for name in ("N_c", "alpha", "D_c", "beta")})
    return {"kind": "kaplan", "provides": ("L(N, D)",), "surface": loss}


def _allocation(row: Any) -> dict[str, Any]:
    a, b = _number(row, "a"), _number(row, "b")
    if a is None and b is None:
        raise ValueError(f"{_text(row, 'law_id')}: an allocation needs the exponent a or b")
    unit = FLOP_PER_PFLOPS_DAY if "PF-days" in _text(row, "n_units") else 1.0
    per_token = 1.0 if _text(row, "parameterisation").startswith("M") else FLOP_PER_PARAMETER_TOKEN
    coef_n, coef_d = _number(row, "coef_N"), _number(row, "coef_D")
    n = None if a is None or coef_n is None else PowerLaw(coef_n, a, unit)
    d = None if b is None or coef_d is None else PowerLaw(coef_d, b, unit)
    exponents = {
        "a": 1 - b if a is None and b is not None else a,
        "b": 1 - a if b is None and a is not None else b,
    }
    implied: tuple[str, ...] = ()
    if n is not None and d is None:
        d, implied = _partner(n, per_token), ("D_opt(C)",)
    elif d is not None and n is None:
        n, implied = _partner(d, per_token), ("N_opt(C)",)
    if n is None or d is None:
        return {"kind": "exponents", "provides": ("exponents",), **exponents}
    return {
        "kind": "allocation",
        "provides": ("N_opt(C)", "D_opt(C)", "exponents"),
        "implied": implied,
        "allocation": (n, d),
        **exponents,
    }


def _partner(law: PowerLaw, flop_per_parameter_token: float) -> PowerLaw:
    """The other factor of C = 6 N D (or C = M D), as a power law in the same unit of compute."""
    coefficient = law.unit_flop / (flop_per_parameter_token * law.coefficient)
    return PowerLaw(coefficient, 1.0 - law.exponent, law.unit_flop)


def _not_seen(row: Any) -> dict[str, Any]:
    return {"kind": "not seen", "provides": ()}


_BUILDERS = {
    "L=E+A/N": _surface,
    "L=(N_c/N)": _kaplan_parameters,
    "L=(D_c/D)": _kaplan_tokens,
    "L=(C_c/C": _kaplan_compute,
    "L=[(N_c/N)": _kaplan_both,
    "N_opt": _allocation,
    "D_opt": _allocation,
    "M_opt": _allocation,
    "log N_opt": _allocation,
    "Hoffmann form": _not_seen,
}


def _text(row: Any, name: str) -> str:
    value = row.get(name)
    return "" if value is None or pd.isna(value) else str(value)


def _number(row: Any, name: str) -> float | None:
    value = row.get(name)
    if value is None or pd.isna(value):
        return None
    return float(require_positive(f"{_text(row, 'law_id')}, {name}", value, "its own unit"))


def _needed(row: Any, name: str) -> float:
    value = _number(row, name)
    if value is None:
        raise ValueError(f"{_text(row, 'law_id')}: {name} is missing and its form needs it")
    return value
