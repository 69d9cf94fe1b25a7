"""Latency under random arrivals, against closed forms and a simulated server."""

from __future__ import annotations

import heapq
import math
from collections import deque
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from analysis.hardware.arrivals import (
    dispersion_index,
    interarrival_scv,
    peak_to_mean,
    renewal_arrivals_s,
)
from analysis.hardware.queueing import (
    capacity_requests_per_s,
    largest_load,
    linear_step_s,
    service_level,
)

CHAT = {"prefill_s": 0.03, "output_tokens": 100.0}
STEP = linear_step_s(0.01, 0.0002, 64)
LONG = 1e6


def simulated(
    step_s: np.ndarray,
    load: float,
    *,
    prefill_s: float,
    output_tokens: float,
    requests: int,
    seed: int,
    scv: float = 1.0,
    prefill_scv: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Time to first token, time per token, and mean batch of a server simulated step by step."""
    rng = np.random.default_rng([seed, 1])
    capacity = capacity_requests_per_s(step_s, prefill_s=prefill_s, output_tokens=output_tokens)
    due = renewal_arrivals_s(load * float(capacity), requests, seed, scv=scv)
    output = rng.geometric(1 / output_tokens, requests)
    prefill = np.full(requests, prefill_s)
    if prefill_scv:
        prefill = rng.gamma(1 / prefill_scv, prefill_scv * prefill_s, requests)
    first, last = np.empty(requests), np.empty(requests)
    queue: deque[int] = deque()
    running: list[tuple[int, int]] = []
    now, area, step, came, left = 0.0, 0.0, 0, 0, 0
    while left < requests:
        while came < requests and due[came] <= now:
            queue.append(came)
            came += 1
        if not running and not queue:
            now = due[came]
            continue
        took = step_s[len(running) - 1] if running else 0.0
        joined = [queue.popleft() for _ in range(min(len(queue), len(step_s) - len(running)))]
        took += prefill[joined].sum()
        area += took * (len(running) + len(joined))
        now, step = now + took, step + 1
        for one in joined:
            first[one] = now
            heapq.heappush(running, (step + output[one] - 1, one))
        while running and running[0][0] <= step:
            last[heapq.heappop(running)[1]] = now
            left += 1
    kept = np.arange(requests) >= requests // 10
    several = kept & (output > 1)
    per_token = (last - first)[several].sum() / (output - 1)[several].sum()
    return (first - due)[kept], per_token, area / now


def test_waiting_is_erlangs_where_a_batch_is_so_many_servers(reference: Any) -> None:
    for row in reference("hardware_queueing")["erlang_c"]["rows"]:
        servers, erlangs, seconds = row["servers"], row["erlangs"], 1.0
        step = np.full(servers, seconds / LONG)
        got = service_level(
            step, requests_per_s=erlangs / seconds, prefill_s=0.0, output_tokens=LONG
        )
        assert got.wait_share == pytest.approx(row["wait_share"], abs=1e-4)
        assert got.running == pytest.approx(erlangs, rel=1e-4)
        queue = row["wait_share"] * erlangs / (servers - erlangs)
        assert got.waiting == pytest.approx(queue, rel=1e-3)
        wait = math.log(row["wait_share"] / 0.05) / (servers - erlangs)
        assert got.ttft_percentile_s == pytest.approx(wait, rel=2e-3)


def test_a_step_in_proportion_to_the_batch_is_one_shared_processor() -> None:
    step = linear_step_s(0.0, 1.0 / LONG, 1000)
    for load in (0.3, 0.7, 0.9):
        got = service_level(step, requests_per_s=load, prefill_s=0.0, output_tokens=LONG)
        assert got.running == pytest.approx(load / (1 - load), rel=3e-3)


@pytest.mark.parametrize("scv", [0.25, 2.0, 4.0])
def test_one_place_and_bursty_arrivals_wait_as_in_the_exact_queue(scv: float) -> None:
    shape, load = 1 / scv, 0.6

    def fixed(x: float) -> float:
        return x - (shape * load / (shape * load + 1 - x)) ** shape

    root = optimize.brentq(fixed, 1e-6, 1 - 1e-6)
    got = service_level(
        np.array([1.0 / LONG]),
        requests_per_s=load,
        prefill_s=0.0,
        output_tokens=LONG,
        arrival_scv=scv,
    )
    assert got.wait_share == pytest.approx(root, rel=1e-4)
    assert got.ttft_s == pytest.approx(root / (1 - root), rel=1e-3)


def test_the_thinned_sum_over_states_is_the_full_sum() -> None:
    step = linear_step_s(0.012, 5e-5, 1024)
    count = np.arange(1, 1025)
    for load in (0.05, 0.5, 0.9, 0.97):
        held = (200 - 1 / count) * (step - 5e-5 * (count - (count == 1)) / 200) + count * 0.01
        rate = load * 1024 / held[-1]
        logs = np.concatenate([[0.0], np.cumsum(np.log(rate * held / count))])
        weights = np.exp(logs - logs.max())
        weights[-1] /= 1 - load
        chance = weights / weights.sum()
        got = service_level(step, requests_per_s=rate, prefill_s=0.01, output_tokens=200.0)
        assert got.running == pytest.approx(chance @ np.arange(1025), rel=2e-3)
        assert got.wait_share == pytest.approx(chance[-1], rel=2e-2, abs=1e-12)


@pytest.mark.parametrize(
    ("load", "change"),
    [(0.3, {}), (0.7, {}), (0.7, {"prefill_scv": 1.0}), (0.5, {"prefill_s": 0.15})],
)
def test_poisson_latencies_are_those_of_the_simulated_server(load: float, change: Any) -> None:
    case = CHAT | {"prefill_scv": 0.0} | change
    runs = [simulated(STEP, load, requests=12000, seed=s, **case) for s in (1, 2)]
    capacity = capacity_requests_per_s(
        STEP, prefill_s=case["prefill_s"], output_tokens=case["output_tokens"]
    )
    got = service_level(STEP, requests_per_s=load * capacity, **case)
    first = np.concatenate([run[0] for run in runs])
    assert got.ttft_s == pytest.approx(first.mean(), rel=0.04)
    assert got.ttft_percentile_s == pytest.approx(np.quantile(first, 0.95), rel=0.12)
    assert got.tpot_s == pytest.approx(np.mean([run[1] for run in runs]), rel=0.03)
    assert got.running == pytest.approx(np.mean([run[2] for run in runs]), rel=0.05)


@pytest.mark.parametrize("scv", [0.25, 4.0])
def test_bursty_latencies_are_near_those_of_the_simulated_server(scv: float) -> None:
    first, per_token, _ = simulated(STEP, 0.5, requests=16000, seed=3, scv=scv, **CHAT)
    rate = 0.5 * capacity_requests_per_s(STEP, **CHAT)
    got = service_level(STEP, requests_per_s=rate, arrival_scv=scv, **CHAT)
    assert got.ttft_s == pytest.approx(first.mean(), rel=0.12)
    assert got.ttft_percentile_s == pytest.approx(np.quantile(first, 0.95), rel=0.2)
    assert got.tpot_s == pytest.approx(per_token, rel=0.05)


def test_a_queue_for_a_full_batch_is_near_that_of_the_simulated_server() -> None:
    step = linear_step_s(0.005, 0.0005, 8)
    case = {"prefill_s": 0.01, "output_tokens": 20.0}
    runs = [simulated(step, 0.8, requests=30000, seed=s, **case) for s in (1, 2)]
    first = np.concatenate([run[0] for run in runs])
    got = service_level(step, requests_per_s=0.8 * capacity_requests_per_s(step, **case), **case)
    assert got.ttft_s == pytest.approx(first.mean(), rel=0.2)
    assert got.ttft_percentile_s == pytest.approx(np.quantile(first, 0.95), rel=0.25)


def test_the_target_is_met_at_the_largest_load_and_missed_above_it() -> None:
    rng = np.random.default_rng(5)
    n = 60
    step = linear_step_s(rng.uniform(0.004, 0.02, n), rng.uniform(1e-5, 5e-4, n), 200)
    case = {
        "prefill_s": rng.uniform(0.001, 0.1, n),
        "output_tokens": rng.integers(1, 800, n),
        "max_batch": rng.integers(1, 201, n),
        "arrival_scv": rng.choice([0.5, 1.0, 3.0], n),
    }
    best = largest_load(step, ttft_target_s=0.5, tpot_target_s=0.03, **case)
    free = best.load > 0
    assert set(best.bound_by) >= {"ttft", "tpot"}
    assert np.all(np.char.endswith(best.bound_by[~free], "when idle"))

    def reached(load: np.ndarray) -> np.ndarray:
        got = service_level(step, requests_per_s=np.where(free, load, 1e-3), **case)
        return (got.ttft_percentile_s <= 0.5) & (got.tpot_s <= 0.03)

    assert reached(best.requests_per_s)[free].all()
    stopped = free & (best.bound_by != "capacity") & (best.load < 0.99)
    assert not reached(best.requests_per_s * 1.005)[stopped].any()


def test_at_the_largest_load_the_simulated_server_meets_the_target_too() -> None:
    best = largest_load(STEP, ttft_target_s=0.08, tpot_target_s=math.inf, **CHAT)
    first, _, _ = simulated(STEP, float(best.load), requests=20000, seed=8, **CHAT)
    assert np.mean(first <= 0.08) == pytest.approx(0.95, abs=0.02)


def test_one_configuration_or_many_give_the_same_numbers() -> None:
    step = linear_step_s([[0.01], [0.02]], [1e-4, 2e-4, 4e-4], 48)
    many = service_level(step, requests_per_s=2.0, arrival_scv=2.0, **CHAT)
    assert many.ttft_s.shape == (2, 3)
    one = service_level(step[1, 2], requests_per_s=2.0, arrival_scv=2.0, **CHAT)
    assert many.ttft_percentile_s[1, 2] == pytest.approx(one.ttft_percentile_s)


def test_latency_grows_with_load_and_with_bursts() -> None:
    rates = np.linspace(0.05, 0.98, 40) * capacity_requests_per_s(STEP, **CHAT)
    poisson = service_level(STEP, requests_per_s=rates, **CHAT)
    bursty = service_level(STEP, requests_per_s=rates, arrival_scv=4.0, **CHAT)
    for name in ("ttft_s", "ttft_percentile_s", "tpot_s", "running", "wait_share"):
        assert np.all(np.diff(getattr(poisson, name)) >= 0), name
    assert np.all(bursty.ttft_s > poisson.ttft_s)


def test_arrivals_have_the_rate_and_burstiness_asked_for() -> None:
    for scv in (0.0, 0.5, 1.0, 4.0):
        times = renewal_arrivals_s(3.0, 40000, 11, scv=scv)
        assert times[-1] / 40000 == pytest.approx(1 / 3, rel=0.04)
        assert interarrival_scv(times) == pytest.approx(scv, rel=0.06, abs=1e-9)
        assert dispersion_index(times, 60.0) == pytest.approx(scv, rel=0.25, abs=0.05)
    even = renewal_arrivals_s(2.0, 100, 0, scv=0.0)
    assert peak_to_mean(even, 5.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"requests_per_s": 1e3}, "below the capacity of"),
        ({"requests_per_s": 0.0}, r"requests_per_s: 0\.0 is not accepted"),
        ({"prefill_s": -0.1}, r"prefill_s: -0\.1 is not accepted"),
        ({"output_tokens": [10.0, math.nan]}, "output_tokens, row 1: nan"),
        ({"max_batch": 65}, r"max_batch: 65\.0 is not accepted"),
        ({"max_batch": 2.5}, "max_batch: 2.5 is not accepted; accepted: a whole number"),
        ({"arrival_scv": -1.0}, r"arrival_scv: -1\.0"),
        ({"percentile": 1.0}, r"level: 1\.0"),
        ({"prefill_s": 0.0, "output_tokens": 1.0}, "no work is left"),
        ({"step_s": [0.02, 0.01]}, "step_s falls as the batch grows"),
        ({"step_s": 0.02}, r"step_s: shape \(\) is not accepted"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(change: Any, message: str) -> None:
    given = {"step_s": STEP, "requests_per_s": 1.0} | CHAT | change
    with pytest.raises(ValueError, match=message):
        service_level(given.pop("step_s"), **given)


def test_targets_and_traces_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"ttft_target_s: 0\.0 is not accepted"):
        largest_load(STEP, ttft_target_s=0.0, tpot_target_s=1.0, **CHAT)
    with pytest.raises(ValueError, match="times_s, row 2: earlier"):
        interarrival_scv([0.0, 2.0, 1.0])
    with pytest.raises(ValueError, match=r"window_s: 2\.0 is not accepted"):
        dispersion_index([0.0, 1.0, 3.0], 2.0)
    with pytest.raises(ValueError, match=r"scv: -1\.0"):
        renewal_arrivals_s(1.0, 10, 0, scv=-1.0)
