"""The only reader of `data/`: load a table, describe it, name its sources, seal the package.

A table whose SHA-256 is the one sealed in `data/datapackage.json` is known to be valid and is
parsed at once. A table that was edited since is validated in full first, so that an edited cell
works at the next run and a bad one is refused with file, row, field, value and what is accepted.

``python -m analysis.catalog check`` validates every table and compares it with its seal;
``python -m analysis.catalog seal`` validates every table and renews the seals.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[1] / "data"
DESCRIPTOR = "datapackage.json"
SOURCES = "sources"
MOST_PROBLEMS = 20


class CatalogError(ValueError):
    """A table that cannot be used, or a table or source that does not exist.

    Attributes
    ----------
    problems : tuple of `analysis.catalog_validation.Problem`
        What is wrong, in the order of the file; empty for an unknown table or source.
    """

    def __init__(self, message: str, problems: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


def package(data: Path = DATA) -> dict[str, Any]:
    """The descriptor of the data package: title, version, licences, `as_of`, resources."""
    return json.loads((data / DESCRIPTOR).read_text(encoding="utf-8"))


# Every load of a table asks; a descriptor that has changed is another text.
@lru_cache(maxsize=2)
def _resources(descriptor: str) -> dict[str, dict[str, Any]]:
    return {resource["name"]: resource for resource in json.loads(descriptor)["resources"]}


def as_of(data: Path = DATA) -> str:
    """The date of the evidence, as YYYY-MM."""
    return str(package(data)["as_of"])


def tables(data: Path = DATA) -> tuple[str, ...]:
    """The names of the tables, in the order of the descriptor."""
    return tuple(resource["name"] for resource in package(data)["resources"])


def describe(table: str, data: Path = DATA) -> dict[str, Any]:
    """The descriptor of one table: title, description, path, schema, hash, bytes.

    Raises
    ------
    CatalogError
        If there is no such table; the message lists those there are.
    """
    resources = _resources((data / DESCRIPTOR).read_text(encoding="utf-8"))
    if table not in resources:
        raise CatalogError(f"table {table!r} is not known; known: {', '.join(sorted(resources))}")
    return resources[table]


def load(table: str, data: Path = DATA) -> pd.DataFrame:
    """Read one table.

    Parameters
    ----------
    table : name of the table, one of `tables`.
    data : folder of the data package.

    Returns
    -------
    pandas.DataFrame
        One row per row of the file. Number fields are float64, with NaN where the cell is blank;
        whole numbers that may not be blank are int64, truth values bool; all else is text, "" where
        blank. Units are in the schema, see `describe`. ``frame.attrs["tables"]`` is ``(table,)``.

    Raises
    ------
    CatalogError
        If the table is not known, or was edited and is not valid.
    """
    resource = describe(table, data)
    path = data / resource["path"]
    content = path.read_bytes() if path.is_file() else b""
    if _hash(content) != resource.get("hash"):
        _refuse(_problems(resource, data))
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    for field in resource["schema"]["fields"]:
        if field["type"] in ("number", "integer"):
            # Python's own conversion is exact to the last bit on every version of pandas.
            values = [float(text) if text else np.nan for text in frame[field["name"]]]
            whole = field["type"] == "integer" and field.get("constraints", {}).get("required")
            frame[field["name"]] = np.array(values, dtype="int64" if whole else "float64")
        elif field["type"] == "boolean":
            frame[field["name"]] = frame[field["name"]].str.lower() == "true"
    frame.attrs["tables"] = (table,)
    return frame


def sources_of(*cited: pd.DataFrame | str | Iterable[str], data: Path = DATA) -> pd.DataFrame:
    """The sources that frames or ids cite.

    Parameters
    ----------
    cited : frames with a column `source_id`, single ids, or several ids.

    Returns
    -------
    pandas.DataFrame
        Rows of the table `sources`, each once, in the order in which they are first cited.

    Raises
    ------
    CatalogError
        If a frame has no column `source_id`, or an id is not in the table `sources`.
    """
    ids: list[str] = []
    for item in cited:
        if isinstance(item, pd.DataFrame) and "source_id" not in item:
            raise CatalogError(
                f"a frame with the columns {', '.join(map(str, item.columns))} has no column "
                "source_id; keep that column when you select columns"
            )
        found = item["source_id"] if isinstance(item, pd.DataFrame) else item
        ids.extend([found] if isinstance(found, str) else found)
    known = load(SOURCES, data).set_index("source_id", drop=False)
    unknown = [name for name in dict.fromkeys(ids) if name not in known.index]
    if unknown:
        raise CatalogError(
            f"source {unknown[0]!r} is not known; accepted: a source_id of data/sources.csv. "
            "Add the source there, then run python -m analysis.catalog seal."
        )
    frame = known.loc[list(dict.fromkeys(ids))].reset_index(drop=True)
    frame.attrs["tables"] = (SOURCES,)
    return frame


def tables_of(*frames: pd.DataFrame) -> tuple[str, ...]:
    """The tables that frames were read from, each once, in the order of the arguments.

    Raises
    ------
    CatalogError
        If a frame does not carry its tables, for instance because it was built anew.
    """
    names: dict[str, None] = {}
    for frame in frames:
        if not frame.attrs.get("tables"):
            raise CatalogError(
                f"a frame with the columns {', '.join(map(str, frame.columns))} does not say which "
                "tables it is from; accepted: a frame of catalog.load, or one with "
                'frame.attrs["tables"] set'
            )
        names.update(dict.fromkeys(frame.attrs["tables"]))
    return tuple(names)


def check(data: Path = DATA) -> None:
    """Validate every table and compare it with its seal.

    Raises
    ------
    CatalogError
        If a table is not valid, or differs from its seal.
    """
    resources = package(data)["resources"]
    _refuse([problem for resource in resources for problem in _problems(resource, data)])
    for resource in resources:
        content = (data / resource["path"]).read_bytes()
        sealed, found = (
            (resource.get("hash"), resource.get("bytes")),
            (_hash(content), len(content)),
        )
        if sealed != found:
            raise CatalogError(
                f"{data.name}/{resource['path']} is valid but not sealed: it has {found[0]} and "
                f"{found[1]} bytes, the seal says {sealed[0]} and {sealed[1]}. "
                "Run python -m analysis.catalog seal."
            )


def seal(data: Path = DATA) -> None:
    """Validate every table, then write its SHA-256 and size into the descriptor.

    Raises
    ------
    CatalogError
        If a table is not valid; the descriptor is then left as it was.
    """
    descriptor = package(data)
    _refuse([found for resource in descriptor["resources"] for found in _problems(resource, data)])
    for resource in descriptor["resources"]:
        content = (data / resource["path"]).read_bytes()
        resource.update(hash=_hash(content), bytes=len(content))
    text = json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n"
    (data / DESCRIPTOR).write_text(text, encoding="utf-8", newline="\n")


def _hash(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _problems(resource: dict[str, Any], data: Path) -> list[Any]:
    from analysis.catalog_validation import validate  # only for tables edited since sealing

    known: dict[str, set[tuple[str, ...]]] = {}
    for key in resource["schema"].get("foreignKeys", []):
        table, fields = key["reference"]["resource"], key["reference"]["fields"]
        path = data / describe(table, data)["path"]
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        rows = list(csv.DictReader(io.StringIO(text)))
        known[f"{table}.{fields[0]}"] = {tuple(str(row.get(f)) for f in fields) for row in rows}
    return validate(resource, data, known)


def _refuse(problems: Sequence[Any]) -> None:
    if not problems:
        return
    lines = [str(problem) for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"... and {len(problems) - MOST_PROBLEMS} more problems.")
    ending = "Mend the row, then run python -m analysis.catalog seal."
    raise CatalogError("\n".join(lines) + ("\n" if len(lines) > 1 else " ") + ending, problems)


def main(arguments: Sequence[str]) -> int:
    """Run ``check`` or ``seal`` and say what came of it."""
    commands = {"check": check, "seal": seal}
    if len(arguments) != 1 or arguments[0] not in commands:
        print("usage: python -m analysis.catalog check | seal", file=sys.stderr)
        return 2
    try:
        commands[arguments[0]](DATA)
    except CatalogError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(tables())} tables valid and sealed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
