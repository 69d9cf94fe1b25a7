"""Figures of hindcasts: our forecast from two past dates, held against what came."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.findings import hindcast as found
from analysis.demand.hindcast import hindcast as hindcast_model
from analysis.demand.scores import forecast_scores
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import fill_by_evidence

TESTS = "tests/demand/test_hindcast_findings.py::"
_SCORE_TEST = (
    "tests/demand/test_hindcast.py::test_hindcasts_of_planted_worlds_cover_as_often_as_they_say"
)
_HUES = {
    found.TRAINING: theme.TRAINING,
    found.INFERENCE: theme.INFERENCE,
    found.BOTH: theme.OTHER,
}
NATURES = {
    found.TRAINING: "training",
    found.INFERENCE: "inference",
    found.BOTH: "both, or chips and power",
}
_STRUCTURE = (
    "The structure and its assumptions (tokens per answer, utilisation, how fast growth slows) "
    "were chosen in 2026 with these years in view; only the drivers are of their date. So this is "
    "kinder than a real forecast."
)
_TABLES = ("token_volumes", "query_volumes", "chip_supply", "training_runs", "compute_splits",
           "lab_accounts", "peer_projections")  # fmt: skip


def _year(date: str) -> str:
    return date[:4]


def nature_colour(legend: bool) -> alt.Color:
    """The colour of training, of inference and of both."""
    scale = alt.Scale(domain=[NATURES[n] for n in _HUES], range=list(_HUES.values()))
    shown = alt.Legend(columns=3, symbolType="stroke") if legend else None
    return alt.Color("nature:N", scale=scale, legend=shown)


def panel_title(text: str) -> alt.Title:
    """The name of one panel."""
    return alt.Title(text, fontSize=12, fontWeight="normal", offset=8, anchor="start")


def sources_of_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Sources of rows, each of which may name several."""
    ids = {one for key in rows["source_id"].dropna() for one in str(key).split()}
    return catalog.sources_of(sorted(ids))


def _hindcast_rows() -> pd.DataFrame:
    rows = found.shown()
    columns = {
        "cutoff_date": "cutoff", "label": "label", "nature": "nature", "unit": "unit",
        "value": "observed", "median": "forecast", "ratio_p5": "low", "ratio_p25": "low_half",
        "ratio_median": "median", "ratio_p75": "high_half", "ratio_p95": "high",
        "observed_low": "observed_low", "observed_high": "observed_high",
        "covered_90": "inside", "log_score": "log_score", "crps": "crps", "kind": "kind",
        "source_id": "source_id",
    }  # fmt: skip
    rows = rows[list(columns)].rename(columns=columns)
    return rows.assign(nature=rows["nature"].map(NATURES), inside=rows["inside"] == 1)


_RATIO = alt.Scale(type="log", domain=[1e-4, 10], nice=False, clamp=True)
_RATIO_AXIS = alt.Axis(values=[1e-3, 1e-2, 0.1, 1, 10], format="~g", grid=True)


def _hindcast_panel(
    rows: pd.DataFrame, order: list[str], width: int, step: int, *, labels: bool, title: str,
    axis_title: Any, legend: bool,
) -> alt.LayerChart:  # fmt: skip
    y = alt.Y(
        "label:N", sort=order, scale=alt.Scale(domain=order),
        axis=alt.Axis(
            title=None, labelLimit=230, labelOverlap=False, labelColor=theme.INK, ticks=False,
            labels=labels,
        ),
    )  # fmt: skip
    x: dict[str, Any] = {"scale": _RATIO, "title": axis_title, "axis": _RATIO_AXIS}
    base = alt.Chart(rows)
    colour = nature_colour(legend)
    one = base.mark_rule(color=theme.MUTED, strokeDash=[2, 3]).encode(x=alt.XDatum(1, scale=_RATIO))
    wide = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", **x), x2="high:Q", y=y, color=colour
    )
    half = base.mark_rule(strokeWidth=7, opacity=0.42).encode(
        x=alt.X("low_half:Q", scale=_RATIO), x2="high_half:Q", y=y, color=colour
    )
    middle = base.mark_point(shape="diamond", size=36, strokeWidth=1.8, filled=False)
    middle = middle.encode(
        x=alt.X("median:Q", scale=_RATIO), y=y, stroke=colour, opacity=alt.value(1),
        tooltip=[
            "label:N", alt.Tooltip("median:Q", format=".3g"), alt.Tooltip("low:Q", format=".3g"),
            alt.Tooltip("high:Q", format=".3g"), alt.Tooltip("observed:Q", format=".3g"), "unit:N",
            "kind:N",
        ],
    )  # fmt: skip
    spread = base.mark_rule(strokeWidth=1.2, color=theme.INK).encode(
        x=alt.X("observed_low:Q", scale=_RATIO), x2="observed_high:Q", y=y
    )
    seen = base.mark_point(
        size=26, strokeWidth=1.5, filled=True, stroke=theme.INK, opacity=1
    ).encode(x=alt.XDatum(1, scale=_RATIO), y=y, fill=fill_by_evidence(theme.INK))
    return (one + wide + half + spread + seen + middle).properties(
        width=width, height=step * len(order), title=panel_title(title)
    )


