"""Figure of published shares against the model's interval for the same definition."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.figures.share_rows import (
    AHEAD,
    PERCENT,
    UNIT_WORDS,
    filled,
    hues,
    named,
    percent_axis,
    rows_axis,
)
from analysis.demand.findings import ledger, projection
from analysis.demand.service import simulate
from analysis.publishing import Entry, Figure, theme

_AGAINST_TEST = (
    "tests/demand/test_ledger_findings.py::test_a_share_is_inside_where_the_draws_say_so"
)
_BARS = {
    "model, all research counted": theme.INFERENCE,
    "model, final runs only": theme.OTHER,
}
_READ = dict(zip(("rnd", "final_runs"), _BARS, strict=True))


def _against_rows() -> pd.DataFrame:
    rows = ledger.against_model()
    twice = rows.groupby(["split_id", "denominator"])["unit"].transform("size") > 1
    return pd.DataFrame(
        {
            "split": named(rows),
            "year": rows["year"],
            "scope": rows["model_scope"].map(projection.SCOPE_WORDS),
            "unit": rows["unit"].map(UNIT_WORDS),
            "counted": rows["denominator"].map(_READ),
            "share_percent": 100 * rows["share"],
            "low_percent": 100 * rows["low"],
            "median_percent": 100 * rows["median"],
            "high_percent": 100 * rows["high"],
            "inside": rows["inside"],
            "verdict": rows["verdict"],
            "reason": rows["reason"],
            "first_reading": rows["first_reading"],
            "weighed": rows["weighed"],
            "line": np.where(~twice, 0, np.where(rows["unit"] == "chips", -1, 1)),
            "kind": rows["kind"],
            "ahead": rows["ahead"],
            "source_id": rows["source_id"],
        }
    )


def _draw_against(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
    wide = width > 500
    labels = 190 if wide else 148
    order = data["split"].drop_duplicates().tolist()
    y = rows_axis(order, "split", labels)
    x = percent_axis("share_percent", True, wide)
    base = alt.Chart(data)
    colour = hues(_BARS, "counted", True, wide)
    layers = []
    for line, (offset, thick) in {0: (0, 9), -1: (-3, 4), 1: (3, 4)}.items():
        part = base.transform_filter(f"datum.line === {line}")
        layers.append(
            part.mark_bar(height=thick, yOffset=offset, opacity=0.32).encode(
                x=alt.X("low_percent:Q", scale=PERCENT), x2="high_percent:Q", y=y, color=colour
            )
        )
        layers.append(
            part.mark_tick(size=thick, yOffset=offset, thickness=2).encode(
                x=alt.X("median_percent:Q", scale=PERCENT), y=y, color=colour
            )
        )
    told = base.transform_filter("datum.first_reading")
    within = told.transform_filter(f"datum.verdict !== '{ledger.OUTSIDE}'")
    beyond = told.transform_filter(f"datum.verdict === '{ledger.OUTSIDE}'")
    tooltip = [
        "split:N", "scope:N", alt.Tooltip("share_percent:Q", format=".0f"), "verdict:N",
        "reason:N", "kind:N",
    ]  # fmt: skip
    for part, hue, size in ((within, theme.INK, 50), (beyond, theme.ACCENT, 80)):
        layers.append(
            part.mark_point(size=size, strokeWidth=1.8, filled=False, stroke=hue, opacity=1).encode(
                x=x, y=y, shape=AHEAD, fill=filled(hue), tooltip=tooltip
            )
        )
    if wide:
        right = "datum.share_percent > datum.median_percent && datum.share_percent < 88"
        sides: tuple[tuple[str, Any, int], ...] = ((right, "left", 9), (f"!({right})", "right", -9))
        for side, align, dx in sides:
            layers.append(
                beyond.transform_filter(side)
                .mark_text(dx=dx, align=align, fontSize=11, color=theme.ACCENT)
                .encode(x=x, y=y, text=alt.value("outside"))
            )
    return alt.layer(*layers)


def published_against_model() -> Figure:
    frame = _against_rows()
    count = ledger.verdicts()
    whole, out = int(count.sum()), int(count[ledger.OUTSIDE])
    first = frame[frame["first_reading"]]
    wide = wording.digits(float((first["high_percent"] - first["low_percent"]).median()))
    above = ledger.above()
    alone = ledger.independent()
    held = int((alone["verdict"] != ledger.OUTSIDE).sum())
    one = int((alone["verdict"] == ledger.ONE_READING).sum())
    rest = f"{above} of the other {out} see more inference" if out else "none sees more inference"
    return Figure(
        id="published-against-model",
        title=(
            f"{wording.share_of(whole - out, whole)} published shares lie inside our 90% "
            f"interval; {rest}"
        ),
        subtitle=(
            "Share of inference, percent: as published, and the model's 90% interval for the same "
            "year, scope and definition"
        ),
        caption=(
            "Marks: published, filled where measured or reported, diamonds where told before the "
            "year was over, purple where outside; bars: the model's 90% interval, ticks its "
            "median. Two thin bars are chips (above) and FLOP, where 'compute' may be either; bars "
            f"in both colours, where it is not said whether research counts. Of the {len(alone)} "
            f"that the scenarios are not weighted by, {held} lie inside, {one} under one reading "
            f"only; the bars are {wide} points wide in the median."
        ),
        alt=(
            f"List of {whole} published shares of {frame['year'].min()} to {frame['year'].max()}, "
            f"each over the bar of the model's interval under its own definition. {whole - out} "
            f"lie on a bar; of the {out} beside it {above} lie to its right. Bars against final "
            "runs only stand far right of those with all research counted."
        ),
        evidence=("measured", "reported", "derived", "estimate", "forecast", "simulation"),
        frame=frame,
        draw=_draw_against,
        fields={
            "split": "year, and whom it is about or who tells it",
            "year": "year that the share is of",
            "scope": "scope of the model it is held against",
            "unit": "what the share is a share of, in this reading",
            "counted": "what counts as training, in this reading",
            "share_percent": "share of inference as published, percent",
            "low_percent": "5th percentile of the model's share, percent",
            "median_percent": "its median, percent",
            "high_percent": "its 95th percentile, percent",
            "inside": "whether the published share lies between, in this reading",
            "verdict": "inside under all readings, under one at least, or outside",
            "reason": "why, where it is outside",
            "first_reading": "the reading nearest to chips with all research counted",
            "weighed": "whether accounts of its year weight the scenarios",
            "line": "upper (-1) or lower (1) of two bars; 0 where there is one",
            "kind": "kind of evidence",
            "ahead": "told before its year was over",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("compute_splits",),
        models=(ledger.against_model, simulate),
        tests=(_AGAINST_TEST,),
        weaknesses=(
            "One company or one cloud is held against the whole fleet, one laboratory against all, "
            "as the model knows no others; the fleet's final runs are those of frontier "
            "laboratories alone. The scenarios are weighted by OpenAI's accounts of 2024 and "
            "2025, so those are no independent test. A split that is not told clearly counts as "
            "inside where one reading of it is. That most of those outside lie on one side may "
            "come of what they count, or of a model that leans the other way."
        ),
        settings={"level": ledger.LEVEL, "draws": projection.DRAWS, "seed": projection.SEED},
        height={"wide": 590, "narrow": 620},
    )


FIGURES: tuple[Entry, ...] = (Entry("published-against-model", published_against_model),)
