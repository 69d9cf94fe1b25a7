"""The documents' claims about hardware, each as what was found over what was claimed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.hardware import named
from analysis.hardware.claim_ratios import ratio_band
from analysis.hardware.findings import LEVEL, cost_history, edge, nvl72, supply
from analysis.hardware.findings.claim_rows import (
    ABOUT,
    ALL,
    AT_LEAST,
    AT_MOST,
    ESTIMATE,
    FORECAST,
    MATMUL,
    MEASURED,
    MODEL,
    NONE,
    OWN_SOURCE,
    REPORTED,
    SOME,
    Claim,
    agrees,
)
from analysis.hardware.findings.cost_history import LARGE, SMALL, time_errors
from analysis.hardware.findings.rents import quotes, rent_ratio
from analysis.uncertainty import Interval

CLAIM_TEST = "test_measured_ratios_are_those_of_their_rows"
#: The last quarter of the year for which a document gives a rent, in decimal years.
_LATE_2024 = (2024.75, 2025.0)
#: Bounds of the rent are of whole years, up to that of the claim.
_YEARS_OF_BOUNDS = (2023.0, 2025.0)
SEVENTY = ("llama-2-70b", "llama-3-70b", "llama-3.1-70b", "llama-3.3-70b")
LARGEST_DENSE = ("llama-3.1-405b",)
GPUS = ("h100_sxm", "h200", "b200", "mi300x", "mi325x", "mi355x")


def claimed(claim_id: str) -> float:
    """The number claimed, from the table of the documents' claims."""
    rows = catalog.load("vendor_claims")
    return float(rows.loc[rows["claim_id"] == claim_id, "value"].iloc[0])


def _claim(claim_id: str, label: str, side: str = ABOUT, scale: float = 1.0) -> Claim:
    value = claimed(claim_id) * scale
    return Claim(claim_id, label, value, value, side)


def _checks(
    claim: Claim, numbers: Iterable[int], evidence: str, *, says: str = "", counts: bool = True
) -> list[dict[str, Any]]:
    """Rows of the table's own checks of a claim, with a word on what they are."""
    rows = catalog.load("vendor_claims")
    rows = rows[(rows["claim_id"] == claim.key) & rows["check"].isin(list(numbers))]
    return [
        claim.found(
            row["check_value"], evidence, says + row["check_what"], row["source_id"], counts=counts
        )
        for row in rows.to_dict("records")
    ]


@cache
def chip_ratio(
    model: str, chip_id: str, other_id: str, precision: str, other_precision: str
) -> Interval:
    """Throughput of a chip over another's at the speed held fixed, each in its best layout."""
    above = nvl72.frontier(model, chip_id, precision)
    below = nvl72.frontier(model, other_id, other_precision)
    it = ratio_band(
        above, below, cost_history.speed(), time_errors(chip_id), time_errors(other_id), level=LEVEL
    )
    return Interval(float(it.low[0]), float(it.ratio[0]), float(it.high[0]), LEVEL)


@cache
def measured_ratios(chip_id: str, other_id: str) -> pd.DataFrame:
    """Measured throughput per chip over another's where model and scenario are the same."""
    rows = catalog.load("serving_benchmarks")
    rows = rows[rows["tokens_per_s_per_chip"].notna() & (rows["scenario"] != "")]
    keys = ["model_id", "scenario", "source_id"]
    sides = [rows[rows["chip_id"] == name] for name in (chip_id, other_id)]
    both = sides[0].merge(sides[1], on=keys, suffixes=("", "_other"))
    both["ratio"] = both["tokens_per_s_per_chip"] / both["tokens_per_s_per_chip_other"]
    return both[[*keys, "ratio"]]


