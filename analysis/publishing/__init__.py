"""What turns a chart into a figure that can be cited: record, theme, files, citation, pages.

An author needs three names: `Figure` (the record a figure function returns), `Entry` (one line of a
topic's registry) and `theme` (colours and marks). The rest serves the build.
"""

from analysis.publishing.record import Entry, Figure
from analysis.publishing.registry import Registry

__all__ = ["Entry", "Figure", "Registry"]
