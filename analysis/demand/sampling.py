"""Seeded draws of assumptions, correlated where they must be, and scenarios run in chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import special

from analysis.assumptions import Assumption
from analysis.uncertainty import percentile_interval, require_count

Arrays = dict[str, np.ndarray]
Function = Callable[[Arrays], Mapping[str, np.ndarray]]
#: Correlation of the normal scores of two inputs, by a tuple or frozenset of their names.
Correlations = Mapping[Any, float]
Ranges = Mapping[str, tuple[float, float]]

_AT_95 = float(special.ndtri(0.95))
#: Nearest points to 0 and 1 that have a finite normal quantile.
_LOWEST, _HIGHEST = 2.0**-54, 1 - 2.0**-53


def value_at_score(assumption: Assumption, score: Any) -> np.ndarray:
    """Value of an assumption at a normal score: 0 its median, 1.645 its 95th percentile.

    The same as ``assumption.quantile`` of the normal distribution function at the score, without
    the way there and back where the shape is normal or lognormal.
    """
    scores = np.asarray(score, dtype=np.float64)
    if assumption.distribution not in ("normal", "lognormal"):
        return assumption.quantile(special.ndtr(scores).clip(_LOWEST, _HIGHEST))
    points = np.array([assumption.low, assumption.central, assumption.high])
    on_log = assumption.distribution == "lognormal"
    low, central, high = np.log(points) if on_log else points
    value = np.where(scores < 0, (central - low) / _AT_95, (high - central) / _AT_95)
    value *= scores
    value += central
    return np.exp(value, out=value) if on_log else value


def correlation_factor(names: Sequence[str], correlations: Correlations) -> np.ndarray:
    """Lower triangular root, shape (c, c), of the correlations of c inputs; others are 0.

    Raises
    ------
    ValueError
        Where a pair is not two of the names, is named twice or has no accepted number; or where
        the pairs together are not positive definite, with the pair that takes most from the least
        eigenvalue.
    """
    place = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(names))
    for pair, rho in correlations.items():
        two = sorted(pair) if not isinstance(pair, str) else [pair]
        if len(two) != 2 or two[0] == two[1] or not set(two) <= set(place):
            raise ValueError(
                f"correlation of {two}: accepted: two different inputs out of {', '.join(names)}"
            )
        i, j = place[two[0]], place[two[1]]
        if not -1 < rho < 1 or matrix[i, j] != 0:
            raise ValueError(
                f"correlation of {two[0]!r} and {two[1]!r}: {rho!r} is not accepted; accepted: "
                "between -1 and 1, both excluded, and each pair once"
            )
        matrix[i, j] = matrix[j, i] = rho
    values, vectors = np.linalg.eigh(matrix)
    if len(names) and values[0] <= 1e-12:
        taken = np.triu(matrix * np.outer(vectors[:, 0], vectors[:, 0]), 1)
        i, j = divmod(int(np.argmin(taken)), len(names))
        raise ValueError(
            f"correlation of {names[i]!r} and {names[j]!r}: {float(matrix[i, j])!r} does not go "
            f"with the others (least eigenvalue {values[0]:.3g}); accepted: a positive definite "
            "matrix; bring this pair nearer to what the others imply"
        )
    return np.linalg.cholesky(matrix)


def _correlate(scores: np.ndarray, factor: np.ndarray) -> None:
    """Correlate rows in place; a library's product would round as its threads divide the work."""
    for i in range(len(factor) - 1, -1, -1):
        scores[i] *= factor[i, i]
        for j in np.flatnonzero(factor[i, :i]):
            scores[i] += factor[i, j] * scores[j]


