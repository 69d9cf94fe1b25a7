"""Drivers from evidence: regressions against other programs, planted truth, and no look ahead."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import catalog
from analysis.demand import evidence as ev
from analysis.demand import known as reader
from analysis.demand import local_growth as growth_model
from analysis.demand.growth_paths import slowed_years
from analysis.demand.inputs import ACCEPTED, DRIVERS, checked
from analysis.demand.local_growth import local_growth, saturating_growth
from analysis.demand.model import project_inputs
from analysis.scaling_laws.trends import log_linear_trend

CUTOFFS = (None, "2024-12-31", "2023-12-31")


def test_a_plain_fit_is_the_log_linear_trend_of_the_scaling_chapter() -> None:
    rng = np.random.default_rng(1)
    years = np.linspace(2023, 2025, 9)
    values = 5 * 3.0 ** (years - 2024) * np.exp(rng.normal(0, 0.2, 9))
    other = log_linear_trend(years.tolist(), values.tolist())
    mine = local_growth(years, values, anchor=2024.5)
    assert mine.growth == pytest.approx(other.growth_per_year, rel=1e-10)
    assert mine.level == pytest.approx(float(other.predict([2024.5])["central"].iloc[0]), rel=1e-10)


def test_an_exact_slowing_path_is_found_exactly() -> None:
    years = np.array([2024.2, 2024.9, 2025.3, 2026.1])
    values = 7.0 * 9.0 ** slowed_years(years - 2025.5, 0.35)
    mine = local_growth(years, values, anchor=2025.5, decay=0.35)
    assert mine.level == pytest.approx(7.0, rel=1e-10)
    assert mine.growth == pytest.approx(9.0, rel=1e-10)


def test_several_series_are_least_squares_with_dummies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth_model, "LEVEL_FLOOR", 0.0)
    monkeypatch.setattr(growth_model, "GROWTH_FLOOR", 0.0)
    rng = np.random.default_rng(2)
    series = ["a", "a", "a", "b", "b", "c"]
    years = np.array([2025.0, 2025.4, 2026.0, 2025.2, 2026.3, 2025.1])
    values = np.exp(rng.normal(1, 1, 6))
    away = slowed_years(years - 2025.5, 0.3)
    dummies = [[float(s == one) for one in "abc"] for s in series]
    design = np.column_stack([np.array(dummies), away])
    coefficient, *_ = np.linalg.lstsq(design, np.log(values), rcond=None)
    left = np.log(values) - design @ coefficient
    variance = (left @ left + 4 * 0.15**2) / (2 + 4)
    covariance = variance * np.linalg.inv(design.T @ design)
    levels = np.exp(coefficient[:3])
    gradient = np.append(levels / levels.sum(), 0.0)
    level_sd = math.sqrt(gradient @ covariance @ gradient)
    slope_sd = math.sqrt(covariance[3, 3])
    t_95 = stats.t.ppf(0.95, 6)
    mine = local_growth(years, values, anchor=2025.5, decay=0.3, series=series)
    assert mine.level == pytest.approx(levels.sum(), rel=1e-9)
    assert mine.levels == pytest.approx(dict(zip("abc", levels, strict=True)))
    assert math.log(mine.growth) == pytest.approx(coefficient[3], rel=1e-9)
    assert math.log(mine.level_high / mine.level) == pytest.approx(t_95 * level_sd, rel=1e-9)
    assert math.log(mine.growth / mine.growth_low) == pytest.approx(t_95 * slope_sd, rel=1e-9)
    correlation = (gradient @ covariance)[3] / (level_sd * slope_sd)
    assert mine.correlation == pytest.approx(correlation, rel=1e-9)


@pytest.mark.parametrize("counts", [2, 4, 8])
def test_intervals_hold_planted_growth_at_least_as_often_as_they_say(counts: int) -> None:
    rng = np.random.default_rng(counts)
    held = np.zeros(2)
    for _ in range(600):
        years = np.sort(rng.uniform(2024, 2026, counts))
        years[-1] = years[0] + max(years[-1] - years[0], 0.5)
        values = 3 * 2.5 ** (years - 2025) * np.exp(rng.normal(0, 0.15, counts))
        fit = local_growth(years, values, anchor=2025.0)
        held += [fit.growth_low <= 2.5 <= fit.growth_high, fit.level_low <= 3 <= fit.level_high]
    assert np.all(held / 600 >= 0.87)
    assert held[0] / 600 <= 0.995


def test_two_points_are_less_sure_than_many() -> None:
    few = local_growth([2025.0, 2025.5], [1.0, 2.0], anchor=2025.0)
    years = np.linspace(2025.0, 2025.5, 12)
    many = local_growth(years, 4.0 ** (years - 2025), anchor=2025.0)
    assert few.growth == pytest.approx(many.growth)
    assert few.growth_high > 1.3 * many.growth_high


def test_growth_towards_a_cap_is_a_straight_line_in_the_double_logarithm() -> None:
    years, cap, anchor = np.array([2024.1, 2024.8, 2025.3, 2026.4]), 3e9, 2025.5
    values = cap * np.exp(-1.7 * np.exp(-0.45 * (years - anchor)))
    slope, intercept = np.polyfit(years - anchor, np.log(np.log(cap / values)), 1)
    fit, decay = saturating_growth(years, values, anchor=anchor, cap=cap)
    assert decay == pytest.approx(-slope, rel=1e-8)
    assert fit.level == pytest.approx(cap * math.exp(-math.exp(intercept)), rel=1e-8)
    assert math.log(fit.growth) == pytest.approx(-slope * math.exp(intercept), rel=1e-8)


def test_bad_counts_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no two dates in one series"):
        local_growth([2025.0, 2025.5], [1.0, 2.0], anchor=2025.0, series=["a", "b"])
    with pytest.raises(ValueError, match="above every value"):
        saturating_growth([2025.0, 2025.5], [1.0, 2.0], anchor=2025.0, cap=2.0)
    with pytest.raises(ValueError, match="grows towards it"):
        saturating_growth([2025.0, 2025.5], [2.0, 1.0], anchor=2025.0, cap=5.0)
    with pytest.raises(ValueError, match="2 years, 1 values"):
        local_growth([2025.0, 2025.5], [1.0], anchor=2025.0)


@pytest.mark.parametrize("as_of", CUTOFFS)
def test_every_driver_is_there_and_accepted_at_both_ends(as_of: str | None) -> None:
    found = reader.driver_records(as_of)
    assert tuple(record.id for record in found) == DRIVERS
    for record in found:
        unit, least, most = ACCEPTED[record.id]
        assert record.unit == unit
        assert least <= record.low < record.central < record.high <= most
        assert record.quantile(0.95) == pytest.approx(record.high)


@pytest.mark.parametrize("as_of", CUTOFFS[1:])
def test_no_row_after_the_date_moves_a_driver(as_of: str) -> None:
    rows, at = reader.evidence(), ev.decimal_year(as_of)
    assumed = reader.assumed_records()
    changed = {}
    until = rows.until(at)
    for field in dataclasses.fields(rows):
        frame = getattr(rows, field.name).copy()
        later = ~frame.index.isin(getattr(until, field.name).index)
        assert later.any(), f"{field.name} has no later row: the test would say nothing"
        columns = [c for c in ("value", "tokens_per_day", "training_flop", "usd_per_gpu_hour")
                   if c in frame]  # fmt: skip
        for column in columns:
            frame[column] = frame[column].where(~later, frame[column] * 37.0)
        changed[field.name] = frame
    after = reader.driver_model.drivers(
        ev.Evidence(**changed), assumed, as_of=as_of, anchor=reader.anchor_of(as_of)
    )
    assert after == reader.driver_records(as_of)


def test_what_has_no_evidence_says_that_it_is_a_prior() -> None:
    priors = {
        as_of: {r.id for r in reader.driver_records(as_of) if r.reason.startswith("Prior")}
        for as_of in CUTOFFS
    }
    assert priors[None] == set()
    assert {"api_tokens_per_day", "api_growth"} <= priors["2024-12-31"] < priors["2023-12-31"]
    assert "messages_per_user_day" in priors["2023-12-31"]


def test_spreads_are_wider_the_less_was_known() -> None:
    def widths(as_of: str | None) -> dict[str, float]:
        return {r.id: math.log(r.high / r.low) for r in reader.driver_records(as_of)}

    now, then = widths(None), widths("2023-12-31")
    for name in ("users_growth", "api_tokens_per_day", "final_run_share", "usd_per_h100e_hour"):
        assert then[name] > now[name]


def test_the_price_by_openais_accounts_is_its_spend_over_its_chip_hours() -> None:
    rows = reader.evidence()
    ends = rows.in_use[rows.in_use["entity"] == "OpenAI"].set_index("year")["value"] * 1e6
    hours = np.linspace(0, 1, 100_001)
    grown = ends[2024] * (ends[2025] / ends[2024]) ** hours
    spend = ev.compute_spend(rows.splits)
    total = spend[spend["year"] == 2025]["value"].sum()
    found = ev.spend_per_h100e_hour(rows.splits, rows.in_use)
    assert found[2025] == pytest.approx(total / (grown.mean() * 8766), rel=1e-4)
    assert found[2024] > found[2025]


def test_googles_own_interface_is_not_counted_twice() -> None:
    found = {r.id: r.central for r in reader.driver_records()}
    volumes = reader.evidence().until(2026.9).volumes
    doubles = pd.concat(
        [
            ev.tokens_of(volumes, *name).assign(series=name[0])
            for name in (("Google", "all AI products"), ("ByteDance", "Doubao"))
        ]
    )
    doubles = doubles[doubles["year"] >= doubles["year"].max() - 2]
    decay = reader.assumed_records()["use_growth_decay"].central
    both = local_growth(
        doubles["year"], doubles["value"], anchor=2025.5, decay=decay,
        series=doubles["series"].tolist(),
    )  # fmt: skip
    assert found["embedded_tokens_per_day"] < both.level
    assert found["embedded_tokens_per_day"] + found["api_tokens_per_day"] > both.level


def test_the_exhibit_gives_other_assistants_their_share_by_messages() -> None:
    rows = catalog.load("token_volumes")
    exhibit = rows[(rows["metric"] == "messages_per_day") & (rows["kind"] == "estimate")]
    total = exhibit["value"].sum() / exhibit.set_index("product")["value"]["ChatGPT"]
    found = {r.id: r for r in reader.driver_records()}
    assert found["assistants_per_chatgpt_user"].central == pytest.approx(total)
    share = found["lead_share_of_use"]
    assert share.high < 1 / total
    assert 0.35 < share.central < 0.6


def test_a_year_end_is_known_on_its_last_day_and_not_before() -> None:
    assert reader.known("2024-12-31").sold_h100e.years[-1] == 2025.0
    assert reader.known("2024-12-01").sold_h100e.years[-1] == 2024.0
    assert reader.known().sold_h100e.years[0] == 2022.25
    assert reader.known().h100_flop_per_s == pytest.approx(989.4e12, rel=1e-3)


def test_central_inputs_run_and_a_change_must_name_an_input() -> None:
    chosen = reader.inputs(price_fall=1.5)
    assert checked(chosen)["price_fall"] == 1.5
    projection = project_inputs(chosen, reader.known())
    assert np.all(np.diff(np.log(projection.largest_run_flop)) > 0)
    with pytest.raises(ValueError, match="price_rise"):
        reader.inputs(price_rise=1.0)
    with pytest.raises(ValueError, match="anchor"):
        reader.driver_records("2024-12-31", 2025.5)


def test_observations_carry_source_range_and_one_row_each() -> None:
    seen = reader.observed_levels()
    assert not seen.duplicated(["quantity", "scope", "year"]).any()
    assert seen["source_id"].str.len().gt(0).all()
    ranged = seen.dropna(subset=["low", "high"])
    assert ((ranged["low"] <= ranged["value"]) & (ranged["value"] <= ranged["high"])).all()
    known = set(catalog.load("sources")["source_id"])
    assert {one for ids in seen["source_id"] for one in ids.split()} <= known
