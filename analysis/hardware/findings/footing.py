"""Training, prefill and decode on one footing: what each asks of a chip, and costs per FLOP."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import named, serve
from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.communication import Network
from analysis.hardware.findings.accuracy import published_points
from analysis.hardware.findings.chip_prices import three_year_rents
from analysis.hardware.training import Layout, TrainingStep, training_step
from analysis.hardware.work import (
    SIXTEEN_BIT_BYTES,
    Widths,
    body_params,
    decode_flop_per_pair,
    decode_work,
    prefill_work,
)
from analysis.hardware.work import Layout as Alone
from analysis.units import FORWARD_FLOP_PER_PARAMETER_TOKEN

TRAINING, PREFILL, SERVING = "training", "reading prompts", "serving"
#: Batches at which decoding is priced, and the request it is priced for.
BATCHES = (1, 8, 64)
INPUT_TOKENS = OUTPUT_TOKENS = 1024
PRICED_MODEL = "llama-3.3-70b"
LLAMA_RUN = "llama3_405b_8k_16384"
#: The runs from which the efficiency of training was taken.
FITTED_SOURCE = "narayanan2021"
FLOP_UNIT = 1e18


def _layout(row: pd.Series) -> Layout:
    names = ("tensor", "pipeline", "data", "context", "sequences", "micro_sequences", "interleave")
    return Layout(
        **{name: float(row[name]) for name in names},
        recompute=row["recompute"],
        fused_attention=bool(row["fused_attention"]),
        sharding=row["sharding"],
    )


def trained(row: pd.Series, efficiency: float, collective: float) -> TrainingStep:
    """The training model's step for a published run."""
    chip: Chip = named.chips()[row["chip_id"]]
    network = Network.of(
        chip,
        latency_s=assumptions.get("scale_up_latency_s").central,
        scale_out_bytes_per_s=float(row["scale_out_bytes_per_s"]),
        scale_out_latency_s=assumptions.get("scale_out_latency_s").central,
        efficiency=collective,
    )
    causal = row["flop_counted"] == "model only"
    return training_step(
        Architecture.from_row(row.to_dict()),
        float(row["sequence_tokens"]),
        _layout(row),
        network,
        peak_flop_per_s=chip.bf16_flop_per_s,
        memory_bytes_per_s=chip.memory_bytes_per_s,
        matmul_efficiency=efficiency,
        exposed_expert=assumptions.get("train_exposed_expert").central,
        causal=causal,
        counted_causal=causal,
    )


@lru_cache(maxsize=1)
def training_points() -> pd.DataFrame:
    """Published runs: measured share of peak, the model's, and FLOP per byte over the balance."""
    rows = catalog.load("training_layouts")
    efficiency = assumptions.get("train_matmul_efficiency").central
    collective = assumptions.get("collective_efficiency").central
    out = []
    for _, row in rows.iterrows():
        step = trained(row, efficiency, collective)
        peak = named.chips()[row["chip_id"]].bf16_flop_per_s
        passes = 3.0 if row["recompute"] == "full" else 2.0
        shape, lay = Architecture.from_row(row.to_dict()), _layout(row)
        weights_s = (
            SIXTEEN_BIT_BYTES * passes * (shape.always_params + shape.routed_params)
            / (lay.tensor * lay.pipeline) * lay.micro_batches
            / named.chips()[row["chip_id"]].memory_bytes_per_s
        )  # fmt: skip
        used = step.hfu if row["flop_counted"] == "with recomputation" else step.mfu
        out.append(
            {
                "work": TRAINING,
                "name": row["label"],
                "chip_id": row["chip_id"],
                "batch": np.nan,
                "balance": float(step.compute_s * efficiency / (step.memory_s + weights_s)),
                "share_of_peak": row["tflops_per_chip"] * 1e12 / peak,
                "predicted_share": float(used),
                "kind": "measured",
                "source_id": row["source_id"],
            }
        )
    return pd.DataFrame(out)


@lru_cache(maxsize=1)
def serving_points() -> pd.DataFrame:
    """Published serving points: share of peak by the measured time, FLOP per byte by the shapes."""
    rows, points, measured = published_points()
    step = decode_work(
        points.model, points.widths, points.layout, points.requests,
        points.input_tokens + points.output_tokens / 2,
    )  # fmt: skip
    prompt = prefill_work(points.model, points.widths, points.layout, points.input_tokens)
    flop = step.flop + points.requests * prompt.flop / points.output_tokens
    rates = points.rates
    return pd.DataFrame(
        {
            "work": SERVING,
            "name": rows["model_id"].to_numpy(),
            "chip_id": rows["chip_id"].to_numpy(),
            "batch": points.requests,
            "balance": flop / step.bytes_read * rates.memory_bytes_per_s / rates.flop_per_s,
            "share_of_peak": flop / (measured * rates.flop_per_s),
            "predicted_share": np.nan,
            "kind": "measured",
            "source_id": rows["source_id"].to_numpy(),
        }
    )


