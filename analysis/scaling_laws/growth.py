"""How fast training compute and its cost have grown, by definition of a notable run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.scaling_laws.trends import (
    Trend,
    bootstrap_trend,
    decimal_years,
    log_linear_trend,
    theil_sen_trend,
)

__all__ = [
    "SELECTIONS",
    "Selection",
    "Trend",
    "bootstrap_trend",
    "dated_runs",
    "decimal_years",
    "excluding_low_confidence",
    "log_linear_trend",
    "record_holders",
    "since",
    "theil_sen_trend",
    "top_at_release",
    "trend_by_selection",
    "with_cost_per_flop",
]


@dataclass(frozen=True)
class Selection:
    """A rule for which runs count: `choose` takes the runs and returns some of them."""

    id: str
    label: str
    choose: Callable[[pd.DataFrame], pd.DataFrame]


def dated_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with a release date and a training compute, in order of release."""
    needed = ["model", "release_date", "training_flop"]
    missing = [name for name in needed if name not in runs]
    if missing:
        raise ValueError(f"runs lack the columns {missing}; needed: {needed}")
    years = decimal_years(runs["release_date"].tolist())
    known = np.isfinite(years) & runs["training_flop"].notna().to_numpy()
    order = np.argsort(years[known], kind="stable")
    return runs.loc[known].iloc[order]


def since(runs: pd.DataFrame, year: float) -> pd.DataFrame:
    """Runs released in or after a year; those without a date are left out."""
    years = decimal_years(runs["release_date"].tolist())
    return runs.loc[years >= year]


def excluding_low_confidence(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs whose compute is not marked of low confidence."""
    return runs.loc[runs["confidence"] != "low"]


def top_at_release(runs: pd.DataFrame, k: int = 10) -> pd.DataFrame:
    """Runs that were among the k largest of all runs released until then.

    The first k runs of a table enter by construction, so start well before the years of interest
    and cut with `since` afterwards.
    """
    if k < 1:
        raise ValueError(f"k: {k!r} is not accepted; accepted: at least 1")
    ordered = dated_runs(runs)
    years = decimal_years(ordered["release_date"].tolist())
    flop = ordered["training_flop"].to_numpy(dtype=float)
    larger = [(flop[years <= year] > own).sum() for year, own in zip(years, flop, strict=True)]
    return ordered.loc[np.array(larger) < k]


def record_holders(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs that were the largest of all at their release."""
    return top_at_release(runs, k=1)


SELECTIONS: tuple[Selection, ...] = (
    Selection("all", "All runs in the table", dated_runs),
    Selection(
        "not_low_confidence",
        "Without estimates of low confidence",
        lambda runs: excluding_low_confidence(dated_runs(runs)),
    ),
    Selection("top10", "Among the ten largest at release", top_at_release),
    Selection("record", "The largest at release", record_holders),
)


def with_cost_per_flop(runs: pd.DataFrame, *, price_year: int, basis: str) -> pd.DataFrame:
    """Runs with a cost on one basis and in the prices of one year, with the cost per FLOP.

    Parameters
    ----------
    runs : DataFrame
        With ``training_cost_usd``, ``cost_price_year``, ``cost_basis`` and ``training_flop``.
    price_year : int
        Year of the dollars.
    basis : str
        Opening words of ``cost_basis``, such as "amortised". Costs on other bases are left out,
        because rent, purchase and amortised cost of one run differ by multiples.

    Returns
    -------
    DataFrame
        The rows kept, with ``usd_per_flop``.
    """
    on_basis = runs["cost_basis"].fillna("").str.startswith(basis)
    in_prices = runs["cost_price_year"].astype(float) == price_year
    kept = runs.loc[on_basis & in_prices & runs["training_cost_usd"].notna()]
    if kept.empty:
        bases = sorted(runs["cost_basis"].dropna().unique())
        raise ValueError(
            f"no run has a cost on basis {basis!r} in {price_year} prices; bases in the table: "
            f"{bases}"
        )
    return kept.assign(usd_per_flop=kept["training_cost_usd"] / kept["training_flop"])


def trend_by_selection(
    runs: pd.DataFrame,
    *,
    value: str = "training_flop",
    selections: Sequence[Selection] = SELECTIONS,
    start_years: Sequence[float] = (2010, 2018),
    level: float = 0.9,
) -> pd.DataFrame:
    """Growth per year of one column under each rule for which runs count, from each start year.

    Parameters
    ----------
    runs : DataFrame
        Rows of ``training_runs``; every rule picks by ``training_flop``, whichever column is
        measured.
    value : str
        Column whose growth is asked for.
    selections : sequence of Selection
        Applied to all runs, before the cut by start year.
    start_years : sequence of float
        First year that counts.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row per rule, start year and method (least squares, Theil-Sen): ``selection``,
        ``label``, ``start_year``, ``value``, ``method``, ``growth_per_year``, ``growth_low``,
        ``growth_high``, ``doubling_months``, ``level``, ``n``, ``dropped``, ``r2``,
        ``residual_sd_log10``, ``first_year``, ``last_year``.

    Raises
    ------
    ValueError
        Where a rule leaves too few points for a trend; names the rule and the start year.
    """
    if value not in runs:
        raise ValueError(f"runs have no column {value!r}; columns: {list(runs.columns)}")
    shown = list(Trend.__dataclass_fields__)[:12]
    rows = []
    for selection in selections:
        chosen = selection.choose(runs)
        for start_year in start_years:
            part = since(chosen, start_year)
            points = part["release_date"].tolist(), part[value].tolist()
            try:
                trends = [
                    log_linear_trend(*points, level=level, labels=part["model"].tolist()),
                    theil_sen_trend(*points, level=level),
                ]
            except ValueError as cause:
                raise ValueError(f"{selection.label}, since {start_year}: {cause}") from cause
            for trend in trends:
                rows.append(
                    {
                        "selection": selection.id,
                        "label": selection.label,
                        "start_year": start_year,
                        "value": value,
                        **{name: getattr(trend, name) for name in shown},
                    }
                )
    result = pd.DataFrame(rows)
    result.attrs = dict(runs.attrs)
    return result
