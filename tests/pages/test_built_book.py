"""The built pages: complete, linked, light, and without a word to any other host."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from analysis.figures import REGISTRY
from analysis.publishing.edition import ROOT
from analysis.publishing.export import DOWNLOADS

pytestmark = pytest.mark.book
PAGE_BUDGET_BYTES = 700_000


class Page(HTMLParser):
    """Ids, links and loaded resources of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        loading = {"script": "src", "img": "src", "iframe": "src", "link": "href"}
        if tag in loading and values.get(loading[tag]):
            self.loads.append(values[loading[tag]])


@pytest.fixture(scope="module")
def pages(book: Path) -> dict[Path, Page]:
    found = [path for path in sorted(book.rglob("*.html")) if "_static" not in path.parts]
    return {path: Page(path.read_text(encoding="utf-8")) for path in found}


def test_nothing_is_loaded_from_another_host(book: Path, pages: dict[Path, Page]) -> None:
    foreign = {
        (path.relative_to(book).as_posix(), address)
        for path, page in pages.items()
        for address in page.loads
        if urlsplit(address).netloc
    }
    assert not foreign
    texts = [path.read_text(encoding="utf-8") for path in pages]
    assert not [text for text in texts if re.search(r"unpkg\.com|jsdelivr\.net|cdnjs\.", text)]


def test_every_link_within_the_book_leads_somewhere(book: Path, pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            lost = anchor and target in pages and anchor not in pages[target].ids
            if lost or not target.exists():
                broken.append((path.relative_to(book).as_posix(), address))
    assert not broken


def test_every_figure_is_shown_once_and_numbered_as_registered(
    book: Path, pages: dict[Path, Page], index: list[dict]
) -> None:
    chapters = {path: page for path, page in pages.items() if path.parent.name == "chapters"}
    shown = Counter(
        anchor.removeprefix("fig-")
        for page in chapters.values()
        for anchor in page.ids
        if anchor.startswith("fig-")
    )
    assert shown == Counter(dict.fromkeys(REGISTRY, 1))
    for record in index:
        chapter = (book / "chapters" / f"{record['topic']}.html").read_text(encoding="utf-8")
        place = chapter.index(f'id="fig-{record["id"]}"')
        assert f"Fig. {record['number']}" in chapter[place : place + 300]


def test_every_figure_has_its_page_and_files(book: Path, index: list[dict]) -> None:
    assert [record["id"] for record in index] == list(REGISTRY)
    for record in index:
        page = (book / record["page"]).read_text(encoding="utf-8")
        assert record["hash"] in page
        assert 'type="application/ld+json"' in page
        assert set(record["files"]) == set(DOWNLOADS)
        for address in record["files"].values():
            assert (book / address).stat().st_size > 0


def test_json_ld_is_json_and_names_the_licence(book: Path, index: list[dict]) -> None:
    for record in index:
        page = (book / record["page"]).read_text(encoding="utf-8")
        text = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
        assert text is not None
        assert json.loads(text[1])["license"].startswith("https://creativecommons.org/")


def test_the_picture_stands_in_the_page_itself(book: Path, index: list[dict]) -> None:
    for record in index:
        chapter = (book / "chapters" / f"{record['topic']}.html").read_text(encoding="utf-8")
        place = chapter.index(f'data-figure="{record["id"]}"')
        assert "<svg" in chapter[place : place + 4000]


def test_a_chapter_stays_within_its_weight(book: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        if path.parent.name != "chapters":
            continue
        local = {(path.parent / urlsplit(address).path).resolve() for address in page.loads}
        files = [path, *(file for file in local if file.is_file())]
        # The search index is loaded by the theme on every page; it is counted too.
        weight = sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)
        assert weight <= PAGE_BUDGET_BYTES, f"{path.name}: {weight} bytes compressed"


def test_no_page_tells_where_it_was_built(book: Path) -> None:
    root = str(book.parents[1])
    for path in book.rglob("*"):
        if path.suffix in {".html", ".json", ".csv", ".svg", ".js", ".inv"}:
            assert root not in path.read_text(encoding="utf-8", errors="replace"), path


def test_formulas_are_the_ones_the_sources_write(book: Path) -> None:
    """A dollar sign in a computed number would turn prose into a formula."""
    for chapter in sorted((ROOT / "chapters").glob("*.md")):
        text = re.sub(r"```.*?```", "", chapter.read_text(encoding="utf-8"), flags=re.S)
        blocks = len(re.findall(r"^\$\$$", text, re.M)) // 2
        inline = len(re.findall(r"(?<!\$)\$[^$\n]+\$(?!\$)", text))
        page = (book / "chapters" / f"{chapter.stem}.html").read_text(encoding="utf-8")
        assert page.count('class="book-math"') == inline, chapter.name
        assert page.count('class="book-math-block"') == blocks, chapter.name
