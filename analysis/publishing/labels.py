"""Places for labels at the ends of lines, so that they do not lie on each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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
