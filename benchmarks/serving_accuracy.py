"""Put our serving model and every peer to the same measured rows, side by side.

    python benchmarks/serving_accuracy.py
    python benchmarks/serving_accuracy.py --all --keep predictions --json errors.json
    python benchmarks/serving_accuracy.py --sample 0 --keep predictions --csv scores.csv

Two measured tables: A, the serving runs that aiconfigurator is distributed with (a part), and B,
the chapter's own table. Errors are ln(predicted / measured) of the time per output token. Peers
written anew here (naive roofline, kipply 2022, Erdil 2025, LLM-Viewer, a closed form with eight
fitted constants) always run; GenZ (genz-llm), llm-analysis and aiconfigurator run where they are
installed beside this package, on a stratified sample unless `--all` is given; with `--keep` their
answers of an earlier run stand in where they are not installed. Ours is scored in sample, and as
fitted without the model, or the chip, of each row; its 80% bands likewise.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from peers import eight_constants, packages
from peers.points import points_from_rows
from peers.registry import PEERS, token_seconds
from peers.rows import (
    ROOT,
    log_errors,
    measured_rows,
    one_constant,
    pair_errors,
    read_table,
    stratified,
    summary,
)

from analysis.hardware import predict_benchmarks
from analysis.hardware.derive import LEVEL, Calibrated, calibrate
from analysis.hardware.derive import measured_rows as calibration_rows
from analysis.hardware.error_bands import KINDS, bands, kinds_of

#: Concurrency up to which a time to first token is one prompt and not a queue.
LOW_CONCURRENCY = 4
TIMED_ROWS = 50_000
HELD_OUT = {"by model": ("model_id", "model_id"), "by chip": ("chip", "chip_id")}


def frame(rows, token_s, prompt_s, seconds, **more):
    """Predictions in the unit of the rows, and what one of them took."""
    found = pd.DataFrame({"tpot_ms": 1e3 * token_s, "ttft_ms": 1e3 * prompt_s}, index=rows.index)
    found.attrs["seconds_each"] = seconds / max(len(rows), 1)
    return found.assign(**more)


def written_anew(points, rows):
    """Peers of this folder, with and without the other requests' prefill, and the closed form."""
    found = {}
    for name, peer in PEERS.items():
        began = time.perf_counter()
        both, step, prompt = token_seconds(peer, points)
        took = time.perf_counter() - began
        found[name] = frame(rows, both, prompt, took, step_ms=1e3 * step)
    for label, (column, _) in HELD_OUT.items():
        tokens, prompts = eight_constants.held_out(points, rows["tpot_ms"] / 1e3, rows[column])
        began = time.perf_counter()
        eight_constants.token_seconds(points, eight_constants.Constants())
        took = time.perf_counter() - began
        found[f"eight constants, held out {label}"] = frame(rows, tokens, prompts, took)
    return found


def from_packages(points, rows, arguments):
    """Peers that are installed, on a sample or on all rows; the others are named."""
    found = {}
    for name in packages.PACKAGES:
        kept = kept_answers(arguments.keep, name)
        if not packages.installed(name) and (kept.empty or arguments.all or arguments.sample):
            print(f"skipped: {name} is not installed")
            continue
        chosen = rows.index
        if not arguments.all:
            answered = rows.index[rows["row"].isin(kept.index)]
            chosen = stratified(rows, arguments.sample, arguments.seed).union(answered)
        missing = chosen[~rows.loc[chosen, "row"].isin(kept.index)]
        took = 0.0
        if len(missing):
            places = rows.index.get_indexer(missing)
            began = time.perf_counter()
            tokens, prompts = packages.ask(name, points.take(places), rows.loc[missing])
            took = time.perf_counter() - began
            new = pd.DataFrame(
                {"tpot_s": tokens, "ttft_s": prompts, "seconds": took / len(missing)},
                index=pd.Index(rows.loc[missing, "row"], name="row"),
            )
            kept = new if kept.empty else pd.concat([kept, new])
            if arguments.keep:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                kept.to_csv(arguments.keep / f"{name}.csv")
        asked = kept.reindex(rows.loc[chosen, "row"])
        found[name] = frame(
            rows.loc[chosen],
            asked["tpot_s"].to_numpy(),
            asked["ttft_s"].to_numpy(),
            float(asked["seconds"].mean()) * len(chosen),
        )
    return found


def kept_answers(folder, name):
    """Answers of a package kept from an earlier run, by row."""
    if folder and (folder / f"{name}.csv").is_file():
        return pd.read_csv(folder / f"{name}.csv", index_col="row")
    return pd.DataFrame(columns=["tpot_s", "ttft_s", "seconds"], dtype=float)


