"""Make the small tables that rest on public data: ``python -m analysis.test_time_compute.derive``.

Counts of solved problems and records of evaluations are fetched and computed with; only the results
are kept in ``data/``. Run ``python -m analysis.catalog seal`` afterwards. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import assumptions, catalog, public_evaluations
from analysis.test_time_compute.coverage import coverage_curve
from analysis.test_time_compute.coverage_intervals import bootstrap_coverage
from analysis.test_time_compute.coverage_laws import (
    LAWS,
    ExponentiatedPowerLaw,
    held_out_forecast,
    log_spaced_k,
)
from analysis.test_time_compute.derive_exchange import exchange_slope_table, iso_coverage_table
from analysis.test_time_compute.derive_thinking import thinking_pairs, thinking_slopes
from analysis.test_time_compute.findings import LEVEL, SEED
from analysis.test_time_compute.selection import selection_curve
from analysis.test_time_compute.voting import majority_vote_accuracy, rival_shares

CURVE_POINTS = 33
#: Samples per problem a forecast may see, and those it must predict.
SEEN_SAMPLES = 100
PREDICT_AT = (300, 1_000, 3_000, 10_000)
#: Forecasts are repeated with other draws of the samples seen.
FORECAST_SEEDS = 20
#: Votes are simulated so often at each number of tries.
VOTE_DRAWS = 400
SELECTION_SAMPLES = (
    1,
    2,
    3,
    5,
    8,
    13,
    20,
    32,
    50,
    80,
    130,
    200,
    320,
    500,
    1000,
    2000,
    5000,
    10_000,
)
ORACLE, CHECKER, VOTE = "perfect checker", "checker", "majority vote"
FOLDER = catalog.DATA / "test_time_compute"


def coverage_tables(counts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Coverage by model and samples with intervals, fits to all samples, and held-out forecasts."""
    curves, fits, forecasts = [], [], []
    for (model, parameters), group in counts.groupby(["model", "params"], sort=False):
        key = {"model": model, "parameters": parameters, "problems": len(group)}
        right, drawn = group["num_correct"].to_numpy(), group["num_samples"].to_numpy()
        k = log_spaced_k(int(drawn.min()), CURVE_POINTS)
        band = bootstrap_coverage(right, drawn, k, seed=SEED, level=LEVEL)
        curves.append(
            band.rename(columns={"k": "samples", "low": "low_90", "high": "high_90"})
            .drop(columns="level")
            .assign(**key)
        )
        fits += [{**key, "law": law, **_shape(fit(right, drawn))} for law, fit in LAWS.items()]
        forecasts += [
            forecast.assign(**key, seed=seed)
            for seed in range(SEED, SEED + FORECAST_SEEDS)
            for law in LAWS
            if (forecast := _forecast(right, drawn, law, seed)) is not None
        ]
    return pd.concat(curves), pd.DataFrame(fits), _forecast_summary(pd.concat(forecasts))


def _forecast(right: np.ndarray, drawn: np.ndarray, law: str, seed: int) -> pd.DataFrame | None:
    """One law's forecast; none where the tries seen hold too little to fit it."""
    try:
        return held_out_forecast(
            right,
            drawn,
            seen_samples=SEEN_SAMPLES,
            predict_at=PREDICT_AT,
            seed=seed,
            laws={law: LAWS[law]},
        )
    except ValueError as cause:
        # The law's own refusal of counts that say too little is wrapped; anything else is a fault.
        if cause.__cause__ is None:
            raise
        return None


def _shape(fitted: object) -> dict[str, float]:
    if isinstance(fitted, ExponentiatedPowerLaw):
        return {"a": fitted.a, "b": fitted.b}
    names = ("alpha", "beta", "scale", "log_likelihood")
    return {name: float(getattr(fitted, name)) for name in names if hasattr(fitted, name)}


