"""What serving costs beside its FLOP."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import altair as alt
import numpy as np
import pytest
from scipy import optimize

from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.serving_cost import (
    Utilisation,
    compute_bound_batch,
    cost_optimum,
    cost_optimum_by_batch,
    decode_utilisation,
    mean_context_tokens,
)

LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
CHIP = {"flop_per_byte": 300.0, "bytes_per_parameter": 2.0}
SERVING = Utilisation(0.4, 0.5, 0.05, 1.0, 1.0)


def test_the_published_cost_optima_are_reproduced(reference: Any) -> None:
    stated = reference("test_time_exchange")["beyond_chinchilla"]
    for case in stated["least_cost"]:
        serving = Utilisation(
            training=case["train_mfu"],
            prefill=case["prefill_mfu"],
            decode=case["decode_mfu"],
            train_usd_per_flop=case["train_usd_per_hour"] / 3600 / case["train_flop_per_second"],
            inference_usd_per_flop=case["inference_usd_per_hour"]
            / 3600
            / case["inference_flop_per_second"],
        )
        found = cost_optimum(
            LossLaw(**stated["law"]),
            stated["target_loss"],
            case["input_tokens"],
            case["output_tokens"],
            serving=serving,
        )
        got = [found.parameter_ratio, found.token_ratio, found.cost_ratio]
        want = [case["parameter_percent"], case["token_percent"], case["cost_percent"]]
        np.testing.assert_allclose(np.multiply(got, 100), want, atol=stated["tolerance_percent"])
        if "total_usd" in case:
            assert float(found.total_usd) == pytest.approx(case["total_usd"], rel=1e-6)
            assert float(found.reference_total_usd) == pytest.approx(
                case["reference_total_usd"], rel=1e-6
            )


def test_the_parts_of_the_cost_add_up_and_no_size_nearby_is_cheaper() -> None:
    found = cost_optimum(LAW, 2.2, 1e12, 3e12, serving=SERVING)
    parts = found.train_usd + found.prefill_usd + found.decode_usd
    assert float(parts) == pytest.approx(float(found.total_usd))

    def cost(log_n: float) -> float:
        n = np.exp(log_n)
        d = (LAW.B / (2.2 - LAW.E - LAW.A * n**-LAW.alpha)) ** (1 / LAW.beta)
        return float(6 * n * d / 0.4 + 2 * n * (1e12 / 0.5 + 3e12 / 0.05))

    near = np.log(float(found.parameters))
    best = optimize.minimize_scalar(cost, bounds=(near - 0.2, near + 3), method="bounded")
    assert best.fun == pytest.approx(float(found.total_usd), rel=1e-9)
    assert cost(near) == pytest.approx(float(found.total_usd), rel=1e-9)


def test_the_published_batch_turns_decoding_compute_bound(reference: Any) -> None:
    stated = reference("test_time_exchange")["critical_batch"]
    ratio = stated["flop_per_second"] / stated["bytes_per_second"]
    batch = compute_bound_batch(flop_per_byte=ratio, bytes_per_parameter=[2.0, 1.0])
    want = [stated["batch_bfloat16"], stated["batch_bfloat16"] / 2]
    np.testing.assert_allclose(batch, want, atol=stated["tolerance_sequences"])


def test_below_that_batch_utilisation_rises_in_step_with_it() -> None:
    full = compute_bound_batch(**CHIP)
    assert full == 300.0
    batches = full * np.array([1e-6, 0.1, 0.5, 1.0, 2.0, 1e6])
    found = decode_utilisation(batches, **CHIP)
    np.testing.assert_allclose(found, [1e-6, 0.1, 0.5, 1.0, 1.0, 1.0], rtol=1e-9)


def test_utilisation_is_what_a_clocked_step_of_a_chip_gives() -> None:
    peak, bandwidth, parameters = 9e14, 3e12, 7e10
    cache_per_token, context, batch, ceiling = 3e5, 8000.0, 64, 0.6
    compute_s = batch * 2 * parameters / (peak * ceiling)
    memory_s = (parameters * 1.0 + batch * cache_per_token * context) / bandwidth
    want = batch * 2 * parameters / (peak * max(compute_s, memory_s))
    found = decode_utilisation(
        batch,
        flop_per_byte=peak / bandwidth,
        bytes_per_parameter=1.0,
        kv_bytes_per_parameter_token=cache_per_token / parameters,
        context_tokens=context,
        ceiling=ceiling,
    )
    assert float(found) == pytest.approx(want, rel=1e-12)


def test_a_long_context_keeps_every_batch_memory_bound() -> None:
    cache = {"kv_bytes_per_parameter_token": 4e-6, "context_tokens": np.array([0.0, 500.0, 1e5])}
    batch = compute_bound_batch(**CHIP, **cache)
    assert np.isfinite(batch).tolist() == [True, True, False]
    assert batch[1] > batch[0]
    at_batch = decode_utilisation(batch[:2], **CHIP, **{**cache, "context_tokens": [0.0, 500.0]})
    np.testing.assert_allclose(at_batch, 1.0)
    most = decode_utilisation(1e12, **CHIP, **cache)[2]
    assert most == pytest.approx(2 / (300 * 4e-6 * 1e5), rel=1e-6)


def test_the_mean_context_is_that_of_the_tokens_one_by_one() -> None:
    lengths = [1000 + written for written in range(500)]
    assert float(mean_context_tokens(1000, 500)) == pytest.approx(np.mean(lengths), rel=1e-3)


def test_a_lower_batch_moves_the_optimum_to_fewer_parameters_and_more_tokens() -> None:
    batches = np.array([1.0, 8.0, 64.0, 512.0])
    found = cost_optimum_by_batch(LAW, 2.2, 1e12, 1e12, batches, serving=SERVING, **CHIP)
    assert (np.diff(found.parameters) > 0).all()
    assert (np.diff(found.tokens) < 0).all()
    assert (np.diff(found.total_usd) < 0).all()
    bound = cost_optimum(LAW, 2.2, 1e12, 1e12, serving=Utilisation(0.4, 0.5, 0.5, 1.0, 1.0))
    assert float(found.parameters[-1]) == pytest.approx(float(bound.parameters))


def test_the_roofline_is_one_expression_for_the_browser() -> None:
    text = str(decode_utilisation(alt.datum.batch, **CHIP, xp=alt.expr))
    for batch in (30.0, 3000.0):
        value = eval(text, {"abs": abs, "datum": SimpleNamespace(batch=batch)})
        assert value == pytest.approx(float(decode_utilisation(batch, **CHIP)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Utilisation(1.2, 0.5, 0.1, 1.0, 1.0), "training: 1.2"),
        (lambda: Utilisation(0.5, 0.5, 0.1, 0.0, 1.0), "train_usd_per_flop: 0.0"),
        (lambda: decode_utilisation([1.0, 0.0], **CHIP), "batch at index 1: 0.0"),
        (lambda: decode_utilisation(1.0, **CHIP, ceiling=1.5), "ceiling: 1.5"),
        (lambda: decode_utilisation(1.0, **CHIP, context_tokens=np.nan), "context_tokens: nan"),
        (lambda: cost_optimum(LAW, 2.2, -1.0, 1.0, serving=SERVING), "input_tokens: -1.0"),
        (lambda: Utilisation(0.5, 0.5, [0.1, 0.0], 1.0, 1.0), "decode, row 1: 0.0"),
        (lambda: cost_optimum(LAW, 2.2, 1e70, 1.0, serving=SERVING), r"input_tokens: 1e\+70"),
    ],
)
def test_what_it_cannot_take_is_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
