"""The newcomer's commands say what is missing, and a new figure starts from the template."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from analysis.publishing.__main__ import main
from analysis.publishing.edition import ROOT


def test_make_says_in_one_line_that_python_is_missing(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("make", "bash", "touch", "env"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    for name in ("python3", "python3.13"):
        (tools / name).write_text("#!/bin/bash\nexit 1\n")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [tools / "make", "book", "SHELL=/bin/bash"],
        cwd=tmp_path, env={**os.environ, "PATH": str(tools)}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("missing:")]
    assert len(lines) == 1
    assert "3.11" in lines[0]


def test_the_template_names_the_three_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-figure", "scaling_laws", "my-finding"]) == 0
    printed = capsys.readouterr().out
    for step in ("def my_finding()", 'Entry("my-finding", my_finding)', 'show("my-finding")'):
        assert step in printed


def test_an_unknown_topic_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-figure", "alchemy", "gold"]) == 1
    assert "scaling_laws" in capsys.readouterr().err


def test_an_id_that_is_no_slug_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-figure", "scaling_laws", "Bad_ID"]) == 1
    assert "kebab case" in capsys.readouterr().err


def test_an_id_is_never_reused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-figure", "scaling_laws", "loss-frontier"]) == 1
    assert "never reused" in capsys.readouterr().err
