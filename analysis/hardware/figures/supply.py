"""Figures of the chips counted: who holds them, and how many their owners design."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.hardware.findings import supply
from analysis.hardware.supply import asic_share as asic_model
from analysis.hardware.supply import holder_shares
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import rings_with_spread

_OWN = "chips of its own design"
_MAKES = {"Nvidia": "Nvidia", "AMD Instinct": "AMD", **dict.fromkeys(supply.DESIGNERS, _OWN)}
_MAKE_COLOURS = {_OWN: theme.ACCENT, "Nvidia": theme.OTHER, "AMD": theme.INK}
_NAMES = {"China": "all of China", supply.UNNAMED: "all others, not named"}
_FORECAST = "share of AI servers, a forecast"


def _holder_rows() -> pd.DataFrame:
    parts = supply.holders_by_make()
    parts = parts.assign(make=parts["vendor"].map(_MAKES))
    parts = parts.groupby(["owner", "make"], as_index=False)[["value", "share"]].sum()
    order = [_OWN, "Nvidia", "AMD"]
    parts["place"] = parts["make"].map(order.index)
    parts = parts.sort_values(["owner", "place"])
    parts["to_percent"] = 100 * parts.groupby("owner")["share"].cumsum()
    parts["from_percent"] = parts["to_percent"] - 100 * parts["share"]
    whole = supply.holders().set_index("owner")
    for column in ("share", "low", "high"):
        parts[f"total_{column}_percent"] = 100 * parts["owner"].map(whole[column])
    parts["holder"] = parts["owner"].replace(_NAMES)
    parts["kind"], parts["source_id"] = "estimate", supply.COUNTS
    parts = parts.rename(columns={"value": "h100_equivalents"})
    return parts.drop(columns=["share", "place", "owner"]).sort_values(
        "total_share_percent", ascending=False, ignore_index=True
    )


def _draw_holders(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
    names = [*data["holder"].drop_duplicates()]
    unnamed = _NAMES[supply.UNNAMED]
    order = [*[name for name in names if name != unnamed], unnamed]
    y = alt.Y(
        "holder:N",
        sort=order,
        axis=alt.Axis(
            title=None, labelColor=theme.INK, ticks=False, labelLimit=200, labelOverlap=False,
            labelExpr="datum.label" if width > 500 else "split(datum.label, ', ')",
        ),
    )  # fmt: skip
    scale = alt.Scale(domain=[0, 1.08 * data["total_high_percent"].max()], nice=False)
    title = theme.fitted("share of the compute counted, percent", width)
    x = alt.X("from_percent:Q", scale=scale, title=title, axis=alt.Axis(grid=True, tickCount=6))
    colour = alt.Color(
        "make:N",
        scale=alt.Scale(domain=list(_MAKE_COLOURS), range=list(_MAKE_COLOURS.values())),
        legend=alt.Legend(columns=3 if width > 500 else 2, symbolType="square"),
    )
    base = alt.Chart(data)
    bars = base.mark_bar(opacity=0.55, height={"band": 0.55}).encode(
        x=x,
        x2="to_percent:Q",
        y=y,
        color=colour,
        tooltip=["holder:N", "make:N", alt.Tooltip("h100_equivalents:Q", format=",.0f")],
    )
    totals = data.drop_duplicates("holder")
    whole = alt.Chart(totals)
    whisker = whole.mark_rule(strokeWidth=2, color=theme.INK).encode(
        x=alt.X("total_low_percent:Q", scale=scale), x2="total_high_percent:Q", y=y
    )
    text = whole.mark_text(align="left", dx=5, fontSize=11).encode(
        x=alt.X("total_high_percent:Q", scale=scale),
        y=y,
        text=alt.Text("total_share_percent:Q", format=".0f"),
    )
    return bars + whisker + text


def who_holds_compute() -> Figure:
    frame = _holder_rows()
    shares = supply.holders().set_index("owner")["share"]
    named = shares.drop(supply.UNNAMED).nlargest(4)
    firms = wording.percent(float(named.sum()))
    own = supply.holders_by_make().query("owner == 'Google' and vendor == 'Google TPU'")
    google = wording.percent(float(own["share"].iloc[0] / shares["Google"]))
    least, most = (wording.digits(1 / index) for index in supply.concentration()[::-1])
    when = supply.last_period()
    quarter = f"the end of {when[:4]}"
    names = f"{', '.join(named.index[:3])} and {named.index[3]}"
    others = ", ".join(f"{n} {wording.percent(float(v))}" for n, v in named.iloc[1:].items())
    unnamed = wording.percent(float(shares[supply.UNNAMED]))
    return Figure(
        id="who-holds-compute",
        title=(f"{names} hold {firms} of the AI compute counted; {google} of Google's is TPUs"),
        subtitle=(
            f"Share of the compute of all chips counted by {quarter}, percent; by holder and make"
        ),
        caption=(
            f"Compute in units of an H100, as one source estimates it up to {quarter} for four "
            "makes: Nvidia, AMD, Google's TPU and Amazon's Trainium. All TPUs are counted with "
            "Google and all Trainium chips with Amazon, also where they are rented out. Lines: "
            "90% intervals of each total. The holders are as concentrated as "
            f"{least} to {most} equal ones would be."
        ),
        alt=(
            f"Stacked bars of seven groups of holders. Google holds "
            f"{wording.percent(float(shares['Google']))}, mostly its own TPUs; "
            f"{others}, mostly Nvidia's; {unnamed} has no named holder."
        ),
        evidence=("estimate", "derived"),
        frame=frame,
        draw=_draw_holders,
        fields={
            "make": "whose design the chips are",
            "h100_equivalents": "compute in units of an H100, median",
            "to_percent": "end of the part of the bar, percent of the compute counted",
            "from_percent": "start of the part of the bar, percent of the compute counted",
            "total_share_percent": "share of the holder, percent",
            "total_low_percent": "5th percentile of that share, percent",
            "total_high_percent": "95th percentile of that share, percent",
            "holder": "who holds the chips",
            "kind": "kind of evidence",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("chip_supply",),
        models=(holder_shares,),
        tests=("tests/hardware/test_supply.py::" + supply.HOLDER_TEST,),
        weaknesses=(
            "One source, which reads deliveries from revenue and reports; chips of Huawei, Meta, "
            "Microsoft and start-ups are not in it, and counting starts between 2022 and 2024. "
            "Holding is not using: Anthropic and OpenAI rent most of what they run. Intervals take "
            f"the errors of two makes to be correlated at {supply.shared_error():g}, where they "
            "are widest."
        ),
        settings={"level": supply.LEVEL, "draws": supply.DRAWS, "seed": supply.SEED},
        height={"wide": 330, "narrow": 360},
    )


def _asic_rows() -> pd.DataFrame:
    table = supply.asic_shares()
    ends = table[table["of"] == "stock"].assign(
        row=lambda rows: "all counted by end of " + rows["year"].astype(str)
    )
    # In its first year a make's whole stock counts as added.
    added = table[(table["of"] == "added") & (table["first_counted"] == "")].assign(
        row=lambda rows: "added in " + rows["year"].astype(str)
    )
    ours = pd.concat([ends, added], ignore_index=True)
    ours = ours.assign(source_id=supply.COUNTS, kind="estimate")
    rows = catalog.load("chip_supply")
    rows = rows[rows["metric"] == "asic_share_of_ai_server_shipments"]
    theirs = pd.DataFrame(
        {
            "year": rows["period"].astype(int),
            "of": "servers shipped",
            "share": rows["value"] / 100,
            "by": _FORECAST,
            "row": "AI servers shipped in " + rows["period"] + ", forecast",
            "source_id": rows["source_id"],
            "kind": rows["kind"],
        }
    )
    both = pd.concat([ours, theirs], ignore_index=True)
    for column in ("share", "low", "high"):
        both[f"{column}_percent"] = 100 * both[column].astype(float)
    return both[
        ["row", "year", "of", "by", "share_percent", "low_percent", "high_percent", "kind",
         "source_id"]
    ]  # fmt: skip


def _draw_asic(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
    order = data["row"].drop_duplicates().tolist()
    y = alt.Y(
        "row:N",
        sort=order,
        axis=alt.Axis(
            title=None, labelColor=theme.INK, ticks=False, grid=True, labelLimit=220,
            labelOverlap=False,
            labelExpr="datum.label"
            if width > 500
            else "split(replace(replace(datum.label, ' by ', '| by '), ' in ', '| in '), '| ')",
        ),
    )  # fmt: skip
    scale = alt.Scale(domain=[0, 60], nice=False)
    title = theme.fitted("chips designed by their buyers, percent", width)
    x = alt.X("share_percent:Q", scale=scale, title=title, axis=alt.Axis(tickCount=6))
    domain = [supply.BY_COMPUTE, supply.BY_UNITS, _FORECAST]
    colour = alt.Color(
        "by:N",
        scale=alt.Scale(domain=domain, range=[theme.ACCENT, theme.INK, theme.OTHER]),
        legend=alt.Legend(columns=3 if width > 500 else 1, symbolType="circle"),
    )
    tooltip = ["row:N", "by:N", alt.Tooltip("share_percent:Q", format=".1f"), "kind:N"]
    rings = rings_with_spread(
        alt.Chart(data), x=x, scale=scale, y=y, low="low_percent", high="high_percent",
        colour=colour, tooltip=tooltip,
    )  # fmt: skip
    text = alt.Chart(data).mark_text(dy=-13, fontSize=11)
    said = alt.Text("share_percent:Q", format=".0f")
    return rings + text.encode(x=x, y=y, text=said, color=colour)


def asic_share() -> Figure:
    frame = _asic_rows()
    units = supply.asic_share("stock", supply.BY_UNITS)
    compute = supply.asic_share("stock", supply.BY_COMPUTE)
    added = supply.asic_share("added", supply.BY_COMPUTE)
    said = [wording.percent(it.central) for it in (units, compute, added)]
    year = supply.last_period()[:4]
    forecast = frame[frame["by"] == _FORECAST].sort_values("year")
    last = forecast.iloc[-1]
    return Figure(
        id="asic-share",
        title=(
            f"Chips designed by their buyers are {said[0]} of those counted but {said[1]} of the "
            "compute"
        ),
        subtitle="Google's TPU and Amazon's Trainium, percent of the chips and of their compute",
        caption=(
            f"By the end of {year} {said[0]} of all chips counted were TPUs or Trainium, and "
            f"{said[1]} of the compute, as each does less than the mean Nvidia chip; of what was "
            f"added in {year} it was {said[2]}. Lines: 90% intervals. Grey: a forecast that counts "
            f"servers, not chips, and other makes too: {wording.digits(last['share_percent'])}% "
            f"by {last['year']}."
        ),
        alt=(
            "Dot plot in two colours by year. By units the share of buyers' own chips stands near "
            f"{said[0]}, by compute it rises to {said[1]}, and to {said[2]} of what was added in "
            f"{year}."
        ),
        evidence=("estimate", "forecast"),
        frame=frame,
        draw=_draw_asic,
        fields={
            "row": "what is divided",
            "year": "year",
            "of": "stock at the end of the year, added in it, or servers shipped",
            "by": "counted by units or by compute",
            "share_percent": "chips designed by their buyers, percent",
            "low_percent": "5th percentile, percent",
            "high_percent": "95th percentile, percent",
            "kind": "kind of evidence",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("chip_supply",),
        models=(asic_model,),
        tests=("tests/hardware/test_supply.py::" + supply.ASIC_TEST,),
        weaknesses=(
            "Huawei, Meta, Microsoft and start-ups are not counted, and makes enter the count in "
            "different years (Nvidia 2022, TPU 2023, AMD and Trainium 2024), so the first years "
            "say less. An H100 is a yardstick of peak arithmetic, not of work done. Intervals take "
            "the errors of the makes as nearly independent, where they are widest."
        ),
        settings={"level": supply.LEVEL, "draws": supply.DRAWS, "seed": supply.SEED},
        height={"wide": 320, "narrow": 400},
    )


FIGURES = (Entry("who-holds-compute", who_holds_compute), Entry("asic-share", asic_share))
