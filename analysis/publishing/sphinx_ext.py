"""The Sphinx extension of the book: figures, their pages and files, computed numbers, assets."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.display import status_iterator

from analysis import catalog
from analysis.publishing import assets, export, figure_node, history, maths, notebook, pages
from analysis.publishing.shelf import Shelf
from analysis.publishing.stamp import stamp

logger = logging.getLogger(__name__)


def load(reference: str) -> Any:
    """The object that 'module:name' points to."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def prepare(app: Sphinx, config: Config) -> None:
    """Put every cache under the build's stamp and hand the computed numbers to the prose."""
    os.environ[notebook.BUILD_VARIABLE] = "1"
    root = Path(app.srcdir)
    mark = stamp(root)
    build = Path(app.outdir).parent
    cache = build / f".jupyter_cache-{mark}"
    for old in build.glob(".jupyter_cache-*"):
        if old != cache:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(cache)
    shelf = Shelf(load(config.book_registry), build / ".figures", mark)
    shelf.assumptions = load(config.book_assumptions)()
    app.book_shelf = shelf  # type: ignore[attr-defined]
    config.myst_substitutions = shelf.kept("numbers", load(config.book_numbers))


def check_figures(app: Sphinx, env: BuildEnvironment) -> None:
    """Every registered figure is shown once, under the number the registry gives it."""
    registry = app.book_shelf.registry  # type: ignore[attr-defined]
    labels = env.get_domain("std").labels  # type: ignore[attr-defined]
    for figure_id in registry:
        label = f"fig-{figure_id}"
        if label not in labels:
            logger.warning("figure %r is registered but no chapter shows it", figure_id)
            continue
        docname, anchor = labels[label][:2]
        number = ".".join(map(str, env.toc_fignumbers[docname]["figure"][anchor]))
        if number != registry.number(figure_id):
            logger.warning(
                "figure %r has number %s on the page and %s in the registry: show the figures "
                "of a chapter in the order of its registry",
                figure_id,
                number,
                registry.number(figure_id),
            )


def collect_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Pages that no source file stands behind: figures, code they link to, tables of data."""
    if app.builder.format != "html":
        return
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


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Write the files that go with the pages and take away what no page may load."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    shelf: Shelf = app.book_shelf  # type: ignore[attr-defined]
    if not (out / "figures" / shelf.stamp).exists():
        _write_shared_files(app, shelf, out)
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
_THEBE_FILE = re.compile(r"\s*<(?:script|link)[^>]*sphinx-thebe[^>]*>(?:</script>)?")


def slim_pages(out: Path) -> None:
    """Drop scripts that would load megabytes or another host, and keep the icons in use."""
    found = sorted(out.rglob("*.html"))
    texts = {path: path.read_text(encoding="utf-8") for path in found}
    for path, text in texts.items():
        slim = _THEBE.sub("", _THEBE_FILE.sub("", _THEME_ICONS.sub("", text)))
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


def generated(make: Callable[[Shelf, str], str]) -> type[Directive]:
    """A directive whose HTML is `make(shelf, path to the book's root)`."""

    class Generated(Directive):
        def run(self) -> list[nodes.Node]:
            env = self.state.document.settings.env
            html = make(env.app.book_shelf, "../" * env.docname.count("/"))
            return [figure_node.html_block(html=html)]

    return Generated


def _published(shelf: Shelf) -> list[export.Publication]:
    return [shelf.publication(figure_id) for figure_id in shelf.registry]


DIRECTIVES: dict[str, Callable[[Shelf, str], str]] = {
    "book-figures": lambda shelf, root: pages.figure_list(_published(shelf), root),
    "book-tables": lambda shelf, root: pages.tables_overview(root),
    "book-sources": lambda shelf, root: pages.source_list(),
    "book-changes": lambda shelf, root: pages.change_list(
        history.released(), history.summary(shelf.registry), root
    ),
    "book-assumptions": lambda shelf, root: pages.assumption_list(shelf.assumptions),
    "book-citation": lambda shelf, root: pages.book_citation(),
}


def source_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, *_: Any, **__: Any
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """`{source}`id``: the short name of a source, linked to its line in the data catalogue."""
    env = inliner.document.settings.env
    short = catalog.sources_of([text])["short"].iloc[0]
    address = "../" * env.docname.count("/") + f"chapters/data.html#source-{text}"
    return [nodes.reference(rawtext, short, refuri=address, internal=True)], []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("book_registry", "", "env")
    app.add_config_value("book_numbers", "", "env")
    app.add_config_value("book_assumptions", "", "env")
    figure_node.setup(app)
    maths.setup(app)
    for name, make in DIRECTIVES.items():
        app.add_directive(name, generated(make))
    app.add_role("source", source_role)
    app.add_css_file("book.css", priority=900)
    app.add_css_file("book-icons.css", priority=900)
    app.add_js_file("book.js", loading_method="defer", priority=900)
    app.connect("config-inited", prepare, priority=100)
    app.connect("env-check-consistency", check_figures)
    app.connect("html-collect-pages", collect_pages)
    app.connect("build-finished", write_files)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": False}
