"""What a million tokens of a fixed model cost on the chips of each year, owned and rented.

Today's software on every chip: what is left of the fall is what the chips themselves brought.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import named
from analysis.hardware.claim_ratios import split_normal, throughput_at
from analysis.hardware.cost import ownership_usd_per_chip_hour, usd_per_mtok
from analysis.hardware.cost_history import (
    cheapest_chip,
    cheapest_so_far,
    halving_years,
    share_of_fall,
    yearly_fall,
)
from analysis.hardware.error_bands import kind_of
from analysis.hardware.findings import DRAWS, LEVEL, SEED
from analysis.hardware.findings.nvl72 import claim, frontier
from analysis.hardware.findings.rents import quotes
from analysis.hardware.rents import period_of
from analysis.uncertainty import Interval, percentile_interval

FALL_TEST = "test_a_planted_fall_comes_back"
LARGE, SMALL = "llama-3.3-70b", "llama-3.1-8b"
NAMES = {LARGE: "Llama 70B", SMALL: "Llama 8B"}
#: Formats a chip computes in, the narrowest first.
NARROWEST = ("fp4", "fp8", "bf16")
SIXTEEN = ("bf16",)
EIGHT = ("fp8", "bf16")
#: Chips of rented servers; prices of the others are what a buyer is thought to pay for his own.
_FAMILIES = ("ampere", "hopper", "blackwell", "blackwell_ultra", "cdna3", "cdna4")
#: Sold only where the faster ones may not be, or slower cards of a chip that is here.
_LEFT_OUT = ("h800", "h20", "a100_40", "a100_pcie")
_BAND_LEVEL = 0.8
_OWNER = (
    "chip_life_years", "capital_cost_share", "server_overhead_share", "network_share",
    "residual_share", "power_usd_per_kwh", "site_usd_per_kw_month", "pue",
    "server_power_share", "load_share", "fleet_utilisation",
)  # fmt: skip


def speed() -> float:
    """Tokens/s for each user that is held fixed: that of the launch claim of the rack."""
    return float(claim()["tokens_per_s_per_user"])


@cache
def chips() -> pd.DataFrame:
    """Chips with a price, power and date, by date of release."""
    rows = catalog.load("accelerators")
    rows = rows[
        rows["family"].isin(_FAMILIES)
        & ~rows["chip_id"].isin(_LEFT_OUT)
        & rows["purchase_price_usd"].notna()
        & rows["tdp_w"].notna()
    ]
    rows = rows.assign(year=[np.mean(period_of(date)) for date in rows["release_date"]])
    return rows.sort_values("year").reset_index(drop=True)


def _format(chip_id: str, formats: tuple[str, ...]) -> str:
    chip = named.chips()[chip_id]
    return next(name for name in formats if np.isfinite(chip.peak_flop_per_s(name)))


@cache
def time_errors(chip_id: str) -> np.ndarray:
    """Draws of ln(true time / predicted) of one chip, from rows held out."""
    frame = named.error_bands("tpot").frame.loc[kind_of(named.families()[chip_id], False)]
    seed = SEED + list(named.chips()).index(chip_id)
    return split_normal(-frame["high"], -frame["low"], _BAND_LEVEL, DRAWS, seed)


@cache
def _rate(model: str, chip_id: str, formats: tuple[str, ...]) -> tuple[float, np.ndarray]:
    """Output tokens per second per chip at the speed held fixed, and its draws."""
    curve = frontier(model, chip_id, _format(chip_id, formats))
    return float(throughput_at(curve, speed())), throughput_at(
        curve, np.full(DRAWS, speed()), time_errors(chip_id)
    )


@cache
def _assumed() -> dict[str, np.ndarray]:
    """Draws of what an owner's cost rests on, the same for all chips; the last is central."""
    drawn = assumptions.sample(_OWNER, DRAWS, np.random.default_rng(SEED))
    return {
        name: np.append(values, assumptions.get(name).central) for name, values in drawn.items()
    }


@cache
def _price_errors(chip_id: str) -> np.ndarray:
    seed = SEED + 1000 + list(named.chips()).index(chip_id)
    return assumptions.sample(["rent_error"], DRAWS, np.random.default_rng(seed))["rent_error"]


