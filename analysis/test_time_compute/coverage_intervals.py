"""How sure a coverage curve is, when the problems are a sample of those that could be asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import betaln, polygamma

from analysis.test_time_compute.checks import require_counts
from analysis.test_time_compute.coverage import Beyond, pass_at_k, require_problems
from analysis.test_time_compute.success_rates import BetaBinomial, fit_beta_binomial
from analysis.uncertainty import require_count, require_level, resample_counts, resample_indices

#: Numbers in a block of resamples: 16 MB.
_BLOCK = 2_000_000


def bootstrap_coverage(
    successes: Any,
    samples: Any,
    k: Any,
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.9,
    beyond: Beyond = "refuse",
) -> pd.DataFrame:
    """Percentile interval of coverage, by drawing problems again with replacement.

    It holds the luck of the samples too, since a problem is drawn with its counts. With few
    problems, or few that are ever solved, it is too narrow.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem; at least two problems.
    k : array_like, shape (m,)
        Samples per problem asked about.
    resamples, seed : int
    level : float
        Share of resamples inside, between 0 and 1.
    beyond : {"refuse", "nan", "observed"}
        As in `coverage_curve`.

    Returns
    -------
    DataFrame
        One row per k: ``k``, ``coverage``, ``low``, ``high``, ``level``.
    """
    right, total = require_problems(successes, samples)
    require_count("problems", right.size, lowest=2)
    require_count("resamples", resamples, lowest=2)
    level = require_level(level)
    asked = np.atleast_1d(np.asarray(k))
    values = pass_at_k(right[:, None], total[:, None], asked, beyond=beyond)
    problems = right.size
    blocks = resample_indices(problems, resamples, seed, chunk=max(1, _BLOCK // problems))
    draws = np.concatenate([resample_counts(block) @ values for block in blocks]) / problems
    return _band(asked, values.mean(axis=0), draws, level)


def _band(asked: np.ndarray, central: Any, draws: np.ndarray, level: float) -> pd.DataFrame:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame({"k": asked, "coverage": central, "low": low, "high": high, "level": level})


def beta_binomial_coverage(
    successes: Any,
    samples: Any,
    k: Any,
    *,
    draws: int = 10_000,
    seed: int,
    level: float = 0.9,
) -> pd.DataFrame:
    """Interval of the coverage of the population of problems, under a beta distribution of rates.

    The two shapes are fitted by maximum likelihood; their uncertainty is the normal distribution
    of their logarithms that the observed information gives. The k may lie beyond the samples
    drawn: there the interval holds the doubt about the shapes, none about the distribution.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem.
    k : array_like, shape (m,)
        Samples per problem asked about, of any size.
    draws, seed : int
    level : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        One row per k: ``k``, ``coverage``, ``low``, ``high``, ``level``.

    Raises
    ------
    ValueError
        As `fit_beta_binomial`, or where the information is singular.
    """
    require_count("draws", draws, lowest=2)
    level = require_level(level)
    asked = np.atleast_1d(require_counts("k", k))
    fitted = fit_beta_binomial(successes, samples)
    covariance = beta_binomial_covariance(fitted, successes, samples)
    centre = np.log([fitted.alpha, fitted.beta])
    points = np.random.default_rng(seed).multivariate_normal(centre, covariance, draws)
    alpha, beta = np.exp(points.T[:, :, None])
    coverage = -np.expm1(betaln(alpha, beta + asked) - betaln(alpha, beta))
    return _band(np.atleast_1d(np.asarray(k)), fitted.coverage(asked), coverage, level)


def beta_binomial_covariance(fitted: BetaBinomial, successes: Any, samples: Any) -> np.ndarray:
    """Covariance of ln alpha and ln beta of a fit: inverse of the observed information.

    Parameters
    ----------
    fitted : BetaBinomial
        The maximum-likelihood fit to these counts.
    successes, samples : array_like, shape (problems,)

    Returns
    -------
    numpy.ndarray, shape (2, 2)

    Raises
    ------
    ValueError
        Where the information is not positive definite: the counts do not fix both shapes.
    """
    right, total = require_problems(successes, samples)
    alpha, beta = fitted.alpha, fitted.beta

    def first(of_count: Any, of_shape: float) -> float:
        return float((polygamma(0, of_shape + of_count) - polygamma(0, of_shape)).sum())

    def second(of_count: Any, of_shape: float) -> float:
        return float((polygamma(1, of_shape + of_count) - polygamma(1, of_shape)).sum())

    shared_first, shared = first(total, alpha + beta), second(total, alpha + beta)
    by_alpha = alpha * (first(right, alpha) - shared_first)
    by_beta = beta * (first(total - right, beta) - shared_first)
    information = -np.array(
        [
            [by_alpha + alpha**2 * (second(right, alpha) - shared), -alpha * beta * shared],
            [-alpha * beta * shared, by_beta + beta**2 * (second(total - right, beta) - shared)],
        ]
    )
    if not (np.linalg.eigvalsh(information) > 0).all():
        raise ValueError(
            f"counts do not fix both shapes (alpha {alpha:.3g}, beta {beta:.3g}): the information "
            "is not positive definite; give more problems or more samples"
        )
    return np.linalg.inv(information)
