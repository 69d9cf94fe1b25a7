"""Operating points as every peer takes them: shapes, chips, bytes per number, batch, lengths."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import BYTES_PER_NUMBER, Chip

#: How rows spell a chip or a precision, and what the tables call it.
CHIP_ALIASES = {"h200_sxm": "h200"}
PRECISION_ALIASES = {"fp16": "bf16"}

#: What a row that states no precision ran at: the checkpoint's own. Its times at batch 8 are
#: those of 16-bit weights, some 1.5 times the ones stated as FP8 at equal settings.
NOT_STATED = "bf16"

#: Weights without these units are read small and multiplied in the first wider rate there is.
_WIDER = {
    "fp4": ("fp4", "fp8", "bf16"),
    "fp8": ("fp8", "bf16"),
    "int8": ("int8", "bf16"),
    "bf16": ("bf16",),
}


@dataclass(frozen=True)
class Points:
    """Operating points; every field is an array of shape (n,) or a record of such arrays.

    Attributes
    ----------
    model : Architecture
        Shapes of the models.
    chip : Chip
        Specifications of the chips.
    flop_per_s : numpy.ndarray
        Dense peak rate of one chip at the precision of the multiplications.
    weight_bytes, dense_bytes, activation_bytes, cache_bytes : numpy.ndarray
        Bytes of a number of: routed experts (or all weights), other weights, activations, cache.
    tp : numpy.ndarray
        Chips that share every layer.
    batch : numpy.ndarray
        Requests in flight on one replica.
    input_tokens, output_tokens : numpy.ndarray
        Lengths of a request.
    """

    model: Architecture
    chip: Chip
    flop_per_s: Any
    weight_bytes: Any
    dense_bytes: Any
    activation_bytes: Any
    cache_bytes: Any
    tp: Any
    batch: Any
    input_tokens: Any
    output_tokens: Any

    @property
    def context(self) -> Any:
        """Tokens in the cache of a request halfway through its output."""
        return self.input_tokens + self.output_tokens / 2

    @property
    def active_params(self) -> Any:
        """Parameters one token is multiplied with."""
        model = self.model
        routed = model.moe_layers * model.experts_active * model.expert_params
        return model.always_params + routed + model.head_params

    def weights_read(self, tokens: Any) -> Any:
        """Bytes of the weights that so many tokens touch, experts drawn at random."""
        model = self.model
        experts = np.maximum(model.experts, 1.0)
        touched = 1 - (1 - np.minimum(model.experts_active, experts) / experts) ** tokens
        dense = (model.always_params + model.head_params) * self.dense_bytes
        return dense + touched * model.routed_params * self.weight_bytes

    def cache_read(self) -> Any:
        """Bytes of cache that one decode step reads."""
        return self.batch * self.model.cache_bytes(self.context, self.cache_bytes)

    def attention_flop(self, context: Any) -> Any:
        """FLOP of scores and weighted sums of one token against a context."""
        model = self.model
        latent = 2.0 * model.kv_lora_rank + model.qk_rope_head_dim
        width = np.where(model.latent, latent, 2.0 * model.head_dim)
        return 2.0 * model.heads * width * model.cached_tokens(context)

    def fits(self) -> Any:
        """True where weights and cache fit the memory of the chips."""
        model = self.model
        dense = (model.always_params + model.embedding_params) * self.dense_bytes
        weights = dense + model.routed_params * self.weight_bytes
        return weights + self.cache_read() <= self.tp * self.chip.memory_bytes

    def take(self, keep: Any) -> Points:
        """The points that a mask or an index names."""

        def part(record: Any) -> Any:
            taken = {f.name: np.asarray(getattr(record, f.name))[keep] for f in fields(record)}
            return replace(record, **taken)

        rest = {
            f.name: np.asarray(getattr(self, f.name))[keep]
            for f in fields(self)
            if f.name not in {"model", "chip"}
        }
        return Points(model=part(self.model), chip=part(self.chip), **rest)


def chip_of(rows: pd.DataFrame) -> pd.Series:
    """The chips of the rows, as the table of chips calls them."""
    return rows["chip_id"].replace(CHIP_ALIASES)


def precision_of(rows: pd.DataFrame) -> pd.Series:
    """The precisions of the rows, as the chips name them; one not stated is the checkpoint's."""
    return rows["precision"].replace(PRECISION_ALIASES).fillna(NOT_STATED)


