"""Figures of what matters most for the share of inference, and of what turns the answer."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis import catalog, sensitivity, wording
from analysis.demand import conditioning
from analysis.demand.figures import turning
from analysis.demand.figures.closing import MODEL_TABLES
from analysis.demand.figures.common import plain
from analysis.demand.figures.input_rows import NOW, TEST, WEAK, WHOSE, labels, titled
from analysis.demand.findings import central_figure, input_names, projection
from analysis.demand.findings import sensitivity as found
from analysis.demand.findings.sensitivity import LABS, WORLD, YEAR, Question
from analysis.publishing import Entry, Figure, theme

_SWINGS, _PARTS = 10, 8
_KINDS = {"ranges": "drawn from the ranges alone", "accounts": "held against the accounts"}


def _deciding_rows() -> pd.DataFrame:
    rows = []
    for question in NOW:
        moved = found.swings(question).head(_SWINGS)
        for place, row in enumerate(moved.to_dict("records"), 1):
            rows.append(
                {
                    "whose": question.whose, "panel": "swing", "row": place,
                    "name": input_names.NAMES[row["input"]], "inputs": row["input"],
                    "range": input_names.range_words(row["input"]),
                    **{end: 100 * row[end] for end in ("at_low", "at_central", "at_high")},
                }
            )  # fmt: skip
        rows += _variance_rows(question)
    columns = [
        "whose", "panel", "row", "name", "inputs", "range", "at_low", "at_central", "at_high",
        "scenarios", "percent", "low", "high",
    ]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=columns)


def _variance_rows(question: Question) -> list[dict[str, Any]]:
    sobol = found.of_sobol(question).set_index("input")
    after = found.explained(question).set_index("input")
    # Those that matter most by either measure.
    most = pd.concat([sobol["total"], after["share"]], axis=1).max(axis=1)
    shown = most.nlargest(_PARTS).index
    order = after.loc[after.index.isin(shown), "share"].sort_values(ascending=False).index
    rows = []
    for place, part in enumerate(order, 1):
        both = {
            "whose": question.whose, "panel": "variance", "row": place,
            "name": input_names.part_name(part), "inputs": part,
        }  # fmt: skip
        total, half = sobol.loc[part, ["total", "total_half_width"]]
        share, low, high = after.loc[part, ["share", "low", "high"]]
        for kind, values in (
            ("ranges", (total, total - half, total + half)),
            ("accounts", (share, low, high)),
        ):
            numbers = dict(zip(("percent", "low", "high"), (100 * v for v in values), strict=True))
            rows.append({**both, "scenarios": _KINDS[kind], **numbers})
    return rows


def _swing_panel(
    data: pd.DataFrame, whose: str, width: int, room: int, step: int
) -> alt.LayerChart:
    part = data[data["panel"] == "swing"]
    least, most = part[["at_low", "at_high"]].min().min(), part[["at_low", "at_high"]].max().max()
    rows = part[part["whose"] == whose]
    ends = [
        rows.assign(end=rows[column], at=which)
        for column, which in (("at_low", "5th"), ("at_high", "95th"))
    ]
    both = pd.concat(ends)
    y = alt.Y("row:O", axis=None)
    scale = alt.Scale(domain=[10 * (least // 10), 10 * (1 + most // 10)], nice=False)
    axis = alt.Axis(values=[0, 20, 40, 60, 80, 100], title=f"inference in {YEAR}, percent")
    x = alt.X("end:Q", scale=scale, axis=axis)
    base = alt.Chart(both)
    bars = base.mark_bar(height=9, opacity=0.75).encode(
        x=x,
        x2="at_central:Q",
        y=y,
        color=alt.condition(
            "datum.end > datum.at_central", alt.value(theme.INFERENCE), alt.value(theme.TRAINING)
        ),
        tooltip=["name:N", "range:N", "at:N", alt.Tooltip("end:Q", format=".0f")],
    )
    high = base.transform_filter("datum.at === '95th'")
    dots = high.mark_circle(size=34, opacity=1, color=theme.INK).encode(x=x, y=y)
    half = alt.Chart(pd.DataFrame({"half": [50]})).mark_rule(
        color=theme.MUTED, strokeDash=[2, 3]
    ).encode(x=alt.X("half:Q", scale=scale))  # fmt: skip
    middle = alt.Chart(rows.head(1)).mark_rule(color=theme.INK, strokeWidth=1).encode(
        x=alt.X("at_central:Q", scale=scale)
    )  # fmt: skip
    names = labels(alt.Chart(rows), y, room, "range")
    return titled(
        half + bars + middle + dots + names, width, step * len(rows),
        f"{WHOSE[whose]}: one moved at a time", "dot: the input at its 95th percentile",
    )  # fmt: skip


def _variance_panel(
    data: pd.DataFrame, whose: str, width: int, room: int, step: int
) -> alt.LayerChart:
    part = data[data["panel"] == "variance"]
    rows = part[part["whose"] == whose]
    y = alt.Y("row:O", axis=None)
    scale = alt.Scale(domain=[0, 1.1 * part["high"].max()], nice=False)
    axis = alt.Axis(values=list(range(0, 100, 10)), title="percent of the variance")
    x = alt.X("percent:Q", scale=scale, axis=axis)
    base = alt.Chart(rows)
    layers = [labels(base.transform_filter(_is("accounts")), y, room, None)]
    for kind, offset, colour in (("ranges", -4, theme.OTHER), ("accounts", 5, theme.INFERENCE)):
        of_kind = base.transform_filter(_is(kind))
        opacity = 0.45 if kind == "ranges" else 0.85
        layers += [
            of_kind.mark_bar(height=8, yOffset=offset, color=colour, opacity=opacity).encode(
                x=x, y=y,
                tooltip=["name:N", "scenarios:N", alt.Tooltip("percent:Q", format=".1f")],
            ),
            of_kind.mark_rule(yOffset=offset, color=theme.INK, strokeWidth=1.4).encode(
                x=alt.X("low:Q", scale=scale), x2="high:Q", y=y
            ),
        ]  # fmt: skip
    # The key stands where bars are shortest.
    ends = rows.groupby("row")["high"].max()
    first = int(ends.rolling(2).max().shift(-1).idxmin())
    key = pd.DataFrame({"row": [first, first + 1], "text": ["ranges alone", "with accounts"]})
    for i, colour in enumerate((theme.MUTED, theme.INFERENCE)):
        layers.append(
            alt.Chart(key.iloc[[i]])
            .mark_text(align="right", fontSize=11, fontWeight=600, color=colour)
            .encode(x=alt.value(width), y=y, text="text:N")
        )
    return titled(
        alt.layer(*layers), width, step * (len(rows) // 2),
        f"{WHOSE[whose]}: the variance", "inputs that vary together in one row",
    )  # fmt: skip


def _is(kind: str) -> str:
    return f"datum.scenarios === {_KINDS[kind]!r}"


def _draw_deciding(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    room = 150 if wide else 160
    size = (width - 2 * room - 58) // 2 if wide else width - room - 30
    rows = []
    for whose in (LABS, WORLD):
        panels = (
            _swing_panel(data, whose, size, room, 30 if wide else 28),
            _variance_panel(data, whose, size, room + 14 if wide else room, 27 if wide else 22),
        )
        rows.append(alt.hconcat(*panels, spacing=24) if wide else alt.vconcat(*panels, spacing=20))
    return alt.vconcat(*rows, spacing=26)


def _decided_by(question: Question) -> str:
    """The three that matter most, the accounts taken into account."""
    names = [input_names.part_words(part) for part in found.deciders(question)]
    return ", ".join(names[:-1]) + ", and " + names[-1]


def what_decides_the_share() -> Figure:
    frame = plain(_deciding_rows())
    labs, _ = NOW
    first = found.of_sobol(labs).iloc[0]
    after = found.explained(labs).set_index("input").loc[first["input"], "share"]
    joint = found.together(labs, found.deciders(labs))
    later = Question(LABS, found.LAST)
    then = found.together(later, found.deciders(later))
    before, left = found.spreads(labs)
    return Figure(
        id="what-decides-the-share",
        title=(
            f"Given the accounts, {_decided_by(labs)} matter most for the labs' split of {YEAR} "
            f"({wording.percent(joint)} of the variance together); from the ranges alone, "
            f"{input_names.part_words(first['input'])} ({wording.percent(first['total'])})"
        ),
        subtitle=(
            f"Share of inference in {YEAR}, all research counted: one input moved from its 5th to "
            "its 95th percentile, percent; and share of the variance by input, percent"
        ),
        caption=(
            f"Left: the {_SWINGS} widest swings, all other inputs at their weighed medians (below "
            "each name its range; blue less inference, orange more). Right: grey, the part of the "
            "variance left while only this is unknown, inputs drawn from their ranges (total Sobol "
            "index, 95% interval); orange, the part that knowing it would take away in the "
            "scenarios held against the accounts (90% interval). Neither kind adds to 100: a total "
            "index counts what two inputs do together for both of them, and under the accounts "
            "inputs lean on one another, so that knowing one tells of the others. The accounts "
            f"narrow the spread from {_points(before)} to {_points(left)} percentage points; for "
            f"the labs' split of {later.year} {_decided_by(later)} matter most "
            f"({wording.percent(then)} together)."
        ),
        alt=(
            "Two rows of two panels, for the labs' spend and the world's chips. Left, bars about "
            "the share at the weighed medians: model size, utilisation in writing and growth of "
            "programs' tokens swing it most. Right, paired bars: by the "
            "ranges alone model size and utilisation tower over all; held against the "
            f"accounts that bar shrinks to a fraction, {wording.percent(after)}, and no input "
            "stands out."
        ),
        evidence=("simulation",),
        frame=frame,
        draw=_draw_deciding,
        fields={
            "whose": "labs: spend of all frontier labs; world: AI chips of the world",
            "panel": "swing: one input moved at a time; variance: all vary",
            "row": "place in the panel, from the top",
            "name": "input, or inputs that vary together",
            "inputs": "ids of the inputs, joined by +",
            "range": "5th to 95th percentile of the input",
            "at_low": f"share of inference in {YEAR}, percent, the input at its 5th percentile",
            "at_central": "the same with every input at its weighed median, percent",
            "at_high": "the same, the input at its 95th percentile, percent",
            "scenarios": "whether inputs were drawn from their ranges or held against accounts",
            "percent": "share of the variance: total Sobol index (ranges alone), or what would go "
            "if the input were known (held against the accounts), percent",
            "low": "low end of the interval, percent (95% for Sobol indices, else 90%)",
            "high": "high end of the interval, percent",
        },
        sources=catalog.sources_of(*central_figure.evidence()),
        tables=MODEL_TABLES,
        models=(sensitivity.sobol_indices, sensitivity.tornado, conditioning.resampled),
        tests=(TEST + "test_shares_from_the_ranges_are_those_of_a_fit_to_plain_draws",),
        weaknesses=(
            WEAK + "With the accounts a share of the variance rests on "
            f"{wording.digits(found.effective())} effective scenarios, is that of a quadratic in "
            "normal scores, and counts what an input does through others that lean on it; where "
            "intervals overlap the order may be another."
        ),
        settings={
            "points": found.POINTS, "draws": projection.DRAWS, "seed": projection.SEED,
            "resamples": found.RESAMPLES,
        },
        height={"wide": 770, "narrow": 1150},
    )  # fmt: skip


def _points(spread: float) -> str:
    return wording.digits(100 * spread)


FIGURES: tuple[Entry, ...] = (
    Entry("what-decides-the-share", what_decides_the_share),
    Entry("tipping-points", turning.tipping_points),
)
