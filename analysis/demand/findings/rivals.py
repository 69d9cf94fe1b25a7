"""What others publish, beside the projection: shares of inference and years of crossover."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.demand.published_splits import crossover_observations, observations

#: Panel of a scope of the ledger; those of single models stand in none.
_PANELS = {
    "lead_lab": "labs", "lab": "labs", "labs": "labs", "company": "world", "cloud": "world",
    "fleet": "world",
}  # fmt: skip


def published_shares(first: int = 2019, last: int = 2030) -> pd.DataFrame:
    """Published shares that can be compared, each once, as rows of the figure of shares."""
    rows = observations()
    rows = rows[rows["comparable"] & rows["same_as"].eq("") & rows["year"].between(first, last)]
    rows = rows[rows["scope_kind"].isin(_PANELS)].copy()
    rows["panel"] = rows["scope_kind"].map(_PANELS)
    rows["label"] = rows["measured_by"] + ": " + rows["scope"]
    ahead = rows["ahead"]
    rows["kind"] = rows["kind"].where(~ahead, "forecast").replace("derived", "estimate")
    retold = rows["measured_by"].str.contains(" et al")
    own = rows["panel"].eq("labs") | rows["scope_kind"].eq("company") | retold
    rows["named"] = rows["entity"].where(own, rows["measured_by"])
    rows["named"] = (
        rows["named"].str.replace(r" \(.*|\d{4}.*|TMT.*| et al.*", "", regex=True).str.strip()
    )
    # One name per publisher and panel, at its latest mark.
    latest = rows.sort_values("year").groupby(["panel", "named"])["year"].transform("max")
    rows["named"] = rows["named"].where(rows["year"].eq(latest), "")
    rows.loc[rows.duplicated(["panel", "named", "year"]), "named"] = ""
    rows["year"] = rows["year"] + 0.5
    rows["row"] = "published"
    rows["below"] = [_meets(row, rows) for _, row in rows.iterrows()]
    return rows[
        ["panel", "row", "year", "value", "low", "high", "kind", "label", "named", "below",
         "unit", "source_id"]
    ].reset_index(drop=True)  # fmt: skip


def _meets(row: pd.Series, rows: pd.DataFrame) -> bool:
    """Whether a name beside the mark would run into the next one's."""
    near = rows["panel"].eq(row["panel"]) & rows["named"].ne("") & rows["year"].gt(row["year"])
    near &= rows["year"].lt(row["year"] + 3.0) & (rows["value"] - row["value"]).abs().lt(0.05)
    return bool(row["named"] and near.any())


def crossover_years() -> pd.DataFrame:
    """Years others give for inference passing training, as rows of the figure of crossings."""
    rows = crossover_observations().sort_values(["year", "measured_by"])
    names = rows["entity"].where(~rows["entity"].eq("world"), rows["measured_by"])
    names = names.str.replace(r" \(.*| \d{4}.*| TMT.*", "", regex=True)
    frame = pd.DataFrame(
        {
            "when": rows["year"].astype(str), "label": names, "row": "published",
            "kind": rows["kind"], "source_id": rows["source_id"],
        }
    )  # fmt: skip
    # Two rows, so that neighbours' names do not meet.
    frame["place"] = np.arange(len(frame)) % 2.0
    return frame.reset_index(drop=True)


def stock_forecasts() -> pd.DataFrame:
    """Forecasts of the world's stock of chips in H100-equivalents."""
    rows = catalog.load("peer_projections")
    rows = rows[rows["comparable_to"].eq("supply_h100e") & rows["unit"].eq("million H100e")]
    million = 1e6
    return pd.DataFrame(
        {
            "year": rows["year"] + 1.0, "value": rows["value"] * million,
            "low": rows["low"] * million, "high": rows["high"] * million,
            "kind": rows["kind"], "label": rows["quantity"], "source_id": rows["source_id"],
        }
    ).reset_index(drop=True)  # fmt: skip
