"""The figures of the chapter on hardware, in its order."""

from analysis.hardware.figures import (
    accuracy,
    anatomy,
    chip_flips,
    choice,
    claims,
    cost_history,
    edge,
    footing,
    frontier,
    nvl72,
    queues,
    rents,
    sliders,
    supply,
)
from analysis.publishing import Entry

_BY_DATE = tuple(entry for entry in chip_flips.FIGURES if entry.id == "h100-share-of-work")

FIGURES: tuple[Entry, ...] = (
    *footing.FIGURES,
    *anatomy.FIGURES,
    *accuracy.FIGURES,
    *frontier.FIGURES,
    *choice.FIGURES,
    *(entry for entry in chip_flips.FIGURES if entry not in _BY_DATE),
    *sliders.FIGURES,
    *queues.FIGURES,
    *cost_history.FIGURES,
    *nvl72.FIGURES,
    *claims.FIGURES,
    *_BY_DATE,
    *rents.FIGURES,
    *supply.FIGURES,
    *edge.FIGURES,
)

__all__ = ["FIGURES"]
