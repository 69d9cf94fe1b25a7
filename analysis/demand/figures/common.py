"""What the figures of the projection share: axes, dashes, weaknesses."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis.demand.findings import projection as found
from analysis.publishing.marks import COUNTED

YEARS = alt.Axis(format="d", values=[2020, 2022, 2024, 2026, 2028, 2030])
FROM = found.FORECAST_FROM
MODEL_TEST = (
    "tests/demand/test_model.py::test_shares_and_levels_at_the_anchor_are_products_written_out"
)
WEAK = (
    "Levels of 2025 were chosen with the laboratories' accounts of 2024 and 2025 in view, so those "
    "points are no independent test. Prices do not act on use, and nobody's plans enter."
)


def seen_by(data: pd.DataFrame) -> Any:
    """Points: filled where counted, hollow where estimated, diamonds where forecast."""
    counted = " || ".join(f"datum.kind === '{kind}'" for kind in COUNTED)
    return {
        "fillOpacity": alt.condition(counted, alt.value(1), alt.value(0)),
        "shape": alt.condition(
            "datum.kind === 'forecast'", alt.value("diamond"), alt.value("circle")
        ),
    }


def solid_then_dashed(base: alt.Chart, **encoding: Any) -> alt.LayerChart | alt.FacetChart:
    """A line that is dashed where it is a forecast."""
    past = base.transform_filter(f"datum.year <= {FROM}").mark_line(strokeWidth=2.2)
    ahead = base.transform_filter(f"datum.year >= {FROM - 1}").mark_line(
        strokeWidth=2.2, strokeDash=[5, 4]
    )
    return past.encode(**encoding) + ahead.encode(**encoding)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with blank texts where there is none, and no missing yes or no."""
    filled = frame.copy()
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            truths = frame[name].dropna().map(lambda value: isinstance(value, bool)).all()
            filled[name] = (
                frame[name].fillna(False).astype(bool) if truths else frame[name].fillna("")
            )
    return filled
