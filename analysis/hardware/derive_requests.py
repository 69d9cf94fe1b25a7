"""Make the tables of request lengths: ``python -m analysis.hardware.derive_requests``.

Two public traces are fetched and summarised; only the summaries are kept in ``data/``.
``--traces DIR`` takes local copies under the names of the registry. Run
``python -m analysis.catalog seal`` afterwards.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import public_datasets
from analysis.hardware.request_lengths import arrival_summary, joint_bins, length_summary

FOLDER = public_datasets.REGISTRY.parent / "hardware"
SOURCE_ID = "azure_llm_trace2023"
#: Workload and the data set of its trace.
TRACES = {"code": "requests_azure_2023_code", "conversation": "requests_azure_2023_conversation"}
COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
BINS = 6
PROVENANCE = {"source_id": SOURCE_ID, "seen_at": "", "kind": "derived", "confidence": "high"}


def read_trace(file: Path) -> pd.DataFrame:
    """A trace as `arrival_s` (seconds from the first request), `input_tokens`, `output_tokens`.

    Raises
    ------
    analysis.public_datasets.DatasetError
        Where a column is missing, or a cell is not a time or a whole number; names the row.
    """
    released = pd.read_csv(file, dtype=str, keep_default_na=False)
    missing = [name for name in COLUMNS if name not in released]
    if missing:
        raise public_datasets.DatasetError(
            f"{file.name} has no column {missing[0]!r}; accepted: {', '.join(COLUMNS)}"
        )
    times = pd.to_datetime(released[COLUMNS[0]], errors="coerce", format="ISO8601")
    lengths = released[list(COLUMNS[1:])].apply(pd.to_numeric, errors="coerce")
    good = pd.concat([times.notna(), (lengths >= 0) & (lengths % 1 == 0)], axis=1).to_numpy()
    if not good.all():
        row, column = (int(i) for i in np.argwhere(~good)[0])
        raise public_datasets.DatasetError(
            f"{file.name}, row {row + 2}, column {COLUMNS[column]}: "
            f"{released[COLUMNS[column]].iloc[row]!r} is not accepted; accepted: a time, or a "
            "whole number of tokens. Fetch the file anew."
        )
    arrival = (times - times.iloc[0]).dt.total_seconds()
    return pd.DataFrame(
        {
            "arrival_s": arrival,
            "input_tokens": lengths[COLUMNS[1]].astype(int),
            "output_tokens": lengths[COLUMNS[2]].astype(int),
        }
    )


def request_tables(traces: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The three tables by name, from one trace a workload."""
    lengths, arrivals, bins = [], [], []
    for workload, trace in traces.items():
        for direction in ("input", "output"):
            summary = length_summary(trace[f"{direction}_tokens"].to_numpy())
            lengths.append({"workload": workload, "direction": direction, **summary})
        found = arrival_summary(trace["arrival_s"].to_numpy())
        arrivals.append({"workload": workload, **dataclasses.asdict(found)})
        joint = joint_bins(
            trace["input_tokens"].to_numpy(), trace["output_tokens"].to_numpy(), bins=BINS
        )
        bins.append(joint.assign(workload=workload))
    whole = {"n": int, "input_bin": int, "output_bin": int, "requests": int}
    tables = {
        "request_lengths": pd.DataFrame(lengths),
        "request_arrivals": pd.DataFrame(arrivals),
        "request_bins": pd.concat(bins, ignore_index=True),
    }
    return {
        name: table.astype({c: t for c, t in whole.items() if c in table})
        for name, table in tables.items()
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, help="a folder that holds the traces already")
    folder = parser.parse_args(arguments).traces
    files = {
        workload: folder / public_datasets.describe(dataset)["filename"]
        if folder
        else public_datasets.path(dataset)
        for workload, dataset in TRACES.items()
    }
    traces = {workload: read_trace(file) for workload, file in files.items()}
    for name, table in request_tables(traces).items():
        kept = table.assign(**PROVENANCE)
        path = FOLDER / f"{name}.csv"
        first = ["workload", *(c for c in kept.columns if c != "workload")]
        kept[first].to_csv(path, index=False, float_format="%.7g", lineterminator="\n")
        print(f"{path.relative_to(FOLDER.parents[1])}: {len(kept)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
