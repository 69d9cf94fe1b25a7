"""Rows of inputs: their names left of a plot, and what both figures of them share."""

from __future__ import annotations

from typing import Any

import altair as alt

from analysis.demand.figures.closing import panel_title
from analysis.demand.findings.sensitivity import LABS, WORLD, YEAR, Question
from analysis.publishing import theme

TEST = "tests/demand/test_sensitivity_findings.py::"
NOW = tuple(Question(whose, YEAR) for whose in (LABS, WORLD))
WHOSE = {LABS: "the frontier labs' spend", WORLD: "the world's AI chips"}
WEAK = (
    "Percentiles of the ranges are our judgement: a range set too narrow makes an input look weak. "
    "Prices do not act on use, so what the model leaves out decides nothing here. "
)


def titled(chart: Any, width: int, height: int, text: str, more: str = "") -> Any:
    return chart.properties(width=width, height=height, title=panel_title(text, more))


def labels(base: alt.Chart, y: alt.Y, room: int, second: str | None) -> alt.LayerChart:
    """Names of rows left of the plot; in small below, what a column says."""
    text: dict[str, Any] = {"align": "left", "baseline": "middle"}
    at = alt.value(-room)
    name = base.mark_text(fontSize=11, dy=-6 if second else 0, **text).encode(
        x=at, y=y, text="name:N"
    )
    if second is None:
        return name
    small = base.mark_text(fontSize=9.5, dy=7, color=theme.MUTED, **text).encode(
        x=at, y=y, text=f"{second}:N"
    )
    return name + small
