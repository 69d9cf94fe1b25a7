"""The numbers we chose for test-time compute."""

from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        id="exchange_elasticity",
        label="Powers of ten of inference that replace one of training",
        unit="OOM of inference per OOM of training",
        low=0.4,
        central=1.2,
        high=1.6,
        distribution="lognormal",
        reason=(
            "The published exchange rates for thinking or searching longer instead of training "
            "more, in the table exchange_rates: 0.48 read off curves of reinforcement learning, "
            "1.0 where techniques are combined, 1.18 measured on board games, 1.25 for sequential "
            "reasoning, 1.5 to 1.6 for many checked attempts. The low end reaches towards the 0.29 "
            "that we measure on small models with a perfect checker."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="gain_wanted",
        label="Gain wanted, as the training compute that would buy it",
        unit="times the training compute",
        low=3.0,
        central=10.0,
        high=100.0,
        distribution="lognormal",
        reason=(
            "A step one notices: about a tenfold is the distance between one generation of models "
            "and the next; thinking has been shown to replace one to three powers of ten of "
            "training, not more."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="question_tokens",
        label="Tokens of a question and its plain answer, read and written",
        unit="tokens",
        low=300.0,
        central=1000.0,
        high=6000.0,
        distribution="lognormal",
        reason=(
            "A chat question with instructions and some history, and an answer without thinking; "
            "plain models wrote 350 to 1,800 tokens per question in the table thinking_points. "
            "Agents and long documents take far more and are treated apart."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="written_share",
        label="Share of a chat's tokens that the model writes",
        unit="1",
        low=0.2,
        central=0.5,
        high=0.8,
        distribution="triangular",
        reason=(
            "No public count splits the tokens of a chat; half is the middle of what may be. It "
            "sets what a chat costs, in whose units the cost of agents is told."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="relative_flop_price",
        label="Price of a FLOP spent answering over a FLOP spent training",
        unit="1",
        low=1.0,
        central=2.0,
        high=6.0,
        distribution="lognormal",
        reason=(
            "Writing token by token keeps a chip's arithmetic waiting for its memory, so the same "
            "FLOP takes longer than in training; how much depends on how many users share a chip. "
            "The published calculator behind the reference optimum assumes a half of the peak in "
            "training and far less in generation."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="compute_utilisation",
        label="Share of a chip's peak arithmetic used in training and in reading a prompt",
        unit="1",
        low=0.3,
        central=0.4,
        high=0.5,
        distribution="triangular",
        reason=(
            "Large training runs that report it use a third to a half of the peak; reading a "
            "prompt is the same kind of work."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="chip_flop_per_byte",
        label="Arithmetic of a chip per byte it can fetch from its memory",
        unit="FLOP per byte",
        low=150.0,
        central=300.0,
        high=600.0,
        distribution="lognormal",
        reason=(
            "Peak 16-bit FLOP per second over bytes per second of memory of data-centre chips; an "
            "H100 stands near 300. It decides how many users a chip must serve at once before "
            "writing answers stops waiting for memory."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="verifier_false_positive_rate",
        label="Share of wrong answers that a checker lets pass",
        unit="1",
        low=0.001,
        central=0.01,
        high=0.1,
        distribution="loguniform",
        reason=(
            "Unit tests, proof checkers and exact answers are nearly never fooled; learned judges "
            "and weak test suites are, by several percent. Chosen to show the range, not measured."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="vote_rivals",
        label="Different wrong answers among which a vote is split",
        unit="answers per problem",
        low=5.0,
        central=20.0,
        high=100.0,
        distribution="loguniform",
        reason=(
            "The public counts say how many answers were right, not what the wrong ones were. A "
            "problem with a number for an answer invites dozens of different mistakes."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="vote_concentration",
        label="How much the wrong answers agree: exponent of their shares by rank",
        unit="1",
        low=0.5,
        central=1.0,
        high=2.0,
        distribution="triangular",
        reason=(
            "Some mistakes are more tempting than others; with an exponent of 1, as words have in "
            "a text, the most common of 20 wrong answers takes over a quarter of them."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="tokens_per_sample",
        label="Tokens of one sampled solution of a problem",
        unit="tokens",
        low=200.0,
        central=300.0,
        high=600.0,
        distribution="lognormal",
        reason=(
            "The public counts of solved problems carry no length. Equal for all models, it moves "
            "every point of the measured exchange by the same distance and no slope."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="agent_prompt_tokens",
        label="Context an agent starts with: instructions, tools, task",
        unit="tokens",
        low=2000.0,
        central=5000.0,
        high=20000.0,
        distribution="lognormal",
        reason=(
            "Descriptions of a dozen tools and a task in a repository take thousands of tokens "
            "before the first step; published agents differ widely."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="agent_output_tokens",
        label="Tokens an agent writes per step",
        unit="tokens per step",
        low=100.0,
        central=300.0,
        high=1000.0,
        distribution="lognormal",
        reason=(
            "A short thought and a command; published ratios of tokens read to written, 25 and "
            "100, are reached with it at a dozen to fifty steps."
        ),
        topic="test_time_compute",
    ),
    Assumption(
        id="agent_observation_tokens",
        label="Tokens a tool hands back per step",
        unit="tokens per step",
        low=300.0,
        central=1000.0,
        high=4000.0,
        distribution="lognormal",
        reason="A page of code, a search result or a test log; long outputs are usually cut.",
        topic="test_time_compute",
    ),
    Assumption(
        id="cache_hit_rate",
        label="Share of re-read context served from a cache",
        unit="1",
        low=0.5,
        central=0.85,
        high=1.0,
        distribution="triangular",
        reason=(
            "Measured over all traffic of one service: 0.56 of input; reported for one user of "
            "coding agents: 0.84. Within one task nearly all of it can be cached."
        ),
        topic="test_time_compute",
    ),
)
