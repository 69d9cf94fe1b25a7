"""Figures of thinking: what a tenfold of tokens buys, and how much of a gain is thinking."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.test_time_compute.findings import thinking
from analysis.test_time_compute.random_effects import pool
from analysis.test_time_compute.thinking import log_odds_slope, slopes_by_study
from analysis.test_time_compute.thinking_or_model import decompose

_POOLED = "all together: "
_REST = "not explained by tokens"


def _slope_frame() -> pd.DataFrame:
    rows = thinking.slopes().query("pooled or counted == @thinking.SAMPLED")
    parts = [
        pd.DataFrame(
            {
                "name": rows["name"] + np.where(rows["counted"] == thinking.CAP, " (cap)", ""),
                "counted": rows["counted"],
                "slope": rows["log_odds_per_tenfold"],
                "low": rows["low"],
                "high": rows["high"],
                "times_more": rows["x_ratio"],
                "accuracy_low_percent": 100 * rows["accuracy_low"],
                "accuracy_high_percent": 100 * rows["accuracy_high"],
                "questions": rows["questions"].astype(float),
                "kind": "derived",
                "source_id": rows["source_id"],
            }
        )
    ]
    for counted in (thinking.USED, thinking.CAP):
        mean = thinking.pooled(counted)
        parts.append(
            pd.DataFrame(
                {
                    "name": [_POOLED + counted],
                    "counted": counted,
                    "slope": mean.mean,
                    "low": mean.low,
                    "high": mean.high,
                    "kind": "estimate",
                    "source_id": "",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def thinking_slopes() -> Figure:
    frame = _slope_frame()
    mean, caps = thinking.pooled(), thinking.pooled(thinking.CAP)
    gain = [thinking.points_from(0.5, slope) for slope in (mean.mean, mean.low, mean.high)]
    central, low, high = (wording.digits(value) for value in gain)
    narrow = thinking.pooled(every=True)
    heaviest, weight = thinking.heaviest_model()

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        ranked = data.assign(last=data["name"].str.startswith(_POOLED)).sort_values(
            ["counted", "last", "slope"], ascending=[False, True, False]
        )
        y = alt.Y(
            "name:N",
            sort=ranked["name"].tolist(),
            axis=alt.Axis(
                title=None, labelLimit=260, labelColor=theme.INK, ticks=False, labelOverlap=False,
                labelExpr="datum.label" if width > 500 else "split(datum.label, /, |: /)",
                labelFontWeight=alt.condition(
                    f"indexof(datum.label, '{_POOLED}') == 0", alt.value("bold"),
                    alt.value("normal"),
                ),
            ),
        )  # fmt: skip
        scale = alt.Scale(domain=[-1, 3], clamp=True, nice=False)
        x = alt.X(
            "slope:Q", scale=scale,
            axis=alt.Axis(grid=True, values=[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3]),
            title=theme.fitted("log-odds of a right answer per ten times the tokens", width),
        )  # fmt: skip
        colour = alt.Color(
            "counted:N",
            scale=alt.Scale(
                domain=[thinking.USED, thinking.SAMPLED, thinking.CAP],
                range=[theme.INFERENCE, theme.ACCENT, theme.OTHER],
            ),
            legend=alt.Legend(columns=3 if width > 500 else 1),
        )
        base = alt.Chart(data)
        zero = alt.Chart(pd.DataFrame({"slope": [0.0]})).mark_rule().encode(x=x)
        whisker = base.mark_rule().encode(
            y=y,
            x=alt.X("low:Q", scale=scale),
            x2="high:Q",
            color=colour,
            strokeWidth=alt.condition("datum.kind === 'estimate'", alt.value(4), alt.value(1.6)),
        )
        dot = base.mark_point(size=65, strokeWidth=2, filled=False).encode(
            y=y,
            x=x,
            color=colour,
            shape=alt.condition(
                "datum.kind === 'estimate'", alt.value("diamond"), alt.value("circle")
            ),
            tooltip=[
                "name:N", alt.Tooltip("slope:Q", format=".2f"),
                alt.Tooltip("times_more:Q", format=".3~g"),
                alt.Tooltip("accuracy_low_percent:Q", format=".1f"),
                alt.Tooltip("accuracy_high_percent:Q", format=".1f"),
            ],
        )  # fmt: skip
        return zero + whisker + dot

    return Figure(
        id="thinking-slopes",
        title=(
            f"Ten times the thinking lifts a score of 50% by about {central} points, mostly by the "
            "evidence of one model"
        ),
        subtitle="Log-odds of a right answer gained per ten times the tokens, one model each",
        caption=(
            "Within one model on one test. Orange: tokens really used; grey: the cap allowed; "
            "purple: more samples and a vote over them, not pooled. Diamonds: random-effects "
            "mean with its "
            f"90% interval, {wording.digits(mean.mean)} ({wording.digits(mean.low)} to "
            f"{wording.digits(mean.high)}; from 50% right {central} points, {low} to {high}) "
            "and, for "
            f"caps, {wording.digits(caps.mean)}. {heaviest} has {wording.percent(weight)} of the "
            "weight. Settings that differ less than "
            f"{wording.digits(thinking.LEAST_RATIO)}-fold are left out; with them the mean is "
            f"{wording.digits(narrow.mean)} and hardly known. Whiskers are cut at the frame."
        ),
        alt=(
            f"Forest plot of {len(frame) - 2} slopes within single models, most between 0 and 1.5 "
            f"log-odds per tenfold, with pooled means of {wording.digits(mean.mean)} for tokens "
            f"used and {wording.digits(caps.mean)} for caps."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=draw,
        fields={
            "name": "model and test",
            "counted": "tokens used, or cap on thinking tokens",
            "slope": "log-odds of a right answer per tenfold, natural logarithm",
            "low": "lower end of the 90% interval",
            "high": "upper end of the 90% interval",
            "times_more": "ratio of the most to the least tokens compared",
            "accuracy_low_percent": "right answers at the least tokens, percent",
            "accuracy_high_percent": "right answers at the most tokens, percent",
            "questions": "questions of the test",
            "kind": "derived from published points, or our pooled estimate",
            "source_id": "key of the source; empty for the means",
        },
        sources=catalog.sources_of(frame.loc[frame["source_id"] != ""]),
        tables=("thinking_slopes", "accuracy_points"),
        models=(log_odds_slope, slopes_by_study, pool),
        tests=(thinking.SLOPE_TEST,),
        weaknesses=(
            "Few models, several rows from one of them, tests that share questions: the rows are "
            "pooled as if independent. The rule that leaves narrow comparisons out was set after "
            "seeing the data. Errors take the questions as drawn anew for each setting, which is "
            "too wide. The slope may flatten at more tokens than were tried."
        ),
        settings={"level": 0.9, "least_ratio": thinking.LEAST_RATIO, "method": "Paule-Mandel"},
        height={"wide": 500, "narrow": 760},
    )


def thinking_or_model() -> Figure:
    parts = thinking.decomposed()
    named = parts["name"] + ", " + parts["test"]
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "pair": named,
                    "part": part,
                    "points": parts[column],
                    "token_times": 10 ** parts["token_tenfolds"],
                    "share_percent": 100 * parts["tokens_share"],
                    "share_low": 100 * parts["tokens_share_low"],
                    "share_high": 100 * parts["tokens_share_high"],
                    "gain_points": parts["gain_points"],
                    "source_id": parts["source_id"],
                }
            )
            for part, column in (("more tokens", "tokens_points"), (_REST, "model_points"))
        ],
        ignore_index=True,
    )
    share = parts["tokens_share"]
    low, high = wording.percent(share.min()), wording.percent(share.max())
    middle = wording.percent(float(share.median()))
    widest = (parts["tokens_share_high"] - parts["tokens_share_low"]).max() / 2

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = data.drop_duplicates("pair").sort_values("share_percent", ascending=False)
        y = alt.Y(
            "pair:N",
            sort=order["pair"].tolist(),
            axis=alt.Axis(
                title=None, labelLimit=330, labelColor=theme.INK, ticks=False, labelOverlap=False,
                labelExpr="datum.label" if width > 500 else "split(datum.label, / to /)",
            ),
        )  # fmt: skip
        x = alt.X(
            "points:Q", stack="zero",
            title=theme.fitted("gain in right answers, percentage points", width),
            scale=alt.Scale(domain=[0, 85], nice=False),
        )  # fmt: skip
        colour = alt.Color(
            "part:N",
            scale=alt.Scale(domain=["more tokens", _REST], range=[theme.INFERENCE, theme.TRAINING]),
            legend=alt.Legend(columns=2 if width > 500 else 1),
        )
        base = alt.Chart(data)
        bars = base.mark_bar(height=13).encode(
            y=y,
            x=x,
            color=colour,
            order=alt.Order("part:N"),
            tooltip=[
                "pair:N", "part:N", alt.Tooltip("points:Q", format=".1f"),
                alt.Tooltip("share_percent:Q", format=".0f"),
                alt.Tooltip("share_low:Q", format=".0f"),
                alt.Tooltip("share_high:Q", format=".0f"),
                alt.Tooltip("token_times:Q", format=".2~g"),
            ],
        )  # fmt: skip
        text = (
            base.transform_filter("datum.part === 'more tokens'")
            .mark_text(align="left", dx=5, fontSize=11)
            .encode(y=y, x="gain_points:Q", text=alt.Text("label:N"))
            .transform_calculate(label="format(datum.share_percent, '.0f') + '%'")
        )
        return bars + text

    return Figure(
        id="thinking-or-model",
        title=(
            f"At one model's slope, longer answers explain about {middle} of the step to reasoning "
            "models"
        ),
        subtitle="Gain in right answers from a plain to a reasoning model, percentage points",
        caption=(
            "Orange: what the additional tokens would have bought at the slope of the one model "
            "whose thinking could be switched on, test by test; blue: what tokens do not explain. "
            f"Label: share of tokens in the log-odds, {low} to {high}; "
            f"90% intervals of single pairs reach up to {wording.digits(100 * widest)} points "
            "either way."
        ),
        alt=(
            f"Stacked bars for {len(parts)} pairs of models. The share of more tokens in the gain "
            f"runs from {low} to {high}, with a median of {middle}."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=draw,
        fields={
            "pair": "plain model, reasoning model and test",
            "part": "what the gain goes with",
            "points": "part of the gain, percentage points (mean of both orders)",
            "token_times": "output tokens of the reasoning model over those of the plain one",
            "share_percent": "share of more tokens in the gain of log-odds, percent",
            "share_low": "lower end of its 90% interval, percent",
            "share_high": "upper end of its 90% interval, percent",
            "gain_points": "whole gain, percentage points",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(parts),
        tables=("thinking_points", "thinking_slopes"),
        models=(decompose,),
        tests=(thinking.PAIR_TEST,),
        weaknesses=(
            "One model's slope stands for all, and most pairs differ in more than thinking. "
            "Reasoning models are trained to use their tokens, "
            "so tokens and training cannot be told apart by such data. Across all models the two "
            "go together so closely that a regression cannot separate them either."
        ),
        settings={"level": 0.9},
        height={"wide": 420, "narrow": 640},
    )
