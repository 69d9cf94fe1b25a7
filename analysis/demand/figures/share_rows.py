"""Rows of published shares: their names left of a plot, and what the figures of them share."""

from __future__ import annotations

import re
from typing import Any

import altair as alt
import pandas as pd

from analysis.publishing import theme
from analysis.publishing.marks import COUNTED

#: Where entity, or author, does not tell a split from the others of its year.
_NAMES = {
    "meta_2021_inference_share_no_experiments": "Meta, no experiments",
    "nvidia_fy2024_inference_share": "NVIDIA, fiscal 2024",
    "nvidia_q1fy2025_inference_share": "NVIDIA, a quarter later",
    "openai_2024_inference_share": "OpenAI, to investors",
    "openai_2024_azure_inference_share": "OpenAI, Azure's bills",
    "openai_2024_inference_share_final_runs": "OpenAI, final runs only",
    "openai_2025_inference_share": "OpenAI, to investors",
    "openai_2025_microsoft_share": "OpenAI, Microsoft's bills",
    "openai_2025_statement_share": "OpenAI, income statement",
    "openai_2026_plan_share": "OpenAI, plan",
    "gartner_2025_inference_share": "Gartner, clouds",
    "gartner_2026_inference_share": "Gartner, clouds",
    "gartner_aug2026_2027_inference_share": "Gartner, clouds",
    "gartner_2028_accelerator_share": "Gartner, chips",
    "gartner_2029_inference_share": "Gartner, clouds",
}
UNIT_WORDS = {"spend": "money", "chips": "chips", "power": "power", "flop": "FLOP"}
_AXIS = "inference, percent of inference and training"
_AXIS_NARROW = ["inference, percent of", "inference and training"]
PERCENT = alt.Scale(domain=[0, 100], nice=False)
AHEAD = alt.condition("datum.ahead", alt.value("diamond"), alt.value("circle"))


def named(rows: pd.DataFrame) -> pd.Series:
    """Year and who; the label of a row."""
    author = rows["measured_by"].map(lambda text: re.sub(r" \d{4}.*$", "", text))
    who = rows["entity"].where(rows["entity"] != "world", author.str.replace(" TMT", ""))
    return rows["year"].astype(str) + " " + rows["split_id"].map(_NAMES).fillna(who)


def defined(rows: pd.DataFrame) -> pd.Series:
    """What a split counts, in words."""
    unit = rows["unit"].map(UNIT_WORDS)
    if "unit_unclear" in rows:
        unit = unit.mask(rows["unit_unclear"], "compute")
    counted = rows["denominator"].map({"rnd": "", "final_runs": ", final runs", "unclear": " (?)"})
    return unit + counted


def rows_axis(order: list[str], field: str, labels: int) -> alt.Y:
    """Names of the rows in a column of fixed width, so that panels stand below each other."""
    wide = labels > 150
    return alt.Y(
        f"{field}:N", sort=order,
        axis=alt.Axis(
            title=None, labelColor=theme.INK, labelLimit=labels, labelOverlap=False, ticks=False,
            grid=True, labelFontSize=11 if wide else 10, minExtent=labels, maxExtent=labels,
        ),
    )  # fmt: skip


def percent_axis(column: str, axis: bool, wide: bool) -> alt.X:
    """Percent; titled and labelled only at the foot of a stack of panels."""
    look = alt.Axis(grid=True, tickCount=6 if wide else 3, labels=axis, ticks=axis, domain=axis)
    title = _AXIS if wide else _AXIS_NARROW
    return alt.X(f"{column}:Q", scale=PERCENT, axis=look, title=title if axis else None)


def hues(names: dict[str, str], field: str, legend: bool, wide: bool) -> alt.Color:
    """The colour of each name, in its order."""
    key = alt.Legend(
        symbolType="circle", symbolOpacity=1, columns=len(names) if wide else 1, offset=14
    )
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=list(names), range=list(names.values())),
        legend=key if legend else None,
    )


def filled(colour: str) -> Any:
    """A fill for what was counted, paper for all else."""
    counted = " || ".join(f"datum.kind === '{kind}'" for kind in COUNTED)
    return alt.condition(counted, alt.value(colour), alt.value(theme.PAPER))