def shards_of(rows: pd.DataFrame) -> pd.Series:
    """Chips of one replica: tensor and data parallel, at most the chips there are.

    A row of a chip with several cores counts cores as ranks.
    """
    parallel = rows["tp"] * rows["attention_dp"].clip(lower=1).fillna(1)
    used = rows["chips_used"].where(rows["chips_used"] > 0)
    return parallel.where(~(parallel > used), used)


def batch_of(rows: pd.DataFrame) -> pd.Series:
    """Requests in flight on one replica.

    A row with data-parallel attention states the batch of one rank; one of a whole machine with
    several replicas states the batch of the machine.
    """
    ranks = rows["attention_dp"].clip(lower=1).fillna(1)
    replicas = (rows["chips_used"] / (rows["tp"] * ranks)).clip(lower=1)
    several = replicas.where(rows["attention_dp"].isna(), 1.0)
    return rows["batch_or_concurrency"] * ranks / several


def points_from_rows(
    rows: pd.DataFrame, models: pd.DataFrame, chips: pd.DataFrame
) -> tuple[Points, pd.Index]:
    """The rows that state a whole operating point, as points.

    Parameters
    ----------
    rows : pandas.DataFrame
        Measured rows: `chip_id`, `model_id`, `precision`, `tp`, `attention_dp`, `chips_used`,
        `batch_or_concurrency`, `input_tokens`, `output_tokens`; `kv_precision` may be given.
    models, chips : pandas.DataFrame
        The tables of architectures and of accelerators, indexed by their keys.

    Returns
    -------
    points : Points
        One point per row kept, in order.
    index : pandas.Index
        Labels of the rows kept; the others lack a length, a batch, a model or a rate.
    """
    chip_id, precision = chip_of(rows), precision_of(rows)
    tp, batch = shards_of(rows), batch_of(rows)
    known = chip_id.isin(chips.index) & rows["model_id"].isin(models.index)
    known &= precision.isin(BYTES_PER_NUMBER) & (tp > 0) & (batch > 0)
    known &= (rows["input_tokens"] > 0) & (rows["output_tokens"] > 0)
    index = rows.index[known]
    kept, chip_id, precision = rows.loc[index], chip_id.loc[index], precision.loc[index]
    records = {key: Chip.from_row(row.to_dict()) for key, row in chips.iterrows()}
    shapes = {key: Architecture.from_row(row.to_dict()) for key, row in models.iterrows()}
    native = models["native_precision"].reindex(kept["model_id"]).astype(str)
    experts_only = native.str.contains("mxfp4").to_numpy() & (precision == "fp4").to_numpy()
    # Rates of block-scaled experts: activations are 8 bits wide at the least.
    asked = np.where(experts_only, "fp8", precision)
    rated = [
        next(p for p in _WIDER[name] if np.isfinite(records[chip].peak_flop_per_s(p)))
        for chip, name in zip(chip_id, asked, strict=True)
    ]
    rated = [
        "bf16" if experts and np.isnan(records[chip].fp4_flop_per_s) else name
        for chip, name, experts in zip(chip_id, rated, experts_only, strict=True)
    ]
    weight = precision.map(BYTES_PER_NUMBER).to_numpy()
    points = Points(
        model=Architecture.stack([shapes[key] for key in kept["model_id"]]),
        chip=Chip.stack([records[key] for key in chip_id]),
        flop_per_s=np.array(
            [records[c].peak_flop_per_s(p) for c, p in zip(chip_id, rated, strict=True)]
        ),
        weight_bytes=weight,
        dense_bytes=np.where(experts_only, 2.0, weight),
        activation_bytes=np.array([BYTES_PER_NUMBER[p] for p in rated]),
        cache_bytes=_cache_bytes(kept, precision),
        tp=tp.loc[index].to_numpy(float),
        batch=batch.loc[index].to_numpy(float),
        input_tokens=kept["input_tokens"].to_numpy(float),
        output_tokens=kept["output_tokens"].to_numpy(float),
    )
    return points, index


def _cache_bytes(rows: pd.DataFrame, precision: pd.Series) -> np.ndarray:
    """Bytes of a cached number: as stated, else 1 below 16 bits."""
    by_weights = np.where(precision == "bf16", 2.0, 1.0)
    if "kv_precision" not in rows:
        return by_weights
    stated = rows["kv_precision"].astype(str)
    wide = stated.str.contains("bf16|fp16").to_numpy()
    narrow = stated.str.contains("fp8").to_numpy()
    return np.where(wide, 2.0, np.where(narrow, 1.0, by_weights))
