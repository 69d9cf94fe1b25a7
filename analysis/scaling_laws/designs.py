"""Designs of a scaling study: which sizes are trained on how many tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.identifiability import QUANTITIES, coverage_study, identify
from analysis.scaling_laws.laws import LossLaw
from analysis.units import FLOP_PER_PARAMETER_TOKEN

Runs = tuple[np.ndarray, np.ndarray]
#: Tokens per parameter about which every design is laid.
CENTRAL_RATIO = 20.0


@dataclass(frozen=True)
class Design:
    """A named design: `runs` gives parameters and tokens, both of shape (n,)."""

    id: str
    label: str
    runs: Callable[[], Runs]


def isoflop_grid(flop_low: float, flop_high: float, budgets: int, sizes: int) -> Runs:
    """Budgets even in the logarithm, and at each a range of sizes.

    Sizes span a factor of ten to either side of the one with `CENTRAL_RATIO` tokens per parameter.
    """
    compute = np.geomspace(flop_low, flop_high, budgets)[:, None]
    best = np.sqrt(compute / (FLOP_PER_PARAMETER_TOKEN * CENTRAL_RATIO))
    parameters = best * np.geomspace(0.1, 10.0, sizes)[None, :]
    tokens = compute / (FLOP_PER_PARAMETER_TOKEN * parameters)
    return parameters.ravel(), tokens.ravel()


def ray(flop_low: float, flop_high: float, runs: int, spread: float = 1.0) -> Runs:
    """Runs along one ratio of tokens to parameters, or near it.

    Parameters
    ----------
    flop_low, flop_high : float
        Range of compute, FLOP.
    runs : int
    spread : float
        The ratio alternates between `CENTRAL_RATIO` divided by this, itself, and times this; 1 puts
        all runs on one ratio.
    """
    require_positive("spread", spread, "1")
    compute = np.geomspace(flop_low, flop_high, runs)
    ratio = CENTRAL_RATIO * spread ** np.resize([-1.0, 0.0, 1.0], runs)
    parameters = np.sqrt(compute / (FLOP_PER_PARAMETER_TOKEN * ratio))
    return parameters, ratio * parameters


#: As many runs each, but for the last: what differs is where they are put.
DESIGNS: tuple[Design, ...] = (
    Design("ray", "one ratio, five tenfolds", lambda: ray(1e17, 1e22, 90)),
    Design("near_ray", "near one ratio, five tenfolds", lambda: ray(1e17, 1e22, 90, 2.0)),
    Design("one_tenfold", "grid, one tenfold", lambda: isoflop_grid(1e20, 1e21, 9, 10)),
    Design("grid", "grid, three tenfolds", lambda: isoflop_grid(6e18, 6e21, 9, 10)),
    Design("wide_grid", "grid, five tenfolds", lambda: isoflop_grid(1e17, 1e22, 9, 10)),
    Design("large_grid", "grid, five tenfolds", lambda: isoflop_grid(1e17, 1e22, 18, 20)),
)


def design_table(
    designs: Sequence[Design],
    law: LossLaw,
    *,
    noise_sd: float,
    repetitions: int,
    seed: int,
    level: float = 0.9,
) -> pd.DataFrame:
    """What each design could tell of a law: widths of intervals, and how often they hold the truth.

    Parameters
    ----------
    designs : sequence of Design
    law : LossLaw
        The truth of the simulation.
    noise_sd : float
        Standard deviation of the log loss about the law.
    repetitions, seed : int
        Simulated studies of each design.
    level : float
        Nominal level of the intervals (sandwich standard errors, t-distribution).

    Returns
    -------
    DataFrame
        One row per design and quantity (E, A, B, alpha, beta, a): ``design``, ``label``, ``runs``,
        ``quantity``, ``true_value``, ``identified``, ``coverage``, ``coverage_se``,
        ``median_width``, ``level``, ``repetitions``, ``noise_sd``. A design that cannot pin the law
        has empty coverage and width.
    """
    parts = []
    for design in designs:
        parameters, tokens = design.runs()
        described = {"design": design.id, "label": design.label, "runs": len(parameters)}
        if identify(parameters, tokens, law).identified:
            study = coverage_study(
                law,
                (parameters, tokens),
                noise_sd=noise_sd,
                repetitions=repetitions,
                seed=seed,
                level=level,
            )
            parts.append(study.assign(**described, identified=True))
        else:
            truth = [law.E, law.A, law.B, law.alpha, law.beta, law.parameter_exponent]
            parts.append(
                pd.DataFrame({"quantity": QUANTITIES, "true_value": truth}).assign(
                    **described,
                    identified=False,
                    coverage=np.nan,
                    coverage_se=np.nan,
                    median_width=np.nan,
                    level=level,
                    repetitions=0,
                )
            )
    table = pd.concat(parts, ignore_index=True).assign(noise_sd=noise_sd)
    return table[
        ["design", "label", "runs", "quantity", "true_value", "identified", "coverage",
         "coverage_se", "median_width", "level", "repetitions", "noise_sd"]
    ]  # fmt: skip
