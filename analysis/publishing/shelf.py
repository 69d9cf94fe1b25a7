"""The rendered figures of one build, kept on disk under the build's stamp."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.publishing.export import Publication
    from analysis.publishing.registry import Registry


class Shelf:
    """Pictures and files of figures: made once for a stamp, read from disk afterwards."""

    def __init__(self, load_registry: Callable[[], Registry], folder: Path, stamp: str) -> None:
        self._load_registry = load_registry
        self.stamp = stamp
        self.folder = folder / stamp
        self._publications: dict[str, Publication] = {}
        self._drawing: dict[str, Future[None]] = {}
        for old in folder.glob("*") if folder.exists() else ():
            if old.name != stamp:
                shutil.rmtree(old)
        self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def registry(self) -> Registry:
        """The book's registry, loaded when the first page asks for it."""
        return self._load_registry()

    def publication(self, figure_id: str) -> Publication:
        from analysis.publishing.export import Publication

        if figure_id not in self._publications:
            self._publications[figure_id] = Publication.of(self.registry, figure_id)
        return self._publications[figure_id]

    def draw_ahead(self) -> None:
        """Draw every figure in other processes, while this one runs and reads the chapters.

        They are forks, which have the figures already; without forks each page draws its own.
        """
        if sys.platform != "linux" or self.complete.exists():
            return
        for figure_id in self.registry:
            self.publication(figure_id)
        pool = ProcessPoolExecutor(
            len(os.sched_getaffinity(0)),
            multiprocessing.get_context("fork"),
            initializer=_inherit,
            initargs=(self,),
        )
        # Chapters are read in the order of their names, and wait for their figures.
        wanted = sorted(self.registry, key=self.registry.topic)
        self._drawing = {name: pool.submit(_draw_inherited, name) for name in wanted}
        pool.shutdown(wait=False)

    @property
    def complete(self) -> Path:
        """A file that stands when all of this stamp is written."""
        return self.folder / "written"

    def draw(self, figure_id: str) -> None:
        """Make all that is kept of a figure."""
        self.inline(figure_id)
        self.files(figure_id)

    def _drawn(self, figure_id: str) -> None:
        """Wait for a figure that another process draws."""
        if figure_id in self._drawing:
            self._drawing.pop(figure_id).result()

    def kept(self, name: str, make: Any) -> Any:
        """The JSON value kept under `name`, made by `make()` the first time."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text(json.dumps(make(), ensure_ascii=False), encoding="utf-8")
            part.replace(path)
        return json.loads(path.read_text(encoding="utf-8"))

    def inline(self, figure_id: str) -> dict[str, str]:
        """The chart for the page at each width."""
        from analysis.publishing import render, theme

        def make() -> dict[str, str]:
            figure = self.publication(figure_id).figure
            return {width: render.inline_svg(figure, width) for width in theme.WIDTHS}

        self._drawn(figure_id)
        return self.kept(f"inline-{figure_id}", make)

    def files(self, figure_id: str) -> dict[str, bytes]:
        """Every file of the figure by its ending, the page's live script among them."""

        def make() -> dict[str, str]:
            publication = self.publication(figure_id)
            files = {**publication.files(), "js": publication.live_script().encode()}
            return {ending: b64encode(content).decode() for ending, content in files.items()}

        self._drawn(figure_id)
        kept = self.kept(f"files-{figure_id}", make)
        return {ending: b64decode(content) for ending, content in kept.items()}


_inherited: list[Shelf] = []


def _inherit(shelf: Shelf) -> None:
    _inherited.append(shelf)


def _draw_inherited(figure_id: str) -> None:
    _inherited[-1].draw(figure_id)
