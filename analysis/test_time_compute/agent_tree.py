"""An agent as a tree of contexts that grow: what one attempt at a task reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_counts,
    require_probability,
    require_share,
)


@dataclass(frozen=True)
class AgentTask:
    """A task done in calls whose context grows; every field is a number or broadcasts.

    Each call reads the whole context, writes `output_tokens` and gets `observation_tokens` back
    from a tool; both stay in the context. Not modelled: attention FLOP that grow with the context,
    prices that rise with it, caches that expire, prompts shared between tasks.

    Attributes
    ----------
    steps : array_like of int
        Calls that move one agent forward, at least 1.
    prompt_tokens : array_like
        System prompt, tools and task: the context of the first call.
    output_tokens, observation_tokens : array_like
        Written by each call (above 0), and returned to it (at least 0).
    context_limit_tokens : array_like
        Where the context reaches this before a step, it is compacted first; infinite for never.
    compacted_tokens : array_like
        Context after compaction: the prompt and a summary. From `prompt_tokens` to below the limit.
    cache_hit_rate : array_like
        Share of the tokens read before that are served from the prefix cache; 0 for no cache.
    step_success : array_like
        Probability that one try of a step is right, above 0.
    failure_detection : array_like
        Probability that a wrong step is noticed at once; it is then undone and tried again.
    max_attempts : array_like of int
        Attempts at the whole task; a wrong result is noticed when the attempt is over.
    branches, depth : array_like of int
        Each agent above the lowest level starts so many sub-agents, `depth` levels deep. Each has
        a context of its own; its report is one of the observations of the agent that started it.
    """

    steps: Any
    prompt_tokens: Any
    output_tokens: Any
    observation_tokens: Any
    context_limit_tokens: Any = np.inf
    compacted_tokens: Any = 0.0
    cache_hit_rate: Any = 1.0
    step_success: Any = 1.0
    failure_detection: Any = 0.0
    max_attempts: Any = 1
    branches: Any = 0
    depth: Any = 0

    def __post_init__(self) -> None:
        for name in ("steps", "max_attempts"):
            require_counts(name, getattr(self, name))
        for name in ("branches", "depth"):
            require_counts(name, getattr(self, name), lowest=0)
        for name in ("prompt_tokens", "output_tokens"):
            require_above(name, getattr(self, name), 0, "tokens")
        for name in ("observation_tokens", "compacted_tokens"):
            require_at_least(name, getattr(self, name), 0, "tokens")
        require_above("context_limit_tokens", self.context_limit_tokens, 0, "tokens", infinite=True)
        require_share("cache_hit_rate", self.cache_hit_rate)
        for name in ("step_success", "failure_detection"):
            require_probability(name, getattr(self, name))
        require_above("step_success", self.step_success, 0, "probability up to 1")
        _require_room(self)


def _require_room(task: AgentTask) -> None:
    fields = {name: np.asarray(values, np.float64) for name, values in vars(task).items()}
    v = dict(zip(fields, broadcast(**fields), strict=True))
    limit, prompt, compacted = (
        v[name] for name in ("context_limit_tokens", "prompt_tokens", "compacted_tokens")
    )
    steps, branches, depth = v["steps"], v["branches"], v["depth"]
    bad = np.isfinite(limit) & ((compacted < prompt) | (compacted >= limit) | (prompt >= limit))
    if bad.any():
        row = int(np.argmax(bad.ravel()))
        raise ValueError(
            f"compacted_tokens, row {row}: {compacted.ravel()[row]:g} is not accepted; accepted: "
            f"from prompt_tokens {prompt.ravel()[row]:g} to below context_limit_tokens "
            f"{limit.ravel()[row]:g}"
        )
    bad = (depth > 0) & (branches > steps)
    if bad.any():
        row = int(np.argmax(bad.ravel()))
        raise ValueError(
            f"branches, row {row}: {branches.ravel()[row]:g} is not accepted; accepted: at most "
            f"the steps {steps.ravel()[row]:g}, as each report is the observation of one step"
        )


def agents_in_tree(branches: Any, depth: Any) -> np.ndarray:
    """Agents in a tree: 1 + b + ... + b**d.

    Parameters
    ----------
    branches, depth : array_like of int
        b and d, at least 0.

    Returns
    -------
    numpy.ndarray
        Of the broadcast shape.
    """
    branches, depth = broadcast(
        branches=require_counts("branches", branches, lowest=0),
        depth=require_counts("depth", depth, lowest=0),
    )
    several = np.where(branches == 1, 2.0, branches)
    return np.where(branches == 1, depth + 1, (several ** (depth + 1) - 1) / (several - 1))


def _series(first: np.ndarray, step: np.ndarray, terms: np.ndarray) -> np.ndarray:
    return terms * first + step * terms * (terms - 1) / 2


def one_agent_sums(v: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Sums over the calls of one agent: steps run in cycles that each end in a compaction.

    Parameters
    ----------
    v : dict of str to numpy.ndarray
        The fields of `AgentTask`, of one shape.

    Returns
    -------
    dict of str to numpy.ndarray
        ``compactions``, ``calls``, ``fresh_input_tokens``, ``cached_input_tokens``,
        ``input_tokens``, ``output_tokens``.
    """
    steps, prompt, compacted = v["steps"], v["prompt_tokens"], v["compacted_tokens"]
    growth = v["output_tokens"] + v["observation_tokens"]
    limited = np.isfinite(v["context_limit_tokens"])
    limit = np.where(limited, v["context_limit_tokens"], prompt + growth * steps)
    first = np.minimum(np.ceil((limit - prompt) / growth), steps)
    cycle = np.maximum(np.ceil((limit - np.where(limited, compacted, prompt)) / growth), 1.0)
    left = steps - first
    compactions = np.ceil(left / cycle)
    later = np.maximum(compactions - 1, 0.0)
    rest = left - later * cycle
    read_by_steps = (
        _series(prompt, growth, first)
        + later * _series(compacted, growth, cycle)
        + _series(compacted, growth, rest)
    )
    read_by_compactions = np.where(
        compactions > 0, prompt + growth * first + later * (compacted + growth * cycle), 0.0
    )
    summary = np.where(compactions > 0, compacted - prompt, 0.0)
    # Each step but the last adds a part that the next call, step or compaction, reads first.
    fresh = prompt + growth * (steps - 1) + compactions * summary
    tries = 1 / (1 - (1 - v["step_success"]) * v["failure_detection"])
    read = tries * read_by_steps + read_by_compactions
    cached = v["cache_hit_rate"] * (read - fresh)
    return {
        "compactions": compactions,
        "calls": tries * steps + compactions,
        "fresh_input_tokens": read - cached,
        "cached_input_tokens": cached,
        "input_tokens": read,
        "output_tokens": tries * steps * v["output_tokens"] + compactions * summary,
    }
