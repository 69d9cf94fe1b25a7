"""A built page follows its code and data, and the same commit gives the same bytes anywhere."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analysis.publishing.edition import ROOT
from analysis.publishing.stamp import stamp

pytestmark = [pytest.mark.book, pytest.mark.slow]
COMPARED = {".html", ".svg", ".png", ".csv", ".json", ".js", ".css", ".bib", ".ris"}
LEFT_OUT = shutil.ignore_patterns(
    "_build", ".venv*", ".git", "__pycache__", "*.egg-info", ".*_cache"
)


def copy_of_the_book(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT, folder, ignore=LEFT_OUT))


def build(folder: Path) -> None:
    """Build the copy with its own code."""
    command = [sys.executable, "-m", "analysis.publishing", "build"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, built from nothing in another place at another time."""
    folder = copy_of_the_book(tmp_path_factory.mktemp("twins") / "another-place" / "book")
    build(folder)
    return folder


def compared(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.suffix in COMPARED}


def test_two_builds_in_different_places_give_the_same_bytes(book: Path, twin: Path) -> None:
    other = twin / "_build" / "html"
    files = compared(book)
    assert len(files) > 50
    assert files == compared(other), "files of an old build? `make clean` removes them"
    _, different, errors = filecmp.cmpfiles(book, other, list(map(str, files)), shallow=False)
    assert not different
    assert not errors


def published(folder: Path) -> dict[str, dict[str, Any]]:
    """The catalogue of a copy's figures by id."""
    index = folder / "_build" / "html" / "figures" / "index.json"
    return {line["id"]: line for line in json.loads(index.read_text(encoding="utf-8"))}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_changed_fact_and_a_changed_model_reach_the_next_build(twin: Path) -> None:
    """In one build: what the fact alone can change, and what the constant alone can change."""
    html = twin / "_build" / "html"
    plotted = html / "figures" / "training-compute-trend" / "training-compute-trend.csv"
    before = published(twin)
    assert "2.1e+25" in plotted.read_text(encoding="utf-8")

    change(twin / "data" / "scaling_laws" / "training_runs.csv", "2.1e25", "2.3e25")
    constant = "FLOP_PER_PARAMETER_TOKEN: float = "
    change(twin / "analysis" / "units.py", f"\n{constant}6.0", f"\n{constant}7.0")
    build(twin)

    after, text = published(twin), plotted.read_text(encoding="utf-8")
    assert "2.3e+25" in text
    assert "2.1e+25" not in text
    changed = {name for name in before if before[name]["hash"] != after[name]["hash"]}
    of_the_fact = {name for name in before if "training_runs" in before[name]["tables"]}
    assert "training-compute-trend" in changed
    assert changed - of_the_fact, "no figure without the changed table followed the constant"
    for name in changed:
        chapter = html / "chapters" / f"{after[name]['topic']}.html"
        page = chapter.read_text(encoding="utf-8")
        assert f"f:{after[name]['hash']}" in page
        assert f"f:{before[name]['hash']}" not in page


def test_the_stamp_follows_every_watched_file(tmp_path: Path) -> None:
    for name in ("analysis/a.py", "data/t.csv", "requirements.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1\n")
    seen = {stamp(tmp_path)}
    for name in ("analysis/a.py", "data/t.csv", "requirements.txt"):
        (tmp_path / name).write_text("2\n")
        seen.add(stamp(tmp_path))
    (tmp_path / "data" / "new.csv").write_text("")
    seen.add(stamp(tmp_path))
    assert len(seen) == 5
