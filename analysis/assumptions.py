"""The numbers we chose: what each is, how far it may be off, and why it was chosen."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from scipy import special

DISTRIBUTIONS = ("uniform", "loguniform", "triangular", "lognormal", "normal")
_ON_LOG_SCALE = ("loguniform", "lognormal")
_TAIL = 0.05


@dataclass(frozen=True)
class Assumption:
    """A number we chose, with its spread.

    The 5th, 50th and 95th percentiles are `low`, `central` and `high`, whatever the distribution;
    its name gives the shape between and beyond them, on either side of the centre. Lognormal and
    loguniform have that shape in the logarithm.

    Attributes
    ----------
    id, label, unit, topic : str
        Key, words for a reader, unit ("1" for a pure number) and topic of the book.
    low, central, high : float
        5th percentile, median and 95th percentile.
    distribution : str
        One of `DISTRIBUTIONS`.
    reason : str
        Why this number and this spread.

    Raises
    ------
    ValueError
        Names the assumption, the field, its value and what is accepted.
    """

    id: str
    label: str
    unit: str
    low: float
    central: float
    high: float
    distribution: str
    reason: str
    topic: str

    def __post_init__(self) -> None:
        for name in ("id", "label", "unit", "reason", "topic"):
            if not str(getattr(self, name)).strip():
                raise ValueError(f"assumption {self.id!r}: {name} is empty; give one")
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(
                f"assumption {self.id!r}: distribution {self.distribution!r} is not known; "
                f"accepted: {', '.join(DISTRIBUTIONS)}"
            )
        numbers = (self.low, self.central, self.high)
        if not (all(map(math.isfinite, numbers)) and self.low <= self.central <= self.high):
            raise ValueError(
                f"assumption {self.id!r}: low, central, high = {numbers} are not accepted; "
                "accepted: finite with low <= central <= high"
            )
        if self.distribution in _ON_LOG_SCALE and self.low <= 0:
            raise ValueError(
                f"assumption {self.id!r}: low = {self.low!r} has no logarithm; "
                f"accepted for {self.distribution}: above 0"
            )

    def quantile(self, probability: np.ndarray | float) -> np.ndarray:
        """Value below which a share of the distribution lies.

        Parameters
        ----------
        probability : array_like
            Between 0 and 1, both excluded.

        Returns
        -------
        numpy.ndarray
            In the unit of the assumption, of the shape of `probability`.
        """
        p = np.asarray(probability, dtype=float)
        if not ((p > 0) & (p < 1)).all():
            raise ValueError(f"probability: {probability!r} is not accepted; accepted: 0 < p < 1")
        steps = _standard_quantile(self.distribution, p)
        points = np.array([self.low, self.central, self.high])
        if self.distribution in _ON_LOG_SCALE:
            points = np.log(points)
        low, central, high = points
        value = central + np.where(steps < 0, central - low, high - central) * steps
        return np.exp(value) if self.distribution in _ON_LOG_SCALE else value


def _standard_quantile(distribution: str, p: np.ndarray) -> np.ndarray:
    """Symmetric about 0, and 1 at the 95th percentile."""
    if distribution in ("normal", "lognormal"):
        return special.ndtri(p) / special.ndtri(1 - _TAIL)
    if distribution == "triangular":
        away = 1 - np.sqrt(2 * np.minimum(p, 1 - p))
        return np.sign(p - 0.5) * away / (1 - math.sqrt(2 * _TAIL))
    return (p - 0.5) / (0.5 - _TAIL)


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        id="reference_train_flop",
        label="Training compute from which the next tenfold is counted",
        unit="FLOP",
        low=1e25,
        central=1e26,
        high=1e27,
        distribution="loguniform",
        reason=(
            "The order of the largest training runs in the table training_runs (3e26 to 5e26 FLOP "
            "in 2025), rounded down to a power of ten; one decade either way shows how the answer "
            "moves."
        ),
        topic="scaling_laws",
    ),
    Assumption(
        id="h800_hours_per_h100_hour",
        label="H800 hours that do the work of one H100 hour in training",
        unit="H800 hours per H100 hour",
        low=1.0,
        central=1.0,
        high=1.25,
        distribution="uniform",
        reason=(
            "The H800 is an H100 with slower links between chips: equal where arithmetic limits a "
            "run, worth less where communication does. How much less is our guess; used only to "
            "set chip-hours of published studies beside a published final run."
        ),
        topic="scaling_laws",
    ),
    Assumption(
        id="exchange_elasticity",
        label="Powers of ten of inference that replace one of training",
        unit="OOM of inference per OOM of training",
        low=0.4,
        central=1.2,
        high=1.6,
        distribution="lognormal",
        reason=(
            "The published exchange rates for thinking or searching longer instead of training "
            "more, in the table exchange_rates: 0.48 read off curves of reinforcement learning, "
            "1.0 where techniques are combined, 1.18 measured on board games, 1.25 for sequential "
            "reasoning, 1.5 to 1.6 for many checked attempts. The low end reaches towards the 0.29 "
            "that we measure on small models with a perfect checker."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="gain_wanted",
        label="Gain wanted, as the training compute that would buy it",
        unit="times the training compute",
        low=3.0,
        central=10.0,
        high=100.0,
        distribution="lognormal",
        reason=(
            "A step one notices: about a tenfold is the distance between one generation of models "
            "and the next; thinking has been shown to replace one to three powers of ten of "
            "training, not more."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="question_tokens",
        label="Tokens of a question and its plain answer, read and written",
        unit="tokens",
        low=300.0,
        central=1000.0,
        high=6000.0,
        distribution="lognormal",
        reason=(
            "A chat question with instructions and some history, and an answer without thinking; "
            "plain models wrote 350 to 1,800 tokens per question in the table thinking_points. "
            "Agents and long documents take far more and are treated apart."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="written_share",
        label="Share of a chat's tokens that the model writes",
        unit="1",
        low=0.2,
        central=0.5,
        high=0.8,
        distribution="triangular",
        reason=(
            "No public count splits the tokens of a chat; half is the middle of what may be. It "
            "sets what a chat costs, in whose units the cost of agents is told."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="relative_flop_price",
        label="Price of a FLOP spent answering over a FLOP spent training",
        unit="1",
        low=1.0,
        central=2.0,
        high=6.0,
        distribution="lognormal",
        reason=(
            "Writing token by token keeps a chip's arithmetic waiting for its memory, so the same "
            "FLOP takes longer than in training; how much depends on how many users share a chip. "
            "The published calculator behind the reference optimum assumes a half of the peak in "
            "training and far less in generation."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="compute_utilisation",
        label="Share of a chip's peak arithmetic used in training and in reading a prompt",
        unit="1",
        low=0.3,
        central=0.4,
        high=0.5,
        distribution="triangular",
        reason=(
            "Large training runs that report it use a third to a half of the peak; reading a "
            "prompt is the same kind of work."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="chip_flop_per_byte",
        label="Arithmetic of a chip per byte it can fetch from its memory",
        unit="FLOP per byte",
        low=150.0,
        central=300.0,
        high=600.0,
        distribution="lognormal",
        reason=(
            "Peak 16-bit FLOP per second over bytes per second of memory of data-centre chips; an "
            "H100 stands near 300. It decides how many users a chip must serve at once before "
            "writing answers stops waiting for memory."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="verifier_false_positive_rate",
        label="Share of wrong answers that a checker lets pass",
        unit="1",
        low=0.001,
        central=0.01,
        high=0.1,
        distribution="loguniform",
        reason=(
            "Unit tests, proof checkers and exact answers are nearly never fooled; learned judges "
            "and weak test suites are, by several percent. Chosen to show the range, not measured."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="vote_rivals",
        label="Different wrong answers among which a vote is split",
        unit="answers per problem",
        low=5.0,
        central=20.0,
        high=100.0,
        distribution="loguniform",
        reason=(
            "The public counts say how many answers were right, not what the wrong ones were. A "
            "problem with a number for an answer invites dozens of different mistakes."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="vote_concentration",
        label="How much the wrong answers agree: exponent of their shares by rank",
        unit="1",
        low=0.5,
        central=1.0,
        high=2.0,
        distribution="triangular",
        reason=(
            "Some mistakes are more tempting than others; with an exponent of 1, as words have in "
            "a text, the most common of 20 wrong answers takes over a quarter of them."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="tokens_per_sample",
        label="Tokens of one sampled solution of a problem",
        unit="tokens",
        low=200.0,
        central=300.0,
        high=600.0,
        distribution="lognormal",
        reason=(
            "The public counts of solved problems carry no length. Equal for all models, it moves "
            "every point of the measured exchange by the same distance and no slope."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="agent_prompt_tokens",
        label="Context an agent starts with: instructions, tools, task",
        unit="tokens",
        low=2000.0,
        central=5000.0,
        high=20000.0,
        distribution="lognormal",
        reason=(
            "Descriptions of a dozen tools and a task in a repository take thousands of tokens "
            "before the first step; published agents differ widely."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="agent_output_tokens",
        label="Tokens an agent writes per step",
        unit="tokens per step",
        low=100.0,
        central=300.0,
        high=1000.0,
        distribution="lognormal",
        reason=(
            "A short thought and a command; published ratios of tokens read to written, 25 and "
            "100, are reached with it at a dozen to fifty steps."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="agent_observation_tokens",
        label="Tokens a tool hands back per step",
        unit="tokens per step",
        low=300.0,
        central=1000.0,
        high=4000.0,
        distribution="lognormal",
        reason="A page of code, a search result or a test log; long outputs are usually cut.",
        topic="test_time_compute",
    ),
    Assumption(
        id="cache_hit_rate",
        label="Share of re-read context served from a cache",
        unit="1",
        low=0.5,
        central=0.85,
        high=1.0,
        distribution="triangular",
        reason=(
            "Measured over all traffic of one service: 0.56 of input; reported for one user of "
            "coding agents: 0.84. Within one task nearly all of it can be cached."
        ),
        topic="test_time_compute",
    ),
)


def get(assumption_id: str) -> Assumption:
    """The assumption of that id; an unknown id lists the known ones."""
    known = {assumption.id: assumption for assumption in ASSUMPTIONS}
    if assumption_id not in known:
        raise KeyError(f"assumption {assumption_id!r} is not known; known: {', '.join(known)}")
    return known[assumption_id]


def for_topic(topic: str) -> tuple[Assumption, ...]:
    """The assumptions of one topic, in the order of the table; an unknown topic is refused."""
    chosen = tuple(assumption for assumption in ASSUMPTIONS if assumption.topic == topic)
    if not chosen:
        topics = dict.fromkeys(assumption.topic for assumption in ASSUMPTIONS)
        raise KeyError(f"topic {topic!r} has no assumptions; topics: {', '.join(topics)}")
    return chosen


def frame() -> pd.DataFrame:
    """The table of assumptions, one row each, columns as the fields of `Assumption`."""
    columns = [field.name for field in fields(Assumption)]
    return pd.DataFrame([asdict(assumption) for assumption in ASSUMPTIONS], columns=columns)


def sample(ids: Iterable[str], n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Independent draws of several assumptions.

    Parameters
    ----------
    ids : iterable of str
        Which ones; drawn in this order.
    n : int
        Draws of each, at least 1.
    rng : numpy.random.Generator
        ``numpy.random.default_rng(seed)``.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n,)
        In the unit of each assumption.
    """
    if n < 1:
        raise ValueError(f"n: {n!r} draws are not accepted; accepted: at least 1")
    # Open at both ends: a uniform draw of exactly 0 has no finite normal quantile.
    lowest, highest = 2.0**-54, 1 - 2.0**-53
    return {name: get(name).quantile(rng.random(n).clip(lowest, highest)) for name in ids}


def table_hash() -> str:
    """First 12 hexadecimal digits of the SHA-256 of the table, in a fixed order and format."""
    rows = sorted((asdict(assumption) for assumption in ASSUMPTIONS), key=lambda row: row["id"])
    text = json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
