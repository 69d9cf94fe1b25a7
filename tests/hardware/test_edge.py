"""What fits where, and how fast memory lets it decode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware import edge
from analysis.hardware.architecture import Architecture

DENSE = Architecture(
    layers=32, hidden=4096, heads=32, kv_heads=8, head_dim=128, ffn=14336, vocab=128256
)
WINDOWED = replace(DENSE, window=1024, window_layers=24)
SPARSE = replace(DENSE, ffn=0.0, experts=64, experts_active=4, moe_ffn=2048, moe_layers=32)
HALF = edge.Storage(weight_bytes=2.0, cache_bytes=2.0)


@pytest.fixture(scope="module")
def market(reference: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return reference("hardware_market")


def test_memory_is_weights_and_the_cache_of_each_request() -> None:
    none = edge.memory_needed_bytes(DENSE, HALF, 0)
    assert none == 2 * DENSE.total_params
    grown = edge.memory_needed_bytes(DENSE, HALF, 1000, requests=[1, 3])
    np.testing.assert_allclose(grown - none, np.array([1, 3]) * 1000 * 32 * 2 * 8 * 128 * 2)


@pytest.mark.parametrize("model", [DENSE, WINDOWED, replace(DENSE, window=512, window_layers=16)])
@pytest.mark.parametrize("memory_gb", [16.2, 17.0, 24.0])
@pytest.mark.parametrize("requests", [1, 3])
def test_the_largest_context_is_the_last_that_fits(
    model: Architecture, memory_gb: float, requests: int
) -> None:
    most = edge.largest_context(model, HALF, memory_gb * 1e9, 1.0, requests)
    tried = np.arange(0, 400_000)
    fits = edge.memory_needed_bytes(model, HALF, tried, requests) <= memory_gb * 1e9
    assert int(most) == tried[fits][-1]


def test_weights_that_do_not_fit_leave_no_context() -> None:
    assert edge.largest_context(DENSE, HALF, 10e9, 1.0) == 0


def test_windows_in_every_layer_leave_context_without_end() -> None:
    model = replace(DENSE, window=1024, window_layers=32)
    assert edge.largest_context(model, HALF, 24e9, 1.0) == np.inf
    assert edge.largest_context(model, HALF, 16.1e9, 1.0) < 1024


def test_the_experts_read_are_those_that_random_routing_touches() -> None:
    generator = np.random.default_rng(1)
    for tokens in (1, 4, 20):
        drawn = [
            len({e for _ in range(tokens) for e in generator.choice(64, 4, replace=False)})
            for _ in range(600)
        ]
        assert edge.experts_read(64, 4, tokens) == pytest.approx(np.mean(drawn), rel=0.03)
    assert edge.experts_read(0, 0, 7) == 0


def test_one_token_reads_the_parameters_it_passes_through() -> None:
    for model in (DENSE, SPARSE):
        lookup = model.vocab * model.hidden
        read = edge.bytes_per_step(model, HALF, 0)
        assert read == pytest.approx(2 * (model.active_params - lookup))


def test_a_large_batch_reads_no_more_than_all_weights() -> None:
    read = edge.bytes_per_step(SPARSE, HALF, 0, 10_000)
    whole = SPARSE.always_params + SPARSE.routed_params + SPARSE.head_params
    assert read == pytest.approx(2 * whole)


def test_speed_is_bandwidth_over_bytes_and_falls_with_context() -> None:
    speed = edge.decode_tokens_per_s(DENSE, HALF, 100e9, 0.5, [0, 1000, 100_000])
    assert speed[0] == pytest.approx(50e9 / edge.bytes_per_step(DENSE, HALF, 0))
    assert (np.diff(speed) < 0).all()
    half_as_many_bytes = edge.Storage(1.0, 1.0)
    twice = edge.decode_tokens_per_s(DENSE, half_as_many_bytes, 100e9, 0.5, 1000)
    assert twice == pytest.approx(2 * speed[1])


def test_measured_decoding_at_home_stays_below_the_bound(market: dict[str, Any]) -> None:
    single = market["single_stream"]
    found = []
    for row in single["rates"]:
        model = Architecture(**single[row["model"]])
        # Written from an empty context, so half of it stands on average.
        context = np.array(single["written_tokens"]) / 2
        rates, bandwidth = np.array(row["tokens_per_s"]), row["bandwidth_gbps"] * 1e9
        found.append(edge.bandwidth_efficiency(model, HALF, bandwidth, rates, context))
    assert np.min(found) > 0.55
    assert np.max(found) < 0.9
    assert np.median(found) == pytest.approx(0.75, abs=0.05)


def test_reading_the_cache_explains_most_of_the_slowdown_with_context(
    market: dict[str, Any],
) -> None:
    spark = market["spark"]
    model = Architecture(**spark["model"])
    assert model.total_params == pytest.approx(spark["params_b"] * 1e9, rel=0.002)
    storage = edge.Storage(spark["file_gib"] * 2**30 / model.total_params, 2.0)
    bandwidth = spark["bandwidth_gbps"] * 1e9
    depth, measured = np.array(spark["depth_tokens"]), np.array(spark["tokens_per_s"])
    efficiency = edge.bandwidth_efficiency(model, storage, bandwidth, measured, depth)
    assert efficiency == pytest.approx(np.full(5, 0.6), abs=0.06)
    predicted = edge.decode_tokens_per_s(model, storage, bandwidth, efficiency[0], depth)
    assert np.abs(np.log(predicted / measured)).max() < 0.12


def test_a_rate_above_the_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="measured over the bound of bandwidth"):
        edge.bandwidth_efficiency(DENSE, HALF, 100e9, 50.0, 0)


def test_energy_per_token_and_tokens_per_charge_are_one_balance() -> None:
    joules = edge.joules_per_token(6.0, 20.0)
    assert joules == pytest.approx(0.3)
    charge = edge.tokens_per_charge(14.0, 6.0, 20.0)
    assert charge * joules == pytest.approx(14.0 * 3600)
    # A battery of 14 Wh at 6 W lasts 2 h 20 min.
    assert charge == pytest.approx(20.0 * 14.0 / 6.0 * 3600)


def test_a_site_holds_whole_domains_and_whole_copies() -> None:
    found = edge.site(5e6, 2000.0, 72, 186e9, 0.9, needed_bytes=[100e9, 700e9, 12e12])
    np.testing.assert_array_equal(found.domains, np.full(3, 34))
    np.testing.assert_array_equal(found.chips, np.full(3, 34 * 72))
    np.testing.assert_array_equal(found.copies, [34 * 72, 34 * 14, 34])
    np.testing.assert_allclose(found.memory_bytes, 34 * 72 * 186e9)


def test_a_copy_larger_than_a_domain_is_refused_with_the_chips_it_takes() -> None:
    with pytest.raises(ValueError, match="a copy takes 10 chips and a domain has fewer"):
        edge.site(5e6, 2000.0, 8, 80e9, 0.9, 700e9)


def test_what_fits_agrees_with_counting_by_hand() -> None:
    devices = pd.DataFrame(
        {
            "device_id": ["phone", "laptop"],
            "memory_gb": [8.0, 64.0],
            "usable_share": [0.5, 0.75],
            "memory_bandwidth_gbps": [60.0, np.nan],
            "power_w": [5.0, 40.0],
        }
    )
    small = replace(DENSE, layers=4, vocab=32000)
    models = {"small": small, "dense": DENSE}
    table = edge.what_fits(models, devices, HALF, 2000, efficiency=0.6)
    table = table.set_index(["device_id", "model_id"])
    assert table["fits"].tolist() == [True, False, True, True]
    row = table.loc[("phone", "small")]
    assert row["tokens_per_s"] == pytest.approx(36e9 / edge.bytes_per_step(small, HALF, 2000))
    assert row["joules_per_token"] == pytest.approx(5.0 / row["tokens_per_s"])
    assert table.loc[[("phone", "dense"), ("laptop", "dense")], "tokens_per_s"].isna().all()
    assert (table["largest_context"].ge(2000) == table["fits"]).all()
    best = edge.largest_that_fits(table.reset_index()).set_index("device_id")["model_id"]
    assert best.to_dict() == {"phone": "small", "laptop": "dense"}


def test_a_device_that_holds_nothing_stays_in_the_table() -> None:
    devices = pd.DataFrame({"device_id": ["watch"], "memory_gb": [1.0], "usable_share": [0.5]})
    devices["memory_bandwidth_gbps"] = 10.0
    table = edge.what_fits({"dense": DENSE}, devices, HALF, 0, efficiency=0.6)
    best = edge.largest_that_fits(table).iloc[0]
    assert best["model_id"] == ""
    assert best["needed_gb"] == pytest.approx(16.06, abs=0.01)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: edge.Storage(0.0, 2.0), "weight_bytes"),
        (lambda: edge.memory_needed_bytes(DENSE, HALF, -1), "context_tokens"),
        (lambda: edge.memory_needed_bytes(DENSE, HALF, 1, 0.5), "requests"),
        (lambda: edge.usable_bytes(8e9, 1.2), "usable_share"),
        (lambda: edge.decode_tokens_per_s(DENSE, HALF, 1e9, 0.0, 1), "efficiency"),
        (lambda: edge.decode_tokens_per_s(DENSE, HALF, np.nan, 0.5, 1), "memory_bytes_per_s"),
        (lambda: edge.experts_read(4, 8, 1), "experts_active"),
        (lambda: edge.site(5e6, 2e3, 8, 80e9, 0.9, -1.0), "needed_bytes"),
    ],
)
def test_what_no_device_can_be_is_refused_by_name(call: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()
