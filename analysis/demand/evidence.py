"""What the drivers of demand are computed from, and which of its rows were there by a date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.hardware.rents import classify
from analysis.scaling_laws.trends import decimal_years
from analysis.test_time_compute.checks import require_columns
from analysis.units import DAYS_PER_YEAR

LEAD_LAB = "OpenAI"
HOURS_PER_YEAR = DAYS_PER_YEAR * 24.0
_QUARTER = re.compile(r"(\d{4})Q([1-4])")
_SOLD, _RATED = "cumulative_compute", "cumulative_chip_power"
#: Lines of the accounts that hold more than compute, or less than the year.
_NOT_COMPUTE = ("R&D expense, staff included", "cost of revenue")
_NOT_A_YEAR = "months"
_PRICE_PERFORMANCE = (
    "fall of price at fixed performance and precision",
    "doubling time of price-performance",
    "doubling time of FLOP/s per dollar",
)


@dataclass(frozen=True)
class Evidence:
    """Frames of the catalogue, or parts of them.

    Counts (users, messages, tokens, chips, rents, runs) are dated by what they count; some were
    told or estimated later. Judgements (splits, accounts, shares of final runs, compute in use,
    trends of price) are dated by their publication.

    Attributes
    ----------
    volumes : DataFrame
        Table ``token_volumes``, the messages of ``query_volumes`` with it.
    supply, rents, runs, splits, accounts : DataFrame
        Tables ``chip_supply``, ``gpu_rental_prices``, ``training_runs``, ``compute_splits`` and
        ``lab_accounts``.
    programme, trends : DataFrame
        Tables ``programme_compute`` and ``growth_rates``, with the date of the source as
        ``published``.
    in_use : DataFrame
        Rows of ``peer_projections`` on the compute that labs use.
    """

    volumes: pd.DataFrame
    supply: pd.DataFrame
    rents: pd.DataFrame
    runs: pd.DataFrame
    splits: pd.DataFrame
    accounts: pd.DataFrame
    programme: pd.DataFrame
    trends: pd.DataFrame
    in_use: pd.DataFrame

    def until(self, as_of: float) -> Evidence:
        """The rows dated at or before a decimal year; a month counts as its middle."""
        dated = {
            "volumes": "date",
            "rents": "date",
            "runs": "release_date",
            "splits": "date",
            "accounts": "date",
            "programme": "published",
            "trends": "published",
            "in_use": "made_on",
        }
        kept = {name: _until(getattr(self, name), col, as_of) for name, col in dated.items()}
        quarters = self.supply["period"].str.fullmatch(_QUARTER)
        supply = self.supply[quarters & ~self.supply["notes"].str.contains("Incomplete")]
        ends = quarter_ends(supply["period"])
        return Evidence(supply=supply.assign(year=ends)[ends <= as_of + 0.01], **kept)


def _until(rows: pd.DataFrame, column: str, as_of: float) -> pd.DataFrame:
    require_columns("rows", rows, [column])
    years = decimal_years(rows[column].tolist())
    return rows.assign(year_of_row=years)[years <= as_of]


def quarter_ends(periods: pd.Series) -> np.ndarray:
    """Ends of quarters written as 2025Q4, in decimal years."""
    parts = periods.str.extract(_QUARTER).astype(float)
    return (parts[0] + parts[1] / 4).to_numpy()


def decimal_year(date: str | float) -> float:
    """A date or decimal year as a decimal year; refused where it is neither."""
    year = float(decimal_years([date])[0])
    if not np.isfinite(year):
        raise ValueError(f"date: {date!r} is not accepted; accepted: YYYY-MM-DD or a decimal year")
    return year


def counts_of(volumes: pd.DataFrame, entity: str, product: str, metric: str) -> pd.DataFrame:
    """One series of counts that a firm told of, by date: ``year``, ``value``, ``published``."""
    rows = volumes[
        (volumes["entity"] == entity)
        & (volumes["product"] == product)
        & (volumes["metric"] == metric)
        & (volumes["kind"] != "estimate")
    ]
    found = rows.assign(year=decimal_years(rows["date"].tolist()))
    return found.drop_duplicates(["year", "value"]).sort_values("year", ignore_index=True)


def tokens_of(volumes: pd.DataFrame, entity: str, product: str) -> pd.DataFrame:
    """Tokens per day of one product, the last where a date has two, as `counts_of`."""
    rows = volumes[
        (volumes["entity"] == entity)
        & (volumes["product"] == product)
        & volumes["tokens_per_day"].notna()
        & (volumes["kind"] != "estimate")
    ]
    found = rows.assign(
        year=decimal_years(rows["date"].tolist()), value=rows["tokens_per_day"]
    ).sort_values("year", kind="stable")
    return found.drop_duplicates("year", keep="last").reset_index(drop=True)


def messages_per_user(volumes: pd.DataFrame) -> pd.DataFrame:
    """ChatGPT's messages per weekly user and day, users read between their counts."""
    users = counts_of(volumes, LEAD_LAB, "ChatGPT", "weekly_active_users")
    messages = counts_of(volumes, LEAD_LAB, "ChatGPT", "messages_per_day")
    if users.empty or messages.empty:
        return messages
    at = np.exp(np.interp(messages["year"], users["year"], np.log(users["value"])))
    return messages.assign(value=messages["value"] / at)


