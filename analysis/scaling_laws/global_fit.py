"""The lowest minimum of a loss-law fit: a grid of starts, annealed, then exact Newton steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.scaling_laws.loss_surface import Surface
from analysis.scaling_laws.surface_solver import ROUNDING, Minimum, minimise
from analysis.scaling_laws.surface_starts import grid_starts

#: Least absolute deviations are searched for with this delta, far below the scatter of any losses,
#: and end in the corner next to what is found.
ABSOLUTE_DELTA = 1e-6
#: Annealing starts here: near least squares for losses within a tenth of each other.
ANNEAL_FROM = 0.1
#: Two objectives closer than this, relatively, are the same minimum.
SAME_MINIMUM = 1e-9
#: Points times rows worked on at once. Arrays of this size fit a processor's cache, and stay below
#: the size (128 KiB) from which memory is asked of the system anew each time, which costs double.
POINTS_AT_ONCE = 15_000
#: Exponents per axis of the grid from which every row gets one start.
_COARSE_GRID = 4


@dataclass(frozen=True)
class GlobalMinimum:
    """The best of several searches.

    Attributes
    ----------
    theta : numpy.ndarray, shape (1, 5)
    objective : float
    converged : bool
    gradient_norm : float
        Largest entry of the gradient over the objective.
    starts, starts_at_optimum : int
    others : numpy.ndarray, shape (k, 5)
        Up to three other minima, the lowest first.
    """

    theta: np.ndarray
    objective: float
    converged: bool
    gradient_norm: float
    starts: int
    starts_at_optimum: int
    others: np.ndarray


def require_delta(delta: float) -> float:
    """The delta itself; refused unless it is at least zero (``math.inf`` is accepted)."""
    if not float(delta) >= 0.0:
        raise ValueError(
            f"delta: {delta!r} is not accepted; accepted: at least 0, in units of log loss, or "
            "math.inf for least squares"
        )
    return float(delta)


def working_delta(delta: float) -> float:
    """The delta that the search uses: `ABSOLUTE_DELTA` in place of less than that."""
    return max(delta, ABSOLUTE_DELTA)


def _rounding(delta: float) -> float:
    # What a residual that is nothing but rounding adds to the objective.
    return 2.0 * ROUNDING**0.5 if delta < ABSOLUTE_DELTA else ROUNDING


def search(
    surface: Surface,
    weights: np.ndarray,
    starts: np.ndarray,
    delta: float,
    anneal_from: float | None = ANNEAL_FROM,
) -> Minimum:
    """`minimise` for any delta from 0 up; below `ABSOLUTE_DELTA` of the absolute residuals."""
    found = minimise(surface, weights, starts, working_delta(delta), anneal_from=anneal_from)
    if delta >= ABSOLUTE_DELTA:
        return found
    absolute = (weights * np.abs(surface.shares(found.theta)[0])).sum(axis=1)
    theta, absolute = _to_corner(surface, weights, found.theta, absolute)
    return Minimum(theta, absolute, found.converged, found.gradient / ABSOLUTE_DELTA, found.steps)


def _to_corner(
    surface: Surface, weights: np.ndarray, theta: np.ndarray, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pass exactly through the five points next to the surface, where that lowers the sum."""
    moved = theta.copy()
    near = np.argsort(
        np.where(weights > 0, np.abs(surface.shares(theta)[0]), np.inf), axis=1, kind="stable"
    )[:, :5]
    for _ in range(3):
        residual, p_e, p_n, p_d = (
            np.take_along_axis(part, near, axis=1) for part in surface.shares(moved)
        )
        rows = np.stack([p_e, p_n, p_d, -p_n * surface.x[near], -p_d * surface.y[near]], axis=2)
        try:
            step = np.linalg.solve(rows, residual[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            step = (np.linalg.pinv(rows) @ residual[:, :, None])[:, :, 0]
        moved = surface.bounded(moved - np.clip(step, -0.1, 0.1))
    reached = (weights * np.abs(surface.shares(moved)[0])).sum(axis=1)
    better = reached < value
    return np.where(better[:, None], moved, theta), np.where(better, reached, value)


def global_minimum(surface: Surface, delta: float, starts_per_axis: int) -> GlobalMinimum:
    """Search from every start of the grid and keep the best.

    Parameters
    ----------
    surface : Surface
        With one line of log losses.
    delta : float
    starts_per_axis : int

    Returns
    -------
    GlobalMinimum
    """
    weights = np.ones((1, surface.x.size))
    starts = grid_starts(surface, weights, starts_per_axis)[0][0]
    tiled = np.broadcast_to(weights, (len(starts), surface.x.size))
    found = search(surface, tiled, starts, delta)
    every = np.arange(len(starts))[:, None]
    best = _best_of([_rows_of(found, one) for one in every])
    value = float(best.objective[0])
    rounding = _rounding(delta) * surface.x.size
    return GlobalMinimum(
        theta=best.theta,
        objective=value,
        converged=bool(best.converged[0]),
        gradient_norm=float(np.abs(best.gradient).max()) / max(value, 1e-300),
        starts=len(starts),
        starts_at_optimum=int((found.objective <= value * (1 + SAME_MINIMUM) + rounding).sum()),
        others=_other_minima(found, value),
    )


def _other_minima(found: Minimum, best: float) -> np.ndarray:
    kept: list[int] = []
    last = best
    for row in np.argsort(found.objective, kind="stable"):
        if found.converged[row] and found.objective[row] > last * (1 + 1e-6) and len(kept) < 3:
            kept.append(int(row))
            last = float(found.objective[row])
    return found.theta[kept].reshape(-1, 5)


def minimise_rows(
    surface: Surface, weights: np.ndarray, known: np.ndarray, delta: float, starts_per_axis: int
) -> Minimum:
    """Bring each row to its own lowest minimum.

    Every row is searched from each known point and from the best start of a coarse grid; where the
    first known point and the grid lead to different minima, or neither search came to rest, from
    the whole of a fine grid as well.

    Parameters
    ----------
    surface : Surface
    weights : numpy.ndarray, shape (rows, n)
    known : numpy.ndarray, shape (k, 5)
        Minima of a fit near by, such as that to all points, the best first.
    delta : float
    starts_per_axis : int
        Of the fine grid.

    Returns
    -------
    Minimum
    """
    rows = len(weights)
    starts, misfit = grid_starts(surface, weights, _COARSE_GRID)
    own = starts[np.arange(rows), misfit.argmin(axis=1)]
    # A distant start is annealed; a neighbour's minimum is the better for starting where it is.
    anneal = None if ABSOLUTE_DELTA <= delta < math.inf else ANNEAL_FROM
    found = [
        search(surface, weights, own, delta),
        *(search(surface, weights, np.tile(point, (rows, 1)), delta, anneal) for point in known),
    ]
    best = _best_of(found)
    pair = np.stack([found[0].objective, found[1].objective])
    rounding = _rounding(delta) * weights.sum(axis=1)
    apart = pair.max(axis=0) > pair.min(axis=0) * (1 + SAME_MINIMUM) + rounding
    doubtful = np.flatnonzero(apart | ~best.converged)
    if not doubtful.size:
        return best
    again = _from_fine_grid(surface.rows(doubtful), weights[doubtful], delta, starts_per_axis)
    both = _best_of([_rows_of(best, doubtful), again])
    for name in ("theta", "objective", "converged", "gradient"):
        getattr(best, name)[doubtful] = getattr(both, name)
    return best


def _from_fine_grid(
    surface: Surface, weights: np.ndarray, delta: float, starts_per_axis: int
) -> Minimum:
    rows, points = weights.shape
    starts = grid_starts(surface, weights, starts_per_axis)[0]
    tries = starts.shape[1]
    per_block = max(1, POINTS_AT_ONCE // (points * tries))
    blocks = []
    for first in range(0, rows, per_block):
        block = np.arange(first, min(first + per_block, rows))
        every = np.repeat(block, tries)
        found = search(surface.rows(every), weights[every], starts[block].reshape(-1, 5), delta)
        by_try = np.arange(block.size * tries).reshape(block.size, tries)
        blocks.append(_best_of([_rows_of(found, by_try[:, k]) for k in range(tries)]))
    return Minimum(
        theta=np.concatenate([one.theta for one in blocks]),
        objective=np.concatenate([one.objective for one in blocks]),
        converged=np.concatenate([one.converged for one in blocks]),
        gradient=np.concatenate([one.gradient for one in blocks]),
        steps=max(one.steps for one in blocks),
    )


def _rows_of(found: Minimum, rows: np.ndarray) -> Minimum:
    return Minimum(
        found.theta[rows],
        found.objective[rows],
        found.converged[rows],
        found.gradient[rows],
        found.steps,
    )


def _best_of(found: list[Minimum]) -> Minimum:
    values = np.stack([one.objective for one in found])
    lowest = values.min(axis=0)
    rest = np.stack([one.converged for one in found])
    # Of searches that reached the same minimum, one that came to rest speaks for it.
    same = values <= lowest * (1 + 1e-12)
    which = np.where(same & rest, values, np.inf).argmin(axis=0)
    none_at_rest = ~(same & rest).any(axis=0)
    which[none_at_rest] = values.argmin(axis=0)[none_at_rest]
    rows = np.arange(values.shape[1])
    return Minimum(
        theta=np.stack([one.theta for one in found])[which, rows],
        objective=values[which, rows],
        converged=rest[which, rows],
        gradient=np.stack([one.gradient for one in found])[which, rows],
        steps=max(one.steps for one in found),
    )
