"""Checkpoints of equal coverage: the samples each needs, and both sides of the bill in FLOP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.coverage import pass_at_k, require_problems
from analysis.test_time_compute.success_rates import fit_beta_binomial
from analysis.units import FLOP_PER_PARAMETER_TOKEN, FORWARD_FLOP_PER_PARAMETER_TOKEN

COUNT_COLUMNS = (
    "checkpoint",
    "params",
    "train_tokens",
    "problem_idx",
    "num_samples",
    "num_correct",
)
#: Points per factor of ten at which curves are kept for resampling.
_GRID_PER_DECADE = 40
_POINTS_PER_SEARCH = 64


@dataclass(frozen=True)
class ProblemCurves:
    """Chance of a right answer to each problem by samples, for checkpoints on the same problems.

    Attributes
    ----------
    checkpoints : DataFrame
        One row each: ``checkpoint``, ``params``, ``train_tokens``, ``fewest_samples``.
    problems : numpy.ndarray, shape (p,)
        The problems that all of them were asked.
    log10_samples : tuple of numpy.ndarray
        One axis per checkpoint, rising from 0.
    solved : tuple of numpy.ndarray
        One array per checkpoint, a row per problem and a column per number of samples; the mean
        over problems rises with the samples.
    left_out : tuple of str
        Checkpoints that were not asked all the problems.
    """

    checkpoints: pd.DataFrame
    problems: np.ndarray
    log10_samples: tuple[np.ndarray, ...]
    solved: tuple[np.ndarray, ...]
    left_out: tuple[str, ...] = ()

    def keep(self, *, smallest_params: float = 0.0, fewest_tokens: float = 0.0) -> ProblemCurves:
        """The checkpoints of at least that size and training; refused where there is none."""
        table = self.checkpoints
        kept = np.flatnonzero(
            (table["params"] >= smallest_params) & (table["train_tokens"] >= fewest_tokens)
        )
        if kept.size == 0:
            raise ValueError(
                f"no checkpoint has {smallest_params:g} parameters and {fewest_tokens:g} training "
                "tokens; lower smallest_params or fewest_tokens"
            )
        return replace(
            self,
            checkpoints=table.iloc[kept].reset_index(drop=True),
            log10_samples=tuple(self.log10_samples[i] for i in kept),
            solved=tuple(self.solved[i] for i in kept),
        )

    def log10_samples_needed(self, target: float, weights: np.ndarray) -> np.ndarray:
        """Log10 samples at which the weighted mean over problems reaches a target.

        Parameters
        ----------
        target : float
            Coverage or accuracy, between 0 and 1.
        weights : numpy.ndarray, shape (m, p)
            Weights of the problems, a row per resample that sums to 1.

        Returns
        -------
        numpy.ndarray, shape (m, checkpoints)
            Infinite where it is not reached on the axis.
        """
        require_target(target)
        needed = np.empty((len(weights), len(self.solved)))
        for column, (axis, solved) in enumerate(zip(self.log10_samples, self.solved, strict=True)):
            needed[:, column] = _first_crossing(axis, weights @ solved, target)
        return needed


def require_target(target: Any) -> np.ndarray:
    """Targets as float64, one axis; refused unless strictly between 0 and 1."""
    targets = np.atleast_1d(require_positive("target", target, "share of problems"))
    if targets.ndim != 1 or targets.size == 0 or (targets >= 1).any():
        raise ValueError(f"target: {target!r} is not accepted; accepted: between 0 and 1, one axis")
    return targets


def _first_crossing(axis: np.ndarray, curves: np.ndarray, target: float) -> np.ndarray:
    """Where each of several rising curves first reaches the target, linear in the axis."""
    reached = curves >= target
    after = reached.argmax(axis=1)
    before = np.maximum(after - 1, 0)
    rows = np.arange(len(curves))
    low, high = curves[rows, before], curves[rows, after]
    rise = np.where(high > low, high - low, 1.0)
    part = np.where(after > before, (target - low) / rise, 0.0)
    crossing = axis[before] + part * (axis[after] - axis[before])
    return np.where(reached.any(axis=1), crossing, np.inf)


def _search(
    curve: Callable[[np.ndarray], np.ndarray], target: float, lowest: float, highest: float
) -> float:
    """Samples at which a rising curve, known at whole numbers, reaches the target, or infinity."""
    ends = curve(np.array([lowest, highest]))
    if ends[1] < target:
        return np.inf
    if ends[0] >= target:
        return lowest
    while highest - lowest > 1:
        inner = np.unique(np.rint(np.geomspace(lowest, highest, _POINTS_PER_SEARCH)))
        inner = inner[(inner > lowest) & (inner < highest)]
        if inner.size == 0:
            inner = np.array([np.floor((lowest + highest) / 2)])
        first = np.searchsorted(np.maximum.accumulate(curve(inner)) >= target, True)
        points = np.concatenate([[lowest], inner, [highest]])
        lowest, highest = points[first], points[first + 1]
    ends = np.array([lowest, highest])
    return float(10 ** _first_crossing(np.log10(ends), curve(ends)[None], target)[0])


def _fitted_curve(
    right: np.ndarray, total: np.ndarray
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Coverage by samples of a fitted beta-binomial; none where no distribution can be fitted."""
    try:
        return fit_beta_binomial(right, total).coverage
    except ValueError:
        return None