def ours(rows, measurements):
    """Our model, in sample and by fits that have not seen a row's model or chip."""
    if not measurements.is_file():
        print("our model is scored in sample only, as its own data are not here")
        return {"ours, in sample": predict_benchmarks(rows)}
    done = calibrate(calibration_rows(measurements))
    names = pd.Index(done.rows["row_id"].fillna(done.rows["bench_id"]))
    found = {"ours, in sample": predict_benchmarks(done.rows)}
    # Timed on as many rows as drown what a call costs besides.
    repeated = done.rows.iloc[np.resize(np.arange(len(done.rows)), TIMED_ROWS)]
    began = time.perf_counter()
    predict_benchmarks(repeated)
    each = (time.perf_counter() - began) / TIMED_ROWS
    for label, (_, column) in HELD_OUT.items():
        by = column.removesuffix("_id")
        low, high = unseen_bands(done, by)
        found[f"ours, held out {label}"] = pd.DataFrame(
            {
                "tpot_ms": 1e3 * done.unseen[by],
                "ttft_ms": 1e3 * done.unseen_first[by],
                "tpot_ms_low": 1e3 * low,
                "tpot_ms_high": 1e3 * high,
            }
        )
    for name, predicted in found.items():
        found[name] = predicted.set_axis(names).reindex(rows["row"]).set_axis(rows.index)
        found[name].attrs["seconds_each"] = each
    return found


