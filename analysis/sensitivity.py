"""Which inputs decide an answer: variance shares (Sobol), and one input moved at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.uncertainty import require_count, require_level, resample_counts, resample_indices

#: Nearest points to 0 and 1 that have a finite normal quantile.
LOWEST, HIGHEST = 2.0**-54, 1 - 2.0**-53
_RESAMPLES_AT_ONCE = 50

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SobolIndices:
    """Shares of the variance of each output, for g inputs or groups and m outputs.

    Attributes
    ----------
    inputs, outputs : tuple of str
        Names of the g inputs or groups and of the m outputs.
    first : numpy.ndarray, shape (g, m)
        Share that goes when the input alone is known. Sums to 1 for an additive function.
    total : numpy.ndarray, shape (g, m)
        Share that stays while the input alone is unknown: interactions counted in full.
    first_half_width, total_half_width : numpy.ndarray, shape (g, m)
        Half the width of the bootstrap interval. It takes the points as independent, so it is
        wider than the error of a smooth function at these quasi-random points.
    mean, variance : numpy.ndarray, shape (m,)
    level : float
    evaluations : int
        Rows that the function was asked.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    first: np.ndarray
    total: np.ndarray
    first_half_width: np.ndarray
    total_half_width: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    level: float
    evaluations: int

    def frame(self) -> pd.DataFrame:
        """One row per output and input, the largest total share first in each output.

        Columns ``output``, ``input``, ``first``, ``first_half_width``, ``total``,
        ``total_half_width``, ``level``.
        """
        shares = ("first", "first_half_width", "total", "total_half_width")
        table = pd.DataFrame(
            {
                "output": np.repeat(self.outputs, len(self.inputs)),
                "input": np.tile(self.inputs, len(self.outputs)),
                **{share: getattr(self, share).T.ravel() for share in shares},
                "level": self.level,
            }
        )
        order = np.argsort(-self.total, axis=0, kind="stable") + len(self.inputs) * np.arange(
            len(self.outputs)
        )
        return table.iloc[order.T.ravel()].reset_index(drop=True)


def sobol_indices(
    function: Function,
    quantiles: Sequence[Callable[[np.ndarray], np.ndarray]],
    base_samples: int,
    seed: int,
    *,
    names: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    groups: Mapping[str, Sequence[int]] | None = None,
    dependence: Callable[[np.ndarray], np.ndarray] | None = None,
    level: float = 0.95,
    resamples: int = 100,
    chunk: int = 8192,
) -> SobolIndices:
    """First-order and total Sobol indices of a function of uncertain inputs.

    Two sets A and B of scrambled Sobol points, and for each input the set A with that input from B.
    First-order indices are estimated as Saltelli et al. (2010) do, total indices as Jansen (1999),
    both less the multiples of three terms of mean zero (f(A) f(B) and differences of squares) that
    leave the least variance. The first-order estimator of Jansen (1999) is one such multiple: the
    one is exact for an input that does nothing, the other for an input that does all.

    Parameters
    ----------
    function : callable
        Takes inputs of shape (n, d), read-only, a column contiguous; returns (n,) or (n, m).
    quantiles : sequence of d callables
        Value of each input below which a share of its distribution lies.
    base_samples : int
        Points in A, a power of 2. The function is asked ``(groups + 2) * base_samples`` rows.
    seed : int
        Of the scrambling and of the bootstrap.
    names, outputs : sequence of str, optional
        Of the d inputs and the m outputs; by default their places.
    groups : mapping of str to sequence of int, optional
        Columns that are exchanged together and get one index; columns not named stay alone.
    dependence : callable, optional
        Takes independent points in the unit cube, shape (n, d), and returns dependent ones (a
        copula). Inputs that it ties must be in one group: apart, their shares have no meaning.
    level : float
        Of the bootstrap intervals.
    resamples, chunk : int
        Bootstrap resamples, and most rows in a call of the function.

    Raises
    ------
    ValueError
        Where an output is constant, NaN or infinite (the row and its inputs are named), or
        groups overlap.
    """
    inputs = _names(names, len(quantiles), "input")
    parts = _parts(groups, inputs)
    size = require_count("base_samples", base_samples, lowest=2)
    if size & (size - 1):
        lower = 1 << (size.bit_length() - 1)
        raise ValueError(
            f"base_samples: {size} is not a power of 2; accepted: {lower} or {2 * lower}"
        )
    require_level(level)
    require_count("resamples", resamples, lowest=2)
    points = stats.qmc.Sobol(2 * len(inputs), scramble=True, rng=np.random.default_rng(seed))
    unit = points.random(size).clip(LOWEST, HIGHEST)
    answers = None
    for start in range(0, size, require_count("chunk", chunk)):
        rows = slice(start, min(start + chunk, size))
        a, b = (
            _values(half, quantiles, dependence)
            for half in (unit[rows, : len(inputs)], unit[rows, len(inputs) :])
        )
        block = _answers(function, a, b, parts, inputs, outputs, start)
        if answers is None:
            answers = np.empty((len(parts) + 2, size, block.shape[2]))
        answers[:, rows] = block
    assert answers is not None
    told = _names(outputs, answers.shape[2], "output")
    return _estimate(answers, tuple(parts), told, seed, level, resamples)


