"""The projection as the chapter tells it: central case, sampled intervals, others' numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import assumptions
from analysis.assumptions import Assumption
from analysis.demand import known, scenarios
from analysis.demand.closure import demand_over_supply, rationed
from analysis.demand.conditioning import (
    Reading,
    effective_scenarios,
    log_likelihood,
    resampled,
)
from analysis.demand.crossover import crossover_table
from analysis.demand.model import MID_YEARS, YEARS, Projection, project_inputs
from analysis.demand.outcomes import BLOCK, outcome
from analysis.demand.sampling import draw_inputs, interval_by_year
from analysis.demand.service import project
from analysis.uncertainty import Interval, percentile_interval

DRAWS, SEED = 20_000, 20_260_700
#: Outcomes that are told of the demand, before it is rationed.
DEMANDED = ("demand_over_supply",)
#: Scenarios drawn before they are held against the observations.
PRIOR_DRAWS = 400_000
#: Observed quantity: unit and parts of the model that it is.
HELD_AGAINST = {
    "rnd_spend_usd": ("usd", ("training",)),
    "inference_spend_usd": ("usd", ("inference",)),
    "h100e_in_use": ("chips", ("training", "inference")),
}
LEVELS = (0.5, 0.9)
#: From this year on the model is a forecast: the last full year of accounts is before it.
FORECAST_FROM = 2026

SCOPE_WORDS = {"lead_lab": "the leading lab", "labs": "all frontier labs", "fleet": "all AI chips"}
UNIT_WORDS = {"flop": "FLOP", "chips": "chips", "usd": "money", "power_w": "power"}


@lru_cache(maxsize=1)
def weighed_records() -> tuple[Assumption, ...]:
    """The inputs with the median of the weighed scenarios for their central value."""
    found = []
    for record in known.records():
        middle = float(np.median(drawn_input(record.id)))
        found.append(replace(record, central=min(max(middle, record.low), record.high)))
    return tuple(found)


def weighed_inputs() -> dict[str, float]:
    """Median of each input over the weighed scenarios: where a single line is drawn from."""
    return {record.id: record.central for record in weighed_records()}


@lru_cache(maxsize=1)
def central() -> Projection:
    """The case of the weighed medians, by year."""
    return project(weighed_inputs())


def readings() -> dict[str, Reading]:
    """Levels that the scenarios are held against: accounts and chips of the labs."""
    levels = known.observed_levels()
    levels = levels[levels["quantity"].isin(HELD_AGAINST) & levels["year"].between(2024.2, 2026.1)]
    floor = assumptions.get("accounts_error").central
    found = {}
    for row in levels.to_dict("records"):
        spread = np.log(row["high"] / row["low"]) / 2.0 if row["high"] > row["low"] else 0.0
        key = f"{row['quantity']}:{row['scope']}:{row['year']:.1f}"
        found[key] = Reading(row["value"], float(np.hypot(floor, spread / 1.645)))
    return found


def predicted(inputs: Mapping[str, Any], keys: Sequence[str]) -> dict[str, np.ndarray]:
    """What the readings would be under each scenario, by key of `readings`."""
    times = np.array(sorted({float(key.split(":")[2]) for key in keys}))
    projection = project_inputs(inputs, known.known(), times=times)
    levels = {}
    for key in keys:
        quantity, scope, time = key.split(":")
        unit, parts = HELD_AGAINST[quantity]
        level = sum(
            projection.total(scope, unit, part) * _counted(inputs, scope, part) for part in parts
        )
        levels[key] = np.atleast_2d(level)[:, int(np.flatnonzero(times == float(time))[0])]
    return levels


def _counted(inputs: Mapping[str, Any], scope: str, part: str) -> np.ndarray | float:
    """Part of all frontier labs that the counted ones are: the leader and those next to it."""
    if scope != "labs" or part != "training":
        return 1.0
    other = inputs["typical_run_share"] * inputs["runs_per_year"]
    counted = 1.0 + (len(known.LABS) - 1) * other
    return np.minimum(counted / (1.0 + (inputs["frontier_developers"] - 1.0) * other), 1.0)


@lru_cache(maxsize=1)
def before_conditioning() -> dict[str, np.ndarray]:
    """Inputs drawn from their own ranges."""
    return draw_inputs(
        known.records(), PRIOR_DRAWS, SEED, correlations=known.correlations(),
        ranges=scenarios.RANGES,
    )  # fmt: skip


@lru_cache(maxsize=1)
def weights() -> np.ndarray:
    """Weight of each drawn scenario: likelihood of the readings, 0 where demand passed supply."""
    inputs, observed = before_conditioning(), readings()
    found = np.empty(PRIOR_DRAWS)
    possible = np.empty(PRIOR_DRAWS, dtype=bool)
    for start in range(0, PRIOR_DRAWS, BLOCK):
        some = {name: values[start : start + BLOCK] for name, values in inputs.items()}
        here = slice(start, start + BLOCK)
        found[here] = log_likelihood(predicted(some, list(observed)), observed)
        past = project_inputs(some, known.known(), times=np.array([2023.5, 2024.5, 2025.5]))
        possible[here] = np.all(demand_over_supply(past) <= 1.0, axis=1)
    return np.where(possible, np.exp(found - found[possible].max()), 0.0)


def sampling_error(share: float) -> float:
    """Standard error of a share of the scenarios, by the weight that they carry."""
    return float(np.sqrt(share * (1.0 - share) / effective_scenarios(weights())))


@lru_cache(maxsize=1)
def sampled_inputs() -> dict[str, np.ndarray]:
    """Inputs of the scenarios that the chapter tells, shape (draws, 1)."""
    rows = resampled(weights(), DRAWS, SEED)
    return {name: values[rows] for name, values in before_conditioning().items()}


@lru_cache(maxsize=1)
def sampled() -> Projection:
    """What those scenarios demand, by year."""
    return project_inputs(sampled_inputs(), known.known())


@lru_cache(maxsize=1)
def done() -> Projection:
    """What is done of it: where the chips do not suffice, all get the same part."""
    return rationed(sampled())


@lru_cache(maxsize=256)
def drawn(name: str) -> np.ndarray:
    """Values of one outcome over the scenarios, shape (draws, years) or (draws,).

    Totals are of the work done, `demand_over_supply` of the work demanded.
    """
    return outcome(name, sampled() if name.startswith(DEMANDED) else done())


def drawn_input(name: str) -> np.ndarray:
    """One input over the same scenarios, shape (draws,)."""
    return sampled_inputs()[name].ravel()


def band(outcome: str) -> pd.DataFrame:
    """Median and intervals of an outcome by year: ``year``, ``level``, ``low`` ... ``high``."""
    frame = interval_by_year(drawn(outcome), MID_YEARS.tolist(), LEVELS)
    return frame.assign(year=np.floor(frame["year"]).astype(int), outcome=outcome)


def wide_band(outcome: str) -> pd.DataFrame:
    """One row per year: median, both intervals."""
    frame = band(outcome)
    half, most = (frame[frame["level"] == level].set_index("year") for level in LEVELS)
    return pd.DataFrame(
        {
            "central": most["central"], "low": most["low"], "high": most["high"],
            "low_half": half["low"], "high_half": half["high"],
        }
    ).reset_index()  # fmt: skip


def at(outcome: str, year: int) -> Interval:
    """Median and 90% interval of an outcome in a year."""
    row = wide_band(outcome).set_index("year").loc[year]
    return Interval(row["low"], row["central"], row["high"], LEVELS[-1])


def chance(outcome: str, year: int, *, above: float = 0.5) -> float:
    """Share of the scenarios in which an outcome is at least so much in a year."""
    return float(np.mean(drawn(outcome)[:, int(np.flatnonzero(year == YEARS)[0])] >= above))


def crossing(scope: str, unit: str, counted: str) -> pd.DataFrame:
    """Distribution of the year from which inference stays above half, by definition."""
    return crossover_table(YEARS, drawn(f"crossover:{scope}:{unit}:{counted}"))


def not_by_the_end(scope: str, unit: str, counted: str) -> float:
    """Chance that inference is not above half in the last year."""
    return float(crossing(scope, unit, counted)["share"].iloc[-1])


@lru_cache(maxsize=8)
def seen_as(view_id: str) -> Projection:
    """The projection under a named view."""
    return project(scenarios.inputs_of(scenarios.view(view_id), weighed_records()))


def growth(outcome: str, first: int, last: int) -> Interval:
    """Factor by which an outcome grows between two years: median and 90% interval."""
    draws = drawn(outcome)
    places = [int(np.flatnonzero(year == YEARS)[0]) for year in (first, last)]
    ratio = draws[:, places[1]] / draws[:, places[0]]
    return percentile_interval(ratio, LEVELS[-1])
