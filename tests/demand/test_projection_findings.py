"""The weighed scenarios: what they are held against, what is ruled out, and how sure a share is."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import assumptions
from analysis.demand import known
from analysis.demand.conditioning import effective_scenarios
from analysis.demand.findings import projection as found
from analysis.demand.model import YEARS


def test_readings_carry_the_error_of_accounts_and_their_own_range() -> None:
    floor = assumptions.get("accounts_error").central
    rows = known.observed_levels()
    for key, reading in found.readings().items():
        quantity, scope, year = key.split(":")
        row = rows[rows["quantity"].eq(quantity) & rows["scope"].eq(scope)]
        row = row[np.isclose(row["year"], float(year))].iloc[0]
        assert reading.value == row["value"]
        spread = np.log(row["high"] / row["low"]) / 2 / 1.645 if row["high"] > row["low"] else 0
        assert reading.log_error == pytest.approx(np.hypot(floor, spread))
    kinds = {key.split(":")[0] for key in found.readings()}
    assert kinds == {"rnd_spend_usd", "inference_spend_usd", "h100e_in_use"}


def test_no_scenario_kept_had_demand_beyond_the_chips_of_the_past() -> None:
    over = found.drawn("demand_over_supply")[:, (YEARS >= 2023) & (YEARS < found.FORECAST_FROM)]
    assert np.all(over <= 1.0)
    assert np.any(found.drawn("demand_over_supply")[:, -1] > 1.0)


def test_weighing_brings_the_scenarios_to_the_readings_and_narrows_them() -> None:
    inputs, observed = found.before_conditioning(), found.readings()
    keys = list(observed)
    some = {name: values[:20_000] for name, values in inputs.items()}
    before = found.predicted(some, keys)
    after = found.predicted(found.sampled_inputs(), keys)
    for key, reading in observed.items():
        wide, narrow = (np.std(np.log(drawn[key])) for drawn in (before, after))
        assert narrow < 0.7 * wide, key
        assert abs(np.log(np.median(after[key]) / reading.value)) < 1.5 * reading.log_error, key


def test_five_labs_train_less_than_all_and_as_much_where_there_are_no_more() -> None:
    inputs = {
        "typical_run_share": np.array([[0.3]] * 3), "runs_per_year": np.array([[1.0]] * 3),
        "frontier_developers": np.array([[5.0], [9.0], [2.0]]),
    }  # fmt: skip
    part = found._counted(inputs, "labs", "training")
    np.testing.assert_allclose(np.ravel(part), [1.0, (1 + 4 * 0.3) / (1 + 8 * 0.3), 1.0])
    assert found._counted(inputs, "labs", "inference") == 1.0


def test_use_is_drawn_wider_than_its_regressions_and_nothing_else() -> None:
    factor = assumptions.get("use_widening").central
    fitted = {record.id: record for record in known.driver_records()}
    for record in known.records():
        if record.id not in fitted:
            continue
        told = np.log(fitted[record.id].high / fitted[record.id].low)
        wide = np.log(record.high / record.low)
        assert wide == pytest.approx(told * (factor if record.id in known.WIDENED else 1.0))


def test_the_error_of_a_share_follows_from_the_weight_of_the_scenarios() -> None:
    weights = found.weights()
    assert found.sampling_error(0.5) == pytest.approx(0.5 / np.sqrt(effective_scenarios(weights)))
    rows = found.drawn("share:fleet:chips:rnd")[:, -1] >= 0.5
    fifths = rows.reshape(5, -1).mean(axis=1)
    assert np.std(fifths) < 4 * found.sampling_error(float(rows.mean())) * np.sqrt(5)
