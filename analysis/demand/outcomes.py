"""What is kept of a scenario: outcomes by name, such as `share:labs:usd:rnd`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.demand.closure import demand_over_supply
from analysis.demand.crossover import crossover_year
from analysis.demand.model import PARTS, SCOPES, UNITS, Known, Projection, project_inputs
from analysis.demand.shares import inference_share

COUNTED = {"rnd": True, "final": False}
#: Scenarios computed at once: their arrays stay in the processor's cache, which halves the time.
BLOCK = 1000
#: Levels by name.
LEVELS = (
    "largest_run_flop", "users", "messages_per_user_day", "tokens_per_message", "flop_per_token",
    "sold_h100e", "available_h100e", "usd_per_h100e_hour", "watts_per_h100e",
)  # fmt: skip


def outcome(name: str, projection: Projection) -> np.ndarray:
    """One outcome of scenarios.

    Parameters
    ----------
    name : str
        ``share:<scope>:<unit>:<rnd or final>``, the share of inference by year;
        ``crossover:<scope>:<unit>:<rnd or final>``, the year from which it stays above one half;
        ``total:<scope>:<unit>:<part>``; ``level:<field of the projection>``;
        ``demand_over_supply``.
    projection : Projection
        Entries of shape (n, k).

    Returns
    -------
    numpy.ndarray, shape (n, k) or (n,)

    Raises
    ------
    ValueError
        Where the name is not understood; says what is accepted.
    """
    kind, *rest = name.split(":")
    match kind, rest:
        case "share", [scope, unit, counted] if counted in COUNTED:
            return inference_share(projection, scope, unit, rnd=COUNTED[counted])
        case "crossover", [scope, unit, counted] if counted in COUNTED:
            share = inference_share(projection, scope, unit, rnd=COUNTED[counted])
            return crossover_year(share, np.floor(projection.times))
        case "total", [scope, unit, part]:
            return projection.total(scope, unit, part)
        case "level", [level] if level in LEVELS:
            return np.asarray(getattr(projection, level))
        case "demand_over_supply", []:
            return demand_over_supply(projection)
    raise ValueError(
        f"outcome: {name!r} is not understood; accepted: share: or crossover: with a scope "
        f"({', '.join(SCOPES)}), a unit ({', '.join(UNITS)}) and rnd or final; total: with a "
        f"scope, a unit and a part ({', '.join(PARTS)} or a kind); level: with one of "
        f"{', '.join(LEVELS)}; demand_over_supply"
    )


class Outcomes:
    """A function from inputs to outcomes that can be sent to another process."""

    def __init__(self, names: Sequence[str], known: Known, times: Any, anchor: float) -> None:
        self.names, self.known, self.times, self.anchor = tuple(names), known, times, anchor

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        rows = max(np.shape(value)[0] for value in inputs.values() if np.ndim(value))
        blocks = [self._block(inputs, start, rows) for start in range(0, rows, BLOCK)]
        return {name: np.concatenate([block[name] for block in blocks]) for name in self.names}

    def _block(self, inputs: Mapping[str, Any], start: int, rows: int) -> dict[str, np.ndarray]:
        some = {k: v[start : start + BLOCK] if np.ndim(v) else v for k, v in inputs.items()}
        size = min(BLOCK, rows - start)
        found = project_inputs(some, self.known, times=self.times, anchor=self.anchor)
        values = {name: outcome(name, found) for name in self.names}
        return {
            name: value
            if np.shape(value) == (size,)
            else np.broadcast_to(value, (size, np.size(self.times)))
            for name, value in values.items()
        }
