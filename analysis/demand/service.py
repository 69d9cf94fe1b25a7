"""The demand model with the evidence filled in: `project` and `simulate` by name of an input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.demand import known, sampling
from analysis.demand.model import ANCHOR, MID_YEARS, Projection, project_inputs
from analysis.demand.outcomes import Outcomes
from analysis.demand.scenarios import RANGES

#: What `simulate` keeps unless asked: the share of inference by scope, unit and denominator.
OUTCOMES = (
    "share:lead_lab:usd:rnd", "share:labs:usd:rnd", "share:labs:usd:final",
    "share:fleet:chips:rnd", "share:fleet:chips:final", "crossover:labs:usd:rnd",
    "crossover:fleet:chips:rnd", "demand_over_supply",
)  # fmt: skip


def project(
    assumptions: Mapping[str, Any] | None = None, *, times: Any = MID_YEARS, xp: Any = np
) -> Projection:
    """Demand for training and inference, 2019 to 2030, at the central case or with changes.

    Parameters
    ----------
    assumptions : mapping of str to array_like or expression, optional
        Inputs that differ from their central value, by id: assumptions of the topic `demand` and
        drivers computed from the evidence (`known.records`). Arrays have shape (n, 1).
    times : array_like or expression
        Decimal years; by default the middles of 2019 to 2030. Quarters are 2025.125, 2025.375, ...
    xp : module
        numpy, or ``altair.expr`` for a reader's page.

    Returns
    -------
    Projection

    Raises
    ------
    ValueError
        An unknown input (all are listed), or one outside the range the model accepts (named).
    """
    inputs = {**known.inputs(), **dict(assumptions or {})}
    return project_inputs(inputs, known.known(), times=times, anchor=ANCHOR, xp=xp)


def simulate(
    scenarios: int,
    *,
    seed: int,
    outcomes: Sequence[str] = OUTCOMES,
    keep_inputs: Sequence[str] = (),
    times: Any = MID_YEARS,
    chunk: int = 20_000,
    jobs: int | None = None,
) -> dict[str, np.ndarray]:
    """Sampled outcomes of many scenarios, inputs drawn from their distributions.

    Parameters
    ----------
    scenarios : int
    seed : int
        The same seed and chunk give the same numbers, whatever the number of jobs, also under
        ``joblib.parallel_config(backend="dask")``.
    outcomes : sequence of str
        As `outcomes.outcome` reads them, such as ``share:labs:usd:rnd``.
    keep_inputs : sequence of str
        Inputs to return beside the outcomes, by id.
    times : array_like
    chunk, jobs : int
        Scenarios in a chunk, and threads.

    Returns
    -------
    dict of str to numpy.ndarray
        Outcomes of shape (scenarios, times) or (scenarios,), inputs of shape (scenarios, 1).
    """
    return sampling.simulate(
        scenarios,
        known.records(),
        seed=seed,
        function=Outcomes(outcomes, known.known(), np.asarray(times, float), ANCHOR),
        correlations=known.correlations(),
        ranges=RANGES,
        keep=(*outcomes, *keep_inputs),
        chunk=chunk,
        jobs=jobs,
    )
