"""The small tables kept from the public data sets are what the data sets give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import catalog, public_evaluations
from analysis.test_time_compute import derive
from analysis.test_time_compute.coverage import coverage_curve
from analysis.test_time_compute.derive_exchange import exchange_slope_table, iso_coverage_table
from analysis.test_time_compute.derive_thinking import thinking_pairs, thinking_slopes
from analysis.test_time_compute.iso_coverage import samples_for_coverage


@pytest.fixture
def counts(shared_datasets: Path) -> pd.DataFrame:
    return public_evaluations.math_sample_counts(shared_datasets / "llmonkeys_pythia_math_10k.csv")


@pytest.fixture
def checkpoints(shared_datasets: Path) -> pd.DataFrame:
    file = shared_datasets / "pythia_checkpoints_math_counts.csv"
    return public_evaluations.pythia_checkpoint_counts(file)


def test_the_kept_coverage_is_that_of_the_counts(counts: pd.DataFrame) -> None:
    kept = catalog.load("coverage_curves")
    for model, rows in kept.groupby("model"):
        group = counts.loc[counts["model"] == model]
        k = rows["samples"].astype(int).to_numpy()
        curve = coverage_curve(group["num_correct"].to_numpy(), group["num_samples"].to_numpy(), k)
        np.testing.assert_allclose(rows["coverage"].astype(float), curve, rtol=1e-6)
        assert (rows["low_90"] <= rows["coverage"]).all()
        assert (rows["coverage"] <= rows["high_90"]).all()


def test_one_model_is_forecast_again_as_kept(counts: pd.DataFrame) -> None:
    largest = counts.loc[counts["params"] == counts["params"].max()]
    _, _, again = derive.coverage_tables(largest)
    kept = catalog.load("coverage_forecasts")
    kept = kept.loc[kept["model"] == largest["model"].iloc[0]]
    both = kept.merge(again, on=["law", "samples"], suffixes=("", "_again"))
    assert len(both) == len(kept) == len(again)
    for column in ("predicted", "observed", "rmse"):
        np.testing.assert_allclose(
            both[column].astype(float), both[f"{column}_again"], rtol=1e-4, atol=1e-6
        )


def test_the_kept_selection_curves_are_those_of_the_counts(counts: pd.DataFrame) -> None:
    again = derive.selection_table(counts)
    kept = catalog.load("selection_curves")
    key = ["picker", "false_positive_rate", "samples"]
    kept, again = (table.sort_values(key).reset_index(drop=True) for table in (kept, again))
    np.testing.assert_allclose(kept["accuracy"].astype(float), again["accuracy"], rtol=1e-6)
    perfect = kept.loc[kept["picker"] == derive.ORACLE].set_index("samples")["accuracy"]
    for rate in kept["false_positive_rate"].dropna().unique():
        curve = kept.loc[kept["false_positive_rate"] == rate].set_index("samples")["accuracy"]
        assert (curve.astype(float) <= perfect.astype(float) + 1e-6).all()


def test_the_kept_tries_reach_the_target(checkpoints: pd.DataFrame) -> None:
    kept = catalog.load("iso_coverage")
    reached = kept.loc[kept["reached"].astype(bool)]
    for row in reached.iloc[::9].itertuples():
        group = checkpoints.loc[checkpoints["checkpoint"] == row.checkpoint]
        found = samples_for_coverage(
            group["num_correct"].to_numpy(),
            group["num_samples"].to_numpy(),
            row.target,
            max_k=int(row.fewest_samples),
        )
        assert float(found["k"].iloc[0]) == pytest.approx(row.samples_needed, rel=1e-4)
    np.testing.assert_allclose(
        kept["train_flop"].astype(float),
        6 * kept["parameters"].astype(float) * kept["train_tokens"].astype(float),
    )


def test_the_kept_slopes_are_those_of_the_checkpoints(checkpoints: pd.DataFrame) -> None:
    again = exchange_slope_table(checkpoints, derive.SEED, resamples=20)
    kept = catalog.load("exchange_slopes")
    assert len(again) == len(kept)
    np.testing.assert_allclose(kept["slope"].astype(float), again["slope"], rtol=1e-5, atol=1e-8)
    points = iso_coverage_table(checkpoints, derive.SEED, resamples=20)
    assert points["checkpoint"].tolist() == catalog.load("iso_coverage")["checkpoint"].tolist()


def test_the_kept_slopes_of_thinking_are_those_of_the_evaluations(shared_datasets: Path) -> None:
    tokens = public_evaluations.tokens_and_accuracy(
        shared_datasets / "epoch_tokens_vs_accuracy.csv"
    )
    efforts = public_evaluations.effort_levels(shared_datasets / "epoch_effort_levels.csv")
    key = ["model", "benchmark", "x_quantity"]
    kept = catalog.load("thinking_slopes").set_index(key).sort_index()
    again = thinking_slopes(tokens, efforts).set_index(key).sort_index()
    assert kept.index.equals(again.index)
    for column in ("log_odds_per_tenfold", "standard_error", "x_ratio"):
        np.testing.assert_allclose(kept[column].astype(float), again[column], rtol=1e-5)
    assert len(thinking_pairs(tokens)) == len(catalog.load("thinking_points"))
