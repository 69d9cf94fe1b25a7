"""Speculative decoding against printed tables and a simulated draft."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.hardware.speculative import (
    best_drafted,
    best_drafted_at_batch,
    expected_tokens,
    operations_ratio,
    speed_up,
)


def test_operations_and_speed_are_those_printed(reference: Any) -> None:
    stated = reference("hardware_mechanisms")["leviathan_table_1"]
    alpha, gamma, operations, speed = np.array(stated["rows"]).T
    gap = stated["tolerance"]
    np.testing.assert_allclose(operations_ratio(alpha, gamma), operations, atol=gap)
    np.testing.assert_allclose(speed_up(alpha, gamma), speed, atol=gap)


def test_expected_speed_with_a_draft_is_that_printed(reference: Any) -> None:
    stated = reference("hardware_mechanisms")["leviathan_table_4"]
    gamma, alpha, cost, expected, measured = np.array(stated["rows"]).T
    predicted = speed_up(alpha, gamma, cost)
    half = stated["half_of_last_figure"]
    assert (speed_up(alpha - half, gamma, cost + half) <= expected + 10 * half).all()
    assert (speed_up(alpha + half, gamma, cost - half) >= expected - 10 * half).all()
    assert np.median(np.abs(np.log(predicted / measured))) < stated["median_error_to_measured"]


@pytest.mark.parametrize("acceptance", [0.0, 0.4, 0.85, 1.0])
def test_tokens_per_step_are_those_of_a_simulated_draft(acceptance: float) -> None:
    rng = np.random.default_rng(3)
    accepted = rng.random((200_000, 5)) < acceptance
    tokens = 1 + np.cumprod(accepted, axis=1).sum(axis=1)
    error = 4 * tokens.std() / np.sqrt(len(tokens)) + 1e-12
    assert abs(expected_tokens(acceptance, 5) - tokens.mean()) < error


def test_decoding_bound_by_arithmetic_gains_nothing() -> None:
    drafted = np.arange(1, 9)
    assert (speed_up(0.8, drafted, 0.02, drafted + 1) < 1).all()
    none = best_drafted(0.8, 0.02, np.arange(1, 18))
    assert (none.drafted, none.speed_up, none.tokens_per_step) == (0, 1, 1)


def step_s(sequences: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    return np.maximum(10e-3, 40e-6 * sequences * tokens)


def test_the_gain_falls_away_as_a_batch_grows() -> None:
    batch = np.array([1, 30, 100, 200, 400])
    best = best_drafted_at_batch(0.8, batch, step_s, lambda b: 0.3e-3 + 0 * b)
    assert (np.diff(best.speed_up) <= 0).all()
    assert (np.diff(best.drafted) <= 0).all()
    assert best.speed_up[0] == pytest.approx(best_drafted(0.8, 0.03).speed_up)
    assert best.speed_up[0] > 2.5
    assert best.drafted[-1] == 0
    assert best.speed_up[-1] == 1


def test_the_best_draft_is_that_of_a_loop_over_all() -> None:
    for acceptance in (0.1, 0.6, 0.9):
        loop = [float(speed_up(acceptance, g, 0.05)) for g in range(17)]
        best = best_drafted(acceptance, 0.05)
        assert best.drafted == int(np.argmax(loop))
        assert best.speed_up == max(loop)


def test_a_draft_as_likely_right_as_it_is_dear_always_pays() -> None:
    rng = np.random.default_rng(4)
    cost = rng.uniform(0, 0.8, 200)
    acceptance = rng.uniform(cost, 1)
    gain = best_drafted(acceptance, cost).speed_up
    assert (gain >= (1 + acceptance) / (1 + cost) - 1e-12).all()  # corollary 3.9


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: expected_tokens(1.1, 2), r"acceptance: 1\.1"),
        (lambda: expected_tokens([0.5, np.nan], 2), r"acceptance, row 1: nan"),
        (lambda: speed_up(0.5, -1), r"drafted: -1"),
        (lambda: speed_up(0.5, 1.5), r"drafted: 1\.5"),
        (lambda: speed_up(0.5, 1, -0.1), r"draft_cost_ratio: -0\.1"),
        (lambda: speed_up(0.5, 1, 0, 0), r"verify_cost_ratio: 0"),
        (lambda: best_drafted(0.5, most=0), r"most: 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()
