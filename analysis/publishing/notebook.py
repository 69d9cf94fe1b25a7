"""How a figure is shown: live in a notebook, and as a numbered figure of the page in the book."""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd

    from analysis.publishing.record import Figure
    from analysis.publishing.registry import Registry

MIME = "application/vnd.book-figure+json"
#: Set by the build in the environment its kernels inherit: the page draws the figure, not the cell.
BUILD_VARIABLE = "BOOK_BUILD"


class Shown:
    """A figure as the last expression of a cell.

    In Jupyter it draws itself; `.chart` is the live Altair chart and `.frame` the plotted rows.
    """

    def __init__(self, registry: Registry, figure_id: str, settings: Mapping[str, Any]) -> None:
        registry.entry(figure_id)
        self._registry = registry
        self._id = figure_id
        self._settings = dict(settings)

    @property
    def figure(self) -> Figure:
        return self._registry.build(self._id, **self._settings)

    @property
    def chart(self) -> Any:
        return self.figure.chart

    @property
    def frame(self) -> pd.DataFrame:
        return self.figure.frame

    def __repr__(self) -> str:
        return f"figure {self._registry.number(self._id)} {self._id!r}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if os.environ.get(BUILD_VARIABLE):
            return {
                MIME: {"id": self._id, "settings": sorted(self._settings)},
                "text/plain": repr(self),
            }
        from analysis.publishing import render, theme

        figure = self.figure
        picture = theme.resolve(render.inline_svg(figure, "wide"), "light")
        return {
            "text/html": (
                f'<div style="background:#fff;color:#1b1f24;max-width:{theme.WIDTHS["wide"]}px">'
                f"<strong>{escape(figure.title)}</strong><br><small>{escape(figure.subtitle)}"
                f"</small>{picture}</div>"
            ),
            "text/plain": repr(self),
        }


class FigureMime:
    """MyST-NB's renderer for a shown figure: one numbered, captioned figure node."""

    mime_priority_overrides: ClassVar = [("*", MIME, 1)]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[Any] | None:
        if inline or data.mime_type != MIME:
            return None
        # Imported here: a kernel that shows a figure needs no Sphinx.
        from analysis.publishing.figure_node import figure_nodes

        if data.content["settings"]:
            raise ValueError(
                f"figure {data.content['id']!r} is shown with changed settings "
                f"{data.content['settings']}; the book shows a figure once, as it is registered"
            )
        return figure_nodes(renderer.renderer, data.content["id"])
