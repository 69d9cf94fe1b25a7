"""Who holds compute, and how much of it runs on chips that their owners design.

Estimates of different sources count different things, so a function takes one source's rows of
one metric and refuses a mixture by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.test_time_compute.checks import (
    require_at_least,
    require_columns,
    require_share,
)
from analysis.uncertainty import require_count, require_level

#: What all rows of one computation share.
ONE_OF = ("source", "metric", "unit")

_COLUMNS = ("metric", "vendor", "owner", "chip", "period", "value", "unit", "source")

#: Standard deviations from the median to the 95th percentile.
_TO_P95 = float(norm.ppf(0.95))


def one_source(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, after refusing a mixture of sources, metrics or units, or a repeated cell.

    Raises
    ------
    ValueError
        Names the column that is mixed and what was found in it, or the cell that is repeated.
    """
    require_columns("rows", rows, _COLUMNS)
    for column in ONE_OF:
        found = sorted(rows[column].astype(str).unique())
        if len(found) > 1:
            raise ValueError(
                f"{column}: {found} are mixed; accepted: rows of one {column}, as different ones "
                "count different things and are never added"
            )
    require_at_least("value", rows["value"].to_numpy(), 0, str(rows["unit"].iloc[0]))
    cell = ["vendor", "owner", "chip", "period"]
    twice = rows[rows.duplicated(cell)]
    if not twice.empty:
        raise ValueError(f"row {tuple(twice.iloc[0][cell])} is there twice; keep one")
    return rows


