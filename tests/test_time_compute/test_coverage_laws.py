"""Laws of coverage: planted ones are found, published fits repeated, the unseen predicted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.test_time_compute.coverage import coverage_by, coverage_curve
from analysis.test_time_compute.coverage_laws import (
    LAWS,
    ExponentiatedPowerLaw,
    fit_exponentiated_power_law,
    held_out_forecast,
    log_spaced_k,
    thin_counts,
)

LAW = ExponentiatedPowerLaw(a=-5.0, b=-0.3)
FILE = "llmonkeys_pythia_math_10k.csv"


def planted(seed: int, samples: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.binomial(samples, rng.beta(0.3, 12.0, 128)), np.full(128, samples)


def test_one_sample_covers_exp_a_and_an_e_fold_takes_a_fixed_share_off() -> None:
    assert LAW.coverage(1) == pytest.approx(np.exp(-5))
    k = np.array([1.0, 10.0, 1e6])
    logs = np.log(LAW.coverage(np.e * k)) / np.log(LAW.coverage(k))
    np.testing.assert_allclose(logs, np.exp(-0.3))


def test_samples_for_a_coverage_undo_it() -> None:
    np.testing.assert_allclose(LAW.samples_for(LAW.coverage([1, 50, 1e5])), [1, 50, 1e5])
    with pytest.raises(ValueError, match="0 or 1 is not reached"):
        LAW.samples_for(1.0)


@pytest.mark.parametrize(("a", "b"), [(-5.0, -0.3), (-12.0, -0.1), (-0.4, -0.9)])
def test_a_law_is_found_again_from_its_own_points(a: float, b: float) -> None:
    k = log_spaced_k(10_000)
    fitted = fit_exponentiated_power_law(k, ExponentiatedPowerLaw(a, b).coverage(k))
    assert (fitted.a, fitted.b) == pytest.approx((a, b), rel=1e-8)


def test_no_nearby_law_has_smaller_squares() -> None:
    successes, samples = planted(1)
    k = log_spaced_k(5000)
    coverage = coverage_curve(successes, samples, k)
    fitted = fit_exponentiated_power_law(k, coverage)

    def squares(a: float, b: float) -> float:
        return float(((ExponentiatedPowerLaw(a, b).coverage(k) - coverage) ** 2).sum())

    for a in (0.999, 1.0, 1.001):
        for b in (0.999, 1.0, 1.001):
            assert squares(a * fitted.a, b * fitted.b) >= squares(fitted.a, fitted.b)


def test_k_are_whole_and_each_there_once() -> None:
    k = log_spaced_k(10_000)
    assert (k[0], k[-1], k.size) == (1, 10_000, 54)
    assert (np.diff(k) > 0).all()


def test_released_counts_give_the_coefficients_on_record(
    shared_datasets: Path, reference: Any
) -> None:
    stated = reference("test_time_coverage")
    k = log_spaced_k(10_000)
    curves = coverage_by(pd.read_csv(shared_datasets / FILE), "model", k)
    assert curves["model"].nunique() == 7
    for model, curve in curves.groupby("model"):
        fitted = fit_exponentiated_power_law(curve["k"], curve["coverage"])
        law = stated["exponentiated_power_law"]
        for name, value in law["coefficients"][model].items():
            assert getattr(fitted, name) == pytest.approx(value, abs=law["tolerance"])
        early = curve[curve["k"] <= 100]
        forecast = fit_exponentiated_power_law(early["k"], early["coverage"]).coverage(10_000)
        known = stated["forecast_from_first_hundred_k"]
        assert forecast == pytest.approx(known["coverage"][model], abs=known["tolerance"])


def test_thinned_counts_have_the_moments_of_draws_without_replacement() -> None:
    draws = np.array([thin_counts([30, 0, 50], [50, 50, 50], 10, seed=s) for s in range(4000)])
    assert (draws[:, 1] == 0).all()
    assert (draws[:, 2] == 10).all()
    assert draws[:, 0].mean() == pytest.approx(6, abs=0.06)
    assert draws[:, 0].var() == pytest.approx(10 * 0.6 * 0.4 * 40 / 49, rel=0.08)


def test_a_forecast_sees_nothing_but_the_thinned_counts() -> None:
    successes, samples = planted(2)
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def spy(counts: np.ndarray, drawn: np.ndarray) -> ExponentiatedPowerLaw:
        seen.append((counts, drawn))
        return LAW

    table = held_out_forecast(
        successes, samples, seen_samples=100, predict_at=[5000], seed=3, laws={"spy": spy}
    )
    np.testing.assert_array_equal(seen[0][0], thin_counts(successes, samples, 100, seed=3))
    assert (seen[0][1] == 100).all()
    row = table.iloc[0]
    assert row["predicted"] == LAW.coverage(5000)
    assert row["observed"] == coverage_curve(successes, samples, [5000])[0]
    assert row["error"] == row["predicted"] - row["observed"]
    assert row["log_error"] == pytest.approx(np.log(row["predicted"] / row["observed"]))


def test_where_rates_are_beta_the_beta_binomial_forecasts_best() -> None:
    errors = pd.concat(
        held_out_forecast(*planted(s), seen_samples=300, predict_at=[5000], seed=s, laws=two)
        for s in range(20)
        for two in [{name: LAWS[name] for name in ("exponentiated_power_law", "beta_binomial")}]
    )
    size = errors.groupby("law")["error"].agg(lambda error: np.sqrt((error**2).mean()))
    bias = errors.groupby("law")["error"].mean()
    assert size["beta_binomial"] < size["exponentiated_power_law"]
    assert abs(bias["beta_binomial"]) < abs(bias["exponentiated_power_law"])


def test_unseen_samples_of_released_counts_are_predicted_within_what_was_measured(
    shared_datasets: Path,
) -> None:
    counts = pd.read_csv(shared_datasets / FILE)
    table = pd.concat(
        held_out_forecast(
            group["num_correct"],
            group["num_samples"],
            seen_samples=100,
            predict_at=[10_000],
            seed=seed,
        )
        for _, group in counts.groupby("model")
        for seed in range(4)
    )
    size = table.groupby("law")["error"].agg(lambda error: np.sqrt((error**2).mean()))
    assert size["exponentiated_power_law"] < 0.08
    assert size["exponentiated_power_law"] < size["beta_binomial"] < 0.14


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"b: 0\.1 is not accepted"):
        ExponentiatedPowerLaw(-1.0, 0.1)
    with pytest.raises(ValueError, match="at least 2 different k"):
        fit_exponentiated_power_law([3, 3], [0.1, 0.2])
    with pytest.raises(ValueError, match="fewer than 2 different values"):
        fit_exponentiated_power_law([1, 10, 100], [0.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="does not rise"):
        fit_exponentiated_power_law([1, 10], [0.2, 0.1])
    with pytest.raises(ValueError, match=r"coverage, row 1: 1\.5"):
        fit_exponentiated_power_law([1, 10], [0.2, 1.5])
    with pytest.raises(ValueError, match=r"row 1: 5 is below seen_samples 6"):
        thin_counts([1, 1], [9, 5], 6, seed=1)
    successes, samples = planted(1)
    with pytest.raises(ValueError, match="predict_at: 100 is not above seen_samples 100"):
        held_out_forecast(successes, samples, seen_samples=100, predict_at=[100], seed=1)
    with pytest.raises(ValueError, match="laws: none"):
        held_out_forecast(successes, samples, seen_samples=9, predict_at=[10], seed=1, laws={})
    with pytest.raises(ValueError, match=r"k, row .* is above the 5000 samples"):
        held_out_forecast(successes, samples, seen_samples=9, predict_at=[6000], seed=1)
    few = np.r_[1, np.zeros(9)]
    with pytest.raises(ValueError, match=r"exponentiated_power_law on 10 samples"):
        held_out_forecast(few, np.full(10, 9000), seen_samples=10, predict_at=[20], seed=1)
