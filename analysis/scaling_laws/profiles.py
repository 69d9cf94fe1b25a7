"""Profile intervals: how much worse the best fit becomes when one coefficient is held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.scaling_laws.fit_errors import influence_terms, sandwich
from analysis.scaling_laws.global_fit import (
    ABSOLUTE_DELTA,
    ANNEAL_FROM,
    global_minimum,
    require_delta,
    working_delta,
)
from analysis.scaling_laws.loss_points import loss_points
from analysis.scaling_laws.loss_surface import EXPONENT_RANGE, Surface, objective
from analysis.scaling_laws.surface_solver import minimise
from analysis.uncertainty import require_level

_COORDINATE = {"alpha": 3, "beta": 4}
_FIRST_REACH = 4.0
_WIDENINGS = 6
_NARROWINGS = 4


@dataclass(frozen=True)
class ProfileInterval:
    """Values of one exponent that the runs do not rule out.

    Attributes
    ----------
    parameter : str
    estimate, low, high : float
        `low` or `high` is an end of the search where the runs rule nothing out on that side.
    bounded : bool
        Whether the runs end the interval on both sides.
    level : float
    threshold : float
        Statistic at the ends of the interval: the quantile of chi-squared with 1 degree of freedom.
    profile : DataFrame
        ``value``, ``objective`` (best with the exponent held, summed over the runs) and
        ``statistic``, in order of value.
    """

    parameter: str
    estimate: float
    low: float
    high: float
    bounded: bool
    level: float
    threshold: float
    profile: pd.DataFrame


def profile_likelihood(
    parameters: Any,
    tokens: Any,
    loss: Any,
    *,
    parameter: str,
    level: float = 0.95,
    delta: float = 1e-3,
    points: int = 41,
    starts_per_axis: int = 8,
) -> ProfileInterval:
    r"""Interval of alpha or beta from the rise of the objective when it is held.

    The statistic is the robust likelihood ratio

    .. math:: \Lambda = 2\,\frac{\overline{\psi'}}{\overline{\psi^2}}\,
              (\rho_{held} - \rho_{free}) \sim \chi^2_1

    with :math:`\rho` Huber's loss summed over the runs and :math:`\psi` its slope (Heritier and
    Ronchetti 1994). For least squares it is the rise in the sum of squares over the variance of
    the residuals. It takes errors of equal size for granted, which the sandwich and the bootstrap
    do not, and, unlike the sandwich, it needs no symmetry.

    Parameters
    ----------
    parameters, tokens, loss : array_like, shape (n,)
        As for `analysis.scaling_laws.fitting.fit_loss_law`.
    parameter : {'alpha', 'beta'}
    level : float
    delta : float
    points : int
        Values at which the profile is given, evenly spaced over somewhat more than the interval.
    starts_per_axis : int

    Returns
    -------
    ProfileInterval

    References
    ----------
    Heritier and Ronchetti 1994, Robust bounded-influence tests in general parametric models,
    Journal of the American Statistical Association 89.
    """
    if parameter not in _COORDINATE:
        raise ValueError(
            f"parameter: {parameter!r} has no profile; accepted: {', '.join(_COORDINATE)}"
        )
    delta, threshold = require_delta(delta), float(stats.chi2.ppf(require_level(level), 1))
    surface = loss_points(parameters, tokens, loss)
    held, small = _COORDINATE[parameter], working_delta(delta)
    free = global_minimum(surface, delta, starts_per_axis)
    slope_squared, curvature = influence_terms(surface.shares(free.theta)[0], small)
    n = surface.x.size
    factor = 2.0 * curvature.mean() / (slope_squared.sum() / (n - 5))

    lowest = float(objective(surface, free.theta, np.ones((1, n)), small)[0])

    def statistic(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        best = _best_held(surface, free.theta, held, values, small)
        return best, factor * np.maximum(best - lowest, 0.0)

    estimate = float(free.theta[0, held])
    error = math.sqrt(float(sandwich(surface, free.theta, small)[0, held, held]))
    if not (math.isfinite(error) and error > 0):
        error = 0.1 * estimate
    low, low_found = _end(statistic, estimate, -error, threshold)
    high, high_found = _end(statistic, estimate, error, threshold)
    margin = 0.15 * (high - low)
    start = max(low - margin, EXPONENT_RANGE[0])
    grid = np.linspace(start, min(high + margin, EXPONENT_RANGE[1]), points)
    best, raised = statistic(grid)
    scale = ABSOLUTE_DELTA if delta < ABSOLUTE_DELTA else 1.0
    return ProfileInterval(
        parameter=parameter,
        estimate=estimate,
        low=low,
        high=high,
        bounded=low_found and high_found,
        level=level,
        threshold=threshold,
        profile=pd.DataFrame({"value": grid, "objective": best / scale, "statistic": raised}),
    )


def _best_held(
    surface: Surface, theta: np.ndarray, held: int, values: np.ndarray, delta: float
) -> np.ndarray:
    starts = np.repeat(theta, values.size, axis=0)
    starts[:, held] = values
    weights = np.ones((values.size, surface.x.size))
    ways = [
        minimise(surface, weights, starts, delta, anneal_from=anneal, fixed=(held,)).objective
        for anneal in (None, ANNEAL_FROM)
    ]
    return np.minimum(*ways)


def _end(statistic: Any, estimate: float, step: float, threshold: float) -> tuple[float, bool]:
    """Where the statistic crosses the threshold on one side, and whether it does at all."""
    low, high = EXPONENT_RANGE
    inner, reach = estimate, _FIRST_REACH * step
    for _ in range(_WIDENINGS):
        outer = min(max(estimate + reach, low), high)
        values = np.linspace(inner, outer, 9)
        raised = statistic(values)[1]
        above = np.flatnonzero(raised > threshold)
        if above.size:
            break
        if outer in (low, high):
            return outer, False
        inner, reach = outer, 2.0 * reach
    else:
        return outer, False
    k = int(above[0])
    if k == 0:
        return float(values[0]), True
    inside, outside = float(values[k - 1]), float(values[k])
    for _ in range(_NARROWINGS):
        values = np.linspace(inside, outside, 9)
        k = int(np.flatnonzero(statistic(values)[1] > threshold)[0])
        inside, outside = float(values[k - 1]), float(values[k])
    return 0.5 * (inside + outside), True
