"""How many orders of inference compute one order of training compute saves, as measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_probability
from analysis.test_time_compute.coverage_laws import shrunk_rates
from analysis.test_time_compute.iso_coverage import (
    ProblemCurves,
    efficient_points,
    inference_flop,
    require_target,
    train_flop,
)
from analysis.test_time_compute.selection import best_of_n_accuracy, selection_ceiling
from analysis.uncertainty import (
    percentile_interval,
    require_level,
    resample_counts,
    resample_indices,
)

DIRECTIONS = (
    "within size",
    "across sizes",
    "frontier",
    "surface, training tokens",
    "surface, parameters",
)
_FEWEST_POINTS = 3


@dataclass(frozen=True)
class ResponseSurface:
    """log10 samples = a + b log10 N + c log10 D, with curvature where it was asked for.

    Attributes
    ----------
    coefficients : tuple of float
        a, b, c; with curvature also those of log10(N)**2, log10(D)**2 and their product.
    rms_error : float
        Root mean square residual in log10 samples.
    points : int
    """

    coefficients: tuple[float, ...]
    rms_error: float
    points: int

    def log10_samples(self, parameters: Any, train_tokens: Any) -> Any:
        """Log10 of the samples needed."""
        x, y = (np.log10(np.asarray(n, dtype=np.float64)) for n in (parameters, train_tokens))
        terms = [np.ones_like(x * y), x, y, x**2, y**2, x * y]
        return sum(c * term for c, term in zip(self.coefficients, terms, strict=False))

    def tokens_exchange(self, parameters: Any, train_tokens: Any) -> Any:
        """Orders of inference saved per order of training by longer training at one size: -c."""
        x, y = (np.log10(np.asarray(n, dtype=np.float64)) for n in (parameters, train_tokens))
        _, _, linear, _, square, product = (*self.coefficients, 0.0, 0.0, 0.0)[:6]
        return -(linear + 2 * square * y + product * x)

    def parameters_exchange(self, parameters: Any, train_tokens: Any) -> Any:
        """The same by a larger model trained on as many tokens: -(1 + b), as samples cost 2 N."""
        x, y = (np.log10(np.asarray(n, dtype=np.float64)) for n in (parameters, train_tokens))
        _, linear, _, square, _, product = (*self.coefficients, 0.0, 0.0, 0.0)[:6]
        return -(1 + linear + 2 * square * x + product * y)


def fit_response_surface(
    parameters: Any, train_tokens: Any, samples: Any, *, curvature: bool = False
) -> ResponseSurface:
    """Least squares of log10 samples on log10 parameters and log10 training tokens.

    Parameters
    ----------
    parameters, train_tokens, samples : array_like, shape (m,)
        Above zero and finite: leave out checkpoints that do not reach the target.
    curvature : bool
        Squares and product as well.

    Raises
    ------
    ValueError
        Where the points are too few or lie so that the coefficients are not determined.
    """
    x = np.log10(require_positive("parameters", parameters, "parameters"))
    y = np.log10(require_positive("train_tokens", train_tokens, "tokens"))
    needed = np.log10(require_positive("samples", samples, "samples"))
    columns = [np.ones_like(x), x, y, x**2, y**2, x * y][: 6 if curvature else 3]
    design = np.stack(columns, axis=1)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError(
            f"{len(x)} points do not determine {design.shape[1]} coefficients; accepted: points at "
            "several sizes and lengths of training, or no curvature"
        )
    found = np.linalg.lstsq(design, needed)[0]
    error = float(np.sqrt(np.mean((needed - design @ found) ** 2)))
    return ResponseSurface(tuple(found.tolist()), error, len(x))


def local_slopes(points: pd.DataFrame) -> pd.DataFrame:
    """Slopes between neighbours of one curve of equal coverage, with nothing fitted.

    Parameters
    ----------
    points : DataFrame
        From `iso_coverage_points`; rows that are not measured are left out.

    Returns
    -------
    DataFrame
        One row per target, ``direction`` ("within size" or "frontier") and pair of neighbours:
        ``params`` (of the dearer), ``train_flop_from``, ``train_flop_to`` and ``slope``.
    """
    measured = points[points["basis"] == "measured"]
    curves = [(key, "within size", rows) for key, rows in measured.groupby(["target", "params"])]
    frontier = measured[measured["frontier"]]
    curves += [((key, None), "frontier", rows) for key, rows in frontier.groupby("target")]
    parts = []
    for (target, _), direction, rows in curves:
        ordered = rows.sort_values("train_flop")
        cost = np.log10(ordered[["train_flop", "inference_flop_per_problem"]].to_numpy())
        steps = np.diff(cost, axis=0)
        columns = {
            "params": ordered["params"].to_numpy()[1:],
            "train_flop_from": ordered["train_flop"].to_numpy()[:-1],
            "train_flop_to": ordered["train_flop"].to_numpy()[1:],
            "slope": -steps[:, 1] / steps[:, 0],
        }
        parts.append(pd.DataFrame({"target": target, "direction": direction, **columns}))
    if not parts:
        raise ValueError("points hold no measured row; lower the target or draw more samples")
    return pd.concat(parts, ignore_index=True)


def _pooled_slope(x: np.ndarray, y: np.ndarray, use: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Least-squares slope of -y on x, a constant per group, for each row of y; NaN without spread.

    Shapes: x and group (m,), y and use (rows, m).
    """
    member = (group[:, None] == np.unique(group)).astype(float)
    number = np.maximum(use @ member, 1.0)
    y = np.where(use, y, 0.0)
    from_mean_x = np.where(use, x - ((use * x) @ member / number) @ member.T, 0.0)
    from_mean_y = np.where(use, y - (y @ member / number) @ member.T, 0.0)
    spread = (from_mean_x**2).sum(axis=1)
    flat = spread <= 1e-12
    slope = -(from_mean_x * from_mean_y).sum(axis=1) / np.where(flat, 1.0, spread)
    return np.where(flat, np.nan, slope)


