"""The price of a million tokens as a reader may move it: constants and central settings."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import named
from analysis.hardware.cost import HOURS_PER_MONTH
from analysis.hardware.energy import facility_power_w
from analysis.hardware.memory import requests_that_fit
from analysis.hardware.precision import slowest_link
from analysis.hardware.price_sliders import SliderConstants, slider_constants, usd_per_mtok_at
from analysis.hardware.work import Layout, Widths

MODEL, TENSOR, OUTPUT_TOKENS = "llama-3.3-70b", 4.0, 1024.0
CHIPS = ("h100_sxm", "b200", "mi355x")
BATCHES = tuple(int(b) for b in np.unique(np.round(np.geomspace(1, 512, 37))))
#: A batch that many servers reach.
BUSY = 64
CENTRAL_CONTEXT, CENTRAL_WEIGHT_BYTES, CACHE_BYTES = 1024.0, 1.0, 1.0


@lru_cache(maxsize=8)
def constants(chip_id: str) -> SliderConstants:
    """Constants of one chip, computing in 8 bits."""
    chip, model = named.chips()[chip_id], named.models()[MODEL]
    return slider_constants(
        model, chip, named.efficiency(chip_id, model), tensor=TENSOR, output_tokens=OUTPUT_TOKENS,
        flop_per_s=chip.fp8_flop_per_s, link_bytes_per_s=slowest_link(chip, Layout(TENSOR)),
    )  # fmt: skip


@lru_cache(maxsize=8)
def upfront_usd(chip_id: str) -> float:
    """Chip, host and network of one chip in USD, net of what is got back at the end of life."""
    row = catalog.load("accelerators").set_index("chip_id").loc[chip_id]
    shares = sum(assumptions.get(n).central for n in ("server_overhead_share", "network_share"))
    life, yearly, back = (
        assumptions.get(name).central
        for name in ("chip_life_years", "capital_cost_share", "residual_share")
    )
    net = 1.0 - back * (1.0 + yearly) ** -life
    return float(row["purchase_price_usd"]) * (1.0 + shares) * net


@lru_cache(maxsize=8)
def meter_kw(chip_id: str) -> float:
    """Power of one chip at the meter in kW at central assumptions."""
    rated = named.chips()[chip_id].tdp_w
    watts = facility_power_w(
        rated * assumptions.get("load_share").central, rated,
        server_power_share=assumptions.get("server_power_share").central,
        pue=assumptions.get("pue").central,
    )  # fmt: skip
    return float(watts) / 1e3


@lru_cache(maxsize=8)
def site_usd_per_hour(chip_id: str) -> float:
    """Space and its cooling plant per chip-hour in USD at central assumptions."""
    rated_kw = named.chips()[chip_id].tdp_w * (1 + assumptions.get("server_power_share").central)
    return assumptions.get("site_usd_per_kw_month").central * rated_kw / 1e3 / HOURS_PER_MONTH


def fixed(chip_id: str) -> dict[str, float]:
    """What no slider moves."""
    return {
        "capital_cost_share": assumptions.get("capital_cost_share").central,
        "life_years": assumptions.get("chip_life_years").central,
        "meter_kw_per_chip": meter_kw(chip_id),
        "other_usd_per_chip_hour": site_usd_per_hour(chip_id),
        "cache_bytes": CACHE_BYTES,
    }


def central() -> dict[str, float]:
    """Central values of the sliders."""
    return {
        "price_factor": 1.0,
        "power_usd_per_kwh": assumptions.get("power_usd_per_kwh").central,
        "utilisation": assumptions.get("fleet_utilisation").central,
        "context_tokens": CENTRAL_CONTEXT,
        "weight_bytes": CENTRAL_WEIGHT_BYTES,
    }


def price(chip_id: str, batch: object, values: dict[str, float]) -> object:
    """USD per million output tokens of a chip under slider values."""
    moved = {k: v for k, v in values.items() if k != "price_factor"}
    return usd_per_mtok_at(
        batch, constants=constants(chip_id),
        upfront_usd_per_chip=upfront_usd(chip_id) * values["price_factor"],
        **fixed(chip_id), **moved,
    )  # fmt: skip


@lru_cache(maxsize=1)
def curves() -> pd.DataFrame:
    """Price by batch and chip at central settings, as far as memory goes, with 80% bounds."""
    frames = []
    model = named.models()[MODEL]
    widths = Widths(CENTRAL_WEIGHT_BYTES, CENTRAL_WEIGHT_BYTES, 2.0, CACHE_BYTES)
    for chip_id in CHIPS:
        most = requests_that_fit(
            model, widths, Layout(TENSOR), named.chips()[chip_id].memory_bytes,
            CENTRAL_CONTEXT + 0.6 * OUTPUT_TOKENS,
        )  # fmt: skip
        batch = np.array([b for b in BATCHES if b <= most], float)
        usd = np.asarray(price(chip_id, batch, central()))
        kind = named.error_bands("tpot").frame.loc[named.kind(chip_id, mixture=False)]
        frames.append(
            pd.DataFrame(
                {"chip_id": chip_id, "batch": batch, "usd": usd,
                 "low": usd * np.exp(-kind["high"]), "high": usd * np.exp(-kind["low"])}
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def at(chip_id: str, batch: int) -> float:
    """Central price at one batch."""
    return float(np.asarray(price(chip_id, float(batch), central())))
