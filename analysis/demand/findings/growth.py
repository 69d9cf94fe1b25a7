"""What the growth of language models' work is made of, and how far tokens are from compute."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.demand import evidence
from analysis.demand.decomposition import decompose
from analysis.demand.findings import projection
from analysis.demand.local_growth import PRIOR_SCATTER
from analysis.demand.model import MID_YEARS, YEARS
from analysis.demand.service import project
from analysis.hardware.supply import value_draws
from analysis.scaling_laws.trends import decimal_years
from analysis.uncertainty import Interval, percentile_interval

LEVEL = projection.LEVELS[-1]
#: Growth into these years; before, language models' work was too small to divide.
FIRST, LAST = 2024, 2030
_TIMES = MID_YEARS[YEARS >= FIRST - 1]
#: Scenarios divided into factors one by one.
SAMPLE = 400
#: Other machine learning, in H100-equivalents, where language models are looked at alone: the
#: least that still has a logarithm.
_NONE = 1e-3

PEOPLE, THINKING = "people and their messages", "tokens per message"
PROGRAMS, PRODUCTS = "programs and agents", "tokens embedded in products"
WORK, PRICE = "FLOP per token and chips per FLOP", "price of a chip-hour"
#: Groups of `decomposition.FACTORS`, in the order in which they are stacked.
GROUPS = {
    PEOPLE: ("users", "messages per user"),
    THINKING: ("tokens per message",),
    PROGRAMS: ("tokens of programs and agents",),
    PRODUCTS: ("tokens embedded in products",),
    WORK: ("FLOP per token", "chips per FLOP"),
    PRICE: ("price of a chip-hour",),
}
USE, TOTAL = "all use", "all together"
_USE = (PEOPLE, THINKING, PROGRAMS, PRODUCTS)


def _grouped(parts: pd.DataFrame) -> pd.DataFrame:
    """Log points by year (rows) and group, with the sums of use and of all."""
    table = parts.pivot_table(index="end", columns="factor", values="log_points")
    found = pd.DataFrame({name: table[[*own]].sum(axis=1) for name, own in GROUPS.items()})
    found[USE], found[TOTAL] = found[[*_USE]].sum(axis=1), found[[*GROUPS]].sum(axis=1)
    found.index = np.floor(found.index).astype(int)
    return found


@lru_cache(maxsize=1)
def factor_growth() -> pd.DataFrame:
    """By year and part, growth of the world's spend on language models' inference.

    Log points of single scenarios add, so their means do.

    Returns
    -------
    DataFrame
        ``year``, ``part`` (a group, `USE` or `TOTAL`), ``log_points`` (mean of the sampled
        scenarios), ``low`` and ``high``.
    """
    drawn = projection.sampled_inputs()
    tables = [
        _grouped(
            decompose(
                project(
                    {name: float(values[place, 0]) for name, values in drawn.items()}
                    | {"other_ml_h100e": _NONE},
                    times=_TIMES,
                )
            )
        )
        for place in np.linspace(0, projection.DRAWS - 1, SAMPLE).astype(int)
    ]
    values = np.array([table.to_numpy() for table in tables])
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    mean = values.mean(axis=0)
    return pd.DataFrame(
        [
            {
                "year": year, "part": part, "log_points": mean[i, j], "low": low[i, j],
                "high": high[i, j],
            }
            for i, year in enumerate(tables[0].index)
            for j, part in enumerate(tables[0].columns)
        ]
    )  # fmt: skip


def growth_of(part: str, year: int) -> Interval:
    """Factor by which a part multiplied spend up to a year: geometric mean and interval."""
    table = factor_growth().set_index(["part", "year"]).loc[(part, year)]
    low, central, high = np.exp(table[["low", "log_points", "high"]].to_numpy(float)).tolist()
    return Interval(low, central, high, LEVEL)


@lru_cache(maxsize=4)
def peak_years(unit: str) -> np.ndarray:
    """Year of the most inference wanted of language models, by scenario; the last if it grows."""
    wanted = projection.sampled()
    whole, other = (wanted.total("fleet", unit, part) for part in ("inference", "other_ml"))
    return YEARS[np.argmax(whole - other, axis=1)]


def past_peak(unit: str) -> pd.DataFrame:
    """Share of the scenarios whose language models' inference fell by a year: `year`, `share`."""
    peaks = peak_years(unit)
    years = range(FIRST, LAST + 1)
    return pd.DataFrame({"year": years, "share": [float(np.mean(peaks < y)) for y in years]})


# Tokens and compute.

