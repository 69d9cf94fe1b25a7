"""Every chapter runs as a notebook, from its MyST source, as a re-runner meets it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

from analysis import findings
from analysis.publishing.edition import ROOT

CHAPTERS = [
    path for path in sorted((ROOT / "chapters").glob("*.md")) if "{code-cell}" in path.read_text()
]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_chapter_runs_as_a_notebook(chapter: Path, tmp_path: Path) -> None:
    notebook = tmp_path / f"{chapter.stem}.ipynb"
    jupytext.write(jupytext.read(chapter), notebook)
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [*command, "-c", str(settings), str(notebook)],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_chapters_neither_read_files_nor_draw_nor_define() -> None:
    for chapter in CHAPTERS:
        cells = [
            cell["source"]
            for cell in jupytext.read(chapter)["cells"]
            if cell["cell_type"] == "code"
        ]
        for cell in cells:
            for banned in ("def ", "lambda", "open(", "read_csv", "import altair", "plt."):
                assert banned not in cell, f"{chapter.name}: {banned!r} in a cell"


def test_prose_types_no_large_number() -> None:
    """A number with a decimal point or an exponent in prose is computed, not typed."""
    number = re.compile(r"(?<![\w./@-])\d+\.\d+(?![\w./])|\d+e\d+")
    for chapter in sorted((ROOT / "chapters").glob("*.md")):
        text = chapter.read_text(encoding="utf-8")
        text = re.sub(r"\A---.*?\n---\n", "", text, flags=re.S)
        text = re.sub(r"```.*?```", "", text, flags=re.S)
        text = re.sub(r"`[^`]*`|\{\{.*?\}\}|\$[^$]*\$|https?://\S+", "", text)
        text = re.sub(r"Python 3\.\d+( to 3\.\d+)?|CC BY 4\.0", "", text)
        assert not number.findall(text), chapter.name


def test_every_computed_number_is_said_somewhere() -> None:
    pages = "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "chapters").glob("*.md"))
    )
    said = set(re.findall(r"\{\{ (\w+\.\w+) \}\}", pages))
    numbers = findings.numbers()
    computed = {f"{topic}.{key}" for topic, keys in numbers.items() for key in keys}
    of_the_edition = {f"edition.{key}" for key in numbers["edition"]}
    assert computed - said - of_the_edition == set()
    assert said - computed == set()
