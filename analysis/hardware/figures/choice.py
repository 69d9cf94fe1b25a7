"""Figure of the cheapest chip for each kind of work."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.hardware import choice
from analysis.hardware.findings import chip_prices
from analysis.hardware.findings import choice as found
from analysis.hardware.workloads import ANY
from analysis.publishing import Entry, Figure, theme

_TEST = "tests/hardware/test_choice.py::" + found.CHOICE_TEST
_SHORT_WORK = {"code completion": "code"}
_COLOURS = {"AMD": theme.ACCENT, "NVIDIA": theme.OTHER}
_PANELS = {
    chip_prices.RENTED: "Rented",
    chip_prices.OWNED: "Owned",
}
#: Rows of the price of a chip rest on these; efficiencies and lengths on the others.
TABLES = (
    "accelerators", "llm_architectures", "efficiency_terms", "prediction_bands",
    "chip_pair_errors", "request_bins", "gpu_rental_prices",
)  # fmt: skip
_SEPARATE = "efficiency_terms", "request_bins", "llm_architectures"


def sources_behind(frame: pd.DataFrame, *bases: str) -> pd.DataFrame:
    """Of the rows shown, of every price compared with them, and of what the model rests on."""
    prices = chip_prices.prices().dropna(subset="usd_per_chip_hour")
    compared = prices[prices["basis"].isin(bases)]
    return catalog.sources_of(frame, compared, *(catalog.load(name) for name in _SEPARATE))


def row_name(work: str, service: str) -> str:
    """A kind of work and its level of service, as a label has it."""
    name = _SHORT_WORK.get(work, work)
    return name if service == ANY else f"{name}, {service}"


def _map_frame() -> pd.DataFrame:
    vendor = catalog.load("accelerators").set_index("chip_id")["vendor"]
    cells = pd.concat(
        [found.the_map(basis).assign(basis=basis) for basis in _PANELS], ignore_index=True
    )
    return pd.DataFrame(
        {
            "basis": cells["basis"],
            "work": [row_name(*pair) for pair in zip(cells["workload"], cells["service"],
                                                      strict=True)],
            "model": cells["model_id"].map(found.MODEL_NAMES),
            "chip": cells["chip_id"].map(chip_prices.chip_name),
            "vendor": cells["chip_id"].map(vendor),
            "precision": cells["precision"],
            "chips": cells["chips"],
            "requests": cells["requests"],
            "usd": cells["usd"],
            "usd_low": cells["usd_low"],
            "usd_high": cells["usd_high"],
            "usd_output": cells["usd_output"],
            "second": cells["second_chip_id"].map(chip_prices.chip_name),
            "margin_percent": 100 * cells["margin"],
            "chance_percent": 100 * cells["probability"],
            "price_kind": cells["price_kind"],
            "price_date": cells["date"],
            "source_id": cells["source_id"],
        }
    )  # fmt: skip


def _title(basis: str, *, wide: bool) -> str | list[str]:
    cells = "USD per million tokens · percent"
    return f"{_PANELS[basis]}: {cells}" if wide else [_PANELS[basis], cells]


def _map_panel(
    data: pd.DataFrame, basis: str, width: int, *, rows: bool, wide: bool
) -> alt.LayerChart:
    mine = data[data["basis"] == basis].copy()
    mine["line"] = [
        f"{wording.digits(usd)} · {chance:.0f}%"
        for usd, chance in zip(mine["usd"], mine["chance_percent"], strict=True)
    ]
    order = list(dict.fromkeys(data["work"]))
    x = alt.X(
        "model:N",
        sort=list(found.MODEL_NAMES.values()),
        axis=alt.Axis(
            orient="top", labelAngle=0, labelColor=theme.INK, ticks=False, domain=False,
            labelExpr="split(datum.label, ' ')", labelLineHeight=12, labelOverlap=False,
            titleAlign="left", titleAnchor="start", titleX=0, titlePadding=6, labelPadding=16,
            titleFontWeight="bold",
        ),
        title=_title(basis, wide=wide),
    )  # fmt: skip
    y = alt.Y(
        "work:N",
        sort=order,
        axis=alt.Axis(
            labels=rows, title=None, labelColor=theme.INK, ticks=False, labelOverlap=False,
            labelFontSize=11 if wide else 10, labelLimit=120, grid=False,
        ),
    )  # fmt: skip
    base = alt.Chart(mine).encode(x=x, y=y)
    cell = base.mark_rect(stroke=theme.PAPER, strokeWidth=2).encode(
        color=alt.Color(
            "vendor:N",
            scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
            legend=alt.Legend(title=None, symbolType="square", orient="top")
            if basis == chip_prices.RENTED
            else None,
        ),
        opacity=alt.Opacity(
            "chance_percent:Q", scale=alt.Scale(domain=[25, 90], range=[0.12, 0.7]), legend=None
        ),
        tooltip=["work:N", "model:N", "chip:N", "precision:N", "chips:Q", "requests:Q",
                 alt.Tooltip("usd:Q", format=".2~g"), alt.Tooltip("usd_low:Q", format=".2~g"),
                 alt.Tooltip("usd_high:Q", format=".2~g"),
                 alt.Tooltip("usd_output:Q", format=".2~g"), "second:N",
                 alt.Tooltip("margin_percent:Q", format=".0f"),
                 alt.Tooltip("chance_percent:Q", format=".0f"), "price_kind:N", "price_date:N"],
    )  # fmt: skip
    name = base.mark_text(dy=-6, fontSize=11, fontWeight="bold", color=theme.INK).encode(
        text="chip:N"
    )
    line = base.mark_text(dy=8, fontSize=10 if wide else 9, color=theme.INK).encode(text="line:N")
    return (cell + name + line).properties(width=width, height=34 * len(order))


def _draw_map(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide = width > 500
    names = 100 if wide else 86
    each = (width - names - 30) // 2 if wide else width - names
    panels = [
        _map_panel(data, basis, each, rows=not wide or basis == chip_prices.RENTED, wide=wide)
        for basis in _PANELS
    ]
    return alt.hconcat(*panels, spacing=12) if wide else alt.vconcat(*panels, spacing=18)


def _on_demand() -> dict[str, str]:
    """Who leads at quotes without a contract, in how many cells, and of how many chips."""
    cells = found.the_map(chip_prices.DEMAND)["chip_id"]
    quoted = chip_prices.prices().query("basis == @chip_prices.DEMAND")["usd_per_chip_hour"]
    wins = cells.value_counts()
    return {
        "best": chip_prices.chip_name(str(wins.index[0])), "wins": str(wins.iloc[0]),
        "cells": str(len(cells)), "chips": str(quoted.notna().sum()),
    }  # fmt: skip


def cheapest_chip_map() -> Figure:
    frame = _map_frame()
    rented = found.the_map()
    wins = rented["chip_id"].value_counts()
    chance = rented["probability"]
    other = found.the_map(chip_prices.OWNED)["chip_id"].value_counts()
    without = found.the_map(four_bit=False)
    keys = ["workload", "service", "model_id"]
    changed = rented.merge(without, on=keys)
    changed = int((changed["chip_id_x"] != changed["chip_id_y"]).sum())
    low, high = (wording.percent(float(v)) for v in (chance.min(), chance.max()))
    ratio, _ = chip_prices.conversion()
    estimates, least = chip_prices.estimates(), chip_prices.least_quote("h100_sxm")
    estimated, on_demand = len(estimates), _on_demand()
    return Figure(
        id="cheapest-chip-map",
        title=(
            "At one source's estimates of three-year rents the "
            f"{chip_prices.chip_name(str(wins.index[0]))} is cheapest in {int(wins.iloc[0])} of "
            f"{len(rented)} kinds of work, though nowhere with more than {high} chance"
        ),
        subtitle=(
            "Cheapest chip, USD per million tokens read and written, and its chance to be the "
            "cheapest"
        ),
        caption=(
            "Each cell takes the best number format, layout and batch on every priced chip that "
            "holds the model and keeps the targets. The fuller the colour, the surer, given what "
            f"prices and the model's speeds may be off: from {low} to {high} where rented. Rents "
            f"of {estimated} chips are one source's estimates for three years, no quotes. "
            f"Steady is {wording.digits(1 / found.central('steady_tpot_s'))} tokens a second per "
            f"user or more, fast {wording.digits(1 / found.central('fast_tpot_s'))}. At purchase "
            f"prices the {chip_prices.chip_name(str(other.index[0]))} leads "
            f"{int(other.iloc[0])} cells. Without 4-bit numbers {changed} of the rented answers "
            "change."
        ),
        alt=(
            f"Two tables of {frame['work'].nunique()} kinds of work by {len(found.MODELS)} models. "
            f"Rented, the {chip_prices.chip_name(str(wins.index[0]))} fills "
            f"{int(wins.iloc[0])} of {len(rented)} cells; owned, the "
            f"{chip_prices.chip_name(str(other.index[0]))} fills {int(other.iloc[0])}."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=_draw_map,
        fields={
            "basis": "what a chip-hour is paid by",
            "work": "kind of work and level of service",
            "model": "model served",
            "chip": "cheapest chip",
            "vendor": "its maker",
            "precision": "number format of the weights",
            "chips": "chips of one copy of the model",
            "requests": "requests in flight on one copy",
            "usd": "USD per million tokens read and written",
            "usd_low": "lower end of its 80% interval, USD per million tokens",
            "usd_high": "upper end of its 80% interval, USD per million tokens",
            "usd_output": "USD per million tokens written, all cost laid on them; read if none are",
            "second": "second cheapest chip",
            "margin_percent": "how much dearer the second is, percent",
            "chance_percent": "probability to be the cheapest, percent",
            "price_kind": "what the price of the chip is",
            "price_date": "date of that price",
            "source_id": "key of the source of that price",
        },
        sources=sources_behind(frame, *_PANELS),
        tables=TABLES,
        models=(choice.sweep, choice.probability_cheapest),
        tests=(_TEST,),
        weaknesses=(
            "One source's estimates of three-year rents, of one date, carry the rented half; its "
            f"H100, at {wording.usd(estimates['h100_sxm'], 3)} an hour, lies below every exact "
            f"quote (the lowest is {wording.usd(least, 3)}), and nobody else prices the MI355X. "
            f"At quotes without a contract, which {on_demand['chips']} chips have, all NVIDIA's, "
            f"the {on_demand['best']} leads {on_demand['wins']} of {on_demand['cells']} cells. "
            "Chips with on-demand quotes alone are taken to three-year terms by a ratio of "
            f"{wording.digits(ratio)}; list prices, as for TPUs, are probably above what buyers "
            "pay. "
            "AMD's chips are measured on few models, the MI350X on none. Four bits count as "
            "good as eight. Copies wider than eight chips, drafting, separate prefill, software "
            "and the cost of moving to another maker are left out."
        ),
        settings={"fleet_utilisation": found.central("fleet_utilisation")},
        height={"wide": 380, "narrow": 780},
    )


FIGURES = (Entry("cheapest-chip-map", cheapest_chip_map),)
