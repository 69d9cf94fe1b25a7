"""Drivers of training runs and of supply: runs, chips sold, their price and power."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from analysis.demand import evidence as ev
from analysis.demand.driver_context import WINDOW_YEARS, Context, pooled, recent
from analysis.demand.growth_paths import slowed_years
from analysis.demand.local_growth import GROWTH_FLOOR, PRIOR_COUNTS, local_growth
from analysis.scaling_laws.growth import record_holders
from analysis.scaling_laws.programme import FINAL_SHARE, programme_from_firms
from analysis.scaling_laws.trends import decimal_years

#: Records are rare, so they are looked for further back than counts of use.
RECORD_YEARS = 5.0
#: Prior scatter, in the logarithm, of different readings of one price, and of the share of final
#: runs between organisations.
READINGS_SCATTER = 0.3
SHARE_SCATTER = 0.5
_FIRM_DRAWS, _FIRM_SEED = 4000, 1


def of_runs(c: Context) -> None:
    records = record_holders(c.rows.runs)
    years = decimal_years(records["release_date"].tolist())
    recent = years >= c.as_of - RECORD_YEARS
    flop = records["training_flop"].to_numpy(dtype=np.float64)
    fit = local_growth(years[recent], flop[recent], anchor=c.anchor)
    largest = float(flop[years <= c.anchor].max())
    # A line through records says where the next one would be; the last is where the largest is.
    half_gap = 0.5 * math.log(fit.level / largest)
    wider = math.exp(math.hypot(math.log(fit.level_high / fit.level), half_gap))
    level = fit.level * math.exp(-half_gap)
    told = (
        f"{fit.counts} runs that were the largest at release, {fit.first:.1f} to {fit.last:.1f} "
        "(training_runs)"
    )
    c.put(
        "largest_run_flop", level / wider, level, level * wider,
        f"Between the line through {told}, {fit.level:.2g} FLOP at the anchor, and the largest run "
        f"by then, {largest:.2g}.",
    )  # fmt: skip
    c.put("run_growth", fit.growth_low, fit.growth, fit.growth_high, f"Slope of {told}.")
    c.tied["largest_run_flop", "run_growth"] = fit.correlation
    firms = c.rows.programme[c.rows.programme["metric"] == FINAL_SHARE]
    if len(firms):
        found_by = programme_from_firms(
            c.rows.programme, draws=_FIRM_DRAWS, seed=_FIRM_SEED, level=0.9
        )
        shares = [
            1 / found_by.multiplier_high, 1 / found_by.multiplier_central,
            1 / found_by.multiplier_low,
        ]  # fmt: skip
        reason = (
            f"{found_by.organisations} organisations of programme_compute, each as likely: the "
            "spread between them."
        )
    else:
        values = final_run_shares(c.rows.splits)
        near, middle, far = pooled(values, SHARE_SCATTER)
        # Another organisation may differ from the mean as these do from each other.
        wide = math.sqrt(1 + len(values))
        shares = [middle * (near / middle) ** wide, middle, min(far, 0.9)]
        reason = (
            f"Published by then: {len(values)} research projects ({min(values):.2f} to "
            f"{max(values):.2f}), no laboratory; much lower is possible."
        )
    low, central, high = shares
    c.put("final_run_share", low, central, high, reason)


def final_run_shares(splits: pd.DataFrame) -> list[float]:
    """Share of final runs in all training of a project, from shares and from ratios."""
    turn: dict[str, Callable[[float], float]] = {
        "final_runs_share_of_rnd": lambda x: x,
        "total_to_final_training_ratio": lambda x: 1 / x,
        "development_to_final_training_ratio": lambda x: 1 / (1 + x),
    }
    rows = splits[splits["metric"].isin(turn)]
    if rows.empty:
        raise ValueError(f"compute_splits has no row by that date with a metric among {[*turn]}")
    return [turn[m](float(v)) for m, v in zip(rows["metric"], rows["value"], strict=True)]


def of_supply(c: Context) -> None:
    sold = ev.sold_by_year_end(c.rows.supply)
    last = sold["year"].max()
    now = sold[sold["year"] == last].set_index("vendor")
    before = sold[sold["year"] == last - 1].set_index("vendor")
    both = now.index.intersection(before.index)
    slowed = -float(slowed_years(-1.0, c.central("supply_growth_decay")))
    ratio = float(now.loc[both, "value"].sum() / before.loc[both, "value"].sum())
    log_growth = math.log(ratio) / slowed
    half = float(stats.t.ppf(0.95, PRIOR_COUNTS)) * GROWTH_FLOOR * log_growth
    c.put(
        "supply_growth",
        math.exp(log_growth - half), math.exp(log_growth), math.exp(log_growth + half),
        f"{', '.join(both)}: {ratio:.2f} times in the year to the end of {last - 1:.0f} "
        "(chip_supply), less by supply_growth_decay; two points, so the spread is a prior of 15% "
        "of its logarithm.",
    )  # fmt: skip
    total = now[["value", "low", "high"]].sum()
    c.put(
        "supply_error", total["low"] / total["value"], 1.0, total["high"] / total["value"],
        "Published ranges at the last year end, the vendors' errors of one sign. Chips of China's "
        "own makers and others are not counted.",
    )  # fmt: skip


def of_price(c: Context) -> None:
    market = ev.rent_quotes(c.rows.rents, "on_demand")
    market = market[market["year"] >= c.as_of - WINDOW_YEARS]
    contracts = ev.rent_quotes(c.rows.rents, "contract_1_year")
    contracts = contracts[(contracts["year"] - c.anchor).abs() <= 1]
    accounts = ev.spend_per_h100e_hour(c.rows.splits, c.rows.in_use)
    levels: dict[str, float] = {}
    falls: dict[str, float] = {}
    if len(set(market["year"])) > 1:
        fit = local_growth(
            market["year"], market["value"], anchor=c.anchor, prior_scatter=READINGS_SCATTER
        )
        levels["on demand"], falls["on demand"] = fit.level, 1 / fit.growth
    elif len(market):
        levels["on demand"] = float(np.exp(np.log(market["value"]).mean()))
    if len(contracts):
        levels["one-year contracts"] = float(np.exp(np.log(contracts["value"]).mean()))
    year = math.floor(c.anchor)
    if year in accounts:
        levels["OpenAI's spend over its chips"] = accounts[year]
    if year in accounts and year - 1 in accounts:
        falls["OpenAI's spend over its chips"] = accounts[year - 1] / accounts[year]
    trend = ev.price_performance_growth(c.rows.trends)
    if trend is not None:
        falls["published trend of hardware"] = trend
    for name, kinds, unit, scatter in (
        ("usd_per_h100e_hour", levels, " USD", READINGS_SCATTER),
        ("price_fall", falls, " times a year", READINGS_SCATTER),
    ):
        if not kinds:
            raise ValueError(f"{name}: no rent, account or trend is dated by {c.as_of:.1f}")
        told = ", ".join(f"{kind} {value:.2f}{unit}" for kind, value in kinds.items())
        if name == "usd_per_h100e_hour" and len(accounts) > 1:
            told += "; by year " + ", ".join(f"{y} {v:.2f}" for y, v in accounts.items())
        c.put(name, *pooled([*kinds.values()], scatter), f"Mean of: {told}.")


def of_power(c: Context) -> None:
    rows = recent(ev.rated_watts_per_h100e(c.rows.supply))
    fit = local_growth(rows["year"], rows["value"], anchor=c.anchor)
    server, pue = c.assumed["server_power_share"], c.assumed["pue"]
    load = min(c.central("load_share") / c.central("inference_draw_ratio"), 1.0)
    rated = fit.level

    def meter(server_share: float, site: float) -> float:
        return rated * (load + server_share) * site

    central = meter(server.central, pue.central)
    ends = [
        central
        * math.exp(
            sign
            * math.hypot(
                math.log(meter(getattr(server, end), pue.central) / central),
                math.log(meter(server.central, getattr(pue, end)) / central),
            )
        )
        for sign, end in ((-1, "low"), (1, "high"))
    ]
    told = _capacity(c)
    if not told.empty:
        at_anchor = float(np.exp(np.interp(c.anchor, told.index + 1.0, np.log(told))))
        middle = math.sqrt(central * at_anchor)
        ends = [
            middle
            * math.exp(sign * math.hypot(math.log(end / central), math.log(middle / central)))
            for sign, end in zip((-1, 1), ends, strict=True)
        ]
        central = middle
    c.put(
        "watts_per_h100e", ends[0], central, ends[1],
        f"{rated:.0f} W rated per H100-equivalent of all chips sold (chip_supply), of which "
        f"{load:.0%} is drawn in training, with server_power_share and pue of hardware"
        + _told(told),
    )  # fmt: skip
    c.put(
        "watts_fall", 1 / fit.growth_high, 1 / fit.growth, 1 / fit.growth_low,
        f"Slope of rated power per H100-equivalent sold, {fit.counts} quarters (chip_supply).",
    )  # fmt: skip


def _capacity(c: Context) -> pd.Series:
    """The lead lab's capacity over its H100-equivalents in W, by the year that ends."""
    rows = c.rows.accounts
    rows = rows[(rows["lab"] == ev.LEAD_LAB) & (rows["metric"] == "compute_capacity")]
    ends = c.rows.in_use[c.rows.in_use["entity"] == ev.LEAD_LAB].set_index("year")["value"]
    return (rows.set_index("year")["value"] * 1e9 / (ends * 1e6)).dropna().sort_index()


def _told(watts: pd.Series) -> str:
    if watts.empty:
        return "; their spread."
    each = ", ".join(f"{value:.0f} W at the end of {year:.0f}" for year, value in watts.items())
    return f"; mean of that and OpenAI's capacity over its H100-equivalents, {each}."
