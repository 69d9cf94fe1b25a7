"""Operating points as tables state them, turned into what the serving model takes.

A measured row names a chip, a model, a precision, a layout and a load, some of them blank. Each
blank that can be filled is filled in a stated way and marked; what cannot be is refused with a
reason, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.memory import requests_that_fit
from analysis.hardware.precision import engine_of, mixed_format, number_format, rates_of, widths_of
from analysis.hardware.steps import Rates
from analysis.hardware.work import Layout, Widths
from analysis.scaling_laws.checks import require_positive

#: Other names of chips in measured tables.
CHIP_ALIASES = {"h200_sxm": "h200", "b200_sxm": "b200", "b300_sxm": "b300", "a100_sxm": "a100_80"}
_LOAD = ("batch_or_concurrency", "tp", "pp", "ep", "chips_used", "input_tokens")
#: Largest batch taken where a row asks for all that memory allows.
MOST_REQUESTS = 1024.0
#: Families whose chips are counted in cores by their software: `tp` may exceed the chips.
_CORE_FAMILIES = ("trainium", "inferentia")


@dataclass(frozen=True)
class Points:
    """Operating points; each field has one entry per row.

    Attributes
    ----------
    model, chip, widths, layout, rates
        Of the serving model, with arrays as fields.
    asked, requests : numpy.ndarray
        Requests in flight per attention group: asked for, and held in memory at once.
    copies : numpy.ndarray
        Copies of the model that share the load.
    input_tokens, output_tokens : numpy.ndarray
    own_prefill : numpy.ndarray
        1 where the rate counts the request's own prefill (static batches).
    family, engine, number_format : numpy.ndarray of str
    drafted : numpy.ndarray of bool
        The row is said, or its software version is taken, to draft tokens ahead.
    filled : numpy.ndarray of int
        How many blanks of lengths, load or layout were filled.
    """

    model: Architecture
    chip: Chip
    widths: Widths
    layout: Layout
    rates: Rates
    asked: np.ndarray
    requests: np.ndarray
    copies: np.ndarray
    input_tokens: np.ndarray
    output_tokens: np.ndarray
    own_prefill: np.ndarray
    family: np.ndarray
    engine: np.ndarray
    number_format: np.ndarray
    drafted: np.ndarray
    filled: np.ndarray

    def __len__(self) -> int:
        return len(self.requests)

    def at(self, index: np.ndarray) -> Points:
        """The rows of an index or a mask."""
        return Points(**{f.name: _taken(getattr(self, f.name), index) for f in fields(self)})


def _taken(value: Any, index: np.ndarray) -> Any:
    if isinstance(value, np.ndarray):
        return value[index]
    if isinstance(value, (Architecture, Chip, Widths, Layout, Rates)):
        return type(value)(**{f.name: _taken(getattr(value, f.name), index) for f in fields(value)})
    return value


def _column(rows: pd.DataFrame, name: str) -> np.ndarray:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return pd.to_numeric(rows[name], errors="coerce").to_numpy(float)


def _text(rows: pd.DataFrame, name: str) -> np.ndarray:
    if name not in rows:
        return np.full(len(rows), "", dtype=object)
    return rows[name].astype(object).where(rows[name].notna(), "").astype(str).to_numpy(object)


def _each(function: Callable[[str], Any], names: np.ndarray) -> np.ndarray:
    """A function of each name, called once for names that repeat."""
    which, different = pd.factorize(names)
    return np.array([function(name) for name in different], dtype=object)[which]


def _unusable(
    rows: pd.DataFrame, models: Mapping[str, Any], chips: Mapping[str, Chip]
) -> np.ndarray:
    """Why a row cannot be predicted; an empty string where it can."""
    reasons = np.full(len(rows), "", dtype=object)

    def mark(bad: np.ndarray, reason: str) -> None:
        reasons[bad & (reasons == "")] = reason

    chip_id, model_id = rows["chip_id"].to_numpy(object), rows["model_id"].to_numpy(object)
    mark(~np.isin(model_id, list(models)), "model not in the table of architectures")
    mark(~np.isin(chip_id, list(chips)), "chip not in the table of accelerators")
    for chip in set(chip_id) & set(chips):
        record, mine = chips[chip], chip_id == chip
        mark(mine & ~np.isfinite(record.memory_bytes_per_s), "memory bandwidth of the chip unknown")
        mark(mine & ~np.isfinite(record.best_16_bit_flop_per_s), "peak rate of the chip unknown")
        mark(mine & ~np.isfinite(record.memory_bytes), "memory of the chip unknown")
    output, given = _column(rows, "output_tokens"), _column(rows, "input_tokens")
    mark(~(output > 0) & ~(given > 0), "neither input nor output length")
    for name in (*_LOAD, "output_tokens", "attention_dp"):
        mark(_column(rows, name) < 0, f"{name} is negative")
        mark(np.isinf(_column(rows, name)), f"{name} is not finite")
    return reasons


def points_from_rows(
    rows: pd.DataFrame, models: Mapping[str, Architecture], chips: Mapping[str, Chip],
    families: Mapping[str, str], native: Mapping[str, str],
) -> tuple[Points, pd.Index, pd.Series]:  # fmt: skip
    """Operating points of a frame with the columns of the measured table.

    Parameters
    ----------
    rows : pandas.DataFrame
        `chip_id` and `model_id`, and as far as known `framework`, `framework_version`,
        `precision`, `kv_precision`, `tp`, `pp`, `ep`, `attention_dp`, `chips_used`, `scenario`,
        `batch_or_concurrency`, `concurrency_kind`, `input_tokens`, `output_tokens`,
        `spec_decode`. Nought in `tp`, `pp`, `ep`, `attention_dp`, `chips_used` means not stated.
    models, chips : mapping
        Records by id.
    families : mapping of str to str
        Family of each chip.
    native : mapping of str to str
        Number format in which each model is released.

    Returns
    -------
    points : Points
        Of the rows that can be predicted.
    index : pandas.Index
        Their labels.
    reasons : pandas.Series of str
        For every row: why not, or an empty string.

    Notes
    -----
    Blanks: precision is that of the model's release; tensor parallelism the least power of two
    whose memory holds the weights; the batch what memory allows; an input length equals the output
    length and the other way round. `batch_or_concurrency` is per group where data-parallel
    attention is stated, else over all copies.
    """
    for name in ("chip_id", "model_id"):
        if name not in rows:
            raise ValueError(
                f"rows: the column {name} is missing; accepted: a frame with chip_id "
                "and model_id and, as far as known, the columns of the measured table"
            )
    rows = rows.assign(chip_id=rows["chip_id"].replace(CHIP_ALIASES))
    reasons = _unusable(rows, models, chips)
    good = rows[reasons == ""]
    return (
        _filled(good, models, chips, families, native),
        good.index,
        pd.Series(reasons, index=rows.index, dtype=object),
    )


def _filled(
    rows: pd.DataFrame, models: Mapping[str, Architecture], chips: Mapping[str, Chip],
    families: Mapping[str, str], native: Mapping[str, str],
) -> Points:  # fmt: skip
    model_ids, chip_ids = rows["model_id"].to_numpy(object), rows["chip_id"].to_numpy(object)
    # Names repeat: each is looked up once.
    which, names = pd.factorize(model_ids)
    model = _taken(Architecture.stack([models[name] for name in names]), which)
    which, names = pd.factorize(chip_ids)
    chip = _taken(Chip.stack([chips[name] for name in names]), which)
    family = _each(families.__getitem__, chip_ids)
    engine = _each(engine_of, _text(rows, "framework"))
    filled = np.zeros(len(rows), dtype=int)

    stated = _text(rows, "precision")
    form = _each(number_format, stated)
    released = np.array([number_format(native[name]) for name in model_ids], dtype=object)
    form = np.where(form == "", released, form)
    mixed = np.array([mixed_format(native[name]) for name in model_ids], dtype=bool)
    widths = widths_of(model, form, mixed, _text(rows, "kv_precision"))

    given, written = _column(rows, "input_tokens"), _column(rows, "output_tokens")
    filled += ~(given > 0)
    filled += ~(written > 0)
    written = np.where(written > 0, written, given)
    given = np.where(given > 0, given, written)

    used, groups = _column(rows, "chips_used"), _column(rows, "attention_dp")
    groups_stated = groups > 1
    groups = np.where(groups_stated, groups, 1.0)
    stages = np.where(_column(rows, "pp") > 1, _column(rows, "pp"), 1.0)
    tensor = _column(rows, "tp")
    fits = _least_tensor(model, chip, widths, stages)
    filled += ~(tensor > 0)
    tensor = np.where(tensor > 0, tensor, np.where(used > 0, np.minimum(fits, used), fits))
    used = np.where(used > 0, used, tensor * stages * groups)
    cores = np.isin(family, _CORE_FAMILIES)
    tensor = np.where(cores, np.minimum(tensor, used), tensor)
    layout = Layout(tensor, stages, groups)
    copies = np.where(groups_stated, 1.0, np.maximum(np.round(used / layout.chips), 1.0))

    asked = _column(rows, "batch_or_concurrency") / copies
    room = np.maximum(
        requests_that_fit(model, widths, layout, chip.memory_bytes, given + 0.6 * written), 1.0
    )
    filled += ~(asked > 0)
    asked = np.where(asked > 0, asked, np.minimum(room, MOST_REQUESTS))
    static = (_text(rows, "concurrency_kind") == "static_batch") & ~(_column(rows, "tpot_ms") > 0)
    drafted = _drafts(rows) & np.asarray(model.latent | (_text(rows, "spec_decode") != ""), bool)
    return Points(
        model, chip, widths, layout, rates_of(chip, form, mixed, layout), asked,
        np.minimum(asked, room), copies, given, written, static.astype(float), family, engine,
        form, drafted, filled,
    )  # fmt: skip


#: A version whose latent-attention runs are about 1.6 times as fast as those of the version before
#: at equal settings: they are taken to draft with the model's own extra head.
_DRAFTING_VERSIONS = ("1.2.0rc6.post3",)


def _drafts(rows: pd.DataFrame) -> np.ndarray:
    said = _each(
        lambda text: any(word in text.lower() for word in ("mtp", "eagle", "medusa", "draft")),
        _text(rows, "spec_decode"),
    ).astype(bool)
    return said | np.isin(_text(rows, "framework_version"), _DRAFTING_VERSIONS)


def _least_tensor(model: Architecture, chip: Chip, widths: Widths, stages: np.ndarray) -> Any:
    """Least power of two of chips whose memory holds the weights and some cache."""
    weights = (
        model.always_params * widths.always
        + model.routed_params * widths.expert
        + (2 - model.tied) * model.head_params * widths.head
    )
    require_positive("memory_bytes", chip.memory_bytes, "bytes")
    need = weights / (0.8 * chip.memory_bytes * stages)
    return 2.0 ** np.ceil(np.log2(np.maximum(need, 1.0)))
