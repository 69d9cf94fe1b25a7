"""The share of inference: one projection, read under every definition in use."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.demand.model import SCOPES, UNITS, Projection

#: Scope, unit and whether all research and development counts as training.
DEFINITIONS = tuple(
    (scope, unit, rnd) for scope in SCOPES for unit in UNITS[:4] for rnd in (True, False)
)


def inference_share(projection: Projection, scope: str, unit: str, *, rnd: bool = True) -> Any:
    """Inference over inference and training.

    Parameters
    ----------
    projection : Projection
    scope : str
        `lead_lab`, `labs` or `fleet`.
    unit : str
        `flop`, `chips`, `usd`, `power_w` or `tokens`.
    rnd : bool
        Training is all research and development; otherwise the final runs alone.

    Returns
    -------
    numpy.ndarray or expression
        Of the projection's shape, from 0 to 1.
    """
    training = projection.total(scope, unit, "training" if rnd else "final_runs")
    inference = projection.total(scope, unit, "inference")
    return inference / (inference + training)


def shares_by_definition(projection: Projection) -> pd.DataFrame:
    """The share under each definition, one row per definition and time of one scenario."""
    rows = []
    for scope, unit, rnd in DEFINITIONS:
        found = inference_share(projection, scope, unit, rnd=rnd)
        rows += [
            {"scope": scope, "unit": unit, "rnd_counts": rnd, "time": time, "share": share}
            for time, share in zip(projection.times, found.ravel(), strict=True)
        ]
    return pd.DataFrame(rows)
