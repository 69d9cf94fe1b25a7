"""Figures of what flips the choice of a chip: the ratio of rents, and newer chips."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import wording
from analysis.hardware import choice, flips
from analysis.hardware.figures.choice import TABLES, row_name, sources_behind
from analysis.hardware.findings import chip_flips, chip_prices
from analysis.hardware.findings import choice as found
from analysis.publishing import Entry, Figure, theme


def _pair_name(first: str, second: str) -> str:
    return f"{chip_prices.chip_name(first)} over {chip_prices.chip_name(second)}"


def _flip_frame() -> pd.DataFrame:
    table = chip_flips.price_flips()
    cells = pd.DataFrame(
        {
            "pair": [_pair_name(*p) for p in zip(table["chip_id"], table["other_chip_id"],
                                                 strict=True)],
            "work": [row_name(*p) for p in zip(table["workload"], table["service"], strict=True)],
            "model": table["model_id"].map(found.MODEL_NAMES),
            "what": "kind of work",
            "ratio": table["ratio"], "low": table["low"], "high": table["high"],
            "today": table["today"], "distance_percent": 100 * table["distance"],
            "source_id": table["source_id"],
        }
    )  # fmt: skip
    summary = chip_flips.pair_summary()
    middle = cells.merge(
        pd.DataFrame({"pair": [_pair_name(*p) for p in summary.index],
                      "ratio": summary["ratio"].to_numpy()}), on=["pair", "ratio"],
    ).drop_duplicates("pair")  # fmt: skip
    return pd.concat([cells, middle.assign(what="middle of all")], ignore_index=True)


def _draw_flips(data: pd.DataFrame, width: int = 690) -> alt.LayerChart:
    wide = width > 500
    order = list(dict.fromkeys(data["pair"]))
    scale = alt.Scale(type="log", domain=[0.025, 3.2], nice=False, clamp=True)
    x = alt.X(
        "ratio:Q",
        scale=scale,
        axis=alt.Axis(values=[0.05, 0.1, 0.2, 0.5, 1, 2], format="~g", grid=True),
        title=theme.fitted("rent of the first chip over the second's, ratio (log scale)", width),
    )
    y = alt.Y(
        "pair:N",
        sort=order,
        axis=alt.Axis(
            title=None, labelColor=theme.INK, ticks=False, labelOverlap=False, labelLimit=240,
            labelPadding=10,
            labelExpr="datum.label" if wide else "split(replace(datum.label, ' over ', '| over '),"
            " '|')",
        ),
    )  # fmt: skip
    cells = alt.Chart(data[data["what"] == "kind of work"])
    middle = alt.Chart(data[data["what"] == "middle of all"])
    tooltip = ["pair:N", "work:N", "model:N", alt.Tooltip("ratio:Q", format=".2~f"),
               alt.Tooltip("low:Q", format=".2~f"), alt.Tooltip("high:Q", format=".2~f"),
               alt.Tooltip("today:Q", format=".2~f")]  # fmt: skip
    dots = cells.mark_point(size=34, strokeWidth=1.3, opacity=0.6, filled=False).encode(
        x=x, y=y, color=alt.value(theme.OTHER), tooltip=tooltip
    )
    band = middle.mark_rule(strokeWidth=2.4).encode(
        x=alt.X("low:Q", scale=scale), x2="high:Q", y=y, color=alt.value(theme.ACCENT)
    )
    ring = middle.mark_point(
        size=110, strokeWidth=2.4, fill=theme.PAPER, stroke=theme.ACCENT, opacity=1
    ).encode(x=x, y=y, tooltip=tooltip)
    today = middle.mark_tick(thickness=3, size=26, orient="vertical", opacity=1).encode(
        x=alt.X("today:Q", scale=scale), y=y, color=alt.value(theme.INK), tooltip=tooltip
    )
    first = middle.transform_filter(alt.datum.pair == order[0])
    words = first.mark_text(dy=-20, fontSize=11).encode(
        x=alt.X("today:Q", scale=scale), y=y, text=alt.value("today"), color=alt.value(theme.INK)
    )
    note = first.mark_text(dy=-20, fontSize=11, align="right", dx=8).encode(
        x=x, y=y, text=alt.value("flips here"), color=alt.value(theme.ACCENT)
    )
    return dots + band + ring + today + words + note


def chip_flip_points() -> Figure:
    frame = _flip_frame()
    pairs = chip_flips.pair_summary()
    mine = pairs.loc[("h100_sxm", "mi355x")]
    fall = wording.percent(-float(mine["distance"]))
    ends = [wording.digits(float(mine[name])) for name in ("ratio", "low", "high")]
    close = pairs.loc[("gb200", "b200")]
    kinds = sum(pairs["cells"])
    like = wording.span(*(wording.digits(x) for x in chip_flips.like_for_like("l40s")))
    return Figure(
        id="chip-flip-points",
        title=(
            f"An H100 would have to rent for {fall} less to match an MI355X at the middle kind of "
            "work"
        ),
        subtitle="Ratio of rents at which two chips serve at the same cost, and the ratio today",
        caption=(
            "Grey rings: one kind of work and model each, where both chips can do it; left of its "
            "ring the first chip of the pair is the cheaper, right of it the second; a ring beyond "
            "the scale stands at its end. Purple: the middle one, with the 80% interval of the "
            f"model's error in the two chips' speeds ({ends[0]}, {ends[1]} to {ends[2]} for the "
            "first pair). Upright bar: today's ratio. For "
            f"the GB200 over the B200 the two lie {wording.percent(abs(close['distance']))} apart."
        ),
        alt=(
            f"Strip plot of {kinds} ratios of rents for {len(pairs)} pairs of chips. In most pairs "
            "today's ratio lies to the right of nearly all rings, so the second chip is cheaper; "
            "for B200 against MI355X and GB200 against B200 the two come close."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=_draw_flips,
        fields={
            "pair": "first chip over second",
            "work": "kind of work and level of service",
            "model": "model served",
            "what": "one kind of work, or the middle of all",
            "ratio": "ratio of rents at which both cost the same",
            "low": "lower end of its 80% interval",
            "high": "upper end of its 80% interval",
            "today": "ratio of rents today",
            "distance_percent": "change of the ratio of rents that flips the answer, percent",
            "source_id": "key of the source of the first chip's rent",
        },
        sources=sources_behind(frame, chip_prices.RENTED),
        tables=TABLES,
        models=(flips.price_flip, choice.sweep),
        tests=("tests/hardware/test_flips.py::" + chip_flips.FLIP_TEST,),
        weaknesses=(
            "Today's rents are one source's estimates for three years, the L40S's and the TPU's "
            "on-demand quotes taken to such terms; the TPU's and the Inferentia's are of 2024. "
            f"Sources that quote both rent an L40S at {like} of an H100's. Each chip is at its "
            "own best number format, so chips with 4 bits gain by that. Pairs across "
            "makers rest on few measured points of the other maker."
        ),
        height={"wide": 340, "narrow": 380},
    )


def _draw_years(data: pd.DataFrame, width: int = 690) -> alt.LayerChart:
    last = int(data["year"].max())
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=[data["year"].min() - 0.1, last + 0.15],
                        nice=False),
        axis=alt.Axis(values=sorted(data["year"].unique().tolist()), format="d"),
        title="chips announced by the end of the year",
    )  # fmt: skip
    y = alt.Y(
        "share_percent:Q", scale=alt.Scale(domain=[0, 100]), title="kinds of work, percent",
        axis=alt.Axis(values=[0, 25, 50, 75, 100], grid=True),
    )  # fmt: skip
    colour = alt.Color(
        "basis:N", legend=None,
        scale=alt.Scale(domain=[chip_prices.RENTED, chip_prices.OWNED],
                        range=[theme.ACCENT, theme.OTHER]),
    )  # fmt: skip
    base = alt.Chart(data)
    line = base.mark_line(strokeWidth=2.2).encode(x=x, y=y, color=colour)
    paper = base.mark_circle(size=60, opacity=1).encode(x=x, y=y, color=alt.value(theme.PAPER))
    dots = base.mark_point(size=60, strokeWidth=2, filled=False, opacity=1).encode(
        x=x, y=y, color=colour,
        tooltip=["basis:N", "year:Q", "won:Q", "cells:Q",
                 alt.Tooltip("expected_percent:Q", format=".0f")],
    )  # fmt: skip
    expected = base.mark_line(strokeWidth=1.4, strokeDash=[4, 3]).encode(
        x=x, y=alt.Y("expected_percent:Q"), color=colour
    )
    second = data[data["year"] == data["year"].min() + 1]
    lower = second["share_percent"].min()
    words = alt.layer(*(
        alt.Chart(second[(second["share_percent"] == lower) == low])
        .mark_text(align="right" if low else "left", dx=-30 if low else 10, dy=-12, fontSize=11)
        .encode(x=x, y=y, text="basis:N", color=colour)
        for low in (True, False)
    ))  # fmt: skip
    return line + expected + paper + dots + words


def h100_share_of_work() -> Figure:
    table = chip_flips.h100_by_year()
    frame = table.assign(
        share_percent=100 * table["share"], expected_percent=100 * table["expected_share"],
        source_id=[_price_source(basis) for basis in table["basis"]],
    ).drop(columns=["share", "expected_share"])  # fmt: skip
    rent = table[table["basis"] == chip_prices.RENTED].set_index("year")
    first, last = int(rent.index.min()), int(rent.index.max())
    gone = int(rent.index[rent["won"] == 0].min())
    return Figure(
        id="h100-share-of-work",
        title=(
            f"Against the chips of {first} the H100 is cheapest for {_share(rent, first)} of the "
            f"work, against those of {gone} for none"
        ),
        subtitle="Share of the map's kinds of work for which the H100 costs least",
        caption=(
            "Each point compares the H100 with all priced chips announced by the end of that year, "
            "at today's prices throughout: rents of earlier years are known for the H100 alone. "
            "Serving only, and on price only: a chip that is not the cheapest may still be needed, "
            "for training, for its software, or because no other can be had. "
            "Dashed: the expected share, given what prices and speeds may be off; on rents it is "
            f"still {wording.percent(float(rent.loc[last, 'expected_share']))}."
        ),
        alt=(
            f"Two falling lines from {first} to {last}. On rents the share falls from "
            f"{_share(rent, first)} to none by {gone}; on purchase "
            "prices it starts lower and falls sooner."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=_draw_years,
        fields={
            "basis": "what a chip-hour is paid by",
            "year": "chips announced by the end of this year",
            "cells": "kinds of work and models that one of them can serve",
            "won": "of those, how many the H100 serves at the least cost",
            "share_percent": "their share, percent",
            "expected_percent": "mean probability of the H100 to be the cheapest, percent",
            "source_id": "key of the source of the H100's price",
        },
        sources=sources_behind(frame, chip_prices.RENTED, chip_prices.OWNED),
        tables=TABLES,
        models=(choice.sweep, choice.probability_cheapest),
        tests=("tests/hardware/test_choice.py::" + found.CHOICE_TEST,),
        weaknesses=(
            "An announced chip can be had a year later at best. Today's price of an old chip is "
            "lower than its price was, which favours it in the past. Every kind of work counts "
            "the same, whatever its share of the world's tokens."
        ),
        height={"wide": 320, "narrow": 300},
    )


def _share(rent: pd.DataFrame, year: int) -> str:
    share = float(rent.loc[year, "share"])
    return "all" if share == 1.0 else wording.percent(share)


def _price_source(basis: str) -> str:
    rows = chip_prices.prices().set_index(["chip_id", "basis"])
    return str(rows.loc[("h100_sxm", basis), "source_id"])


FIGURES = (
    Entry("chip-flip-points", chip_flip_points),
    Entry("h100-share-of-work", h100_share_of_work),
)
