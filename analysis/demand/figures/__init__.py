"""The figures of the chapter on demand, in its order."""

from analysis.demand.figures import (
    against_model,
    binding,
    central,
    closing,
    crossings,
    forecasts,
    growth,
    hindcast,
    ledger,
    sensitivity,
    shape,
    shares,
    troughs,
    views,
)
from analysis.publishing import Entry

_BY_ID = {
    entry.id: entry
    for module in (
        central, shares, crossings, ledger, sensitivity, views, closing, growth, shape, troughs,
        hindcast, forecasts, against_model, binding,
    )
    for entry in module.FIGURES
}  # fmt: skip

FIGURES: tuple[Entry, ...] = tuple(
    _BY_ID[figure_id]
    for figure_id in (
        "training-and-inference",
        "one-year-two-shares",
        "share-by-definition",
        "ledger-of-splits",
        "inference-share-by-year",
        "crossover-years",
        "what-decides-the-share",
        "tipping-points",
        "four-views",
        "supply-and-demand",
        "who-sets-the-split",
        "growth-decomposition",
        "tokens-are-not-compute",
        "shape-of-demand",
        "filling-troughs",
        "published-against-model",
        "hindcast",
        "hindcast-scores",
        "forecasts-held-to-account",
    )
)

__all__ = ["FIGURES"]
