"""A closed form with eight fitted constants: the least that a calibrated model must beat.

A decode step is the longer of reads and multiplications, each at a fitted efficiency, plus a fixed
time per layer (with a term in log2 of tensor parallelism and one for layers of experts) plus the
traffic of tensor parallelism at a fitted share of the link. Prefill has an efficiency and a time
per layer of its own, and what other requests' prompts take is shared out over the output:
time per output token = step + batch x prefill of one / output tokens.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from scipy import optimize

from peers.points import Points

#: Bytes of a number on the wire, and all-reduces per layer, of tensor parallelism.
WIRE_BYTES, ALL_REDUCES = 2.0, 2.0


@dataclass(frozen=True)
class Constants:
    """The eight constants.

    Attributes
    ----------
    memory_efficiency, compute_efficiency, prefill_efficiency, link_efficiency : float
        Shares of the peak rates reached.
    layer_s, layer_log2_tp_s, expert_layer_s, prefill_layer_s : float
        Seconds per layer: of any step, per doubling of the chips, of a layer of experts, of a
        prefill.
    """

    memory_efficiency: float = 0.7
    compute_efficiency: float = 0.5
    prefill_efficiency: float = 0.5
    link_efficiency: float = 0.5
    layer_s: float = 2e-5
    layer_log2_tp_s: float = 1e-5
    expert_layer_s: float = 2e-5
    prefill_layer_s: float = 1e-4


def _wire_seconds(points: Points, tokens: Any, efficiency: Any) -> Any:
    model = points.model
    moved = ALL_REDUCES * 2 * (points.tp - 1) / points.tp * tokens * model.hidden * WIRE_BYTES
    seconds = model.layers * moved / (points.chip.link_bytes_per_s * efficiency)
    return np.where(points.tp > 1, seconds, 0.0)


def decode_seconds(points: Points, constants: Constants) -> Any:
    """Seconds of a decode step, shape (n,)."""
    model = points.model
    reads = points.weights_read(points.batch) + points.cache_read()
    rate = points.tp * points.chip.memory_bytes_per_s * constants.memory_efficiency
    flop = points.batch * (2 * points.active_params + points.attention_flop(points.context))
    fixed = model.layers * (constants.layer_s + constants.layer_log2_tp_s * np.log2(points.tp))
    fixed = fixed + model.moe_layers * constants.expert_layer_s
    busy = np.maximum(
        reads / rate, flop / (points.tp * points.flop_per_s * constants.compute_efficiency)
    )
    return busy + fixed + _wire_seconds(points, points.batch, constants.link_efficiency)


def prefill_seconds(points: Points, constants: Constants) -> Any:
    """Seconds of one prompt, shape (n,)."""
    tokens = points.input_tokens
    flop = tokens * (2 * points.active_params + points.attention_flop(tokens / 2))
    busy = flop / (points.tp * points.flop_per_s * constants.prefill_efficiency)
    fixed = points.model.layers * constants.prefill_layer_s
    return busy + fixed + _wire_seconds(points, tokens, constants.link_efficiency)


def token_seconds(points: Points, constants: Constants) -> Any:
    """Seconds per output token with other requests' prefill, shape (n,)."""
    shared = points.batch * prefill_seconds(points, constants) / points.output_tokens
    return decode_seconds(points, constants) + shared


def fit(points: Points, measured_s: Any) -> Constants:
    """Constants by robust least squares of ln(predicted / measured).

    Parameters
    ----------
    points : Points
        Points of shape (n,), n at least 8.
    measured_s : numpy.ndarray
        Measured seconds per output token, shape (n,), above 0.
    """
    measured = np.log(np.asarray(measured_s, dtype=float))
    if measured.size < len(fields(Constants)):
        raise ValueError(f"{measured.size} rows; accepted: at least {len(fields(Constants))}")

    def residuals(logs: np.ndarray) -> np.ndarray:
        return np.log(token_seconds(points, Constants(*np.exp(logs)))) - measured

    start = np.log(astuple(Constants()))
    # Efficiencies stay within what a chip can do, times within a millisecond a layer.
    low, high = np.log([0.05] * 4 + [1e-9] * 4), np.log([1.0] * 4 + [1e-3] * 4)
    found = optimize.least_squares(
        residuals, start, bounds=(low, high), loss="soft_l1", f_scale=0.15
    )
    return Constants(*(float(value) for value in np.exp(found.x)))


def held_out(points: Points, measured_s: Any, groups: Any) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of each group by constants of the others.

    Returns
    -------
    tokens, prompts : numpy.ndarray
        Seconds per output token and of one prompt, shape (n,).
    """
    groups, measured = np.asarray(groups), np.asarray(measured_s, dtype=float)
    tokens, prompts = np.full((2, groups.size), np.nan)
    known = np.isfinite(measured)
    for group in np.unique(groups):
        out = groups == group
        constants = fit(points.take(known & ~out), measured[known & ~out])
        tokens[out] = token_seconds(points.take(out), constants)
        prompts[out] = prefill_seconds(points.take(out), constants)
    return tokens, prompts
