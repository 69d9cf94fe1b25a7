"""One rack of 72 chips against an H100: what was claimed, what was measured, what the model says.

Everything is throughput per chip at a stated speed per user, so that a ratio means something.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import named, serve
from analysis.hardware.claim_ratios import (
    RatioBand,
    first_reached,
    ratio_band,
    throughput_at,
)
from analysis.hardware.communication import Network, expert_parallel_s
from analysis.hardware.findings import DRAWS, LEVEL, SEED
from analysis.hardware.findings.chip_prices import pair_error, three_year_rents
from analysis.hardware.interactivity import Frontier, pareto
from analysis.hardware.memory import requests_that_fit
from analysis.hardware.precision import (
    FALLBACK_LINK_BYTES_PER_S,
    mixed_format,
    widths_for,
)
from analysis.hardware.work import Layout
from analysis.uncertainty import Interval

RATIO_TEST = "test_the_ratio_band_is_that_of_drawn_machines"
RACK, NODE = "gb200", "h100_sxm"
MIXTURE, DENSE = "deepseek-r1", "llama-3.3-70b"
#: Prompt and answer of the measured comparisons, in tokens.
LONG_PROMPT, ANSWER = 8192, 1024
SHORT_PROMPT = 1024
#: Prompt of the launch claim, and the model of the table nearest to the one it was made for.
CLAIM_PROMPT, CLAIM_MODEL = 32768, "kimi-k2"
LONG, SPREAD = "DeepSeek-R1, H100s in servers of eight", "DeepSeek-R1, H100s over a network"
SHORT, DENSE_NAME = "DeepSeek-R1, short prompts", "Llama 70B, short prompts"
AS_CLAIMED = "Kimi K2 at the lengths claimed"
DRAWN = (LONG, SPREAD, DENSE_NAME)
GPU, MW, USD = "per chip", "per megawatt", "per dollar"
_PER = {"gpu": GPU, "mw": MW, "usd": USD}
SPEEDS = np.geomspace(8, 140, 70)
#: The fit has seen a model spread over at most so many chips.
_SEEN_CHIPS = 8
_BATCHES = np.unique(np.round(2.0 ** np.arange(0, 11.01, 0.25)))
_WIDEST = 128
_SCALE_OUT = ("collective_efficiency", "scale_up_latency_s", "scale_out_latency_s")


def layouts(chip_id: str, *, wide: bool = False) -> list[tuple[int, int, int]]:
    """Tensor, attention copies and stages to try: inside the scale-up domain, or beyond it.

    Stages cross the domain at little cost; experts and sums do not.
    """
    domain = named.chips()[chip_id].scale_up_domain
    sizes = [2**power for power in range(8)]
    # Cards without links of their own share a server all the same, over its bus.
    server = max(domain, _SEEN_CHIPS)
    most = _WIDEST if wide else min(server, _WIDEST)
    return [
        (tensor, copies, stages)
        for tensor in sizes
        for copies in sizes
        for stages in (1, 2, 4)
        if tensor * copies <= most
        and tensor <= server
        and (stages == 1 or tensor * copies <= _SEEN_CHIPS)
    ]


def _network(chip_id: str) -> Network:
    central = {name: assumptions.get(name).central for name in _SCALE_OUT}
    return Network.of(
        named.chips()[chip_id],
        latency_s=central["scale_up_latency_s"],
        scale_out_bytes_per_s=FALLBACK_LINK_BYTES_PER_S,
        scale_out_latency_s=central["scale_out_latency_s"],
        efficiency=central["collective_efficiency"],
    )


def _fitting(
    model: str, chip_id: str, precision: str, input_tokens: int, tried: np.ndarray
) -> np.ndarray:
    """Those of the layouts whose memory holds the weights and one request of full length."""
    shape, mixed = named.models()[model], mixed_format(named.native_formats()[model])
    tensor, copies, stages = tried.T
    held = requests_that_fit(
        shape, widths_for(shape, precision, mixed=mixed), Layout(tensor, stages, copies),
        named.chips()[chip_id].memory_bytes, input_tokens + ANSWER,
    )  # fmt: skip
    if not np.any(held >= 1):
        raise ValueError(
            f"{model} in {precision} on {chip_id}: no layout tried holds a request of "
            f"{input_tokens + ANSWER} tokens; accepted: shorter prompts or narrower numbers"
        )
    return tried[held >= 1]


def _with_exchange(frame: pd.DataFrame, model: str, chip_id: str) -> pd.DataFrame:
    """Add the traffic to experts where a model is spread further than the fit has seen."""
    shape, ranks = named.models()[model], frame["tensor"] * frame["copies"]
    far = (frame["copies"] > 1) & (ranks > _SEEN_CHIPS)
    if not shape.experts or not far.any():
        return frame
    flight = frame["requests"] / frame["pipeline"]
    asked = (flight / frame["tensor"]).to_numpy()
    waiting = np.where(far, expert_parallel_s(shape, asked, ranks, _network(chip_id)), 0.0)
    per_request = ANSWER / frame["output_tokens_per_chip_s"]
    slower = ANSWER * waiting * frame["tensor"] / flight
    return frame.assign(
        tokens_per_s_per_user=1.0 / (1.0 / frame["tokens_per_s_per_user"] + waiting),
        output_tokens_per_chip_s=ANSWER / (per_request + slower),
    )


@cache
def points(
    model: str,
    chip_id: str,
    precision: str,
    input_tokens: int = SHORT_PROMPT,
    *,
    separate_prefill: bool = False,
    wide: bool = False,
) -> pd.DataFrame:
    """Operating points of a model on a chip over layouts and batches."""
    tried = np.array(layouts(chip_id, wide=wide))
    kept = _fitting(model, chip_id, precision, input_tokens, tried)
    tensor, copies, stages = (column[:, None] for column in kept.T)
    frame = serve(
        model, chip_id, precision=precision, tensor=tensor, attention_copies=copies,
        pipeline=stages, requests=_BATCHES, input_tokens=input_tokens, output_tokens=ANSWER,
        separate_prefill=separate_prefill, allow_estimates=True,
    ).assign(copies=np.repeat(kept[:, 1], _BATCHES.size))  # fmt: skip
    frame = frame[frame["requests"] >= frame["pipeline"]]
    # Beyond what memory holds, more requests asked for are the same point again.
    frame = frame.drop_duplicates(["tensor", "copies", "pipeline", "requests"], ignore_index=True)
    return _with_exchange(frame, model, chip_id)


@cache
def frontier(
    model: str,
    chip_id: str,
    precision: str,
    input_tokens: int = SHORT_PROMPT,
    *,
    separate_prefill: bool = False,
    wide: bool = False,
) -> Frontier:
    """Output tokens per second per chip against speed per user, best over layouts and batches."""
    rows = points(
        model, chip_id, precision, input_tokens, separate_prefill=separate_prefill, wide=wide
    )
    return pareto(rows["tokens_per_s_per_user"], rows["output_tokens_per_chip_s"])


def _errors(model: str) -> tuple[np.ndarray, np.ndarray]:
    error = pair_error(named.models()[model].experts > 0)
    drawn = np.random.default_rng(SEED).standard_normal((2, DRAWS)) * error
    return drawn[0], drawn[1]


@dataclass(frozen=True)
class Setting:
    """A model, its lengths, and what the H100s may do."""

    model: str
    input_tokens: int
    apart: bool = False
    wide: bool = False

    def frontier(self, chip_id: str, precision: str) -> Frontier:
        """Of the rack or of the H100s."""
        return frontier(
            self.model, chip_id, precision, self.input_tokens,
            separate_prefill=self.apart, wide=self.wide and chip_id != RACK,
        )  # fmt: skip


SETTINGS = {
    LONG: Setting(MIXTURE, LONG_PROMPT, apart=True),
    SPREAD: Setting(MIXTURE, LONG_PROMPT, apart=True, wide=True),
    SHORT: Setting(MIXTURE, SHORT_PROMPT),
    DENSE_NAME: Setting(DENSE, SHORT_PROMPT),
    AS_CLAIMED: Setting(CLAIM_MODEL, CLAIM_PROMPT, apart=True),
}


@cache
def band(name: str, *, precision: str = "fp4", at: tuple[float, ...] = ()) -> RatioBand:
    """Rack over H100 per chip, at `SPEEDS` or the speeds given.

    Parameters
    ----------
    name : str
        One of `SETTINGS`.
    precision : str
        Of the rack; the H100 has 8 bits.
    """
    it = SETTINGS[name]
    return ratio_band(
        it.frontier(RACK, precision), it.frontier(NODE, "fp8"),
        np.asarray(at) if at else SPEEDS, *_errors(it.model), level=LEVEL,
    )  # fmt: skip


def baseline_share(name: str, speeds: Any) -> Any:
    """Throughput of the H100 at a speed over its own best at any speed."""
    node = SETTINGS[name].frontier(NODE, "fp8")
    return throughput_at(node, speeds) / node.throughput[0]


def at_claimed_speed(name: str, *, precision: str = "fp4") -> Interval:
    """Ratio per chip at the speed the launch claim is for."""
    return at_speed(name, float(claim()["tokens_per_s_per_user"]), precision=precision)


def at_speed(name: str, speed: float, *, precision: str = "fp4") -> Interval:
    """Ratio per chip at a speed for each user, tokens/s."""
    it = band(name, precision=precision, at=(speed,))
    return Interval(float(it.low[0]), float(it.ratio[0]), float(it.high[0]), LEVEL)


@cache
def _scales() -> dict[str, float]:
    """Ratio of chips to ratio of megawatts, and of USD of a three-year rent."""
    rows = catalog.load("accelerators").set_index("chip_id")
    rack, node = rows.loc[RACK], rows.loc[NODE]
    rents = three_year_rents()["usd"]
    return {
        GPU: 1.0,
        MW: float(node["allin_kw_per_gpu"] / rack["allin_kw_per_gpu"]),
        USD: float(rents[NODE] / rents[RACK]),
    }


def scale(per: str) -> float:
    """From a ratio per chip to one per chip, megawatt or dollar."""
    return _scales()[per]


@cache
def curves() -> pd.DataFrame:
    """Ratio of the rack to the H100 over speed, per chip, megawatt and dollar, with its interval.

    Ends where the H100 may not reach the speed, so that the ratio has no upper bound.
    """
    found = []
    for name in DRAWN:
        it = band(name)
        table = pd.DataFrame(
            {"interactivity": SPEEDS, "ratio": it.ratio, "low": it.low, "high": it.high,
             "baseline_share": baseline_share(name, SPEEDS), "name": name}
        )  # fmt: skip
        table = table[np.isfinite(table["high"]) & (table["low"] > 0)]
        for per, scale in _scales().items():
            part = table.assign(per=per)
            part[["ratio", "low", "high"]] *= scale
            found.append(part)
    return pd.concat(found, ignore_index=True)


@cache
def published() -> pd.DataFrame:
    """Published ratios of the rack to Hopper chips; the measured ones apart from the projected."""
    rows = catalog.load("nvl72_ratios")
    hopper = rows["chip_id"].isin((RACK, "gb300")) & rows["baseline_chip_id"].isin((NODE, "h200"))
    rows = rows[hopper].assign(per=rows["per"].map(_PER))
    # A ratio of two measured rates is as measured as they are.
    rows["evidence"] = np.where(rows["kind"] == "forecast", "projected", "measured")
    return rows.reset_index(drop=True)


@cache
def mlperf_mixture() -> float:
    """The rack over an H200 per chip, for the mixture without a limit on latency, both measured."""
    rows = catalog.load("serving_benchmarks")
    rows = rows[(rows["model_id"] == MIXTURE) & (rows["scenario"] == "Offline")]
    rate = rows.set_index("chip_id")["tokens_per_s_per_chip"]
    return float(rate[RACK] / rate["h200"])


def claim() -> pd.Series:
    """The projection of the launch: its ratio and the speed it is for."""
    return catalog.load("nvl72_ratios").set_index("ratio_id").loc["nvidia_30x"]


@cache
def held_out_error() -> tuple[float, int]:
    """Measured time over foretold, median of the rack's chips held out, and the rows behind it."""
    rows = catalog.load("prediction_errors")
    rows = rows[(rows["left_out"] == "chip") & (rows["measure"] == "tpot")]
    row = rows[rows["name"] == RACK].iloc[0]
    return float(np.exp(-row["bias"])), int(row["rows"])