TOKENS, COMPUTE, SERVING = "tokens", "chips", "what serving them took"
_PAIRS = (
    ("Google, all products", "google_all_tokens_month_2024_04", "google_all_tokens_month_2025_04"),
    ("Google, all products", "google_all_tokens_month_2025_04", "google_all_tokens_month_2026_05"),
    ("ByteDance's Doubao", "bytedance_doubao_tokens_day_2024_05",
     "bytedance_doubao_tokens_day_2025_05"),
    ("ByteDance's Doubao", "bytedance_doubao_tokens_day_2025_05",
     "bytedance_doubao_tokens_day_2026_06"),
    ("China, all firms", "china_all_tokens_day_2024_01", "china_all_tokens_day_2025_06"),
    ("China, all firms", "china_all_tokens_day_2025_06", "china_all_tokens_day_2026_03"),
    ("OpenAI's API", "openai_api_tokens_minute_2025_10_06", "openai_api_tokens_minute_2026_03_31"),
    ("Gemini API", "google_gemini_api_tokens_minute_2025_10_29",
     "google_gemini_api_tokens_minute_2026_07_22"),
)  # fmt: skip
_UNIT_COST = "alphabet_gemini_2025"
GOOGLE_YEAR = 2025
GOOGLE_TOKENS = "Google's tokens"
GOOGLE_COST = "cost of serving them"
GOOGLE_COMPUTE = "chips serving them"
GOOGLE_CHIPS = "all chips of Google"
_AT_95 = 1.6448536269514722


def _counted_twice(years: float) -> float:
    """Half-width of the logarithm of growth per year between two rough counts."""
    return _AT_95 * float(np.hypot(PRIOR_SCATTER, PRIOR_SCATTER)) / years


def _row(
    group: str, series: str, period: str, growth: Interval, kind: str, source_id: str
) -> dict[str, object]:
    return {
        "group": group, "series": series, "period": period, "growth": growth.central,
        "low": growth.low, "high": growth.high, "kind": kind, "source_id": source_id,
    }  # fmt: skip


def _month(date: str) -> str:
    return "-".join(date.split("-")[:2])


@lru_cache(maxsize=1)
def token_growth() -> pd.DataFrame:
    """Growth per year of tokens served between two counts, with an interval for their roughness."""
    table = catalog.load("token_volumes").set_index("volume_id")
    rows = []
    for series, first, last in _PAIRS:
        one, other = table.loc[first], table.loc[last]
        start, end = decimal_years([one["date"], other["date"]])
        years = float(end - start)
        log_growth = float(np.log(other["tokens_per_day"] / one["tokens_per_day"])) / years
        half = _counted_twice(years)
        low, middle, high = np.exp(log_growth + half * np.array([-1.0, 0.0, 1.0])).tolist()
        growth = Interval(low, middle, high, LEVEL)
        period = f"{_month(one['date'])} to {_month(other['date'])}"
        rows.append(_row(TOKENS, series, period, growth, other["kind"], other["source_id"]))
    return pd.DataFrame(rows)


def printed_growth(first: str, last: str) -> float:
    """Tokens of one row of the table over those of another."""
    table = catalog.load("token_volumes").set_index("volume_id")["tokens_per_day"]
    return float(table[last] / table[first])


@lru_cache(maxsize=1)
def google_steps() -> tuple[float, float]:
    """Google's tokens in 2025 over 2024, and 2026 over 2025, as the firm told them."""
    return printed_growth(*_PAIRS[0][1:]), printed_growth(*_PAIRS[1][1:])


def google_rates() -> tuple[float, float]:
    """The same per year between the dates of the counts, which are not a year apart."""
    rows = token_growth()
    first, second = rows.loc[rows["series"] == _PAIRS[0][0], "growth"].tolist()
    return first, second


def _chip_rows(years: tuple[int, int], owner: str | None = None) -> pd.DataFrame:
    """Compute of chips by vendor at two year ends: all sold, or those of Google."""
    rows = catalog.load("chip_supply")
    rows = rows[rows["period"].isin([f"{year}Q4" for year in years])]
    whole = (rows["metric"] == "cumulative_compute") & (rows["owner"] == "all")
    if owner:
        held = (rows["metric"] == "cumulative_compute_by_owner") & (rows["owner"] == owner)
        whole = held | (whole & rows["vendor"].str.startswith(owner))
    rows = rows[whole].assign(year=rows["period"].str[:4].astype(int))
    both = rows.groupby("vendor")["year"].transform("nunique") == 2
    return rows[both].reset_index(drop=True)


def lab_rows(years: tuple[int, ...]) -> pd.DataFrame:
    """H100-equivalents in use by lab at year ends, those counted at all of them."""
    rows = catalog.load("peer_projections")
    rows = rows[(rows["quantity"] == "lab_compute_in_use") & rows["year"].isin(years)]
    every = rows.groupby("entity")["year"].transform("nunique") == len(years)
    names = {"entity": "vendor", "low": "value_p5", "high": "value_p95"}
    return rows[every].rename(columns=names).reset_index(drop=True)


