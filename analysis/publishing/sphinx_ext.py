"""The Sphinx extension of the book: figures, their pages and files, computed numbers, assets."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from analysis.publishing import figure_node, maths, notebook
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
    shelf = Shelf(lambda: load(config.book_registry), build / ".figures", mark)
    app.book_shelf = shelf  # type: ignore[attr-defined]
    config.myst_substitutions = shelf.kept("numbers", lambda: load(config.book_numbers)())
    shelf.draw_ahead()


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Every page, when anything a figure can depend on has changed since the last build."""
    mark = app.book_shelf.stamp  # type: ignore[attr-defined]
    if getattr(env, "book_stamp", None) == mark:
        return []
    env.book_stamp = mark  # type: ignore[attr-defined]
    return sorted(env.found_docs)


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
    """Pages that no source file stands behind."""
    from analysis.publishing import site

    if app.builder.format == "html":
        yield from site.collect_pages(app)


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Files that go with the pages."""
    if error is None and app.builder.format == "html":
        from analysis.publishing import site

        site.write_files(app)


def generated(name: str) -> type[Directive]:
    """The directive `name`, whose HTML is computed from the registry or the data package."""

    class Generated(Directive):
        def run(self) -> list[nodes.Node]:
            from analysis.publishing import site

            env = self.state.document.settings.env
            root = "../" * env.docname.count("/")
            return [figure_node.html_block(html=site.GENERATED[name](env.app, root))]

    return Generated


DIRECTIVES = (
    "book-figures",
    "book-tables",
    "book-sources",
    "book-changes",
    "book-assumptions",
    "book-citation",
)


def source_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, *_: Any, **__: Any
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """`{source}`id``: the short name of a source, linked to its line in the data catalogue."""
    from analysis import catalog

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
    for name in DIRECTIVES:
        app.add_directive(name, generated(name))
    app.add_role("source", source_role)
    app.add_css_file("book.css", priority=900)
    app.add_css_file("book-icons.css", priority=900)
    app.add_js_file("book.js", loading_method="defer", priority=900)
    app.connect("config-inited", prepare, priority=100)
    app.connect("env-get-outdated", outdated)
    app.connect("env-check-consistency", check_figures)
    app.connect("html-collect-pages", collect_pages)
    app.connect("build-finished", write_files)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": False}
