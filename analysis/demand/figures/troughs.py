"""The figure of what fits in the troughs of interactive load."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.figures.common import plain
from analysis.demand.findings import troughs
from analysis.demand.smoothing import capacity_for, fill_troughs, peak_with_wait
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import line_with_band

_WEEK_PANEL, _WAIT_PANEL = "a week of load", "work that can wait"
_WAIT_COLOURS = {
    "an hour": theme.OTHER, "six hours": theme.MUTED, "a day": theme.INFERENCE,
    "the week": theme.INK,
}  # fmt: skip
#: Where along a line its name stands, percent, and how far above it.
_WAIT_LABELS = {"an hour": (35.0, 0.045), "six hours": (50.0, 0.045), "a day": (9.0, -0.09)}


def _trough_frame() -> pd.DataFrame:
    week = troughs.week_of_load().assign(panel=_WEEK_PANEL)
    waits = troughs.waiting().assign(panel=_WAIT_PANEL)
    waits["share_percent"] = 100 * waits.pop("share")
    return pd.concat([week, waits], ignore_index=True)[
        ["panel", "day", "load", "wait", "share_percent", "capacity", "low", "high"]
    ]


def _draw_week(data: pd.DataFrame, width: int, height: int) -> alt.LayerChart | alt.FacetChart:
    rows = data[data["panel"] == _WEEK_PANEL]
    top = 1.12 * float(rows["capacity"].max())
    scale = alt.Scale(domain=[0, top], nice=False)
    days = "['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][datum.value]"
    x = alt.X(
        "day:Q",
        scale=alt.Scale(domain=[0, 7], nice=False),
        title=None,
        axis=alt.Axis(
            values=list(range(7)), labelExpr=days, labelAlign="left", labelOverlap=False, grid=True
        ),
    )
    base = alt.Chart(rows)
    used = base.mark_area(color=theme.INFERENCE, opacity=0.75, line=False).encode(
        x=x, y=alt.Y("load:Q", scale=scale, title=None)
    )
    idle = base.mark_area(color=theme.TRAINING_SOFT, opacity=0.6, line=False).encode(
        x=x, y=alt.Y("load:Q", scale=scale), y2="capacity:Q"
    )
    line = base.mark_line(color=theme.INK, strokeWidth=1.5).encode(
        x=x, y=alt.Y("capacity:Q", scale=scale)
    )
    most = float(rows["capacity"].iloc[0])
    words = pd.DataFrame(
        {
            "day": [0.1, 0.1, 0.1],
            "at": [most, (most + float(rows["load"].max())) / 2, 0.25],
            "words": ["capacity", "idle, or interruptible work", "interactive inference"],
            "dy": [-8, 0, 0],
        }
    )
    text = [
        alt.Chart(words.iloc[[k]])
        .mark_text(align="left", fontSize=11, fontWeight=600, color=colour, dy=int(words["dy"][k]))
        .encode(x="day:Q", y=alt.Y("at:Q", scale=scale), text="words:N")
        for k, colour in enumerate((theme.INK, theme.INK, theme.PAPER))
    ]
    name = _panel_name(
        "Load over its mean, Monday to Sunday", "capacity: with room for bursts and swings"
    )
    return alt.layer(used, idle, line, *text).properties(width=width, height=height, title=name)


def _draw_waits(data: pd.DataFrame, width: int, height: int) -> alt.LayerChart | alt.FacetChart:
    rows = data[data["panel"] == _WAIT_PANEL]
    top = 1.05 * float(rows["high"].max())
    scale = alt.Scale(domain=[0.85, top], nice=False)
    x_scale = alt.Scale(domain=[0, 60], nice=False)
    x = alt.X(
        "share_percent:Q", scale=x_scale, axis=alt.Axis(tickCount=6, grid=False),
        title="work that can wait, percent of each hour",
    )  # fmt: skip
    channel: dict[str, Any] = {"title": None, "scale": scale}
    day = rows[rows["wait"] == "a day"]
    band = line_with_band(
        alt.Chart(day), x=x, y="capacity", low="low", high="high", colour=theme.INFERENCE,
        channel=channel, strokeWidth=2.5,
    )  # fmt: skip
    colour = alt.Color(
        "wait:N",
        legend=None,
        scale=alt.Scale(domain=list(_WAIT_COLOURS), range=list(_WAIT_COLOURS.values())),
    )
    others = (
        alt.Chart(rows[rows["wait"] != "the week"])
        .mark_line(strokeWidth=2)
        .encode(
            x=x, y=alt.Y("capacity:Q", **channel), color=colour,
            tooltip=["wait:N", "share_percent:Q", alt.Tooltip("capacity:Q", format=".2f")],
        )
    )  # fmt: skip
    labels = pd.DataFrame(
        [
            {
                "wait": wait,
                "share_percent": share,
                "capacity": above + _height_at(rows, wait, share),
            }
            for wait, (share, above) in _WAIT_LABELS.items()
        ]
    )
    text = (
        alt.Chart(labels)
        .mark_text(fontSize=11, fontWeight=600)
        .encode(
            x=alt.X("share_percent:Q", scale=x_scale), y=alt.Y("capacity:Q", scale=scale),
            text="wait:N", color=colour,
        )
    )  # fmt: skip
    # Under the line of a day, with which it runs together at first.
    week = alt.Chart(rows[rows["wait"] == "the week"]).mark_line(strokeWidth=2).encode(
        x=x, y=alt.Y("capacity:Q", **channel), color=colour
    )  # fmt: skip
    flat = pd.DataFrame(
        {"wait": ["the week"], "share_percent": [100 * troughs.share_to_flatten()], "capacity": [1]}
    )
    flat["words"] = f"the week: flat from {wording.percent(troughs.share_to_flatten())}"
    at = alt.Chart(flat).encode(x=x, y=alt.Y("capacity:Q", **channel), color=colour)
    end = at.mark_circle(size=42, opacity=1)
    said = at.mark_text(dy=15, fontSize=11, fontWeight=600).encode(text="words:N")
    name = _panel_name(
        "Peak of the expected load if work may wait for ...",
        "over the mean; bursts and swings left out",
    )
    return alt.layer(week, band, others, text, end, said).properties(
        width=width, height=height, title=name
    )


def _panel_name(text: str, more: str) -> alt.TitleParams:
    return alt.TitleParams(
        text, fontSize=12, anchor="start", subtitle=more, subtitleFontSize=11,
        subtitleColor=theme.MUTED,
    )  # fmt: skip


def _height_at(rows: pd.DataFrame, wait: str, share_percent: float) -> float:
    line = rows[rows["wait"] == wait]
    return float(np.interp(share_percent, line["share_percent"], line["capacity"]))


def _draw_troughs(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide = width > 500
    each = (width - 2 * 36 - 22) // 2 if wide else width - 48
    panels = [draw(data, each, 260 if wide else 210) for draw in (_draw_week, _draw_waits)]
    return alt.hconcat(*panels, spacing=22) if wide else alt.vconcat(*panels, spacing=24)


def filling_troughs() -> Figure:
    load, gained = troughs.mean_load(), troughs.filled()
    low, high = (wording.percent(end) for end in (load.low, load.high))
    level = wording.percent(troughs.SERVICE_LEVEL, 3)
    usd = troughs.filled_usd()
    chips = wording.count(troughs.CHIPS)
    hours = troughs.CHIPS * gained.central * troughs.HOURS_PER_YEAR
    one, three = (wording.digits(it) for it in troughs.capacity_by_regions())
    fifth = wording.percent(troughs.saved_by_waiting("a day", 0.2))
    flat = wording.percent(troughs.share_to_flatten())
    return Figure(
        id="filling-troughs",
        title=(
            f"Chips kept ready for {level} of all minutes are {wording.percent(load.central)} busy "
            f"({low} to {high}); work that can be interrupted can have another "
            f"{wording.percent(gained.central)}"
        ),
        subtitle="Interactive load and the capacity it needs, over the mean load",
        caption=(
            f"On {chips} H100 the gap holds {wording.count(hours)} chip-hours a year of batch "
            f"inference or training, worth {wording.usd(usd.low)} to {wording.usd(usd.high)} at "
            "contract rents, restarts and lost work taken off. Right, without the bursts and "
            "swings that the capacity on the left allows for, so from the daily peak: capacity "
            "falls as more work can wait for the night: a fifth that waits up to a day saves "
            f"{fifth}; {flat} that wait within the week leave a flat load. Users spread "
            "evenly over three regions eight hours apart would lower the capacity on the left "
            f"from {one} to {three} means. Band: 90% interval over assumptions, for a day."
        ),
        alt=(
            f"Left, a week of load with seven humps, lower at the weekend, under a flat capacity "
            f"of {wording.digits(troughs.week_of_load()['capacity'].iloc[0])} means; the space "
            "between can be filled. Right, the peak against the share of work that can wait: an "
            f"hour's wait saves {wording.percent(troughs.saved_by_waiting('an hour', 0.3))} "
            "where three tenths can wait, a day's "
            f"{wording.percent(troughs.saved_by_waiting('a day', 0.3))}."
        ),
        evidence=("estimate", "derived"),
        frame=plain(_trough_frame()),
        draw=_draw_troughs,
        fields={
            "panel": "which panel",
            "day": "days from Monday 0:00",
            "load": "expected load over its mean",
            "wait": "how long work may wait",
            "share_percent": "share of each hour's work that may wait, percent",
            "capacity": "capacity over mean load; right, for the expected load only",
            "low": "5th percentile over assumptions",
            "high": "95th percentile over assumptions",
        },
        sources=catalog.sources_of(_contract_rents(), catalog.load("published_service")),
        tables=("gpu_rental_prices", "published_service"),
        models=(capacity_for, fill_troughs, peak_with_wait),
        tests=(
            "tests/demand/test_smoothing.py::test_capacity_covers_the_share_of_simulated_minutes_asked_for",
            "tests/demand/test_smoothing.py::test_capacity_with_a_limited_wait_is_that_of_the_linear_programme",
        ),
        weaknesses=(
            "The one published day, of nodes that follow the load and go back to training at "
            f"night, is {wording.percent(troughs.nodes_load())} busy: nodes lent out do not count "
            "as idle there. One time zone, a smooth day and noise of a large service are "
            "assumed, and that the work for the gaps exists and fits the chips' memory and links. "
            "The right panel leaves bursts out, for which capacity must be kept in any case."
        ),
        settings={
            "service_level": troughs.SERVICE_LEVEL, "chips": troughs.CHIPS, "level": troughs.LEVEL,
            "draws": troughs.DRAWS, "seed": troughs.SEED,
        },
        height={"wide": 260, "narrow": 520},
    )  # fmt: skip


def _contract_rents() -> pd.DataFrame:
    rows = troughs.rents.history()
    return rows[rows["group"] == troughs.rents.CONTRACT]


FIGURES = (Entry("filling-troughs", filling_troughs),)
