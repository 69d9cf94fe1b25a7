"""Laws of coverage by samples, and how they fare on samples they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import optimize

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_counts, require_probability
from analysis.test_time_compute.coverage import coverage_curve, require_problems
from analysis.test_time_compute.success_rates import fit_beta_binomial, fit_scaled_beta
from analysis.uncertainty import require_count

#: Points of k, log-spaced, at which the exponentiated power law is fitted.
FIT_POINTS = 60


class CoverageLaw(Protocol):
    """Anything that says what coverage k samples reach."""

    def coverage(self, k: Any) -> Any:
        """Coverage at each k."""


@dataclass(frozen=True)
class ExponentiatedPowerLaw:
    """Coverage = exp(a k**b), section 3 of Brown et al. 2024 (https://arxiv.org/abs/2407.21787).

    Attributes
    ----------
    a : float
        ln of the coverage of one sample, below zero.
    b : float
        Exponent, below zero: every e-fold of samples takes the share -b off -ln coverage.
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value < 0):
                raise ValueError(f"{name}: {value!r} is not accepted; accepted: finite and below 0")

    def coverage(self, k: Any) -> Any:
        """Coverage of k samples, which may be any number above zero."""
        asked = require_positive("k", k, "samples per problem")
        return np.exp(self.a * asked**self.b)

    def samples_for(self, coverage: Any) -> Any:
        """Samples per problem that reach a coverage between 0 and 1, ends left out."""
        wanted = require_probability("coverage", coverage)
        if ((wanted == 0) | (wanted == 1)).any():
            raise ValueError("coverage: 0 or 1 is not reached; accepted: between 0 and 1")
        return (np.log(wanted) / self.a) ** (1 / self.b)


def log_spaced_k(highest: int, points: int = FIT_POINTS) -> np.ndarray:
    """Whole k from 1 to `highest`, log-spaced, each once: at most `points` of them."""
    require_count("highest", highest, lowest=1)
    require_count("points", points, lowest=2)
    return np.unique(np.round(np.geomspace(1, highest, points)).astype(np.int64))


