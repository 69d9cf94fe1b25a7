"""How fast the price of a fixed score falls, and how long a premium for the new lasts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.trends import decimal_years, log_linear_trend
from analysis.uncertainty import require_level
from analysis.units import MONTHS_PER_YEAR

_FEWEST = 4


@dataclass(frozen=True)
class PriceDecline:
    """By what factor the lowest price at a score falls in a year.

    Attributes
    ----------
    factor_per_year, low, high : float
        Price a year ago over price now, above 1 where prices fall, with its t-interval.
    level : float
        Level of the interval.
    without_one_low, without_one_high : float
        Least and most that the factor becomes when one point is left out.
    r2 : float
        Share of the variance of log10(price) the line explains.
    points, not_records : int
        Records the line goes through, and prices left out since a lower one came before.
    first_year, last_year : float
        Decimal years of the first and last record.
    """

    factor_per_year: float
    low: float
    high: float
    level: float
    without_one_low: float
    without_one_high: float
    r2: float
    points: int
    not_records: int
    first_year: float
    last_year: float


def price_records(dates: Any, prices: Any) -> pd.DataFrame:
    """The running minimum: prices lower than every one before, in order of their dates.

    Parameters
    ----------
    dates : sequence of str or float, length k
        "YYYY-MM-DD", "YYYY-MM", "YYYY" or decimal years; none missing.
    prices : array_like, length k
        Above 0, in one unit.

    Returns
    -------
    DataFrame
        ``year`` and ``price``; of several prices on a date only the lowest can be a record.
    """
    years = decimal_years(dates)
    price = np.atleast_1d(require_positive("prices", prices, "their unit"))
    if years.shape != price.shape or not np.isfinite(years).all():
        raise ValueError(
            f"{int(np.isfinite(years).sum())} dates and {price.size} prices; give one of each a row"
        )
    order = np.lexsort((price, years))
    years, price = years[order], price[order]
    before = np.concatenate([[np.inf], np.minimum.accumulate(price)[:-1]])
    record = price < before
    return pd.DataFrame({"year": years[record], "price": price[record]})


def annual_factor(first_date: Any, first_price: float, last_date: Any, last_price: float) -> float:
    """Factor per year between two prices: no fit, so no interval.

    Parameters
    ----------
    first_date, last_date : str or float
        As in `price_records`, the last after the first.
    first_price, last_price : float
        Above 0, in one unit.

    Returns
    -------
    float
        Price a year ago over price now, above 1 where prices fall.

    Raises
    ------
    ValueError
        Where a price is not above 0 or the dates are not in order.
    """
    start, end = decimal_years([first_date, last_date])
    before = float(require_positive("first_price", first_price, "its unit"))
    after = float(require_positive("last_price", last_price, "its unit"))
    if not end > start:
        raise ValueError(f"last_date: {last_date!r} is not after {first_date!r}; swap them")
    return float((before / after) ** (1 / (end - start)))


def _without_one(records: pd.DataFrame) -> tuple[float, float]:
    year, log_price = records["year"].to_numpy(), np.log10(records["price"].to_numpy())
    slopes = [
        np.polynomial.Polynomial.fit(np.delete(year, i), np.delete(log_price, i), 1).convert().coef
        for i in range(year.size)
    ]
    factors = [10 ** -float(coefficients[1]) for coefficients in slopes]
    return min(factors), max(factors)


def price_decline(dates: Any, prices: Any, *, level: float = 0.9) -> PriceDecline:
    """Log-linear regression through the lowest prices so far of models that reach a score.

    The interval takes the points as independent. They are not: each is a record, kept because it
    is under all before. In simulations an interval at 0.9 held the true rate 0.87 times in 1
    with eight models, nearly all records, and 0.6 to 0.8 where records were picked from 15 to 100,
    with the rate 3 to 5 percent too high in its logarithm. A price is per token, so longer answers
    are left out.

    Parameters
    ----------
    dates : sequence of str or float, length k
        When a price became available.
    prices : array_like, length k
        Above 0, of models at or above the score; those that are no record are dropped and counted.
    level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    PriceDecline

    Raises
    ------
    ValueError
        Where a price is not above 0, a date is missing, or fewer than four are records: use
        `annual_factor` for two.
    """
    require_level(level)
    records = price_records(dates, prices)
    if len(records) < _FEWEST:
        raise ValueError(
            f"{len(records)} records give no trend; needed: at least {_FEWEST}; annual_factor "
            "takes two"
        )
    trend = log_linear_trend(records["year"].tolist(), records["price"].tolist(), level=level)
    low, high = _without_one(records)
    return PriceDecline(
        factor_per_year=1 / trend.growth_per_year,
        low=1 / trend.growth_high,
        high=1 / trend.growth_low,
        level=level,
        without_one_low=low,
        without_one_high=high,
        r2=trend.r2,
        points=trend.n,
        not_records=len(np.atleast_1d(prices)) - trend.n,
        first_year=trend.first_year,
        last_year=trend.last_year,
    )


def premium_half_life(factor_per_year: Any) -> Any:
    """Months until the price of a score has halved: `months_until` of a multiple of 2."""
    return months_until(factor_per_year, 2.0)


def months_until(factor_per_year: Any, price_multiple: Any) -> Any:
    """Months until a price `price_multiple` times too high has come down to today's cheap one.

    Parameters
    ----------
    factor_per_year : array_like
        By which prices fall a year; infinite months where it is 1 or less.
    price_multiple : array_like
        Dear over cheap, at least 1.

    Returns
    -------
    float or numpy.ndarray
        Months, of the shape to which both broadcast; for a fixed score at a steady rate.
    """
    factor = require_positive("factor_per_year", factor_per_year, "factor a year")
    multiple = require_positive("price_multiple", price_multiple, "dear over cheap")
    if (multiple < 1).any():
        raise ValueError(f"price_multiple: {price_multiple!r} is not accepted; accepted: 1 or more")
    factor, multiple = np.broadcast_arrays(factor, multiple)
    months = np.full(factor.shape, math.inf)
    falls = factor > 1
    months[falls] = MONTHS_PER_YEAR * np.log(multiple[falls]) / np.log(factor[falls])
    months[multiple == 1] = 0.0
    return float(months) if months.ndim == 0 else months


def decline_table(prices: pd.DataFrame, *, level: float = 0.9) -> pd.DataFrame:
    """`price_decline` of every capability with four records.

    Parameters
    ----------
    prices : DataFrame
        Columns ``capability``, ``date``, ``usd_per_mtok``; rows without a price are skipped.
    level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    DataFrame
        One row a capability: ``capability``, the fields of `PriceDecline` and
        ``half_life_months``. ``attrs["left_out"]`` lists those with fewer records.

    Raises
    ------
    ValueError
        Where a column is missing, or `price_decline` refuses a price or date.
    """
    missing = [name for name in ("capability", "date", "usd_per_mtok") if name not in prices]
    if missing:
        raise ValueError(f"prices lack {missing}; needed: capability, date, usd_per_mtok")
    rows, left_out = [], []
    for capability, group in prices.groupby("capability", sort=False):
        known = group.dropna(subset="usd_per_mtok")
        dates, usd = known["date"].tolist(), known["usd_per_mtok"].to_numpy()
        if len(known) < _FEWEST or len(price_records(dates, usd)) < _FEWEST:
            left_out.append(str(capability))
            continue
        decline = price_decline(dates, usd, level=level)
        half_life = premium_half_life(decline.factor_per_year)
        rows.append({"capability": capability, **vars(decline), "half_life_months": half_life})
    table = pd.DataFrame(rows)
    table.attrs["left_out"] = left_out
    return table
