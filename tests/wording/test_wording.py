"""Numbers read the way a careful writer writes them."""

from __future__ import annotations

import pytest

from analysis import wording


@pytest.mark.parametrize(
    ("value", "significant", "text"),
    [(0.016385, 2, "0.016"), (4.331, 2, "4.3"), (93.2, 2, "93"), (1234.0, 2, "1,200"),
     (9.96, 2, "10"), (0.0, 2, "0"), (-0.5, 1, "−0.5")],
)  # fmt: skip
def test_digits_are_significant_ones(value: float, significant: int, text: str) -> None:
    assert wording.digits(value, significant) == text


def test_units_are_said_in_words() -> None:
    assert wording.percent(0.29988) == "30%"
    assert wording.power(2.1e25) == "2.1 × 10²⁵"
    assert wording.power(1e26) == "10²⁶"
    assert wording.count(4.02e11, 3) == "402 billion"
    assert wording.count(1.655e13, 3) == "16.6 trillion"
    assert wording.count(240) == "240"
    assert wording.usd(-8.78e9) == "−8.8 billion USD"


def test_all_of_them_is_said_as_all() -> None:
    assert wording.share_of(5, 5) == "All 5"
    assert wording.share_of(4, 5) == "4 of 5"


def test_a_date_is_told_by_its_month() -> None:
    assert wording.month("2025-06-24") == "June 2025"
    assert wording.month("2024-12") == "December 2024"
