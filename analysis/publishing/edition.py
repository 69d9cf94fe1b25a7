"""The edition: title, version, date and licences, read from CITATION.cff, their only home."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from analysis import catalog

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Edition:
    """One edition of the book.

    `base_url` is empty until the book has a public address; permalinks are then relative.
    """

    title: str
    authors: tuple[str, ...]
    version: str
    date: str
    as_of: str
    base_url: str
    code_licence: str = "BSD-3-Clause"
    content_licence: str = "CC BY 4.0"
    content_licence_url: str = "https://creativecommons.org/licenses/by/4.0/"

    @property
    def short_title(self) -> str:
        return self.title.split(":")[0]

    @property
    def year(self) -> str:
        return self.date[:4]

    def permalink(self, figure_id: str) -> str:
        """Address of a figure's page: absolute once the book has one, else within the book."""
        return f"{self.base_url.rstrip('/')}/" * bool(self.base_url) + f"figures/{figure_id}.html"


@cache
def current() -> Edition:
    """The edition this checkout builds."""
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return Edition(
        title=cff["title"],
        authors=tuple(
            author.get("name") or f"{author['given-names']} {author['family-names']}"
            for author in cff["authors"]
        ),
        version=str(cff["version"]),
        date=str(cff["date-released"]),
        as_of=catalog.as_of(),
        base_url=cff.get("url", ""),
    )