def sums_by_year(rows: pd.DataFrame, draws: int, seed: int) -> dict[int, np.ndarray]:
    """Draws of the sum of the rows of a year; rows of a year share some of their error."""
    shared = assumptions.get("supply_error_shared").central
    drawn = value_draws(rows, draws, seed, shared=shared, loading=1.0)
    return {int(y): drawn[:, (rows["year"] == y).to_numpy()].sum(axis=1) for y in set(rows["year"])}


def _stock_growth(rows: pd.DataFrame, series: str) -> dict[str, object]:
    # Errors of two years apart are taken as independent, where the growth is least sure.
    first, last = sorted(set(rows["year"]))
    sums = [
        sums_by_year(rows[rows["year"] == year].reset_index(drop=True), projection.DRAWS, seed)[
            year
        ]
        for seed, year in enumerate((first, last))
    ]
    spread = percentile_interval(sums[1] / sums[0], LEVEL)
    by_year = rows.groupby("year")["value"].sum()
    growth = Interval(spread.low, float(by_year[last] / by_year[first]), spread.high, LEVEL)
    period = f"end of {first} to end of {last}"
    return _row(COMPUTE, series, period, growth, "estimate", str(rows["source_id"].iloc[0]))


@lru_cache(maxsize=1)
def chip_growth() -> pd.DataFrame:
    """Growth per year of the chips sold, of those the labs use, and of Google's."""
    steps = ((GOOGLE_YEAR - 2, GOOGLE_YEAR - 1), (GOOGLE_YEAR - 1, GOOGLE_YEAR))
    rows = [_stock_growth(_chip_rows(years), "all chips sold") for years in steps]
    labs = lab_rows(steps[1])
    rows.append(_stock_growth(labs, f"chips used by {labs['vendor'].nunique()} labs"))
    rows.append(_stock_growth(_chip_rows(steps[1], "Google"), GOOGLE_CHIPS))
    return pd.DataFrame(rows)


def _google_tokens() -> tuple[float, str]:
    """Growth of Google's tokens over the calendar year, counts joined on the log scale."""
    rows = evidence.tokens_of(catalog.load("token_volumes"), "Google", "all AI products")
    ends = [float(GOOGLE_YEAR), GOOGLE_YEAR + 1.0]
    logs = np.interp(ends, rows["year"], np.log(rows["value"]))
    return float(np.exp(logs[1] - logs[0])), str(rows["source_id"].iloc[-1])


@lru_cache(maxsize=1)
def google_serving() -> pd.DataFrame:
    """Google's year: tokens, what they cost to serve, and the chips behind that cost.

    The cost is tokens times the unit cost, which fell as the firm said; a dollar bought more
    chip-hours at the end of the year by the fall of their price.
    """
    tokens, source = _google_tokens()
    declines = catalog.load("price_declines").set_index("fact_id").loc[_UNIT_COST]
    fall = float(declines["factor_per_year"])
    rng = np.random.default_rng(projection.SEED)
    scatter = np.exp(rng.normal(0, np.hypot(PRIOR_SCATTER, PRIOR_SCATTER), projection.DRAWS))
    year = project(projection.sampled_inputs(), times=np.array([GOOGLE_YEAR, GOOGLE_YEAR + 1.0]))
    cheaper = year.usd_per_h100e_hour[:, 0] / year.usd_per_h100e_hour[:, 1]
    found = {
        GOOGLE_TOKENS: tokens * scatter,
        GOOGLE_COST: tokens * scatter / fall,
        GOOGLE_COMPUTE: tokens * scatter / fall * cheaper,
    }
    said = str(declines["source_id"])
    return pd.DataFrame(
        [
            _row(
                SERVING, name, f"over {GOOGLE_YEAR}", percentile_interval(draws, LEVEL), "derived",
                source if name == GOOGLE_TOKENS else said,
            )
            for name, draws in found.items()
        ]
    )  # fmt: skip


def unit_cost_fall() -> float:
    """Fall of Google's unit cost of serving over its year, as a share."""
    declines = catalog.load("price_declines").set_index("fact_id")
    return 1 - 1 / float(declines.loc[_UNIT_COST, "factor_per_year"])


@lru_cache(maxsize=1)
def tokens_and_compute() -> pd.DataFrame:
    """All three, in the order in which they are drawn."""
    return pd.concat([token_growth(), chip_growth(), google_serving()], ignore_index=True)


def grew(series: str, period: str | None = None) -> Interval:
    """Growth per year of a series of `tokens_and_compute`."""
    rows = tokens_and_compute().query("series == @series")
    row = rows[rows["period"] == period].iloc[0] if period else rows.iloc[-1]
    return Interval(row["low"], row["growth"], row["high"], LEVEL)
