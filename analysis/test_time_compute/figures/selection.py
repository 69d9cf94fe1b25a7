"""Figures of selection: what a picker keeps of what sampling finds, published and modelled."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import assumptions, catalog, wording
from analysis.publishing import Figure, theme
from analysis.publishing.labels import end_labels, spread
from analysis.test_time_compute.findings import sampling
from analysis.test_time_compute.selection import (
    best_of_n_accuracy,
    selection_ceiling,
    selection_curve,
)
from analysis.test_time_compute.voting import majority_vote_accuracy


def what_selection_keeps() -> Figure:
    points = sampling.selection_points()
    frame = points.assign(
        row=points["model"].str.replace("DeepSeek-R1-Distill-", "R1-distil ")
        + ", "
        + points["benchmark"]
    )[["row", "study", "what", "score_percent", "x_value", "kind", "source_id"]].rename(
        columns={"x_value": "samples"}
    )
    wide = frame.pivot_table("score_percent", "row", "what")
    voted = wide[sampling.KEPT] - wide[sampling.ONE_TRY]
    covered = wide[sampling.ANY_RIGHT] - wide[sampling.ONE_TRY]
    typical = wording.digits(float(voted.median()))
    perfect = wording.digits(float(covered.median()))

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        order = (
            data.groupby("row")["score_percent"].min().sort_values().index.tolist()
        )  # fmt: skip
        y = alt.Y(
            "row:N",
            sort=order,
            axis=alt.Axis(
                title=None, labelLimit=300, labelColor=theme.INK, ticks=False, grid=True,
                labelOverlap=False,
                labelExpr="datum.label" if width > 500 else "split(datum.label, ', ')",
            ),
        )  # fmt: skip
        x = alt.X(
            "score_percent:Q",
            title="problems solved, percent",
            scale=alt.Scale(domain=[0, 100]),
            axis=alt.Axis(grid=True),
        )
        colour = alt.Color(
            "what:N",
            scale=alt.Scale(
                domain=[sampling.ONE_TRY, sampling.KEPT, sampling.SCORED, sampling.ANY_RIGHT],
                range=[theme.OTHER, theme.INFERENCE, theme.TRAINING, theme.ACCENT],
            ),
            legend=alt.Legend(columns=4 if width > 500 else 1),
        )
        base = alt.Chart(data)
        bar = (
            base.transform_aggregate(
                first="min(score_percent)", last="max(score_percent)", groupby=["row"]
            )
            .mark_rule(strokeWidth=2, color=theme.GRID)
            .encode(y=y, x="first:Q", x2="last:Q")
        )
        dots = base.mark_circle(size=80, opacity=1).encode(
            y=y,
            x=x,
            color=colour,
            tooltip=["row:N", "what:N", alt.Tooltip("score_percent:Q", format=".1f"), "samples:Q"],
        )
        return bar + dots

    return Figure(
        id="what-selection-keeps",
        title=(
            f"A vote over 64 tries added {typical} points in the median; on other models, at least "
            f"one right in many lay {perfect} points above one try"
        ),
        subtitle="Problems solved with one try, by picking from many, and by any of many, percent",
        caption=(
            "Published scores. Grey: one try. Orange: the answer most of 64 tries gave. "
            "Blue: one picked by a learned score or by tests. Purple: at least one of the tries "
            f"right, which a perfect checker would reach; it lies {wording.digits(covered.min())} "
            f"to {wording.digits(covered.max())} points above one try, and is known for other "
            "models than the vote. Most tests have 15 or 30 problems, so that one problem is 3 to "
            "7 points."
        ),
        alt=(
            f"Dumbbell plot of {len(wide)} models and tests: one try, picked from many, and any "
            f"right. Picking adds {wording.digits(voted.min())} to {wording.digits(voted.max())} "
            "points, most for models of middling strength."
        ),
        evidence=("reported", "measured"),
        frame=frame,
        draw=draw,
        fields={
            "row": "model and test",
            "study": "publication",
            "what": "one try, majority vote, picked by a scorer or tests, or any of many right",
            "score_percent": "problems solved, percent",
            "samples": "tries drawn per problem; for one row the USD per task",
            "kind": "kind of evidence",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("accuracy_points",),
        models=(sampling.selection_points,),
        tests=("tests/test_time_compute/test_tables.py::" + sampling.SELECTION_TEST,),
        weaknesses=(
            "The makers' own scores on small tests, most from one paper. Coverage and voting are "
            "known for different models, so the gap between them is rarely seen in one row."
        ),
        height={"wide": 560, "narrow": 760},
    )


def selection_ceilings() -> Figure:
    frame = sampling.selection_curves()
    ends = frame.loc[frame["samples"] == frame["samples"].max()].set_index("picker")
    oracle = wording.percent(ends.loc[sampling.ORACLE, "accuracy_percent"] / 100)
    one = wording.percent(frame.loc[frame["samples"] == 1, "accuracy_percent"].min() / 100)
    checker = sampling.checker_name(assumptions.get("verifier_false_positive_rate").central)
    good = wording.percent(ends.loc[checker, "accuracy_percent"] / 100)
    vote = wording.percent(ends.loc[sampling.VOTE, "accuracy_percent"] / 100)

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        x_scale = alt.Scale(
            type="log",
            domain=theme.domain_with_room(1, 10_000, width, 165 if width > 500 else 118),
            nice=False,
        )
        x = alt.X(
            "samples:Q",
            scale=x_scale,
            axis=alt.Axis(values=[1, 10, 100, 1000, 10_000], format=",d"),
            title="tries per problem, samples (log scale)",
        )
        scale = alt.Scale(domain=[0, 100], nice=False)
        y = alt.Y("accuracy_percent:Q", title="answers right, percent", scale=scale)
        pickers = [sampling.ORACLE, sampling.VOTE]
        colour = alt.Color(
            "hue:N",
            legend=None,
            scale=alt.Scale(
                domain=[*pickers, "checker"], range=[theme.ACCENT, theme.OTHER, theme.INFERENCE]
            ),
        )
        known = f"indexof({pickers}, datum.picker) < 0"
        hue = f"{known} ? 'checker' : datum.picker"
        base = alt.Chart(data).transform_calculate(hue=hue)
        lines = base.mark_line(strokeWidth=2).encode(
            x=x,
            y=y,
            detail="picker:N",
            color=colour,
            tooltip=["picker:N", "samples:Q", alt.Tooltip("accuracy_percent:Q", format=".1f")],
        )
        last = data.loc[data.groupby("picker")["samples"].idxmax()].copy()
        last["hue"] = last["picker"].where(last["picker"].isin(pickers), "checker")
        last["label_at"] = spread(last["accuracy_percent"].tolist(), 5.5, 3)
        labels = end_labels(
            last, x=x, x_scale=x_scale, y="accuracy_percent", scale=scale, text="picker",
            colour=colour, reach=1.7,
        )  # fmt: skip
        return lines + labels

    return Figure(
        id="selection-ceilings",
        title=(
            f"A checker fooled once in a hundred would keep {good} of answers right, a perfect one "
            f"{oracle}"
        ),
        subtitle="Right answers of the largest Pythia model, percent, by tries and by who picks",
        caption=(
            "How often each problem is solved was counted; the pickers are "
            "modelled. A checker that passes some wrong answers stops gaining once most of what "
            f"it passes is wrong. A majority vote ends at {vote}: it finds the most common answer, "
            "which for hard problems is a wrong one."
        ),
        alt=(
            f"Curves of right answers against tries from 1 to 10,000, starting at {one}. The "
            f"perfect checker climbs to {oracle}; checkers that pass wrong answers level off "
            f"lower, at {good} for one in a hundred; the vote at {vote}."
        ),
        evidence=("simulation", "derived"),
        frame=frame,
        draw=draw,
        fields={
            "picker": "who picks one of the tries",
            "false_positive_percent": "wrong answers the checker passes, percent; empty for a vote",
            "samples": "tries per problem",
            "accuracy_percent": "right answers, percent of problems",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("selection_curves",),
        models=(selection_curve, best_of_n_accuracy, selection_ceiling, majority_vote_accuracy),
        tests=("tests/test_time_compute/test_selection.py::" + sampling.CEILING_TEST,),
        weaknesses=(
            "The checker errs alike on every problem and every try; a real one errs on the same "
            "problems again and again, which is worse. How wrong answers spread over alternatives "
            "is not in the data; the vote assumes twenty rivals, some more tempting than others. "
            "The "
            "perfect checker's curve is unbiased; the others take the counted rates as the true "
            "ones, which costs them a few points at thousands of tries."
        ),
        height={"wide": 380, "narrow": 340},
    )
