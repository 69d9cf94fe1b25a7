"""Figures of the exchange between training and inference: published rates, and the best split."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.publishing.marks import fill_by_evidence, line_with_band, rings_with_spread
from analysis.test_time_compute.findings import exchange
from analysis.test_time_compute.split import inference_share, near_optimal_shares, split_penalty

_RATE = "powers of ten of inference per power of ten of training (log scale, ratio)"
_TICKS = [0.25, 0.5, 1, 2, 4]


def _rate_rows() -> pd.DataFrame:
    rates = exchange.exchange_rates()
    return rates[
        [
            "name", "technique", "domain", "way", "span_training_oom", "span_inference_oom",
            "elasticity", "low", "high", "kind", "confidence", "source_id",
        ]
    ]  # fmt: skip


def published_exchange() -> Figure:
    frame = _rate_rows()
    thinking = frame.loc[frame["way"] == exchange.THINKING, "elasticity"]
    searching = frame.query("kind == 'measured' and way == @exchange.THINKING").iloc[0]
    low, high = wording.digits(thinking.min()), wording.digits(thinking.max())
    measured = wording.digits(searching["elasticity"])

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        base = alt.Chart(data)
        order = data.sort_values(["way", "elasticity"], ascending=[False, True])["name"].tolist()
        y = alt.Y(
            "name:N",
            sort=order,
            axis=alt.Axis(
                title=None, labelLimit=300, labelColor=theme.INK, ticks=False, grid=True,
                labelOverlap=False,
                labelExpr="trim(datum.label)" if width > 500 else "split(trim(datum.label), ': ')",
            ),
        )  # fmt: skip
        scale = alt.Scale(type="log", domain=[0.25, 6], nice=False)
        axis = alt.Axis(values=_TICKS, format="~g", grid=True)
        title = theme.fitted(_RATE, width)
        x = alt.X("elasticity:Q", scale=scale, axis=axis, title=title)
        colour = alt.Color(
            "way:N",
            scale=alt.Scale(
                domain=[exchange.THINKING, exchange.OVER_TRAINING],
                range=[theme.INFERENCE, theme.TRAINING],
            ),
            legend=alt.Legend(columns=2 if width > 500 else 1, symbolType="square"),
        )
        one = alt.Chart(pd.DataFrame({"elasticity": [1.0], "text": ["one for one"]}))
        rule = one.mark_rule(strokeDash=[3, 3]).encode(x="elasticity:Q")
        note = one.mark_text(align="left", dx=4, y=8, color=theme.MUTED, fontSize=11).encode(
            x="elasticity:Q", text="text:N"
        )
        rings = rings_with_spread(
            base,
            x=x,
            scale=scale,
            y=y,
            low="low",
            high="high",
            colour=colour,
            tooltip=[
                "technique:N", "domain:N", alt.Tooltip("elasticity:Q", format=".2f"), "kind:N",
            ],
        )  # fmt: skip
        unsaid = (
            base.transform_filter("!isValid(datum.elasticity)")
            .mark_text(align="left", fontSize=11, color=theme.MUTED, dx=4)
            .encode(y=y, x=alt.value(0), text=alt.value("a case, no rate"))
        )
        return rule + note + rings + unsaid

    return Figure(
        id="published-exchange",
        title=(
            f"Published rates for thinking instead of training: {low} to {high} powers of ten for "
            "one"
        ),
        subtitle="Powers of ten of inference per power of ten of training, at equal results",
        caption=(
            "How much inference compute per answer replaces tenfold training compute: for "
            "orange, the "
            "further left, the cheaper a substitute thinking is; blue is the reverse trade. "
            "Filled: "
            f"measured ({measured} on board games); rings: estimates, readings of published "
            "experiments or assumptions; bars: ranges as published. Each holds over the span its "
            "author names and no further."
        ),
        alt=(
            f"Dot plot of {int(frame['elasticity'].notna().sum())} published exchange rates. For "
            "thinking instead of training "
            f"they lie between {low} and {high}, the one measured at {measured}; for training more "
            "to answer cheaper they spread wider."
        ),
        evidence=("measured", "estimate", "derived"),
        frame=frame,
        draw=draw,
        fields={
            "name": "label in the figure",
            "technique": "what is exchanged",
            "domain": "tasks it was found on",
            "way": "in which direction compute is moved",
            "span_training_oom": "powers of ten of training compute",
            "span_inference_oom": "powers of ten of inference compute; negative where saved",
            "elasticity": "powers of ten of inference per power of ten of training",
            "low": "lower end where the source gives a range",
            "high": "upper end where the source gives a range",
            "kind": "kind of evidence",
            "confidence": "how sure the reading of the source is",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("exchange_rates",),
        models=(exchange.exchange_rates,),
        tests=("tests/test_time_compute/test_tables.py::" + exchange.EXCHANGE_TEST,),
        weaknesses=(
            "Ord's rate is for compute of reinforcement learning, not of all training. Only two "
            "rates rest on experiments made for the purpose, one of them on board games. Snell "
            "et al. 2024 print no rate, only that a model many times smaller can match "
            "at equal FLOP on easier problems, so they are not a point here. All pre-date "
            "models trained to think."
        ),
        height={"wide": 350, "narrow": 470},
    )


def optimal_split() -> Figure:
    elasticity = np.geomspace(0.25, 4, 41)
    low, high = near_optimal_shares(elasticity, 0.1)
    curve = pd.DataFrame(
        {
            "row": "least cost",
            "elasticity": elasticity,
            "share_percent": 100 * inference_share(elasticity),
            "low": 100 * low,
            "high": 100 * high,
            "name": "",
            "kind": "derived",
            "source_id": "",
        }
    )
    rates = exchange.rates_for_thinking()
    marks = pd.DataFrame(
        {
            "row": "published rate",
            "elasticity": rates["elasticity"],
            "share_percent": 100 * inference_share(rates["elasticity"].to_numpy()),
            "low": np.nan,
            "high": np.nan,
            "name": rates["name"].str.split(":").str[0],
            "kind": rates["kind"],
            "source_id": rates["source_id"],
        }
    )
    frame = pd.concat([curve, marks], ignore_index=True)
    span = exchange.split_interval()
    at_low, at_high = wording.percent(span.low), wording.percent(span.high)
    quarter = wording.percent(float(split_penalty(0.25, 1.0)) - 1)
    near = near_optimal_shares(1.0, 0.1)

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        x = alt.X(
            "elasticity:Q",
            scale=alt.Scale(type="log", domain=[0.25, 4], nice=False),
            axis=alt.Axis(values=_TICKS, format="~g"),
            title=theme.fitted(_RATE, width),
        )
        channel: dict[str, Any] = {
            "title": "inference, percent of compute",
            "scale": alt.Scale(domain=[0, 100]),
        }
        least = alt.Chart(data).transform_filter("datum.row === 'least cost'")
        curve = line_with_band(
            least, x=x, y="share_percent", low="low", high="high", colour=theme.INFERENCE,
            channel=channel,
        )  # fmt: skip
        cross = pd.DataFrame({"elasticity": [1.0], "share_percent": [50.0], "text": ["parity"]})
        parity = alt.Chart(cross)
        lines = parity.mark_rule(strokeDash=[3, 3]).encode(x=x) + parity.mark_rule(
            strokeDash=[3, 3]
        ).encode(y="share_percent:Q")
        note = parity.mark_text(align="left", dx=6, dy=-8, color=theme.MUTED).encode(
            x=x, y="share_percent:Q", text="text:N"
        )
        points = (
            alt.Chart(data)
            .transform_filter("datum.row === 'published rate'")
            .mark_point(size=75, strokeWidth=2, stroke=theme.INFERENCE, strokeOpacity=1)
            .encode(
                x=x,
                y=alt.Y("share_percent:Q", **channel),
                fill=fill_by_evidence(theme.INFERENCE),
                tooltip=["name:N", alt.Tooltip("share_percent:Q", format=".0f")],
            )
        )
        named = (
            alt.Chart(data)
            .transform_filter("datum.row === 'published rate'")
            .transform_filter("datum.kind === 'measured' || datum.share_percent > 60")
            .mark_text(align="right", dx=-8, dy=11, fontSize=11)
            .encode(x=x, y=alt.Y("share_percent:Q", **channel), text="name:N")
        )
        return lines + curve + note + points + named

    return Figure(
        id="optimal-split",
        title=(
            f"At our range of exchange rates inference should take {at_low} to {at_high} of all "
            "compute (90%)"
        ),
        subtitle="Share of all compute that inference should take, by the exchange rate",
        caption=(
            "Where one power of ten of training replaces e powers of ten of inference, the least "
            "cost of a given result is reached with 1/(1+e) of the compute in inference: half at "
            "one for one. Band: shares that cost at most 10% more than the best "
            f"({wording.percent(float(near[0]))} to {wording.percent(float(near[1]))} at one for "
            f"one); a quarter costs {quarter} more. Points: published rates for thinking in place "
            "of training, filled where measured."
        ),
        alt=(
            "A falling curve of the best inference share against the exchange rate, 80% at a "
            "quarter, 50% at one, 20% at four, with a wide band of shares that cost hardly more. "
            f"Published rates lie between {wording.digits(rates['elasticity'].min())} and "
            f"{wording.digits(rates['elasticity'].max())}."
        ),
        evidence=("derived", "estimate", "measured"),
        frame=frame,
        draw=draw,
        fields={
            "row": "the curve of least cost, or a published exchange rate",
            "elasticity": "powers of ten of inference per power of ten of training",
            "share_percent": "share of compute in inference at the least cost, percent",
            "low": "lowest share that costs at most 10% more, percent",
            "high": "highest share that costs at most 10% more, percent",
            "name": "name of the published rate",
            "kind": "kind of evidence",
            "source_id": "key of the source; empty for the curve",
        },
        sources=catalog.sources_of(marks),
        tables=("exchange_rates",),
        models=(inference_share, near_optimal_shares, split_penalty),
        tests=("tests/test_time_compute/test_split.py::" + exchange.SPLIT_TEST,),
        weaknesses=(
            "Holds where both kinds of compute can be exchanged at the margin, over the span of "
            "the rate, and for all answers a model ever gives; a lab that trains for several "
            "models at once, or whose users need no better answers, is not at this optimum. "
            "Compute is counted in FLOP at one price."
        ),
        settings={"tolerance": 0.1},
        height={"wide": 360, "narrow": 320},
    )
