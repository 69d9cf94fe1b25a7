"""Supply against demand, growth, tokens and the named views in words."""

from __future__ import annotations

import numpy as np

from analysis.demand.findings import closing, growth, views
from analysis.demand.sentences.percents import percent
from analysis.uncertainty import Interval
from analysis.wording import digits, span

_NOW, _END = 2025, closing.LAST


def numbers() -> dict[str, str]:
    """Every number of closure, growth and views, formatted."""
    return {**_closure(), **_split(), **_factors(), **_tokens(), **_views()}


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _spans(it: Interval) -> str:
    return span(digits(it.low), digits(it.high))


def _closure() -> dict[str, str]:
    now = closing.explained_in(_NOW)
    left = closing.parts_of_supply().set_index(["year", "part"])["share"]
    table = closing.explained().set_index("year")
    short = table.index[(table["over"] >= 0.5) & (table.index > _NOW)]
    return {
        "explained_now": percent(now.central),
        "explained_now_span": _percents(now),
        "unexplained_now": percent(float(left.get((_NOW, closing.UNEXPLAINED), 0.0))),
        "over_supply_end": percent(closing.over_supply(_END)),
        "over_supply_next": percent(closing.over_supply(_NOW + 1)),
        "over_supply_likely_from": f"{short[0]}" if len(short) else f"not by {_END}",
    }


def _split() -> dict[str, str]:
    found: dict[str, str] = {}
    for key, mode in (("demand", closing.DEMAND_SETS), ("supply", closing.SUPPLY_BINDS)):
        it = closing.split_in(closing.LABS_SPEND, mode, _END)
        found[f"split_labs_{key}_end"] = percent(it.central)
        found[f"split_labs_{key}_end_span"] = _percents(it)
    held = closing.lab_share(_NOW)
    return found | {
        "best_spend_above_half": percent(closing.best_spend_above_half()),
        "labs_hold": percent(held.central),
        "labs_hold_span": _percents(held),
    }


def _factors() -> dict[str, str]:
    found: dict[str, str] = {}
    for key, year in (("now", _NOW), ("end", _END)):
        spend = growth.growth_of(growth.TOTAL, year)
        found[f"growth_spend_{key}"] = digits(spend.central)
        found[f"growth_spend_{key}_span"] = _spans(spend)
        found[f"growth_people_{key}"] = digits(growth.growth_of(growth.PEOPLE, year).central)
    for name, parts in (
        ("price", (growth.PRICE,)), ("work", (growth.WORK,)), ("programs", (growth.PROGRAMS,)),
        ("thinking_products", (growth.THINKING, growth.PRODUCTS)),
    ):  # fmt: skip
        made = np.prod([growth.growth_of(part, _NOW).central for part in parts])
        found[f"growth_{name}_now"] = digits(float(made))
    for name, unit in (("spend", "usd"), ("chips", "chips")):
        past = growth.past_peak(unit)["share"].iloc[-1]
        found[f"past_peak_{name}_end"] = percent(float(past))
    return found


def _tokens() -> dict[str, str]:
    first, second = growth.google_steps()
    tokens, cost = growth.grew(growth.GOOGLE_TOKENS), growth.grew(growth.GOOGLE_COST)
    compute, own = growth.grew(growth.GOOGLE_COMPUTE), growth.grew(growth.GOOGLE_CHIPS)
    return {
        "google_first_step": digits(first),
        "google_second_step": digits(second, 1),
        "google_year": str(growth.GOOGLE_YEAR),
        "google_tokens": digits(tokens.central),
        "google_tokens_span": _spans(tokens),
        "google_unit_cost_fall": percent(growth.unit_cost_fall()),
        "google_cost": digits(cost.central),
        "google_cost_span": _spans(cost),
        "google_compute": digits(compute.central),
        "google_compute_span": _spans(compute),
        "google_chips": digits(own.central),
        "google_chips_span": _spans(own),
        "chips_sold_growth": digits(growth.chip_growth()["growth"].iloc[1]),
    }


def _views() -> dict[str, str]:
    found = {
        f"view_{view}_labs_end": percent(views.share_in(views.LABS_SPEND, views.LAST, view))
        for view in ("documents", "agents", "accounts", "efficiency")
    }
    for view in ("documents", "agents"):
        year = views.crossing(views.LABS_SPEND, view)
        crossed = f"{year:.0f}" if np.isfinite(year) else f"not by {views.LAST}"
        found[f"view_{view}_labs_crossing"] = crossed
    return found
