"""Figure of who sets the split: demand, or supply where all chips are taken."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.demand.closure import supply_bound
from analysis.demand.figures.closing import (
    MODEL_TABLES,
    TEST,
    forecast_layers,
    panel_title,
    percents,
)
from analysis.demand.findings import closing, projection
from analysis.publishing import Entry, Figure, theme
from analysis.test_time_compute.split import inference_share

_MODES = {closing.DEMAND_SETS: theme.INFERENCE, closing.SUPPLY_BINDS: theme.INK}


def _split_rows() -> pd.DataFrame:
    frame = closing.split_by_mode().copy()
    for column in ("low", "share", "high", "above_half"):
        frame[f"{column}_percent"] = 100 * frame.pop(column)
    return frame.assign(kind="simulation")


def _split_panel(
    data: pd.DataFrame, measure: str, width: int, height: int
) -> alt.LayerChart | alt.FacetChart:
    rows = data[data["measure"] == measure]
    x = alt.X(
        "year:Q", title=None,
        scale=alt.Scale(domain=[closing.SPLIT_FIRST, closing.LAST + 0.9], nice=False),
        axis=alt.Axis(format="d", values=[2024, 2026, 2028, 2030]),
    )  # fmt: skip
    channel: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, 100], nice=False),
        "title": "inference, percent",
        "axis": alt.Axis(values=[0, 25, 50, 75, 100]),
    }
    colour = alt.Color(
        "mode:N",
        scale=alt.Scale(domain=list(_MODES), range=list(_MODES.values())),
        legend=None,
    )
    base = alt.Chart(rows)
    y = alt.Y("share_percent:Q", **channel)
    band = base.mark_area(opacity=0.15).encode(
        x=x, y=alt.Y("low_percent:Q", **channel), y2="high_percent:Q", color=colour
    )
    line = forecast_layers(base, x=x, y=y, color=colour)
    dots = base.mark_circle(size=20, opacity=1).encode(
        x=x, y=y, color=colour,
        tooltip=["mode:N", "year:Q", alt.Tooltip("share_percent:Q", format=".0f"),
                 alt.Tooltip("above_half_percent:Q", format=".0f")],
    )  # fmt: skip
    names = [
        alt.Chart(rows[(rows["mode"] == mode) & (rows["year"] == year)])
        .mark_text(dy=dy, fontSize=11.5, fontWeight=600)
        .encode(x=x, y=y, text="mode:N", color=colour)
        for mode, year, dy in (
            (closing.SUPPLY_BINDS, closing.LAST - 2, -11),
            (closing.DEMAND_SETS, projection.FORECAST_FROM, 16),
        )
    ]
    last = alt.Chart(rows[rows["year"] == closing.LAST])
    text = last.mark_text(align="left", dx=5, fontSize=11, fontWeight=600).encode(
        x=x, y=y, text=alt.Text("share_percent:Q", format=".0f"), color=colour
    )
    return alt.layer(
        band, *line, dots, *names, text, width=width, height=height, title=panel_title(measure)
    )


def _draw_split(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide = width > 500
    size, height = ((width - 105) // 2, 300) if wide else (width - 60, 220)
    panels = [_split_panel(data, measure, size, height) for measure in closing.MEASURES]
    return alt.hconcat(*panels, spacing=28) if wide else alt.vconcat(*panels, spacing=22)


def who_sets_the_split() -> Figure:
    frame = _split_rows()
    labs, chips = closing.LABS_SPEND, closing.FLEET_CHIPS
    free = closing.split_in(labs, closing.DEMAND_SETS, closing.LAST)
    bound = closing.best_spend()
    fleet = {mode: closing.split_in(chips, mode, closing.LAST) for mode in _MODES}
    held = closing.lab_share(2025)
    peers = catalog.load("peer_projections")
    rows = peers[peers["quantity"] == "lab_compute_in_use"]
    said = {mode: wording.percent(it.central) for mode, it in fleet.items()}
    return Figure(
        id="who-sets-the-split",
        title=(
            f"Where supply binds, labs would put {wording.percent(bound.central)} of their spend "
            f"into inference ({percents(bound)}); where demand sets it, "
            f"{wording.percent(free.central)} in {closing.LAST} ({percents(free)})"
        ),
        subtitle=(
            "Share of inference, all research and development counted as training, percent; median "
            "and 90% interval"
        ),
        caption=(
            "Orange: every demand is met, so use and research set the split. Dark: all chips are "
            "taken; a lab then spends 1 / (1 + e) on inference, with e the powers of ten of "
            "inference that replace one of training, and the labs hold "
            f"{wording.percent(held.central)} of the working chips at the end of 2025 "
            f"({percents(held)}). Percentiles of single labs do not add, so their sum is drawn. "
            "Dashed: forecast."
        ),
        alt=(
            "Two panels of two bands from 2023 to 2030. Labs' spend: a level dark line at "
            f"{wording.percent(bound.central)} against an orange line that ends at "
            f"{wording.percent(free.central)} in a band that widens to {percents(free)}. All "
            f"chips: the dark line ends at {said[closing.SUPPLY_BINDS]}, the orange one at "
            f"{said[closing.DEMAND_SETS]}."
        ),
        evidence=("simulation", "forecast"),
        frame=frame,
        draw=_draw_split,
        fields={
            "measure": "whose split, and of what",
            "mode": "whether demand or supply sets it",
            "year": "calendar year",
            "low_percent": "5th percentile of the share of inference, percent",
            "share_percent": "median share of inference, percent",
            "high_percent": "95th percentile of the share of inference, percent",
            "above_half_percent": "scenarios in which inference is at least half, percent",
            "kind": "kind of evidence",
        },
        sources=catalog.sources_of(rows, catalog.load("exchange_rates")),
        tables=(*MODEL_TABLES, "exchange_rates"),
        models=(supply_bound, inference_share),
        tests=(TEST + "test_where_supply_binds_the_labs_spend_what_the_exchange_rate_says",),
        weaknesses=(
            "The exchange rate was measured on games, code and mathematics, over one to three "
            "powers of ten, and is held still; a lab also serves whoever pays. Only "
            f"{len(closing.counted_labs())} labs are counted, and their share of the chips is held "
            "level before and after the two year ends known. Which of the two holds in a year is "
            "not modelled."
        ),
        settings={"draws": projection.DRAWS, "seed": projection.SEED, "level": closing.LEVEL},
        height={"wide": 380, "narrow": 560},
    )


FIGURES: tuple[Entry, ...] = (Entry("who-sets-the-split", who_sets_the_split),)
