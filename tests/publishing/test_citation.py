"""Citations parse in the formats they claim, and say which edition and which content they mean."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pybtex.database import parse_string

from analysis.figures import REGISTRY
from analysis.publishing.export import Publication


@pytest.fixture(params=list(REGISTRY))
def publication(request: pytest.FixtureRequest) -> Publication:
    return Publication.of(REGISTRY, request.param)


def test_bibtex_is_read_back_by_a_bibtex_parser(publication: Publication) -> None:
    entry = next(iter(parse_string(publication.citation.bibtex(), "bibtex").entries.values()))
    assert entry.fields["edition"] == publication.edition.version
    assert publication.citation.stamp in entry.fields["note"]
    people = [str(person) for person in entry.persons["author"]]
    assert people == [f"{{{name}}}" for name in publication.edition.authors]


def test_csl_names_edition_place_and_hash(publication: Publication) -> None:
    (item,) = json.loads(publication.citation.csl())
    assert f"figures/{publication.figure.id}.html" in item["note"]
    assert item["edition"] == publication.edition.version
    assert publication.figure.hash in item["note"]


def test_ris_has_its_required_lines_in_order(publication: Publication) -> None:
    lines = publication.citation.ris().split("\r\n")
    assert lines[0] == "TY  - CHAP"
    assert lines[-2:] == ["ER  - ", ""]
    assert all(line[2:6] == "  - " for line in lines[:-1])


def test_text_citation_carries_number_edition_date_place_hash_and_licence(
    publication: Publication,
) -> None:
    text = publication.citation.text()
    edition = publication.edition
    for part in (publication.number, edition.version, edition.date, publication.figure.hash):
        assert part in text
    assert edition.content_licence in text


def test_an_address_is_given_as_one_only_when_the_book_has_a_public_address() -> None:
    here = Publication.of(REGISTRY, next(iter(REGISTRY))).citation
    assert not here.edition.base_url
    assert "URL" not in json.loads(here.csl())[0]
    assert "UR  - " not in here.ris()
    public = replace(here, edition=replace(here.edition, base_url="https://book.example/"))
    address = f"https://book.example/figures/{here.figure.id}.html"
    assert json.loads(public.csl())[0]["URL"] == address
    assert f"UR  - {address}" in public.ris()
    assert f"url = {{{address}}}" in public.bibtex()
