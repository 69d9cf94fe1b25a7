"""The figure of the year in which inference passes training."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.demand.crossover import crossover_year
from analysis.demand.figures.common import WEAK, plain
from analysis.demand.findings import central_figure as moved
from analysis.demand.findings import projection as found
from analysis.demand.findings import rivals
from analysis.demand.sampling import simulate
from analysis.publishing import Entry, Figure, theme

_CROSSINGS = (
    ("fleet", "chips", "rnd", "chips of the world, all research counted"),
    ("labs", "usd", "rnd", "labs' money, all research counted"),
    ("labs", "usd", "final", "labs' money, final runs only"),
)


def _crossing_rows() -> pd.DataFrame:
    rows = []
    for scope, unit, counted, words in _CROSSINGS:
        table = found.crossing(scope, unit, counted)
        names = table["year"].str.replace("always above", "before", regex=False)
        early = names.isin(["before", *map(str, range(2019, 2024))])
        grouped = table.assign(when=np.where(early, "2023 or before", names))
        grouped = grouped.groupby("when", sort=False, as_index=False)["share"].sum()
        rows.append(grouped.assign(definition=words, row="model"))
    model = pd.concat(rows, ignore_index=True)
    model["percent"] = 100 * model["share"]
    others = rivals.crossover_years()
    return pd.concat([model.drop(columns="share"), others], ignore_index=True)


def _draw_crossings(data: pd.DataFrame, width: int = 690) -> Any:
    wide = width > 500
    order = ["2023 or before", *map(str, range(2024, 2031)), "not by 2030"]
    x = alt.X(
        "when:N", sort=order, scale=alt.Scale(domain=order),
        axis=alt.Axis(
            title=None, labelAngle=0, labelOverlap=False,
            labelExpr="split(replace(datum.label, ' or ', ' or '), ' ')" if wide else
            "datum.label === '2023 or before' ? ['≤', '2023'] : datum.label === 'not by 2030' ? "
            "['not', 'by', '2030'] : ['’' + slice(datum.label, 2)]",
        ),
    )  # fmt: skip
    panels = []
    for _, _, _, words in _CROSSINGS:
        part = data[(data["row"] == "model") & (data["definition"] == words)]
        y = alt.Y(
            "percent:Q",
            title="percent of scenarios",
            scale=alt.Scale(domain=[0, 100]),
            axis=alt.Axis(tickCount=3),
        )
        # Rounded here, as the title is: a browser rounds a half the other way.
        base = alt.Chart(part.assign(said=part["percent"].map("{:.0f}".format)))
        bars = base.mark_bar(width={"band": 0.7}).encode(
            x=x,
            y=y,
            color=alt.condition(
                "datum.when === 'not by 2030'",
                alt.value(theme.TRAINING),
                alt.value(theme.INFERENCE),
            ),
        )
        text = (
            base.transform_filter("datum.percent >= 0.5")
            .mark_text(dy=-7, fontSize=11)
            .encode(x=x, y=y, text="said:N")
        )
        panels.append(
            (bars + text).properties(
                width=width - 70,
                height=86,
                title=alt.Title(words, fontSize=12, fontWeight="normal", offset=14),
            )
        )
    others = data[data["row"] == "published"]
    said = (
        alt.Chart(others)
        .mark_text(fontSize=10.5)
        .encode(x=x, y=alt.Y("place:O", axis=None), text="label:N")
        .properties(
            width=width - 70,
            height=46,
            title=alt.Title(
                "what others say, each by its own definition", fontSize=12, fontWeight="normal"
            ),
        )
    )
    return alt.vconcat(*panels, said, spacing=10).resolve_scale(x="independent")


def crossover_years() -> Figure:
    frame = plain(_crossing_rows())
    world = found.not_by_the_end("fleet", "chips", "rnd")
    labs = found.not_by_the_end("labs", "usd", "rnd")
    table = found.crossing("fleet", "chips", "final").set_index("year")["share"]
    early = float(table[:"2023"].sum())
    return Figure(
        id="crossover-years",
        title=(
            f"With all research counted, inference does not pass training for good by 2030 in "
            f"{wording.percent(world)} of scenarios for the world's chips and "
            f"{wording.percent(labs)} for the labs' money"
        ),
        subtitle=(
            "Year from which inference stays above half until 2030, percent of sampled scenarios"
        ),
        caption=(
            "Before language models inference was about half or more of the world's AI compute; "
            "the year counted is the last crossing. Against final runs only the world's chips are "
            f"above half throughout, or since 2023 at the latest, in {wording.percent(early)} of "
            "the scenarios. Below: the year others give, by definitions of their own, most of "
            "them not stated."
        ),
        alt=(
            "Three rows of bars by year. With all research counted the bar 'not by 2030' towers "
            "over all years; for the labs' money against final runs only the years to 2024 hold "
            "about as much as 'not by 2030'. A last row places Deloitte at 2025, Gartner at 2026, "
            "JLL at 2027, McKinsey and Epoch AI by 2030."
        ),
        evidence=("forecast",),
        frame=frame,
        draw=_draw_crossings,
        fields={
            "when": "year of the last crossing",
            "definition": "what is divided",
            "row": "sampled, or published",
            "percent": "percent of the sampled scenarios",
            "label": "who says so",
            "place": "row in which the name stands",
            "kind": "kind of evidence",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(moved.source_ids(frame), *moved.evidence()),
        tables=(*moved.TABLES, "compute_splits"),
        models=(crossover_year, simulate),
        tests=("tests/demand/test_crossover.py::test_years_are_those_of_a_loop_from_the_end",),
        weaknesses=WEAK + " The last year of the model is 2030; a later crossing is not seen.",
        settings={"draws": found.DRAWS, "seed": found.SEED},
        height={"wide": 380, "narrow": 380},
    )


FIGURES: tuple[Entry, ...] = (Entry("crossover-years", crossover_years),)
