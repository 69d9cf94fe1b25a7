"""Chips available against the work counted, and the split where one or the other sets it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.demand import evidence
from analysis.demand.closure import closure, supply_bound
from analysis.demand.findings import growth, projection
from analysis.demand.model import MID_YEARS, YEARS, Projection
from analysis.demand.service import project
from analysis.demand.shares import inference_share
from analysis.test_time_compute.split import inference_share as best_inference_share
from analysis.uncertainty import Interval, percentile_interval

LEVEL = projection.LEVELS[-1]
FIRST, LAST = 2022, 2030
LABS_TRAINING, OTHERS_TRAINING = "training by the labs", "training by others"
OTHER_ML, UNEXPLAINED = "other machine learning", "not explained"
CHAT, REASONING, AGENTS, EMBEDDED = "chat", "reasoning", "agents", "embedded in products"
#: Parts of the work, by name, of keys of `closure.closure`, in the order in which they are stacked.
PARTS = {
    LABS_TRAINING: ("training",),
    OTHERS_TRAINING: ("other_training",),
    OTHER_ML: ("other_ml_training", "other_ml"),
    CHAT: ("chat",),
    REASONING: ("reasoning",),
    AGENTS: ("agents",),
    EMBEDDED: ("embedded",),
}
DEMAND, AVAILABLE = "chips that the counted work takes", "chips installed and working"
SOLD, DEPLOYED = "sold since 2022", "deployed, by three labs' share"

DEMAND_SETS, SUPPLY_BINDS = "demand sets it", "supply binds"
LABS_SPEND, FLEET_CHIPS = "the frontier labs' spend", "all AI chips"
MEASURES = {LABS_SPEND: ("labs", "usd"), FLEET_CHIPS: ("fleet", "chips")}
SPLIT_FIRST = 2023


def sampled(first: int) -> Projection:
    """What the sampled scenarios demand from a year on, entries of shape (draws, years)."""
    return project(projection.sampled_inputs(), times=MID_YEARS[first <= YEARS])


def _ends(draws: np.ndarray) -> np.ndarray:
    """Low, median and high of draws along the first axis."""
    return np.quantile(draws, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=0)


@lru_cache(maxsize=1)
def _closed() -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Proportions of the parts, bands of demand and supply, and demand over supply by draw."""
    chips = closure(sampled(FIRST))
    counted = {name: sum(chips[key] for key in keys) for name, keys in PARTS.items()}
    demand = sum(counted.values())
    years = YEARS[YEARS >= FIRST]
    mean = {name: (value / demand).mean(axis=0) for name, value in counted.items()}
    bands = []
    for name, draws in ((DEMAND, demand), (AVAILABLE, chips["available"])):
        low, central, high = _ends(draws)
        bands.append(
            pd.DataFrame(
                {"series": name, "year": years, "value": central, "low": low, "high": high}
            )
        )
    ratio = demand / chips["available"]
    return pd.DataFrame(mean, index=years), pd.concat(bands, ignore_index=True), ratio


def chips_by_year() -> pd.DataFrame:
    """Median and 90% interval of the chips wanted and the chips there, H100-equivalents."""
    return _closed()[1]


@lru_cache(maxsize=1)
def explained() -> pd.DataFrame:
    """Chips that the counted work takes over those available, by year.

    Returns
    -------
    DataFrame
        ``year``, ``low``, ``share``, ``high`` and ``over`` (share of the scenarios above one).
    """
    ratio = _closed()[2]
    low, central, high = _ends(ratio)
    years = YEARS[YEARS >= FIRST]
    over = np.mean(ratio > 1, axis=0)
    return pd.DataFrame({"year": years, "low": low, "share": central, "high": high, "over": over})


@lru_cache(maxsize=1)
def parts_of_supply() -> pd.DataFrame:
    """The parts as shares of the available chips: ``year``, ``part``, ``share``.

    Medians of parts do not add to the median of their sum, so that one is divided in the parts'
    mean proportions; what is left of the available chips is not explained.
    """
    rows = []
    for _, row in explained().iterrows():
        year = int(row["year"])
        parts = _closed()[0].loc[year] * row["share"]
        rows += [{"year": year, "part": part, "share": value} for part, value in parts.items()]
        if row["share"] < 1:
            rows.append({"year": year, "part": UNEXPLAINED, "share": 1 - row["share"]})
    return pd.DataFrame(rows)


def explained_in(year: int) -> Interval:
    """Explained share of the available chips in a year."""
    row = explained().set_index("year").loc[year]
    return Interval(row["low"], row["share"], row["high"], LEVEL)


def over_supply(year: int) -> float:
    """Share of the scenarios in which the work counted needs more chips than there are."""
    return float(explained().set_index("year").loc[year, "over"])


@lru_cache(maxsize=1)
def observed_chips() -> pd.DataFrame:
    """Chips sold by year end, and deployed as the share of three labs implies.

    Returns
    -------
    DataFrame
        ``series``, ``time`` (decimal year), ``value``, ``low``, ``high``, ``kind``, ``source_id``.
    """
    rows = catalog.load("chip_supply")
    rows = rows[rows["period"].str.fullmatch(r"\d{4}Q4")]
    sold = evidence.sold_by_year_end(rows.assign(year=evidence.quarter_ends(rows["period"])))
    sums = sold.groupby("year")[["value", "low", "high"]].sum().reset_index(names="time")
    source = rows.loc[rows["metric"] == "cumulative_compute", "source_id"].iloc[0]
    sums = sums.assign(series=SOLD, kind="estimate", source_id=source)
    return pd.concat([sums, pd.DataFrame([_deployed()])], ignore_index=True)


