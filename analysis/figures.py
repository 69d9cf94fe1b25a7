"""The registry of the book's figures, and `show`, which puts one into a chapter."""

from __future__ import annotations

from typing import Any

from analysis.demand import figures as demand
from analysis.hardware import figures as hardware
from analysis.publishing import Registry
from analysis.publishing.notebook import Shown
from analysis.scaling_laws import figures as scaling_laws
from analysis.test_time_compute import figures as test_time_compute

#: Topics in the order of the chapters; a topic is named as its chapter's file is.
REGISTRY = Registry(
    {
        "scaling_laws": scaling_laws.FIGURES,
        "test_time_compute": test_time_compute.FIGURES,
        "hardware": hardware.FIGURES,
        "demand": demand.FIGURES,
    },
    picture="training-and-inference",
)


def show(figure_id: str, **settings: Any) -> Shown:
    """Show a figure of the registry; `settings` are passed on to the function that makes it.

    In Jupyter the result draws itself and has `.chart` (Altair) and `.frame` (the plotted rows).
    An unknown id raises `UnknownFigureError`, which lists the known ones.
    """
    return Shown(REGISTRY, figure_id, settings)
