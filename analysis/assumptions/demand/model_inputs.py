"""Inputs of the demand model, and how it is held against observations; levels of mid-2025."""

from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        id="run_growth_decay",
        label="Share of the growth rate of the largest run that is lost per year",
        unit="1 per year",
        low=0.12,
        central=0.3,
        high=0.6,
        distribution="lognormal",
        reason=(
            "With the slow end the largest run of 2030 is the feasible one of Epoch AI, with "
            "the central value that of ai-economy-timelines, with the fast end a quarter of "
            "that (peer_projections). Four limits on runs are in the chapter on scaling laws."
        ),
        topic="demand",
    ),
    Assumption(
        id="frontier_developers",
        label="Developers that make runs near the largest",
        unit="developers",
        low=6.0,
        central=9.0,
        high=13.0,
        distribution="lognormal",
        reason=(
            "The table training_runs has nine organisations with a run within tenfold of the "
            "largest of their time since 2024; several Chinese developers are just below, and "
            "what is not announced is not counted."
        ),
        topic="demand",
    ),
    Assumption(
        id="runs_per_year",
        label="Large final runs of such a developer in a year",
        unit="runs per year and developer",
        low=1.0,
        central=1.4,
        high=2.5,
        distribution="lognormal",
        reason=(
            "A new base model every six to twelve months is what the release dates in "
            "training_runs show for the developers with the most releases; smaller variants are "
            "distilled and cost little beside them."
        ),
        topic="demand",
    ),
    Assumption(
        id="typical_run_share",
        label="Such a run over the largest run of the year",
        unit="1",
        low=0.1,
        central=0.25,
        high=0.5,
        distribution="lognormal",
        reason=(
            "In training_runs the largest run of another developer was half to three quarters "
            "of the record in 2024 and a tenth in 2025; later runs of the same year are "
            "smaller."
        ),
        topic="demand",
    ),
    Assumption(
        id="post_training_ratio",
        label="Post-training and reinforcement learning per FLOP of pre-training, mid-2025",
        unit="1",
        low=0.1,
        central=0.3,
        high=1.0,
        distribution="lognormal",
        reason=(
            "Published ratios in programme_compute: 0.04 for a model of 2024, 0.1 for two of "
            "2025, and 0.1 to 1 held possible for Grok 4."
        ),
        topic="demand",
    ),
    Assumption(
        id="post_training_growth",
        label="Growth of that ratio",
        unit="times per year",
        low=1.3,
        central=1.8,
        high=2.8,
        distribution="lognormal",
        reason=(
            "From a few hundredths before reasoning models to tenths in 2025; OpenAI told of a "
            "tenfold step in four months (programme_compute), which cannot last once the ratio "
            "nears one."
        ),
        topic="demand",
    ),
    Assumption(
        id="other_training_share",
        label="Share of the working chips that everybody else trains on",
        unit="1",
        low=0.04,
        central=0.1,
        high=0.22,
        distribution="lognormal",
        reason=(
            "Not measured. Five frontier laboratories used a bit over a third of the compute "
            "deployed at the end of 2025 (table peer_projections); smaller developers, firms "
            "that tune models and academia train on a part of the rest."
        ),
        topic="demand",
    ),
    Assumption(
        id="users_cap",
        label="People who will use an assistant in a week, in the end",
        unit="people a week",
        low=3e9,
        central=4.5e9,
        high=6e9,
        distribution="normal",
        reason=(
            "About as many as use the internet or a smartphone today, five to six billion, is "
            "the upper end; not all of them each week."
        ),
        topic="demand",
    ),
    Assumption(
        id="reported_token_share",
        label="Share of the world's tokens that the firms with published counts serve",
        unit="1",
        low=0.35,
        central=0.55,
        high=0.8,
        distribution="triangular",
        reason=(
            "Anthropic, Amazon, Meta and xAI publish no counts; of the published ones Google's "
            "and ByteDance's are the largest (table token_volumes)."
        ),
        topic="demand",
    ),
    Assumption(
        id="chat_read_tokens",
        label="Tokens read for a message: instructions, history, search results",
        unit="tokens per message",
        low=1_200.0,
        central=3_000.0,
        high=8_000.0,
        distribution="lognormal",
        reason=(
            "Long instructions and the conversation so far are read again for each message; "
            "requests to the two services of the Azure traces read 1,000 to 2,000 tokens in "
            "2023 (table request_lengths) and OpenRouter saw four times more per request within "
            "a year (token_volumes)."
        ),
        topic="demand",
    ),
    Assumption(
        id="chat_written_tokens",
        label="Tokens written in a plain answer",
        unit="tokens per message",
        low=250.0,
        central=450.0,
        high=800.0,
        distribution="lognormal",
        reason=(
            "Plain models wrote 350 to 1,800 tokens per exam question (thinking_points); "
            "everyday questions need less."
        ),
        topic="demand",
    ),
    Assumption(
        id="reasoning_share",
        label="Share of assistants' messages answered after thinking, mid-2025",
        unit="1",
        low=0.05,
        central=0.12,
        high=0.25,
        distribution="lognormal",
        reason=(
            "Few free users reached reasoning models before August 2025; over half of the "
            "tokens on OpenRouter went to reasoning models by the end of 2025 (token_volumes), "
            "which is no share of messages."
        ),
        topic="demand",
    ),
    Assumption(
        id="reasoning_growth",
        label="Growth of the odds that an answer thinks",
        unit="times per year",
        low=1.5,
        central=2.5,
        high=4.0,
        distribution="lognormal",
        reason=(
            "Routers that choose thinking by themselves came in August 2025; the odds rather "
            "than the share grow, so that it stays below one."
        ),
        topic="demand",
    ),
    Assumption(
        id="thinking_tokens",
        label="Thinking tokens of such an answer, mid-2025",
        unit="tokens per answer",
        low=2_000.0,
        central=5_000.0,
        high=12_000.0,
        distribution="lognormal",
        reason=(
            "Reasoning models wrote 3,000 to 13,000 tokens per exam question (thinking_points); "
            "everyday questions get less."
        ),
        topic="demand",
    ),
    Assumption(
        id="thinking_growth",
        label="Growth of thinking tokens per answer",
        unit="times per year",
        low=1.1,
        central=1.6,
        high=2.5,
        distribution="lognormal",
        reason=(
            "Answers of reasoning models in three benchmarks grew fivefold a year "
            "(token_volumes), from a start of short ones; users wait only so long."
        ),
        topic="demand",
    ),
    Assumption(
        id="api_written_share",
        label="Share of written tokens in what programs and agents call for",
        unit="1",
        low=0.03,
        central=0.08,
        high=0.2,
        distribution="lognormal",
        reason=(
            "One in 26 in agentic coding (agent_multipliers), one in five on DeepSeek's own "
            "service (published_service)."
        ),
        topic="demand",
    ),
    Assumption(
        id="use_growth_decay",
        label="Share of the growth rates of use that is lost per year",
        unit="1 per year",
        low=0.2,
        central=0.4,
        high=0.75,
        distribution="lognormal",
        reason=(
            "Two kinds of evidence disagree (token_volumes). Tokens in products slow fast: "
            "Google's grew 49-fold, then 7-fold, a decay of 0.69, and ByteDance's and China's "
            "alike. Calls of programs hardly slow: Microsoft's grew 5-fold in the year to March "
            "2025, OpenAI's and Gemini's at rates of 5 to 7 a year in 2026. Growth and slowing "
            "are drawn together, as counts of 2026 fix their product."
        ),
        topic="demand",
    ),
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
