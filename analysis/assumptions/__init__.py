"""The numbers we chose: what each is, how far it may be off, and why it was chosen.

Each topic's are in a module of its name; here they are one table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from analysis.assumptions import demand, hardware, scaling_laws, test_time_compute
from analysis.assumptions.record import DISTRIBUTIONS, Assumption

__all__ = [
    "ASSUMPTIONS", "DISTRIBUTIONS", "Assumption", "for_topic", "frame", "get", "sample",
    "table_hash",
]  # fmt: skip

ASSUMPTIONS: tuple[Assumption, ...] = (
    *scaling_laws.ASSUMPTIONS,
    *test_time_compute.ASSUMPTIONS,
    *hardware.ASSUMPTIONS,
    *demand.ASSUMPTIONS,
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
