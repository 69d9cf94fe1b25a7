"""Chips and models by name, from the tables, and their efficiencies, from the kept fit."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.hardware import calibration, first_token
from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import BYTES_PER_NUMBER, Chip
from analysis.hardware.error_bands import Bands, kind_of
from analysis.hardware.points import CHIP_ALIASES, Points, points_from_rows
from analysis.hardware.precision import engine_of
from analysis.hardware.steps import Efficiency

_FIRST = "first_s"


@lru_cache(maxsize=1)
def models() -> dict[str, Architecture]:
    """Architectures of the table, by id."""
    rows = catalog.load("llm_architectures")
    return {row["model_id"]: Architecture.from_row(row) for row in rows.to_dict("records")}


@lru_cache(maxsize=1)
def chips() -> dict[str, Chip]:
    """Chips of the table, by id."""
    return {r["chip_id"]: Chip.from_row(r) for r in catalog.load("accelerators").to_dict("records")}


@lru_cache(maxsize=1)
def families() -> dict[str, str]:
    """Family of each chip, by id."""
    table = catalog.load("accelerators")
    return dict(zip(table["chip_id"], table["family"], strict=True))


@lru_cache(maxsize=1)
def native_formats() -> dict[str, str]:
    """Number format in which each model is released, by id."""
    table = catalog.load("llm_architectures")
    return dict(zip(table["model_id"], table["native_precision"], strict=True))


@lru_cache(maxsize=1)
def context_limits() -> dict[str, float]:
    """Longest context of each model in tokens, by id; NaN where unknown."""
    table = catalog.load("llm_architectures")
    return dict(zip(table["model_id"], table["max_context"].astype(float), strict=True))


@lru_cache(maxsize=1)
def fitted() -> tuple[np.ndarray, first_token.FirstToken]:
    """Values of the kept fit: of the time per token, and of the time to the first."""
    table = catalog.load("efficiency_terms")
    first = table["parameter"] == _FIRST
    return table.loc[~first, "value"].to_numpy(), first_token.FirstToken(
        table.loc[first, "value"].to_numpy()
    )


@lru_cache(maxsize=2)
def error_bands(measure: str) -> Bands:
    """Kept bands of errors: of `tpot` by kind of row, of `ttft` by load."""
    table = catalog.load("prediction_bands")
    return Bands(table[table["measure"] == measure].set_index("row_kind"))


def points(rows: pd.DataFrame) -> tuple[Points, pd.Index, pd.Series]:
    """`points_from_rows` with the records of the tables."""
    return points_from_rows(rows, models(), chips(), families(), native_formats())


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """The id meant by a name; an unknown one is refused with the nearest."""
    name = CHIP_ALIASES.get(name, name)
    known = list(names)
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=4, cutoff=0.3)
        raise ValueError(
            f"{kind}: {name!r} is not in the table; nearest: {', '.join(near) or 'none'}; "
            f"accepted: an id of the {'architectures' if kind == 'model' else 'accelerators'} table"
        )
    return name


def usable_chip(chip_id: str, precision: str, *, allow_estimates: bool = False) -> Chip:
    """A chip of the table with all that the serving model needs.

    Raises
    ------
    ValueError
        Where a figure is missing: which, and the estimate that `allow_estimates` would use; where
        the chip has no units of that precision: which it has.
    """
    name = known("chip", chip_id, chips())
    chip = chips()[name]
    if precision not in BYTES_PER_NUMBER:
        raise ValueError(
            f"precision: {precision!r} is not known; accepted: {', '.join(BYTES_PER_NUMBER)}"
        )
    if not np.isfinite(chip.memory_bytes_per_s) or not np.isfinite(chip.memory_bytes):
        raise ValueError(
            f"{name}: its memory size or bandwidth is not in the table, and nothing stands in for "
            "it; accepted: a chip with both"
        )
    have = [form for form in BYTES_PER_NUMBER if np.isfinite(chip.peak_flop_per_s(form))]
    if precision in have and np.isfinite(chip.bf16_flop_per_s):
        return chip
    if precision in (*have, "bf16") and np.isfinite(chip.best_16_bit_flop_per_s):
        if allow_estimates:
            return chip
        raise ValueError(
            f"{name}: its 16-bit rate is missing; with allow_estimates=True it is taken as "
            f"{chip.best_16_bit_flop_per_s:.4g} FLOP/s, from the rates of narrower numbers"
        )
    if not have:
        raise ValueError(f"{name}: no peak rate is in the table; accepted: a chip with one")
    raise ValueError(
        f"{name}: it has no units for {precision}; accepted: {', '.join(have)} (as "
        "compute_precision, where narrower weights are computed in wider numbers)"
    )


def known_engine(engine: str | None) -> str:
    """The engine meant by a name, or `pooled` for none; an unknown one is refused."""
    if engine and engine_of(engine) == "other":
        raise ValueError(
            f"engine: {engine!r} is not known; accepted: trtllm, vllm, sglang, or none for all"
        )
    return engine_of(engine) if engine else "pooled"


def efficiency(chip_id: str, model: Architecture, engine: str | None = None) -> Efficiency:
    """Fitted efficiencies of a chip for a model, with an engine or averaged over engines."""
    family = families()[known("chip", chip_id, chips())]
    groups = calibration.groups_of(
        np.array([family], dtype=object),
        np.array([known_engine(engine)], dtype=object),
        np.array([model.experts > 0]),
        np.array([False]),
    )
    return calibration.efficiency_in(fitted()[0], groups).at(0)


def kind(chip_id: str, *, mixture: bool) -> str:
    """Kind of a chip's rows, by which their interval is chosen."""
    return kind_of(families()[known("chip", chip_id, chips())], mixture)


def first_token_terms(
    model: Architecture, engine: str | None = None
) -> first_token.FirstTokenTerms:
    """Fitted terms of the time to the first token, with an engine or pooled over engines."""
    terms = fitted()[1].terms(np.array([known_engine(engine)], dtype=object), model.latent)
    return first_token.FirstTokenTerms(float(terms.fixed_s[0]), float(terms.others_share))
