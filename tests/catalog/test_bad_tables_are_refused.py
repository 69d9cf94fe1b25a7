"""Every kind of bad table is refused, and the refusal names file, row, field, value and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analysis import catalog

FIXTURES = Path(__file__).parent / "fixtures"
FILE = "data/runs.csv"
COLUMNS = "the columns run_id,train_flop,chips,cost,unit,source_id in this order"
CASES = {
    "wrong_type": (3, "train_flop", "abc", "a number >= 0 in FLOP, not blank"),
    "not_whole_number": (3, "chips", "16.5", "a whole number >= 1 in chips, not blank"),
    "unknown_unit": (3, "unit", "CHF", "one of USD, EUR, not blank"),
    "unknown_source": (3, "source_id", "hofmann2022", "a source_id of the table sources"),
    "duplicate_key": (3, "run_id", "a", "a key that no other row has; row 2 has this one"),
    "out_of_range": (3, "train_flop", "-2e22", "a number >= 0 in FLOP, not blank"),
    "missing_source": (3, "source_id", "", "text, not blank"),
    "not_a_number": (3, "train_flop", "NaN", "a number >= 0 in FLOP, not blank"),
    "infinite": (3, "train_flop", "inf", "a number >= 0 in FLOP, not blank"),
    "grouped_digits": (3, "train_flop", "2_000", "a number >= 0 in FLOP, not blank"),
    "wrong_encoding": (3, None, "byte fc", "text in UTF-8"),
    "too_few_cells": (3, "cost", "a row of 3 cells", "6 cells"),
    "too_many_cells": (3, None, "a row of 7 cells", "6 cells"),
    "line_cut_off": (3, None, "b,2e22,16,,EUR,hoffman", "a last line that ends in a line break"),
    "missing_column": (1, "chips", "no such column", COLUMNS),
    "extra_column": (1, "mood", "mood", COLUMNS),
    "header_order": (1, None, "train_flop,run_id,chips,cost,unit,source_id", COLUMNS),
    "empty": (1, None, "an empty file", "the header run_id,train_flop,chips,cost,unit,source_id"),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("datapackage.json", "sources.csv"):
        shutil.copy(FIXTURES / name, folder / name)
    shutil.copy(FIXTURES / "valid.csv", folder / "runs.csv")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_the_refusal_says_where_what_and_what_is_accepted(case: str, data: Path) -> None:
    shutil.copy(FIXTURES / f"{case}.csv", data / "runs.csv")
    with pytest.raises(catalog.CatalogError) as refused:
        catalog.load("runs", data)
    problem, *others = refused.value.problems
    assert not others
    found = (problem.file, problem.row, problem.field, problem.value, problem.accepted)
    assert found == (FILE, *CASES[case])


def test_every_fixture_is_a_case() -> None:
    found = {path.stem for path in FIXTURES.glob("*.csv")}
    assert found == {*CASES, "valid", "sources"}


def test_the_message_reads_as_a_sentence_with_a_remedy(data: Path) -> None:
    shutil.copy(FIXTURES / "wrong_type.csv", data / "runs.csv")
    with pytest.raises(catalog.CatalogError) as refused:
        catalog.load("runs", data)
    assert str(refused.value) == (
        "data/runs.csv, row 3, field train_flop: 'abc' is not accepted; accepted: a number >= 0 in "
        "FLOP, not blank. Mend the row, then run python -m analysis.catalog seal."
    )


def test_every_problem_is_listed_up_to_twenty(data: Path) -> None:
    rows = [f"r{number},abc,1,,USD,kaplan2020\n" for number in range(25)]
    header = (FIXTURES / "valid.csv").read_text(encoding="utf-8").splitlines()[0]
    (data / "runs.csv").write_text(header + "\n" + "".join(rows), encoding="utf-8")
    with pytest.raises(catalog.CatalogError) as refused:
        catalog.load("runs", data)
    assert [problem.row for problem in refused.value.problems] == list(range(2, 27))
    assert str(refused.value).count("'abc'") == 20
    assert "and 5 more problems" in str(refused.value)


def test_a_row_without_value_and_without_interval_is_refused(data: Path) -> None:
    descriptor = (data / "datapackage.json").read_text(encoding="utf-8")
    wanted = descriptor.replace('"missingValues"', '"atLeastOneOf": [["cost"]], "missingValues"')
    (data / "datapackage.json").write_text(wanted, encoding="utf-8")
    with pytest.raises(catalog.CatalogError) as refused:
        catalog.load("runs", data)
    assert [(problem.row, problem.field) for problem in refused.value.problems] == [(3, "cost")]


def test_a_table_whose_file_is_gone_is_refused_by_name(data: Path) -> None:
    (data / "runs.csv").unlink()
    with pytest.raises(catalog.CatalogError, match=r"data/runs.csv: 'no such file'"):
        catalog.load("runs", data)


def test_an_edited_but_valid_table_loads_at_once(data: Path) -> None:
    catalog.seal(data)
    edited = (data / "runs.csv").read_text(encoding="utf-8").replace("2e22", "3e22")
    (data / "runs.csv").write_text(edited, encoding="utf-8")
    assert catalog.load("runs", data)["train_flop"].tolist() == [1e21, 3e22]


def test_check_refuses_a_valid_table_that_is_not_sealed(data: Path) -> None:
    with pytest.raises(catalog.CatalogError, match="valid but not sealed"):
        catalog.check(data)
    catalog.seal(data)
    catalog.check(data)


def test_seal_leaves_the_descriptor_alone_when_a_table_is_bad(data: Path) -> None:
    shutil.copy(FIXTURES / "out_of_range.csv", data / "runs.csv")
    before = (data / "datapackage.json").read_bytes()
    with pytest.raises(catalog.CatalogError):
        catalog.seal(data)
    assert (data / "datapackage.json").read_bytes() == before
