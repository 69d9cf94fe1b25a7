"""Capacity and idle hours, against simulation, square waves, loops and linear programmes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from analysis.demand.load_profile import LoadShape, lognormal_noise
from analysis.demand.smoothing import (
    HOURS_PER_YEAR,
    capacity_for,
    chip_hours_per_year,
    fill_troughs,
    fill_usd_per_year,
    peak_after_shift,
    peak_with_wait,
    share_that_flattens,
)

WEEK = LoadShape(1.5, 0.7).week()
HALF = np.repeat([0.5, 1.0], 12)


def test_capacity_without_noise_is_a_load_of_the_profile() -> None:
    load = np.array([3.0, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(
        capacity_for([0.25, 0.5, 0.51, 0.75, 1.0], load), np.array([1, 2, 3, 3, 4]) / 2.5
    )


@pytest.mark.parametrize("level", [0.9, 0.99, 0.999])
def test_capacity_covers_the_share_of_simulated_minutes_asked_for(level: float) -> None:
    shape = LoadShape(1.5, 0.7, burst_cv=0.2, burst_minutes=3, slow_cv=0.1, slow_days=0.02)
    load = shape.simulate(200, 5)
    found = float(capacity_for(level, shape.week(), shape.log_sd))
    assert np.mean(load <= found) == pytest.approx(level, abs=0.1 * (1 - level))


def test_noise_alone_needs_the_quantile_of_the_lognormal() -> None:
    sigma = 0.3
    found = capacity_for(0.95, np.ones(7), sigma)
    assert found == pytest.approx(np.exp(1.6448536269514722 * sigma - sigma**2 / 2))
    assert (np.diff(capacity_for([0.9, 0.99, 0.999, 0.9999], WEEK, 0.1)) > 0).all()


def test_a_square_day_leaves_what_one_restart_a_night_leaves() -> None:
    found = fill_troughs(HALF, 1.0, step_hours=1.0, loss_hours=3.0)
    assert found.load_share == pytest.approx(0.75)
    assert found.usable_share == pytest.approx(0.25 * (12 - 3) / 12)
    assert found.lost_share == pytest.approx(0.25 * 3 / 12)
    assert found.starts_per_day == pytest.approx(0.5)


def test_a_loss_longer_than_every_spell_leaves_all_idle() -> None:
    found = fill_troughs(HALF, 1.0, step_hours=1.0, loss_hours=12.0)
    assert (found.usable_share, found.starts_per_day) == (0.0, 0.0)
    assert found.idle_share == pytest.approx(0.25)


def test_without_losses_all_idle_hours_are_used() -> None:
    load = WEEK[::15] * lognormal_noise(0.1, 2.0, WEEK[::15].size, 2)
    found = fill_troughs(load, 1.8, step_hours=0.25, loss_hours=0.0)
    assert found.usable_share == pytest.approx(found.idle_share)
    assert found.load_share == pytest.approx(np.minimum(load, 1.8).mean() / 1.8)


def test_spells_are_those_of_a_loop_over_chips_and_hours() -> None:
    load = np.random.default_rng(8).uniform(0.2, 1.4, 150)
    found = fill_troughs(load, 1.2, step_hours=0.5, loss_hours=0.8, levels=60)
    gained = free = starts = 0.0
    for k in range(60):
        chip, spell = (k + 0.5) * 1.2 / 60, 0.0
        for used in [*load, np.inf]:
            if used <= chip:
                spell, free = spell + 0.5, free + 0.5
            else:
                gained += max(spell - 0.8, 0.0)
                starts += spell > 0.8
                spell = 0.0
    assert found.usable_share == pytest.approx(found.idle_share * gained / free)
    assert found.starts_per_day == pytest.approx(starts / 60 / (75 / 24))
    assert free * 1.2 / 60 / 75 == pytest.approx(found.idle_share * 1.2, rel=0.02)


def test_more_loss_a_spell_leaves_less_and_starts_less() -> None:
    load = WEEK * lognormal_noise(0.08, 5.0, WEEK.size, 4)
    fills = [fill_troughs(load, 1.9, step_hours=1 / 60, loss_hours=h) for h in (0, 0.1, 0.5, 2, 8)]
    assert (np.diff([fill.usable_share for fill in fills]) < 0).all()
    assert (np.diff([fill.starts_per_day for fill in fills]) < 0).all()
    assert all(fill.lost_share >= 0 for fill in fills)


def test_hours_and_dollars_of_a_share() -> None:
    assert pytest.approx(365.2425 * 24) == HOURS_PER_YEAR
    assert chip_hours_per_year(1000, 0.5) == pytest.approx(500 * HOURS_PER_YEAR)
    np.testing.assert_allclose(
        fill_usd_per_year(1000, [0.0, 0.1], 2.0), [0.0, 200 * HOURS_PER_YEAR]
    )


def test_the_peak_falls_with_what_may_wait_until_the_load_is_flat() -> None:
    np.testing.assert_allclose(
        peak_after_shift([0, 0.1, 0.4, 0.5, 1], 2.0), [2.0, 1.8, 1.2, 1.0, 1.0]
    )
    assert share_that_flattens(2.0) == pytest.approx(0.5)
    assert peak_after_shift(share_that_flattens(1.7), 1.7) == pytest.approx(1.0)


def programme(load: np.ndarray, share: float, wait: int) -> float:
    """Least capacity by a linear programme: what is moved from each hour to each later one."""
    steps = load.size
    moves = [(i, j) for i in range(steps) for j in range(wait + 1)]
    cost = np.zeros(len(moves) + 1)
    cost[-1] = 1.0
    come, carried = np.zeros((steps, cost.size)), np.zeros((steps, cost.size))
    for column, (i, j) in enumerate(moves):
        come[i, column] = 1.0
        carried[(i + j) % steps, column] = 1.0
    carried[:, -1] = -1.0
    solved = optimize.linprog(
        cost, A_ub=carried, b_ub=-(1 - share) * load, A_eq=come, b_eq=share * load
    )
    return float(solved.fun)


@pytest.mark.parametrize("share", [0.15, 0.5, 1.0])
@pytest.mark.parametrize("wait", [0, 1, 4, 11])
def test_capacity_with_a_limited_wait_is_that_of_the_linear_programme(
    share: float, wait: int
) -> None:
    load = np.random.default_rng(wait).lognormal(0, 0.7, 24)
    load /= load.mean()
    assert peak_with_wait(load, share, wait) == pytest.approx(programme(load, share, wait))


def test_a_wait_of_a_whole_cycle_is_as_good_as_any() -> None:
    day = WEEK[:1440:30]
    shares = np.linspace(0, 1, 9)
    np.testing.assert_allclose(
        peak_with_wait(day, shares, day.size),
        peak_after_shift(shares, day.max() / day.mean()), rtol=1e-9,
    )  # fmt: skip
    np.testing.assert_allclose(peak_with_wait(day, shares, 0), day.max() / day.mean())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: capacity_for(1.0, WEEK, 0.1), "has no bound"),
        (lambda: capacity_for(0.0, WEEK), "service_level"),
        (lambda: capacity_for(0.9, [1.0, 0.0]), "profile"),
        (lambda: fill_troughs([0.5, np.nan], 1.0, step_hours=1, loss_hours=0), "load"),
        (lambda: fill_troughs([0.5], 0.0, step_hours=1, loss_hours=0), "capacity"),
        (lambda: fill_troughs([0.5], 1.0, step_hours=1, loss_hours=-1), "loss_hours"),
        (lambda: chip_hours_per_year(10, 1.5), "share"),
        (lambda: fill_usd_per_year(10, 0.5, -1.0), "usd_per_chip_hour"),
        (lambda: peak_after_shift(0.5, 0.9), "peak_to_mean"),
        (lambda: peak_with_wait([0.0, 0.0], 0.5, 1), "mean of profile"),
        (lambda: peak_with_wait(HALF, 0.5, -1), "wait_steps"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
