"""The kinds of work of the map: lengths and promises."""

from __future__ import annotations

from analysis.assumptions.hardware.chosen import chosen
from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    chosen(
        "batch_input_tokens",
        "Tokens read per request of batch work",
        "tokens",
        (500, 2000, 8000),
        "lognormal",
        "Ours: a page or a few to classify, translate or summarise; services do not publish it.",
    ),
    chosen(
        "batch_output_tokens",
        "Tokens written per request of batch work",
        "tokens",
        (100, 400, 1500),
        "lognormal",
        "Ours: an abstract or a record with fields; services do not publish it.",
    ),
    chosen(
        "reading_input_tokens",
        "Tokens of a text that is only read, for an embedding or a score",
        "tokens",
        (100, 500, 2000),
        "lognormal",
        "Ours: passages that search systems cut documents into are of a few hundred tokens.",
    ),
    chosen(
        "reasoning_input_tokens",
        "Tokens read per question that a model thinks about",
        "tokens",
        (200, 1000, 4000),
        "lognormal",
        "Ours: a question with some context, as in the conversations of the public trace.",
    ),
    chosen(
        "reasoning_output_tokens",
        "Tokens written per question, thinking included",
        "tokens",
        (2000, 8000, 24000),
        "lognormal",
        "Ours: the chapter on test-time compute finds a few thousand to some tens of thousands.",
    ),
    chosen(
        "agent_call_input_tokens",
        "Context that a call of an agent reads again",
        "tokens",
        (8000, 30000, 90000),
        "lognormal",
        "Ours: the context grows over a task's tens of calls to the windows of today's models.",
    ),
    chosen(
        "agent_call_output_tokens",
        "Tokens written per call of an agent",
        "tokens",
        (150, 500, 2000),
        "lognormal",
        "Ours: a thought and the call of a tool, sometimes a piece of code.",
    ),
    chosen(
        "agent_call_cached_share",
        "Share of an agent's context that is still in the cache",
        "1",
        (0.7, 0.9, 0.97),
        "triangular",
        "Agents send the same context again with a little more; reports of agents name hit shares "
        "above nine tenths, and a large public service of all kinds of requests 56 percent.",
    ),
    chosen(
        "voice_input_tokens",
        "Tokens read per turn of a spoken conversation",
        "tokens",
        (300, 1000, 3000),
        "lognormal",
        "Ours: instructions and the turns so far, of which most voice services keep few.",
    ),
    chosen(
        "voice_output_tokens",
        "Tokens written per turn of a spoken conversation",
        "tokens",
        (40, 100, 250),
        "lognormal",
        "Ours: a spoken answer of a quarter to two minutes.",
    ),
    chosen(
        "voice_ttft_s",
        "Longest wait for the first token in a spoken conversation",
        "s",
        (0.2, 0.3, 0.5),
        "lognormal",
        "Ours: people answer each other within about a quarter of a second, and hearing and "
        "speaking take their part of what a listener bears.",
    ),
    chosen(
        "steady_tpot_s",
        "Longest time per token of a steady service",
        "s",
        (0.033, 0.05, 0.1),
        "lognormal",
        "Ours: 20 tokens a second are four times the speed of reading and what a large public "
        "service gives its users.",
    ),
    chosen(
        "steady_ttft_s",
        "Longest wait for the first token of a steady service",
        "s",
        (1.0, 2.0, 5.0),
        "lognormal",
        "Ours, near the limit of two seconds that public benchmarks of servers set.",
    ),
    chosen(
        "fast_tpot_s",
        "Longest time per token of a fast service",
        "s",
        (0.0125, 0.02, 0.033),
        "lognormal",
        "Ours: 50 tokens a second, for answers that programs or impatient people wait for; public "
        "benchmarks of interactive use ask for 25 or more.",
    ),
    chosen(
        "fast_ttft_s",
        "Longest wait for the first token of a fast service",
        "s",
        (0.3, 0.5, 1.0),
        "lognormal",
        "Ours, near the limit of 0.45 seconds that public benchmarks of interactive use set.",
    ),
)
