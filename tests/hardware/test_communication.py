"""Collectives against step-by-step rings, bandwidth identities and a published figure."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.communication import (
    Network,
    all_gather_s,
    all_reduce_s,
    all_to_all_s,
    data_parallel_s,
    exchange_s,
    expected_distinct_ranks,
    expert_parallel_s,
    hidden_bytes,
    point_to_point_s,
    reduce_scatter_s,
    spread,
    tensor_parallel_s,
)

NET = Network(400e9, 3e-6, 8, 50e9, 9e-6)
MODEL = Architecture(layers=4, hidden=1024, heads=8, vocab=100, head_dim=128, kv_heads=8, ffn=4096)


def ring_all_reduce(values: np.ndarray, latency: float, rate: float) -> tuple[np.ndarray, float]:
    """A ring that really adds: chunk by chunk, step by step; returns sums and seconds."""
    ranks = len(values)
    chunks = values.reshape(ranks, ranks, -1).copy()
    seconds = 0.0
    for phase in ("add", "copy"):
        for step in range(ranks - 1):
            moved = {}
            for rank in range(ranks):
                chunk = (rank - step + (phase == "copy")) % ranks
                moved[rank] = chunk, chunks[rank, chunk].copy()
            for rank, (chunk, data) in moved.items():
                to = (rank + 1) % ranks
                chunks[to, chunk] = data + (chunks[to, chunk] if phase == "add" else 0)
            seconds += latency + 8 * chunks[0, 0].size / rate
    return chunks.reshape(ranks, -1), seconds


@pytest.mark.parametrize("ranks", [2, 3, 8])
def test_a_ring_takes_as_long_as_one_that_is_run(ranks: int) -> None:
    values = np.arange(ranks * 24 * ranks, dtype=float).reshape(ranks, -1)
    sums, seconds = ring_all_reduce(values, 3e-6, 400e9)
    np.testing.assert_allclose(sums, np.tile(values.sum(0), (ranks, 1)))
    payload = 8.0 * values.shape[1]
    assert all_reduce_s(payload, ranks, NET, algorithm="ring") == pytest.approx(seconds)


def test_one_rank_pays_nothing() -> None:
    for seconds in (
        *(all_reduce_s(1e6, 1, NET, algorithm=a) for a in ("ring", "one_shot", "tree", "best")),
        all_gather_s(1e6, 1, NET),
        all_to_all_s(1e6, 1, NET),
        data_parallel_s(1e6, 1e6, 1, NET),
    ):
        assert seconds == 0


def test_an_all_reduce_is_a_reduce_scatter_and_an_all_gather() -> None:
    ranks = np.array([1, 2, 8, 16, 64, 1000])
    both = reduce_scatter_s(1e9, ranks, NET) + all_gather_s(1e9, ranks, NET)
    np.testing.assert_allclose(all_reduce_s(1e9, ranks, NET, algorithm="ring"), both)


def test_small_sums_go_in_one_shot_and_large_ones_round_the_ring() -> None:
    for payload, quickest in ((1e3, "one_shot"), (4e9, "ring")):
        best = all_reduce_s(payload, 8, NET)
        assert best == all_reduce_s(payload, 8, NET, algorithm=quickest)
    tree, ring = (all_reduce_s(1e6, 512, NET, algorithm=a) for a in ("tree", "ring"))
    assert tree < ring


def test_bus_bandwidth_of_a_large_sum_is_the_rate_of_the_link() -> None:
    seconds = all_reduce_s(1e13, 8, NET)
    assert 1e13 / seconds * 2 * 7 / 8 == pytest.approx(400e9, rel=1e-4)


def test_ranks_beyond_the_domain_pay_the_slow_link() -> None:
    inside, outside = all_reduce_s(1e8, 8, NET), all_reduce_s(1e8, 16, NET)
    assert outside > inside
    wide = Network(400e9, 3e-6, 16, 50e9, 9e-6)
    assert all_reduce_s(1e8, 16, wide) < outside
    apart = all_gather_s(1e9, 4, NET, stride=8)
    assert apart == pytest.approx(3 * 9e-6 + 0.75 * 1e9 / 50e9)


def test_a_group_that_does_not_divide_is_spread_evenly() -> None:
    inside, domains = spread([8, 12, 20], NET)
    np.testing.assert_allclose(inside, [8, 6, 20 / 3])
    np.testing.assert_allclose(domains, [1, 2, 3])


def test_an_exchange_sends_what_a_loop_over_pairs_sends() -> None:
    ranks, payload = 24, 1e9
    near = sum(payload / ranks for peer in range(1, ranks) if peer // 8 == 0)
    far = sum(payload / ranks for peer in range(1, ranks) if peer // 8 > 0)
    assert all_to_all_s(payload, ranks, NET) == pytest.approx(exchange_s(near, far, NET))
    assert exchange_s(0, 1e9, NET) == pytest.approx(9e-6 + 1e9 / 50e9)


def test_distinct_ranks_are_those_of_every_possible_choice_of_experts() -> None:
    choices = list(combinations(range(12), 3))
    mean = np.mean([len({expert // 3 for expert in choice}) for choice in choices])
    assert expected_distinct_ranks(12, 3, 4) == pytest.approx(mean, rel=1e-12)
    assert expected_distinct_ranks(12, 3, 12) == pytest.approx(3)
    assert expected_distinct_ranks(12, 12, 4) == pytest.approx(4)
    assert expected_distinct_ranks(256, 8, 32, most_ranks=4) == 4
    assert expected_distinct_ranks(0, 0, 8) == 0


def test_expert_traffic_is_the_published_floor_of_deepseek(reference: Any) -> None:
    stated = reference("hardware_mechanisms")["deepseek_expert_floor"]
    model = Architecture(
        layers=stated["layers"],
        hidden=stated["hidden"],
        heads=1,
        vocab=1,
        experts=stated["experts"],
        experts_active=stated["experts_active"],
        moe_layers=stated["layers"],
        moe_ffn=1,
    )
    far = Network(1e15, 0, 1, stated["bytes_per_s"], 0)  # every expert beyond the domain
    seconds = expert_parallel_s(
        model, stated["tokens"], stated["experts"], far, dispatch_bytes_per_number=1
    )
    per_layer = seconds / stated["layers"]
    assert per_layer * 1e6 == pytest.approx(stated["microseconds_per_layer"], rel=1e-3)


def test_experts_inside_one_domain_never_use_the_slow_link() -> None:
    moe = Architecture(2, 512, 4, 10, experts=64, experts_active=4, moe_layers=2, moe_ffn=8)
    slow = Network(400e9, 3e-6, 8, 1.0, 9e-6)
    assert expert_parallel_s(moe, 100, 8, slow) < 1e-3
    assert expert_parallel_s(moe, 100, 16, slow) > 1


def test_bytes_of_each_parallelism() -> None:
    assert hidden_bytes(MODEL, 10) == 10 * 1024 * 2
    one = all_reduce_s(10 * 1024 * 2, 8, NET)
    assert tensor_parallel_s(MODEL, 10, 8, NET) == pytest.approx(4 * 2 * one)
    assert point_to_point_s(1e6, NET, stride=8) == pytest.approx(9e-6 + 1e6 / 50e9)
    assert point_to_point_s(1e6, NET) == pytest.approx(3e-6 + 1e6 / 400e9)


def test_no_group_is_quicker_with_more_bytes() -> None:
    rng = np.random.default_rng(1)
    payload = rng.uniform(1e3, 1e9, 100_000)
    ranks = rng.integers(1, 64, payload.size)
    seconds = all_reduce_s(payload, ranks, NET)
    assert seconds.shape == payload.shape
    assert (all_reduce_s(2 * payload, ranks, NET) >= seconds).all()


def test_a_chip_without_a_known_link_reaches_others_by_scale_out() -> None:
    chip = Chip(link_bytes_per_s=[450e9, np.nan], scale_up_domain=[8, 8])
    net = Network.of(chip, latency_s=1e-6, scale_out_bytes_per_s=25e9, scale_out_latency_s=5e-6)
    inside, domains = spread(8, net)
    np.testing.assert_allclose(inside, [8, 1])
    np.testing.assert_allclose(domains, [1, 8])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: all_reduce_s(-1, 8, NET), r"payload_bytes: -1"),
        (lambda: all_reduce_s(1, 0, NET), r"ranks: 0"),
        (lambda: all_reduce_s(1, np.nan, NET), r"ranks: nan"),
        (lambda: all_reduce_s(1, 8, NET, algorithm="star"), r"'star' is not known"),
        (lambda: Network(0, 0, 8, 1, 0), r"link_bytes_per_s: 0"),
        (lambda: Network(1, 0, 8, 1, 0, efficiency=1.2), r"efficiency: 1\.2"),
        (lambda: expected_distinct_ranks(4, 5, 2), r"experts_active: .*more than"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()
