"""Operating points of one model on one layout of chips: speed, use of the chip, chip-seconds.

Everything broadcasts: a million combinations of model, chip, layout, batch and lengths are one
call. Costs and energy follow from the chip-seconds (`cost`, `energy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.memory import requests_that_fit
from analysis.hardware.steps import Efficiency, Rates, RequestTimes, request_times
from analysis.hardware.work import Layout, Widths


@dataclass(frozen=True)
class Operating:
    """Operating points; fields have the broadcast shape of what was given.

    Attributes
    ----------
    requests : numpy.ndarray
        Requests held at once per attention group: those asked for, or as many as fit.
    requests_that_fit : numpy.ndarray
        Most that memory holds; 0 where not one does, and then all times are NaN.
    tpot_s, ttft_s : numpy.ndarray
        Seconds per output token, and of work before the first.
    tokens_per_s_per_user : numpy.ndarray
    output_tokens_per_chip_s, input_tokens_per_chip_s : numpy.ndarray
    prefill_chip_s, decode_chip_s : numpy.ndarray
        Chip-seconds of one request, by phase; together the inverse of requests per chip-second.
    compute_utilisation, memory_utilisation : numpy.ndarray
        FLOP done over the peak, and bytes read over the bandwidth, averaged over the time.
    chips : numpy.ndarray
        Of one copy.
    times : RequestTimes
    """

    requests: Any
    requests_that_fit: Any
    tpot_s: Any
    ttft_s: Any
    tokens_per_s_per_user: Any
    output_tokens_per_chip_s: Any
    input_tokens_per_chip_s: Any
    prefill_chip_s: Any
    decode_chip_s: Any
    compute_utilisation: Any
    memory_utilisation: Any
    chips: Any
    times: RequestTimes


def operate(
    model: Architecture,
    widths: Widths,
    layout: Layout,
    rates: Rates,
    eff: Efficiency,
    *,
    memory_bytes: Any,
    requests: Any,
    input_tokens: Any,
    output_tokens: Any,
    cached_tokens: Any = 0.0,
    separate_prefill: bool = False,
) -> Operating:
    """Operating points of a server that is always full.

    Parameters
    ----------
    model, widths, layout, rates, eff
        Numbers or arrays that broadcast together.
    memory_bytes : float or array_like
        Of one chip.
    requests : float or array_like
        Requests in flight wanted per attention group; infinity for as many as fit.
    input_tokens, output_tokens, cached_tokens : float or array_like
        Of a request; cached input needs memory but no prefill.
    separate_prefill : bool
        Other chips of the same kind do the prefill; their chip-seconds still count.

    Returns
    -------
    Operating

    Notes
    -----
    Memory is reserved for the prompt and 0.6 of the output: requests at all stages share it.
    """
    kept = np.asarray(input_tokens, float) + 0.6 * np.asarray(output_tokens, float)
    room = requests_that_fit(model, widths, layout, memory_bytes, kept)
    held = np.minimum(requests, room)
    shown = np.where(held > 0, held, np.nan)
    times = request_times(
        model, widths, layout, rates, eff, requests=shown, input_tokens=input_tokens,
        output_tokens=output_tokens, cached_tokens=cached_tokens,
        separate_prefill=separate_prefill,
    )  # fmt: skip
    flight = shown / layout.pipeline
    prefill = times.prefill.total_s * eff.level * layout.tensor
    decode = output_tokens * times.step.total_s * eff.level * layout.tensor / flight
    per_request = prefill + decode
    reading, prompt = times.step_work, times.prefill_work
    steps = output_tokens / flight
    flop = layout.tensor * (prompt.flop + steps * reading.flop)
    read = layout.tensor * steps * reading.bytes_read
    return Operating(
        requests=held,
        requests_that_fit=room,
        tpot_s=times.tpot_s,
        ttft_s=times.ttft_s,
        tokens_per_s_per_user=1.0 / times.tpot_s,
        output_tokens_per_chip_s=output_tokens / per_request,
        input_tokens_per_chip_s=input_tokens / per_request,
        prefill_chip_s=prefill,
        decode_chip_s=decode,
        compute_utilisation=flop / (per_request * rates.flop_per_s),
        memory_utilisation=read / (per_request * rates.memory_bytes_per_s),
        chips=layout.chips,
        times=times,
    )
