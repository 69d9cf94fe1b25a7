"""The cheapest chip: the sweep against loops, probabilities against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis import catalog
from analysis.hardware import calibration, choice, named, serve
from analysis.hardware.cost import usd_per_mtok
from analysis.hardware.findings import chip_prices
from analysis.hardware.findings import choice as found
from analysis.hardware.first_token import FirstTokenTerms, first_token_s
from analysis.hardware.points import points_from_rows
from analysis.hardware.precision import mixed_format
from analysis.hardware.serving_options import Options, formats, layouts, options_of
from analysis.hardware.workloads import ANY, Workload, from_bins

CHIPS = ("h100_sxm", "l40s", "b200")
TERMS = FirstTokenTerms(0.05, 0.3)
MOST = 40


def options(model_id: str, chips: tuple[str, ...] = CHIPS) -> Options:
    model = named.models()[model_id]
    return options_of(
        model,
        {name: named.chips()[name] for name in chips},
        {name: named.efficiency(name, model) for name in chips},
        mixed=mixed_format(named.native_formats()[model_id]),
    )


def by_loop(
    model_id: str, chip: str, lengths: tuple[int, int, int], tpot: float, ttft: float
) -> float:
    """Fewest chip-seconds over every format, layout and batch, asked one by one by name."""
    model, record = named.models()[model_id], named.chips()[chip]
    given, written, known = lengths
    best = np.inf
    for form in formats(
        record, mixed=mixed_format(named.native_formats()[model_id]), four_bit=True
    ):
        for tensor, copies in layouts(bool(model.experts > 0), record.memory_bytes):
            try:
                rows = serve(
                    model_id, chip, precision=form, tensor=tensor, attention_copies=copies,
                    requests=np.arange(1, MOST + 1), input_tokens=given, output_tokens=written,
                    cached_tokens=known,
                )  # fmt: skip
            except ValueError:
                continue
            for batch, row in enumerate(rows.itertuples(), start=1):
                if row.requests < batch or row.tpot_ms > 1e3 * tpot:
                    continue
                # Chip-seconds of one chip's part, times the chips that share the prompt.
                prefill = row.prefill_chip_s / tensor
                decode = row.decode_chip_s * batch / tensor
                busy = batch * prefill / (batch * prefill + decode)
                first = TERMS.fixed_s + row.prompt_ms / 1e3 * (
                    1 + TERMS.others_share * (batch - 1) * busy
                )
                if first <= ttft:
                    best = min(best, row.prefill_chip_s + row.decode_chip_s)
    return best


@pytest.mark.parametrize("model_id", ["llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b"])
@pytest.mark.parametrize(
    ("lengths", "tpot", "ttft"),
    [((1000, 200, 0), np.inf, np.inf), ((1000, 200, 0), 0.02, 0.5), ((8000, 400, 7000), 0.03, 1.0)],
)
def test_the_sweep_finds_what_a_loop_over_every_layout_and_batch_finds(
    model_id: str, lengths: tuple[int, int, int], tpot: float, ttft: float
) -> None:
    ways = options(model_id)
    served = choice.best_batches(
        ways, TERMS, input_tokens=lengths[0], output_tokens=lengths[1], cached_tokens=lengths[2],
        tpot_target_s=tpot, ttft_target_s=ttft, most_requests=MOST,
    )  # fmt: skip
    for chip in CHIPS:
        least = served.chip_s[ways.chip_id == chip].min()
        assert least == pytest.approx(by_loop(model_id, chip, lengths, tpot, ttft), rel=1e-9)


@pytest.mark.parametrize("model_id", ["llama-3.3-70b", "deepseek-r1"])
def test_a_larger_batch_takes_fewer_chip_seconds_and_more_time_per_token(model_id: str) -> None:
    ways = options(model_id, ("h200", "b200", "mi355x", "tpu_v6e"))
    steps = []
    for batch in (1, 2, 3, 5, 9, 17, 64, 200, 801, 1024):
        point = choice._operate(ways, np.full(len(ways), float(batch)), (1500.0, 300.0, 0.0))
        held = point.requests_that_fit >= batch
        first = first_token_s(point.times, TERMS, requests=point.requests, output_tokens=300.0)
        spent = point.prefill_chip_s + point.decode_chip_s
        steps.append([np.where(held, value, np.nan) for value in (spent, point.tpot_s, first)])
    spent, tpot, first = (np.array(series) for series in zip(*steps, strict=True))
    assert np.nanmax(np.diff(np.log(spent), axis=0)) <= 1e-9
    assert np.nanmin(np.diff(tpot, axis=0)) >= 0
    assert np.nanmin(np.diff(first, axis=0)) >= 0


def test_one_request_more_breaks_the_limit_that_is_named() -> None:
    ways = options("llama-3.3-70b")
    case = {"input_tokens": 2000.0, "output_tokens": 300.0, "cached_tokens": 0.0}
    served = choice.best_batches(ways, TERMS, **case, tpot_target_s=0.03, ttft_target_s=0.6)
    point = choice._operate(ways, served.requests + 1.0, tuple(case.values()))
    first = first_token_s(point.times, TERMS, requests=point.requests, output_tokens=300.0)
    broken = {
        choice.MEMORY: point.requests_that_fit < served.requests + 1,
        choice.SPEED: point.tpot_s > 0.03,
        choice.FIRST_TOKEN: first > 0.6,
    }
    seen = set()
    for name, beyond in broken.items():
        mine = served.limit == name
        assert np.all(beyond[mine])
        seen |= {name} if mine.any() else set()
    assert choice.SPEED in seen
    assert np.all(served.chip_s[served.requests == 0] == np.inf)


def test_the_wait_for_the_first_token_is_the_one_that_was_fitted() -> None:
    table = catalog.load("serving_benchmarks")
    rows = table[table["chip_id"].isin(CHIPS) & (table["model_id"] == "llama-3.3-70b")]
    points, _, reasons = points_from_rows(
        rows, named.models(), named.chips(), named.families(), named.native_formats()
    )
    values, first = named.fitted()
    times = calibration.times_of(values, points)
    expected = first.ttft_s(points, times) - first.fixed_s(points)
    terms = FirstTokenTerms(0.0, float(np.exp(first.values[5])))
    got = first_token_s(times, terms, requests=points.requests, output_tokens=points.output_tokens)
    open_to_all = points.asked <= points.requests
    assert open_to_all.sum() > 5
    np.testing.assert_allclose(got[open_to_all], expected[open_to_all], rtol=1e-12)
    assert (reasons == "").sum() == len(points)


def test_the_terms_of_the_first_token_are_those_of_the_kept_fit() -> None:
    _, first = named.fitted()
    terms = named.first_token_terms(named.models()["deepseek-r1"])
    assert terms.fixed_s == pytest.approx(np.exp(first.values[0] + first.values[4]))
    assert terms.others_share == pytest.approx(np.exp(first.values[5]))


def test_the_mean_lengths_of_a_trace_stand_for_its_bins() -> None:
    table = catalog.load("request_bins")
    ways = options("llama-3.3-70b")
    for name, rows in table.groupby("workload"):
        work = from_bins(str(name), rows)
        binned = choice.sweep(ways, work, TERMS).set_index("chip_id")["chip_s"]
        flat = choice.sweep(ways, work.at_mean_lengths(), TERMS).set_index("chip_id")["chip_s"]
        ratio = binned / flat
        assert ratio.between(0.97, 1.05).all()
        assert not np.allclose(ratio, 1.0, atol=1e-6)


def test_reading_alone_costs_prefill_alone() -> None:
    ways = options("llama-3.1-8b", ("h100_sxm",))
    table = choice.sweep(ways, Workload("reading", ANY, 500.0, 0.0), TERMS)
    rows = [
        serve("llama-3.1-8b", "h100_sxm", tensor=t, input_tokens=500, output_tokens=1)
        for t in (1, 2, 4, 8)
    ]
    assert table["chip_s"].iloc[0] == pytest.approx(min(r["prefill_chip_s"].iloc[0] for r in rows))
    assert table["limit"].iloc[0] == choice.NO_BATCH


def test_a_chip_that_cannot_says_why() -> None:
    ways = options("deepseek-r1", ("h100_sxm", "b200"))
    work = Workload("chat", ANY, 1000.0, 200.0, tpot_target_s=1e-4)
    table = choice.sweep(ways, work, TERMS).set_index("chip_id")
    assert table.loc["h100_sxm", "limit"] == "does not fit"
    assert table.loc["b200", "limit"] == "too slow"
    assert np.all(np.isinf(table["chip_s"]))


def test_probabilities_sum_to_one_and_agree_with_the_closed_form_of_two_chips() -> None:
    usd, price, speed = np.array([1.0, 1.2, np.inf]), 0.18, np.array([0.1, 0.2, 0.1])
    share = choice.probability_cheapest(usd, price, speed, draws=200_000, seed=3)
    spread = np.sqrt(2 * price**2 + speed[0] ** 2 + speed[1] ** 2)
    assert share.sum() == pytest.approx(1.0)
    assert share[2] == 0.0
    assert share[0] == pytest.approx(norm.cdf(np.log(1.2) / spread), abs=0.004)


def test_equal_chips_share_the_probability_and_a_shared_factor_changes_nothing() -> None:
    share = choice.probability_cheapest(np.full(5, 2.0), 0.2, np.zeros(5), draws=100_000, seed=4)
    np.testing.assert_allclose(share, 0.2, atol=0.006)
    usd = np.array([1.0, 1.1, 1.3])
    args = (0.2, np.full(3, 0.1))
    one = choice.probability_cheapest(usd, *args, draws=500, seed=5)
    np.testing.assert_array_equal(
        one, choice.probability_cheapest(7 * usd, *args, draws=500, seed=5)
    )


def test_every_cell_of_the_map_is_the_minimum_of_its_costs() -> None:
    cells, costs = found.the_map(), found.costs()
    keys = ["workload", "service", "model_id"]
    least = costs.groupby(keys)["usd"].min()
    for row in cells.itertuples():
        assert row.usd == pytest.approx(least[(row.workload, row.service, row.model_id)])
        assert row.usd_low < row.usd < row.usd_high
        assert 0 < row.probability <= 1
        assert row.margin >= 0


def test_a_rent_taken_to_contract_terms_rests_on_the_latest_dated_quote() -> None:
    quotes = catalog.load("gpu_rental_prices").query("chip_id == 'l40s'")
    latest = quotes[quotes["date"].str.len() > 4].sort_values("date").iloc[-1]
    priced = chip_prices.prices().set_index(["chip_id", "basis"])
    row = priced.loc[("l40s", chip_prices.RENTED)]
    ratio, _ = chip_prices.conversion()
    assert row["price_kind"] == chip_prices.CONVERTED
    assert (row["date"], row["source_id"]) == (latest["date"], latest["source_id"])
    assert row["usd_per_chip_hour"] * ratio == pytest.approx(latest["usd_per_gpu_hour"])
    # Lists of large clouds keep the price of their own table.
    tpu = catalog.load("accelerators").set_index("chip_id").loc["tpu_v6e"]
    got = priced.loc[("tpu_v6e", chip_prices.RENTED), "usd_per_chip_hour"]
    assert got * ratio == pytest.approx(tpu["cloud_price_usd_per_hour"])


def test_rents_without_a_contract_hold_no_list_index_or_estimate() -> None:
    table = catalog.load("gpu_rental_prices").query("chip_id == 'h100_sxm' and date >= '2025'")
    kinds = "list|index|contract|total cost"
    table = table[~table["price_type"].str.contains(kinds)]
    priced = chip_prices.prices().set_index(["chip_id", "basis"])["usd_per_chip_hour"]
    got = priced[("h100_sxm", chip_prices.DEMAND)]
    assert got == pytest.approx(table["usd_per_gpu_hour"].median())
    assert np.isnan(priced[("mi355x", chip_prices.DEMAND)])
    assert chip_prices.estimates()["h100_sxm"] < chip_prices.least_quote("h100_sxm")


def test_cost_is_price_times_chip_seconds_over_tokens() -> None:
    got = choice.usd_per_mtok_of(0.5, 2.0, 1200.0, 0.6)
    assert got == pytest.approx(usd_per_mtok(2.0, 1.0, 1200.0 / 0.5, 0.6))


def test_the_speed_frontier_holds_every_layout_and_batch() -> None:
    ways = options("llama-3.3-70b", ("h200",))
    curve = choice.speed_frontiers(ways, 1024.0, 1024.0, batches=400)["h200"]
    for form in ("fp8",):
        for tensor in (1, 2, 4, 8):
            rows = serve("llama-3.3-70b", "h200", precision=form, tensor=tensor,
                         requests=np.array([1, 4, 16, 64]))  # fmt: skip
            speed = rows["tokens_per_s_per_user"].to_numpy()
            inside = speed >= curve.span[0]
            best = curve.at(np.minimum(speed[inside], curve.span[1]))
            assert np.all(rows["output_tokens_per_chip_s"][inside] <= best * (1 + 1e-3))


def test_a_slower_machine_reaches_less_and_the_same_machine_the_same() -> None:
    curve = choice.speed_frontiers(options("llama-3.3-70b", ("h200",)), 1024.0, 1024.0)["h200"]
    speed = np.geomspace(*curve.span, 20)
    np.testing.assert_allclose(choice.slowed(curve, 1.0, speed[:-1]), curve.at(speed[:-1]))
    slow = choice.slowed(curve, 1.3, speed)
    assert np.isnan(slow[-1])
    assert np.nanmax(slow / curve.at(np.clip(speed, *curve.span))) < 1.0


def test_what_cannot_be_ranked_is_refused() -> None:
    none = pd.DataFrame({"chip_id": ["a"], "usd": [np.inf]})
    with pytest.raises(ValueError, match="no chip can do the work"):
        choice.ranked(none, [1.0])
    with pytest.raises(ValueError, match="no chip can do the work"):
        choice.probability_cheapest([np.inf], 0.1, [0.1], draws=10, seed=1)
    with pytest.raises(ValueError, match="usd"):
        choice.probability_cheapest([-1.0, 2.0], 0.1, [0.1, 0.1], draws=10, seed=1)
    with pytest.raises(ValueError, match="chips is empty"):
        options_of(named.models()["llama-3.1-8b"], {}, {})
    with pytest.raises(ValueError, match="most_requests"):
        choice.best_batches(options("llama-3.1-8b"), TERMS, input_tokens=10.0, output_tokens=1.0,
                            most_requests=0.0)  # fmt: skip
    alone = choice.ranked(pd.DataFrame({"chip_id": ["a", "b"], "usd": [1.0, np.inf]}), [1.0, 0.0])
    assert alone["second_chip_id"] == ""
    assert np.isnan(alone["margin"])
