"""The best split of compute between training and inference."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import altair as alt
import numpy as np
import pytest

from analysis.test_time_compute.split import (
    inference_share,
    inference_share_interval,
    near_optimal_shares,
    optimal_split,
    split_penalty,
)


def least_on_a_grid(e: float, price: float) -> tuple[float, float]:
    """Share of FLOP on inference and the least cost, with I = T**-e, from a fine grid of T."""
    train = np.logspace(-8, 8, 800_001)
    inference = train**-e
    cost = train + price * inference
    best = int(np.argmin(cost))
    return float(inference[best] / (inference[best] + train[best])), float(cost[best])


@pytest.mark.parametrize("e", [0.3, 1.0, math.log10(15), 3.0])
@pytest.mark.parametrize("price", [0.2, 1.0, 5.0])
def test_the_share_is_the_one_a_grid_of_programmes_finds(e: float, price: float) -> None:
    share, _ = least_on_a_grid(e, price)
    assert float(inference_share(e, relative_flop_price=price)) == pytest.approx(share, abs=1e-4)


def test_parity_is_exact_at_one_for_one_and_jones_gives_a_little_less(reference: Any) -> None:
    stated = reference("test_time_exchange")
    parity = stated["erdil2024"]
    assert float(inference_share(parity["exchange_elasticity"])) == parity["inference_share"]
    e = np.log10(stated["jones2021"]["inference_multiple_per_tenfold_training"])
    assert float(inference_share(e)) == pytest.approx(0.4595, abs=1e-4)


@pytest.mark.parametrize("e", [0.3, 1.0, 2.5])
def test_the_penalty_is_the_cost_of_the_programme_with_that_share(e: float) -> None:
    _, least = least_on_a_grid(e, 1.0)
    for share in (0.01, 0.2, 0.5, 0.9, 0.999):
        train = ((1 - share) / share) ** (1 / (1 + e))  # solves T**-e / T = share / (1 - share)
        cost = train + train**-e
        assert train**-e / cost == pytest.approx(share)
        assert float(split_penalty(share, e)) == pytest.approx(cost / least, rel=1e-7)


def test_the_penalty_is_one_at_the_best_share_and_above_it_elsewhere() -> None:
    e = np.array([0.1, 1.0, 4.0])
    best = inference_share(e)
    np.testing.assert_allclose(split_penalty(best, e), 1.0, atol=1e-15)
    assert (split_penalty(np.array([[0.02], [0.98]]), e) > 1).all()


def test_near_optimal_shares_cost_exactly_the_tolerance_more() -> None:
    e = np.logspace(-2, 2, 41)[:, None]
    tolerance = np.array([1e-4, 0.01, 0.1, 1.0])
    low, high = near_optimal_shares(e, tolerance)
    best = inference_share(e)
    assert (low < best).all()
    assert (best < high).all()
    within = (low > 1e-300) & (high < 1 - 1e-9)
    for end in (low, high):
        cost = split_penalty(np.where(within, end, 0.5), e)
        np.testing.assert_allclose(
            np.where(within, cost - 1, tolerance),
            np.broadcast_to(tolerance, within.shape),
            rtol=1e-5,
        )


def test_parity_is_flat_within_a_tenth_of_the_least_cost_from_about_three_tenths_to_seven() -> None:
    low, high = near_optimal_shares(1.0, 0.1)
    want = (1 - math.sqrt(1 - 1 / 1.1**2)) / 2  # 2 sqrt(s (1 - s)) = 1 / 1.1
    assert float(low) == pytest.approx(want, rel=1e-12)
    assert float(high) == pytest.approx(1 - want, rel=1e-12)


@pytest.mark.parametrize("span", [(0.3, 0.2), (5.0, 5.0), (0.0, 0.0)])
@pytest.mark.parametrize("inference", [1e20, 1e24, 1e27])
def test_the_split_within_a_span_is_the_best_of_a_grid_within_it(
    span: tuple[float, float], inference: float
) -> None:
    e, price, train = 1.2, 2.0, 1e24
    moves = np.linspace(-span[0], span[1], 200_001)
    costs = train * 10**moves + price * inference * 10 ** (-e * moves)
    found = optimal_split(train, inference, e, span_oom=span, relative_flop_price=price)
    assert float(found.moved_oom) == pytest.approx(moves[np.argmin(costs)], abs=1e-4)
    ratio = costs.min() / (train + price * inference)
    assert float(found.cost_ratio) == pytest.approx(ratio, rel=1e-8)
    assert float(found.inference_flop * found.train_flop**e) == pytest.approx(
        inference * train**e, rel=1e-9
    )


def test_the_free_split_has_the_closed_share_and_the_bounded_one_says_it_is_at_a_corner() -> None:
    free = optimal_split(1e24, 1e22, 1.5, span_oom=(9, 9))
    assert float(free.inference_share) == pytest.approx(float(inference_share(1.5)))
    assert not free.at_corner
    bound = optimal_split([1e24, 1e22], [1e22, 1e24], 1.5, span_oom=(0.1, 0.1))
    assert bound.at_corner.all()
    np.testing.assert_allclose(bound.moved_oom, [-0.1, 0.1])


def test_the_interval_holds_the_share_of_a_planted_elasticity_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(400):
        estimate = 1.1 * np.exp(0.2 * rng.standard_normal())
        sampled = estimate * np.exp(0.2 * rng.standard_normal(400))
        hits += float(inference_share(1.1)) in inference_share_interval(sampled, level=0.8)
    assert hits / 400 == pytest.approx(0.8, abs=0.05)


def test_share_and_penalty_are_expressions_for_the_browser() -> None:
    names = {"log": math.log, "exp": math.exp, "datum": SimpleNamespace(e=1.3)}
    share = eval(str(inference_share(alt.datum.e, xp=alt.expr)), names)
    assert share == pytest.approx(1 / 2.3)
    penalty = eval(str(split_penalty(0.2, alt.datum.e, xp=alt.expr)), names)
    assert penalty == pytest.approx(float(split_penalty(0.2, 1.3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inference_share(0.0), "exchange_elasticity: 0.0"),
        (lambda: inference_share([1.0, np.nan]), "exchange_elasticity at index 1: nan"),
        (lambda: inference_share(1.0, relative_flop_price=-1.0), "relative_flop_price: -1.0"),
        (lambda: split_penalty(1.0, 1.0), "share: 1.0"),
        (lambda: split_penalty(0.0, 1.0), "share: 0.0"),
        (lambda: near_optimal_shares(1.0, 0.0), "tolerance: 0.0"),
        (lambda: optimal_split(1e24, 1e24, 1.0, span_oom=(-1.0, 1.0)), "span_oom"),
        (lambda: inference_share_interval(1.0), "at least 2 draws"),
        (
            lambda: inference_share([1.0, 2.0], relative_flop_price=[1.0, 2.0, 3.0]),
            r"exchange_elasticity \(2,\), relative_flop_price \(3,\)",
        ),
        (
            lambda: optimal_split([1e24, 1e25], 1e24, [1.0, 1.1, 1.2], span_oom=(1.0, 1.0)),
            r"train_flop \(2,\), exchange_elasticity \(3,\)",
        ),
    ],
)
def test_what_it_cannot_take_is_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