def _owned_usd_per_hour(row: pd.Series, price_share: float = 1.0) -> np.ndarray:
    """USD per chip-hour of an owner; draws, and last the central value.

    Host and network are paid in proportion to the price in the table, whatever share of it the
    chip itself is had for.
    """
    it = _assumed()
    price = row["purchase_price_usd"] * np.append(_price_errors(row["chip_id"]), 1.0)
    return ownership_usd_per_chip_hour(
        price_share * price, price * it["server_overhead_share"], price * it["network_share"],
        it["chip_life_years"], it["capital_cost_share"], row["tdp_w"], it["server_power_share"],
        it["pue"], it["power_usd_per_kwh"], it["load_share"],
        site_usd_per_kw_month=it["site_usd_per_kw_month"], residual_share=it["residual_share"],
    ).total  # fmt: skip


def _per_mtok(usd_per_hour: np.ndarray, rate: float, drawn: np.ndarray) -> np.ndarray:
    """USD per million output tokens: draws, and last the central value; infinite where too slow."""
    rates = np.append(drawn, rate)
    fast = np.where(rates > 0, rates, 1.0)
    cost = usd_per_mtok(usd_per_hour, 1.0, fast, _assumed()["fleet_utilisation"])
    return np.where(rates > 0, cost, np.inf)


@cache
def owned_draws(model: str, formats: tuple[str, ...] = NARROWEST) -> np.ndarray:
    """Cost per million output tokens on each of `chips`: draws by row, the central one last."""
    return np.stack(
        [
            _per_mtok(_owned_usd_per_hour(row), *_rate(model, row["chip_id"], formats))
            for _, row in chips().iterrows()
        ],
        axis=-1,
    )


def _interval(values: np.ndarray) -> Interval:
    it = percentile_interval(values[:-1], LEVEL)
    return Interval(it.low, float(values[-1]), it.high, LEVEL)


@cache
def owned(model: str, formats: tuple[str, ...] = NARROWEST) -> pd.DataFrame:
    """Owner's cost of a million output tokens on each chip, with its interval."""
    table, drawn = chips(), owned_draws(model, formats)
    usable = np.isfinite(drawn[-1])
    found = []
    for place in np.flatnonzero(usable):
        row, values = table.loc[place], drawn[:, place]
        it = _interval(
            np.where(np.isfinite(values), values, np.nanmax(values[np.isfinite(values)]))
        )
        found.append(
            {"chip_id": row["chip_id"], "chip": row["name"], "year": row["year"],
             "usd_per_mtok": it.central, "low": it.low, "high": it.high,
             "precision": _format(row["chip_id"], formats),
             "source_id": row["purchase_price_source_id"]}
        )  # fmt: skip
    return pd.DataFrame(found)


def years() -> np.ndarray:
    """Calendar years from the first chip to the last."""
    dates = chips()["year"]
    return np.arange(np.floor(dates.min()), np.floor(dates.max()) + 1)


@cache
def best(model: str, formats: tuple[str, ...] = NARROWEST) -> pd.DataFrame:
    """Lowest owner's cost on any chip released by the end of each year, with its interval."""
    dates, drawn = chips()["year"].to_numpy(), owned_draws(model, formats)
    lowest = cheapest_so_far(dates, drawn, years())
    names = chips()["name"].to_numpy()[cheapest_chip(dates, drawn[-1], years())]
    intervals = [_interval(lowest[:, i]) for i in range(lowest.shape[1])]
    return pd.DataFrame(
        {"year": years(), "chip": names, "usd_per_mtok": [i.central for i in intervals],
         "low": [i.low for i in intervals], "high": [i.high for i in intervals]}
    )  # fmt: skip


@cache
def steps(model: str) -> pd.DataFrame:
    """Lowest owner's cost so far at the release of each chip, and today, with its interval."""
    dates, drawn = chips()["year"].to_numpy(), owned_draws(model)
    # A chip counts from the day it is released.
    lowest = cheapest_so_far(dates, drawn, dates - 1 + 1e-9)
    intervals = [_interval(lowest[:, i]) for i in range(lowest.shape[1])]
    intervals.append(intervals[-1])
    year, month = (int(part) for part in catalog.as_of().split("-"))
    return pd.DataFrame(
        {"year": [*dates, year + month / 12], "usd_per_mtok": [i.central for i in intervals],
         "low": [i.low for i in intervals], "high": [i.high for i in intervals]}
    )  # fmt: skip


