"""What one model gains by thinking longer: accuracy per tenfold tokens, study by study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_probability
from analysis.uncertainty import require_level

X_QUANTITIES = ("output_tokens", "thinking_token_cap", "usd_per_task", "relative_compute")
_STUDY = ["model", "benchmark", "x_quantity"]
_COLUMNS = [*_STUDY, "x_value", "accuracy", "questions"]
_FEWEST_FOR_A_CEILING = 4
_HIGHEST_LOGIT_CEILING = 9.0


@dataclass(frozen=True)
class ThinkingSlope:
    """How accuracy rises with ten times the thinking, within one model on one benchmark.

    Attributes
    ----------
    log_odds_per_tenfold, standard_error : float
        Slope of the log-odds of accuracy (of accuracy over `ceiling`) per tenfold.
    points_per_tenfold, points_standard_error : float
        The same in percentage points of accuracy at the middle of the range covered.
    midpoint_accuracy : float
        Accuracy on the curve at the geometric middle of the range.
    ceiling : float
        Accuracy that more thinking tends to; 1 unless given or fitted.
    dispersion : float
        Pearson's chi-squared over its degrees of freedom, 1 where none is left; above 1 it widens
        both standard errors.
    points : int
    x_ratio : float
        Most over least thinking: a slope from a ratio far below 10 is an extrapolation.
    method : str
    """

    log_odds_per_tenfold: float
    standard_error: float
    points_per_tenfold: float
    points_standard_error: float
    midpoint_accuracy: float
    ceiling: float
    dispersion: float
    points: int
    x_ratio: float
    method: str


@dataclass(frozen=True)
class _Points:
    """Log10 of the thinking from -1 to 1 (times `scale`), share right, questions behind it."""

    x: np.ndarray
    scale: float
    share: np.ndarray
    count: np.ndarray
    x_ratio: float
    corrected: bool


def _points(x: Any, accuracy: Any, questions: Any, standard_error: Any, kept: bool) -> _Points:
    amount = np.atleast_1d(require_positive("x", x, "its unit"))
    share = np.atleast_1d(require_probability("accuracy", accuracy))
    if (questions is None) == (standard_error is None):
        raise ValueError("give either questions or standard_error, not both and not neither")
    if questions is not None:
        count = np.atleast_1d(require_positive("questions", questions, "questions"))
    else:
        error = np.atleast_1d(require_positive("standard_error", standard_error, "accuracy"))
        inside = (share > 0) & (share < 1)
        if not inside.all():
            row = int(np.argmax(~inside))
            raise ValueError(f"accuracy, row {row}: {share[row]:g} needs questions, not an error")
        count = share * (1 - share) / error**2
    count = np.broadcast_to(count, share.shape) if count.size == 1 else count
    if not amount.shape == share.shape == count.shape or np.unique(amount).size < 2:
        raise ValueError(
            f"{amount.size} x on {np.unique(amount).size} levels, {share.size} accuracies, "
            f"{count.size} weights; accepted: as many of each, on at least 2 levels"
        )
    if (share == 0).all() or (share == 1).all():
        raise ValueError(f"accuracy: all {share[0]:g}, which shows no slope; leave the study out")
    corrected = not kept and bool(((share == 0) | (share == 1)).any())
    if corrected:
        share, count = (share * count + 0.5) / (count + 1), count + 1
    log_x = np.log10(amount)
    scale = float(np.ptp(log_x)) / 2
    z = (log_x - log_x.min()) / scale - 1
    return _Points(z, scale, share, count, float(amount.max() / amount.min()), corrected)


def _curve(parameters: np.ndarray, x: np.ndarray, ceiling: float | None) -> tuple[Any, Any]:
    """Probabilities, and their gradient with one row per parameter."""
    top = special.expit(parameters[2]) if ceiling is None else ceiling
    inner = special.expit(parameters[0] + parameters[1] * x)
    slope = top * inner * (1 - inner)
    gradient = [slope, slope * x]
    if ceiling is None:
        gradient.append(inner * top * (1 - top))
    return top * inner, np.array(gradient)


def _loss(points: _Points, parameters: np.ndarray, ceiling: float) -> float:
    p = np.clip(_curve(parameters, points.x, ceiling)[0], 1e-12, 1 - 1e-12)
    each = special.xlogy(points.share, p) + special.xlog1py(1 - points.share, -p)
    return -float(points.count @ each)


def _fit_below(points: _Points, ceiling: float) -> np.ndarray:
    """Level and slope under a known ceiling by Fisher scoring, steps halved until they help."""
    logits = special.logit(np.clip(points.share / ceiling, 0.01, 0.99))
    found = np.polyfit(points.x, logits, 1)[::-1]
    loss = _loss(points, found, ceiling)
    for _ in range(100):
        p, gradient = _curve(found, points.x, ceiling)
        weight = points.count / np.maximum(p * (1 - p), 1e-12)
        step = np.linalg.solve(
            (gradient * weight) @ gradient.T, gradient @ (weight * (points.share - p))
        )
        while _loss(points, found + step, ceiling) > loss and np.abs(step).max() > 1e-11:
            step = step / 2
        found = found + step
        loss = _loss(points, found, ceiling)
        if np.abs(step).max() < 1e-10:
            break
    return found


def _fit(points: _Points, ceiling: float | None) -> np.ndarray:
    """Level and slope, and the log-odds of the ceiling where it is to be found."""
    if ceiling is not None:
        return _fit_below(points, ceiling)

    def profile(logit: float) -> float:
        top = float(special.expit(logit))
        return _loss(points, _fit_below(points, top), top)

    lowest = float(special.logit(points.share.mean()))
    found = optimize.minimize_scalar(
        profile, bounds=(lowest, _HIGHEST_LOGIT_CEILING), method="bounded", options={"xatol": 1e-7}
    ).x
    return np.append(_fit_below(points, float(special.expit(found))), found)


def log_odds_slope(
    x: Any,
    accuracy: Any,
    questions: Any = None,
    *,
    standard_error: Any = None,
    ceiling: float | None = 1.0,
) -> ThinkingSlope:
    """Binomial logistic regression of accuracy on log10 of the thinking.

    The same questions are answered in every setting, so errors go together and cancel in part in
    a difference; they are taken as independent here, which makes the standard error too wide
    rather than too narrow. With two points it is the difference of log-odds over that of log10 x.
    Where an accuracy is 0 or 1, half a right and half a wrong question are added to every point.

    Parameters
    ----------
    x : array_like, shape (k,)
        Tokens, caps, money or relative compute per question, above 0.
    accuracy : array_like, shape (k,)
        Share right, 0 to 1.
    questions : array_like, shape (k,) or float
        Different questions, not answers: more answers to one question say little of others.
    standard_error : array_like, shape (k,), optional
        Of the accuracy, in place of `questions`.
    ceiling : float or None
        Accuracy that more thinking tends to, above every accuracy; None fits it to at least four
        points, and leaves it at 1 where they show none.

    Returns
    -------
    ThinkingSlope

    Raises
    ------
    ValueError
        Where a value is out of range, lengths differ, x has one level, or nothing or all is right.
    """
    points = _points(x, accuracy, questions, standard_error, kept=False)
    n = points.share.size
    if ceiling is None and n < _FEWEST_FOR_A_CEILING:
        raise ValueError(f"{n} points do not show a ceiling; give one, or at least 4 points")
    if ceiling is not None and not points.share.max() < ceiling <= 1:
        raise ValueError(
            f"ceiling: {ceiling!r} is not accepted; accepted: above {points.share.max():.3g}, the "
            "highest accuracy, to 1"
        )
    found = _fit(points, ceiling)
    fitted = ceiling is None and found[2] < _HIGHEST_LOGIT_CEILING - 0.5
    if ceiling is None and not fitted:
        ceiling, found = 1.0, _fit(points, 1.0)
    p, gradient = _curve(found, points.x, ceiling)
    weight = points.count / (p * (1 - p))
    covariance = np.linalg.inv((gradient * weight) @ gradient.T)
    df = n - found.size
    dispersion = float(weight @ (points.share - p) ** 2 / df) if df else 1.0
    covariance = covariance * max(1.0, dispersion)
    top = float(special.expit(found[2])) if ceiling is None else float(ceiling)
    inner = float(special.expit(found[0]))
    gain = top * inner * (1 - inner)
    by_parameter = np.array([found[1] * gain * (1 - 2 * inner), gain, found[1] * gain * (1 - top)])
    by_parameter = by_parameter[: found.size] / points.scale
    kind = "logistic with fitted ceiling" if fitted else "logistic"
    return ThinkingSlope(
        log_odds_per_tenfold=float(found[1]) / points.scale,
        standard_error=math.sqrt(covariance[1, 1]) / points.scale,
        points_per_tenfold=100 * float(found[1]) * gain / points.scale,
        points_standard_error=100 * math.sqrt(by_parameter @ covariance @ by_parameter),
        midpoint_accuracy=top * inner,
        ceiling=top,
        dispersion=dispersion,
        points=n,
        x_ratio=points.x_ratio,
        method=kind + (", half a question added" if points.corrected else ""),
    )


def accuracy_slope(
    x: Any, accuracy: Any, questions: Any = None, *, standard_error: Any = None
) -> tuple[float, float]:
    """Percentage points per tenfold and their standard error, from accuracy = a + b log10 x.

    Least squares weighted by the binomial variances, which take half a question more on either
    side. It holds away from 0 and 1 only: the line crosses both.
    """
    points = _points(x, accuracy, questions, standard_error, kept=True)
    smooth = (points.share * points.count + 0.5) / (points.count + 1)
    weight = points.count / (smooth * (1 - smooth))
    mean_x = (weight @ points.x) / weight.sum()
    away = points.x - mean_x
    spread = float(weight @ away**2)
    slope = float(weight @ (away * points.share)) / spread
    residual = points.share - slope * away - (weight @ points.share) / weight.sum()
    df = points.share.size - 2
    dispersion = float(weight @ residual**2) / df if df else 1.0
    error = math.sqrt(max(1.0, dispersion) / spread)
    return 100 * slope / points.scale, 100 * error / points.scale


def slopes_by_study(points: pd.DataFrame, *, level: float = 0.9) -> pd.DataFrame:
    """`log_odds_slope` of every model, benchmark and kind of x that has two levels of x.

    Parameters
    ----------
    points : DataFrame
        Columns ``model`` (without its effort), ``benchmark``, ``x_quantity`` (one of
        `X_QUANTITIES`: a cap is not the tokens used and is never mixed with them), ``x_value``,
        ``accuracy`` and ``questions``.
    level : float
        Level of ``low`` and ``high``.

    Returns
    -------
    DataFrame
        One row a study: the three keys, ``x_low``, ``x_high``, ``accuracy_low`` and
        ``accuracy_high`` (at the least and most x), ``questions``, the fields of `ThinkingSlope`,
        ``low``, ``high`` (normal interval of the log-odds) and ``level``. ``attrs["left_out"]``
        lists studies on one level of x, or with nothing or everything right.

    Raises
    ------
    ValueError
        Where a column is missing, a kind of x is unknown, `log_odds_slope` refuses a study (which
        is named), or no study is left.
    """
    missing = [name for name in _COLUMNS if name not in points]
    if missing:
        raise ValueError(f"points lack {missing}; needed: {_COLUMNS}")
    unknown = sorted(set(points["x_quantity"]) - set(X_QUANTITIES))
    if unknown:
        raise ValueError(f"x_quantity: {unknown} are not accepted; accepted: {X_QUANTITIES}")
    half = float(stats.norm.ppf(0.5 + require_level(level) / 2))
    rows, left_out = [], []
    for key, study in points.groupby(_STUDY, sort=False):
        study = study.sort_values("x_value")
        x, accuracy = study["x_value"].to_numpy(), study["accuracy"].to_numpy()
        if np.unique(x).size < 2 or (accuracy == 0).all() or (accuracy == 1).all():
            left_out.append("/".join(map(str, key)))
            continue
        try:
            slope = log_odds_slope(x, accuracy, study["questions"].to_numpy())
        except ValueError as cause:
            raise ValueError(f"{'/'.join(map(str, key))}: {cause}") from cause
        ends = {"x_low": x[0], "x_high": x[-1]}
        ends |= {"accuracy_low": accuracy[0], "accuracy_high": accuracy[-1]}
        ends["questions"] = study["questions"].min()
        rows.append({**dict(zip(_STUDY, key, strict=True)), **ends, **vars(slope)})
    if not rows:
        raise ValueError(f"no study has two levels of x; left out: {left_out}")
    table = pd.DataFrame(rows)
    margin = half * table["standard_error"]
    table["low"] = table["log_odds_per_tenfold"] - margin
    table["high"] = table["log_odds_per_tenfold"] + margin
    table["level"] = level
    table.attrs["left_out"] = left_out
    return table
