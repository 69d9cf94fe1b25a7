"""Paths in time against what they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from analysis.demand.growth_paths import (
    LogPath,
    grown,
    positive_part,
    slowed_after_years,
    slowed_years,
)


@pytest.mark.parametrize("decay", [0.01, 0.3, 1.5])
@pytest.mark.parametrize("elapsed", [-4.0, -0.5, 0.0, 2.0, 7.0])
def test_slowed_years_are_the_integral_of_a_falling_rate(decay: float, elapsed: float) -> None:
    area, _ = quad(lambda t: np.exp(-decay * t), 0.0, elapsed)
    assert slowed_years(elapsed, decay) == pytest.approx(area, rel=1e-10, abs=1e-12)
    expected = area if elapsed > 0 else elapsed
    assert slowed_after_years(elapsed, decay) == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_growth_at_the_anchor_is_the_growth_given() -> None:
    step = 1e-6
    for growth in (0.7, 1.0, 4.0):
        level = grown(3.0, growth, slowed_years(np.array([-step, step]), 0.4))
        assert np.diff(np.log(level))[0] / (2 * step) == pytest.approx(np.log(growth), abs=1e-6)


def test_a_known_path_goes_through_its_points_and_straight_between() -> None:
    path = LogPath((2020.0, 2021.0, 2023.0, 2024.5), (1.0, 5.0, 4.0, 90.0))
    np.testing.assert_allclose(path.at(np.array(path.years)), path.values, rtol=1e-12)
    times = np.linspace(2020, 2024.5, 60)
    expected = np.interp(times, path.years, np.log(path.values))
    np.testing.assert_allclose(path.log_at(times), expected, atol=1e-12)
    assert path.at(2019.0) == pytest.approx(1 / 5.0)


def test_the_positive_part_is_exact() -> None:
    values = np.array([-3.5, -0.0, 0.1, 1e300])
    assert positive_part(values).tolist() == [0.0, 0.0, 0.1, 1e300]


@pytest.mark.parametrize(
    ("years", "values", "words"),
    [((1.0,), (1.0,), "at least two"), ((1.0, 2.0), (1.0, 2.0, 3.0), "as many of each"),
     ((1.0, 1.0), (1.0, 2.0), "follows"), ((1.0, 2.0), (1.0, 0.0), "above 0"),
     ((1.0, 2.0), (1.0, np.nan), "above 0")],
)  # fmt: skip
def test_points_that_make_no_path_are_refused(
    years: tuple[float, ...], values: tuple[float, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        LogPath(years, values)
