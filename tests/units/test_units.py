"""Conversions hold their identities."""

from __future__ import annotations

import math

import pytest

from analysis import units


def test_a_petaflops_day_is_the_flop_of_a_day_at_that_rate() -> None:
    assert units.flop_from_pflops_days(1.0) == pytest.approx(8.64e19)
    assert units.pflops_days_from_flop(units.flop_from_pflops_days(37.0)) == pytest.approx(37.0)


def test_the_backward_pass_costs_twice_the_forward_pass() -> None:
    backward = units.FLOP_PER_PARAMETER_TOKEN - units.FORWARD_FLOP_PER_PARAMETER_TOKEN
    assert backward == 2 * units.FORWARD_FLOP_PER_PARAMETER_TOKEN


def test_fourfold_growth_doubles_every_six_months() -> None:
    assert units.doubling_months(4.0) == pytest.approx(6.0)
    assert units.growth_per_year_from_doubling(6.0) == pytest.approx(4.0)


def test_a_falling_quantity_halves_in_negative_doubling_time() -> None:
    assert units.doubling_months(0.5) == pytest.approx(-12.0)
    assert units.growth_per_year_from_doubling(-12.0) == pytest.approx(0.5)


@pytest.mark.parametrize("growth", [0.0, 1.0, -2.0, math.nan, math.inf])
def test_growth_without_a_doubling_time_is_refused(growth: float) -> None:
    with pytest.raises(ValueError, match="has no doubling time"):
        units.doubling_months(growth)


def test_a_doubling_time_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="not a doubling time"):
        units.growth_per_year_from_doubling(0.0)