@dataclass(frozen=True)
class InputSampler:
    """Draws of several assumptions by a Gaussian copula.

    Attributes
    ----------
    assumptions : tuple of Assumption
    correlations : mapping of pair of str to float
        Of normal scores; pairs not named are independent.
    ranges : mapping of str to (float, float)
        Hard limits by input; draws beyond are set to them.

    Raises
    ------
    ValueError
        Where names repeat, a range is unknown, not in order or leaves the central value out, or
        correlations are refused by `correlation_factor`.
    """

    assumptions: tuple[Assumption, ...]
    correlations: Correlations = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    tied: tuple[str, ...] = field(init=False)
    factor: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {a.id: a for a in self.assumptions}
        if not by_id or len(by_id) < len(self.assumptions):
            raise ValueError(f"assumptions {list(by_id)}; accepted: one or more, each once")
        for name, (low, high) in self.ranges.items():
            if name not in by_id or not low <= by_id[name].central <= high:
                raise ValueError(
                    f"range of {name!r}: {(low, high)} is not accepted; accepted: a known input, "
                    "and limits in order around its central value"
                )
        correlation_factor(list(by_id), self.correlations)
        named = {name for pair in self.correlations for name in pair}
        object.__setattr__(self, "tied", tuple(name for name in by_id if name in named))
        object.__setattr__(self, "factor", correlation_factor(self.tied, self.correlations))

    def clip(self, name: str, values: np.ndarray) -> np.ndarray:
        """Values inside the hard range of an input, where it has one."""
        return np.clip(values, *self.ranges[name]) if name in self.ranges else values

    def at_score(self, name: str, score: float) -> float:
        """Value of one input at a normal score, inside its hard range."""
        (assumption,) = (a for a in self.assumptions if a.id == name)
        return float(self.clip(name, value_at_score(assumption, score)))

    def at_scores(self, scores: np.ndarray) -> Arrays:
        """Inputs of shape (n, 1) at normal scores of shape (n, inputs)."""
        return {
            a.id: self.clip(a.id, value_at_score(a, column))[:, None]
            for a, column in zip(self.assumptions, scores.T, strict=True)
        }

    def draw(self, n: int, seed: int | np.random.SeedSequence) -> Arrays:
        """n draws of each, shape (n, 1), in the order of the assumptions."""
        rng = np.random.default_rng(seed)
        by_id = {a.id: a for a in self.assumptions}
        alone = [name for name in by_id if name not in self.tied]
        normal = [n for n in alone if by_id[n].distribution in ("normal", "lognormal")]
        scored = [*self.tied, *normal]
        scores = rng.standard_normal((len(scored), require_count("n", n)))
        _correlate(scores[: len(self.tied)], self.factor)
        drawn = {
            name: value_at_score(by_id[name], row) for name, row in zip(scored, scores, strict=True)
        }
        for name in by_id:
            if name not in drawn:
                drawn[name] = by_id[name].quantile(rng.random(n).clip(_LOWEST, _HIGHEST))
        return {name: self.clip(name, drawn[name])[:, None] for name in by_id}

    def sobol_arguments(self) -> dict[str, Any]:
        """Arguments of `sobol_indices` for these inputs: correlated ones form one group."""
        names = [assumption.id for assumption in self.assumptions]
        places = [names.index(name) for name in self.tied]

        def dependence(unit: np.ndarray) -> np.ndarray:
            scores = special.ndtri(unit[:, places].T)
            _correlate(scores, self.factor)
            shares = unit.copy()
            shares[:, places] = special.ndtr(scores).T.clip(_LOWEST, _HIGHEST)
            return shares

        return {
            "quantiles": [
                lambda p, a=assumption: self.clip(a.id, a.quantile(p))
                for assumption in self.assumptions
            ],
            "names": names,
            "groups": {" + ".join(part): list(map(names.index, part)) for part in self._parts()},
            "dependence": dependence if places else None,
        }

    def _parts(self) -> list[tuple[str, ...]]:
        """Sets of inputs that correlations connect."""
        sets = {name: {name} for name in self.tied}
        for one, other in map(tuple, self.correlations):
            joined = sets[one] | sets[other]
            sets.update(dict.fromkeys(joined, joined))
        ordered = [tuple(n for n in self.tied if n in part) for part in sets.values()]
        return list(dict.fromkeys(ordered))


def draw_inputs(
    assumptions: Sequence[Assumption],
    n: int,
    seed: int | np.random.SeedSequence,
    *,
    correlations: Correlations | None = None,
    ranges: Ranges | None = None,
) -> Arrays:
    """Draws of several assumptions, correlated by a Gaussian copula where asked.

    Parameters
    ----------
    correlations : mapping of pair of str to float, optional
        Correlation of the normal scores of two inputs, between -1 and 1; other pairs are
        independent. The rank correlation of the draws is ``6 / pi * arcsin(rho / 2)``.
    ranges : mapping of str to (float, float), optional
        Hard limits by input; draws beyond are set to them. Refusals are those of `InputSampler`.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n, 1)
    """
    return InputSampler(tuple(assumptions), correlations or {}, ranges or {}).draw(n, seed)


def by_columns(function: Callable[[Arrays], Any], names: Sequence[str]) -> Callable:
    """A function of named columns as one of a matrix, as `analysis.sensitivity` asks it."""
    return lambda rows: function({name: rows[:, i : i + 1] for i, name in enumerate(names)})


