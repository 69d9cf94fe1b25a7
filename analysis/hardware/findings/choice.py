"""Which chip is cheapest for which work: prices on one footing, the map, and how sure it is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import choice, named
from analysis.hardware.findings import DRAWS, SEED
from analysis.hardware.findings.chip_prices import (
    EIGHTY,
    RENTED,
    efficiency_errors,
    level_error,
    price_errors,
    prices,
)
from analysis.hardware.precision import mixed_format
from analysis.hardware.serving_options import Options, options_of
from analysis.hardware.workloads import Workload, standard_workloads

CHOICE_TEST = "test_the_sweep_finds_what_a_loop_over_every_layout_and_batch_finds"
MODELS = ("llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "deepseek-r1")
MODEL_NAMES = {
    "llama-3.1-8b": "Llama 8B", "llama-3.3-70b": "Llama 70B", "gpt-oss-120b": "gpt-oss 120B",
    "deepseek-r1": "DeepSeek R1",
}  # fmt: skip
_LENGTHS = (
    "batch_input_tokens", "batch_output_tokens", "reading_input_tokens", "reasoning_input_tokens",
    "reasoning_output_tokens", "agent_call_input_tokens", "agent_call_output_tokens",
    "agent_call_cached_share", "voice_input_tokens", "voice_output_tokens", "voice_ttft_s",
    "steady_tpot_s", "steady_ttft_s", "fast_tpot_s", "fast_ttft_s",
)  # fmt: skip


def central(name: str) -> float:
    """Central value of an assumption."""
    return assumptions.get(name).central


@cache
def workloads() -> tuple[Workload, ...]:
    """The kinds of work of the map, at the central assumptions and the lengths of the traces."""
    bins = catalog.load("request_bins")
    return standard_workloads(
        {name: central(name) for name in _LENGTHS},
        bins[bins["workload"] == "conversation"],
        bins[bins["workload"] == "code"],
    )


@cache
def options(model_id: str, *, four_bit: bool = True) -> Options:
    """Every way to serve a model on the chips that have a price."""
    priced = prices().dropna(subset="usd_per_chip_hour")
    ids = list(dict.fromkeys(priced["chip_id"]))
    model = named.models()[model_id]
    return options_of(
        model,
        {name: named.chips()[name] for name in ids},
        {name: named.efficiency(name, model) for name in ids},
        mixed=mixed_format(named.native_formats()[model_id]),
        four_bit=four_bit,
    )


@cache
def chip_seconds(model_id: str, *, four_bit: bool = True) -> pd.DataFrame:
    """The best way to do each kind of work on each chip; see `choice.sweep`."""
    found, ways = [], options(model_id, four_bit=four_bit)
    for work in workloads():
        table = choice.sweep(ways, work, named.first_token_terms(named.models()[model_id]))
        found.append(table.assign(model_id=model_id, workload=work.name, service=work.service))
    return pd.concat(found, ignore_index=True)


@cache
def _tokens() -> dict[tuple[str, str], tuple[float, float]]:
    return {
        (work.name, work.service): (work.mean("input_tokens"), work.mean("output_tokens"))
        for work in workloads()
    }


@cache
def costs(
    basis: str = RENTED,
    *,
    four_bit: bool = True,
    by_year: int | None = None,
    vendor: str | None = None,
) -> pd.DataFrame:
    """Cost of every kind of work and model on every chip of a basis.

    `usd` is per million tokens read and written; `usd_output` per million written, with all cost
    laid on those. `by_year` keeps the chips that had been announced by the end of that year,
    `vendor` those of one maker.
    """
    table = pd.concat([chip_seconds(m, four_bit=four_bit) for m in MODELS], ignore_index=True)
    price = prices().query("basis == @basis").dropna(subset="usd_per_chip_hour")
    if by_year is not None:
        year = pd.to_numeric(price["released"].str[:4])
        price = price[year <= by_year]
    if vendor is not None:
        price = price[price["vendor"] == vendor]
    table = table.merge(price, on="chip_id")
    tokens = pd.DataFrame([_tokens()[key] for key in zip(table["workload"], table["service"],
                          strict=True)], columns=["input_tokens", "output_tokens"])  # fmt: skip
    table = pd.concat([table, tokens], axis=1)
    used = central("fleet_utilisation")
    whole = table["input_tokens"] + table["output_tokens"]
    written = table["output_tokens"].where(table["output_tokens"] > 0, table["input_tokens"])
    for name, counted in (("usd", whole), ("usd_output", written)):
        table[name] = choice.usd_per_mtok_of(
            table["chip_s"], table["usd_per_chip_hour"], counted, used
        )
    return table


@cache
def the_map(
    basis: str = RENTED,
    *,
    four_bit: bool = True,
    by_year: int | None = None,
    vendor: str | None = None,
) -> pd.DataFrame:
    """The answer of every cell: cheapest chip, how, at what cost, second best, and how sure."""
    cells = []
    keys = ["workload", "service", "model_id"]
    table = costs(basis, four_bit=four_bit, by_year=by_year, vendor=vendor)
    order = table[keys].drop_duplicates().itertuples(index=False, name=None)
    table = table.sort_values("chip_id", kind="stable", ignore_index=True)
    table["price_sd"] = table["chip_id"].map(price_errors(basis))
    groups = table.groupby(keys, sort=False).indices
    for work, service, model in order:
        places = groups[work, service, model]
        rows = table[["chip_id", "usd"]].take(places)
        able = np.isfinite(rows["usd"].to_numpy())
        if not able.any():
            continue
        mixture = bool(named.models()[model].experts > 0)
        speed_sd = rows["chip_id"].map(efficiency_errors(mixture)).to_numpy()
        price_sd = table["price_sd"].to_numpy()[places]
        share = choice.probability_cheapest(rows["usd"], price_sd, speed_sd, draws=DRAWS, seed=SEED)
        answer = choice.ranked(rows, share).to_dict()
        best = answer.pop("row")
        whole = level_error(answer["chip_id"], mixture)
        spread = np.hypot(whole, price_sd[best]) * EIGHTY
        cells.append({
            "workload": work, "service": service, "model_id": model, "place": places[best],
            **answer, "usd_low": answer["usd"] * np.exp(-spread),
            "usd_high": answer["usd"] * np.exp(spread), "chips_able": int(able.sum()),
            "h100_probability": float(share[(rows["chip_id"] == "h100_sxm").to_numpy()].sum()),
        })  # fmt: skip
    answers = pd.DataFrame(cells)
    kept = ["chip", "precision", "tensor", "attention_copies", "chips", "requests", "limit",
            "tpot_s", "ttft_s", "usd_output", "price_kind", "date", "source_id"]  # fmt: skip
    best_rows = table.loc[answers.pop("place"), kept].reset_index(drop=True)
    return pd.concat([answers, best_rows], axis=1)
