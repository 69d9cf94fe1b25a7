"""What makes a table of `data/` acceptable, and how a bad one is reported.

Structure (encoding, header, number of cells, last line), keys and references are checked here;
types and constraints of cells by `frictionless`, against the schema in `data/datapackage.json`.
Rows are numbered as in a spreadsheet: the header is row 1.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAIN = {
    "number": re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"),
    "integer": re.compile(r"[+-]?\d+"),
}
BOUNDS = {"minimum": ">=", "maximum": "<="}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a table.

    Attributes
    ----------
    file : path below the repository, such as ``data/scaling_laws/training_runs.csv``.
    row : row in the file, the header being row 1; None where the whole file is meant.
    field : name of the column or columns; None where the whole row or file is meant.
    value : what was found there.
    accepted : what would have been accepted.
    """

    file: str
    row: int | None
    field: str | None
    value: str
    accepted: str

    def __str__(self) -> str:
        where = self.file
        where += "" if self.row is None else f", row {self.row}"
        where += "" if self.field is None else f", field {self.field}"
        return f"{where}: {self.value!r} is not accepted; accepted: {self.accepted}."


def validate(
    resource: Mapping[str, Any], folder: Path, known: Mapping[str, set[tuple[str, ...]]]
) -> list[Problem]:
    """Find everything that is wrong with one table.

    Parameters
    ----------
    resource : descriptor of the table, as in `datapackage.json`.
    folder : the folder of the data package; the table lies at ``folder / resource["path"]``.
    known : for each reference of the table, ``"resource.field"`` to the keys that exist there.

    Returns
    -------
    list of Problem
        In the order of the rows. With a structural fault only that is reported, because the cells
        cannot be read reliably.
    """
    file = f"{folder.name}/{resource['path']}"
    path = folder / resource["path"]
    if not path.is_file():
        return [Problem(file, None, None, "no such file", "the file named in datapackage.json")]
    rows, problems = _rows(file, path.read_bytes(), resource["schema"]["fields"])
    if problems:
        return problems
    found = [
        *_cells(file, resource, folder),
        *_plain_numbers(file, resource["schema"]["fields"], rows),
        *_keys(file, resource, rows),
        *_references(file, resource, rows, known),
        *_alternatives(file, resource, rows),
    ]
    unique: dict[tuple[int | None, str | None], Problem] = {}
    for problem in found:
        unique.setdefault((problem.row, problem.field), problem)
    return sorted(unique.values(), key=lambda problem: problem.row or 0)


def accepted(field: Mapping[str, Any]) -> str:
    """Say in words what a field accepts, from its type, unit and constraints."""
    constraints = field.get("constraints", {})
    if "enum" in constraints:
        text = "one of " + ", ".join(constraints["enum"])
    elif field["type"] in PLAIN:
        kind = "a number" if field["type"] == "number" else "a whole number"
        bounds = [
            f"{sign} {constraints[key]}" for key, sign in BOUNDS.items() if key in constraints
        ]
        text = " ".join([kind, " and ".join(bounds), f"in {field['unit']}"]).replace("  ", " ")
    elif "pattern" in constraints:
        text = f"text of the form {constraints['pattern']}"
    else:
        text = "text"
    if constraints.get("unique"):
        text += " that no other row has"
    return text + (", not blank" if constraints.get("required") else ", or blank")


