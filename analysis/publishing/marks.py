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


def interval_dots(
    base: alt.Chart,
    *,
    place: alt.Y | alt.X,
    value: alt.X | alt.Y,
    low: str,
    high: str,
    colour: str = theme.INFERENCE,
    kind: str = "kind",
    tooltip: list[Any] | None = None,
    size: int = 80,
) -> alt.LayerChart:
    """A dot with its whisker per row, on whichever axis the value lies.

    Parameters
    ----------
    base : altair.Chart
        One row per dot; `low` and `high` may be empty.
    place, value : altair.Y or altair.X
        Channel that tells the rows apart, and channel of the number.
    low, high : str
        Columns of the interval.
    colour : str
        A colour of the theme.
    kind : str
        Column with the kind of evidence; fills the dot or leaves it hollow.
    """
    along, end = ("x", "x2") if isinstance(value, alt.X) else ("y", "y2")
    across = "y" if along == "x" else "x"
    span = {along: type(value)(f"{low}:Q"), end: f"{high}:Q", across: place}
    whisker = base.mark_rule(strokeWidth=2, color=colour).encode(**span)
    dot = base.mark_point(size=size, strokeWidth=2, stroke=colour, strokeOpacity=1).encode(
        **{along: value, across: place},
        fill=fill_by_evidence(colour, kind),
        tooltip=tooltip or alt.Undefined,
    )
    return whisker + dot


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
