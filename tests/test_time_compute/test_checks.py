"""Numbers and shapes that no model takes, by name and row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_columns,
    require_counts,
    require_finite,
    require_share,
)


def test_numbers_that_are_accepted_come_back_as_they_were() -> None:
    given = pd.Series([0, 1], dtype=object)
    for values in (require_finite("x", given, "m"), require_share("x", given)):
        assert values.dtype == np.float64
        assert values.tolist() == [0.0, 1.0]
    assert require_above("x", [2.0, np.inf], 1, "m", infinite=True).tolist() == [2.0, np.inf]
    assert require_share("x", 1, positive=True) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: require_finite("x", [0.0, np.inf], "m"), "x, row 1: inf .* finite, in m"),
        (lambda: require_finite("x", [[0.0], [np.nan]], "m"), r"x, row \(1, 0\): nan"),
        (lambda: require_share("x", [0.5, 1.1]), "x, row 1: 1.1 .* a share from 0 to 1"),
        (lambda: require_share("x", np.nan), "x: nan .* a share from 0 to 1"),
        (lambda: require_share("x", 0.0, positive=True), "a share above 0 and at most 1"),
        (lambda: require_above("x", [2.0, 1.0], 1, "m"), "x, row 1: 1.0 .* finite and above 1"),
        (lambda: require_above("x", np.inf, 1, "m"), "x: inf"),
        (lambda: require_above("x", np.nan, 1, "m", infinite=True), "x: nan"),
        (
            lambda: require_at_least("x", [1, 11], 0, "m", highest=10),
            "x, row 1: 11.0 .* at most 10",
        ),
        (lambda: require_columns("t", pd.DataFrame({"a": [1]}), ["a", "b"]), "lacking .'b'."),
        (lambda: require_columns("t", pd.DataFrame({"a": []}), ["a"]), "t: 0 rows"),
    ],
)
def test_a_number_out_of_range_is_refused_with_its_row(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "values", ["1", ["1"], [1, "2"], np.array([1, "2"], dtype=object), [[1], [2, 3]], 1j, [pd.NaT]]
)
def test_what_is_no_number_is_refused_by_name(values: Any) -> None:
    with pytest.raises(ValueError, match=r"x: .* is not a number; accepted: a whole number"):
        require_counts("x", values)


def test_shapes_that_go_together_become_one() -> None:
    found = broadcast(one=[[1.0], [2.0]], two=[1.0, 2.0, 3.0], three=4.0)
    assert [values.shape for values in found] == [(2, 3)] * 3
    assert found[0][1].tolist() == [2.0] * 3


def test_shapes_that_do_not_and_empty_arrays_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"do not go together: a \(2,\), c \(3,\); accepted"):
        broadcast(a=[1, 2], b=1, c=[1, 2, 3])
    with pytest.raises(ValueError, match="b is empty; give at least one"):
        broadcast(a=[1, 2], b=np.ones((2, 0)))
