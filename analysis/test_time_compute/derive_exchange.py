"""Small tables of the measured exchange, from counts of right answers by checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.test_time_compute.exchange_slopes import (
    exchange_slopes,
    problem_rates,
    verified_curves,
    verifier_reach,
)
from analysis.test_time_compute.iso_coverage import iso_coverage_points, problem_curves
from analysis.uncertainty import resample_counts, resample_indices

TARGETS = (0.2, 0.3, 0.4)
FALSE_POSITIVE_RATES = (0.0, 0.001, 0.01, 0.05)
#: Sizes and training lengths that a slope is taken over: all, and those where coverage rises with
#: training and every checkpoint reaches the lower targets.
SCOPES = {
    "all checkpoints": (0.0, 0.0),
    "from 1e9 parameters and 2e10 tokens": (1e9, 2e10),
}
LEVEL = 0.9
_QUANTILES = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def iso_coverage_table(
    checkpoint_counts: pd.DataFrame,
    seed: int,
    *,
    targets: Sequence[float] = TARGETS,
    resamples: int = 2000,
) -> pd.DataFrame:
    """Samples that each checkpoint needs for a coverage, for checkpoints that reach any target.

    Parameters
    ----------
    checkpoint_counts : DataFrame
        As for `analysis.test_time_compute.iso_coverage.problem_curves`.
    seed : int
    targets : sequence of float
    resamples : int
        Bootstrap resamples of the problems.

    Returns
    -------
    DataFrame
        One row per checkpoint and target: ``checkpoint``, ``parameters``, ``train_tokens``,
        ``train_flop``, ``fewest_samples`` (as far as coverage is known), ``target``,
        ``samples_needed``, ``low_90``, ``high_90``, ``reached``, ``reached_share`` (of resamples)
        and ``frontier``. Infinite where not reached, also an end of the interval.
    """
    points = iso_coverage_points(checkpoint_counts, list(targets), tokens_per_sample=1.0)
    curves = problem_curves(checkpoint_counts)
    number = curves.problems.size
    (drawn,) = resample_indices(number, resamples, seed)
    weights = resample_counts(drawn) / number
    intervals = []
    for target in targets:
        needed = 10 ** curves.log10_samples_needed(target, weights)
        # An end that is a draw stays infinite; one between two draws would be no number.
        low, high = np.quantile(needed, _QUANTILES, axis=0, method="nearest")
        share = np.isfinite(needed).mean(axis=0)
        name = curves.checkpoints["checkpoint"]
        columns = {"low_90": low, "high_90": high, "reached_share": share}
        intervals.append(pd.DataFrame({"checkpoint": name, "target": target, **columns}))
    table = points.merge(pd.concat(intervals), on=["checkpoint", "target"], validate="1:1")
    some = table.groupby("checkpoint")["reached"].transform("any")
    table = table[some].sort_values(["target", "params", "train_tokens"], ignore_index=True)
    return table.rename(columns={"params": "parameters", "k": "samples_needed"})[
        [
            "checkpoint",
            "parameters",
            "train_tokens",
            "train_flop",
            "fewest_samples",
            "target",
            "samples_needed",
            "low_90",
            "high_90",
            "reached",
            "reached_share",
            "frontier",
        ]
    ]


def exchange_slope_table(
    checkpoint_counts: pd.DataFrame,
    seed: int,
    *,
    targets: Sequence[float] = TARGETS,
    false_positive_rates: Sequence[float] = FALSE_POSITIVE_RATES,
    resamples: int = 2000,
) -> pd.DataFrame:
    """Exchange slopes by target, verifier, scope and direction.

    Parameters
    ----------
    checkpoint_counts : DataFrame
        As for `analysis.test_time_compute.iso_coverage.problem_curves`.
    seed : int
        All rows share the resamples.
    targets, false_positive_rates : sequence of float
    resamples : int

    Returns
    -------
    DataFrame
        ``rates`` (counts: unbiased, with a verifier that never errs; shrunk: posterior means of
        the success rates), ``verifier_false_positive_rate``, ``scope`` (a key of `SCOPES`),
        ``target``, ``direction``, ``slope``, ``low_90``, ``high_90``, ``checkpoints``,
        ``not_reached``, ``resamples``, ``status``, as of
        `analysis.test_time_compute.exchange_slopes.exchange_slopes`, and ``reach_at_all``: how
        many of all checkpoints reach the target with samples without end (blank for counts).
    """
    measured = problem_curves(checkpoint_counts)
    success = problem_rates(checkpoint_counts, measured)
    curves = {("counts", 0.0): measured}
    for rate in false_positive_rates:
        curves["shrunk", rate] = verified_curves(measured, success, rate)
    parts = []
    for (rates, rate), every in curves.items():
        for scope, (params, tokens) in SCOPES.items():
            slopes = exchange_slopes(
                every.keep(smallest_params=params, fewest_tokens=tokens),
                list(targets),
                resamples=resamples,
                seed=seed,
                level=LEVEL,
            )
            slopes.insert(0, "scope", scope)
            slopes.insert(0, "verifier_false_positive_rate", rate)
            slopes.insert(0, "rates", rates)
            parts.append(slopes)
    table = pd.concat(parts, ignore_index=True).drop(columns="level")
    table = table.rename(columns={"low": "low_90", "high": "high_90"})
    reach = verifier_reach(measured, success, list(targets), list(false_positive_rates))
    reach = reach.rename(columns={"false_positive_rate": "verifier_false_positive_rate"})
    reach = reach.assign(rates="shrunk")
    keys = ["rates", "verifier_false_positive_rate", "target"]
    return table.merge(reach[[*keys, "reach_at_all"]], on=keys, how="left", validate="m:1")
