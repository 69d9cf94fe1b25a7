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
import pandas as pd
import pytest

from analysis import catalog, public_datasets, public_evaluations
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


COUNTS = (
    "benchmark,model,params,problem_idx,num_samples,num_correct\n"
    "MATH,Pythia 1B,1000000000,7,100,3\nMATH,Pythia 1B,1000000000,9,100,0\n"
)
LOADERS = {
    "llmonkeys_pythia_math_10k": public_evaluations.math_sample_counts,
    "pythia_checkpoints_math_counts": public_evaluations.pythia_checkpoint_counts,
    "epoch_tokens_vs_accuracy": public_evaluations.tokens_and_accuracy,
    "epoch_effort_levels": public_evaluations.effort_levels,
}


@pytest.fixture
def counts(tmp_path: Path) -> Callable[[str, str], Path]:
    """A small table of counts with one text replaced by another."""

    def write(old: str, new: str) -> Path:
        assert old in COUNTS
        file = tmp_path / "counts.csv"
        file.write_text(COUNTS.replace(old, new, 1), encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize("dataset_id", LOADERS)
def test_the_reduced_table_is_the_one_the_registry_describes(
    dataset_id: str, shared_datasets: Path
) -> None:
    reduced = public_datasets.describe(dataset_id)["reduced"]
    file = shared_datasets / reduced["filename"]
    content = file.read_bytes()
    found = (hashlib.sha256(content).hexdigest(), len(content))
    assert found == (reduced["sha256"], reduced["bytes"])
    assert len(LOADERS[dataset_id](file)) == reduced["rows"]


def test_ten_thousand_samples_were_drawn_for_each_of_128_problems_and_seven_models(
    shared_datasets: Path,
) -> None:
    frame = public_evaluations.math_sample_counts(shared_datasets / "llmonkeys_pythia_math_10k.csv")
    assert frame["num_samples"].eq(10_000).all()
    assert frame.groupby("model", sort=False).size().to_dict() == {
        f"Pythia {size}": 128 for size in ("70M", "160M", "410M", "1B", "2.8B", "6.9B", "12B")
    }
    assert frame["params"].is_monotonic_increasing


def test_checkpoints_are_nine_sizes_at_eight_points_of_training(shared_datasets: Path) -> None:
    frame = public_evaluations.pythia_checkpoint_counts(
        shared_datasets / "pythia_checkpoints_math_counts.csv"
    )
    assert frame.groupby("params")["train_tokens"].nunique().to_list() == [8] * 9
    few = frame.groupby("checkpoint").size().loc[lambda size: size < 128]
    assert few.to_dict() == {"Pythia_12B_2M": 9}
    assert frame["num_samples"].min() == 128


def test_answers_of_an_evaluation_are_questions_times_epochs(shared_datasets: Path) -> None:
    frame = public_evaluations.tokens_and_accuracy(shared_datasets / "epoch_tokens_vs_accuracy.csv")
    questions = frame["total_samples"] / frame["epochs"]
    by_benchmark = questions.groupby(frame["benchmark"]).unique()
    assert {name: list(found) for name, found in by_benchmark.items()} == {
        "GPQA diamond": [198],
        "MATH level 5": [1324],
        "OTIS Mock AIME 2024-2025": [45],
    }


def test_efforts_are_named_levels_or_caps(shared_datasets: Path) -> None:
    frame = public_evaluations.effort_levels(shared_datasets / "epoch_effort_levels.csv")
    levels = {"low", "medium", "high", "16K", "27K", "32K", "59K", "64K"}
    assert set(frame["effort"]) == levels
    assert frame["run_id"].is_unique


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",3\n", ",-3\n", "row 2, column num_correct: '-3'"),
        (",3\n", ",nan\n", "row 2, column num_correct: 'nan'"),
        (",3\n", ",\n", "row 2, column num_correct: ''"),
        (",3\n", ",2.5\n", "row 2, column num_correct: '2.5'"),
        (",3\n", ",101\n", "row 2, column num_correct: 101 is not accepted; .* num_samples"),
        (",9,100,0", ",9,0,0", "row 3, column num_samples: '0'"),
        ("Pythia 1B,", ",", "row 2, column model: ''"),
        (",9,100", ",7,100", "repeats 1000000000, Pythia 1B, 7"),
        ("num_correct", "right", "no column 'num_correct'"),
        (COUNTS[COUNTS.index("MATH") :], "", "has no rows"),
    ],
)
def test_bad_counts_are_refused_by_name(
    old: str, new: str, message: str, counts: Callable[[str, str], Path]
) -> None:
    with pytest.raises(public_datasets.DatasetError, match=message):
        public_evaluations.math_sample_counts(counts(old, new))


