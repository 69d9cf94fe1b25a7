"""From one request to a tree of calls: tokens, money and FLOP of an agent beside a chat turn."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.agent_tree import AgentTask, agents_in_tree, one_agent_sums
from analysis.test_time_compute.checks import broadcast, require_share
from analysis.uncertainty import require_count
from analysis.units import FORWARD_FLOP_PER_PARAMETER_TOKEN

UNITS = ("tokens", "output_tokens", "usd", "flop")
_TOKENS_PER_MTOK = 1e6


@dataclass(frozen=True)
class TokenPrices:
    """List prices of tokens.

    Attributes
    ----------
    input_usd_per_mtok, output_usd_per_mtok : array_like
        USD per million tokens, above 0.
    cached_price_ratio : array_like
        Price of an input token from the cache over that of a fresh one, from 0 to 1.
    """

    input_usd_per_mtok: Any
    output_usd_per_mtok: Any
    cached_price_ratio: Any

    def __post_init__(self) -> None:
        require_positive("input_usd_per_mtok", self.input_usd_per_mtok, "USD per million tokens")
        require_positive("output_usd_per_mtok", self.output_usd_per_mtok, "USD per million tokens")
        require_share("cached_price_ratio", self.cached_price_ratio)
        broadcast(**vars(self))


@dataclass(frozen=True)
class ChatTurn:
    """One question and its answer, nothing of it cached: tokens read and tokens written."""

    input_tokens: Any
    output_tokens: Any

    def __post_init__(self) -> None:
        for field in fields(self):
            require_positive(f"chat {field.name}", getattr(self, field.name), "tokens")
        broadcast(**vars(self))


@dataclass(frozen=True)
class AgentCost:
    """What a task costs; arrays of the shape that task and prices broadcast to.

    Attributes
    ----------
    agents, compactions, calls : numpy.ndarray
        Agents in the tree, times a context was compacted, calls of the model. Like all down to
        `flop` expected values for one attempt at the whole tree.
    fresh_input_tokens, cached_input_tokens, input_tokens, output_tokens, tokens : numpy.ndarray
        `input_tokens` is fresh and cached, `tokens` input and output without regard to caching.
    billed_input_equivalent_tokens : numpy.ndarray
        Fresh input tokens that cost as much as the attempt.
    usd, flop : numpy.ndarray
        FLOP are two per active parameter and token that is fresh or written.
    success_probability, finish_probability : numpy.ndarray
        That one attempt is right, and that one of `max_attempts` is.
    expected_attempts : numpy.ndarray
        Attempts made before the first right one or the last allowed.
    tokens_per_finished_task, usd_per_finished_task, flop_per_finished_task : numpy.ndarray
        Expected cost over the probability of finishing.
    """

    agents: Any
    compactions: Any
    calls: Any
    fresh_input_tokens: Any
    cached_input_tokens: Any
    input_tokens: Any
    output_tokens: Any
    tokens: Any
    billed_input_equivalent_tokens: Any
    usd: Any
    flop: Any
    success_probability: Any
    finish_probability: Any
    expected_attempts: Any
    tokens_per_finished_task: Any
    usd_per_finished_task: Any
    flop_per_finished_task: Any


def _success_probability(v: dict[str, np.ndarray], agents: np.ndarray) -> np.ndarray:
    noticed = (1 - v["step_success"]) * v["failure_detection"]
    step = np.minimum(v["step_success"] / (1 - noticed), 1.0)
    log_success = v["steps"] * agents * np.log(step)
    bad = log_success < np.log(np.finfo(float).tiny)
    if bad.any():
        row = int(np.argmax(bad.ravel()))
        raise ValueError(
            f"step_success, row {row}: {v['step_success'].ravel()[row]:g} over "
            f"{(v['steps'] * agents).ravel()[row]:g} steps never finishes; raise it or "
            "failure_detection, or cut the steps"
        )
    return np.exp(log_success)


def agent_cost(task: AgentTask, prices: TokenPrices, *, active_parameters: Any) -> AgentCost:
    """Calls, tokens, money and FLOP of a task, in closed form.

    Without compaction the input of call j is prompt + j (output + observation), so all tokens read
    grow with the square of the steps; fresh tokens, and with them FLOP, grow with the steps.
    A step noticed to be wrong is undone, so its second try reads the same context, from the cache.
    A compaction is a call that reads the context and writes a summary; the next call reads the
    prompt from the cache and the summary fresh. An attempt is right where every step of every
    agent is.

    Parameters
    ----------
    task : AgentTask
    prices : TokenPrices
    active_parameters : array_like
        Parameters used per token, above 0.

    Returns
    -------
    AgentCost
        Arrays of the shape to which all arguments broadcast.

    Raises
    ------
    ValueError
        Where an attempt is right with a probability too small to represent, or shapes do not go
        together.
    """
    named = {**vars(task), **vars(prices)}
    named["active_parameters"] = require_positive(
        "active_parameters", active_parameters, "parameters"
    )
    arrays = broadcast(**{name: np.asarray(value, float) for name, value in named.items()})
    v = dict(zip(named, arrays, strict=True))
    agents = agents_in_tree(v["branches"], v["depth"])
    sums = {name: agents * value for name, value in one_agent_sums(v).items()}
    output = sums["output_tokens"]
    billed = (
        sums["fresh_input_tokens"]
        + v["cached_price_ratio"] * sums["cached_input_tokens"]
        + v["output_usd_per_mtok"] / v["input_usd_per_mtok"] * output
    )
    tokens = sums["input_tokens"] + output
    usd = billed * v["input_usd_per_mtok"] / _TOKENS_PER_MTOK
    flop = (
        FORWARD_FLOP_PER_PARAMETER_TOKEN
        * v["active_parameters"]
        * (sums["fresh_input_tokens"] + output)
    )
    success = _success_probability(v, agents)
    with np.errstate(divide="ignore"):  # success 1: log1p(-1) is -inf, and the task is finished
        finish = -np.expm1(v["max_attempts"] * np.log1p(-success))
    attempts = finish / success
    return AgentCost(
        agents=agents,
        **sums,
        tokens=tokens,
        billed_input_equivalent_tokens=billed,
        usd=usd,
        flop=flop,
        success_probability=success,
        finish_probability=finish,
        expected_attempts=attempts,
        tokens_per_finished_task=tokens * attempts / finish,
        usd_per_finished_task=usd * attempts / finish,
        flop_per_finished_task=flop * attempts / finish,
    )


def _multiples(
    task: AgentTask, chat: ChatTurn, prices: TokenPrices
) -> dict[tuple[str, str], np.ndarray]:
    """Multiples of the chat turn by unit, per attempt and per finished task."""
    cost = agent_cost(task, prices, active_parameters=1.0)
    chat_shape = {f"chat {name}": values for name, values in vars(chat).items()}
    broadcast(**{"task and prices": cost.tokens}, **chat_shape)
    read, written = (np.asarray(n, dtype=np.float64) for n in vars(chat).values())
    price = np.asarray(prices.output_usd_per_mtok) / np.asarray(prices.input_usd_per_mtok)
    attempt = {
        "tokens": cost.tokens / (read + written),
        "output_tokens": cost.output_tokens / written,
        "usd": cost.billed_input_equivalent_tokens / (read + price * written),
        "flop": cost.flop / (FORWARD_FLOP_PER_PARAMETER_TOKEN * (read + written)),
    }
    return {
        (unit, basis): value / share
        for basis, share in (("attempt", 1.0), ("finished task", cost.success_probability))
        for unit, value in attempt.items()
    }


def multiplier(task: AgentTask, chat: ChatTurn, prices: TokenPrices) -> pd.DataFrame:
    """How many chat turns a task is worth, by the unit in which it is counted.

    Parameters
    ----------
    task : AgentTask
    chat : ChatTurn
    prices : TokenPrices

    Returns
    -------
    DataFrame
        One row per case (row of the flattened shape to which all broadcast), ``basis`` (attempt
        or finished task) and ``unit`` (one of `UNITS`): ``case``, ``steps``, ``agents``,
        ``unit``, ``basis``, ``multiplier``.
    """
    multiples = _multiples(task, chat, prices)
    agents = agents_in_tree(task.branches, task.depth)
    steps, agents, *values = np.broadcast_arrays(task.steps, agents, *multiples.values())
    parts = [
        pd.DataFrame(
            {
                "case": np.arange(steps.size),
                "steps": steps.ravel(),
                "agents": agents.ravel(),
                "unit": unit,
                "basis": basis,
                "multiplier": value.ravel(),
            }
        )
        for (unit, basis), value in zip(multiples, values, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def steps_for_multiplier(
    target: float,
    task: AgentTask,
    chat: ChatTurn,
    prices: TokenPrices,
    *,
    unit: str = "tokens",
    max_steps: int = 10_000,
) -> int:
    """Fewest steps at which one attempt is worth `target` chat turns; `task.steps` is ignored.

    Parameters
    ----------
    target : float
        Chat turns, above 0.
    task : AgentTask
        Of one number a field, as `chat` and `prices`.
    chat : ChatTurn
    prices : TokenPrices
    unit : str
        One of `UNITS`.
    max_steps : int
        Steps looked at, at least the branches of the task.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        Where a field is not one number, the unit is not one of `UNITS`, or `max_steps` is short.
    """
    if unit not in UNITS:
        raise ValueError(f"unit: {unit!r} is not accepted; accepted: {', '.join(UNITS)}")
    wanted = float(require_positive("target", target, "chat turns"))
    fewest = max(1, int(np.max(task.branches)))
    steps = np.arange(fewest, require_count("max_steps", max_steps, lowest=fewest) + 1)
    worth = _multiples(replace(task, steps=steps), chat, prices)[unit, "attempt"]
    if worth.shape != steps.shape:
        raise ValueError(
            f"task, chat and prices: shape {worth.shape}; accepted: one number a field"
        )
    if worth[-1] < wanted:
        raise ValueError(
            f"target: {wanted:g} is not reached by {max_steps} steps, worth {worth[-1]:.4g} chat "
            f"turns in {unit}; raise max_steps"
        )
    return int(steps[np.argmax(worth >= wanted)])
