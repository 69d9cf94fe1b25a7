"""The files of a figure say what they are, and the CSV is what is plotted."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from PIL import Image

from analysis.figures import REGISTRY
from analysis.publishing.export import DOWNLOADS, Publication, catalogue


@pytest.fixture(params=list(REGISTRY), scope="module")
def exported(request: pytest.FixtureRequest) -> tuple[Publication, dict[str, bytes]]:
    publication = Publication.of(REGISTRY, request.param)
    return publication, publication.files()


def test_every_promised_file_is_made(exported: tuple) -> None:
    _, files = exported
    assert set(files) == set(DOWNLOADS)
    assert all(files.values())


def test_the_csv_is_the_frame_that_is_plotted(exported: tuple) -> None:
    publication, files = exported
    read = pd.read_csv(io.BytesIO(files["csv"]), comment="#")
    written = pd.read_csv(io.StringIO(publication.figure.csv()))
    pd.testing.assert_frame_equal(read, written)
    rows = [row for rows in publication.figure.spec["datasets"].values() for row in rows]
    assert len(rows) >= len(read)
    assert set(read.columns) <= {name for row in rows for name in row}


def test_picture_files_carry_number_hash_and_licence(exported: tuple) -> None:
    publication, files = exported
    svg = files["svg"].decode()
    png = Image.open(io.BytesIO(files["png"])).info
    for text in (svg, png["Description"]):
        assert f"Fig. {publication.number}" in text
        assert publication.citation.stamp in text
        assert publication.edition.content_licence in text
    assert "var(--" not in svg


def test_the_json_record_holds_fields_sources_and_rows(exported: tuple) -> None:
    publication, files = exported
    record = json.loads(files["json"])
    assert len(record["data"]) == len(publication.figure.frame)
    assert set(record["fields"]) >= set(publication.figure.frame.columns)
    assert [row["source_id"] for row in record["source_rows"]] == record["sources"]


def test_rendering_twice_gives_the_same_bytes(exported: tuple) -> None:
    publication, files = exported
    assert publication.files() == files


def test_the_catalogue_lists_every_figure_with_what_a_program_needs() -> None:
    records = catalogue(REGISTRY)
    assert [record["id"] for record in records] == list(REGISTRY)
    for record in records:
        assert {"number", "title", "alt", "topic", "page", "files", "hash", "tables"} <= set(record)
