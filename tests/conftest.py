"""Fixtures that every folder of tests may use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The pages first: their files take longest, and several workers then end together."""
    items.sort(key=lambda item: "pages" not in item.path.parts)


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """The folder of public data sets beside the repository; skips where there is none."""
    folder = ROOT.parent / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip(f"needs the public data sets in {folder}, which is absent")
    return folder


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, Any]]:
    """Reads a file of `tests/reference` by its name without ending."""

    def read(name: str) -> dict[str, Any]:
        file = ROOT / "tests" / "reference" / f"{name}.json"
        return json.loads(file.read_text(encoding="utf-8"))

    return read
