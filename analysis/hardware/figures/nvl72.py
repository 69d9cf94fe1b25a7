"""One rack of 72 chips against an H100, as a curve over the speed each user gets."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.hardware import serve
from analysis.hardware.claim_ratios import ratio_band
from analysis.hardware.findings import nvl72
from analysis.hardware.interactivity import pareto
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import line_with_band

MODEL, MEASURED, PROJECTED = "model", "measured", "projected"
_COLOURS = {
    nvl72.LONG: theme.INFERENCE,
    nvl72.SPREAD: theme.ACCENT,
    nvl72.DENSE_NAME: theme.OTHER,
}
#: Curves of the panels that differ from the first by a factor alone.
_FEW = (nvl72.LONG, nvl72.DENSE_NAME)
#: Of points whose source states no speed per user; they stand in a strip of their own.
_UNSTATED = "speed not stated"
#: Width of the strip, and place of its points in it, pixels.
_STRIP, _IN_STRIP = 96, 10
_BREAK = "|"
_H200 = "against an H200"
_X = [7.5, 150.0]
_Y = [1.0, 200.0]
#: Points closer than this share one name: in ln of the speed, and of the ratio.
_NEAR = (0.15, 0.3)


def _frame() -> pd.DataFrame:
    model = nvl72.curves().assign(evidence=MODEL)
    model = model[(model["per"] == nvl72.GPU) | model["name"].isin(_FEW)]
    points = nvl72.published().rename(columns={"tokens_per_s_per_user": "interactivity"})
    points["name"] = points["setting"]
    mixture = {
        "name": "MLPerf v5.1 Offline, DeepSeek-R1", "per": nvl72.GPU,
        "ratio": nvl72.mlperf_mixture(), "evidence": MEASURED, "baseline_chip_id": "h200",
        "source_id": "mlperf_v51_2025",
    }  # fmt: skip
    columns = [
        "per", "name", "interactivity", "ratio", "low", "high", "baseline_share", "evidence",
        "baseline_chip_id", "source_id",
    ]  # fmt: skip
    table = pd.concat([model, points, pd.DataFrame([mixture])], ignore_index=True)[columns]
    words = ["source_id", "baseline_chip_id"]
    table[words] = table[words].fillna({"source_id": "", "baseline_chip_id": nvl72.NODE})
    return table


def _panel(
    data: pd.DataFrame, per: str, width: int, height: int, label: str
) -> alt.LayerChart | alt.FacetChart:
    scale = alt.Scale(type="log", domain=_Y, nice=False, clamp=True)
    rows = data[data["per"] == per]
    unstated = (rows["evidence"] != MODEL) & rows["interactivity"].isna()
    left = _STRIP if unstated.any() else 0
    x = alt.X(
        "interactivity:Q",
        scale=alt.Scale(type="log", domain=_X, nice=False, range=[left, width]),
        axis=alt.Axis(values=[10, 20, 50, 100], format="~g"),
        title="tokens/s for each user (log scale)",
    )
    channel: dict[str, Any] = {
        "scale": scale,
        "title": f"{label}, x (log scale)",
        "axis": alt.Axis(values=[1, 3, 10, 30, 100], format="~g", grid=True),
    }
    lines = rows[rows["evidence"] == MODEL]
    layers: list[Any] = [
        line_with_band(
            alt.Chart(lines[lines["name"] == name]), x=x, y="ratio", low="low", high="high",
            colour=colour, channel=channel, strokeWidth=2.2,
            tooltip=["name:N", alt.Tooltip("interactivity:Q", format=".0f"),
                     alt.Tooltip("ratio:Q", format=".2~g"), alt.Tooltip("low:Q", format=".2~g"),
                     alt.Tooltip("high:Q", format=".2~g"),
                     alt.Tooltip("baseline_share:Q", format=".0%")],
        )
        for name, colour in _COLOURS.items()
        if per == nvl72.GPU or name in _FEW
    ]  # fmt: skip
    y = alt.Y("ratio:Q", **channel)
    if left:
        layers += _strip(left, height)
    for part, at in ((rows[unstated], alt.value(_IN_STRIP)), (rows[~unstated], x)):
        points = part[part["evidence"] != MODEL]
        if not points.empty:
            layers += [*_marks(points, at, y), *_words(_notes(points), at, y)]
    return alt.layer(*layers).properties(width=width, height=height)


def _strip(left: int, height: int) -> list[alt.Chart]:
    """What sets the points apart whose speed is not known."""
    base = alt.Chart(pd.DataFrame([{"text": _UNSTATED}]))
    line = base.mark_rule(color=theme.MUTED, strokeDash=[3, 3]).encode(
        x=alt.value(left), y=alt.value(0), y2=alt.value(height)
    )
    words = base.mark_text(align="left", fontSize=11, color=theme.MUTED).encode(
        x=alt.value(2), y=alt.value(height + 13), text="text:N"
    )
    return [line, words]


def _marks(points: pd.DataFrame, x: Any, y: alt.Y) -> list[alt.Chart]:
    """Circles against the H100 and diamonds against the H200, filled where measured."""
    old = points["baseline_chip_id"] == nvl72.NODE
    return [
        alt.Chart(part)
        .mark_point(shape=shape, size=size, strokeWidth=1.8, stroke=theme.INK, opacity=1)
        .encode(
            x=x, y=y,
            fill=alt.condition(
                alt.datum.evidence == MEASURED, alt.value(theme.INK), alt.value(theme.PAPER)
            ),
            tooltip=["name:N", "evidence:N", "baseline_chip_id:N",
                     alt.Tooltip("ratio:Q", format=".2~g")],
        )
        for part, shape, size in ((points[old], "circle", 65), (points[~old], "diamond", 80))
        if not part.empty
    ]  # fmt: skip


def _notes(points: pd.DataFrame) -> pd.DataFrame:
    """Words beside the points, one for points that lie together."""
    points = points.sort_values("ratio")
    groups: list[list[dict[str, Any]]] = []
    for point in points.to_dict("records"):
        near = [g for g in groups if _together(g[-1], point)]
        near[0].append(point) if near else groups.append([point])
    notes = []
    for group in groups:
        ends = [wording.digits(group[i]["ratio"]) for i in (0, -1)]
        text = ends[0] if ends[0] == ends[1] else wording.span(*ends)
        middle = float(np.exp(np.mean(np.log([g["ratio"] for g in group]))))
        if group[0]["evidence"] == PROJECTED:
            text += " claimed"
        elif group[0]["name"].startswith("MLPerf"):
            text += f",{_BREAK}MLPerf"
        elif np.isnan(group[0]["interactivity"]):
            text += f", 8 bits{_BREAK}on both"
        elif all(point["baseline_chip_id"] == "h200" for point in group):
            text += f", {_H200}"
        at = group[0]["interactivity"]
        align = "right" if at > _X[1] / 2 else "left"
        notes.append({"interactivity": at, "ratio": middle, "text": text, "align": align})
    return pd.DataFrame(notes)


def _together(one: dict[str, Any], other: dict[str, Any]) -> bool:
    # Points of unknown speed stand in one place.
    apart = np.nan_to_num(np.log(one["interactivity"] / other["interactivity"]))
    return bool(
        one["evidence"] == other["evidence"]
        and abs(apart) < _NEAR[0]
        and abs(np.log(one["ratio"] / other["ratio"])) < _NEAR[1]
    )


def _words(notes: pd.DataFrame, x: Any, y: alt.Y) -> list[alt.Chart]:
    layers = []
    for align, group in notes.groupby("align"):
        base = alt.Chart(group).encode(x=x, y=y, text="text:N")
        style: dict[str, Any] = {
            "align": align,
            "dx": 8 if align == "left" else -8,
            "fontSize": 11,
            "lineBreak": _BREAK,
            "baseline": "middle",
        }
        layers.append(base.mark_text(**style, stroke=theme.PAPER, strokeWidth=4))
        layers.append(base.mark_text(**style, color=theme.INK))
    return layers


def _key(width: int) -> alt.LayerChart | alt.FacetChart:
    """Names of the curves, in their colours, above the panels."""
    names = [
        (nvl72.LONG, theme.INFERENCE), (nvl72.SPREAD, theme.ACCENT),
        (nvl72.DENSE_NAME, theme.OTHER),
    ]  # fmt: skip
    wide = width > 500
    table = pd.DataFrame(
        [{"text": text, "colour": colour, "x": 0 if not wide else [0, 250, 480][i],
          "y": 8 + (0 if wide else 17 * i)} for i, (text, colour) in enumerate(names)]
    )  # fmt: skip
    at: dict[str, Any] = {
        "x": alt.X("x:Q", scale=alt.Scale(domain=[0, width], nice=False), axis=None),
        "y": alt.Y("y:Q", scale=alt.Scale(domain=[17 * 3, 0] if not wide else [17, 0]), axis=None),
    }
    base = alt.Chart(table).encode(**at, color=alt.Color("colour:N", scale=None, legend=None))
    return (
        base.mark_square(size=70, opacity=1, xOffset=6)
        + base.mark_text(align="left", dx=15, fontSize=11).encode(text="text:N")
    ).properties(width=width, height=18 if wide else 52)


def _draw(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    room = 46
    if width > 500:
        half = (width - 2 * room - 26) // 2
        lower = alt.hconcat(
            _panel(data, nvl72.MW, half, 190, "per megawatt"),
            _panel(data, nvl72.USD, half, 190, "per dollar of rent"),
            spacing=26,
        )
        top = _panel(data, nvl72.GPU, width - room, 290, "throughput per chip, rack over H100")
        return alt.vconcat(_key(width - room), top, lower, spacing=22)
    inner = width - room
    return alt.vconcat(
        _key(inner),
        _panel(data, nvl72.GPU, inner, 290, "throughput per chip, over H100"),
        _panel(data, nvl72.MW, inner, 170, "per megawatt"),
        _panel(data, nvl72.USD, inner, 170, "per dollar of rent"),
        spacing=22,
    )


def nvl72_against_h100() -> Figure:
    frame = _frame()
    claimed = nvl72.claim()
    speed = wording.digits(float(claimed["tokens_per_s_per_user"]))
    times = wording.digits(float(claimed["ratio"]))
    ours = nvl72.at_claimed_speed(nvl72.LONG)
    low, central, high = (wording.digits(v) for v in (ours.low, ours.central, ours.high))
    near = nvl72.at_claimed_speed(nvl72.AS_CLAIMED)
    off, rows_off = nvl72.held_out_error()
    _, most_at = nvl72.highest(nvl72.LONG)
    measured = frame[(frame["evidence"] == MEASURED) & (frame["per"] == nvl72.GPU)]
    slow = measured.loc[measured["name"].str.startswith("MLPerf"), "ratio"]
    fast = measured.loc[measured["interactivity"].notna()].sort_values("interactivity")
    limit = wording.digits(nvl72.fastest(nvl72.LONG, nvl72.NODE, "fp8"))
    last = fast[fast["interactivity"] == fast["interactivity"].max()]
    beyond = [wording.digits(v) for v in sorted(last["ratio"].unique())]
    left = wording.percent(float(nvl72.baseline_share(nvl72.LONG, most_at)))
    return Figure(
        id="nvl72-against-h100",
        title=(
            f"The claim of {times} H100s per chip: about {wording.digits(ours.central, 1)} at the "
            f"speed it was made for, {wording.digits(fast['ratio'].iloc[0])} and more measured "
            "where answers must be fast"
        ),
        subtitle=(
            "Output of a GB200 rack in 4 bits over that of H100s in 8 bits at equal tokens/s for "
            "each user; lines: our model with 90% bands; filled: measured, ring: projected, "
            "diamonds: against an H200"
        ),
        caption=(
            f"The launch claim is a projection of one point, {speed} tokens/s for each user; there "
            f"the model has {central} ({low} to {high}), and {wording.digits(near.central)} "
            f"({wording.digits(near.low)} to {wording.digits(near.high)}) for Kimi K2 at the "
            "lengths claimed. The ratio climbs with speed because the "
            f"H100s stop: at {wording.digits(most_at)} tokens/s servers of eight give {left} of "
            "what they can. Curves end where H100s may not reach the speed and the ratio has no "
            "upper bound; the model has no H100 server that "
            f"answers beyond {limit} tokens/s, where {' to '.join(beyond)} were measured at "
            f"{wording.digits(fast['interactivity'].iloc[-1], 3)}. DeepSeek-R1 reads 8K tokens, "
            "on chips of its own, as in the measured points."
        ),
        alt=(
            "Ratio of a GB200 rack to H100s against tokens per second for each user, per chip, per "
            "megawatt and per dollar. The model's curves rise from about 3 at low speed; measured "
            f"points go from {wording.digits(slow.min())} in MLPerf to "
            f"{wording.digits(fast['ratio'].max())}."
        ),
        evidence=("measured", "derived", "forecast", "estimate"),
        frame=frame,
        draw=_draw,
        fields={
            "per": "what the throughput is divided by",
            "name": "model and layout of the H100s, or setting of a published point",
            "interactivity": "tokens/s for each user; blank where the source states none",
            "ratio": "throughput of the rack over that of the H100s, ratio",
            "low": "lower bound of the interval, ratio, cut at the axis",
            "high": "upper bound of the interval, ratio, cut at the axis",
            "baseline_share": "throughput of the H100s over their own best at any speed, share",
            "evidence": "model, measured or projected",
            "baseline_chip_id": "chip that the rack is held against",
            "source_id": "key of the source of a published point",
        },
        sources=catalog.sources_of(
            frame.loc[frame["source_id"] != "", "source_id"].tolist(),
            catalog.load("accelerators").query("chip_id in ('gb200', 'h100_sxm')"),
            catalog.load("chip_pair_errors"),
        ),
        tables=("nvl72_ratios", "serving_benchmarks", "accelerators", "llm_architectures",
                "efficiency_terms", "chip_pair_errors", "prediction_errors"),
        models=(serve, ratio_band, pareto),
        tests=("tests/hardware/test_claim_ratios.py::" + nvl72.RATIO_TEST,),
        weaknesses=(
            "The fit behind the model has seen a model on at most eight chips: the rack and H100s "
            "over a network are extrapolated, with the traffic to experts added and none of it "
            f"hidden. On {rows_off} measured rows of the GB200, most of unstated precision, it is "
            f"{wording.digits(off)} times too fast, so its ratios may be too high. The measured "
            "points draft tokens ahead, which raises the speeds of both sides, and are 'up to'; "
            "MLPerf's are of two models. No limit on the first "
            "token is set."
        ),
        settings={"level": nvl72.LEVEL},
        height={"wide": 560, "narrow": 760},
    )  # fmt: skip


FIGURES: tuple[Entry, ...] = (Entry("nvl72-against-h100", nvl72_against_h100),)
