"""What the chapter says of closure, growth, tokens and views, worked out another way."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import assumptions, catalog
from analysis.demand import scenarios
from analysis.demand.findings import closing, growth, projection, views
from analysis.demand.model import YEARS
from analysis.demand.sentences.growth import numbers


def test_the_parts_fill_the_chips_that_there_are() -> None:
    parts = closing.parts_of_supply()
    ratio = projection.drawn("demand_over_supply")
    for year, rows in parts.groupby("year"):
        draws = np.sort(ratio[:, int(np.flatnonzero(year == YEARS)[0])])
        middle = 0.5 * (draws[draws.size // 2 - 1] + draws[draws.size // 2])
        assert rows["share"].sum() == pytest.approx(max(1.0, middle), rel=1e-9)
        assert (rows["share"] >= 0).all()
        assert closing.over_supply(year) == pytest.approx(sum(draws > 1) / draws.size)


def test_parts_are_in_the_mean_proportions_of_the_scenarios() -> None:
    year = 2026
    place = int(np.flatnonzero(year == YEARS)[0])
    wanted = projection.sampled()
    agents = wanted.total("fleet", "chips", "agents")[:, place]
    whole = sum(
        wanted.total("fleet", "chips", part)[:, place] for part in ("training", "inference")
    )
    rows = closing.parts_of_supply().query("year == @year").set_index("part")["share"]
    told = rows[closing.AGENTS] / rows.drop(closing.UNEXPLAINED, errors="ignore").sum()
    assert told == pytest.approx(float(np.mean(agents / whole)), rel=1e-9)


def test_chips_deployed_are_the_labs_chips_over_their_published_share() -> None:
    peers = catalog.load("peer_projections")
    rows = peers[(peers["quantity"] == "lab_compute_in_use") & (peers["year"] == 2025)]
    three = rows.set_index("entity")["value"][["OpenAI", "Anthropic", "SpaceXAI"]].sum()
    splits = catalog.load("compute_splits").set_index("split_id")["value"]
    row = closing.observed_chips().set_index("series").loc[closing.DEPLOYED]
    assert row["value"] == pytest.approx(1e6 * three / splits["epoch_2025_three_labs_share"])
    assert row["low"] < row["value"] < row["high"]
    sold = closing.observed_chips().query("series == @closing.SOLD").set_index("time")["value"]
    assert row["value"] < sold[2026.0]


def test_where_supply_binds_the_labs_spend_what_the_exchange_rate_says() -> None:
    record = assumptions.get("exchange_elasticity")
    ends = 1 / (1 + np.array([record.high, record.central, record.low]))
    best = closing.best_spend()
    assert [best.low, best.central, best.high] == pytest.approx(ends, rel=0.02)
    told = closing.split_by_mode()
    told = told[(told["measure"] == closing.LABS_SPEND) & (told["mode"] == closing.SUPPLY_BINDS)]
    assert told["share"].to_numpy() == pytest.approx(best.central, rel=1e-9)
    assert told["high"].to_numpy() == pytest.approx(best.high, rel=1e-9)


@pytest.mark.parametrize(("year", "weight"), [(2023, 0.0), (2025, 0.5), (2029, 1.0)])
def test_the_labs_hold_between_the_two_counts_what_lies_between(year: int, weight: float) -> None:
    """Chips by chips: the labs' by the exchange rate, older machine learning, and the rest."""
    place = int(np.flatnonzero(year == YEARS)[0])
    wanted = projection.sampled()
    first, last = closing.lab_share_draws().T
    there = wanted.available_h100e[:, place]
    held = there * (first + weight * (last - first))
    serve = 1 / (1 + closing.elasticity_draws())
    odds = serve / (1 - serve) / np.ravel(wanted.price_ratio)
    ranked = wanted.total("fleet", "chips", "other_ml")[:, place]
    ranked_all = ranked + wanted.other_ml_training.chips[:, place]
    fits = np.minimum(1.0, (there - held) / ranked_all)
    rest = np.maximum(there - held - fits * ranked_all, 0.0)
    served = sum(
        (wanted.total("fleet", "chips", kind) - wanted.total("labs", "chips", kind))[:, place]
        for kind in ("chat", "reasoning", "agents", "embedded")
    )
    trained = (
        wanted.total("fleet", "chips", "training") - wanted.total("labs", "chips", "training")
    )[:, place] - (ranked_all - ranked)
    inference = held * odds / (1 + odds) + fits * ranked + rest * served / (served + trained)
    told = closing.split_in(closing.FLEET_CHIPS, closing.SUPPLY_BINDS, year)
    assert told.central == pytest.approx(float(np.median(inference / there)), rel=1e-6)


