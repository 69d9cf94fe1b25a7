"""Conversions between definitions: printed figures, simulated books, and laws that must hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.demand.definitions import (
    DENOMINATORS,
    UNITS,
    Definition,
    Factors,
    convert_share,
    converted_interval,
    odds_multiplier,
)

RND = Definition("spend", "rnd")
FINAL = Definition("spend", "final_runs")
EVEN = Factors(1.0, 1.0, 1.0, 0.1)
many = settings(max_examples=200, deadline=None, derandomize=True)

ratios = st.floats(-1.6, 1.6).map(lambda log: float(np.exp(log)))
shares = st.floats(0.0, 1.0)
definitions = st.builds(Definition, st.sampled_from(UNITS), st.sampled_from(DENOMINATORS))
factors = st.builds(Factors, ratios, ratios, ratios, st.floats(0.03, 1.0))


def test_openai_in_2024_is_a_quarter_or_four_fifths_inference_from_the_same_books(
    reference: Callable[[str], dict[str, Any]],
) -> None:
    books = reference("inference_definitions")["openai_2024"]
    inference, rnd = books["inference_usd_billion"], books["rnd_usd_billion"]
    with_rnd = inference / (inference + rnd)
    assert with_rnd == pytest.approx(books["share_with_rnd"], abs=5e-4)
    own = Factors(1.0, 1.0, 1.0, books["final_run_share"])
    against_final_runs = float(convert_share(with_rnd, RND, FINAL, own))
    assert against_final_runs == pytest.approx(books["share_with_final_runs_only"], abs=5e-3)
    assert against_final_runs == pytest.approx(
        inference / (inference + rnd * books["final_run_share"]), rel=1e-14
    )


def test_metas_split_without_experimentation_follows_from_the_split_with_it(
    reference: Callable[[str], dict[str, Any]],
) -> None:
    parts = reference("inference_definitions")["meta_2021"]
    training, inference = parts["training"], parts["inference"]
    own = Factors(1.0, 1.0, 1.0, training / (training + parts["experimentation"]))
    power = (Definition("power", "rnd"), Definition("power", "final_runs"))
    assert convert_share(inference, *power, own) == pytest.approx(
        inference / (inference + training), rel=1e-14
    )


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("denominator", DENOMINATORS)
def test_conversions_agree_with_a_ledger_of_chip_hours(unit: str, denominator: str) -> None:
    rng = np.random.default_rng(7)
    jobs = 400
    hours = rng.lognormal(size=jobs)
    kind = rng.choice(["inference", "experiment", "final"], size=jobs)
    per_hour = {"chips": 1.0, "flop": 0.35, "spend": 0.8, "power": 0.7}
    serves = kind == "inference"
    counted = hours * np.where(serves, per_hour[unit], 1.0)
    beside = counted[kind == "final" if denominator == "final_runs" else ~serves].sum()
    wanted = counted[serves].sum() / (counted[serves].sum() + beside)

    known = hours[serves].sum() / hours.sum()
    of_final = hours[kind == "final"].sum() / hours[~serves].sum()
    links = Factors(per_hour["flop"], per_hour["spend"], per_hour["power"], of_final)
    found = convert_share(known, Definition("chips", "rnd"), Definition(unit, denominator), links)
    assert found == pytest.approx(wanted, rel=1e-12)


@many
@given(shares, definitions, definitions, factors)
def test_a_conversion_there_and_back_changes_nothing(
    share: float, source: Definition, target: Definition, links: Factors
) -> None:
    there = convert_share(share, source, target, links)
    assert float(convert_share(there, target, source, links)) == pytest.approx(share, abs=1e-12)


@many
@given(shares, definitions, definitions, definitions, factors)
def test_a_detour_by_a_third_definition_changes_nothing(
    share: float, source: Definition, other: Definition, target: Definition, links: Factors
) -> None:
    detour = convert_share(convert_share(share, source, other, links), other, target, links)
    assert float(detour) == pytest.approx(
        float(convert_share(share, source, target, links)), abs=1e-12
    )


@many
@given(st.lists(shares, min_size=2, max_size=9), definitions, definitions, factors)
def test_order_is_kept_and_bounds_stay(
    some: list[float], source: Definition, target: Definition, links: Factors
) -> None:
    converted = convert_share(np.sort(some), source, target, links)
    assert (np.diff(converted) >= 0).all()
    assert ((converted >= 0) & (converted <= 1)).all()
    assert convert_share([0.0, 1.0], source, target, links).tolist() == [0.0, 1.0]


@many
@given(st.floats(0.01, 0.99), definitions, definitions, factors)
def test_odds_multiply(
    share: float, source: Definition, target: Definition, links: Factors
) -> None:
    converted = float(convert_share(share, source, target, links))
    odds = share / (1 - share) * float(odds_multiplier(source, target, links))
    assert converted / (1 - converted) == pytest.approx(odds, rel=1e-9)


def test_fewer_final_runs_raise_the_share_against_them_and_the_same_definition_is_kept() -> None:
    links = Factors(0.4, 0.8, 0.7, np.array([1.0, 0.5, 0.1]))
    converted = convert_share(0.3, RND, FINAL, links)
    assert converted[0] == pytest.approx(0.3)
    assert (np.diff(converted) > 0).all()
    some = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(convert_share(some, RND, RND, EVEN), some)


def test_an_interval_of_draws_is_the_percentiles_of_the_closed_form() -> None:
    rng = np.random.default_rng(3)
    log = rng.normal(-1.0, 0.4, 200_000)
    links = Factors(1.0, np.exp(log), 1.0, 0.1)
    chips = Definition("chips", "rnd")
    found = converted_interval(0.5, np.nan, np.nan, chips, RND, links, seed=1)
    z = 1.6448536269514722
    wanted = [1 / (1 + np.exp(1.0 - step * 0.4)) for step in (-z, 0, z)]
    assert [found.low, found.central, found.high] == pytest.approx(wanted, abs=2e-3)
    # Odds of two independent normal spreads: their variances add.
    spread = converted_interval(0.5, *_range_of(0.5, 0.3), chips, RND, links, seed=1)
    both = [1 / (1 + np.exp(1.0 - step * 0.5)) for step in (-z, 0, z)]
    assert [spread.low, spread.central, spread.high] == pytest.approx(both, abs=3e-3)


def test_the_seed_that_drew_the_factors_may_draw_the_interval_too() -> None:
    chips = Definition("chips", "rnd")
    published = (0.5, *_range_of(0.5, 0.3))
    widths = []
    for drawn_with in (4, 5):
        draws = np.exp(-0.3 * np.random.default_rng(drawn_with).standard_normal(50_000))
        links = Factors(1.0, draws, 1.0, 0.1)
        found = converted_interval(*published, chips, RND, links, seed=4)
        widths.append(found.high - found.low)
    assert widths[0] == pytest.approx(widths[1], rel=0.02)


def _range_of(share: float, deviation: float) -> tuple[float, float]:
    odds = np.log(share / (1 - share))
    low, high = (
        float(1 / (1 + np.exp(-odds - step * deviation)))
        for step in (-1.6448536269514722, 1.6448536269514722)
    )
    return low, high


def test_numbers_without_draws_convert_the_published_range_itself() -> None:
    found = converted_interval(0.2, 0.1, 0.5, RND, FINAL, EVEN, seed=0)
    ends = [float(convert_share(x, RND, FINAL, EVEN)) for x in (0.1, 0.2, 0.5)]
    assert [found.low, found.central, found.high] == pytest.approx(ends, rel=1e-12)
    point = converted_interval(0.2, np.nan, np.nan, RND, FINAL, EVEN, seed=0)
    assert point.low == point.central == point.high == ends[1]


def test_an_unclear_denominator_gives_the_hull_of_both_readings() -> None:
    for target, wanted in ((RND, (1 / 11, 0.5, 0.5)), (FINAL, (0.5, 0.5, 10 / 11))):
        other = FINAL if target is RND else RND
        found = converted_interval(0.5, np.nan, np.nan, (target, other), target, EVEN, seed=0)
        assert (found.low, found.central, found.high) == pytest.approx(wanted, rel=1e-12)


def test_intervals_are_seeded_and_take_draws_as_columns() -> None:
    draws = np.random.default_rng(0).lognormal(size=(500, 1))
    links = Factors(draws, 1.0, 1.0, 0.1)
    arguments = (0.4, 0.3, 0.6, Definition("flop", "rnd"), RND, links)
    first = converted_interval(*arguments, seed=5)
    assert first == converted_interval(*arguments, seed=5)
    assert first != converted_interval(*arguments, seed=6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Definition("tokens", "rnd"), "unit: 'tokens'.*flop, chips, spend, power"),
        (lambda: Definition("flop", "unclear"), "denominator: 'unclear'.*rnd, final_runs"),
        (lambda: Factors(0.0, 1, 1, 0.1), "utilisation_ratio: 0.0"),
        (lambda: Factors(1, np.nan, 1, 0.1), "price_ratio: nan"),
        (lambda: Factors(1, 1, [1.0, -2.0], 0.1), "draw_ratio, row 1: -2.0"),
        (lambda: Factors(1, 1, 1, 1.2), "final_run_share: 1.2"),
        (lambda: Factors([1.0, 2.0], [1.0] * 3, 1, 0.1), "shapes do not go together"),
        (lambda: convert_share([0.2, 1.1], RND, FINAL, EVEN), "share, row 1: 1.1"),
        (lambda: convert_share(np.nan, RND, FINAL, EVEN), "share: nan"),
        (lambda: convert_share([], RND, FINAL, EVEN), "share is empty"),
        (lambda: converted_interval(0.5, 0.6, 0.7, RND, FINAL, EVEN, seed=0), "low, value, high"),
        (lambda: converted_interval(0.5, 0.0, 0.7, RND, FINAL, EVEN, seed=0), "between 0 and 1"),
        (lambda: converted_interval(0.5, 0.4, 0.7, (), FINAL, EVEN, seed=0), "at least one"),
        (lambda: converted_interval(2.0, 0.4, 0.7, RND, FINAL, EVEN, seed=0), "value: 2.0"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
