"""Figures of the measured exchange: sampling against training at equal coverage, and checkers."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import assumptions, catalog, wording
from analysis.publishing import Figure, theme
from analysis.publishing.labels import end_labels, spread
from analysis.test_time_compute.exchange_slopes import exchange_slopes, verifier_reach
from analysis.test_time_compute.findings import exchange
from analysis.test_time_compute.iso_coverage import iso_coverage_points, samples_for_coverage


def iso_coverage() -> Figure:
    rows = exchange.iso_coverage()
    frame = rows[
        [
            "checkpoint", "size", "parameters", "train_tokens", "train_flop", "samples_needed",
            "inference_flop", "low", "high", "source_id",
        ]
    ]  # fmt: skip
    within, across = exchange.slope("within size"), exchange.slope("across sizes")
    saved = wording.digits(10 ** within["slope"])
    low, high = (wording.digits(10 ** within[end]) for end in ("low_90", "high_90"))
    target = wording.percent(exchange.TARGET)
    sizes = 10 ** exchange.size_slopes().loc[frame.query("parameters >= 1e9")["size"].unique()]
    least, most = wording.digits(sizes.min()), wording.digits(sizes.max())
    dearer = wording.digits(10 ** -across["slope"])
    tokens = assumptions.get("tokens_per_sample")

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        x_scale = alt.Scale(
            type="log",
            domain=theme.domain_with_room(
                data["train_flop"].min() / 1.5, data["train_flop"].max(), width, 60
            ),
            nice=False,
        )
        x = alt.X(
            "train_flop:Q",
            scale=x_scale,
            axis=theme.power_axis("training compute, FLOP", values=[1e19, 1e20, 1e21, 1e22]),
        )
        scale = alt.Scale(type="log", domain=[4e13, 6e15], nice=False)
        y = alt.Y(
            "inference_flop:Q",
            scale=scale,
            axis=theme.power_axis(
                "inference compute per problem, FLOP", grid=True, values=[1e14, 1e15]
            ),
        )
        large = alt.datum.parameters >= 1e9
        colour = alt.condition(large, alt.value(theme.INFERENCE), alt.value(theme.OTHER))
        base = alt.Chart(data)
        lines = base.mark_line(strokeWidth=1.4).encode(x=x, y=y, detail="size:N", color=colour)
        whisker = base.mark_rule(strokeWidth=1).encode(
            x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", color=colour
        )
        dots = base.mark_circle(size=45, opacity=1).encode(
            x=x,
            y=y,
            color=colour,
            tooltip=[
                "checkpoint:N", alt.Tooltip("samples_needed:Q", format=".3~s"),
                alt.Tooltip("train_flop:Q", format=".1e"),
                alt.Tooltip("inference_flop:Q", format=".1e"),
            ],
        )  # fmt: skip
        ends = data.loc[data.groupby("size")["train_flop"].idxmax()].copy()
        ends["label_at"] = 10 ** spread(np.log10(ends["inference_flop"]).tolist(), 0.05)
        labels = end_labels(
            ends, x=x, x_scale=x_scale, y="inference_flop", scale=scale, text="size",
            colour=colour, reach=1.25,
        )  # fmt: skip
        return lines + whisker + dots + labels

    return Figure(
        id="iso-coverage",
        title=(
            "From a billion parameters up, ten times the training saves about "
            f"{saved}-fold of sampling"
        ),
        subtitle=f"Compute per problem that solves {target} of them, FLOP, by training compute",
        caption=(
            "Each line is one Pythia model as its training goes on; each point a checkpoint with "
            f"the tries it needs for a coverage of {target}, whiskers 90% over problems. Orange: "
            "models of a billion parameters and more; among them tenfold training saves a "
            f"factor {saved} of inference within a size ({low} to {high}, 90% over problems; "
            f"single sizes {least} to {most}), and across sizes at the end of training tenfold "
            f"compute takes {dearer} times more. The two smaller sizes (grey) get worse. Equal "
            "length of a try is assumed, "
            f"{wording.count(tokens.central)} tokens; it moves all points alike."
        ),
        alt=(
            f"Scatter with lines of inference compute against training compute for "
            f"{frame['size'].nunique()} model sizes. Along a line inference falls slowly; larger "
            "models lie further right and not lower."
        ),
        evidence=("measured", "derived"),
        frame=frame,
        draw=draw,
        fields={
            "checkpoint": "model and point of its training",
            "size": "model",
            "parameters": "parameters",
            "train_tokens": "training tokens",
            "train_flop": "training compute, FLOP",
            "samples_needed": f"tries per problem that reach a coverage of {target}",
            "inference_flop": "inference compute per problem, FLOP",
            "low": "lower end of the 90% bootstrap interval, FLOP",
            "high": "upper end of the 90% bootstrap interval, FLOP",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("iso_coverage", "exchange_slopes"),
        models=(samples_for_coverage, iso_coverage_points, exchange_slopes),
        tests=("tests/test_time_compute/test_exchange_slopes.py::" + exchange.ISO_TEST,),
        weaknesses=(
            "Small models of one family, never trained to think, on problems with known answers. "
            "Training compute grows along a line by tokens alone, well past the best split. "
            "Slopes are no constants: they are steep early in training and vanish late."
        ),
        settings={"target": exchange.TARGET, "tokens_per_sample": tokens.central},
        height={"wide": 400, "narrow": 380},
    )


def checker_decides() -> Figure:
    frame = exchange.reach()
    total = int(frame["of"].max())
    at = frame.set_index(["target_percent", "false_positive_percent"])["checkpoints"]
    target = float(frame["target_percent"].min())
    perfect, one = int(at[target, 0.0]), int(at[target, 1.0])

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = sorted(data["false_positive_percent"].unique())
        base = alt.Chart(data).transform_calculate(
            share="datum.false_positive_percent == 0 ? 'none' "
            ": format(datum.false_positive_percent, '~g') + '%'",
            goal="format(datum.target_percent, 'd') + '% of problems right'",
        )
        names = ["none", *(f"{value:g}%" for value in order if value)]
        x = alt.X(
            "share:N",
            sort=names,
            title=theme.fitted("wrong answers that the checker passes, percent", width),
            axis=alt.Axis(labelAngle=0),
        )  # fmt: skip
        y = alt.Y("checkpoints:Q", title=None)
        hues = [theme.INFERENCE, theme.INFERENCE_SOFT, theme.OTHER]
        goals = [
            f"{value:.0f}% of problems right" for value in sorted(data["target_percent"].unique())
        ]
        colour = alt.Color(
            "goal:N",
            scale=alt.Scale(domain=goals, range=hues),
            legend=alt.Legend(columns=3 if width > 500 else 1),
        )
        offset = alt.XOffset("goal:N", sort=goals)
        bars = base.mark_bar().encode(
            x=x, xOffset=offset, y=y, color=colour,
            tooltip=["goal:N", "share:N", "checkpoints:Q", "of:Q"],
        )  # fmt: skip
        text = base.mark_text(dy=-7, fontSize=11).encode(
            x=x, xOffset=offset, y=y, text="checkpoints:Q"
        )
        return bars + text

    return Figure(
        id="checker-decides",
        title=(
            f"{perfect} checkpoints reach {wording.digits(target, 2)}% by sampling with a perfect "
            f"checker, {one} with one that passes 1% of wrong answers"
        ),
        subtitle="Number of Pythia checkpoints that can reach a share of right answers",
        caption=(
            f"All {total} checkpoints that were asked all problems. Left: coverage as counted "
            "within the "
            "tries drawn, a perfect checker. Right of it: any number of tries, one picked by a "
            "checker that rejects no right answer and lets so many wrong ones pass; rates of "
            "success are taken from a distribution fitted to all problems, so that a problem "
            "never solved counts as rarely solved. So a bar may rise from left to right, and these "
            "rates lie a little below the counted ones. For these models and this test there is "
            "little to exchange once the checker errs."
        ),
        alt=(
            f"Grouped bars: {perfect} checkpoints reach {wording.digits(target)} percent with a "
            f"perfect checker, {one} with one that passes 1 percent of wrong answers, none with "
            "one that passes 5 percent."
        ),
        evidence=("derived", "simulation"),
        frame=frame,
        draw=draw,
        fields={
            "target_percent": "share of problems answered right, percent",
            "false_positive_percent": "wrong answers that the checker passes, percent",
            "checkpoints": "checkpoints that can reach it",
            "of": "checkpoints in all",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("exchange_slopes",),
        models=(verifier_reach,),
        tests=("tests/test_time_compute/test_exchange_slopes.py::" + exchange.REACH_TEST,),
        weaknesses=(
            "The checker errs alike on every problem and independently at every try. The counts "
            "left and right of the first bar use slightly different success rates."
        ),
        height={"wide": 320, "narrow": 320},
    )
