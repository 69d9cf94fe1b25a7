"""How fast the cost of fixed work falls: planted falls, naive loops, and the chips of the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.hardware import cost_history as ch
from analysis.hardware.findings import cost_history as found
from analysis.test_time_compute.fixed_score import months_until


def test_the_cheapest_so_far_is_that_of_a_loop() -> None:
    generator = np.random.default_rng(3)
    released = generator.uniform(2018, 2026, 12)
    costs = generator.lognormal(0, 1, (5, 12))
    costs[:, 3] = np.inf
    years = np.arange(np.ceil(released.min()), 2027)
    got = ch.cheapest_so_far(released, costs, years)
    for row in range(5):
        for place, year in enumerate(years):
            usable = [c for c, at in zip(costs[row], released, strict=True) if at < year + 1]
            assert got[row, place] == min(usable)
    names = ch.cheapest_chip(released, costs[0], years)
    np.testing.assert_array_equal(costs[0][names], got[0])
    assert (released[names] < years + 1).all()


def test_a_planted_fall_comes_back() -> None:
    generator = np.random.default_rng(4)
    years = np.arange(2015, 2026)
    planted = 1.6
    costs = 7.0 * planted ** -(years - 2015.0) * generator.lognormal(0, 0.15, (4000, years.size))
    falls = ch.yearly_fall(years, costs)
    # Variance of a least-squares slope in closed form.
    spread = 0.15 / np.sqrt(((years - years.mean()) ** 2).sum())
    assert np.log(falls).mean() == pytest.approx(np.log(planted), abs=4 * spread / np.sqrt(4000))
    assert np.log(falls).std() == pytest.approx(spread, rel=0.05)
    assert ch.yearly_fall([2020, 2022], [8.0, 2.0]) == pytest.approx(2.0)


def test_halving_agrees_with_the_months_of_the_price_chapter() -> None:
    falls = np.array([1.3, 2.0, 17.0])
    np.testing.assert_allclose(12 * ch.halving_years(falls), months_until(falls, 2.0))
    assert np.isinf(ch.halving_years(1.0))
    assert np.isinf(ch.halving_years(0.7))


def test_shares_of_a_fall_add_up() -> None:
    assert ch.share_of_fall(1.5, 12.0) + ch.share_of_fall(8.0, 12.0) == pytest.approx(1.0)
    assert ch.share_of_fall(0.5, 2.0) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ch.cheapest_so_far([2020.5], [np.nan], [2021]), "blank"),
        (lambda: ch.cheapest_so_far([2020.5], [1.0], [2019]), "2019"),
        (lambda: ch.cheapest_so_far([2020.5, 2021], [1.0], [2022]), "one date a chip"),
        (lambda: ch.yearly_fall([2020, 2020], [1.0, 2.0]), "two that differ"),
        (lambda: ch.yearly_fall([2020, 2021], [1.0, -2.0]), "costs"),
        (lambda: ch.share_of_fall(1.2, 0.9), "above 1"),
    ],
)
def test_bad_input_is_refused_by_name(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_chips_account_for_the_smaller_part_of_the_fall_of_prices() -> None:
    for model in found.NAMES:
        share = found.hardware_share(model)
        assert 0 < share.low < share.central < share.high < 0.5
    narrow, sixteen = (
        found.yearly(found.LARGE, formats) for formats in (found.NARROWEST, found.SIXTEEN)
    )
    assert narrow.central > sixteen.central > 1


def test_at_the_price_for_parity_the_costs_are_equal() -> None:
    it = found.price_for_parity(found.LARGE, "b200", "mi355x")
    assert it.low < it.central < it.high
    assert found.price_for_parity(found.LARGE, "b200", "b200").central == pytest.approx(1.0)
    costs = found.owned(found.LARGE).set_index("chip_id")["usd_per_mtok"]
    assert (it.central < 1) == (costs["mi355x"] < costs["b200"])
