"""The share of inference as four named views of the future have it, beside the central case."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis.demand import known, scenarios
from analysis.demand.crossover import crossover_year
from analysis.demand.findings import projection
from analysis.demand.findings.closing import FLEET_CHIPS, LABS_SPEND, MEASURES
from analysis.demand.model import YEARS
from analysis.demand.shares import inference_share

FIRST, LAST = 2023, 2030
CENTRAL = "central case"
__all__ = ["CENTRAL", "FLEET_CHIPS", "LABS_SPEND", "MEASURES"]


@lru_cache(maxsize=1)
def lines() -> pd.DataFrame:
    """Share of inference by measure, view and year.

    Returns
    -------
    DataFrame
        ``measure``, ``view`` (label, or `CENTRAL`), ``year``, ``share``; ``low`` and ``high`` of
        the sampled scenarios for the central case.
    """
    views = {view.label: projection.seen_as(view.id) for view in scenarios.VIEWS}
    kept = YEARS >= FIRST
    rows = []
    for measure, (scope, unit) in MEASURES.items():
        for label, seen in {CENTRAL: projection.central(), **views}.items():
            share = np.broadcast_to(inference_share(seen, scope, unit), YEARS.shape)
            rows += [
                {"measure": measure, "view": label, "year": int(year), "share": float(value)}
                for year, value in zip(YEARS[kept], share[kept], strict=True)
            ]
    frame = pd.DataFrame(rows)
    bands = pd.concat(
        projection.wide_band(f"share:{scope}:{unit}:rnd").assign(measure=measure, view=CENTRAL)
        for measure, (scope, unit) in MEASURES.items()
    )
    return frame.merge(
        bands[["measure", "view", "year", "low", "high"]], how="left", validate="1:1"
    )


@lru_cache(maxsize=1)
def crossings() -> pd.DataFrame:
    """Year from which inference stays at or above half: ``measure``, ``view``, ``year``.

    Looked at from the first year shown on; infinite where not by the last one.
    """
    rows = []
    for (measure, label), part in lines().groupby(["measure", "view"], sort=False):
        year = float(crossover_year(part["share"].to_numpy(), part["year"].to_numpy()))
        rows.append({"measure": measure, "view": label, "crossing": year})
    return pd.DataFrame(rows)


def crossing(measure: str, view_id: str | None = None) -> float:
    """That year for a view by id, or for the central case."""
    label = scenarios.view(view_id).label if view_id else CENTRAL
    table = crossings().set_index(["measure", "view"])["crossing"]
    return float(table.loc[(measure, label)])


def share_in(measure: str, year: int, view_id: str | None = None) -> float:
    """Share of inference in a year in a view by id, or in the central case."""
    label = scenarios.view(view_id).label if view_id else CENTRAL
    table = lines().set_index(["measure", "view", "year"])["share"]
    return float(table.loc[(measure, label, year)])


def inputs_set(view_id: str) -> tuple[str, ...]:
    """Labels of the inputs that a view moves."""
    labels = {record.id: record.label for record in known.records()}
    return tuple(labels[name] for name in scenarios.view(view_id).ends)
