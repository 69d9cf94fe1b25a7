"""The registry of figures: which exist, in which chapter, under which number."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from analysis.publishing.edition import ROOT
from analysis.publishing.record import Entry, Figure


class UnknownFigureError(KeyError):
    """A figure id that is not in the registry."""

    def __init__(self, figure_id: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(figure_id, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"no figure {figure_id!r}.{hint} Known: {', '.join(known)}")

    def __str__(self) -> str:
        return str(self.args[0])


@cache
def numbered_chapters() -> dict[str, int]:
    """Number of each numbered chapter, by its file name, from `_toc.yml`."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    numbered = [part for part in toc["parts"] if part.get("numbered")]
    files = [chapter["file"].split("/")[-1] for part in numbered for chapter in part["chapters"]]
    return {name: number for number, name in enumerate(files, start=1)}


class Registry:
    """All figures of the book, by topic, in the order of their chapters.

    A topic is named as its chapter is, so a figure's number follows from `_toc.yml` and its place.
    `picture` is the id of the one to remember, which opens the README; by default the first.
    """

    def __init__(
        self, topics: Mapping[str, Sequence[Entry]], *, picture: str | None = None
    ) -> None:
        self._entries: dict[str, Entry] = {}
        self._topics: dict[str, str] = {}
        self._places: dict[str, int] = {}
        self._built: dict[str, Figure] = {}
        for topic, entries in topics.items():
            for place, entry in enumerate(entries, start=1):
                if entry.id in self._entries:
                    raise ValueError(f"figure id {entry.id!r} is registered twice; ids are unique")
                self._entries[entry.id] = entry
                self._topics[entry.id] = topic
                self._places[entry.id] = place
        self.topics = tuple(topics)
        self.picture = self.entry(picture or next(iter(self._entries))).id

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, figure_id: str) -> Entry:
        if figure_id not in self._entries:
            raise UnknownFigureError(figure_id, list(self._entries))
        return self._entries[figure_id]

    def topic(self, figure_id: str) -> str:
        """The topic, which is also the chapter's file name."""
        self.entry(figure_id)
        return self._topics[figure_id]

    def number(self, figure_id: str) -> str:
        """The figure's number as printed, such as '1.3'."""
        topic = self.topic(figure_id)
        return f"{numbered_chapters()[topic]}.{self._places[figure_id]}"

    def build(self, figure_id: str, **settings: Any) -> Figure:
        """Make the figure; with its own settings it is made once and kept."""
        entry = self.entry(figure_id)
        if not settings and figure_id in self._built:
            return self._built[figure_id]
        figure = entry.make(**settings)
        if figure.id != figure_id:
            raise ValueError(f"the function registered as {figure_id!r} made {figure.id!r}")
        if not settings:
            self._built[figure_id] = figure
        return figure
