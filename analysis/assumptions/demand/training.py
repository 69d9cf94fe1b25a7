"""What goes into training: runs, developers, what stands behind a release."""

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
)
