"""The opening of the README: what the book finds, written from the run at each release."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from analysis.publishing.edition import ROOT
from analysis.publishing.export import Publication

_BLOCK = re.compile(r"(<!-- findings: written by make release -->\n).*?(<!-- /findings -->)", re.S)
PICTURE = Path("editions") / "picture.svg"
#: Findings listed per chapter.
LINES = 5


def findings_block(publications: Sequence[Publication], picture: Publication) -> str:
    """The picture, and the first findings of each chapter, one line per figure."""
    lines = [f"![{picture.figure.alt}]({PICTURE.as_posix()})", "", "What it finds so far:"]
    for topic, chapter in groupby(publications, key=lambda publication: publication.topic):
        found = list(chapter)
        lines += ["", f"**{_title(topic)}**", ""]
        lines += [
            f"- {publication.figure.title} (Fig. {publication.number})"
            for publication in found[:LINES]
        ]
        if len(found) > LINES:
            lines.append(f"- and {len(found) - LINES} more figures")
    return "\n".join(lines) + "\n"


def _title(topic: str) -> str:
    text = (ROOT / "chapters" / f"{topic}.md").read_text(encoding="utf-8")
    return re.findall(r"^# (.+)$", text, re.M)[0]


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
