"""The page of changes is computed, and the last release is what this checkout publishes."""

from __future__ import annotations

import json
from pathlib import Path

from analysis.figures import REGISTRY
from analysis.publishing import edition, history, pages, readme
from analysis.publishing.export import Publication

BEFORE = {
    "figures": {
        "kept": {"number": "1.1", "title": "A", "hash": "1"},
        "moved": {"number": "1.2", "title": "B", "hash": "2"},
        "gone": {"number": "1.3", "title": "C", "hash": "3"},
    }
}
AFTER = {
    "figures": {
        "kept": {"number": "1.1", "title": "A", "hash": "1"},
        "moved": {"number": "1.2", "title": "B now", "hash": "9"},
        "fresh": {"number": "1.3", "title": "D", "hash": "4"},
    }
}


def test_changes_are_what_differs_in_data_or_drawing() -> None:
    events = {event["id"]: event["what"] for event in history.compare(BEFORE, AFTER)}
    assert events == {"moved": "changed; its title read: B", "fresh": "new", "gone": "withdrawn"}


def test_a_figure_remembers_when_it_first_appeared_and_when_it_changed() -> None:
    publication = Publication.of(REGISTRY, next(iter(REGISTRY)))
    figure = publication.figure
    line = {"number": "1.1", "title": figure.title}
    editions = [
        {"version": "0.1.0", "date": "2026-01-01", "figures": {figure.id: {**line, "hash": "old"}}},
        {"version": "0.2.0", "date": "2026-02-01", "figures": {figure.id: {**line, "hash": "old"}}},
    ]
    events = history.of_figure(publication, editions)
    assert [event["what"] for event in events] == [
        "first published",
        "changed since the last release",
    ]
    editions[1]["figures"][figure.id]["hash"] = figure.hash
    assert history.of_figure(publication, editions)[-1]["what"] == "data or specification changed"


def test_a_release_keeps_what_the_registry_holds(tmp_path: Path) -> None:
    kept = json.loads(history.release(REGISTRY, tmp_path).read_text(encoding="utf-8"))
    assert list(kept["figures"]) == sorted(REGISTRY)
    assert kept["version"] == edition.current().version


def test_the_readme_opens_with_the_findings_of_this_run() -> None:
    published = [Publication.of(REGISTRY, figure_id) for figure_id in REGISTRY]
    picture = Publication.of(REGISTRY, REGISTRY.picture)
    text = (edition.ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.findings_block(published, picture) in text, "run make release"
    stored = (edition.ROOT / readme.PICTURE).read_text(encoding="utf-8")
    assert picture.citation.stamp in stored, "run make release"


def test_the_page_of_changes_tells_released_from_unreleased() -> None:
    present = history.summary(REGISTRY)
    settled = pages.change_list([present], present, "../")
    assert f"Edition {present['version']}" in settled
    assert "Since the last release" not in settled
    first = next(iter(REGISTRY))
    figures = {**present["figures"], first: {**present["figures"][first], "hash": "0" * 8}}
    moved = pages.change_list([{**present, "figures": figures}], present, "../")
    assert "Since the last release" in moved
    assert moved.index(f"figures/{first}.html") < moved.index(f"Edition {present['version']}")