def simulate(
    scenarios: int,
    assumptions: Sequence[Assumption],
    *,
    seed: int,
    function: Function,
    correlations: Correlations | None = None,
    ranges: Ranges | None = None,
    keep: Sequence[str] | None = None,
    chunk: int = 20_000,
    jobs: int | None = None,
) -> Arrays:
    """Outcomes of many scenarios, a chunk of them at a time.

    Chunk i draws from child i of the seed, so the outcome depends on `seed` and `chunk`, and not
    on how many jobs run or where: under ``joblib.parallel_config(backend="dask")`` the same bits
    come from a cluster.

    Parameters
    ----------
    scenarios : int
    assumptions : sequence of Assumption
    seed : int
    function : callable
        Takes inputs by name, shape (n, 1); returns outputs by name, shape (n,) or (n, k). Only
        what it returns, or `keep` names, is held in memory.
    correlations, ranges : mapping, optional
        As in `draw_inputs`.
    keep : sequence of str, optional
        Outputs and inputs wanted, in this order; by default all outputs and no input.
    chunk : int
        Scenarios in a chunk, part of what a seed means.
    jobs : int, optional
        Threads; by default one, or as `joblib.parallel_config` around the call says.

    Returns
    -------
    dict of str to numpy.ndarray of float64, shape (scenarios,) or (scenarios, k)
        Scenarios in the order of the chunks.

    Raises
    ------
    ValueError
        Where an output is unknown, NaN (its row among all scenarios is named) or has another
        number of rows. Infinite outputs are kept: "not by 2030" is one.
    """
    sampler = InputSampler(tuple(assumptions), correlations or {}, ranges or {})
    starts = range(0, require_count("scenarios", scenarios), require_count("chunk", chunk))
    tasks = (
        delayed(_run_chunk)(sampler, function, keep, seed, i, start, min(chunk, scenarios - start))
        for i, start in enumerate(starts)
    )
    # Threads where nothing else is configured: numpy leaves the lock while it computes.
    blocks = Parallel(n_jobs=jobs, prefer="threads")(tasks)
    whole = {name: np.empty((scenarios, *block.shape[1:])) for name, block in blocks[0].items()}
    for i in range(len(blocks) - 1, -1, -1):
        block, start = blocks.pop(), starts[i]
        for name, column in whole.items():
            column[start : start + chunk] = block[name]
    return whole


def _run_chunk(
    sampler: InputSampler, function: Function, keep: Sequence[str] | None, seed: int, place: int,
    start: int, rows: int,
) -> Arrays:  # fmt: skip
    inputs = sampler.draw(rows, np.random.SeedSequence(seed, spawn_key=(place,)))
    found = dict(function(dict(inputs)))
    known = {**inputs, **found}
    unknown = [name for name in keep or () if name not in known]
    if unknown:
        raise ValueError(f"keep: {unknown} are not known; known: {', '.join(known)}")
    kept = {}
    for name in found if keep is None else keep:
        values = np.asarray(known[name], dtype=np.float64)
        if values.ndim not in (1, 2) or len(values) != rows:
            raise ValueError(
                f"output {name!r} has shape {values.shape} for {rows} scenarios; accepted: "
                f"({rows},) or ({rows}, k)"
            )
        bad = np.isnan(values)
        if bad.any():
            row, *column = (int(i) for i in np.argwhere(bad)[0])
            where = f", column {column[0]}" if column else ""
            raise ValueError(
                f"output {name!r}, row {start + row}{where}: nan is not accepted; accepted: a "
                "number, or an infinite one that says 'never'"
            )
        kept[name] = values
    return kept


def interval_by_year(
    draws: np.ndarray, years: Sequence[float], levels: Sequence[float] = (0.5, 0.9)
) -> pd.DataFrame:
    """Percentile intervals of sampled outcomes, year by year.

    Parameters
    ----------
    draws : array_like, shape (n, k)
        At least two finite outcomes of each of the k years.
    years : sequence of float, length k
    levels : sequence of float
        Shares of the draws inside, each between 0 and 1.

    Returns
    -------
    DataFrame
        One row per level and year: ``year``, ``low``, ``central`` (median), ``high``, ``level``.
    """
    outcomes = np.asarray(draws, dtype=np.float64)
    if outcomes.ndim != 2 or len(outcomes) < 2 or outcomes.shape[1] != len(years) or not levels:
        raise ValueError(
            f"draws have shape {outcomes.shape} for {len(years)} years and {len(levels)} levels; "
            f"accepted: (n, {len(years)}), at least 2 draws and one level"
        )
    columns = outcomes.T.copy()
    return pd.DataFrame(
        [
            {"year": year, **vars(percentile_interval(column, level))}
            for level in levels
            for year, column in zip(years, columns, strict=True)
        ]
    )
