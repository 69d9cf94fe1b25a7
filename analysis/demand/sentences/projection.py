"""The projection in words."""

from __future__ import annotations

import numpy as np

from analysis import assumptions, catalog
from analysis.demand import known
from analysis.demand.conditioning import effective_scenarios
from analysis.demand.findings import projection as found
from analysis.demand.inputs import ACCEPTED, DRIVERS
from analysis.demand.published_splits import observations
from analysis.uncertainty import Interval
from analysis.wording import count, digits, percent, span, usd

_SHARES = {
    "lead": "share:lead_lab:usd:rnd",
    "labs": "share:labs:usd:rnd",
    "labs_final": "share:labs:usd:final",
    "world": "share:fleet:chips:rnd",
    "world_final": "share:fleet:chips:final",
    "world_flop": "share:fleet:flop:rnd",
    "world_money": "share:fleet:usd:rnd",
}


def numbers() -> dict[str, str]:
    """Every number of the projection, formatted."""
    return {**_model(), **_by_year(), **_documents(), **_crossings(), **_levels(), **_rivals()}


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _model() -> dict[str, str]:
    chosen = [a for a in assumptions.for_topic("demand") if a.id in ACCEPTED]
    return {
        "inputs": str(len(ACCEPTED)),
        "drivers": str(len(DRIVERS)),
        "chosen": str(len(chosen)),
        "scenarios": f"{found.DRAWS:,}",
        "prior_scenarios": f"{found.PRIOR_DRAWS:,}",
        "effective": digits(effective_scenarios(found.weights())),
        "readings": str(len(found.readings())),
        "widening": digits(assumptions.get("use_widening").central),
    }


def _by_year() -> dict[str, str]:
    said = {}
    for name, outcome in _SHARES.items():
        for year in (2021, 2024, 2025, 2026, 2027, 2030):
            it = found.at(outcome, year)
            said[f"{name}_{year}"] = percent(it.central)
            said[f"{name}_{year}_span"] = _percents(it)
    for name in ("labs", "world"):
        for year in (2027, 2030):
            said[f"chance_{name}_{year}"] = percent(found.chance(_SHARES[name], year))
    said["chance_world_final_2027"] = percent(found.chance(_SHARES["world_final"], 2027))
    return said


def _documents() -> dict[str, str]:
    """What the documents say of 2027, and how many scenarios have it."""
    rows = observations().set_index("split_id")
    said = {}
    for name, split in (
        ("low", "document002_2027_low_ratio"),
        ("high", "document002_2027_high_ratio"),
        ("budget", "document004_2027_share"),
    ):
        row = rows.loc[split]
        least = float(row["low"] if row["low"] == row["low"] else row["value"])
        said[f"document_{name}_share"] = percent(least)
        for counted in ("world", "world_final"):
            chance = found.chance(_SHARES[counted], 2027, above=least)
            said[f"document_{name}_chance_{counted}"] = percent(chance)
    return said


def _crossings() -> dict[str, str]:
    world = found.crossing("fleet", "chips", "rnd").set_index("year")["share"]
    return {
        "not_by_world": percent(found.not_by_the_end("fleet", "chips", "rnd")),
        "not_by_labs": percent(found.not_by_the_end("labs", "usd", "rnd")),
        "not_by_labs_final": percent(found.not_by_the_end("labs", "usd", "final")),
        "crossed_by_2026": percent(float(world[:"2026"].sum())),
        "crossed_2027_to_2030": percent(float(world["2027":"2030"].sum())),
    }


def _levels() -> dict[str, str]:
    def level(outcome: str, year: int, words: object = count, scale: float = 1.0) -> list[str]:
        it = found.at(outcome, year)
        low, mid, high = (words(scale * v) for v in (it.low, it.central, it.high))  # type: ignore[operator]
        return [mid, span(low, high)]

    said = {}
    for name, outcome, words, scale in (
        ("training_chips", "total:fleet:chips:training", count, 1.0),
        ("inference_chips", "total:fleet:chips:inference", count, 1.0),
        ("working_chips", "level:available_h100e", count, 1.0),
        ("labs_training_usd", "total:labs:usd:training", usd, 1.0),
        ("labs_inference_usd", "total:labs:usd:inference", usd, 1.0),
        ("training_gw", "total:fleet:power_w:training", digits, 1e-9),
        ("inference_gw", "total:fleet:power_w:inference", digits, 1e-9),
        ("world_tokens", "total:fleet:tokens:inference", count, 1 / 365.2425),
    ):
        for year in (2025, 2030):
            said[f"{name}_{year}"], said[f"{name}_{year}_span"] = level(outcome, year, words, scale)
    for part in ("training", "inference"):
        it = found.growth(f"total:fleet:chips:{part}", 2025, 2030)
        said[f"{part}_growth"] = digits(it.central)
        said[f"{part}_growth_span"] = span(digits(it.low), digits(it.high))
    faster = found.drawn("total:fleet:chips:inference") / found.drawn("total:fleet:chips:training")
    said["inference_grows_faster"] = percent(float(np.mean(faster[:, -1] > faster[:, 6])))
    power = found.drawn("total:fleet:power_w:training") + found.drawn(
        "total:fleet:power_w:inference"
    )
    for year, place in ((2025, 6), (2027, 8), (2030, 11)):
        low, mid, high = np.quantile(power[:, place] / 1e9, (0.05, 0.5, 0.95))
        said[f"power_gw_{year}"] = digits(mid)
        said[f"power_gw_{year}_span"] = span(digits(low), digits(high))
    return said


def _rivals() -> dict[str, str]:
    rows = catalog.load("compute_splits").set_index("split_id")["value"]
    names = {
        "deloitte_2026": "deloitte_2026_inference_share",
        "deloitte_2025": "deloitte_2025_inference_share",
        "gartner_2026": "gartner_2026_inference_share",
        "gartner_2029": "gartner_2029_inference_share",
        "mckinsey_2030": "mckinsey_2030_inference_share",
        "brookfield_2030": "brookfield_2030_inference_share",
        "document_2023": "document004_2023_share",
        "document_2027": "document004_2027_share",
        "openai_plan_2026": "openai_2026_plan_share",
        "openai_plan_2030": "openai_2030_plan_share",
    }
    said = {f"said_{name}": percent(float(rows[key])) for name, key in names.items()}
    for name in ("deloitte", "gartner", "jll", "mckinsey"):
        said[f"said_crossing_{name}"] = f"{rows[f'crossover_{name}']:.0f}"
    levels = known.observed_levels().set_index(["quantity", "scope", "year"])["value"]
    said["sold_2025"] = count(float(levels["sold_h100e", "fleet", 2026.0]))
    return said
