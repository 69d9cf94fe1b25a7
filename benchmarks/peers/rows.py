"""The measured rows, the tables they name, and how far predictions are from them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from peers.points import chip_of, precision_of

ROOT = Path(__file__).resolve().parents[2]
#: Columns both measured tables are brought to.
COLUMNS = (
    "row",
    "chip_id",
    "model_id",
    "framework",
    "precision",
    "kv_precision",
    "tp",
    "pp",
    "attention_dp",
    "ep",
    "chips_used",
    "scenario",
    "concurrency_kind",
    "batch_or_concurrency",
    "input_tokens",
    "output_tokens",
    "ttft_ms",
    "tpot_ms",
)
#: What must be equal for two chips to be compared.
SETTING = ("table", "model_id", "tp", "pp", "attention_dp", "ep", "batch_or_concurrency")


def read_table(name: str) -> pd.DataFrame:
    """A table of the chapter."""
    return pd.read_csv(ROOT / "data" / "hardware" / f"{name}.csv")


def measured_rows(measurements: Path) -> pd.DataFrame:
    """Both measured tables below each other, with a column `table`: A or B.

    Parameters
    ----------
    measurements : pathlib.Path
        File of the larger table (A). B is the chapter's own, with rows that calibrate only.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, `table` and `engine`; `tpot_ms` of B is the time stated, else the inverse of
        the speed stated per user; a time derived from a batch is left out.
    """
    empty = pd.DataFrame(columns=["row_id"])
    a = pd.read_csv(measurements) if measurements.is_file() else empty
    a = a.rename(columns={"row_id": "row"}).reindex(columns=COLUMNS)
    a[["attention_dp", "ep", "chips_used"]] = a[["attention_dp", "ep", "chips_used"]].where(
        lambda counts: counts > 0
    )
    a["attention_dp"] = a["attention_dp"].fillna(1.0)
    try:
        b = read_table("serving_benchmarks")
    except FileNotFoundError:
        b = read_table("inference_benchmarks")
    b = b[b["use_for"] == "calibration"].rename(columns={"bench_id": "row"})
    stated = b["tpot_ms"].notna() | (b["concurrency_kind"] != "unknown")
    speed = 1e3 / b["tokens_per_s_per_user"].where(stated)
    b["tpot_ms"] = b["tpot_ms"].fillna(speed)
    both = pd.concat([a.assign(table="A"), b.reindex(columns=COLUMNS).assign(table="B")])
    both = both.reset_index(drop=True)
    name = both["framework"].astype(str).str.lower().str.replace("tensorrt-llm", "trtllm")
    both["engine"] = name.str.extract(r"^(trtllm|vllm|sglang)", expand=False).fillna("other")
    both["chip"] = chip_of(both)
    return both


def log_errors(predicted: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """ln(predicted / measured); NaN where either is missing."""
    ratio = np.asarray(predicted, dtype=float) / np.asarray(measured, dtype=float)
    return np.log(np.where(ratio > 0, ratio, np.nan))


def summary(errors: np.ndarray) -> dict[str, float]:
    """Rows, share answered, median and 90th percentile of |error|, and median error."""
    errors = np.asarray(errors, dtype=float)
    found = errors[np.isfinite(errors)]
    if not found.size:
        return {"rows": 0, "answered": 0.0, "median": np.nan, "p90": np.nan, "bias": np.nan}
    away = np.abs(found)
    return {
        "rows": int(found.size),
        "answered": found.size / errors.size,
        "median": float(np.median(away)),
        "p90": float(np.quantile(away, 0.9)),
        "bias": float(np.median(found)),
        "worst": float(away.max()),
    }


def one_constant(errors: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Errors after one factor for all rows, taken from the groups a row is not in."""
    errors, groups = np.asarray(errors, dtype=float), np.asarray(groups)
    corrected = np.full_like(errors, np.nan)
    for group in pd.unique(groups):
        others = errors[(groups != group) & np.isfinite(errors)]
        if others.size:
            corrected[groups == group] = errors[groups == group] - np.median(others)
    return corrected


def pair_errors(rows: pd.DataFrame, predicted: np.ndarray) -> np.ndarray:
    """Errors of ln(time on one chip / time on another) at equal settings.

    Rows of one chip that agree in everything are averaged (in the logarithm) first.
    """
    frame = rows.assign(predicted=np.log(predicted), measured=np.log(rows["tpot_ms"]))
    frame["stated"] = precision_of(rows)
    setting = [*SETTING, "stated", "input_tokens", "output_tokens", "engine"]
    frame[["predicted", "measured"]] = frame[["predicted", "measured"]].where(
        frame[["predicted", "measured"]].notna().all(axis=1)
    )
    cells = frame.dropna(subset=["predicted"]).groupby([*setting, "chip"], dropna=False)
    error = cells[["predicted", "measured"]].mean().eval("predicted - measured")
    found = [
        first - second
        for _, group in error.groupby(level=list(range(len(setting))), dropna=False)
        for first, second in combinations(group.to_numpy(), 2)
    ]
    return np.array(found)


def stratified(rows: pd.DataFrame, size: int, seed: int) -> pd.Index:
    """Labels of a sample with equal shares of each model, chip and engine, as far as they go."""
    generator = np.random.default_rng(seed)
    shuffled = rows.iloc[generator.permutation(len(rows))]
    rank = shuffled.groupby(["model_id", "chip", "engine"]).cumcount()
    return rank.sort_values(kind="stable").index[:size].sort_values()
