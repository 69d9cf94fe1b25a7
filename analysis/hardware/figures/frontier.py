"""Figure of throughput per chip against the speed each user gets."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.hardware import choice, interactivity
from analysis.hardware.findings import chip_prices, frontier
from analysis.hardware.findings.choice import MODEL_NAMES
from analysis.publishing import Entry, Figure, theme

CURVE, POINT = "model", "measured"
_COLOURS = {
    "h100_sxm": theme.OTHER, "h200": theme.INK, "b200": theme.TRAINING,
    "gb200": theme.TRAINING_SOFT, "mi300x": theme.INFERENCE_SOFT, "mi355x": theme.INFERENCE,
    "tpu_v6e": theme.ACCENT,
}  # fmt: skip
_X, _Y = [8.0, 200.0], [30.0, 12_000.0]
#: The speed, in tokens per second per user, at which the title compares.
_AT = 50.0
_CHIP, _OTHER, _MODEL = "b200", "h100_sxm", "llama-3.3-70b"


def _frame() -> pd.DataFrame:
    curves = frontier.curves()
    curves = curves[curves["speed"].between(*_X) & curves["rate"].ge(_Y[0])]
    points = frontier.measured()
    points = pd.DataFrame(
        {
            "model": points["model"], "chip": points["chip"], "precision": points["precision"],
            "speed": points["tokens_per_s_per_user"], "rate": points["tokens_per_s_per_chip"],
            "requests": points["batch_or_concurrency"], "source_id": points["source_id"],
        }
    )  # fmt: skip
    kept = curves[["model", "chip", "precision", "speed", "rate", "low", "high"]]
    fit = catalog.load("efficiency_terms")["source_id"].iloc[0]
    return pd.concat(
        [kept.assign(what=CURVE, source_id=fit), points.assign(what=POINT)], ignore_index=True
    )


def _panel(
    data: pd.DataFrame, model: str, width: int, height: int, *, wide: bool
) -> alt.LayerChart:
    mine = data[data["model"] == model]
    names = [chip_prices.chip_name(chip) for chip in _COLOURS]
    colour = alt.Color(
        "chip:N",
        scale=alt.Scale(domain=names, range=list(_COLOURS.values())),
        legend=alt.Legend(
            columns=7 if wide else 4, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3
        ),
    )
    x = alt.X(
        "speed:Q",
        scale=alt.Scale(type="log", domain=_X, nice=False),
        axis=alt.Axis(values=[10, 20, 50, 100, 200], format="~g"),
        title="tokens/s for each user (log scale)",
    )
    lines = mine[mine["what"] == CURVE].copy()
    lines["low"] = lines["low"].fillna(_Y[0]).clip(lower=_Y[0])
    scale = alt.Scale(type="log", domain=_Y, nice=False, clamp=True)
    channel: dict[str, Any] = {
        "scale": scale,
        "title": f"{model}: output tokens/s per chip (log scale)",
        "axis": alt.Axis(values=[30, 100, 300, 1000, 3000, 10000], format=",", grid=True),
    }
    y = alt.Y("rate:Q", **channel)
    base = alt.Chart(lines)
    # Seven bands would hide each other: the two chips of the title have theirs.
    named = [chip_prices.chip_name(chip) for chip in (_CHIP, _OTHER)]
    banded = alt.Chart(lines[lines["chip"].isin(named)])
    band = banded.mark_area(opacity=0.2).encode(
        x=x, y=alt.Y("low:Q", **channel), y2="high:Q", color=colour
    )
    band += base.mark_line(strokeWidth=2.2).encode(
        x=x, y=y, color=colour,
        tooltip=["chip:N", "precision:N", alt.Tooltip("speed:Q", format=".0f"),
                 alt.Tooltip("rate:Q", format=",.0f"), alt.Tooltip("low:Q", format=",.0f"),
                 alt.Tooltip("high:Q", format=",.0f")],
    )  # fmt: skip
    dots = alt.Chart(mine[mine["what"] == POINT]).mark_circle(
        size=46, opacity=1, stroke=theme.PAPER, strokeWidth=1
    ).encode(
        x=x, y=y, color=colour,
        tooltip=["chip:N", "precision:N", "requests:Q", alt.Tooltip("speed:Q", format=".0f"),
                 alt.Tooltip("rate:Q", format=",.0f")],
    )  # fmt: skip
    return (band + dots).properties(width=width, height=height)


def _draw(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide, room = width > 500, 52
    each = (width - 2 * room - 24) // 2 if wide else width - room
    panels = [
        _panel(data, MODEL_NAMES[model], each, 330 if wide else 280, wide=wide)
        for model in frontier.PANELS
    ]
    return alt.hconcat(*panels, spacing=24) if wide else alt.vconcat(*panels, spacing=26)


def throughput_against_speed() -> Figure:
    frame = _frame()
    ratio, low, high = frontier.ratio_at(_MODEL, _CHIP, _OTHER, _AT)
    above = frontier.agreement()
    points = frontier.measured()
    curves = frontier.curves_of(_MODEL)
    first = curves[_CHIP].at(np.array([_AT]))[0]
    slow = curves[_CHIP].throughput.max() / first
    return Figure(
        id="throughput-against-speed",
        title=(
            f"At {wording.digits(_AT)} tokens a second for each user a B200 serves "
            f"{wording.digits(ratio)} times as many of them as an H100 ({wording.digits(low)} to "
            f"{wording.digits(high)})"
        ),
        subtitle=(
            "Output tokens per second of one chip against the speed each user sees; "
            f"{frontier.LENGTHS[0]:,.0f} tokens read and written"
        ),
        caption=(
            "Lines: the model's best layout of up to eight chips and best batch; bands: 80% "
            "intervals of its error, drawn for the B200 and, where a copy fits on its chips, the "
            "H100. Much of that error is shared, so the ratio is surer than either. Filled: "
            "measured points, each at one layout, so most lie below their line. Left in 8 bits; "
            "right in 4 bits where the chip has them. Speed is bought with throughput: a "
            f"B200 that gives {wording.digits(_AT)} tokens a second does "
            f"{wording.percent(1 / slow)} of what it does with nobody waiting."
        ),
        alt=(
            f"Two panels of falling curves for {len(_COLOURS)} chips. With Llama 70B the B200, "
            f"GB200 and MI355X lie highest, the TPU v6e lowest; at {wording.digits(_AT)} tokens a "
            f"second per user the B200 gives {wording.digits(ratio)} times the H100. All curves "
            "fall steeply beyond about a hundred tokens a second."
        ),
        evidence=("measured", "derived"),
        frame=frame,
        draw=_draw,
        fields={
            "model": "model served",
            "chip": "chip",
            "precision": "number format of the weights",
            "speed": "tokens per second for each user",
            "rate": "output tokens per second per chip",
            "low": "lower end of the 80% band, tokens per second; blank where out of reach",
            "high": "upper end of the 80% band, tokens per second",
            "what": "model curve or measured point",
            "source_id": "key of the source",
            "requests": "requests in flight of a measured point",
        },
        sources=catalog.sources_of(frame, catalog.load("llm_architectures")),
        tables=("serving_benchmarks", "accelerators", "llm_architectures", "efficiency_terms",
                "prediction_bands", "chip_pair_errors"),
        models=(choice.speed_frontiers, interactivity.pareto),
        tests=("tests/hardware/test_choice.py::" + frontier.FRONTIER_TEST,),
        weaknesses=(
            f"{len(points)} measured points, of {points['chip_id'].nunique()} chips, the TPU's in "
            f"16 bits. Of the {len(above)} with a line at their speed and format, the median lies "
            f"{wording.percent(_below(above))} below it, most for not being at the best layout; at "
            "few users the measured R1 is faster than its line. Copies of more than eight chips, "
            "which give racks of 72 more, drafting and separate prefill are left out."
        ),
        height={"wide": 330, "narrow": 560},
    )  # fmt: skip


def _below(above: pd.Series) -> float:
    """Share by which the median measured point falls short of its line."""
    return 1.0 - float(np.exp(-above.median()))


FIGURES = (Entry("throughput-against-speed", throughput_against_speed),)
