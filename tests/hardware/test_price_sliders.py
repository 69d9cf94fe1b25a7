"""The expression behind the sliders is the serving model, for a dense model on one layout."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest

from analysis.hardware import named, serve
from analysis.hardware.findings import sliders
from analysis.hardware.price_sliders import slider_constants, usd_per_mtok_at

FREE = {
    "upfront_usd_per_chip": 0.0, "life_years": 5.0, "capital_cost_share": 0.1,
    "meter_kw_per_chip": 0.0, "power_usd_per_kwh": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("chip_id", sliders.CHIPS)
@pytest.mark.parametrize("context", [256.0, 1024.0, 8192.0])
def test_the_expression_gives_the_serving_models_price(chip_id: str, context: float) -> None:
    batch = np.array([1.0, 8.0, 32.0])
    point = serve(
        sliders.MODEL, chip_id, tensor=sliders.TENSOR, requests=batch, input_tokens=context,
        output_tokens=sliders.OUTPUT_TOKENS, usd_per_chip_hour=2.0, utilisation=0.5,
    )  # fmt: skip
    found = usd_per_mtok_at(
        batch, constants=sliders.constants(chip_id), context_tokens=context, weight_bytes=1.0,
        cache_bytes=1.0, other_usd_per_chip_hour=2.0, utilisation=0.5, **FREE,
    )  # fmt: skip
    np.testing.assert_allclose(found, point["usd_per_mtok_output"], rtol=1e-9)


def test_price_falls_with_use_and_rises_with_what_is_dear() -> None:
    middle = sliders.central()
    price = float(np.asarray(sliders.price("b200", 16.0, middle)))
    for name, factor, direction in (
        ("price_factor", 2.0, 1), ("power_usd_per_kwh", 2.0, 1), ("utilisation", 1.5, -1),
        ("context_tokens", 4.0, 1), ("weight_bytes", 2.0, 1),
    ):  # fmt: skip
        moved = middle | {name: middle[name] * factor}
        assert (float(np.asarray(sliders.price("b200", 16.0, moved))) - price) * direction > 0


def test_the_same_function_takes_the_parameters_of_a_chart() -> None:
    params = {name: alt.param(name=name, value=v) for name, v in sliders.central().items()}
    expression = usd_per_mtok_at(
        alt.datum.batch, constants=sliders.constants("b200"),
        upfront_usd_per_chip=params.pop("price_factor") * 1e4, **sliders.fixed("b200"), **params,
        xp=alt.expr,
    )  # fmt: skip
    assert "utilisation" in str(expression.expr)
    assert "datum.batch" in str(expression.expr)


def test_models_whose_reads_hang_on_the_batch_are_refused() -> None:
    model, chip = named.models()["deepseek-r1"], named.chips()["h200"]
    with pytest.raises(ValueError, match="dense model with full attention"):
        slider_constants(
            model, chip, named.efficiency("h200", model), tensor=8, output_tokens=1024,
            flop_per_s=1e15, link_bytes_per_s=1e11,
        )  # fmt: skip
