"""Public counts and evaluations as tables: sampled answers, tokens used, effort levels.

Each comes from files of a public data set, reduced to one row per problem, model or run, or from a
CSV of those rows that is here already.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import public_datasets
from analysis.public_datasets import DatasetError, number

ACCEPTED = {
    "text": "text that is not blank",
    "count": "a whole number >= 0",
    "positive": "a whole number > 0",
    "share": "a number from 0 to 1",
}
KINDS = {
    **dict.fromkeys(("num_correct", "problem_idx"), "count"),
    **dict.fromkeys(("params", "train_tokens", "num_samples"), "positive"),
    **dict.fromkeys(("epochs", "total_samples", "input_tokens", "output_tokens"), "positive"),
    **dict.fromkeys(("accuracy", "stderr"), "share"),
}
SAMPLE_COUNTS = ("benchmark", "model", "params", "problem_idx", "num_samples", "num_correct")
CHECKPOINT_COUNTS = (
    *("benchmark", "checkpoint", "params", "train_tokens"),
    *("problem_idx", "level", "num_samples", "num_correct"),
)
TOKENS = (
    *("benchmark", "model", "epochs", "total_samples"),
    *("input_tokens", "output_tokens", "accuracy"),
)
EFFORT = ("benchmark", "base_model", "effort", "accuracy", "stderr", "started_at", "run_id")
NAMES = {
    "Benchmark": "benchmark",
    "Task": "benchmark",
    "task": "benchmark",
    "Model": "model",
    "Model Nickname": "checkpoint",
    "Parameters": "params",
    "Tokens": "train_tokens",
    "Problem Idx": "problem_idx",
    "prompt_idx": "problem_idx",
    "Level": "level",
    "Num. Samples": "num_samples",
    "Num. Samples Total": "num_samples",
    "Num. Samples Correct": "num_correct",
    "Best score (across scorers)": "accuracy",
    "id": "run_id",
}


def math_sample_counts(path: Path | None = None) -> pd.DataFrame:
    """Right answers among 10,000 samples, by Pythia model and MATH problem.

    Parameters
    ----------
    path : the reduced table as a CSV file. By default the released file
        `llmonkeys_pythia_math_10k` is fetched and reduced, which needs pyarrow.

    Returns
    -------
    pandas.DataFrame
        One row per model and problem: `benchmark`, `model`, `params` (parameters), `problem_idx`,
        `num_samples` and `num_correct` (samples). Ordered by parameters and problem.

    Raises
    ------
    DatasetError
        If the file cannot be had or read, a column is missing, a cell is not accepted, more samples
        are right than were drawn, or a model and problem come twice.

    References
    ----------
    Schaeffer et al. 2025 (ICML), from samples of Brown et al. 2024, arXiv:2407.21787.
    """
    if path is None:
        released = _parquet("llmonkeys_pythia_math_10k")
        one = released.drop_duplicates(["Benchmark", "Model", "Problem Idx"]).rename(columns=NAMES)
        sizes = one["model"].str.extract(r"(?P<number>[\d.]+)(?P<letter>[MB])$")
        factor = sizes["letter"].map({"M": 1e6, "B": 1e9})
        one = one.assign(params=(sizes["number"].astype(float) * factor).round())
        frame = _checked(one, SAMPLE_COUNTS, "the released file")
    else:
        frame = _checked(_csv(path), SAMPLE_COUNTS, path.name)
    return _counted(frame, ["params", "model", "problem_idx"])


def pythia_checkpoint_counts(path: Path | None = None) -> pd.DataFrame:
    """Right answers among samples, by checkpoint of Pythia training and MATH problem.

    The number of samples differs by problem, because it was raised for some of them; estimate
    coverage up to the smallest number of a checkpoint.

    Parameters
    ----------
    path : the reduced table as a CSV file. By default the released files
        `pythia_checkpoints_math_counts` and `pythia_checkpoint_sizes` are fetched and joined, which
        needs pyarrow.

    Returns
    -------
    pandas.DataFrame
        One row per checkpoint and problem: `benchmark`, `checkpoint`, `params` (parameters),
        `train_tokens` (tokens), `problem_idx`, `level`, `num_samples` and `num_correct` (samples).
        Ordered by parameters, tokens and problem.

    Raises
    ------
    DatasetError
        As `math_sample_counts`.

    References
    ----------
    Schaeffer et al. 2025 (ICML).
    """
    if path is None:
        released = _parquet("pythia_checkpoints_math_counts").rename(columns=NAMES)
        sizes = _csv(_fetched("pythia_checkpoint_sizes")).rename(columns=NAMES)
        one = released.drop_duplicates(["checkpoint", "problem_idx"])
        one = one.merge(sizes, on="checkpoint", how="left").assign(benchmark="MATH")
        frame = _checked(one, CHECKPOINT_COUNTS, "the released files")
    else:
        frame = _checked(_csv(path), CHECKPOINT_COUNTS, path.name)
    return _counted(frame, ["params", "train_tokens", "checkpoint", "problem_idx"])


def tokens_and_accuracy(path: Path | None = None) -> pd.DataFrame:
    """Tokens of whole evaluations and the accuracy reached, by model and benchmark.

    Parameters
    ----------
    path : the joined table as a CSV file. By default the released files `epoch_tokens_vs_accuracy`
        and `epoch_effort_levels` are fetched and joined; an evaluation without a score is left out.

    Returns
    -------
    pandas.DataFrame
        One row per benchmark and model: `benchmark`, `model` (with its reasoning effort),
        `epochs`, `total_samples` (answers), `input_tokens`, `output_tokens` (tokens of all answers)
        and `accuracy` (share; the mean where a model was run more than once). Tokens per question
        are tokens / total_samples. Ordered by benchmark and model.

    Raises
    ------
    DatasetError
        As `math_sample_counts`.

    References
    ----------
    Epoch AI 2025, `llm-benchmark-efficiency` and `benchmark-stitching`.
    """
    if path is None:
        tokens = _csv(_fetched("epoch_tokens_vs_accuracy")).rename(columns=NAMES)
        # The two files spell one benchmark differently.
        tokens["benchmark"] = tokens["benchmark"].replace("GPQA Diamond", "GPQA diamond")
        runs = _csv(_fetched("epoch_effort_levels")).rename(columns=NAMES)
        runs["accuracy"] = runs["accuracy"].map(number)
        scores = runs.groupby(["benchmark", "model"], as_index=False)["accuracy"].mean()
        frame = _checked(tokens.merge(scores), TOKENS, "the released files")
    else:
        frame = _checked(_csv(path), TOKENS, path.name)
    return _keyed(frame, ["benchmark", "model"])


def effort_levels(path: Path | None = None) -> pd.DataFrame:
    """Accuracy of runs with a named reasoning effort or a cap on thinking tokens.

    Parameters
    ----------
    path : the reduced table as a CSV file. By default the released file `epoch_effort_levels` is
        fetched and reduced to runs whose model name ends in an effort.

    Returns
    -------
    pandas.DataFrame
        One row per run: `benchmark`, `base_model`, `effort` (low, medium, high, or a cap such as
        16K, which is not the tokens used), `accuracy` (share, best of the scorers), `stderr`
        (share, rounded to hundredths, of the first scorer), `started_at` and `run_id`. Ordered by
        benchmark, model, effort and run.

    Raises
    ------
    DatasetError
        As `math_sample_counts`.

    References
    ----------
    Epoch AI 2025, `benchmark-stitching`.
    """
    if path is None:
        runs = _csv(_fetched("epoch_effort_levels")).rename(columns=NAMES)
        runs[["base_model", "effort"]] = runs["model"].str.extract(r"^(.*)_(low|medium|high|\d+K)$")
        runs["stderr"] = runs["Scores"].str.extract(r"±([\d.]+)")[0]
        runs = runs.dropna(subset=["effort"])
        frame = _checked(runs, EFFORT, "the released file")
    else:
        frame = _checked(_csv(path), EFFORT, path.name)
    return _keyed(frame, ["benchmark", "base_model", "effort", "run_id"])


def _fetched(dataset_id: str) -> Path:
    return public_datasets.path(dataset_id)


def _csv(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{file} cannot be read as a CSV file: {error}. Fetch it anew."
        ) from error


def _parquet(dataset_id: str) -> pd.DataFrame:
    file = _fetched(dataset_id)
    try:
        return pd.read_parquet(file)
    except ImportError as error:
        raise DatasetError(
            f"data set {dataset_id!r} is a Parquet file, which needs pyarrow, and the book does "
            "not install it: pip install pyarrow, or give the path of the reduced CSV file."
        ) from error


def _checked(table: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Keep the named columns, turn counts and shares into numbers, and refuse a bad cell."""
    missing = [column for column in columns if column not in table]
    if missing:
        raise DatasetError(f"{name} has no column {missing[0]!r}; accepted: {', '.join(columns)}")
    if table.empty:
        raise DatasetError(f"{name} has no rows; fetch it anew")
    frame = table[[*columns]].reset_index(drop=True)
    for column in columns:
        values, kind = frame[column], KINDS.get(column, "text")
        if kind == "text":
            good = values.astype(str).str.strip() != ""
        else:
            numbers = values.map(number).astype(float)
            good = (numbers >= 0) & np.isfinite(numbers)
            if kind == "share":
                good &= numbers <= 1
            else:
                good &= (numbers % 1 == 0) & ((numbers > 0) | (kind == "count"))
        if not good.all():
            row = int(np.flatnonzero(~good.to_numpy())[0])
            raise DatasetError(
                f"{name}, row {row + 2}, column {column}: {values.iloc[row]!r} is not accepted; "
                f"accepted: {ACCEPTED[kind]}. Fetch the file anew."
            )
        if kind != "text":
            frame[column] = numbers if kind == "share" else numbers.astype("int64")
    return frame


def _counted(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    over = np.flatnonzero(frame["num_correct"] > frame["num_samples"])
    if len(over):
        row = frame.iloc[over[0]]
        raise DatasetError(
            f"row {over[0] + 2}, column num_correct: {row['num_correct']} is not accepted; "
            f"accepted: at most num_samples, here {row['num_samples']}. Fetch the file anew."
        )
    return _keyed(frame, keys)


def _keyed(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    twice = np.flatnonzero(frame.duplicated([*keys]))
    if len(twice):
        key = ", ".join(str(frame[name].iloc[twice[0]]) for name in keys)
        raise DatasetError(
            f"row {twice[0] + 2} repeats {key}; accepted: each {', '.join(keys)} once. "
            "Fetch the file anew."
        )
    return frame.sort_values([*keys], ignore_index=True)
