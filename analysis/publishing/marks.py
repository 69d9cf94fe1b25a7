"""Marks that say what a number is: filled where counted, hollow where estimated, and its spread."""

from __future__ import annotations

from typing import Any

import altair as alt

from analysis.publishing import theme

#: Kinds of evidence whose marks are filled: somebody counted.
COUNTED = ("measured", "reported")


def fill_by_evidence(colour: str, field: str = "kind") -> Any:
    """Fill of a point: its colour where the number was measured or reported, paper elsewhere."""
    counted = " || ".join(f"datum.{field} === '{kind}'" for kind in COUNTED)
    return alt.condition(counted, alt.value(colour), alt.value(theme.PAPER))


def rings_with_spread(
    base: alt.Chart,
    *,
    x: alt.X,
    scale: alt.Scale,
    y: alt.Y,
    low: str,
    high: str,
    colour: alt.Color,
    tooltip: list[Any],
    size: int = 75,
) -> alt.LayerChart:
    """A ring with its whisker per row, along x; filled where its `kind` is measured.

    `scale` is that of `x`; `low` and `high` are the columns of the whisker, blank where there is
    none.
    """
    place: dict[str, Any] = {"y": y, "color": colour}
    whisker = base.mark_rule(strokeWidth=2).encode(
        x=alt.X(f"{low}:Q", scale=scale), x2=f"{high}:Q", **place
    )
    ring = base.mark_point(size=size, strokeWidth=2, filled=False).encode(
        x=x, tooltip=tooltip, **place
    )
    measured = base.transform_filter("datum.kind === 'measured'")
    return whisker + ring + measured.mark_circle(size=size, opacity=1).encode(x=x, **place)


def line_with_band(
    base: alt.Chart,
    *,
    x: alt.X,
    y: str,
    low: str,
    high: str,
    colour: Any,
    detail: str | None = None,
    tooltip: list[Any] | None = None,
    channel: dict[str, Any] | None = None,
    **line: Any,
) -> alt.LayerChart:
    """A line over the band of its interval.

    Parameters
    ----------
    base : altair.Chart
    x : altair.X
        Channel both share.
    y, low, high : str
        Columns of the line and of the edges of its band.
    colour : str or altair condition
        A colour of the theme, or a condition that gives one.
    detail : str, optional
        Column that tells several lines apart.
    tooltip : list, optional
    channel : dict, optional
        Title, scale and axis of the y channel.
    **line
        Options of the line mark.
    """
    common: dict[str, Any] = {"x": x, "color": alt.value(colour)}
    if not isinstance(colour, str):
        common["color"] = colour
    if detail:
        common["detail"] = detail
    options = channel or {}
    band = base.mark_area(opacity=0.16).encode(
        y=alt.Y(f"{low}:Q", **options), y2=f"{high}:Q", **common
    )
    drawn = base.mark_line(**line).encode(
        y=alt.Y(f"{y}:Q", **options), tooltip=tooltip or alt.Undefined, **common
    )
    return band + drawn
