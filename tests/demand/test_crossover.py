"""The year of crossover against a plain loop, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.demand.crossover import ALWAYS, NOT_YET, crossover_table, crossover_year

YEARS = np.arange(2019, 2031)


def by_loop(share: np.ndarray) -> float:
    if share[-1] < 0.5:
        return NOT_YET
    year = ALWAYS
    for date, value in zip(YEARS[::-1], share[::-1], strict=True):
        if value < 0.5:
            return year
        year = float(date)
    return ALWAYS


def test_years_are_those_of_a_loop_from_the_end() -> None:
    rng = np.random.default_rng(3)
    shares = np.clip(0.5 + np.cumsum(rng.normal(0, 0.12, (4000, 12)), axis=1), 0, 1)
    found = crossover_year(shares, YEARS)
    assert found.tolist() == [by_loop(share) for share in shares]
    assert {ALWAYS, NOT_YET, 2025.0} <= set(found.tolist())


def test_a_share_that_came_back_crossed_when_it_came_back() -> None:
    share = np.r_[np.full(3, 0.6), np.full(5, 0.4), np.full(4, 0.5)]
    assert crossover_year(share, YEARS) == 2027.0


def test_the_table_sums_to_one_and_ends_with_not_yet() -> None:
    rng = np.random.default_rng(4)
    crossings = crossover_year(rng.uniform(0, 1, (500, 12)), YEARS)
    table = crossover_table(YEARS, crossings)
    assert table["share"].sum() == pytest.approx(1.0)
    assert table["year"].tolist()[0] == "always above"
    assert table["year"].tolist()[-1] == "not by 2030"
    assert table["share"].iloc[-1] == pytest.approx(np.mean(crossings == NOT_YET))
    assert table["cumulative"].is_monotonic_increasing


def test_what_is_no_share_or_no_year_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        crossover_year(np.full(12, 1.2), YEARS)
    with pytest.raises(ValueError, match="one increasing year per entry"):
        crossover_year(np.full(11, 0.2), YEARS)
    with pytest.raises(ValueError, match=r"1999.* is none of the years"):
        crossover_table(YEARS, [1999.0])
    with pytest.raises(ValueError, match="none given"):
        crossover_table(YEARS, [])
