"""What it takes that inference is more than half: one input, the nearest pair, and thirds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import special

from analysis.demand import known, tipping
from analysis.demand.conditioning import log_likelihood
from analysis.demand.findings import projection
from analysis.demand.findings.sensitivity import (
    LEVEL,
    Question,
    centred,
    effective,
    moving,
    ranges,
    shares,
    swings,
)
from analysis.demand.model import YEARS
from analysis.uncertainty import Interval

HALF = 0.5
#: Inputs among which the nearest pair is looked for: those that move the answer most.
_PAIRED = 14
THIRDS = ("low", "middle", "high")


def margin(question: Question) -> tipping.Margin:
    """The share less one half, of inputs by name."""
    return lambda inputs: shares(inputs, (question,))[:, 0] - HALF


def above_half(question: Question) -> float:
    """Share of the scenarios kept in which inference is at least half."""
    return projection.chance(question.outcome, question.year, above=HALF)


@lru_cache(maxsize=4)
def flips(question: Question) -> pd.DataFrame:
    """Where each input, alone, turns the answer: `tipping.tipping_points`, the nearest first.

    With ``odds_in_accounts``: how likely the accounts are there, over the weighed medians.
    """
    table = tipping.tipping_points(margin(question), centred(), ranges=ranges())
    table["odds_in_accounts"] = np.nan
    found = table["value"].notna()
    cases = [{row["input"]: row["value"]} for row in table[found].to_dict("records")]
    table.loc[found, "odds_in_accounts"] = odds_in_accounts(cases)
    return table


def likeliest_flip(question: Question) -> dict[str, float | str]:
    """The row of `flips` that the accounts speak for most."""
    table = flips(question).dropna(subset=["value"])
    row = table.loc[table["odds_in_accounts"].idxmax()]
    return {str(key): value for key, value in row.items()}


def odds_in_accounts(cases: Sequence[Mapping[str, float]]) -> np.ndarray:
    """How likely the accounts are in each case over the weighed medians, from 0 up."""
    centre, observed = projection.weighed_inputs(), projection.readings()
    columns = {name for case in cases for name in case}
    moved = {
        name: np.array([centre[name], *(case.get(name, centre[name]) for case in cases)])[:, None]
        for name in columns
    }
    levels = projection.predicted({**centre, **moved}, list(observed))
    likelihood = log_likelihood(levels, observed)
    return np.exp(likelihood[1:] - likelihood[0])


def count_flips(question: Question) -> tuple[int, int]:
    """Inputs that turn the answer alone within their range, and inputs of the model."""
    within = flips(question)["flips"] == "within 5 to 95"
    return int(within.sum()), len(known.records())


def never_flip(question: Question) -> int:
    """Inputs that turn the answer nowhere: those that do not move the share included."""
    return len(known.records()) - int(flips(question)["value"].notna().sum())


@lru_cache(maxsize=4)
def nearest_pair(question: Question) -> Mapping[str, float | str]:
    """The two inputs whose smallest joint move turns the answer: a row of `worst_pairs`."""
    names = set(swings(question)["input"].head(_PAIRED))
    chosen = tuple(record for record in centred() if record.id in names)
    pairs = tipping.worst_pairs(
        margin(question), chosen, ranges={name: ranges()[name] for name in names}, top=1
    )
    if pairs.empty:
        raise ValueError(f"{question.id}: no pair turns the answer; accepted: one that does")
    return {str(key): value for key, value in pairs.iloc[0].items()}


@lru_cache(maxsize=4)
def terciles(question: Question) -> pd.DataFrame:
    """Chance of more than half by third of each input: `tipping.answer_by_tercile`.

    In the scenarios kept, with ``low_error``, ``middle_error`` and ``high_error`` from the
    effective number of scenarios.
    """
    answers = projection.drawn(question.outcome)[:, question.year - YEARS[0]] >= HALF
    table = tipping.answer_by_tercile(
        answers, {record.id: projection.drawn_input(record.id) for record in moving()}
    )
    for third in THIRDS:
        chance = table[third]
        table[f"{third}_error"] = np.sqrt(chance * (1 - chance) / (effective() / 3))
    return table


def by_third(question: Question, name: str) -> tuple[Interval, ...]:
    """Chance of more than half with an input in its lowest, middle and highest third."""
    row = terciles(question).set_index("input").loc[name]
    reach = special.ndtri((1 + LEVEL) / 2)
    return tuple(
        Interval(
            max(row[third] - reach * row[f"{third}_error"], 0.0), float(row[third]),
            min(row[third] + reach * row[f"{third}_error"], 1.0), LEVEL,
        )
        for third in THIRDS
    )  # fmt: skip
