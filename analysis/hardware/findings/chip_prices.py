"""What a chip-hour costs on one footing, and how far prices and speeds may be off."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import named
from analysis.hardware.claim_ratios import chip_error_sd
from analysis.hardware.cost import ownership_usd_per_chip_hour
from analysis.hardware.error_bands import kind_of
from analysis.hardware.findings import rents

RENTED, OWNED, GOOGLE = "three-year rent", "ownership", "ownership, with Google's TPUs"
#: What renters ask without a contract; its ratio to the others says how far those may be trusted.
DEMAND = "on-demand rent"
ESTIMATED, CONTRACT = "three-year rent, estimated", "three-year reservation"
CONVERTED = "on demand, taken to three-year terms"
#: Quotes without a contract count from this year on.
DEMAND_SINCE = 2025
#: Standard normal quantile of an 80% interval, and of the 95th percentile.
EIGHTY, _NINETY_FIFTH = 1.2815516, 1.6448536
_SHORT = {
    "h100_sxm": "H100", "h100_pcie": "H100 PCIe", "a100_40": "A100 40GB", "a100_80": "A100",
    "a100_pcie": "A100 PCIe", "inf2": "Inferentia2", "trn1": "Trainium1", "gaudi3": "Gaudi 3",
    "tpu_v5e": "TPU v5e", "tpu_v5p": "TPU v5p", "tpu_v6e": "TPU v6e", "tpu_v7": "TPU v7",
}  # fmt: skip


def chip_name(chip_id: str) -> str:
    """Short name of a chip, as a label has it."""
    return _SHORT.get(chip_id, chip_id.upper())


def _central(name: str) -> float:
    return assumptions.get(name).central


@cache
def three_year_rents() -> pd.DataFrame:
    """Rents that their source estimates for the chip itself; `usd` and `source_id` by chip.

    What the source fills in as a multiple of another chip's rent is no figure of that chip.
    """
    rows = catalog.load("accelerators").set_index("chip_id")
    rows = rows[rows["rental_3yr_basis"] == "estimate"]
    return pd.DataFrame(
        {"usd": rows["rental_3yr_usd_per_hour"], "source_id": rows["cost_source_id"]}
    )


@cache
def conversion() -> tuple[float, float]:
    """On-demand rent over three-year rent of one chip: median, and deviation of the logarithm."""
    rows = catalog.load("accelerators")
    rows = rows[rows["cloud_price_kind"].fillna("").str.startswith("on-demand")]
    quoted = rows.set_index("chip_id")["cloud_price_usd_per_hour"]
    ratio = (quoted / three_year_rents()["usd"]).dropna()
    return float(ratio.median()), float(np.log(ratio).std())


@cache
def demand_quotes() -> pd.DataFrame:
    """Quotes without a contract, no lists of large clouds, indices or bounds, by date."""
    rows = rents.quotes()
    rows = rows[(rows["price_class"] == "on_demand") & (rows["bound"] == "")]
    return rows[rows["year_from"] >= DEMAND_SINCE].sort_values("year", kind="stable")


def _on_demand(row: pd.Series) -> tuple[float, str, str]:
    """The latest price without a contract that states its month: price, source, date."""
    known = row["cloud_price_usd_per_hour"], row["cloud_price_source_id"], row["cloud_price_date"]
    quotes = demand_quotes()
    dated = quotes[(quotes["chip_id"] == row["chip_id"]) & (quotes["date"].str.len() > len("2026"))]
    if dated.empty or dated["date"].iloc[-1][:7] <= str(known[2])[:7]:
        return known
    last = dated.iloc[-1]
    return last["usd_per_gpu_hour"], last["source_id"], last["date"]


def _demand(chip_id: str) -> tuple[float, str, str, str, str]:
    """Median quote without a contract; price, kind, source and date of the last, and why none."""
    mine = demand_quotes()
    mine = mine[mine["chip_id"] == chip_id]
    if mine.empty:
        return np.nan, "", "", "", f"no quote without a contract since {DEMAND_SINCE}"
    last, kind = mine.iloc[-1], f"on demand, median of quotes since {DEMAND_SINCE}"
    middle = float(mine["usd_per_gpu_hour"].median())
    return middle, kind, str(last["source_id"]), str(last["date"]), ""


def _rent(row: pd.Series) -> tuple[float, str, str, str, str]:
    """Price, kind, source, date, and why there is none."""
    kind = str(row["cloud_price_kind"]) if pd.notna(row["cloud_price_kind"]) else ""
    if row["rental_3yr_basis"] == "multiple":
        return np.nan, "", "", "", "its contract rent is a multiple of another chip's, no quote"
    if row["chip_id"] in three_year_rents().index:
        dates = catalog.load("sources").set_index("source_id")["date"]
        price, source = three_year_rents().loc[row["chip_id"]]
        return price, ESTIMATED, source, str(dates[source]), ""
    if kind.startswith("3-year reserved"):
        price, source = row["cloud_price_usd_per_hour"], row["cloud_price_source_id"]
        return price, CONTRACT, source, row["cloud_price_date"], ""
    if kind.startswith("on-demand"):
        price, source, date = _on_demand(row)
        return price / conversion()[0], CONVERTED, source, date, ""
    reason = f"its only rent is no offer to compare: {kind}" if kind else "no rent is known"
    return np.nan, "", "", "", reason


def _owned(row: pd.Series) -> float:
    chip = row["purchase_price_usd"]
    return float(
        ownership_usd_per_chip_hour(
            chip, chip * _central("server_overhead_share"), chip * _central("network_share"),
            _central("chip_life_years"), _central("capital_cost_share"), row["tdp_w"],
            _central("server_power_share"), _central("pue"), _central("power_usd_per_kwh"),
            _central("load_share"), site_usd_per_kw_month=_central("site_usd_per_kw_month"),
            residual_share=_central("residual_share"),
        ).total
    )  # fmt: skip


@cache
def prices() -> pd.DataFrame:
    """USD per chip-hour on each basis, one row per chip and basis; blank with a `reason`.

    `kind`, `date` and `source_id` say what the price is, from when and from whom.
    """
    rows = []
    for _, row in catalog.load("accelerators").iterrows():
        base = {
            "chip_id": row["chip_id"],
            "chip": row["name"],
            "released": row["release_date"],
            "vendor": row["vendor"],
        }
        barred = _unusable(row)
        for basis, found in ((RENTED, _rent(row)), (DEMAND, _demand(row["chip_id"]))):
            usd, kind, source, date, reason = found
            rows.append({**base, "basis": basis, "usd_per_chip_hour": np.nan if barred else usd,
                         "price_kind": kind, "date": date, "source_id": source,
                         "reason": barred or reason})  # fmt: skip
        bought = np.isfinite(row["purchase_price_usd"]) and np.isfinite(row["tdp_w"])
        inside = "Google pays" in str(row["purchase_price_kind"])
        for basis in (OWNED, GOOGLE):
            closed = (
                "sold to nobody: what Google pays its maker" if inside and basis == OWNED else ""
            )
            why = (
                barred or closed or ("" if bought else "no purchase price or no rated power known")
            )
            rows.append({
                **base, "basis": basis, "usd_per_chip_hour": np.nan if why else _owned(row),
                "price_kind": str(row["purchase_price_kind"]) if bought else "",
                "date": str(row["purchase_price_date"]) if bought else "",
                "source_id": row["purchase_price_source_id"] if bought else "", "reason": why,
            })  # fmt: skip
    return pd.DataFrame(rows)


def _unusable(row: pd.Series) -> str:
    if row["class"] == "consumer_gpu":
        return "a card for consumers, not sold for data centres"
    if "(China)" in row["name"]:
        return "made for China alone"
    chip = named.chips()[row["chip_id"]]
    known = (chip.memory_bytes, chip.memory_bytes_per_s, chip.best_16_bit_flop_per_s)
    return "" if np.all(np.isfinite(known)) else "its memory or peak rate is not known"


@cache
def estimates() -> pd.Series:
    """Three-year rents that one source estimates, by chip; nobody asked or paid them."""
    table = prices().query("basis == @RENTED and price_kind == @ESTIMATED")
    return table.dropna(subset="usd_per_chip_hour").set_index("chip_id")["usd_per_chip_hour"]


def least_quote(chip_id: str) -> float:
    """Lowest exact rent of a chip that somebody asked or paid, of any term and date."""
    rows = rents.history(chip_id)
    quoted = rows[(rows["kind"] != "estimate") & (rows["bound"] == "")]
    return float(quoted["usd_per_gpu_hour"].min())


@cache
def left_out() -> pd.DataFrame:
    """Chips that no basis prices, with the reason of each basis."""
    table = prices().pivot_table("reason", "chip_id", "basis", aggfunc="first")
    return table[(table != "").all(axis=1)].reset_index()


@cache
def efficiency_errors(mixture: bool) -> dict[str, float]:
    """Deviation of ln(speed) of each chip, less what chips share.

    NVIDIA's: from the errors of the ratio of two chips at equal settings. Other makers' chips have
    too few such pairs and take the whole error of rows held out, which none of them has for a
    mixture of experts: there by how much more NVIDIA's err on one is added.
    """
    dense, mixed = pair_error(False), pair_error(True)
    bands = catalog.load("prediction_bands").query("measure == 'tpot'").set_index("row_kind")
    errors = {}
    for chip, family in named.families().items():
        kind = kind_of(family, mixture)
        more = np.sqrt(max(mixed**2 - dense**2, 0.0)) if mixture else 0.0
        whole = (bands.loc[kind, "high"] - bands.loc[kind, "low"]) / 2.0 / EIGHTY
        pair = mixed if mixture else dense
        errors[chip] = pair if kind.startswith("NVIDIA") else float(np.hypot(whole, more))
    return errors


@cache
def pair_error(mixture: bool) -> float:
    """Deviation of one chip's ln(speed), from the errors of ratios of two chips."""
    pairs = catalog.load("chip_pair_errors")
    is_mixture = pairs["model_id"].map(lambda name: bool(named.models()[name].experts > 0))
    mine = pairs[is_mixture == mixture]
    return chip_error_sd(mine["median_abs"].to_numpy(), mine["rows"].to_numpy())


@cache
def price_errors(basis: str) -> dict[str, float]:
    """Deviation of ln(price) of each chip: of a quote, and of taking it to contract terms."""
    error = assumptions.get("rent_error")
    quote = float(np.log(error.high / error.low) / 2.0 / _NINETY_FIFTH)
    table = prices().query("basis == @basis")
    taken = np.where(table["price_kind"] == CONVERTED, conversion()[1], 0.0)
    return dict(zip(table["chip_id"], np.hypot(quote, taken), strict=True))


@cache
def level_error(chip_id: str, mixture: bool) -> float:
    """Deviation of ln(time per token) of rows held out, of the kind of a chip and a model."""
    bands = catalog.load("prediction_bands").query("measure == 'tpot'").set_index("row_kind")
    band = bands.loc[kind_of(named.families()[chip_id], mixture)]
    return float((band["high"] - band["low"]) / 2.0 / EIGHTY)
