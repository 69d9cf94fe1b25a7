"""Supply against demand, growth, tokens and the named views in words."""

from __future__ import annotations

import numpy as np

from analysis.demand import scenarios
from analysis.demand.findings import closing, growth, views
from analysis.uncertainty import Interval
from analysis.wording import count, digits, percent, span

_NOW, _END = 2025, closing.LAST


def numbers() -> dict[str, str]:
    """Every number of closure, growth and views, formatted."""
    return {**_closure(), **_split(), **_factors(), **_tokens(), **_views()}


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _spans(it: Interval) -> str:
    return span(digits(it.low), digits(it.high))


def _closure() -> dict[str, str]:
    found: dict[str, str] = {}
    parts = closing.parts_of_supply().set_index(["year", "part"])["share"]
    for name, year in (("now", _NOW), ("end", _END)):
        it = closing.explained_in(year)
        found[f"explained_{name}"] = percent(it.central)
        found[f"explained_{name}_span"] = _percents(it)
    left = parts.get((_NOW, closing.UNEXPLAINED), 0.0)
    seen = closing.observed_chips().set_index(["series", "time"])["value"]
    table = closing.explained().set_index("year")
    short = table.index[(table["over"] >= 0.5) & (table.index > _NOW)]
    chips = closing.chips_by_year().set_index(["series", "year"])["value"]
    return found | {
        "unexplained_now": percent(float(left)),
        "over_supply_end": percent(closing.over_supply(_END)),
        "over_supply_next": percent(closing.over_supply(_NOW + 1)),
        "over_supply_likely_from": f"{short[0]}" if len(short) else f"not by {_END}",
        "chips_working_now": count(float(chips[closing.AVAILABLE, _NOW])),
        "chips_wanted_now": count(float(chips[closing.DEMAND, _NOW])),
        "chips_sold_end_now": count(float(seen[closing.SOLD, _NOW + 1.0])),
        "chips_deployed_end_now": count(float(seen[closing.DEPLOYED, _NOW + 1.0])),
    }


def _split() -> dict[str, str]:
    found: dict[str, str] = {}
    for key, measure in (("labs", closing.LABS_SPEND), ("fleet", closing.FLEET_CHIPS)):
        for mode_key, mode in (("demand", closing.DEMAND_SETS), ("supply", closing.SUPPLY_BINDS)):
            it = closing.split_in(measure, mode, _END)
            found[f"split_{key}_{mode_key}_end"] = percent(it.central)
            found[f"split_{key}_{mode_key}_end_span"] = _percents(it)
    best, held = closing.best_spend(), closing.lab_share(_NOW)
    return found | {
        "best_inference_spend": percent(best.central),
        "best_inference_spend_span": _percents(best),
        "best_spend_above_half": percent(closing.best_spend_above_half()),
        "labs_hold": percent(held.central),
        "labs_hold_span": _percents(held),
        "labs_counted": str(len(closing.counted_labs())),
    }


def _factors() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, part in (
        ("use", growth.USE), ("price", growth.PRICE), ("work", growth.WORK),
        ("people", growth.PEOPLE), ("programs", growth.PROGRAMS), ("spend", growth.TOTAL),
    ):  # fmt: skip
        for key, year in (("now", _NOW), ("end", _END)):
            it = growth.growth_of(part, year)
            found[f"growth_{name}_{key}"] = digits(it.central)
            found[f"growth_{name}_{key}_span"] = _spans(it)
    for name, unit in (("spend", "usd"), ("chips", "chips")):
        past = growth.past_peak(unit)["share"].iloc[-1]
        found[f"past_peak_{name}_end"] = percent(float(past))
    return found


def _tokens() -> dict[str, str]:
    first, second = growth.google_steps()
    tokens, cost = growth.grew(growth.GOOGLE_TOKENS), growth.grew(growth.GOOGLE_COST)
    compute, own = growth.grew(growth.GOOGLE_COMPUTE), growth.grew(growth.GOOGLE_CHIPS)
    series = growth.token_growth()
    later = series.groupby("series")["growth"].last()
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
        "tokens_later_span": span(digits(later.min()), digits(later.max())),
    }


def _views() -> dict[str, str]:
    found: dict[str, str] = {}
    for view in (*scenarios.VIEWS, None):
        key, view_id = (view.id, view.id) if view else ("central", None)
        for measure_key, measure in (("labs", views.LABS_SPEND), ("fleet", views.FLEET_CHIPS)):
            year = views.crossing(measure, view_id)
            share = views.share_in(measure, views.LAST, view_id)
            found[f"view_{key}_{measure_key}_end"] = percent(share)
            found[f"view_{key}_{measure_key}_crossing"] = (
                f"{year:.0f}" if np.isfinite(year) else f"not by {views.LAST}"
            )
    return found
