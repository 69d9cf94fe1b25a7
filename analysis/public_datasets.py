"""Public data sets: fetched on demand, checked against a known SHA-256, never copied into the book.

The registry is `data/public_datasets.json`. A reader without network can put a file into the cache
by hand; it is used as soon as its hash is right.
"""

from __future__ import annotations

import json
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
    frame = released[[*COLUMNS]].rename(columns=COLUMNS).map(number)
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


def number(text: Any) -> float:
    """The number a cell holds; NaN where it holds none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return np.nan


def _registry() -> list[dict[str, Any]]:
    return json.loads(REGISTRY.read_text(encoding="utf-8"))["datasets"]