def fit_exponentiated_power_law(k: Any, coverage: Any) -> ExponentiatedPowerLaw:
    """Least squares of coverage, not of its logarithm, over the k given.

    Parameters
    ----------
    k : array_like, shape (m,)
        Samples per problem, at least two different ones.
    coverage : array_like, shape (m,)
        Coverage at each, not all of them 0 or 1.

    Returns
    -------
    ExponentiatedPowerLaw

    Raises
    ------
    ValueError
        For values that are not accepted, or coverage that does not rise, for which the law has
        no exponent.
    """
    asked = require_positive("k", k, "samples per problem")
    reached = require_probability("coverage", coverage)
    if asked.ndim != 1 or asked.shape != reached.shape or np.unique(asked).size < 2:
        raise ValueError(
            f"k and coverage have shapes {asked.shape} and {reached.shape}; accepted: one axis of "
            "equal length with at least 2 different k"
        )
    inside = (reached > 0) & (reached < 1)
    if np.unique(reached[inside]).size < 2:
        raise ValueError(
            "coverage: fewer than 2 different values between 0 and 1; no exponent follows from "
            "them; give a wider range of k"
        )
    log_k = np.log(asked)
    slope, level = np.polyfit(log_k[inside], np.log(-np.log(reached[inside])), 1)
    if slope >= 0:
        raise ValueError("coverage does not rise with k; accepted: the coverage of more samples")

    def residuals(point: np.ndarray) -> np.ndarray:
        return np.exp(-np.exp(point[0] - np.exp(point[1]) * log_k)) - reached

    def jacobian(point: np.ndarray) -> np.ndarray:
        fall = np.exp(point[0] - np.exp(point[1]) * log_k)
        by_level = -fall * np.exp(-fall)
        return np.stack([by_level, -by_level * np.exp(point[1]) * log_k], axis=1)

    found = optimize.least_squares(
        residuals,
        (level, np.log(-slope)),
        jacobian,
        method="lm",
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    return ExponentiatedPowerLaw(-float(np.exp(found.x[0])), -float(np.exp(found.x[1])))


def shrunk_rates(successes: Any, samples: Any) -> np.ndarray:
    """Success rates of problems, drawn towards each other: posterior means under a fitted beta.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem.

    Returns
    -------
    numpy.ndarray, shape (problems,)
        Where no distribution can be fitted, the pooled rate.

    Raises
    ------
    ValueError
        For counts that cannot be.
    """
    right, total = require_problems(successes, samples)
    try:
        fitted = fit_beta_binomial(right, total)
    except ValueError:
        return np.full(right.shape, right.sum() / total.sum())
    return (fitted.alpha + right) / (fitted.alpha + fitted.beta + total)


def _power_law_of_counts(successes: np.ndarray, samples: np.ndarray) -> ExponentiatedPowerLaw:
    k = log_spaced_k(int(samples.min()))
    return fit_exponentiated_power_law(k, coverage_curve(successes, samples, k))


#: Each law fitted to counts alone, by the name it has in a forecast.
LAWS: Mapping[str, Callable[[np.ndarray, np.ndarray], CoverageLaw]] = MappingProxyType(
    {
        "exponentiated_power_law": _power_law_of_counts,
        "beta_binomial": fit_beta_binomial,
        "scaled_beta": fit_scaled_beta,
    }
)


def thin_counts(successes: Any, samples: Any, seen_samples: int, *, seed: int) -> np.ndarray:
    """Right answers among the first `seen_samples` of each problem, in a random order.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem.
    seen_samples : int
        At most the samples of every problem.
    seed : int

    Returns
    -------
    numpy.ndarray of int, shape (problems,)
        Drawn without replacement, so that a count may have come from the samples first taken.
    """
    right, total = require_problems(successes, samples)
    seen = require_count("seen_samples", seen_samples)
    short = np.flatnonzero(total < seen)
    if short.size:
        raise ValueError(
            f"samples, row {short[0]}: {total[short[0]]:.0f} is below seen_samples {seen}; "
            "accepted: at least as many"
        )
    whole = right.astype(np.int64)
    return np.random.default_rng(seed).hypergeometric(whole, total.astype(np.int64) - whole, seen)


def held_out_forecast(
    successes: Any,
    samples: Any,
    *,
    seen_samples: int,
    predict_at: Any,
    seed: int,
    laws: Mapping[str, Callable[[np.ndarray, np.ndarray], CoverageLaw]] = LAWS,
) -> pd.DataFrame:
    """Coverage that laws fitted to few samples predict for many, beside what was observed.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        All right answers and samples of each problem.
    seen_samples : int
        Samples of each problem that the laws are fitted to, drawn by `thin_counts`.
    predict_at : array_like, shape (m,)
        Samples per problem predicted, above `seen_samples` and at most the samples drawn.
    seed : int
    laws : mapping of str to callable
        Takes counts and samples, returns an object with ``coverage(k)``.

    Returns
    -------
    DataFrame
        One row per law and k: ``law``, ``k``, ``predicted``, ``observed`` (unbiased, from all
        samples), ``error`` (predicted less observed) and ``log_error`` (ln of their ratio).

    Raises
    ------
    ValueError
        For counts or k that cannot be, or where a law cannot be fitted: it is named.
    """
    right, total = require_problems(successes, samples)
    asked = np.atleast_1d(require_counts("predict_at", predict_at)).astype(np.int64)
    if (asked <= seen_samples).any():
        raise ValueError(
            f"predict_at: {asked.min()} is not above seen_samples {seen_samples}; accepted: more "
            "samples than the laws have seen"
        )
    if not laws:
        raise ValueError("laws: none given; give at least one")
    observed = coverage_curve(right, total, asked)
    if not (observed > 0).all():
        raise ValueError("successes are all 0: no coverage to compare with; draw more samples")
    seen = thin_counts(right, total, seen_samples, seed=seed)
    parts = []
    for name, fit in laws.items():
        try:
            law = fit(seen, np.full(seen.shape, seen_samples))
        except ValueError as cause:
            raise ValueError(f"{name} on {seen_samples} samples: {cause}") from cause
        predicted = law.coverage(asked)
        parts.append(
            pd.DataFrame(
                {
                    "law": name,
                    "k": asked,
                    "predicted": predicted,
                    "observed": observed,
                    "error": predicted - observed,
                    "log_error": np.log(predicted / observed),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