def _forecast_summary(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Mean forecast and its spread over the draws of the samples seen."""
    key = ["model", "parameters", "problems", "law", "k"]
    grouped = forecasts.assign(square=forecasts["error"] ** 2).groupby(key, sort=False)
    table = grouped.agg(
        predicted=("predicted", "mean"),
        predicted_low=("predicted", "min"),
        predicted_high=("predicted", "max"),
        observed=("observed", "first"),
        error=("error", "mean"),
        rmse=("square", lambda squares: float(np.sqrt(squares.mean()))),
        draws=("seed", "nunique"),
    ).reset_index()
    return table.rename(columns={"k": "samples"}).assign(seen_samples=SEEN_SAMPLES)


def selection_table(counts: pd.DataFrame) -> pd.DataFrame:
    """Right answers of the largest model by tries and by who picks one of them."""
    largest = counts.loc[counts["params"] == counts["params"].max()]
    right, drawn = largest["num_correct"].to_numpy(), largest["num_samples"].to_numpy()
    rates, samples = right / drawn, np.array(SELECTION_SAMPLES)
    checker = assumptions.get("verifier_false_positive_rate")
    rivals = assumptions.get("vote_rivals")
    concentration = assumptions.get("vote_concentration").central
    parts = [
        pd.DataFrame({"picker": ORACLE, "false_positive_rate": 0.0, "accuracy": accuracy})
        for accuracy in [coverage_curve(right, drawn, samples)]
    ]
    for rate in (checker.low, checker.central, checker.high):
        accuracy = selection_curve(rates, samples, false_positive_rate=rate)
        parts.append(
            pd.DataFrame({"picker": CHECKER, "false_positive_rate": rate, "accuracy": accuracy})
        )
    shares = rival_shares(int(rivals.central), concentration=concentration)
    vote = majority_vote_accuracy(rates, shares, samples, draws=VOTE_DRAWS, seed=SEED)
    parts.append(pd.DataFrame({"picker": VOTE, "accuracy": np.asarray(vote).mean(axis=0)}))
    table = pd.concat([part.assign(samples=samples) for part in parts], ignore_index=True)
    return table.assign(model=largest["model"].iloc[0], problems=len(largest))


def write(frame: pd.DataFrame, name: str, source_id: str) -> None:
    """Write a derived table with seven significant digits and its provenance.

    What no number of tries reaches is a blank.
    """
    provenance = {"source_id": source_id, "seen_at": "", "kind": "derived", "confidence": "high"}
    path = FOLDER / f"{name}.csv"
    table = frame.assign(**{k: v for k, v in provenance.items() if k not in frame})
    table = table.replace([np.inf, -np.inf], np.nan)
    table.to_csv(path, index=False, float_format="%.7g", lineterminator="\n")
    print(f"{path.relative_to(catalog.DATA.parent)}: {len(frame)} rows")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("counts", "checkpoints", "tokens", "efforts"):
        parser.add_argument(f"--{name}", type=Path, help="the data set's file, if it is here")
    parser.add_argument("--only", choices=["coverage", "exchange", "thinking"])
    chosen = parser.parse_args(arguments)
    if chosen.only in (None, "coverage"):
        counts = public_evaluations.math_sample_counts(chosen.counts)
        curves, fits, forecasts = coverage_tables(counts)
        write(curves, "coverage_curves", "schaeffer2025")
        write(fits, "coverage_fits", "schaeffer2025")
        write(forecasts, "coverage_forecasts", "schaeffer2025")
        write(selection_table(counts), "selection_curves", "schaeffer2025")
    if chosen.only in (None, "exchange"):
        checkpoints = public_evaluations.pythia_checkpoint_counts(chosen.checkpoints)
        write(iso_coverage_table(checkpoints, seed=SEED), "iso_coverage", "schaeffer2025")
        write(exchange_slope_table(checkpoints, seed=SEED), "exchange_slopes", "schaeffer2025")
    if chosen.only in (None, "thinking"):
        tokens = public_evaluations.tokens_and_accuracy(chosen.tokens)
        efforts = public_evaluations.effort_levels(chosen.efforts)
        slopes = thinking_slopes(tokens, efforts)
        counted = slopes["x_quantity"] == "output_tokens"
        by_row = np.where(counted, "epoch_eval_tokens2025", "epoch_benchmark_runs2025")
        write(slopes.assign(source_id=by_row), "thinking_slopes", "")
        write(thinking_pairs(tokens), "thinking_points", "epoch_eval_tokens2025")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
