"""Which training runs can pin which coefficient, and how often an interval holds the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.fit_errors import COVARIANCE_OF, jacobian, sandwich, standard_errors
from analysis.scaling_laws.global_fit import (
    POINTS_AT_ONCE,
    minimise_rows,
    require_delta,
    working_delta,
)
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.loss_points import require_design, unidentified_design
from analysis.scaling_laws.loss_surface import Surface
from analysis.uncertainty import require_count, require_level, resample_counts

QUANTITIES = ("E", "A", "B", "alpha", "beta", "a")
_STARTS_PER_AXIS = 6


@dataclass(frozen=True)
class Identification:
    """What runs of these sizes and tokens could say about a law, before any is trained.

    Attributes
    ----------
    identified : bool
        Whether the coefficients can be told apart at all, given losses without error.
    reason : str
        Why not; empty where they can.
    span_parameters, span_tokens : float
        Decades from the least to the most.
    correlation : float
        Of ln N and ln D over the runs; 1 on a ray such as D = 20 N.
    condition_number : float
        Best over worst pinned direction, of the derivatives scaled to unit length.
    weakest : dict of str to float
        The worst pinned direction: shares of E, ln A, ln B, alpha and beta in it (squared entries
        of a unit vector, in units of what each alone would be known to).
    standard_errors : dict of str to float
        Of E, A, B, alpha, beta and a for least squares, at the noise given.
    """

    identified: bool
    reason: str
    span_parameters: float
    span_tokens: float
    correlation: float
    condition_number: float
    weakest: dict[str, float]
    standard_errors: dict[str, float]


def identify(
    parameters: Any, tokens: Any, law: LossLaw, *, noise_sd: float = 1.0
) -> Identification:
    """Look at a design: singular values of the derivatives of the log loss at a law.

    Parameters
    ----------
    parameters, tokens : array_like, shape (n,)
        Sizes and training tokens of the runs.
    law : LossLaw
        The law in whose neighbourhood to ask; published coefficients serve.
    noise_sd : float
        Standard deviation of the log loss about the law. With the default, standard errors are per
        unit of it.

    Returns
    -------
    Identification
    """
    n = require_positive("parameters", parameters, "parameters")
    d = require_positive("tokens", tokens, "tokens")
    if n.ndim != 1 or n.shape != d.shape:
        raise ValueError(f"parameters and tokens have shapes {n.shape} and {d.shape}; not the same")
    require_positive("noise_sd", noise_sd, "log loss")
    x, y = np.log(n), np.log(d)
    reason = unidentified_design(x, y)
    surface = Surface(x, y, np.log(law.loss(n, d)))
    coefficients = np.array([[law.E, law.A, law.B, law.alpha, law.beta]])
    derivative = jacobian(surface, surface.coordinates(coefficients))[0]
    length = np.maximum(np.sqrt((derivative**2).sum(axis=0)), 1e-300)
    _, singular, directions = np.linalg.svd(derivative / length, full_matrices=False)
    pinned = singular[-1] > 1e-12 * singular[0] and len(n) >= 5
    if pinned:
        inverse = directions.T / singular
        covariance = noise_sd**2 * (inverse @ inverse.T) / np.outer(length, length)
    else:
        covariance = np.full((5, 5), np.inf)
    with np.errstate(invalid="ignore"):
        errors = standard_errors(coefficients, covariance[None])[0]
    spread = (x.std(), y.std())
    return Identification(
        identified=not reason,
        reason=reason,
        span_parameters=float(np.ptp(x) / math.log(10)),
        span_tokens=float(np.ptp(y) / math.log(10)),
        correlation=float(np.corrcoef(x, y)[0, 1]) if min(spread) > 0 else 0.0,
        condition_number=float(singular[0] / singular[-1]) if pinned else math.inf,
        weakest=dict(zip(COVARIANCE_OF, (directions[-1] ** 2).tolist(), strict=True)),
        standard_errors={
            name: math.inf if math.isnan(error) else float(error)
            for name, error in zip(QUANTITIES, errors, strict=True)
        },
    )


def coverage_study(
    law: LossLaw,
    design: tuple[Any, Any],
    *,
    noise_sd: float,
    repetitions: int,
    seed: int,
    level: float = 0.9,
    resamples: int = 0,
    delta: float = math.inf,
) -> pd.DataFrame:
    """How often intervals hold the truth: losses drawn from a known law, fitted, and counted.

    Parameters
    ----------
    law : LossLaw
        The truth.
    design : tuple of two array_like, shape (n,)
        Parameters and tokens of the runs.
    noise_sd : float
        Standard deviation of the normal error of the log loss.
    repetitions, seed : int
    level : float
        Nominal level of the intervals.
    resamples : int
        Bootstrap resamples of each repetition; 0 leaves the bootstrap out.
    delta : float
        Of the fit; by default least squares.

    Returns
    -------
    DataFrame
        One row per ``method`` ("sandwich", "bootstrap") and ``quantity`` (E, A, B, alpha, beta, a):
        ``true_value``, ``coverage``, ``coverage_se``, ``level``, ``median_width``, ``bias`` (median
        estimate less the truth) and ``repetitions``.

    Raises
    ------
    IdentificationError
        Where the design cannot pin the law; see `identify` for a verdict instead.
    """
    n = require_positive("parameters", design[0], "parameters")
    d = require_positive("tokens", design[1], "tokens")
    require_positive("noise_sd", noise_sd, "log loss")
    require_design(n, d)
    delta, level = require_delta(delta), require_level(level)
    require_count("repetitions", repetitions, lowest=2)
    generator = np.random.default_rng(seed)
    exact = np.log(law.loss(n, d))
    log_loss = exact + noise_sd * generator.standard_normal((repetitions, n.size))
    surface = Surface(np.log(n), np.log(d), log_loss)
    truth = np.array([[law.E, law.A, law.B, law.alpha, law.beta]])
    at_truth = surface.coordinates(truth)
    theta = _fits(surface, np.ones((repetitions, n.size)), at_truth, delta)
    coefficients = surface.coefficients(theta)
    estimates = _with_exponent(coefficients)
    tables = [_sandwich_intervals(surface, theta, coefficients, delta, level)]
    methods = ["sandwich"]
    if resamples:
        tables.append(_bootstrap_intervals(surface, theta, delta, level, resamples, generator))
        methods.append("bootstrap")
    true_values = _with_exponent(truth)[0]
    rows = []
    for method, (low, high) in zip(methods, tables, strict=True):
        for k, quantity in enumerate(QUANTITIES):
            share = float(((low[:, k] <= true_values[k]) & (true_values[k] <= high[:, k])).mean())
            rows.append(
                {
                    "method": method,
                    "quantity": quantity,
                    "true_value": float(true_values[k]),
                    "coverage": share,
                    "coverage_se": math.sqrt(share * (1 - share) / repetitions),
                    "level": level,
                    "median_width": float(np.median(high[:, k] - low[:, k])),
                    "bias": float(np.median(estimates[:, k]) - true_values[k]),
                    "repetitions": repetitions,
                }
            )
    return pd.DataFrame(rows)


def _fits(surface: Surface, weights: np.ndarray, known: np.ndarray, delta: float) -> np.ndarray:
    block = max(16, POINTS_AT_ONCE // weights.shape[1])
    every = np.arange(len(weights))
    return np.concatenate(
        [
            minimise_rows(surface.rows(some), weights[some], known, delta, _STARTS_PER_AXIS).theta
            for some in np.array_split(every, -(-every.size // block))
        ]
    )


def _with_exponent(coefficients: np.ndarray) -> np.ndarray:
    alpha, beta = coefficients[:, 3], coefficients[:, 4]
    return np.column_stack([coefficients, beta / (alpha + beta)])


def _sandwich_intervals(
    surface: Surface, theta: np.ndarray, coefficients: np.ndarray, delta: float, level: float
) -> tuple[np.ndarray, np.ndarray]:
    errors = standard_errors(coefficients, sandwich(surface, theta, working_delta(delta)))
    spread = float(stats.t.ppf((1 + level) / 2, surface.x.size - 5)) * errors
    centre = _with_exponent(coefficients)
    low, high = centre - spread, centre + spread
    # A and B on a log scale, as in LossLawFit.interval.
    factor = np.exp(np.minimum(spread[:, 1:3] / centre[:, 1:3], 300.0))
    low[:, 1:3], high[:, 1:3] = centre[:, 1:3] / factor, centre[:, 1:3] * factor
    return low, high


def _bootstrap_intervals(
    surface: Surface,
    theta: np.ndarray,
    delta: float,
    level: float,
    resamples: int,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    points = surface.x.size
    low, high = np.empty((len(theta), 6)), np.empty((len(theta), 6))
    for row in range(len(theta)):
        one = Surface(surface.log_parameters, surface.log_tokens, surface.log_loss[row])
        counts = resample_counts(generator.integers(0, points, (resamples, points)))
        drawn = one.coefficients(_fits(one, counts, theta[[row]], delta))
        ends = np.quantile(_with_exponent(drawn), [(1 - level) / 2, (1 + level) / 2], axis=0)
        low[row], high[row] = ends
    return low, high
