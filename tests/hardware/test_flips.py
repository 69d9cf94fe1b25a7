"""Where the cheapest chip changes: planted flips are found where they were planted."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.hardware import choice, flips, named
from analysis.hardware.findings import chip_flips
from analysis.hardware.first_token import FirstTokenTerms
from analysis.hardware.serving_options import Options, options_of
from analysis.hardware.workloads import ANY, Workload

TERMS = FirstTokenTerms(0.05, 0.3)
CHAT = Workload("chat", ANY, 1000.0, 200.0, tpot_target_s=0.04, ttft_target_s=2.0)


@pytest.fixture(scope="module")
def ways() -> Options:
    model, chips = named.models()["llama-3.3-70b"], ("h100_sxm", "b200")
    return options_of(
        model,
        {name: named.chips()[name] for name in chips},
        {name: named.efficiency(name, model) for name in chips},
    )


def test_a_planted_price_flips_the_winner_at_the_computed_ratio(ways: Options) -> None:
    chip_s = choice.sweep(ways, CHAT, TERMS).set_index("chip_id")["chip_s"]
    flip = flips.price_flip(chip_s["h100_sxm"], chip_s["b200"], 1.3, 2.9)
    for factor, winner in ((0.999, "h100_sxm"), (1.001, "b200")):
        price = {"h100_sxm": 2.9 * flip.ratio * factor, "b200": 2.9}
        usd = {chip: price[chip] * chip_s[chip] for chip in price}
        assert min(usd, key=usd.get) == winner
    assert flip.today == pytest.approx(1.3 / 2.9)
    assert flip.first_is_cheaper == (1.3 * chip_s["h100_sxm"] < 2.9 * chip_s["b200"])
    moved = flip.today * (1 + flip.distance)
    assert moved == pytest.approx(flip.ratio)


def test_the_interval_of_a_flip_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    error = 0.25
    true = 0.5
    seen = true * np.exp(error * rng.standard_normal(20_000))
    flip = flips.price_flip(1.0 / seen, np.ones_like(seen), 1.0, 1.0, error)
    assert np.mean((flip.low < true) & (true < flip.high)) == pytest.approx(0.8, abs=0.01)


def test_crossings_of_known_costs_are_found() -> None:
    def costs(values: np.ndarray) -> np.ndarray:
        last = np.where(values > 500, 1.0, np.inf)
        first = np.where(values > 500, np.inf, 2.0 * values)
        return np.stack([first, 20.0 * np.sqrt(values), last], axis=1)

    found = flips.crossings(costs, 1.0, 5000.0)
    np.testing.assert_allclose(found["at"], [100.0, 500.0], rtol=2e-3)
    assert found[["before", "after"]].to_numpy().tolist() == [[0, 1], [1, 2]]


def test_no_change_gives_no_row_and_no_machine_is_a_change_too() -> None:
    same = flips.crossings(lambda v: np.stack([v, 2 * v], axis=1), 1.0, 10.0)
    assert same.empty
    ends = flips.crossings(lambda v: np.where(v < 4.0, v, np.inf)[:, None], 1.0, 10.0)
    assert ends["at"].iloc[0] == pytest.approx(4.0, rel=2e-3)
    assert ends["after"].iloc[0] == -1


@pytest.mark.parametrize("axis", [flips.SPEED, flips.BATCH, flips.CONTEXT])
def test_costs_along_an_axis_are_those_of_the_sweep_at_each_value(ways: Options, axis: str) -> None:
    values = {flips.SPEED: [10.0, 60.0], flips.BATCH: [4.0, 32.0], flips.CONTEXT: [500.0, 9000.0]}
    got = flips.costs_along(ways, CHAT, TERMS, axis, values[axis], [("b200", 3.6)])
    for value, cost in zip(values[axis], got[:, 0], strict=True):
        lengths = (value if axis == flips.CONTEXT else 1000.0, 200.0)
        alone = choice.best_batches(
            ways, TERMS, input_tokens=lengths[0], output_tokens=lengths[1],
            tpot_target_s=1.0 / value if axis == flips.SPEED else 0.04, ttft_target_s=2.0,
            most_requests=value if axis == flips.BATCH else 1024.0,
        )  # fmt: skip
        assert cost == pytest.approx(3.6 / 3600 * alone.chip_s[ways.chip_id == "b200"].min())


def test_speed_context_and_small_batches_never_cost_less(ways: Options) -> None:
    prices = [("h100_sxm", 1.3), ("b200", 2.9)]
    for axis, values in (
        (flips.SPEED, np.geomspace(5, 60, 12)),
        (flips.BATCH, np.geomspace(64, 1, 12)),
        (flips.CONTEXT, np.geomspace(256, 20_000, 12)),
    ):
        cost = flips.costs_along(ways, CHAT, TERMS, axis, values, prices)
        assert np.isfinite(cost).all()
        assert np.all(np.diff(cost, axis=0) >= -1e-12)


def test_bands_along_an_axis_join_and_agree_with_the_map() -> None:
    along = chip_flips.winners_along("llama-3.3-70b", "chat", flips.SPEED)
    np.testing.assert_allclose(along["low"][1:], along["high"][:-1])
    at_steady = along[(along["low"] <= 20.0) & (along["high"] > 20.0)]["chip_id"].iloc[0]
    cells = chip_flips.the_map().set_index(["workload", "service", "model_id"])
    assert cells.loc[("chat", "steady", "llama-3.3-70b"), "chip_id"] == at_steady


def test_bad_axes_prices_and_ends_are_refused(ways: Options) -> None:
    with pytest.raises(ValueError, match="axis: 'height' is not known"):
        flips.costs_along(ways, CHAT, TERMS, "height", [1.0], [("b200", 1.0)])
    with pytest.raises(ValueError, match="'b300' is not among the options"):
        flips.costs_along(ways, CHAT, TERMS, flips.SPEED, [10.0], [("b300", 1.0)])
    with pytest.raises(ValueError, match="low below high"):
        flips.crossings(lambda v: v[:, None], 10.0, 1.0)
    with pytest.raises(ValueError, match="chip_s"):
        flips.price_flip(np.inf, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="price"):
        flips.price_flip(1.0, 1.0, -1.0, 1.0)
