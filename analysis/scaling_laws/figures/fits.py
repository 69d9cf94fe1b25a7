"""Figures of how well the law is known: our fit beside published ones, and what designs tell."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.scaling_laws import findings
from analysis.scaling_laws.bootstrap import bootstrap_loss_law
from analysis.scaling_laws.derive import SEED
from analysis.scaling_laws.designs import DESIGNS, design_table
from analysis.scaling_laws.fitting import fit_loss_law
from analysis.scaling_laws.identifiability import coverage_study, identify

_SHOWN = {
    "E": "floor E, nats per token",
    "alpha": "exponent α of parameters",
    "beta": "exponent β of tokens",
    "parameter_exponent": "exponent a of the best size",
}
_OWN = {
    "huber": "this book, Huber loss",
    "least_absolute": "this book, absolute deviations",
    "least_squares": "this book, least squares",
}
_PUBLISHED = {
    "besiroglu2024": "Besiroglu 2024",
    "hoffmann2022_A3_tex": "Hoffmann 2022, unrounded",
    "hoffmann2022_A3_rounded": "Hoffmann 2022, as printed",
}


def _own_rows() -> pd.DataFrame:
    rows = catalog.load("chinchilla_refit")
    rows = rows.loc[rows["quantity"].isin(list(_SHOWN))]
    return pd.DataFrame(
        {
            "fit": rows["fit_by"].map(_OWN),
            "quantity": rows["quantity"].map(_SHOWN),
            "value": rows["estimate"],
            "low": rows["low_95"],
            "high": rows["high_95"],
            "origin": "this book",
            "source_id": rows["source_id"],
        }
    )


def _published_rows() -> pd.DataFrame:
    parts = []
    for law_id, name in _PUBLISHED.items():
        row = findings.fit_row(law_id)
        columns = {"E": "E", "alpha": "alpha", "beta": "beta", "parameter_exponent": "a"}
        parts += [
            {
                "fit": name,
                "quantity": _SHOWN[quantity],
                "value": row[column],
                "low": row[f"{column}_ci_low"] if "95%" in row["ci_level"] else np.nan,
                "high": row[f"{column}_ci_high"] if "95%" in row["ci_level"] else np.nan,
                "origin": "published",
                "source_id": row["source_id"],
            }
            for quantity, column in columns.items()
        ]
    return pd.DataFrame(parts)


def refit_against_published() -> Figure:
    frame = pd.concat([_own_rows(), _published_rows()], ignore_index=True)
    order = [*_OWN.values(), *_PUBLISHED.values()]
    beta = findings.refit().loc["beta"]
    printed = findings.fit_row("hoffmann2022_A3_rounded")["beta"]
    away = (beta["estimate"] - printed) / beta["standard_error"]

    def panel(data: pd.DataFrame, quantity: str, width: int) -> alt.LayerChart | alt.FacetChart:
        base = alt.Chart(data).transform_filter(alt.datum.quantity == quantity)
        y = alt.Y(
            "fit:N",
            sort=order,
            axis=alt.Axis(title=None, labelLimit=200, labelColor=theme.INK, ticks=False),
        )
        x = alt.X(
            "value:Q",
            title=quantity,
            scale=alt.Scale(zero=False, padding=8),
            axis=alt.Axis(tickCount=5 if width > 250 else 3, grid=True),
        )
        colour = alt.Color(
            "origin:N",
            scale=alt.Scale(domain=["this book", "published"], range=[theme.TRAINING, theme.OTHER]),
            legend=None,
        )
        whisker = base.mark_rule(strokeWidth=2).encode(y=y, x="low:Q", x2="high:Q", color=colour)
        dot = base.mark_point(filled=False, strokeWidth=2, size=55).encode(
            y=y, x=x, color=colour, tooltip=["fit:N", alt.Tooltip("value:Q", format=".4f")]
        )
        return (whisker + dot).properties(width=width, height=112)

    def draw(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
        inner = width - 215
        return alt.vconcat(*(panel(data, name, inner) for name in _SHOWN.values()), spacing=8)

    return Figure(
        id="refit-against-published",
        title=(
            "The corrected fit of 2024 is one of ours to the digit; the data exponent printed in "
            f"2022 lies {wording.digits(away)} standard errors away"
        ),
        subtitle="Coefficients of one law fitted to Chinchilla runs, with 95% intervals",
        caption=(
            f"Blue: our fits of {int(beta['points'])} points under three meanings of “best”, with "
            f"a bootstrap of {int(beta['resamples']):,} resamples for the first. Grey: published "
            "values; Besiroglu's is our fit by absolute deviations. Hoffmann et al. fitted all "
            "their runs, of which these points are a part."
        ),
        alt=(
            "Four panels of dots with whiskers: floor, exponent of parameters, exponent of tokens "
            "and exponent of the best size. Besiroglu's values fall on our fit by absolute "
            "deviations; both versions of Hoffmann's floor, exponent of tokens and exponent of the "
            "best size lie outside our interval."
        ),
        evidence=("derived", "reported"),
        frame=frame,
        draw=draw,
        fields={
            "fit": "whose fit, and by which measure or version",
            "quantity": "coefficient of the law, with its unit",
            "value": "value, in the unit of the quantity",
            "low": "lower end of the 95% bootstrap interval",
            "high": "upper end of the 95% bootstrap interval",
            "origin": "this book or published",
            "source_id": "key of the source of points or values",
        },
        sources=catalog.sources_of(frame),
        tables=("chinchilla_refit", "scaling_law_fits"),
        models=(fit_loss_law, bootstrap_loss_law),
        tests=findings.FITTING_TESTS,
        weaknesses=(
            "The points were read off a picture, so small errors of reading are in them; five "
            "outlying points are left out, as in the published replication."
        ),
        settings={"level": 0.95, "delta": findings.huber_delta()},
        height={"wide": 0, "narrow": 0},
    )


_PINNED = {"E": "floor E", "alpha": "exponent α", "beta": "exponent β", "a": "exponent a"}


def identifiability() -> Figure:
    table = catalog.load("design_coverage")
    table = table.loc[table["quantity"].isin(list(_PINNED))]
    frame = pd.DataFrame(
        {
            "design": table["label"] + " (" + table["runs"].astype(str) + " runs)",
            "quantity": table["quantity"].map(_PINNED),
            "half_width_percent": 50 * table["median_width"] / table["true_value"],
            "coverage_percent": 100 * table["coverage"],
            "identified": table["identified"],
        }
    )
    pinned = findings.design_summary()

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = list(dict.fromkeys(data["design"]))
        y = alt.Y(
            "design:N",
            sort=order,
            axis=alt.Axis(
                title=None,
                labelLimit=260,
                labelColor=theme.INK,
                labelExpr="datum.label"
                if width > 500
                else "split(datum.label, regexp(' (?=\\\\()'))",
                labelOverlap=False,
                grid=True,
                ticks=False,
            ),
        )
        x = alt.X(
            "half_width_percent:Q",
            title="half-width of the 90% interval, percent of the value (log scale)"
            if width > 500
            else "half-width, percent",
            scale=alt.Scale(type="log", domain=[0.2, 10], nice=False),
            axis=alt.Axis(values=[0.2, 0.5, 1, 2, 5, 10], grid=True),
        )
        colour = alt.Color(
            "quantity:N",
            scale=alt.Scale(
                domain=list(_PINNED.values()),
                range=[theme.INK, theme.TRAINING, theme.ACCENT, theme.OTHER],
            ),
            legend=alt.Legend(columns=4 if width > 500 else 2, labelLimit=130),
        )
        shape = alt.Shape(
            "quantity:N",
            scale=alt.Scale(
                domain=list(_PINNED.values()), range=["circle", "square", "diamond", "triangle-up"]
            ),
        )
        known = alt.Chart(data).transform_filter("datum.identified")
        dots = known.mark_point(filled=True, size=65).encode(
            y=y,
            x=x,
            color=colour,
            shape=shape,
            tooltip=[
                "design:N",
                "quantity:N",
                alt.Tooltip("half_width_percent:Q", format=".2f"),
                alt.Tooltip("coverage_percent:Q", format=".1f", title="intervals that hold, %"),
            ],
        )
        none = data.loc[~data["identified"]].drop_duplicates("design")
        note = (
            alt.Chart(none)
            .mark_text(align="left", dx=6, fontSize=11)
            .encode(
                y=y,
                x=alt.value(0),
                text=alt.value(
                    "cannot be pinned, however many runs" if width > 500 else "cannot be pinned"
                ),
            )
        )
        return dots + note

    return Figure(
        id="identifiability",
        title=(
            "Runs at one ratio of data to size cannot pin the law; spread over five tenfolds, "
            f"{pinned['runs']} runs pin every exponent to {pinned['worst']}"
        ),
        subtitle="Half-width of the 90% interval of each coefficient, percent of its value",
        caption=(
            "Near one ratio: half and twice as many tokens per parameter too; grid: sizes over a "
            f"hundredfold at each budget. {pinned['repetitions']} simulated studies per design, "
            "from our refit's law with the scatter of the Chinchilla points. Intervals hold the "
            f"truth in {pinned['coverage_low']} to {pinned['coverage_high']} of the studies; 90% "
            "were called for."
        ),
        alt=(
            "Dot plot of interval half-widths by design. Runs on a single ratio have none: the law "
            "cannot be told. Widths fall from several percent for one tenfold of compute or nearly "
            "one ratio to about one percent for a grid over five tenfolds."
        ),
        evidence=("simulation",),
        frame=frame,
        draw=draw,
        fields={
            "design": "where the runs are put, and how many",
            "quantity": "coefficient of the law",
            "half_width_percent": "median half-width of the 90% interval, percent of the truth",
            "coverage_percent": "share of simulated studies whose interval held the truth, percent",
            "identified": "false where the design cannot pin the law at all",
        },
        sources=catalog.sources_of(table),
        tables=("design_coverage",),
        models=(design_table, coverage_study, identify),
        tests=findings.IDENTIFIABILITY_TESTS,
        weaknesses=(
            "The simulation takes the law's form as true and the errors as independent and normal; "
            "real studies have neither."
        ),
        settings={"level": 0.9, "seed": SEED, "designs": [design.id for design in DESIGNS]},
        height={"wide": 270, "narrow": 330},
    )
