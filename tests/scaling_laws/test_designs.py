"""What a scaling study can tell depends on where its runs are put."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import catalog
from analysis.scaling_laws.designs import DESIGNS, design_table, isoflop_grid, ray
from analysis.scaling_laws.laws import LossLaw
from analysis.units import FLOP_PER_PARAMETER_TOKEN

LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)


def test_a_grid_spends_each_budget_fully_and_spans_its_sizes() -> None:
    parameters, tokens = isoflop_grid(1e18, 1e20, 3, 5)
    spent = FLOP_PER_PARAMETER_TOKEN * parameters * tokens
    assert spent.reshape(3, 5) == pytest.approx(np.repeat([[1e18], [1e19], [1e20]], 5, axis=1))
    sizes = parameters.reshape(3, 5)
    assert sizes[:, -1] / sizes[:, 0] == pytest.approx(100.0)


def test_a_ray_keeps_its_ratio_and_a_near_ray_stays_within_its_spread() -> None:
    parameters, tokens = ray(1e18, 1e22, 30)
    assert tokens / parameters == pytest.approx(20.0)
    parameters, tokens = ray(1e18, 1e22, 30, 2.0)
    assert set(np.round(tokens / parameters, 6)) == {10.0, 20.0, 40.0}


def test_only_the_single_ratio_cannot_be_pinned_and_intervals_are_honest() -> None:
    table = design_table(DESIGNS, LAW, noise_sd=0.005, repetitions=400, seed=7)
    lost = table.loc[~table["identified"], "design"].unique().tolist()
    assert lost == ["ray"]
    assert table.loc[~table["identified"], ["coverage", "median_width"]].isna().all(axis=None)
    coverage = table.loc[table["identified"], "coverage"]
    assert coverage.between(0.84, 0.96).all()
    width = table.pivot(index="design", columns="quantity", values="median_width")
    for quantity in ("E", "alpha", "beta", "a"):
        assert width.loc["wide_grid", quantity] < width.loc["grid", quantity]
        assert width.loc["grid", quantity] < width.loc["one_tenfold", quantity]


def test_the_kept_table_calls_its_intervals_honestly() -> None:
    """Nominal 90% must cover 85 to 95%, with the error of 2,000 simulated studies."""
    table = catalog.load("design_coverage")
    coverage = table.loc[table["identified"], "coverage"]
    assert coverage.between(0.85, 0.95).all()
