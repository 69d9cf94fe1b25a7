"""The committed tables of test-time compute: known values, closed vocabularies, no loose ends."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from analysis import catalog

TABLES = (
    "accuracy_points",
    "exchange_rates",
    "price_declines",
    "fixed_score_prices",
    "list_prices",
    "answer_energy",
    "agent_multipliers",
)


def row(table: str, fact_id: str) -> pd.Series:
    return catalog.load(table).set_index("fact_id").loc[fact_id]


@pytest.mark.parametrize("table", TABLES)
def test_every_fact_has_its_own_slug_and_a_known_source(table: str) -> None:
    frame = catalog.load(table)
    assert frame["fact_id"].is_unique
    assert len(catalog.sources_of(frame)) == frame["source_id"].nunique()


@pytest.mark.parametrize("table", TABLES)
def test_notes_hold_nothing_that_was_only_remembered(table: str) -> None:
    assert not re.search("memory", " ".join(catalog.load(table)["notes"]))


def test_o1_scores_are_those_openai_printed_on_fifteen_problems() -> None:
    points = catalog.load("accuracy_points")
    o1 = points[(points["source_id"] == "openai_o1_2024") & (points["benchmark"] == "AIME 2024")]
    printed = {("GPT-4o", 1): 1.8, ("o1", 1): 11.1, ("o1", 64): 12.5, ("o1", 1000): 13.9}
    found = o1.set_index(["model", "x_value"])
    assert set(found.index) == set(printed)
    assert found["questions"].eq(15).all()
    assert found["y_value"].loc["o1"].to_list() == [0.74, 0.83, 0.93]
    for key, right in printed.items():
        assert found["y_value"][key] == pytest.approx(right / 15, abs=0.006)


def test_o3_at_arc_prize_spent_172_times_as_much_for_twelve_points() -> None:
    points = catalog.load("accuracy_points")
    o3 = points[points["source_id"] == "arcprize_o3_2024"]
    semi = o3[o3["benchmark"] == "ARC-AGI-1 semi-private"]
    tokens = semi[semi["x_quantity"] == "thinking_tokens"].set_index("y_value")["x_value"]
    compute = semi[semi["x_quantity"] == "relative_compute"].set_index("y_value")["x_value"]
    assert set(semi["y_value"]) == {0.757, 0.875}
    assert tokens[0.875] / tokens[0.757] == pytest.approx(compute[0.875], rel=0.01)
    samples = semi[semi["x_quantity"] == "samples"].set_index("y_value")["x_value"]
    assert samples[0.875] / samples[0.757] == pytest.approx(compute[0.875], rel=0.01)


def test_what_was_spent_is_named_from_a_closed_list() -> None:
    points = catalog.load("accuracy_points")
    assert set(points["x_quantity"]) == {
        "samples",
        "thinking_tokens",
        "output_tokens",
        "thinking_token_cap",
        "usd_per_task",
        "relative_compute",
        "forced_continuations",
    }
    caps = points["method"] == "thinking budget cap"
    assert (points.loc[caps, "x_quantity"] == "thinking_token_cap").all()
    samples = points[points["x_quantity"] == "samples"]
    assert (samples["x_value"] % 1 == 0).all()
    assert (samples["x_value"] >= 1).all()


def test_coverage_is_a_whole_number_of_questions() -> None:
    points = catalog.load("accuracy_points")
    aime = points[points["benchmark"].str.startswith("AIME") & (points["y_metric"] == "coverage")]
    right = aime["y_value"] * aime["questions"]
    assert len(right) == 6
    np.testing.assert_allclose(right, right.round(), atol=0.011)


def test_nothing_stands_in_for_the_sample_counts_we_compute_from() -> None:
    assert "schaeffer2025" not in set(catalog.load("accuracy_points")["source_id"])
    rates = catalog.load("exchange_rates")
    assert "schaeffer2025" not in set(rates["source_id"])


def test_tenfold_training_saves_fifteenfold_search_in_hex() -> None:
    jones = row("exchange_rates", "jones2021_hex")
    assert jones["value"] == 15
    assert jones["span_training_oom"] == 1
    assert jones["span_inference_oom"] == pytest.approx(np.log10(15), abs=1e-3)


def test_snell_spans_are_the_logarithms_of_the_printed_factors() -> None:
    saved = row("exchange_rates", "snell2024_adaptive_best_of_n")
    assert saved["value"] == 4
    assert saved["span_inference_oom"] == pytest.approx(-np.log10(4), abs=1e-3)
    matched = row("exchange_rates", "snell2024_larger_model")
    assert matched["value"] == 14
    assert matched["span_training_oom"] == pytest.approx(np.log10(14), abs=1e-3)


def test_epoch_takeaways_keep_their_ranges() -> None:
    rates = catalog.load("exchange_rates").set_index("fact_id")
    ends = ["span_training_low", "span_training_high", "span_inference_low", "span_inference_high"]
    assert rates.loc["epoch2023_cheap_verification", ends].to_list() == [3, 4, 5, 6]
    assert rates.loc["epoch2023_any_save_training", ends[2:]].to_list() == [1, 2]
    assert rates.loc["epoch2023_any_save_inference", ends[:2]].to_list() == [1, 2]


@pytest.mark.parametrize("budget", ["training", "inference"])
def test_a_span_lies_inside_its_range(budget: str) -> None:
    rates = catalog.load("exchange_rates")
    low, span, high = (rates[f"span_{budget}_{end}"] for end in ("low", "oom", "high"))
    assert (low.isna() | (low <= span)).all()
    assert (high.isna() | (high >= span)).all()
    assert (high.isna() | low.notna()).all()


@pytest.mark.parametrize("table", ["price_declines", "answer_energy"])
def test_intervals_hold_their_value(table: str) -> None:
    names = {"price_declines": "factor", "answer_energy": "value"}
    frame = catalog.load(table).dropna(subset=[f"{names[table]}_low"])
    value = frame["factor_per_year" if table == "price_declines" else "value"]
    assert len(frame) > 5
    assert (frame[f"{names[table]}_low"] <= value).all()
    assert (frame[f"{names[table]}_high"] >= value).all()


def test_the_rates_of_price_decline_are_those_epoch_released() -> None:
    declines = catalog.load("price_declines")
    fits = declines[(declines["basis"] == "fit") & (declines["metric"] == "price per token")]
    assert len(fits) == 21
    assert fits["factor_per_year"].min() == 9.24
    assert fits["factor_per_year"].max() == 851.16
    mmlu = fits.set_index("fact_id").loc["epoch_token_mmlu_43p9"]
    assert mmlu[["factor_low", "factor_high", "models", "r_squared"]].to_list() == [
        8.29,
        16.72,
        9,
        0.96,
    ]


def test_the_stored_prices_give_back_the_first_fit_of_epoch() -> None:
    prices = catalog.load("fixed_score_prices")
    gpt3 = prices[(prices["benchmark"] == "MMLU") & (prices["threshold"] == 43.9)]
    years = pd.to_datetime(gpt3["date"]).map(pd.Timestamp.toordinal) / 365.25
    slope = np.polyfit(years, np.log(gpt3["usd_per_mtok"]), 1)[0]
    assert np.exp(-slope) == pytest.approx(11.77, rel=0.01)


def test_a_model_listed_at_a_score_reaches_it() -> None:
    prices = catalog.load("fixed_score_prices").dropna(subset=["score"])
    assert (prices["score"] >= prices["threshold"]).all()


def test_cached_input_costs_a_half_at_most() -> None:
    prices = catalog.load("list_prices").dropna(subset=["cached_input_usd_per_mtok"])
    discount = prices["cached_input_usd_per_mtok"] / prices["input_usd_per_mtok"]
    assert set(prices["provider"]) == {"OpenAI", "Anthropic", "DeepSeek"}
    assert discount.between(0.025, 0.5).all()
    known = prices.assign(discount=discount).set_index("fact_id")["discount"]
    assert known["cached_o1_preview_2024_10"] == 0.5
    assert known["cached_claude_sonnet_4_5"] == pytest.approx(0.1)


def test_output_costs_more_than_input() -> None:
    prices = catalog.load("list_prices")
    assert (prices["output_usd_per_mtok"] > prices["input_usd_per_mtok"]).all()


def test_known_energy_of_an_answer() -> None:
    assert row("answer_energy", "gemini_median_full")["value"] == 0.24
    typical = row("answer_energy", "oviedo_typical")["value"]
    longer = row("answer_energy", "oviedo_test_time")["value"]
    assert longer / typical == pytest.approx(13, abs=0.5)


def test_parity_of_training_and_inference_follows_from_its_two_rows() -> None:
    energy = catalog.load("answer_energy").set_index("fact_id")["value"]
    ratio = energy["bloomz_7b_training"] * 1000 / energy["bloomz_7b_inference"]
    # The paper divides unrounded energies and counts fine-tuning.
    assert energy["bloomz_7b_parity"] == pytest.approx(ratio, rel=0.16)


def test_agentic_coding_takes_a_thousand_times_the_tokens_of_code_chat() -> None:
    agents = catalog.load("agent_multipliers").set_index("fact_id")["value"]
    ratio = agents["bai2026_mean_tokens"] / agents["bai2026_code_chat_tokens"]
    assert ratio == pytest.approx(agents["bai2026_agent_against_chat"], rel=0.25)
    assert agents["anthropic_agents"] == 4
    assert agents["anthropic_multi_agent"] == 15
    assert agents["deepseek_cache_hits"] == pytest.approx(342 / 608, abs=1e-3)


def test_shares_are_shares() -> None:
    agents = catalog.load("agent_multipliers")
    shares = agents.loc[agents["unit"] == "share", "value"]
    assert len(shares) == 5
    assert shares.between(0, 1).all()
