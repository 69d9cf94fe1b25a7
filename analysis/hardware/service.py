"""Serving by name: `serve` asks the serving model for a model and a chip of the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import assumptions
from analysis.hardware import named
from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import BYTES_PER_NUMBER, Chip
from analysis.hardware.cost import token_prices, usd_per_mtok
from analysis.hardware.energy import PowerDraw, chip_power_w, facility_power_w, joules_per_token
from analysis.hardware.error_bands import LOADS, kind_of
from analysis.hardware.first_token import FEW_REQUESTS, FirstTokenTerms, first_token_s
from analysis.hardware.memory import least_chips, requests_that_fit
from analysis.hardware.precision import (
    FALLBACK_LINK_BYTES_PER_S,
    mixed_format,
    slowest_link,
    widths_for,
)
from analysis.hardware.serving import Operating, operate
from analysis.hardware.steps import Efficiency, Rates
from analysis.hardware.work import Layout, Widths
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_counts,
)

#: Formats of the cache, by what one number of it takes.
_CACHE_BYTES = {form: BYTES_PER_NUMBER[form] for form in ("bf16", "fp8")}


def serve(
    model: str,
    chip: str,
    *,
    precision: str = "fp8",
    compute_precision: str | None = None,
    cache_precision: str | None = None,
    tensor: Any = None,
    pipeline: Any = 1,
    attention_copies: Any = 1,
    requests: Any = 1,
    input_tokens: Any = 1024,
    output_tokens: Any = 1024,
    cached_tokens: Any = 0,
    engine: str | None = None,
    separate_prefill: bool = False,
    usd_per_chip_hour: Any = None,
    utilisation: Any = 1.0,
    allow_estimates: bool = False,
    efficiencies: Efficiency | None = None,
) -> pd.DataFrame:
    """Operating points of a model on a chip, by their ids.

    Parameters
    ----------
    model, chip : str
        Ids of the tables of architectures and accelerators.
    precision : str
        Of the weights: `bf16`, `fp8`, `int8` or `fp4`.
    compute_precision : str, optional
        What the chip computes in; the precision of the weights otherwise, and 16 bits for models
        whose experts are kept in 4 bits on a chip without 4-bit units.
    cache_precision : str, optional
        `fp8` or `bf16`; 8 bits beside 8- and 4-bit weights otherwise.
    tensor, pipeline, attention_copies : int or array_like
        Layout of one copy; `tensor` is the least that holds model and requests if not given.
    requests : int or array_like
        Requests in flight per attention group; infinity for as many as fit.
    input_tokens, output_tokens, cached_tokens : int or array_like
    engine : str, optional
        `trtllm`, `vllm` or `sglang`; pooled over engines otherwise.
    separate_prefill : bool
        Other chips do the prefill.
    usd_per_chip_hour : float or array_like, optional
        Adds `usd_per_mtok_output` and its bounds, all cost laid on output tokens, and
        `usd_per_mtok_read` and `usd_per_mtok_written`, which divide it by the chip-seconds of
        prefill (of input that is not cached) and decode.
    utilisation : float or array_like
        Share of the hours paid for that serves at this batch.
    allow_estimates : bool
        Fill missing figures of a chip in the way the error message names.
    efficiencies : Efficiency, optional
        In place of the fitted ones; `Efficiency.perfect()` is the bare roofline.

    Returns
    -------
    pandas.DataFrame
        A row per operating point: seconds per token and to the first token, each with its 80%
        interval, `prompt_ms` of bare work on the prompt, speed, utilisation, chip-seconds, energy
        at the meter where the chip's rated power is known, cost.

    Raises
    ------
    ValueError
        Unknown names (nearest listed), precision the chip lacks, context beyond the model's or the
        memory's (with the number of chips that would do), negative price, missing figures.
    """
    name = named.known("model", model, named.models())
    shape = named.models()[name]
    mixed = mixed_format(named.native_formats()[name])
    computed = compute_precision or precision
    if mixed and compute_precision is None and computed == "fp4":
        peak = named.chips()[named.known("chip", chip, named.chips())].fp4_flop_per_s
        computed = "fp4" if np.isfinite(peak) else "bf16"
    record = named.usable_chip(chip, computed, allow_estimates=allow_estimates)
    given = require_at_least("input_tokens", input_tokens, 1, "tokens")
    written = require_at_least("output_tokens", output_tokens, 1, "tokens")
    known = require_at_least("cached_tokens", cached_tokens, 0, "tokens")
    wanted = require_above("requests", requests, 0, "requests in flight", infinite=True)
    if np.any(wanted < 1):
        raise ValueError(f"requests: {requests!r} is not accepted; accepted: 1 or more")
    broadcast(requests=wanted, input_tokens=given, output_tokens=written, cached_tokens=known)
    if np.any(known > given):
        raise ValueError(
            f"cached_tokens: {np.max(known):.0f} is not accepted; accepted: at most the "
            f"input_tokens, here {np.min(given):.0f}"
        )
    _within_context(name, given, written)
    widths = _widths(shape, precision, mixed, cache_precision)
    layout = _layout(
        f"{name} in {precision} on {chip}", shape, widths, record, tensor, pipeline,
        attention_copies, given + written, np.where(np.isfinite(wanted), wanted, 1.0),
    )  # fmt: skip
    if not (np.isfinite(record.link_bytes_per_s) or allow_estimates or np.all(layout.chips == 1)):
        raise ValueError(
            f"{chip}: the rate of its links is missing; with allow_estimates=True it is taken as "
            f"{FALLBACK_LINK_BYTES_PER_S:.4g} bytes/s, one network port's"
        )
    sixteen = record.best_16_bit_flop_per_s
    rates = Rates(
        sixteen if computed in ("bf16", "int8") else record.peak_flop_per_s(computed), sixteen,
        record.memory_bytes_per_s, slowest_link(record, layout),
    )  # fmt: skip
    point = operate(
        shape, widths, layout, rates,
        efficiencies or named.efficiency(chip, shape, engine),
        memory_bytes=record.memory_bytes, requests=wanted, input_tokens=given,
        output_tokens=written, cached_tokens=known, separate_prefill=separate_prefill,
    )  # fmt: skip
    kind = kind_of(named.families()[named.known("chip", chip, named.chips())], bool(shape.experts))
    terms = named.first_token_terms(shape, engine)
    frame = _frame(point, layout, kind, terms, given, written, known)
    frame.insert(0, "model_id", name)
    frame.insert(1, "chip_id", chip)
    frame.insert(2, "precision", precision)
    if np.isfinite(record.tdp_w):
        frame = _powered(frame, record.tdp_w)
    if usd_per_chip_hour is None:
        return frame
    return _priced(frame, usd_per_chip_hour, utilisation)


def _widths(shape: Architecture, precision: str, mixed: bool, cache: str | None) -> Widths:
    if cache is not None and cache not in _CACHE_BYTES:
        raise ValueError(
            f"cache_precision: {cache!r} is not known; accepted: {', '.join(_CACHE_BYTES)}"
        )
    widths = widths_for(shape, precision, mixed=mixed)
    return widths if cache is None else replace(widths, cache=_CACHE_BYTES[cache])


def _within_context(name: str, given: np.ndarray, written: np.ndarray) -> None:
    most = named.context_limits()[name]
    asked = np.max(given + written)
    if asked > most:
        raise ValueError(
            f"input_tokens + output_tokens: {asked:.0f} is beyond the context of {name}; "
            f"accepted: at most {most:.0f}"
        )


def _layout(
    what: str, shape: Architecture, widths: Widths, chip: Chip, tensor: Any, pipeline: Any,
    attention_copies: Any, context: np.ndarray, requests: np.ndarray,
) -> Layout:  # fmt: skip
    stages = require_counts("pipeline", pipeline)
    groups = require_counts("attention_copies", attention_copies)
    need = least_chips(shape, widths, chip.memory_bytes, context)
    if tensor is None:
        if not np.all(np.isfinite(need)):
            raise ValueError(f"{what}: no number of chips tried holds one request of that context")
        wanted = least_chips(shape, widths, chip.memory_bytes, context, requests)
        return Layout(np.where(np.isfinite(wanted), wanted, need), stages, groups)
    layout = Layout(require_counts("tensor", tensor), stages, groups)
    fits = requests_that_fit(shape, widths, layout, chip.memory_bytes, context)
    if np.any(fits < 1):
        short = int(np.max(np.where(fits < 1, layout.chips, 0)))
        many = np.max(need)
        enough = (
            f"{many:.0f} chips or more, " if np.isfinite(many) else "no number of chips tried; "
        )
        raise ValueError(
            f"{what}: weights and one request of {np.max(context):.0f} tokens do not fit in the "
            f"memory of {short} chip(s); accepted: {enough}shorter "
            "requests, or narrower numbers"
        )
    return layout


def _frame(
    point: Operating, layout: Layout, kind: str, terms: FirstTokenTerms, given: np.ndarray,
    written: np.ndarray, known: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    first = first_token_s(point.times, terms, requests=point.requests, output_tokens=written)
    bands = named.error_bands("ttft").frame.loc[list(LOADS[:2])]
    few = np.asarray(point.requests) <= FEW_REQUESTS
    early, late = (np.exp(-np.where(few, *bands[end])) for end in ("high", "low"))
    tpot = np.atleast_1d(point.tpot_s)
    low, high = named.error_bands("tpot").interval(np.ones(1), np.array([kind], object))
    columns = {
        "tensor": layout.tensor, "pipeline": layout.pipeline, "chips": point.chips,
        "requests": point.requests, "requests_that_fit": point.requests_that_fit,
        "input_tokens": given, "cached_tokens": known, "output_tokens": written,
        "tpot_ms": 1e3 * tpot, "tpot_ms_low": 1e3 * tpot * low, "tpot_ms_high": 1e3 * tpot * high,
        "ttft_ms": 1e3 * first, "ttft_ms_low": 1e3 * first * early,
        "ttft_ms_high": 1e3 * first * late, "prompt_ms": 1e3 * point.ttft_s,
        "tokens_per_s_per_user": point.tokens_per_s_per_user,
        "output_tokens_per_chip_s": point.output_tokens_per_chip_s,
        "input_tokens_per_chip_s": point.input_tokens_per_chip_s,
        "prefill_chip_s": point.prefill_chip_s, "decode_chip_s": point.decode_chip_s,
        "compute_utilisation": point.compute_utilisation,
        "memory_utilisation": point.memory_utilisation,
    }  # fmt: skip
    arrays = np.broadcast_arrays(*(np.atleast_1d(v) for v in columns.values()))
    return pd.DataFrame({k: v.ravel() for k, v in zip(columns, arrays, strict=True)})


def power_draw() -> PowerDraw:
    """Shares of rated power that a chip draws, at central assumptions."""
    names = ("idle_draw", "busy_draw", "compute_draw", "memory_draw")
    return PowerDraw(*(assumptions.get(name).central for name in names))


def _powered(frame: pd.DataFrame, rated_w: float) -> pd.DataFrame:
    """Energy at the meter, all laid on output tokens; its bounds are those of the time."""
    chip = chip_power_w(
        rated_w,
        frame["compute_utilisation"].clip(upper=1.0).to_numpy(),
        frame["memory_utilisation"].clip(upper=1.0).to_numpy(),
        draw=power_draw(),
    )
    watts = facility_power_w(
        chip, rated_w, server_power_share=assumptions.get("server_power_share").central,
        pue=assumptions.get("pue").central,
    )  # fmt: skip
    central = joules_per_token(watts, 1.0, frame["output_tokens_per_chip_s"].to_numpy())
    return frame.assign(
        joules_per_output_token=central,
        joules_per_output_token_low=central * frame["tpot_ms_low"] / frame["tpot_ms"],
        joules_per_output_token_high=central * frame["tpot_ms_high"] / frame["tpot_ms"],
    )


def _priced(frame: pd.DataFrame, usd_per_chip_hour: Any, utilisation: Any) -> pd.DataFrame:
    """Cost laid on output tokens alone, and divided between what is read and what is written."""
    central = usd_per_mtok(usd_per_chip_hour, 1.0, frame["output_tokens_per_chip_s"], utilisation)
    each = token_prices(
        usd_per_chip_hour, prefill_chip_s=frame["prefill_chip_s"].to_numpy(),
        decode_chip_s=frame["decode_chip_s"].to_numpy(),
        input_tokens=frame["input_tokens"].to_numpy(),
        output_tokens=frame["output_tokens"].to_numpy(),
        # A prompt known to the last token still takes its fixed part: one token carries it.
        cached_input_tokens=np.minimum(frame["cached_tokens"], frame["input_tokens"] - 1.0),
        utilisation=utilisation,
    )  # fmt: skip
    return frame.assign(
        usd_per_mtok_output=central,
        usd_per_mtok_output_low=central * frame["tpot_ms_low"] / frame["tpot_ms"],
        usd_per_mtok_output_high=central * frame["tpot_ms_high"] / frame["tpot_ms"],
        usd_per_mtok_read=each.fresh_input,
        usd_per_mtok_written=each.output,
    )
