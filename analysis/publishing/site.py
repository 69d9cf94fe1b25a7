"""What the build writes beside the chapters: figure pages and files, data, code, shared assets."""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.display import status_iterator

from analysis import catalog
from analysis.publishing import assets, export, history, pages
from analysis.publishing.shelf import Shelf


def collect_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Pages that no source file stands behind: figures, code they link to, tables of data."""
    shelf: Shelf = app.book_shelf  # type: ignore[attr-defined]
    labels = app.env.get_domain("std").labels  # type: ignore[attr-defined]
    published = [shelf.publication(figure_id) for figure_id in shelf.registry]
    editions = history.released()
    for publication in published:
        figure_id = publication.figure.id
        docname, anchor = labels[publication.figure.label][:2]
        body = pages.figure_page(
            publication,
            shelf.inline(figure_id),
            f"{docname}.html#{anchor}",
            history.of_figure(publication, editions),
        )
        yield f"figures/{figure_id}", _context(publication.figure.title, body), "page.html"
    for path in pages.code_paths(published):
        yield f"code/{path}", _context(path, pages.code_page(path)), "page.html"
    for table in catalog.tables():
        title = catalog.describe(table)["title"]
        yield f"data/{table}", _context(title, pages.data_rows_page(table)), "page.html"


def _context(title: str, body: str) -> dict[str, Any]:
    return {"title": title, "body": body, "meta": {}}


def write_files(app: Sphinx) -> None:
    """Write the files that go with the pages and take away what no page may load."""
    out = Path(app.outdir)
    shelf: Shelf = app.book_shelf  # type: ignore[attr-defined]
    if not (shelf.complete.exists() and (out / "figures" / "index.json").exists()):
        _write_shared_files(app, shelf, out)
        shelf.complete.touch()
    slim_pages(out)


def _write_shared_files(app: Sphinx, shelf: Shelf, out: Path) -> None:
    for figure_id in status_iterator(
        list(shelf.registry), "writing figure files... ", "darkgreen", len(shelf.registry)
    ):
        folder = out / "figures" / figure_id
        folder.mkdir(parents=True, exist_ok=True)
        for ending, content in shelf.files(figure_id).items():
            (folder / f"{figure_id}.{ending}").write_bytes(content)
    index = export.to_json(export.catalogue(shelf.registry))
    (out / "figures" / "index.json").write_text(index, encoding="utf-8")
    shutil.copytree(
        Path(app.srcdir) / "data",
        out / "data",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("*.md"),
    )
    static = out / "_static"
    (static / "vega-bundle.js").write_text(
        shelf.kept("vega-bundle", assets.vega_bundle), encoding="utf-8"
    )
    (static / "book.css").write_text(assets.style(), encoding="utf-8")
    (static / "book.js").write_text(assets.script(), encoding="utf-8")


_THEME_ICONS = re.compile(r'\s*<script defer src="[^"]*scripts/fontawesome\.js[^"]*"></script>')
_THEBE = re.compile(
    r"\s*<script[^>]*>(?:(?!</script>).)*(?i:thebe)(?:(?!</script>).)*</script>", re.S
)
# Sphinx adds the checksum of an asset that lies there from a build before, not of what is written
# after the pages: a first build has none.
_OLD_CHECKSUM = re.compile(r"(\b_static/(?:book[\w-]*|mystnb\.\w+)\.(?:css|js))\?v=\w+")
_THEBE_FILE = re.compile(r"\s*<(?:script|link)[^>]*sphinx-thebe[^>]*>(?:</script>)?")


def slim_pages(out: Path) -> None:
    """Drop what would load megabytes or another host, or differ by build; keep the icons in use."""
    found = sorted(out.rglob("*.html"))
    texts = {path: path.read_text(encoding="utf-8") for path in found}
    for path, text in texts.items():
        slim = _THEBE.sub("", _THEBE_FILE.sub("", _THEME_ICONS.sub("", text)))
        slim = _OLD_CHECKSUM.sub(r"\1", slim)
        if slim != text:
            path.write_text(slim, encoding="utf-8")
    theme_script = out / "_static" / "scripts" / "fontawesome.js"
    if theme_script.exists():
        icons = assets.icon_style(
            assets.icon_names(texts.values()), theme_script.read_text(encoding="utf-8")
        )
        (out / "_static" / "book-icons.css").write_text(icons, encoding="utf-8")
        theme_script.unlink()
    for leftover in ("scripts/fontawesome.js.map", "vendor", "sphinx-thebe.js", "sphinx-thebe.css"):
        path = out / "_static" / leftover
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def _published(app: Sphinx) -> list[export.Publication]:
    shelf: Shelf = app.book_shelf  # type: ignore[attr-defined]
    return [shelf.publication(figure_id) for figure_id in shelf.registry]


def _assumptions(app: Sphinx, root: str) -> str:
    module, _, name = app.config.book_assumptions.partition(":")
    return pages.assumption_list(getattr(importlib.import_module(module), name)())


def _changes(app: Sphinx, root: str) -> str:
    registry = app.book_shelf.registry  # type: ignore[attr-defined]
    return pages.change_list(history.released(), history.summary(registry), root)


#: HTML of each generated part of a page, from the app and the path to the book's root.
GENERATED: dict[str, Callable[[Sphinx, str], str]] = {
    "book-figures": lambda app, root: pages.figure_list(_published(app), root),
    "book-tables": lambda app, root: pages.tables_overview(root),
    "book-sources": lambda app, root: pages.source_list(),
    "book-changes": _changes,
    "book-assumptions": _assumptions,
    "book-citation": lambda app, root: pages.book_citation(),
}
