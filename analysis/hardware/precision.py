"""Names of number formats and engines in measured tables, and what they mean for a chip."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.steps import Rates
from analysis.hardware.work import SIXTEEN_BIT_BYTES, Layout, Widths

#: Bytes of a 4-bit number with its share of a scale: 16 numbers share 8 bits (NVFP4).
FOUR_BIT_BYTES = 0.5 + 1.0 / 16.0
#: Bytes of a number in MXFP4: 32 numbers share 8 bits.
MXFP4_BYTES = 0.5 + 1.0 / 32.0

_FORMATS = (
    ("mxfp4", "fp4"), ("nvfp4", "fp4"), ("fp4", "fp4"), ("int4", "fp4"), ("4-bit", "fp4"),
    ("fp8", "fp8"), ("w8a8", "fp8"), ("8-bit", "fp8"), ("int8", "int8"),
    ("bf16", "bf16"), ("fp16", "bf16"), ("bfloat16", "bf16"), ("float16", "bf16"), ("half", "bf16"),
)  # fmt: skip

_ENGINES = (
    ("tensorrt-llm 0.", "early"), ("neuron", "early"), ("habana", "early"),
    ("llm-d", "vllm"), ("trt", "trtllm"), ("tensorrt", "trtllm"), ("sglang", "sglang"),
    ("vllm", "vllm"),
)  # fmt: skip


def number_format(stated: str) -> str:
    """The format of weights meant by a table: `bf16`, `fp8`, `int8`, `fp4`, or empty if unclear."""
    text = str(stated).strip().lower()
    found = [name for word, name in _FORMATS if word in text]
    return found[0] if len(set(found)) == 1 or text.endswith("fp4") else ""


def mixed_format(native: str) -> bool:
    """Whether a model is released with its experts in MXFP4 and the rest in 16 bits."""
    return str(native).lower() == "mxfp4"


def engine_of(framework: str) -> str:
    """The engine meant by a table: `trtllm`, `vllm`, `sglang`, `early`, or `other`."""
    text = str(framework).strip().lower()
    return next((name for word, name in _ENGINES if word in text), "other")


def widths_of(
    model: Architecture, form: np.ndarray, mixed: np.ndarray, cache_stated: np.ndarray
) -> Widths:
    """Bytes per number of weights and cache.

    Parameters
    ----------
    form : numpy.ndarray of str
        As `number_format` gives it.
    mixed : numpy.ndarray of bool
        Models released with experts in MXFP4 and the rest in 16 bits.
    cache_stated : numpy.ndarray of str
        Format of the cache as stated; where blank it is 8 bits beside 8- and 4-bit weights.

    Returns
    -------
    Widths
        In a mixture of experts "4 bits" means the routed experts; the rest is taken as 8 bits.
    """
    plain = np.select([form == "fp4", np.isin(form, ["fp8", "int8"])], [FOUR_BIT_BYTES, 1.0], 2.0)
    mixture = np.asarray(model.experts) > 0
    always = np.where(mixture & (form == "fp4"), 1.0, plain)
    wide = np.array(["16" in str(text) for text in np.asarray(cache_stated, dtype=object)], bool)
    cache = np.where(np.isin(form, ["fp8", "fp4"]) & ~wide, 1.0, SIXTEEN_BIT_BYTES)
    return Widths(
        always=np.where(mixed, SIXTEEN_BIT_BYTES, always),
        expert=np.where(mixed, MXFP4_BYTES, plain),
        head=np.full(len(form), SIXTEEN_BIT_BYTES),
        cache=cache,
    )


def widths_for(
    model: Architecture, form: str, *, mixed: bool = False, cache_stated: str = ""
) -> Widths:
    """`widths_of` for one model."""
    one = widths_of(
        Architecture.stack([model]), np.array([form], object), np.array([mixed]),
        np.array([cache_stated], object),
    )  # fmt: skip
    return Widths(one.always[0], one.expert[0], one.head[0], one.cache[0])


def rates_of(chip: Chip, form: np.ndarray, mixed: np.ndarray, layout: Layout) -> Rates:
    """What a chip offers at a format: a format it lacks is computed in the next wider one.

    Weights kept as whole numbers of 8 bits are computed in 16, as engines do.
    """
    sixteen = chip.best_16_bit_flop_per_s
    eight = np.where(np.isfinite(chip.fp8_flop_per_s), chip.fp8_flop_per_s, sixteen)
    four = np.where(
        np.isfinite(chip.fp4_flop_per_s), chip.fp4_flop_per_s, np.where(mixed, sixteen, eight)
    )
    flop = np.select([form == "fp4", form == "fp8"], [four, eight], sixteen)
    return Rates(
        flop_per_s=flop,
        attention_flop_per_s=sixteen,
        memory_bytes_per_s=chip.memory_bytes_per_s,
        link_bytes_per_s=slowest_link(chip, layout),
    )


#: Rate of the network beside the chip's own links where a layout leaves them, or where none are
#: known: one PCIe 4 x16 slot or one 400 Gb/s port each way, within a factor of two.
FALLBACK_LINK_BYTES_PER_S = 32e9


def slowest_link(chip: Chip, layout: Layout) -> Any:
    """Links of the scale-up domain, or the network beyond it where the layout is wider."""
    known = np.where(
        np.isfinite(chip.link_bytes_per_s), chip.link_bytes_per_s, FALLBACK_LINK_BYTES_PER_S
    )
    domain = np.where(np.isfinite(chip.scale_up_domain), chip.scale_up_domain, 1.0)
    return np.where(
        layout.sharing > np.maximum(domain, 1.0),
        np.minimum(known, FALLBACK_LINK_BYTES_PER_S),
        known,
    )[()]
