"""Every way to serve one model on some chips: number formats and layouts, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip
from analysis.hardware.precision import rates_of, widths_of
from analysis.hardware.steps import Efficiency, Rates
from analysis.hardware.work import Layout, Widths

#: Chips of one copy: what measurements cover, and more where memory is too small for large models.
MOST_CHIPS = 8
MOST_SMALL_CHIPS = 16
#: Memory below which a chip counts as small.
SMALL_MEMORY_BYTES = 50e9


@dataclass(frozen=True)
class Options:
    """Ways to serve one model, n of them: chip, number format and layout.

    Attributes
    ----------
    chip_id, precision : numpy.ndarray of str, shape (n,)
    model : Architecture
    widths, layout, rates, efficiency
        Of the serving model, fields of shape (n,).
    memory_bytes : numpy.ndarray, shape (n,)
    """

    chip_id: np.ndarray
    precision: np.ndarray
    model: Architecture
    widths: Widths
    layout: Layout
    rates: Rates
    efficiency: Efficiency
    memory_bytes: np.ndarray

    def __len__(self) -> int:
        return len(self.chip_id)

    def at(self, kept: np.ndarray) -> Options:
        """The options of a mask or an index; at least one must be left."""
        if not len(self.chip_id[kept]):
            raise ValueError("kept: no option is left; accepted: a mask that keeps at least one")

        def taken(value: Any) -> Any:
            if isinstance(value, (Widths, Layout, Rates, Efficiency)):
                return type(value)(**{k: taken(v) for k, v in vars(value).items()})
            return value[kept] if np.ndim(value) else value

        return Options(
            **{
                name: value if name == "model" else taken(value)
                for name, value in vars(self).items()
            }
        )


def layouts(mixture: bool, memory_bytes: float) -> list[tuple[int, int]]:
    """Tensor parallelism and copies of attention to try: powers of two, few chips together.

    Copies of attention share experts, so a dense model gains nothing from them.
    """
    most = MOST_SMALL_CHIPS if memory_bytes < SMALL_MEMORY_BYTES else MOST_CHIPS
    powers = [2**k for k in range(most.bit_length())]
    copies = powers if mixture else [1]
    return [
        (tensor, several) for tensor in powers for several in copies if tensor * several <= most
    ]


def formats(chip: Chip, *, mixed: bool, four_bit: bool) -> list[str]:
    """Number formats to try: 8 bits where the chip has them, else 16, and 4 where it has those."""
    if mixed:
        return ["fp4"]
    wide = "fp8" if np.isfinite(chip.fp8_flop_per_s) else "bf16"
    return [wide, "fp4"] if four_bit and np.isfinite(chip.fp4_flop_per_s) else [wide]


def options_of(
    model: Architecture,
    chips: Mapping[str, Chip],
    efficiencies: Mapping[str, Efficiency],
    *,
    mixed: bool = False,
    four_bit: bool = True,
) -> Options:
    """Every way to serve a model on some chips.

    Parameters
    ----------
    model : Architecture
    chips : mapping of str to Chip
        By id, with memory, bandwidth and a peak rate.
    efficiencies : mapping of str to Efficiency
        Of each chip for this model.
    mixed : bool
        The model is released with experts in 4 bits and the rest in 16.
    four_bit : bool
        Other models may be served in 4 bits, where a chip has them.
    """
    if not chips:
        raise ValueError("chips is empty; give at least one")
    mixture = bool(np.any(np.asarray(model.experts) > 0))
    rows = [
        (name, form, tensor, copies)
        for name, chip in chips.items()
        for form in formats(chip, mixed=mixed, four_bit=four_bit)
        for tensor, copies in layouts(mixture, float(chip.memory_bytes))
    ]
    names, forms, tensor, copies = (np.array(column) for column in zip(*rows, strict=True))
    chip = Chip.stack([chips[name] for name in names])
    layout = Layout(tensor.astype(float), 1.0, copies.astype(float))
    flags = np.full(len(rows), mixed)
    stacked = [efficiencies[name] for name in names]
    return Options(
        chip_id=names,
        precision=forms,
        model=model,
        widths=widths_of(model, forms, flags, np.full(len(rows), "")),
        layout=layout,
        rates=rates_of(chip, forms, flags, layout),
        efficiency=Efficiency(
            **{
                name: np.array([float(np.asarray(getattr(e, name))) for e in stacked])
                for name in Efficiency.__dataclass_fields__
            }
        ),
        memory_bytes=np.asarray(chip.memory_bytes, float),
    )