def _l40s() -> list[dict[str, Any]]:
    speed = _claim("l40s_perf", "L40S throughput, a third of an H100")
    price = _claim("l40s_price", "L40S rent, a fifth of an H100")
    measured = measured_ratios("l40s", "h100_sxm").to_dict("records")
    pairs = pd.concat([rent_ratio("l40s"), rent_ratio("l40s", "h100_pcie")]).to_dict("records")
    return [
        *(
            speed.found(row["ratio"], MEASURED, f"{row['model_id']}, {row['scenario']}",
                        row["source_id"])
            for row in measured
        ),
        *_checks(speed, [3], MEASURED),
        *(
            speed.found(chip_ratio(name, "l40s", "h100_sxm", "fp8", "fp8"), MODEL,
                        f"{name} in 8 bits")
            for name in (SMALL, LARGE)
        ),
        *(price.found(r["ratio"], REPORTED, f"rents of {r['date']}", r["source"]) for r in pairs),
    ]  # fmt: skip


def _rack() -> list[dict[str, Any]]:
    claims = {
        nvl72.GPU: _claim("gb200_30x", "GB200 rack, 30 H100s per chip", AT_LEAST),
        nvl72.USD: _claim("gb200_25x", "GB200 rack, 25 times cheaper", AT_LEAST),
    }
    points = nvl72.published()
    points = points[(points["evidence"] == MEASURED) & points["per"].isin(claims)]
    rows = [
        claims[row["per"]].found(row["ratio"], MEASURED, row["setting"], row["source_id"])
        for row in points.to_dict("records")
    ]
    ours = nvl72.at_claimed_speed(nvl72.LONG)
    for per, claim in claims.items():
        scale = nvl72.scale(per)
        it = Interval(ours.low * scale, ours.central * scale, ours.high * scale, LEVEL)
        rows.append(claim.found(it, MODEL, "DeepSeek-R1 at the speed claimed"))
    return rows


def _clouds() -> list[dict[str, Any]]:
    speed = _claim("inf2_throughput", "Inferentia2 throughput, 2.6 times an A10G")
    left = 1 - claimed("inf2_cost") / 100
    cost = Claim("inf2_cost", "Inferentia2 cost, 30% of an A10G's", left, left)
    images = _claim("tpu_v5e_images", "TPU v5e, 0.10 USD for 1,000 images")
    ours = chip_ratio(SMALL, "inf2", "a10g", "bf16", "bf16")
    # A price-performance better by a share leaves 1 / (1 + share) of the cost.
    better = [
        cost.found(1 / (1 + row["found"] / 100), REPORTED, row["what"], row["source_id"])
        for row in _checks(_claim("inf2_cost", ""), [1], REPORTED)
    ]
    return [
        *_checks(speed, [1], REPORTED, says=OWN_SOURCE, counts=False),
        speed.found(ours, MODEL, f"{SMALL} in 16 bits"),
        *better,
        *_checks(images, [1], MEASURED),
    ]


def _rivals() -> list[dict[str, Any]]:
    ascend = _claim("ascend910c_60pct", "Ascend 910C, 60% of an H100")
    gaudi = _claim("gaudi2_a100", "Gaudi2, an A100 in training vision")
    it = chip_ratio(LARGE, "ascend910c", "h100_sxm", "int8", "fp8")
    percents = Interval(100 * it.low, 100 * it.central, 100 * it.high, LEVEL)
    pair = chip_ratio(LARGE, "gaudi2", "a100_80", "bf16", "bf16")
    return [
        *_checks(ascend, [1], REPORTED, says=OWN_SOURCE, counts=False),
        *_checks(ascend, [2], MEASURED),
        ascend.found(percents, MODEL, f"{LARGE} in 8 bits"),
        *_checks(gaudi, [1], MEASURED, says=MATMUL, counts=False),
        gaudi.found(pair, MODEL, f"{LARGE} in 16 bits"),
    ]


