"""What changed between editions: each release keeps a line per figure in `editions/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analysis.publishing import edition as editions
from analysis.publishing.export import Publication
from analysis.publishing.registry import Registry

FOLDER = editions.ROOT / "editions"


def released(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The released editions, oldest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return sorted(found, key=lambda edition: [int(part) for part in edition["version"].split(".")])


def summary(registry: Registry) -> dict[str, Any]:
    """What a release keeps: version, date and, by figure, its number, title and hash."""
    edition = editions.current()
    figures = {
        figure_id: {
            "number": registry.number(figure_id),
            "title": registry.build(figure_id).title,
            "hash": registry.build(figure_id).hash,
        }
        for figure_id in registry
    }
    return {
        "version": edition.version,
        "date": edition.date,
        "as_of": edition.as_of,
        "figures": figures,
    }


def release(registry: Registry, folder: Path = FOLDER) -> Path:
    """Write the summary of the current edition."""
    folder.mkdir(exist_ok=True)
    content = summary(registry)
    path = folder / f"{content['version']}.json"
    path.write_text(
        json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    return path


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, str]]:
    """Figures that are new, changed or gone between two summaries.

    A figure counts as changed when its hash differs, that is its data or its specification.
    """
    old, new = before.get("figures", {}), after["figures"]
    events = []
    for figure_id in [*new, *(gone for gone in old if gone not in new)]:
        if figure_id not in old:
            what = "new"
        elif figure_id not in new:
            what = "withdrawn"
        elif old[figure_id]["hash"] == new[figure_id]["hash"]:
            continue
        elif old[figure_id]["title"] != new[figure_id]["title"]:
            what = f"changed; its title read: {old[figure_id]['title']}"
        else:
            what = "changed"
        line = new.get(figure_id) or old[figure_id]
        events.append({"id": figure_id, "what": what, **line})
    return events


def of_figure(publication: Publication, editions_: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The events of one figure, oldest first, the present state last if not yet released."""
    events: list[dict[str, str]] = []
    last = ""
    for edition in editions_:
        line = edition["figures"].get(publication.figure.id)
        if line and line["hash"] != last:
            what = "data or specification changed" if last else "first published"
            events.append({**_stamp(edition), "what": what, "hash": line["hash"]})
            last = line["hash"]
    if publication.figure.hash != last:
        what = "changed since the last release" if last else "not yet released"
        current = {"version": publication.edition.version, "date": publication.edition.date}
        events.append({**current, "what": what, "hash": publication.figure.hash})
    return events


def _stamp(edition: dict[str, Any]) -> dict[str, str]:
    return {"version": edition["version"], "date": edition["date"]}
