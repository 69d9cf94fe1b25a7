"""Bootstrap of a loss-law fit: thousands of resamples, each brought to its own optimum."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from analysis.scaling_laws.global_fit import (
    POINTS_AT_ONCE,
    global_minimum,
    minimise_rows,
    require_delta,
)
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.loss_points import (
    IdentificationWarning,
    loss_points,
    pinned_rows,
)
from analysis.scaling_laws.loss_surface import EXPONENT_RANGE, Surface
from analysis.uncertainty import (
    interval_table,
    require_count,
    resample_counts,
    resample_indices,
)

COEFFICIENTS = ["E", "A", "B", "alpha", "beta"]


def bootstrap_loss_law(
    parameters: Any,
    tokens: Any,
    loss: Any,
    *,
    resamples: int,
    seed: int,
    delta: float = 1e-3,
    starts_per_axis: int = 6,
    n_jobs: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Fit the loss law to resamples of the training runs, drawn with replacement.

    Resamples advance together, a block at a time, so the cost is that of arithmetic on arrays.
    Each is searched from two far-apart starts or more, and again from ``starts_per_axis**2``
    where those disagree. The draws are those of `analysis.uncertainty.resample_indices`. The
    result does not depend on `n_jobs`, and is the same to the last bit for the same seed on the
    same machine.

    Parameters
    ----------
    parameters, tokens, loss : array_like, shape (n,)
        As for `analysis.scaling_laws.fitting.fit_loss_law`, with the same refusals.
    resamples, seed : int
        How many resamples, and what their draws follow from.
    delta : float
        Where Huber's loss turns from square to linear; 0 and ``math.inf`` as for the fit.
    starts_per_axis : int
    n_jobs : int, optional
        Processes at work on blocks, in the sense of joblib, whose backend can be changed from
        outside. One is best below some ten thousand resamples.
    progress : bool
        Show a progress bar.

    Returns
    -------
    DataFrame
        One row per resample, in order: E, A, B, alpha, beta, a (= beta / (alpha + beta)),
        ``objective`` (summed over the runs drawn, as in `LossLawFit`), ``converged``, and
        ``identified``: False where the runs drawn cannot pin the law, so that its coefficients
        mean nothing. ``attrs`` holds seed, delta and the number of points.

    Warns
    -----
    IdentificationWarning
        Where some resamples are not identified or did not come to rest; says how many.
    """
    delta = require_delta(delta)
    surface = loss_points(parameters, tokens, loss)
    points = surface.x.size
    whole = global_minimum(surface, delta, max(starts_per_axis, 1))
    known = np.concatenate([whole.theta, whole.others])
    chunk = max(16, POINTS_AT_ONCE // points)
    blocks = -(-require_count("resamples", resamples) // chunk)
    work = (
        delayed(_fit_block)(surface, drawn, known, delta, starts_per_axis)
        for drawn in resample_indices(points, resamples, seed, chunk=chunk)
    )
    done = Parallel(n_jobs=n_jobs, return_as="generator")(work)
    fits = list(tqdm(done, total=blocks, unit="block", disable=not progress))
    table = pd.concat(fits, ignore_index=True)
    table.attrs = {"seed": seed, "delta": delta, "n_points": points}
    unpinned, restless = int((~table["identified"]).sum()), int((~table["converged"]).sum())
    if unpinned or restless:
        warnings.warn(
            f"of {resamples} resamples, {unpinned} leave the law open and {restless} did not come "
            "to rest; see the columns identified and converged",
            IdentificationWarning,
            stacklevel=2,
        )
    return table


def _fit_block(
    surface: Surface, drawn: np.ndarray, known: np.ndarray, delta: float, starts_per_axis: int
) -> pd.DataFrame:
    weights = resample_counts(drawn)
    found = minimise_rows(surface, weights, known, delta, starts_per_axis)
    table = pd.DataFrame(surface.coefficients(found.theta), columns=COEFFICIENTS)
    table["a"] = table["beta"] / (table["alpha"] + table["beta"])
    table["objective"] = found.objective
    table["converged"] = found.converged
    table["identified"] = _identified(surface, weights, found.theta)
    return table


def _identified(surface: Surface, weights: np.ndarray, theta: np.ndarray) -> np.ndarray:
    low, high = EXPONENT_RANGE[0] * 1.01, EXPONENT_RANGE[1] * 0.99
    inside = ((theta[:, 3:] > low) & (theta[:, 3:] < high)).all(axis=1)
    return inside & pinned_rows(surface, weights)


def bootstrap_intervals(
    draws: pd.DataFrame, *, level: float = 0.95, train_flop: tuple[float, ...] = ()
) -> pd.DataFrame:
    """Percentile intervals of the coefficients, the exponent a, and tokens per parameter.

    Parameters
    ----------
    draws : DataFrame
        From `bootstrap_loss_law`. Rows that are not identified are refused, not dropped.
    level : float
    train_flop : tuple of float
        Compute in FLOP at which to give the compute-optimal tokens per parameter.

    Returns
    -------
    DataFrame
        ``quantity``, ``low``, ``central`` (median), ``high``, ``level``.

    Raises
    ------
    ValueError
        Where a resample is not identified: its coefficients would widen the interval at random.
    """
    if "identified" in draws and not draws["identified"].all():
        row = int(np.flatnonzero(~draws["identified"])[0])
        raise ValueError(
            f"draws, row {row} is not identified ({int((~draws['identified']).sum())} rows are "
            "not); fit more or better spread runs, or leave those rows out and say so"
        )
    columns = draws[[*COEFFICIENTS, "a"]].copy()
    if train_flop:
        laws = [LossLaw(*row) for row in draws[COEFFICIENTS].to_numpy().tolist()]
        compute = np.asarray(train_flop, dtype=np.float64)
        ratios = np.array([law.tokens_per_parameter(compute) for law in laws])
        for k, flop in enumerate(train_flop):
            columns[f"tokens_per_parameter at {flop:g} FLOP"] = ratios[:, k]
    return interval_table(columns, level)