def _mi300x() -> list[dict[str, Any]]:
    """Cost of a token on an MI300X over an H100: rents of one source by throughput."""
    claim = Claim("mi300x", "MI300X per token, cheaper than an H100", 1.0, 1.0, AT_MOST)
    speeds = measured_ratios("mi300x", "h100_sxm").query("scenario == 'Offline'")
    ours = chip_ratio(LARGE, "mi300x", "h100_sxm", "fp8", "fp8")
    rows = []
    for quote in rent_ratio("mi300x").to_dict("records"):
        rent, when = quote["ratio"], f"{quote['price_class'].replace('_', ' ')} of {quote['date']}"
        rows += [
            claim.found(rent / row["ratio"], MEASURED, f"MLPerf, {when}", row["source_id"])
            for row in speeds.to_dict("records")
        ]
        it = Interval(rent / ours.high, rent / ours.central, rent / ours.low, LEVEL)
        rows.append(claim.found(it, MODEL, f"{LARGE} in 8 bits, {when}"))
    return rows


@cache
def fastest_measured(chip_ids: tuple[str, ...], models: tuple[str, ...]) -> pd.Series:
    """The measured row with the greatest tokens per second for one user."""
    rows = catalog.load("serving_benchmarks")
    rows = rows[
        rows["chip_id"].isin(chip_ids)
        & rows["model_id"].isin(models)
        & rows["tokens_per_s_per_user"].notna()
    ]
    return rows.loc[rows["tokens_per_s_per_user"].idxmax()]


