"""What is asked of models: people, answers, programs."""

from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
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
)
