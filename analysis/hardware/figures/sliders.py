"""The figure a reader may move: the price of a million tokens by batch on three chips."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.hardware.findings import sliders
from analysis.hardware.price_sliders import slider_constants, usd_per_mtok_at
from analysis.publishing import Control, Entry, Figure, theme
from analysis.publishing.marks import line_with_band

_HUES = dict(zip(sliders.CHIPS, (theme.TRAINING, theme.INFERENCE, theme.OTHER), strict=True))


def _controls() -> tuple[Control, ...]:
    now = sliders.central()
    rows = (
        ("price_factor", "price of a chip", "times today's", 0.25, 3.0, 0.05),
        ("power_usd_per_kwh", "price of power", "USD per kWh", 0.0, 0.3, 0.01),
        ("utilisation", "share of hours in use", "share", 0.05, 1.0, 0.05),
        ("context_tokens", "length of the prompt", "tokens", 128, 32768, 128),
        ("weight_bytes", "precision of weights", "bytes", 0.5, 2.0, 0.5),
    )
    return tuple(
        Control(name, label, unit, low, now[name], high, step)
        for name, label, unit, low, high, step in rows
    )


def _readers_lines(
    data: pd.DataFrame, controls: tuple[Control, ...], channel: dict[str, Any]
) -> alt.LayerChart | alt.FacetChart:
    """The curves under the reader's settings, by the function that made the others."""
    params = {c.name: alt.param(name=c.name, value=c.central) for c in controls}
    layers = []
    for chip_id in sliders.CHIPS:
        moved = {k: v for k, v in params.items() if k != "price_factor"}
        usd = usd_per_mtok_at(
            alt.datum.batch, constants=sliders.constants(chip_id),
            upfront_usd_per_chip=params["price_factor"] * sliders.upfront_usd(chip_id),
            **sliders.fixed(chip_id), **moved, xp=alt.expr,
        )  # fmt: skip
        layers.append(
            alt.Chart(data)
            .transform_filter(alt.datum.chip_id == chip_id)
            .transform_calculate(moved_usd=usd.expr)
            .transform_calculate(moved="abs(datum.moved_usd / datum.usd - 1) > 0.001")
            .mark_line(color=theme.ACCENT, strokeWidth=2, strokeDash=[8, 3])
            .encode(
                x="batch:Q",
                y=alt.Y("moved_usd:Q", **channel),
                opacity=alt.condition("datum.moved", alt.value(1), alt.value(0)),
            )
        )
    return alt.layer(*layers).add_params(*params.values())


def price_by_batch() -> Figure:
    frame = sliders.curves()
    names = catalog.load("accelerators").set_index("chip_id")["name"].str.replace("Instinct ", "")
    names = names.str.split().str[0]
    frame = frame.assign(chip=frame["chip_id"].map(names))
    first, last = sliders.CHIPS[0], sliders.CHIPS[1]
    one, many = sliders.at(first, 1), sliders.at(first, sliders.BUSY)
    controls = _controls()

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        wide = width > 500
        x_scale = alt.Scale(
            type="log", domain=theme.domain_with_room(1, 512, width, 92 if wide else 70),
            nice=False,
        )  # fmt: skip
        x = alt.X(
            "batch:Q", scale=x_scale,
            axis=alt.Axis(values=[1, 4, 16, 64, 256], format="~g"),
            title=theme.fitted("requests served together on four chips (log scale)", width),
        )  # fmt: skip
        scale = alt.Scale(type="log", domain=[0.1, 100], nice=False)
        channel: dict[str, Any] = {
            "title": "USD per million output tokens (log scale)",
            "scale": scale,
            "axis": alt.Axis(values=[0.1, 1, 10, 100], format="$~g"),
        }
        colour = alt.Color(
            "chip_id:N", legend=None,
            scale=alt.Scale(domain=list(_HUES), range=list(_HUES.values())),
        )  # fmt: skip
        lines = line_with_band(
            alt.Chart(data), x=x, y="usd", low="low", high="high", colour=colour,
            detail="chip_id:N", channel=channel, strokeWidth=2.2,
        )  # fmt: skip
        ends = data.loc[data.groupby("chip_id")["batch"].idxmax()].copy()
        ends["place"] = [0.62, 0.2, 0.34][: len(ends)]
        ends["label_x"] = ends["batch"].max() * 1.1
        ends = ends.sort_values("usd")
        ends["label_at"] = [0.19, 0.34, 0.62][: len(ends)]
        labels = (
            alt.Chart(ends)
            .mark_text(align="left", dx=3, fontSize=11)
            .encode(
                x=alt.X("label_x:Q", scale=x_scale), y=alt.Y("label_at:Q", scale=scale),
                text="chip:N", color=colour,
            )
        )  # fmt: skip
        return lines + _readers_lines(data, controls, channel) + labels

    return Figure(
        id="price-by-batch",
        title=(
            f"From one user to {sliders.BUSY} on four chips the price of a million tokens falls "
            f"{wording.digits(one / many)}-fold; at equal batch {names[first]}, {names[last]} and "
            f"{names[sliders.CHIPS[2]]} cannot be told apart"
        ),
        subtitle="USD per million output tokens of Llama 3.3 70B on four chips, owned",
        caption=(
            "All cost of a chip bought at an estimated price of 2024 to 2025, its server, network, "
            "power and space, laid on output tokens; prompts and answers of 1,024 tokens, 8 bits. "
            "Bands: 80% intervals of the speed alone. Move the sliders: the dashed lines follow "
            "your settings, by the same function that drew the others. Longer prompts may not fit "
            "the memory at large batches; the lines do not show that."
        ),
        alt=(
            "Three falling lines on log axes that lie close together: from about thirty dollars "
            "per million tokens for one user to half a dollar at a batch of 128. They flatten "
            "where arithmetic and prompts take over."
        ),
        evidence=("estimate",),
        frame=frame,
        draw=draw,
        controls=controls,
        fields={
            "chip_id": "chip",
            "batch": "requests served together on four chips",
            "usd": "USD per million output tokens at central settings",
            "low": "lower end of the 80% interval of speed, USD",
            "high": "upper end of the 80% interval of speed, USD",
            "chip": "name of the chip",
        },
        sources=catalog.sources_of(
            catalog.load("efficiency_terms"),
            catalog.load("accelerators")
            .query("chip_id in @sliders.CHIPS")["purchase_price_source_id"].tolist(),
        ),
        tables=("accelerators", "llm_architectures", "efficiency_terms", "prediction_bands"),
        models=(usd_per_mtok_at, slider_constants),
        tests=("tests/hardware/test_price_sliders.py::test_the_expression_gives_the_serving_models_price",),
        weaknesses=(
            "Prices of chips are estimates of what buyers paid, not lists. The same host, power "
            "and site shares are assumed for all makers. Output tokens carry the whole cost, so "
            "long prompts make them dear; 16-bit weights are computed at the 8-bit rate."
        ),
        settings=sliders.central() | {"model": sliders.MODEL, "tensor": sliders.TENSOR},
        height={"wide": 390, "narrow": 360},
    )  # fmt: skip


FIGURES: tuple[Entry, ...] = (Entry("price-by-batch", price_by_batch),)
