"""The figure of what papers print, held against their own formulas."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.scaling_laws import findings
from analysis.scaling_laws.printed_points import compare_with_points


def printed_against_own_law() -> Figure:
    points = findings.printed_points()
    compared = compare_with_points(findings.published_laws(), points)
    compared = compared.loc[~compared["flag"].isin(["anchor", "no prediction"])]
    compared = compared.loc[compared["quantity"] == "tokens_per_parameter"]
    frame = pd.DataFrame(
        {
            "law": compared["fit_id"].map(findings.law_name),
            "train_flop": compared["compute_flop"],
            "printed": compared["printed"],
            "predicted": compared["predicted"],
            "ratio": compared["ratio"],
            "basis": compared["basis"],
            "source_id": compared["fit_id"].map(lambda fit: findings.fit_row(fit)["source_id"]),
        }
    )
    extra = findings.printed_coefficients_at_printed_points()
    frame = pd.concat([frame, extra], ignore_index=True)
    worst = frame.loc[np.log(frame["ratio"]).abs().idxmax()]
    factor = wording.digits(max(worst["ratio"], 1 / worst["ratio"]))

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = (
            data.assign(off=np.log(data["ratio"]).abs())
            .groupby("law")["off"]
            .max()
            .sort_values(ascending=False)
            .index.tolist()
        )
        line = (
            alt.Chart(pd.DataFrame({"ratio": [1.0]}))
            .mark_rule(color=theme.MUTED, strokeDash=[3, 3])
            .encode(x="ratio:Q")
        )
        dots = (
            alt.Chart(data)
            .mark_point(filled=False, strokeWidth=1.8, size=60)
            .encode(
                x=alt.X(
                    "ratio:Q",
                    title="tokens per parameter, formula over table (ratio, log scale)"
                    if width > 500
                    else "formula over table (ratio)",
                    scale=alt.Scale(type="log", domain=[0.4, 2.5], nice=False),
                    axis=alt.Axis(values=[0.5, 0.7, 1, 1.5, 2], grid=True),
                ),
                y=alt.Y(
                    "law:N",
                    sort=order,
                    axis=alt.Axis(title=None, labelLimit=220, labelColor=theme.INK, ticks=False),
                ),
                color=alt.condition(
                    "abs(log(datum.ratio)) > log(1.25)",
                    alt.value(theme.ACCENT),
                    alt.value(theme.TRAINING),
                ),
                tooltip=[
                    "law:N",
                    alt.Tooltip("train_flop:Q", format=".2e", title="FLOP"),
                    alt.Tooltip("printed:Q", format=".1f"),
                    alt.Tooltip("predicted:Q", format=".1f"),
                ],
            )
        )
        return line + dots

    return Figure(
        id="printed-against-own-law",
        title=f"Printed coefficients miss their own paper's table by up to {factor} times",
        subtitle="Tokens per parameter from a paper's formula over the value printed beside it",
        caption=(
            "One ring per optimal model that a paper prints. At 1 the formula gives the table "
            "back; purple rings are off by more than a quarter. Exponents rounded to two digits "
            "are the cause: over many powers of ten a small rounding grows into a factor. Kaplan's "
            "ring is a value that a later paper quotes; it fits if the compute of very small "
            "batches, which Kaplan's law takes, is half of that spent. That reading is ours."
        ),
        alt=(
            f"Dot plot of formula over table by law. Most rings lie near 1; the printed "
            f"coefficients of {worst['law']} are off by {factor} times."
        ),
        evidence=("derived", "reported"),
        frame=frame,
        draw=draw,
        fields={
            "law": "law whose formula is held against the table",
            "train_flop": "compute of the printed model, FLOP",
            "printed": "tokens per parameter in the paper's table or text",
            "predicted": "tokens per parameter from the paper's formula",
            "ratio": "predicted over printed",
            "basis": "what the prediction rests on",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("scaling_law_fits", "compute_optimal_points"),
        models=(compare_with_points,),
        tests=(
            "tests/scaling_laws/test_published.py::"
            "test_every_printed_point_but_the_one_for_kaplan_agrees_with_its_law",
        ),
        weaknesses=(
            "Where a paper prints only an exponent, its line is anchored at its first point, so "
            "only the drift from there is tested."
        ),
        height={"wide": 320, "narrow": 340},
    )
