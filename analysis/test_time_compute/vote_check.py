"""Whether voting over tries does what its model says: predictions for published votes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize
from scipy.special import betaincinv

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_probability
from analysis.test_time_compute.success_rates import BetaBinomial
from analysis.test_time_compute.voting import majority_vote_accuracy
from analysis.uncertainty import require_count

_LEAST, _MOST = 1e-3, 1e3


def _beta(one_try: float, concentration: float) -> BetaBinomial:
    return BetaBinomial(one_try * concentration, (1 - one_try) * concentration)


def concentration_from_coverage(one_try: float, any_right: float, samples: int) -> float:
    """How alike problems are: alpha + beta of a beta distribution of success rates.

    Parameters
    ----------
    one_try : float
        Share of problems solved with one try, the mean of the distribution.
    any_right : float
        Share with at least one of `samples` tries right; above `one_try`.
    samples : int

    Returns
    -------
    float
        Small where problems are either easy or hopeless, large where all are alike.

    Raises
    ------
    ValueError
        For shares that are no probabilities, or that no such distribution joins.
    """
    mean = float(require_probability("one_try", one_try))
    covered = float(require_probability("any_right", any_right))
    tries = require_count("samples", samples, lowest=2)

    def miss(log_concentration: float) -> float:
        return float(_beta(mean, np.exp(log_concentration)).coverage(tries)) - covered

    ends = np.log(_LEAST), np.log(_MOST)
    if not 0 < mean < 1 or miss(ends[0]) > 0 or miss(ends[1]) < 0:
        raise ValueError(
            f"any_right: {any_right!r} does not go with {one_try!r} at one try and {samples} "
            "tries; accepted: above one try and below what independent tries on equal problems give"
        )
    return float(np.exp(optimize.brentq(miss, *ends)))


def predicted_vote(
    one_try: float,
    concentration: float,
    wrong_shares: Any,
    votes: int,
    *,
    problems: int = 40,
    draws: int,
    seed: int,
) -> float:
    """Share of problems that a majority vote gets right, from the share that one try does.

    Parameters
    ----------
    one_try : float
        Mean success rate, strictly between 0 and 1.
    concentration : float
        Of `concentration_from_coverage`.
    wrong_shares : array_like, shape (rivals,)
        Shares of the wrong answers, as for `majority_vote_accuracy`.
    votes : int
    problems : int
        Quantiles that stand for the distribution of success rates.
    draws, seed : int
        Of the simulated votes.
    """
    spread = require_positive("concentration", concentration, "alpha + beta")
    mean = float(require_probability("one_try", one_try))
    shares = (np.arange(require_count("problems", problems)) + 0.5) / problems
    rates = betaincinv(mean * spread, (1 - mean) * spread, shares)
    won = majority_vote_accuracy(rates, wrong_shares, votes, draws=draws, seed=seed)
    return float(np.mean(won))
