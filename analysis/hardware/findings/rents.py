"""What an hour of a chip rents for: history, like for like, and per unit of what it does."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.hardware.findings import DRAWS, LEVEL, SEED
from analysis.hardware.rent_trends import RentTrend, trend
from analysis.hardware.rents import (
    NOT_PRICES,
    classify,
    paired_ratios,
    same_source_changes,
    unit_prices,
)

RENT_TEST = "test_the_interval_covers_planted_trends_as_often_as_it_says"
#: The chip with the longest history; others are told in units of its rent.
REFERENCE = "h100_sxm"
MARKET, CONTRACT, CLOUDS = "market, on demand", "contract of a year or more", "largest clouds' list"
_GROUPS = {
    "on_demand": MARKET,
    "spot": MARKET,
    "list": CLOUDS,
    "capacity_block": CLOUDS,
    "contract_1_year": CONTRACT,
    "contract_3_year": CONTRACT,
    "index": MARKET,
}
#: Terms under which one source quotes many chips at one date.
LIKE_TERMS = "contract_3_year"


@cache
def quotes() -> pd.DataFrame:
    """Every rent of the table with its class and period, see `rents.classify`."""
    rows = catalog.load("gpu_rental_prices")
    return classify(rows.assign(source=rows["source_id"]))


@cache
def history(chip_id: str = REFERENCE) -> pd.DataFrame:
    """Rents of one chip that somebody paid or asked, by group, with the period they are of."""
    rows = quotes()
    rows = rows[(rows["chip_id"] == chip_id) & ~rows["price_class"].isin(NOT_PRICES)]
    rows = rows.assign(group=rows["price_class"].map(_GROUPS))
    return rows.sort_values(["group", "year"]).reset_index(drop=True)


@cache
def market_trend() -> RentTrend:
    """Yearly change of the reference chip's on-demand rent, robust, with its interval."""
    return trend(quotes(), REFERENCE, "on_demand", level=LEVEL, draws=DRAWS, seed=SEED)


def market_ends() -> tuple[pd.Series, pd.Series]:
    """The first exact on-demand quote of the reference chip, and the lowest since."""
    rows = history()
    rows = rows[(rows["price_class"] == "on_demand") & (rows["bound"] == "")]
    return rows.loc[rows["year_from"].idxmin()], rows.loc[rows["usd_per_gpu_hour"].idxmin()]


def market_span(year: str) -> tuple[float, float]:
    """Least and greatest exact on-demand quote of the reference chip dated in a year."""
    rows = history()
    rows = rows[(rows["price_class"] == "on_demand") & (rows["bound"] == "")]
    usd = rows.loc[rows["date"].str[:4] == year, "usd_per_gpu_hour"]
    if usd.empty:
        raise ValueError(f"year: no exact on-demand quote of {REFERENCE} in {year!r}")
    return float(usd.min()), float(usd.max())


@cache
def repeats() -> pd.DataFrame:
    """Changes between two quotes of one source, chip and class."""
    return same_source_changes(quotes()).set_index(["chip_id", "price_class"])


@cache
def spread_of_quotes() -> pd.DataFrame:
    """Highest over lowest exact on-demand quote of a chip in one month."""
    rows = quotes()
    rows = rows[(rows["price_class"] == "on_demand") & (rows["bound"] == "")]
    dated = rows[rows["date"].str.len() >= len("2026-05")]
    grouped = dated.assign(month=dated["date"].str[:7]).groupby(["chip_id", "month"])
    table = grouped["usd_per_gpu_hour"].agg(["size", "min", "max"]).query("size > 1")
    return table.assign(ratio=table["max"] / table["min"]).reset_index()


@cache
def like_for_like() -> pd.DataFrame:
    """Rents of one source, one date and one term, and rent per unit of what the chip does.

    Each also over the reference chip's (columns ending in ``_ratio``).
    """
    chips = catalog.load("accelerators")
    rows = unit_prices(quotes(), chips)
    mine = rows[(rows["price_class"] == LIKE_TERMS) & (rows["chip_id"] == REFERENCE)].iloc[0]
    rows = rows[
        (rows["price_class"] == LIKE_TERMS)
        & (rows["source"] == mine["source"])
        & (rows["date"] == mine["date"])
    ]
    units = ["usd_per_gpu_hour", "usd_per_pflop_hour", "usd_per_tbps_hour", "usd_per_100gb_hour"]
    ratios = {f"{unit}_ratio": rows[unit] / mine[unit] for unit in units}
    names = chips.set_index("chip_id")["name"]
    rows = rows.assign(**ratios, chip=rows["chip_id"].map(names))
    # The source fills the GB300 with a fixed multiple of the GB200: no quote.
    rows = rows[rows["confidence"] != "low"]
    return rows.sort_values("usd_per_gpu_hour").reset_index(drop=True)


def rent_ratio(chip_id: str, other_id: str = REFERENCE) -> pd.DataFrame:
    """Rent of a chip over another's wherever one source quotes both, with its class and date."""
    return paired_ratios(quotes(), chip_id, other_id)


def as_dates(years: pd.Series) -> pd.Series:
    """Decimal years as days."""
    start = np.floor(years).astype(int)
    first = pd.to_datetime(start.astype(str) + "-01-01")
    return (first + pd.to_timedelta((years - start) * 365.25, unit="D")).dt.strftime("%Y-%m-%d")
