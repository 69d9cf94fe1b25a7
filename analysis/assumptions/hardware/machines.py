"""What machines reach and meet: efficiency, traffic, devices, supply."""

from __future__ import annotations

from analysis.assumptions.hardware.chosen import chosen
from analysis.assumptions.record import Assumption

_EFFICIENCY = (
    chosen(
        "train_matmul_efficiency",
        "Share of the peak that products of matrices reach in training",
        "1",
        (0.58, 0.645, 0.72),
        "normal",
        "Fitted to ten published runs on the A100; with it the model foretells the utilisation of "
        "14 other runs within a fifth.",
    ),
    chosen(
        "train_available_share",
        "Share of the time of a training run in which it trains",
        "1",
        (0.85, 0.9, 0.97),
        "uniform",
        "The report on Llama 3 says more than 90 percent; smaller teams and newer chips lose more "
        "to failures.",
    ),
    chosen(
        "train_exposed_expert",
        "Share of the traffic to experts that training does not hide behind arithmetic",
        "1",
        (0.05, 0.45, 0.8),
        "uniform",
        "A published step of DeepSeek-V3 lies 46 percent of the way from all hidden to all "
        "exposed; it is one run, so the range is nearly the whole.",
    ),
    chosen(
        "collective_efficiency",
        "Share of the rate of a link that collective operations reach",
        "1",
        (0.5, 0.7, 0.85),
        "triangular",
        "The range over which the fit to measured serving hardly changes; small messages reach "
        "less of the rate than large ones.",
    ),
    chosen(
        "scale_up_latency_s",
        "Time of a message between chips of one scale-up domain",
        "s",
        (2e-6, 5e-6, 10e-6),
        "lognormal",
        "A published measurement over NVLink is 3.3 microseconds from end to end; the software of "
        "a serving engine adds to it.",
    ),
    chosen(
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
    chosen(
        "arrival_gap_cv",
        "Spread of the gaps between requests over their mean",
        "1",
        (1.0, 1.1, 4.7),
        "triangular",
        "1 is a random stream. In the public traces conversations have 1.03 within minutes and "
        "1.09 overall, code 4.7 within minutes.",
    ),
    chosen(
        "prefix_hit_share",
        "Share of the input tokens found in the cache",
        "1",
        (0.2, 0.56, 0.9),
        "uniform",
        "DeepSeek reports 56.3 percent over a day of all its traffic; agents that send the same "
        "context again reach more than 90, single questions next to nothing.",
    ),
    chosen(
        "draft_acceptance",
        "Probability that a drafted token is accepted",
        "1",
        (0.55, 0.7, 0.85),
        "triangular",
        "Twelve published pairs of draft and model span 0.53 to 0.82; DeepSeek-V3's second token "
        "head is accepted 80 to 90 percent of the time.",
    ),
    chosen(
        "draft_cost_ratio",
        "Time to draft a token over the time of a step of the model",
        "1",
        (0.02, 0.05, 0.15),
        "lognormal",
        "The published pairs have 0.02 to 0.11; engines add some time around each draft.",
    ),
)

_DEVICES = (
    chosen(
        "edge_bandwidth_efficiency",
        "Share of the rated bandwidth that a device reaches when it writes for one user",
        "1",
        (0.4, 0.6, 0.82),
        "triangular",
        "Measured single-user runs on laptops, workstations and graphics cards, each divided by "
        "what its bandwidth would allow.",
    ),
    chosen(
        "edge_weight_bytes",
        "Bytes of a model file of 4-bit weights per parameter",
        "bytes",
        (0.53, 0.6, 0.62),
        "triangular",
        "Files of common 4-bit formats take 0.54 to 0.61 bytes per parameter: the weights, their "
        "scales, and some layers kept at more bits.",
    ),
    chosen(
        "edge_context_tokens",
        "Context that a request on a device holds, read and written",
        "tokens",
        (2000.0, 8000.0, 32000.0),
        "lognormal",
        "A conversation with some history, or a document of a dozen pages. An agent holds more, "
        "and then the largest model that fits is smaller.",
    ),
    chosen(
        "phone_usable_share",
        "Share of a phone's memory that a model may take",
        "1",
        (0.375, 0.55, 0.75),
        "triangular",
        "Apple's system is reported to end programs at 50 to 67 percent of the memory of a phone; "
        "a report on tablets has 37.5 percent.",
    ),
    chosen(
        "laptop_usable_share",
        "Share of a laptop's shared memory that a model may take",
        "1",
        (0.66, 0.72, 0.78),
        "triangular",
        "The default limit of macOS for its graphics chip is two thirds of the memory on small "
        "machines and three quarters on large ones.",
    ),
    chosen(
        "workstation_usable_share",
        "Share of the memory of a graphics card, workstation or server that a model may take",
        "1",
        (0.75, 0.85, 0.92),
        "triangular",
        "Our judgement: serving engines claim 0.9 by default, and activations, graphs and "
        "fragments take some of it.",
    ),
    chosen(
        "phone_sustained_share",
        "Speed a phone sustains over its first speed",
        "1",
        (0.4, 0.56, 0.95),
        "uniform",
        "An iPhone 16 Pro that is measured falls from 40 to 22.6 tokens per second when hot; "
        "phones with more room to cool, and short answers, lose less.",
    ),
    chosen(
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
    chosen(
        "supply_error_shared",
        "Correlation between the errors of the counts of different vendors' chips",
        "1",
        (0.05, 0.5, 0.95),
        "uniform",
        "Not published. The counts rest on revenue, prices and supply chains of different firms, "
        "read by the same people with the same method.",
    ),
)

ASSUMPTIONS: tuple[Assumption, ...] = (*_EFFICIENCY, *_TRAFFIC, *_DEVICES, *_SUPPLY)
