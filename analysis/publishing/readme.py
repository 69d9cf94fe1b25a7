"""The opening of the README: what the book finds, written from the run at each release."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from analysis.publishing.edition import ROOT
from analysis.publishing.export import Publication

_BLOCK = re.compile(r"(<!-- findings: written by make release -->\n).*?(<!-- /findings -->)", re.S)
PICTURE = Path("editions") / "picture.svg"


def findings_block(publications: Sequence[Publication], picture: Publication) -> str:
    """The picture and one line per figure: its finding."""
    lines = [f"![{picture.figure.alt}]({PICTURE.as_posix()})", "", "What it finds so far:", ""]
    lines += [
        f"- {publication.figure.title} (Fig. {publication.number})" for publication in publications
    ]
    return "\n".join(lines) + "\n"


def renewed(text: str, block: str) -> str:
    """The README with the findings put between their marks."""
    if not _BLOCK.search(text):
        raise ValueError("README.md has lost its marks <!-- findings: ... --> <!-- /findings -->")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{block}\n{match[2]}", text)


def write(publications: Sequence[Publication], picture: Publication) -> None:
    """Write picture and findings."""
    (ROOT / PICTURE).parent.mkdir(exist_ok=True)
    (ROOT / PICTURE).write_bytes(picture.files()["svg"])
    path = ROOT / "README.md"
    path.write_text(
        renewed(path.read_text(encoding="utf-8"), findings_block(publications, picture)),
        encoding="utf-8",
    )
