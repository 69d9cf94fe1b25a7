"""The figures of the scaling-laws chapter, in its order."""

from analysis.publishing import Entry
from analysis.scaling_laws.figures.allocation import isoflop_valleys, tokens_per_parameter
from analysis.scaling_laws.figures.fits import identifiability, refit_against_published
from analysis.scaling_laws.figures.frontier import loss_frontier, tenfold_gain
from analysis.scaling_laws.figures.growth import (
    growth_by_definition,
    training_compute_trend,
    training_cost_trend,
)
from analysis.scaling_laws.figures.printed import printed_against_own_law
from analysis.scaling_laws.figures.programme import programme_multiplier, returns_in_money

FIGURES: tuple[Entry, ...] = (
    Entry("loss-frontier", loss_frontier),
    Entry("tenfold-gain", tenfold_gain),
    Entry("isoflop-valleys", isoflop_valleys),
    Entry("tokens-per-parameter", tokens_per_parameter),
    Entry("printed-against-own-law", printed_against_own_law),
    Entry("refit-against-published", refit_against_published),
    Entry("identifiability", identifiability),
    Entry("training-compute-trend", training_compute_trend),
    Entry("growth-by-definition", growth_by_definition),
    Entry("training-cost-trend", training_cost_trend),
    Entry("programme-multiplier", programme_multiplier),
    Entry("returns-in-money", returns_in_money),
)

__all__ = ["FIGURES"]