@cache
def yearly(model: str, formats: tuple[str, ...] = NARROWEST) -> Interval:
    """Cost a year ago over cost now, through the best chip of each year."""
    lowest = cheapest_so_far(chips()["year"].to_numpy(), owned_draws(model, formats), years())
    return _interval(yearly_fall(years(), lowest))


def halving(model: str, formats: tuple[str, ...] = NARROWEST) -> Interval:
    """Years in which hardware halves the cost."""
    it = yearly(model, formats)
    low, central, high = (float(halving_years(v)) for v in (it.high, it.central, it.low))
    return Interval(low, central, high, LEVEL)


@cache
def price_for_parity(model: str, chip_id: str, rival_id: str) -> Interval:
    """Share of its price at which an owned chip's token costs what an owned rival's does.

    Above 1 where the chip is the cheaper already; below 0 where not even a gift would do.
    """
    table = catalog.load("accelerators").set_index("chip_id", drop=False)
    rates = {
        name: np.append(*reversed(_rate(model, name, NARROWEST))) for name in (chip_id, rival_id)
    }
    if not all(np.all(rate > 0) for rate in rates.values()):
        raise ValueError(f"{chip_id}, {rival_id}: too slow in some draws for a cost per token")
    target = _owned_usd_per_hour(table.loc[rival_id]) * rates[chip_id] / rates[rival_id]
    dear, free = (_owned_usd_per_hour(table.loc[chip_id], share) for share in (1.0, 0.0))
    return _interval((target - free) / (dear - free))


@cache
def price_falls() -> pd.DataFrame:
    """Fitted yearly falls of the price of a fixed score whose interval is of use."""
    rows = catalog.load("price_declines")
    rows = rows[(rows["basis"] == "fit") & (rows["metric"] == "price per token")]
    return rows[rows["confidence"] == "medium"].reset_index(drop=True)


def price_halving_months() -> tuple[float, float, float]:
    """Months in which the price of a fixed score halves: fastest, median and slowest fit."""
    rows = price_falls()["factor_per_year"]
    months = 12 * halving_years(rows.to_numpy())
    return float(months.min()), float(np.median(months)), float(months.max())


def hardware_share(model: str) -> Interval:
    """Share of the fall of prices, in logarithms, that chips account for.

    The interval is that of hardware alone, against the median fall; the ends of the falls are in
    `hardware_share_span`.
    """
    it, whole = yearly(model), float(price_falls()["factor_per_year"].median())
    low, central, high = (float(share_of_fall(v, whole)) for v in (it.low, it.central, it.high))
    return Interval(low, central, high, LEVEL)


def hardware_share_span(model: str) -> tuple[float, float]:
    """`hardware_share` against the fastest and the slowest fall."""
    part, falls = yearly(model).central, price_falls()["factor_per_year"]
    return float(share_of_fall(part, falls.max())), float(share_of_fall(part, falls.min()))


@cache
def rented(model: str) -> pd.DataFrame:
    """Cost of a million output tokens at each exact on-demand rent of a chip, at its date."""
    known = set(chips()["chip_id"]) | {"h200"}
    rows = quotes()
    rows = rows[
        (rows["price_class"] == "on_demand") & (rows["bound"] == "") & rows["chip_id"].isin(known)
    ]
    names = catalog.load("accelerators").set_index("chip_id")["name"]
    found = []
    for row in rows.to_dict("records"):
        hour = row["usd_per_gpu_hour"] * np.append(_price_errors(row["chip_id"]), 1.0)
        it = _interval(_per_mtok(hour, *_rate(model, row["chip_id"], NARROWEST)))
        found.append(
            {"chip_id": row["chip_id"], "chip": names[row["chip_id"]], "year": row["year"],
             "date": row["date"], "usd_per_mtok": it.central, "low": it.low, "high": it.high,
             "usd_per_gpu_hour": row["usd_per_gpu_hour"], "source_id": row["source_id"]}
        )  # fmt: skip
    return pd.DataFrame(found).sort_values("year").reset_index(drop=True)
