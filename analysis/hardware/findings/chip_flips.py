"""Where the cheapest chip changes: with the ratio of rents, the speed, the batch, the context."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.hardware import named
from analysis.hardware.findings import rents
from analysis.hardware.findings.chip_prices import OWNED, RENTED, efficiency_errors, prices
from analysis.hardware.findings.choice import (
    costs,
    options,
    the_map,
    workloads,
)
from analysis.hardware.flips import (
    BATCH,
    CONTEXT,
    SPEED,
    costs_along,
    crossings,
    price_flip,
)
from analysis.hardware.workloads import ANY, STEADY

#: Pairs of chips whose ratio of rents is followed, dearer to name first where both are NVIDIA's.
PAIRS = (
    ("h100_sxm", "mi355x"), ("b200", "mi355x"), ("h200", "b200"), ("gb200", "b200"),
    ("l40s", "h100_sxm"), ("tpu_v6e", "h100_sxm"), ("inf2", "h100_sxm"),
)  # fmt: skip
FLIP_TEST = "test_a_planted_price_flips_the_winner_at_the_computed_ratio"
CROSSING_TEST = "test_crossings_of_known_costs_are_found"


@cache
def price_flips() -> pd.DataFrame:
    """The ratio of rents at which each pair costs the same, in every cell that both can do."""
    table = costs(RENTED).set_index(["workload", "service", "model_id", "chip_id"])
    rows = []
    for first, second in PAIRS:
        a, b = (table.xs(chip, level="chip_id") for chip in (first, second))
        both = a.add_suffix("_a").join(b.add_suffix("_b"), how="inner")
        both = both[np.isfinite(both["chip_s_a"]) & np.isfinite(both["chip_s_b"])].reset_index()
        mixture = both["model_id"].map(lambda name: bool(named.models()[name].experts > 0))
        error = [
            np.hypot(efficiency_errors(m)[first], efficiency_errors(m)[second]) for m in mixture
        ]
        flip = price_flip(
            both["chip_s_a"], both["chip_s_b"], both["usd_per_chip_hour_a"],
            both["usd_per_chip_hour_b"], np.array(error),
        )  # fmt: skip
        rows.append(both[["workload", "service", "model_id"]].assign(
            chip_id=first, other_chip_id=second, ratio=flip.ratio, low=flip.low, high=flip.high,
            today=flip.today, distance=flip.distance, first_is_cheaper=flip.first_is_cheaper,
            source_id=both["source_id_a"],
        ))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


@cache
def pair_summary() -> pd.DataFrame:
    """Each pair in the middle of its cells: flip ratio with interval, today's, and who wins."""
    rows = []
    for pair, cells in price_flips().groupby(["chip_id", "other_chip_id"], sort=False):
        middle = cells.iloc[(cells["ratio"] - cells["ratio"].median()).abs().argmin()]
        rows.append({
            "chip_id": pair[0], "other_chip_id": pair[1], "cells": len(cells),
            "won": int(cells["first_is_cheaper"].sum()), "least": cells["ratio"].min(),
            "most": cells["ratio"].max(), **middle[["ratio", "low", "high", "today", "distance"]],
        })  # fmt: skip
    return pd.DataFrame(rows).set_index(["chip_id", "other_chip_id"])


def like_for_like(chip_id: str) -> tuple[float, float]:
    """Least and greatest rent of a chip over the H100's where one source quotes both alike."""
    ratio = rents.rent_ratio(chip_id)["ratio"]
    return float(ratio.min()), float(ratio.max())


#: How far each axis is searched, in its unit.
REACH = {SPEED: (5.0, 250.0), BATCH: (1.0, 1024.0), CONTEXT: (256.0, 100_000.0)}


@cache
def winners_along(
    model_id: str, workload: str, axis: str, *, vendor: str | None = None
) -> pd.DataFrame:
    """Which chip is cheapest along an axis: `chip_id` from `low` to `high`, at today's rents.

    The work is at its steady level; along the speed the first token may take as long as it does
    there.
    """
    work = next(w for w in workloads() if w.name == workload and w.service in (STEADY, ANY))
    price = prices().query("basis == @RENTED").dropna(subset="usd_per_chip_hour")
    if vendor is not None:
        price = price[price["vendor"] == vendor]
    pairs = list(zip(price["chip_id"], price["usd_per_chip_hour"], strict=True))
    every = options(model_id)
    ways = every.at(np.isin(every.chip_id, price["chip_id"].tolist()))

    def cost(values: np.ndarray) -> np.ndarray:
        return costs_along(
            ways, work, named.first_token_terms(named.models()[model_id]), axis, values, pairs
        )

    low, high = REACH[axis]
    changes = crossings(cost, low, high)
    ends = np.array([low, *changes["at"], high])
    if len(changes):
        order = [int(changes["before"].iloc[0]), *changes["after"].astype(int)]
    else:
        first = cost(np.array([low]))[0]
        order = [int(first.argmin()) if np.isfinite(first).any() else -1]
    names = ["" if place < 0 else pairs[place][0] for place in order]
    return pd.DataFrame({"chip_id": names, "low": ends[:-1], "high": ends[1:]})


@cache
def h100_by_year() -> pd.DataFrame:
    """Share of the map at which the H100 is cheapest among chips announced by each year's end."""
    rows = []
    for basis in (RENTED, OWNED):
        price = prices().query("basis == @basis").dropna(subset="usd_per_chip_hour")
        announced = pd.to_numeric(price["released"].str[:4])
        for year in range(2022, int(catalog.as_of()[:4]) + 1):
            # A year without a new chip has the map of the year before.
            last = int(announced[announced <= year].max())
            cells = the_map(basis, by_year=last)
            rows.append({
                "basis": basis, "year": year, "cells": len(cells),
                "won": int((cells["chip_id"] == "h100_sxm").sum()),
                "share": float((cells["chip_id"] == "h100_sxm").mean()),
                "expected_share": float(cells["h100_probability"].mean()),
            })  # fmt: skip
    return pd.DataFrame(rows)
