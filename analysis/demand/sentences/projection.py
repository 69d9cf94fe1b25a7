"""The projection in words."""

from __future__ import annotations

import numpy as np

from analysis import assumptions, catalog
from analysis.demand import known
from analysis.demand.conditioning import effective_scenarios
from analysis.demand.findings import closing, scarcity
from analysis.demand.findings import projection as found
from analysis.demand.inputs import ACCEPTED, DRIVERS
from analysis.demand.model import YEARS
from analysis.demand.published_splits import observations
from analysis.demand.service import project
from analysis.demand.shares import inference_share
from analysis.scaling_laws.programme import firm_shares
from analysis.uncertainty import Interval, percentile_interval
from analysis.units import DAYS_PER_YEAR
from analysis.wording import count, digits, percent, span, usd

#: Place of 2025 among the years.
_NOW = int(np.flatnonzero(YEARS == found.FORECAST_FROM - 1)[0])
#: Shares of which it is told what bears them.
_BORNE = (("labs", "labs", "usd", 2027), ("world", "fleet", "chips", 2030))
#: Years of each share that the prose names, and those named with their interval.
_SAID = {
    "lead": (2025, 2026, 2030), "labs": (2025,), "labs_final": (2025,),
    "world": (2025, 2026, 2027, 2030), "world_final": (2025, 2026, 2030), "labs_flop": (2025,),
    "labs_chips": (2025,),
}  # fmt: skip
_WITH_SPAN = (("lead", 2025), ("labs", 2025), ("world", 2025), ("world", 2027))
_SHARES = {
    "lead": "share:lead_lab:usd:rnd",
    "labs": "share:labs:usd:rnd",
    "labs_final": "share:labs:usd:final",
    "world": "share:fleet:chips:rnd",
    "world_final": "share:fleet:chips:final",
    "labs_flop": "share:labs:flop:rnd",
    "labs_chips": "share:labs:chips:rnd",
}


def numbers() -> dict[str, str]:
    """Every number of the projection, formatted."""
    return {
        **_model(),
        **_by_year(),
        **_documents(),
        **_crossings(),
        **_levels(),
        **_scarce(),
        **_bearing(),
        **_rivals(),
    }


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _at_least(chance: float) -> str:
    """A chance, without digits that the scenarios cannot bear."""
    return "under 1%" if chance < 0.01 else percent(chance)


def _model() -> dict[str, str]:
    chosen = [a for a in assumptions.for_topic("demand") if a.id in ACCEPTED]
    return {
        "inputs": str(len(ACCEPTED)),
        "drivers": str(len(DRIVERS)),
        "chosen": str(len(chosen)),
        "scenarios": f"{found.DRAWS:,}",
        "prior_scenarios": f"{found.PRIOR_DRAWS:,}",
        "effective": digits(effective_scenarios(found.weights())),
        "chance_error": digits(100 * found.sampling_error(0.5)),
        "readings": str(len(found.readings())),
        "widening": digits(assumptions.get("use_widening").central),
    }


def _by_year() -> dict[str, str]:
    said = {}
    for name, years in _SAID.items():
        for year in years:
            said[f"{name}_{year}"] = percent(found.at(_SHARES[name], year).central)
    for name, year in _WITH_SPAN:
        said[f"{name}_{year}_span"] = _percents(found.at(_SHARES[name], year))
    return said | {
        "chance_world_2027": percent(found.chance(_SHARES["world"], 2027)),
        "shares_table": _table(),
    }