def _spreads(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values with their log standard deviations below and above the median."""
    value = rows["value"].to_numpy(dtype=float)
    low = rows["value_p5"].fillna(rows["value"]).to_numpy(dtype=float)
    high = rows["value_p95"].fillna(rows["value"]).to_numpy(dtype=float)
    bad = np.flatnonzero(~((low <= value) & (value <= high)) | ((low <= 0) & (value > 0)))
    if bad.size:
        raise ValueError(
            f"row {rows.index[bad[0]]!r}: value {value[bad[0]]:g} with 5th percentile "
            f"{low[bad[0]]:g} and 95th {high[bad[0]]:g}; accepted: 0 < p5 <= value <= p95"
        )
    safe = np.where(value > 0, value, 1.0)
    below = np.log(safe / np.where(value > 0, low, 1.0)) / _TO_P95
    above = np.log(np.where(value > 0, high, 1.0) / safe) / _TO_P95
    return value, below, above


def value_draws(
    rows: pd.DataFrame, draws: int, seed: int, *, shared: float = 0.0, loading: Any = 1.0
) -> np.ndarray:
    """Draws of each row's value from its median and its 5th and 95th percentiles.

    Each value is lognormal with one spread below the median and one above. With a loading of 1 a
    vendor's error has one sign in all its rows: one that is overestimated is so in every period.

    Parameters
    ----------
    rows : DataFrame
        Columns ``vendor``, ``value``, ``value_p5``, ``value_p95``; a row without percentiles, or
        of value 0, is taken as exact.
    draws, seed : int
    shared : float
        Correlation of the errors of different vendors, from 0 to 1.
    loading : array_like
        Correlation of a row's error with its vendor's, from 0 to 1; the rest is its own.

    Returns
    -------
    numpy.ndarray, shape (draws, rows)

    Raises
    ------
    ValueError
        Where a median does not lie within its percentiles.
    """
    require_count("draws", draws, lowest=2)
    require_share("shared", shared)
    load = np.broadcast_to(require_share("loading", loading), (len(rows),))
    value, below, above = _spreads(rows)
    generator = np.random.default_rng(seed)
    vendors, code = np.unique(rows["vendor"].astype(str), return_inverse=True)
    common = generator.standard_normal((draws, 1))
    own = generator.standard_normal((draws, vendors.size))
    vendor_error = (math.sqrt(shared) * common + math.sqrt(1 - shared) * own)[:, code]
    rest = generator.standard_normal((draws, len(rows)))
    error = load * vendor_error + np.sqrt(1 - load**2) * rest
    return value * np.exp(error * np.where(error < 0, below, above))


def _owner_loadings(table: pd.DataFrame, owners: int) -> np.ndarray:
    """How far an owner's error is its vendor's: the total's spread over the owner's own."""
    _, below, above = _spreads(table)
    spread = (below + above) / 2
    total = dict(zip(table["vendor"].iloc[owners:], spread[owners:], strict=True))
    whole = np.array([total[vendor] for vendor in table["vendor"]])
    return np.minimum(1.0, np.divide(whole, spread, out=np.ones(len(table)), where=spread > 0))


def _share_table(
    names: list[str], medians: np.ndarray, drawn: np.ndarray, key: str, level: float
) -> pd.DataFrame:
    require_level(level)
    shares = drawn / drawn.sum(axis=1, keepdims=True)
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2], axis=0)
    table = pd.DataFrame(
        {key: names, "value": medians, "share": medians / medians.sum(), "low": low, "high": high}
    )
    return table.sort_values("share", ascending=False, ignore_index=True)


def vendor_shares(
    rows: pd.DataFrame,
    period: str,
    *,
    level: float = 0.9,
    draws: int = 4000,
    seed: int = 0,
    shared: float = 0.0,
) -> pd.DataFrame:
    """Shares of the covered vendors in the stock at a period, with intervals.

    Parameters
    ----------
    rows : DataFrame
        Totals by vendor (one source, metric, unit; ``owner`` and ``chip`` the same in all).
    period : str
        As ``2025Q4``.
    level, draws, seed, shared
        As in `value_draws`.

    Returns
    -------
    DataFrame
        ``vendor``, ``value``, ``share``, ``low``, ``high``. Shares of the covered vendors only.
    """
    mine = _at(one_source(rows), period)
    names = [str(v) for v in mine["vendor"]]
    if len(set(names)) < len(names):
        raise ValueError(f"{period}: a vendor has more than one row; give totals by vendor")
    drawn = value_draws(mine, draws, seed, shared=shared)
    return _share_table(names, mine["value"].to_numpy(dtype=float), drawn, "vendor", level)


def _at(rows: pd.DataFrame, period: str) -> pd.DataFrame:
    mine = rows[rows["period"].astype(str) == period]
    if mine.empty:
        raise ValueError(f"period {period!r}: no row; known: {sorted(rows['period'].unique())}")
    return mine


def holder_shares(
    by_owner: pd.DataFrame,
    totals: pd.DataFrame,
    period: str,
    designed_by: Mapping[str, str],
    *,
    unnamed: str = "not named",
    level: float = 0.9,
    draws: int = 4000,
    seed: int = 0,
    shared: float = 0.0,
) -> pd.DataFrame:
    """Shares of compute by who holds it, over all vendors of one source.

    Parameters
    ----------
    by_owner : DataFrame
        One vendor's chips by owner.
    totals : DataFrame
        Each vendor's total, in the same unit and from the same source.
    period : str
    designed_by : mapping
        Vendor without rows by owner -> who is taken to hold all of its chips. Chips that the
        designer rents out are then counted with the designer.
    unnamed : str
        Name for what no owner has; owners called ``Other`` are added to it.

    Returns
    -------
    DataFrame
        ``owner``, ``value``, ``share``, ``low``, ``high``; the shares add to 1.

    Raises
    ------
    ValueError
        Where the two tables differ in source or unit, a vendor has neither owners nor a designer,
        or the owners of a vendor hold more than its total.
    """
    for column in ("source", "unit"):
        both = {*one_source(by_owner)[column], *one_source(totals)[column]}
        if len(both) > 1:
            raise ValueError(f"{column}: {sorted(both)} are mixed between owners and totals")
    owners, whole = _at(by_owner, period), _at(totals, period)
    known = set(owners["vendor"])
    lost = sorted(set(whole["vendor"]) - known - set(designed_by))
    if lost or known - set(whole["vendor"]):
        raise ValueError(f"vendors {lost or sorted(known)}: need owners or a designer, and a total")
    # One call for both tables, so that a vendor's error is the same in them.
    table = pd.concat([owners, whole], ignore_index=True)
    loading = _owner_loadings(table, len(owners))
    drawn = value_draws(table, draws, seed, shared=shared, loading=loading)
    rows = np.vstack([table["value"].to_numpy(dtype=float)[None], drawn])
    held: dict[str, np.ndarray] = {unnamed: np.zeros(len(rows))}
    for index, (vendor, owner) in enumerate(zip(table["vendor"], table["owner"], strict=True)):
        is_total = index >= len(owners)
        if is_total and vendor in known:
            mine = np.flatnonzero((owners["vendor"] == vendor).to_numpy())
            rest = rows[:, index] - rows[:, mine].sum(axis=1)
            if rest[0] < -1e-9 * rows[0, index]:
                raise ValueError(f"{vendor}: owners hold more than its total at {period}")
            held[unnamed] = held[unnamed] + np.maximum(rest, 0.0)
            continue
        name = designed_by[vendor] if is_total else str(owner)
        name = unnamed if name.startswith("Other") else name
        held[name] = held.get(name, np.zeros(len(rows))) + rows[:, index]
    stacked = np.column_stack(list(held.values()))
    return _share_table(list(held), stacked[0], stacked[1:], "owner", level)


def herfindahl(shares: Any, *, unnamed: float = 0.0) -> tuple[float, float]:
    """Herfindahl index (sum of squared shares) at its least and its most.

    Parameters
    ----------
    shares : array_like
        Shares of the holders that are named.
    unnamed : float
        Share of the others together: least where they are many small ones, most where they are
        one. Named shares and this one add to 1.

    Returns
    -------
    (float, float)
        One over it is the number of equal holders that would be as concentrated.
    """
    named = require_share("shares", np.atleast_1d(np.asarray(shares, dtype=float)))
    rest = float(require_share("unnamed", unnamed))
    if not math.isclose(named.sum() + rest, 1.0, abs_tol=1e-6):
        raise ValueError(f"shares and unnamed add to {named.sum() + rest:g}; accepted: 1")
    least = float(np.sum(named**2))
    return least, least + rest**2


def asic_share(
    rows: pd.DataFrame,
    asic_vendors: tuple[str, ...],
    *,
    level: float = 0.9,
    draws: int = 4000,
    seed: int = 0,
    shared: float = 0.0,
) -> pd.DataFrame:
    """Share of owner-designed chips among those added in each year, and in the stock at its end.

    Parameters
    ----------
    rows : DataFrame
        Cumulative totals by vendor and quarter; periods as ``2025Q4``.
    asic_vendors : tuple of str
        Vendors whose chips are designed by a buyer.

    Returns
    -------
    DataFrame
        ``year``, ``of`` (``added`` or ``stock``), ``share``, ``low``, ``high``, ``vendors``
        (how many are covered) and ``first_counted`` (vendors whose count starts in that year, so
        that all they have counts as added). A vendor whose count starts later is not covered.

    Raises
    ------
    ValueError
        Where a vendor is not in the rows, or a cumulative series falls.
    """
    table = one_source(rows)
    unknown = sorted(set(asic_vendors) - set(table["vendor"]))
    if unknown:
        raise ValueError(f"asic_vendors: {unknown} have no row; known: {sorted(set(table.vendor))}")
    ends = table[table["period"].astype(str).str.fullmatch(r"\d{4}Q4")].reset_index(drop=True)
    if ends.empty:
        raise ValueError("period: no fourth quarter; the shares of a year need one, as 2025Q4")
    require_level(level)
    drawn = value_draws(ends, draws, seed, shared=shared)
    values = np.vstack([ends["value"].to_numpy(dtype=float)[None], drawn])
    year = ends["period"].str[:4].astype(int).to_numpy()
    column = {(v, y): i for i, (v, y) in enumerate(zip(ends["vendor"], year, strict=True))}
    found: list[dict[str, Any]] = []
    for now in sorted(set(year)):
        vendors = [v for v in dict.fromkeys(ends["vendor"]) if (v, now) in column]
        stock = np.column_stack([values[:, column[v, now]] for v in vendors])
        before = [column.get((v, now - 1)) for v in vendors]
        earlier = np.column_stack(
            [np.zeros(len(values)) if i is None else values[:, i] for i in before]
        )
        fallen = [v for v, d in zip(vendors, (stock - earlier)[0], strict=True) if d < 0]
        if fallen:
            raise ValueError(f"{fallen[0]}: the cumulative value falls in {now}; check the rows")
        is_asic = np.isin(vendors, asic_vendors)
        new = [v for v, i in zip(vendors, before, strict=True) if i is None]
        for of, amount in (("added", np.maximum(stock - earlier, 0.0)), ("stock", stock)):
            share = amount[:, is_asic].sum(axis=1) / amount.sum(axis=1)
            low, high = np.quantile(share[1:], [(1 - level) / 2, (1 + level) / 2])
            found.append(
                {
                    "year": now,
                    "of": of,
                    "share": share[0],
                    "low": low,
                    "high": high,
                    "vendors": len(vendors),
                    "first_counted": ", ".join(new),
                }
            )
    return pd.DataFrame(found)
