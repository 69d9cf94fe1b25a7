"""What an hour of a chip rents for: by kind of price, by month, and per unit of what it does.

A list price, a contract and an index move apart, so no function here mixes two classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_columns

#: Words of `price_type` and the class they mean; the first that is found decides.
PRICE_WORDS: tuple[tuple[str, str], ...] = (
    ("total cost of ownership", "cost_model"),
    ("assumed", "assumed"),
    ("spot/on-demand", "mixed"),
    ("index", "index"),
    ("1-year", "contract_1_year"),
    ("3-year", "contract_3_year"),
    ("capacity block", "capacity_block"),
    ("on-demand list", "list"),
    ("spot", "spot"),
    ("resale", "spot"),
    ("on-demand", "on_demand"),
    ("marketplace", "on_demand"),
    ("market", "on_demand"),
    ("bare metal", "on_demand"),
)

#: Classes that are not a price somebody pays for a stated product.
NOT_PRICES = ("cost_model", "assumed", "mixed")

_COLUMNS = ("date", "chip_id", "usd_per_gpu_hour", "price_type")


def price_class(price_type: str) -> str:
    """The class of a price by the words of its `price_type`; an unknown type is refused."""
    for words, name in PRICE_WORDS:
        if words in str(price_type):
            return name
    raise ValueError(
        f"price_type: {price_type!r} is of no known class; accepted: one that holds one of "
        f"{[words for words, _ in PRICE_WORDS]}"
    )


def period_of(date: Any) -> tuple[float, float]:
    """First and last instant of a date `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, in decimal years."""
    parts = str(date).split("-")
    try:
        numbers = [int(part) for part in parts]
        month = numbers[1] if len(numbers) > 1 else 1
        day = numbers[2] if len(numbers) > 2 else 1
        if not (len(numbers) <= 3 and 1 <= month <= 12 and 1 <= day <= 31):
            raise ValueError
    except ValueError as cause:
        raise ValueError(
            f"date: {date!r} is not a date; accepted: YYYY, YYYY-MM or YYYY-MM-DD"
        ) from cause
    start = numbers[0] + (month - 1) / 12 + (day - 1) / 365.25
    return start, start + (1.0, 1 / 12, 1 / 365.25)[len(numbers) - 1]


def classify(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with what may be compared with what.

    Parameters
    ----------
    rows : DataFrame
        Columns ``date``, ``chip_id``, ``usd_per_gpu_hour``, ``price_type``; ``usd_low`` and
        ``usd_high`` where known.

    Returns
    -------
    DataFrame
        The same rows and index with ``price_class``, ``bound`` (``at least``, ``at most`` or
        blank: a row whose only end is the price itself says no more), ``year_from``, ``year_to``
        and ``year``, the middle of the period stated.

    Raises
    ------
    ValueError
        Where a price is not above 0, or a date or a type of price is not known.
    """
    require_columns("rows", rows, _COLUMNS)
    require_positive("usd_per_gpu_hour", rows["usd_per_gpu_hour"], "USD/h")
    table = rows.copy()
    table["price_class"] = [price_class(kind) for kind in rows["price_type"]]
    ends = np.array([period_of(date) for date in rows["date"]])
    table["year_from"], table["year_to"] = ends[:, 0], ends[:, 1]
    table["year"] = ends.mean(axis=1)
    for end in ("usd_low", "usd_high"):
        if end not in table:
            table[end] = np.nan
    price, low, high = (table[c] for c in ("usd_per_gpu_hour", "usd_low", "usd_high"))
    table["bound"] = np.select(
        [(low == price) & high.isna(), (high == price) & low.isna()],
        ["at least", "at most"],
        default="",
    )
    return table


def prices(rows: pd.DataFrame, chip_id: str, name: str) -> pd.DataFrame:
    """The exact prices of one chip in one class, by date; cost models and bounds are left out."""
    table = rows if "price_class" in rows else classify(rows)
    if name in NOT_PRICES:
        raise ValueError(f"price_class: {name!r} is not a price; accepted: none of {NOT_PRICES}")
    mine = table[(table["chip_id"] == chip_id) & (table["price_class"] == name)]
    if mine.empty:
        known = sorted({*zip(table["chip_id"], table["price_class"], strict=True)})
        near = [pair for pair in known if pair[0] == chip_id] or sorted({p[0] for p in known})
        raise ValueError(f"chip_id {chip_id!r}, class {name!r}: no row; the table has {near}")
    return mine[mine["bound"] == ""].sort_values("year")


def monthly(rows: pd.DataFrame) -> pd.DataFrame:
    """Median and range by chip, class and month.

    Returns
    -------
    DataFrame
        ``chip_id``, ``price_class``, ``month``, ``quotes``, ``low``, ``median``, ``high``. The
        range holds the quoted ranges too. Rows that state no month, and bounds, are left out.
    """
    table = rows if "price_class" in rows else classify(rows)
    dated = table[table["date"].astype(str).str.len().ge(7) & (table["bound"] == "")]
    dated = dated.assign(
        month=dated["date"].astype(str).str[:7],
        low=dated[["usd_low", "usd_per_gpu_hour"]].min(axis=1),
        high=dated[["usd_high", "usd_per_gpu_hour"]].max(axis=1),
    )
    grouped = dated.groupby(["chip_id", "price_class", "month"], as_index=False)
    return grouped.agg(
        quotes=("usd_per_gpu_hour", "size"),
        low=("low", "min"),
        median=("usd_per_gpu_hour", "median"),
        high=("high", "max"),
    )


def same_source_changes(
    rows: pd.DataFrame, *, by: Sequence[str] = ("chip_id", "price_class", "source")
) -> pd.DataFrame:
    """Changes from one quote to the next of the same source, chip and class.

    The only comparisons in which nothing but the date differs.

    Returns
    -------
    DataFrame
        The columns of `by`, ``date_before``, ``date_after``, ``usd_before``, ``usd_after``,
        ``change`` (after over before) and ``years`` between the middles of the periods.
    """
    table = rows if "price_class" in rows else classify(rows)
    require_columns("rows", table, list(by))
    table = table[(table["bound"] == "") & ~table["price_class"].isin(NOT_PRICES)]
    ordered = table.sort_values([*by, "year"])
    before = ordered.groupby(list(by))[["date", "usd_per_gpu_hour", "year"]].shift()
    changed = ordered[list(by)].assign(
        date_before=before["date"],
        date_after=ordered["date"],
        usd_before=before["usd_per_gpu_hour"],
        usd_after=ordered["usd_per_gpu_hour"],
        change=ordered["usd_per_gpu_hour"] / before["usd_per_gpu_hour"],
        years=ordered["year"] - before["year"],
    )
    return changed[before["date"].notna() & (changed["years"] > 0)].reset_index(drop=True)


def paired_ratios(rows: pd.DataFrame, chip_id: str, other_id: str) -> pd.DataFrame:
    """Price of a chip over that of another, where one source quotes both at the same date.

    Returns
    -------
    DataFrame
        ``source``, ``date``, ``price_class``, ``usd``, ``usd_other``, ``ratio``; empty where no
        source quotes both.
    """
    table = rows if "price_class" in rows else classify(rows)
    require_columns("rows", table, ["source"])
    table = table[(table["bound"] == "") & ~table["price_class"].isin(("assumed", "mixed"))]
    keys = ["source", "date", "price_class", "price_type"]
    sides = [
        table.loc[table["chip_id"] == chip, [*keys, "usd_per_gpu_hour"]]
        for chip in (chip_id, other_id)
    ]
    both = sides[0].merge(sides[1], on=keys, suffixes=("", "_other"))
    both = both.rename(columns=lambda name: name.replace("_per_gpu_hour", ""))
    return both.assign(ratio=both["usd"] / both["usd_other"])


def unit_prices(rows: pd.DataFrame, chips: pd.DataFrame) -> pd.DataFrame:
    """Rent per unit of what a chip does.

    Parameters
    ----------
    rows : DataFrame
        As in `classify`.
    chips : DataFrame
        Columns ``chip_id``, ``bf16_tflops`` (dense), ``memory_bandwidth_gbps``, ``memory_gb``.

    Returns
    -------
    DataFrame
        The prices with ``usd_per_pflop_hour`` (dense bf16), ``usd_per_tbps_hour`` (memory
        bandwidth) and ``usd_per_100gb_hour``; cost models and bounds are left out. A spec that
        the table of chips leaves blank leaves the unit price blank.

    Raises
    ------
    ValueError
        Where a chip has no row in `chips`; names it.
    """
    table = rows if "price_class" in rows else classify(rows)
    specs = ["bf16_tflops", "memory_bandwidth_gbps", "memory_gb"]
    require_columns("chips", chips, ["chip_id", *specs])
    table = table[(table["bound"] == "") & ~table["price_class"].isin(NOT_PRICES)]
    missing = sorted(set(table["chip_id"]) - set(chips["chip_id"]))
    if missing:
        raise ValueError(f"chip_id {missing}: no row in the table of chips; add it or drop them")
    spec = chips.set_index("chip_id")[specs].loc[table["chip_id"]].set_axis(table.index)
    price = table["usd_per_gpu_hour"]
    return table.assign(
        usd_per_pflop_hour=price / (spec["bf16_tflops"] / 1e3),
        usd_per_tbps_hour=price / (spec["memory_bandwidth_gbps"] / 1e3),
        usd_per_100gb_hour=price / (spec["memory_gb"] / 100),
    )