def samples_for_coverage(
    successes: Any, samples: Any, target: Any, *, max_k: int | None = None
) -> pd.DataFrame:
    """Samples per problem at which coverage reaches a target.

    Between two whole numbers the coverage is taken as linear in the logarithm of the samples.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem.
    target : array_like, shape (m,)
        Coverage, between 0 and 1.
    max_k : int, optional
        By default the fewest samples of any problem: as far as the unbiased estimate goes. Above
        that a fitted beta-binomial is followed.

    Returns
    -------
    DataFrame
        One row per target: ``target``, ``k`` (infinite where not reached), ``reached`` and
        ``basis``: measured, one_sample (reached at once, so `k` is no more than a bound),
        extrapolated or not_reached.

    Raises
    ------
    ValueError
        For counts that cannot be, and targets not between 0 and 1.
    """
    right, total = require_problems(successes, samples)
    targets = require_target(target)
    drawn = float(total.min())
    limit = drawn if max_k is None else float(require_positive("max_k", max_k, "samples"))

    def measured(k: np.ndarray) -> np.ndarray:
        return pass_at_k(right[:, None], total[:, None], k).mean(axis=0)

    fitted = _fitted_curve(right, total) if limit > drawn else None
    rows = []
    for wanted in targets.tolist():
        k = _search(measured, wanted, 1.0, float(np.floor(min(drawn, limit))))
        basis = "one_sample" if k == 1 else "measured"
        if np.isinf(k) and fitted is not None:
            k, basis = _search(fitted, wanted, drawn, float(np.floor(limit))), "extrapolated"
        reached = bool(np.isfinite(k))
        rows.append((wanted, k, reached, basis if reached else "not_reached"))
    return pd.DataFrame(rows, columns=["target", "k", "reached", "basis"])


def require_checkpoint_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """The table itself, after refusing one that is no table of counts by checkpoint and problem."""
    missing = [name for name in COUNT_COLUMNS if name not in counts]
    if missing or counts.empty:
        raise ValueError(
            f"counts have {len(counts)} rows and lack {missing}; needed: a row per checkpoint and "
            f"problem with columns {list(COUNT_COLUMNS)}"
        )
    twice = counts.duplicated(["checkpoint", "problem_idx"]).to_numpy()
    if twice.any():
        row = counts.iloc[int(np.argmax(twice))]
        raise ValueError(
            f"counts hold checkpoint {row['checkpoint']}, problem {row['problem_idx']} more than "
            "once; accepted: one row each"
        )
    designs = counts[["checkpoint", "params", "train_tokens"]].drop_duplicates()
    if designs["checkpoint"].duplicated().any():
        name = designs.loc[designs["checkpoint"].duplicated(), "checkpoint"].iloc[0]
        raise ValueError(
            f"counts give checkpoint {name} more than one size or length of training; accepted: "
            "one params and one train_tokens each"
        )
    require_positive("params", counts["params"], "parameters")
    require_positive("train_tokens", counts["train_tokens"], "tokens")
    return counts


def problem_curves(counts: pd.DataFrame) -> ProblemCurves:
    """Unbiased chance to solve each problem by samples, for checkpoints asked all the problems.

    Parameters
    ----------
    counts : DataFrame
        One row per checkpoint and problem: ``checkpoint``, ``params``, ``train_tokens``,
        ``problem_idx``, ``num_samples``, ``num_correct``.

    Returns
    -------
    ProblemCurves
        Each axis ends at the fewest samples of any problem of the checkpoint.
    """
    require_checkpoint_counts(counts)
    problems = np.unique(counts["problem_idx"].to_numpy())
    rows, axes, solved, left_out = [], [], [], []
    for name, group in counts.groupby("checkpoint", sort=False):
        if len(group) < problems.size:
            left_out.append(str(name))
            continue
        ordered = group.sort_values("problem_idx")
        right, total = require_problems(ordered["num_correct"], ordered["num_samples"])
        first = ordered.iloc[0]
        rows.append((name, first["params"], first["train_tokens"], total.min()))
        grid = sample_grid(total.min())
        axes.append(np.log10(grid))
        solved.append(pass_at_k(right[:, None], total[:, None], grid))
    columns = ["checkpoint", "params", "train_tokens", "fewest_samples"]
    table = pd.DataFrame(rows, columns=columns)
    return ProblemCurves(table, problems, tuple(axes), tuple(solved), tuple(left_out))


