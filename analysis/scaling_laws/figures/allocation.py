"""Figures of how to split compute between model and data."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme
from analysis.publishing.labels import end_labels, spread
from analysis.scaling_laws import findings
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.printed_points import predictions

_VALLEY_BUDGETS = (1e19, 1e21, 1e23, 1e25)
_RATIO_LAWS = (
    "hoffmann2022_A3_rounded",
    "hoffmann2022_A3_tex",
    "besiroglu2024",
    "llama3_2024_figure",
    "llama3_2024_text",
    "porian2024_rw_tuned",
    "muennighoff2023",
)


def isoflop_valleys() -> Figure:
    law = findings.refit_law()
    times = np.geomspace(1 / 30, 30, 41)
    parts = []
    for budget in _VALLEY_BUDGETS:
        best = law.optimum(budget)
        parameters = float(best.parameters) * times
        loss = law.isoflop(budget, parameters)
        low, high = findings.isoflop_band(budget, parameters)
        parts.append(
            pd.DataFrame(
                {
                    "budget": f"{wording.power(budget)} FLOP",
                    "train_flop": budget,
                    "parameters": parameters,
                    "size_over_best": times,
                    "loss": loss,
                    "low": low,
                    "high": high,
                    "compute_multiple": law.compute_penalty(
                        budget, float(best.tokens_per_parameter) / times**2
                    ),
                    "best": np.isclose(times, 1.0),
                    "beyond": budget > findings.largest_fitted_flop("besiroglu2024"),
                    "source_id": "besiroglu2024",
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    twice, thrice = (wording.percent(findings.penalty_of_wrong_size(n) - 1) for n in (2.0, 3.0))

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        sizes = data["parameters"]
        ticks = [10.0**n for n in range(7, 14, 1 if width > 500 else 2)]
        x = alt.X(
            "parameters:Q",
            scale=alt.Scale(
                type="log",
                domain=theme.domain_with_room(sizes.min(), sizes.max(), width, 62),
                nice=False,
            ),
            axis=theme.power_axis("parameters of the model", values=ticks),
        )
        y = alt.Y("loss:Q", title="loss, nats per token", scale=alt.Scale(zero=False))
        base = alt.Chart(data)
        band = base.mark_area(opacity=0.18).encode(
            x=x, y=alt.Y("low:Q", title="loss, nats per token"), y2="high:Q", detail="budget:N"
        )
        line = base.mark_line().encode(
            x=x,
            y=y,
            detail="budget:N",
            strokeDash=alt.condition("datum.beyond", alt.value([4, 4]), alt.value([1, 0])),
            tooltip=[
                "budget:N",
                alt.Tooltip("parameters:Q", format=".2e"),
                alt.Tooltip("loss:Q", format=".3f"),
                alt.Tooltip("compute_multiple:Q", format=".2f", title="compute wasted, times"),
            ],
        )
        best = base.transform_filter("datum.best")
        mark = best.mark_point(size=70, color=theme.INK).encode(x=x, y=y)
        ends = alt.Chart(data.loc[data.groupby("budget")["parameters"].idxmax()])
        label = ends.mark_text(align="left", dx=5, fontSize=11).encode(x=x, y=y, text="budget:N")
        return band + line + mark + label

    return Figure(
        id="isoflop-valleys",
        title=f"Twice off the best size costs {twice} more compute, three times off {thrice}",
        subtitle="Loss by model size at four fixed training budgets, nats per token, our refit",
        caption=(
            "Along a line the compute is fixed, so a larger model sees fewer tokens. Dots mark the "
            f"best size. The costs in the title are read at {wording.power(findings.VALLEY_FLOP)} "
            "FLOP, on the worse side. Bands: 90% of the bootstrap. Dashed: "
            "beyond the runs fitted."
        ),
        alt=(
            "Four U-shaped curves of loss against model size, one per training budget from 10¹⁹ to "
            "10²⁵ FLOP. Each has a flat bottom; the best size grows about as the square root of "
            "the budget."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=draw,
        fields={
            "budget": "training compute, in words",
            "train_flop": "training compute, FLOP",
            "parameters": "parameters of the model",
            "size_over_best": "size as a multiple of the best size at that compute",
            "loss": "loss under our refit, nats per token",
            "low": "lower end of the 90% bootstrap interval, nats per token",
            "high": "upper end of the 90% bootstrap interval, nats per token",
            "compute_multiple": "compute spent over the compute that reaches the same loss at best",
            "best": "true at the best size",
            "beyond": "true beyond the compute of the runs fitted",
            "source_id": "key of the source of the points fitted",
        },
        sources=catalog.sources_of(frame),
        tables=("chinchilla_refit", "chinchilla_draws"),
        models=(LossLaw,),
        tests=(
            "tests/scaling_laws/test_laws.py::test_no_other_size_beats_the_optimum",
            "tests/scaling_laws/test_laws.py::test_penalised_compute_reaches_the_same_loss",
        ),
        weaknesses=(
            "The curves are the law's, not measured valleys; real ones can be asymmetric where "
            "learning rate or batch size were not tuned for each size."
        ),
        settings={"budgets_flop": list(_VALLEY_BUDGETS), "level": 0.9},
        height={"wide": 420, "narrow": 360},
    )


def tokens_per_parameter() -> Figure:
    laws = findings.published_laws()
    compute = np.logspace(18, 27, 28)
    points = findings.printed_points().query("compute_flop <= 1e27")
    lines = predictions([laws[law_id] for law_id in _RATIO_LAWS], compute)
    lines = lines.query("quantity == 'tokens_per_parameter'")
    sources = {law_id: findings.fit_row(law_id)["source_id"] for law_id in _RATIO_LAWS}
    reached = {law_id: findings.largest_fitted_flop(law_id) for law_id in _RATIO_LAWS}
    band = findings.ratio_band(compute)
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "series": "law",
                    "law": lines["law_id"].map(findings.SHORT_NAMES),
                    "train_flop": lines["train_flop"],
                    "ratio": lines["value"],
                    "low": np.nan,
                    "high": np.nan,
                    "beyond": lines["train_flop"] > lines["law_id"].map(reached),
                    "source_id": lines["law_id"].map(sources),
                }
            ),
            band.assign(
                series="refit",
                law="this book's refit",
                beyond=band["train_flop"] > findings.largest_fitted_flop("besiroglu2024"),
                source_id="besiroglu2024",
            ),
            pd.DataFrame(
                {
                    "series": "printed",
                    "law": [findings.point_name(row) for _, row in points.iterrows()],
                    "train_flop": points["compute_flop"],
                    "ratio": points["tokens_per_parameter"],
                    "low": np.nan,
                    "high": np.nan,
                    "beyond": False,
                    "source_id": points["source_id"],
                }
            ),
        ],
        ignore_index=True,
    )
    ends = findings.ratio_at_frontier()

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        ticks = [10.0**n for n in range(16, 28, 2 if width > 500 else 4)]
        x_scale = alt.Scale(
            type="log", domain=theme.domain_with_room(1e16, 1e27, width, 134), nice=False
        )
        x = alt.X(
            "train_flop:Q",
            scale=x_scale,
            axis=theme.power_axis("training compute, FLOP", values=ticks),
        )
        y_scale = alt.Scale(type="log", domain=[3, 300], nice=False)
        y = alt.Y(
            "ratio:Q",
            title="training tokens per parameter (log scale)",
            scale=y_scale,
            axis=alt.Axis(values=[2, 5, 10, 20, 50, 100, 200], format="d"),
        )
        base = alt.Chart(data)
        ours = base.transform_filter("datum.series === 'refit'")
        laws = base.transform_filter("datum.series === 'law'")
        area = ours.mark_area(opacity=0.2).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
        within = "!datum.beyond"
        grey = alt.layer(
            laws.mark_line(color=theme.OTHER, strokeWidth=1.6, strokeDash=[4, 4]).encode(
                x=x, y=y, detail="law:N", tooltip=["law:N", alt.Tooltip("ratio:Q", format=".1f")]
            ),
            laws.transform_filter(within)
            .mark_line(color=theme.OTHER, strokeWidth=1.6)
            .encode(x=x, y=y, detail="law:N"),
        )
        blue = alt.layer(
            ours.mark_line(strokeWidth=3, strokeDash=[4, 4]).encode(x=x, y=y),
            ours.transform_filter(within).mark_line(strokeWidth=3).encode(x=x, y=y),
        )
        dots = (
            base.transform_filter("datum.series === 'printed'")
            .mark_point(color=theme.ACCENT, size=28, filled=False, strokeWidth=1.4)
            .encode(
                x=x,
                y=y,
                tooltip=["law:N", alt.Tooltip("ratio:Q", format=".1f")],
            )
        )
        last = data.loc[data["series"] != "printed"]
        last = last.loc[last.groupby("law")["train_flop"].idxmax()].copy()
        last["label_at"] = 10 ** spread(np.log10(last["ratio"]).tolist(), 0.075)
        labels = end_labels(
            last,
            x=x,
            x_scale=x_scale,
            y="ratio",
            scale=y_scale,
            text="law",
            colour=alt.condition(
                "datum.series === 'refit'", alt.value(theme.TRAINING), alt.value(theme.MUTED)
            ),
            reach=2.2 if width > 500 else 3.0,
        )
        return alt.layer(area, grey, dots, blue, labels)

    low, high = wording.digits(ends["ratio"].min()), wording.digits(ends["ratio"].max())
    at = wording.power(findings.RATIO_FLOP)
    own = findings.ratio_band(np.array([findings.RATIO_FLOP])).iloc[0]
    ours = wording.span(wording.digits(own["low"]), wording.digits(own["high"]))
    return Figure(
        id="tokens-per-parameter",
        title=(
            f"At {at} FLOP the laws ask for {low} to {high} tokens per parameter; the interval of "
            f"one law alone is {ours}"
        ),
        subtitle="Training tokens per parameter of the compute-optimal model (log scale)",
        caption=(
            "Lines: what each law prescribes, dashed beyond the runs it was fitted to; blue is our "
            "refit with its 90% band. Purple rings, to 10²⁷ FLOP: optimal models that the papers "
            "print in their own tables. Two pairs show rounding: Hoffmann et al. as printed and "
            "unrounded, Llama 3 as in its text and its figure."
        ),
        alt=(
            "Lines of tokens per parameter against compute for seven published laws and our refit. "
            f"They lie close together at small compute and fan out to between {low} and {high} at "
            f"{at} FLOP; the printed coefficients of Hoffmann et al. make the highest line."
        ),
        evidence=("estimate", "reported", "derived"),
        frame=frame,
        draw=draw,
        fields={
            "series": "law, refit, or an optimal model printed in a paper",
            "law": "law, or the law a printed point belongs to",
            "train_flop": "training compute, FLOP",
            "ratio": "training tokens per parameter",
            "low": "lower end of the 90% bootstrap interval",
            "high": "upper end of the 90% bootstrap interval",
            "beyond": "true beyond the compute of the runs the law was fitted to",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("scaling_law_fits", "compute_optimal_points", "chinchilla_draws"),
        models=(predictions, LossLaw),
        tests=(
            "tests/scaling_laws/test_published.py::"
            "test_tokens_per_parameter_at_the_chinchilla_budget",
            "tests/scaling_laws/test_published.py::"
            "test_only_the_figure_legend_of_llama_3_gives_the_tokens_the_paper_states",
        ),
        weaknesses=(
            "Papers count parameters differently, with or without embeddings, and train on "
            "different text. Few of the lines are backed by runs above 10²² FLOP."
        ),
        settings={"level": 0.9, "draws": findings.draw_count()},
        height={"wide": 440, "narrow": 380},
    )
