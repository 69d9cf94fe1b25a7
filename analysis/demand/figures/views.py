"""The figure of the four named views."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.crossover import crossover_year
from analysis.demand.figures.closing import MODEL_TABLES, forecast_layers, panel_title
from analysis.demand.findings import projection, views
from analysis.demand.findings.central_figure import evidence
from analysis.demand.scenarios import VIEWS, inputs_of
from analysis.demand.shares import inference_share
from analysis.publishing import Entry, Figure, theme


def _rows() -> pd.DataFrame:
    frame = views.lines().copy()
    for column in ("share", "low", "high"):
        frame[f"{column}_percent"] = 100 * frame.pop(column)
    crossed = views.crossings().rename(columns={"crossing": "crossing_year"})
    frame = frame.merge(crossed, on=["measure", "view"], validate="m:1")
    frame["crossing_year"] = frame["crossing_year"].where(np.isfinite(frame["crossing_year"]))
    return frame.assign(kind="simulation")


def _panel(
    data: pd.DataFrame, measure: str, view: str, width: int, height: int, *, left: bool
) -> alt.LayerChart | alt.FacetChart:
    rows = data[data["measure"] == measure]
    x = alt.X(
        "year:Q", title=None,
        scale=alt.Scale(domain=[views.FIRST, views.LAST + 1.7], nice=False),
        axis=alt.Axis(
            format="d", values=[2024, 2027, 2030],
            labelExpr="\"'\" + slice(datum.label, -2)",
        ),
    )  # fmt: skip
    channel: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, 122], nice=False),
        "title": "percent" if left else None,
        "axis": alt.Axis(values=[0, 50, 100], labels=left),
    }
    y = alt.Y("share_percent:Q", **channel)
    central = alt.Chart(rows[rows["view"] == views.CENTRAL])
    band = central.mark_area(opacity=0.16).encode(
        x=x, y=alt.Y("low_percent:Q", **channel), y2="high_percent:Q", color=alt.value(theme.OTHER)
    )
    calm = forecast_layers(central, 1.6, x=x, y=y, color=alt.value(theme.OTHER))
    own = rows[rows["view"] == view]
    base = alt.Chart(own)
    line = forecast_layers(base, 2.6, x=x, y=y, color=alt.value(theme.INFERENCE))
    dots = base.mark_circle(size=18, opacity=1, color=theme.INFERENCE).encode(
        x=x, y=y,
        tooltip=["view:N", "year:Q", alt.Tooltip("share_percent:Q", format=".0f")],
    )  # fmt: skip
    end = alt.Chart(own[own["year"] == views.LAST])
    text = end.mark_text(
        align="left", dx=4, dy=-2, fontSize=11, fontWeight=600, color=theme.INFERENCE
    )
    said = alt.Text("share_percent:Q", format=".0f")
    name = alt.Chart(own.head(1)).mark_text(align="left", dx=3, y=7, fontSize=11.5, fontWeight=600)
    layers = [
        band, *calm, *line, dots, text.encode(x=x, y=y, text=said),
        name.encode(x=x, text="view:N"),
    ]  # fmt: skip
    crossed = own[own["year"] == own["crossing_year"]]
    if not crossed.empty:
        mark = alt.Chart(crossed)
        layers += [
            mark.mark_point(
                size=70, shape="diamond", strokeWidth=2, opacity=1, fill=theme.PAPER,
                stroke=theme.INFERENCE,
            ).encode(x=x, y=y),
            mark.mark_text(align="right", dx=-7, dy=-6, fontSize=10.5).encode(
                x=x, y=y, text=alt.Text("year:Q", format="d")
            ),
        ]  # fmt: skip
    return alt.layer(*layers, width=width, height=height)


def _draw(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    columns = 4 if wide else 2
    size = (width - 52 - 12 * (columns - 1)) // columns
    height = 170 if wide else 125
    labels = [view.label for view in VIEWS]
    groups = [labels[i : i + columns] for i in range(0, len(labels), columns)]
    rows = []
    for group in groups:
        for measure in views.MEASURES:
            panels = [
                _panel(data, measure, view, size, height, left=i == 0)
                for i, view in enumerate(group)
            ]
            rows.append(alt.hconcat(*panels, spacing=12).properties(title=panel_title(measure)))
    return alt.vconcat(*rows, spacing=20)


def _when(year: float) -> str:
    return f"in {year:.0f}" if np.isfinite(year) else f"not by {views.LAST}"


def four_views() -> Figure:
    frame = _rows()
    labs = views.LABS_SPEND
    crossed = {view.id: views.crossing(labs, view.id) for view in VIEWS}
    above = sorted((v for v in VIEWS if np.isfinite(crossed[v.id])), key=lambda v: crossed[v.id])
    below = [view for view in VIEWS if view not in above]
    said = " and ".join(f"“{view.label}” {_when(crossed[view.id])}" for view in above)
    ends = [views.share_in(labs, views.LAST, view.id) for view in VIEWS]
    set_by = "; ".join(
        f"“{view.label}” {', '.join(wording_of(name, end) for name, end in view.ends.items())}"
        for view in VIEWS
    )
    least, most = wording.percent(min(ends)), wording.percent(max(ends))
    return Figure(
        id="four-views",
        title=(
            f"Inference passes half of the labs' spend in {said}, and not by {views.LAST} in the "
            f"other {_NUMBERS[len(below)]} nor in the central case"
        ),
        subtitle=(
            "Share of inference under four named views (orange) and in the central case (grey, 90% "
            f"interval), {views.FIRST} to {views.LAST}; all research and development is training"
        ),
        caption=(
            "Each view sets a few inputs to the low or high end of their range (5th or 95th "
            f"percentile) and leaves the rest central: {set_by}. Diamonds mark the year from which "
            "inference stays above half; dashed: forecast."
        ),
        alt=(
            "Eight small panels, two for each view. The labs' share of spend on inference in "
            f"{views.LAST} runs from {least} to {most}: it climbs steeply in {said} and falls in "
            f"{' and '.join(f'“{view.label}”' for view in below)}."
        ),
        evidence=("simulation", "forecast"),
        frame=frame,
        draw=_draw,
        fields={
            "measure": "whose split, and of what",
            "view": "named view, or the central case",
            "year": "calendar year",
            "share_percent": "share of inference, percent",
            "low_percent": "5th percentile of the sampled scenarios, central case only, percent",
            "high_percent": "95th percentile of the sampled scenarios, central case only, percent",
            "crossing_year": "year from which inference is at least half, blank if not by the end",
            "kind": "kind of evidence",
        },
        sources=catalog.sources_of(*evidence()),
        tables=MODEL_TABLES,
        models=(inputs_of, inference_share, crossover_year),
        tests=("tests/demand/test_growth_findings.py::test_views_cross_where_their_shares_say",),
        weaknesses=(
            "A view is a story, not a probability: moving several inputs to their ends at once is "
            "far less likely than one in twenty. No view moves prices or supply, and none has "
            "training respond to what inference earns."
        ),
        settings={
            "draws": projection.DRAWS,
            "seed": projection.SEED,
            "level": projection.LEVELS[-1],
        },
        height={"wide": 420, "narrow": 620},
    )


_NUMBERS = {0: "none", 1: "one", 2: "two", 3: "three", 4: "four"}
_SHORT = {
    "final_run_share": "share of final runs",
    "run_growth_decay": "slowing of runs",
    "thinking_growth": "growth of thinking",
    "reasoning_growth": "spread of thinking",
    "use_growth_decay": "slowing of use",
    "post_training_ratio": "post-training",
    "flop_per_token_fall": "fall of FLOP per token",
    "agent_cached_share": "agents' caches",
    "decode_utilisation": "utilisation while writing",
    "serving_load": "load",
    "api_growth": "growth of programs' calls",
    "api_written_share": "share they write",
}


def wording_of(name: str, end: str) -> str:
    """An input of a view and its end, in a few words."""
    return f"{_SHORT.get(name, name.replace('_', ' '))} {end}"


FIGURES: tuple[Entry, ...] = (Entry("four-views", four_views),)
