"""The committed demand tables: keys, shares, ranges, dates, and figures that follow from others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import catalog

TABLES = tuple(t for t in catalog.tables() if catalog.describe(t)["path"].startswith("demand/"))
# Their notes give the arithmetic, which is the source's own, on figures of other units.
OWN_ARITHMETIC = {"yigitokar2026", "erdil2024", "you2025_energy", "epoch_spending2026"}
TOTALS = {"compute_spend", "total_gpus", "chip_spend"}
DAYS = {"minute": 1 / 1440, "day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def load(table: str) -> pd.DataFrame:
    key = catalog.describe(table)["schema"]["primaryKey"][0]
    return catalog.load(table).set_index(key, drop=False)


def recomputed(row: pd.Series, splits: pd.DataFrame) -> float:
    parts = splits.loc[row["parts"].split()]
    first, second = parts.iloc[0], parts.iloc[1]
    if row["metric"] == "inference_share_upper_bound":
        return 1 - first["value"] / second["value_high"]
    if second["metric"] in TOTALS or row["unit"] == "ratio" or row["metric"].startswith("agent"):
        share = first["value"] / second["value"]
        return 1 - share if first["metric"] == "training_spend" else share
    return first["value"] / parts["value"].sum()


@pytest.mark.parametrize("table", TABLES)
def test_keys_are_unique_and_ranges_hold_their_value(table: str) -> None:
    frame = load(table)
    assert frame.index.is_unique
    names = {"value_low": "value_high", "low": "high"}
    for low, high in names.items():
        if low in frame:
            assert not (frame[low] > frame[high]).any()
            assert not (frame["value"] < frame[low]).any()
            assert not (frame["value"] > frame[high]).any()
            assert frame[["value", low, high]].notna().any(axis=1).all()


def test_shares_lie_between_zero_and_one() -> None:
    splits = load("compute_splits")
    shares = splits.loc[
        splits["unit"].str.startswith("share_"), ["value", "value_low", "value_high"]
    ]
    assert len(shares) >= 60
    assert ((shares >= 0) & (shares <= 1) | shares.isna()).all(axis=None)


def test_figures_that_we_derived_follow_from_their_parts() -> None:
    splits = load("compute_splits")
    made = splits[splits["parts"] != ""]
    assert {part for parts in made["parts"] for part in parts.split()} <= set(splits.index)
    off = [abs(recomputed(row, splits) - row["value"]) for _, row in made.iterrows()]
    assert max(off) < 0.003  # two or three digits are printed
    by_hand = {
        "openai_2024_inference_share": 1.8 / (1.8 + 5.0),
        "openai_2024_inference_share_final_runs": 1.8 / (1.8 + 0.47),
        "openai_2025_inference_share": 8.0 / 16.3,
        "openai_2030_plan_share": 1 - 440 / 665,
        "mckinsey_2025_inference_share": 20.9 / 44.0,
        "zai_2025h1_inference_bound": 12 / 70,
    }
    for name, value in by_hand.items():
        assert recomputed(splits.loc[name], splits) == pytest.approx(value), name


def test_every_derived_split_names_its_parts_or_is_the_arithmetic_of_its_source() -> None:
    splits = load("compute_splits")
    derived = splits[(splits["kind"] == "derived") & (splits["parts"] == "")]
    assert set(derived["source_id"]) <= OWN_ARITHMETIC


def test_one_lab_and_year_has_shares_on_both_sides_of_one_half_by_definition_alone() -> None:
    splits = load("compute_splits")
    with_rnd, final = (
        splits.loc[name]
        for name in ("openai_2024_inference_share", "openai_2024_inference_share_final_runs")
    )
    assert (with_rnd["rnd_in_denominator"], final["rnd_in_denominator"]) == ("yes", "no")
    assert with_rnd["value"] < 0.5 < final["value"]
    assert with_rnd["parts"].split()[0] == final["parts"].split()[0]


def test_splits_of_one_whole_add_to_one() -> None:
    value = load("compute_splits")["value"]
    assert value["google_2021_inference_share"] + value["google_2021_training_share"] == 1
    meta = [f"meta_2021_{name}_share" for name in ("inference", "training", "experimentation")]
    assert value[meta].sum() == pytest.approx(1)


def test_a_daily_rate_of_tokens_is_the_value_over_its_days() -> None:
    volumes = load("token_volumes")
    rates = volumes[
        volumes["metric"].str.fullmatch(r"tokens_per_(minute|day|week|month|quarter|year)")
    ]
    days = rates["metric"].str.removeprefix("tokens_per_").map(DAYS)
    assert (rates["value"] / days).to_numpy() == pytest.approx(rates["tokens_per_day"], rel=1e-5)
    assert volumes.loc[volumes["unit"] != "tokens", "tokens_per_day"].isna().all()


def test_a_service_never_has_two_figures_for_one_day_and_source() -> None:
    volumes = load("token_volumes")
    assert not volumes.duplicated(["entity", "product", "metric", "date", "source_id"]).any()
    there = set(catalog.load("query_volumes")["value"])
    messages = volumes[volumes["metric"] == "messages_per_day"]
    assert not set(messages.loc[messages["entity"] == "OpenAI", "value"]) & there


def test_the_lines_of_a_statement_close_its_sum() -> None:
    accounts = load("lab_accounts")["value"]
    splits = load("compute_splits")["value"]
    lines = accounts["openai_2025_sales_marketing"] + accounts["openai_2025_general_expense"]
    lines += splits["openai_2025_cost_of_revenue"] + splits["openai_2025_rnd_expense"]
    assert lines == pytest.approx(accounts["openai_2025_total_costs"], abs=0.03)
    returns = catalog.load("lab_returns").set_index(["lab", "year", "metric"])["value_usd"] / 1e9
    for year in (2024, 2025):
        loss = accounts[f"openai_{year}_total_costs"] - returns["OpenAI", year, "revenue"]
        assert loss == pytest.approx(returns["OpenAI", year, "operating_loss"], abs=0.011)


def test_a_figure_that_stands_in_two_tables_is_the_same() -> None:
    splits = load("compute_splits")["value"]
    returns = catalog.load("lab_returns").set_index(["lab", "year", "metric"])["value_usd"] / 1e9
    assert splits["openai_2025_rnd_expense"] == returns["OpenAI", 2025, "rnd_expense"]
    for name, year in (("openai", 2024), ("openai", 2025), ("anthropic", 2025)):
        lab = {"openai": "OpenAI", "anthropic": "Anthropic"}[name]
        assert splits[f"{name}_{year}_rnd_spend"] == returns[lab, year, "rnd_compute"]
    peers = load("peer_projections")["value"]
    pairs = {
        "pp001": "deloitte_2023_inference_share",
        "pp002": "deloitte_2025_inference_share",
        "pp003": "deloitte_2026_inference_share",
        "pp008": "gartner_2026_inference_share",
        "pp009": "gartner_2029_inference_share",
    }
    for peer, split in pairs.items():
        assert peers[peer] / 100 == pytest.approx(splits[split], abs=0.001), peer
    power = load("power_demand")["value"]
    for peer, row in {
        "pp020": "iea2025_2024",
        "pp021": "iea2025_2030",
        "pp022": "iea2025_2035",
    }.items():
        assert peers[peer] == power[row]


def test_compute_in_use_has_ordered_percentiles_and_grows() -> None:
    peers = load("peer_projections")
    labs = peers[peers["comparable_to"] == "lab_h100e"]
    assert set(labs["unit"]) == {"million H100e"}
    assert labs[["entity", "year"]].drop_duplicates().shape[0] == len(labs) == 11
    assert (labs["low"] < labs["value"]).all()
    assert (labs["value"] < labs["high"]).all()
    growth = labs.pivot_table("value", "entity", "year")
    assert (growth[2025] / growth[2024] > 2).all()
    # The five labs hold 4 to 8 of the 16 million that the same publisher counts as deployed.
    assert 4 < growth[2025].sum() < 8


def test_projections_were_made_by_the_date_of_the_evidence() -> None:
    peers = load("peer_projections")
    assert (peers["made_on"].str[:7] <= catalog.as_of()).all()
    for table, column in (
        ("compute_splits", "date"),
        ("token_volumes", "published"),
        ("lab_accounts", "date"),
        ("power_demand", "date"),
    ):
        assert (load(table)[column].str[:7] <= catalog.as_of()).all()


def test_a_projection_that_ours_is_held_against_has_the_unit_of_it() -> None:
    peers = load("peer_projections")
    units = peers.groupby("comparable_to")["unit"].agg(lambda column: " ".join(sorted(set(column))))
    assert units.drop("none").to_dict() == {
        "fleet_share": "percent",
        "lab_share": "percent",
        "cloud_share": "percent",
        "supply_h100e": "million H100e",
        "lab_h100e": "million H100e",
        "power_w": "GW",
        "largest_run": "FLOP",
        "crossover": "calendar year",
        "tokens": "factor",
    }
    crossing = peers[peers["comparable_to"] == "crossover"]
    assert np.array_equal(crossing["value"], crossing["year"])
