"""Cost of a million tokens of a fixed model on the chips of each year."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.hardware import cost_history as model
from analysis.hardware import serve
from analysis.hardware.cost import ownership_usd_per_chip_hour
from analysis.hardware.findings import LEVEL
from analysis.hardware.findings import cost_history as found
from analysis.publishing import Entry, Figure, theme

BEST, OWNED, RENTED, PRICE = (
    "best chip so far, owned", "a chip, owned", "a chip at the rent of its date",
    "price of a fixed score",
)  # fmt: skip
_FIRST, _LAST = 2020.0, 2027.4
#: Year from which the fall of prices is drawn: the fits of the table begin before and end after.
_PRICE_FROM = 2022.9
#: A chip is named where it lowers the cost by so much.
_NAMED_FALL = 0.9
_FLOOR = {found.LARGE: 0.03, found.SMALL: 0.01}
_TICKS = (0.01, 0.03, 0.1, 0.3, 1, 3)
_TOP = {found.LARGE: 4.0, found.SMALL: 1.0}


def _price_line(name: str, start: float) -> pd.DataFrame:
    """The median fall of the price of a fixed score, from a place on the curve of the chips."""
    months = found.price_halving_months()[1]
    end = _PRICE_FROM + months / 12 * np.log2(start / _FLOOR[name])
    return pd.DataFrame(
        {"year": [_PRICE_FROM, end], "usd_per_mtok": [start, _FLOOR[name]], "what": PRICE}
    )


def _frame() -> pd.DataFrame:
    parts = []
    for name, label in found.NAMES.items():
        best = found.steps(name).assign(what=BEST)
        owned, rented = found.owned(name), found.rented(name)
        start = float(best.loc[best["year"] <= _PRICE_FROM, "usd_per_mtok"].iloc[-1])
        parts += [
            part.assign(model=label)
            for part in (
                best, owned.assign(what=OWNED), rented.assign(what=RENTED),
                _price_line(name, start),
            )
        ]  # fmt: skip
    columns = [
        "model", "what", "chip", "year", "usd_per_mtok", "low", "high", "precision",
        "usd_per_gpu_hour", "source_id",
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)[columns]
    words = ["chip", "precision", "source_id"]
    table[words] = table[words].fillna("")
    return table


def _short(chip: str) -> str:
    """The name of a chip without its make, form and memory."""
    return chip.replace("Instinct ", "").replace("SXM5", "").split(" ")[0]


def _panel(
    data: pd.DataFrame, name: str, width: int, height: int
) -> alt.LayerChart | alt.FacetChart:
    rows = data[data["model"] == found.NAMES[name]]
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=[_FIRST, _LAST], nice=False),
        axis=alt.Axis(values=list(range(2020, 2028, 1 if width > 380 else 2)), format="d"),
        title="year",
    )
    scale = alt.Scale(type="log", domain=[_FLOOR[name], _TOP[name]], nice=False, clamp=True)
    channel: dict[str, Any] = {
        "scale": scale,
        "axis": alt.Axis(
            values=[v for v in _TICKS if _FLOOR[name] <= v <= _TOP[name]], format="~g", grid=True
        ),
        "title": f"{found.NAMES[name]}: USD per million tokens (log scale)",
    }
    y = alt.Y("usd_per_mtok:Q", **channel)
    tip = ["chip:N", alt.Tooltip("usd_per_mtok:Q", format=".2~g"),
           alt.Tooltip("low:Q", format=".2~g"), alt.Tooltip("high:Q", format=".2~g"),
           alt.Tooltip("usd_per_gpu_hour:Q", format=".2f")]  # fmt: skip
    price, best = (alt.Chart(rows[rows["what"] == what]) for what in (PRICE, BEST))
    layers = [
        price.mark_line(color=theme.OTHER, strokeWidth=2).encode(x=x, y=y),
        best.mark_area(opacity=0.16, color=theme.INFERENCE, interpolate="step-after").encode(
            x=x, y=alt.Y("low:Q", **channel), y2="high:Q"
        ),
        best.mark_line(color=theme.INFERENCE, interpolate="step-after", strokeWidth=2.2).encode(
            x=x, y=y
        ),
    ]
    for what, colour, shape in (
        (RENTED, theme.ACCENT, "diamond"),
        (OWNED, theme.INFERENCE, "circle"),
    ):
        base = alt.Chart(rows[rows["what"] == what])
        layers.append(
            base.mark_rule(color=colour, opacity=0.4).encode(
                x=x, y=alt.Y("low:Q", **channel), y2="high:Q"
            )
        )
        layers.append(
            base.mark_point(
                size=38, strokeWidth=1.6, stroke=colour, fill=theme.PAPER, shape=shape, opacity=1
            ).encode(x=x, y=y, tooltip=tip)
        )
    layers += _words(rows, x, y)
    return alt.layer(*layers).properties(width=width, height=height)


def _words(rows: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Names of the chips that were cheapest when they came, and of the price line."""
    owned = rows[rows["what"] == OWNED].sort_values("year")
    before = owned["usd_per_mtok"].cummin().shift(fill_value=np.inf)
    records = owned[owned["usd_per_mtok"] < _NAMED_FALL * before]
    price = rows[rows["what"] == PRICE]
    foot = price.tail(1).assign(usd_per_mtok=lambda row: 1.25 * row["usd_per_mtok"])
    texts = [
        (records.assign(text=records["chip"].map(_short)), theme.INFERENCE, "right", -7, 8),
        (foot.assign(text=PRICE), theme.OTHER, "left", 8, 0),
    ]
    layers = []
    for table, colour, align, dx, dy in texts:
        base = alt.Chart(table).encode(x=x, y=y, text="text:N")
        style: dict[str, Any] = {"align": align, "dx": dx, "dy": dy, "fontSize": 11}
        layers.append(
            base.mark_text(**style, stroke=theme.PAPER, strokeWidth=3, strokeJoin="round")
        )
        layers.append(base.mark_text(**style, color=colour))
    return layers


