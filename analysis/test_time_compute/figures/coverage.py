"""Figures of repeated sampling: how far trying again goes, and how well that can be foretold."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.publishing.labels import end_labels, spread
from analysis.publishing.marks import line_with_band
from analysis.test_time_compute.coverage import coverage_curve, pass_at_k
from analysis.test_time_compute.coverage_intervals import bootstrap_coverage
from analysis.test_time_compute.coverage_laws import fit_exponentiated_power_law, held_out_forecast
from analysis.test_time_compute.findings import sampling


def coverage_curves() -> Figure:
    rows = catalog.load("coverage_curves")
    frame = rows.assign(
        short=rows["model"].str.removeprefix("Pythia "),
        coverage_percent=100 * rows["coverage"],
        low=100 * rows["low_90"],
        high=100 * rows["high_90"],
    )[["model", "short", "parameters", "samples", "coverage_percent", "low", "high", "source_id"]]
    largest, smallest = sampling.largest_model(), sampling.smallest_model()
    at = frame.set_index(["model", "samples"])["coverage_percent"]
    most = int(frame["samples"].max())
    start, end = (wording.percent(at[largest, k] / 100) for k in (1, most))
    small, tries = sampling.matching_tries()
    equal = f"{wording.count(tries)} tries give the {small} model what 100 give the largest."

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        x_scale = alt.Scale(
            type="log",
            domain=theme.domain_with_room(1, most, width, 95 if width > 500 else 60),
            nice=False,
        )
        x = alt.X(
            "samples:Q",
            scale=x_scale,
            axis=alt.Axis(values=[1, 10, 100, 1000, 10_000], format=",d"),
            title="tries per problem, samples (log scale)",
        )
        scale = alt.Scale(domain=[0, 100], nice=False)
        title = "problems solved by at least one try, percent"
        chosen = alt.datum.model == largest
        colour = alt.condition(chosen, alt.value(theme.INFERENCE), alt.value(theme.OTHER))
        base = alt.Chart(data)
        band = line_with_band(
            base.transform_filter(chosen), x=x, y="coverage_percent", low="low", high="high",
            colour=theme.INFERENCE, channel={"title": title, "scale": scale}, strokeWidth=3,
        )  # fmt: skip
        lines = base.mark_line(strokeWidth=1.6).encode(
            x=x,
            y=alt.Y("coverage_percent:Q", title=title, scale=scale),
            detail="model:N",
            color=colour,
            tooltip=[
                "model:N", "samples:Q", alt.Tooltip("coverage_percent:Q", format=".1f"),
                alt.Tooltip("low:Q", format=".1f"), alt.Tooltip("high:Q", format=".1f"),
            ],
        )  # fmt: skip
        last = data.loc[data["samples"] == most].copy()
        last["label_at"] = spread(last["coverage_percent"].tolist(), 5.5, 3)
        labels = end_labels(
            last, x=x, x_scale=x_scale, y="coverage_percent", scale=scale,
            text="model" if width > 500 else "short", colour=colour, reach=1.5,
        )  # fmt: skip
        return band + lines + labels

    return Figure(
        id="coverage-curves",
        title=f"Ten thousand tries lift a small model from {start} to {end} of the problems",
        subtitle="MATH problems solved by at least one of so many tries, percent; Pythia models",
        caption=(
            f"Counts of right answers among {most:,} tries at each of {sampling.problem_count()} "
            "problems, by the unbiased estimator; band: 90% interval over problems, for the "
            f"largest model. {equal} A problem counts once any try is right: it takes somebody "
            "who can tell which."
        ),
        alt=(
            f"Rising curves of coverage against tries from 1 to {most:,} for "
            f"{frame['model'].nunique()} Pythia models of {smallest} to {largest}. The largest "
            f"goes from {start} to {end}; the "
            f"smallest reaches {wording.percent(at[smallest, most] / 100)}."
        ),
        evidence=("measured", "derived"),
        frame=frame,
        draw=draw,
        fields={
            "model": "model",
            "short": "label on a narrow screen",
            "parameters": "parameters of the model",
            "samples": "tries per problem, k",
            "coverage_percent": "problems solved by at least one of k tries, percent",
            "low": "lower end of the 90% bootstrap interval, percent",
            "high": "upper end of the 90% bootstrap interval, percent",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(rows),
        tables=("coverage_curves",),
        models=(pass_at_k, coverage_curve, bootstrap_coverage),
        tests=("tests/test_time_compute/test_coverage.py::" + sampling.COVERAGE_TEST,),
        weaknesses=(
            "Old, small models that were never trained to think, on one kind of problem whose "
            "answers can be checked. The interval is that of the choice of problems; near one "
            "try the samples are many enough not to matter."
        ),
        settings={"level": 0.9, "resamples": 10_000},
        height={"wide": 380, "narrow": 340},
    )


def coverage_forecast() -> Figure:
    rows = catalog.load("coverage_forecasts")
    at = rows["samples"].max()
    rows = rows.loc[rows["samples"] == at]
    seen = int(rows["seen_samples"].iloc[0])
    frame = pd.DataFrame(
        {
            "model": rows["model"],
            "parameters": rows["parameters"],
            "law": rows["law"].map(sampling.LAW_NAMES),
            "error_points": 100 * rows["error"],
            "rmse_points": 100 * rows["rmse"],
            "low": 100 * (rows["predicted_low"] - rows["observed"]),
            "high": 100 * (rows["predicted_high"] - rows["observed"]),
            "observed_percent": 100 * rows["observed"],
            "source_id": rows["source_id"],
        }
    )
    typical = sampling.forecast_errors()
    best = typical.idxmin()
    error = wording.digits(typical.min())

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = data.drop_duplicates("model").sort_values("parameters")["model"].tolist()
        laws = list(sampling.LAW_NAMES.values())
        y = alt.Y(
            "model:N", sort=order,
            axis=alt.Axis(title=None, labelColor=theme.INK, ticks=False),
        )  # fmt: skip
        offset = alt.YOffset("law:N", sort=laws)
        scale = alt.Scale(domain=[-30, 40], clamp=True, nice=False)
        x = alt.X(
            "error_points:Q", scale=scale, axis=alt.Axis(grid=True),
            title="forecast less observed, percentage points",
        )  # fmt: skip
        colour = alt.Color(
            "law:N",
            scale=alt.Scale(domain=laws, range=[theme.INFERENCE, theme.OTHER, theme.ACCENT]),
            legend=alt.Legend(columns=3 if width > 500 else 1),
        )
        base = alt.Chart(data)
        zero = alt.Chart(pd.DataFrame({"error_points": [0.0]})).mark_rule().encode(x=x)
        whisker = base.mark_rule(strokeWidth=1.6).encode(
            y=y, yOffset=offset, x=alt.X("low:Q", scale=scale), x2="high:Q", color=colour
        )
        dots = base.mark_point(size=55, strokeWidth=2, filled=False).encode(
            y=y,
            yOffset=offset,
            x=x,
            color=colour,
            tooltip=["model:N", "law:N", alt.Tooltip("error_points:Q", format=".1f")],
        )
        return zero + whisker + dots

    return Figure(
        id="coverage-forecast",
        title=(
            f"From {seen} tries the coverage of {at:,} can be foretold to about {error} points, by "
            "the best of three laws"
        ),
        subtitle=f"Forecast less observed coverage at {at:,} tries, percentage points, by law",
        caption=(
            f"Each law is fitted to {seen} tries per problem, drawn from all, and asked for "
            f"{at:,}. Dots: mean over {sampling.forecast_draws()} such draws; whiskers: the lowest "
            f"and highest of them, cut at the frame. One forecast by the {best}, the closest, is "
            f"typically {error} points off (root mean square over models and draws)."
        ),
        alt=(
            f"Dot plot of forecast errors for seven models and {frame['law'].nunique()} laws. Mean "
            "errors lie within about ten points; for the smallest models single forecasts miss by "
            "tens of points."
        ),
        evidence=("derived", "measured"),
        frame=frame,
        draw=draw,
        fields={
            "model": "model",
            "parameters": "parameters of the model",
            "law": "law that was fitted",
            "error_points": "mean forecast less observed coverage, percentage points",
            "rmse_points": "root mean square error of one forecast, percentage points",
            "low": "lowest forecast less observed coverage, percentage points",
            "high": "highest forecast less observed coverage, percentage points",
            "observed_percent": "observed coverage, percent",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(rows),
        tables=("coverage_forecasts",),
        models=(held_out_forecast, fit_exponentiated_power_law),
        tests=("tests/test_time_compute/test_coverage_laws.py::" + sampling.FORECAST_TEST,),
        weaknesses=(
            "Seven models of one family on the same problems. Draws that a law could not be "
            "fitted to, a few of the weakest model, are left out. Whiskers hold the luck of the "
            "samples drawn, not that of the problems chosen."
        ),
        settings={"seen_samples": seen, "predicted_at": int(at)},
        height={"wide": 420, "narrow": 440},
    )