def _surface_slopes(
    x: np.ndarray, y: np.ndarray, needed: np.ndarray, use: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """-(1 + b) and -c of the surface without curvature, for each row of `needed`."""
    design = np.stack([np.ones_like(x), x - x.mean(), y - y.mean()], axis=1)
    normal = np.einsum("rm,mi,mj->rij", use, design, design)
    side = np.einsum("rm,mi,rm->ri", use, design, np.where(use, needed, 0.0))
    full = np.linalg.matrix_rank(normal, hermitian=True) == 3
    normal[~full] = np.eye(3)
    found = np.linalg.solve(normal, side[..., None])[..., 0]
    found[~full] = np.nan
    return -(1 + found[:, 1]), -found[:, 2]


def _slopes(checkpoints: pd.DataFrame, needed: np.ndarray) -> dict[str, np.ndarray]:
    """Slope in each direction, and points used, from log10 samples of shape (rows, m)."""
    size = checkpoints["params"].to_numpy(dtype=float)
    tokens = checkpoints["train_tokens"].to_numpy(dtype=float)
    train = np.log10(train_flop(size, tokens))
    inference = np.log10(inference_flop(size, 1.0, 1.0)) + needed
    # One sample is a bound, not a measurement: such a checkpoint may reach more.
    use = np.isfinite(needed) & (needed > 0)
    one = np.zeros(len(size))
    final = use & (tokens == tokens.max())
    frontier = efficient_points(train, np.where(use, inference, np.inf))
    surface = _surface_slopes(np.log10(size), np.log10(tokens), needed, use)
    several = {"within size": use, "across sizes": final, "frontier": frontier}
    slopes = {
        name: _pooled_slope(train, inference, points, size if name == "within size" else one)
        for name, points in several.items()
    }
    slopes |= {DIRECTIONS[3]: surface[1], DIRECTIONS[4]: surface[0]}
    for name in DIRECTIONS:
        points = several.get(name, use).sum(axis=1)
        slopes[name] = np.where(points >= _FEWEST_POINTS, slopes[name], np.nan)
        slopes[f"{name} points"] = points
    asked = {"across sizes": tokens == tokens.max()}
    for name in DIRECTIONS:
        slopes[f"{name} missed"] = (~use & asked.get(name, True)).sum(axis=1)
    return slopes


def exchange_slopes(
    curves: ProblemCurves,
    targets: Any,
    *,
    resamples: int,
    seed: int,
    level: float = 0.9,
) -> pd.DataFrame:
    """Orders of inference compute saved per order of training compute at equal coverage.

    Slope is -d log10(inference FLOP per problem) / d log10(training FLOP): ``within size`` over
    training tokens, a constant per size; ``across sizes`` at the longest training; along the
    ``frontier`` of efficient checkpoints; and by tokens or by parameters on the surface
    log10 samples = a + b log10 N + c log10 D. Checkpoints that do not reach a target with the
    samples drawn are left out, and a slope over a part of them may be biased either way: trust
    those with none left out, and see `ProblemCurves.keep`. The interval is a bootstrap over
    problems, drawn jointly for all checkpoints, each resample with the checkpoints that reach the
    target in it: it says how another set of problems would come out, not another model family.

    Parameters
    ----------
    curves : ProblemCurves
    targets : array_like, shape (m,)
        Coverage or accuracy, between 0 and 1.
    resamples, seed : int
    level : float
        Share of the resamples inside the interval.

    Returns
    -------
    DataFrame
        One row per target and direction: ``target``, ``direction``, ``slope``, ``low``, ``high``,
        ``level``, ``checkpoints`` (used), ``not_reached`` (of those asked about), ``resamples`` (in
        which the slope exists) and ``status``: estimated; too_few_checkpoints (under 3, or without
        spread), where slope and interval are blank; too_few_resamples (under half), where the
        interval is.

    Raises
    ------
    ValueError
        Where a target or the level is not between 0 and 1, or there is no resample.
    """
    level = require_level(level)
    number = curves.problems.size
    (drawn,) = resample_indices(number, resamples, seed)
    weights = np.vstack([np.ones(number), resample_counts(drawn)]) / number
    rows = []
    for target in require_target(targets).tolist():
        slopes = _slopes(curves.checkpoints, curves.log10_samples_needed(target, weights))
        for name in DIRECTIONS:
            point, draws = slopes[name][0], slopes[name][1:]
            draws = draws[np.isfinite(draws)]
            enough = bool(np.isfinite(point)) and 2 <= draws.size >= resamples / 2
            found = percentile_interval(draws, level) if enough else None
            status = "estimated" if enough else "too_few_resamples"
            rows.append(
                {
                    "target": target,
                    "direction": name,
                    "slope": point,
                    "low": found.low if found else np.nan,
                    "high": found.high if found else np.nan,
                    "level": level,
                    "checkpoints": int(slopes[f"{name} points"][0]),
                    "not_reached": int(slopes[f"{name} missed"][0]),
                    "resamples": draws.size,
                    "status": status if np.isfinite(point) else "too_few_checkpoints",
                }
            )
    return pd.DataFrame(rows)


def problem_rates(counts: pd.DataFrame, curves: ProblemCurves) -> tuple[np.ndarray, ...]:
    """`shrunk_rates` of each checkpoint of `curves`, in the order of its problems."""
    by_name = dict(iter(counts.sort_values("problem_idx").groupby("checkpoint")))
    tables = [by_name[name] for name in curves.checkpoints["checkpoint"]]
    return tuple(shrunk_rates(rows["num_correct"], rows["num_samples"]) for rows in tables)


def verified_curves(
    curves: ProblemCurves, rates: tuple[np.ndarray, ...], false_positive_rate: float
) -> ProblemCurves:
    """Accuracy of sampling until a verifier accepts, on the axes of measured coverage.

    The verifier accepts every right answer and a share of the wrong ones; where it accepts none
    of k samples there is no right one. The success rates are taken as known, so at a false
    positive rate of 0 the curves lie near, not on, those of `problem_curves`.

    Parameters
    ----------
    curves : ProblemCurves
    rates : tuple of numpy.ndarray, shape (p,)
        Success rates by checkpoint: `problem_rates`.
    false_positive_rate : float
        From 0 to 1.
    """
    solved = tuple(
        best_of_n_accuracy(
            rate[:, None], np.rint(10**axis), false_positive_rate=false_positive_rate
        )
        for rate, axis in zip(rates, curves.log10_samples, strict=True)
    )
    return replace(curves, solved=solved)


def verifier_reach(
    curves: ProblemCurves,
    rates: tuple[np.ndarray, ...],
    targets: Any,
    false_positive_rates: Any,
) -> pd.DataFrame:
    """How many checkpoints reach a target accuracy at all under an imperfect verifier.

    Parameters
    ----------
    curves, rates : as for `verified_curves`
    targets, false_positive_rates : array_like, shape (m,) and (n,)

    Returns
    -------
    DataFrame
        One row per rate and target: ``false_positive_rate``, ``target``, ``checkpoints``,
        ``reach_at_all`` (with samples without end; at a rate of 0 all that were ever right, by
        the shrinkage) and ``reach_with_samples_drawn``.
    """
    even = np.full((1, curves.problems.size), 1 / curves.problems.size)
    rows = []
    for fooled in np.atleast_1d(require_probability("false_positive_rate", false_positive_rates)):
        verified = verified_curves(curves, rates, float(fooled))
        ceiling = selection_ceiling(np.stack(rates), false_positive_rate=fooled).mean(axis=1)
        for target in require_target(targets).tolist():
            needed = verified.log10_samples_needed(target, even)
            rows.append(
                {
                    "false_positive_rate": float(fooled),
                    "target": target,
                    "checkpoints": len(rates),
                    "reach_at_all": int((ceiling >= target - 1e-12).sum()),
                    "reach_with_samples_drawn": int(np.isfinite(needed).sum()),
                }
            )
    return pd.DataFrame(rows)
