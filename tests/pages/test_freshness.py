"""A built page follows its code and data, and the same commit gives the same bytes anywhere."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

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


def build(folder: Path) -> float:
    """Build the copy with its own code; return the seconds it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "analysis.publishing", "build"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return time.monotonic() - started


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two copies of the project, built in different places at different times."""
    folders = [
        copy_of_the_book(tmp_path_factory.mktemp("twins") / name / "book")
        for name in ("one", "another-place")
    ]
    for folder in folders:
        build(folder)
    return folders[0], folders[1]


def test_two_builds_in_different_places_give_the_same_bytes(twins: tuple[Path, Path]) -> None:
    one, other = (folder / "_build" / "html" for folder in twins)
    files = {path.relative_to(one) for path in one.rglob("*") if path.suffix in COMPARED}
    assert len(files) > 50
    assert files == {
        path.relative_to(other) for path in other.rglob("*") if path.suffix in COMPARED
    }
    _, different, errors = filecmp.cmpfiles(one, other, list(map(str, files)), shallow=False)
    assert not different
    assert not errors


def test_a_changed_fact_and_a_changed_model_reach_the_next_build(
    twins: tuple[Path, Path],
) -> None:
    folder = twins[1]
    chapter = folder / "_build" / "html" / "chapters" / "scaling_laws.html"
    stamps = re.compile(r"f:[0-9a-f]{8}")
    before = chapter.read_text(encoding="utf-8")

    runs = folder / "data" / "scaling_laws" / "training_runs.csv"
    text = runs.read_text(encoding="utf-8")
    assert "2.1e25" in text
    runs.write_text(text.replace("2.1e25", "2.3e25"), encoding="utf-8")
    build(folder)
    after_data = chapter.read_text(encoding="utf-8")
    assert stamps.findall(after_data) != stamps.findall(before)

    units = folder / "analysis" / "units.py"
    text = units.read_text(encoding="utf-8")
    assert "FLOP_PER_PARAMETER_TOKEN: float = 6.0" in text
    units.write_text(text.replace("float = 6.0", "float = 7.0"), encoding="utf-8")
    build(folder)
    after_code = chapter.read_text(encoding="utf-8")
    assert stamps.findall(after_code) != stamps.findall(after_data)


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
