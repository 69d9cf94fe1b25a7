"""The one picture of the book: training and inference side by side."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.closure import rationed
from analysis.demand.figures.common import (
    MODEL_TEST,
    WEAK,
    YEARS,
    plain,
    seen_by,
    solid_then_dashed,
)
from analysis.demand.findings import central_figure as moved
from analysis.demand.findings import projection as found
from analysis.demand.model import project_inputs
from analysis.demand.sampling import simulate
from analysis.publishing import Control, Entry, Figure, Preset, theme

_HUES = {"training": theme.TRAINING, "inference": theme.INFERENCE, "working chips": theme.OTHER}
_COUNTS = (
    "datum.value >= 1e12 ? format(datum.value / 1e12, '~g') + ' trillion' : datum.value >= 1e9 ? "
    "format(datum.value / 1e9, '~g') + ' billion' : datum.value >= 1e6 ? "
    "format(datum.value / 1e6, '~g') + ' million' : format(datum.value, ',')"
)


def _panel(
    data: pd.DataFrame, panel: str, width: int, height: int, title: str, domain: list[float],
    values: list[float], first: int,
) -> alt.LayerChart | alt.FacetChart:  # fmt: skip
    part = data[data["panel"] == panel]
    last = part.loc[part["row"] == "model", "year"].max()
    room = 98 if panel == "chips" else 62
    end = first + (last - first) * width / (width - room)
    x_scale = alt.Scale(domain=[first, end], nice=False)
    x = alt.X("year:Q", scale=x_scale, title=None, axis=YEARS)
    scale = alt.Scale(type="log", domain=domain, nice=False, clamp=True)
    axis = alt.Axis(values=values, labelExpr=_COUNTS)
    y: dict[str, Any] = {"scale": scale, "axis": axis, "title": title}
    colour = alt.Color(
        "series:N", legend=None, scale=alt.Scale(domain=list(_HUES), range=list(_HUES.values()))
    )
    lines = alt.Chart(part[part["row"] == "model"])
    band = lines.mark_area(opacity=0.16).encode(
        x=x, y=alt.Y("low:Q", **y), y2="high:Q", color=colour
    )
    line = solid_then_dashed(lines, x=x, y=alt.Y("value:Q", **y), color=colour)
    points = alt.Chart(part[part["row"] == "published"])
    whisker = points.mark_rule(strokeWidth=1.4, clip=True).encode(
        x=x, y=alt.Y("low:Q", **y), y2="high:Q", color=colour
    )
    marks = points.mark_point(size=48, strokeWidth=1.8, filled=True).encode(
        x=x, y=alt.Y("value:Q", **y), color=colour, **seen_by(part),
        stroke=colour, tooltip=["label:N", "series:N", "year:Q", "value:Q", "kind:N"],
    )  # fmt: skip
    ends = part[(part["row"] == "model") & (part["year"] == last)]
    text = (
        alt.Chart(_spread(ends, domain))
        .mark_text(align="left", dx=16 if panel == "chips" else 4, fontSize=11)
        .encode(x=x, y=alt.Y("label_at:Q", **y), text="series:N", color=colour)
    )
    return (band + line + whisker + marks + text).properties(width=width, height=height)


def _spread(ends: pd.DataFrame, domain: list[float], apart: float = 0.06) -> pd.DataFrame:
    """Heights of end labels, moved apart where lines end close together."""
    rows = ends.sort_values("value").copy()
    step = apart * (np.log(domain[1]) - np.log(domain[0]))
    at = np.log(rows["value"].to_numpy(float))
    for i in range(1, at.size):
        at[i] = max(at[i], at[i - 1] + step)
    rows["label_at"] = np.exp(at)
    return rows


def _controls() -> tuple[Control, ...]:
    return tuple(
        Control(name, label, unit, low, moved.start()[name], high, step)
        for name, (label, unit, low, high, step) in moved.SLIDERS.items()
    )


def _readers_lines(
    data: pd.DataFrame, controls: tuple[Control, ...], y: Any
) -> alt.LayerChart | alt.FacetChart:
    """Both lines under the reader's settings, by the function that made the others."""
    params = {
        control.name: alt.param(name=control.name, value=control.central) for control in controls
    }
    inputs, history = moved.inputs()
    wanted = project_inputs({**inputs, **params}, history, times=alt.datum.year, xp=alt.expr)
    projection = rationed(wanted, xp=alt.expr)
    parts = {
        f"moved_{part}": projection.total("fleet", "chips", part)
        for part in ("training", "inference")
    }
    base = (
        alt.Chart(
            data[
                (data["panel"] == "chips")
                & (data["series"] == "training")
                & (data["row"] == "model")
            ]
        )
        .transform_calculate(**parts)
        .transform_calculate(
            moved="abs(datum.moved_training / datum.central_training - 1) > 0.001"
            " || abs(datum.moved_inference / datum.central_inference - 1) > 0.001 ? 1 : 0"
        )
        # A line takes its opacity from its first point, so all points say whether any has moved.
        .transform_joinaggregate(any_moved="max(moved)")
    )
    shown = alt.condition("datum.any_moved > 0", alt.value(1), alt.value(0))
    layers = [
        base.mark_line(color=theme.ACCENT, strokeWidth=2, strokeDash=dash, clip=True).encode(
            x="year:Q", y=alt.Y(f"moved_{part}:Q", **y), opacity=shown
        )
        for part, dash in (("training", [8, 3]), ("inference", [2, 2]))
    ]
    return alt.layer(*layers).add_params(*params.values())


