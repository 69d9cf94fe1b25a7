"""What turns a chart into a figure that can be cited: record, theme, files, citation, pages.

An author needs five names: `Figure` (the record a figure function returns), `Control` (a slider
under it), `Preset` (a named setting of the sliders), `Entry` (one line of a topic's registry) and
`theme` (colours). The rest serves the build.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.publishing.record import Control, Entry, Figure, Preset
    from analysis.publishing.registry import Registry

__all__ = ["Control", "Entry", "Figure", "Preset", "Registry"]
_HOMES = {
    "Control": "record", "Entry": "record", "Figure": "record", "Preset": "record",
    "Registry": "registry",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import an author's names when they are asked for: a build with nothing to do needs none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