def test_where_demand_sets_the_split_it_is_the_projections_own() -> None:
    for measure, (scope, unit) in closing.MEASURES.items():
        own = projection.at(f"share:{scope}:{unit}:rnd", 2028)
        told = closing.split_in(measure, closing.DEMAND_SETS, 2028)
        assert [told.low, told.central, told.high] == pytest.approx(
            [own.low, own.central, own.high], rel=1e-9
        )


def test_the_labs_share_is_drawn_and_narrower_than_the_sum_of_their_percentiles() -> None:
    rows = growth.lab_rows((2024, 2025))
    assert sorted(set(rows["vendor"])) == sorted(closing.counted_labs())
    draws = growth.sums_by_year(rows, 20_000, 1)[2025]
    low, high = np.quantile(draws, [0.05, 0.95])
    last = rows[rows["year"] == 2025]
    assert last["value_p5"].sum() < low < last["value"].sum() < high < last["value_p95"].sum()
    assert ((closing.lab_share_draws() > 0) & (closing.lab_share_draws() <= 1)).all()


@pytest.mark.parametrize("year", [2024, 2027, 2030])
def test_the_factors_multiply_to_the_growth_of_spending(year: int) -> None:
    wanted, spent = projection.sampled(), _spent_on_language_models()
    now = int(np.flatnonzero(year == YEARS)[0])
    places = np.linspace(0, projection.DRAWS - 1, growth.SAMPLE).astype(int)
    grew = np.exp(np.mean(np.log(spent[places, now] / spent[places, now - 1])))
    parts = growth.factor_growth().query("year == @year").set_index("part")["log_points"]
    assert np.exp(parts[list(growth.GROUPS)].sum()) == pytest.approx(grew, rel=1e-5)
    assert growth.growth_of(growth.TOTAL, year).central == pytest.approx(grew, rel=1e-5)
    prices = wanted.usd_per_h100e_hour[places]
    fell = np.exp(np.mean(np.log(prices[:, now] / prices[:, now - 1])))
    # The weights of kinds that grow apart add to a little less than one.
    assert np.exp(parts[growth.PRICE]) == pytest.approx(fell, rel=0.03)


def _spent_on_language_models() -> np.ndarray:
    wanted = projection.sampled()
    return wanted.total("fleet", "usd", "inference") - wanted.total("fleet", "usd", "other_ml")


def test_intervals_of_growth_are_those_of_single_scenarios() -> None:
    year = 2028
    table = growth.factor_growth().query("year == @year").set_index("part")
    places = [int(np.flatnonzero(y == YEARS)[0]) for y in (year - 1, year)]
    spent = _spent_on_language_models()
    ratio = np.log(spent[:, places[1]] / spent[:, places[0]])
    low, high = np.quantile(ratio, [0.05, 0.95])
    # A sample of the scenarios is divided into factors.
    assert table.loc[growth.TOTAL, "low"] == pytest.approx(low, abs=0.15)
    assert table.loc[growth.TOTAL, "high"] == pytest.approx(high, abs=0.15)


def test_a_scenario_is_past_its_peak_once_a_later_year_has_less_than_the_most() -> None:
    spent = _spent_on_language_models()
    past = growth.past_peak("usd").set_index("year")["share"]
    for year in (2027, 2030):
        rows = spent[:, year <= YEARS]
        before = spent[:, year > YEARS]
        brute = sum(
            max(early) >= max(late)
            for early, late in zip(before[:500].tolist(), rows[:500].tolist(), strict=True)
        )
        assert np.mean(growth.peak_years("usd")[:500] < year) == pytest.approx(brute / 500)
    assert past.is_monotonic_increasing


