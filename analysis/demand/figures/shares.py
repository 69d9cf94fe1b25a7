"""Figures of the share of inference: by year and by definition."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.figures.common import (
    FROM,
    MODEL_TEST,
    WEAK,
    YEARS,
    plain,
    seen_by,
    solid_then_dashed,
)
from analysis.demand.findings import central_figure as moved
from analysis.demand.findings import projection as found
from analysis.demand.findings import rivals
from analysis.demand.sampling import simulate
from analysis.demand.shares import inference_share
from analysis.publishing import Entry, Figure, theme


def _share_rows() -> pd.DataFrame:
    rows = []
    for scope, unit, panel in (("labs", "usd", "labs"), ("fleet", "chips", "world")):
        for counted in ("rnd", "final"):
            band = found.wide_band(f"share:{scope}:{unit}:{counted}")
            band = band.rename(columns={"central": "value"})
            band["row"], band["counted"], band["panel"] = "model", counted, panel
            band["kind"] = np.where(band["year"] >= FROM, "forecast", "estimate")
            rows.append(band)
    model = pd.concat(rows, ignore_index=True)
    model["year"] = model["year"] + 0.5
    model = model[model["year"] > np.where(model["panel"] == "labs", 2022, 2019)]
    both = pd.concat([model, rivals.published_shares()], ignore_index=True)
    for column in ("value", "low", "high", "low_half", "high_half"):
        both[column] = 100 * both[column]
    return both


_COUNTED_NAMES = {"rnd": "all research counted", "final": "against final runs only"}


def _draw_shares(data: pd.DataFrame, width: int = 690) -> Any:
    wide = width > 500
    size = (width - 110) // 2 if wide else width - 50
    panels = []
    for panel, title in (
        ("labs", "money of all frontier labs"),
        ("world", "all AI chips of the world"),
    ):
        part = data[data["panel"] == panel]
        first = 2022 if panel == "labs" else 2019
        x = alt.X(
            "year:Q", scale=alt.Scale(domain=[first, 2031.2], nice=False), title=None, axis=YEARS
        )
        scale = alt.Scale(domain=[0, 100], nice=False)
        y: dict[str, Any] = {
            "scale": scale,
            "title": "inference, percent of inference and training",
            "axis": alt.Axis(tickCount=5),
        }
        colour = alt.Color(
            "counted:N", legend=None,
            scale=alt.Scale(domain=["rnd", "final"], range=[theme.INFERENCE, theme.OTHER]),
        )  # fmt: skip
        base = alt.Chart(part[part["row"] == "model"])
        band = base.mark_area(opacity=0.14).encode(
            x=x, y=alt.Y("low:Q", **y), y2="high:Q", color=colour
        )
        half = base.mark_area(opacity=0.16).encode(
            x=x, y=alt.Y("low_half:Q", **y), y2="high_half:Q", color=colour
        )
        line = solid_then_dashed(base, x=x, y=alt.Y("value:Q", **y), color=colour)
        rule = (
            alt.Chart(pd.DataFrame({"at": [50]}))
            .mark_rule(color=theme.MUTED, strokeDash=[2, 3])
            .encode(y="at:Q")
        )
        published = alt.Chart(part[part["row"] == "published"])
        whisker = published.mark_rule(strokeWidth=1.2, color=theme.INK).encode(
            x=x, y=alt.Y("low:Q", **y), y2="high:Q"
        )
        marks = published.mark_point(
            size=46, strokeWidth=1.6, filled=True, color=theme.INK, stroke=theme.INK
        ).encode(
            x=x,
            y=alt.Y("value:Q", **y),
            **seen_by(part),
            tooltip=["label:N", "year:Q", "value:Q", "kind:N"],
        )
        named = part[(part["row"] == "published") & part["named"].fillna("").ne("")]
        said = alt.layer(
            *(
                alt.Chart(named[named["below"].eq(below)])
                .mark_text(align="left", dx=6, dy=12 if below else -6, fontSize=10)
                .encode(x=x, y=alt.Y("value:Q", **y), text="named:N")
                for below in (False, True)
            )
        )
        at = {"rnd": 5, "final": 96}
        names = pd.DataFrame(
            {
                "year": 2024.6,
                "at": [at[k] for k in at],
                "counted": list(at),
                "name": [_COUNTED_NAMES[k] for k in at],
            }
        )
        text = (
            alt.Chart(names)
            .mark_text(align="left", fontSize=11)
            .encode(x=x, y=alt.Y("at:Q", **y), text="name:N", color=colour)
        )
        panels.append(
            (band + half + line + rule + whisker + marks + said + text).properties(
                width=size,
                height=310 if wide else 260,
                title=alt.Title(title, fontSize=12, fontWeight="normal", offset=18),
            )
        )
    return alt.hconcat(*panels, spacing=22) if wide else alt.vconcat(*panels, spacing=26)


def inference_share_by_year() -> Figure:
    frame = plain(_share_rows())
    strict = found.at("share:fleet:chips:rnd", 2027)
    loose = found.at("share:fleet:chips:final", 2027)
    chance = found.chance("share:fleet:chips:rnd", 2027)
    said = [wording.percent(value) for value in (strict.low, strict.high)]
    return Figure(
        id="inference-share-by-year",
        title=(
            f"Inference takes {wording.percent(strict.central)} of the world's AI chips in 2027 "
            "if all "
            f"research counts as training, {wording.percent(loose.central)} against final runs only"
        ),
        subtitle="Share of inference, percent; median, 50% and 90% intervals, and published shares",
        caption=(
            f"With all research counted the 90% interval for the world in 2027 is {said[0]} to "
            f"{said[1]}, and the chance of more than half {wording.percent(chance)}. Black marks "
            "are published, "
            "each by its own "
            "definition: filled measured or reported, rings estimated, diamonds forecast; on the "
            "left those of "
            "single laboratories' spend, on the right of firms, cloud markets and the world in "
            "power, money or "
            "compute. Dashed: forecast."
        ),
        alt=(
            "Two panels with two bands each. Against final runs alone inference is the larger "
            "part of the world's chips in every year; with all research counted it has been the "
            "smaller part since 2023, with bands that widen towards 2030. Published shares lie "
            "around the lower line for single labs, forecasts for the world between the two."
        ),
        evidence=("estimate", "forecast", "measured"),
        frame=frame,
        draw=_draw_shares,
        fields={
            "year": "decimal year; the model's rows stand at the middle of a year",
            "value": "share of inference, percent; of the model the median",
            "low": "5th percentile, or low end published",
            "high": "95th percentile, or high end published",
            "low_half": "25th percentile",
            "high_half": "75th percentile",
            "row": "the model's line, or a published share",
            "counted": "rnd: all research and development is training; final: final runs alone",
            "panel": "money of the frontier laboratories, or chips of the world",
            "kind": "kind of evidence",
            "label": "who published it, of what",
            "named": "name beside the mark",
            "below": "whether that name stands below the mark",
            "unit": "unit of the published share",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(moved.source_ids(frame), *moved.evidence()),
        tables=(*moved.TABLES, "compute_splits"),
        models=(inference_share, simulate),
        tests=(MODEL_TEST,),
        weaknesses=WEAK
        + " Published shares are of different units and scopes than the line beside them.",
        settings={"draws": found.DRAWS, "seed": found.SEED},
        height={"wide": 310, "narrow": 540},
    )


def _definition_rows() -> pd.DataFrame:
    rows = []
    for scope, words in found.SCOPE_WORDS.items():
        for counted, name in _COUNTED_NAMES.items():
            for unit, unit_words in found.UNIT_WORDS.items():
                for year in (2025, 2030):
                    it = found.at(f"share:{scope}:{unit}:{counted}", year)
                    rows.append(
                        {
                            "scope": words, "counted": name, "unit": unit_words, "year": year,
                            "value": 100 * it.central, "low": 100 * it.low, "high": 100 * it.high,
                            "kind": "estimate" if year < FROM else "forecast",
                            "definition": f"{words}, {name}",
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


def _draw_definitions(data: pd.DataFrame, width: int = 690) -> Any:
    wide = width > 500
    units = list(found.UNIT_WORDS.values())
    colours = [theme.INFERENCE_SOFT, theme.INFERENCE, theme.ACCENT, theme.INK]
    order = data["definition"].drop_duplicates().tolist()
    size = (width - 250) // 2 if wide else width - 130
    panels = []
    for place, year in enumerate((2025, 2030)):
        part = data[data["year"] == year]
        y = alt.Y(
            "definition:N", sort=order, scale=alt.Scale(paddingInner=0.1),
            axis=alt.Axis(
                title=None, ticks=False, labelLimit=240, labelColor=theme.INK, grid=True,
                labels=place == 0 or not wide, labelOverlap=False,
                labelExpr="split(datum.label, ', ')",
            ),
        )  # fmt: skip
        x_scale = alt.Scale(domain=[0, 100], nice=False)
        x = alt.X("value:Q", scale=x_scale, title="inference, percent", axis=alt.Axis(tickCount=5))
        colour = alt.Color(
            "unit:N", scale=alt.Scale(domain=units, range=colours),
            legend=alt.Legend(columns=4, symbolType="circle") if place == 0 else None,
        )  # fmt: skip
        offset = alt.YOffset("unit:N", sort=units)
        base = alt.Chart(part)
        whisker = base.mark_rule(strokeWidth=1.6).encode(
            x=alt.X("low:Q", scale=x_scale), x2="high:Q", y=y, yOffset=offset, color=colour
        )
        ring = base.mark_point(size=34, strokeWidth=1.8, filled=True, fillOpacity=0).encode(
            x=x, y=y, yOffset=offset, color=colour, stroke=colour,
            shape=alt.value("circle" if year < FROM else "diamond"),
            tooltip=["definition:N", "unit:N", alt.Tooltip("value:Q", format=".0f")],
        )  # fmt: skip
        rule = (
            alt.Chart(pd.DataFrame({"at": [50]}))
            .mark_rule(color=theme.MUTED, strokeDash=[2, 3])
            .encode(x=alt.X("at:Q", scale=x_scale))
        )
        panels.append(
            (rule + whisker + ring).properties(
                width=size, height=330, title=alt.Title(str(year), fontSize=12, fontWeight="normal")
            )
        )
    return alt.hconcat(*panels, spacing=14) if wide else alt.vconcat(*panels, spacing=16)


def share_by_definition() -> Figure:
    frame = plain(_definition_rows())
    now = frame[frame["year"] == 2025].sort_values("value")
    least, most = now.iloc[0], now.iloc[-1]
    return Figure(
        id="share-by-definition",
        title=(
            f"One projection, {len(now)} definitions: inference is "
            f"{wording.digits(least['value'])}% to "
            f"{wording.digits(most['value'])}% of AI compute in 2025"
        ),
        subtitle=(
            "Share of inference by scope, unit and what counts as training, percent; median and "
            "90% interval"
        ),
        caption=(
            f"Least: {least['unit']} of {least['scope']}, {least['counted']}. Most: "
            f"{most['unit']} of "
            f"{most['scope']}, {most['counted']}. Within a row only the unit changes: a chip "
            "that writes does few "
            "FLOP, so inference is larger in chips than in FLOP. Between the rows of a scope "
            "only the count of "
            "experiments changes. Rings: 2025, estimated; diamonds: 2030, forecast."
        ),
        alt=(
            "Dots with whiskers in six rows, for 2025 and 2030. The three rows against final "
            "runs only lie mostly "
            "above half, the three with all research below; within each row FLOP lies far left "
            "of chips, money "
            "and power."
        ),
        evidence=("estimate", "forecast"),
        frame=frame,
        draw=_draw_definitions,
        fields={
            "scope": "whose compute",
            "counted": "what counts as training",
            "unit": "what is divided",
            "year": "calendar year",
            "value": "share of inference, percent, median",
            "low": "5th percentile",
            "high": "95th percentile",
            "kind": "kind of evidence",
            "definition": "scope and what counts",
        },
        sources=catalog.sources_of(*moved.evidence()),
        tables=moved.TABLES,
        models=(inference_share, simulate),
        tests=(
            ""
            "tests/demand/test_model.py::test_reading_without_counting_experiments_raises_the_share",
        ),
        weaknesses=WEAK,
        settings={"draws": found.DRAWS, "seed": found.SEED},
        height={"wide": 330, "narrow": 660},
    )


FIGURES: tuple[Entry, ...] = (
    Entry("inference-share-by-year", inference_share_by_year),
    Entry("share-by-definition", share_by_definition),
)
