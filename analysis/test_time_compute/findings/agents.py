"""What an agent's task costs beside a chat turn, by the unit in which it is counted."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.test_time_compute.agent_tree import AgentTask
from analysis.test_time_compute.agents import (
    ChatTurn,
    TokenPrices,
    agent_cost,
    multiplier,
    steps_for_multiplier,
)
from analysis.test_time_compute.findings import LEVEL, SEED

AGENT_TEST = "test_one_model_gives_the_published_marks_by_steps_and_unit"
DRAWS = 2_000
STEPS = np.unique(np.round(np.geomspace(1, 300, 40)).astype(int))
UNITS = {"tokens": "tokens", "usd": "money", "flop": "compute, FLOP"}
PRICE_ROW = "cached_claude_sonnet_4_5"
_TASK = {
    "prompt_tokens": "agent_prompt_tokens",
    "output_tokens": "agent_output_tokens",
    "observation_tokens": "agent_observation_tokens",
    "cache_hit_rate": "cache_hit_rate",
}
#: Published multiples of a chat turn, as a figure names them.
MARKS = {
    "anthropic_agents": "Anthropic, agents",
    "gartner_low": "Gartner, low",
    "anthropic_multi_agent": "Anthropic, several agents",
    "gartner_high": "Gartner, high",
    "bai2026_agent_against_chat": "Bai 2026, coding task",
}


@cache
def prices() -> TokenPrices:
    """List prices of one widely used model, with its price for cached input."""
    row = catalog.load("list_prices").set_index("fact_id").loc[PRICE_ROW]
    fresh, cached = float(row["input_usd_per_mtok"]), float(row["cached_input_usd_per_mtok"])
    return TokenPrices(fresh, float(row["output_usd_per_mtok"]), cached / fresh)


def chat_turn() -> ChatTurn:
    """The chat that multiples are counted in: as long as measured."""
    whole, written = fact("bai2026_code_chat_tokens"), assumptions.get("written_share").central
    return ChatTurn(whole * (1 - written), whole * written)


def task(steps: int | np.ndarray, **changed: float) -> AgentTask:
    """A task of so many steps at the central assumptions, or some changed."""
    central = {field: assumptions.get(name).central for field, name in _TASK.items()}
    return AgentTask(steps=steps, **{**central, **changed})


@cache
def multiples() -> pd.DataFrame:
    """Multiple of a chat turn by steps and unit, with its interval over the assumptions."""
    central = multiplier(task(STEPS), chat_turn(), prices()).query("basis == 'attempt'")
    drawn = assumptions.sample(_TASK.values(), DRAWS, np.random.default_rng(SEED))
    rows = {field: drawn[name][:, None] for field, name in _TASK.items()}
    rows["cache_hit_rate"] = np.clip(rows["cache_hit_rate"], 0, 1)
    many = AgentTask(steps=STEPS[None, :], **rows)
    spread = multiplier(many, chat_turn(), prices()).query("basis == 'attempt'")
    by_step = spread.groupby(["unit", "steps"])["multiplier"]
    ends = {"low": (1 - LEVEL) / 2, "high": (1 + LEVEL) / 2}
    bands = pd.DataFrame({end: by_step.quantile(share) for end, share in ends.items()})
    chosen = central.loc[central["unit"].isin(list(UNITS)), ["steps", "unit", "multiplier"]]
    table = chosen.merge(bands.reset_index(), on=["unit", "steps"])
    return table.assign(counted=table["unit"].map(UNITS)).drop(columns="unit")


@cache
def marks() -> pd.DataFrame:
    """Published multiples, and the steps at which the model reaches each in tokens."""
    rows = catalog.load("agent_multipliers").set_index("fact_id", drop=False).loc[list(MARKS)]
    steps = [
        steps_for_multiplier(float(value), task(1), chat_turn(), prices())
        for value in rows["value"]
    ]
    return rows.assign(name=rows["fact_id"].map(MARKS), steps=steps).reset_index(drop=True)


def fact(fact_id: str) -> float:
    """A published number on agents."""
    return float(catalog.load("agent_multipliers").set_index("fact_id").loc[fact_id, "value"])


def multiple(steps: int, unit: str, **changed: float) -> float:
    """Chat turns that a task of so many steps is worth, in one unit."""
    table = multiplier(task(steps, **changed), chat_turn(), prices())
    return float(table.query("basis == 'attempt' and unit == @unit")["multiplier"].iloc[0])


def cost_per_finished_task(steps: int, step_success: float) -> float:
    """Expected cost of a finished task over that of one whose every step succeeds."""
    sure = agent_cost(task(steps), prices(), active_parameters=1.0)
    risky = agent_cost(task(steps, step_success=step_success), prices(), active_parameters=1.0)
    return float(risky.usd_per_finished_task / sure.usd_per_finished_task)


def task_usd(steps: int) -> float:
    """Price of one attempt at a task of so many steps, in USD."""
    return float(agent_cost(task(steps), prices(), active_parameters=1.0).usd)
