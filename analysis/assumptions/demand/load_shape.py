"""The shape of demand: how runs and requests spread over time."""

from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        id="run_gap_cv",
        label="Spread of the times between a developer's final runs, over their mean",
        unit="1",
        low=0.3,
        central=0.6,
        high=1.0,
        distribution="triangular",
        reason=(
            "A programme with a rhythm is more even than chance (1) and less than a calendar (0); "
            "release dates of one developer in training_runs differ by months from a rhythm."
        ),
        topic="demand",
    ),
    Assumption(
        id="labs_use_correlation",
        label="Correlation of two developers' use of chips by final runs",
        unit="1",
        low=0.0,
        central=0.1,
        high=0.4,
        distribution="triangular",
        reason=(
            "Nobody publishes when runs start. New chips come to all at once and releases answer "
            "each other, so above 0; each has its own sites and plans, so far below 1."
        ),
        topic="demand",
    ),
    Assumption(
        id="day_peak_to_mean",
        label="Busiest hour of a working day over its mean, interactive inference of a service",
        unit="1",
        low=1.2,
        central=1.4,
        high=2.2,
        distribution="lognormal",
        reason=(
            "Read off the plots of Azure's week of May 2024, 1.34 for conversation and 2.2 for "
            "code completion; nodes that DeepSeek kept for serving, which follow its load "
            "slowly, 1.23 (published_service)."
        ),
        topic="demand",
    ),
    Assumption(
        id="weekend_to_weekday",
        label="Interactive inference of a weekend day over that of a working day",
        unit="1",
        low=0.4,
        central=0.7,
        high=0.95,
        distribution="triangular",
        reason=(
            "Read off the plots of Azure's week of May 2024, 0.57 for conversation and 0.32 for "
            "code completion, both mostly at work; assistants used at home fall less."
        ),
        topic="demand",
    ),
    Assumption(
        id="minute_burst_cv",
        label="Spread of a minute's load around its hour, over the mean, large service",
        unit="1",
        low=0.03,
        central=0.07,
        high=0.15,
        distribution="lognormal",
        reason=(
            "The thickness of the lines in the plots of Azure's week of May 2024 is that of a "
            "spread of 0.08 (conversation, 45 requests a second) and 0.13 (code, 28 a second); "
            "larger services pool more. Counts of a small one in request_arrivals give 0.2 and 1."
        ),
        topic="demand",
    ),
    Assumption(
        id="burst_minutes",
        label="Minutes after which a burst has faded to 1/e",
        unit="minutes",
        low=1.0,
        central=5.0,
        high=15.0,
        distribution="lognormal",
        reason=(
            "In the hour of the 2023 trace of conversation a minute's count correlates 0.82 with "
            "the next, 0.71 with the second and 0.2 with the tenth; of code, 0.17 with the next."
        ),
        topic="demand",
    ),
    Assumption(
        id="slow_swing_cv",
        label="Spread of use around its trend that lasts about a quarter, over the mean",
        unit="1",
        low=0.03,
        central=0.08,
        high=0.16,
        distribution="lognormal",
        reason=(
            "Weekly users of ChatGPT, 13 counts from 2023 to 2026, lie 9% (standard deviation) "
            "around a cubic in the logarithm and 16% around a parabola, errors of counting "
            "included; school holidays, launches and fads are in it."
        ),
        topic="demand",
    ),
    Assumption(
        id="preemption_loss_hours",
        label="Work that a chip loses each time interruptible work is put on it and taken off",
        unit="hours",
        low=0.1,
        central=0.3,
        high=1.0,
        distribution="lognormal",
        reason=(
            "Loading a model and warming up takes minutes, half the interval between checkpoints "
            "is repeated unless there is warning. Batch inference loses the least, a training "
            "run across many machines the most."
        ),
        topic="demand",
    ),
)
