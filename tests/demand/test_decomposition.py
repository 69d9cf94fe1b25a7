"""The parts of growth sum to it, and each is what moving its factor alone would say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.demand.decomposition import (
    FACTORS,
    decompose,
    efficiency_outruns_use,
    factors_of,
    log_mean,
)
from analysis.demand.model import Known, project_inputs

TIMES = np.arange(2022.5, 2031.0)


@pytest.mark.parametrize(("spend", "unit"), [(True, "usd"), (False, "chips")])
def test_parts_sum_to_the_change_of_the_total(
    spend: bool, unit: str, central: dict[str, float], known: Known
) -> None:
    found = project_inputs(central, known, times=TIMES)
    frame = decompose(found, spend=spend)
    total = found.total("fleet", unit, "inference")
    np.testing.assert_allclose(frame.groupby("start")["change"].sum(), np.diff(total), rtol=1e-9)
    np.testing.assert_allclose(
        frame.groupby("start")["log_points"].sum(), np.diff(np.log(total)), rtol=1e-9
    )
    assert set(frame["factor"]) == set(FACTORS) - (set() if spend else {"price of a chip-hour"})


def test_the_products_are_the_model_s_own_totals(central: dict[str, float], known: Known) -> None:
    found = project_inputs(central, known, times=TIMES)
    products = factors_of(found)
    total = sum(np.prod([np.ravel(v) * np.ones(TIMES.size) for v in parts.values()], axis=0)
                for parts in products.values())  # fmt: skip
    np.testing.assert_allclose(total, found.total("fleet", "usd", "inference"), rtol=1e-12)


def test_a_factor_that_does_not_move_has_no_part(central: dict[str, float], known: Known) -> None:
    still = central | {"flop_per_token_fall": 1.0, "price_fall": 1.0, "messages_growth": 1.0}
    frame = decompose(project_inputs(still, known, times=TIMES))
    parts = frame.set_index("factor")["change"]
    for factor in ("FLOP per token", "price of a chip-hour", "messages per user"):
        np.testing.assert_allclose(parts[factor], 0.0, atol=1e-3)
    assert np.all(parts["users"] > 0)


def test_the_logarithmic_mean_is_exact_also_where_numbers_are_near() -> None:
    assert log_mean(2.0, 8.0) == pytest.approx(6 / np.log(4))
    for gap in (1e-3, 1e-5, 1e-9, 0.0):
        # By series: a (1 + d/2 - d^2/12).
        assert log_mean(1 + gap, 1.0) == pytest.approx(1 + gap / 2 - gap**2 / 12, rel=1e-9)
    with pytest.raises(ValueError, match="above 0"):
        log_mean(0.0, 1.0)


def test_the_turn_is_the_year_in_which_spending_starts_to_fall(
    scenarios: dict[str, Any], central: dict[str, float], known: Known
) -> None:
    fast = scenarios | {"flop_per_token_fall": np.full((200, 1), 2.2)}
    found = project_inputs(fast, known, times=TIMES)
    turns = efficiency_outruns_use(found)
    total = found.total("fleet", "usd", "inference")
    assert np.isfinite(turns).mean() > 0.5
    for row, turn in zip(total, turns, strict=True):
        peak = int(np.argmax(row))
        assert turn == (np.inf if peak == TIMES.size - 1 else TIMES[peak + 1])
    slow = project_inputs(central | {"price_fall": 1.0}, known, times=TIMES)
    assert efficiency_outruns_use(slow) == [np.inf]