def _fast_machines() -> list[dict[str, Any]]:
    """Tokens per second for one user, over the fastest GPU measured and the fastest modelled."""
    names = catalog.load("accelerators").set_index("chip_id")["name"]
    claim = Claim("fast_machines", "Cerebras and Groq, faster for one user", 1.0, 1.0, AT_LEAST)
    slower = np.exp(np.quantile(time_errors("b200"), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    rows = []
    for chip, models, modelled in (
        ("wse3", SEVENTY, LARGE),
        ("wse3", LARGEST_DENSE, LARGEST_DENSE[0]),
        ("groq_lpu1", SEVENTY, LARGE),
    ):
        one, gpu = fastest_measured((chip,), models), fastest_measured(GPUS, models)
        speed, source = float(one["tokens_per_s_per_user"]), str(one["source_id"])
        times = speed / nvl72.frontier(modelled, "b200", "fp4").span[1]
        it = Interval(times * slower[0], times, times * slower[1], LEVEL)
        what = f"{names[chip]}, {one['model_id']}, against"
        measured = speed / float(gpu["tokens_per_s_per_user"])
        rows += [
            claim.found(measured, MEASURED, f"{what} the fastest GPU measured", source),
            claim.found(it, MODEL, f"{what} a B200 server in 4 bits", source),
        ]
    return rows


def _within(rows: pd.DataFrame, years: tuple[float, float]) -> pd.Series:
    return (rows["year_from"] >= years[0] - 1e-9) & (rows["year_to"] <= years[1] + 1e-9)


def rent_bounds() -> pd.DataFrame:
    """Lower bounds of an H100's rent in the years up to that of the claim, on demand."""
    rows = quotes()
    mine = (rows["chip_id"] == "h100_sxm") & (rows["bound"] == "at least")
    return rows[mine & (rows["price_class"] == "on_demand") & _within(rows, _YEARS_OF_BOUNDS)]


def _prices() -> list[dict[str, Any]]:
    price = _claim("h100_price", "H100, a price of 30,000 USD")
    rent = _claim("h100_rental_peak", "H100, a rent of 8 USD in late 2024")
    quoted = quotes()
    quoted = quoted[quoted["chip_id"] == "h100_sxm"]
    late = quoted[(quoted["bound"] == "") & _within(quoted, _LATE_2024)]
    bounds = rent_bounds()
    return [
        *_checks(price, [1, 2, 3], ESTIMATE),
        *_checks(price, [4], REPORTED),
        *(
            rent.found(row["usd_per_gpu_hour"], REPORTED, f"{row['price_type']}, {row['date']}",
                       row["source_id"])
            for row in late.to_dict("records")
        ),
        *(
            rent.found(row["usd_per_gpu_hour"], REPORTED,
                       f"{row['bound']}, {row['price_type']}, {row['date']}", row["source_id"],
                       bound=row["bound"])
            for row in bounds.to_dict("records")
        ),
    ]  # fmt: skip


@cache
def chips_per_query() -> pd.DataFrame:
    """H100s that hold one copy of each large model, and the cheapest copy's chips and requests.

    A copy answers as many queries at once as leave each the speed held fixed.
    """
    limits = named.context_limits()
    found = []
    for name, chips in edge.chips_for_large("h100_sxm").items():
        # NaN, for a context not known, is refused too.
        if not limits[str(name)] >= nvl72.SHORT_PROMPT + nvl72.ANSWER:
            continue
        rows = nvl72.points(str(name), "h100_sxm", "fp8")
        rows = rows[rows["tokens_per_s_per_user"] >= cost_history.speed()]
        if not rows.empty:
            row = rows.loc[(rows["chips"] / (rows["requests"] * rows["copies"])).idxmin()]
            sharing = float(row["requests"] * row["copies"])
            found.append(
                {"model_id": name, "copy": float(chips), "sharing": sharing,
                 "serving_chips": float(row["chips"]), "per_query": float(row["chips"]) / sharing}
            )  # fmt: skip
    return pd.DataFrame(found)


def _scale() -> list[dict[str, Any]]:
    asked = claimed("gpus_per_query_low"), claimed("gpus_per_query_high")
    least = claimed("hundreds_of_millions_least")
    times_asked = claimed("hardware_ratio_low"), claimed("hardware_ratio_high")
    copy = Claim("gpus_per_copy", "8 to 16 GPUs, to hold a large model", *asked)
    world = Claim(
        "gpus_in_all", "Over 100 million GPUs, for inference", least, least, AT_LEAST, forecast=True
    )
    times = Claim(
        "inference_hardware", "Inference hardware, 3 to 10 times training's", *times_asked,
        forecast=True,
    )  # fmt: skip
    rows = [
        copy.found(row["copy"], ESTIMATE, f"{row['model_id']}, memory")
        for row in chips_per_query().to_dict("records")
    ]
    what = "AI chips counted so far, for all uses"
    rows.append(world.found(supply.chips_counted(), ESTIMATE, what, supply.COUNTS))
    shares = catalog.load("chip_supply")
    shares = shares[shares["metric"] == "inference_share_of_ai_compute"]
    for row in shares.to_dict("records"):
        part, when = row["value"] / 100, f"share of compute, {row['period']}"
        rows.append(times.found(part / (1 - part), ESTIMATE, when, row["source_id"]))
    return rows


@cache
def findings() -> pd.DataFrame:
    """Every number found, over what was claimed; columns as `Claim.found` has them."""
    makers = (_l40s, _rack, _clouds, _rivals, _mi300x, _fast_machines, _prices, _scale)
    return pd.DataFrame([row for make in makers for row in make()])


@cache
def verdicts() -> pd.DataFrame:
    """By claim: range of what was found over what was claimed, and how many numbers agree.

    ``numbers`` and ``agrees`` leave out those that do not count; ``met`` is `ALL`, `SOME`,
    `NONE` or, where the claim is of what is to come, `FORECAST`.
    """
    rows = findings()
    rows = rows.assign(agrees=rows.apply(agrees, axis=1) & rows["counts"])
    table = rows.groupby("claim", sort=False).agg(
        label=("label", "first"), least=("ratio", "min"), most=("ratio", "max"),
        middle=("ratio", "median"), numbers=("counts", "sum"), agrees=("agrees", "sum"),
        forecast=("forecast", "first"),
    )  # fmt: skip
    table["met"] = np.select(
        [table["forecast"], table["agrees"] == table["numbers"], table["agrees"] > 0],
        [FORECAST, ALL, SOME],
        default=NONE,
    )
    return table