def tornado(
    function: Function,
    lows: Sequence[float],
    centrals: Sequence[float],
    highs: Sequence[float],
    *,
    names: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The answer with one input at a time at its low and high end, the others central.

    Parameters
    ----------
    function : callable
        Takes inputs of shape (n, d); returns (n,) or (n, m). Asked once, 2 d + 1 rows.
    lows, centrals, highs : sequence of d numbers
        5th percentile, median and 95th percentile of each input.
    names, outputs : sequence of str, optional
        Of the d inputs and the m outputs.

    Returns
    -------
    DataFrame
        One row per output and input, the widest swing first in each output: ``output``, ``input``,
        ``low``, ``central``, ``high`` (of the input), ``at_low``, ``at_central``, ``at_high`` (of
        the output) and ``swing``, the last less the first.

    Raises
    ------
    ValueError
        Where ends are not in order, or an output is NaN or infinite (the row is named).
    """
    ends = np.array([lows, centrals, highs], dtype=np.float64)
    inputs = _names(names, ends.shape[1], "input")
    good = np.isfinite(ends).all(axis=0) & (np.diff(ends, axis=0) >= 0).all(axis=0)
    if not good.all():
        place = int(np.argmin(good))
        raise ValueError(
            f"input {inputs[place]!r}: low, central, high = {tuple(ends[:, place].tolist())} are "
            "not accepted; accepted: finite with low <= central <= high"
        )
    count = len(inputs)
    rows = np.tile(ends[1], (2 * count + 1, 1))
    moved = np.arange(count)
    rows[moved, moved], rows[count + moved, moved] = ends[0], ends[2]
    answer = _outputs(function, np.asfortranarray(rows), inputs, outputs, "")
    told = _names(outputs, answer.shape[1], "output")
    tables = [
        pd.DataFrame(
            {
                "output": name,
                "input": inputs,
                **dict(zip(("low", "central", "high"), ends, strict=True)),
                "at_low": column[:count],
                "at_central": column[-1],
                "at_high": column[count:-1],
                "swing": column[count:-1] - column[:count],
            }
        ).sort_values("swing", key=lambda swing: -swing.abs(), kind="stable")
        for name, column in zip(told, answer.T, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


def _names(names: Sequence[str] | None, count: int, what: str) -> tuple[str, ...]:
    told = tuple(f"{what} {place}" for place in range(count)) if names is None else tuple(names)
    if len(told) != count or len(set(told)) != count or not count:
        raise ValueError(f"{len(told)} names of {count} {what}s: {told}; accepted: one each, apart")
    return told


def _parts(groups: Mapping[str, Sequence[int]] | None, inputs: Sequence[str]) -> dict[str, list]:
    parts = {name: sorted(map(int, columns)) for name, columns in (groups or {}).items()}
    taken = [column for columns in parts.values() for column in columns]
    wrong = [c for c in taken if not 0 <= c < len(inputs) or taken.count(c) > 1]
    if wrong or not all(parts.values()):
        raise ValueError(
            f"groups: {groups!r} is not accepted; accepted: one or more columns from 0 to "
            f"{len(inputs) - 1} in each, and none twice"
        )
    alone = {name: [place] for place, name in enumerate(inputs) if place not in taken}
    if set(alone) & set(parts):
        raise ValueError(f"groups {sorted(set(alone) & set(parts))} have the name of an input")
    return dict(sorted({**parts, **alone}.items(), key=lambda part: part[1]))


def _values(
    unit: np.ndarray, quantiles: Sequence[Callable], dependence: Callable | None
) -> np.ndarray:
    shares = (unit if dependence is None else dependence(unit)).T
    return np.array([quantile(row) for quantile, row in zip(quantiles, shares, strict=True)]).T


def _answers(
    function: Function, a: np.ndarray, b: np.ndarray, parts: Mapping[str, list],
    inputs: Sequence[str], outputs: Sequence[str] | None, start: int,
) -> np.ndarray:  # fmt: skip
    at_a = _outputs(function, a, inputs, outputs, "", start)
    found = [at_a, _outputs(function, b, inputs, outputs, " of the second set", start)]
    for name, columns in parts.items():
        kept = a[:, columns]
        a[:, columns] = b[:, columns]
        found.append(_outputs(function, a, inputs, outputs, f" with {name!r} exchanged", start))
        a[:, columns] = kept
    return np.array(found)


def _outputs(
    function: Function, rows: np.ndarray, inputs: Sequence[str], outputs: Sequence[str] | None,
    where: str, start: int = 0,
) -> np.ndarray:  # fmt: skip
    shown = rows.view()
    shown.flags.writeable = False
    answer = np.array(function(shown), dtype=np.float64)
    if answer.ndim not in (1, 2) or len(answer) != len(rows) or not answer.size:
        raise ValueError(
            f"function returned shape {answer.shape} for {len(rows)} rows; accepted: "
            f"({len(rows)},) or ({len(rows)}, outputs)"
        )
    answer = answer.reshape(len(rows), -1)
    if not np.isfinite(answer).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(answer))[0])
        name = _names(outputs, answer.shape[1], "output")[column]
        told = ", ".join(f"{n} = {v:.6g}" for n, v in zip(inputs, rows[row], strict=True))
        raise ValueError(
            f"{name}, row {start + row}{where}: {float(answer[row, column])!r} is not accepted; "
            f"accepted: finite; the inputs there: {told}"
        )
    return answer


def _estimate(
    answers: np.ndarray, inputs: tuple[str, ...], outputs: tuple[str, ...], seed: int,
    level: float, resamples: int,
) -> SobolIndices:  # fmt: skip
    parts, size, count = len(inputs), answers.shape[1], len(outputs)
    shares = np.empty((4, parts, count))
    mean, variance = answers[:2].mean(axis=(0, 1)), np.empty(count)
    draws = list(resample_indices(size, resamples, seed, chunk=_RESAMPLES_AT_ONCE))
    weights = [resample_counts(block) / size for block in draws]
    for place, name in enumerate(outputs):
        centred = answers[:, :, place] - mean[place]
        reach = np.abs(centred[:2]).max()
        if reach <= 1e-13 * abs(mean[place]):
            raise ValueError(
                f"{name}: {answers[0, 0, place]:.17g} at every row; accepted: an output that "
                "varies; leave it out, or widen the inputs"
            )
        terms = _terms(centred / reach)
        found, again = _ratios(terms.mean(axis=0)), [_ratios(w @ terms) for w in weights]
        shares[:2, :, place] = found[0].reshape(2, parts)
        shares[2:, :, place] = np.concatenate(again).std(axis=0, ddof=1).reshape(2, parts)
        variance[place] = centred[:2].var()
    shares[2:] *= special.ndtri((1 + level) / 2)
    rows = answers.shape[0] * size
    first, total, first_half, total_half = shares
    return SobolIndices(
        inputs, outputs, first, total, first_half, total_half, mean, variance, level, rows
    )


def _terms(centred: np.ndarray) -> np.ndarray:
    """Per point: first-order terms (g), total terms (g), mean and square of A and B."""
    a, b = centred[:2]
    square = (a**2 + b**2) / 2
    first, total = [], []
    for mixed in centred[2:]:
        nothing = np.array([a * b, a**2 - b**2, mixed**2 - b**2])
        first.append(_steadied(b * (mixed - a), nothing, square))
        total.append(_steadied((a - mixed) ** 2 / 2, nothing, square))
    return np.array([*first, *total, (a + b) / 2, square]).T


def _steadied(term: np.ndarray, nothing: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A term less the multiples of terms of mean zero that leave its ratio the least variance."""
    bend = term - term.mean() / square.mean() * square
    away = nothing - nothing.mean(axis=1, keepdims=True)
    return term - (np.linalg.pinv(away @ away.T, hermitian=True) @ (away @ bend)) @ nothing


def _ratios(means: np.ndarray) -> np.ndarray:
    means = np.atleast_2d(means)
    return means[:, :-2] / (means[:, -1:] - means[:, -2:-1] ** 2)
