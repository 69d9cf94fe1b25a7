"""How much of a gain goes with more thinking tokens, and how much with another model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_columns,
    require_finite,
    require_probability,
)
from analysis.uncertainty import require_level

_PAIR_COLUMNS = [
    "plain_output_tokens_per_question",
    "reasoning_output_tokens_per_question",
    "plain_accuracy",
    "reasoning_accuracy",
    "questions",
]


def _logit(accuracy: Any, questions: Any) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds and their variance; half a right and half a wrong question added at 0 and 1."""
    share = require_probability("accuracy", accuracy)
    count = require_positive("questions", questions, "questions")
    half = 0.5 * ((share == 0) | (share == 1))
    right, wrong = share * count + half, (1 - share) * count + half
    return np.log(right / wrong), 1 / right + 1 / wrong


def decompose(
    pairs: pd.DataFrame,
    slope: Any,
    slope_se: Any,
    *,
    level: float = 0.9,
    degrees_of_freedom: float | None = None,
) -> pd.DataFrame:
    """Split the gain from a plain to a reasoning model into tokens and everything else.

    In log-odds the parts add: tokens are `slope` times the tenfolds of tokens between the two,
    the model is the rest. In accuracy the order counts, so the Shapley value (the mean of both
    orders, Oaxaca and Blinder's two weightings) is given. The slope comes from other models that
    were themselves trained to think, so the split says what goes with tokens, not what they cause.
    It is taken as estimated from other data than the pairs.

    Parameters
    ----------
    pairs : DataFrame
        One row a pair and benchmark: ``plain_output_tokens_per_question``,
        ``reasoning_output_tokens_per_question``, ``plain_accuracy``, ``reasoning_accuracy``,
        ``questions``; other columns are kept.
    slope : float or array_like, one a pair
        Log-odds per tenfold tokens within one model.
    slope_se : float or array_like
        Its standard error. For a slope pooled over models take the error of one more model,
        ``hypot(standard_error, tau)``.
    level : float
        Of the intervals, between 0 and 1.
    degrees_of_freedom : float, optional
        Of the t-distribution of the intervals, studies less one; normal where not given.

    Returns
    -------
    DataFrame
        The pairs and: ``token_tenfolds``, ``gain_log_odds``, ``tokens_log_odds``,
        ``model_log_odds`` with ``*_low`` and ``*_high``, ``tokens_share`` of the gain with its
        interval (delta method; outside 0 to 1 where a part has the other sign),
        ``gain_points``, and in percentage points ``tokens_points_tokens_first``,
        ``tokens_points_model_first``, ``tokens_points`` and ``model_points`` (Shapley).

    Raises
    ------
    ValueError
        Where a column is missing, a value is out of range or a pair shows no gain to split.
    """
    require_columns("pairs", pairs, _PAIR_COLUMNS)
    require_level(level)
    rise, error = broadcast(
        slope=require_finite("slope", slope, "log-odds per tenfold"),
        slope_se=require_positive("slope_se", slope_se, "log-odds per tenfold"),
    )
    if rise.size not in (1, len(pairs)) or rise.ndim > 1:
        raise ValueError(
            f"slope and slope_se have shape {rise.shape}, pairs {len(pairs)} rows; accepted: one "
            "number, or one a pair"
        )
    few, many = (
        require_positive(name, pairs[name], "tokens per question") for name in _PAIR_COLUMNS[:2]
    )
    before, variance_before = _logit(pairs["plain_accuracy"], pairs["questions"])
    after, variance_after = _logit(pairs["reasoning_accuracy"], pairs["questions"])
    gain = after - before
    if (gain == 0).any():
        row = int(np.argmax(gain == 0))
        raise ValueError(f"pairs, row {row}: both accuracies are equal, which leaves no share")
    tenfolds = np.log10(many / few)
    tokens = rise * tenfolds
    tokens_variance = (error * tenfolds) ** 2
    gain_variance = variance_before + variance_after
    share = tokens / gain
    share_variance = (tokens_variance + share**2 * gain_variance) / gain**2
    if degrees_of_freedom is None:
        reach = float(stats.norm.ppf(0.5 + level / 2))
    else:
        reach = float(stats.t.ppf(0.5 + level / 2, degrees_of_freedom))
    result = pairs.assign(token_tenfolds=tenfolds)
    for name, value, variance in (
        ("gain_log_odds", gain, gain_variance),
        ("tokens_log_odds", tokens, tokens_variance),
        ("model_log_odds", gain - tokens, gain_variance + tokens_variance),
        ("tokens_share", share, share_variance),
    ):
        result[name] = value
        result[f"{name}_low"] = value - reach * np.sqrt(variance)
        result[f"{name}_high"] = value + reach * np.sqrt(variance)
    low, high = special.expit(before), special.expit(after)
    result["gain_points"] = 100 * (high - low)
    result["tokens_points_tokens_first"] = 100 * (special.expit(before + tokens) - low)
    result["tokens_points_model_first"] = 100 * (high - special.expit(after - tokens))
    result["tokens_points"] = (
        result["tokens_points_tokens_first"] + result["tokens_points_model_first"]
    ) / 2
    result["model_points"] = result["gain_points"] - result["tokens_points"]
    result["level"] = level
    return result


