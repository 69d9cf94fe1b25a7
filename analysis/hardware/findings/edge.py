"""What fits on a device, how fast it writes there, and how many chips a copy of a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import edge, named
from analysis.hardware.architecture import Architecture
from analysis.hardware.findings import DRAWS, LEVEL, SEED
from analysis.hardware.precision import MXFP4_BYTES
from analysis.uncertainty import Interval, percentile_interval

EDGE_TEST = "test_what_fits_agrees_with_counting_by_hand"
SPEED_TEST = "test_measured_decoding_at_home_stays_below_the_bound"
#: Keys and values are kept in 16 bits.
CACHE_BYTES = 2.0
#: Bytes of a weight in the precision a model is released in.
NATIVE_BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "mxfp4": MXFP4_BYTES}
_BITS_PER_BYTE = 8.0
_QUANTITIES = {
    "memory": "memory_gb",
    "memory_bandwidth": "memory_bandwidth_gbps",
    "power": "power_w",
    "battery": "battery_wh",
    "chips": "chips",
}
_USABLE = {"phone": "phone_usable_share", "laptop": "laptop_usable_share"}
#: Devices where one user has the machine, so that bandwidth alone sets the speed.
OWN = ("phone", "embedded", "laptop", "workstation")
#: The small site that a document speaks of, in watts, and the model it is filled with.
SITE_W = 5e6
SITE_MODEL = "kimi-k2"
DRAWN = (
    "edge_bandwidth_efficiency",
    "edge_weight_bytes",
    "phone_usable_share",
    "laptop_usable_share",
    "workstation_usable_share",
    "phone_sustained_share",
)


@cache
def models() -> dict[str, Architecture]:
    """Every model of the table of architectures."""
    return named.models()


@cache
def model_names() -> dict[str, str]:
    """Name of every model, by its id."""
    rows = catalog.load("llm_architectures").set_index("model_id")
    return rows["model"].to_dict()


@cache
def models_of_today() -> dict[str, Architecture]:
    """Models that take the context assumed; one whose longest context is not known is kept."""
    longest = catalog.load("llm_architectures").set_index("model_id")["max_context"]
    context = _central("edge_context_tokens")
    return {name: it for name, it in models().items() if not longest[name] < context}


def _context(model_id: str) -> float:
    longest = catalog.load("llm_architectures").set_index("model_id").loc[model_id, "max_context"]
    return float(np.fmin(longest, _central("edge_context_tokens")))


@cache
def devices() -> pd.DataFrame:
    """One row per device: memory, bandwidth and power, those of its chips where it is built so.

    ``source_id`` names the source of the memory; `device_sources` has all of a device's.
    """
    facts = catalog.load("devices")
    table = facts.drop_duplicates("device_id")[["device_id", "name", "class"]]
    table = table.set_index("device_id")
    for quantity, column in _QUANTITIES.items():
        rows = facts[facts["quantity"] == quantity].set_index("device_id")
        table[column] = rows["value"]
    built = facts[facts["quantity"] == "chips"].set_index("device_id")["chip_id"]
    chips = catalog.load("accelerators").set_index("chip_id")
    for column in ("memory_gb", "memory_bandwidth_gbps"):
        table.loc[built.index, column] = (
            chips.loc[built, column].to_numpy() * table.loc[built.index, "chips"]
        )
    power = chips.loc[built, "tdp_w"].to_numpy() * table.loc[built.index, "chips"]
    table["power_w"] = table["power_w"].fillna(power)
    holds = facts[facts["quantity"].isin(("memory", "chips"))].set_index("device_id")
    table["kind"], table["source_id"] = holds["kind"], holds["source_id"]
    return table.reset_index()


def device_sources(device_ids: Sequence[str], model_ids: Sequence[str]) -> pd.DataFrame:
    """Sources of what is said of devices, of the chips some are built of, and of models."""
    facts = catalog.load("devices")
    facts = facts[facts["device_id"].isin(device_ids)]
    built = facts.loc[facts["quantity"] == "chips", "chip_id"]
    chips = catalog.load("accelerators")
    chips = chips[chips["chip_id"].isin(built)]
    shapes = catalog.load("llm_architectures")
    shapes = shapes[shapes["model_id"].isin(model_ids)]
    return catalog.sources_of(facts, chips, shapes)


@cache
def _draws() -> dict[str, np.ndarray]:
    return assumptions.sample(DRAWN, DRAWS, np.random.default_rng(SEED))


def _central(name: str) -> float:
    return assumptions.get(name).central


def usable_share_name(device_class: str) -> str:
    """Id of the assumption on how much of a device's memory a model may take."""
    return _USABLE.get(device_class, "workstation_usable_share")


