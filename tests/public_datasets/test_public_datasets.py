"""Public data sets: fetched, checked, refused when wrong, and read as their authors read them."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import catalog, public_datasets
from analysis.units import FLOP_PER_PARAMETER_TOKEN

TINY = b"Model Size,Training FLOP,loss\n1e9,6e19,3.0\n2e9,6e20,2.5\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on this machine, and the folder it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A registry with one tiny data set; gives its id."""
    entry = {"id": "tiny", "filename": "tiny.csv", "url": "https://example.invalid/tiny.csv"}
    entry["sha256"] = hashlib.sha256(TINY).hexdigest()
    registry = tmp_path / "registry.json"
    registry.write_text(json.dumps({"datasets": [entry]}), encoding="utf-8")
    monkeypatch.setattr(public_datasets, "REGISTRY", registry)
    return "tiny"


def test_a_file_with_the_right_hash_is_fetched_once(
    server: tuple[str, Path], tiny: str, tmp_path: Path
) -> None:
    address, folder = server
    (folder / "tiny.csv").write_bytes(TINY)
    got = public_datasets.path(tiny, base_url=address, cache=tmp_path / "cache")
    assert got.read_bytes() == TINY
    (folder / "tiny.csv").unlink()
    assert public_datasets.path(tiny, base_url=address, cache=tmp_path / "cache") == got


def test_a_file_with_another_hash_is_refused_with_both_hashes(
    server: tuple[str, Path], tiny: str, tmp_path: Path
) -> None:
    address, folder = server
    (folder / "tiny.csv").write_bytes(TINY + b"3e9,6e20,2.4\n")
    with pytest.raises(public_datasets.DatasetError) as refused:
        public_datasets.path(tiny, base_url=address, cache=tmp_path / "cache")
    for content in (TINY, TINY + b"3e9,6e20,2.4\n"):
        assert hashlib.sha256(content).hexdigest() in str(refused.value)
    assert not (tmp_path / "cache" / "tiny.csv").exists()


def test_a_missing_file_says_what_to_do(
    server: tuple[str, Path], tiny: str, tmp_path: Path
) -> None:
    with pytest.raises(public_datasets.DatasetError) as refused:
        public_datasets.path(tiny, base_url=server[0], cache=tmp_path / "cache")
    assert "404" in str(refused.value)
    assert str(tmp_path / "cache" / "tiny.csv") in str(refused.value)
    assert hashlib.sha256(TINY).hexdigest() in str(refused.value)


def test_without_network_the_message_says_where_to_put_the_file(tiny: str, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(public_datasets.DatasetError) as refused:
        public_datasets.path(tiny, base_url=address, cache=tmp_path / "cache")
    assert f"{address}/tiny.csv" in str(refused.value)
    assert f"put the file at {tmp_path / 'cache' / 'tiny.csv'}" in str(refused.value)


def test_a_file_put_into_the_cache_by_hand_is_used(tiny: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_bytes(TINY)
    assert public_datasets.path(tiny, cache=tmp_path) == tmp_path / "tiny.csv"


def test_an_unknown_data_set_lists_the_known_ones() -> None:
    with pytest.raises(
        public_datasets.DatasetError, match="'pile' is not known; known: chinchilla_points"
    ):
        public_datasets.path("pile")


@pytest.mark.parametrize("dataset_id", public_datasets.datasets())
def test_every_entry_names_licence_citation_hash_and_known_sources(dataset_id: str) -> None:
    entry = public_datasets.describe(dataset_id)
    assert entry["title"]
    assert entry["description"]
    assert entry["licence"]
    assert entry["citation"]
    assert entry["url"].startswith("https://")
    assert len(entry["sha256"]) == 64
    assert entry["bytes"] > 0
    assert len(catalog.sources_of(entry["source_ids"])) == len(entry["source_ids"])


def test_tokens_are_flop_over_six_parameters(tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_bytes(TINY)
    points = public_datasets.chinchilla_points(tmp_path / "tiny.csv", dropped=1)
    assert points["training_tokens"].to_list() == pytest.approx([1e10, 5e10])
    assert points["in_published_fit"].to_list() == [False, True]


@pytest.mark.parametrize("cell", ["", "abc", "-1", "inf"])
def test_a_bad_cell_is_refused_with_its_row(cell: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(TINY.replace(b"2.5", cell.encode()))
    with pytest.raises(public_datasets.DatasetError, match=r"bad.csv, row 3, column loss"):
        public_datasets.chinchilla_points(file)


def test_a_missing_column_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(TINY.replace(b"loss", b"perplexity"))
    with pytest.raises(public_datasets.DatasetError, match="no column 'loss'"):
        public_datasets.chinchilla_points(file)


def test_the_released_points_are_245_and_the_published_fit_keeps_240(shared_datasets: Path) -> None:
    entry = public_datasets.describe("chinchilla_points")
    file = shared_datasets / entry["filename"]
    content = file.read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"])
    points = public_datasets.chinchilla_points(file)
    kept = points[points["in_published_fit"]]
    assert (len(points), len(kept)) == (245, 240)
    assert points.loc[~points["in_published_fit"], "loss"].min() > kept["loss"].max()
    compute = FLOP_PER_PARAMETER_TOKEN * points["parameters"] * points["training_tokens"]
    np.testing.assert_allclose(compute, points["train_flop"])
    assert public_datasets.path("chinchilla_points", cache=shared_datasets) == file


def test_the_published_fit_of_the_points_has_the_loss_its_authors_print(
    shared_datasets: Path, reference: Callable[[str], dict[str, Any]]
) -> None:
    fit = reference("besiroglu2024_notebook")["huber_fit"]
    points = public_datasets.chinchilla_points(shared_datasets / "chinchilla_svg_extracted.csv")
    kept = points[points["in_published_fit"]]
    loss = fit["E"] + fit["A"] / kept["parameters"] ** fit["alpha"]
    loss = loss + fit["B"] / kept["training_tokens"] ** fit["beta"]
    residual, delta = (np.log(loss) - np.log(kept["loss"])).abs(), fit["delta"]
    huber = np.where(residual <= delta, residual**2 / 2, delta * (residual - delta / 2))
    printed = fit["summed_huber_loss_of_log_residuals"]
    assert huber.sum() == pytest.approx(printed, rel=1e-7)