def unseen_bands(done: Calibrated, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of each row from the errors of other models, or chips, alone."""
    labels = done.rows[f"{by}_id"].to_numpy()
    errors, kinds = np.log(done.unseen[by] / done.measured), kinds_of(done.points)
    low, high = np.full((2, len(labels)), np.nan)
    for label in np.unique(labels):
        out = labels == label
        band = bands(errors[~out], kinds[~out], KINDS, level=LEVEL)
        low[out], high[out] = band.interval(done.unseen[by][out], kinds[out])
    return low, high


def score(rows, predicted):
    """Everything measured of one model on some rows."""
    rows = rows.loc[rows.index.intersection(predicted.index)]
    predicted = predicted.reindex(rows.index)
    errors = log_errors(predicted["tpot_ms"], rows["tpot_ms"])
    found = summary(errors)
    corrected = one_constant(errors, rows["model_id"].to_numpy())
    found["one_constant"] = summary(corrected)["median"]
    if "step_ms" in predicted:
        found["step_alone"] = summary(log_errors(predicted["step_ms"], rows["tpot_ms"]))["median"]
    pairs = np.abs(pair_errors(rows, predicted["tpot_ms"].to_numpy()))
    found |= {"pairs": int(pairs.size), "pair": float(np.median(pairs)) if pairs.size else np.nan}
    ranks = rows["attention_dp"].fillna(1)
    low = (rows["batch_or_concurrency"] * ranks <= LOW_CONCURRENCY) & rows["ttft_ms"].notna()
    first = summary(log_errors(predicted.loc[low, "ttft_ms"], rows.loc[low, "ttft_ms"]))
    found |= {"ttft_rows": first["rows"], "ttft": first["median"]}
    if {"tpot_ms_low", "tpot_ms_high"} <= set(predicted):
        inside = rows["tpot_ms"].between(predicted["tpot_ms_low"], predicted["tpot_ms_high"])
        found["inside"] = float(inside[predicted["tpot_ms"].notna()].mean())
    found["seconds_each"] = predicted.attrs.get("seconds_each", np.nan)
    return found


def print_scores(title, rows, models):
    """A table with a line per model, and what it holds."""
    table = pd.DataFrame({name: score(rows, found) for name, found in models.items()}).T
    order = ["rows", "answered", "median", "p90", "bias", "worst", "step_alone", "one_constant"]
    order += ["pairs", "pair", "ttft_rows", "ttft", "inside", "seconds_each"]
    table = table.reindex(columns=order)
    print(f"\n{title}: {len(rows):,} rows")
    shown = table.astype(float)
    print(shown.to_string(float_format=lambda value: f"{value:.3g}", na_rep="-"))
    return table.to_dict(orient="index")


def print_groups(rows, models):
    """Median |error| by model, chip and engine."""
    found = {}
    for column in ("model_id", "chip", "engine"):
        medians = {}
        for name, predicted in models.items():
            here = rows.loc[rows.index.intersection(predicted.index)]
            errors = log_errors(predicted.loc[here.index, "tpot_ms"], here["tpot_ms"])
            errors = pd.Series(np.abs(errors), index=here.index)
            medians[name] = errors.groupby(here[column]).median()
        table = pd.DataFrame(medians).T
        table = table[rows[column].value_counts().index.intersection(table.columns)]
        print(f"\nmedian |error| by {column}")
        print(table.to_string(float_format=lambda value: f"{value:.2f}", na_rep="-"))
        found[column] = table.to_dict(orient="index")
    return found


def in_common(rows, models):
    """Rows that every model was asked about and answered."""
    answered = pd.Series(True, index=rows.index)
    for found in models.values():
        answered &= found["tpot_ms"].reindex(rows.index).notna()
    return rows[answered]


def row_sets(rows, models):
    """The rows that models are compared on, by name."""
    sets = {"all": rows} | {f"table {t}": rows[rows["table"] == t] for t in ("A", "B")}
    whole = {name: found for name, found in models.items() if len(found) == len(rows)}
    sampled = {name: found for name, found in models.items() if name not in whole}
    many = {name: found for name, found in whole.items() if found["tpot_ms"].notna().mean() > 0.7}
    sets["common, any model"] = in_common(rows, many)
    sets["common, dense models"] = in_common(rows, whole)
    for name, found in sampled.items():
        sets[f"answered by {name}"] = in_common(rows, {name: found})
    return {name: part for name, part in sets.items() if len(part)}


def as_table(scores):
    """Scores of every set of rows below each other, as they are published."""
    columns = {
        "answered_share": "answered", "median_abs": "median", "p90_abs": "p90", "bias": "bias",
        "worst_abs": "worst", "pair_median_abs": "pair", "pairs": "pairs",
        "ttft_median_abs": "ttft", "ttft_rows": "ttft_rows", "inside_80_share": "inside",
    }  # fmt: skip
    lines = []
    for set_name, by_peer in scores.items():
        for peer, found in by_peer.items():
            line = {"peer": peer, "rows_set": set_name, "rows": found["rows"]}
            line |= {ours: found.get(theirs, np.nan) for ours, theirs in columns.items()}
            line["seconds_per_million"] = 1e6 * found["seconds_each"]
            notes = [("with the prefill of others added", "step_alone")]
            note = [said for said, key in notes if np.isfinite(found.get(key, np.nan))]
            lines.append(line | {"note": "; ".join(note)})
    table = pd.DataFrame(lines)
    table["rows"] = table["rows"].fillna(0).astype(int)
    return table[table["rows"] > 0]


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--measurements",
        type=Path,
        default=ROOT.parent / "shared" / "datasets" / "serving_measurements.csv",
        help="CSV of table A",
    )
    parser.add_argument("--all", action="store_true", help="ask packages about every row")
    parser.add_argument(
        "--sample", type=int, default=150, help="rows the packages are asked; 0: kept only"
    )
    parser.add_argument("--keep", type=Path, help="folder of the packages' answers, for next time")
    parser.add_argument("--json", type=Path, help="write the scores (no rows) to this file")
    parser.add_argument("--csv", type=Path, help="write a table of them to this file")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.sample < 0:
        parser.error("give a sample of 0 rows or more")
    return arguments


def main() -> None:
    """Ask everyone and print the scores."""
    arguments = parse()
    rows = measured_rows(arguments.measurements)
    if not (rows["table"] == "A").any():
        print(f"missing: {arguments.measurements}; table B alone is scored")
    rows = rows[rows["tpot_ms"] > 0]
    tables = [read_table(name).set_index(key) for name, key in TABLES]
    points, known = points_from_rows(rows, *tables)
    print(f"{len(rows)} rows with a time per output token, {len(known)} with a whole setting")
    models = written_anew(points, rows.loc[known])
    models |= from_packages(points, rows.loc[known], arguments)
    for name, found in models.items():
        if len(found) == len(known):
            # Rows without a whole setting count as not answered.
            models[name] = found.reindex(rows.index)
            models[name].attrs = found.attrs
    models |= ours(rows, arguments.measurements)
    scores = {}
    for name, part in row_sets(rows, models).items():
        asked = {m: f for m, f in models.items() if f["tpot_ms"].reindex(part.index).notna().any()}
        scores[name] = print_scores(name, part, asked)
    if arguments.csv:
        as_table(scores).to_csv(arguments.csv, index=False, float_format="%.5g")
    scores["groups"] = print_groups(rows, models)
    if arguments.json:
        arguments.json.write_text(json.dumps(scores, indent=1, default=float), encoding="utf-8")


#: Tables of the chapter, and their keys.
TABLES = (("llm_architectures", "model_id"), ("accelerators", "chip_id"))

if __name__ == "__main__":
    main()
