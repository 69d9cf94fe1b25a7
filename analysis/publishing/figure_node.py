"""The figure in a chapter as a document node, with number, caption and label."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


class html_block(nodes.General, nodes.Element):  # noqa: N801 - docutils names nodes in lower case
    """HTML that goes to the page as it is, and not into the search index."""


class book_figure(nodes.General, nodes.Element):  # noqa: N801
    """A numbered figure: its finding as the caption on top, then chart and card."""


def figure_nodes(renderer: Any, figure_id: str) -> list[nodes.Element]:
    """The figure for the page being read, labelled `fig-<id>`."""
    from analysis.publishing import pages

    env = renderer.sphinx_env
    shelf = env.app.book_shelf
    publication = shelf.publication(figure_id)
    root = "../" * env.docname.count("/")
    node = book_figure(
        title=publication.figure.title,
        html=pages.figure_body(publication, shelf.inline(figure_id), root),
        names=[publication.figure.label],
    )
    node.source, node.line = renderer.document["source"], 1
    renderer.document.note_explicit_target(node, node)
    # The title is a child too, so that a search finds it.
    return [node, html_block("", nodes.inline("", publication.figure.title), html="")]


def _visit_html(translator: Any, node: html_block) -> None:
    translator.body.append(node["html"])
    raise nodes.SkipNode


def _visit_figure(translator: Any, node: book_figure) -> None:
    anchor = node["ids"][0]
    translator.body.append(f'<figure class="book-figure" id="{anchor}"><figcaption><p>')
    translator.add_fignumber(node)
    translator.body.append(f'<span class="caption-text">{escape(node["title"])}</span>')
    translator.add_permalink_ref(node, "Link to this figure")
    translator.body.append(f"</p></figcaption>{node['html']}</figure>")
    raise nodes.SkipNode


def _skip(translator: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    elsewhere = (_skip, _skip)
    app.add_node(html_block, html=(_visit_html, _skip), latex=elsewhere, text=elsewhere)
    app.add_enumerable_node(
        book_figure,
        "figure",
        lambda node: node["title"],
        html=(_visit_figure, _skip),
        latex=elsewhere,
        text=elsewhere,
    )
