"""The figure of the shape of demand: how uneven it is, by window."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.demand.findings import shape
from analysis.demand.load_profile import LoadShape
from analysis.demand.lumpiness import final_run_cv, training_cv, trend_cv
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import line_with_band
from analysis.units import DAYS_PER_YEAR

_PANELS = (shape.ONE, shape.ALL, shape.SERVING)
_COLOURS = {
    shape.FINAL_RUNS: theme.TRAINING,
    shape.RND: theme.ACCENT,
    shape.INTERACTIVE: theme.INFERENCE,
}
_TICKS = {1: "minute", 60: "hour", 1440: "day", 10_080: "week", 131_040: "quarter"}
_SMALL = "small services, measured"
_BURST_TEST = "tests/demand/test_load_profile.py::"


def _spread_frame() -> pd.DataFrame:
    rows = shape.spread_by_window().assign(kind="estimate", source_id="")
    small = shape.small_services().assign(line=_SMALL + ": " + shape.small_services()["workload"])
    kept = ["panel", "line", "window_minutes", "cv", "kind", "source_id"]
    table = pd.concat([rows, small[kept]], ignore_index=True)
    for column in ("cv", "low", "high"):
        table[f"{column}_percent"] = 100 * table[column]
    return table.drop(columns=["cv", "low", "high"])


_SPREAD = "spread, percent of the mean (log scale)"


def _spread_panel(
    data: pd.DataFrame, panel: str, width: int, height: int, *, first: bool
) -> alt.LayerChart | alt.FacetChart:
    rows = data[(data["panel"] == panel) & (data["kind"] == "estimate")]
    names = " : ".join(f"datum.value == {at} ? '{name}'" for at, name in _TICKS.items())
    x_scale = alt.Scale(type="log", domain=[0.6, 170_000], nice=False)
    x = alt.X(
        "window_minutes:Q",
        scale=x_scale,
        title=None,
        axis=alt.Axis(
            values=list(_TICKS), labelExpr=f"{names} : ''", labelOverlap=False, labelBound=False,
            grid=True, labelFontSize=10,
        ),
    )  # fmt: skip
    y_scale = alt.Scale(type="log", domain=[2, 320], nice=False, clamp=True)
    axis = alt.Axis(values=[2, 5, 10, 20, 50, 100, 200], format="~g", labelOverlap=False)
    colour = alt.Color(
        "line:N",
        legend=None,
        scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
    )
    tooltip = [
        "line:N", alt.Tooltip("window_minutes:Q", format=","),
        *(alt.Tooltip(f"{name}_percent:Q", format=".2g") for name in ("cv", "low", "high")),
    ]  # fmt: skip
    drawn = line_with_band(
        alt.Chart(rows), x=x, y="cv_percent", low="low_percent", high="high_percent",
        colour=colour, tooltip=tooltip,
        channel={"title": _SPREAD if first else "", "scale": y_scale, "axis": axis},
    )  # fmt: skip
    labels = pd.DataFrame(
        [{"line": line, "window_minutes": 1.3, "cv_percent": at} for line, at in _labels(rows)]
    )
    place: dict[str, Any] = {
        "x": alt.X("window_minutes:Q", scale=x_scale),
        "y": alt.Y("cv_percent:Q", scale=y_scale),
    }
    text = alt.Chart(labels).mark_text(align="left", dy=-9, fontSize=11, fontWeight=600)
    layers = [drawn, text.encode(text="line:N", color=colour, **place)]
    points = data[(data["panel"] == panel) & (data["kind"] != "estimate")]
    if len(points):
        base = alt.Chart(points)
        ring = base.mark_point(filled=False, size=60, strokeWidth=2, color=theme.INFERENCE)
        said = base.mark_text(align="left", dx=9, fontSize=10, color=theme.INK)
        name = f"replace(datum.line, '{_SMALL}: ', '')"
        layers += [
            ring.encode(tooltip=["line:N", "cv_percent:Q"], **place),
            said.transform_calculate(name=name).encode(text="name:N", **place),
        ]
    title = alt.TitleParams(panel, fontSize=12, anchor="start", color=theme.INK, offset=20)
    return alt.layer(*layers).properties(width=width, height=height, title=title)


def _labels(rows: pd.DataFrame) -> list[tuple[str, float]]:
    first = rows[rows["window_minutes"] == shape.MINUTE]
    return [(str(row.line), float(row.cv_percent)) for row in first.itertuples()]


def _draw_spread(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide = width > 500
    each = (width - 3 * 40 - 2 * 12) // 3 if wide else width - 52
    panels = [
        _spread_panel(
            data, panel, each, 270 if wide else 170, first=not wide or panel == _PANELS[0]
        )
        for panel in _PANELS
    ]
    return alt.hconcat(*panels, spacing=12) if wide else alt.vconcat(*panels, spacing=16)


def shape_of_demand() -> Figure:
    at = {
        (row.panel, row.line, row.window_minutes): wording.percent(row.cv)
        for row in shape.spread_by_window().itertuples()
    }
    serving, rnd = (shape.SERVING, shape.INTERACTIVE), (shape.ONE, shape.RND)
    days = shape.run_days()
    middle = wording.digits(float(pd.Series(days).median()))
    low, high = (wording.percent(end) for end in _ends(shape.final_run_shares()))
    doubling = wording.percent(float(trend_cv(2.0, DAYS_PER_YEAR / 4, DAYS_PER_YEAR)))
    return Figure(
        id="shape-of-demand",
        title=(
            f"By the hour inference varies by {at[*serving, shape.HOUR]} and a developer's "
            f"training by {at[*rnd, shape.HOUR]}; by the quarter it is "
            f"{at[*serving, shape.QUARTER]} against {at[*rnd, shape.QUARTER]}"
        ),
        subtitle=(
            "Standard deviation of use around its trend over its mean, percent, by length of the "
            "window it is averaged over"
        ),
        caption=(
            "Left: final runs start as a renewal process on a steady base of experiments; middle: "
            "the same for all frontier developers together; right: a week, a day, bursts and slow "
            f"swings. Final runs alone are lumpy at every window "
            f"({at[shape.ONE, shape.FINAL_RUNS, shape.QUARTER]} by the quarter), but they are "
            f"{low} to {high} of the compute for research. All developers' training varies by "
            f"{at[shape.ALL, shape.RND, shape.QUARTER]} by the quarter. Bands: 90% intervals "
            "over assumptions. Rings: bursts in two traces of an hour."
        ),
        alt=(
            "Three panels of variation against window on logarithmic axes. Both kinds of training "
            "are level up to weeks and fall little to the quarter: one developer's final runs from "
            f"{at[shape.ONE, shape.FINAL_RUNS, shape.HOUR]} to "
            f"{at[shape.ONE, shape.FINAL_RUNS, shape.QUARTER]}, with experiments from "
            f"{at[*rnd, shape.HOUR]} to {at[*rnd, shape.QUARTER]}; all developers' lie lower. "
            f"Inference falls from {at[*serving, shape.HOUR]} at an hour to "
            f"{at[*serving, shape.QUARTER]} at a quarter, steeply between half a day and a week."
        ),
        evidence=("estimate", "derived"),
        frame=_spread_frame(),
        draw=_draw_spread,
        fields={
            "panel": "whose use",
            "line": "what is counted",
            "window_minutes": "length of the window, minutes",
            "kind": "kind of evidence",
            "source_id": "key of the source; blank where computed from assumptions",
            "cv_percent": "standard deviation over mean of the windows' means, percent",
            "low_percent": "5th percentile over assumptions, percent",
            "high_percent": "95th percentile over assumptions, percent",
        },
        sources=catalog.sources_of(
            catalog.load("request_arrivals"),
            _used("training_runs", "training_hours"),
            _used("programme_compute", "metric", shape.FINAL_SHARE),
        ),
        tables=("training_runs", "programme_compute", "request_arrivals"),
        models=(final_run_cv, training_cv, LoadShape),
        tests=(
            "tests/demand/test_lumpiness.py::test_the_formula_agrees_with_simulated_starts",
            _BURST_TEST + "test_the_shape_follows_a_published_week_of_requests",
        ),
        weaknesses=(
            "Nobody publishes the use of chips by day, so rhythm, shared timing and swings are "
            f"assumed; {len(days)} large runs (median {middle} days) say how long one takes. "
            "Experiments are taken as steady; where they make room for a final run, training is "
            f"flatter than drawn. Growth is taken off: a doubling a year alone makes {doubling} "
            "between the quarters of a year."
        ),
        settings={"level": shape.LEVEL, "draws": shape.DRAWS, "seed": shape.SEED},
        height={"wide": 270, "narrow": 560},
    )


def _ends(values: Any) -> tuple[float, float]:
    return float(min(values)), float(max(values))


def _used(table: str, column: str, value: str | None = None) -> pd.DataFrame:
    rows = catalog.load(table)
    if value is not None:
        return rows[rows[column] == value]
    large = (rows["training_flop"] >= shape.LARGE_RUN_FLOP) & (
        rows["release_date"] >= shape.RUNS_SINCE
    )
    return rows[large & rows[column].notna()]


FIGURES = (Entry("shape-of-demand", shape_of_demand),)
