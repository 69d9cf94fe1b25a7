"""Selection with a verifier that errs: simulations, limits and reversals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from analysis.test_time_compute.selection import (
    best_of_n_accuracy,
    best_of_n_by_score,
    best_sample_count,
    net_value,
    selection_ceiling,
    selection_curve,
)

VERIFIER = {"true_positive_rate": 0.8, "false_positive_rate": 0.1}


def simulate(
    success_rate: float, samples: int, fallback: str, *, draws: int = 200_000, seed: int = 1
) -> tuple[float, float, float]:
    """Share answered right, share answered wrong, and mean number drawn until one is accepted."""
    rng = np.random.default_rng(seed)
    right = rng.random((draws, samples)) < success_rate
    accepted = rng.random((draws, samples)) < np.where(right, 0.8, 0.1)
    any_accepted = accepted.any(axis=1)
    first = np.where(any_accepted, accepted.argmax(axis=1), 0)
    chosen = right[np.arange(draws), first]
    given = any_accepted if fallback == "abstain" else np.full(draws, fill_value=True)
    drawn = np.where(any_accepted, first + 1, samples)
    return (chosen & given).mean(), (~chosen & given).mean(), drawn.mean()


@pytest.mark.parametrize("fallback", ["random", "abstain"])
@pytest.mark.parametrize(("success_rate", "samples"), [(0.3, 1), (0.05, 4), (0.2, 20)])
def test_accuracy_and_value_are_those_of_simulated_tries(
    fallback: Any, success_rate: float, samples: int
) -> None:
    right, wrong, drawn = simulate(success_rate, samples, fallback)
    found = best_of_n_accuracy(success_rate, samples, fallback=fallback, **VERIFIER)
    assert found == pytest.approx(right, abs=0.005)
    value = net_value(
        success_rate,
        samples,
        wrong_answer_cost=0.7,
        sample_cost=0.02,
        right_answer_value=2.0,
        fallback=fallback,
        **VERIFIER,
    )
    assert value == pytest.approx(2 * right - 0.7 * wrong - 0.02 * drawn, abs=0.015)


def test_a_perfect_verifier_reaches_coverage_and_a_blind_one_stays_put() -> None:
    rates, samples = np.array([0.001, 0.2, 0.9])[:, None], np.array([1, 7, 10_000])
    for fallback in ("random", "abstain"):
        perfect = best_of_n_accuracy(rates, samples, false_positive_rate=0.0, fallback=fallback)
        np.testing.assert_allclose(perfect, 1 - (1 - rates) ** samples, rtol=1e-12)
    for share in (0.0, 0.4, 1.0):
        blind = best_of_n_accuracy(
            rates, samples, true_positive_rate=share, false_positive_rate=share
        )
        np.testing.assert_allclose(blind, np.broadcast_to(rates, blind.shape), rtol=1e-12)


def test_the_ends_of_every_range_give_numbers_between_0_and_1() -> None:
    ends = np.array([0.0, 0.3, 1.0])
    p, t, f, n = np.meshgrid(ends, ends, ends, [1, 2, 10**6])
    for fallback in ("random", "abstain"):
        result = best_of_n_accuracy(
            p, n, true_positive_rate=t, false_positive_rate=f, fallback=fallback
        )
        assert ((result >= 0) & (result <= 1)).all()
        limit = selection_ceiling(p, true_positive_rate=t, false_positive_rate=f, fallback=fallback)
        np.testing.assert_allclose(result[..., -1], limit[..., -1], rtol=1e-12)
    single = best_of_n_accuracy(p, 1, true_positive_rate=t, false_positive_rate=f)
    np.testing.assert_allclose(single, p, rtol=1e-12)


def test_the_ceiling_is_the_share_of_right_answers_among_those_accepted() -> None:
    rates = np.array([0.01, 0.2, 0.7])
    ceiling = selection_ceiling(rates, **VERIFIER)
    np.testing.assert_allclose(ceiling, rates * 0.8 / (rates * 0.8 + (1 - rates) * 0.1))
    curve = selection_curve(rates, [1, 10, 10**5], **VERIFIER)
    assert curve[-1] == pytest.approx(ceiling.mean(), rel=1e-12)
    assert curve[0] == pytest.approx(rates.mean())
    assert (np.diff(curve) > 0).all()


def test_with_costly_errors_the_best_number_of_tries_is_small_and_more_lower_the_value() -> None:
    rates = np.random.default_rng(0).beta(0.3, 2.0, 128)
    terms = {"false_positive_rate": 0.05, "wrong_answer_cost": 1.0}
    best = best_sample_count(rates, max_samples=3000, **terms)
    counts = np.arange(1, 3001)
    naive = [float(np.mean(net_value(rates, int(n), **terms))) for n in counts]
    assert best.samples == counts[int(np.argmax(naive))]
    assert best.value == pytest.approx(max(naive))
    assert 1 < best.samples < 20
    assert best.value_at_most < best.value / 2
    assert not best.at_most


def test_the_dearer_an_error_or_a_try_the_fewer_tries() -> None:
    rates = np.random.default_rng(0).beta(0.3, 2.0, 64)
    by_error = [
        best_sample_count(
            rates, max_samples=500, false_positive_rate=0.02, wrong_answer_cost=cost
        ).samples
        for cost in (0.25, 1.0, 4.0)
    ]
    assert by_error == sorted(by_error, reverse=True)
    by_price = [
        best_sample_count(
            rates,
            max_samples=2000,
            false_positive_rate=0.0,
            wrong_answer_cost=0.0,
            sample_cost=price,
        ).samples
        for price in (0.0005, 0.005, 0.05)
    ]
    assert by_price == sorted(by_price, reverse=True)


def test_not_trying_is_best_where_every_try_loses() -> None:
    best = best_sample_count(
        [0.1, 0.2], max_samples=50, false_positive_rate=0.9, wrong_answer_cost=5.0
    )
    assert (best.samples, best.value) == (0, 0.0)


def test_with_free_tries_and_no_errors_more_is_always_better() -> None:
    best = best_sample_count([0.01], max_samples=40, false_positive_rate=0.0, wrong_answer_cost=9.0)
    assert best.samples == 40
    assert best.at_most


def test_paying_for_every_try_costs_the_tries() -> None:
    value = net_value(
        0.5, 8, false_positive_rate=0.0, wrong_answer_cost=0.0, sample_cost=0.01, drawn="all"
    )
    assert value == pytest.approx(1 - 0.5**8 - 0.08)
    never = net_value(0.0, 8, false_positive_rate=0.0, wrong_answer_cost=0.0, sample_cost=0.01)
    assert never == pytest.approx(-0.08)


@pytest.mark.parametrize(
    ("success_rate", "samples", "separation", "spread"),
    [(0.3, 10, 1.0, 1.5), (0.1, 1000, 2.0, 0.3), (0.5, 10**6, 2.0, 2.0), (0.2, 64, -0.5, 0.05)],
)
def test_best_by_score_is_the_adaptive_integral(
    success_rate: float, samples: int, separation: float, spread: float
) -> None:
    def density(score: float) -> float:
        above = success_rate * stats.norm.sf(score - separation)
        above += (1 - success_rate) * stats.norm.sf(score / spread)
        if above >= 1:
            return 0.0
        beaten = math.exp((samples - 1) * math.log1p(-above))
        return samples * success_rate * float(stats.norm.pdf(score - separation)) * beaten

    edges = np.linspace(separation - 12, separation + 12, 121)
    stated = sum(
        integrate.quad(density, low, high, epsabs=1e-13, epsrel=1e-11)[0]
        for low, high in itertools.pairwise(edges)
    )
    found = best_of_n_by_score(success_rate, samples, separation=separation, wrong_spread=spread)
    assert found == pytest.approx(stated, abs=1e-9)


def test_best_by_score_is_that_of_simulated_scores() -> None:
    rng = np.random.default_rng(4)
    right = rng.random((100_000, 16)) < 0.3
    normal = rng.standard_normal(right.shape)
    score = np.where(right, 1.5 + normal, 1.5 * normal)
    won = right[np.arange(len(right)), score.argmax(axis=1)].mean()
    assert best_of_n_by_score(0.3, 16, separation=1.5, wrong_spread=1.5) == pytest.approx(
        won, abs=0.006
    )


def test_accuracy_itself_turns_where_wrong_answers_have_the_wider_scores() -> None:
    samples = 2 ** np.arange(21)
    wide = best_of_n_by_score(0.3, samples, separation=1.5, wrong_spread=1.5)
    assert 0 < int(wide.argmax()) < 10
    assert wide[0] == pytest.approx(0.3)
    assert wide.max() > 0.5
    assert wide[-1] < 0.05
    narrow = best_of_n_by_score(0.3, samples, separation=1.5, wrong_spread=0.8)
    assert (np.diff(narrow) > -1e-12).all()
    assert narrow[-1] > 0.999
    useless = best_of_n_by_score(0.3, samples, separation=0.0, wrong_spread=1.0)
    np.testing.assert_allclose(useless, 0.3, rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: best_of_n_accuracy([0.1, 1.2], 3, **VERIFIER), r"success_rate, row 1: 1\.2"),
        (lambda: best_of_n_accuracy(0.1, [3, 0], **VERIFIER), r"samples, row 1: 0\.0"),
        (lambda: best_of_n_accuracy(0.1, 3, false_positive_rate=math.nan), "false_positive_rate"),
        (lambda: best_of_n_accuracy(0.1, 3, fallback="x", **VERIFIER), "fallback: 'x'"),
        (lambda: selection_ceiling(0.1, fallback="x", **VERIFIER), "fallback: 'x'"),
        (
            lambda: best_of_n_accuracy([0.1, 0.2], [1, 2, 3], **VERIFIER),
            r"success_rate \(2,\), samples \(3,\)",
        ),
        (lambda: best_of_n_accuracy([], 3, **VERIFIER), "success_rate is empty"),
        (lambda: best_of_n_accuracy(0.1, [], **VERIFIER), "samples is empty"),
        (lambda: best_of_n_accuracy("0.1", 3, **VERIFIER), "success_rate: '0.1' is not a number"),
        (
            lambda: net_value([0.1, 0.2], 3, wrong_answer_cost=[1, 2, 3], **VERIFIER),
            r"success_rate \(2,\), wrong_answer_cost \(3,\)",
        ),
        (lambda: selection_curve([], [1], **VERIFIER), "at least one problem"),
        (lambda: net_value(0.1, 3, wrong_answer_cost=-1, **VERIFIER), r"wrong_answer_cost: -1\.0"),
        (lambda: net_value(0.1, 3, wrong_answer_cost=1, drawn="x", **VERIFIER), "drawn: 'x'"),
        (
            lambda: best_sample_count([0.1], max_samples=0, wrong_answer_cost=1, **VERIFIER),
            "max_samples: 0",
        ),
        (lambda: best_of_n_by_score(0.1, 3, separation=1, wrong_spread=0), "wrong_spread"),
        (lambda: best_of_n_by_score(0.1, 3, separation=math.inf, wrong_spread=1), "separation"),
    ],
)
def test_terms_that_cannot_be_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
