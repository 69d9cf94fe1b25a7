"""Figures of how fast training compute and its cost have grown."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.scaling_laws import findings
from analysis.scaling_laws.growth import (
    top_at_release,
    trend_by_selection,
    with_cost_per_flop,
)
from analysis.scaling_laws.trends import decimal_years, log_linear_trend

_RUN_FIELDS = {
    "series": "what the row is: a run, or the trend and its interval",
    "model": "name of the model; empty for the trend",
    "year": "release date as a decimal year",
    "value": "training compute of the final run, FLOP; for the trend its central line",
    "low": "lower end of the 90% band of the line, FLOP",
    "high": "upper end of the 90% band of the line, FLOP",
    "frontier": "true where the run was among the ten largest of the table at its release",
    "confidence": "confidence in the estimate, as its source or this book sees it",
    "source_id": "key of the source; empty for the trend",
}
YEAR_AXIS = alt.Axis(format="d", title="year of release", tickCount=8)


def _trend_rows(trend: pd.DataFrame) -> pd.DataFrame:
    named = trend.rename(columns={"central": "value"}).drop(columns=["low", "high"])
    named = named.rename(columns={"mean_low": "low", "mean_high": "high"})
    return named[["year", "value", "low", "high"]].assign(
        series="trend", model="", frontier=False, confidence="", source_id=""
    )


def _run_rows(runs: pd.DataFrame, value: str, frontier: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "series": "run",
            "model": runs["model"],
            "year": decimal_years(runs["release_date"].tolist()),
            "value": runs[value],
            "low": np.nan,
            "high": np.nan,
            "frontier": runs.index.isin(frontier),
            "confidence": runs["confidence"],
            "source_id": runs["source_id"],
        }
    )


def _scatter(frame: pd.DataFrame, y_axis: alt.Axis, unit: str) -> alt.LayerChart | alt.FacetChart:
    trend = alt.Chart(frame).transform_filter("datum.series === 'trend'")
    runs = alt.Chart(frame).transform_filter("datum.series === 'run'")
    x = alt.X("year:Q", axis=YEAR_AXIS, scale=alt.Scale(zero=False, nice=False, padding=12))
    y = alt.Y("value:Q", axis=y_axis, scale=alt.Scale(type="log"))
    band = trend.mark_area(color=theme.TRAINING, opacity=0.18).encode(
        x=x, y=alt.Y("low:Q", axis=y_axis), y2="high:Q"
    )
    line = trend.mark_line(color=theme.TRAINING).encode(x=x, y=y)
    points = runs.mark_point(filled=False, strokeWidth=1.6, size=42).encode(
        x=x,
        y=y,
        color=alt.condition("datum.frontier", alt.value(theme.TRAINING), alt.value(theme.OTHER)),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("value:Q", format=".2e", title=unit),
            alt.Tooltip("confidence:N"),
        ],
    )
    named = (
        runs.transform_filter(alt.FieldOneOfPredicate("model", list(findings.LANDMARKS)))
        .mark_text(align="right", dx=2, dy=-11, fontSize=11)
        .encode(x=x, y=y, text="model:N")
    )
    return alt.layer(band, line, points, named)


def training_compute_trend() -> Figure:
    runs = findings.runs()
    frontier = top_at_release(runs)
    trend = findings.frontier_trend()
    years = np.linspace(trend.first_year, trend.last_year, 29)
    frame = pd.concat(
        [_trend_rows(trend.predict(years)), _run_rows(runs, "training_flop", frontier.index)],
        ignore_index=True,
    )
    pace = wording.digits(trend.growth_per_year)
    low, high = wording.digits(trend.growth_low), wording.digits(trend.growth_high)
    last = findings.last_frontier_run()
    return Figure(
        id="training-compute-trend",
        title=f"The largest training runs have grown {pace}-fold a year",
        subtitle="Compute of the final training run, FLOP (log scale), by release date",
        caption=(
            f"Blue rings are runs among the ten largest of the table at their release; the line "
            f"is a log-linear regression through them ({low} to {high} times a year, 90% "
            f"interval of the line) and ends with the last of them, {last}; grey rings are all "
            "others. Rings are hollow because nearly every value is an estimate made from outside "
            "the lab."
        ),
        alt=(
            f"Scatter of {len(runs)} training runs from 2012 to 2026. Compute rises from about "
            f"{wording.power(runs['training_flop'].min(), 1)} to "
            f"{wording.power(runs['training_flop'].max(), 1)} FLOP; the trend of the largest is "
            f"{pace} times a year. Since 2024 most runs lie well below the largest."
        ),
        evidence=("estimate", "derived"),
        frame=frame,
        draw=lambda data: _scatter(data, theme.power_axis("training compute, FLOP"), "FLOP"),
        fields=_RUN_FIELDS,
        sources=catalog.sources_of(runs),
        tables=catalog.tables_of(runs),
        models=(log_linear_trend, top_at_release),
        tests=("tests/scaling_laws/test_growth.py::" + findings.GROWTH_TEST,),
        weaknesses=(
            "The table is a selection of about a hundred runs, denser at the top and in recent "
            "years than all notable models; no estimate exists for closed frontier models after "
            "mid 2025. The band is that of the line, not of a single run, and takes the runs as "
            "independent."
        ),
        settings={"level": trend.level, "selection": "among the ten largest at release"},
    )


def growth_by_definition() -> Figure:
    runs = findings.runs()
    ours = trend_by_selection(runs).query("method == 'least squares'")
    published = findings.published_growth()
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "definition": ours["label"] + ", since " + ours["start_year"].astype(str),
                    "origin": "this book",
                    "growth": ours["growth_per_year"],
                    "low": ours["growth_low"],
                    "high": ours["growth_high"],
                    "n": ours["n"].astype(float),
                    "kind": "derived",
                    "source_id": "epoch_ai_models",
                }
            ),
            published,
        ],
        ignore_index=True,
    )
    largest = ours["selection"].isin(["top10", "record"])
    low, high = (
        wording.digits(v) for v in ours.loc[largest, "growth_per_year"].agg(["min", "max"])
    )
    least, most = (
        wording.digits(v) for v in ours.loc[~largest, "growth_per_year"].agg(["min", "max"])
    )

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = data.sort_values(["origin", "growth"])["definition"].tolist()
        base = alt.Chart(data)
        y = alt.Y(
            "definition:N",
            sort=order,
            axis=alt.Axis(
                title=None,
                labelLimit=330,
                labelColor=theme.INK,
                # On a phone a label takes two lines.
                labelExpr="datum.label"
                if width > 500
                else "split(datum.label, regexp(': |, (?=since)'))",
                labelOverlap=False,
                grid=True,
                ticks=False,
            ),
        )
        x = alt.X("growth:Q", title="times per year (log scale)",
                  scale=alt.Scale(type="log", domain=[2.3, 11], nice=False),
                  axis=alt.Axis(values=[3, 4, 5, 6, 8, 10], grid=True))  # fmt: skip
        colour = alt.Color(
            "origin:N",
            scale=alt.Scale(domain=["this book", "published"], range=[theme.TRAINING, theme.OTHER]),
        )
        whisker = base.mark_rule(strokeWidth=2).encode(
            y=y, x=alt.X("low:Q"), x2="high:Q", color=colour
        )
        point = base.mark_point(filled=False, strokeWidth=2, size=60).encode(
            y=y,
            x=x,
            color=colour,
            tooltip=["definition:N", alt.Tooltip("growth:Q", format=".2f"), "n:Q", "origin:N"],
        )
        return whisker + point

    return Figure(
        id="growth-by-definition",
        title=(
            f"The largest runs grow {low} to {high} times a year; all runs of the table {least} to "
            f"{most}"
        ),
        subtitle="Growth of training compute, times per year, with 90% intervals where known",
        caption=(
            "The same regression on the same table under different rules for which runs count, "
            "from two start years, beside the rates others published for their own selections. "
            "All runs grow slower because most late rows are open models of middling size. "
            "A point without a whisker was published without an interval."
        ),
        alt=(
            f"Dot plot of yearly growth of training compute. Our rules for the largest runs give "
            f"{low} to {high} times a year, for all runs {least} to {most}; published rates lie "
            f"between {wording.digits(published['growth'].min())} and "
            f"{wording.digits(published['growth'].max())}."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=draw,
        fields={
            "definition": "which runs count, and since when",
            "origin": "this book, or a published rate",
            "growth": "growth of training compute, times per year",
            "low": "lower end of the interval, times per year",
            "high": "upper end of the interval, times per year",
            "n": "number of runs in the regression, where known",
            "kind": "kind of evidence",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=catalog.tables_of(runs, catalog.load("growth_rates")),
        models=(trend_by_selection,),
        tests=("tests/scaling_laws/test_growth.py::" + findings.GROWTH_TEST,),
        weaknesses=(
            "The rules overlap, so their intervals are not independent. Published rates were "
            "found at different dates on different versions of one database."
        ),
        settings={"level": 0.9, "method": "least squares"},
        height={"wide": 460, "narrow": 620},
    )


def training_cost_trend() -> Figure:
    runs = findings.costed_runs()
    frontier = top_at_release(findings.runs())
    trend = findings.cost_trend()
    years = np.linspace(trend.first_year, trend.last_year, 25)
    frame = pd.concat(
        [_trend_rows(trend.predict(years)), _run_rows(runs, "training_cost_usd", frontier.index)],
        ignore_index=True,
    )
    pace = wording.digits(trend.growth_per_year)
    low, high = wording.digits(trend.growth_low), wording.digits(trend.growth_high)
    dearest = runs.loc[runs["training_cost_usd"].idxmax()]
    published = catalog.load("growth_rates").set_index("fact_id").loc["cost_cottier_2024"]
    return Figure(
        id="training-cost-trend",
        title=f"The bill for the largest runs has grown {pace}-fold a year",
        subtitle="Amortised cost of the final run, 2023 US dollars (log scale), by release date",
        caption=(
            f"Chips amortised over the run plus energy; no staff, no experiments. Line: runs "
            f"among the ten largest at release ({low} to {high} times a year, 90% interval). "
            f"Cottier et al. found {wording.digits(published['value'])} "
            f"({wording.digits(published['ci_low'])} to {wording.digits(published['ci_high'])}) "
            "to 2024, before the dearest runs."
        ),
        alt=(
            f"Scatter of {len(runs)} runs with a cost estimate. Costs rise from tens of dollars in "
            f"2012 to {wording.usd(dearest['training_cost_usd'], 3)} for {dearest['model']}; the "
            f"trend of the largest runs is {pace} times a year."
        ),
        evidence=("estimate", "derived"),
        frame=frame,
        draw=lambda data: _scatter(
            data,
            alt.Axis(
                title="cost of the final run, 2023 USD",
                values=[10.0**n for n in range(1, 10)],
                labelExpr="'$' + replace(format(datum.value, '~s'), 'G', 'B')",
            ),
            "USD",
        ),
        fields={
            **_RUN_FIELDS,
            "value": "amortised cost of the final run, 2023 USD; for the trend its central line",
            "low": "lower end of the 90% band of the line, USD",
            "high": "upper end of the 90% band of the line, USD",
        },
        sources=catalog.sources_of(runs, published["source_id"]),
        tables=catalog.tables_of(runs, catalog.load("growth_rates")),
        models=(log_linear_trend, with_cost_per_flop),
        tests=("tests/scaling_laws/test_growth.py::" + findings.GROWTH_TEST,),
        weaknesses=(
            "Cost estimates exist for a part of the runs, and for the last two years for few of "
            "the largest. Amortised cost is below what a lab pays to rent the same chips."
        ),
        settings={"level": trend.level, "price_year": 2023, "basis": "amortised"},
    )
