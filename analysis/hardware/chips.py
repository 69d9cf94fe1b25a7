"""What a chip is to a serving model: dense peak rates, memory, links, power.

Rates are dense (no structured sparsity) and links are one direction, as the table states them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

#: Precisions a chip may have a peak rate for, and the bytes of a number in each.
BYTES_PER_NUMBER: dict[str, float] = {"bf16": 2.0, "fp8": 1.0, "int8": 1.0, "fp4": 0.5}

#: Column of the table `accelerators` behind each field, and what one of its units is in ours.
_COLUMNS: dict[str, tuple[str, float]] = {
    "bf16_flop_per_s": ("bf16_tflops", 1e12),
    "fp8_flop_per_s": ("fp8_tflops", 1e12),
    "fp4_flop_per_s": ("fp4_tflops", 1e12),
    "int8_flop_per_s": ("int8_tops", 1e12),
    "memory_bytes": ("memory_gb", 1e9),
    "memory_bytes_per_s": ("memory_bandwidth_gbps", 1e9),
    "link_bytes_per_s": ("interconnect_gbps", 1e9),
    "scale_up_domain": ("scale_up_domain", 1.0),
    "tdp_w": ("tdp_w", 1.0),
}


@dataclass(frozen=True)
class Chip:
    """One accelerator, or many where the fields are arrays. NaN means that no figure is known.

    Attributes
    ----------
    bf16_flop_per_s, fp8_flop_per_s, fp4_flop_per_s, int8_flop_per_s : float or numpy.ndarray
        Dense peak rates; NaN where the chip has no such units.
    memory_bytes, memory_bytes_per_s : float or numpy.ndarray
        Capacity and bandwidth of the memory that holds weights and cache (HBM, or SRAM on chips
        without external memory).
    link_bytes_per_s : float or numpy.ndarray
        Links between chips of a scale-up domain, per chip and direction.
    scale_up_domain : float or numpy.ndarray
        Chips reached over those links.
    tdp_w : float or numpy.ndarray
        Rated power of the chip alone, in watts.
    """

    bf16_flop_per_s: Any = np.nan
    fp8_flop_per_s: Any = np.nan
    fp4_flop_per_s: Any = np.nan
    int8_flop_per_s: Any = np.nan
    memory_bytes: Any = np.nan
    memory_bytes_per_s: Any = np.nan
    link_bytes_per_s: Any = np.nan
    scale_up_domain: Any = np.nan
    tdp_w: Any = np.nan

    def __post_init__(self) -> None:
        for field in fields(self):
            values = np.asarray(getattr(self, field.name), dtype=float)
            if np.any(values <= 0) or np.any(np.isinf(values)):
                bad = values[(values <= 0) | np.isinf(values)].flat[0]
                raise ValueError(
                    f"{field.name}: {bad!r} is not accepted; accepted: a finite number above 0, "
                    "or NaN where none is known"
                )
            object.__setattr__(self, field.name, values if values.ndim else float(values))

    def peak_flop_per_s(self, precision: str) -> Any:
        """Dense peak rate at a precision; NaN where the chip lacks it."""
        if precision not in BYTES_PER_NUMBER:
            raise ValueError(
                f"precision: {precision!r} is not known; accepted: {', '.join(BYTES_PER_NUMBER)}"
            )
        return getattr(self, f"{precision}_flop_per_s")

    @property
    def best_16_bit_flop_per_s(self) -> Any:
        """Dense 16-bit peak; where none is known, half of the 8-bit, or a quarter of the 4-bit."""
        known = np.asarray(self.bf16_flop_per_s)
        half = np.where(np.isfinite(known), known, np.asarray(self.fp8_flop_per_s) / 2)
        return np.where(np.isfinite(half), half, np.asarray(self.fp4_flop_per_s) / 4)[()]

    @property
    def on_chip_only(self) -> Any:
        """True for machines without external memory: all weights lie in SRAM."""
        return np.asarray(self.memory_bytes / self.memory_bytes_per_s) < 0.005

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Chip:
        """The chip of a row of the table `accelerators`."""
        return cls(
            **{
                name: float(row[column]) * unit if row.get(column) is not None else np.nan
                for name, (column, unit) in _COLUMNS.items()
            }
        )

    @classmethod
    def stack(cls, several: Sequence[Chip]) -> Chip:
        """One chip whose fields are arrays, in the order given."""
        return cls(**{f.name: np.array([getattr(c, f.name) for c in several]) for f in fields(cls)})