def sample_grid(highest: float) -> np.ndarray:
    """Whole numbers from 1 to the highest, evenly spaced in their logarithm where they are many."""
    points = 2 + int(_GRID_PER_DECADE * np.log10(highest))
    return np.unique(np.rint(np.geomspace(1, highest, points)))


def train_flop(parameters: Any, train_tokens: Any) -> Any:
    """6 N D."""
    return FLOP_PER_PARAMETER_TOKEN * np.multiply(parameters, train_tokens, dtype=np.float64)


def inference_flop(parameters: Any, samples: Any, tokens_per_sample: Any) -> Any:
    """FLOP per problem: 2 N for each token of each sample."""
    per_token = FORWARD_FLOP_PER_PARAMETER_TOKEN * np.asarray(parameters, dtype=np.float64)
    return per_token * samples * tokens_per_sample


def efficient_points(train: Any, inference: Any) -> np.ndarray:
    """Points that no other beats: none costs as little on both sides and less on one.

    Parameters
    ----------
    train, inference : array_like, shape (..., m)
        Costs of m points; infinite for one that is never efficient.

    Returns
    -------
    numpy.ndarray of bool, shape (..., m)
    """
    x, y = np.broadcast_arrays(np.asarray(train, np.float64), np.asarray(inference, np.float64))
    no_worse = (x[..., :, None] <= x[..., None, :]) & (y[..., :, None] <= y[..., None, :])
    better = (x[..., :, None] < x[..., None, :]) | (y[..., :, None] < y[..., None, :])
    return np.isfinite(x) & np.isfinite(y) & ~(no_worse & better).any(axis=-2)


def iso_coverage_points(
    counts: pd.DataFrame, targets: Any, *, tokens_per_sample: float, max_k: int | None = None
) -> pd.DataFrame:
    """What each checkpoint costs to train, and to sample until it covers a share of the problems.

    Tokens per sample are taken as equal for all checkpoints: the number shifts the inference axis
    and leaves the slopes alone. Holds for problems whose answers are checked without error.

    Parameters
    ----------
    counts : DataFrame
        As for `problem_curves`.
    targets : array_like, shape (m,)
        Coverage, between 0 and 1.
    tokens_per_sample : float
        Above 0.
    max_k : int, optional
        As for `samples_for_coverage`.

    Returns
    -------
    DataFrame
        One row per checkpoint and target: ``checkpoint``, ``params``, ``train_tokens``,
        ``problems``, ``fewest_samples``, ``target``, ``k``, ``reached``, ``basis``, ``train_flop``,
        ``inference_flop_per_problem`` and ``frontier``: efficient among checkpoints that were
        asked all the problems and reach the target as measured.
    """
    require_checkpoint_counts(counts)
    require_positive("tokens_per_sample", tokens_per_sample, "tokens")
    parts = []
    for name, group in counts.groupby("checkpoint", sort=False):
        found = samples_for_coverage(
            group["num_correct"].to_numpy(), group["num_samples"].to_numpy(), targets, max_k=max_k
        )
        found.insert(0, "fewest_samples", group["num_samples"].min())
        found.insert(0, "problems", len(group))
        found.insert(0, "train_tokens", group["train_tokens"].iloc[0])
        found.insert(0, "params", group["params"].iloc[0])
        found.insert(0, "checkpoint", name)
        parts.append(found)
    points = pd.concat(parts, ignore_index=True)
    points["train_flop"] = train_flop(points["params"], points["train_tokens"])
    points["inference_flop_per_problem"] = inference_flop(
        points["params"], points["k"], tokens_per_sample
    )
    eligible = (points["problems"] == counts["problem_idx"].nunique()) & points["basis"].isin(
        ["measured", "one_sample"]
    )
    points["frontier"] = False
    for _, rows in points[eligible].groupby("target"):
        on_it = efficient_points(rows["train_flop"], rows["inference_flop_per_problem"])
        points.loc[rows.index, "frontier"] = on_it
    return points
