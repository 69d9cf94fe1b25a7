"""The documents' claims about hardware: what was found over what was claimed."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.hardware import serve
from analysis.hardware.claim_ratios import ratio_band
from analysis.hardware.findings import LEVEL, claim_rows, claims
from analysis.hardware.rents import paired_ratios
from analysis.publishing import Entry, Figure, theme

_DOMAIN = [0.02, 250.0]
#: How a number is drawn: as counted, as a bound, or as one that is not counted.
COUNTED, BOUND, UNCOUNTED = "counted", "bound", "not counted"
_CROSS = "M-0.6,-0.6L0.6,0.6M-0.6,0.6L0.6,-0.6"
_TICKS = [0.1, 1 / 3, 1, 3, 10, 30]
_KEY = (
    ("measured or reported", "filled"), ("estimated", "ring"),
    ("our model, 90% interval", "model"), ("as claimed", "bar"),
    ("at least", "bound"), ("not counted", "cross"),
)  # fmt: skip


def _frame() -> pd.DataFrame:
    rows = claims.findings()
    met = claims.verdicts()
    # Forecasts stand below the claims that can be tested.
    order = met.sort_values(["forecast", "middle"]).assign(place=range(1, len(met) + 1))["place"]
    agree = met.apply(lambda row: f"{row['agrees']} of {row['numbers']}", axis=1)
    rows = rows.assign(
        place=rows["claim"].map(order),
        agree=rows["claim"].map(agree.where(~met["forecast"], claim_rows.NOT_YET)),
        mark=np.select([~rows["counts"], rows["bound"] != ""], [UNCOUNTED, BOUND], COUNTED),
    )
    columns = [
        "label", "place", "what", "evidence", "claimed", "claimed_low", "claimed_high", "found",
        "ratio", "low", "high", "side", "bound", "mark", "agree", "source_id",
    ]  # fmt: skip
    return rows.sort_values(["place", "ratio"])[columns].reset_index(drop=True)


def _draw(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    labels = 272 if wide else 132
    inner = width - labels - (24 if wide else 6)
    order = data.sort_values("place")["label"].unique().tolist()
    scale = alt.Scale(type="log", domain=_DOMAIN, nice=False, clamp=True)
    y = alt.Y(
        "label:N",
        sort=order,
        scale=alt.Scale(paddingOuter=0.6),
        axis=alt.Axis(
            title=None, labelLimit=labels, labelColor=theme.INK, ticks=False, grid=False,
            labelOverlap=False, labelExpr="datum.label" if wide else "split(datum.label, ', ')",
            labelFontSize=11 if wide else 10, minExtent=labels, maxExtent=labels,
        ),
    )  # fmt: skip
    x = alt.X(
        "ratio:Q",
        scale=scale,
        axis=alt.Axis(
            values=_TICKS if wide else _TICKS[::2], grid=True,
            labelExpr="datum.value < 1 ? '1/' + format(round(1 / datum.value), ',') : datum.label",
            format="~g",
        ),
        title="found over claimed, ratio (log scale)",
    )  # fmt: skip
    tip = ["what:N", "evidence:N", alt.Tooltip("found:Q", format=".3~g"),
           alt.Tooltip("claimed:Q", format=".3~g"), alt.Tooltip("ratio:Q", format=".2~g"),
           alt.Tooltip("low:Q", format=".2~g"), alt.Tooltip("high:Q", format=".2~g")]  # fmt: skip
    spans = data.groupby("label", as_index=False).agg(
        least=("ratio", "min"), most=("ratio", "max"), claimed_low=("claimed_low", "first"),
        claimed_high=("claimed_high", "first"), agree=("agree", "first"),
    )  # fmt: skip
    own = spans[spans["claimed_high"] > spans["claimed_low"]]
    said = spans if wide else spans.assign(agree=spans["agree"].str.split(",").str[0])
    points = alt.Chart(data)
    model = points.transform_filter(alt.datum.evidence == claims.MODEL)
    others = points.transform_filter(alt.datum.evidence != claims.MODEL)
    counted = others.transform_filter(alt.datum.mark == COUNTED)
    layers = [
        alt.Chart(pd.DataFrame({"ratio": [1.0]})).mark_rule(color=theme.MUTED, strokeWidth=1.4)
        .encode(x=alt.X("ratio:Q", scale=scale)),
        alt.Chart(own).mark_bar(height=11, color=theme.OTHER, opacity=0.35)
        .encode(y=y, x=alt.X("claimed_low:Q", scale=scale), x2="claimed_high:Q"),
        alt.Chart(spans).mark_rule(color=theme.GRID, strokeWidth=3)
        .encode(y=y, x=alt.X("least:Q", scale=scale), x2="most:Q"),
        model.mark_rule(color=theme.INFERENCE, strokeWidth=1.8, opacity=0.75)
        .encode(y=y, x=alt.X("low:Q", scale=scale), x2="high:Q"),
        others.mark_rule(color=theme.MUTED, strokeWidth=1.8)
        .encode(y=y, x=alt.X("low:Q", scale=scale), x2="high:Q"),
        model.mark_point(size=50, strokeWidth=1.8, stroke=theme.INFERENCE, fill=theme.PAPER,
                         opacity=1).encode(y=y, x=x, tooltip=tip),
        counted.mark_point(size=50, strokeWidth=1.6, stroke=theme.INK, opacity=1).encode(
            y=y, x=x, tooltip=tip,
            fill=alt.condition(
                alt.datum.evidence == claims.ESTIMATE, alt.value(theme.PAPER), alt.value(theme.INK)
            ),
        ),
        others.transform_filter(alt.datum.mark == UNCOUNTED)
        .mark_point(shape=_CROSS, size=60, strokeWidth=1.8, stroke=theme.MUTED, opacity=1)
        .encode(y=y, x=x, tooltip=tip),
        others.transform_filter(alt.datum.mark == BOUND)
        .mark_point(shape="triangle-right", size=70, strokeWidth=1.6, stroke=theme.INK,
                    fill=theme.INK, opacity=1).encode(y=y, x=x, tooltip=tip),
        alt.Chart(said).mark_text(align="right", fontSize=10, dx=-2, color=theme.MUTED)
        .encode(y=y, x=alt.value(inner), text="agree:N"),
    ]  # fmt: skip
    chart = alt.layer(*layers).properties(width=inner, height=len(order) * (25 if wide else 31))
    return alt.vconcat(_key(inner, labels), chart, spacing=4)


def _key(inner: int, labels: int) -> alt.LayerChart | alt.FacetChart:
    """What the marks mean; begins at the labels of the axis, left of the plot."""
    wide = inner > 300
    places = (
        [(0, 0), (150, 0), (232, 0), (398, 0), (0, 1), (150, 1)]
        if wide
        else [(0, 0), (150, 0), (0, 1), (180, 1), (0, 2), (150, 2)]
    )
    table = pd.DataFrame(
        [{"text": text, "mark": mark, "x": px - labels + (80 if wide else 10), "y": py}
         for (text, mark), (px, py) in zip(_KEY, places, strict=True)]
    )  # fmt: skip
    rows = 1 + max(py for _, py in places)
    base = alt.Chart(table).encode(
        x=alt.X("x:Q", scale=alt.Scale(domain=[0, inner], nice=False, zero=False), axis=None),
        y=alt.Y("y:Q", scale=alt.Scale(domain=[rows - 0.5, -0.5], nice=False), axis=None),
    )

    def ring(mark: str, stroke: str, fill: str) -> alt.Chart:
        return base.transform_filter(alt.datum.mark == mark).mark_point(
            size=50, strokeWidth=1.8, stroke=stroke, fill=fill, opacity=1
        )

    bar = base.transform_filter(alt.datum.mark == "bar")
    return alt.layer(
        ring("filled", theme.INK, theme.INK),
        ring("ring", theme.INK, theme.PAPER),
        ring("model", theme.INFERENCE, theme.PAPER),
        base.transform_filter(alt.datum.mark == "bound").mark_point(
            shape="triangle-right", size=70, stroke=theme.INK, fill=theme.INK, opacity=1
        ),
        base.transform_filter(alt.datum.mark == "cross").mark_point(
            shape=_CROSS, size=60, strokeWidth=1.8, stroke=theme.MUTED, opacity=1
        ),
        bar.mark_point(shape="stroke", angle=90, size=150, strokeWidth=1.8, stroke=theme.MUTED),
        base.mark_text(align="left", dx=9, fontSize=11).encode(text="text:N"),
    ).properties(width=inner, height=18 * rows)


def hardware_claims() -> Figure:
    frame = _frame()
    met = claims.verdicts()
    none, some = (int((met["met"] == what).sum()) for what in (claims.NONE, claims.SOME))
    ahead = int(met["forecast"].sum())
    near = wording.digits(claim_rows.NEAR, 3)
    return Figure(
        id="hardware-claims",
        title=(
            f"Of {len(met) - ahead} claims about hardware that can be tested, {none} are met by no "
            f"number we found and {some} only in some settings"
        ),
        subtitle=(
            "Each number found over the number claimed; at the right, how many agree: within a "
            f"factor of {near}, or on the side claimed"
        ),
        caption=(
            "Where a range was claimed, a grey bar shows it; intervals count as agreeing where "
            "they reach the claim. 'Up to' claims (the rack's) are met where any setting reaches "
            "them. Claims of cheaper and faster are held against parity. Crosses are not counted: "
            "a claim's own source (910C, Inferentia2), a rate of matrix products against a claim "
            "of training (Gaudi2), and forecasts of what is to come. Not drawn, as "
            "nothing tests them: Inferentia2's eightfold lower latency, training on "
            "the 910C, sites of 5 MW, a cut of NVIDIA's margin. Who needs an H100 is on the map."
        ),
        alt=(
            f"Dots of found over claimed on a log axis for {len(met)} claims, {ahead} of them "
            "forecasts, from a tenth for the rack at its own speed to above 7 for the price of "
            "images on a TPU v5e; claims about the "
            "rack of 72 span from a tenth to three times."
        ),
        evidence=("measured", "reported", "estimate", "derived"),
        frame=frame,
        draw=_draw,
        fields={
            "label": "the claim",
            "place": "order in the figure, by the median ratio",
            "what": "what was compared",
            "evidence": "measured, reported, estimate or model",
            "claimed": "number claimed, in its own unit; the geometric mean of a range",
            "claimed_low": "lower end of the claim over `claimed`, ratio",
            "claimed_high": "upper end of the claim over `claimed`, ratio",
            "found": "number found, in the unit of the claim",
            "ratio": "found over claimed, ratio",
            "low": "lower bound of the 90% interval, ratio",
            "high": "upper bound of the 90% interval, ratio",
            "side": "what the claim asserts of the number found",
            "bound": "whether the number found is a bound; blank where exact",
            "mark": "whether it is counted, a bound, or not counted",
            "agree": "numbers that agree, of those counted",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame.loc[frame["source_id"] != "", "source_id"].tolist()),
        tables=("vendor_claims", "nvl72_ratios", "serving_benchmarks", "gpu_rental_prices",
                "accelerators", "llm_architectures", "chip_supply", "efficiency_terms",
                "prediction_bands"),
        models=(serve, ratio_band, paired_ratios, claims.findings),
        tests=("tests/hardware/test_claim_ratios.py::" + claims.CLAIM_TEST,),
        weaknesses=(
            "Numbers found are those we could find, not a sample, so counts of agreement weigh "
            "settings, not evidence. Sellers' own 'up to' figures stand beside measurements. The "
            "model serves text: claims about other models, and of training (Gaudi2), are held "
            "against it all the same, and one interval that reaches a claim counts as agreement. "
            "Chips without measurements of their own (910C, A10G) take a family's efficiency. "
            "MI300X rows of 2026 include two cost models beside one contract."
        ),
        settings={"level": LEVEL, "near": claim_rows.NEAR},
        height={"wide": 500, "narrow": 640},
    )  # fmt: skip


FIGURES: tuple[Entry, ...] = (Entry("hardware-claims", hardware_claims),)
