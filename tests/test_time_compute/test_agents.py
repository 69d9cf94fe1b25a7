"""An agent counted in calls, tokens, money and FLOP."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from analysis.test_time_compute.agent_tree import AgentTask, agents_in_tree
from analysis.test_time_compute.agents import (
    ChatTurn,
    TokenPrices,
    agent_cost,
    multiplier,
    steps_for_multiplier,
)

PRICES = TokenPrices(input_usd_per_mtok=3.0, output_usd_per_mtok=15.0, cached_price_ratio=0.1)
CHAT = ChatTurn(input_tokens=1500, output_tokens=500)
TASK = AgentTask(steps=20, prompt_tokens=2000, output_tokens=300, observation_tokens=700)


def naive_counts(
    steps: int, prompt: int, output: int, observation: int, limit: float, compacted: int
) -> dict[str, float]:
    """One agent, token by token: what of each input is a prefix of the input before it."""
    fresh_names = itertools.count()

    def new(tokens: int) -> list[int]:
        return [next(fresh_names) for _ in range(tokens)]

    first = new(prompt)
    context, seen = list(first), []
    counts = dict.fromkeys(
        ["compactions", "calls", "fresh_input_tokens", "input_tokens", "output_tokens"], 0
    )

    def call(written: int) -> None:
        nonlocal seen
        pairs = zip(context, seen, strict=False)
        shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        counts["calls"] += 1
        counts["input_tokens"] += len(context)
        counts["fresh_input_tokens"] += len(context) - shared
        counts["output_tokens"] += written
        seen = list(context)

    for _ in range(steps):
        if len(context) >= limit:
            call(compacted - prompt)
            counts["compactions"] += 1
            context = first + new(compacted - prompt)
        call(output)
        context = context + new(output + observation)
    return counts


@pytest.mark.parametrize("limit", [np.inf, 30, 31, 47, 200])
@pytest.mark.parametrize(("prompt", "output", "observation"), [(10, 3, 4), (1, 5, 0), (12, 1, 30)])
def test_closed_form_is_the_sum_over_calls(
    limit: float, prompt: int, output: int, observation: int
) -> None:
    for compacted, steps in itertools.product([prompt, 15, 29], range(1, 25)):
        task = AgentTask(steps, prompt, output, observation, limit, compacted)
        cost = agent_cost(task, PRICES, active_parameters=1e9)
        naive = naive_counts(steps, prompt, output, observation, limit, compacted)
        assert {name: getattr(cost, name).item() for name in naive} == naive


def test_arrays_give_what_single_numbers_give() -> None:
    steps = np.array([[1], [7], [40]])
    limits = np.array([np.inf, 9000.0, 4500.0, 3000.0])
    task = replace(TASK, steps=steps, context_limit_tokens=limits, compacted_tokens=2500.0)
    cost = agent_cost(task, PRICES, active_parameters=2e9)
    for (i, j), usd in np.ndenumerate(cost.usd):
        one = replace(task, steps=int(steps[i, 0]), context_limit_tokens=limits[j])
        single = agent_cost(one, PRICES, active_parameters=2e9)
        assert single.usd == pytest.approx(usd)
        assert single.flop == pytest.approx(cost.flop[i, j])
    assert {getattr(cost, field.name).shape for field in fields(cost)} == {(3, 4)}


def test_money_and_flop_are_what_the_bill_adds_up_to() -> None:
    cost = agent_cost(TASK, PRICES, active_parameters=5e10)
    fresh, written = 2000 + 19 * 1000, 20 * 300
    read = 20 * 2000 + 1000 * 20 * 19 / 2
    usd = (3 * fresh + 0.3 * (read - fresh) + 15 * written) / 1e6
    assert cost.usd == pytest.approx(usd)
    assert cost.billed_input_equivalent_tokens == pytest.approx(usd / 3e-6)
    assert cost.flop == pytest.approx(2 * 5e10 * (fresh + written))


def test_without_a_cache_every_token_read_is_fresh() -> None:
    cost = agent_cost(replace(TASK, cache_hit_rate=0.0), PRICES, active_parameters=1.0)
    assert cost.cached_input_tokens == 0
    assert cost.fresh_input_tokens == cost.input_tokens
    assert cost.flop == 2 * cost.tokens


def test_a_tree_has_as_many_agents_as_are_counted_one_by_one() -> None:
    def count(branches: int, depth: int) -> int:
        return 1 if depth == 0 else 1 + sum(count(branches, depth - 1) for _ in range(branches))

    for branches, depth in itertools.product(range(5), range(5)):
        assert agents_in_tree(branches, depth) == count(branches, depth)
        task = replace(TASK, branches=branches, depth=depth)
        tree, one = (agent_cost(each, PRICES, active_parameters=1.0) for each in (task, TASK))
        assert tree.tokens == count(branches, depth) * one.tokens


def test_retries_and_attempts_are_those_of_a_simulation() -> None:
    steps, success, detection, attempts, runs = 6, 0.8, 0.6, 3, 20_000
    rng = np.random.default_rng(11)
    calls = np.zeros(runs)
    made = np.zeros(runs)
    finished = np.zeros(runs, dtype=bool)
    for run in range(runs):
        while made[run] < attempts and not finished[run]:
            made[run] += 1
            right = True
            for _ in range(steps):
                while True:
                    calls[run] += 1
                    worked = rng.random() < success
                    if worked or rng.random() >= detection:
                        break
                right &= worked
            finished[run] = right
    task = replace(
        TASK,
        steps=steps,
        step_success=success,
        failure_detection=detection,
        max_attempts=attempts,
    )
    cost = agent_cost(task, PRICES, active_parameters=1.0)
    for drawn, expected in [
        (calls, cost.calls * cost.expected_attempts),
        (made, cost.expected_attempts),
        (finished, cost.finish_probability),
    ]:
        assert abs(drawn.mean() - expected) < 4 * drawn.std() / np.sqrt(runs)


def test_a_finished_task_costs_the_same_however_many_attempts_are_allowed() -> None:
    task = replace(TASK, step_success=0.97, max_attempts=np.array([1, 2, 10, 1000]))
    cost = agent_cost(task, PRICES, active_parameters=1.0)
    np.testing.assert_allclose(cost.usd_per_finished_task, cost.usd[0] / 0.97**20)
    np.testing.assert_allclose(cost.finish_probability, 1 - (1 - 0.97**20) ** task.max_attempts)
    assert cost.expected_attempts[-1] == pytest.approx(0.97**-20)


def test_noticing_every_failure_makes_every_attempt_right() -> None:
    task = replace(TASK, step_success=np.array([0.3, 0.7, 1.0]), failure_detection=1.0)
    cost = agent_cost(task, PRICES, active_parameters=1.0)
    np.testing.assert_allclose(cost.success_probability, 1.0)
    np.testing.assert_allclose(cost.calls, 20 / task.step_success)


def test_tokens_grow_with_the_square_of_the_steps_money_less_and_flop_in_proportion() -> None:
    task = replace(TASK, steps=np.array([1000, 10_000]))
    cost = agent_cost(task, PRICES, active_parameters=1.0)
    assert np.log10(cost.tokens[1] / cost.tokens[0]) == pytest.approx(2.0, abs=0.01)
    assert np.log10(cost.flop[1] / cost.flop[0]) == pytest.approx(1.0, abs=0.01)
    short = agent_cost(replace(TASK, steps=np.array([4, 40])), PRICES, active_parameters=1.0)
    growth = {name: np.divide(*getattr(short, name)[::-1]) for name in ("tokens", "usd", "flop")}
    assert growth["tokens"] > 2 * growth["usd"] > 2 * growth["flop"]


def test_one_model_gives_the_published_marks_by_steps_and_unit(reference: Any) -> None:
    marks = reference("test_time_agents")

    def at(steps: int, unit: str, **changes: Any) -> float:
        frame = multiplier(replace(TASK, steps=steps, **changes), CHAT, PRICES)
        return frame.set_index(["basis", "unit"]).loc[("attempt", unit), "multiplier"]

    def near(key: str, name: str = "value") -> Any:
        return pytest.approx(marks[key][name], rel=marks[key]["tolerance"])

    assert at(3, "tokens") == near("agents_against_chat")
    assert at(3, "tokens", branches=2, depth=1) == near("multi_agent_against_chat")
    assert at(3, "tokens") == near("gartner_agents_against_chatbot", "low")
    assert at(10, "tokens") == near("gartner_agents_against_chatbot", "high")
    bai = marks["agentic_coding_against_code_chat"]
    assert at(62, "tokens") == near("agentic_coding_against_code_chat")
    assert 50 < at(62, "flop") * 2 < at(62, "usd") * 2 < bai["value"] / 5
    tokens = agent_cost(replace(TASK, steps=62), PRICES, active_parameters=1.0).tokens
    assert bai["tokens_low"] < tokens < bai["tokens_high"]


def test_ratios_of_agent_bills_are_met_between_10_and_100_steps(reference: Any) -> None:
    marks = reference("test_time_agents")
    steps = np.arange(10, 101)
    cost = agent_cost(replace(TASK, steps=steps), PRICES, active_parameters=1.0)
    resent = 0.1 * cost.cached_input_tokens / cost.billed_input_equivalent_tokens
    ratio = cost.input_tokens / cost.output_tokens
    for key, values in [("resent_share_of_cost", resent), ("input_to_output_ratio", ratio)]:
        assert values.min() < marks[key]["value"] < values.max()


@pytest.mark.parametrize("unit", ["tokens", "output_tokens", "usd", "flop"])
def test_steps_for_a_multiple_are_the_fewest_that_reach_it(unit: str) -> None:
    task = replace(TASK, context_limit_tokens=20_000, compacted_tokens=4000)
    for target in (1.0, 4.0, 15.0, 100.0):
        steps = steps_for_multiplier(target, task, CHAT, PRICES, unit=unit)
        frame = multiplier(replace(task, steps=np.array([max(steps - 1, 1), steps])), CHAT, PRICES)
        worth = frame.query("basis == 'attempt' and unit == @unit")["multiplier"].to_numpy()
        assert worth[1] >= target
        assert steps == 1 or worth[0] < target


def test_a_multiple_per_finished_task_counts_the_attempts_that_failed() -> None:
    task = replace(TASK, step_success=0.95)
    frame = multiplier(task, CHAT, PRICES).pivot(index="unit", columns="basis", values="multiplier")
    np.testing.assert_allclose(frame["finished task"] / frame["attempt"], 0.95**-20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, r"steps: 0\.0 .* at least 1"),
        ({"steps": 2.5}, r"steps: 2\.5"),
        ({"steps": []}, "steps is empty"),
        ({"steps": "ten"}, "steps: 'ten' is not a number"),
        ({"prompt_tokens": "2000"}, "prompt_tokens: '2000' is not a number"),
        ({"context_limit_tokens": "none"}, "context_limit_tokens: 'none' is not a number"),
        ({"steps": [10, 20], "output_tokens": [1, 2, 3]}, r"steps \(2,\), output_tokens \(3,\)"),
        ({"cache_hit_rate": 1.2}, r"cache_hit_rate: 1\.2 .* a share from 0 to 1"),
        ({"prompt_tokens": np.nan}, r"prompt_tokens: nan"),
        ({"observation_tokens": [1, -1]}, r"observation_tokens, row 1: -1\.0"),
        ({"step_success": 0.0}, r"step_success: 0\.0"),
        ({"failure_detection": 1.2}, r"failure_detection: 1\.2 .* from 0 to 1"),
        ({"context_limit_tokens": np.nan}, r"context_limit_tokens: nan"),
        ({"context_limit_tokens": 9000.0}, r"compacted_tokens, row 0: 0 .* 2000 to below .* 9000"),
        ({"branches": 21, "depth": 1}, r"branches, row 0: 21 .* at most the steps 20"),
    ],
)
def test_a_task_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TASK, **changes)


def test_prices_chats_and_targets_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="cached_price_ratio"):
        replace(PRICES, cached_price_ratio=2.0)
    with pytest.raises(ValueError, match="chat output_tokens"):
        ChatTurn(10, 0)
    with pytest.raises(ValueError, match=r"input_tokens \(2,\), output_tokens \(3,\)"):
        ChatTurn([10, 20], [1, 2, 3])
    with pytest.raises(ValueError, match=r"input_usd_per_mtok \(2,\), output_usd_per_mtok \(3,\)"):
        replace(PRICES, input_usd_per_mtok=[1.0, 2.0], output_usd_per_mtok=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"task and prices \(2,\), chat input_tokens \(3,\)"):
        multiplier(replace(TASK, steps=[10, 20]), ChatTurn([10, 20, 30], 5), PRICES)
    with pytest.raises(ValueError, match=r"active_parameters \(3,\)"):
        agent_cost(replace(TASK, steps=[10, 20]), PRICES, active_parameters=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="max_steps: 0"):
        steps_for_multiplier(4, TASK, CHAT, PRICES, max_steps=0)
    with pytest.raises(ValueError, match=r"branches: -1\.0"):
        agents_in_tree(-1, 2)
    with pytest.raises(ValueError, match="raise max_steps"):
        steps_for_multiplier(1e9, TASK, CHAT, PRICES, max_steps=50)
    with pytest.raises(ValueError, match="unit: 'words'"):
        steps_for_multiplier(4, TASK, CHAT, PRICES, unit="words")
    with pytest.raises(ValueError, match="one number a field"):
        steps_for_multiplier(4, TASK, CHAT, replace(PRICES, cached_price_ratio=[[0.1], [0.5]]))
    with pytest.raises(ValueError, match="never finishes"):
        agent_cost(replace(TASK, steps=1000, step_success=0.1), PRICES, active_parameters=1.0)
