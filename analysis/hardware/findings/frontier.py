"""Throughput per chip against the speed each user gets: model curves and measured points."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.hardware import choice, named
from analysis.hardware.claim_ratios import ratio_band
from analysis.hardware.findings import DRAWS, SEED
from analysis.hardware.findings.chip_prices import (
    EIGHTY,
    chip_name,
    efficiency_errors,
    level_error,
)
from analysis.hardware.findings.choice import MODEL_NAMES, options
from analysis.hardware.interactivity import Frontier

FRONTIER_TEST = "test_the_speed_frontier_holds_every_layout_and_batch"
#: Chips drawn, and the model at which number formats.
CHIPS = ("h100_sxm", "h200", "b200", "gb200", "mi300x", "mi355x", "tpu_v6e")
PANELS = {"llama-3.3-70b": ("fp8",), "deepseek-r1": ("fp8", "fp4")}
LENGTHS = (1024.0, 1024.0)
_MEASURED = ("InferenceX", "TPU recipes")
_POINTS = 60
#: Rows measured at lengths that differ less than this from those of the curves.
_NEAR = 0.1


@cache
def curves_of(model_id: str) -> dict[str, Frontier]:
    """Frontier of each chip, in the narrowest of the panel's formats that it has."""
    ways = options(model_id)
    kept = np.zeros(len(ways), dtype=bool)
    for chip in CHIPS:
        mine = ways.chip_id == chip
        have = [form for form in PANELS[model_id] if np.any(mine & (ways.precision == form))]
        if have:
            kept |= mine & (ways.precision == have[-1])
    return choice.speed_frontiers(ways.at(kept), *LENGTHS)


@cache
def formats_of(model_id: str) -> dict[str, str]:
    """Number format of each chip's curve."""
    ways = options(model_id)
    found = {}
    for chip in curves_of(model_id):
        have = set(ways.precision[ways.chip_id == chip])
        found[chip] = [form for form in PANELS[model_id] if form in have][-1]
    return found


@cache
def curves() -> pd.DataFrame:
    """Every curve with the 80% band of its level, one row a speed.

    `low` is blank where even the speed is out of the band's reach.
    """
    rows = []
    for model_id in PANELS:
        mixture = bool(named.models()[model_id].experts > 0)
        for chip, frontier in curves_of(model_id).items():
            error = level_error(chip, mixture) * EIGHTY
            first, last = frontier.span
            speed = np.unique(np.r_[np.geomspace(first, last, _POINTS), last])
            rows.append(pd.DataFrame({
                "model": MODEL_NAMES[model_id], "model_id": model_id, "chip_id": chip,
                "chip": chip_name(chip), "precision": formats_of(model_id)[chip], "speed": speed,
                "rate": frontier.at(np.clip(speed, first, last)),
                "low": choice.slowed(frontier, float(np.exp(error)), speed),
                "high": choice.slowed(frontier, float(np.exp(-error)), speed),
            }))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


@cache
def measured() -> pd.DataFrame:
    """Measured points of the panels' models at their lengths, on the chips drawn and near kin."""
    table = catalog.load("serving_benchmarks")
    lengths = zip(("input_tokens", "output_tokens"), LENGTHS, strict=True)
    near = np.logical_and.reduce([np.abs(table[n] / x - 1.0) < _NEAR for n, x in lengths])
    rows = table[
        table["source_family"].isin(_MEASURED)
        & table["model_id"].isin(list(PANELS))
        & table["tokens_per_s_per_user"].notna()
        & table["chip_id"].isin(CHIPS)
        & near
    ]
    return rows.assign(
        model=rows["model_id"].map(MODEL_NAMES), chip=rows["chip_id"].map(chip_name)
    ).reset_index(drop=True)


def ratio_at(
    model_id: str, chip_id: str, other_id: str, speed: float
) -> tuple[float, float, float]:
    """Throughput of a chip over another's at a speed per user, with its 80% interval.

    An error in time moves a chip along its frontier too, so the interval is wider than the error.
    """
    ours, theirs = (curves_of(model_id)[chip] for chip in (chip_id, other_id))
    for curve in (ours, theirs):
        if not curve.span[0] <= speed <= curve.span[1]:
            raise ValueError(f"speed: {speed:g} is beyond {curve.span}; accepted: within both")
    errors = efficiency_errors(bool(named.models()[model_id].experts > 0))
    drawn = np.random.default_rng(SEED).standard_normal((2, DRAWS))
    it = ratio_band(
        ours, theirs, speed, drawn[0] * errors[chip_id], drawn[1] * errors[other_id], level=0.8
    )
    return float(it.ratio[0]), float(it.low[0]), float(it.high[0])


@cache
def agreement() -> pd.Series:
    """ln(curve / measured) of each measured point at its own speed and number format.

    The curve is the best layout, a measured point one layout: it should lie on or below the curve.
    """
    rows = measured()
    errors = {}
    for row in rows.itertuples():
        curve = curves_of(row.model_id).get(row.chip_id)
        speed = float(row.tokens_per_s_per_user)
        if curve is None or formats_of(row.model_id)[row.chip_id] != row.precision:
            continue
        if curve.span[0] <= speed <= curve.span[1]:
            errors[row.bench_id] = float(np.log(curve.at(speed) / row.tokens_per_s_per_chip))
    return pd.Series(errors)