def regress_accuracy(
    points: pd.DataFrame, terms: Sequence[str], *, cluster: str = "model", level: float = 0.9
) -> pd.DataFrame:
    """Log-odds of accuracy of many models on several terms, with benchmark effects.

    Weighted least squares with weights from the binomial variance and the scatter about the
    unweighted line, and cluster-robust errors (CR1) with clusters less one degrees of freedom.
    A reasoning model is trained to think, so tokens and training come together: where
    ``variance_inflation`` is far above 1 the terms cannot be told apart by these data.

    Parameters
    ----------
    points : DataFrame
        Columns ``benchmark``, ``accuracy``, ``questions``, the terms and `cluster`.
    terms : sequence of str
        Numeric columns: ``log10_output_tokens``, ``release_year``, ``reasoning`` (0 or 1).
    cluster : str
        Rows with one value are not independent.
    level : float

    Returns
    -------
    DataFrame
        One row a term: ``term``, ``log_odds``, ``standard_error``, ``low``, ``high``,
        ``variance_inflation``, ``points``, ``clusters``, ``r2`` and ``level``.

    Raises
    ------
    ValueError
        Where a column is missing or not finite, a term is no more than a mix of the others, or
        clusters are no more than coefficients.
    """
    require_columns("points", points, ["benchmark", "accuracy", "questions", cluster, *terms])
    require_level(level)
    numbers = points[list(terms)].to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        row = int(np.argmax(~np.isfinite(numbers).all(axis=1)))
        raise ValueError(f"points, row {row}: {list(terms)} are not all finite; leave the row out")
    y, noise = _logit(points["accuracy"], points["questions"])
    effects = pd.get_dummies(points["benchmark"]).to_numpy(dtype=float)
    design = np.hstack([numbers - numbers.mean(axis=0), effects])
    groups = pd.factorize(points[cluster])[0]
    clusters = int(groups.max()) + 1
    if np.linalg.matrix_rank(design) < design.shape[1] or clusters <= design.shape[1]:
        raise ValueError(
            f"terms {list(terms)} on {len(points)} points of {clusters} clusters are not "
            "identified; drop a term or give more clusters"
        )
    first = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    scatter = max(0.0, float(first @ first) / (y.size - design.shape[1]) - float(noise.mean()))
    weight = 1 / (noise + scatter)
    bread = np.linalg.inv(design.T @ (weight[:, None] * design))
    beta = bread @ design.T @ (weight * y)
    residual = y - design @ beta
    score = np.zeros((clusters, design.shape[1]))
    np.add.at(score, groups, design * (weight * residual)[:, None])
    small = clusters / (clusters - 1) * (y.size - 1) / (y.size - design.shape[1])
    covariance = small * bread @ (score.T @ score) @ bread
    error = np.sqrt(np.diag(covariance))[: len(terms)]
    reach = float(stats.t.ppf(0.5 + level / 2, clusters - 1)) * error
    by_benchmark = numbers - effects @ (effects.T @ numbers / effects.sum(axis=0)[:, None])
    inflation = np.diag(np.linalg.inv(by_benchmark.T @ by_benchmark)) * (by_benchmark**2).sum(
        axis=0
    )
    return pd.DataFrame(
        {
            "term": list(terms),
            "log_odds": beta[: len(terms)],
            "standard_error": error,
            "low": beta[: len(terms)] - reach,
            "high": beta[: len(terms)] + reach,
            "variance_inflation": inflation,
            "points": y.size,
            "clusters": clusters,
            "r2": 1 - float(residual @ residual) / float(((y - y.mean()) ** 2).sum()),
            "level": level,
        }
    )
