"""Fit a curve of few coefficients to log losses with Huber's loss, from several starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from analysis.scaling_laws.fit_errors import influence_terms

_ANNEALING = (0.03, 0.005)
_SAME_MINIMUM = 1e-7
_FEWEST_AGREEING = 2


@dataclass(frozen=True)
class CurveFit:
    """Where the search ended.

    Attributes
    ----------
    coordinates, standard_errors : numpy.ndarray, shape (k,)
        Standard errors from the sandwich, as for a loss law.
    objective : float
        Summed over the runs.
    converged : bool
        Whether at least two starts ended at this objective to within 1e-7 of it.
    starts, starts_at_optimum : int
    """

    coordinates: np.ndarray
    standard_errors: np.ndarray
    objective: float
    converged: bool
    starts: int
    starts_at_optimum: int


def fit_curve(
    residual: Callable[[np.ndarray], np.ndarray],
    starts: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    delta: float,
) -> CurveFit:
    """Minimise Huber's loss of residuals, first as least squares, then with a falling delta.

    Parameters
    ----------
    residual : callable
        Takes coordinates, shape (k,), and returns residuals of the log loss, shape (n,).
    starts : numpy.ndarray, shape (m, k)
    bounds : tuple of two numpy.ndarray, shape (k,)
    delta : float
        Above zero.

    Returns
    -------
    CurveFit
    """
    if not 0 < delta < np.inf:
        raise ValueError(f"delta: {delta!r} is not accepted; accepted: finite and above 0")
    stages = [stage for stage in _ANNEALING if stage > delta] + [delta]
    ends, values = [], []
    for start in starts:
        at = optimize.least_squares(residual, start, bounds=bounds, x_scale="jac").x
        for stage in stages:
            at = _descend(residual, at, bounds, stage)
        ends.append(at)
        values.append(_huber_sum(residual(at), delta))
    order = np.argsort(values, kind="stable")
    # A second descent from the best few frees a search that a corner had stopped.
    for k in order[:3]:
        ends[k] = _descend(residual, ends[k], bounds, delta)
        values[k] = _huber_sum(residual(ends[k]), delta)
    best = int(np.argmin(values))
    lowest = float(values[best])
    agreeing = int((np.array(values) <= lowest * (1 + _SAME_MINIMUM) + 1e-25).sum())
    return CurveFit(
        coordinates=ends[best],
        standard_errors=_sandwich_errors(residual, ends[best], delta),
        objective=lowest,
        converged=agreeing >= min(_FEWEST_AGREEING, len(starts)),
        starts=len(starts),
        starts_at_optimum=agreeing,
    )


def _huber_sum(residual: np.ndarray, delta: float) -> float:
    size = np.abs(residual)
    within = np.minimum(size, delta)
    return float((within * (size - 0.5 * within)).sum())


def _derivative(residual: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
    steps = 1e-6 * np.maximum(np.abs(at), 1e-2)
    columns = [
        (residual(at + step * unit) - residual(at - step * unit)) / (2 * step)
        for step, unit in zip(steps, np.eye(at.size), strict=True)
    ]
    return np.column_stack(columns)


def _descend(
    residual: Callable[[np.ndarray], np.ndarray],
    at: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    delta: float,
) -> np.ndarray:
    low, high = bounds

    def value_and_gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
        inside = np.clip(point, low, high)
        r = residual(inside)
        slope = np.clip(r, -delta, delta) / delta
        return _huber_sum(r, delta) / delta, _derivative(residual, inside).T @ slope

    found = optimize.minimize(
        value_and_gradient,
        at,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options={"maxcor": 30, "maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9},
    )
    return found.x


def _sandwich_errors(
    residual: Callable[[np.ndarray], np.ndarray], at: np.ndarray, delta: float
) -> np.ndarray:
    r = residual(at)
    derivative = _derivative(residual, at)
    slope_squared, curvature = (part[0] for part in influence_terms(r[None], delta))
    inverse = np.linalg.pinv((derivative * curvature[:, None]).T @ derivative, hermitian=True)
    filling = (derivative * slope_squared[:, None]).T @ derivative
    freedom = max(r.size - at.size, 1)
    return np.sqrt(np.diag(inverse @ filling @ inverse) * r.size / freedom)
