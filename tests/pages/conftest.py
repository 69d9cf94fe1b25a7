"""The built book, built when it is missing or out of date, and a browser to read it with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.publishing.__main__ import HTML, build

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def built_once(shared: Path) -> int:
    """Result of the build that the first of several workers makes while the others wait."""
    # A reader without the developer's packages has one process.
    from filelock import FileLock

    with FileLock(shared / "book.lock"):
        done = shared / "book.built"
        if not done.exists():
            done.write_text(str(build()), encoding="utf-8")
        return int(done.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built book."""
    several = "PYTEST_XDIST_WORKER" in os.environ
    result = built_once(tmp_path_factory.getbasetemp().parent) if several else build()
    assert result == 0, "the book does not build; see the output above"
    return HTML


@pytest.fixture(scope="session")
def index(book: Path) -> list[dict[str, Any]]:
    """The catalogue of figures as it was built."""
    return json.loads((book / "figures" / "index.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, the system's own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (on Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
