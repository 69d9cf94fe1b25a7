"""Figure of what an hour of a chip rents for."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.hardware.findings import rents
from analysis.hardware.rent_trends import trend
from analysis.hardware.rents import classify, same_source_changes
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import COUNTED

_TICKS = [1, 2, 4, 8, 16]
_COLOURS = {
    rents.MARKET: theme.INK,
    rents.CONTRACT: theme.ACCENT,
    rents.CLOUDS: theme.OTHER,
}


def _rows() -> pd.DataFrame:
    rows = rents.history()
    day = rents.as_dates
    table = pd.DataFrame(
        {
            "date": rows["date"],
            "first_day": day(rows["year_from"]),
            "middle_day": day(rows["year"]),
            "last_day": day(rows["year_to"]),
            "group": rows["group"],
            "price_class": rows["price_class"],
            "usd_per_hour": rows["usd_per_gpu_hour"],
            "low": rows["usd_low"].where(rows["bound"] == ""),
            "high": rows["usd_high"].where(rows["bound"] == ""),
            "bound": rows["bound"],
            "who": rows["provider_or_scope"],
            "kind": rows["kind"],
            "source_id": rows["source_id"],
        }
    )
    # Two quotes of one source and class, and nothing else, are joined by a line.
    exact = table["bound"] == ""
    again = exact.groupby([table["source_id"], table["price_class"]]).transform("sum") > 1
    table["joined"] = (table["source_id"] + " " + table["price_class"]).where(again & exact, "")
    first, low = rents.market_ends()
    told = rows["fact_id"].isin([first["fact_id"], low["fact_id"]])
    table["says"] = [
        f"{usd:.2f}" if it else "" for usd, it in zip(table["usd_per_hour"], told, strict=True)
    ]
    contract = rents.repeats().loc[(rents.REFERENCE, "contract_1_year")]
    later = table["price_class"].eq("contract_1_year") & (table["date"] == contract["date_after"])
    table.loc[later, "says"] = f"+{wording.percent(float(contract['change']) - 1)}"
    return table


def _draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
    scale = alt.Scale(type="log", domain=[1, 16], nice=False)
    y = alt.Y(
        "usd_per_hour:Q",
        scale=scale,
        axis=alt.Axis(values=_TICKS, grid=True, format="~g"),
        title="USD per hour of an H100 (log scale)",
    )
    axis = alt.Axis(format="%Y", tickCount="year", labelFlush=False, title=None)
    time = alt.Scale(domain=["2023-01-01", "2027-01-01"], nice=False)
    x = alt.X("middle_day:T", axis=axis, scale=time)
    colour = alt.Color(
        "group:N",
        scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
        legend=alt.Legend(
            columns=3 if width > 500 else 2, symbolType="circle", offset=30, symbolOpacity=1
        ),
    )
    base = alt.Chart(data)
    counted = " || ".join(f"datum.kind === '{kind}'" for kind in COUNTED)
    lines = (
        base.transform_filter("datum.joined !== ''")
        .mark_line(strokeWidth=1.8)
        .encode(x=x, y=y, detail="joined:N", color=colour)
    )
    spans = base.mark_rule(strokeWidth=1.4, opacity=0.55).encode(
        x=alt.X("first_day:T", axis=axis, scale=time), x2="last_day:T", y=y, color=colour
    )
    ranges = base.mark_rule(strokeWidth=1.6).encode(
        x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", color=colour
    )
    shape = alt.Shape(
        "bound:N",
        scale=alt.Scale(
            domain=["", "at least", "at most"], range=["circle", "triangle-up", "triangle-down"]
        ),
        legend=None,
    )
    tooltip = ["date:N", "price_class:N", "usd_per_hour:Q", "bound:N", "who:N", "kind:N"]
    paper = base.mark_point(size=60, filled=True, opacity=1).encode(
        x=x, y=y, shape=shape, color=alt.value(theme.PAPER)
    )
    rings = base.mark_point(size=60, strokeWidth=1.8, filled=False, opacity=1).encode(
        x=x, y=y, shape=shape, color=colour, tooltip=tooltip
    )
    filled = base.transform_filter(f"({counted}) && datum.bound === ''")
    dots = filled.mark_circle(size=60, opacity=1).encode(x=x, y=y, color=colour)
    said = base.transform_filter("datum.says !== ''")
    where = {"x": x, "y": y, "text": "says:N", "color": colour}
    market = f"datum.group === '{rents.MARKET}'"
    usd = said.transform_filter(market).mark_text(dy=13, dx=-5, align="right", fontSize=11)
    rise = said.transform_filter(f"!({market})").mark_text(dy=30, dx=2, align="left", fontSize=11)
    marks = lines + spans + ranges + paper + rings + dots
    return marks + usd.encode(**where) + rise.encode(**where)


def rents_of_chips() -> Figure:
    frame = _rows()
    first, low = rents.market_ends()
    contract = rents.repeats().loc[(rents.REFERENCE, "contract_1_year")]
    rise = wording.percent(float(contract["change"]) - 1)
    it = rents.market_trend()
    factor = it.yearly_factor
    ends = [wording.digits(100 * (end - 1)) for end in (factor.central, factor.low, factor.high)]
    launch, least = (f"{row['usd_per_gpu_hour']:.2f}" for row in (first, low))
    when, then = wording.month(low["date"]), wording.month(contract["date_after"])
    now = rents.market_span("2026")
    trend_words = (
        "with no steady fall that can be told from none"
        if factor.low <= 1 <= factor.high
        else f"changing by {ends[0]}% a year"
    )
    return Figure(
        id="rents-of-chips",
        title=(
            f"An H100 rented for {launch} USD an hour at launch and for {now[0]:.2f} to "
            f"{now[1]:.2f} in 2026, {trend_words}"
        ),
        subtitle="Rents of one H100 per hour, as quoted, by kind of offer",
        caption=(
            "Filled: reported prices; rings: derived or estimated; triangles: bounds, 'above' or "
            "'below'. A bar along the time axis is how vague the date is, one upright the range "
            "quoted. Lines join quotes of one source, one of them an index: only there just the "
            f"date differs. Over {it.points} exact on-demand quotes of {it.sources} sources "
            f"the change is {ends[0]}% a year, with 90% confidence between {ends[1]}% and "
            f"+{ends[2]}%. The lowest is {least} USD, of {when}; a one-year contract rose {rise}."
        ),
        alt=(
            f"Scatter of {len(frame)} quoted H100 rents from 2023 to 2026. On-demand prices fall "
            f"from {launch} to {least} dollars by {when} and then scatter around there; the "
            f"one-year contract rises by {rise} to {then}; the largest clouds ask more throughout."
        ),
        evidence=("reported", "derived", "estimate"),
        frame=frame,
        draw=_draw,
        fields={
            "date": "date as stated",
            "first_day": "first day of the period stated",
            "middle_day": "its middle",
            "last_day": "its last day",
            "group": "kind of offer in the figure",
            "price_class": "class of the price",
            "usd_per_hour": "rent, USD per chip and hour",
            "low": "lower end of the range quoted, USD per hour",
            "high": "upper end of the range quoted, USD per hour",
            "bound": "whether the figure is a bound; blank where exact",
            "who": "provider or market",
            "kind": "kind of evidence",
            "source_id": "key of the source",
            "says": "label in the figure",
            "joined": "quotes of one source and class that are joined by a line",
        },
        sources=catalog.sources_of(frame),
        tables=("gpu_rental_prices",),
        models=(classify, trend, same_source_changes),
        tests=("tests/hardware/test_rents.py::" + rents.RENT_TEST,),
        weaknesses=(
            "Few quotes, most of them read at second hand, of different providers, terms and "
            "services; the launch price and two bounds have a year for a date. The rise of "
            "contracts is one source's. What large buyers pay is not public."
        ),
        height={"wide": 380, "narrow": 380},
    )


FIGURES = (Entry("rents-of-chips", rents_of_chips),)
