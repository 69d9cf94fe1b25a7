"""Growth rates by log-linear regression, with intervals, and two robust rivals."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.units import doubling_months

_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_FEWEST_POINTS = 4


@dataclass(frozen=True)
class Trend:
    """A straight line through log10(value) over time.

    Attributes
    ----------
    growth_per_year, growth_low, growth_high : float
        Factor per year and its interval.
    doubling_months : float
        Time to double; negative where the values fall.
    level : float
        Level of the interval.
    method : str
        How line and interval were found.
    n, dropped : int
        Points used, and points left out because date or value is missing.
    r2 : float
        Share of the variance of log10(value) the line explains.
    residual_sd_log10 : float
        Scatter about the line, in powers of ten.
    first_year, last_year : float
        Decimal years covered.
    slope_log10, intercept_log10, mean_year, year_sum_squares : float
        The line, log10(value) = intercept + slope * (year - mean_year), and what its band needs.
    """

    growth_per_year: float
    growth_low: float
    growth_high: float
    doubling_months: float
    level: float
    method: str
    n: int
    dropped: int
    r2: float
    residual_sd_log10: float
    first_year: float
    last_year: float
    slope_log10: float
    intercept_log10: float
    mean_year: float
    year_sum_squares: float

    def predict(self, dates: Any) -> pd.DataFrame:
        """The line and its bands at some dates, by the t-distribution of least squares.

        Parameters
        ----------
        dates : sequence of str or float, length k
            Date strings or decimal years.

        Returns
        -------
        DataFrame
            ``year``, ``central``, ``mean_low``, ``mean_high`` (band of the line) and ``low``,
            ``high`` (band of one more point), in the unit of the values; ``extrapolated`` outside
            the years covered.
        """
        years = decimal_years(dates)
        away = years - self.mean_year
        t = stats.t.ppf(0.5 + self.level / 2, self.n - 2)
        line_variance = 1 / self.n + away**2 / self.year_sum_squares
        central = self.intercept_log10 + self.slope_log10 * away
        of_line = t * self.residual_sd_log10 * np.sqrt(line_variance)
        of_point = t * self.residual_sd_log10 * np.sqrt(1 + line_variance)
        return pd.DataFrame(
            {
                "year": years,
                "central": 10**central,
                "mean_low": 10 ** (central - of_line),
                "mean_high": 10 ** (central + of_line),
                "low": 10 ** (central - of_point),
                "high": 10 ** (central + of_point),
                "extrapolated": (years < self.first_year) | (years > self.last_year),
            }
        )


def decimal_years(dates: Any) -> np.ndarray:
    """Dates as decimal years; NaN where a date is missing (None, NaN or an empty text).

    Parameters
    ----------
    dates : sequence of str or float
        "YYYY-MM-DD", "YYYY-MM" or "YYYY", or decimal years. A date known to the month counts as
        the middle of that month, to the year as the middle of that year.

    Returns
    -------
    numpy.ndarray, shape (k,)

    Raises
    ------
    ValueError
        Where a date is not one, with its position.
    """
    values = (
        dates if isinstance(dates, (list, tuple)) else np.atleast_1d(np.asarray(dates)).tolist()
    )
    return np.array([_decimal_year(value, row) for row, value in enumerate(values)], dtype=float)


def _decimal_year(value: Any, row: int) -> float:
    if value is None or value is pd.NA or value == "" or value != value:
        return math.nan
    if isinstance(value, (int, float)) and 1900 <= value < 2200:
        return float(value)
    match = _DATE.fullmatch(str(value))
    try:
        if not match:
            raise ValueError
        year, month, day = (None if part is None else int(part) for part in match.groups())
        assert year is not None
        length = 366 if calendar.isleap(year) else 365
        if month is None:
            return year + 0.5
        start = pd.Timestamp(year, month, 1).day_of_year - 1
        days = calendar.monthrange(year, month)[1]
        if day is None:
            return year + (start + days / 2) / length
        if not 1 <= day <= days:
            raise ValueError
        return year + (start + day - 0.5) / length
    except ValueError:
        raise ValueError(
            f"date at row {row}: {value!r} is not accepted; accepted: YYYY-MM-DD, YYYY-MM, YYYY, "
            "or a decimal year from 1900 to 2199"
        ) from None


def usable_points(
    dates: Any, values: Any, labels: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Decimal years, log10 values and the count of points dropped for a missing date or value.

    Raises
    ------
    ValueError
        Where lengths differ, a value is not above zero (its row and label are named), or fewer
        than four points or two different dates remain.
    """
    years = decimal_years(dates)
    numbers = np.asarray(pd.to_numeric(pd.Series(list(values)), errors="raise"), dtype=float)
    if years.shape != numbers.shape:
        raise ValueError(f"{years.size} dates and {numbers.size} values; give as many of each")
    bad = np.flatnonzero(np.isinf(numbers) | (numbers <= 0))
    if bad.size:
        row = int(bad[0])
        name = "" if labels is None else f" ({list(labels)[row]})"
        raise ValueError(
            f"value at row {row}{name}: {float(numbers[row])!r} has no logarithm; accepted: finite "
            "and above 0, or missing"
        )
    keep = np.isfinite(years) & np.isfinite(numbers)
    if keep.sum() < _FEWEST_POINTS or np.unique(years[keep]).size < 2:
        raise ValueError(
            f"{int(keep.sum())} usable points of {years.size} on {np.unique(years[keep]).size} "
            f"dates give no trend; needed: at least {_FEWEST_POINTS} points on 2 dates"
        )
    return years[keep], np.log10(numbers[keep]), int((~keep).sum())


