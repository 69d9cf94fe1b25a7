"""The choice of a chip in words: the map, what flips it, the frontier, and the H100."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.hardware.findings import chip_flips, chip_prices, frontier
from analysis.hardware.findings import choice as found
from analysis.hardware.findings.chip_flips import CONTEXT, SPEED
from analysis.wording import digits, month, percent, span, usd

_KEYS = ["workload", "service", "model_id"]
#: Speeds per user, in tokens per second, at which frontiers are compared.
_SLOW, _QUICK = 20.0, 50.0


def numbers() -> dict[str, str]:
    """Every number of the choice of a chip, formatted."""
    return {**_map(), **_prices(), **_demand(), **_costs(), **_flips(), **_along(),
            **_frontier(), **_h100()}  # fmt: skip


def _winner(cells: pd.DataFrame) -> tuple[str, int]:
    wins = cells["chip_id"].value_counts()
    return chip_prices.chip_name(str(wins.index[0])), int(wins.iloc[0])


def _changed(one: pd.DataFrame, other: pd.DataFrame) -> int:
    both = one.merge(other, on=_KEYS)
    return int((both["chip_id_x"] != both["chip_id_y"]).sum())


def _map() -> dict[str, str]:
    rented, owned = found.the_map(), found.the_map(chip_prices.OWNED)
    google = found.the_map(chip_prices.GOOGLE)
    nvidia = found.the_map(vendor="NVIDIA")
    chance, margin = rented["probability"], rented["margin"]
    tpu = google["chip_id"].str.startswith("tpu")
    best, wins = _winner(rented)
    best_owned, wins_owned = _winner(owned)
    best_nvidia, wins_nvidia = _winner(nvidia)
    return {
        "map_cells": str(len(rented)),
        "map_best": best,
        "map_wins": str(wins),
        "map_chance": percent(float(chance.mean())),
        "map_chance_span": span(percent(float(chance.min())), percent(float(chance.max()))),
        "map_chance_top": percent(float(chance.max())),
        "map_margin": percent(float(margin.median())),
        "map_margin_most": percent(float(margin.max())),
        "map_owned_best": best_owned,
        "map_owned_wins": str(wins_owned),
        "map_owned_chance": percent(float(owned["probability"].mean())),
        "map_google_tpu": str(int(tpu.sum())),
        "map_nvidia_best": best_nvidia,
        "map_nvidia_wins": str(wins_nvidia),
        "map_nvidia_kinds": str(nvidia["chip_id"].nunique()),
        "map_nvidia_h100": str(int((nvidia["chip_id"] == "h100_sxm").sum())),
        "map_without_four_bit": str(_changed(rented, found.the_map(four_bit=False))),
    }


def _prices() -> dict[str, str]:
    table = chip_prices.prices()
    rent = table[(table["basis"] == chip_prices.RENTED) & table["usd_per_chip_hour"].notna()]
    own = table[(table["basis"] == chip_prices.OWNED) & table["usd_per_chip_hour"].notna()]
    contract = rent[rent["price_kind"] != chip_prices.CONVERTED]
    ratio, _ = chip_prices.conversion()
    dated = contract["date"].str[:7]
    return {
        "priced_rent": str(len(rent)),
        "priced_contract": str(len(contract)),
        "priced_estimate": str(len(chip_prices.estimates())),
        "rent_h100_estimate": usd(chip_prices.estimates()["h100_sxm"], 3),
        "rent_h100_least_quote": usd(chip_prices.least_quote("h100_sxm"), 3),
        "priced_own": str(len(own)),
        "unpriced": str(len(chip_prices.left_out())),
        "price_conversion": digits(ratio),
        "price_oldest": month(str(rent["date"].min())),
        "price_contract_month": month(str(dated.mode().iloc[0])),
    }


def _demand() -> dict[str, str]:
    """The map at on-demand quotes, of the chips that have any."""
    cells = found.the_map(chip_prices.DEMAND)
    best, wins = _winner(cells)
    table = chip_prices.prices().query("basis == @chip_prices.DEMAND")
    return {
        "map_demand_best": best,
        "map_demand_wins": str(wins),
        "map_demand_cells": str(len(cells)),
        "map_demand_chips": str(table["usd_per_chip_hour"].notna().sum()),
    }


def _costs() -> dict[str, str]:
    cells = found.the_map().set_index(_KEYS)
    chat = cells.loc[("chat", "steady", "llama-3.3-70b")]
    quick = cells.loc[("chat", "fast", "llama-3.3-70b")]
    agent = cells.loc[("agent", "steady", "llama-3.3-70b")]
    thought = cells.loc[("reasoning", "steady", "llama-3.3-70b")]
    hurried = cells.loc[("reasoning", "fast", "llama-3.3-70b")]
    return {
        "cost_chat": usd(chat["usd"]),
        "cost_chat_span": span(digits(chat["usd_low"]), usd(chat["usd_high"])),
        "cost_chat_fast_times": digits(quick["usd"] / chat["usd"]),
        "cost_agent": usd(agent["usd"]),
        "cost_chat_output": usd(chat["usd_output"]),
        "cost_steady_speed": digits(1 / found.central("steady_tpot_s")),
        "cost_fast_speed": digits(1 / found.central("fast_tpot_s")),
        "cost_reasoning": usd(thought["usd"]),
        "cost_reasoning_fast_times": digits(hurried["usd"] / thought["usd"]),
    }


def _flips() -> dict[str, str]:
    pairs = chip_flips.pair_summary()
    words: dict[str, str] = {}
    for key, pair in (
        ("h100_mi355x", ("h100_sxm", "mi355x")),
        ("b200_mi355x", ("b200", "mi355x")),
        ("h200_b200", ("h200", "b200")),
        ("gb200_b200", ("gb200", "b200")),
        ("l40s_h100", ("l40s", "h100_sxm")),
        ("tpu_h100", ("tpu_v6e", "h100_sxm")),
    ):
        row = pairs.loc[pair]
        words |= {
            f"flip_{key}": digits(row["ratio"]),
            f"flip_{key}_span": span(digits(row["low"]), digits(row["high"])),
            f"flip_{key}_today": digits(row["today"]),
            f"flip_{key}_move": percent(abs(row["distance"])),
            f"flip_{key}_wins": f"{int(row['won'])} of {int(row['cells'])}",
        }
    cheap = chip_flips.price_flips().query("chip_id == 'l40s'")
    small, mixed = (cheap[cheap["model_id"] == m] for m in ("llama-3.1-8b", "gpt-oss-120b"))
    return words | {
        "l40s_wins_gptoss": f"{int(mixed['first_is_cheaper'].sum())} of {len(mixed)}",
        "l40s_like_span": span(*(digits(x) for x in chip_flips.like_for_like("l40s"))),
        "flip_l40s_small_wins": f"{int(small['first_is_cheaper'].sum())} of {len(small)}",
        "flip_l40s_small_span": span(digits(small["ratio"].min()), digits(small["ratio"].max())),
    }


def _first_change(model_id: str, axis: str, work: str = "chat") -> tuple[str, float]:
    """The chip that takes over first along an axis, and where; itself where none does."""
    along = chip_flips.winners_along(model_id, work, axis)
    if len(along) < 2:
        return chip_prices.chip_name(along["chip_id"].iloc[0]), float(np.inf)
    return chip_prices.chip_name(along["chip_id"].iloc[1]), float(along["high"].iloc[0])


def _along() -> dict[str, str]:
    words: dict[str, str] = {}
    for key, model in (("llama8b", "llama-3.1-8b"), ("llama70b", "llama-3.3-70b"),
                       ("gptoss", "gpt-oss-120b"), ("r1", "deepseek-r1")):  # fmt: skip
        chip, speed = _first_change(model, SPEED)
        words |= {f"speed_{key}_flip": digits(speed), f"speed_{key}_to": chip}
    chip, tokens = _first_change("deepseek-r1", CONTEXT)
    small, begins = _first_change("llama-3.1-8b", CONTEXT)
    return words | {
        "context_r1_flip": digits(tokens),
        "context_r1_to": chip,
        "context_llama8b_flip": digits(begins),
        "context_llama8b_to": small,
    }


def _frontier() -> dict[str, str]:
    words: dict[str, str] = {}
    for key, model, chip, other, speed in (
        ("b200_h100", "llama-3.3-70b", "b200", "h100_sxm", _QUICK),
        ("h200_h100", "llama-3.3-70b", "h200", "h100_sxm", _QUICK),
        ("mi355x_b200", "llama-3.3-70b", "mi355x", "b200", _QUICK),
        ("r1_b200_h200", "deepseek-r1", "b200", "h200", _QUICK),
        ("r1_slow", "deepseek-r1", "b200", "h200", _SLOW),
    ):
        ratio, low, high = frontier.ratio_at(model, chip, other, speed)
        words[f"frontier_{key}"] = digits(ratio)
        words[f"frontier_{key}_span"] = span(digits(low), digits(high))
    return words


def _h100() -> dict[str, str]:
    table = chip_flips.h100_by_year()
    rent = table[table["basis"] == chip_prices.RENTED].set_index("year")
    own = table[table["basis"] == chip_prices.OWNED].set_index("year")
    last = rent.index.max()
    words = {
        f"h100_{key}_{year}": f"{int(row['won'])} of {int(row['cells'])}"
        for key, rows in (("rent", rent), ("own", own))
        for year, row in rows.iterrows()
    }
    return words | {"h100_expected": percent(float(rent.loc[last, "expected_share"]))}
