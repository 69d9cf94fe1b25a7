"""The numbers we chose for hardware: money, power, efficiency, traffic, and devices."""

from __future__ import annotations

from typing import Any

from analysis.assumptions.record import Assumption


def _chosen(
    name: str,
    label: str,
    unit: str,
    low_central_high: tuple[float, float, float],
    distribution: str,
    reason: str,
) -> Assumption:
    low, central, high = low_central_high
    values: dict[str, Any] = {"low": low, "central": central, "high": high}
    return Assumption(
        id=name,
        label=label,
        unit=unit,
        **values,
        distribution=distribution,
        reason=reason,
        topic="hardware",
    )


_MONEY = (
    _chosen(
        "chip_life_years",
        "Years a chip serves before it is written off",
        "years",
        (4.0, 5.0, 6.0),
        "triangular",
        "Large buyers write servers off over 5 to 6 years in their accounts, and Epoch AI's model "
        "of the chips in use takes 5; a chip that is overtaken may leave earlier.",
    ),
    _chosen(
        "capital_cost_share",
        "Cost of capital",
        "share of the capital per year",
        (0.06, 0.10, 0.15),
        "lognormal",
        "Chosen to span large technology firms, which borrow at a few percent, and young clouds, "
        "which pay more than ten; nobody publishes the blend.",
    ),
    _chosen(
        "server_overhead_share",
        "Price of the host server over the price of its chips",
        "1",
        (0.2, 0.35, 0.5),
        "lognormal",
        "Published prices of an H100 server come to 37,500 to 43,800 USD per chip, network partly "
        "included, against about 26,000 for the chip alone.",
    ),
    _chosen(
        "network_share",
        "Price of the network over the price of the chips",
        "1",
        (0.08, 0.12, 0.2),
        "lognormal",
        "A public cost tool adds 10 to 15 percent for the network; clusters for training need "
        "more than single servers do.",
    ),
    _chosen(
        "residual_share",
        "Value of a chip at the end of its life over its price",
        "1",
        (0.01, 0.1, 0.3),
        "loguniform",
        "One public tool puts the value after three years at 25 to 35 percent; after five years, "
        "with newer chips doing more per watt, it may be next to nothing.",
    ),
    _chosen(
        "rent_error",
        "What a buyer pays for an hour of a chip over the quoted rent",
        "1",
        (0.75, 1.0, 1.35),
        "lognormal",
        "Quotes of one chip at one date differ that much in the table gpu_rental_prices: the H100 "
        "at 2.25 and 2.95 USD in two surveys of May 2026, the B200 at 3.75 and 5.60 USD at one "
        "provider in June 2026. Lists of the largest clouds, two to four times the market, are a "
        "class of their own.",
    ),
    _chosen(
        "power_usd_per_kwh",
        "Price of electricity",
        "USD per kWh",
        (0.06, 0.08, 0.12),
        "lognormal",
        "Industrial power costs 6 cents in Iowa and Texas and 9 in Northern Virginia, and blended "
        "costs of data centres for AI are put at 6.5 to 9 cents; other countries pay more.",
    ),
    _chosen(
        "site_usd_per_kw_month",
        "Price of a powered and cooled place for a kilowatt of servers",
        "USD per kW and month",
        (100.0, 150.0, 250.0),
        "lognormal",
        "Colocation is quoted at 150 to 250 USD; a site of one's own costs less over its life, by "
        "how much is our judgement.",
    ),
    _chosen(
        "fleet_utilisation",
        "Share of the hours paid for in which a chip serves at the batch assumed",
        "1",
        (0.35, 0.6, 0.85),
        "triangular",
        "Nobody publishes it. Load swings by hour and day: the busiest second of a public trace "
        "of conversations is 1.5 times its mean, of a trace of code 4 times.",
    ),
)

