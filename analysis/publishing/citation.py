"""Citations of a figure: text, BibTeX, RIS and CSL-JSON, with edition, date, place and hash."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from analysis.publishing.edition import Edition
from analysis.publishing.record import Figure


@dataclass(frozen=True)
class Citation:
    """What there is to cite: a figure under its number in one edition."""

    figure: Figure
    number: str
    edition: Edition

    @property
    def stamp(self) -> str:
        """The content stamp, such as 'f:9c41e2aa': of data and specification, not of the page."""
        return f"f:{self.figure.hash}"

    @property
    def place(self) -> str:
        """Address of the figure's page: absolute once the book has a public one."""
        return self.edition.permalink(self.figure.id)

    @property
    def note(self) -> str:
        """Place, content stamp and licence, for formats without fields of their own."""
        return f"{self.place}; {self.stamp}; {self.edition.content_licence}"

    def text(self) -> str:
        """One line for a footnote."""
        edition = self.edition
        return (
            f"{', '.join(edition.authors)} ({edition.year}). Fig. {self.number}: "
            f"{self.figure.title}. In: {edition.short_title}, edition {edition.version}, "
            f"{edition.date}, {self.place}, {self.stamp}. {edition.content_licence}."
        )

    def bibtex(self) -> str:
        """A BibTeX entry; braces keep authors that are not persons whole."""
        edition = self.edition
        fields = {
            "author": " and ".join(f"{{{_tex(author)}}}" for author in edition.authors),
            "title": f"{{Fig. {self.number}: {_tex(self.figure.title)}}}",
            "booktitle": _tex(edition.title),
            "year": edition.year,
            "date": edition.date,
            "edition": edition.version,
            "note": self.note,
        }
        if edition.base_url:
            fields["url"] = self.place
        key = f"dualnature{edition.year}-{self.figure.id}"
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@inbook{{{key},\n{body}\n}}\n"

    def ris(self) -> str:
        """A RIS record."""
        edition = self.edition
        lines = [
            "TY  - CHAP",
            *(f"AU  - {author}" for author in edition.authors),
            f"TI  - Fig. {self.number}: {self.figure.title}",
            f"T2  - {edition.title}",
            f"PY  - {edition.year}",
            f"DA  - {edition.date.replace('-', '/')}",
            f"ET  - {edition.version}",
            *([f"UR  - {self.place}"] if edition.base_url else []),
            f"N1  - {self.note}",
            "ER  - ",
        ]
        return "\r\n".join(lines) + "\r\n"

    def csl(self) -> str:
        """A CSL-JSON list with one item."""
        edition = self.edition
        item = {
            "id": f"dualnature{edition.year}-{self.figure.id}",
            "type": "chapter",
            "author": [{"literal": author} for author in edition.authors],
            "title": f"Fig. {self.number}: {self.figure.title}",
            "container-title": edition.title,
            "edition": edition.version,
            "issued": {"date-parts": [[int(part) for part in edition.date.split("-")]]},
            "note": self.note,
        }
        if edition.base_url:
            item["URL"] = self.place
        return json.dumps([item], ensure_ascii=False, indent=1)


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)
