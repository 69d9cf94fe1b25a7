"""Figures of the training programme: all the compute behind a final run, and what it earned."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.scaling_laws import findings
from analysis.scaling_laws.programme import firm_shares, programme_from_firms
from analysis.scaling_laws.returns import return_in_money


def programme_multiplier() -> Figure:
    rows = catalog.load("programme_compute")
    shares = firm_shares(rows)
    combined = findings.programme()
    sources = rows.set_index("fact_id")["source_id"]
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "who": shares["scope"],
                    "multiplier": 1 / shares["central"],
                    "low": 1 / shares["high"],
                    "high": 1 / shares["low"],
                    "final_share_percent": 100 * shares["central"],
                    "kind": shares["kind"],
                    "source_id": shares["fact_id"].map(sources),
                }
            ),
            pd.DataFrame(
                {
                    "who": ["all of them together"],
                    "multiplier": [combined.multiplier_central],
                    "low": [combined.multiplier_low],
                    "high": [combined.multiplier_high],
                    "final_share_percent": [100 / combined.multiplier_central],
                    "kind": ["derived"],
                    "source_id": [""],
                }
            ),
        ],
        ignore_index=True,
    )
    low = wording.digits(frame["multiplier"].min())
    high = wording.digits(frame["multiplier"].max())

    def draw(data: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
        order = data.sort_values("multiplier")["who"].tolist()
        y = alt.Y(
            "who:N",
            sort=order,
            axis=alt.Axis(title=None, labelLimit=200, labelColor=theme.INK, ticks=False),
        )
        x = alt.X(
            "multiplier:Q",
            title="all R&D compute, multiple (x) of the final runs",
            scale=alt.Scale(domain=[0, 12]),
            axis=alt.Axis(grid=True),
        )
        base = alt.Chart(data)
        one = alt.Chart(pd.DataFrame({"multiplier": [1.0], "text": ["a one-time event"]}))
        rule = one.mark_rule(strokeDash=[3, 3]).encode(x="multiplier:Q")
        note = one.mark_text(
            align="left", dx=5, y=alt.expr("height - 9"), color=theme.MUTED, fontSize=11
        ).encode(x="multiplier:Q", text="text:N")
        whisker = base.mark_rule(strokeWidth=2, color=theme.TRAINING).encode(
            y=y, x="low:Q", x2="high:Q"
        )
        dot = base.mark_point(
            size=90, strokeWidth=2, stroke=theme.TRAINING, strokeOpacity=1
        ).encode(
            y=y,
            x=x,
            fill=alt.condition(
                "datum.kind === 'measured'", alt.value(theme.TRAINING), alt.value(theme.PAPER)
            ),
            tooltip=[
                "who:N",
                alt.Tooltip("multiplier:Q", format=".1f"),
                alt.Tooltip("final_share_percent:Q", format=".0f", title="final runs, percent"),
                "kind:N",
            ],
        )
        text = base.mark_text(dy=-12, fontSize=11).encode(
            y=y, x=x, text=alt.Text("multiplier:Q", format=".1f")
        )
        return rule + note + whisker + dot + text

    return Figure(
        id="programme-multiplier",
        title=f"Behind each FLOP of a final run stand {low} to {high} FLOP of the whole programme",
        subtitle="All research and development compute as a multiple of the final training runs",
        caption=(
            "One over the share of R&D compute that went into the final runs of released models. "
            "If training were a one-time event the multiple would be 1. The row of all "
            "together draws one organisation at random: it tells how far one may be from another."
        ),
        alt=(
            f"Dot plot: the multiple is between {low} and {high} for the four organisations with "
            "a published share; none is near 1."
        ),
        evidence=("estimate", "derived"),
        frame=frame,
        draw=draw,
        fields={
            "who": "organisation and period",
            "multiplier": "all R&D compute over the compute of final runs",
            "low": "lower end of the range, where there is one",
            "high": "upper end of the range, where there is one",
            "final_share_percent": "share of R&D compute in final runs, percent",
            "kind": "kind of evidence",
            "source_id": "key of the source; empty for the combination",
        },
        sources=catalog.sources_of(rows.loc[rows["fact_id"].isin(shares["fact_id"])]),
        tables=("programme_compute",),
        models=(firm_shares, programme_from_firms),
        tests=("tests/scaling_laws/test_programme.py::" + findings.PROGRAMME_TEST,),
        weaknesses=(
            "Four organisations, one year each; three of the shares were computed by one analyst "
            "from press reports and stock-exchange filings and read at second hand. The figure "
            "counts what was spent, some of which served later models."
        ),
        settings={"draws": findings.PROGRAMME_DRAWS, "seed": findings.SEED},
        height={"wide": 270, "narrow": 290},
    )


def returns_in_money() -> Figure:
    rows = catalog.load("lab_returns")
    money = return_in_money(rows)
    parts = []
    names = {
        "revenue_usd": "revenue",
        "rnd_compute_usd": "R&D compute",
        "result_usd": "result",
    }
    for column, name in names.items():
        kinds = money[column.replace("_usd", "_kind")]
        parts.append(
            pd.DataFrame(
                {
                    "lab_year": money["lab"] + " " + money["year"].astype(str),
                    "measure": name,
                    "value_bn_usd": money[column] / 1e9,
                    "kind": kinds,
                    "result_measure": money["result_measure"].fillna("")
                    if name == "result"
                    else "",
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True).dropna(subset=["value_bn_usd"])
    losers = money.loc[money["result_usd"] < 0]
    known = money.loc[money["result_usd"].notna()]

    def draw(data: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
        y = alt.Y(
            "lab_year:N",
            axis=alt.Axis(title=None, labelColor=theme.INK, ticks=False),
            sort=sorted(data["lab_year"].unique()),
        )
        offset = alt.YOffset("measure:N", sort=list(names.values()))
        x = alt.X("value_bn_usd:Q", title="billion USD in the year", axis=alt.Axis(grid=True))
        colour = alt.Color(
            "measure:N",
            scale=alt.Scale(
                domain=list(names.values()),
                range=[theme.OTHER, theme.TRAINING, theme.ACCENT],
            ),
        )
        base = alt.Chart(data)
        bars = base.mark_bar().encode(
            y=y,
            yOffset=offset,
            x=x,
            color=colour,
            fillOpacity=alt.condition(
                "datum.kind === 'forecast' || datum.kind === 'estimate'",
                alt.value(0.45),
                alt.value(1),
            ),
            tooltip=["lab_year:N", "measure:N", "value_bn_usd:Q", "kind:N", "result_measure:N"],
        )
        text = base.mark_text(
            align=alt.expr("datum.value_bn_usd < 0 ? 'right' : 'left'"),
            dx=alt.expr("datum.value_bn_usd < 0 ? -4 : 4"),
            fontSize=10,
        ).encode(y=y, yOffset=offset, x=x, text=alt.Text("value_bn_usd:Q", format=".1f"))
        return bars + text

    return Figure(
        id="returns-in-money",
        title=(
            f"{wording.share_of(len(losers), len(known))} yearly results of AI labs in the table "
            "are losses"
        ),
        subtitle="Revenue, research compute and result of three labs, billion US dollars a year",
        caption=(
            "Faded bars are estimates or company expectations, full bars reported or derived from "
            "accounts. Results are operating results, but for Anthropic an expected result before "
            "depreciation; xAI's segment holds the social network X. So results are not comparable "
            "with each other. What is missing was not published."
        ),
        alt=(
            "Grouped bars by lab and year: revenue, R&D compute and result. Every result that is "
            f"known is negative, the largest {wording.usd(float(known['result_usd'].min()))}."
        ),
        evidence=("reported", "estimate", "forecast"),
        frame=frame,
        draw=draw,
        fields={
            "lab_year": "lab and year",
            "measure": "revenue, research and development compute, or result",
            "value_bn_usd": "billion US dollars in the year; negative for a loss",
            "kind": "kind of evidence",
            "result_measure": "operating result or EBITDA",
        },
        sources=catalog.sources_of(rows),
        tables=("lab_returns",),
        models=(return_in_money,),
        tests=("tests/scaling_laws/test_returns.py::" + findings.MONEY_TEST,),
        weaknesses=(
            "Accounts of private firms, read in press copies. A loss in a year of growth says "
            "nothing on what the models will earn later; xAI's segment holds a social network."
        ),
        height={"wide": 380, "narrow": 420},
    )
