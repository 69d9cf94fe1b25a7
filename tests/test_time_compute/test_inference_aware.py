"""The model that is cheapest to train and serve together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.inference_aware import (
    inference_aware_bands,
    inference_aware_optimum,
    lifetime_tokens,
    optimum_ratios,
    over_training_penalty,
    smallest_parameter_ratio,
)

LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)


def lifetime_flop(log_n: float, law: LossLaw, target: float, served: float) -> float:
    n = np.exp(log_n)
    left = target - law.E - law.A * n**-law.alpha
    return float(6 * n * (law.B / left) ** (1 / law.beta) + 2 * n * served)


def brute_force(law: LossLaw, target: float, served: float) -> float:
    floor = np.log(law.A / (target - law.E)) / law.alpha
    found = optimize.minimize_scalar(
        lifetime_flop,
        bounds=(floor + 1e-9, floor + 20),
        args=(law, target, served),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(np.exp(found.x))


def test_the_published_optimum_of_two_trillion_tokens_is_reproduced(reference: Any) -> None:
    stated = reference("test_time_exchange")["beyond_chinchilla"]
    case = stated["least_flop"]
    found = inference_aware_optimum(
        LossLaw(**stated["law"]), stated["target_loss"], case["inference_tokens"]
    )
    got = [found.parameter_ratio, found.token_ratio, found.flop_ratio]
    want = [case["parameter_percent"], case["token_percent"], case["flop_percent"]]
    np.testing.assert_allclose(np.multiply(got, 100), want, atol=stated["tolerance_percent"])


def test_it_agrees_with_a_search_over_sizes_for_random_laws() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        alpha, beta = rng.uniform(0.2, 0.6, 2)
        law = LossLaw(1.7, 10 ** rng.uniform(1, 3), 10 ** rng.uniform(1, 4), alpha, beta)
        target = float(law.frontier_loss(10 ** rng.uniform(20, 26)))
        served = float(law.optimum(law.flop_for_loss(target)).tokens * 10 ** rng.uniform(-2, 4))
        found = inference_aware_optimum(law, target, served)
        assert float(found.parameters) == pytest.approx(brute_force(law, target, served), rel=1e-5)
        assert float(law.loss(found.parameters, found.tokens)) == pytest.approx(target, rel=1e-12)
        least = lifetime_flop(float(np.log(found.parameters)), law, target, served)
        assert float(found.total_flop) == pytest.approx(least, rel=1e-9)


def test_a_grid_of_targets_and_demands_is_solved_as_each_cell_is() -> None:
    targets, served = np.array([[2.1], [2.3], [2.6]]), np.array([0.0, 1e10, 1e13, 1e17])
    grid = inference_aware_optimum(LAW, targets, served)
    for i, target in enumerate(targets[:, 0]):
        for j, tokens in enumerate(served):
            cell = inference_aware_optimum(LAW, target, tokens)
            for name, value in vars(cell).items():
                np.testing.assert_allclose(getattr(grid, name)[i, j], value, rtol=1e-13)


def test_without_demand_the_training_optimal_model_is_the_best() -> None:
    found = inference_aware_optimum(LAW, LAW.frontier_loss(1e24), 0.0)
    best = LAW.optimum(1e24)
    assert float(found.parameters) == pytest.approx(float(best.parameters))
    assert float(found.train_flop) == pytest.approx(1e24)
    assert (found.parameter_ratio, found.token_ratio, found.flop_ratio) == (1.0, 1.0, 1.0)


def test_the_first_order_condition_holds_over_six_hundred_orders_of_demand() -> None:
    tau = np.concatenate([[1e-308, 1e-290], np.logspace(-12, 300, 2000)])
    for alpha, beta in [(0.34, 0.28), (0.05, 0.9), (0.9, 0.05)]:
        ratios = optimum_ratios(tau, alpha=alpha, beta=beta)
        d = ratios.token_ratio[2:]
        left = (alpha + beta) / beta * np.expm1(beta * np.log(d)) * d
        np.testing.assert_allclose(left[tau[2:] > 1e-3], tau[tau > 1e-3], rtol=1e-9)
        assert (np.diff(ratios.token_ratio) >= 0).all()
        assert (ratios.cost_ratio <= 1 + 1e-13).all()


def test_no_demand_shrinks_the_model_below_its_floor() -> None:
    far = optimum_ratios(1e300, alpha=0.34, beta=0.28).parameter_ratio
    floor = smallest_parameter_ratio(0.34, 0.28)
    assert float(far) == pytest.approx(float(floor), rel=1e-6)
    own = smallest_parameter_ratio(LAW.alpha, LAW.beta) * LAW.optimum(1e24).parameters
    assert float(LAW.A * own**-LAW.alpha) == pytest.approx(float(LAW.frontier.reducible_loss(1e24)))


def test_a_small_demand_saves_with_its_square() -> None:
    saved = 1 - optimum_ratios([1e-3, 1e-2], alpha=0.34, beta=0.28).cost_ratio
    assert saved[1] / saved[0] == pytest.approx(100, rel=0.05)


def test_two_laws_of_equal_exponents_move_alike_at_equal_demand_over_data() -> None:
    other = LossLaw(E=0.0, A=3.0, B=70.0, alpha=LAW.alpha, beta=LAW.beta)
    ratios = []
    for law in (LAW, other):
        target = law.frontier_loss(1e22)
        served = 3 * law.optimum(1e22).tokens
        ratios.append(inference_aware_optimum(law, target, served).parameter_ratio)
    assert float(ratios[0]) == pytest.approx(float(ratios[1]), rel=1e-12)


def test_dearer_inference_is_the_same_as_more_of_it() -> None:
    dear = inference_aware_optimum(LAW, 2.2, 1e12, inference_flop_per_parameter_token=6)
    more = inference_aware_optimum(LAW, 2.2, 3e12)
    assert float(dear.parameters) == pytest.approx(float(more.parameters))
    assert float(dear.total_flop) == pytest.approx(float(more.total_flop))


def test_over_training_at_equal_size_reaches_the_loss_it_says() -> None:
    best, multiple = LAW.optimum(1e23), np.array([1.0, 2.0, 5.0])
    penalty = over_training_penalty(LAW, multiple)
    tokens = best.tokens * multiple * penalty
    np.testing.assert_allclose(
        LAW.loss(best.parameters, tokens), LAW.frontier_loss(1e23 * multiple)
    )
    assert penalty[0] == pytest.approx(1)
    assert over_training_penalty(LAW, 1e4) == np.inf


def test_lifetime_tokens_count_every_token_of_every_sample() -> None:
    counted = 0
    for _query in range(3):
        for _sample in range(4):
            counted += 10 + 200 + 30
    found = lifetime_tokens(3, 10, 200, 30, 4)
    assert found.total_tokens == counted
    assert lifetime_tokens(3, 10, 200, 30, 4, input_shared=True).input_tokens == 30
    assert found.output_tokens == 3 * 4 * 230


def draws(rows: int, spread: float) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame([vars(LAW)] * rows)
    frame["alpha"] *= np.exp(spread * rng.standard_normal(rows))
    frame["beta"] *= np.exp(spread * rng.standard_normal(rows))
    return frame


def test_bands_are_the_quantiles_of_a_loop_over_laws() -> None:
    frame = draws(60, 0.03)
    bands = inference_aware_bands(frame, [1e22, 1e24], [1e11, 1e13], level=0.8)
    assert len(bands) == 2 * 2 * 6
    ratios = []
    for row in frame.itertuples(index=False):
        law = LossLaw(*row)
        ratios.append(
            inference_aware_optimum(law, law.frontier_loss(1e24), 1e13).parameter_ratio.item()
        )
    mine = bands.query("quantity == 'parameter_ratio' and train_flop == 1e24")
    mine = mine[mine["inference_tokens"] == 1e13].iloc[0]
    want = np.quantile(ratios, [0.1, 0.5, 0.9])
    np.testing.assert_allclose([mine["low"], mine["central"], mine["high"]], want, rtol=1e-12)


def test_bands_at_one_compute_do_not_depend_on_the_irreducible_loss() -> None:
    frame = draws(20, 0.02)
    moved = frame.assign(E=np.linspace(0, 3, 20))
    one, two = (inference_aware_bands(f, 1e23, 1e12) for f in (frame, moved))
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)


def test_the_largest_demand_taken_overflows_nowhere() -> None:
    most = inference_aware_optimum(LAW, 2.2, 1e60)
    assert all(np.isfinite(values).all() for values in vars(most).values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inference_aware_optimum(LAW, 1.8, 1e12), "out of reach"),
        (lambda: inference_aware_optimum(LAW, 2.2, [1e12, -1.0]), "inference_tokens, row 1: -1.0"),
        (lambda: inference_aware_optimum(LAW, 2.2, np.nan), "inference_tokens: nan"),
        (lambda: inference_aware_optimum(LAW, 2.2, 1e200), r"inference_tokens: 1e\+200 .* 1e\+60"),
        (lambda: inference_aware_optimum(LAW, "low", 1e12), "target_loss: 'low'"),
        (lambda: inference_aware_optimum(LAW, 2.2, "1e12"), "inference_tokens: '1e12'"),
        (lambda: inference_aware_optimum(LAW, 2.2, []), "inference_tokens is empty"),
        (
            lambda: inference_aware_optimum(LAW, [2.2, 2.3], [1e12, 1e13, 1e14]),
            r"target_loss \(2,\), inference_tokens \(3,\)",
        ),
        (lambda: optimum_ratios(1e305, alpha=0.3, beta=0.3), r"demand_ratio: 1e\+305"),
        (
            lambda: optimum_ratios([1.0, 2.0], alpha=[0.3, 0.4, 0.5], beta=0.3),
            r"demand_ratio \(2,\), alpha \(3,\)",
        ),
        (lambda: lifetime_tokens(1e300, 1e300, 1, 1), "total_tokens: inf"),
        (lambda: lifetime_tokens([1, 2], [1, 2, 3], 1, 1), r"queries \(2,\), input_tokens \(3,\)"),
        (lambda: optimum_ratios(1.0, alpha=0.0, beta=0.3), "alpha: 0.0"),
        (lambda: lifetime_tokens(1, 1, 1, 1, 1.5), "samples: 1.5"),
        (lambda: over_training_penalty(LAW, 0.5), "training_multiple: 0.5"),
        (lambda: inference_aware_bands(draws(1, 0.0), 1e22, 1e12), "1 rows"),
        (lambda: inference_aware_bands(draws(3, 0.0).drop(columns="E"), 1e22, 1e12), r"\['E'\]"),
        (lambda: inference_aware_bands(draws(3, 0.0).assign(A=-1.0), 1e22, 1e12), "draws, row 0"),
        (lambda: inference_aware_bands(draws(3, 0.0), 1e22, 1e12, level=1.0), "level: 1.0"),
    ],
)
def test_what_it_cannot_take_is_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
