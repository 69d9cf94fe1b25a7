"""Rents of chips: classes kept apart, trends with honest intervals, ratios that compare like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, theilslopes

from analysis.hardware import rent_trends, rents


def quotes(**changes: Any) -> pd.DataFrame:
    rows = pd.DataFrame(
        [
            ("2023-01", "a", 4.0, "on-demand", "one"),
            ("2024-01", "a", 2.0, "on-demand", "one"),
            ("2024-01", "b", 1.0, "on-demand", "one"),
            ("2024-01", "a", 9.0, "on-demand list", "two"),
            ("2024-06", "a", 1.5, "spot", "two"),
            ("2024-06", "a", 1.2, "total cost of ownership, neocloud", "model"),
            ("2025", "a", 8.0, "on-demand peak", "two"),
        ],
        columns=["date", "chip_id", "usd_per_gpu_hour", "price_type", "source"],
    ).assign(usd_low=[np.nan] * 6 + [8.0], usd_high=np.nan)
    return rows.assign(**changes)


def series(count: int, factor: float, seed: int, noise: float = 0.2) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    months = generator.choice(36, count, replace=False)
    prices = 4.0 * factor ** (months / 12) * np.exp(noise * generator.standard_t(3, count))
    dates = [f"{2023 + m // 12}-{m % 12 + 1:02d}" for m in months]
    table = pd.DataFrame({"date": dates, "chip_id": "a", "usd_per_gpu_hour": prices})
    return table.assign(price_type="on-demand", source="planted")


def test_each_kind_of_price_has_its_class() -> None:
    found = rents.classify(quotes())["price_class"].tolist()
    assert found == ["on_demand"] * 3 + ["list", "spot", "cost_model", "on_demand"]


def test_a_price_type_of_no_class_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'barter' is of no known class"):
        rents.classify(quotes(price_type="barter"))


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan])
def test_a_price_that_is_not_above_nought_is_refused(price: float) -> None:
    with pytest.raises(ValueError, match="usd_per_gpu_hour at index 0"):
        rents.classify(quotes(usd_per_gpu_hour=price))


@pytest.mark.parametrize("date", ["", "spring", "2024-13", "2024-01-01-01"])
def test_a_date_of_another_form_is_refused(date: str) -> None:
    with pytest.raises(ValueError, match="accepted: YYYY"):
        rents.period_of(date)


def test_a_period_is_as_long_as_the_date_is_vague() -> None:
    spans = [np.diff(rents.period_of(date))[0] for date in ("2024", "2024-07", "2024-07-01")]
    np.testing.assert_allclose(spans, [1, 1 / 12, 1 / 365.25], rtol=1e-9)
    assert rents.period_of("2024-07")[0] == 2024.5


def test_one_sided_quotes_never_count_as_prices() -> None:
    table = rents.classify(quotes())
    assert table["bound"].tolist() == [""] * 6 + ["at least"]
    assert 8.0 not in rents.prices(table, "a", "on_demand")["usd_per_gpu_hour"].tolist()


def test_a_cost_model_is_not_a_price() -> None:
    with pytest.raises(ValueError, match="'cost_model' is not a price"):
        rents.prices(quotes(), "a", "cost_model")


def test_a_chip_without_a_quote_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"no row; the table has \[\('b', 'on_demand'\)\]"):
        rents.prices(quotes(), "b", "spot")


def test_the_month_is_the_median_of_its_quotes_and_holds_their_ranges() -> None:
    rows = quotes(usd_low=[np.nan, 1.8, 0.9, 8.0, 1.4, 1.1, 8.0])
    twice = pd.concat([rows, rows.iloc[[1]].assign(usd_per_gpu_hour=3.0, usd_low=np.nan)])
    months = rents.monthly(twice).set_index(["chip_id", "price_class", "month"])
    row = months.loc[("a", "on_demand", "2024-01")]
    assert row.to_dict() == {"quotes": 2.0, "low": 1.8, "median": 2.5, "high": 3.0}


def test_a_trend_of_exact_dates_is_sens() -> None:
    years = np.linspace(2023, 2026, 9)
    logs = np.log(4 * 0.7 ** (years - 2023)) + np.random.default_rng(2).normal(0, 0.1, 9)
    draws = rent_trends.slope_draws(years, years, logs, 20000, 1)
    expected = theilslopes(logs, years, 0.9)
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    assert middle == pytest.approx(expected.slope, abs=0.01)
    assert (low, high) == pytest.approx((expected.low_slope, expected.high_slope), abs=0.02)


def test_the_interval_covers_planted_trends_as_often_as_it_says() -> None:
    inside = [
        0.65
        in rent_trends.trend(series(8, 0.65, s), "a", "on_demand", draws=400, seed=s).yearly_factor
        for s in range(250)
    ]
    assert 0.84 <= np.mean(inside) <= 0.96


def test_a_rent_that_halves_every_year_has_a_half_life_of_a_year() -> None:
    it = rent_trends.trend(series(30, 0.5, 1, noise=1e-6), "a", "on_demand", draws=400)
    assert it.half_life_years.central == pytest.approx(1.0, abs=0.02)
    assert it.half_life_years.low <= it.half_life_years.central <= it.half_life_years.high


def test_a_rising_rent_never_halves() -> None:
    it = rent_trends.trend(series(20, 1.4, 3, noise=0.01), "a", "on_demand", draws=200)
    assert it.yearly_factor.low > 1
    assert it.half_life_years.central == np.inf


def test_one_odd_quote_does_not_turn_a_trend() -> None:
    rows = series(15, 0.6, 4, noise=0.02)
    rows.loc[14, "usd_per_gpu_hour"] *= 20
    assert 0.6 in rent_trends.trend(rows, "a", "on_demand", draws=300).yearly_factor


def test_too_few_quotes_make_no_trend_and_the_table_says_so() -> None:
    with pytest.raises(ValueError, match="2 exact prices; a trend needs 5"):
        rent_trends.trend(quotes(), "a", "on_demand")
    table = rent_trends.trend_table(pd.concat([quotes(chip_id="z"), series(9, 0.8, 5)]), draws=50)
    assert table["reason"].ne("").equals(table["central"].isna())
    assert "cost_model" not in set(table["price_class"])


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3), (4, 3), (5, 6)])
def test_the_rank_distribution_is_mann_and_whitneys(first: int, second: int) -> None:
    exact = {"alternative": "less", "method": "exact"}
    chances = rent_trends._rank_distribution(first, second)
    assert chances.size == first * second + 1
    assert chances[-1] == pytest.approx(1)
    least = mannwhitneyu(np.arange(first), 100 + np.arange(second), **exact)
    assert chances[0] == pytest.approx(least.pvalue)
    one_out = np.r_[np.arange(first - 1), 100.5]
    next_best = mannwhitneyu(one_out, 100 + np.arange(second), **exact)
    assert chances[1] == pytest.approx(next_best.pvalue)


def test_the_ratio_of_two_spans_covers_the_planted_one() -> None:
    generator, inside = np.random.default_rng(8), []
    for _ in range(400):
        prices = np.r_[2 * np.exp(generator.normal(0, 0.3, 4)), np.exp(generator.normal(0, 0.3, 5))]
        dates = ["2024-03"] * 4 + ["2025-03"] * 5
        rows = pd.DataFrame({"date": dates, "chip_id": "a", "usd_per_gpu_hour": prices})
        it = rent_trends.window_ratio(
            rows.assign(price_type="on-demand"), "a", "on_demand", (2024, 2025), (2025, 2026)
        )
        inside.append(0.5 in it)
    assert 0.87 <= np.mean(inside) <= 0.97


def test_a_level_that_few_quotes_cannot_reach_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 and 1 quotes reach a level of 0\.00 at most"):
        rent_trends.window_ratio(quotes(), "a", "on_demand", (2023, 2024), (2024, 2025))


def test_changes_compare_a_source_with_itself_only() -> None:
    found = rents.same_source_changes(quotes())
    assert found[["source", "change", "years"]].to_dict("records") == [
        {"source": "one", "change": 0.5, "years": pytest.approx(1.0)}
    ]


def test_ratios_pair_quotes_of_one_source_and_date() -> None:
    found = rents.paired_ratios(quotes(), "b", "a")
    assert found[["source", "date", "ratio"]].to_numpy().tolist() == [["one", "2024-01", 0.5]]
    assert rents.paired_ratios(quotes(), "b", "c").empty


def test_unit_prices_divide_by_what_the_chip_does() -> None:
    chips = pd.DataFrame(
        {"chip_id": ["a", "b"], "bf16_tflops": [500.0, np.nan], "memory_gb": [80.0, 40.0]}
    ).assign(memory_bandwidth_gbps=2000.0)
    found = rents.unit_prices(quotes(), chips).iloc[1]
    assert found["usd_per_pflop_hour"] == pytest.approx(4.0)
    assert found["usd_per_tbps_hour"] == pytest.approx(1.0)
    assert found["usd_per_100gb_hour"] == pytest.approx(2.5)
    with pytest.raises(ValueError, match=r"chip_id \['b'\]: no row"):
        rents.unit_prices(quotes(), chips.iloc[:1])
