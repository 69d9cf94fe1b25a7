"""The stamp of a build: a hash of everything a figure can depend on.

Jupyter Book's own cache looks at a chapter's cells alone, so a changed model or a changed fact
would leave a page as it was. Every cache of the build therefore lives under this stamp.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

WATCHED = ("analysis", "data", "editions", "requirements.txt", "CITATION.cff", "_toc.yml")
IGNORED = {"__pycache__"}


def watched_files(root: Path) -> list[Path]:
    """The files whose change must reach the pages, in a fixed order."""
    found: list[Path] = []
    for name in WATCHED:
        path = root / name
        found += [path] if path.is_file() else sorted(path.rglob("*"))
    return [path for path in found if path.is_file() and not IGNORED & set(path.parts)]


def stamp(root: Path) -> str:
    """Twelve hex digits over names and contents of the watched files."""
    digest = hashlib.sha256()
    for path in watched_files(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
