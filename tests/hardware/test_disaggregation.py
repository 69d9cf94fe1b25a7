"""One pool or two: the identity without targets, a queue, a brute force and a service's day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.hardware.disaggregation import (
    balance_pools,
    cache_transfer_s,
    mixed_goodput,
    mixed_tpot_s,
    most_prefill_utilisation,
    queueing_ttft_s,
    split_goodput,
    whole_instances,
)

BATCH = np.arange(1, 257, dtype=float)
STEP = 8e-3 + 60e-6 * BATCH


def test_a_published_day_fits_the_nodes_it_ran_on(reference: Any) -> None:
    day = reference("hardware_mechanisms")["deepseek_service"]
    pools = balance_pools(
        day["input_tokens"],
        day["output_tokens"],
        day["input_tokens_per_node_s"],
        day["output_tokens_per_node_s"],
    )
    nodes = 1 / pools.requests_per_chip_s / 86_400
    assert nodes == pytest.approx(day["mean_nodes"], rel=day["tolerance"])
    assert pools.prefill_share == pytest.approx(0.42, abs=0.005)


def test_without_targets_one_pool_serves_as_much_as_two() -> None:
    rng = np.random.default_rng(7)
    prefill, output = rng.uniform(0.01, 3, 500), rng.uniform(10, 5000, 500)
    one = mixed_goodput(BATCH, STEP, prefill, output)
    two = split_goodput(BATCH, STEP, prefill, output)
    np.testing.assert_allclose(one.requests_per_chip_s, two.requests_per_chip_s)
    np.testing.assert_allclose(one.prefill_share, two.prefill_share)
    np.testing.assert_allclose(one.batch, two.batch)


def test_a_mixed_step_is_that_of_a_simulated_pool() -> None:
    rng = np.random.default_rng(8)
    size, output, prefill, step = 32, 50, 0.2, 0.012
    left = rng.integers(1, output + 1, size)
    seconds = steps = 0
    for _ in range(20_000):
        left -= 1
        ended = left == 0
        left[ended] = output
        seconds += step + ended.sum() * prefill
        steps += 1
    assert mixed_tpot_s(step, size, prefill, output) == pytest.approx(seconds / steps, rel=1e-3)


def test_the_wait_is_that_of_a_simulated_queue() -> None:
    rng = np.random.default_rng(9)
    prefill, busy = 0.3, 0.7
    gaps = rng.exponential(prefill / busy, 400_000)
    work = np.cumsum(prefill - gaps)
    waits = work - np.minimum.accumulate(np.minimum(work, 0))
    assert queueing_ttft_s(prefill, busy) == pytest.approx(waits.mean() + prefill, rel=0.02)
    assert queueing_ttft_s(prefill, 1) == np.inf


def test_the_busiest_pool_that_meets_a_target_meets_it_exactly() -> None:
    prefill = np.linspace(0.05, 0.45, 9)
    busy = most_prefill_utilisation(0.5, prefill, 0.03)
    np.testing.assert_allclose(queueing_ttft_s(prefill, busy, 0.03), 0.5)
    assert most_prefill_utilisation(0.5, 0.6) == 0
    assert most_prefill_utilisation(np.inf, 0.6) == 1


def test_two_pools_pay_once_a_target_on_tokens_binds() -> None:
    target = np.array([1.0, 0.05, 0.02, 0.012])
    one = mixed_goodput(BATCH, STEP, 0.5, 200, tpot_target_s=target)
    two = split_goodput(BATCH, STEP, 0.5, 200, tpot_target_s=target)
    gain = two.requests_per_chip_s / one.requests_per_chip_s
    assert gain[0] == pytest.approx(1)
    assert (np.diff(gain) > 0).all()
    assert gain[-1] > 1.5
    assert (one.tpot_s <= target).all()


def test_the_best_batch_is_that_of_a_loop_over_all() -> None:
    best = 0.0
    for size, step in zip(BATCH, STEP, strict=True):
        tpot = step + size * 0.1 / 300
        rate = size / (300 * tpot)
        first = 0.1 + 0.1 * rate * 0.1 / (2 * (1 - rate * 0.1)) + step / 2
        if tpot <= 0.03 and first <= 0.15:
            best = max(best, rate / 4)
    found = mixed_goodput(BATCH, STEP, 0.1, 300, tpot_target_s=0.03, ttft_target_s=0.15, chips=4)
    assert found.requests_per_chip_s == pytest.approx(best)


def test_targets_out_of_reach_serve_nobody_and_say_so() -> None:
    for none in (
        mixed_goodput(BATCH, STEP, 0.5, 200, tpot_target_s=1e-3),
        split_goodput(BATCH, STEP, 0.5, 200, ttft_target_s=0.4),
    ):
        assert (none.requests_per_chip_s, none.batch) == (0, 0)
        assert none.tpot_s == np.inf


def test_moving_the_cache_costs_time_to_the_first_token() -> None:
    moved = cache_transfer_s(1e9, 50e9, 1e-5)
    assert moved == pytest.approx(0.02001)
    near = split_goodput(BATCH, STEP, 0.3, 200, ttft_target_s=0.5)
    far = split_goodput(BATCH, STEP, 0.3, 200, ttft_target_s=0.5, transfer_s=10 * moved)
    assert far.requests_per_chip_s < near.requests_per_chip_s


def test_cheaper_chips_for_prefill_make_a_request_cheaper() -> None:
    pools = balance_pools(
        2000, 500, 8000, 1000, prefill_usd_per_chip_hour=[2, 1], decode_usd_per_chip_hour=2
    )
    np.testing.assert_allclose(pools.usd_per_request, [(0.25 * 2 + 1) / 3600, (0.25 + 1) / 3600])


def test_whole_instances_are_those_of_a_search() -> None:
    for share in (0.05, 0.37, 0.42, 0.9):
        for count in (2, 3, 7, 12):
            rates = [min(p / share, (count - p) / (1 - share)) / count for p in range(1, count)]
            best, reached = whole_instances(share, count)
            assert reached == pytest.approx(max(rates))
            assert 1 <= best < count


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: balance_pools(0, 1, 1, 1), r"input_tokens: 0"),
        (lambda: mixed_tpot_s(0.01, -1, 0.1, 10), r"batch: -1"),
        (lambda: mixed_goodput([1, np.nan], 0.01, 0.1, 10), r"batch at index 1: nan"),
        (lambda: queueing_ttft_s(0.1, 1.1), r"utilisation: 1\.1"),
        (lambda: split_goodput(BATCH, STEP, 0.1, 9, ttft_target_s=-1), r"ttft_target_s: -1"),
        (lambda: whole_instances(1.0, 4), r"prefill_share: .*below 1"),
        (lambda: balance_pools(1, 1, 1, 1, prefill_usd_per_chip_hour=2), r"decode_usd.*: nan"),
        (
            lambda: balance_pools(
                1, 1, 1, 1, prefill_usd_per_chip_hour=-2, decode_usd_per_chip_hour=1
            ),
            r"prefill_usd_per_chip_hour: -2",
        ),
        (lambda: cache_transfer_s(-5, 1), r"cache_bytes: -5"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()
