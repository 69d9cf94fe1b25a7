"""The split where it is set by demand while chips suffice, and by the exchange rate after."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from analysis.demand.closure import demand_over_supply, supply_bound
from analysis.demand.findings import closing, projection
from analysis.demand.model import YEARS
from analysis.demand.shares import inference_share
from analysis.uncertainty import Interval, percentile_interval


@lru_cache(maxsize=4)
def drawn(measure: str) -> np.ndarray:
    """Share of inference by draw and year from 2023, of `closing.MEASURES`."""
    scenarios = closing.sampled(closing.SPLIT_FIRST)
    scope, unit = closing.MEASURES[measure]
    bound = supply_bound(scenarios, closing.elasticity_draws()[:, None], closing.held_by_labs())
    short = demand_over_supply(scenarios) > 1.0
    by_demand = inference_share(scenarios, scope, unit)
    return np.where(short, bound.inference_share(scope, unit), by_demand)


def _column(measure: str, year: int) -> np.ndarray:
    years = YEARS[closing.SPLIT_FIRST <= YEARS]
    return drawn(measure)[:, int(np.flatnonzero(years == year)[0])]


def at(measure: str, year: int) -> Interval:
    """Median and 90% interval of the share in a year."""
    return percentile_interval(_column(measure, year), projection.LEVELS[-1])


def chance(measure: str, year: int) -> float:
    """Share of the scenarios in which inference is at least half."""
    return float(np.mean(_column(measure, year) >= 0.5))
