"""Minimise many loss surfaces at once: the same damped Newton steps for every row of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.scaling_laws.loss_surface import EXPONENT_RANGE, Surface, derivatives

_E, _ALPHA = 0, 3

_LONGEST_STEP = np.array([0.7, 2.0, 2.0, 0.3, 0.3])
_STAGE_FACTOR = 3.0
_STAGE_TOLERANCE = 1e-3
_TOLERANCE = 1e-13
_TOLERANCE_REPORTED = 1e-10
#: Half the square of a residual that is nothing but rounding: exact data end here, not at zero.
ROUNDING = 1e-25
#: ln of E over its lowest value, where E is a few millionths of the smallest loss.
_FAR_FROM_ZERO = 18.0
_DAMPING_RANGE = (1e-10, 1e10)
_DAMPING_MOST_AT_REST = 1e-2


@dataclass(frozen=True)
class Minimum:
    """Where each row of a batch came to rest.

    Attributes
    ----------
    theta : numpy.ndarray, shape (rows, 5)
    objective : numpy.ndarray, shape (rows,)
    converged : numpy.ndarray of bool, shape (rows,)
        Whether the next Newton step would lower the objective by less than 1e-10 of itself.
    gradient : numpy.ndarray, shape (rows, 5)
    steps : int
        Steps until the last row came to rest.
    """

    theta: np.ndarray
    objective: np.ndarray
    converged: np.ndarray
    gradient: np.ndarray
    steps: int


def minimise(
    surface: Surface,
    weights: np.ndarray,
    starts: np.ndarray,
    delta: float,
    *,
    anneal_from: float | None = None,
    fixed: tuple[int, ...] = (),
    most_steps: int = 300,
) -> Minimum:
    """Bring every row to a local minimum of its own objective.

    Each row takes Newton steps damped with the matrix of iteratively reweighted least squares, so
    that full damping is a step that always descends. The corners of a small `delta` are met by way
    of larger ones: a row starts at `anneal_from` and divides by three as soon as it is near rest.

    Parameters
    ----------
    surface : Surface
    weights : numpy.ndarray, shape (rows, n)
        How often each point counts.
    starts : numpy.ndarray, shape (rows, 5)
    delta : float
        Above zero.
    anneal_from : float, optional
        First delta; by default `delta` itself.
    fixed : tuple of int
        Coordinates that keep their start.
    most_steps : int

    Returns
    -------
    Minimum
    """
    rows = len(starts)
    theta, value = surface.bounded(starts), np.full(rows, np.inf)
    gradient, converged = np.zeros((rows, 5)), np.zeros(rows, dtype=bool)
    live = np.arange(rows)
    first = delta if anneal_from is None else max(delta, anneal_from)
    here = np.full(rows, first)
    now, at_now = theta.copy(), np.full(rows, np.inf)
    g, h, m = np.zeros((rows, 5)), np.zeros((rows, 5, 5)), np.zeros((rows, 5, 5))
    damping, trial = np.full(rows, 1e-1), theta.copy()
    on_surface, on_weights = surface, weights
    step_count = 0
    while step_count < most_steps and live.size:
        step_count += 1
        v, dv, ddv, major = derivatives(on_surface, trial, on_weights, here[:, None])
        better = v < at_now
        damping = np.clip(np.where(better, damping * 0.2, damping * 6.0), *_DAMPING_RANGE)
        now[better], at_now[better], g[better] = trial[better], v[better], dv[better]
        h[better], m[better] = ddv[better], major[better]

        step, fall = _damped_step(h, m, g, damping, now, on_surface, fixed)
        at_rest = (fall >= 0) & (damping <= _DAMPING_MOST_AT_REST)
        last = here <= delta
        floor = ROUNDING * on_weights.sum(axis=1)
        done = (at_rest & last & (fall <= _TOLERANCE * at_now)) | (at_now <= floor)
        stuck = ~better & (damping >= _DAMPING_RANGE[1])
        # A row at rest for one delta goes on to the next; infinity lets its first step through.
        onward = ((at_rest & (fall <= _STAGE_TOLERANCE * at_now)) | stuck) & ~last & ~done
        here[onward] = np.maximum(here[onward] / _STAGE_FACTOR, delta)
        at_now[onward] = np.inf
        damping[onward] = np.maximum(damping[onward], 1e-4)
        trial = on_surface.bounded(now + step)

        finished = done | (stuck & last)
        if finished.any() or step_count == most_steps:
            out = finished if step_count < most_steps else np.ones_like(finished)
            place = live[out]
            theta[place], value[place], gradient[place] = now[out], at_now[out], g[out]
            _, promised = _damped_step(
                h[out], m[out], g[out], np.full(len(place), 1e-6), now[out], on_surface, fixed
            )
            at_rest = (promised >= 0) & (promised <= _TOLERANCE_REPORTED * at_now[out])
            converged[place] = done[out] | (at_rest & last[out])
            keep = ~out
            live, here, damping = live[keep], here[keep], damping[keep]
            now, at_now, g, h, m = now[keep], at_now[keep], g[keep], h[keep], m[keep]
            trial, on_weights, on_surface = trial[keep], on_weights[keep], on_surface.rows(keep)
    return Minimum(theta, value, converged, gradient, step_count)


def _damped_step(
    hessian: np.ndarray,
    majorant: np.ndarray,
    gradient: np.ndarray,
    damping: np.ndarray,
    theta: np.ndarray,
    surface: Surface,
    fixed: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Step of each row and the fall it promises; the fall is -1 where the step does not descend."""
    gradient = gradient.copy()
    matrix = hessian + damping[:, None, None] * majorant
    scale = np.sqrt(np.maximum(np.einsum("rii->ri", majorant), 1e-300))
    # A coordinate at its bound with the objective falling beyond it stays where it is.
    held = np.zeros(gradient.shape, dtype=bool)
    held[:, _E] = (theta[:, _E] <= surface.lowest_e) & (gradient[:, _E] >= 0)
    low, high = theta[:, _ALPHA:] <= EXPONENT_RANGE[0], theta[:, _ALPHA:] >= EXPONENT_RANGE[1]
    slope = gradient[:, _ALPHA:]
    held[:, _ALPHA:] = (low & (slope >= 0)) | (high & (slope <= 0))
    held[:, list(fixed)] = True
    gradient[held] = 0.0
    matrix = matrix / (scale[:, :, None] * scale[:, None, :])
    if held.any():
        free = ~held
        matrix = matrix * (free[:, :, None] & free[:, None, :])
        matrix += np.eye(5) * held[:, None, :]
    step = -_solve(matrix + 1e-14 * np.eye(5), gradient / scale) / scale
    fall = -0.5 * (gradient * step).sum(axis=1)
    bad = ~np.isfinite(step).all(axis=1) | (fall < 0)
    step[bad], fall[bad] = 0.0, -1.0
    # Below this E, the way to zero is endless in the logarithm: go there, to be accepted or not.
    vanishing = (theta[:, _E] < surface.lowest_e + _FAR_FROM_ZERO) & (step[:, _E] < 0)
    longest = np.max(np.abs(step) / _LONGEST_STEP, axis=1)
    step /= np.maximum(longest, 1.0)[:, None]
    step[vanishing, _E] = surface.lowest_e - theta[vanishing, _E]
    return step, fall


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        # One singular row would stop the whole batch; the pseudo-inverse lets it stay put.
        usable = np.where(np.isfinite(matrix).all(axis=(1, 2), keepdims=True), matrix, np.eye(5))
        return (np.linalg.pinv(usable, hermitian=True) @ right[:, :, None])[:, :, 0]
