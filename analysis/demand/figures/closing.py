"""Figure of supply against demand: what the chips are counted to do."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.demand.closure import closure, demand_over_supply
from analysis.demand.findings import closing, projection
from analysis.demand.model import project_inputs
from analysis.publishing import Entry, Figure, theme
from analysis.uncertainty import Interval

#: Tables that the drivers of the model are computed from.
MODEL_TABLES = (
    "token_volumes", "query_volumes", "training_runs", "programme_compute", "chip_supply",
    "gpu_rental_prices", "compute_splits", "peer_projections",
)  # fmt: skip
TEST = "tests/demand/test_growth_findings.py::"
#: Top of the linear axis, percent; a whisker beyond says its end in digits.
_TOP = 400.0
_HUES = {
    closing.LABS_TRAINING: (theme.TRAINING, 1.0),
    closing.OTHERS_TRAINING: (theme.TRAINING, 0.45),
    closing.OTHER_ML: (theme.OTHER, 0.75),
    closing.CHAT: (theme.INFERENCE, 0.28),
    closing.REASONING: (theme.INFERENCE, 0.5),
    closing.AGENTS: (theme.INFERENCE, 0.75),
    closing.EMBEDDED: (theme.INFERENCE, 1.0),
    closing.UNEXPLAINED: (theme.PAPER, 1.0),
}
_LINES = {closing.AVAILABLE: theme.OTHER, closing.DEMAND: theme.INK}
_COUNTS = (
    "datum.value >= 1e9 ? format(datum.value / 1e9, '~g') + ' bn' : "
    "datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + ' m' : format(datum.value, ',.0f')"
)


def percents(it: Interval) -> str:
    """An interval of shares in words."""
    return wording.span(wording.percent(it.low), wording.percent(it.high))


def forecast_layers(base: alt.Chart, width: float = 2.2, **encoding: Any) -> list[alt.Chart]:
    """A line, dashed from the last year of accounts on."""
    from_year = projection.FORECAST_FROM
    past = base.transform_filter(f"datum.year < {from_year}").mark_line(strokeWidth=width)
    ahead = base.transform_filter(f"datum.year >= {from_year - 1}").mark_line(
        strokeWidth=width, strokeDash=[5, 4]
    )
    return [past.encode(**encoding), ahead.encode(**encoding)]


def panel_title(text: str, more: str = "") -> alt.TitleParams:
    """The name of one panel, and what else it says."""
    return alt.TitleParams(
        text, fontSize=12, fontWeight=600, offset=6,
        subtitle=more or alt.Undefined, subtitleColor=theme.MUTED, subtitleFontSize=11,
    )  # fmt: skip


def _supply_rows() -> pd.DataFrame:
    lines = closing.chips_by_year().assign(panel="chips", kind="simulation")
    lines["time"] = lines["year"] + 0.5
    seen = closing.observed_chips().assign(panel="chips")
    seen["year"] = seen["time"].astype(int) - 1
    parts = closing.parts_of_supply().rename(columns={"part": "series"})
    whole = closing.explained().set_index("year")
    parts = parts.assign(panel="share", kind="simulation", value=100 * parts["share"])
    parts["to_value"] = parts.groupby("year")["value"].cumsum()
    parts["low"], parts["high"] = (100 * parts["year"].map(whole[end]) for end in ("low", "high"))
    parts["over_percent"] = 100 * parts["year"].map(whole["over"])
    parts["time"] = parts["year"] + 0.5
    frame = pd.concat([lines, seen, parts], ignore_index=True)
    return frame[
        ["panel", "series", "year", "time", "value", "to_value", "low", "high", "over_percent",
         "kind", "source_id"]
    ].assign(source_id=lambda rows: rows["source_id"].fillna(""))  # fmt: skip


def _chips_panel(data: pd.DataFrame, width: int, height: int) -> alt.LayerChart | alt.FacetChart:
    rows = data[data["panel"] == "chips"]
    model = rows[rows["kind"] == "simulation"]
    x = alt.X(
        "time:Q", title=None, scale=alt.Scale(domain=[2022, 2031], nice=False),
        axis=alt.Axis(format="d", values=[2022, 2024, 2026, 2028, 2030]),
    )  # fmt: skip
    channel: dict[str, Any] = {
        "scale": alt.Scale(type="log", domain=[2e5, 5e9], nice=False),
        "title": "chips, times one H100 (log scale)",
        "axis": alt.Axis(values=[1e6, 1e7, 1e8, 1e9], labelExpr=_COUNTS),
    }
    colour = alt.Color(
        "series:N", legend=None, scale=alt.Scale(domain=list(_LINES), range=list(_LINES.values()))
    )
    base = alt.Chart(model)
    y = alt.Y("value:Q", **channel)
    ends: dict[str, Any] = {"x": x, "y": alt.Y("low:Q", **channel), "y2": "high:Q", "color": colour}
    # Where bands overlap two fills look like one: the chips there are drawn by the edges.
    band = base.transform_filter(f"datum.series === '{closing.DEMAND}'").mark_area(opacity=0.18)
    there = base.transform_filter(f"datum.series === '{closing.AVAILABLE}'")
    edges = [
        there.mark_line(strokeWidth=1.2).encode(x=x, y=alt.Y(f"{end}:Q", **channel), color=colour)
        for end in ("low", "high")
    ]
    seen = alt.Chart(rows[rows["kind"] != "simulation"])
    ink = alt.value(theme.MUTED)
    whisker = seen.mark_rule(strokeWidth=1.6).encode(
        x=x, y=alt.Y("low:Q", **channel), y2="high:Q", color=ink
    )
    marks = seen.mark_point(size=52, strokeWidth=1.8, fill=theme.PAPER).encode(
        x=x, y=y, stroke=ink,
        shape=alt.Shape(
            "series:N", legend=None,
            scale=alt.Scale(domain=[closing.SOLD, closing.DEPLOYED], range=["circle", "square"]),
        ),
        tooltip=["series:N", "time:Q", "value:Q", "kind:N", "source_id:N"],
    )  # fmt: skip
    names = pd.DataFrame(
        {
            "series": [closing.DEMAND, closing.AVAILABLE],
            "label": [["wanted by the", "work counted"], ["installed", "and working"]],
            "time": [2025.2, 2022.3],
            "value": [1.9e6, 9e6],
        }
    )
    text = (
        alt.Chart(names)
        .mark_text(align="left", fontSize=11, fontWeight=600)
        .encode(x=x, y=y, text="label:N", color=colour)
    )
    lines = forecast_layers(base, x=x, y=y, color=colour)
    return alt.layer(
        band.encode(**ends), *edges, *lines, whisker, marks, text,
        width=width, height=height, title=panel_title("chips"),
    )  # fmt: skip


def _share_panel(data: pd.DataFrame, width: int, height: int, columns: int) -> alt.LayerChart:
    rows = data[data["panel"] == "share"].assign(order=lambda d: d["series"].map(list(_HUES).index))
    rows = rows.assign(from_value=rows["to_value"] - rows["value"])
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelExpr="slice(datum.label, -2)"))
    scale = alt.Scale(domain=[0, 1.16 * _TOP], nice=False)
    y: dict[str, Any] = {
        "scale": scale,
        "title": "percent of the chips working",
        "axis": alt.Axis(values=[0, 100, 200, 300, 400]),
    }
    legend = alt.Legend(columns=columns, symbolType="square", symbolStrokeWidth=0)
    names = [name for name in _HUES if name != closing.UNEXPLAINED]
    counted = alt.Chart(rows[rows["series"] != closing.UNEXPLAINED])
    bars = counted.mark_bar(width={"band": 0.72}).encode(
        x=x,
        y=alt.Y("from_value:Q", **y),
        y2="to_value:Q",
        fill=alt.Fill(
            "series:N", legend=legend, sort=names,
            scale=alt.Scale(domain=names, range=[_HUES[name][0] for name in names]),
        ),
        opacity=alt.Opacity(
            "series:N", legend=legend, sort=names,
            scale=alt.Scale(type="ordinal", domain=names, range=[_HUES[name][1] for name in names]),
        ),
        tooltip=["year:O", "series:N", alt.Tooltip("value:Q", format=".1f")],
    )  # fmt: skip
    rest = (
        alt.Chart(rows[rows["series"] == closing.UNEXPLAINED])
        .mark_bar(
            width={"band": 0.72}, fillOpacity=0, stroke=theme.OTHER, strokeDash=[3, 2],
            strokeWidth=1.2,
        )
        .encode(x=x, y=alt.Y("from_value:Q", **y), y2="to_value:Q")
    )  # fmt: skip
    whole = rows.drop_duplicates("year").assign(
        end=lambda d: d["high"].clip(upper=_TOP),
        beyond=lambda d: ["" if v <= _TOP else wording.digits(v) for v in d["high"]],
    )
    base = alt.Chart(whole)
    whisker = base.mark_rule(strokeWidth=1.8, color=theme.INK).encode(
        x=x, y=alt.Y("low:Q", **y), y2="end:Q"
    )
    beyond = base.mark_text(fontSize=10, dy=-6, color=theme.MUTED).encode(
        x=x, y=alt.Y("end:Q", **y), text="beyond:N"
    )
    chance = base.mark_text(fontSize=11, fontWeight=600, y=6).encode(
        x=x, text=alt.Text("over_label:N")
    ).transform_calculate(over_label="format(datum.over_percent, '.0f')")  # fmt: skip
    full = alt.Chart(whole.head(1)).mark_rule(color=theme.MUTED, strokeWidth=1).encode(
        y=alt.Y("full:Q", **y)
    ).transform_calculate(full="100")  # fmt: skip
    return (bars + rest + full + whisker + beyond + chance).properties(
        width=width,
        height=height,
        title=panel_title(
            "what the work counted takes of them",
            "bold: scenarios in which it needs more than all, percent",
        ),
    )


def _draw_supply(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide = width > 500
    chips = _chips_panel(data, 250 if wide else width - 62, 330 if wide else 230)
    share = _share_panel(data, 340 if wide else width - 50, 330 if wide else 300, 4 if wide else 2)
    if wide:
        return alt.hconcat(chips, share, spacing=22)
    return alt.vconcat(chips, share, spacing=24)


def supply_and_demand() -> Figure:
    frame = _supply_rows()
    now, end = closing.explained_in(2025), closing.explained_in(closing.LAST)
    over = wording.percent(closing.over_supply(closing.LAST))
    table = closing.explained()
    above = table.loc[table["share"] < 1, "year"].max() + 1
    peers, seen = catalog.load("peer_projections"), frame[frame["source_id"] != ""]
    labs = peers[peers["quantity"] == "lab_compute_in_use"]
    return Figure(
        id="supply-and-demand",
        title=(
            f"The work counted takes {wording.percent(now.central)} of the chips working in 2025 "
            f"({percents(now)}); unchecked it would take {wording.percent(end.central)} in "
            f"{closing.LAST}, and more than there is in {over} of the scenarios"
        ),
        subtitle=(
            "Chips in units of an H100, and the work counted as percent of the chips installed and "
            f"working, {closing.FIRST} to {closing.LAST}"
        ),
        caption=(
            "Left: chips wanted (dark line in its band) and chips there (grey line between its two "
            "edges), medians and 90% intervals, dashed where forecast; "
            "rings are chips sold since 2022, the square is what is deployed if three labs hold "
            "the share published; ticks stand at the start of a year. Right: parts of the work in "
            "their mean proportions, with the 90% interval of their sum (a number says "
            "where a whisker beyond the axis ends). Dashed boxes: chips that no counted work "
            "explains. Scenarios with more work than chips in 2023 to 2025 did not happen and are "
            "left out."
        ),
        alt=(
            "Two panels. On a log axis the chips wanted lie below the chips installed at first "
            f"and above them from {above} on. Stacked bars of the work "
            f"counted stand at {wording.percent(now.central)} of the chips in 2025 and "
            f"{wording.percent(end.central)} in {closing.LAST}, mostly training by the labs, "
            "agents and reasoning, with whiskers that widen from year to year."
        ),
        evidence=("simulation", "estimate", "forecast"),
        frame=frame,
        draw=_draw_supply,
        fields={
            "panel": "panel of the figure",
            "series": "line, observation or part of the work",
            "year": "calendar year",
            "time": "decimal year at which it is drawn: the middle, or the end where counted then",
            "value": "H100-equivalents, or percent of the chips working",
            "to_value": "upper end of the part of the bar, percent of the chips working",
            "low": "5th percentile, in the unit of the panel; of the sum of the parts for bars",
            "high": "95th percentile, in the unit of the panel; of the sum of the parts for bars",
            "over_percent": "scenarios in which the work needs more than all chips, percent",
            "kind": "kind of evidence",
            "source_id": "key of the source, empty for the model",
        },
        sources=catalog.sources_of(seen, labs),
        tables=MODEL_TABLES,
        models=(closure, demand_over_supply, project_inputs),
        tests=(TEST + "test_the_parts_fill_the_chips_that_there_are",),
        weaknesses=(
            "Demand is what the drivers would want if chips were there and prices did not move; "
            "beyond all chips it cannot happen, so those years say that a driver must give way, "
            "not which. Other machine learning and training by others are not measured and make "
            "most of the bars before 2024. Images, video, idle chips and China's own makes are in "
            "the part that is not explained."
        ),
        settings={
            "draws": projection.DRAWS, "seed": projection.SEED, "level": closing.LEVEL
        },
        height={"wide": 430, "narrow": 720},
    )  # fmt: skip


FIGURES: tuple[Entry, ...] = (Entry("supply-and-demand", supply_and_demand),)
