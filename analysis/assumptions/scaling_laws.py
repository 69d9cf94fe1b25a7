"""The numbers we chose for scaling laws."""

from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        id="reference_train_flop",
        label="Training compute from which the next tenfold is counted",
        unit="FLOP",
        low=1e25,
        central=1e26,
        high=1e27,
        distribution="loguniform",
        reason=(
            "The order of the largest training runs in the table training_runs (3e26 to 5e26 FLOP "
            "in 2025), rounded down to a power of ten; one decade either way shows how the answer "
            "moves."
        ),
        topic="scaling_laws",
    ),
    Assumption(
        id="h800_hours_per_h100_hour",
        label="H800 hours that do the work of one H100 hour in training",
        unit="H800 hours per H100 hour",
        low=1.0,
        central=1.0,
        high=1.25,
        distribution="uniform",
        reason=(
            "The H800 is an H100 with slower links between chips: equal where arithmetic limits a "
            "run, worth less where communication does. How much less is our guess; used only to "
            "set chip-hours of published studies beside a published final run."
        ),
        topic="scaling_laws",
    ),
)
