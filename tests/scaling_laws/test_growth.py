"""Growth rates: planted ones come back, published ones are met, bad points are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.scaling_laws.growth import (
    bootstrap_trend,
    decimal_years,
    excluding_low_confidence,
    log_linear_trend,
    record_holders,
    since,
    theil_sen_trend,
    top_at_release,
    trend_by_selection,
    with_cost_per_flop,
)


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("2023", 2023.5),
        ("2023-01-01", 2023 + 0.5 / 365),
        ("2024-12-31", 2024 + 365.5 / 366),
        ("2024-02", 2024 + (31 + 14.5) / 366),
        (2024.25, 2024.25),
    ],
)
def test_a_date_becomes_the_middle_of_what_is_known(date: Any, year: float) -> None:
    assert decimal_years([date])[0] == pytest.approx(year, abs=1e-12)


def test_missing_dates_stay_missing() -> None:
    assert np.isnan(decimal_years([None, "", float("nan"), pd.NA])).all()


@pytest.mark.parametrize("date", ["2023-13", "2023-02-30", "May 2023", "23", 12.0, "2023-2-1"])
def test_what_is_no_date_is_refused_with_its_row(date: Any) -> None:
    with pytest.raises(ValueError, match=r"date at row 1: .* is not accepted"):
        decimal_years(["2023", date])


def test_planted_growth_comes_back_exactly_without_scatter() -> None:
    years = np.linspace(2012, 2024, 13)
    for fit in (log_linear_trend, theil_sen_trend):
        trend = fit(years, 1e20 * 4.0 ** (years - 2012))
        assert trend.growth_per_year == pytest.approx(4.0)
        assert trend.doubling_months == pytest.approx(6.0)
        assert trend.r2 == pytest.approx(1.0)


def test_the_interval_covers_planted_growth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(20)
    years = rng.uniform(2012, 2024, 25)
    hits = points = 0
    repetitions = 1000
    for _ in range(repetitions):
        values = 10 ** (20 + np.log10(4) * (years - 2012) + rng.normal(0, 0.6, years.size))
        trend = log_linear_trend(years, values, level=0.9)
        hits += trend.growth_low <= 4.0 <= trend.growth_high
        band = trend.predict([2020.0]).iloc[0]
        new = 10 ** (20 + np.log10(4) * 8 + rng.normal(0, 0.6))
        points += band["low"] <= new <= band["high"]
    # Three binomial standard errors about the nominal 90%.
    assert hits / repetitions == pytest.approx(0.9, abs=0.03)
    assert points / repetitions == pytest.approx(0.9, abs=0.03)


def test_one_wild_point_moves_the_median_slope_less_than_the_mean_one() -> None:
    years = np.arange(2012.0, 2025.0)
    values = 4.0 ** (years - 2012)
    values[-1] *= 1e6
    robust, plain = theil_sen_trend(years, values), log_linear_trend(years, values)
    assert abs(robust.growth_per_year - 4) < 0.2 < abs(plain.growth_per_year - 4)


def test_bootstrap_interval_agrees_with_the_t_interval_on_normal_scatter() -> None:
    rng = np.random.default_rng(3)
    years = rng.uniform(2010, 2025, 200)
    values = 10 ** (0.6 * (years - 2010) + rng.normal(0, 0.5, years.size))
    t, b = log_linear_trend(years, values), bootstrap_trend(years, values, resamples=2000, seed=1)
    assert b.growth_low == pytest.approx(t.growth_low, rel=0.01)
    assert b.growth_high == pytest.approx(t.growth_high, rel=0.01)
    assert b == bootstrap_trend(years, values, resamples=2000, seed=1)


def test_missing_points_are_dropped_and_counted() -> None:
    trend = log_linear_trend(["2019", "2020", None, "2021", "2022", "2023"], [1, 2, 4, 4, None, 16])
    assert (trend.n, trend.dropped) == (4, 2)
    assert trend.growth_per_year == pytest.approx(2.0)


def test_too_few_points_and_values_without_logarithm_are_refused() -> None:
    with pytest.raises(ValueError, match="3 usable points of 3"):
        log_linear_trend(["2019", "2020", "2021"], [1, 2, 4])
    with pytest.raises(ValueError, match="on 1 dates"):
        log_linear_trend(["2019"] * 5, [1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match=r"value at row 2 \(GPT\): -4\.0 has no logarithm"):
        log_linear_trend(["2019", "2020", "2021"], [1, 2, -4], labels=["a", "b", "GPT"])
    with pytest.raises(ValueError, match="3 dates and 2 values"):
        log_linear_trend(["2019", "2020", "2021"], [1, 2])


def runs(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["model", "release_date", "training_flop", "confidence"])


RUNS = runs(
    ("late", "2024-06-01", 5e25, "low"),
    ("first", "2019", 1e21, "high"),
    ("small", "2020", 1e20, "high"),
    ("second", "2021-03", 1e23, "medium"),
    ("third", "2022", 5e22, "high"),
)


def test_selections_follow_their_rules() -> None:
    assert record_holders(RUNS)["model"].tolist() == ["first", "second", "late"]
    assert top_at_release(RUNS, 2)["model"].tolist() == [
        "first",
        "small",
        "second",
        "third",
        "late",
    ]
    assert "late" not in excluding_low_confidence(RUNS)["model"].tolist()
    assert since(RUNS, 2022)["model"].tolist() == ["late", "third"]


def test_a_rule_that_leaves_too_few_points_is_named() -> None:
    with pytest.raises(ValueError, match="The largest at release, since 2010: 3 usable points"):
        trend_by_selection(RUNS, start_years=(2010,))


def test_growth_of_the_largest_runs_agrees_with_published_trends() -> None:
    table = catalog.load("training_runs")
    published = catalog.load("growth_rates").set_index("fact_id")
    ours = trend_by_selection(table, start_years=(2010,)).set_index(["selection", "method"])
    top, record = ours.loc[("top10", "least squares")], ours.loc[("record", "least squares")]
    authors = published.loc["compute_notable_2010_2024"]
    # The authors' range is 4 to 5 a year; the interval of so few runs must reach it.
    assert top["growth_low"] < authors["ci_high"]
    assert top["growth_high"] > authors["ci_low"]
    assert record["growth_low"] < authors["ci_high"]
    assert record["growth_high"] > authors["ci_low"]
    assert (ours["n"] + ours["dropped"] <= len(table)).all()


def test_cost_grows_slower_than_compute_because_a_flop_gets_cheaper() -> None:
    table = with_cost_per_flop(catalog.load("training_runs"), price_year=2023, basis="amortised")
    cost = trend_by_selection(table, value="training_cost_usd", start_years=(2016,))
    price = trend_by_selection(table, value="usd_per_flop", start_years=(2016,))
    compute = trend_by_selection(table, start_years=(2016,))
    plain = cost["method"] == "least squares"
    assert (cost["growth_per_year"] < compute["growth_per_year"])[plain].all()
    assert (price["growth_high"] < 1).all()
    # On the same runs the three rates are one identity.
    np.testing.assert_allclose(
        (compute["growth_per_year"] * price["growth_per_year"])[plain],
        cost["growth_per_year"][plain],
    )


def test_costs_on_a_basis_the_table_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"basis 'rented' in 2023.*bases in the table"):
        with_cost_per_flop(catalog.load("training_runs"), price_year=2023, basis="rented")
