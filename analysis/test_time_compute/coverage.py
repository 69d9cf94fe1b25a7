"""Coverage, or pass@k: the share of problems that at least one of k samples solves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import gammaln

from analysis.test_time_compute.checks import broadcast, require_counts

Beyond = Literal["refuse", "nan", "observed"]
COUNT_COLUMNS = ("benchmark", "problem_idx", "num_samples", "num_correct")
_RESULT_COLUMNS = ("k", "coverage", "problems", "fewest_samples")

#: From this many on the series of `_stirling_rest` is exact to rounding.
_SERIES_FROM = 16
#: Cells worked on at once: they stay in the processor's cache.
_CELLS = 1 << 14


def require_successes(successes: Any, samples: Any) -> tuple[np.ndarray, np.ndarray]:
    """Right answers and samples as float64 of one shape.

    Raises
    ------
    ValueError
        Where a count is not whole, is negative, or there are more successes than samples (the
        row is named), or shapes do not go together.
    """
    right, total = broadcast(
        successes=require_counts("successes", successes, lowest=0),
        samples=require_counts("samples", samples),
    )
    above = right > total
    if above.any():
        index = tuple(int(i) for i in np.argwhere(above)[0])
        raise ValueError(
            f"successes{_row(index)}: {right[index]:.0f} of {total[index]:.0f} samples; accepted: "
            "at most as many as samples"
        )
    return right, total


def require_problems(successes: Any, samples: Any) -> tuple[np.ndarray, np.ndarray]:
    """`require_successes` of one row per problem; no problem at all is refused."""
    right = require_counts("successes", successes, lowest=0)
    if right.ndim != 1 or right.size == 0 or np.ndim(samples) > 1:
        raise ValueError(
            f"successes have shape {right.shape}, samples {np.shape(samples)}; accepted: one axis, "
            "at least one problem"
        )
    return require_successes(right, samples)


def require_k(k: Any) -> np.ndarray:
    """Samples asked about as whole numbers on one axis; refused where there is none."""
    asked = np.atleast_1d(require_counts("k", k))
    if asked.ndim != 1 or asked.size == 0:
        raise ValueError(f"k has shape {asked.shape}; accepted: one axis, at least one k")
    return asked


def _row(index: tuple[int, ...]) -> str:
    if not index:
        return ""
    return f", row {index[0] if len(index) == 1 else index}"


def pass_at_k(successes: Any, samples: Any, k: Any, *, beyond: Beyond = "refuse") -> Any:
    """Unbiased estimate of the chance that k samples hold a right one: 1 - C(n-c, k) / C(n, k).

    Equation 1 of Chen et al. 2021 (https://arxiv.org/abs/2107.03374). Relative accuracy is 1e-12
    or better for any counts below 2**53: terms that cancel are taken out by algebra.

    Parameters
    ----------
    successes, samples : array_like
        Right answers c and samples n of a problem.
    k : array_like
        Samples per problem asked about. The three follow numpy's broadcasting rules, so
        ``pass_at_k(c[:, None], n[:, None], k)`` has one row per problem.
    beyond : {"refuse", "nan", "observed"}
        Where k is above n: refuse, give NaN, or take k = n, which is a lower bound.

    Returns
    -------
    numpy.ndarray or float
        Of the broadcast shape.

    Raises
    ------
    ValueError
        For counts that cannot be, or k above n where that is refused (the row is named), and for
        arguments that are empty or whose shapes do not go together.
    """
    if beyond not in ("refuse", "nan", "observed"):
        raise ValueError(
            f"beyond: {beyond!r} is not accepted; accepted: 'refuse', 'nan' or 'observed'"
        )
    right, total = require_successes(successes, samples)
    right, total, asked = broadcast(successes=right, samples=total, k=require_counts("k", k))
    past = asked > total
    if past.any():
        if beyond == "refuse":
            _refuse_past(total, asked)
        asked = np.minimum(asked, total)
    result = np.empty(right.shape)
    _fill(np.atleast_1d(result), *np.atleast_1d(right, total, asked))
    if beyond == "nan":
        result[past] = np.nan
    return result[()]


def _pass_at_each_k(right: np.ndarray, total: np.ndarray, asked: np.ndarray, beyond: Beyond) -> Any:
    """`pass_at_k` with a row per problem; a k too high is refused by the row of its problem."""
    if beyond == "refuse" and asked.max() > total.min():
        _refuse_past(total, np.broadcast_to(asked.max(), total.shape))
    return pass_at_k(right[:, None], total[:, None], asked, beyond=beyond)


def _refuse_past(total: np.ndarray, asked: np.ndarray) -> None:
    index = tuple(int(i) for i in np.argwhere(asked > total)[0])
    raise ValueError(
        f"k{_row(index)}: {asked[index]:.0f} is above the {total[index]:.0f} samples drawn; "
        "accepted: at most as many, or beyond='nan' or beyond='observed'"
    )


def _fill(result: np.ndarray, right: np.ndarray, total: np.ndarray, asked: np.ndarray) -> None:
    if result.size <= _CELLS:
        result[...] = 0.0 - np.expm1(_log_all_wrong(right, total, asked))
        return
    if result[0].size > _CELLS:
        for row in range(len(result)):
            _fill(result[row], right[row], total[row], asked[row])
        return
    rows = max(1, _CELLS // result[0].size)
    for first in range(0, len(result), rows):
        part = slice(first, first + rows)
        result[part] = 0.0 - np.expm1(_log_all_wrong(right[part], total[part], asked[part]))


def _stirling_rest(x: np.ndarray) -> np.ndarray:
    """What ln x! has above (x + 1/2) ln x - x + ln(2 pi)/2, for x of 16 and more."""
    y = 1 / x
    z = y * y
    return y * (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188))))


def _log_all_wrong(right: np.ndarray, total: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """ln of C(n-c, k) / C(n, k), after putting Stirling's formula into its four factorials."""
    wrong, unasked = total - right, total - asked
    left = wrong - asked
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = np.log1p(-(right / wrong) * (asked / unasked))
        result = asked * np.log1p(-right / total) + right * np.log1p(-asked / total)
        result -= (left + 0.5) * cross
        result += _stirling_rest(wrong) - _stirling_rest(total)
        result += _stirling_rest(unasked) - _stirling_rest(left)
    near = left < _SERIES_FROM
    if near.any():
        result[near] = _log_all_wrong_near(total[near], wrong[near], unasked[near], left[near])
    return result


def _log_all_wrong_near(
    total: np.ndarray, wrong: np.ndarray, unasked: np.ndarray, left: np.ndarray
) -> np.ndarray:
    """The same for fewer than 16 wrong answers left over, where pass@k is not small."""
    result = np.full(total.shape, -np.inf)
    some = left >= 0
    total, wrong, unasked, left = (values[some] + 1.0 for values in (total, wrong, unasked, left))
    result[some] = (gammaln(wrong) - gammaln(left)) - (gammaln(total) - gammaln(unasked))
    return result


def coverage_curve(
    successes: Any, samples: Any, k: Any, *, beyond: Beyond = "refuse"
) -> np.ndarray:
    """Mean of `pass_at_k` over problems.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem.
    k : array_like, shape (m,)
        Samples per problem asked about.
    beyond : {"refuse", "nan", "observed"}
        As in `pass_at_k`; with "nan" a k above the samples of any problem gives NaN.

    Returns
    -------
    numpy.ndarray, shape (m,)

    Raises
    ------
    ValueError
        As `pass_at_k`, and where problems or k are not on one axis.
    """
    right, total = require_problems(successes, samples)
    return _pass_at_each_k(right, total, require_k(k), beyond).mean(axis=0)


def coverage_by(
    counts: pd.DataFrame, by: str | Sequence[str], k: Any, *, beyond: Beyond = "refuse"
) -> pd.DataFrame:
    """Coverage of each group of a table of counts, one row per problem.

    Parameters
    ----------
    counts : DataFrame
        Columns ``benchmark``, ``problem_idx``, ``num_samples``, ``num_correct`` and those of `by`.
    by : str or sequence of str
        Columns that tell groups apart: the model, the checkpoint; none named as one of the result.
    k : array_like, shape (m,)
        Samples per problem asked about.
    beyond : {"refuse", "nan", "observed"}
        As in `coverage_curve`.

    Returns
    -------
    DataFrame
        One row per group and k: the columns of `by`, ``benchmark``, ``k``, ``coverage``,
        ``problems`` and ``fewest_samples`` (k above it is beyond what was drawn).

    Raises
    ------
    ValueError
        Where a column is missing or named as one of the result, the table is empty, a group holds
        two benchmarks or a problem twice, or counts or k are refused by `coverage_curve`.
    """
    keys = [by] if isinstance(by, str) else list(by)
    needed = [*dict.fromkeys([*keys, *COUNT_COLUMNS])]
    missing = [name for name in needed if name not in counts]
    if missing or not keys:
        raise ValueError(f"counts lack {missing}; needed: columns {needed} and one column to group")
    clash = [name for name in keys if name in _RESULT_COLUMNS]
    if clash:
        raise ValueError(f"by: {clash} are columns of the result; rename them in counts")
    if counts.empty:
        raise ValueError("counts hold no row; give one row per problem")
    blank = counts[[*keys, "benchmark", "problem_idx"]].isna().any(axis=1).to_numpy()
    if blank.any():
        raise ValueError(f"counts, row {int(np.argmax(blank))}: no name of group or problem")
    right, total = require_problems(counts["num_correct"], counts["num_samples"])
    values = _pass_at_each_k(right, total, require_k(k), beyond)
    parts = []
    for key, rows in counts.groupby(keys, sort=False).indices.items():
        group = key if isinstance(key, tuple) else (key,)
        benchmark = _only_benchmark(counts.iloc[rows], group)
        parts.append(
            pd.DataFrame(
                {
                    **dict(zip(keys, group, strict=True)),
                    "benchmark": benchmark,
                    "k": np.atleast_1d(np.asarray(k)),
                    "coverage": values[rows].mean(axis=0),
                    "problems": len(rows),
                    "fewest_samples": int(total[rows].min()),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _only_benchmark(group: pd.DataFrame, key: tuple[Any, ...]) -> str:
    name = "/".join(map(str, key))
    benchmarks = group["benchmark"].unique()
    if len(benchmarks) > 1:
        raise ValueError(
            f"counts, group {name}: mixes {sorted(map(str, benchmarks))}; accepted: one benchmark "
            "per group, so group by benchmark too"
        )
    twice = group["problem_idx"].duplicated()
    if twice.any():
        problem = group.loc[twice.to_numpy(), "problem_idx"].iloc[0]
        raise ValueError(
            f"counts, group {name}: problem {problem} is there twice; accepted: one row per problem"
        )
    return str(benchmarks[0])
