"""Others' splits put on one definition, and held against the projection under their own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

import numpy as np
import pandas as pd

from analysis.demand.definitions import DENOMINATORS, UNITS, Definition, Factors, convert_share
from analysis.demand.findings import projection
from analysis.demand.model import YEARS
from analysis.demand.published_splits import as_definition as put_as
from analysis.demand.published_splits import observations, readings
from analysis.uncertainty import Interval, percentile_interval

LEVEL = projection.LEVELS[-1]
#: The one definition on which the ledger is put.
CHIPS, MONEY = Definition("chips", "rnd"), Definition("spend", "rnd")
FINAL_MONEY = Definition("spend", "final_runs")
#: Scope of the model by scope of a published split; single models have none.
MODEL_SCOPE = {
    "lead_lab": "lead_lab", "lab": "labs", "labs": "labs",
    "company": "fleet", "cloud": "fleet", "fleet": "fleet",
}  # fmt: skip
LABS, FIRMS, WORLD = "one laboratory", "one company, or the clouds", "the world"
GROUP = {
    "lead_lab": LABS, "lab": LABS, "labs": LABS, "company": FIRMS, "cloud": FIRMS, "fleet": WORLD,
}  # fmt: skip
_OUTCOME_UNIT = {"flop": "flop", "chips": "chips", "spend": "usd", "power": "power_w"}
_COUNTED = {"rnd": "rnd", "final_runs": "final"}
#: The books of OpenAI: what is told of a year, and of which split.
ACCOUNTS = {
    "openai_2024_inference_share": "Projection shown to investors",
    "openai_2024_azure_inference_share": "The same, inference as Azure's leaked bills have it",
    "openai_2025_statement_share": "Income statement, pay in R&D",
    "openai_2025_microsoft_share": "Bills from Microsoft",
    "openai_2025_inference_share": "Figures given to investors",
}
ACCOUNTS_2024 = ("openai_2024_inference_share", "openai_2024_azure_inference_share")
FINAL_RUNS_TOLD = "openai_2024_inference_share_final_runs"
_REMARK = "a vendor's remark of 2019, without a method"
_PLANNED = "capacity asked of data centres, not power drawn; it is not said what trains"
_ANY_CHIP = "counts chips of any size, and does not say what trains"
_RENTED = "rented servers alone; the fleets that laboratories and hyperscalers own are outside"
_ONE_FIRM = "a firm that mostly ranks, held against the world's fleet and all who train there"
_NO_METHOD = "a rounded statement without a method, which does not say what counts as training"
_ONE_LAB = "one laboratory held against all, on parts from two sources, one of them a plan"
#: Why the projection's interval may not hold a split: judgements of ours.
REASONS = {
    "aws_2019_inference_share": _REMARK,
    "nvidia_2019_inference_share": _REMARK,
    "google_2021_inference_share": _ONE_FIRM,
    "meta_2021_inference_share": _ONE_FIRM,
    "meta_2021_inference_share_no_experiments": (
        "the model counts the final runs of frontier laboratories alone, Meta those of its "
        "recommenders"
    ),
    "deloitte_2023_inference_share": _NO_METHOD,
    "deloitte_2025_inference_share": _NO_METHOD,
    "deloitte_2026_inference_share": _NO_METHOD,
    "brookfield_2030_inference_share": _NO_METHOD,
    "anthropic_2024_training_spend_in_anthropic_2024_compute_plan": _ONE_LAB,
    "anthropic_2025_inference_share": (
        "one laboratory held against all; its inference is arithmetic on a projected margin"
    ),
    "openai_2024_inference_share": (
        "the lower of two readings of the year; the scenarios are weighted by their mean"
    ),
    "openai_2025_statement_share": (
        "research expense holds pay and stock, cost of revenue not all serving: a low end"
    ),
    "openai_2026_plan_share": "an analyst's serving against the laboratory's own plan to train",
    "gartner_2025_inference_share": _RENTED,
    "gartner_2026_inference_share": _RENTED,
    "gartner_aug2026_2027_inference_share": _RENTED,
    "gartner_2029_inference_share": _RENTED,
    "gartner_2028_accelerator_share": _ANY_CHIP,
    "barclays_2025_inference_share": _ANY_CHIP,
    "mckinsey_2025_inference_share": _PLANNED,
    "mckinsey_2030_inference_share": _PLANNED,
}
INSIDE, ONE_READING, OUTSIDE = "inside", "inside under one reading", "outside"
#: A spread needs so many figures of one year.
_FEWEST = 3


def _place(year: int) -> int:
    return int(np.flatnonzero(year == YEARS)[0])


@cache
def told() -> pd.DataFrame:
    """Published splits of the model's years and scopes, each fact once per definition.

    Returns
    -------
    pandas.DataFrame
        Rows of `observations` that are comparable, with ``group`` and ``model_scope``.
    """
    rows = observations()
    kept = rows[_why_left_out(rows) == ""]
    kept = kept.assign(
        group=kept["scope_kind"].map(GROUP), model_scope=kept["scope_kind"].map(MODEL_SCOPE)
    )
    return kept.reset_index(drop=True)


@cache
def left_out() -> pd.DataFrame:
    """The other rows of the ledger, with ``reason``."""
    rows = observations()
    rows = rows.assign(reason=_why_left_out(rows))
    return rows[rows["reason"] != ""].reset_index(drop=True)


def _why_left_out(rows: pd.DataFrame) -> pd.Series:
    definition = rows.set_index("split_id")[["unit", "denominator"]].apply(tuple, axis=1)
    first = rows["same_as"].map(definition)
    retold = (rows["same_as"] != "") & (first == rows["split_id"].map(definition))
    rules = {
        "one model or a family of them, which is no scope of the projection": ~rows[
            "scope_kind"
        ].isin(list(MODEL_SCOPE)),
        f"beyond {YEARS[-1]}, where the projection ends": ~rows["year"].isin(YEARS),
        "told already, under the same definition": retold,
    }
    found = rows["why_not"].copy()
    for reason, holds in rules.items():
        found = found.mask(holds & (found == ""), reason)
    return found


@lru_cache(maxsize=64)
def factors(model_scope: str, year: int) -> Factors:
    """What links definitions in a year, as drawn in the projection's scenarios.

    FLOP per chip come from the scope's own totals of that year. The share of final runs is that of
    developers in every scope: the fleet's own ratio would call all training outside the frontier
    laboratories an experiment.
    """
    scope = "fleet" if model_scope == "fleet" else "labs"
    per_chip = {
        part: projection.drawn(f"total:{scope}:flop:{part}")[:, _place(year)]
        / projection.drawn(f"total:{scope}:chips:{part}")[:, _place(year)]
        for part in ("inference", "training")
    }
    return Factors(
        utilisation_ratio=per_chip["inference"] / per_chip["training"],
        price_ratio=projection.drawn_input("inference_price_ratio"),
        draw_ratio=projection.drawn_input("inference_draw_ratio"),
        final_run_share=projection.drawn_input("final_run_share"),
    )


def as_definition(rows: pd.DataFrame, target: Definition) -> pd.DataFrame:
    """Rows of `told` with ``value_as``, ``low_as``, ``high_as``, by the factors of their year."""
    parts = [
        put_as(part, target, factors(*key), projection.SEED, level=LEVEL)
        for key, part in rows.groupby(["model_scope", "year"], sort=False)
    ]
    return pd.concat(parts).loc[rows.index]


@cache
def on_one_definition() -> pd.DataFrame:
    """`told` as shares of `CHIPS`."""
    return as_definition(told(), CHIPS)


def _draws_as(row: pd.Series, target: Definition) -> np.ndarray:
    """Draws of a printed share under a definition, in its nearest reading."""
    links = factors(row["model_scope"], int(row["year"]))
    own = row["own_final_run_share"]
    links = links if np.isnan(own) else replace(links, final_run_share=own)
    draws = convert_share(row["value"], readings(row, target)[0], target, links)
    return np.broadcast_to(draws, (projection.DRAWS,))


@cache
def spread_by_year() -> pd.DataFrame:
    """How far apart the figures for one year are, as printed and on one definition.

    Returns
    -------
    pandas.DataFrame
        One row per ``year`` and ``group`` ("all" among them) with at least three figures:
        ``count``, ``printed_low``, ``printed_high``, ``as_low``, ``as_high`` (least and most of
        the shares), ``printed``, ``converted`` (most less least) with its interval ``low`` to
        ``high``, and ``narrower``, the chance that conversion narrows it.
    """
    rows = on_one_definition()
    both = pd.concat([rows, rows.assign(group="all")])
    found = []
    for (year, group), part in both.groupby(["year", "group"]):
        if len(part) < _FEWEST:
            continue
        draws = np.array([_draws_as(row, CHIPS) for _, row in part.iterrows()])
        wide = draws.max(axis=0) - draws.min(axis=0)
        it = percentile_interval(wide, LEVEL)
        printed = part["value"].max() - part["value"].min()
        found.append(
            {
                "year": year, "group": group, "count": len(part),
                "printed_low": part["value"].min(), "printed_high": part["value"].max(),
                "as_low": part["value_as"].min(), "as_high": part["value_as"].max(),
                "printed": printed, "converted": it.central, "low": it.low, "high": it.high,
                "narrower": float(np.mean(wide < printed)),
            }
        )  # fmt: skip
    return pd.DataFrame(found)


def spread(year: int, group: str = LABS) -> pd.Series:
    """One row of `spread_by_year`."""
    return spread_by_year().set_index(["year", "group"]).loc[(year, group)]


@cache
def accounts() -> pd.DataFrame:
    """OpenAI's accounts of 2024 and 2025 under every unit and denominator.

    Returns
    -------
    pandas.DataFrame
        ``split_id``, ``account``, ``year``, ``unit``, ``denominator``, ``share``, ``low``,
        ``high``, ``printed`` (as somebody published it; the rest is converted), ``kind``,
        ``confidence``, ``measured_by``, ``source_id``.
    """
    rows = told()
    chosen = rows[rows["split_id"].isin(list(ACCOUNTS))]
    twin = rows.set_index("split_id").loc[FINAL_RUNS_TOLD]
    found = []
    for unit in UNITS:
        for denominator in DENOMINATORS:
            target = Definition(unit, denominator)
            part = as_definition(chosen, target).assign(to_unit=unit, to_denominator=denominator)
            part["printed"] = target == MONEY
            if target == FINAL_MONEY:
                again = part["split_id"] == twin["same_as"]
                part.loc[again, ["value_as", "low_as", "high_as"]] = twin["value"]
                part.loc[again, ["measured_by", "source_id"]] = (
                    twin["measured_by"], twin["source_id"],
                )  # fmt: skip
                part.loc[again, "printed"] = True
            found.append(part)
    both = pd.concat(found).assign(account=lambda rows: rows["split_id"].map(ACCOUNTS))
    both["order"] = both["split_id"].map({name: i for i, name in enumerate(ACCOUNTS)})
    both = both.sort_values(["order", "to_unit", "to_denominator"], kind="stable")
    names = {
        "to_unit": "unit", "to_denominator": "denominator", "value_as": "share", "low_as": "low",
        "high_as": "high",
    }  # fmt: skip
    both = both.drop(columns=["unit", "denominator", "low", "high"]).rename(columns=names)
    return both[
        ["split_id", "account", "year", "unit", "denominator", "share", "low", "high", "printed",
         "kind", "confidence", "measured_by", "source_id"]
    ].reset_index(drop=True)  # fmt: skip


def account(split_id: str, unit: str = "spend", denominator: str = "rnd") -> Interval:
    """One share of `accounts` with its interval."""
    row = accounts().set_index(["split_id", "unit", "denominator"])
    share, low, high = row.loc[(split_id, unit, denominator), ["share", "low", "high"]]
    return Interval(float(low), float(share), float(high), LEVEL)


def printed_accounts(year: int, denominator: str = "rnd") -> list[float]:
    """Shares of money printed in the accounts of a year, least first."""
    rows = accounts()
    rows = rows[rows["printed"] & (rows["year"] == year) & (rows["denominator"] == denominator)]
    return sorted(rows["share"].tolist())


@cache
def against_model() -> pd.DataFrame:
    """Every published split of `told` against the projection under its own definition.

    Returns
    -------
    pandas.DataFrame
        One row per split and reading of its definition, by year: ``split_id``, ``year``,
        ``entity``, ``scope``, ``model_scope``, ``group``, ``measured_by``, ``unit``,
        ``denominator``, ``first_reading``, ``share``, ``kind``, ``ahead``, ``confidence``,
        ``source_id``, ``low``, ``median``, ``high`` (the projection's central 90%), ``inside``
        (this reading), ``verdict`` (of the split: inside under all readings, under one at least,
        or outside), ``reason`` (of those outside) and ``weighed`` (the scenarios are weighted by
        accounts of the same year, so it is no independent test).
    """
    found = []
    for _, row in told().iterrows():
        means = readings(row, CHIPS)
        for i, reading in enumerate(means):
            outcome = ":".join(
                ["share", row["model_scope"], _OUTCOME_UNIT[reading.unit],
                 _COUNTED[reading.denominator]]
            )  # fmt: skip
            it = projection.at(outcome, int(row["year"]))
            kept = row[
                ["split_id", "year", "entity", "scope", "model_scope", "group", "measured_by",
                 "kind", "ahead", "confidence", "source_id"]
            ].to_dict()  # fmt: skip
            found.append(
                kept
                | {
                    "unit": reading.unit, "denominator": reading.denominator,
                    "first_reading": i == 0, "share": row["value"], "low": it.low,
                    "median": it.central, "high": it.high, "inside": row["value"] in it,
                }
            )  # fmt: skip
    rows = pd.DataFrame(found)
    within = rows.groupby("split_id")["inside"]
    verdict = np.where(within.transform("any"), ONE_READING, OUTSIDE)
    rows["verdict"] = np.where(within.transform("all"), INSIDE, verdict)
    rows["weighed"] = _weighed(rows)
    rows["reason"] = rows["split_id"].map(REASONS).fillna("").where(rows["verdict"] == OUTSIDE, "")
    return rows


def _weighed(rows: pd.DataFrame) -> pd.Series:
    """Whether accounts of the lead laboratory in a row's year weight the scenarios."""
    keys = [key.split(":") for key in projection.readings() if "spend" in key]
    years = {int(float(time)) for _, _, time in keys}
    return (rows["model_scope"] == "lead_lab") & rows["year"].isin(years)


def verdicts() -> pd.Series:
    """Number of splits by verdict."""
    once = against_model().drop_duplicates("split_id")
    return once["verdict"].value_counts().reindex([INSIDE, ONE_READING, OUTSIDE], fill_value=0)


def independent() -> pd.DataFrame:
    """Splits whose accounts do not weight the scenarios, one row each."""
    rows = against_model()
    return rows[rows["first_reading"] & ~rows["weighed"]].reset_index(drop=True)


def above() -> int:
    """Number of splits outside that lie above the interval, in the reading nearest to chips."""
    rows = outside()
    return int((rows["share"] > rows["high"]).sum())


def outside() -> pd.DataFrame:
    """Splits outside the projection's interval under every reading, with the reason."""
    rows = against_model()
    return rows[rows["first_reading"] & (rows["verdict"] == OUTSIDE)].reset_index(drop=True)
