"""How far the serving model is off: published points, groups of rows it had not seen, peers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.hardware import named
from analysis.hardware.error_bands import kinds_of
from analysis.hardware.points import Points

PEER_TEST = "test_peers_are_as_far_from_the_measured_rows_as_was_found_before"
LEFT_OUT = {"model": "the model left out", "chip": "the chip left out"}


@lru_cache(maxsize=1)
def published_points() -> tuple[pd.DataFrame, Points, np.ndarray]:
    """Rows of the table that calibrate, their operating points, and measured seconds per token."""
    rows = catalog.load("serving_benchmarks")
    per_user = pd.to_numeric(rows["tokens_per_s_per_user"], errors="coerce")
    seconds = rows["tpot_ms"].astype(float).fillna(1000.0 / per_user) / 1000.0
    used = (
        (rows["use_for"] == "calibration")
        & seconds.notna()
        & rows["batch_or_concurrency"].notna()
        & ~(rows["output_tokens"] <= 1)
    )
    points, index, _ = named.points(rows[used])
    return rows.loc[index], points, seconds.loc[index].to_numpy()


@lru_cache(maxsize=1)
def published() -> pd.DataFrame:
    """Published points with the prediction that had not seen the model, and its 80% interval."""
    kept = catalog.load("published_predictions")
    rows, points, _ = published_points()
    from_table = rows.set_index("bench_id")
    kinds = pd.Series(kinds_of(points), index=rows["bench_id"].to_numpy())
    kept = kept[kept["bench_id"].isin(from_table.index)].copy()
    low, high = named.error_bands("tpot").interval(
        kept["without_model_tpot_ms"].to_numpy(), kinds.reindex(kept["bench_id"]).to_numpy()
    )
    return kept.assign(
        low_ms=low, high_ms=high,
        batch=from_table["batch_or_concurrency"].reindex(kept["bench_id"]).to_numpy(),
        row_kind=kinds.reindex(kept["bench_id"]).to_numpy(),
        row_source=from_table["source_id"].reindex(kept["bench_id"]).to_numpy(),
    )  # fmt: skip


def errors(left_out: str, grouped_by: str = "all_rows", measure: str = "tpot") -> pd.DataFrame:
    """Rows of the table of errors."""
    table = catalog.load("prediction_errors")
    return table[
        (table["left_out"] == left_out)
        & (table["grouped_by"] == grouped_by)
        & (table["measure"] == measure)
    ]


def overall(left_out: str, measure: str = "tpot") -> pd.Series:
    """Errors over all rows."""
    return errors(left_out, measure=measure).iloc[0]


def pairs() -> pd.DataFrame:
    """Ratios between two chips at equal settings."""
    return catalog.load("chip_pair_errors")


def percent_off(log_error: float) -> float:
    """A log error as the share by which a prediction is off: 0.1 is 10.5%."""
    return float(np.expm1(log_error))


@lru_cache(maxsize=1)
def calculators() -> pd.DataFrame:
    """Errors of public calculators and of ours on the same rows, best first."""
    table = catalog.load("calculator_errors")
    table = table[table["rows_set"] == "all"].copy()
    for name in ("median_abs", "p90_abs", "bias"):
        table[name.replace("_abs", "") + "_percent"] = 100 * np.expm1(table[name])
    return table.assign(
        ours=table["calculator"].str.startswith("this book"),
        answered_percent=100 * table["answered_share"],
    ).sort_values("median_percent", ignore_index=True)


def calculator(name: str, rows_set: str = "all") -> pd.Series:
    """One calculator's row."""
    table = catalog.load("calculator_errors")
    return table[(table["calculator"] == name) & (table["rows_set"] == rows_set)].iloc[0]


def covered(left_out: str) -> float:
    """Share of rows left out whose measurement lies in the 80% interval."""
    return float(overall(left_out)["covered"])


def maker_error(kind: str) -> float:
    """Median absolute error of a kind of rows, over models and chips left out."""
    table = catalog.load("prediction_bands")
    rows = table[(table["measure"] == "tpot") & (table["row_kind"] == kind)]
    return float(rows["median_abs"].iloc[0])