_POWER = (
    _chosen(
        "pue",
        "Power of a site over the power of its computers",
        "1",
        (1.1, 1.25, 1.55),
        "triangular",
        "Google reports 1.10 for its fleet and Equinix 1.42; the mean of a survey of operators "
        "was 1.54 in 2025. New sites for AI lie nearer to the first.",
    ),
    _chosen(
        "server_power_share",
        "Power of host and network over the rated power of the chips",
        "1",
        (0.4, 0.8, 1.0),
        "triangular",
        "A server of eight H100 is rated at 10.2 kW, 82 percent more than its chips; published "
        "all-in power per chip, with cooling taken off, leaves 40 to 100 percent.",
    ),
    _chosen(
        "load_share",
        "Mean power a chip draws over its rated power",
        "1",
        (0.5, 0.75, 0.95),
        "uniform",
        "The bulk of 289 runs in which the power of the chip was measured while it served.",
    ),
    _chosen(
        "idle_draw",
        "Power an idle chip draws over its rated power",
        "1",
        (0.08, 0.12, 0.2),
        "lognormal",
        "One page measures 80 W on an H200 rated at 700 W; other chips may keep a larger part.",
    ),
    _chosen(
        "busy_draw",
        "Power a busy chip draws before arithmetic and traffic, over its rated power",
        "1",
        (0.47, 0.59, 0.72),
        "triangular",
        "Fitted to the measured power of chips that serve, together with the parts that rise with "
        "arithmetic and with traffic.",
    ),
    _chosen(
        "compute_draw",
        "Power added at the full rate of arithmetic, over the rated power",
        "1",
        (0.79, 1.08, 1.26),
        "triangular",
        "Fitted to the measured power of chips that serve. Above 1 because no run comes near the "
        "full rate; the sum is capped at the rated power.",
    ),
    _chosen(
        "memory_draw",
        "Power added at the full memory bandwidth, over the rated power",
        "1",
        (0.03, 0.29, 0.72),
        "uniform",
        "Fitted to the measured power of chips that serve; traffic rises together with "
        "arithmetic in those runs, so it is the least certain of the three.",
    ),
    _chosen(
        "tpu_power_error",
        "True rated power over an estimated one",
        "1",
        (0.8, 1.0, 1.3),
        "lognormal",
        "Google publishes no rated power for most of its chips; two published estimates for the "
        "TPU v5e differ by a factor of 1.33.",
    ),
)

_EFFICIENCY = (
    _chosen(
        "train_matmul_efficiency",
        "Share of the peak that products of matrices reach in training",
        "1",
        (0.58, 0.645, 0.72),
        "normal",
        "Fitted to ten published runs on the A100; with it the model foretells the utilisation of "
        "14 other runs within a fifth.",
    ),
    _chosen(
        "train_available_share",
        "Share of the time of a training run in which it trains",
        "1",
        (0.85, 0.9, 0.97),
        "uniform",
        "The report on Llama 3 says more than 90 percent; smaller teams and newer chips lose more "
        "to failures.",
    ),
    _chosen(
        "train_exposed_expert",
        "Share of the traffic to experts that training does not hide behind arithmetic",
        "1",
        (0.05, 0.45, 0.8),
        "uniform",
        "A published step of DeepSeek-V3 lies 46 percent of the way from all hidden to all "
        "exposed; it is one run, so the range is nearly the whole.",
    ),
    _chosen(
        "collective_efficiency",
        "Share of the rate of a link that collective operations reach",
        "1",
        (0.5, 0.7, 0.85),
        "triangular",
        "The range over which the fit to measured serving hardly changes; small messages reach "
        "less of the rate than large ones.",
    ),
    _chosen(
        "scale_up_latency_s",
        "Time of a message between chips of one scale-up domain",
        "s",
        (2e-6, 5e-6, 10e-6),
        "lognormal",
        "A published measurement over NVLink is 3.3 microseconds from end to end; the software of "
        "a serving engine adds to it.",
    ),
    _chosen(
        "scale_out_latency_s",
        "Time of a message beyond the scale-up domain",
        "s",
        (5e-6, 10e-6, 20e-6),
        "lognormal",
        "A message of 64 bytes takes 2.8 to 5.6 microseconds on the networks used; the software "
        "on both sides adds to it.",
    ),
)

