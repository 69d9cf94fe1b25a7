"""Conversions and verdicts of the ledger, worked out again from money, draws and loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.demand.definitions import DENOMINATORS, UNITS, Definition, convert_share
from analysis.demand.findings import ledger, projection
from analysis.demand.model import YEARS
from analysis.demand.published_splits import observations
from analysis.demand.sentences import ledger as sentences
from analysis.demand.sentences.percents import percent

NAMES = {"flop": "flop", "chips": "chips", "spend": "usd", "power": "power_w"}
COUNTED = {"rnd": "rnd", "final_runs": "final"}


@pytest.fixture(scope="module")
def against() -> pd.DataFrame:
    return ledger.against_model()


def test_openais_shares_recompute_from_money_and_factors() -> None:
    usd = catalog.load("compute_splits").set_index("split_id")["value"]
    research = usd["openai_2024_rnd_spend"]
    served = {
        "openai_2024_inference_share": usd["openai_2024_inference_spend"],
        "openai_2024_azure_inference_share": usd["openai_2024_azure_inference_spend"],
    }
    price = np.median(projection.drawn_input("inference_price_ratio"))
    draw = np.median(projection.drawn_input("inference_draw_ratio"))
    for split, inference in served.items():
        for trained, denominator in (
            (research, "rnd"), (usd["openai_2024_final_runs"], "final_runs"),
        ):  # fmt: skip
            money = ledger.account(split, "spend", denominator).central
            assert money == pytest.approx(inference / (inference + trained), abs=0.006)
            odds = inference / trained / price
            chips = ledger.account(split, "chips", denominator)
            assert chips.central == pytest.approx(odds / (1 + odds), abs=0.006)
            power = ledger.account(split, "power", denominator).central
            assert power == pytest.approx(odds * draw / (1 + odds * draw), abs=0.012)
            assert chips.low < chips.central < chips.high


def test_one_definition_or_another_matters_more_than_which_papers_one_reads() -> None:
    (final,) = ledger.printed_accounts(2024, "final_runs")
    both = ledger.printed_accounts(2024)
    by_definition = final - both[0]
    assert by_definition > 0.5
    assert by_definition > 2 * (both[-1] - both[0])
    later = ledger.printed_accounts(2025)
    assert len(later) == 3
    assert by_definition > 2 * (later[-1] - later[0])


@pytest.mark.parametrize(("scope", "year"), [("lead_lab", 2024), ("labs", 2025), ("fleet", 2026)])
def test_the_factors_turn_one_share_of_the_model_into_every_other(scope: str, year: int) -> None:
    place = int(np.flatnonzero(year == YEARS)[0])
    links = ledger.factors(scope, year)
    start = projection.drawn(f"share:{scope}:usd:rnd")[:, place]
    for unit in UNITS:
        # The fleet's own final runs are those of frontier laboratories alone.
        for denominator in DENOMINATORS if scope != "fleet" else DENOMINATORS[:1]:
            name = f"share:{scope}:{NAMES[unit]}:{COUNTED[denominator]}"
            found = convert_share(start, ledger.MONEY, Definition(unit, denominator), links)
            np.testing.assert_allclose(found, projection.drawn(name)[:, place], rtol=1e-9)


def test_every_row_of_the_ledger_is_shown_or_has_a_reason() -> None:
    rows, told, rest = observations(), ledger.told(), ledger.left_out()
    assert sorted([*told["split_id"], *rest["split_id"]]) == sorted(rows["split_id"])
    assert (rest["reason"] != "").all()
    assert told["year"].isin(YEARS).all()
    assert told["comparable"].all()
    fact = told["same_as"].where(told["same_as"] != "", told["split_id"])
    assert not told.assign(fact=fact).duplicated(["fact", "unit", "denominator"]).any()
    measured = told[told["kind"] == "measured"]
    assert {"Google", "Meta"} == set(measured["entity"])


def test_the_spread_of_a_year_is_that_of_its_rows() -> None:
    rows = ledger.on_one_definition()
    for row in ledger.spread_by_year().to_dict("records"):
        part = rows[rows["year"] == row["year"]]
        if row["group"] != "all":
            part = part[part["group"] == row["group"]]
        assert row["count"] == len(part) >= 3
        assert row["printed"] == pytest.approx(np.ptp(part["value"]))
        assert row["low"] <= row["converted"] <= row["high"]
        # A median of differences is near the difference of medians.
        assert row["converted"] == pytest.approx(row["as_high"] - row["as_low"], abs=0.02)
    before = ledger.spread(2024)
    assert before["narrower"] > 0.99
    assert before["converted"] < before["printed"] / 2


def test_a_share_is_inside_where_the_draws_say_so(against: pd.DataFrame) -> None:
    for row in against.to_dict("records"):
        name = f"share:{row['model_scope']}:{NAMES[row['unit']]}:{COUNTED[row['denominator']]}"
        draws = projection.drawn(name)[:, row["year"] - 2019]
        below = np.mean(draws < row["share"])
        if min(abs(below - 0.05), abs(below - 0.95)) > 1e-3:
            assert row["inside"] == (0.05 < below < 0.95)
    assert set(against["split_id"]) == set(ledger.told()["split_id"])
    once = against.groupby("split_id")["first_reading"].sum()
    assert (once == 1).all()


def test_what_is_not_told_is_read_in_every_way_it_can_be(against: pd.DataFrame) -> None:
    ways = against.groupby("split_id").size()
    for row in ledger.told().to_dict("records"):
        units = 2 if row["unit_unclear"] else 1
        assert ways[row["split_id"]] == units * (2 if row["denominator"] == "unclear" else 1)
    for split, readings in against.groupby("split_id"):
        kept = {ledger.INSIDE: "all", ledger.ONE_READING: "any", ledger.OUTSIDE: "none"}
        held = readings["inside"]
        wanted = "all" if held.all() else "any" if held.any() else "none"
        assert {kept[verdict] for verdict in readings["verdict"]} == {wanted}, split


def test_every_split_outside_the_interval_has_a_reason(against: pd.DataFrame) -> None:
    outside = ledger.outside()
    assert (outside["reason"] != "").all(), outside["split_id"].tolist()
    assert set(ledger.REASONS) <= set(against["split_id"])
    assert len(outside) == ledger.verdicts()[ledger.OUTSIDE]
    assert ledger.above() == sum(outside["share"] > outside["high"])
    assert (against.loc[against["verdict"] != ledger.OUTSIDE, "reason"] == "").all()


def test_accounts_that_weight_the_scenarios_are_no_test_of_them(against: pd.DataFrame) -> None:
    weighed = against[against["weighed"]]
    assert set(weighed["entity"]) == {"OpenAI"}
    assert set(weighed["year"]) == {2024, 2025}
    assert len(ledger.independent()) == len(ledger.told()) - weighed["split_id"].nunique()


def test_a_later_edition_with_the_same_share_is_no_further_figure() -> None:
    rows = observations().set_index("split_id")
    later = rows.loc["gartner_aug2026_2026_inference_share"]
    first = rows.loc[later["same_as"]]
    for column in ("year", "entity", "scope", "unit", "denominator", "value"):
        assert later[column] == first[column]
    assert later["made_on"] > first["made_on"]
    assert later.name not in set(ledger.told()["split_id"])


def test_a_share_just_outside_is_told_apart_from_the_end() -> None:
    assert sentences.apart(0.55, 0.1776, 0.5474) == ("55.0%", "17.8%", "54.7%")
    assert sentences.apart(0.55, 0.18, 0.49) == ("55%", "18%", "49%")
    assert sentences.apart(0.2, 0.2001, 0.4) == ("20.00%", "20.01%", "40.00%")
    for row in ledger.outside().to_dict("records"):
        said, *ends = sentences.apart(row["share"], row["low"], row["high"])
        assert said not in ends


def test_shares_too_small_to_print_are_told_as_such() -> None:
    assert percent(0.0004) == "under 0.1%"
    assert percent(0.0) == "0%"
    assert percent(0.001) == "0.10%"
    assert percent(0.29) == "29%"


def test_every_number_of_the_prose_is_there() -> None:
    found = sentences.numbers()
    assert all(found.values())
    assert found["ledger_openai_2024_rnd"] == "26%"
    assert found["ledger_openai_2024_final"] == "79%"
    out = found["ledger_left_out_list"].splitlines()
    assert int(found["ledger_rows"]) == int(found["ledger_comparable"]) + len(out)
    assert len(found["ledger_outside_list"].splitlines()) == int(found["ledger_outside"])
    for line, row in zip(out, ledger.left_out().to_dict("records"), strict=True):
        assert line.startswith(f"- {row['year']}, ")
        assert line.endswith(f"; {row['reason']}.")
        assert ("at least" in line, "at most" in line) == (
            row["bound"] == "lower", row["bound"] == "upper",
        )  # fmt: skip
    every, one = (int(found[f"ledger_inside_{key}"]) for key in ("every_reading", "one_reading"))
    assert every + one + int(found["ledger_outside"]) == int(found["ledger_told"])
    alone = ledger.against_model().query("not weighed").groupby("split_id")["inside"]
    assert int(found["ledger_independent_every_reading"]) == alone.all().sum()
