"""Majority vote over sampled answers: what it reaches, and the answer it settles on."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import poisson

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_at_least,
    require_counts,
    require_probability,
)
from analysis.uncertainty import require_count

#: Votes up to which the exact sum is taken; its work grows with the third power.
EXACT_VOTES = 512
#: Relative difference below which two shares are called equal.
_EQUAL = 1e-12
#: Spread of weights below which all weights of a kind are taken as equal.
_NO_SPREAD = 1e-6
_CELLS = 1 << 22


def rival_shares(rivals: int, *, concentration: float = 0.0) -> np.ndarray:
    """Shares of the wrong answers that fall on each of `rivals` different ones.

    Parameters
    ----------
    rivals : int
        Different wrong answers.
    concentration : float
        Exponent of a power law over their ranks, at least 0: at 0 all are equally common, and the
        larger it is the more of the wrong answers agree.

    Returns
    -------
    numpy.ndarray, shape (rivals,)
        Falling, of sum 1.
    """
    count = require_count("rivals", rivals)
    exponent = float(require_at_least("concentration", concentration, 0, "its exponent"))
    weight = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return weight / weight.sum()


def _probabilities(success_rate: Any, wrong_shares: Any) -> tuple[np.ndarray, tuple[int, ...]]:
    """Chance of each answer, the right one first: shape (problems, 1 + rivals)."""
    right = require_probability("success_rate", success_rate)
    shares = require_probability("wrong_shares", wrong_shares)
    if right.ndim > 1 or shares.ndim not in (1, 2) or shares.shape[-1] == 0:
        raise ValueError(
            f"success_rate of shape {right.shape} and wrong_shares of shape {shares.shape} are not "
            "accepted; accepted: () or (problems,), and (rivals,) or (problems, rivals)"
        )
    broadcast(success_rate=right, wrong_shares=shares[..., 0])
    total = np.atleast_1d(shares.sum(axis=-1))
    off = np.flatnonzero(np.abs(total - 1) > 1e-9)
    if off.size:
        raise ValueError(
            f"wrong_shares, row {off[0]}: sum {total[off[0]]:.9g} is not accepted; accepted: 1, "
            "the shares of the wrong answers alone"
        )
    wrong = (1 - right)[..., None] * (shares / shares.sum(axis=-1, keepdims=True))
    chances = np.concatenate(
        [np.broadcast_to(right[..., None], (*wrong.shape[:-1], 1)), wrong], axis=-1
    )
    return np.atleast_2d(chances), chances.shape[:-1]


def majority_vote_accuracy(
    success_rate: Any,
    wrong_shares: Any,
    votes: Any,
    *,
    draws: int | None = None,
    seed: int | None = None,
) -> Any:
    """Chance that the most frequent of sampled answers is right, ties broken evenly.

    Parameters
    ----------
    success_rate : array_like, shape () or (problems,)
        Chance that one sample is right.
    wrong_shares : array_like, shape (rivals,) or (problems, rivals)
        How the wrong answers divide among different ones; each row sums to 1.
    votes : array_like, shape () or (m,)
        Samples that vote, whole.
    draws, seed : int, optional
        Given both, that many votes are simulated for each; given neither, the sum over all
        outcomes is taken, for up to `EXACT_VOTES` votes.

    Returns
    -------
    numpy.ndarray or float
        Shape (problems, m), without the axes that were not given.

    Raises
    ------
    ValueError
        For values that are not accepted, and too many votes for the exact sum.
    """
    chances, problems = _probabilities(success_rate, wrong_shares)
    asked = require_counts("votes", votes)
    if asked.ndim > 1:
        raise ValueError(f"votes have shape {asked.shape}; accepted: () or (m,)")
    if draws is None:
        _require_few(asked)
        rows = [[_exact(row, int(count)) for count in asked.ravel()] for row in chances]
        return np.array(rows).reshape((*problems, *asked.shape))[()]
    ones = np.ones(chances.shape[1])
    return _simulated(chances, asked, draws, seed, ones, 0.0).reshape((*problems, *asked.shape))[()]


def _require_few(votes: np.ndarray) -> None:
    if votes.size and votes.max() > EXACT_VOTES:
        raise ValueError(
            f"votes: {votes.max():.0f} is above {EXACT_VOTES}, too many for the exact sum; give "
            "draws and seed to simulate"
        )


def _exact(chances: np.ndarray, votes: int) -> float:
    """Sum over the votes of the right answer; the others are independent Poisson given the total.

    The chance 1 / (1 + t) to win a tie with t rivals is the integral of z**t over 0 to 1, which
    Gauss-Legendre nodes give exactly.
    """
    expected = votes * chances
    rivals = expected[1:][expected[1:] > 0]
    if rivals.size == 0:
        return 1.0
    if chances[0] == 0:
        return 0.0
    counts = np.arange(votes + 1)
    right = poisson.pmf(counts, expected[0])
    mass = np.stack([poisson.pmf(counts, mean) for mean in rivals])
    nodes, weights = np.polynomial.legendre.leggauss(rivals.size // 2 + 1)
    total = 0.0
    for won in range(1, votes + 1):
        rest = votes - won
        if right[won] == 0 or rest > won * rivals.size:
            continue
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            factors = mass[:, : min(won, rest) + 1].copy()
            if rest >= won:
                factors[:, won] *= node
            total += weight * right[won] * _coefficient(factors, rest)
    return float(min(1.0, total / poisson.pmf(votes, votes)))


def _coefficient(factors: np.ndarray, power: int) -> float:
    """Coefficient of x**power in the product of polynomials, one per row."""
    product = factors[0]
    for factor in factors[1:]:
        product = np.convolve(product, factor)[: power + 1]
    return float(product[power]) if power < product.size else 0.0


def _simulated(
    chances: np.ndarray,
    votes: np.ndarray,
    draws: int,
    seed: int | None,
    weights: np.ndarray,
    spread: float,
) -> np.ndarray:
    """Share of simulated votes won, shape (problems, votes.size)."""
    draws = require_count("draws", draws)
    if seed is None:
        raise ValueError("seed: None is not accepted; accepted: a whole number, with draws")
    generator = np.random.default_rng(seed)
    block = max(1, _CELLS // chances.size)
    result = np.zeros((len(chances), votes.size))
    for column, count in enumerate(votes.ravel().astype(np.int64)):
        for first in range(0, draws, block):
            size = (min(block, draws - first), len(chances))
            tally = generator.multinomial(count, chances, size=size).astype(np.float64)
            if spread > _NO_SPREAD:
                tally = generator.gamma(tally / spread**2, spread**2)
            result[:, column] += _won(tally * weights).sum(axis=0)
    return result / draws


def _won(tally: np.ndarray) -> np.ndarray:
    """Chance that the first answer wins, the others on the last axis: 0, 1 or its part of a tie."""
    top = tally.max(axis=-1, keepdims=True)
    leading = tally >= top * (1 - _EQUAL)
    return leading[..., 0] / leading.sum(axis=-1)


def _weights(rivals: int, right_weight: float, wrong_weight: float) -> np.ndarray:
    weights = np.full(1 + rivals, float(require_positive("wrong_weight", wrong_weight, "votes")))
    weights[0] = float(require_positive("right_weight", right_weight, "votes"))
    return weights


def weighted_vote_accuracy(
    success_rate: Any,
    wrong_shares: Any,
    votes: Any,
    *,
    right_weight: float,
    wrong_weight: float,
    weight_spread: float = 0.0,
    draws: int,
    seed: int,
) -> Any:
    """Chance that the answer with the largest sum of a verifier's scores is right, by simulation.

    Parameters
    ----------
    success_rate, wrong_shares, votes
        As in `majority_vote_accuracy`.
    right_weight, wrong_weight : float
        Mean score of a right answer, and of a wrong one, above zero.
    weight_spread : float
        Standard deviation of one score over its mean; scores follow a gamma distribution.
    draws, seed : int

    Returns
    -------
    numpy.ndarray or float
        Shape (problems, m), without the axes that were not given. The standard error is at most
        half of one over the root of `draws`.
    """
    chances, problems = _probabilities(success_rate, wrong_shares)
    asked = require_counts("votes", votes)
    if asked.ndim > 1:
        raise ValueError(f"votes have shape {asked.shape}; accepted: () or (m,)")
    spread = float(require_at_least("weight_spread", weight_spread, 0, "the mean score"))
    weights = _weights(chances.shape[1] - 1, right_weight, wrong_weight)
    result = _simulated(chances, asked, draws, seed, weights, spread)
    return result.reshape((*problems, *asked.shape))[()]


def vote_limit(
    success_rate: Any, wrong_shares: Any, *, right_weight: float = 1.0, wrong_weight: float = 1.0
) -> Any:
    """Accuracy of votes without end: 1 where the right answer is the most common, otherwise 0.

    Parameters
    ----------
    success_rate, wrong_shares
        As in `majority_vote_accuracy`.
    right_weight, wrong_weight : float
        Mean scores, as in `weighted_vote_accuracy`; equal for a plain vote.

    Returns
    -------
    numpy.ndarray or float
        Shape () or (problems,); where the right answer is as common as others, its part.
    """
    chances, problems = _probabilities(success_rate, wrong_shares)
    weights = _weights(chances.shape[1] - 1, right_weight, wrong_weight)
    return _won(chances * weights).reshape(problems)[()]