def test_google_served_more_tokens_at_the_unit_cost_it_told_of() -> None:
    rows = catalog.load("token_volumes").set_index("volume_id")
    monthly = rows["value"]
    april, later = monthly["google_all_tokens_month_2024_04"], "google_all_tokens_month_2025_04"
    assert growth.google_steps()[0] == pytest.approx(monthly[later] / april, rel=1e-4)
    # A count of a month is of its middle: April 2024 is 2024 + 3.5 / 12.
    into = (1.0 - 3.5 / 12) / 1.0
    start = np.log(april) + into * np.log(monthly[later] / april)
    autumn, spring = "google_all_tokens_month_2025_09", "google_all_tokens_month_2026_05"
    until = (1.0 - 8.5 / 12) / (1.0 - 8.5 / 12 + 4.5 / 12)
    end = np.log(monthly[autumn]) + until * np.log(monthly[spring] / monthly[autumn])
    tokens = growth.grew(growth.GOOGLE_TOKENS)
    assert tokens.central == pytest.approx(np.exp(end - start), rel=0.02)
    cost, compute = growth.grew(growth.GOOGLE_COST), growth.grew(growth.GOOGLE_COMPUTE)
    assert cost.central == pytest.approx(tokens.central * (1 - growth.unit_cost_fall()), rel=1e-6)
    assert growth.unit_cost_fall() == pytest.approx(0.78, abs=0.005)
    assert cost.central < compute.central < tokens.central


def test_growth_per_year_is_the_root_of_what_the_counts_grew() -> None:
    row = growth.token_growth().set_index("series").loc["Gemini API"]
    months = (28.5 + 22 - 31) / 30.5 + 8  # 29 October to 22 July, about
    assert row["growth"] == pytest.approx((22 / 7) ** (12 / months), rel=0.05)
    assert row["low"] < row["growth"] < row["high"]


def test_googles_chips_are_its_own_and_those_it_bought() -> None:
    rows = catalog.load("chip_supply")
    made = rows[(rows["metric"] == "cumulative_compute") & (rows["vendor"] == "Google TPU")]
    bought = rows[(rows["metric"] == "cumulative_compute_by_owner") & (rows["owner"] == "Google")]
    sums = {
        period: sum(part.loc[part["period"] == period, "value"].sum() for part in (made, bought))
        for period in ("2024Q4", "2025Q4")
    }
    told = growth.grew(growth.GOOGLE_CHIPS)
    assert told.central == pytest.approx(sums["2025Q4"] / sums["2024Q4"])


def test_views_cross_where_their_shares_say() -> None:
    lines = views.lines()
    for (measure, label), part in lines.groupby(["measure", "view"]):
        crossed = None
        for year, share in zip(part["year"], part["share"], strict=True):
            if share < 0.5:
                crossed = None
            elif crossed is None:
                crossed = year
        table = views.crossings().set_index(["measure", "view"])["crossing"]
        row = table.loc[(measure, label)]
        first = part["share"].iloc[0] >= 0.5 and crossed == part["year"].iloc[0]
        expected = -np.inf if first else np.inf if crossed is None else crossed
        assert row == expected
    assert set(lines["view"]) == {views.CENTRAL, *(view.label for view in scenarios.VIEWS)}


def test_every_number_of_the_prose_is_said() -> None:
    said = numbers()
    assert all(isinstance(text, str) and text and "nan" not in text for text in said.values())


def test_factors_as_printed_multiply_to_the_growth_as_printed() -> None:
    said = numbers()
    parts = ("people", "thinking_products", "programs", "work", "price")
    product = np.prod([float(said[f"growth_{part}_now"]) for part in parts])
    # Each is rounded to two digits.
    assert product == pytest.approx(float(said["growth_spend_now"]), rel=0.05)


def test_rates_of_google_are_its_steps_over_the_years_between() -> None:
    # April to April; April to May of the next year.
    first, second = growth.google_steps()
    rates = growth.google_rates()
    assert rates[0] == pytest.approx(first, rel=0.05)
    assert rates[1] == pytest.approx(second ** (12 / 13), rel=0.03)
