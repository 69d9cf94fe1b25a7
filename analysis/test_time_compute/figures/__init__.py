"""The figures of the chapter on test-time compute, in its order."""

from analysis.publishing import Entry
from analysis.test_time_compute.figures.agents import agent_multiples
from analysis.test_time_compute.figures.costs import energy_per_question, price_of_a_score
from analysis.test_time_compute.figures.coverage import coverage_curves, coverage_forecast
from analysis.test_time_compute.figures.exchange import optimal_split, published_exchange
from analysis.test_time_compute.figures.lifetime import break_even, size_to_serve
from analysis.test_time_compute.figures.measured import checker_decides, iso_coverage
from analysis.test_time_compute.figures.selection import selection_ceilings, what_selection_keeps
from analysis.test_time_compute.figures.thinking import thinking_or_model, thinking_slopes

FIGURES: tuple[Entry, ...] = (
    Entry("break-even", break_even),
    Entry("coverage-curves", coverage_curves),
    Entry("coverage-forecast", coverage_forecast),
    Entry("selection-ceilings", selection_ceilings),
    Entry("what-selection-keeps", what_selection_keeps),
    Entry("thinking-slopes", thinking_slopes),
    Entry("thinking-or-model", thinking_or_model),
    Entry("price-of-a-score", price_of_a_score),
    Entry("energy-per-question", energy_per_question),
    Entry("published-exchange", published_exchange),
    Entry("iso-coverage", iso_coverage),
    Entry("checker-decides", checker_decides),
    Entry("optimal-split", optimal_split),
    Entry("size-to-serve", size_to_serve),
    Entry("agent-multiples", agent_multiples),
)

__all__ = ["FIGURES"]