def test_a_table_of_another_data_set_is_refused(counts: Callable[[str, str], Path]) -> None:
    with pytest.raises(public_datasets.DatasetError, match="no column 'checkpoint'"):
        public_evaluations.pythia_checkpoint_counts(counts("MATH", "MATH"))


def test_a_missing_table_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(public_datasets.DatasetError, match=r"counts\.csv cannot be read"):
        public_evaluations.math_sample_counts(tmp_path / "counts.csv")


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the cache of fetched files."""
    monkeypatch.setattr(
        public_evaluations,
        "_fetched",
        lambda dataset_id: tmp_path / public_datasets.describe(dataset_id)["filename"],
    )
    return tmp_path


def test_tokens_are_joined_with_the_mean_score_of_the_runs(released: Path) -> None:
    (released / "epoch_ai_eval_data.csv").write_text(
        "Model,Task,epochs,total_samples,input_tokens,output_tokens,total_tokens\n"
        "m,GPQA Diamond,2,396,1000,5000,6000\nunscored,GPQA Diamond,1,198,10,20,30\n"
    )
    (released / "epoch_benchmarks_runs.csv").write_text(
        "\ufeffid,task,model,Best score (across scorers),Scores,started_at\n"
        "a,GPQA diamond,m,0.5,choice:0.5\u00b10.03,1 May 2025\n"
        "b,GPQA diamond,m,0.7,choice:0.7\u00b10.02,2 May 2025\n"
        "c,GPQA diamond,m_16K,0.8,x:0.8\u00b10.04;y:0.6\u00b10.01,3 May 2025\n",
        encoding="utf-8",
    )
    joined = public_evaluations.tokens_and_accuracy()
    assert joined[["model", "output_tokens", "accuracy"]].to_numpy().tolist() == [["m", 5000, 0.6]]
    efforts = public_evaluations.effort_levels()
    kept = efforts[["base_model", "effort", "accuracy", "stderr", "run_id"]]
    assert kept.to_numpy().tolist() == [["m", "16K", 0.8, 0.04, "c"]]


def test_rows_of_further_k_are_dropped_and_sizes_are_joined(
    released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = {"Num. Samples Correct": [3.0, 3.0], "k": [1, 2]}
    files = {
        "llmonkeys_pythia_math_10k": pd.DataFrame(
            {
                "Benchmark": "MATH",
                "Model": "Pythia 2.8B",
                "Problem Idx": 7,
                "Num. Samples Total": 10_000,
                **counted,
            }
        ),
        "pythia_checkpoints_math_counts": pd.DataFrame(
            {
                "Model Nickname": "Pythia_14M_2M",
                "prompt_idx": 50,
                "Level": "Level 4",
                "Num. Samples": 128,
                **counted,
            }
        ),
    }
    monkeypatch.setattr(public_evaluations, "_parquet", files.__getitem__)
    (released / "pythia_checkpoint_sizes.csv").write_text(
        "Model Nickname,Tokens,Parameters\nPythia_14M_2M,2000000,14000000\n"
    )
    samples = public_evaluations.math_sample_counts()
    assert samples.to_numpy().tolist() == [["MATH", "Pythia 2.8B", 2_800_000_000, 7, 10_000, 3]]
    checkpoints = public_evaluations.pythia_checkpoint_counts()
    assert checkpoints.to_numpy().tolist() == [
        ["MATH", "Pythia_14M_2M", 14_000_000, 2_000_000, 50, "Level 4", 128, 3]
    ]


def test_a_parquet_file_without_its_reader_says_what_to_do(
    released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_reader(file: Path) -> pd.DataFrame:
        raise ImportError("Unable to find a usable engine")

    monkeypatch.setattr(pd, "read_parquet", no_reader)
    with pytest.raises(public_datasets.DatasetError, match=r"needs pyarrow.* reduced CSV file"):
        public_evaluations.math_sample_counts()