def users_per_chip() -> float:
    """Most users of the mixture for each chip of the rack, at the speed the claim is for."""
    rows = points(MIXTURE, RACK, "fp4")
    rows = rows[rows["tokens_per_s_per_user"] >= float(claim()["tokens_per_s_per_user"])]
    return float((rows["requests"] * rows["copies"] / rows["chips"]).max())


def reached_at(name: str, *, precision: str = "fp4") -> float:
    """Least speed at which the ratio per chip reaches the claim; NaN where it never does."""
    it = band(name, precision=precision)
    curve = pd.DataFrame({"interactivity": SPEEDS, "ratio": it.ratio})
    return first_reached(curve, float(claim()["ratio"]))


def highest(name: str, *, precision: str = "fp4") -> tuple[Interval, float]:
    """Greatest ratio per chip where it has an upper bound, and the speed it is at."""
    it = band(name, precision=precision)
    known = np.where(np.isfinite(it.high), it.ratio, -np.inf)
    at = int(known.argmax())
    return Interval(float(it.low[at]), float(it.ratio[at]), float(it.high[at]), LEVEL), float(
        SPEEDS[at]
    )


def limit(name: str, *, precision: str = "fp4") -> float:
    """Greatest speed at which the ratio has an upper bound: the H100s surely reach it."""
    it = band(name, precision=precision)
    return float(SPEEDS[np.isfinite(it.high)].max())


def fastest(name: str, chip_id: str, precision: str) -> float:
    """Greatest tokens per second for one user of a setting."""
    return SETTINGS[name].frontier(chip_id, precision).span[1]