_TRAFFIC = (
    _chosen(
        "arrival_gap_cv",
        "Spread of the gaps between requests over their mean",
        "1",
        (1.0, 1.1, 4.7),
        "triangular",
        "1 is a random stream. In the public traces conversations have 1.03 within minutes and "
        "1.09 overall, code 4.7 within minutes.",
    ),
    _chosen(
        "prefix_hit_share",
        "Share of the input tokens found in the cache",
        "1",
        (0.2, 0.56, 0.9),
        "uniform",
        "DeepSeek reports 56.3 percent over a day of all its traffic; agents that send the same "
        "context again reach more than 90, single questions next to nothing.",
    ),
    _chosen(
        "draft_acceptance",
        "Probability that a drafted token is accepted",
        "1",
        (0.55, 0.7, 0.85),
        "triangular",
        "Twelve published pairs of draft and model span 0.53 to 0.82; DeepSeek-V3's second token "
        "head is accepted 80 to 90 percent of the time.",
    ),
    _chosen(
        "draft_cost_ratio",
        "Time to draft a token over the time of a step of the model",
        "1",
        (0.02, 0.05, 0.15),
        "lognormal",
        "The published pairs have 0.02 to 0.11; engines add some time around each draft.",
    ),
)

_DEVICES = (
    _chosen(
        "edge_bandwidth_efficiency",
        "Share of the rated bandwidth that a device reaches when it writes for one user",
        "1",
        (0.4, 0.6, 0.82),
        "triangular",
        "Measured single-user runs on laptops, workstations and graphics cards, each divided by "
        "what its bandwidth would allow.",
    ),
    _chosen(
        "edge_weight_bytes",
        "Bytes of a model file of 4-bit weights per parameter",
        "bytes",
        (0.53, 0.6, 0.62),
        "triangular",
        "Files of common 4-bit formats take 0.54 to 0.61 bytes per parameter: the weights, their "
        "scales, and some layers kept at more bits.",
    ),
    _chosen(
        "edge_context_tokens",
        "Context that a request on a device holds, read and written",
        "tokens",
        (2000.0, 8000.0, 32000.0),
        "lognormal",
        "A conversation with some history, or a document of a dozen pages. An agent holds more, "
        "and then the largest model that fits is smaller.",
    ),
    _chosen(
        "phone_usable_share",
        "Share of a phone's memory that a model may take",
        "1",
        (0.375, 0.55, 0.75),
        "triangular",
        "Apple's system is reported to end programs at 50 to 67 percent of the memory of a phone; "
        "a report on tablets has 37.5 percent.",
    ),
    _chosen(
        "laptop_usable_share",
        "Share of a laptop's shared memory that a model may take",
        "1",
        (0.66, 0.72, 0.78),
        "triangular",
        "The default limit of macOS for its graphics chip is two thirds of the memory on small "
        "machines and three quarters on large ones.",
    ),
    _chosen(
        "workstation_usable_share",
        "Share of the memory of a graphics card, workstation or server that a model may take",
        "1",
        (0.75, 0.85, 0.92),
        "triangular",
        "Our judgement: serving engines claim 0.9 by default, and activations, graphs and "
        "fragments take some of it.",
    ),
    _chosen(
        "phone_sustained_share",
        "Speed a phone sustains over its first speed",
        "1",
        (0.4, 0.56, 0.95),
        "uniform",
        "An iPhone 16 Pro that is measured falls from 40 to 22.6 tokens per second when hot; "
        "phones with more room to cool, and short answers, lose less.",
    ),
    _chosen(
        "reading_tokens_per_s",
        "Speed at which people read",
        "tokens/s",
        (3.5, 5.0, 7.0),
        "lognormal",
        "Over 190 studies adults read English silently at 238 words a minute, most of them at 175 "
        "to 300; a word is about 1.3 tokens.",
    ),
)

_SUPPLY = (
    _chosen(
        "supply_error_shared",
        "Correlation between the errors of the counts of different vendors' chips",
        "1",
        (0.05, 0.5, 0.95),
        "uniform",
        "Not published. The counts rest on revenue, prices and supply chains of different firms, "
        "read by the same people with the same method.",
    ),
)

