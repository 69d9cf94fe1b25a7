"""Kinds of work for a serving machine: lengths of requests, and how fast their users need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_columns,
)

#: Levels of service a target is given for.
ANY, STEADY, FAST = "any speed", "steady", "fast"
_SHARE_ERROR = 1e-6


@dataclass(frozen=True)
class Workload:
    """Requests of one kind, and what their users wait for.

    Attributes
    ----------
    name, service : str
        Kind of work and level of service.
    input_tokens, output_tokens, cached_tokens : numpy.ndarray, shape (k,)
        Of k classes of requests; cached tokens are part of the input. An output of nought means
        that prompts are only read.
    share : numpy.ndarray, shape (k,)
        Share of the requests in each class.
    tpot_target_s, ttft_target_s : float
        Longest time per output token and to the first; infinite where nobody waits.
    """

    name: str
    service: str
    input_tokens: Any
    output_tokens: Any
    cached_tokens: Any = 0.0
    tpot_target_s: float = np.inf
    ttft_target_s: float = np.inf
    share: Any = field(default=1.0)

    def __post_init__(self) -> None:
        read = require_positive("input_tokens", self.input_tokens, "tokens")
        given, written, known, share = broadcast(
            input_tokens=np.atleast_1d(read),
            output_tokens=require_at_least("output_tokens", self.output_tokens, 0, "tokens"),
            cached_tokens=require_at_least("cached_tokens", self.cached_tokens, 0, "tokens"),
            share=require_at_least("share", self.share, 0, "shares", highest=1),
        )  # fmt: skip
        if np.any(known >= given):
            row = int(np.argmax(known >= given))
            raise ValueError(
                f"cached_tokens, row {row}: {known[row]:g} of {given[row]:g} input tokens is not "
                "accepted; accepted: fewer than the input, whose last token must be read"
            )
        if abs(share.sum() - 1.0) > _SHARE_ERROR:
            raise ValueError(f"share: sums to {share.sum():g}; accepted: shares that sum to 1")
        if np.any(written > 0) != np.all(written > 0):
            raise ValueError("output_tokens: some are 0; accepted: all of them, or none")
        for name in ("tpot_target_s", "ttft_target_s"):
            require_above(name, getattr(self, name), 0, "seconds", infinite=True)
        for name, value in zip(
            ("input_tokens", "output_tokens", "cached_tokens", "share"),
            (given, written, known, share),
            strict=True,
        ):
            object.__setattr__(self, name, np.array(value, float))

    @property
    def reads_only(self) -> bool:
        """True where nothing is written: embeddings, scoring, filtering."""
        return bool(np.all(self.output_tokens == 0))

    def mean(self, name: str) -> float:
        """Mean of a field of lengths over requests."""
        return float(np.sum(self.share * getattr(self, name)))

    @property
    def longest_tokens(self) -> float:
        """Longest request, read and written."""
        return float(np.max(self.input_tokens + self.output_tokens))

    def at_mean_lengths(self) -> Workload:
        """The same with every request of the mean lengths."""
        names = ("input_tokens", "output_tokens", "cached_tokens")
        lengths: dict[str, Any] = {name: self.mean(name) for name in names}
        return replace(self, share=1.0, **lengths)

    def with_service(self, service: str, tpot_target_s: float, ttft_target_s: float) -> Workload:
        """The same requests at another level of service."""
        return replace(
            self, service=service, tpot_target_s=tpot_target_s, ttft_target_s=ttft_target_s
        )


def from_bins(name: str, bins: pd.DataFrame) -> Workload:
    """Work with the lengths of a public trace, from its joint bins, and no target.

    Parameters
    ----------
    bins : pandas.DataFrame
        Columns ``share``, ``input_tokens``, ``output_tokens``, one row a bin
        (`request_lengths.joint_bins`).
    """
    require_columns("bins", bins, ["share", "input_tokens", "output_tokens"])
    share = bins["share"].to_numpy(float)
    return Workload(
        name,
        ANY,
        bins["input_tokens"].to_numpy(float),
        bins["output_tokens"].to_numpy(float),
        share=share / share.sum(),
    )


def standard_workloads(
    chosen: Mapping[str, float], conversation: pd.DataFrame, code: pd.DataFrame
) -> tuple[Workload, ...]:
    """The kinds of work of the map, each at its levels of service.

    Parameters
    ----------
    chosen : mapping of str to float
        Lengths and targets by the ids of their assumptions.
    conversation, code : pandas.DataFrame
        Joint bins of the two traces.

    Returns
    -------
    tuple of Workload
        Batch and reading have no target and voice one of its own; the others come at `STEADY` and
        at `FAST`.
    """

    def of(name: str, key: str, cached: float = 0.0) -> Workload:
        given = chosen[f"{key}_input_tokens"]
        written = chosen.get(f"{key}_output_tokens", 0.0)
        return Workload(name, ANY, given, written, cached * given)

    waiting = (
        from_bins("chat", conversation),
        from_bins("code completion", code),
        of("reasoning", "reasoning"),
        of("agent", "agent_call", chosen["agent_call_cached_share"]),
    )
    levels = (
        (STEADY, chosen["steady_tpot_s"], chosen["steady_ttft_s"]),
        (FAST, chosen["fast_tpot_s"], chosen["fast_ttft_s"]),
    )
    voice = of("voice", "voice").with_service(FAST, chosen["steady_tpot_s"], chosen["voice_ttft_s"])
    return (
        of("batch", "batch"),
        of("reading", "reading"),
        *(work.with_service(*level) for work in waiting for level in levels),
        voice,
    )
