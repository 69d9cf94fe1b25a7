"""The one picture of the book: training and inference, with what others counted and foresee."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.demand import known
from analysis.demand.closure import rationed
from analysis.demand.driver_use import API_SERIES, EMBEDDED_SERIES
from analysis.demand.evidence import LEAD_LAB
from analysis.demand.findings import projection as found
from analysis.demand.findings import rivals
from analysis.demand.model import Known, Projection, project_inputs
from analysis.demand.scenarios import VIEWS, View, inputs_of

__all__ = [
    "SLIDERS",
    "TABLES",
    "VIEWS",
    "evidence",
    "frame",
    "inputs",
    "preset",
    "source_ids",
    "start",
]

#: Label, unit, low, high and step of each slider, which reach from the 5th to the 95th percentile.
SLIDERS: dict[str, tuple[str, str, float, float, float]] = {
    "final_run_share": ("final runs, of all research", "share", 0.05, 0.5, 0.001),
    "run_growth_decay": ("slowing of the largest run", "a year", 0.1, 0.65, 0.01),
    "api_growth": ("growth of programs' calls in 2025", "times a year", 2.0, 26.0, 0.1),
    "use_growth_decay": ("slowing of use", "a year", 0.15, 0.7, 0.01),
    "thinking_growth": ("growth of thinking per answer", "times a year", 1.0, 2.6, 0.01),
    "flop_per_token_fall": ("FLOP per token fall by a factor of", "a year", 0.8, 1.6, 0.01),
    "decode_utilisation": ("peak reached while writing", "share", 0.02, 0.2, 0.005),
}
TABLES = ("token_volumes", "chip_supply", "training_runs", "lab_accounts", "peer_projections")


@lru_cache(maxsize=1)
def start() -> dict[str, float]:
    """Where the sliders start: the weighed medians, on the sliders' steps."""
    inputs = found.weighed_inputs()
    starts = {}
    for name, (_, _, low, _, step) in SLIDERS.items():
        steps = round((inputs[name] - low) / step)
        starts[name] = round(low + steps * step, 6)
    return starts


def inputs() -> tuple[dict[str, Any], Known]:
    """What no slider moves, and the chips counted."""
    return {**found.weighed_inputs(), **start()}, known.known()


def at_the_sliders_start(times: np.ndarray, **moved: float) -> Projection:
    """The projection of the reader's lines in Python."""
    settings, history = inputs()
    return rationed(project_inputs({**settings, **moved}, history, times=times))


def preset(view: View) -> dict[str, float]:
    """The sliders' values of a view."""
    ends = inputs_of(view, found.weighed_records())
    found_values = {}
    for name in view.ends:
        _, _, low, high, step = SLIDERS[name]
        value = min(max(ends[name], low), high)
        found_values[name] = round(low + round((value - low) / step) * step, 6)
    return found_values


def evidence() -> list[pd.DataFrame]:
    """Rows that the drivers rest on, those of use nearest to the anchor."""
    volumes = catalog.load("token_volumes")
    products = [*API_SERIES, *EMBEDDED_SERIES, (LEAD_LAB, "ChatGPT")]
    pairs = zip(volumes["entity"], volumes["product"], strict=True)
    used = np.array([pair in products for pair in pairs])
    near = volumes[used & volumes["date"].str[:7].between("2025-03", "2025-12")]
    supply = catalog.load("chip_supply")
    return [near, supply[supply["metric"].eq("cumulative_compute")]]


def _model_rows() -> pd.DataFrame:
    rows = []
    for scope, unit, panel, first in (
        ("fleet", "chips", "chips", 2019),
        ("lead_lab", "usd", "money", 2022),
    ):
        for part in ("training", "inference"):
            band = found.wide_band(f"total:{scope}:{unit}:{part}")
            rows.append(band[band["year"] >= first].assign(series=part, panel=panel))
    stock = found.wide_band("level:available_h100e")
    rows.append(stock.assign(series="working chips", panel="chips"))
    model = pd.concat(rows, ignore_index=True).rename(columns={"central": "value"})
    model["kind"] = np.where(model["year"] >= found.FORECAST_FROM, "forecast", "estimate")
    model["year"] = model["year"] + 0.5
    begun = at_the_sliders_start(model["year"].to_numpy()[:12])
    for part in ("training", "inference"):
        column = pd.Series(np.nan, index=model.index)
        here = (model["panel"] == "chips") & (model["series"] == "training")
        column[here] = begun.total("fleet", "chips", part)
        model[f"central_{part}"] = column
    return model.drop(columns=["low_half", "high_half"]).assign(row="model")


def _plans() -> pd.DataFrame:
    """What the leading laboratory plans to spend in a year."""
    rows = catalog.load("compute_splits")
    series = {"training_spend": "training", "rnd_spend": "training", "inference_spend": "inference"}
    rows = rows[
        rows["entity"].eq(LEAD_LAB) & rows["kind"].eq("forecast") & rows["unit"].eq("usd_billion")
        & rows["metric"].isin(series) & ~rows["scope"].str.contains("cumulative")
    ]  # fmt: skip
    return pd.DataFrame(
        {
            "panel": "money", "series": rows["metric"].map(series), "year": rows["year"] + 0.5,
            "value": rows["value"] * 1e9, "kind": "forecast",
            "label": rows["entity"] + ", plan: " + rows["scope"], "source_id": rows["source_id"],
        }
    )  # fmt: skip


def frame() -> pd.DataFrame:
    """Rows of the figure: model lines, chips counted and foreseen, one lab's accounts."""
    levels = known.observed_levels()
    sold = levels[levels["quantity"].eq("sold_h100e")]
    sold = sold.assign(panel="chips", series="working chips", label="chips sold, cumulative")
    series = {"rnd_spend_usd": "training", "inference_spend_usd": "inference"}
    spend = levels[levels["quantity"].isin(series) & levels["scope"].eq("lead_lab")]
    # Several accounts of one year: their mean with the least and the most.
    spend = spend.assign(
        panel="money", series=spend["quantity"].map(series), kind="estimate",
        label=LEAD_LAB + ", mean of accounts",
    )  # fmt: skip
    stock = rivals.stock_forecasts().assign(panel="chips", series="working chips")
    published = pd.concat([sold, spend, _plans(), stock], ignore_index=True).assign(row="published")
    both = pd.concat([_model_rows(), published], ignore_index=True)
    columns = [
        "panel", "row", "series", "year", "value", "low", "high", "central_training",
        "central_inference", "kind", "label", "source_id",
    ]  # fmt: skip
    return both.reindex(columns=columns)


def source_ids(rows: pd.DataFrame) -> list[str]:
    """Keys of the sources of rows, some of which rest on several."""
    return sorted({key for ids in rows["source_id"].dropna() for key in ids.split()})
