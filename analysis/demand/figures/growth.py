"""Figures of growth: what spending on inference is made of, and why tokens are not compute."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.decomposition import decompose
from analysis.demand.figures.closing import MODEL_TABLES, panel_title
from analysis.demand.findings import growth, projection
from analysis.demand.findings.central_figure import evidence
from analysis.demand.local_growth import PRIOR_SCATTER
from analysis.demand.model import project_inputs
from analysis.hardware.supply import value_draws
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import fill_by_evidence
from analysis.uncertainty import Interval

_TESTS = "tests/demand/test_growth_findings.py::"
_HUES = {
    growth.PEOPLE: (theme.INFERENCE, 0.3),
    growth.THINKING: (theme.INFERENCE, 0.5),
    growth.PROGRAMS: (theme.INFERENCE, 0.75),
    growth.PRODUCTS: (theme.INFERENCE, 1.0),
    growth.WORK: (theme.INK, 0.45),
    growth.PRICE: (theme.OTHER, 0.55),
}
_UNITS = {"spend": "usd", "chips": "chips"}
_UNIT_HUES = {"spend": theme.INFERENCE, "chips": theme.INK}
_TIMES = [0.5, 1, 2, 4, 8, 16, 32]


def _times(value: float) -> str:
    return f"{wording.digits(value)}-fold"


def _span(it: Interval) -> str:
    return wording.span(wording.digits(it.low), wording.digits(it.high))


def _growth_rows() -> pd.DataFrame:
    parts = growth.factor_growth()
    parts = parts[parts["part"] != growth.USE].assign(panel="factors", kind="simulation")
    past = [
        growth.past_peak(unit).assign(panel="past the peak", part=name, kind="simulation")
        for name, unit in _UNITS.items()
    ]
    frame = pd.concat([parts, *past], ignore_index=True)
    for column in ("log_points", "low", "high"):
        frame[f"{column}_factor"] = np.exp(frame.pop(column))
    frame["past_percent"] = 100 * frame.pop("share")
    return frame.rename(columns={"log_points_factor": "growth_factor"})


def _stacked(rows: pd.DataFrame) -> pd.DataFrame:
    """Ends of the parts of each bar, gains above 1 and losses below it, on the log scale."""
    rows = rows.assign(order=rows["part"].map(list(_HUES).index)).sort_values(["year", "order"])
    logs = np.log(rows["growth_factor"])
    gain, loss = logs.clip(lower=0), logs.clip(upper=0)
    by = rows["year"]
    ends = np.where(logs >= 0, gain.groupby(by).cumsum(), loss.groupby(by).cumsum())
    return rows.assign(to_factor=np.exp(ends), from_factor=np.exp(ends - logs))


def _factor_panel(data: pd.DataFrame, width: int, height: int, columns: int) -> alt.LayerChart:
    rows = data[data["panel"] == "factors"]
    names = list(_HUES)
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    y: dict[str, Any] = {
        "scale": alt.Scale(type="log", domain=[0.42, 40], nice=False),
        "title": "times the year before (log scale)",
        "axis": alt.Axis(values=_TIMES, format="~g"),
    }
    legend = alt.Legend(columns=columns, symbolType="square", symbolStrokeWidth=0)
    bars = (
        alt.Chart(_stacked(rows[rows["part"] != growth.TOTAL]))
        .mark_bar(width={"band": 0.7})
        .encode(
            x=x,
            y=alt.Y("from_factor:Q", **y),
            y2="to_factor:Q",
            fill=alt.Fill(
                "part:N", legend=legend, sort=names,
                scale=alt.Scale(domain=names, range=[_HUES[name][0] for name in names]),
            ),
            opacity=alt.Opacity(
                "part:N", legend=legend, sort=names,
                scale=alt.Scale(
                    type="ordinal", domain=names, range=[_HUES[name][1] for name in names]
                ),
            ),
            tooltip=["year:O", "part:N", alt.Tooltip("growth_factor:Q", format=".2f"),
                     alt.Tooltip("low_factor:Q", format=".2f"),
                     alt.Tooltip("high_factor:Q", format=".2f")],
        )
    )  # fmt: skip
    net = alt.Chart(rows[rows["part"] == growth.TOTAL])
    whisker = net.mark_rule(strokeWidth=1.8, color=theme.INK).encode(
        x=x, y=alt.Y("low_factor:Q", **y), y2="high_factor:Q"
    )
    mark = net.mark_point(
        size=70, strokeWidth=2, opacity=1, fill=theme.PAPER, stroke=theme.INK
    ).encode(
        x=x, y=alt.Y("growth_factor:Q", **y),
        shape=alt.condition(
            f"datum.year >= {projection.FORECAST_FROM}", alt.value("diamond"), alt.value("circle")
        ),
    )  # fmt: skip
    text = net.mark_text(fontSize=11, fontWeight=600, y=6).encode(
        x=x, text=alt.Text("label:N")
    ).transform_calculate(label="format(datum.growth_factor, '.2~r')")  # fmt: skip
    level = (
        alt.Chart(pd.DataFrame({"one": [1.0]}))
        .mark_rule(color=theme.MUTED)
        .encode(y=alt.Y("one:Q", **y))
    )
    return (bars + level + whisker + mark + text).properties(
        width=width,
        height=height,
        title=panel_title("growth of spending on language models' inference", "bold: all together"),
    )


def _peak_panel(data: pd.DataFrame, width: int, height: int) -> alt.LayerChart:
    rows = data[data["panel"] == "past the peak"]
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    channel: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, 60], nice=False),
        "title": "percent of the scenarios",
        "axis": alt.Axis(values=[0, 20, 40, 60]),
    }
    colour = alt.Color(
        "part:N", legend=None,
        scale=alt.Scale(domain=list(_UNIT_HUES), range=list(_UNIT_HUES.values())),
    )  # fmt: skip
    base = alt.Chart(rows)
    y = alt.Y("past_percent:Q", **channel)
    line = base.mark_line(strokeDash=[5, 4]).encode(x=x, y=y, color=colour)
    dots = base.mark_circle(size=36, opacity=1).encode(
        x=x, y=y, color=colour, tooltip=["part:N", "year:O", "past_percent:Q"]
    )
    ends = alt.Chart(rows[rows["year"] == growth.LAST])
    text = ends.mark_text(align="right", dx=6, dy=-12, fontSize=11, fontWeight=600).encode(
        x=x, y=y, color=colour, text="label:N"
    ).transform_calculate(
        label="datum.part + ' ' + format(datum.past_percent, '.0f')"
    )  # fmt: skip
    return (line + dots + text).properties(
        width=width, height=height, title=panel_title("past the peak by that year")
    )


def _draw_growth(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    inner = width - (50 if wide else 46)
    return alt.vconcat(
        _factor_panel(data, inner, 300 if wide else 280, 3 if wide else 1),
        _peak_panel(data, inner, 110),
        spacing=16,
    )


def growth_decomposition() -> Figure:
    frame = _growth_rows()
    first, last = 2025, growth.LAST
    use = {year: growth.growth_of(growth.USE, year) for year in (first, last)}
    price = growth.growth_of(growth.PRICE, last)
    past = {name: growth.past_peak(unit)["share"].iloc[-1] for name, unit in _UNITS.items()}
    said = {name: wording.percent(float(share)) for name, share in past.items()}
    net = {year: growth.growth_of(growth.TOTAL, year) for year in (first, last)}
    return Figure(
        id="growth-decomposition",
        title=(
            f"Use multiplies spending on inference {_times(use[first].central)} in {first} and "
            f"{_times(use[last].central)} in {last}, when cheaper chips take back "
            f"{wording.percent(1 - price.central)}; spending is past its peak by then in "
            f"{said['spend']} of the scenarios, chips in {said['chips']}"
        ),
        subtitle=(
            "The world's spending on inference of language models over that of the year before, by "
            f"factor, {growth.FIRST} to {growth.LAST}; and scenarios in which it has fallen"
        ),
        caption=(
            "Bars: geometric means of the scenarios, what adds above one and what takes away "
            "below; they multiply to the marks (rings, and diamonds where forecast), whose "
            "whiskers are 90% intervals of sampled scenarios. Below: percent of the scenarios in "
            "which the most spending, or the most chips, lies in an earlier year. Other machine "
            "learning is left out."
        ),
        alt=(
            f"Stacked bars per year. Spending grows {_times(net[first].central)} in {first} and "
            f"{_times(net[last].central)} in {last}; what people, programs and products add "
            "shrinks from year to year, and falling prices take some of it back. The line below "
            f"rises to {said['spend']} of the scenarios for spending and {said['chips']} for chips."
        ),
        evidence=("simulation", "forecast"),
        frame=frame,
        draw=_draw_growth,
        fields={
            "panel": "panel of the figure",
            "year": "calendar year, against the one before",
            "part": "factor, all of them together, or what has peaked",
            "growth_factor": "what the part multiplies spending by, geometric mean, times",
            "low_factor": "5th percentile of the sampled scenarios, times",
            "high_factor": "95th percentile of the sampled scenarios, times",
            "past_percent": "scenarios in which the most lies in an earlier year, percent",
            "kind": "kind of evidence",
        },
        sources=catalog.sources_of(*evidence()),
        tables=MODEL_TABLES,
        models=(decompose, project_inputs),
        tests=(_TESTS + "test_the_factors_multiply_to_the_growth_of_spending",),
        weaknesses=(
            "Growth rates of use lose a share of themselves each year by assumption, so that use "
            "slows is put in; when is what the figure finds. Prices do not act on use, while "
            "cheaper tokens have so far been followed by more of them. Chips per FLOP moves only "
            "by the mix of reading and writing."
        ),
        settings={
            "sampled": growth.SAMPLE, "draws": projection.DRAWS, "seed": projection.SEED,
            "level": growth.LEVEL,
        },
        height={"wide": 480, "narrow": 560},
    )  # fmt: skip


_GROUPS = {
    growth.TOKENS: theme.INFERENCE,
    growth.COMPUTE: theme.INK,
    growth.SERVING: theme.MUTED,
}
_HEADS = {
    growth.TOKENS: "tokens served",
    growth.COMPUTE: "chips, in units of an H100",
    growth.SERVING: "Google's year",
}


def _token_rows() -> pd.DataFrame:
    frame = growth.tokens_and_compute()
    label = frame["series"] + ", " + frame["period"]
    return frame.assign(row=label.str.replace("over ", "", regex=False))


def _token_panel(data: pd.DataFrame, group: str, width: int, *, wide: bool) -> alt.LayerChart:
    rows = data[data["group"] == group]
    y = alt.Y(
        "row:N",
        sort=rows["row"].tolist(),
        axis=alt.Axis(
            title=None, labelColor=theme.INK, labelLimit=270, labelOverlap=False, ticks=False,
            labelPadding=6, minExtent=236 if wide else 138, maxExtent=236 if wide else 138,
            labelExpr="datum.label"
            if wide
            else "[slice(datum.label, 0, indexof(datum.label, ', 20') < 0 ? "
            "indexof(datum.label, ', end') : indexof(datum.label, ', 20')), "
            "slice(datum.label, (indexof(datum.label, ', 20') < 0 ? "
            "indexof(datum.label, ', end') : indexof(datum.label, ', 20')) + 2)]",
        ),
    )  # fmt: skip
    bottom = group == list(_GROUPS)[-1]
    x_scale = alt.Scale(type="log", domain=[1.5, 300], nice=False)
    x = alt.X(
        "growth:Q", scale=x_scale,
        title="growth per year, times (log scale)" if bottom else None,
        axis=alt.Axis(values=[2, 3, 5, 10, 30, 100, 300], format="~g", grid=True, labels=bottom,
                      ticks=bottom),
    )  # fmt: skip
    colour = _GROUPS[group]
    base = alt.Chart(rows)
    whisker = base.mark_rule(strokeWidth=2, color=colour).encode(
        x=alt.X("low:Q", scale=x_scale), x2="high:Q", y=y
    )
    ring = base.mark_point(size=75, strokeWidth=2, opacity=1, filled=True, stroke=colour).encode(
        x=x, y=y, fill=fill_by_evidence(colour),
        tooltip=["series:N", "period:N", alt.Tooltip("growth:Q", format=".2f"), "kind:N"],
    )  # fmt: skip
    text = base.mark_text(fontSize=11, dy=-11, fontWeight=600, color=colour).encode(
        x=x, y=y, text=alt.Text("label:N")
    ).transform_calculate(label="format(datum.growth, '.2~r')")  # fmt: skip
    step = 27 if wide else 36
    return (whisker + ring + text).properties(
        width=width, height=step * len(rows), title=panel_title(_HEADS[group])
    )


def _draw_tokens(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    inner = width - (236 if wide else 138) - 34
    return alt.vconcat(
        *(_token_panel(data, group, inner, wide=wide) for group in _GROUPS), spacing=12
    )


def tokens_are_not_compute() -> Figure:
    frame = _token_rows()
    tokens, cost = growth.grew(growth.GOOGLE_TOKENS), growth.grew(growth.GOOGLE_COST)
    compute, own = growth.grew(growth.GOOGLE_COMPUTE), growth.grew(growth.GOOGLE_CHIPS)
    first, second = growth.google_rates()
    told = frame.loc[frame["series"] == "Google, all products", "period"].iloc[-1]
    until = wording.month(told.split(" to ")[1])
    spans = {
        group: wording.span(wording.digits(rows.min()), wording.digits(rows.max()))
        for group, rows in frame.groupby("group")["growth"]
    }
    year = growth.GOOGLE_YEAR
    fall = wording.percent(growth.unit_cost_fall())
    return Figure(
        id="tokens-are-not-compute",
        title=(
            f"Google's tokens grew {_times(tokens.central)} over {year}, the cost of serving them "
            f"{_times(cost.central)}, which buys {_times(compute.central)} the chips; the chips "
            f"it has grew {_times(own.central)}"
        ),
        subtitle=(
            "Growth per year of tokens served, of chips sold and used, and of what serving "
            "Google's tokens took; 90% intervals"
        ),
        caption=(
            f"Google's tokens grew {_times(first)} a year from one spring to the next and "
            f"{_times(second)} a year until {until}. It says that the unit cost of serving fell "
            f"{fall} over {year}; tokens times unit cost is what serving them cost "
            f"({_times(cost.central)}, {_span(cost)}), and as chip-hours got cheaper too, that "
            f"money paid for {_times(compute.central)} the chips ({_span(compute)}) if they did "
            "for Google as for other labs. "
            "Filled: reported; rings: estimated or derived."
        ),
        alt=(
            "Dot plot on a log axis in three groups. Tokens of firms and of China grow "
            f"{spans[growth.TOKENS]} times a year, slower in the later period of each. Chips sold, "
            f"used by labs and owned by Google grow {spans[growth.COMPUTE]} times. Google's "
            "tokens, the cost of serving them and the chips behind it grow "
            f"{wording.digits(tokens.central)}, {wording.digits(cost.central)} and "
            f"{wording.digits(compute.central)} times."
        ),
        evidence=("reported", "estimate", "derived"),
        frame=frame,
        draw=_draw_tokens,
        fields={
            "group": "tokens, chips, or what serving Google's tokens took",
            "series": "what grew",
            "period": "between which dates",
            "growth": "growth per year, times",
            "low": "5th percentile, times",
            "high": "95th percentile, times",
            "kind": "kind of evidence of the later count",
            "source_id": "key of the source of the later count",
            "row": "name of the row",
        },
        sources=catalog.sources_of(frame),
        tables=("token_volumes", "price_declines", "chip_supply", "peer_projections"),
        models=(growth.token_growth, growth.google_serving, value_draws),
        tests=(_TESTS + "test_google_served_more_tokens_at_the_unit_cost_it_told_of",),
        weaknesses=(
            f"A count is taken to be known to {wording.percent(PRIOR_SCATTER)}; firms do not say "
            "what they count, and a token of search is lighter than one of an agent. The fall of "
            "the unit cost is told for Gemini and applied to all of Google's tokens. That its "
            "chips grew as fast does not show that they served them: training grew too. Errors of "
            "two year ends are taken as independent, where growth is least sure."
        ),
        settings={"draws": projection.DRAWS, "seed": projection.SEED, "level": growth.LEVEL},
        height={"wide": 500, "narrow": 640},
    )


FIGURES: tuple[Entry, ...] = (
    Entry("growth-decomposition", growth_decomposition),
    Entry("tokens-are-not-compute", tokens_are_not_compute),
)
