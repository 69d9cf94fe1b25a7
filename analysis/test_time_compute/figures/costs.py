"""Figures of what thinking costs: the price of a fixed score over time, energy per question."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.publishing.labels import end_labels
from analysis.publishing.marks import rings_with_spread
from analysis.test_time_compute.findings import costs
from analysis.test_time_compute.fixed_score import premium_half_life, price_decline

_PRICE_TICKS = [1, 0.1, 0.01, 0.001, 0.0001]


def _draw_prices(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
    last = float(data["months"].max())
    room = 150 if width > 500 else 128
    x_scale = alt.Scale(domain=[0, last * width / (width - room)], nice=False)
    x = alt.X(
        "months:Q",
        title="months since the score was first reached",
        scale=x_scale,
        axis=alt.Axis(values=list(range(0, int(last) + 1, 6))),
    )
    scale = alt.Scale(type="log", domain=[4e-5, 2], nice=False)
    label = "datum.value > 0.5 ? '1' : '1/' + format(round(1 / datum.value), ',')"
    y = alt.Y(
        "relative_price:Q",
        scale=scale,
        axis=alt.Axis(values=_PRICE_TICKS, grid=True, labelExpr=label),
        title="price, as a ratio to the first price (log scale)",
    )
    colour = alt.condition(
        alt.datum.basis == costs.PER_TASK, alt.value(theme.INFERENCE), alt.value(theme.OTHER)
    )
    base = alt.Chart(data)
    lines = base.mark_line(strokeWidth=1.8).encode(x=x, y=y, detail="level:N", color=colour)
    dots = base.mark_point(size=36, strokeWidth=1.5, filled=False).encode(
        x=x,
        y=y,
        color=colour,
        fill=alt.condition(
            "datum.kind === 'reported'", alt.value(theme.OTHER), alt.value(theme.PAPER)
        ),
        tooltip=["level:N", "model:N", "date:N", alt.Tooltip("price:Q", format=".3~g"), "basis:N"],
    )
    ends = data.loc[data.groupby("level")["months"].idxmax()].copy()
    ends["label_x"] = ends["months"] + 0.8
    ends["label_at"] = ends["relative_price"]
    # Lines that end close together are named in the free corner above them.
    crowded = ends["months"].between(15, 25) & (ends["basis"] == costs.PER_TOKEN)
    ends.loc[crowded, "label_x"] = last * (0.68 if width > 500 else 0.62)
    ends.loc[crowded, "label_at"] = 10.0 ** (
        (-1.15 if width > 500 else -0.3) - 0.28 * np.arange(crowded.sum())
    )
    halo = (
        alt.Chart(ends)
        .mark_text(align="left", dx=3, fontSize=11, stroke=theme.PAPER, strokeWidth=4)
        .encode(
            x=alt.X("label_x:Q", scale=x_scale), y=alt.Y("label_at:Q", scale=scale), text="level:N"
        )
    )
    labels = end_labels(
        ends, x=x, x_scale=x_scale, y="relative_price", scale=scale, text="level", colour=colour,
        reach=1.0,
    )  # fmt: skip
    return lines + dots + halo + labels


def price_of_a_score() -> Figure:
    frame = costs.price_paths()[
        [
            "level", "model", "date", "months", "price", "relative_price", "basis", "kind",
            "source_id",
        ]
    ]  # fmt: skip
    rates = costs.price_rates()
    halves = premium_half_life(rates["factor_per_year"].to_numpy())
    low, high = wording.digits(halves.min()), wording.digits(halves.max())
    arc = frame.loc[frame["basis"] == costs.PER_TASK, "relative_price"]
    first_said, first_used = costs.first_prices_of_o3()
    return Figure(
        id="price-of-a-score",
        title=(
            f"Until early 2025 the token price of a fixed score halved every {low} to {high} months"
        ),
        subtitle="Cheapest price at which a score could be had, over the first such price",
        caption=(
            "Each line follows one score, from the first model that reached it to the cheapest "
            f"that did so later. Fitted half-lives run from {low} to {high} months for prices per "
            "token (grey). Orange: price per task of a puzzle test, two points each, which counts "
            f"longer thinking too: down to 1/{wording.digits(1 / arc.min())}. Rings are one "
            "author's reading of a leaderboard."
        ),
        alt=(
            f"Lines of relative price against months for {frame['level'].nunique()} fixed scores. "
            "All fall by a hundred to a thousand times within one to three years."
        ),
        evidence=("reported", "derived"),
        frame=frame,
        draw=_draw_prices,
        fields={
            "level": "benchmark and score held fixed",
            "model": "cheapest model that reached it by the date",
            "date": "date of the price",
            "months": "months since the score was first reached",
            "price": "USD per million tokens, or per task, as `basis` says",
            "relative_price": "ratio of the price to the first price",
            "basis": "price per token or price per task",
            "kind": "kind of evidence",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("fixed_score_prices",),
        models=(price_decline, premium_half_life),
        tests=("tests/test_time_compute/test_fixed_score.py::" + costs.PRICE_TEST,),
        weaknesses=(
            "Records are chosen for being low, few and dependent, so the half-lives are rough. "
            "Test scores can be trained for. A price per token hides that newer models write more "
            "tokens per answer. The first price of the dearest puzzle run was put at "
            f"{wording.usd(first_said)} a task when published and at {wording.usd(first_used)} on "
            "the later leaderboard used here."
        ),
        height={"wide": 400, "narrow": 420},
    )


def energy_per_question() -> Figure:
    rows = costs.answer_energy()
    frame = rows[
        ["name", "answer", "value", "value_low", "value_high", "method", "kind", "source_id"]
    ].rename(columns={"value": "energy_wh", "value_low": "low", "value_high": "high"})
    plain = frame.query("answer == @costs.PLAIN")
    recent = plain.loc[~plain["name"].str.contains("2023"), "energy_wh"]
    longer = frame.loc[frame["answer"] == costs.LONG, "energy_wh"]
    low, high = wording.digits(recent.min()), wording.digits(recent.max())
    least, most = wording.digits(longer.min()), wording.digits(longer.max())
    times = wording.digits(costs.energy_of_longer_answer())
    guess = float(rows.set_index("fact_id").loc["chatgpt_devries", "value"])

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = data.sort_values(["answer", "energy_wh"], ascending=[False, True])["name"].tolist()
        y = alt.Y(
            "name:N",
            sort=order,
            axis=alt.Axis(
                title=None, labelLimit=280, labelColor=theme.INK, ticks=False, grid=True,
                labelOverlap=False,
                labelExpr="datum.label" if width > 500 else "split(datum.label, ', ')",
            ),
        )  # fmt: skip
        scale = alt.Scale(type="log", domain=[0.03, 60], nice=False)
        x = alt.X(
            "energy_wh:Q",
            scale=scale,
            axis=alt.Axis(values=[0.1, 0.3, 1, 3, 10, 30], format="~g", grid=True),
            title="energy per question, Wh (log scale)",
        )
        colour = alt.Color(
            "answer:N",
            scale=alt.Scale(domain=[costs.PLAIN, costs.LONG], range=[theme.OTHER, theme.INFERENCE]),
            legend=alt.Legend(columns=2 if width > 500 else 1, symbolType="square"),
        )
        base = alt.Chart(data)
        return rings_with_spread(
            base,
            x=x,
            scale=scale,
            y=y,
            low="low",
            high="high",
            colour=colour,
            tooltip=["name:N", alt.Tooltip("energy_wh:Q", format=".2~g"), "method:N", "kind:N"],
        )

    return Figure(
        id="energy-per-question",
        title=(
            f"Recent estimates: a plain answer takes {low} to {high} Wh, a long or thought-out one "
            f"{least} to {most}"
        ),
        subtitle="Energy per question, Wh; filled: measured, rings: estimated or stated",
        caption=(
            "Only the filled points are measurements: 2023's open models at the chip, Google's at "
            "the fleet, with cooling and idle machines. The one pair with an interval on both "
            f"sides puts an answer 15 times longer at {times} times the energy. The ring at "
            f"{wording.digits(guess)} Wh is the much-quoted top-down guess of 2023, "
            f"{wording.digits(guess / float(recent.median()), 1)} times the median of later ones."
        ),
        alt=(
            f"Dot plot of energy per question. Recent plain answers lie between {low} and {high} "
            f"watt-hours; long prompts and thinking between {least} and {most}."
        ),
        evidence=("measured", "estimate", "reported"),
        frame=frame,
        draw=draw,
        fields={
            "name": "model and question",
            "answer": "short or long",
            "energy_wh": "energy per question, Wh",
            "low": "lower quartile or end of the published range, Wh",
            "high": "upper quartile or end of the published range, Wh",
            "method": "how the number was found",
            "kind": "kind of evidence",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("answer_energy",),
        models=(costs.answer_energy,),
        tests=("tests/test_time_compute/test_tables.py::" + costs.ENERGY_TEST,),
        weaknesses=(
            "Boundaries differ: chip alone, server, or site with cooling. We found no maker's "
            "measurement of a thinking answer; those are inferred from delays and "
            "assumed hardware, and the same authors revised one of them by a fifth."
        ),
        height={"wide": 380, "narrow": 470},
    )
