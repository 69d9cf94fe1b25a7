"""The figure of agents: what a task costs beside a chat, and why published multiples differ."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.publishing.labels import end_labels, spread
from analysis.publishing.marks import line_with_band
from analysis.test_time_compute.agents import agent_cost, multiplier, steps_for_multiplier
from analysis.test_time_compute.findings import agents

_TICKS = [1, 10, 100, 1000, 10_000]


def agent_multiples() -> Figure:
    curves = agents.multiples().rename(columns={"counted": "unit"})
    marks = agents.marks()
    frame = pd.concat(
        [
            curves.assign(row="model", name="", kind="simulation", source_id=""),
            pd.DataFrame(
                {
                    "row": "published",
                    "unit": agents.UNITS["tokens"],
                    "steps": marks["steps"],
                    "multiplier": marks["value"].astype(float),
                    "name": marks["name"],
                    "kind": marks["kind"],
                    "source_id": marks["source_id"],
                }
            ),
        ],
        ignore_index=True,
    )
    steps = round(agents.fact("nebius_openhands_turns"))
    cached = wording.percent(float(agents.prices().cached_price_ratio))
    tokens, money = (agents.multiple(steps, unit) for unit in ("tokens", "usd"))
    in_tokens, in_money = wording.digits(tokens), wording.digits(money)

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        last = int(data["steps"].max())
        x_scale = alt.Scale(
            type="log",
            domain=theme.domain_with_room(1, last, width, 115 if width > 500 else 88),
            nice=False,
        )
        x = alt.X(
            "steps:Q",
            scale=x_scale,
            axis=alt.Axis(values=[1, 3, 10, 30, 100, 300], format="d"),
            title=theme.fitted("steps of the task, times the model is called (log scale)", width),
        )
        scale = alt.Scale(type="log", domain=[0.3, 60_000], nice=False)
        channel: dict[str, Any] = {
            "title": "multiple of a chat, times (log scale)",
            "scale": scale,
            "axis": alt.Axis(values=_TICKS, format=",d", grid=True),
        }
        units = list(agents.UNITS.values())
        hues = [theme.INFERENCE, theme.ACCENT, theme.TRAINING]
        colour = alt.Color("unit:N", legend=None, scale=alt.Scale(domain=units, range=hues))
        model = alt.Chart(data).transform_filter("datum.row === 'model'")
        tooltip = ["unit:N", "steps:Q", alt.Tooltip("multiplier:Q", format=".3~g")]
        lines = line_with_band(
            model, x=x, y="multiplier", low="low", high="high", colour=colour, detail="unit:N",
            channel=channel, tooltip=tooltip,
        )  # fmt: skip
        ends = data.loc[(data["row"] == "model") & (data["steps"] == last)].copy()
        ends["label_at"] = 10 ** spread(np.log10(ends["multiplier"]).tolist(), 0.3)
        labels = end_labels(
            ends, x=x, x_scale=x_scale, y="multiplier", scale=scale, text="unit", colour=colour,
            reach=1.25,
        )  # fmt: skip
        published = (
            alt.Chart(data)
            .transform_filter("datum.row === 'published'")
            .transform_calculate(
                label="datum.name"
                if width > 500
                else "replace(datum.name, ', several agents', ', several')"
            )
        )
        dots = published.mark_point(size=70, strokeWidth=2, stroke=theme.INK, opacity=1).encode(
            x=x,
            y=alt.Y("multiplier:Q", **channel),
            fill=alt.condition(
                "datum.kind === 'measured' || datum.kind === 'reported'",
                alt.value(theme.INK), alt.value(theme.PAPER),
            ),
            tooltip=["name:N", "multiplier:Q", "steps:Q"],
        )  # fmt: skip
        lowest = alt.datum.multiplier == float(
            published.data["multiplier"][data["name"] != ""].min()
        )
        place = {"x": x, "y": alt.Y("multiplier:Q", **channel), "text": "label:N"}
        above = published.transform_filter(~lowest).mark_text(
            align="right", dx=-8, dy=-7, fontSize=11
        )
        below = published.transform_filter(lowest).mark_text(align="left", dx=9, dy=9, fontSize=11)
        return lines + labels + dots + above.encode(**place) + below.encode(**place)

    return Figure(
        id="agent-multiples",
        title=(
            f"A task of {steps} steps takes about {in_tokens} times the tokens of a chat, "
            f"{in_money} times its money"
        ),
        subtitle="What an agent's task takes, as a multiple of a chat, by the number of steps",
        caption=(
            "Each step reads the whole context again, so tokens grow with the square of the steps; "
            f"what was read before costs {cached} of the price from a cache, so money and "
            "compute grow far "
            "less. Bands: 90% over the assumptions. Dots: published multiples, put where the "
            "model's tokens reach them: filled where counted, rings where estimated. They need not "
            "contradict each other: steps and unit make the difference. A "
            f"chat is {wording.count(agents.fact('bai2026_code_chat_tokens'))} tokens, as measured."
        ),
        alt=(
            "Three rising lines of the multiple against steps: tokens steepest, then compute, then "
            f"money. At {steps} steps they stand at {in_tokens} times in tokens and {in_money} "
            "times in money. Published multiples of 4 to 1,000 fall on the line of tokens between "
            f"{int(marks['steps'].min())} and {int(marks['steps'].max())} steps."
        ),
        evidence=("simulation", "measured", "reported", "estimate"),
        frame=frame,
        draw=draw,
        fields={
            "row": "the model's line, or a published multiple",
            "unit": "unit in which the multiple is counted",
            "steps": "calls in the task; for published rows where the model meets them",
            "multiplier": "multiple of a chat, times",
            "low": "lower end of the 90% interval over the assumptions",
            "high": "upper end of the 90% interval over the assumptions",
            "name": "who published the multiple",
            "kind": "kind of evidence",
            "source_id": "key of the source; empty for the model",
        },
        sources=catalog.sources_of(marks),
        tables=("agent_multipliers", "list_prices"),
        models=(agent_cost, multiplier, steps_for_multiplier),
        tests=("tests/test_time_compute/test_agents.py::" + agents.AGENT_TEST,),
        weaknesses=(
            "Context per step is assumed. Published multiples give no number of steps, so their "
            "place on the axis is the model's. Retries, caches that expire and prices that rise "
            "with the context are left out; the same task run again can differ thirtyfold."
        ),
        settings={"draws": agents.DRAWS, "level": 0.9, "prices": agents.PRICE_ROW},
        height={"wide": 420, "narrow": 380},
    )