def _table() -> str:
    """Every definition in four years, as rows of a table."""
    years = (2024, 2025, 2027, 2030)
    rows = [
        f"| definition | {' | '.join(map(str, years))} |",
        f"|---{'|---' * len(years)}|",
    ]
    for scope, scope_words in found.SCOPE_WORDS.items():
        for unit, unit_words in found.UNIT_WORDS.items():
            for counted, words in (("rnd", "all research"), ("final", "final runs only")):
                cells = []
                for year in years:
                    it = found.at(f"share:{scope}:{unit}:{counted}", year)
                    cells.append(f"{percent(it.central)} ({_percents(it)})")
                rows.append(f"| {scope_words}, {unit_words}, {words} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _documents() -> dict[str, str]:
    """What the documents say of 2027, and how many scenarios have it."""
    rows = observations().set_index("split_id")
    said = {}
    for name, split in (
        ("low", "document002_2027_low_ratio"),
        ("high", "document002_2027_high_ratio"),
    ):
        row = rows.loc[split]
        least = float(row["low"] if row["low"] == row["low"] else row["value"])
        said[f"document_{name}_share"] = percent(least)
        for counted in ("world", "world_final"):
            chance = found.chance(_SHARES[counted], 2027, above=least)
            said[f"document_{name}_chance_{counted}"] = _at_least(chance)
    return said


def _crossings() -> dict[str, str]:
    world = found.crossing("fleet", "chips", "rnd").set_index("year")["share"]
    return {
        "not_by_world": percent(found.not_by_the_end("fleet", "chips", "rnd")),
        "not_by_labs": percent(found.not_by_the_end("labs", "usd", "rnd")),
        "crossed_by_2026": percent(float(world[:"2026"].sum())),
        "crossed_2027_to_2030": percent(float(world["2027":"2030"].sum())),
    }


def _levels() -> dict[str, str]:
    said = {}
    for name, outcome, words in (
        ("training_chips", "total:fleet:chips:training", count),
        ("inference_chips", "total:fleet:chips:inference", count),
        ("labs_training_usd", "total:labs:usd:training", usd),
        ("labs_inference_usd", "total:labs:usd:inference", usd),
    ):
        it = found.at(outcome, 2025)
        said[f"{name}_2025"] = words(it.central)
        said[f"{name}_2025_span"] = span(words(it.low), words(it.high))
    said["working_chips_2025"] = count(found.at("level:available_h100e", 2025).central)
    tokens = found.at("total:fleet:tokens:inference", 2025).central
    said["world_tokens_2025"] = count(tokens / DAYS_PER_YEAR)
    for part in ("training", "inference"):
        it = found.growth(f"total:fleet:chips:{part}", 2025, 2030)
        said[f"{part}_growth"] = digits(it.central)
        said[f"{part}_growth_span"] = span(digits(it.low), digits(it.high))
    power = np.add(*(found.drawn(f"total:fleet:power_w:{p}") for p in ("training", "inference")))
    for year in (2025, 2030):
        place = int(np.flatnonzero(year == YEARS)[0])
        it = percentile_interval(power[:, place] / 1e9, found.LEVELS[-1])
        said[f"power_gw_{year}"] = digits(it.central)
        said[f"power_gw_{year}_span"] = span(digits(it.low), digits(it.high))
    return said | _per_chip() | _bounds()


def _per_chip() -> dict[str, str]:
    """FLOP that a chip does in a year of serving over one of training, at the labs in 2025."""
    per = {
        part: found.drawn(f"total:labs:flop:{part}")[:, _NOW]
        / found.drawn(f"total:labs:chips:{part}")[:, _NOW]
        for part in ("training", "inference")
    }
    it = percentile_interval(per["inference"] / per["training"], found.LEVELS[-1])
    return {"flop_per_chip": percent(it.central), "flop_per_chip_span": _percents(it)}


def _bounds() -> dict[str, str]:
    """The world's share in 2025 if all that is not explained trained, or served."""
    chips = found.drawn("level:available_h100e")[:, _NOW]
    training, inference = (
        found.drawn(f"total:fleet:chips:{part}")[:, _NOW] for part in ("training", "inference")
    )
    low, high = np.median(inference / chips), np.median(1.0 - training / chips)
    return {"bound_trains": percent(float(low)), "bound_serves": percent(float(high))}


def _scarce() -> dict[str, str]:
    """The split if the exchange rate sets it wherever chips are short."""
    said = {"scarce_chance_world_2030": percent(scarcity.chance(closing.FLEET_CHIPS, 2030))}
    for year in (2028, 2030):
        it = scarcity.at(closing.FLEET_CHIPS, year)
        said[f"scarce_world_{year}"] = percent(it.central)
        said[f"scarce_world_{year}_span"] = _percents(it)
    return said


def _bearing() -> dict[str, str]:
    """Points by which a tenth more of an input moves the share, at the weighed medians."""
    inputs, said = found.weighed_inputs(), {}
    for name in ("run_growth", "largest_run_flop", "final_run_share", "api_growth"):
        more = project({**inputs, name: 1.1 * inputs[name]})
        for key, scope, unit, year in _BORNE:
            place = int(np.flatnonzero(year == YEARS)[0])
            before, after = (
                float(np.ravel(inference_share(one, scope, unit))[place])
                for one in (found.central(), more)
            )
            said[f"bears_{name}_{key}"] = digits(100 * abs(after - before))
    return said


def _rivals() -> dict[str, str]:
    rows = catalog.load("compute_splits").set_index("split_id")["value"]
    names = {
        "deloitte_2026": "deloitte_2026_inference_share",
        "gartner_2026": "gartner_2026_inference_share",
        "gartner_2029": "gartner_2029_inference_share",
        "mckinsey_2030": "mckinsey_2030_inference_share",
        "brookfield_2030": "brookfield_2030_inference_share",
        "document_2023": "document004_2023_share",
        "document_2027": "document004_2027_share",
        "openai_plan_2026": "openai_2026_plan_share",
        "google_2021": "google_2021_inference_share",
        "meta_2021": "meta_2021_inference_share",
        "openai_plan_2030": "openai_2030_plan_share",
    }
    said = {f"said_{name}": percent(float(rows[key])) for name, key in names.items()}
    for name in ("deloitte", "gartner", "jll", "mckinsey"):
        said[f"said_crossing_{name}"] = f"{rows[f'crossover_{name}']:.0f}"
    told = catalog.load("compute_splits").set_index("split_id")
    low = told.loc["document002_2027_low_ratio"]
    said["document_low_times"] = span(digits(low["value_low"], 1), digits(low["value_high"], 1))
    said["document_high_times"] = digits(float(rows["document002_2027_high_ratio"]))
    levels = known.observed_levels()
    sold = levels[levels["quantity"].eq("sold_h100e")].set_index("year")["value"]
    said["sold_2025"] = count(float(sold[2026.0]))
    said["sold_within_2025"] = percent(float(1.0 - sold[2025.0] / sold[2026.0]))
    programme = catalog.load("programme_compute")
    shares = programme[programme["fact_id"].isin(firm_shares(programme)["fact_id"])]
    said["final_shares"] = str(len(shares))
    said["final_shares_of_one"] = str(int(shares["source_id"].value_counts().iloc[0]))
    return said
