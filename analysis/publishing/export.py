"""The files of a figure: picture, data, record, specification and citations, and the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.publishing import edition as editions
from analysis.publishing import render
from analysis.publishing.citation import Citation
from analysis.publishing.record import Figure
from analysis.publishing.registry import Registry

#: ending of each file that leaves the book: what a reader calls it.
DOWNLOADS = {
    "svg": "SVG",
    "png": "PNG",
    "csv": "CSV",
    "json": "JSON",
    "vl.json": "Vega-Lite",
    "bib": "BibTeX",
    "ris": "RIS",
    "csl.json": "CSL-JSON",
}


#: A line under a figure names so many sources; its page names all.
_SOURCES_NAMED = 12


@dataclass(frozen=True)
class Publication:
    """A figure with its place in the book: what cards, pages, files and catalogue need."""

    figure: Figure
    number: str
    topic: str
    edition: editions.Edition

    @classmethod
    def of(cls, registry: Registry, figure_id: str) -> Publication:
        return cls(
            figure=registry.build(figure_id),
            number=registry.number(figure_id),
            topic=registry.topic(figure_id),
            edition=editions.current(),
        )

    @cached_property
    def citation(self) -> Citation:
        return Citation(self.figure, self.number, self.edition)

    @property
    def page(self) -> str:
        """Address of the figure's own page, from the root of the book."""
        return f"figures/{self.figure.id}.html"

    def file(self, ending: str) -> str:
        """Address of one of the figure's files, from the root of the book."""
        return f"figures/{self.figure.id}/{self.figure.id}.{ending}"

    @property
    def source_line(self) -> str:
        """Sources of the rows plotted, kind of evidence and date of evidence; nothing is typed."""
        names = list(dict.fromkeys(self.figure.sources["short"]))
        more = len(names) - _SOURCES_NAMED
        told = "; ".join(names if more <= 1 else names[:_SOURCES_NAMED])
        rest = f"; and {more} more, named on the figure's page" if more > 1 else ""
        return f"Source: {told}{rest}. {self.evidence}. Evidence to {self.edition.as_of}."

    @property
    def evidence(self) -> str:
        return ", ".join(self.figure.evidence).capitalize()

    @property
    def credit(self) -> str:
        edition = self.edition
        return (
            f"{edition.short_title}, edition {edition.version}, {self.citation.place}, "
            f"{self.citation.stamp}, {edition.content_licence}"
        )

    def record(self) -> dict[str, Any]:
        """The figure's line in the catalogue."""
        return {
            "id": self.figure.id,
            "number": self.number,
            "title": self.figure.title,
            "subtitle": self.figure.subtitle,
            "caption": self.figure.caption,
            "alt": self.figure.alt,
            "topic": self.topic,
            "page": self.page,
            "files": {ending: self.file(ending) for ending in DOWNLOADS},
            "hash": self.figure.hash,
            "tables": list(self.figure.tables),
            "evidence": list(self.figure.evidence),
            "sources": self.figure.sources["source_id"].tolist(),
            "models": [qualified_name(model) for model in self.figure.models],
            "tests": list(self.figure.tests),
            "settings": dict(self.figure.settings),
            "controls": [asdict(control) for control in self.figure.controls],
            "presets": [asdict(preset) for preset in self.figure.presets],
            "as_of": self.edition.as_of,
            "edition": self.edition.version,
            "licence": self.edition.content_licence,
            "citation": self.citation.text(),
        }

    def json_ld(self) -> dict[str, Any]:
        """The figure's data set in the vocabulary of schema.org."""
        edition = self.edition
        return {
            "@context": "https://schema.org",
            "@type": "Dataset",
            "name": f"Fig. {self.number}: {self.figure.title}",
            "description": f"{self.figure.subtitle}. {self.figure.caption}",
            "identifier": self.citation.stamp,
            "license": edition.content_licence_url,
            "version": edition.version,
            "datePublished": edition.date,
            "creator": [{"@type": "Organization", "name": name} for name in edition.authors],
            "isBasedOn": self.figure.sources["url"].tolist(),
            "variableMeasured": [
                {"@type": "PropertyValue", "name": name, "description": self.figure.fields[name]}
                for name in self.figure.frame.columns
            ],
            "distribution": [
                {
                    "@type": "DataDownload",
                    "encodingFormat": kind,
                    "contentUrl": self.file(ending).removeprefix("figures/"),
                }
                for ending, kind in (("csv", "text/csv"), ("json", "application/json"))
            ],
        }

    def files(self) -> dict[str, bytes]:
        """Every file that leaves the book, by its ending."""
        record = self.record()
        meta = {
            "Title": f"Fig. {self.number} {self.figure.title}",
            "Author": ", ".join(self.edition.authors),
            "Source": self.source_line,
            "Copyright": self.edition.content_licence,
            "Description": self.citation.text(),
        }
        picture = render.picture_svg(
            self.figure,
            self.number,
            self.source_line,
            self.credit,
            json.dumps(meta, ensure_ascii=False),
        )
        data = {
            **record,
            "fields": dict(self.figure.fields),
            "source_rows": json.loads(self.figure.sources.to_json(orient="records")),
            "data": json.loads(
                self.figure.frame.to_json(orient="records", double_precision=15, date_format="iso")
            ),
        }
        return {
            "svg": picture.encode(),
            "png": render.picture_png(picture, meta),
            "csv": self.csv().encode(),
            "json": to_json(data).encode(),
            "vl.json": render.standalone_spec(self.figure).encode(),
            "bib": self.citation.bibtex().encode(),
            "ris": self.citation.ris().encode(),
            "csl.json": self.citation.csl().encode(),
        }

    def csv(self) -> str:
        """The plotted rows under comments with citation, sources and the meaning of columns.

        The header's lines start with '#'; `pandas.read_csv(path, comment="#")` skips them.
        """
        header = [
            self.citation.text(),
            self.source_line,
            *(f"{name}: {self.figure.fields[name]}" for name in self.figure.frame.columns),
        ]
        return "".join(f"# {line}\n" for line in header) + self.figure.csv()

    def live_script(self) -> str:
        """The compiled chart as a classic script: a page opened from disk may load no JSON."""
        specs = json.dumps(render.vega_specs(self.figure), sort_keys=True, ensure_ascii=False)
        return f"window.bookFigure({json.dumps(self.figure.id)},{specs});\n"


def qualified_name(function: Any) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"


def catalogue(registry: Registry) -> list[dict[str, Any]]:
    """One record per figure, in the order of the book."""
    return [Publication.of(registry, figure_id).record() for figure_id in registry]


def export_all(registry: Registry, folder: Path, progress: bool = False) -> list[Path]:
    """Write every figure's files and the catalogue below `folder`; return what was written."""
    written = []
    for position, figure_id in enumerate(registry, start=1):
        publication = Publication.of(registry, figure_id)
        target = folder / figure_id
        target.mkdir(parents=True, exist_ok=True)
        for ending, content in publication.files().items():
            path = target / f"{figure_id}.{ending}"
            path.write_bytes(content)
            written.append(path)
        if progress:
            print(f"[{position}/{len(registry)}] figure {publication.number} {figure_id}")
    index = folder / "index.json"
    index.write_text(to_json(catalogue(registry)), encoding="utf-8")
    return [*written, index]


__all__ = ["DOWNLOADS", "Publication", "catalogue", "export_all", "qualified_name"]
