"""Where chips suffice the split is the demand's, elsewhere that of the exchange rate."""

from __future__ import annotations

import numpy as np

from analysis.demand.findings import closing, projection, scarcity
from analysis.demand.model import YEARS


def test_each_scenario_follows_demand_until_its_chips_run_short() -> None:
    kept = closing.SPLIT_FIRST <= YEARS
    short = projection.drawn("demand_over_supply")[:, kept] > 1.0
    demanded = projection.drawn("share:labs:usd:rnd")[:, kept]
    found = scarcity.drawn(closing.LABS_SPEND)
    np.testing.assert_allclose(found[~short], demanded[~short], rtol=1e-12)
    best = 1.0 / (1.0 + closing.elasticity_draws())
    expected = np.broadcast_to(best[:, None], short.shape)
    np.testing.assert_allclose(found[short], expected[short], rtol=1e-12)
    assert 0 < short.mean() < 1


def test_scarcity_raises_the_chance_of_more_than_half() -> None:
    early = scarcity.chance(closing.FLEET_CHIPS, 2025)
    assert early == projection.chance("share:fleet:chips:rnd", 2025)
    late = scarcity.chance(closing.FLEET_CHIPS, 2030)
    assert late > projection.chance("share:fleet:chips:rnd", 2030)
