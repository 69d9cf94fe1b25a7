"""The HTML around figures: body and card, a figure's own page, lists and code pages."""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from analysis import catalog
from analysis.publishing import edition as editions
from analysis.publishing import history
from analysis.publishing.edition import ROOT
from analysis.publishing.export import DOWNLOADS, Publication, qualified_name

TABLE_ROWS = 20


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **context: Any) -> str:
    return _environment().get_template(template).render(**context)


def figure_body(publication: Publication, inline: Mapping[str, str], root: str) -> str:
    """Subtitle, static pictures, caption and card of a figure; `root` leads to the book's root."""
    return _render(
        "figure_body.html", publication=publication, inline=inline, root=root, downloads=DOWNLOADS
    )


def figure_page(
    publication: Publication, inline: Mapping[str, str], chapter: str, history: Sequence[dict]
) -> str:
    """The figure's own page, at `figures/<id>.html`."""
    figure = publication.figure
    return _render(
        "figure_page.html",
        publication=publication,
        figure=figure,
        body=figure_body(publication, inline, "../"),
        chapter=chapter,
        table=data_table(figure.frame),
        rows=len(figure.frame),
        shown=min(TABLE_ROWS, len(figure.frame)),
        citation=publication.citation,
        tables=[catalog.describe(name) for name in figure.tables],
        sources=figure.sources.to_dict("records"),
        models=[code_reference(model) for model in figure.models],
        tests=[test_reference(test) for test in figure.tests],
        history=history,
        json_ld=json.dumps(publication.json_ld(), ensure_ascii=False).replace("<", "\\u003c"),
    )


def data_table(frame: pd.DataFrame) -> str:
    """The first rows as an accessible table whose headers sort it."""
    return _render(
        "data_table.html",
        columns=list(frame.columns),
        rows=[[_cell(value) for value in row] for row in frame.head(TABLE_ROWS).to_numpy(object)],
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.6g}"
    return "" if value is None or value is pd.NaT else str(value)


def figure_list(publications: Sequence[Publication], root: str) -> str:
    """The list of figures with number, finding, evidence and files."""
    return _render("figure_list.html", publications=publications, root=root)


def tables_overview(root: str) -> str:
    """The data catalogue: every table with its fields, rows, licence and sources."""
    entries = []
    for name in catalog.tables():
        frame = catalog.load(name)
        cited = "source_id" in frame.columns
        entries.append(
            {
                "resource": catalog.describe(name),
                "rows": len(frame),
                "sources": catalog.sources_of(frame).to_dict("records") if cited else [],
                "kinds": frame["kind"].value_counts().to_dict() if "kind" in frame else {},
            }
        )
    return _render("tables.html", entries=entries, package=catalog.package(), root=root)


def data_rows_page(table: str) -> str:
    """A table of the data package as a page: every row."""
    frame = catalog.load(table)
    rows = [[_cell(value) for value in row] for row in frame.to_numpy(object)]
    inner = _render("data_table.html", columns=list(frame.columns), rows=rows)
    return _render("table_page.html", resource=catalog.describe(table), inner=inner)


def code_reference(function: Any) -> dict[str, str]:
    """Name, first line of the docstring, and the code page with the line of a model."""
    path = Path(inspect.getsourcefile(function) or "").resolve().relative_to(ROOT)
    line = inspect.getsourcelines(function)[1]
    summary = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    return {
        "name": qualified_name(function),
        "summary": summary,
        "path": path.as_posix(),
        "line": str(line),
        "href": f"../code/{path.as_posix()}.html#line-{line}",
    }


def test_reference(node_id: str) -> dict[str, str]:
    """The code page and line of a test; a test that does not exist is refused."""
    path, _, name = node_id.partition("::")
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines() if (ROOT / path).exists() else []
    found = [n for n, text in enumerate(lines, start=1) if f"def {name}(" in text]
    if not found:
        raise ValueError(f"no test {node_id!r}: name it as path::function")
    return {"name": node_id, "path": path, "href": f"../code/{path}.html#line-{found[0]}"}


def code_page(path: str) -> str:
    """A source file with numbered, linkable lines."""
    source = (ROOT / path).read_text(encoding="utf-8")
    formatter = HtmlFormatter(
        linenos="inline", lineanchors="line", anchorlinenos=False, cssclass="highlight"
    )
    return _render("code_page.html", path=path, code=highlight(source, PythonLexer(), formatter))


def code_paths(publications: Sequence[Publication]) -> list[str]:
    """Every source file a figure page links to."""
    found = {
        reference["path"]
        for publication in publications
        for reference in (
            *(code_reference(model) for model in publication.figure.models),
            *(test_reference(test) for test in publication.figure.tests),
        )
    }
    return sorted(found)


def source_list() -> str:
    """Every source, with publisher's address, date and licence."""
    return _render("sources.html", sources=catalog.load("sources").to_dict("records"))


def assumption_list(assumptions: pd.DataFrame) -> str:
    """Every number we chose, with its range and the reason."""
    return _render("assumptions.html", assumptions=assumptions.to_dict("records"))


def change_list(editions_: Sequence[dict[str, Any]], present: dict[str, Any], root: str) -> str:
    """What moved from edition to edition, newest first."""
    steps = []
    states = [{}, *editions_]
    if not editions_ or editions_[-1]["figures"] != present["figures"]:
        states.append({**present, "unreleased": True})
    for before, after in itertools.pairwise(states):
        steps.append({"edition": after, "events": history.compare(before, after)})
    return _render("changes.html", steps=steps[::-1], root=root)


def book_citation() -> str:
    """How to cite the book as a whole."""
    return _render("book_citation.html", edition=editions.current())
