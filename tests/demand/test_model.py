"""The demand model: parts sum to totals, effects have the documented sign, history is kept."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from analysis.demand.inputs import ACCEPTED, DRIVERS, EFFECT, checked
from analysis.demand.model import (
    ANCHOR,
    KINDS,
    LAB_KINDS,
    MID_YEARS,
    SCOPES,
    SECONDS_PER_YEAR,
    UNITS,
    Known,
    project_inputs,
)
from analysis.demand.shares import DEFINITIONS, inference_share, shares_by_definition

LATE = np.array([2027.5, 2028.5, 2030.5])


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("scope", SCOPES)
def test_kinds_sum_to_inference_in_every_unit_and_scope(
    scope: str, unit: str, scenarios: dict[str, Any], known: Known
) -> None:
    found = project_inputs(scenarios, known)
    kinds = KINDS if scope == "fleet" else LAB_KINDS
    parts = sum(found.total(scope, unit, kind) for kind in kinds)
    np.testing.assert_allclose(parts, found.total(scope, unit, "inference"), rtol=1e-13)


@pytest.mark.parametrize("unit", UNITS)
def test_the_fleet_trains_what_labs_others_and_other_machine_learning_train(
    unit: str, scenarios: dict[str, Any], known: Known
) -> None:
    found = project_inputs(scenarios, known)
    others = found.available_h100e * scenarios["other_training_share"]
    chips = found.total("labs", "chips", "training") + others + found.other_ml_training.chips
    np.testing.assert_allclose(chips, found.total("fleet", "chips", "training"), rtol=1e-13)
    for scope, wider in (("lead_lab", "labs"), ("labs", "fleet")):
        for part in ("training", "inference"):
            assert np.all(found.total(scope, unit, part) <= found.total(wider, unit, part))


def test_final_runs_are_their_share_of_research_and_development(
    scenarios: dict[str, Any], known: Known
) -> None:
    found = project_inputs(scenarios, known)
    for scope in SCOPES:
        for unit in UNITS:
            share = found.total(scope, unit, "final_runs") / found.total(scope, unit, "training")
            np.testing.assert_allclose(share, scenarios["final_run_share"] + 0 * share, rtol=1e-12)


def test_shares_and_levels_at_the_anchor_are_products_written_out(
    central: dict[str, float], known: Known
) -> None:
    x = central
    found = project_inputs(x, known, times=np.array([ANCHOR]))
    lead = x["largest_run_flop"] * (1 + x["post_training_ratio"]) / x["final_run_share"]
    assert found.total("lead_lab", "flop", "training")[0] == pytest.approx(lead, rel=1e-12)
    messages = (
        x["chatgpt_users"] * x["assistants_per_chatgpt_user"] * x["messages_per_user_day"]
        * 365.2425
    )  # fmt: skip
    plain = messages * (1 - x["reasoning_share"])
    read = plain * x["chat_read_tokens"] * (1 - x["cached_share"]) * 2 * x["active_parameters"]
    written = plain * x["chat_written_tokens"] * 2 * x["active_parameters"]
    rate = known.h100_flop_per_s * SECONDS_PER_YEAR * x["serving_load"]
    chips = (read / x["prefill_utilisation"] + written / x["decode_utilisation"]) / rate
    assert found.total("fleet", "chips", "chat")[0] == pytest.approx(chips, rel=1e-12)
    assert found.total("fleet", "flop", "chat")[0] == pytest.approx(read + written, rel=1e-12)
    calls = x["api_tokens_per_day"] / x["reported_token_share"] * 365.2425
    assert found.total("fleet", "tokens", "agents")[0] == pytest.approx(calls, rel=1e-12)


def test_one_scenario_is_a_row_of_many(scenarios: dict[str, Any], known: Known) -> None:
    many = project_inputs(scenarios, known)
    one = project_inputs({k: float(v[17, 0]) for k, v in scenarios.items()}, known)
    for scope, unit, rnd in DEFINITIONS:
        np.testing.assert_allclose(
            inference_share(many, scope, unit, rnd=rnd)[17],
            inference_share(one, scope, unit, rnd=rnd),
            rtol=1e-13,
        )


def test_quarters_lie_between_the_years_they_are_in(
    central: dict[str, float], known: Known
) -> None:
    quarters = np.arange(2024.125, 2029.0, 0.25)
    fine = project_inputs(central, known, times=quarters)
    coarse = project_inputs(central, known, times=np.arange(2024.0, 2030.0))
    for part in ("training", "inference"):
        values = fine.total("labs", "chips", part)
        ends = coarse.total("labs", "chips", part)
        years = (quarters - 2024.0).astype(int)
        assert np.all((values > ends[years]) & (values < ends[years + 1]))


@pytest.mark.parametrize("name", ACCEPTED)
def test_more_of_an_input_moves_the_share_as_documented(
    name: str, scenarios: dict[str, Any], known: Known
) -> None:
    _, least, most = ACCEPTED[name]
    up = np.clip(scenarios[name] * 1.1, least, most)
    before = project_inputs(scenarios, known, times=LATE)
    after = project_inputs(scenarios | {name: up}, known, times=LATE)
    for sign, (scope, unit) in zip(
        EFFECT[name], (("labs", "usd"), ("fleet", "chips")), strict=True
    ):
        change = inference_share(after, scope, unit) - inference_share(before, scope, unit)
        moved = change[(up != scenarios[name]).ravel()]
        if sign == 0:
            np.testing.assert_allclose(moved, 0.0, atol=1e-12)
        elif sign is not None:
            assert np.all(sign * moved > -1e-14), (name, scope, unit)
            assert np.mean(sign * moved > 0) > 0.3, (name, scope, unit)


def test_every_input_is_an_assumption_or_a_driver(central: dict[str, float]) -> None:
    assert set(central) == set(ACCEPTED) == set(EFFECT)
    assert set(DRIVERS) < set(ACCEPTED)
    assert 20 <= len(set(ACCEPTED) - set(DRIVERS)) <= 35


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_outside_its_range_is_refused_with_the_range(
    name: str, central: dict[str, float]
) -> None:
    unit, least, most = ACCEPTED[name]
    for value in (np.nextafter(least, -np.inf), np.nextafter(most, np.inf), np.nan):
        words = re.escape(f"is not accepted; accepted: {least:g} to {most:g} {unit}")
        with pytest.raises(ValueError, match=f"^{name}, row 0: .*{words}$"):
            checked(central | {name: value})


def test_unknown_and_missing_inputs_are_refused(central: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"unknown \['magic'\], missing \[\]"):
        checked(central | {"magic": 1.0})
    with pytest.raises(ValueError, match=r"missing .*run_growth"):
        checked({k: v for k, v in central.items() if k != "run_growth"})


def test_a_wrong_scope_unit_or_part_lists_the_accepted(
    central: dict[str, float], known: Known
) -> None:
    found = project_inputs(central, known)
    for arguments in (("moon", "flop", "training"), ("labs", "bytes", "training"),
                      ("labs", "flop", "magic")):  # fmt: skip
        with pytest.raises(ValueError, match="is not known; accepted: "):
            found.total(*arguments)


def test_the_counted_supply_is_kept_and_old_chips_go_out(
    central: dict[str, float], known: Known
) -> None:
    times = np.array([2023.0, 2024.0, 2025.0, 2026.0])
    found = project_inputs(central, known, times=times)
    np.testing.assert_allclose(found.sold_h100e, known.sold_h100e.values[1:], rtol=1e-12)
    long_lived = project_inputs(central | {"years_in_service": 15.0}, known, times=LATE)
    short_lived = project_inputs(central | {"years_in_service": 3.0}, known, times=LATE)
    gone = project_inputs(central, known, times=LATE - 3.0).sold_h100e
    lost = (long_lived.available_h100e - short_lived.available_h100e) / central["available_share"]
    old = central["stock_before_2022_h100e"]
    # The long-lived still hold all but the oldest; the short-lived lost what was sold until then.
    assert np.all((lost > 0.9 * gone) & (lost < gone + old))


def test_reading_without_counting_experiments_raises_the_share(
    central: dict[str, float], known: Known
) -> None:
    frame = shares_by_definition(project_inputs(central, known))
    assert len(frame) == len(DEFINITIONS) * len(MID_YEARS)
    wide = frame.pivot(index=["scope", "unit", "time"], columns="rnd_counts", values="share")
    assert np.all(wide[False] > wide[True])
    assert frame["share"].between(0, 1).all()


def test_no_corner_of_what_is_accepted_overflows_or_turns_a_share(known: Known) -> None:
    rng = np.random.default_rng(6)
    corners = {
        name: rng.choice([least, most], (3000, 1)) for name, (_, least, most) in ACCEPTED.items()
    }
    found = project_inputs(corners, known)
    for scope, unit, rnd in DEFINITIONS:
        share = inference_share(found, scope, unit, rnd=rnd)
        assert np.all((share >= 0) & (share <= 1)), (scope, unit, rnd)


def test_prices_fall_less_each_year_and_power_steadily(
    central: dict[str, float], known: Known
) -> None:
    times = np.array([ANCHOR, ANCHOR + 3.0, ANCHOR - 1.0])
    found = project_inputs(central, known, times=times)
    decay, fall = central["supply_growth_decay"], central["price_fall"]
    slowed = (1 - np.exp(-3 * decay)) / decay
    price = central["usd_per_h100e_hour"]
    expected = [price, price * fall**-slowed, price * fall]
    np.testing.assert_allclose(found.usd_per_h100e_hour, expected, rtol=1e-12)
    watts = central["watts_per_h100e"] * central["watts_fall"] ** -(times - ANCHOR)
    np.testing.assert_allclose(found.watts_per_h100e, watts, rtol=1e-12)


def test_embedded_use_keeps_its_own_cache_and_models(
    central: dict[str, float], known: Known
) -> None:
    x = central | {"cached_share": 0.2, "agent_cached_share": 0.9}
    found = project_inputs(x, known, times=np.array([ANCHOR]))
    tokens = x["embedded_tokens_per_day"] / x["reported_token_share"] * 365.2425
    written = x["api_written_share"]
    computed = tokens * ((1 - written) * (1 - 0.2) + written)
    expected = 2 * x["embedded_active_parameters"] * computed
    assert found.total("fleet", "flop", "embedded")[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("4", "str is not accepted"), (None, "NoneType is not accepted"),
        ([4.0], "list is not accepted"), (np.array(["4"]), "an array of <U1"),
        (np.full(12, 4.0), r"an array of shape \(12,\)"), (np.empty((0, 1)), r"shape \(0, 1\)"),
        (True, "bool is not accepted"),
    ],
)  # fmt: skip
def test_what_is_no_number_and_no_column_is_refused_by_name(
    value: Any, words: str, central: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=f"^run_growth: .*{words}"):
        checked(central | {"run_growth": value})


@pytest.mark.parametrize("times", [[np.nan], [1900.0], [2100.0], [], [[2025.5]]])
def test_times_that_the_model_does_not_hold_for_are_refused(
    times: Any, central: dict[str, float], known: Known
) -> None:
    with pytest.raises(ValueError, match=r"times: .*decimal years from 2010 to 2031"):
        project_inputs(central, known, times=times)