def _deployed() -> dict[str, object]:
    splits = catalog.load("compute_splits")
    share = splits[splits["metric"] == "lab_share_of_world_compute"].iloc[-1]
    labs = growth.lab_rows((int(share["year"]),))
    # xAI is counted under its new name.
    names = [name.strip() for name in share["entity"].replace("xAI", "SpaceXAI").split(",")]
    labs = labs[labs["vendor"].isin(names)].reset_index(drop=True)
    if len(labs) != len(names):
        raise ValueError(
            f"compute_splits names {names}, peer_projections holds {labs['vendor'].tolist()} for "
            f"{share['year']}; accepted: the same laboratories"
        )
    draws = growth.sums_by_year(labs, projection.DRAWS, projection.SEED)[int(share["year"])]
    spread = percentile_interval(draws, LEVEL)
    in_use = 1e6 / float(share["value"])
    return {
        "series": DEPLOYED, "time": int(share["year"]) + 1.0,
        "value": in_use * float(labs["value"].sum()), "low": in_use * spread.low,
        "high": in_use * spread.high, "kind": "derived", "source_id": share["source_id"],
    }  # fmt: skip


# Who sets the split.


def counted_labs() -> tuple[str, ...]:
    """Laboratories whose chips are counted at both year ends of `lab_share_draws`."""
    return tuple(growth.lab_rows(_lab_years())["vendor"].drop_duplicates())


def _lab_years() -> tuple[int, int]:
    return growth.GOOGLE_YEAR - 1, growth.GOOGLE_YEAR


@lru_cache(maxsize=1)
def lab_share_draws() -> np.ndarray:
    """Share of the working chips that the laboratories counted use, by draw and year end.

    Sums of the labs' counts are drawn, as their percentiles do not add, over the chips that work
    in the same scenario.
    """
    years = _lab_years()
    labs = growth.sums_by_year(growth.lab_rows(years), projection.DRAWS, projection.SEED)
    ends = np.array([year + 1.0 for year in years])
    there = project(projection.sampled_inputs(), times=ends).available_h100e
    used = np.column_stack([labs[year] * 1e6 for year in years])
    return np.minimum(used / there, 1.0)


def lab_share(year: int) -> Interval:
    """Median and interval of `lab_share_draws` at the end of a year."""
    return percentile_interval(lab_share_draws()[:, _lab_years().index(year)], LEVEL)


def held_by_labs() -> np.ndarray:
    """The labs' share at the model's times: between the counts in line, outside as the nearest."""
    first, last = (year + 1.0 for year in _lab_years())
    times = MID_YEARS[YEARS >= SPLIT_FIRST]
    weight = np.clip((times - first) / (last - first), 0.0, 1.0)
    ends = lab_share_draws()
    return ends[:, :1] * (1 - weight) + ends[:, 1:] * weight


@lru_cache(maxsize=1)
def elasticity_draws() -> np.ndarray:
    """Draws of the exchange elasticity of the chapter on test-time compute."""
    uniform = np.random.default_rng(projection.SEED).uniform(1e-9, 1 - 1e-9, projection.DRAWS)
    return assumptions.get("exchange_elasticity").quantile(uniform)


@lru_cache(maxsize=1)
def split_by_mode() -> pd.DataFrame:
    """Share of inference by who sets it: ``measure``, ``mode``, ``year``, ``low``, ``share``, ...

    Returns
    -------
    DataFrame
        ``high`` and ``above_half`` (share of the scenarios) beside.
    """
    scenarios = sampled(SPLIT_FIRST)
    bound = supply_bound(scenarios, elasticity_draws()[:, None], held_by_labs())
    years = YEARS[YEARS >= SPLIT_FIRST]
    rows = []
    for measure, (scope, unit) in MEASURES.items():
        for mode, draws in (
            (DEMAND_SETS, inference_share(scenarios, scope, unit)),
            (SUPPLY_BINDS, bound.inference_share(scope, unit)),
        ):
            low, central, high = _ends(draws)
            rows.append(
                pd.DataFrame(
                    {
                        "measure": measure, "mode": mode, "year": years, "low": low,
                        "share": central, "high": high,
                        "above_half": np.mean(draws >= 0.5, axis=0),
                    }
                )
            )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def split_in(measure: str, mode: str, year: int) -> Interval:
    """Share of inference in a year, by who sets it."""
    table = split_by_mode().set_index(["measure", "mode", "year"]).loc[(measure, mode, year)]
    return Interval(table["low"], table["share"], table["high"], LEVEL)


def best_spend() -> Interval:
    """What labs would spend on inference where supply binds: 1 / (1 + e)."""
    return percentile_interval(best_inference_share(elasticity_draws()), LEVEL)


def best_spend_above_half() -> float:
    """Chance that the best split is inference for more than half."""
    return float(np.mean(best_inference_share(elasticity_draws()) > 0.5))
