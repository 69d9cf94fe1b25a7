"""Labels at line ends keep their order and their distance."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.publishing.labels import spread


def test_labels_far_apart_stay_where_they_are() -> None:
    assert spread([3.0, 1.0, 2.0], 0.5).tolist() == [3.0, 1.0, 2.0]


def test_two_labels_at_one_place_move_half_a_gap_each() -> None:
    assert spread([1.0, 1.0], 0.4).tolist() == pytest.approx([0.8, 1.2])


def test_any_labels_end_up_a_gap_apart_and_in_order() -> None:
    values = np.random.default_rng(3).uniform(0, 1, 12)
    placed = spread(values, 0.07)
    assert (np.argsort(placed) == np.argsort(values)).all()
    assert np.diff(np.sort(placed)).min() >= 0.07 - 1e-12


def test_no_label_falls_below_the_floor_and_all_keep_their_distance() -> None:
    placed = spread([0.0, 0.05, 0.1, 2.0], 0.5, low=0.0)
    assert placed.tolist() == pytest.approx([0.0, 0.5, 1.0, 2.0])
