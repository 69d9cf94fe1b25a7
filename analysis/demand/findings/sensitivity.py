"""What decides the share of inference: variance by input, and inputs moved one at a time.

Two questions that look alike have two answers. Drawn from their own ranges, inputs may give levels
that the accounts rule out; the scenarios of the chapter are held against those accounts first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis import sensitivity
from analysis.assumptions import Assumption
from analysis.demand import known, scenarios
from analysis.demand.conditioning import effective_scenarios, resampled
from analysis.demand.findings import projection
from analysis.demand.inputs import EFFECT
from analysis.demand.model import MID_YEARS, YEARS, project_inputs
from analysis.demand.sampling import Arrays, InputSampler, by_columns
from analysis.demand.shares import inference_share
from analysis.sensitivity import SobolIndices

YEAR, LAST = 2027, 2030
#: Points of the variance shares: their half-width stays below 0.01.
POINTS = 16_384
RESAMPLES = 200
LEVEL = 0.9
LABS, WORLD = "labs", "world"
_SCOPES = {LABS: ("labs", "usd"), WORLD: ("fleet", "chips")}


@dataclass(frozen=True)
class Question:
    """A share of inference, all research counted, in a year."""

    whose: str
    year: int

    @property
    def id(self) -> str:
        """Key, such as `labs 2027`."""
        return f"{self.whose} {self.year}"

    @property
    def outcome(self) -> str:
        """The share as `outcomes.outcome` names it."""
        return f"share:{':'.join(_SCOPES[self.whose])}:rnd"


QUESTIONS = tuple(Question(whose, year) for year in (YEAR, LAST) for whose in (LABS, WORLD))


@lru_cache(maxsize=1)
def moving() -> tuple[Assumption, ...]:
    """Inputs that move a share of inference in chips or money; the rest scale both sides."""
    return tuple(record for record in known.records() if EFFECT[record.id] != (0, 0))


@lru_cache(maxsize=1)
def centred() -> tuple[Assumption, ...]:
    """The same with the median of the weighed scenarios for their central value."""
    names = {record.id for record in moving()}
    return tuple(record for record in projection.weighed_records() if record.id in names)


def ranges() -> dict[str, tuple[float, float]]:
    """Hard limits of those inputs."""
    return {record.id: scenarios.RANGES[record.id] for record in moving()}


@lru_cache(maxsize=1)
def _sampler() -> InputSampler:
    names = {record.id for record in moving()}
    tied = {pair: rho for pair, rho in known.correlations().items() if set(pair) <= names}
    return InputSampler(moving(), tied, ranges())


def shares(inputs: Arrays, questions: Sequence[Question] = QUESTIONS) -> np.ndarray:
    """Shares of inference, shape (n, questions), the inputs not given at the weighed medians."""
    years = sorted({question.year for question in questions})
    found = project_inputs(
        {**projection.weighed_inputs(), **inputs},
        known.known(),
        times=MID_YEARS[np.searchsorted(YEARS, years)],
    )
    each = {whose: inference_share(found, *_SCOPES[whose]) for whose in _SCOPES}
    return np.column_stack([each[q.whose][:, years.index(q.year)] for q in questions])


# From the ranges alone.


@lru_cache(maxsize=1)
def sobol() -> SobolIndices:
    """Shares of the variance of each question by input, or by inputs that vary together."""
    asked = _sampler().sobol_arguments()
    return sensitivity.sobol_indices(
        by_columns(shares, asked["names"]), asked.pop("quantiles"), POINTS, projection.SEED,
        outputs=[question.id for question in QUESTIONS], chunk=2048, **asked,
    )  # fmt: skip


def of_sobol(question: Question) -> pd.DataFrame:
    """Total shares: ``input``, ``total``, ``total_half_width``, ``first``; the largest first."""
    table = sobol().frame()
    return table[table["output"] == question.id].drop(columns="output").reset_index(drop=True)


@lru_cache(maxsize=1)
def _swings() -> pd.DataFrame:
    names = [record.id for record in centred()]
    ends = [[getattr(r, end) for r in centred()] for end in ("low", "central", "high")]
    return sensitivity.tornado(
        by_columns(shares, names), *ends, names=names, outputs=[q.id for q in QUESTIONS]
    )


def swings(question: Question) -> pd.DataFrame:
    """The share with one input at its 5th and 95th percentile, the widest swing first."""
    table = _swings()
    return table[table["output"] == question.id].drop(columns="output").reset_index(drop=True)


def central_share(question: Question) -> float:
    """The share with every input at its weighed median."""
    row = swings(question).iloc[0]
    return float(row["at_central"])


# In the scenarios that were held against the accounts.


@dataclass(frozen=True)
class _Scenarios:
    """Distinct conditioned scenarios, how often each stands in the sample, and the answers."""

    inputs: Mapping[str, np.ndarray]
    counts: np.ndarray
    answers: np.ndarray


@lru_cache(maxsize=1)
def _conditioned() -> _Scenarios:
    rows = resampled(projection.weights(), projection.DRAWS, projection.SEED)
    _, first, counts = np.unique(rows, return_index=True, return_counts=True)
    answers = [
        projection.drawn(question.outcome)[first, question.year - YEARS[0]]
        for question in QUESTIONS
    ]
    inputs = {record.id: projection.drawn_input(record.id)[first] for record in moving()}
    return _Scenarios(inputs, counts.astype(float), np.column_stack(answers))


def effective() -> float:
    """Scenarios of equal weight that would say as much as those kept."""
    return effective_scenarios(_conditioned().counts)


def curve(inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Terms of a quadratic in the normal scores of the inputs' ranks, shape (n, terms)."""
    ranks = np.array([stats.rankdata(values) for values in inputs])
    scores = special.ndtri((ranks - 0.5) / ranks.shape[1])
    pairs = combinations_with_replacement(range(len(scores)), 2)
    squares = [scores[i] * scores[j] for i, j in pairs]
    return np.column_stack([np.ones(ranks.shape[1]), *scores, *squares])


