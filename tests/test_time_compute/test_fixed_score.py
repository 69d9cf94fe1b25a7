"""The price of a fixed score over time, against Epoch AI's published rates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.test_time_compute.fixed_score import (
    annual_factor,
    decline_table,
    months_until,
    premium_half_life,
    price_decline,
    price_records,
)

YEARS = [2022.0, 2022.5, 2023.1, 2023.4, 2024.0, 2024.6]


def test_prices_on_a_line_give_back_their_factor() -> None:
    found = price_decline(YEARS, 40 * 12.0 ** -(np.array(YEARS) - 2022))
    assert found.factor_per_year == pytest.approx(12)
    assert (found.low, found.high) == (pytest.approx(12), pytest.approx(12))
    assert (found.without_one_low, found.without_one_high) == (pytest.approx(12), pytest.approx(12))
    assert (found.points, found.not_records) == (6, 0)


def test_only_prices_below_every_one_before_are_records() -> None:
    dates = ["2024-03-01", "2023-01-01", "2023-06-01", "2024-01-01", "2024-01-01", "2024-06-01"]
    records = price_records(dates, [2.0, 10.0, 12.0, 3.0, 4.0, 2.0])
    assert records.price.tolist() == [10.0, 3.0, 2.0]
    assert records.year.is_monotonic_increasing


@pytest.mark.parametrize("threshold", [43.9, 64.8, 86.0, "gpqa33", "gpqa56", "math23"])
def test_dated_prices_give_the_rates_that_epoch_published(repo_root: Path, threshold: Any) -> None:
    """Within 1.5 percent: Epoch counts years of another length."""
    tables = repo_root / "data" / "test_time_compute"
    files = [tables / f"{name}.csv" for name in ("fixed_score_prices", "price_declines")]
    if not all(file.is_file() for file in files):
        pytest.skip("needs the tables of prices")
    benchmark, level = {
        "gpqa33": ("GPQA Diamond", 33.0),
        "gpqa56": ("GPQA Diamond", 56.0),
        "math23": ("MATH 5", 23.0),
    }.get(threshold, ("MMLU", threshold))
    prices, stated = (pd.read_csv(file) for file in files)
    rows = prices[(prices.benchmark == benchmark) & (prices.threshold == level)]
    found = price_decline(rows.date.tolist(), rows.usd_per_mtok.to_numpy(), level=0.9)
    match = stated.capability.str.startswith(f"{benchmark} >= {level:g} ")
    published = stated[match & (stated.metric == "price per token")].iloc[0]
    assert found.points == published.models
    assert found.r2 == pytest.approx(published.r_squared, abs=0.006)
    assert found.factor_per_year == pytest.approx(published.factor_per_year, rel=0.015)
    assert found.low == pytest.approx(published.factor_low, rel=0.015)
    assert found.high == pytest.approx(published.factor_high, rel=0.02)


def share_covered(candidates: int, *, dear: bool, pace: float = 12.0) -> float:
    """How often the interval holds the planted pace; `dear` scatters above a floor only."""
    rng = np.random.default_rng(candidates)
    held = []
    for _ in range(400):
        years = np.sort(rng.uniform(2022, 2025, candidates))
        scatter = rng.exponential(0.5, candidates) if dear else rng.normal(0, 0.15, candidates)
        prices = 10 ** (1.5 - np.log10(pace) * (years - 2022) + scatter)
        found = price_decline(years, prices)
        held.append(found.low <= pace <= found.high)
    return float(np.mean(held))


def test_the_interval_covers_planted_rates_of_few_models_as_often_as_it_says() -> None:
    assert share_covered(8, dear=False) == pytest.approx(0.9, abs=0.05)


def test_records_picked_from_many_models_make_the_interval_too_short() -> None:
    assert share_covered(40, dear=True) == pytest.approx(0.72, abs=0.07)


def test_two_prices_give_a_factor_without_an_interval() -> None:
    factor = annual_factor("2024-06", 400.0, "2025-10", 0.03)
    assert factor == pytest.approx((400 / 0.03) ** (12 / 16), rel=0.02)
    with pytest.raises(ValueError, match="2 records give no trend"):
        price_decline(["2024-06", "2025-10"], [400.0, 0.03])
    with pytest.raises(ValueError, match="is not after"):
        annual_factor("2025-10", 400.0, "2024-06", 0.03)


def test_a_premium_is_gone_when_prices_have_fallen_by_it() -> None:
    assert months_until(10.0, 10.0) == pytest.approx(12)
    assert months_until(10.0, 100.0) == pytest.approx(24)
    assert premium_half_life(4.0) == pytest.approx(6)
    assert months_until(10.0, 1.0) == 0
    assert months_until(1.0, 2.0) == np.inf
    months = months_until(np.array([2.0, 9.0, 50.0]), 5.0)
    np.testing.assert_allclose(np.array([2.0, 9.0, 50.0]) ** (months / 12), 5.0)
    with pytest.raises(ValueError, match=r"price_multiple: 0\.5"):
        months_until(10.0, 0.5)


def test_the_table_leaves_out_what_has_no_trend_and_says_so() -> None:
    prices = pd.DataFrame(
        {
            "capability": ["x"] * 6 + ["y"] * 2,
            "date": [*YEARS, 2024.0, 2025.0],
            "usd_per_mtok": [*(10.0 ** -np.arange(6.0)), 5.0, np.nan],
        }
    )
    table = decline_table(prices)
    assert table.capability.tolist() == ["x"]
    assert table.attrs["left_out"] == ["y"]
    assert table.half_life_months[0] == pytest.approx(
        12 * np.log(2) / np.log(table.factor_per_year[0])
    )
    with pytest.raises(ValueError, match="prices lack \\['date'\\]"):
        decline_table(prices.drop(columns="date"))


@pytest.mark.parametrize(
    ("dates", "prices", "message"),
    [
        (YEARS, [5, 4, 3, 2, 1, 0], "prices at index 5: 0.0"),
        (YEARS, [5, 4, 3, 2, 1, float("nan")], "prices at index 5: nan"),
        ([*YEARS[:-1], None], [6, 5, 4, 3, 2, 1], "5 dates and 6 prices"),
        (YEARS, [6, 5, 4], "6 dates and 3 prices"),
        (YEARS, [1, 2, 3, 4, 5, 6], "1 records give no trend"),
    ],
)
def test_prices_without_a_trend_are_refused(dates: Any, prices: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        price_decline(dates, prices)
