"""Supply and demand close, and where supply binds the split is the exchange rate's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.demand.closure import (
    closure,
    demand_over_supply,
    rationed,
    supply_bound,
)
from analysis.demand.model import KINDS, Known, project_inputs
from analysis.demand.shares import DEFINITIONS, inference_share

TIMES = np.arange(2023.5, 2031.0)


def test_parts_and_what_is_not_explained_sum_to_the_available_chips(
    scenarios: dict[str, Any], known: Known
) -> None:
    found = project_inputs(scenarios, known)
    parts = closure(found)
    total = sum(value for name, value in parts.items() if name != "available")
    np.testing.assert_allclose(total, found.available_h100e, rtol=1e-12)
    demanded = found.total("fleet", "chips", "training") + found.total(
        "fleet", "chips", "inference"
    )
    np.testing.assert_allclose(total - parts["unexplained"], demanded, rtol=1e-12)
    over = demand_over_supply(found)
    assert np.all((over > 1) == (parts["unexplained"] < 0))
    assert set(KINDS) < set(parts)


@pytest.mark.parametrize("elasticity", [0.3, 1.0, 2.5])
def test_labs_that_are_short_spend_one_over_one_plus_the_elasticity(
    elasticity: float, scenarios: dict[str, Any], known: Known
) -> None:
    found = project_inputs(scenarios, known, times=TIMES)
    bound = supply_bound(found, elasticity, 0.35)
    np.testing.assert_allclose(
        bound.inference_share("labs", "usd"), 1 / (1 + elasticity), rtol=1e-12
    )
    held = bound.inference_chips["labs"] + bound.training_chips["labs"]
    np.testing.assert_allclose(held, 0.35 * found.available_h100e, rtol=1e-12)
    used = bound.inference_chips["fleet"] + bound.training_chips["fleet"]
    np.testing.assert_allclose(used, found.available_h100e, rtol=1e-12)


def test_shares_in_other_units_follow_what_a_chip_does(
    central: dict[str, float], known: Known
) -> None:
    found = project_inputs(central, known, times=TIMES)
    bound = supply_bound(found, 1.2, 0.4)
    chips, power = (bound.inference_share("labs", unit) for unit in ("chips", "power_w"))
    odds = (chips / (1 - chips)) * central["inference_draw_ratio"]
    np.testing.assert_allclose(power, odds / (1 + odds), rtol=1e-12)
    assert np.all(bound.inference_share("labs", "flop") < chips)


def test_a_share_of_supply_beyond_one_is_refused(central: dict[str, float], known: Known) -> None:
    with pytest.raises(ValueError, match="lab_share_of_supply"):
        supply_bound(project_inputs(central, known), 1.2, 1.4)


def test_rationing_fills_the_chips_and_moves_no_share(
    scenarios: dict[str, Any], known: Known
) -> None:
    wanted = project_inputs(scenarios | {"use_growth_decay": np.full((200, 1), 0.15)}, known)
    done, over = rationed(wanted), demand_over_supply(wanted)
    assert 0 < np.mean(over > 1) < 1
    used = done.total("fleet", "chips", "training") + done.total("fleet", "chips", "inference")
    np.testing.assert_allclose(used, np.minimum(over, 1.0) * wanted.available_h100e, rtol=1e-12)
    for scope, unit, rnd in DEFINITIONS:
        np.testing.assert_allclose(
            inference_share(done, scope, unit, rnd=rnd),
            inference_share(wanted, scope, unit, rnd=rnd),
            rtol=1e-12,
        )