def _key(width: int) -> alt.LayerChart | alt.FacetChart:
    rows = [
        (OWNED, theme.INFERENCE, "circle"), (RENTED, theme.ACCENT, "diamond"),
    ]  # fmt: skip
    table = pd.DataFrame(
        [{"text": text, "x": 6 + 170 * i, "colour": colour, "shape": shape, "y": 0}
         for i, (text, colour, shape) in enumerate(rows)]
    )  # fmt: skip
    base = alt.Chart(table).encode(
        x=alt.X("x:Q", scale=alt.Scale(domain=[0, width], nice=False), axis=None),
        y=alt.Y("y:Q", axis=None),
    )
    parts = [
        base.transform_filter(alt.datum.shape == shape).mark_point(
            size=45, strokeWidth=1.8, stroke=colour, fill=theme.PAPER, shape=shape, opacity=1
        )
        for _, colour, shape in rows
    ]
    text = base.mark_text(align="left", dx=10, fontSize=11).encode(
        text="text:N", color=alt.Color("colour:N", scale=None, legend=None)
    )
    return alt.layer(*parts, text).properties(width=width, height=16)


def _draw(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    room = 46
    if width > 500:
        each = (width - 2 * room - 30) // 2
        panels = alt.hconcat(*(_panel(data, name, each, 320) for name in found.NAMES), spacing=30)
        return alt.vconcat(_key(width - room), panels, spacing=20)
    stacked = [_panel(data, name, width - room, 270) for name in found.NAMES]
    return alt.vconcat(_key(width - room), *stacked, spacing=20)


def cost_per_mtok_over_time() -> Figure:
    frame = _frame()
    large, small = found.halving(found.LARGE), found.halving(found.SMALL)
    months = found.price_halving_months()
    share = found.hardware_share(found.LARGE)
    span = [wording.percent(v) for v in found.hardware_share_span(found.LARGE)]
    sixteen = found.halving(found.LARGE, found.SIXTEEN)
    best = found.best(found.LARGE)
    first, last = best.iloc[0], best.iloc[-1]

    def years(it: object) -> str:
        low, central, high = (wording.digits(getattr(it, k)) for k in ("low", "central", "high"))
        return f"{central} years ({low} to {high})"

    return Figure(
        id="cost-per-mtok-over-time",
        title=(
            "Better chips and narrower numbers halved the cost of a token of Llama 70B every "
            f"{wording.digits(large.central)} years, {wording.digits(sixteen.central)} at 16 bits; "
            f"the price of a fixed score halved every {wording.digits(months[1])} months"
        ),
        subtitle=(
            "Cost of a million output tokens of a fixed model, USD, at "
            f"{wording.digits(found.speed())} tokens/s for each user; 90% intervals"
        ),
        caption=(
            f"Orange: the cheapest chip so far, owned, for Llama 70B from "
            f"{wording.usd(first['usd_per_mtok'])} on the {_short(first['chip'])} to "
            f"{wording.usd(last['usd_per_mtok'])} on the {_short(last['chip'])}: halved every "
            f"{years(large)}; Llama 8B every {years(small)}. With 16-bit numbers throughout, Llama "
            f"70B halved every {years(sixteen)}. Grey: the median fitted fall of prices (over the "
            f"fits, {wording.digits(months[0])} to {wording.digits(months[2])} months to halve), "
            "anchored at the H100's cost by our choice: only its slope says something. Prices of "
            f"chips are today's estimates; the last chip, the {_short(last['chip'])}, has no "
            "measured row. "
            f"In logarithms chips are {wording.percent(share.central)} of it ({span[0]} to "
            f"{span[1]} over the fits)."
        ),
        alt=(
            "Two panels of cost against year of release, Llama 70B and 8B. The best chip's cost "
            "falls slowly from 2020 to 2025; the price of a fixed score falls almost upright "
            "beside it; costs at market rents lie above the owner's."
        ),
        evidence=("derived", "estimate", "reported"),
        frame=frame,
        draw=_draw,
        fields={
            "model": "model served",
            "what": "what the row is",
            "chip": "chip",
            "year": "release of the chip, or date of the rent, decimal year",
            "usd_per_mtok": "USD per million output tokens, prompts paid by them",
            "low": "lower bound of the 90% interval, USD per million tokens",
            "high": "upper bound of the 90% interval, USD per million tokens",
            "precision": "format of the weights and of the arithmetic",
            "usd_per_gpu_hour": "rent, USD per chip-hour",
            "source_id": "key of the source of the price or rent",
        },
        sources=catalog.sources_of(
            frame.loc[frame["source_id"] != "", "source_id"].tolist(), found.price_falls()
        ),
        tables=("accelerators", "gpu_rental_prices", "price_declines", "llm_architectures",
                "efficiency_terms", "prediction_bands"),
        models=(serve, ownership_usd_per_chip_hour, model.cheapest_so_far, model.yearly_fall),
        tests=("tests/hardware/test_cost_history.py::" + found.FALL_TEST,),
        weaknesses=(
            "Every chip runs today's software, so the gain of software on old chips is left out, "
            "and a chip stands at its announcement, up to a year before it served. Prices of "
            "chips are estimates of what large buyers paid, one for all years; custom chips have "
            "no market price and are left out. Tokens in 4 bits may answer slightly worse. "
            "1,024 tokens in and out; batches are full in the hours that are used."
        ),
        settings={"level": LEVEL},
        height={"wide": 400, "narrow": 680},
    )  # fmt: skip


FIGURES: tuple[Entry, ...] = (Entry("cost-per-mtok-over-time", cost_per_mtok_over_time),)