def log_linear_trend(
    dates: Any, values: Any, *, level: float = 0.9, labels: Sequence[str] | None = None
) -> Trend:
    """Growth per year by least squares on log10(value), with its t-interval.

    Parameters
    ----------
    dates : sequence of str or float, length k
        See `decimal_years`; missing dates are dropped and counted.
    values : sequence of float, length k
        Above zero; missing values are dropped and counted.
    level : float
        Level of the interval, between 0 and 1.
    labels : sequence of str, optional
        Names of the points, for the message about a bad one.

    Returns
    -------
    Trend
        The interval takes the points as independent draws about one line: it leaves out the
        choice of points, which `analysis.scaling_laws.growth.trend_by_selection` shows.
    """
    _check_level(level)
    years, logs, dropped = usable_points(dates, values, labels)
    slope, intercept, mean_year, spread = _least_squares(years, logs)
    residual = logs - intercept - slope * (years - mean_year)
    sd = math.sqrt(float(residual @ residual) / (years.size - 2))
    half = float(stats.t.ppf(0.5 + level / 2, years.size - 2)) * sd / math.sqrt(spread)
    interval = (slope - half, slope + half)
    return _trend(years, logs, slope, intercept, interval, level, "least squares", dropped)


def theil_sen_trend(dates: Any, values: Any, *, level: float = 0.9) -> Trend:
    """Growth per year by the median of all pairwise slopes, which few outliers can move."""
    _check_level(level)
    years, logs, dropped = usable_points(dates, values)
    mean_year = float(years.mean())
    slope, intercept, low, high = stats.theilslopes(logs, years - mean_year, alpha=level)
    return _trend(
        years, logs, float(slope), float(intercept), (low, high), level, "Theil-Sen", dropped
    )


def bootstrap_trend(
    dates: Any, values: Any, *, resamples: int, seed: int, level: float = 0.9
) -> Trend:
    """Least squares with a percentile interval over resampled points: no normal scatter assumed.

    Parameters
    ----------
    resamples : int
        Draws of as many points with replacement, at least 100.
    seed : int
        For ``numpy.random.default_rng``; the same seed gives the same interval.
    """
    _check_level(level)
    if resamples < 100:
        raise ValueError(f"resamples: {resamples!r} is not accepted; accepted: at least 100")
    years, logs, dropped = usable_points(dates, values)
    slope, intercept, *_ = _least_squares(years, logs)
    pick = np.random.default_rng(seed).integers(0, years.size, (resamples, years.size))
    x = years[pick] - years[pick].mean(axis=1, keepdims=True)
    spread = (x * x).sum(axis=1)
    varied = spread > 0
    slopes = (x * logs[pick]).sum(axis=1)[varied] / spread[varied]
    low, high = np.quantile(slopes, [(1 - level) / 2, (1 + level) / 2])
    return _trend(years, logs, slope, intercept, (low, high), level, "bootstrap", dropped)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level: {level!r} is not accepted; accepted: between 0 and 1")


def _least_squares(years: np.ndarray, logs: np.ndarray) -> tuple[float, float, float, float]:
    mean_year = float(years.mean())
    x = years - mean_year
    spread = float(x @ x)
    return float(x @ logs) / spread, float(logs.mean()), mean_year, spread


def _trend(
    years: np.ndarray,
    logs: np.ndarray,
    slope: float,
    intercept: float,
    interval: tuple[float, float],
    level: float,
    method: str,
    dropped: int,
) -> Trend:
    mean_year = float(years.mean())
    residual = logs - intercept - slope * (years - mean_year)
    total = logs - logs.mean()
    flat = not total.any()
    growth = 10.0**slope
    return Trend(
        growth_per_year=growth,
        growth_low=10.0 ** float(interval[0]),
        growth_high=10.0 ** float(interval[1]),
        doubling_months=math.inf if growth == 1 else doubling_months(growth),
        level=level,
        method=method,
        n=int(years.size),
        dropped=dropped,
        r2=1.0 if flat else 1 - float(residual @ residual) / float(total @ total),
        residual_sd_log10=math.sqrt(float(residual @ residual) / (years.size - 2)),
        first_year=float(years.min()),
        last_year=float(years.max()),
        slope_log10=slope,
        intercept_log10=intercept,
        mean_year=mean_year,
        year_sum_squares=float(((years - mean_year) ** 2).sum()),
    )
