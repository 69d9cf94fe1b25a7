"""The small tables kept from the public data set are what the data set gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis import catalog, public_datasets
from analysis.scaling_laws import derive
from analysis.scaling_laws.fitting import fit_loss_law


@pytest.fixture
def points(shared_datasets: Path) -> tuple[np.ndarray, ...]:
    table = public_datasets.chinchilla_points(shared_datasets / "chinchilla_svg_extracted.csv")
    used = table.loc[table["in_published_fit"]]
    return tuple(used[name].to_numpy() for name in ("parameters", "training_tokens", "loss"))


@pytest.mark.parametrize("name", list(derive.OBJECTIVES))
def test_the_kept_fit_is_the_optimum_of_the_data_set(name: str, points: tuple) -> None:
    law = fit_loss_law(*points, delta=derive.OBJECTIVES[name]).law
    kept = catalog.load("chinchilla_refit").query("fit_by == @name").set_index("quantity")
    for quantity in ("E", "A", "B", "alpha", "beta"):
        assert kept.loc[quantity, "estimate"] == pytest.approx(getattr(law, quantity), rel=2e-5)


def test_the_kept_intervals_agree_with_the_published_ones() -> None:
    """Besiroglu et al. 2024, percentile bootstrap of 4,000 resamples, 95%."""
    ours = catalog.load("chinchilla_refit").query("fit_by == 'huber'").set_index("quantity")
    published = catalog.load("scaling_law_fits").set_index("law_id").loc["besiroglu2024"]
    for quantity in ("E", "alpha", "beta"):
        width = published[f"{quantity}_ci_high"] - published[f"{quantity}_ci_low"]
        for end in ("low", "high"):
            difference = ours.loc[quantity, f"{end}_95"] - published[f"{quantity}_ci_{end}"]
            assert abs(difference) < 0.05 * width


def test_the_kept_draws_spread_as_the_kept_intervals_say() -> None:
    draws = derive.derived_quantities(catalog.load("chinchilla_draws"))
    kept = catalog.load("chinchilla_refit").query("fit_by == 'huber'").set_index("quantity")
    inside = draws.apply(
        lambda column: column.between(*kept.loc[column.name, ["low_90", "high_90"]])
    )
    assert inside.mean().between(0.86, 0.94).all()


def test_besiroglus_printed_point_is_the_fit_by_absolute_deviations() -> None:
    table = catalog.load("chinchilla_refit").query("fit_by == 'least_absolute'")
    ours = table.set_index("quantity")["estimate"]
    published = catalog.load("scaling_law_fits").set_index("law_id").loc["besiroglu2024"]
    for quantity in ("E", "A", "B", "alpha", "beta"):
        assert ours[quantity] == pytest.approx(published[quantity], rel=1e-4)
