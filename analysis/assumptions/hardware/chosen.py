"""How the numbers of this topic are written: three values in one place."""

from __future__ import annotations

from typing import Any

from analysis.assumptions.record import Assumption


def chosen(
    name: str,
    label: str,
    unit: str,
    low_central_high: tuple[float, float, float],
    distribution: str,
    reason: str,
) -> Assumption:
    """An assumption of the chapter on hardware, from its three values."""
    low, central, high = low_central_high
    values: dict[str, Any] = {"low": low, "central": central, "high": high}
    return Assumption(
        id=name,
        label=label,
        unit=unit,
        **values,
        distribution=distribution,
        reason=reason,
        topic="hardware",
    )
