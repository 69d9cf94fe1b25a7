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
