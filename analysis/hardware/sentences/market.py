"""Rents, supply and devices in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import assumptions
from analysis.hardware.findings import edge, rents, supply
from analysis.uncertainty import Interval
from analysis.wording import count, digits, month, percent, span


def numbers() -> dict[str, str]:
    """Every number of rents, supply, claims of scale and devices, formatted."""
    return {**_rents(), **_ratios(), **_supply(), **_claims(), **_edge()}


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _change(factor: float) -> str:
    """A factor as a change in percent: 0.91 is −9%."""
    sign = "+" if factor > 1 else ""
    return f"{sign}{digits(100 * (factor - 1))}%"


def _rents() -> dict[str, str]:
    first, low = rents.market_ends()
    again = rents.repeats()
    contract = again.loc[(rents.REFERENCE, "contract_1_year")]
    it = rents.market_trend()
    spread = rents.spread_of_quotes()["ratio"].to_numpy()
    factor = it.yearly_factor
    return {
        "rent_launch": f"{first['usd_per_gpu_hour']:.2f}",
        "rent_lowest": f"{low['usd_per_gpu_hour']:.2f}",
        "rent_2026_span": span(*(f"{end:.2f}" for end in rents.market_span("2026"))),
        "rent_lowest_month": month(low["date"]),
        "rent_contract_rise": percent(float(contract["change"]) - 1),
        "rent_contract_from": month(contract["date_before"]),
        "rent_contract_to": month(contract["date_after"]),
        "rent_trend_span": span(_change(factor.low), _change(factor.high)),
        "rent_quotes": str(it.points),
        "rent_sources": str(it.sources),
        "rent_spread_span": span(*(digits(end) for end in _ends(spread))),
    }


def _ratios() -> dict[str, str]:
    table = rents.like_for_like().set_index("chip_id")
    others = table.drop(rents.REFERENCE)
    nvidia = ["h200", "b200", "gb200"]
    compute, memory = (others[f"usd_per_{unit}_hour_ratio"] for unit in ("pflop", "100gb"))
    l40s = rents.rent_ratio("l40s")["ratio"]
    return {
        "like_gb200": digits(float(table.loc["gb200", "usd_per_gpu_hour_ratio"])),
        "like_pflop_nvidia": span(digits(compute[nvidia].min()), digits(compute[nvidia].max())),
        "like_memory_amd": span(*(digits(end) for end in _ends(memory.drop(nvidia).to_numpy()))),
        "l40s_rent_span": span(*(digits(end) for end in _ends(l40s.to_numpy()))),
    }


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _supply() -> dict[str, str]:
    holders = supply.holders().set_index("owner")
    named = holders["share"].drop(supply.UNNAMED).nlargest(4)
    least, most = (1 / index for index in supply.concentration()[::-1])
    google = holders.loc["Google"]
    units = supply.asic_share("stock", supply.BY_UNITS)
    compute = supply.asic_share("stock", supply.BY_COMPUTE)
    added = supply.asic_share("added", supply.BY_COMPUTE)
    makes = supply.vendor_shares(supply.COMPUTE).set_index("vendor")
    nvidia = makes.loc["Nvidia"]
    return {
        "holders_four": percent(float(named.sum())),
        "holders_google_span": span(percent(google["low"]), percent(google["high"])),
        "holders_equal": span(digits(least), digits(most)),
        "asic_units": percent(units.central),
        "asic_units_span": _percents(units),
        "asic_compute": percent(compute.central),
        "asic_compute_span": _percents(compute),
        "asic_added_span": _percents(added),
        "nvidia_compute_span": span(percent(nvidia["low"]), percent(nvidia["high"])),
    }


def _claims() -> dict[str, str]:
    counted = supply.chips_counted()
    running = supply.site_gigawatts(counted.central)
    return {
        "chips_counted": count(counted.central),
        "chips_counted_span": span(count(counted.low), count(counted.high)),
        "chips_added": count(supply.chips_added()),
        "chips_counted_gw_span": span(digits(running.low), digits(running.high)),
    }


def _edge() -> dict[str, str]:
    table = edge.largest_speeds().set_index("device_id")
    phone, laptop = table.loc["snapdragon8elite"], table.loc["macbookpro_m4max"]
    slow, card = table.loc["snapdragon_x_elite"], table.loc["rtx4090_pc"]
    site = edge.site(edge.SITE_W, edge.SITE_MODEL)
    measured = edge.measured_speeds()
    both = [edge.speed("rtx4090_pc", f"llama-2-{size}b") for size in (7, 13)]
    return {
        "edge_reading": digits(assumptions.get("reading_tokens_per_s").central, 1),
        "edge_phone_model": str(phone["model"]),
        "edge_phone_fits": percent(edge.fit_share("snapdragon8elite", phone["model_id"])),
        "edge_phone_speed_span": _speeds(phone),
        "edge_laptop_model": str(laptop["model"]),
        "edge_laptop_speed_span": _speeds(laptop),
        "edge_slow_model": str(slow["model"]),
        "edge_slow_speed_span": _speeds(slow),
        "edge_server_model": str(table.loc["dgx_h100", "model"]),
        "edge_card_model": str(card["model"]),
        "edge_card_13b_chips": str(edge.chips_per_copy("rtx4090", "llama-2-13b")),
        "edge_card_speed_span": span(digits(both[1].central), digits(both[0].central)),
        "edge_runs": str(len(measured)),
        "edge_runs_span": span(*(digits(end) for end in _ends(measured["ratio"].to_numpy()))),
        "site_racks_span": span(*(f"{e:.0f}" for e in (site["domains"].low, site["domains"].high))),
        "site_copies": f"{site['copies'].central:.0f}",
        "site_model": edge.model_names()[edge.SITE_MODEL],
    }


def _speeds(row: pd.Series) -> str:
    return span(digits(row["tokens_per_s_low"]), digits(row["tokens_per_s_high"]))