@cache
def capacity() -> pd.DataFrame:
    """Parameters in 4 bits that each device holds, with an interval, and the largest model there.

    The model is the one of most parameters whose weights and cache of one request fit.
    """
    draws = _draws()
    found = []
    for device in devices().to_dict("records"):
        memory = device["memory_gb"] * 1e9
        name = usable_share_name(device["class"])
        params = edge.usable_bytes(memory, draws[name]) / draws["edge_weight_bytes"]
        interval = percentile_interval(params, LEVEL)
        middle = memory * _central(name) / _central("edge_weight_bytes")
        found.append({**device, "low": interval.low, "params": middle, "high": interval.high})
    table = pd.DataFrame(found)
    table["usable_share"] = [_central(usable_share_name(kind)) for kind in table["class"]]
    fitted = edge.what_fits(
        models_of_today(), table, _storage(), _central("edge_context_tokens"),
        efficiency=_central("edge_bandwidth_efficiency"),
    )  # fmt: skip
    largest = edge.largest_that_fits(fitted).set_index("device_id")
    table = table.join(largest[["model_id", "total_params"]], on="device_id")
    table.loc[table["model_id"] == "", "total_params"] = np.nan
    table["model"] = table["model_id"].map({**model_names(), "": ""})
    return table


def _storage() -> edge.Storage:
    return edge.Storage(_central("edge_weight_bytes"), CACHE_BYTES)


@cache
def fit_share(device_id: str, model_id: str) -> float:
    """Share of the draws in which a model and the cache of one request fit on a device."""
    device = devices().set_index("device_id").loc[device_id]
    draws = _draws()
    room = edge.usable_bytes(device["memory_gb"] * 1e9, draws[usable_share_name(device["class"])])
    needed = edge.memory_needed_bytes(
        models()[model_id],
        edge.Storage(draws["edge_weight_bytes"], CACHE_BYTES),
        _central("edge_context_tokens"),
    )
    return float(np.mean(needed <= room))


@cache
def speed(device_id: str, model_id: str) -> Interval:
    """Tokens per second that a device sustains for one user, with an interval.

    Bandwidth times the share of it that is reached; on a phone also the speed it keeps when hot.
    The context is the one assumed, or the model's longest where that is shorter.
    """
    device = devices().set_index("device_id").loc[device_id]
    rate = device["memory_bandwidth_gbps"] * 1e9
    model, context = models()[model_id], _context(model_id)

    def at(weight_bytes: np.ndarray, share: np.ndarray) -> np.ndarray:
        storage = edge.Storage(weight_bytes, CACHE_BYTES)
        return edge.decode_tokens_per_s(model, storage, rate, share, context)

    draws = _draws()
    share = draws["edge_bandwidth_efficiency"]
    middle = _central("edge_bandwidth_efficiency")
    if device["class"] == "phone":
        share = share * draws["phone_sustained_share"]
        middle *= _central("phone_sustained_share")
    interval = percentile_interval(at(draws["edge_weight_bytes"], share), LEVEL)
    central = float(at(np.asarray(_central("edge_weight_bytes")), np.asarray(middle)))
    return Interval(interval.low, central, interval.high, LEVEL)


