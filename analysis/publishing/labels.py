"""Places for labels at the ends of lines, so that they do not lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd


def spread(values: Sequence[float], gap: float, low: float = -np.inf) -> np.ndarray:
    """Move values apart until neighbours are `gap` from each other, as little as possible.

    Parameters
    ----------
    values : sequence of float, shape (n,)
        Wanted places, in any order.
    gap : float
        Least distance, in the same unit.
    low : float
        No place may lie below it.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Places in the order of `values`; their order along the line is kept.
    """
    wanted = np.asarray(values, dtype=float)
    order = np.argsort(wanted, kind="stable")
    # Least squares under "at least a gap apart" is isotonic regression of the shifted places.
    shifted = wanted[order] - gap * np.arange(len(wanted))
    blocks: list[list[float]] = []
    for value in shifted:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            value_b, size_b = blocks.pop()
            value_a, size_a = blocks.pop()
            size = size_a + size_b
            blocks.append([(value_a * size_a + value_b * size_b) / size, size])
    level = np.concatenate([np.full(int(size), value) for value, size in blocks] or [np.empty(0)])
    placed = np.empty_like(wanted)
    # Raising the level to `low` keeps the distances: the floor rises by a gap per label.
    placed[order] = np.maximum(level, low) + gap * np.arange(len(wanted))
    return placed


def end_labels(
    ends: pd.DataFrame,
    *,
    x: alt.X,
    x_scale: alt.Scale,
    y: str,
    scale: alt.Scale,
    text: str,
    colour: Any,
    reach: float = 1.0,
    shift: float = 0.0,
) -> alt.LayerChart:
    """Labels right of the ends of lines, each tied to its line's end.

    Parameters
    ----------
    ends : DataFrame
        One row per line: its last point, and ``label_at``, the place of the label on the y axis.
    x : altair.X
        Channel of the last point, and its scale `x_scale`.
    y, text : str
        Columns of the line's last value and of the label.
    scale : altair.Scale
        Scale of the y axis.
    colour : altair condition or colour
    reach, shift : float
        The label stands at x times `reach`, on a logarithmic axis, or at x plus `shift`; a column
        ``label_x`` of `ends` goes before both.
    """
    field = str(x.shorthand).split(":")[0]
    if "label_x" not in ends:
        ends = ends.assign(label_x=ends[field] * reach + shift)
    data = alt.Chart(ends)
    place = alt.X("label_x:Q", scale=x_scale)
    tie = data.mark_rule(strokeWidth=0.8).encode(
        x=x, x2="label_x:Q", y=alt.Y(f"{y}:Q", scale=scale), y2="label_at:Q", color=colour
    )
    label = data.mark_text(align="left", dx=3, fontSize=11).encode(
        x=place, y=alt.Y("label_at:Q", scale=scale), text=f"{text}:N", color=colour
    )
    return tie + label
