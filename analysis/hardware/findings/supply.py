"""How many chips there are, who holds them, and how many their owners design."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import supply
from analysis.hardware.findings import DRAWS, LEVEL, SEED
from analysis.uncertainty import Interval, percentile_interval

HOLDER_TEST = "test_holders_are_the_published_ones_and_add_to_one"
ASIC_TEST = "test_asic_shares_are_the_published_ones"
COUNTS = "epoch_chip_counts2026"
#: Vendors of the counts whose chips a buyer designs, and that buyer.
DESIGNERS = {"Google TPU": "Google", "Amazon Trainium": "Amazon"}
UNITS, COMPUTE = "cumulative_units", "cumulative_compute"
UNNAMED = "not named"
BY_UNITS, BY_COMPUTE = "share of the chips", "share of their compute"


@cache
def _counts(metric: str) -> pd.DataFrame:
    rows = catalog.load("chip_supply")
    rows = rows[(rows["source_id"] == COUNTS) & (rows["metric"] == metric)]
    return rows.assign(source=rows["source_id"], metric="counted").reset_index(drop=True)


def _at(metric: str, period: str) -> pd.DataFrame:
    rows = _counts(metric)
    return rows[rows["period"] == period].reset_index(drop=True)


def shared_error() -> float:
    """Correlation of the vendors' errors at which shares are least sure."""
    return assumptions.get("supply_error_shared").low


@cache
def last_period() -> str:
    """The last quarter in which every vendor is counted."""
    rows = _counts(UNITS)
    last = rows.groupby("vendor")["period"].max()
    return str(last.min())


@cache
def holders() -> pd.DataFrame:
    """Shares of the compute counted by who holds it, designers with all of their own chips."""
    return supply.holder_shares(
        _counts("cumulative_compute_by_owner"), _counts(COMPUTE), last_period(), DESIGNERS,
        unnamed=UNNAMED, level=LEVEL, draws=DRAWS, seed=SEED, shared=shared_error(),
    )  # fmt: skip


@cache
def holders_by_make() -> pd.DataFrame:
    """Compute of each holder by the vendor of its chips, medians in H100-equivalents."""
    owners = _at("cumulative_compute_by_owner", last_period())
    totals = _at(COMPUTE, last_period()).set_index("vendor")["value"]
    parts = owners[["owner", "vendor", "value"]].copy()
    parts["owner"] = parts["owner"].where(~parts["owner"].str.startswith("Other"), UNNAMED)
    own = [
        {"owner": owner, "vendor": vendor, "value": totals[vendor]}
        for vendor, owner in DESIGNERS.items()
    ]
    left = (totals.drop(list(DESIGNERS)) - owners.groupby("vendor")["value"].sum()).clip(lower=0)
    rest = [{"owner": UNNAMED, "vendor": v, "value": value} for v, value in left.items()]
    table = pd.concat([parts, pd.DataFrame(own + rest)], ignore_index=True)
    table = table.groupby(["owner", "vendor"], as_index=False)["value"].sum().query("value > 0")
    return table.assign(share=table["value"] / totals.sum())


def concentration() -> tuple[float, float]:
    """Herfindahl index of the holders, at its least and its most; see `supply.herfindahl`."""
    shares = holders().set_index("owner")["share"]
    return supply.herfindahl(shares.drop(UNNAMED), unnamed=float(shares[UNNAMED]))


@cache
def asic_shares() -> pd.DataFrame:
    """Share of buyers' own designs by units and by compute: stock and additions, by year."""
    parts = []
    for metric, by in ((UNITS, BY_UNITS), (COMPUTE, BY_COMPUTE)):
        rows = supply.asic_share(
            _counts(metric), tuple(DESIGNERS), level=LEVEL, draws=DRAWS, seed=SEED,
            shared=shared_error(),
        )  # fmt: skip
        parts.append(rows.assign(by=by))
    table = pd.concat(parts, ignore_index=True)
    # Before its rivals' own chips are counted, one vendor's share says nothing.
    return table[table["share"] > 0].reset_index(drop=True)


def asic_share(of: str, by: str, year: int | None = None) -> Interval:
    """One share of `asic_shares`; by default of the last year."""
    rows = asic_shares()
    rows = rows[(rows["of"] == of) & (rows["by"] == by)]
    row = rows.loc[rows["year"] == (year or rows["year"].max())].iloc[0]
    return Interval(float(row["low"]), float(row["share"]), float(row["high"]), LEVEL)


@cache
def vendor_shares(metric: str) -> pd.DataFrame:
    """Shares of the vendors in the stock, by units or by compute."""
    return supply.vendor_shares(
        _counts(metric), last_period(), level=LEVEL, draws=DRAWS, seed=SEED,
        shared=shared_error(),
    )  # fmt: skip


def chips_counted(period: str | None = None) -> Interval:
    """Chips of all vendors counted, with an interval; its widest case is one shared error."""
    rows = _at(UNITS, period or last_period())
    shared = assumptions.get("supply_error_shared").high
    drawn = supply.value_draws(rows, DRAWS, SEED, shared=shared).sum(axis=1)
    interval = percentile_interval(drawn, LEVEL)
    return Interval(interval.low, float(rows["value"].sum()), interval.high, LEVEL)


def chips_added() -> float:
    """Chips counted in the last full year, of all vendors."""
    year = int(last_period()[:4])
    return chips_counted(f"{year}Q4").central - chips_counted(f"{year - 1}Q4").central


def watts_per_chip() -> float:
    """Rated power of the mean chip counted, in watts."""
    rows = catalog.load("chip_supply")
    rows = rows[(rows["source_id"] == COUNTS) & (rows["metric"] == "cumulative_chip_power")]
    rows = rows[rows["period"] == last_period()]
    return float(rows["value"].sum() * 1e6 / chips_counted().central)


@cache
def site_gigawatts(chips: float) -> Interval:
    """Power at the meter of so many chips like the mean one counted, in gigawatts."""
    names = ("server_power_share", "pue")
    drawn = assumptions.sample(names, DRAWS, np.random.default_rng(SEED))
    central = {name: assumptions.get(name).central for name in names}
    rated = chips * watts_per_chip() / 1e9
    interval = percentile_interval(rated * (1 + drawn["server_power_share"]) * drawn["pue"], LEVEL)
    middle = rated * (1 + central["server_power_share"]) * central["pue"]
    return Interval(interval.low, middle, interval.high, LEVEL)