def _draw_hindcast(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide = width > 500
    names = data["label"].drop_duplicates().tolist()
    size = (width - 260) // 2 if wide else width - 200
    title = (
        "forecast, times what came (log scale)"
        if wide
        else ["forecast over what came", "(log scale)"]
    )
    panels = []
    for place, date in enumerate(found.CUTOFFS):
        rows = data[data["cutoff"] == date]
        order = names if wide else rows["label"].tolist()
        panels.append(
            _hindcast_panel(
                rows, order, size, 17, labels=not wide or place == 0,
                title=f"known at the end of {_year(date)}", axis_title=title, legend=False,
            )
        )  # fmt: skip
    return alt.hconcat(*panels, spacing=18) if wide else alt.vconcat(*panels, spacing=24)


def hindcast() -> Figure:
    frame = _hindcast_rows()
    parts = []
    for date in found.CUTOFFS:
        inside, whole = found.held(date)
        parts.append((_year(date), inside, whole))
    (first, in_first, all_first), (second, in_second, all_second) = parts
    worst = found.missed().iloc[0]
    low, rows = found.too_low()
    return Figure(
        id="hindcast",
        title=(
            f"Forecast from the end of {first}, {in_first} of {all_first} later numbers fall "
            f"inside our 90% interval, from the end of {second} {in_second} of {all_second}; "
            f"tokens were missed up to {wording.digits(worst['factor'])}-fold"
        ),
        subtitle=(
            "Our forecast from two past dates over what came since: median, 50 and 90% interval; "
            "1 is what came"
        ),
        caption=(
            "Blue: training; orange: inference; grey: chips and power. Diamonds: our median; thick "
            "and thin lines: 50 and 90%; dots at 1: what came, filled where reported, with the "
            "range of its readings. One number a year, the last. "
            f"{low} of {rows} medians are too low; tokens aside, they are off by a factor of "
            f"{wording.digits(found.typical_factor(False))} in the median."
        ),
        alt=(
            "Two panels of lines on a log axis around 1. Chips, power, runs and spend lie within a "
            f"factor of about {wording.digits(found.typical_factor(False))}, nearly all left of 1 "
            "with lines that reach it; tokens lie a factor of "
            f"{wording.digits(found.typical_factor(True))} and more to the left, with lines that "
            "end before it."
        ),
        evidence=("simulation", "measured", "reported", "derived", "estimate"),
        frame=frame,
        draw=_draw_hindcast,
        fields={
            "cutoff": "last day of the evidence seen",
            "label": "what was forecast, and for when",
            "nature": "training, inference, or both",
            "unit": "unit of what came and of the forecast",
            "observed": "what came",
            "forecast": "median forecast",
            "low": "5th percentile over what came",
            "low_half": "25th percentile over what came",
            "median": "median over what came",
            "high_half": "75th percentile over what came",
            "high": "95th percentile over what came",
            "observed_low": "low end of what came, over its value, where a range is told",
            "observed_high": "high end of what came, over its value",
            "inside": "whether the 90% interval holds what came",
            "log_score": "log of the density at what came (log or log odds); higher is better",
            "crps": "continuous ranked probability score on that scale; lower is better",
            "kind": "kind of evidence of what came",
            "source_id": "keys of its sources",
        },
        sources=sources_of_rows(frame),
        tables=_TABLES,
        models=(hindcast_model, forecast_scores),
        tests=(_SCORE_TEST, TESTS + "test_ratios_are_those_of_the_hindcasts_own_quantiles"),
        weaknesses=(
            _STRUCTURE
            + " The scenarios here are not weighted by accounts, as those of the chapter "
            "are, so their intervals are wider. What came is itself often an estimate made in "
            "2026. Before 2025 nobody published tokens by API; their level then is a guess of an "
            "order of magnitude. One quantity in two years is not two independent tests."
        ),
        settings={"draws": found.DRAWS, "seed": found.SEED, "level": found.LEVEL},
        height={"wide": 470, "narrow": 780},
    )


_METHODS = {
    found.ALL_ROWS: "our model, all",
    found.MODEL: "our model, same numbers",
    found.GROWTH: "the last growth goes on",
    found.SAME: "nothing changes",
}
_SCORE_WORDS: dict[str, tuple[str, list[float], int | None]] = {
    "covered_50": ("in the 50% interval, percent", [0, 100], 50),
    "covered_90": ("in the 90% interval, percent", [0, 100], 90),
    "log_score": ("log score, nats: higher is better", [-5, 0.5], None),
    "crps": ("CRPS, log points: lower is better", [0, 1.5], None),
}


def _score_rows() -> pd.DataFrame:
    rows = found.scores()
    percent = np.where(rows["score"].str.startswith("covered"), 100.0, 1.0)
    for end in ("value", "low", "high"):
        rows[end] = rows[end] * percent
    rows["measure"] = rows["score"].map({name: words[0] for name, words in _SCORE_WORDS.items()})
    rows["method"] = rows["method"].map(_METHODS)
    rows["nominal"] = rows["score"].map({name: words[2] for name, words in _SCORE_WORDS.items()})
    return rows.drop(columns="score").assign(kind="simulation")


def _draw_scores(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    size = (width - 210) // 2 if wide else width - 175
    cells = []
    for place, (title, domain, nominal) in enumerate(_SCORE_WORDS.values()):
        rows = data[data["measure"] == title]
        labels = not wide or place % 2 == 0
        y = alt.Y(
            "method:N", sort=list(_METHODS.values()),
            axis=alt.Axis(
                title=None, labels=labels, ticks=False, labelLimit=170, labelColor=theme.INK,
                labelOverlap=False,
            ),
        )  # fmt: skip
        scale = alt.Scale(domain=domain, nice=False, clamp=True)
        colour = alt.condition(
            f"datum.method === '{_METHODS[found.ALL_ROWS]}' || "
            f"datum.method === '{_METHODS[found.MODEL]}'",
            alt.value(theme.INK), alt.value(theme.OTHER),
        )  # fmt: skip
        base = alt.Chart(rows)
        x = alt.X("value:Q", scale=scale, title=title, axis=alt.Axis(tickCount=5, grid=True))
        whisker = base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", scale=scale, title=title), x2="high:Q", y=y, color=colour
        )
        ring = base.mark_point(size=60, strokeWidth=2, filled=True, fill=theme.PAPER, opacity=1)
        ring = ring.encode(
            x=x, y=y, stroke=colour,
            tooltip=["method:N", "measure:N", alt.Tooltip("value:Q", format=".2f"), "quantities:Q"],
        )  # fmt: skip
        layers = [whisker, ring]
        if nominal is not None:
            wanted = base.mark_rule(color=theme.MUTED, strokeDash=[2, 3])
            layers.insert(0, wanted.encode(x=alt.X("nominal:Q", scale=scale)))
        cells.append(alt.layer(*layers).properties(width=size, height=96))
    if not wide:
        return alt.vconcat(*cells, spacing=12)
    return alt.vconcat(alt.hconcat(*cells[:2], spacing=24), alt.hconcat(*cells[2:], spacing=24))


def hindcast_scores() -> Figure:
    frame = _score_rows()
    ours, growth, same = (
        found.score(name, "crps") for name in (found.MODEL, found.GROWTH, found.SAME)
    )
    covered = {name: found.score(found.ALL_ROWS, name) for name in found.SCORES[:2]}
    several = int(frame.loc[frame["method"] == _METHODS[found.MODEL], "quantities"].iloc[0])
    whole = int(frame.loc[frame["method"] == _METHODS[found.ALL_ROWS], "quantities"].iloc[0])
    return Figure(
        id="hindcast-scores",
        title=(
            f"The mean error of our hindcasts is {wording.digits(ours / growth)} times that of "
            f"letting the last growth go on, {wording.digits(ours / same)} times that of no "
            f"change; our 50% intervals hold {wording.percent(covered['covered_50'])}, the 90% "
            f"ones {wording.percent(covered['covered_90'])}"
        ),
        subtitle=(
            f"Mean scores of hindcasts from the ends of {_year(found.CUTOFFS[0])} and "
            f"{_year(found.CUTOFFS[1])}, with 90% intervals"
        ),
        caption=(
            f"Our model on all {whole} quantities, and on the {several} that had two observations "
            "before the date: both naive rules need them, random walks from the last number with "
            "steps as large as the last growth. Errors (CRPS) are compared on those. Dashed: what "
            "an honest forecaster reaches; lines: quantities resampled."
        ),
        alt=(
            "Four small panels of dots with lines. Our model covers too little at 50% and about "
            "enough at 90%; on the same numbers its log score is the highest and its CRPS the "
            "lowest of the three rules; over all quantities both are worse, for the tokens missed."
        ),
        evidence=("simulation",),
        frame=frame,
        draw=_draw_scores,
        fields={
            "method": "who forecasts",
            "value": "mean score, each quantity of each date with the same weight",
            "low": "5th percentile, quantities resampled",
            "high": "95th percentile",
            "quantities": "number of quantities",
            "measure": "the score and its unit",
            "nominal": "share that an honest interval holds, percent",
            "kind": "kind of evidence",
        },
        sources=sources_of_rows(found.shown()),
        tables=_TABLES,
        models=(hindcast_model, forecast_scores),
        tests=(
            "tests/demand/test_scores.py::test_crps_is_twice_the_integral_of_pinball_losses",
            TESTS + "test_mean_scores_are_those_of_a_loop",
        ),
        weaknesses=(
            _STRUCTURE
            + f" {several} quantities are few, and they are those published early, which "
            "are the easier ones. Naive rules know the observations of the date in the form they "
            "have in 2026. Shares are scored in log odds, all else in logarithms."
        ),
        settings={"draws": found.DRAWS, "seed": found.SEED, "resamples": found.RESAMPLES},
        height={"wide": 300, "narrow": 600},
    )


FIGURES: tuple[Entry, ...] = (
    Entry("hindcast", hindcast),
    Entry("hindcast-scores", hindcast_scores),
)
