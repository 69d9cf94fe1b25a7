"""What chips, sites and power cost."""

from __future__ import annotations

from analysis.assumptions.hardware.chosen import chosen
from analysis.assumptions.record import Assumption

_MONEY = (
    chosen(
        "chip_life_years",
        "Years a chip serves before it is written off",
        "years",
        (4.0, 5.0, 6.0),
        "triangular",
        "Large buyers write servers off over 5 to 6 years in their accounts, and Epoch AI's model "
        "of the chips in use takes 5; a chip that is overtaken may leave earlier.",
    ),
    chosen(
        "capital_cost_share",
        "Cost of capital",
        "share of the capital per year",
        (0.06, 0.10, 0.15),
        "lognormal",
        "Chosen to span large technology firms, which borrow at a few percent, and young clouds, "
        "which pay more than ten; nobody publishes the blend.",
    ),
    chosen(
        "server_overhead_share",
        "Price of the host server over the price of its chips",
        "1",
        (0.2, 0.35, 0.5),
        "lognormal",
        "Published prices of an H100 server come to 37,500 to 43,800 USD per chip, network partly "
        "included, against about 26,000 for the chip alone.",
    ),
    chosen(
        "network_share",
        "Price of the network over the price of the chips",
        "1",
        (0.08, 0.12, 0.2),
        "lognormal",
        "A public cost tool adds 10 to 15 percent for the network; clusters for training need "
        "more than single servers do.",
    ),
    chosen(
        "residual_share",
        "Value of a chip at the end of its life over its price",
        "1",
        (0.01, 0.1, 0.3),
        "loguniform",
        "One public tool puts the value after three years at 25 to 35 percent; after five years, "
        "with newer chips doing more per watt, it may be next to nothing.",
    ),
    chosen(
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
    chosen(
        "power_usd_per_kwh",
        "Price of electricity",
        "USD per kWh",
        (0.06, 0.08, 0.12),
        "lognormal",
        "Industrial power costs 6 cents in Iowa and Texas and 9 in Northern Virginia, and blended "
        "costs of data centres for AI are put at 6.5 to 9 cents; other countries pay more.",
    ),
    chosen(
        "site_usd_per_kw_month",
        "Price of a powered and cooled place for a kilowatt of servers",
        "USD per kW and month",
        (100.0, 150.0, 250.0),
        "lognormal",
        "Colocation is quoted at 150 to 250 USD; a site of one's own costs less over its life, by "
        "how much is our judgement.",
    ),
    chosen(
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
    chosen(
        "pue",
        "Power of a site over the power of its computers",
        "1",
        (1.1, 1.25, 1.55),
        "triangular",
        "Google reports 1.10 for its fleet and Equinix 1.42; the mean of a survey of operators "
        "was 1.54 in 2025. New sites for AI lie nearer to the first.",
    ),
    chosen(
        "server_power_share",
        "Power of host and network over the rated power of the chips",
        "1",
        (0.4, 0.8, 1.0),
        "triangular",
        "A server of eight H100 is rated at 10.2 kW, 82 percent more than its chips; published "
        "all-in power per chip, with cooling taken off, leaves 40 to 100 percent.",
    ),
    chosen(
        "load_share",
        "Mean power a chip draws over its rated power",
        "1",
        (0.5, 0.75, 0.95),
        "uniform",
        "The bulk of 289 runs in which the power of the chip was measured while it served.",
    ),
    chosen(
        "idle_draw",
        "Power an idle chip draws over its rated power",
        "1",
        (0.08, 0.12, 0.2),
        "lognormal",
        "One page measures 80 W on an H200 rated at 700 W; other chips may keep a larger part.",
    ),
    chosen(
        "busy_draw",
        "Power a busy chip draws before arithmetic and traffic, over its rated power",
        "1",
        (0.47, 0.59, 0.72),
        "triangular",
        "Fitted to the measured power of chips that serve, together with the parts that rise with "
        "arithmetic and with traffic.",
    ),
    chosen(
        "compute_draw",
        "Power added at the full rate of arithmetic, over the rated power",
        "1",
        (0.79, 1.08, 1.26),
        "triangular",
        "Fitted to the measured power of chips that serve. Above 1 because no run comes near the "
        "full rate; the sum is capped at the rated power.",
    ),
    chosen(
        "memory_draw",
        "Power added at the full memory bandwidth, over the rated power",
        "1",
        (0.03, 0.29, 0.72),
        "uniform",
        "Fitted to the measured power of chips that serve; traffic rises together with "
        "arithmetic in those runs, so it is the least certain of the three.",
    ),
    chosen(
        "tpu_power_error",
        "True rated power over an estimated one",
        "1",
        (0.8, 1.0, 1.3),
        "lognormal",
        "Google publishes no rated power for most of its chips; two published estimates for the "
        "TPU v5e differ by a factor of 1.33.",
    ),
)

ASSUMPTIONS: tuple[Assumption, ...] = (*_MONEY, *_POWER)