def sold_by_year_end(supply: pd.DataFrame) -> pd.DataFrame:
    """H100-equivalents sold by year end and vendor since the counts began, with their ranges.

    Returns
    -------
    DataFrame
        ``year``, ``vendor``, ``value``, ``low`` and ``high`` (5th and 95th percentile).
    """
    rows = supply[(supply["metric"] == _SOLD) & (supply["owner"] == "all")]
    rows = rows[(rows["year"] % 1 == 0) & (rows["unit"] == "H100-equivalents")]
    named = rows.rename(columns={"value_p5": "low", "value_p95": "high"})
    return named[["year", "vendor", "value", "low", "high"]].reset_index(drop=True)


def rated_watts_per_h100e(supply: pd.DataFrame) -> pd.DataFrame:
    """Rated power over H100-equivalents of all chips sold by a quarter: ``year``, ``value``."""
    rows = supply[supply["metric"].isin([_SOLD, _RATED]) & (supply["owner"] == "all")]
    sums = rows.pivot_table(index="year", columns="metric", values="value", aggfunc="sum")
    return (sums[_RATED] * 1e6 / sums[_SOLD]).rename("value").reset_index()


def rent_quotes(rents: pd.DataFrame, name: str, chip_id: str = "h100_sxm") -> pd.DataFrame:
    """Exact quotes of one chip in one class of price: ``year``, ``value``."""
    rows = classify(rents)
    exact = rows["bound"] == ""
    rows = rows[exact & (rows["chip_id"] == chip_id) & (rows["price_class"] == name)]
    return rows.rename(columns={"usd_per_gpu_hour": "value"})[["year", "value"]]


def compute_spend(splits: pd.DataFrame, lab: str = LEAD_LAB) -> pd.DataFrame:
    """What a lab spent on compute by year, from its accounts or estimates of them.

    Returns
    -------
    DataFrame
        ``year``, ``metric`` (``rnd_spend``, ``inference_spend``), ``value``, ``low``, ``high`` in
        USD: geometric mean, least and most of the readings, which differ in what they count.
    """
    rows = splits[
        (splits["entity"] == lab)
        & splits["metric"].isin(["rnd_spend", "inference_spend"])
        & (splits["unit"] == "usd_billion")
        & (splits["kind"] != "forecast")
        & ~splits["scope"].isin(_NOT_COMPUTE)
        & ~splits["scope"].str.contains(_NOT_A_YEAR)
    ]
    grouped = (rows["value"] * 1e9).groupby([rows["year"], rows["metric"]])
    found = grouped.agg(value=lambda v: float(np.exp(np.log(v).mean())), low="min", high="max")
    return found.reset_index()


def spend_per_h100e_hour(splits: pd.DataFrame, in_use: pd.DataFrame) -> dict[int, float]:
    """Compute spend of the lead lab over the H100-equivalent hours it had, by calendar year.

    Use grows exponentially between the ends of years, so its mean is the logarithmic mean.
    """
    spend = compute_spend(splits).pivot_table(index="year", columns="metric", values="value")
    ends = in_use[in_use["entity"] == LEAD_LAB].set_index("year")["value"] * 1e6
    found = {}
    for year, row in spend.dropna().iterrows():
        if {year, year - 1} <= set(ends.index):
            last, now = float(ends[year - 1]), float(ends[year])
            mean = (now - last) / np.log(now / last)
            found[int(year)] = float(row.sum() / (mean * HOURS_PER_YEAR))
    return found


def price_performance_growth(trends: pd.DataFrame) -> Any:
    """Yearly factor of computing per dollar by the last published trend, or None."""
    rows = trends[trends["metric"].isin(_PRICE_PERFORMANCE) & trends["scope"].str.contains("ML")]
    if rows.empty:
        return None
    row = rows.sort_values("year_of_row", kind="stable").iloc[-1]
    if row["unit"] == "years":
        return 2.0 ** (1.0 / float(row["value"]))
    return 1.0 / (1.0 - float(row["value"]) / 100.0)