def _values(
    fields: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[tuple[str, ...]]:
    """The values of some columns, row by row, as tuples."""
    places = [list(header).index(field) for field in fields]
    for row in rows:
        yield tuple(row[place] for place in places)


def _rows(
    file: str, content: bytes, fields: Sequence[Mapping[str, Any]]
) -> tuple[list[list[str]], list[Problem]]:
    names = [field["name"] for field in fields]
    if not content.strip():
        return [], [Problem(file, 1, None, "an empty file", "the header " + ",".join(names))]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = content[error.start : error.end].hex(" ")
        line = content.count(b"\n", 0, error.start) + 1
        return [], [Problem(file, line, None, f"byte {bad}", "text in UTF-8")]
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    if header != names:
        return [], _header(file, header, names)
    problems = []
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            field = names[len(row)] if len(row) < len(names) else None
            problems.append(
                Problem(file, number, field, f"a row of {len(row)} cells", f"{len(names)} cells")
            )
        elif any("\n" in cell or "\r" in cell for cell in row):
            problems.append(Problem(file, number, None, "a line break in a cell", "one line a row"))
    if not problems and not text.endswith("\n"):
        last = text.rsplit("\n", 1)[-1]
        problems = [
            Problem(file, len(rows) + 1, None, last, "a last line that ends in a line break")
        ]
    return rows, problems


def _header(file: str, header: Sequence[str], names: Sequence[str]) -> list[Problem]:
    wanted = "the columns " + ",".join(names) + " in this order"
    missing = [
        Problem(file, 1, name, "no such column", wanted) for name in names if name not in header
    ]
    extra = [Problem(file, 1, name, name, wanted) for name in header if name not in names]
    return missing + extra or [Problem(file, 1, None, ",".join(header), wanted)]


def _cells(file: str, resource: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    from frictionless import Resource  # slow to import, and needed for edited tables only

    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    schema = {"fields": [*fields.values()], "missingValues": [""]}
    table = {"name": "table", "path": resource["path"], "format": "csv", "encoding": "utf-8"}
    report = Resource({**table, "schema": schema}, basepath=str(folder)).validate()
    for error in report.tasks[0].errors:
        name = getattr(error, "field_name", None)
        value = getattr(error, "cell", error.note)
        says = accepted(fields[name]) if name in fields else "what datapackage.json describes"
        yield Problem(file, getattr(error, "row_number", None), name, str(value or ""), says)


def _plain_numbers(
    file: str, fields: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[str]]
) -> Iterator[Problem]:
    for place, field in enumerate(fields):
        form = PLAIN.get(field["type"])
        for number, row in enumerate(rows, start=2):
            if form and row[place] and not form.fullmatch(row[place]):
                yield Problem(file, number, field["name"], row[place], accepted(field))


def _keys(
    file: str, resource: Mapping[str, Any], rows: Sequence[Sequence[str]]
) -> Iterator[Problem]:
    header = [field["name"] for field in resource["schema"]["fields"]]
    primary = resource["schema"].get("primaryKey", [])
    seen: dict[tuple[str, ...], int] = {}
    for number, key in enumerate(_values(primary, header, rows), start=2):
        first = seen.setdefault(key, number)
        if primary and first != number:
            says = f"a key that no other row has; row {first} has this one"
            yield Problem(file, number, ", ".join(primary), ", ".join(key), says)


def _references(
    file: str,
    resource: Mapping[str, Any],
    rows: Sequence[Sequence[str]],
    known: Mapping[str, set[tuple[str, ...]]],
) -> Iterator[Problem]:
    header = [field["name"] for field in resource["schema"]["fields"]]
    for key in resource["schema"].get("foreignKeys", []):
        target = f"{key['reference']['resource']}.{key['reference']['fields'][0]}"
        for number, value in enumerate(_values(key["fields"], header, rows), start=2):
            if any(value) and value not in known[target]:
                says = f"a {key['reference']['fields'][0]} of the table {target.split('.')[0]}"
                yield Problem(file, number, key["fields"][0], ", ".join(value), says)


def _alternatives(
    file: str, resource: Mapping[str, Any], rows: Sequence[Sequence[str]]
) -> Iterator[Problem]:
    header = [field["name"] for field in resource["schema"]["fields"]]
    for group in resource["schema"].get("atLeastOneOf", []):
        for number, values in enumerate(_values(group, header, rows), start=2):
            if not any(values):
                yield Problem(file, number, group[0], "", "a value in one of " + ", ".join(group))
