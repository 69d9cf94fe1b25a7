"""Speculative decoding: a draft guesses, the model checks all guesses in one step.

The gain is that of a step that waits for memory: checking g guesses costs nearly nothing while
weights are being read anyway, and g more steps once arithmetic sets the pace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_at_least,
    require_counts,
    require_probability,
)
from analysis.uncertainty import require_count


@dataclass(frozen=True)
class BestDraft:
    """The number of drafted tokens with the highest speed-up; nought means: do not draft.

    Attributes
    ----------
    drafted, tokens_per_step, speed_up : numpy.ndarray
    """

    drafted: Any
    tokens_per_step: Any
    speed_up: Any


def expected_tokens(acceptance: Any, drafted: Any) -> Any:
    """Mean tokens of one checked step: (1 - a^(g+1)) / (1 - a).

    Parameters
    ----------
    acceptance : array_like
        Probability a that a drafted token is accepted, taken to be the same and independent for
        each position; measured acceptance falls with position, so long drafts gain less.
    drafted : array_like
        Tokens g drafted per step, whole, at least 0.

    Returns
    -------
    numpy.ndarray
        From 1 to g + 1.

    References
    ----------
    Leviathan, Kalman and Matias 2023, https://arxiv.org/abs/2211.17192, equation 1; Chen et al.
    2023, https://arxiv.org/abs/2302.01318.
    """
    rate = require_probability("acceptance", acceptance)
    count = require_counts("drafted", drafted, lowest=0)
    lost = np.where(rate < 1, 1 - rate, 1.0)
    return np.where(rate < 1, (1 - rate ** (count + 1)) / lost, count + 1)[()]


def operations_ratio(acceptance: Any, drafted: Any, draft_flop_ratio: Any = 0.0) -> Any:
    """FLOP per token over that of plain decoding (Leviathan et al. 2023, theorem 3.11).

    `draft_flop_ratio` is FLOP per token of the draft over that of the model.
    """
    ratio = require_at_least("draft_flop_ratio", draft_flop_ratio, 0, "FLOP per FLOP")
    count = require_counts("drafted", drafted, lowest=0)
    return (count * ratio + count + 1) / expected_tokens(acceptance, drafted)


def speed_up(
    acceptance: Any,
    drafted: Any,
    draft_cost_ratio: Any = 0.0,
    verify_cost_ratio: Any = 1.0,
) -> Any:
    """Tokens per second over those of plain decoding.

    Parameters
    ----------
    draft_cost_ratio : array_like
        Time of a step of the draft over one of the model.
    verify_cost_ratio : array_like
        Time of a step that checks g + 1 tokens of each sequence over a plain step; 1 is theorem
        3.8 of Leviathan et al. 2023, g + 1 is decoding bound by arithmetic.
    """
    draft = require_at_least("draft_cost_ratio", draft_cost_ratio, 0, "steps")
    verify = require_positive("verify_cost_ratio", verify_cost_ratio, "steps")
    count = require_counts("drafted", drafted, lowest=0)
    return expected_tokens(acceptance, drafted) / (count * draft + verify)


def best_drafted(
    acceptance: Any,
    draft_cost_ratio: Any = 0.0,
    verify_cost_ratio: Any = 1.0,
    *,
    most: int = 16,
) -> BestDraft:
    """Drafted tokens of highest speed-up, from 0 to `most`.

    `verify_cost_ratio` may have a last axis of `most` + 1 ratios, for 0 to `most` drafted tokens
    (the first is 1); other arguments have the shape of the result.
    """
    count = np.arange(require_count("most", most, lowest=1) + 1, dtype=float)
    rate = np.asarray(acceptance)[..., None]
    cost = np.asarray(draft_cost_ratio)[..., None]
    verify = np.asarray(verify_cost_ratio)
    verify = verify if verify.shape[-1:] == count.shape else verify[..., None]
    verify = np.where(count == 0, 1.0, verify)
    gain = speed_up(rate, count, cost, verify)
    best = np.argmax(gain, axis=-1)
    tokens = np.broadcast_to(expected_tokens(rate, count), gain.shape)

    def at_best(values: np.ndarray) -> Any:
        return np.take_along_axis(values, best[..., None], axis=-1)[..., 0][()]

    return BestDraft(drafted=best[()], tokens_per_step=at_best(tokens), speed_up=at_best(gain))


def best_drafted_at_batch(
    acceptance: Any,
    batch: Any,
    step_s: Callable[[np.ndarray, np.ndarray], np.ndarray],
    draft_step_s: Callable[[np.ndarray], np.ndarray],
    *,
    most: int = 16,
) -> BestDraft:
    """`best_drafted` with the costs of a batch.

    Parameters
    ----------
    batch : array_like
        Sequences decoded together, above 0.
    step_s : callable
        Seconds of a step for (sequences, tokens per sequence): weights and cache are read once,
        arithmetic grows with their product.
    draft_step_s : callable
        Seconds of a step of the draft for the sequences.
    """
    rate, size = broadcast(
        acceptance=require_probability("acceptance", acceptance),
        batch=require_positive("batch", batch, "sequences"),
    )
    count = np.arange(require_count("most", most, lowest=1) + 1, dtype=float)
    plain = require_positive("step_s", step_s(size, np.ones_like(size)), "seconds")
    each = step_s(size[..., None], count + 1)
    verify = require_positive("step_s", each, "seconds") / plain[..., None]
    return best_drafted(rate, draft_step_s(size) / plain, verify, most=most)
