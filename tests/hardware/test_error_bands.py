"""Bands of errors cover new rows of their kind as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.hardware import named
from analysis.hardware.error_bands import KINDS, LOADS, Bands, bands, kind_of

SPREADS = {"NVIDIA dense": 0.1, "AMD": 0.3}


def planted(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    kinds = draw.choice(list(SPREADS), rows)
    return draw.normal(0.05, [SPREADS[kind] for kind in kinds]), kinds


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_new_rows_fall_inside_as_often_as_the_level_says(level: float) -> None:
    errors, kinds = planted(8000, 1)
    found = bands(errors, kinds, KINDS, level=level)
    fresh, theirs = planted(8000, 2)
    low, high = found.interval(np.exp(fresh), theirs)
    inside = (low <= 1.0) & (high >= 1.0)
    for kind in SPREADS:
        assert inside[theirs == kind].mean() == pytest.approx(level, abs=0.025)


def test_a_kind_with_few_rows_is_drawn_to_the_pool() -> None:
    errors = np.concatenate([np.linspace(-0.1, 0.1, 301), [1.0, 1.0, 1.0]])
    kinds = np.array(["NVIDIA dense"] * 301 + ["AMD"] * 3)
    found = bands(errors, kinds, KINDS).frame
    low, high = np.quantile(errors, [0.1, 0.9])
    assert found.loc["AMD", "low"] == pytest.approx((3 * 1.0 + 30 * low) / 33)
    assert found.loc["AMD", "high"] == pytest.approx((3 * 1.0 + 30 * high) / 33)


def test_a_kind_never_seen_gets_twice_the_band_of_all() -> None:
    errors, kinds = planted(500, 3)
    found = bands(errors, kinds, KINDS).frame.loc["other makers"]
    np.testing.assert_allclose(
        found[["low", "high"]].astype(float), 2 * np.quantile(errors, [0.1, 0.9])
    )
    assert found["rows"] == 0
    assert np.isnan(found["median_abs"])


def test_an_error_divides_a_prediction_back_to_what_was_measured() -> None:
    found = bands(np.array([np.log(2.0)] * 50), np.array(["AMD"] * 50), KINDS)
    low, high = found.interval(np.array([10.0]), np.array(["AMD"]))
    np.testing.assert_allclose([low, high], 5.0)


@pytest.mark.parametrize(("measure", "kinds"), [("tpot", KINDS), ("ttft", LOADS)])
def test_kept_bands_lie_on_both_sides_of_the_prediction(
    measure: str, kinds: tuple[str, ...]
) -> None:
    kept: Bands = named.error_bands(measure)
    assert set(kept.frame.index) == set(kinds)
    low, high = kept.interval(np.ones(len(kinds)), np.array(kinds, object))
    assert np.all((low < 1) & (high > 1))


def test_kinds_tell_makers_and_mixtures_apart() -> None:
    assert kind_of("hopper", False) == "NVIDIA dense"
    assert kind_of("blackwell", True) == "NVIDIA mixture"
    assert kind_of("cdna3", True) == kind_of("cdna4", False) == "AMD"
    assert kind_of("tpu", False) == kind_of("never heard of", True) == "other makers"
