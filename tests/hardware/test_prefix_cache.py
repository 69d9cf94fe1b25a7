"""Prefix caching against simulated least-recently-used stores, naive loops and a service's day."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from analysis.hardware.architecture import Architecture
from analysis.hardware.prefix_cache import (
    agent_loop,
    attention_pairs,
    hit_share,
    lru_hits,
    prefill_flop,
    prefill_left,
    prefix_bytes,
    session_hits,
)

SHAPES: dict[str, Any] = {"layers": 8, "hidden": 512, "heads": 8, "vocab": 1000, "ffn": 2048}
MODEL = Architecture(**SHAPES, kv_heads=2, head_dim=64)
WINDOWED = Architecture(**SHAPES, kv_heads=2, head_dim=64, window=50, window_layers=6)


class Store:
    """A least-recently-used store that keeps count."""

    def __init__(self, capacity: float) -> None:
        self.capacity, self.used = capacity, 0.0
        self.kept: OrderedDict[int, float] = OrderedDict()

    def ask(self, key: int, size: float) -> bool:
        """Whether the key was kept; it is the most recent one afterwards."""
        found = key in self.kept
        if found:
            self.kept.move_to_end(key)
        else:
            self.kept[key] = size
            self.used += size
        while self.used > self.capacity:
            self.used -= self.kept.popitem(last=False)[1]
        return found


@pytest.mark.parametrize("capacity", [40_000.0, 150_000.0])
def test_hits_of_fixed_prefixes_are_those_of_a_simulated_store(capacity: float) -> None:
    rng = np.random.default_rng(11)
    rate = 1 / np.arange(1, 401) ** 0.9
    tokens = rng.uniform(200, 2000, rate.size)
    predicted = lru_hits(rate, tokens, capacity, bytes_per_token=1)
    asked = rng.choice(rate.size, 200_000, p=rate / rate.sum())
    store = Store(capacity)
    hit = np.array([store.ask(i, tokens[i]) for i in asked])[20_000:]
    asked = asked[20_000:]
    share = tokens[asked][hit].sum() / tokens[asked].sum()
    assert predicted.hit_share == pytest.approx(share, abs=0.01)
    for item in (0, 10, 100):
        seen = hit[asked == item]
        error = 4 * np.sqrt(0.25 / seen.size) + 0.01
        assert abs(predicted.hit_probability[item] - seen.mean()) < error
    assert predicted.cached_bytes == pytest.approx(capacity)


@pytest.mark.parametrize("capacity", [60, 250])
def test_hits_of_sessions_are_those_of_a_simulated_store(capacity: int) -> None:
    rng = np.random.default_rng(12)
    rate, turns, gap = 1.0, 6, 40.0
    store, events = Store(capacity), []
    for session, start in enumerate(np.cumsum(rng.exponential(1 / rate, 12_000))):
        times = start + np.concatenate([[0], np.cumsum(rng.exponential(gap, turns - 1))])
        for turn, time in enumerate(times):
            heapq.heappush(events, (time, session, turn))
    found = [
        store.ask(session, 1.0)
        for _, session, turn in (heapq.heappop(events) for _ in range(len(events)))
    ]
    hits = session_hits(rate, turns, gap, capacity, prefix_bytes=1.0)
    assert hits.hit_share == pytest.approx(np.mean(found[6000:-6000]), abs=0.015)
    assert hits.cached_bytes == pytest.approx(capacity)


def test_a_store_for_everything_finds_everything_but_the_first() -> None:
    all_fits = lru_hits([1.0, 2.0], [100, 50], 1e9, bytes_per_token=10)
    assert all_fits.characteristic_s == np.inf
    assert all_fits.hit_share == 1
    plenty = session_hits(1.0, [1, 4], 10.0, 1e9, prefix_bytes=1.0)
    np.testing.assert_allclose(plenty.hit_share, [0, 0.75])


def test_more_memory_never_finds_less() -> None:
    capacity = np.geomspace(1, 1e6, 40)
    hits = session_hits(2.0, 5, 60.0, capacity, prefix_bytes=3.0, reused_share=0.9)
    assert (np.diff(hits.hit_share) >= -1e-12).all()
    assert (np.diff(hits.characteristic_s) > 0).all()


def test_a_loop_reads_what_a_loop_over_its_steps_reads() -> None:
    steps, first, read, written = 7, 2000, 300, 150
    context, total, cached = 0, 0, 0
    for step in range(steps):
        given = first if step == 0 else context + read
        cached += context
        total += given
        context = given + written
    loop = agent_loop(steps, first, read, written)
    assert (loop.input_tokens, loop.cached_tokens) == (total, cached)
    assert loop.fresh_tokens == first + (steps - 1) * read
    assert loop.last_context_tokens == context
    assert loop.output_tokens == steps * written


def test_longer_loops_find_a_larger_share_and_without_a_cache_none() -> None:
    steps = np.array([1, 2, 10, 100])
    loop = agent_loop(steps, 5000, 500, 200)
    assert loop.hit_share[0] == 0
    assert (np.diff(loop.hit_share) > 0).all()
    assert loop.hit_share[-1] > 0.98
    np.testing.assert_array_equal(
        agent_loop(steps, 5000, 500, 200, kept_probability=0).hit_share, 0
    )


@pytest.mark.parametrize("model", [MODEL, WINDOWED])
def test_pairs_are_those_counted_one_by_one(model: Architecture) -> None:
    length = 400
    every = sum(range(1, length + 1))
    near = sum(min(i, 50) for i in range(1, length + 1))
    counted = (8 - model.window_layers) * every + model.window_layers * near
    assert attention_pairs(model, length) == pytest.approx(counted, rel=0.02)


def test_prefill_of_the_rest_and_of_the_prefix_make_the_whole() -> None:
    whole = prefill_flop(MODEL, 10_000)
    np.testing.assert_allclose(prefill_flop(MODEL, 4000) + prefill_flop(MODEL, 10_000, 4000), whole)
    assert prefill_left(MODEL, 10_000, 0) == 1
    assert prefill_left(MODEL, 10_000, 10_000) == 0
    assert prefill_left(MODEL, 10_000, 5000) > 0.5  # late tokens attend to more


def test_prefixes_take_the_cache_of_their_tokens() -> None:
    assert prefix_bytes(MODEL, 1000, 3) == 3 * 1000 * 8 * 2 * 2 * 64 * 2


def test_share_found_by_a_published_service(reference: Any) -> None:
    day = reference("hardware_mechanisms")["deepseek_service"]
    found = hit_share(day["input_tokens"], day["cached_tokens"])
    assert found == pytest.approx(day["hit_share"], rel=day["tolerance"])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: hit_share(10, 11), r"1\.1 is not accepted"),
        (lambda: prefill_left(MODEL, 100, -1), r"cached_tokens: -1"),
        (lambda: agent_loop(0, 1, 1, 1), r"steps: 0"),
        (lambda: agent_loop(2, np.nan, 1, 1), r"first_tokens: nan"),
        (lambda: session_hits(1, 0.5, 1, 1, prefix_bytes=1), r"turns: 0\.5"),
        (lambda: lru_hits([1, -1], 5, 9, bytes_per_token=1), r"requests_per_s at index 1: -1"),
        (lambda: lru_hits([], 5, 9, bytes_per_token=1), r"requests_per_s is empty"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()
