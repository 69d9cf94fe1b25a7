"""What others forecast or estimated, from the catalogue, on the axes of what was observed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.demand.evidence import LEAD_LAB
from analysis.demand.hindcast import SHARE
from analysis.demand.known import (
    LEVELS,
    assumed_records,
    date_of,
    evidence,
    levels_of,
    observed_levels,
    published,
)

#: Quantity of a peer row: ours, our scope, factor to our unit, years from the start of its year.
_PEER_AXES: Mapping[str, tuple[str, str, float, float]] = {
    "ai_compute_stock": ("sold_h100e", "fleet", 1e6, 1.0),
    "ai_compute_stock_sold": ("sold_h100e", "fleet", 1e6, 1.0),
    "largest_training_run": ("largest_run_flop", "fleet", 1.0, 0.5),
    "ai_datacentre_power_added": ("power_added_w", "fleet", 1e9, 0.5),
    "inference_share_of_lab_compute": (f"{SHARE}_spend_rnd", "lead_lab", 0.01, 0.5),
}
_FORECAST = ["forecast_id", "quantity", "scope", "year", "due", "value", "low", "high", "made_on",
             "kind", "source_id"]  # fmt: skip


def forecasts() -> pd.DataFrame:
    """What others forecast or estimated, on the axes of `settled` where it compares.

    Returns
    -------
    pandas.DataFrame
        ``forecast_id``, ``quantity`` ("" where nothing observed compares), ``scope``, ``year``
        (decimal), ``due`` (calendar year), ``value``, ``low``, ``high`` (in the unit of the
        observation, as printed where none compares), ``made_on``, ``kind``, ``source_id``.
    """
    return pd.concat([_peer_rows(), _split_rows(), _programme_rows()], ignore_index=True)


def _peer_rows() -> pd.DataFrame:
    rows = catalog.load("peer_projections").rename(columns={"projection_id": "forecast_id"})
    rows = rows[rows["quantity"] != "lab_compute_in_use"]  # what others are scored against
    found = []
    for row in rows.to_dict("records"):
        name, scope, factor, later = _PEER_AXES.get(row["quantity"], ("", "", 1.0, 0.5))
        if scope == "lead_lab" and row["entity"] != LEAD_LAB:
            name, scope, factor = "", "", 1.0
        scaled = {end: row[end] * factor for end in ("value", "low", "high")}
        found.append(
            {**row, **scaled, "quantity": name, "scope": scope or row["scope"],
             "due": row["year"], "year": row["year"] + later}
        )  # fmt: skip
    return pd.DataFrame(found)[_FORECAST]


def _split_rows() -> pd.DataFrame:
    rows = catalog.load("compute_splits")
    rows = rows[(rows["kind"] == "forecast") | (rows["scope_kind"] == "fleet")]
    rows = rows[rows["metric"] != "crossover_year"]
    spend = {"rnd_spend": "rnd_spend_usd", "inference_spend": "inference_spend_usd"}
    lead = (rows["entity"] == LEAD_LAB) & (rows["unit"] == "usd_billion")
    names = rows["metric"].map(spend).where(lead).fillna("")
    factor = np.where(names != "", 1e9, 1.0)
    return rows.assign(
        forecast_id=rows["split_id"], quantity=names, due=rows["year"], year=rows["year"] + 0.5,
        scope=rows["scope"].mask(names != "", "lead_lab"), made_on=rows["date"],
        value=rows["value"] * factor, low=rows["value_low"] * factor,
        high=rows["value_high"] * factor,
    )[_FORECAST]  # fmt: skip


def _programme_rows() -> pd.DataFrame:
    rows = published("programme_compute")
    rows = rows[(rows["kind"] == "forecast") & (rows["unit"] == "USD")]
    due = rows["period_end"].astype(int)
    return rows.assign(
        forecast_id=rows["fact_id"], quantity="rnd_spend_usd", scope="lead_lab", due=due,
        year=due + 0.5, low=rows["ci_low"], high=rows["ci_high"], made_on=rows["published"],
    )[_FORECAST]  # fmt: skip


def settled() -> pd.DataFrame:
    """`observed_levels`, and what only others forecast: power of chips added in a year."""
    rows = evidence().until(date_of(None)).supply
    rated = rows[(rows["metric"] == "cumulative_chip_power") & (rows["year"] % 1 == 0)]
    watts = rated[rated["owner"] == "all"].groupby("year")["value"].sum() * 1e6
    assumed = assumed_records()
    site = (1 + assumed["server_power_share"].central) * assumed["pue"].central
    added = (watts.diff().dropna() * site).rename("value").reset_index()
    added["year"] -= 0.5
    source = " ".join(dict.fromkeys(rated["source_id"]))
    extra = levels_of(added, "power_added_w", "fleet", "W", kind="derived", source_id=source)
    return pd.concat([observed_levels(), extra[LEVELS]], ignore_index=True)
