"""The committed hardware tables: known sums, closed units, no loose ends."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import BYTES_PER_NUMBER, Chip

TABLES = tuple(t for t in catalog.tables() if catalog.describe(t)["path"].startswith("hardware/"))
PRECISION = {"fp16": "bf16", "8-bit": "int8"}


@pytest.fixture(scope="module")
def chips() -> dict[str, Chip]:
    rows = catalog.load("accelerators").to_dict("records")
    return {row["chip_id"]: Chip.from_row(row) for row in rows}


def models() -> pd.DataFrame:
    return catalog.load("llm_architectures").set_index("model_id", drop=False)


@pytest.mark.parametrize("row", models().to_dict("records"), ids=lambda row: row["model_id"])
def test_totals_of_a_model_follow_from_its_shapes(row: dict) -> None:
    # The notes say how far the shapes may miss the figure that the developer rounds.
    stated = re.search(r"shapes agree within ([\d.]+) percent", row["notes"])
    assert stated
    total = Architecture.from_row(row).total_params / 1e9
    assert abs(100 * (total / row["stated_total_params_b"] - 1)) <= float(stated[1]) + 0.07


def test_active_parameters_are_those_stated_where_both_count_the_embeddings() -> None:
    for row in models().to_dict("records"):
        active = Architecture.from_row(row).active_params / 1e9
        embeddings = row["vocab"] * row["hidden"] / 1e9 * (2 - row["tied_embeddings"])
        stated = row["stated_active_params_b"]
        # Some developers leave out one or both embeddings; Kimi and Gemma round or count vision.
        assert stated * 0.97 - 0.35 <= active <= (stated + embeddings) * 1.03, row["model_id"]


def test_windowed_layers_are_counted_from_the_kind_of_attention() -> None:
    shapes = models()
    windowed = shapes.loc[shapes["window_layers"] > 0, ["window_layers", "layers"]]
    share = (windowed["window_layers"] / windowed["layers"]).to_dict()
    assert share == {
        "gpt-oss-20b": 0.5,
        "gpt-oss-120b": 0.5,
        "llama-4-maverick": 0.75,
        "gemma-3-27b": pytest.approx(5 / 6, abs=0.01),
    }
    short, long = (
        Architecture.from_row(shapes.loc["gpt-oss-120b"]).cached_tokens(n) for n in (64, 1e5)
    )
    assert short == 36 * 64
    assert long == 18 * 1e5 + 18 * 128


def test_every_chip_becomes_a_record_and_only_two_have_no_outer_memory(
    chips: dict[str, Chip],
) -> None:
    assert {name for name, chip in chips.items() if chip.on_chip_only} == {"groq_lpu1", "wse3"}


def test_rates_are_dense_and_double_at_most_where_no_vendor_says_more() -> None:
    table = catalog.load("accelerators").set_index("chip_id")
    fp8 = (table["fp8_tflops"] / table["bf16_tflops"]).dropna()
    more = fp8[fp8 > 2.01].index
    assert set(more) == {"l40s", "trn3", "vr200"}  # the first by rounding
    assert fp8["l40s"] < 2.03
    assert (fp8 >= 0.99).all()
    fp4 = (table["fp4_tflops"] / table["fp8_tflops"]).dropna()
    assert fp4.between(0.99, 4.0).all()
    hopper = table[(table["family"] == "hopper") & table["fp8_tflops"].notna()]
    assert hopper["fp8_tflops"].eq(hopper["int8_tops"]).all()


def test_links_are_one_direction_of_two() -> None:
    table = catalog.load("accelerators").dropna(
        subset=["interconnect_gbps", "interconnect_gbps_bidirectional"]
    )
    both = table["interconnect_gbps_bidirectional"] / table["interconnect_gbps"]
    assert both.eq(2).all()
    assert len(table) > 40


@pytest.mark.parametrize("what", ["purchase_price", "cloud_price", "matmul", "cost"])
def test_a_figure_in_a_chip_s_row_has_its_own_source(what: str) -> None:
    figures = {
        "purchase_price": ["purchase_price_usd"],
        "cloud_price": ["cloud_price_usd_per_hour"],
        "matmul": ["measured_max_matmul_pct_bf16", "measured_max_matmul_pct_fp8"],
        "cost": ["allin_kw_per_gpu", "rental_3yr_usd_per_hour"],
    }[what]
    table = catalog.load("accelerators")
    has = table[figures].notna().any(axis=1)
    assert has.any()
    assert has.eq(table[f"{what}_source_id"] != "").all()


def test_a_row_that_calibrates_has_lengths_and_a_chip_that_can_run_it(
    chips: dict[str, Chip],
) -> None:
    rows = catalog.load("serving_benchmarks")
    fit = rows[rows["use_for"] == "calibration"]
    assert len(fit) > 140
    assert fit["precision"].ne("").all()
    # MLPerf logs print no input length.
    assert fit.loc[fit["source_family"] != "MLPerf", "input_tokens"].notna().all()
    for row in fit.itertuples():
        assert chips[row.chip_id].memory_bytes > 0
        assert chips[row.chip_id].memory_bytes_per_s > 0
        precision = PRECISION.get(row.precision, row.precision)
        assert precision in BYTES_PER_NUMBER
        # Hopper has no FP4 units: weights in MXFP4 are widened there.
        rate = chips[row.chip_id].peak_flop_per_s(precision)
        assert rate > 0 or (row.model_id, precision) == ("gpt-oss-120b", "fp4"), row.bench_id


def test_published_rates_agree_with_one_another() -> None:
    rows = catalog.load("serving_benchmarks")
    per_chip = rows["tokens_per_s_total"] / rows["chips_used"] / rows["tokens_per_s_per_chip"]
    assert per_chip.dropna().between(0.999, 1.001).all()
    speed = (rows["tokens_per_s_per_user"] * rows["tpot_ms"] / 1000).dropna()
    assert speed.between(0.99, 1.01).all()
    assert len(speed) > 60
    clients = rows[rows["concurrency_kind"] == "client_concurrency"]
    busy = clients["batch_or_concurrency"] * clients["tokens_per_s_per_user"]
    filled = (clients["tokens_per_s_total"] / busy).dropna()
    assert filled.between(0.7, 1.02).all()


def test_ratios_are_those_of_the_figures_printed_beside_them() -> None:
    rows = catalog.load("nvl72_ratios").dropna(subset=["chip_value", "baseline_value"])
    ratio = rows["chip_value"] / rows["baseline_value"]
    np.testing.assert_allclose(ratio, rows["ratio"], rtol=0.02)
    assert len(rows) >= 6


def test_a_rack_gains_more_the_faster_each_user_is_served() -> None:
    rows = catalog.load("nvl72_ratios")
    rows = rows[rows["model_id"].eq("deepseek-r1") & rows["tokens_per_s_per_user"].notna()]
    for _, same in rows.groupby(["source_id", "chip_id", "per"]):
        ordered = same.sort_values("tokens_per_s_per_user")
        assert ordered["ratio"].is_monotonic_increasing


def test_the_published_service_adds_up() -> None:
    figure = catalog.load("published_service").set_index("metric")["value"]
    gpu_hours = figure["mean_nodes"] * figure["gpus_per_node"] * 24
    assert gpu_hours * figure["assumed_rent"] == pytest.approx(figure["cost_per_day"])
    cached, tokens = figure["cached_input_tokens_per_day"], figure["input_tokens_per_day"]
    assert cached / tokens == pytest.approx(figure["cache_hit_share"], abs=5e-4)
    revenue = (
        cached * figure["price_input_cached"]
        + (tokens - cached) * figure["price_input"]
        + figure["output_tokens_per_day"] * figure["price_output"]
    ) / 1e6
    assert revenue == pytest.approx(figure["theoretical_revenue_per_day"], rel=2e-3)


def test_ranges_hold_their_value() -> None:
    rents = catalog.load("gpu_rental_prices")
    for low, value, high in (
        (rents["usd_low"], rents["usd_per_gpu_hour"], rents["usd_high"]),
        catalog.load("chip_supply")[["value_p5", "value", "value_p95"]].to_numpy().T,
    ):
        low, value, high = (np.asarray(part, dtype=float) for part in (low, value, high))
        assert not (low > value).any()
        assert not (high < value).any()


def test_stocks_of_chips_never_fall() -> None:
    supply = catalog.load("chip_supply")
    stock = supply[supply["metric"].isin(["cumulative_units", "cumulative_compute"])]
    for _, rows in stock.groupby(["metric", "vendor"]):
        assert rows.sort_values("period")["value"].is_monotonic_increasing


def test_bins_of_requests_keep_the_means_of_both_lengths() -> None:
    bins, lengths = catalog.load("request_bins"), catalog.load("request_lengths")
    arrivals = catalog.load("request_arrivals").set_index("workload")
    for workload, cells in bins.groupby("workload"):
        assert cells["share"].sum() == pytest.approx(1, abs=1e-6)
        assert cells["n"].sum() == arrivals.loc[workload, "requests"]
        assert np.ptp(cells["n"]) <= 2
        mean = lengths[lengths["workload"] == workload].set_index("direction")["mean"]
        for direction in ("input", "output"):
            kept = (cells["share"] * cells[f"{direction}_tokens"]).sum()
            assert kept == pytest.approx(mean[direction], rel=1e-5)


def test_code_asks_long_and_answers_short_beside_conversation() -> None:
    mean = catalog.load("request_lengths").set_index(["workload", "direction"])["mean"]
    assert mean["code", "input"] > 1.5 * mean["conversation", "input"]
    assert mean["code", "output"] < 0.2 * mean["conversation", "output"]


@pytest.mark.parametrize("table", TABLES)
def test_no_row_names_a_place_that_readers_cannot_reach(table: str) -> None:
    text = catalog.load(table).to_csv()
    assert not re.search(r"/work/|not recorded \(site", text)
