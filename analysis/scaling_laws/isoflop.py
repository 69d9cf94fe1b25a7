"""Allocation from runs of equal compute: parabolas through each budget, then a power law.

The second approach of Hoffmann et al. 2022, and the regression that ends their first.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.scaling_laws.checks import require_positive
from analysis.uncertainty import (
    Interval,
    percentile_interval,
    require_count,
    require_level,
    resample_indices,
)
from analysis.units import FLOP_PER_PARAMETER_TOKEN

#: What `isoflop_minima` says of a budget.
MINIMUM, DOWNWARD = "minimum", "the parabola opens downward"
TOO_FEW, OUTSIDE = "fewer than three sizes", "the minimum is outside the sizes trained"


class IsoflopWarning(UserWarning):
    """A budget whose runs do not enclose a minimum."""


@dataclass(frozen=True)
class PowerLawFit:
    """y = coefficient * C**exponent, fitted as a line in the logarithms.

    ``interval`` is of the exponent; ``residual_sd`` of ln y about the line.
    """

    exponent: float
    coefficient: float
    interval: Interval
    n_points: int
    residual_sd: float

    def __call__(self, train_flop: Any) -> Any:
        """y at a compute in FLOP."""
        compute = require_positive("train_flop", train_flop, "FLOP")
        return self.coefficient * compute**self.exponent


@dataclass(frozen=True)
class IsoflopFit:
    """Compute-optimal size and tokens from runs grouped by compute.

    Attributes
    ----------
    parameters, tokens : PowerLawFit
        N_opt and D_opt by compute in FLOP; intervals from the bootstrap.
    minima : DataFrame
        As from `isoflop_minima`, every budget.
    draws : DataFrame
        ``parameter_exponent`` and ``parameter_coefficient`` of each resample.
    unusable_draws : float
        Share of resampled parabolas without a minimum, left out of their resample.
    """

    parameters: PowerLawFit
    tokens: PowerLawFit
    minima: pd.DataFrame
    draws: pd.DataFrame
    unusable_draws: float


def fit_power_law(train_flop: Any, optimum: Any, *, level: float = 0.95) -> PowerLawFit:
    """Regress the log of an optimum (parameters or tokens) on the log of compute.

    Parameters
    ----------
    train_flop : array_like, shape (k,)
        Compute in FLOP.
    optimum : array_like, shape (k,)
        Best parameters or tokens at that compute, as read off training curves.
    level : float
        Of the interval, which is that of least squares with k - 2 degrees of freedom.

    Raises
    ------
    ValueError
        Fewer than three points, one compute only, or a number that is not finite and above zero.
    """
    compute = require_positive("train_flop", train_flop, "FLOP")
    best = require_positive("optimum", optimum, "parameters or tokens")
    if compute.ndim != 1 or compute.shape != best.shape or np.unique(compute).size < 3:
        raise ValueError(
            f"train_flop of shape {compute.shape} and optimum of shape {best.shape} give no line "
            "with an interval; accepted: the same length, at least three different computes"
        )
    line = stats.linregress(np.log(compute), np.log(best))
    spread = float(stats.t.ppf((1 + require_level(level)) / 2, compute.size - 2)) * line.stderr
    residual = np.log(best) - line.intercept - line.slope * np.log(compute)
    return PowerLawFit(
        exponent=float(line.slope),
        coefficient=float(np.exp(line.intercept)),
        interval=Interval(line.slope - spread, float(line.slope), line.slope + spread, level),
        n_points=compute.size,
        residual_sd=float(np.sqrt(residual @ residual / (compute.size - 2))),
    )


def isoflop_minima(train_flop: Any, parameters: Any, loss: Any) -> pd.DataFrame:
    """The minimum of a parabola in ln N through the losses of each budget.

    Parameters
    ----------
    train_flop : array_like, shape (n,)
        Budget of each run in FLOP; runs of one budget carry the same number.
    parameters, loss : array_like, shape (n,)
        Size and final loss of each run.

    Returns
    -------
    DataFrame
        One row per budget, rising: ``train_flop``, ``optimal_parameters``, ``optimal_tokens``
        (= C / (6 N)), ``loss``, ``curvature`` (second derivative by ln N), ``runs`` and ``status``.
        Where the status is not "minimum", the optimum is empty: an extrapolated one is no finding.
    """
    budgets, groups, x, values = _grouped(train_flop, parameters, loss)
    rows = []
    for budget, group in zip(budgets, groups, strict=True):
        size, height = x[group], values[group]
        solved = _parabolas(size, height)
        best, lowest, curvature = (float(part[0]) for part in solved)
        if np.unique(size).size < 3:
            status = TOO_FEW
        elif not curvature > 0:
            status = DOWNWARD
        elif not size.min() <= best <= size.max():
            status = OUTSIDE
        else:
            status = MINIMUM
        usable = status == MINIMUM
        n_opt = float(np.exp(best)) if usable else np.nan
        rows.append(
            {
                "train_flop": budget,
                "optimal_parameters": n_opt,
                "optimal_tokens": budget / (FLOP_PER_PARAMETER_TOKEN * n_opt),
                "loss": lowest if usable else np.nan,
                "curvature": curvature,
                "runs": group.size,
                "status": status,
            }
        )
    return pd.DataFrame(rows)


def fit_isoflop(
    train_flop: Any,
    parameters: Any,
    loss: Any,
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> IsoflopFit:
    """N_opt and D_opt by compute from the minima of the budgets, with a bootstrap.

    Parameters
    ----------
    train_flop, parameters, loss : array_like, shape (n,)
        As for `isoflop_minima`.
    resamples, seed : int
        Bootstrap of the residuals: the sizes trained were chosen, so they stay, and the relative
        distances of the losses from their parabolas are drawn with replacement from all budgets.
    level : float

    Returns
    -------
    IsoflopFit

    Raises
    ------
    ValueError
        Where fewer than three budgets have a minimum; names the others and what is wrong.

    Warns
    -----
    IsoflopWarning
        Where a budget is left out; names it and says why.

    References
    ----------
    Hoffmann et al. 2022, section 3.2, https://arxiv.org/abs/2203.15556.
    """
    minima = isoflop_minima(train_flop, parameters, loss)
    budgets, groups, x, values = _grouped(train_flop, parameters, loss)
    usable = (minima["status"] == MINIMUM).to_numpy()
    complaints = [
        f"{row.train_flop:g} FLOP: {row.status}" for row in minima[~usable].itertuples(index=False)
    ]
    if usable.sum() < 3:
        raise ValueError(
            f"{usable.sum()} budget(s) have a minimum inside the sizes trained; accepted: at "
            f"least 3; {'; '.join(complaints) or 'add budgets'}"
        )
    if complaints:
        warnings.warn(f"left out: {'; '.join(complaints)}", IsoflopWarning, stacklevel=2)
    kept = minima[usable]
    size_line = fit_power_law(kept["train_flop"], kept["optimal_parameters"], level=level)
    token_line = fit_power_law(kept["train_flop"], kept["optimal_tokens"], level=level)
    require_count("resamples", resamples, lowest=2)
    log_best = _resampled_minima(
        x, values, [groups[k] for k in np.flatnonzero(usable)], resamples, seed
    )
    log_flop = np.log(budgets[usable])
    present = np.isfinite(log_best)
    weight = present / np.maximum(present.sum(axis=1, keepdims=True), 1)
    filled = np.where(present, log_best, 0.0)
    mean_c, mean_n = weight @ log_flop, (weight * filled).sum(axis=1)
    centred = log_flop - mean_c[:, None]
    enough = present.sum(axis=1) >= 3
    variance = np.where(enough, (weight * centred**2).sum(axis=1), 1.0)
    slope = (weight * centred * filled).sum(axis=1) / variance
    draws = pd.DataFrame(
        {"parameter_exponent": slope, "parameter_coefficient": np.exp(mean_n - slope * mean_c)}
    )[enough].reset_index(drop=True)
    interval = percentile_interval(draws["parameter_exponent"].to_numpy(), level)
    return IsoflopFit(
        parameters=replace(size_line, interval=interval),
        tokens=replace(
            token_line,
            interval=Interval(1 - interval.high, 1 - interval.central, 1 - interval.low, level),
        ),
        minima=minima,
        draws=draws,
        unusable_draws=float(1 - present.mean()),
    )


def _resampled_minima(
    x: np.ndarray, values: np.ndarray, groups: list[np.ndarray], resamples: int, seed: int
) -> np.ndarray:
    """ln N at the minimum of each budget (columns) in each resample (rows); NaN where none."""
    fitted = [np.polynomial.Polynomial.fit(x[g], values[g], 2)(x[g]) for g in groups]
    runs, spent = sum(g.size for g in groups), 3 * len(groups)
    if runs <= spent:
        raise ValueError(
            f"{runs} runs in {len(groups)} budgets leave nothing to judge the scatter by; accepted:"
            " more than three runs per budget on average"
        )
    # Parabolas take up part of the scatter: three coefficients each.
    relative = np.concatenate(
        [(values[g] - curve) / curve for g, curve in zip(groups, fitted, strict=True)]
    ) * np.sqrt(runs / (runs - spent))
    (drawn,) = resample_indices(runs, resamples, seed)
    scatter = relative[drawn]
    log_best = np.empty((resamples, len(groups)))
    first = 0
    for column, (group, curve) in enumerate(zip(groups, fitted, strict=True)):
        losses = curve * (1 + scatter[:, first : first + group.size])
        first += group.size
        best, _, curvature = _parabolas(x[group], losses)
        inside = (best >= x[group].min()) & (best <= x[group].max())
        log_best[:, column] = np.where((curvature > 0) & inside, best, np.nan)
    return log_best


def _grouped(
    train_flop: Any, parameters: Any, loss: Any
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray, np.ndarray]:
    compute = require_positive("train_flop", train_flop, "FLOP")
    size = require_positive("parameters", parameters, "parameters")
    values = require_positive("loss", loss, "the unit of the loss")
    if not (compute.ndim == 1 and compute.shape == size.shape == values.shape):
        raise ValueError(
            f"train_flop, parameters and loss have shapes {compute.shape}, {size.shape} and "
            f"{values.shape}; accepted: one axis, all of the same length"
        )
    budgets, which = np.unique(compute, return_inverse=True)
    groups = [np.flatnonzero(which == k) for k in range(budgets.size)]
    return budgets, groups, np.log(size), values


def _parabolas(x: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place and height of the extremum, and second derivative, for each row of values."""
    centre = x.mean()
    scale = max(float(np.abs(x - centre).max()), 1e-300)
    u = (x - centre) / scale
    basis = np.column_stack([np.ones_like(u), u, u**2])
    c0, c1, c2 = np.linalg.pinv(basis) @ np.atleast_2d(values).T
    bent = np.where(np.abs(c2) > 1e-12 * np.abs(values).max(), c2, np.nan)
    best = -c1 / (2 * bent)
    return centre + scale * best, c0 + best * c1 / 2, 2 * c2 / scale**2
