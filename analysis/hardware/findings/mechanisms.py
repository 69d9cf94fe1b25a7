"""What drafting, two pools, a prefix cache and power change about one server."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from analysis import assumptions
from analysis.hardware import named, serve
from analysis.hardware.disaggregation import mixed_goodput, split_goodput
from analysis.hardware.findings.accuracy import published_points
from analysis.hardware.precision import rates_of, widths_for
from analysis.hardware.speculative import best_drafted_at_batch
from analysis.hardware.steps import Efficiency, decode_step, request_times
from analysis.hardware.work import Layout, decode_work

MODEL, CHIP, TENSOR = "llama-3.3-70b", "h200", 2
TOKENS = 1024
MOST_BATCH = 128
#: A loop of tool calls: what the first call reads, and what each further one reads and writes.
AGENT = {"steps": 20, "first_tokens": 4000, "read_tokens_per_step": 1500,
         "written_tokens_per_step": 500}  # fmt: skip


def drafting_speed_up(batch: float) -> float:
    """Speed-up of an answer by drafting ahead at a batch, with the best length of a draft.

    Others' prompts take as long as before.
    """
    model, chip = named.models()[MODEL], named.chips()[CHIP]
    widths = widths_for(model, "fp8")
    layout = Layout(float(TENSOR))
    rates = rates_of(chip, np.array(["fp8"], object), np.array([False]), layout)
    rates = replace(rates, flop_per_s=rates.flop_per_s[0])
    eff = named.efficiency(CHIP, model)

    def step_s(sequences: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        work = decode_work(model, widths, layout, sequences, 1.5 * TOKENS)
        grown = replace(
            work, matmul_flop=work.matmul_flop * tokens,
            attention_flop=work.attention_flop * tokens, traffic_bytes=work.traffic_bytes * tokens,
        )  # fmt: skip
        return np.asarray(decode_step(model, grown, layout, rates, eff, sequences).total_s)

    share = assumptions.get("draft_cost_ratio").central

    def draft_s(sequences: np.ndarray) -> np.ndarray:
        return share * step_s(sequences, np.ones_like(sequences))

    best = best_drafted_at_batch(
        assumptions.get("draft_acceptance").central, float(batch), step_s, draft_s
    )
    step = float(step_s(np.array([float(batch)]), np.ones(1))[0])
    whole = float(
        request_times(
            model, widths, layout, rates, eff, requests=float(batch), input_tokens=TOKENS,
            output_tokens=TOKENS,
        ).tpot_s / eff.level
    )  # fmt: skip
    return whole / (step / float(best.speed_up) + whole - step)


@lru_cache(maxsize=4)
def two_pools_gain(tpot_target_s: float) -> float:
    """Requests per chip of separate pools over one mixed pool, under a target per token."""
    batches = np.arange(1, MOST_BATCH + 1)
    point = serve(
        MODEL, CHIP, tensor=TENSOR, requests=batches, input_tokens=4 * TOKENS,
        output_tokens=TOKENS // 2, separate_prefill=True,
    )  # fmt: skip
    step = point["tpot_ms"].to_numpy() / 1e3
    prefill = float(point["prefill_chip_s"].iloc[0]) / TENSOR
    asked = {"prefill_s": prefill, "output_tokens": TOKENS // 2, "tpot_target_s": tpot_target_s}
    size = point["requests"].to_numpy()
    mixed = mixed_goodput(size, step, **asked, chips=TENSOR)
    split = split_goodput(size, step, **asked, prefill_chips=TENSOR, decode_chips=TENSOR)
    return float(split.requests_per_chip_s / mixed.requests_per_chip_s)


@lru_cache(maxsize=1)
def agent_saving() -> dict[str, float]:
    """Chip-seconds of a loop of tool calls with and without its context kept between calls."""
    calls = np.arange(float(AGENT["steps"]))
    grown = AGENT["read_tokens_per_step"] + AGENT["written_tokens_per_step"]
    given = AGENT["first_tokens"] + calls * grown
    kept = np.where(calls > 0, given - AGENT["read_tokens_per_step"], 0.0)
    seconds = []
    for known in (0.0 * kept, kept):
        point = serve(
            MODEL, CHIP, tensor=TENSOR, requests=32, input_tokens=given, cached_tokens=known,
            output_tokens=AGENT["written_tokens_per_step"],
        )  # fmt: skip
        seconds.append(float(point[["prefill_chip_s", "decode_chip_s"]].sum().sum()))
    return {
        "without": seconds[0], "with": seconds[1], "hit_share": float(kept.sum() / given.sum()),
    }  # fmt: skip


def energy_per_token(batch: float) -> float:
    """Joules per output token at the meter, all energy laid on output tokens."""
    row = serve(
        MODEL, CHIP, tensor=TENSOR, requests=batch, input_tokens=TOKENS, output_tokens=TOKENS
    ).iloc[0]
    return float(row["joules_per_output_token"])


@lru_cache(maxsize=1)
def roofline_optimism() -> tuple[float, float]:
    """Measured time over a bare roofline's: without and with others' prompts, median of points."""
    _, points, measured = published_points()
    bare = request_times(
        points.model, points.widths, points.layout, points.rates, Efficiency.perfect(),
        requests=points.requests, input_tokens=points.input_tokens,
        output_tokens=points.output_tokens, own_prefill=points.own_prefill,
    )  # fmt: skip
    return (
        float(np.median(measured / bare.step.total_s)), float(np.median(measured / bare.tpot_s)),
    )  # fmt: skip
