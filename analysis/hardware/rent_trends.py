"""How fast rents move, from few quotes: robust, with intervals that hold for small samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.hardware.rents import NOT_PRICES, classify, prices
from analysis.uncertainty import Interval, percentile_interval, require_count, require_level

#: Below this many points Sen's interval cannot reach the usual levels.
FEWEST_POINTS = 5


@dataclass(frozen=True)
class RentTrend:
    """How fast a rent moves.

    Attributes
    ----------
    yearly_factor : Interval
        Price after a year over price before; 1 is no change.
    half_life_years : Interval
        Years until the price has halved; infinite where it does not fall.
    points, sources : int
    first_year, last_year : float
    """

    yearly_factor: Interval
    half_life_years: Interval
    points: int
    sources: int
    first_year: float
    last_year: float


def slope_draws(
    year_from: np.ndarray, year_to: np.ndarray, values: np.ndarray, draws: int, seed: int
) -> np.ndarray:
    """Draws from the confidence distribution of Sen's slope, dates drawn within their periods.

    A draw takes a date for every point, sorts the slopes of all pairs and picks the one whose
    rank has the drawn probability under Kendall's test; with exact dates the percentiles of the
    draws are Sen's interval. It holds for independent points.

    References
    ----------
    Sen 1968, Estimates of the regression coefficient based on Kendall's tau, JASA 63, 1379-1389.
    """
    generator = np.random.default_rng(seed)
    count = values.size
    first, second = np.triu_indices(count, 1)
    spread = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    years = generator.uniform(year_from, year_to, (draws, count))
    slopes = np.sort((values[second] - values[first]) / (years[:, second] - years[:, first]))
    rank = (first.size + spread * norm.ppf(generator.uniform(size=draws)) - 1) / 2
    rank = np.clip(rank, 0, first.size - 1)
    below = np.minimum(rank.astype(int), first.size - 2)
    at = np.arange(draws)
    share = rank - below
    return (1 - share) * slopes[at, below] + share * slopes[at, below + 1]


def trend(
    rows: pd.DataFrame,
    chip_id: str,
    name: str,
    *,
    level: float = 0.9,
    draws: int = 2000,
    seed: int = 0,
) -> RentTrend:
    """Yearly change of one chip's rent in one class, robust to single odd quotes.

    Parameters
    ----------
    rows : DataFrame
        As in `classify`.
    chip_id, name : str
        The chip and the class of price.
    level : float
    draws, seed : int

    Raises
    ------
    ValueError
        Where fewer than `FEWEST_POINTS` exact prices are left: too few for a trend.
    """
    require_level(level)
    require_count("draws", draws, lowest=2)
    mine = prices(rows, chip_id, name)
    if len(mine) < FEWEST_POINTS:
        raise ValueError(
            f"{chip_id}, {name}: {len(mine)} exact prices; a trend needs {FEWEST_POINTS} "
            "(compare quotes of one source instead: same_source_changes)"
        )
    years, values = mine[["year_from", "year_to"]].to_numpy(), mine["usd_per_gpu_hour"]
    slopes = slope_draws(years[:, 0], years[:, 1], np.log(values.to_numpy()), draws, seed)
    factor = percentile_interval(np.exp(slopes), level)
    falling = np.array([math.log(f) for f in (factor.low, factor.central, factor.high)])
    low, central, high = np.divide(
        -math.log(2), falling, out=np.full(3, np.inf), where=falling < 0
    ).tolist()
    return RentTrend(
        yearly_factor=factor,
        half_life_years=Interval(low, central, high, level),
        points=len(mine),
        sources=mine["source"].nunique() if "source" in mine else 0,
        first_year=float(mine["year"].iloc[0]),
        last_year=float(mine["year"].iloc[-1]),
    )


def trend_table(
    rows: pd.DataFrame, *, level: float = 0.9, draws: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """`trend` of every chip and class: ``chip_id``, ``price_class``, ``points``, ``low``,
    ``central``, ``high`` of the yearly factor, and ``reason`` where there is none."""
    table = rows if "price_class" in rows else classify(rows)
    table = table[~table["price_class"].isin(NOT_PRICES)]
    found: list[dict[str, Any]] = []
    for (chip, name), group in table.groupby(["chip_id", "price_class"]):
        row = {"chip_id": chip, "price_class": name, "points": int((group["bound"] == "").sum())}
        if row["points"] < FEWEST_POINTS:
            row["reason"] = f"fewer than {FEWEST_POINTS} exact prices"
        else:
            it = trend(group, str(chip), str(name), level=level, draws=draws, seed=seed)
            factor = it.yearly_factor
            row |= {"low": factor.low, "central": factor.central, "high": factor.high, "reason": ""}
        found.append(row)
    columns = ["chip_id", "price_class", "points", "low", "central", "high", "reason"]
    return pd.DataFrame(found, columns=columns)


def _rank_distribution(first: int, second: int) -> np.ndarray:
    """Chance that at most k of first x second pairs are out of order, when both are alike."""
    # The Gaussian binomial, a factor (1 - q^(second + one)) / (1 - q^one) at a time.
    ways = np.ones(1)
    for one in range(1, first + 1):
        ways = np.convolve(ways, np.r_[1, np.zeros(second + one - 1), -1])
        for place in range(one, ways.size):
            ways[place] += ways[place - one]
        ways = ways[: one * second + 1]
    return np.cumsum(ways) / ways.sum()


def window_ratio(
    rows: pd.DataFrame,
    chip_id: str,
    name: str,
    before: tuple[float, float],
    after: tuple[float, float],
    *,
    level: float = 0.9,
) -> Interval:
    """Rent in one span of years over rent in an earlier one (Hodges-Lehmann, exact interval).

    Parameters
    ----------
    before, after : (float, float)
        Decimal years; a quote belongs where its whole period lies inside.

    Returns
    -------
    Interval
        Median ratio of all pairs, and the ratios between which Mann and Whitney's exact test does
        not reject at `level`. Quotes of different providers are mixed in it.

    Raises
    ------
    ValueError
        Where a span holds no quote, or too few for the level; says which level they reach.
    """
    require_level(level)
    mine = prices(rows, chip_id, name)
    sides = []
    for span in (before, after):
        inside = (mine["year_from"] >= span[0] - 1e-9) & (mine["year_to"] <= span[1] + 1e-9)
        sides.append(np.log(mine.loc[inside, "usd_per_gpu_hour"].to_numpy()))
        if not sides[-1].size:
            raise ValueError(f"{chip_id}, {name}: no quote within {span}; widen the span")
    ratios = np.sort(np.subtract.outer(sides[1], sides[0]).ravel())
    chances = _rank_distribution(sides[0].size, sides[1].size)
    cut = int(np.searchsorted(chances, (1 - level) / 2 + 1e-12, side="right"))
    if cut < 1:
        raise ValueError(
            f"{chip_id}, {name}: {sides[0].size} and {sides[1].size} quotes reach a level of "
            f"{1 - 2 * chances[0]:.2f} at most; {level} was asked"
        )
    low, central, high = np.exp([ratios[cut - 1], np.median(ratios), ratios[-cut]]).tolist()
    return Interval(low, central, high, level)