@lru_cache(maxsize=1)
def prefill_points() -> pd.DataFrame:
    """Published rates of reading prompts: share of peak, FLOP per byte of weights."""
    rows = catalog.load("serving_benchmarks")
    rows = rows[
        rows["prefill_tokens_per_s_per_chip"].notna()
        & rows["input_tokens"].notna()
        & (rows["use_for"] == "calibration")
    ].copy()
    rows["tpot_ms"] = np.nan
    rows["output_tokens"] = rows["output_tokens"].fillna(1.0)
    points, index, _ = named.points(rows)
    rows = rows.loc[index]
    prompt = prefill_work(points.model, points.widths, points.layout, points.input_tokens)
    per_token = prompt.flop * points.layout.tensor / points.input_tokens
    rate = rows["prefill_tokens_per_s_per_chip"].to_numpy(float)
    rates = points.rates
    return pd.DataFrame(
        {
            "work": PREFILL,
            "name": rows["model_id"].to_numpy(),
            "chip_id": rows["chip_id"].to_numpy(),
            "batch": points.input_tokens,
            "balance": prompt.flop
            / prompt.bytes_read
            * rates.memory_bytes_per_s
            / rates.flop_per_s,
            "share_of_peak": rate * per_token / rates.flop_per_s,
            "predicted_share": np.nan,
            "kind": "measured",
            "source_id": rows["source_id"].to_numpy(),
        }
    )


@lru_cache(maxsize=1)
def placed() -> pd.DataFrame:
    """All points of the roofline of two kinds of work."""
    return pd.concat([training_points(), prefill_points(), serving_points()], ignore_index=True)


def price_of(chip_id: str) -> tuple[float, str]:
    """Rent of a chip under a three-year contract in USD per hour, and who says so."""
    price, source = three_year_rents().loc[chip_id]
    return float(price), str(source)


@lru_cache(maxsize=1)
def flop_prices() -> pd.DataFrame:
    """USD per 10^18 FLOP of training, prefill and decode on chips with a three-year rent.

    Serving in 8 bits, training in 16 as it was run; the FLOP are those the model needs.
    """
    shape = named.models()[PRICED_MODEL]
    out = []
    run = catalog.load("training_layouts").set_index("run_id").loc[LLAMA_RUN]
    for chip_id in rented_chips():
        price, source = price_of(chip_id)
        given = {"chip_id": chip_id, "source_id": source}
        if chip_id == run["chip_id"]:
            available = assumptions.get("train_available_share").central
            rate = run["tflops_per_chip"] * 1e12 * available
            usd = price / 3600 / rate * FLOP_UNIT
            out.append({**given, "work": TRAINING, "batch": np.nan, "kind": "measured",
                        "usd": usd, "low": np.nan, "high": np.nan})  # fmt: skip
        point = serve(PRICED_MODEL, chip_id, precision="fp8", tensor=2, requests=list(BATCHES),
                      usd_per_chip_hour=price, input_tokens=INPUT_TOKENS,
                      output_tokens=OUTPUT_TOKENS)  # fmt: skip
        tokens, given_tokens = OUTPUT_TOKENS, INPUT_TOKENS
        flop = tokens * (
            FORWARD_FLOP_PER_PARAMETER_TOKEN * (body_params(shape) + shape.head_params)
            + decode_flop_per_pair(shape) * shape.cached_tokens(given_tokens + tokens / 2)
        )
        read = prefill_work(shape, Widths(1.0, 1.0, 2.0, 1.0), Alone(), given_tokens).flop
        off = point["tpot_ms_low"] / point["tpot_ms"], point["tpot_ms_high"] / point["tpot_ms"]
        for phase, seconds, work in (
            (PREFILL, point["prefill_chip_s"], read),
            ("decoding", point["decode_chip_s"], flop),
        ):
            usd = price / 3600 * seconds / work * FLOP_UNIT
            ends = [usd * end if phase != PREFILL else np.nan for end in off]
            frame = pd.DataFrame({"batch": point["requests"], "usd": usd, "low": ends[0],
                                  "high": ends[1], "work": phase, "kind": "estimate",
                                  **given})  # fmt: skip
            out += frame.iloc[: 1 if phase == PREFILL else None].to_dict("records")
    return pd.DataFrame(out)


@lru_cache(maxsize=1)
def rented_chips() -> tuple[str, ...]:
    """Chips with a three-year rent in the table that can serve in 8 bits."""
    chips = named.chips()
    return tuple(c for c in three_year_rents().index if np.isfinite(chips[c].fp8_flop_per_s))


def flop_price_ratio(batch: int, chip_id: str = "h100_sxm") -> tuple[float, float, float]:
    """Price of a FLOP of decoding over one of training on a chip, with its bounds."""
    prices = flop_prices()
    mine = prices[prices["chip_id"] == chip_id]
    training = float(mine.loc[mine["work"] == TRAINING, "usd"].iloc[0])
    row = mine[(mine["work"] == "decoding") & (mine["batch"] == batch)].iloc[0]
    return tuple(float(row[name]) / training for name in ("usd", "low", "high"))  # type: ignore[return-value]


def served_shares() -> tuple[float, float]:
    """Median share of peak of serving points left of the chip's balance, and of the others."""
    rows = placed()
    rows = rows[rows["work"] == SERVING]
    waits = rows["balance"] < 1
    return (
        float(rows.loc[waits, "share_of_peak"].median()),
        float(rows.loc[~waits, "share_of_peak"].median()),
    )


def training_errors() -> tuple[float, float, float]:
    """Median error of the runs the efficiency was fitted to, and least and largest of the others.

    As factors: 1.03 is 3% off.
    """
    rows = training_points()
    away = np.exp(np.abs(np.log(rows["predicted_share"] / rows["share_of_peak"])))
    fitted = rows["source_id"] == FITTED_SOURCE
    return float(away[fitted].median()), float(away[~fitted].min()), float(away[~fitted].max())
