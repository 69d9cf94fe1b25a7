"""The ledger: nothing lost, nothing told twice, every row recomputed by other means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.demand import published_splits as ledger
from analysis.demand.definitions import DENOMINATORS, UNITS, Definition, Factors

LINKS = Factors(0.4, 0.9, 0.7, 0.15)
PER_HOUR = {"flop": 0.4, "spend": 0.9, "power": 0.7, "chips": 1.0}
ALL = [Definition(unit, denominator) for unit in UNITS for denominator in DENOMINATORS]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return ledger.observations().set_index("split_id", drop=False)


@pytest.fixture(scope="module")
def splits() -> pd.DataFrame:
    return catalog.load("compute_splits").set_index("split_id", drop=False)


def one(frame: pd.DataFrame, **wanted: object) -> pd.Series:
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, wanted
    return frame.iloc[0]


def test_every_published_share_is_in_the_ledger_once(
    rows: pd.DataFrame, splits: pd.DataFrame
) -> None:
    about = splits["metric"].str.startswith(("inference_share", "training_share", "inference_to"))
    assert rows["split_id"].is_unique
    assert set(splits.index[about]) <= set(rows.index)
    ours = rows[~rows.index.isin(splits.index)]
    assert (ours["kind"] == "derived").all()
    assert len(rows) == about.sum() + len(ours)


def test_the_words_are_those_of_the_definitions(rows: pd.DataFrame) -> None:
    assert set(rows["unit"]) <= set(UNITS)
    assert set(rows["denominator"]) <= {*DENOMINATORS, "unclear"}
    kinds = {"lead_lab", "lab", "labs", "company", "cloud", "fleet", "models"}
    assert set(rows["scope_kind"]) <= kinds
    assert set(rows.loc[rows["scope_kind"] == "lead_lab", "entity"]) == {"OpenAI"}
    assert rows["value"].between(0, 1).all()
    ranged = rows.dropna(subset=["low", "high"])
    assert (ranged["low"] <= ranged["value"]).all()
    assert (ranged["value"] <= ranged["high"]).all()
    assert (rows["measured_by"].str.len() > 0).all()
    assert len(catalog.sources_of(rows)) == rows["source_id"].nunique()
    assert catalog.tables_of(ledger.observations()) == ("compute_splits",)


def test_what_is_not_comparable_says_why_and_bounds_never_are(rows: pd.DataFrame) -> None:
    assert (rows["comparable"] == (rows["why_not"] == "")).all()
    assert not rows.loc[rows["bound"] != "", "comparable"].any()
    assert rows["comparable"].sum() > len(rows) / 2


def test_every_judgement_is_about_a_row_that_is_there(
    rows: pd.DataFrame, splits: pd.DataFrame
) -> None:
    assert set(ledger.WHY_NOT) <= set(rows.index)
    assert set(ledger.UNIT_OF_ROW) <= set(splits.index)
    assert {*ledger.SAME_AS, *ledger.SAME_AS.values()} <= set(rows.index)
    no_unit = splits["metric"].str.startswith(("inference_to_training", "crossover"))
    assert set(splits.index[no_unit]) == set(ledger.UNIT_OF_ROW)


def test_a_fact_told_again_points_to_where_it_is_told_first(rows: pd.DataFrame) -> None:
    again = rows[rows["same_as"] != ""]
    first = rows.loc[again["same_as"]]
    assert (first["same_as"] == "").all()
    told_by_training = again[again["split_id"].isin(set(again.index) - set(ledger.SAME_AS))]
    np.testing.assert_allclose(
        told_by_training["value"], rows.loc[told_by_training["same_as"], "value"], rtol=1e-12
    )


def test_a_training_share_beside_experiments_is_not_taken_from_one(rows: pd.DataFrame) -> None:
    # 20 of training, 10 of experiments: 70 is left for inference, not 80.
    metas = rows[(rows["entity"] == "Meta") & (rows["scope_kind"] == "company")]
    assert metas.loc[metas["denominator"] == "rnd", "value"].tolist() == pytest.approx([0.7, 0.7])


def test_a_split_told_by_its_training_and_experiments_alone_leaves_the_same_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load = catalog.load

    def without_inference(table: str) -> pd.DataFrame:
        frame = load(table)
        if table == "compute_splits":
            frame = frame[frame["split_id"] != "meta_2021_inference_share"]
        return frame

    monkeypatch.setattr(ledger.catalog, "load", without_inference)
    ledger._ledger.cache_clear()
    found = ledger.observations().set_index("split_id")
    ledger._ledger.cache_clear()
    assert found.loc["meta_2021_training_share", "value"] == pytest.approx(0.7)


def test_compute_of_models_is_flop_and_compute_of_fleets_may_be_chips(rows: pd.DataFrame) -> None:
    models, fleet = rows["scope_kind"] == "models", rows["scope_kind"] == "fleet"
    assert not rows.loc[models, "unit_unclear"].any()
    assert rows.loc[fleet & (rows["unit"] == "flop"), "unit_unclear"].all()


def test_parts_that_leave_a_rest_are_put_over_their_own_sum(
    rows: pd.DataFrame, splits: pd.DataFrame
) -> None:
    parts = splits[(splits["entity"] == "hyperscalers") & (splits["year"] == 2032)]
    inference, training = (
        one(parts, metric=f"{name}_share")["value"] for name in ("inference", "training")
    )
    assert inference + training < 0.7
    found = rows[(rows["entity"] == "hyperscalers") & (rows["year"] == 2032)]["value"]
    assert found.tolist() == pytest.approx([inference / (inference + training)] * 2)


def test_two_rows_of_one_book_agree_under_either_definition(rows: pd.DataFrame) -> None:
    pairs = rows[(rows["same_as"] != "") & (rows["denominator"] == "final_runs")]
    pairs = pairs[pairs["comparable"]]
    assert {"OpenAI", "Meta"} <= set(pairs["entity"])
    for target in ALL:
        told = ledger.as_definition(rows.loc[pairs.index], target, LINKS, 0)["value_as"]
        first = ledger.as_definition(rows.loc[pairs["same_as"]], target, LINKS, 0)["value_as"]
        # One of the two rests on rounded parts.
        np.testing.assert_allclose(told, first, atol=0.006)


def test_openai_in_2024_stands_at_a_quarter_and_at_four_fifths(rows: pd.DataFrame) -> None:
    books = rows[(rows["entity"] == "OpenAI") & (rows["year"] == 2024) & (rows["unit"] == "spend")]
    with_rnd = one(books, same_as="", scope="all rented compute")
    final = one(books, denominator="final_runs")
    assert (with_rnd["value"], final["value"]) == pytest.approx((0.26, 0.79), abs=0.006)
    assert final["same_as"] == with_rnd["split_id"]


def test_shares_from_money_recompute_from_their_parts(
    rows: pd.DataFrame, splits: pd.DataFrame
) -> None:
    ours = rows[~rows.index.isin(splits.index)]
    assert ours[["year", "entity"]].to_numpy().tolist() == [[2024, "Anthropic"]]
    for row in ours.to_dict("records"):
        training, whole = (splits.loc[name] for name in row["split_id"].split("_in_"))
        assert (training["metric"], whole["metric"]) == ("training_spend", "compute_spend")
        assert row["value"] == pytest.approx(1 - training["value"] / whole["value"])
        assert row["confidence"] == "low"


def test_a_derived_row_about_a_later_year_is_ahead_of_it(rows: pd.DataFrame) -> None:
    assert rows.loc[rows["year"] >= 2027, "ahead"].all()
    assert rows.loc[rows["kind"] == "forecast", "ahead"].all()
    assert not rows.loc[rows["kind"] == "measured", "ahead"].any()


@pytest.mark.parametrize("target", ALL, ids=str)
def test_conversions_agree_with_odds_worked_out_row_by_row(
    rows: pd.DataFrame, target: Definition
) -> None:
    found = ledger.as_definition(rows, target, LINKS, 0)
    for row in found.to_dict("records"):
        units = {"flop", "chips"} if row["unit_unclear"] else {row["unit"]}
        trainings = DENOMINATORS if row["denominator"] == "unclear" else (row["denominator"],)
        own = row["own_final_run_share"]
        final = 0.15 if np.isnan(own) else own
        low, high = (row[end] if row[end] == row[end] else row["value"] for end in ("low", "high"))
        told = []
        for unit in units:
            for training in trainings:
                times = PER_HOUR[target.unit] / PER_HOUR[unit]
                times /= final if target.denominator == "final_runs" else 1
                times *= final if training == "final_runs" else 1
                told += [x / (1 - x) * times for x in (low, high)]
        wanted = [odds / (1 + odds) for odds in (min(told), max(told))]
        assert [row["low_as"], row["high_as"]] == pytest.approx(wanted, rel=1e-9)
        assert row["low_as"] <= row["value_as"] <= row["high_as"]
        same = target.denominator in trainings and target.unit in units
        if same:
            assert row["value_as"] == pytest.approx(row["value"], rel=1e-12)


def test_draws_widen_the_interval_and_the_seed_fixes_it(rows: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    draws = Factors(*(value * rng.lognormal(0, 0.2, 2000) for value in (0.4, 0.9, 0.7)), 0.15)
    target = Definition("chips", "rnd")
    narrow = ledger.as_definition(rows, target, LINKS, 3)
    wide = ledger.as_definition(rows, target, draws, 3)
    moved = rows["unit"] != "chips"
    spread = (wide["high_as"] - wide["low_as"])[moved]
    assert (spread > (narrow["high_as"] - narrow["low_as"])[moved]).all()
    pd.testing.assert_frame_equal(wide, ledger.as_definition(rows, target, draws, 3))
    alone = ledger.as_definition(rows.iloc[[7]], target, draws, 3)
    assert alone["high_as"].iloc[0] == wide["high_as"].iloc[7]


def test_rows_that_cannot_be_converted_are_refused() -> None:
    frame = ledger.observations()
    with pytest.raises(ValueError, match="own_final_run_share"):
        ledger.as_definition(frame.drop(columns="own_final_run_share"), ALL[0], LINKS, 0)
    with pytest.raises(ValueError, match="0 rows"):
        ledger.as_definition(frame.head(0), ALL[0], LINKS, 0)


def test_a_caller_cannot_change_the_ledger() -> None:
    before = ledger.observations()
    before["value"] = 0.0
    assert (ledger.observations()["value"] > 0).all()


def test_years_of_crossing_are_those_of_the_table(splits: pd.DataFrame) -> None:
    found = ledger.crossover_observations()
    printed = splits[splits["metric"] == "crossover_year"]
    assert found["year"].tolist() == sorted(printed["value"])
    assert set(found["split_id"]) == set(printed.index)
    assert set(found["unit"]) <= set(UNITS)
    assert found["measured_by"].is_unique


def test_final_run_shares_recompute_from_what_was_measured(splits: pd.DataFrame) -> None:
    found = ledger.final_run_shares().set_index("split_id")
    assert found["value"].between(0, 1).all()
    for name, row in found.iterrows():
        printed = splits.loc[name]
        wanted = {
            "final_runs_share_of_rnd": printed["value"],
            "development_to_final_training_ratio": 1 / (1 + printed["value"]),
            "total_to_final_training_ratio": 1 / printed["value"],
            "training_share": 2 / 3,  # Meta: 20 of training beside 10 of experiments
        }
        assert row["value"] == pytest.approx(wanted[printed["metric"]])
