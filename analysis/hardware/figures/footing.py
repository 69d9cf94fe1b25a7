"""Figures that put training and serving on one footing: the roofline, and the price of a FLOP."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.hardware.calibration import fit
from analysis.hardware.findings import footing
from analysis.hardware.serving import operate
from analysis.hardware.training import training_step
from analysis.hardware.work import decode_work
from analysis.publishing import Entry, Figure, theme

_HUES = {
    footing.TRAINING: theme.TRAINING,
    footing.PREFILL: theme.ACCENT,
    footing.SERVING: theme.INFERENCE,
}


def _roof(low: float, high: float) -> pd.DataFrame:
    x = np.array([low, 1.0, high])
    return pd.DataFrame({"work": "roof", "balance": x, "share_of_peak": np.minimum(x, 1.0)})


def roofline() -> Figure:
    points = footing.placed()
    middle = points.groupby("work")["share_of_peak"].median()
    starved, fed = footing.served_shares()
    low = float(points["balance"].min())
    frame = pd.concat([_roof(low / 2, 100.0), points], ignore_index=True)
    texts = ["name", "chip_id", "kind", "source_id"]
    frame[texts] = frame[texts].fillna("")
    shares = {name: wording.percent(float(value)) for name, value in middle.items()}
    below = float((points.loc[points["work"] == footing.SERVING, "balance"] < 1).mean())

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        x_scale = alt.Scale(type="log", domain=[low / 2, 100.0], nice=False)
        y_scale = alt.Scale(type="log", domain=[0.0004, 1.6], nice=False)
        x = alt.X(
            "balance:Q",
            scale=x_scale,
            axis=alt.Axis(values=[0.01, 0.1, 1, 10, 100], format="~g"),
            title=theme.fitted("FLOP per byte of memory read, as a ratio to the chip's own", width),
        )
        y = alt.Y(
            "share_of_peak:Q",
            scale=y_scale,
            axis=alt.Axis(values=[0.001, 0.01, 0.1, 1], format="~%"),
            title="percent of the chip's peak FLOP/s (log scale)",
        )
        colour = alt.Color(
            "work:N", legend=None, scale=alt.Scale(domain=list(_HUES), range=list(_HUES.values()))
        )
        roof = (
            alt.Chart(data)
            .transform_filter("datum.work === 'roof'")
            .mark_line(color=theme.INK, strokeWidth=1.5)
            .encode(x=x, y=y)
        )
        dots = (
            alt.Chart(data)
            .transform_filter("datum.work !== 'roof'")
            .mark_point(size=34, strokeWidth=1.5, filled=True, opacity=0.75)
            .encode(
                x=x,
                y=y,
                color=colour,
                shape=alt.Shape(
                    "work:N",
                    legend=None,
                    scale=alt.Scale(domain=list(_HUES), range=["square", "triangle-up", "circle"]),
                ),
                tooltip=[
                    "work:N", "name:N", "chip_id:N", alt.Tooltip("batch:Q", format=".0f"),
                    alt.Tooltip("share_of_peak:Q", format=".1%"),
                ],
            )
        )  # fmt: skip
        names = pd.DataFrame(
            {
                "work": [footing.TRAINING, footing.PREFILL, footing.SERVING],
                "text": ["training runs", "reading prompts", "serving, prompts and answers"],
                "balance": [7.0, 3.2, 0.05] if width > 500 else [3.0, 2.5, 0.04],
                "share_of_peak": [0.75, 0.07, 0.004] if width > 500 else [0.8, 0.05, 0.0012],
            }
        )
        labels = (
            alt.Chart(names)
            .mark_text(align="left", fontSize=12, fontWeight=600)
            .encode(
                x=alt.X("balance:Q", scale=x_scale),
                y=alt.Y("share_of_peak:Q", scale=y_scale),
                text="text:N",
                color=colour,
            )
        )
        return roof + dots + labels

    return Figure(
        id="roofline-of-two-kinds",
        title=(
            f"Training runs at {shares[footing.TRAINING]} of a chip's peak; serving that waits for "
            f"memory at {wording.percent(starved)}, other serving at {wording.percent(fed)}"
        ),
        subtitle="Share of peak FLOP/s in published runs, by how much arithmetic a byte gets",
        caption=(
            "Each point is a published run. Left of 1 a chip's memory cannot feed its arithmetic, "
            f"and the roof slopes: {wording.percent(below)} of the serving points lie there. "
            "Further left is a smaller batch. Blue squares: training; orange circles: serving, "
            "prompts and answers together; purple triangles: prompts alone. Peak is that of the "
            "precision each run used."
        ),
        alt=(
            "Scatter under a roofline on log axes. Training runs crowd far right near "
            f"{shares[footing.TRAINING]} of peak. Serving points climb along the sloping roof "
            "from a thousandth of peak at batch 1 to half of peak at large batches. Points of "
            "reading prompts lie between."
        ),
        evidence=("measured", "derived"),
        frame=frame,
        draw=draw,
        fields={
            "work": "kind of work; roof for the line no point can be above",
            "name": "model",
            "chip_id": "chip",
            "batch": "requests in flight per copy; tokens of the prompt where prompts are read",
            "balance": "FLOP per byte read, over the chip's peak FLOP/s per byte/s, ratio",
            "share_of_peak": "of the dense peak at the precision used, share",
            "predicted_share": "of peak by the training model, share; blank for serving",
            "kind": "how the figure came about",
            "source_id": "who published the run",
        },
        sources=catalog.sources_of(points),
        tables=("serving_benchmarks", "training_layouts", "accelerators", "llm_architectures"),
        models=(decode_work, training_step),
        tests=(
            "tests/hardware/test_work.py::test_matrix_products_take_two_flop_per_parameter_a_token_passes",
            "tests/hardware/test_training.py::test_one_efficiency_fits_a_thousandfold_range_of_models",
        ),
        weaknesses=(
            "Speed is measured; bytes are not: they follow from the shapes, without re-reading "
            "caused by small on-chip memory, and with experts taken at random. Training points are "
            "of a few well-run systems, A100 and H100; serving points are a mix of engines from "
            "2023 to 2026. Overhead of layers and links hold serving below the roof."
        ),
        settings={},
        height={"wide": 400, "narrow": 360},
    )


def price_of_a_flop() -> Figure:
    prices = footing.flop_prices()
    names = catalog.load("accelerators").set_index("chip_id")["name"]
    frame = prices.assign(
        chip=prices["chip_id"].map(names),
        row=[
            _row(work, batch) for work, batch in zip(prices["work"], prices["batch"], strict=True)
        ],
    )
    single, many = footing.flop_price_ratio(1), footing.flop_price_ratio(64)
    table = catalog.load("llm_architectures").set_index("model_id")["model"]
    shown = table[footing.PRICED_MODEL]
    run = catalog.load("training_layouts").set_index("run_id")["label"][footing.LLAMA_RUN]
    order = [_row(footing.TRAINING, np.nan), _row(footing.PREFILL, 1)]
    order += [_row("decoding", batch) for batch in reversed(footing.BATCHES)]

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        y = alt.Y(
            "row:N", sort=order, title=None,
            axis=alt.Axis(labelLimit=190, labelFontSize=12 if width > 500 else 11, ticks=False),
        )  # fmt: skip
        x = alt.X(
            "usd:Q",
            scale=alt.Scale(type="log", domain=[0.2, 250], nice=False),
            axis=alt.Axis(values=[0.3, 1, 3, 10, 30, 100], format="$~g"),
            title=theme.fitted("USD per 10^18 FLOP that the model needs (log scale)", width),
        )
        hue = alt.condition(
            alt.datum.work == footing.TRAINING,
            alt.value(theme.TRAINING),
            alt.value(theme.INFERENCE),
        )
        base = alt.Chart(data)
        offset = alt.YOffset("chip:N", scale=alt.Scale(paddingInner=0.2, paddingOuter=0.5))
        whiskers = base.mark_rule(strokeWidth=1.2, opacity=0.6).encode(
            x=alt.X("low:Q", scale=alt.Scale(type="log", domain=[0.2, 250], nice=False)),
            x2="high:Q", y=y, yOffset=offset, color=hue,
        )  # fmt: skip
        rings = base.mark_point(size=32, strokeWidth=1.6, filled=False).encode(
            x=x, y=y, yOffset=offset, color=hue,
            fill=alt.condition(
                alt.datum.kind == "measured", alt.value(theme.TRAINING), alt.value(theme.PAPER)
            ),
            tooltip=["row:N", "chip:N", alt.Tooltip("usd:Q", format="$.3~g")],
        )  # fmt: skip
        return whiskers + rings

    return Figure(
        id="price-of-a-flop",
        title=(
            f"On an H100 a FLOP of decoding costs {wording.digits(many[0])} times one of "
            f"training at a batch of {footing.BATCHES[-1]}, and {wording.digits(single[0])} times "
            "for a single user"
        ),
        subtitle="USD per 10^18 FLOP of useful work on each chip with an estimated three-year rent",
        caption=(
            "The FLOP of a model's arithmetic, over what the chip costs while it does it. Decoding "
            "reads all weights for every step, so few users make it dear. Rings: our serving model "
            f"of {shown} in 8 bits, prompts and answers of 1,024 tokens, one ring per chip; lines: "
            "80% intervals of the time per output token, for decoding only. Filled: the measured "
            f"pace of {run} on H100s in 16 bits; in 8 bits a chip does twice the FLOP."
        ),
        alt=(
            "Rings on a log axis of price, in five rows. Training and reading prompts lie near "
            "one dollar or below. Decoding lies near two dollars at a batch of 64, eleven to "
            "twenty at 8, and about a hundred for one user, on all chips."
        ),
        evidence=("measured", "estimate"),
        frame=frame,
        draw=draw,
        fields={
            "chip_id": "chip",
            "source_id": "who states the rent",
            "work": "kind of work",
            "batch": "requests in flight on two chips",
            "kind": "measured pace or estimated",
            "usd": "price of 10^18 FLOP, USD",
            "low": "lower end of the 80% interval, USD",
            "high": "upper end of the 80% interval, USD",
            "chip": "name of the chip",
            "row": "row of the figure",
        },
        sources=catalog.sources_of(prices, "llama3_2024"),
        tables=("accelerators", "training_layouts", "efficiency_terms", "prediction_bands"),
        models=(operate, fit),
        tests=(
            "tests/hardware/test_serving.py::test_chip_seconds_of_both_phases_are_the_inverse_of_the_throughput",
        ),
        weaknesses=(
            "Training was in 16 bits and serving is in 8, at which the chip does twice the FLOP: "
            "in 8 bits training would be cheaper still. One rent per chip, from one source, for "
            "contracts of three years; idle hours are not counted on either side. The run's pace "
            "leaves out stops, for which an assumed share of time is added."
        ),
        settings={"model": footing.PRICED_MODEL, "training_run": footing.LLAMA_RUN, "level": 0.8},
        height={"wide": 420, "narrow": 420},
    )


def _row(work: str, batch: float) -> str:
    if work == "decoding":
        return "decoding for one user" if batch == 1 else f"decoding, batch of {batch:.0f}"
    return {footing.TRAINING: "training", footing.PREFILL: "reading prompts"}[work]


FIGURES: tuple[Entry, ...] = (
    Entry("roofline-of-two-kinds", roofline),
    Entry("price-of-a-flop", price_of_a_flop),
)