@cache
def largest_speeds() -> pd.DataFrame:
    """`capacity` with the speed of the largest model, where one user has the device."""
    table = capacity().copy()
    own = table["class"].isin(OWN) & (table["model_id"] != "")
    own &= table["memory_bandwidth_gbps"].notna()
    for column in ("tokens_per_s", "tokens_per_s_low", "tokens_per_s_high"):
        table[column] = np.nan
    for index in table.index[own]:
        it = speed(table.loc[index, "device_id"], table.loc[index, "model_id"])
        table.loc[index, ["tokens_per_s", "tokens_per_s_low", "tokens_per_s_high"]] = (
            it.central, it.low, it.high,
        )  # fmt: skip
    return table


@cache
def measured_speeds() -> pd.DataFrame:
    """Published single-user speeds beside what the bandwidth foretells, and their ratio.

    ``efficiency`` is the share of the rated bandwidth that the run reached.
    """
    facts = catalog.load("devices")
    facts = facts[facts["quantity"] == "decode_speed"]
    rated = devices().set_index("device_id")["memory_bandwidth_gbps"]
    found = []
    for row in facts.to_dict("records"):
        four_bit = row["weight_bits"] < _BITS_PER_BYTE
        weight = _central("edge_weight_bytes") if four_bit else row["weight_bits"] / _BITS_PER_BYTE
        context = 0.0 if np.isnan(row["context_tokens"]) else row["context_tokens"]
        storage = edge.Storage(weight, CACHE_BYTES)
        bound = edge.decode_tokens_per_s(
            models()[row["model_id"]], storage, rated[row["device_id"]] * 1e9, 1.0, context
        )
        reached = row["value"] / bound
        foretold = _central("edge_bandwidth_efficiency") * bound
        found.append({**row, "foretold": foretold, "efficiency": reached})
    table = pd.DataFrame(found)
    return table.assign(ratio=table["value"] / table["foretold"])


def chips_per_copy(chip_id: str, model_id: str, weight_bytes: float | None = None) -> int:
    """Chips whose memory holds one copy of a model; by default in the precision it is released in.

    Weights only, in the share of memory that an engine may take.
    """
    rows = catalog.load("llm_architectures").set_index("model_id")
    each = weight_bytes or NATIVE_BYTES[rows.loc[model_id, "native_precision"]]
    memory = catalog.load("accelerators").set_index("chip_id").loc[chip_id, "memory_gb"] * 1e9
    room = memory * _central("workstation_usable_share")
    return int(np.ceil(models()[model_id].total_params * each / room))


@cache
def chips_for_large(chip_id: str, least_params: float = 1e11) -> pd.Series:
    """`chips_per_copy` of every model above a size, in its released precision."""
    large = [name for name, model in models().items() if model.total_params >= least_params]
    return pd.Series({name: chips_per_copy(chip_id, name) for name in large}).sort_values()


@cache
def site(power_w: float, model_id: str, device_id: str = "gb200_nvl72") -> dict[str, Interval]:
    """Racks, chips and copies of a model in 4 bits at a site, with intervals."""
    rack = devices().set_index("device_id").loc[device_id]
    share, weight = _central("workstation_usable_share"), _central("edge_weight_bytes")
    needed = edge.memory_needed_bytes(
        models()[model_id], edge.Storage(weight, CACHE_BYTES), _central("edge_context_tokens")
    )
    pue = assumptions.sample(["pue"], DRAWS, np.random.default_rng(SEED))["pue"]

    def at(overhead: np.ndarray) -> edge.Site:
        return edge.site(
            power_w, rack["power_w"] / rack["chips"] * overhead, int(rack["chips"]),
            rack["memory_gb"] / rack["chips"] * 1e9, share, needed,
        )  # fmt: skip

    drawn, middle = at(pue), at(np.asarray(_central("pue")))
    found = {}
    for name in ("domains", "chips", "copies", "memory_bytes"):
        it = percentile_interval(np.asarray(getattr(drawn, name), dtype=float), LEVEL)
        found[name] = Interval(it.low, float(getattr(middle, name)), it.high, LEVEL)
    return found
