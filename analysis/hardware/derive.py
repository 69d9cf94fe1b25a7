"""Fit the serving model and keep the result: ``python -m analysis.hardware.derive FILE``.

FILE holds measured operating points: a cleaned part of the public data set
`serving_silicon_sample`, with the columns of the table `serving_benchmarks` as far as they go. It
is read together with that table; only fitted values, error bands and errors by group are kept in
``data/``. Run ``python -m analysis.catalog seal`` afterwards. Takes about three minutes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from analysis import catalog
from analysis.hardware import named
from analysis.hardware.calibration import Fit, fit, held_out_fits, times_of
from analysis.hardware.error_bands import KINDS, LOADS, Bands, bands, kinds_of, loads_of
from analysis.hardware.first_token import FirstToken, few, fit_first_token
from analysis.hardware.points import CHIP_ALIASES, Points

FOLDER = catalog.DATA / "hardware"
SOURCE = "nvidia_aiconfigurator2026"
LEVEL = 0.8
#: Errors by group are kept for groups of at least so many rows.
LEAST_ROWS = 3


def measured_rows(file: Path) -> pd.DataFrame:
    """Rows of both tables that calibrate, with `measured_s` (per output token) added."""
    given = pd.read_csv(file).assign(concurrency_kind="client_concurrency", table="runs")
    kept = catalog.load("serving_benchmarks")
    kept = kept[kept["use_for"] == "calibration"].assign(table="published")
    rows = pd.concat([given, pd.DataFrame(kept)], ignore_index=True)
    per_user = pd.to_numeric(rows["tokens_per_s_per_user"], errors="coerce")
    rows["measured_s"] = rows["tpot_ms"].astype(float).fillna(1000.0 / per_user) / 1000.0
    rows["chip_id"] = rows["chip_id"].replace(CHIP_ALIASES)
    usable = rows["measured_s"].notna() & ~(rows["output_tokens"] <= 1)
    return rows[usable].reset_index(drop=True)


@dataclass(frozen=True)
class Calibrated:
    """The fit of all rows, and what fits that had not seen a row predict for it."""

    rows: pd.DataFrame
    points: Points
    fit: Fit
    first: FirstToken
    unseen: dict[str, np.ndarray]
    unseen_first: dict[str, np.ndarray]

    @property
    def measured(self) -> np.ndarray:
        """Seconds per output token."""
        return self.rows["measured_s"].to_numpy()

    @property
    def measured_first(self) -> np.ndarray:
        """Seconds to the first token; NaN where not measured."""
        return self.rows["ttft_ms"].to_numpy(float) / 1000.0


def bunches_of(rows: pd.DataFrame, points: Points) -> np.ndarray:
    """Configuration of each row: model, chip, engine and precision."""
    return (
        rows["model_id"] + "|" + rows["chip_id"] + "|" + points.engine + "|" + points.number_format
    ).to_numpy()


def calibrate(rows: pd.DataFrame) -> Calibrated:
    """Fit all rows, then again without each model, each chip and each configuration."""
    points, index, _ = named.points(rows)
    rows = rows.loc[index]
    measured, bunches = rows["measured_s"].to_numpy(), bunches_of(rows, points)
    whole = fit(points, measured, bunches)
    labels = {
        "model": rows["model_id"].to_numpy(),
        "chip": rows["chip_id"].to_numpy(),
        "configuration": bunches,
    }
    waited = rows["ttft_ms"].to_numpy(float) / 1000.0
    unseen, unseen_first = {}, {}
    for by, label in labels.items():
        names = label.astype(str)
        token, first = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        fits = held_out_fits(points, measured, bunches, names, progress=tqdm)
        for name, seen in fits.items():
            out = names == name
            kept, times = points.at(~out), times_of(seen.values, points)
            token[out] = times.tpot_s[out]
            start = fit_first_token(kept, times_of(seen.values, kept), waited[~out])
            first[out] = start.ttft_s(points, times)[out]
        unseen[by], unseen_first[by] = token, first
    times = times_of(whole.values, points)
    return Calibrated(
        rows, points, whole, fit_first_token(points, times, waited), unseen, unseen_first
    )


def term_table(done: Calibrated) -> pd.DataFrame:
    """Fitted terms, of the time per token and of the time to the first."""
    return pd.concat([done.fit.frame(), done.first.frame()])


def band_table(done: Calibrated) -> pd.DataFrame:
    """Bands of errors of rows not seen, by kind for `tpot` and by load for `ttft`."""
    kinds, loads = kinds_of(done.points), loads_of(done.points, few(done.points))
    by = ("model", "chip")
    errors = np.concatenate([np.log(done.unseen[name] / done.measured) for name in by])
    tpot = bands(errors, np.concatenate([kinds, kinds]), KINDS, level=LEVEL).frame
    first = np.concatenate([np.log(done.unseen_first[n] / done.measured_first) for n in by])
    known = np.isfinite(first)
    ttft = bands(first[known], np.concatenate([loads, loads])[known], LOADS, level=LEVEL).frame
    frames = [tpot.assign(measure="tpot"), ttft.assign(measure="ttft")]
    return pd.concat(frames).reset_index().assign(rows=lambda t: t["rows"] // len(by))


def error_table(done: Calibrated) -> pd.DataFrame:
    """Errors by what was left out and by group: median and 90th percentile of |ln|, and bias."""
    frame = done.rows[["chip_id", "model_id"]].assign(
        maker=[kind.split()[0] for kind in kinds_of(done.points)], engine=done.points.engine,
        all_rows="all",
    )  # fmt: skip
    single = few(done.points)
    tpot = Bands(band_table(done).query("measure == 'tpot'").set_index("row_kind"))
    rows = []
    for by in done.unseen:
        errors = {
            "tpot": np.log(done.unseen[by] / done.measured),
            "ttft, few requests": np.where(
                single, np.log(done.unseen_first[by] / done.measured_first), np.nan
            ),
        }
        low, high = tpot.interval(done.unseen[by], kinds_of(done.points))
        inside = (done.measured >= low) & (done.measured <= high)
        for measure, error in errors.items():
            for group in ("all_rows", "chip_id", "model_id", "engine"):
                for name, at in frame.groupby(group).indices.items():
                    mine = error[at][np.isfinite(error[at])]
                    if len(mine) < LEAST_ROWS:
                        continue
                    rows.append(
                        {
                            "left_out": by, "measure": measure, "grouped_by": group, "name": name,
                            "rows": len(mine), "median_abs": np.median(np.abs(mine)),
                            "p90_abs": np.quantile(np.abs(mine), 0.9), "bias": np.median(mine),
                            "worst_abs": np.max(np.abs(mine)),
                            "covered": inside[at].mean() if measure == "tpot" else np.nan,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


def pair_table(done: Calibrated) -> pd.DataFrame:
    """Ratios between two chips at equal settings: measured, and predicted without the model.

    Runs of one setting are reduced to their median first; a row holds the median ratio of one pair
    of chips on one model and engine, and the median error of single ratios.
    """
    points = done.points
    frame = done.rows[["model_id", "chip_id"]].assign(
        engine=points.engine, precision=points.number_format, tensor=points.layout.tensor,
        groups=points.layout.attention_copies, asked=points.asked, given=points.input_tokens,
        written=points.output_tokens, measured=done.measured, predicted=done.unseen["model"],
    )  # fmt: skip
    setting = [c for c in frame.columns if c not in ("chip_id", "measured", "predicted")]
    runs = frame.groupby([*setting, "chip_id"], as_index=False).median(numeric_only=True)
    both = runs.merge(runs, on=setting, suffixes=("", "_other"))
    both = both[both["chip_id"] < both["chip_id_other"]]
    both["ratio"] = both["measured"] / both["measured_other"]
    both["predicted_ratio"] = both["predicted"] / both["predicted_other"]
    both["error"] = np.log(both["predicted_ratio"] / both["ratio"])
    groups = both.groupby(["model_id", "engine", "precision", "chip_id", "chip_id_other"])
    found = groups.agg(
        rows=("ratio", "size"), measured_ratio=("ratio", "median"),
        predicted_ratio=("predicted_ratio", "median"), bias=("error", "median"),
        median_abs=("error", lambda e: e.abs().median()),
    )  # fmt: skip
    overall = both["error"].abs().median()
    return found.reset_index().assign(all_pairs_median_abs=overall)


def published_table(done: Calibrated) -> pd.DataFrame:
    """Published points beside what a fit without their model, and one without their chip, says."""
    published = (done.rows["table"] == "published").to_numpy()
    kept = done.rows.loc[published, ["bench_id", "chip_id", "model_id"]]
    return kept.assign(
        engine=done.points.engine[published], measured_tpot_ms=1e3 * done.measured[published],
        without_model_tpot_ms=1e3 * done.unseen["model"][published],
        without_chip_tpot_ms=1e3 * done.unseen["chip"][published],
    )  # fmt: skip


def write(table: pd.DataFrame, name: str) -> None:
    """Keep a table with its provenance, numbers to seven digits."""
    kept = table.assign(source_id=SOURCE, seen_at="", kind="derived", confidence="high")
    kept.to_csv(FOLDER / f"{name}.csv", index=False, float_format="%.7g", lineterminator="\n")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measurements", type=Path, help="measured operating points, CSV")
    done = calibrate(measured_rows(parser.parse_args(arguments).measurements))
    write(term_table(done), "efficiency_terms")
    write(band_table(done), "prediction_bands")
    write(error_table(done), "prediction_errors")
    write(pair_table(done), "chip_pair_errors")
    write(published_table(done), "published_predictions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
