"""Figure of what fits on a device, from a phone to a small site, and how fast it writes there."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import assumptions, wording
from analysis.hardware.edge import decode_tokens_per_s, what_fits
from analysis.hardware.edge import site as site_model
from analysis.hardware.findings import edge
from analysis.publishing import Entry, Figure, theme

#: Devices drawn; of several that are alike, one.
_DRAWN = (
    "iphone16pro", "iphone17pro", "snapdragon8elite", "macbookair_m4", "snapdragon_x_elite",
    "macbookpro_m4max", "rtx4090_pc", "dgx_spark", "m3ultra", "dgx_h100", "gb200_nvl72",
)  # fmt: skip
_OWN, _SHARED = "one user's own", "shared by many users"


def _says(row: dict[Any, Any]) -> str:
    if not row["model"]:
        return "none of these models"
    if np.isfinite(row["tokens_per_s"]):
        return f"{row['model']}, {wording.digits(row['tokens_per_s'])} tokens/s"
    return row["model"]


def _rows() -> pd.DataFrame:
    table = edge.largest_speeds().set_index("device_id").loc[list(_DRAWN)].reset_index()
    table["user"] = np.where(table["class"].isin(edge.OWN), _OWN, _SHARED)
    per_rack = edge.site(edge.SITE_W, edge.SITE_MODEL)
    copies = per_rack["copies"].central / per_rack["domains"].central
    table["says"] = [_says(row) for row in table.to_dict("records")]
    rack = table["device_id"] == "gb200_nvl72"
    table.loc[rack, "says"] = f"{copies:.0f} copies of " + table["model"]
    for column in ("low", "params", "high", "total_params"):
        table[column] = table[column] / 1e9
    table = table.sort_values("params").reset_index(drop=True)
    table["kind"] = "derived"
    return table[
        ["device_id", "name", "class", "memory_gb", "memory_bandwidth_gbps", "low", "params",
         "high", "model_id", "model", "total_params", "tokens_per_s", "tokens_per_s_low",
         "tokens_per_s_high", "says", "user", "kind", "source_id"]
    ]  # fmt: skip


def _draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
    wide = width > 500
    y = alt.Y(
        "name:N",
        sort=data["name"].tolist(),
        axis=alt.Axis(
            title=None, labelColor=theme.INK, ticks=False, labelLimit=230,
            labelOverlap=False,
            labelExpr="datum.label" if wide else "split(replace(datum.label, ', ', '| '), '| ')",
        ),
    )  # fmt: skip
    scale = alt.Scale(type="log", domain=[4, 1e5 if wide else 1e6], nice=False)
    label = "datum.value < 1000 ? datum.value + ' bn' : datum.value / 1000 + ' trn'"
    x = alt.X(
        "params:Q",
        scale=scale,
        axis=alt.Axis(values=[10.0**k for k in range(1, 6)], labelExpr=label, grid=True),
        title=theme.fitted("parameters that fit at 4 bits per weight (log scale)", width),
    )
    colour = alt.Color(
        "user:N",
        scale=alt.Scale(domain=[_OWN, _SHARED], range=[theme.ACCENT, theme.OTHER]),
        legend=alt.Legend(columns=2 if wide else 1, symbolType="circle"),
    )
    base = alt.Chart(data)
    whisker = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale), x2="high:Q", y=y, color=colour
    )
    tooltip = [
        "name:N",
        alt.Tooltip("memory_gb:Q", format=",.0f"),
        alt.Tooltip("params:Q", format=",.3~g"),
        "model:N",
        alt.Tooltip("tokens_per_s:Q", format=".2~g"),
    ]
    paper = base.mark_circle(size=70, opacity=1, color=theme.PAPER).encode(x=x, y=y)
    rings = base.mark_point(size=70, strokeWidth=2, filled=False, opacity=1).encode(
        x=x, y=y, color=colour, tooltip=tooltip
    )
    said = base.transform_calculate(
        short="datum.says" if wide else "replace(datum.says, ' tokens/s', '/s')"
    )
    chart = whisker + paper + rings
    # The rack stands at the right edge: its label goes to its left.
    sides = (("high:Q", "left", 8, "!=="), ("low:Q", "right", -8, "==="))
    for end, align, shift, equal in sides:
        side = said.transform_filter(f"datum.class {equal} 'rack'")
        place = {"x": alt.X(end, scale=scale), "y": y, "text": "short:N"}
        style: dict[str, Any] = {"align": align, "dx": shift, "fontSize": 11}
        halo = side.mark_text(stroke=theme.PAPER, strokeWidth=4, **style)
        chart += halo.encode(**place) + side.mark_text(**style).encode(**place)
    return chart


def chips_at_the_edge() -> Figure:
    frame = _rows()
    billions = frame.groupby("class")["total_params"].max()
    phone, laptop, server = (
        wording.digits(billions[name], 2 if name == "phone" else 3)
        for name in ("phone", "laptop", "server")
    )
    context = wording.count(assumptions.get("edge_context_tokens").central)
    measured = edge.measured_speeds()["ratio"]
    low, high = wording.digits(measured.min()), wording.digits(measured.max())
    reading = wording.digits(assumptions.get("reading_tokens_per_s").central, 1)
    smallest = wording.digits(
        min(it.total_params for it in edge.models_of_today().values()) / 1e9, 1
    )
    largest = frame.set_index("device_id").loc["snapdragon8elite"]
    tight = str(largest["model"])
    fits = wording.percent(edge.fit_share("snapdragon8elite", str(largest["model_id"])))
    site = edge.site(edge.SITE_W, edge.SITE_MODEL)
    slow = frame.set_index("device_id").loc["snapdragon_x_elite"]
    return Figure(
        id="chips-at-the-edge",
        title=(
            f"At 4 bits a phone holds up to {phone} billion parameters, a laptop {laptop}, a "
            f"server of eight H100 {server}"
        ),
        subtitle=(
            "Parameters that fit in the memory open to a model, and the largest known model that "
            "does, with the speed for one user"
        ),
        caption=(
            "Rings: memory times the share open to a model, over the bytes of a 4-bit weight; "
            f"lines: 90% of the draws. Names: the largest of {len(edge.models_of_today())} models "
            f"whose weights and cache at {context} tokens of context fit. The speed is rated "
            "bandwidth over bytes read per token, scaled by what single-user runs reach: "
            f"{wording.digits(slow['tokens_per_s'])} tokens per second for a dense "
            f"{slow['model']}, where people read about {reading}. A site of "
            f"{edge.SITE_W / 1e6:.0f} MW powers "
            f"{site['domains'].central:.0f} such racks."
        ),
        alt=(
            f"Dot plot on a log scale of {len(frame)} machines by the parameters they hold, from "
            f"{wording.digits(frame['params'].min(), 1)} billion on a phone to "
            f"{wording.digits(frame['params'].max() / 1000)} trillion in a rack. The largest "
            f"models that fit: {phone} billion on a phone, {laptop} on a laptop, {server} "
            "on a server of eight H100."
        ),
        evidence=("derived", "reported"),
        frame=frame,
        draw=_draw,
        fields={
            "device_id": "key of the device",
            "name": "device",
            "class": "where it stands",
            "memory_gb": "memory, GB",
            "memory_bandwidth_gbps": "rated bandwidth, GB/s",
            "low": "5th percentile of the parameters that fit, billions",
            "params": "parameters that fit at 4 bits, billions",
            "high": "95th percentile of the parameters that fit, billions",
            "model_id": "key of the model",
            "model": "largest model of the table that fits with its cache",
            "total_params": "its parameters, billions",
            "tokens_per_s": "tokens per second for one user",
            "tokens_per_s_low": "5th percentile, tokens per second",
            "tokens_per_s_high": "95th percentile, tokens per second",
            "says": "label in the figure",
            "user": "whether one user has the machine",
            "kind": "kind of evidence",
            "source_id": "key of the source of the memory",
        },
        sources=edge.device_sources(_DRAWN, frame["model_id"].tolist()),
        tables=("devices", "accelerators", "llm_architectures"),
        models=(what_fits, decode_tokens_per_s, site_model),
        tests=(
            "tests/hardware/test_edge.py::" + edge.EDGE_TEST,
            "tests/hardware/test_edge.py::" + edge.SPEED_TEST,
        ),
        weaknesses=(
            "Memory and bandwidth of phones and laptops are read from press and shops, one phone "
            f"from a leak. The models start at {smallest} billion parameters; phones run smaller "
            f"ones. {largest['memory_gb']:.0f} GB is the most a phone carries, and there "
            f"{tight} fits in only {fits} of the draws. The share of memory open "
            "to a model is a range of ours. Speeds leave out "
            "reading the prompt, the time software adds to a step, which weighs most where few "
            "weights are read, and, but for phones, heat; measured runs are "
            f"{low} to {high} times what is foretold, and the range of efficiency was chosen on "
            "such runs. The racks of a site are taken at the rated power of a rack."
        ),
        settings={"level": edge.LEVEL, "draws": edge.DRAWS, "seed": edge.SEED},
        height={"wide": 400, "narrow": 480},
    )


FIGURES = (Entry("chips-at-the-edge", chips_at_the_edge),)
