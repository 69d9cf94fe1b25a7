"""Majority vote: brute force, Condorcet's closed form, simulation and the limit."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from analysis.test_time_compute.voting import (
    majority_vote_accuracy,
    rival_shares,
    vote_limit,
    weighted_vote_accuracy,
)


def brute_force(chances: list[float], votes: int) -> float:
    """Sum over every sequence of answers; answer 0 is right."""
    total = 0.0
    for answers in itertools.product(range(len(chances)), repeat=votes):
        tally = Counter(answers)
        top = max(tally.values())
        leaders = [answer for answer, count in tally.items() if count == top]
        if 0 in leaders:
            total += math.prod(chances[answer] for answer in answers) / len(leaders)
    return total


@pytest.mark.parametrize("success_rate", [0.0, 0.15, 0.4, 1.0])
@pytest.mark.parametrize("shares", [[1.0], [0.5, 0.5], [0.7, 0.2, 0.1], [0.6, 0.4, 0.0]])
def test_the_exact_sum_is_that_over_every_sequence(
    success_rate: float, shares: list[float]
) -> None:
    chances = [success_rate, *((1 - success_rate) * share for share in shares)]
    for votes in range(1, 8):
        found = majority_vote_accuracy(success_rate, shares, votes)
        assert found == pytest.approx(brute_force(chances, votes), rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("votes", [1, 3, 51, 501])
def test_two_answers_give_condorcets_closed_form(votes: int) -> None:
    for success_rate in (0.1, 0.5, 0.52, 0.9):
        need = (votes + 1) // 2
        stated = special.betainc(need, votes - need + 1, success_rate)
        found = majority_vote_accuracy(success_rate, [1.0], votes)
        assert found == pytest.approx(stated, rel=1e-9)
    even = majority_vote_accuracy(0.6, [1.0], 10)
    tie = stats.binom.pmf(5, 10, 0.6)
    assert even == pytest.approx(stats.binom.sf(5, 10, 0.6) + tie / 2, rel=1e-11)


def test_equal_answers_win_equally_often() -> None:
    for rivals in (1, 2, 4, 9):
        found = majority_vote_accuracy(1 / (rivals + 1), rival_shares(rivals), [1, 5, 40, 128])
        np.testing.assert_allclose(found, 1 / (rivals + 1), rtol=1e-9)


def test_simulated_votes_agree_with_the_exact_sum() -> None:
    rates, votes = np.array([0.2, 0.3, 0.5]), np.array([1, 8, 41])
    shares = rival_shares(4, concentration=1.0)
    exact = majority_vote_accuracy(rates, shares, votes)
    draws = 40_000
    simulated = majority_vote_accuracy(rates, shares, votes, draws=draws, seed=1)
    assert exact.shape == simulated.shape == (3, 3)
    error = np.sqrt(exact * (1 - exact) / draws)
    assert (np.abs(simulated - exact) < 4 * error).all()
    again = majority_vote_accuracy(rates, shares, votes, draws=draws, seed=1)
    np.testing.assert_array_equal(simulated, again)


def test_more_votes_lead_to_the_limit_which_may_be_wrong() -> None:
    shares = rival_shares(5, concentration=1.0)
    top_rival = 0.7 * shares[0]
    assert top_rival > 0.3
    assert vote_limit(0.3, shares) == 0.0
    rising_then_falling = majority_vote_accuracy(0.3, shares, [1, 5, 33, 501])
    assert rising_then_falling[2] > rising_then_falling[0]
    late = majority_vote_accuracy(0.3, shares, [20_000, 2_000_000], draws=4000, seed=2)
    assert late[0] > late[1]
    assert late[1] < 0.001
    assert vote_limit(0.4, shares) == 1.0
    assert majority_vote_accuracy(0.4, shares, 501) > 0.98


def test_the_limit_of_a_tie_is_its_part_and_is_split_by_problem() -> None:
    shares = np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0], [1.0, 0.0]])
    limit = vote_limit([1 / 3, 0.4, 0.4, 0.5], shares)
    np.testing.assert_allclose(limit, [1 / 3, 1.0, 0.0, 0.5])
    assert vote_limit([0.0, 1.0], [0.5, 0.5]).tolist() == [0.0, 1.0]


def test_rivals_are_equal_at_no_concentration_and_one_at_much() -> None:
    np.testing.assert_allclose(rival_shares(4), 0.25)
    shares = rival_shares(4, concentration=2.0)
    np.testing.assert_allclose(shares / shares[0], [1, 1 / 4, 1 / 9, 1 / 16])
    assert rival_shares(4, concentration=60.0)[0] == pytest.approx(1)


def test_equal_weights_give_the_plain_vote() -> None:
    terms: dict[str, Any] = {"draws": 5000, "seed": 3}
    plain = majority_vote_accuracy([0.2, 0.5], [0.6, 0.4], [5, 20], **terms)
    weighted = weighted_vote_accuracy(
        [0.2, 0.5], [0.6, 0.4], [5, 20], right_weight=0.4, wrong_weight=0.4, **terms
    )
    np.testing.assert_array_equal(plain, weighted)


def test_noisy_weights_are_those_of_scores_drawn_one_by_one() -> None:
    rng = np.random.default_rng(5)
    draws, votes, spread = 100_000, 6, 2.5
    answers = rng.choice(3, size=(draws, votes), p=[0.3, 0.42, 0.28])
    mean = np.where(answers == 0, 1.5, 1.0)
    score = rng.gamma(1 / spread**2, mean * spread**2)
    totals = np.stack([np.where(answers == a, score, 0).sum(axis=1) for a in range(3)])
    stated = (totals.argmax(axis=0) == 0).mean()
    found = weighted_vote_accuracy(
        0.3,
        [0.6, 0.4],
        votes,
        right_weight=1.5,
        wrong_weight=1.0,
        weight_spread=spread,
        draws=100_000,
        seed=1,
    )
    assert found == pytest.approx(stated, abs=0.007)


def test_a_verifier_that_tells_answers_apart_turns_the_limit() -> None:
    shares = [0.6, 0.4]
    assert vote_limit(0.3, shares) == 0.0
    assert vote_limit(0.3, shares, right_weight=1.5, wrong_weight=1.0) == 1.0
    many = weighted_vote_accuracy(
        0.3,
        shares,
        100_000,
        right_weight=1.5,
        wrong_weight=1.0,
        weight_spread=1.0,
        draws=1000,
        seed=1,
    )
    assert many == pytest.approx(1.0, abs=0.01)


def test_shapes_follow_what_was_given() -> None:
    assert np.ndim(majority_vote_accuracy(0.4, [1.0], 3)) == 0
    assert majority_vote_accuracy(0.4, [1.0], [3, 5]).shape == (2,)
    assert majority_vote_accuracy([0.4, 0.5], [1.0], 3).shape == (2,)
    per_problem = majority_vote_accuracy(0.4, [[1.0, 0.0], [0.5, 0.5]], [3])
    assert per_problem.shape == (2, 1)
    assert per_problem[1, 0] > per_problem[0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: majority_vote_accuracy([0.2, 1.1], [1.0], 3), r"success_rate, row 1: 1\.1"),
        (lambda: majority_vote_accuracy(0.2, [0.5, 0.4], 3), r"wrong_shares, row 0: sum 0\.9"),
        (lambda: majority_vote_accuracy(0.2, [], 3), "wrong_shares of shape"),
        (
            lambda: majority_vote_accuracy([0.2, 0.3], [[1.0]] * 3, 3),
            r"success_rate \(2,\), wrong_shares \(3,\)",
        ),
        (lambda: majority_vote_accuracy(0.2, [1.0], [3, 0]), r"votes, row 1: 0\.0"),
        (lambda: majority_vote_accuracy(0.2, [1.0], [[3]]), r"votes have shape \(1, 1\)"),
        (lambda: majority_vote_accuracy(0.2, [1.0], 513), "513 is above 512"),
        (lambda: majority_vote_accuracy(0.2, [1.0], 3, draws=5), "seed: None"),
        (lambda: majority_vote_accuracy(0.2, [1.0], 3, draws=0, seed=1), "draws: 0"),
        (lambda: vote_limit(0.2, [1.0], right_weight=0.0), "right_weight"),
        (lambda: rival_shares(0), "rivals: 0"),
        (lambda: rival_shares(3, concentration=-1), r"concentration: -1\.0"),
    ],
)
def test_votes_that_cannot_be_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
