"""Public data sets: fetched on demand, checked against a known SHA-256, never copied into the book.

The registry is `data/public_datasets.json`. A reader without network can put a file into the cache
by hand; it is used as soon as its hash is right.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pooch
import requests

from analysis.units import FLOP_PER_PARAMETER_TOKEN

REGISTRY = Path(__file__).resolve().parents[1] / "data" / "public_datasets.json"
CACHE_NAME = "dual-nature-of-ai-compute"
TIMEOUT_SECONDS = 30
COLUMNS = {"Model Size": "parameters", "Training FLOP": "train_flop", "loss": "loss"}
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


class DatasetError(ValueError):
    """A public data set that is not known, cannot be had, or is not what the registry describes."""


def datasets() -> tuple[str, ...]:
    """The ids in the registry."""
    return tuple(entry["id"] for entry in _registry())


def describe(dataset_id: str) -> dict[str, Any]:
    """The registry's entry: title, URL, licence, citation, SHA-256, bytes, source ids.

    Raises
    ------
    DatasetError
        If the id is not in the registry; the message lists those that are.
    """
    entries = {entry["id"]: entry for entry in _registry()}
    if dataset_id not in entries:
        raise DatasetError(
            f"data set {dataset_id!r} is not known; known: {', '.join(sorted(entries))}"
        )
    return entries[dataset_id]


def path(dataset_id: str, *, base_url: str | None = None, cache: Path | None = None) -> Path:
    """Where a data set lies on this machine, fetched if it is not there yet.

    Parameters
    ----------
    dataset_id : one of `datasets`.
    base_url : take the file from this address plus its file name, for instance from a mirror.
    cache : folder to keep it in; by default the user's cache folder.

    Returns
    -------
    pathlib.Path
        A file whose SHA-256 is the registry's.

    Raises
    ------
    DatasetError
        If the id is not known, the file cannot be fetched, or it has another hash.
    """
    entry = describe(dataset_id)
    url = f"{base_url.rstrip('/')}/{entry['filename']}" if base_url else entry["url"]
    folder = cache or Path(pooch.os_cache(CACHE_NAME))
    place = folder / entry["filename"]
    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            url,
            known_hash=f"sha256:{entry['sha256']}",
            fname=entry["filename"],
            path=folder,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS),
        )
    except (requests.RequestException, OSError) as error:
        raise DatasetError(
            f"data set {dataset_id!r} could not be fetched from {url}: {error}. Go online and run "
            f"again, or put the file at {place} by hand; its SHA-256 must be {entry['sha256']}."
        ) from error
    except ValueError as error:
        raise DatasetError(
            f"data set {dataset_id!r} from {url} is not the file the registry describes: expected "
            f"SHA-256 {entry['sha256']}; {error} Fetch it from {entry['url']}, or put the right "
            f"file at {place}."
        ) from error
    return place


def chinchilla_points(file: Path, *, dropped: int = 5) -> pd.DataFrame:
    """The training runs that Besiroglu et al. 2024 digitised from Hoffmann et al. 2022.

    Parameters
    ----------
    file : the data set `chinchilla_points`, as `path` gives it.
    dropped : how many of the highest losses the published fit leaves out. The published code keeps
        the losses strictly below the fifth highest.

    Returns
    -------
    pandas.DataFrame
        One row per run, in the order of the file: `parameters`, `training_tokens` (tokens, from
        FLOP / (6 parameters)), `train_flop` (FLOP), `loss` (nats per token) and `in_published_fit`.

    Raises
    ------
    DatasetError
        If a column is missing, or a cell is not a positive number.

    References
    ----------
    Besiroglu et al. 2024, arXiv:2404.10102, and `data_analysis.ipynb` released with it.
    """
    released = pd.read_csv(file, dtype=str, keep_default_na=False)
    missing = [name for name in COLUMNS if name not in released]
    if missing:
        raise DatasetError(
            f"{file.name} has no column {missing[0]!r}; accepted: {', '.join(COLUMNS)}"
        )
    frame = released[[*COLUMNS]].rename(columns=COLUMNS).map(_number)
    bad = np.argwhere(~((frame > 0) & np.isfinite(frame)).to_numpy())
    if len(bad):
        row, name = int(bad[0][0]), [*COLUMNS][int(bad[0][1])]
        raise DatasetError(
            f"{file.name}, row {row + 2}, column {name}: {released[name].iloc[row]!r} is not "
            "accepted; accepted: a number > 0. Fetch the file anew."
        )
    tokens = frame["train_flop"] / (FLOP_PER_PARAMETER_TOKEN * frame["parameters"])
    frame.insert(1, "training_tokens", tokens)
    highest = frame["loss"].nlargest(dropped).min() if dropped else np.inf
    frame["in_published_fit"] = frame["loss"] < highest
    return frame


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
        runs["accuracy"] = runs["accuracy"].map(_number)
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
    return path(dataset_id)


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
            numbers = values.map(_number).astype(float)
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


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return np.nan


def _registry() -> list[dict[str, Any]]:
    return json.loads(REGISTRY.read_text(encoding="utf-8"))["datasets"]