_WORK = (
    _chosen(
        "batch_input_tokens",
        "Tokens read per request of batch work",
        "tokens",
        (500, 2000, 8000),
        "lognormal",
        "Ours: a page or a few to classify, translate or summarise; services do not publish it.",
    ),
    _chosen(
        "batch_output_tokens",
        "Tokens written per request of batch work",
        "tokens",
        (100, 400, 1500),
        "lognormal",
        "Ours: an abstract or a record with fields; services do not publish it.",
    ),
    _chosen(
        "reading_input_tokens",
        "Tokens of a text that is only read, for an embedding or a score",
        "tokens",
        (100, 500, 2000),
        "lognormal",
        "Ours: passages that search systems cut documents into are of a few hundred tokens.",
    ),
    _chosen(
        "reasoning_input_tokens",
        "Tokens read per question that a model thinks about",
        "tokens",
        (200, 1000, 4000),
        "lognormal",
        "Ours: a question with some context, as in the conversations of the public trace.",
    ),
    _chosen(
        "reasoning_output_tokens",
        "Tokens written per question, thinking included",
        "tokens",
        (2000, 8000, 24000),
        "lognormal",
        "Ours: the chapter on test-time compute finds a few thousand to some tens of thousands.",
    ),
    _chosen(
        "agent_call_input_tokens",
        "Context that a call of an agent reads again",
        "tokens",
        (8000, 30000, 90000),
        "lognormal",
        "Ours: the context grows over a task's tens of calls to the windows of today's models.",
    ),
    _chosen(
        "agent_call_output_tokens",
        "Tokens written per call of an agent",
        "tokens",
        (150, 500, 2000),
        "lognormal",
        "Ours: a thought and the call of a tool, sometimes a piece of code.",
    ),
    _chosen(
        "agent_call_cached_share",
        "Share of an agent's context that is still in the cache",
        "1",
        (0.7, 0.9, 0.97),
        "triangular",
        "Agents send the same context again with a little more; reports of agents name hit shares "
        "above nine tenths, and a large public service of all kinds of requests 56 percent.",
    ),
    _chosen(
        "voice_input_tokens",
        "Tokens read per turn of a spoken conversation",
        "tokens",
        (300, 1000, 3000),
        "lognormal",
        "Ours: instructions and the turns so far, of which most voice services keep few.",
    ),
    _chosen(
        "voice_output_tokens",
        "Tokens written per turn of a spoken conversation",
        "tokens",
        (40, 100, 250),
        "lognormal",
        "Ours: a spoken answer of a quarter to two minutes.",
    ),
    _chosen(
        "voice_ttft_s",
        "Longest wait for the first token in a spoken conversation",
        "s",
        (0.2, 0.3, 0.5),
        "lognormal",
        "Ours: people answer each other within about a quarter of a second, and hearing and "
        "speaking take their part of what a listener bears.",
    ),
    _chosen(
        "steady_tpot_s",
        "Longest time per token of a steady service",
        "s",
        (0.033, 0.05, 0.1),
        "lognormal",
        "Ours: 20 tokens a second are four times the speed of reading and what a large public "
        "service gives its users.",
    ),
    _chosen(
        "steady_ttft_s",
        "Longest wait for the first token of a steady service",
        "s",
        (1.0, 2.0, 5.0),
        "lognormal",
        "Ours, near the limit of two seconds that public benchmarks of servers set.",
    ),
    _chosen(
        "fast_tpot_s",
        "Longest time per token of a fast service",
        "s",
        (0.0125, 0.02, 0.033),
        "lognormal",
        "Ours: 50 tokens a second, for answers that programs or impatient people wait for; public "
        "benchmarks of interactive use ask for 25 or more.",
    ),
    _chosen(
        "fast_ttft_s",
        "Longest wait for the first token of a fast service",
        "s",
        (0.3, 0.5, 1.0),
        "lognormal",
        "Ours, near the limit of 0.45 seconds that public benchmarks of interactive use set.",
    ),
)

ASSUMPTIONS: tuple[Assumption, ...] = (
    *_MONEY,
    *_POWER,
    *_EFFICIENCY,
    *_TRAFFIC,
    *_DEVICES,
    *_SUPPLY,
    *_WORK,
)