def training_and_inference() -> Figure:
    frame = plain(moved.frame())
    controls = _controls()
    now, late = (found.at("share:lead_lab:usd:rnd", year) for year in (2025, 2030))
    growth = {
        part: found.growth(f"total:fleet:chips:{part}", 2025, 2030)
        for part in ("training", "inference")
    }

    def draw(data: pd.DataFrame, width: int = 690) -> Any:
        wide = width > 500
        size = (width - 140) // 2 if wide else width - 62
        height = 330 if wide else 270
        chips = _panel(
            data, "chips", size, height, "busy chips, times one H100 (log scale)", [3e4, 1.5e9],
            [1e5, 1e6, 1e7, 1e8, 1e9], 2019,
        )  # fmt: skip
        y: dict[str, Any] = {
            "scale": alt.Scale(type="log", domain=[3e4, 1.5e9], nice=False, clamp=True)
        }
        chips = chips + _readers_lines(data, controls, y)
        money = _panel(
            data, "money", size, height, "USD per year, OpenAI's accounts (log scale)",
            [1e8, 2e12], [1e8, 1e9, 1e10, 1e11, 1e12], 2022,
        )  # fmt: skip
        titles = ("all AI chips of the world", "the leading lab")
        panels = [
            panel.properties(title=alt.Title(text, fontSize=12, fontWeight="normal", offset=18))
            for panel, text in zip((chips, money), titles, strict=True)
        ]
        return alt.hconcat(*panels, spacing=24) if wide else alt.vconcat(*panels, spacing=26)

    return Figure(
        id="training-and-inference",
        title=(
            "From 2025 to 2030 the chips that train grow "
            f"{wording.digits(growth['training'].central)}-fold, those that serve "
            f"{wording.digits(growth['inference'].central)}-fold; inference takes "
            f"{wording.percent(now.central)} of the leading lab's money in 2025 and "
            f"{wording.percent(late.central)} in 2030"
        ),
        subtitle=(
            "Training (all research and development) and inference, median and 90% interval of "
            "sampled scenarios, 2019 to 2030"
        ),
        caption=(
            "Left: busy chips whose work is counted, and all working chips, in units of an H100; "
            "grey marks are chips sold, cumulative, as counted (rings) and as others forecast "
            "(diamonds). Right: the leading laboratory's spend, with the means of OpenAI's "
            "accounts (rings, their range) and its plans (diamonds). Dashed: forecast. Move a "
            "slider or choose a view: purple lines on the left are training (long dashes) and "
            "inference (dots) under your settings. They start from the median of each input over "
            "the weighed scenarios. Where demand exceeds the chips, all get the same part of what "
            "they ask for."
        ),
        alt=(
            "Two panels on log axes. Left, the chips busy with training and with inference rise "
            "from under a "
            "million in 2019 to tens of millions in 2030, with wide bands that overlap, below "
            "the line of "
            "working chips. Right, both lines of the leading laboratory's spend rise together "
            "from a hundred "
            "million to a hundred billion dollars, through the published accounts."
        ),
        evidence=("estimate", "forecast"),
        frame=frame,
        draw=draw,
        controls=controls,
        presets=tuple(Preset(one.label, moved.preset(one), one.says) for one in moved.VIEWS),
        fields={
            "panel": "chips of the world, or money of the leading laboratory",
            "row": "the model's line, or a published number",
            "series": "training, inference or chips",
            "year": "decimal year; the model's rows stand at the middle of a year",
            "value": "H100-equivalents, or USD per year; of the model the median",
            "low": "5th percentile; of published numbers the low end where there is one",
            "high": "95th percentile or high end",
            "central_training": "chips that train where the sliders start, at the weighed medians",
            "central_inference": "chips that serve there",
            "kind": "kind of evidence",
            "label": "what was published, by whom",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(moved.source_ids(frame), *moved.evidence()),
        tables=moved.TABLES,
        models=(project_inputs, simulate),
        tests=(
            MODEL_TEST,
            "tests/pages/test_controls.py::test_page_and_python_agree_on_sampled_scenarios",
        ),
        weaknesses=WEAK,
        settings={"draws": found.DRAWS, "seed": found.SEED, **moved.start()},
        height={"wide": 330, "narrow": 560},
    )


FIGURES: tuple[Entry, ...] = (Entry("training-and-inference", training_and_inference),)