def explained_by(terms: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the variance of each answer that a curve in some inputs accounts for.

    What would go, on average, if those inputs were known: the other inputs may lean on them, so the
    shares of several need not add to one. Corrected for the number of terms (adjusted R squared),
    with the effective number of scenarios.

    Parameters
    ----------
    terms : numpy.ndarray, shape (n, k)
        Of `curve`.
    answers : numpy.ndarray, shape (n, m)
    weights : numpy.ndarray, shape (n,) or (w, n)
        Several sets of weights give several rows.

    Returns
    -------
    numpy.ndarray, shape (w, m)
    """
    sets = np.atleast_2d(weights) / np.sum(weights, axis=-1, keepdims=True)
    k, m = terms.shape[1], answers.shape[1]
    both = np.column_stack([terms, answers - answers.mean(axis=0)])
    up, down = np.triu_indices(k + m)
    moments = np.empty((len(sets), k + m, k + m))
    moments[:, up, down] = moments[:, down, up] = sets @ (both[:, up] * both[:, down])
    square, with_answers = moments[:, :k, :k], moments[:, :k, k:]
    fitted = np.sum(with_answers * np.linalg.solve(square, with_answers), axis=1)
    mean = with_answers[:, 0]
    variance = np.diagonal(moments[:, k:, k:], axis1=1, axis2=2) - mean**2
    left = 1.0 - (fitted - mean**2) / variance
    size = 1.0 / np.square(sets).sum(axis=1, keepdims=True)
    return 1.0 - left * (size - 1.0) / (size - k)


@lru_cache(maxsize=1)
def _explained() -> pd.DataFrame:
    kept = _conditioned()
    rng = np.random.default_rng(projection.SEED)
    again = kept.counts * rng.poisson(1.0, (RESAMPLES, kept.counts.size))
    reach = special.ndtri((1 + LEVEL) / 2)
    rows = []
    for part in sobol().inputs:
        terms = curve([kept.inputs[name] for name in part.split(" + ")])
        (share,) = explained_by(terms, kept.answers, kept.counts)
        spread = reach * explained_by(terms, kept.answers, again).std(axis=0, ddof=1)
        rows += [
            {
                "output": question.id, "input": part, "share": share[i],
                "low": max(share[i] - spread[i], 0.0), "high": share[i] + spread[i],
            }
            for i, question in enumerate(QUESTIONS)
        ]  # fmt: skip
    return pd.DataFrame(rows).sort_values("share", ascending=False, kind="stable")


def explained(question: Question) -> pd.DataFrame:
    """Shares of the variance that is left: ``input``, ``share``, ``low``, ``high`` (bootstrap)."""
    table = _explained()
    return table[table["output"] == question.id].drop(columns="output").reset_index(drop=True)


@lru_cache(maxsize=32)
def together(question: Question, parts: tuple[str, ...]) -> float:
    """Share of the variance left that would go if several parts were known."""
    kept = _conditioned()
    members = [name for part in parts for name in part.split(" + ")]
    terms = curve([kept.inputs[name] for name in members])
    (found,) = explained_by(terms, kept.answers, kept.counts)
    return float(found[QUESTIONS.index(question)])


def deciders(question: Question, count: int = 3) -> tuple[str, ...]:
    """The parts that decide the answer, the accounts taken into account."""
    return tuple(explained(question)["input"].head(count))


def spreads(question: Question) -> tuple[float, float]:
    """Standard deviation of the share: from the ranges alone, and in the scenarios kept."""
    place, kept = QUESTIONS.index(question), _conditioned()
    answers = kept.answers[:, place]
    mean = np.average(answers, weights=kept.counts)
    after = np.sqrt(np.average((answers - mean) ** 2, weights=kept.counts))
    return float(np.sqrt(sobol().variance[place])), float(after)
