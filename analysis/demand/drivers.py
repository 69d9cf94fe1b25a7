"""The drivers of demand, each with its spread and reason, from the evidence up to a date.

Growth rates of counts come from counts within two years of the last one; where there are none, a
prior takes their place and its reason says "prior". Priors are orders of magnitude, but they were
written down in 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.assumptions import Assumption
from analysis.demand import driver_supply, driver_use
from analysis.demand.driver_context import Context
from analysis.demand.evidence import Evidence, decimal_year
from analysis.demand.inputs import DRIVERS

_PARTS = (
    driver_supply.of_runs,
    driver_use.of_people,
    driver_use.of_tokens,
    driver_supply.of_supply,
    driver_supply.of_price,
    driver_supply.of_power,
    driver_use.of_shares,
)


def drivers(
    evidence: Evidence,
    assumed: Mapping[str, Assumption],
    *,
    as_of: str | float,
    anchor: float,
) -> tuple[Assumption, ...]:
    """Every driver from the rows dated at or before a date.

    Parameters
    ----------
    evidence : Evidence
        All rows; see there for what dates them.
    assumed : mapping of str to Assumption
        Of the topic demand: `use_growth_decay`, `supply_growth_decay`, `users_cap`,
        `reported_token_share`, `chat_read_tokens`, `chat_written_tokens`, `inference_draw_ratio`;
        of hardware: `server_power_share`, `pue`, `load_share`.
    as_of : str or float
        Date or decimal year.
    anchor : float
        Decimal year of the levels, at most `as_of`.

    Returns
    -------
    tuple of Assumption
        One for each of `inputs.DRIVERS`, in that order, within the range the model accepts.

    Raises
    ------
    ValueError
        Where the anchor is after the date, or what no prior stands in for has no rows.
    """
    found = _context(evidence, assumed, as_of, anchor).found
    return tuple(found[name] for name in DRIVERS)


def driver_correlations(
    evidence: Evidence,
    assumed: Mapping[str, Assumption],
    *,
    as_of: str | float,
    anchor: float,
) -> dict[tuple[str, str], float]:
    """Correlation of the logarithms of level and growth where both come from one regression."""
    return _context(evidence, assumed, as_of, anchor).tied


def _context(
    evidence: Evidence, assumed: Mapping[str, Assumption], as_of: str | float, anchor: float
) -> Context:
    date = decimal_year(as_of)
    if not anchor <= date:
        raise ValueError(
            f"anchor: {anchor!r} is not accepted; accepted: at most {date}, the evidence's date"
        )
    context = Context(evidence.until(date), date, float(anchor), assumed)
    for part in _PARTS:
        part(context)
    return context


def widened(record: Assumption, factor: float) -> Assumption:
    """A lognormal record with the spread of its logarithm times a factor; others as they are."""
    if record.distribution != "lognormal" or not record.low < record.high:
        return record
    low, high = (
        float(record.central * np.exp(factor * np.log(end / record.central)))
        for end in (record.low, record.high)
    )
    return replace(record, low=low, high=high)
