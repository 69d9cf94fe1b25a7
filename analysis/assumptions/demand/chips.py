"""What serving takes, what else runs, and the chips there are; levels of mid-2025."""

from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        id="active_parameters",
        label="Parameters a token passes through in assistants and agents, mid-2025",
        unit="parameters",
        low=6e10,
        central=1.5e11,
        high=3.5e11,
        distribution="lognormal",
        reason=(
            "Closed models do not say. The open ones of llm_architectures have 3 to 40 billion "
            "active, or 70 to 405 billion where dense; guesses for the large closed ones reach "
            "several hundred. Chosen with the laboratories' accounts of 2024 and 2025 in view."
        ),
        topic="demand",
    ),
    Assumption(
        id="embedded_active_parameters",
        label="The same in search, feeds and other background use",
        unit="parameters",
        low=3e9,
        central=1.2e10,
        high=4e10,
        distribution="lognormal",
        reason=("Background use runs on the smallest model that does the work."),
        topic="demand",
    ),
    Assumption(
        id="flop_per_token_fall",
        label="Net fall of FLOP per token",
        unit="times per year",
        low=0.85,
        central=1.1,
        high=1.5,
        distribution="lognormal",
        reason=(
            "Sparser and distilled models against larger ones: the unit cost of Gemini's "
            "serving fell by 78% in 2025 (price_declines), which is a factor of 4.5: cheaper "
            "chips are 1.4 to 1.8 of it and fuller batches another part, against which the "
            "models that are asked grew. What is left is little known, and it matters."
        ),
        topic="demand",
    ),
    Assumption(
        id="cached_share",
        label="Share of read tokens found in a cache: assistants and embedded use",
        unit="1",
        low=0.3,
        central=0.5,
        high=0.7,
        distribution="triangular",
        reason=(
            "DeepSeek's own service found 56% of the tokens it read in its cache on one "
            "published day (table published_service); assistants with long instructions may "
            "find more, search and feeds less."
        ),
        topic="demand",
    ),
    Assumption(
        id="agent_cached_share",
        label="The same for programs and agents",
        unit="1",
        low=0.7,
        central=0.85,
        high=0.93,
        distribution="triangular",
        reason=(
            "An agent sends its whole history with each step, nearly all of it unchanged; see "
            "the agents' section of the chapter on test-time compute."
        ),
        topic="demand",
    ),
    Assumption(
        id="training_utilisation",
        label="FLOP of research and training over the 16-bit peak of the chips they hold",
        unit="1",
        low=0.22,
        central=0.32,
        high=0.42,
        distribution="normal",
        reason=(
            "Large final runs reach 0.35 to 0.45 (table training_layouts); experiments, "
            "failures and waiting lower the mean."
        ),
        topic="demand",
    ),
    Assumption(
        id="prefill_utilisation",
        label="The same while reading prompts",
        unit="1",
        low=0.25,
        central=0.45,
        high=0.75,
        distribution="lognormal",
        reason=(
            "The serving model of the chapter on hardware gives 0.5 to 0.75 for prompts of "
            "2,000 tokens of a 70-billion model in 8 bits on four to eight H100s, over the "
            "16-bit peak; short prompts and mixed batches reach less."
        ),
        topic="demand",
    ),
    Assumption(
        id="decode_utilisation",
        label="The same while writing",
        unit="1",
        low=0.025,
        central=0.065,
        high=0.17,
        distribution="lognormal",
        reason=(
            "The serving model gives 0.02 at a batch of 8 and about 0.1 from 64 up for a "
            "70-billion model on H100s; newer chips and 4 bits reach more, and the batch "
            "follows from how fast tokens must come."
        ),
        topic="demand",
    ),
    Assumption(
        id="serving_load",
        label="Mean load of serving chips over what they could carry",
        unit="1",
        low=0.3,
        central=0.45,
        high=0.65,
        distribution="triangular",
        reason=(
            "Interactive use has its peak in the day and chips stand ready for it: DeepSeek's "
            "serving held 82% of its peak nodes on average and lent the rest to training; the "
            "shape of the load is computed in this chapter."
        ),
        topic="demand",
    ),
    Assumption(
        id="frontier_share_of_use",
        label="Share of assistants' and agents' work served by the frontier laboratories' models",
        unit="1",
        low=0.65,
        central=0.8,
        high=0.92,
        distribution="triangular",
        reason=(
            "Seven laboratories with their own chips or tenancy against open models served by "
            "others; no count exists."
        ),
        topic="demand",
    ),
    Assumption(
        id="other_ml_h100e",
        label="Chips busy with ranking, advertising, vision and speech, mid-2025",
        unit="H100e",
        low=600000,
        central=1.5e6,
        high=3.5e6,
        distribution="lognormal",
        reason=(
            "Not measured. About what all chips of 2021 did, grown at the rate below; Meta "
            "alone held about twice what its language-model laboratory used (peer_projections, "
            "chip_supply)."
        ),
        topic="demand",
    ),
    Assumption(
        id="other_ml_growth",
        label="Growth of that",
        unit="times per year",
        low=1.25,
        central=1.5,
        high=1.8,
        distribution="lognormal",
        reason=(
            "Between the growth of the industry's revenue and that of its spending on chips "
            "before 2022."
        ),
        topic="demand",
    ),
    Assumption(
        id="supply_growth_decay",
        label="Share of the growth rate of chips sold that is lost per year",
        unit="1 per year",
        low=0.1,
        central=0.25,
        high=0.5,
        distribution="lognormal",
        reason=(
            "A stock tripled in 2025 (chip_supply), and forecasts for the end of 2027 and 2030 "
            "hold it to less (peer_projections); factories, memory and power slow the doubling."
        ),
        topic="demand",
    ),
    Assumption(
        id="stock_before_2022_h100e",
        label="Chips sold before 2022, in H100-equivalents",
        unit="H100e",
        low=350000,
        central=700000,
        high=1.4e6,
        distribution="lognormal",
        reason=(
            "The counts begin in 2022. Some two million data-centre GPUs of a tenth to a third "
            "of an H100, and as much again of Google's own."
        ),
        topic="demand",
    ),
    Assumption(
        id="available_share",
        label="Share of the chips sold that is installed, alive and working",
        unit="1",
        low=0.65,
        central=0.78,
        high=0.88,
        distribution="triangular",
        reason=(
            "Epoch AI counts 16 of 20 million as deployed at the end of 2025, one quarter after "
            "sale; repairs and spares take some per cent."
        ),
        topic="demand",
    ),
    Assumption(
        id="years_in_service",
        label="Years until a chip is taken out",
        unit="years",
        low=4.0,
        central=6.0,
        high=8.0,
        distribution="triangular",
        reason=(
            "Operators write servers off over five to six years; H100s still rent in their fourth."
        ),
        topic="demand",
    ),
    Assumption(
        id="inference_price_ratio",
        label="Price of a chip-hour of serving over one of training",
        unit="1",
        low=0.7,
        central=0.9,
        high=1.05,
        distribution="triangular",
        reason=(
            "Large training wants new chips on fast networks; serving also takes older chips "
            "and the firms' own designs."
        ),
        topic="demand",
    ),
    Assumption(
        id="use_widening",
        label="Widening of the ranges of the drivers of use beyond their regression",
        unit="1",
        low=1.0,
        central=1.5,
        high=2.0,
        distribution="triangular",
        reason=(
            "What was known of use at the end of 2023 and of 2024, put forward, covered later "
            "counts less often than it said; 1.5 times the spread of the logarithm would have "
            "been about right (the hindcast of this chapter). The central value is used."
        ),
        topic="demand",
    ),
    Assumption(
        id="accounts_error",
        label="Error of an account or count of one laboratory beside the model's line",
        unit="1",
        low=0.15,
        central=0.25,
        high=0.4,
        distribution="lognormal",
        reason=(
            "Readings of one year of the same laboratory differ by a quarter to a half "
            "(compute_splits); what an account calls research or serving is not what the model "
            "calls so. The central value is used."
        ),
        topic="demand",
    ),
    Assumption(
        id="inference_draw_ratio",
        label="Power drawn per chip serving over training",
        unit="1",
        low=0.6,
        central=0.8,
        high=1.0,
        distribution="triangular",
        reason=(
            "Waiting for memory draws less than arithmetic: the power model of the chapter on "
            "hardware gives 0.6 to 0.9."
        ),
        topic="demand",
    ),
)
