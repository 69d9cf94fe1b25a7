"""The figure of what it takes to turn the answer."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
from scipy import special

from analysis import catalog, wording
from analysis.demand import tipping
from analysis.demand.figures.closing import MODEL_TABLES
from analysis.demand.figures.input_rows import NOW, TEST, WEAK, WHOSE, labels, titled
from analysis.demand.findings import central_figure, input_names, projection, turning
from analysis.demand.findings import sensitivity as found
from analysis.demand.findings.sensitivity import LABS, WORLD, YEAR, Question
from analysis.demand.model import project_inputs
from analysis.publishing import Figure, theme

#: Normal scores drawn either way; flips farther out are as good as none.
_REACH, _INWARDS = 3.3, 1.8
_FLIPS = 10
#: Below this the accounts speak against a case: a tenth as likely as the weighed medians.
ODDS = 0.1


def _flip_rows() -> pd.DataFrame:
    rows = []
    for question in NOW:
        pair = turning.nearest_pair(question)
        both = {pair[which]: pair[f"{which}_percentile"] for which in ("first", "second")}
        table = turning.flips(question).dropna(subset=["value"])
        near = (table.index < _FLIPS) & (table["score"].abs() <= _REACH)
        kept = table[near | table["input"].isin(both)]
        for place, row in enumerate(kept.to_dict("records"), 1):
            name = row["input"]
            thirds = {}
            low, middle, high = turning.by_third(question, name)
            for which, it in (("low", low), ("middle", middle), ("high", high)):
                thirds[f"{which}_third"] = 100 * it.central
                thirds[f"{which}_third_from"] = 100 * it.low
                thirds[f"{which}_third_to"] = 100 * it.high
            rows.append(
                {
                    "whose": question.whose, "row": place, "name": input_names.NAMES[name],
                    "input": name, "range": input_names.range_words(name),
                    "flip_value": row["value"],
                    "flip": input_names.value_words(name, row["value"], brief=True),
                    "score": row["score"], "percentile": row["percentile"],
                    "odds_in_accounts": row["odds_in_accounts"],
                    "pair_score": special.ndtri(float(both[name]) / 100) if name in both else None,
                    **thirds, "all_scenarios": 100 * turning.above_half(question),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


_STEP = 31
_PERCENTILES = {-2.3263: "1", -1.6449: "5", 0.0: "50", 1.6449: "95", 2.3263: "99"}


def _flip_panel(data: pd.DataFrame, whose: str, width: int, room: int) -> alt.LayerChart:
    rows = data[data["whose"] == whose].assign(
        end=lambda d: (d["score"] > 0).map({True: _REACH, False: -_REACH}),
        least=-1.6449, most=1.6449, centre=0.0,
        against=lambda d: d["odds_in_accounts"] < ODDS,
    )  # fmt: skip
    y = alt.Y("row:O", axis=None)
    scale = alt.Scale(domain=[-_REACH, _REACH], nice=False)
    named = " : ".join(f"abs(datum.value - {at}) < 0.01 ? '{n}'" for at, n in _PERCENTILES.items())
    wide = width > 200
    title = "percentile of the input's range" if wide else "percentile of range"
    axis = alt.Axis(
        values=list(_PERCENTILES) if wide else list(_PERCENTILES)[1:4], labelExpr=f"{named} : ''",
        title=title,
    )  # fmt: skip
    base = alt.Chart(rows)
    # An input of the nearest pair may turn the answer alone only off the scale.
    turns = base.transform_filter(f"abs(datum.score) <= {_REACH}")
    x = alt.X("score:Q", scale=scale, axis=axis)
    spread = base.mark_bar(height=7, color=theme.OTHER, opacity=0.35).encode(
        x=alt.X("least:Q", scale=scale, axis=axis), x2="most:Q", y=y
    )
    centre = base.mark_tick(color=theme.MUTED, thickness=1.6, size=13).encode(
        x=alt.X("centre:Q", scale=scale), y=y
    )
    beyond = turns.mark_rule(color=theme.INFERENCE, strokeWidth=2.4).encode(x=x, x2="end:Q", y=y)
    flip = (
        turns.transform_filter("!datum.against")
        .mark_point(size=58, strokeWidth=2, fill=theme.PAPER, stroke=theme.INFERENCE)
        .encode(
            x=x, y=y,
            tooltip=["name:N", "flip:N", alt.Tooltip("percentile:Q", format=".1f"),
                     alt.Tooltip("odds_in_accounts:Q", format=".2g")],
        )
    )  # fmt: skip
    denied = (
        turns.transform_filter("datum.against")
        .mark_point(shape="cross", angle=45, size=110, fill=theme.INFERENCE, stroke=theme.PAPER)
        .encode(x=x, y=y, tooltip=["name:N", "flip:N"])
    )
    between = "(datum.score >= {0} && datum.score < {1})"
    # Away from the centre, where the nearest pair has its squares; inwards near the edge.
    sides: tuple[tuple[str, dict[str, Any]], ...] = (
        (f"datum.score < -{_INWARDS} || {between.format(0, _INWARDS)}", {"align": "left", "dx": 4}),
        (
            f"datum.score >= {_INWARDS} || {between.format(-_INWARDS, 0)}",
            {"align": "right", "dx": -4},
        ),
    )
    said = [
        turns.transform_filter(where)
        .mark_text(dy=-9, fontSize=10, **side)
        .encode(x=x, y=y, text="flip:N")
        for where, side in sides
    ]
    pair = base.transform_filter("isValid(datum.pair_score)")
    at = alt.X("pair_score:Q", scale=scale)
    joined = pair.mark_line(color=theme.INK, strokeWidth=1.2, strokeDash=[3, 2]).encode(
        x=at, y=y, order="row:O"
    )
    squares = pair.mark_square(color=theme.INK, size=48, opacity=1).encode(x=at, y=y)
    names = labels(base, y, room, "range")
    return titled(
        alt.layer(spread, beyond, centre, joined, squares, flip, denied, *said, names),
        width, _STEP * len(rows), WHOSE[whose], "orange: here inference is more than half",
    )  # fmt: skip


def _third_panel(data: pd.DataFrame, whose: str, width: int) -> alt.LayerChart:
    rows = data[data["whose"] == whose]
    y = alt.Y("row:O", axis=None)
    top = 10 * (1 + int(data[["low_third_to", "high_third_to"]].max().max() // 10))
    scale = alt.Scale(domain=[0, top], nice=False)
    axis = alt.Axis(values=list(range(0, top + 1, 20)), title="percent of scenarios")
    base = alt.Chart(rows)

    def at(column: str) -> alt.X:
        return alt.X(f"{column}:Q", scale=scale, axis=axis)

    overall = alt.Chart(rows.head(1)).mark_rule(color=theme.MUTED, strokeDash=[2, 3]).encode(
        x=at("all_scenarios")
    )  # fmt: skip
    layers = [
        overall,
        base.mark_rule(color=theme.OTHER, strokeWidth=1).encode(
            x=at("low_third"), x2="high_third:Q", y=y
        ),
    ]
    for which, shape, colour in (
        ("middle", "circle", theme.OTHER), ("low", "triangle-down", theme.INK),
        ("high", "triangle-up", theme.INK),
    ):  # fmt: skip
        layers += [
            base.mark_rule(color=colour, strokeWidth=1.6, opacity=0.55).encode(
                x=at(f"{which}_third_from"), x2=f"{which}_third_to:Q", y=y
            ),
            base.mark_point(
                shape=shape, size=30 if which == "middle" else 48, stroke=colour,
                fill=theme.PAPER, strokeWidth=1.5,
            ).encode(
                x=at(f"{which}_third"), y=y,
                tooltip=["name:N", alt.Tooltip(f"{which}_third:Q", format=".0f")],
            ),
        ]  # fmt: skip
    return titled(
        alt.layer(*layers), width, _STEP * len(rows), "chance of more than half",
        "up: highest third, down: lowest",
    )  # fmt: skip


def _third_words(data: pd.DataFrame, whose: str) -> alt.LayerChart:
    """The same in digits, where there is no room for a panel."""
    rows = data[data["whose"] == whose]
    y = alt.Y("row:O", axis=None)
    base = alt.Chart(rows)
    columns = [
        base.mark_text(align="right", fontSize=11).encode(
            x=alt.value(22 * place - 6), y=y, text=alt.Text(f"{which}_third:Q", format=".0f")
        )
        for place, which in enumerate(("low", "middle", "high"), 1)
    ]
    return titled(
        alt.layer(*columns), 62, _STEP * len(rows), "chance, %", "low to high"
    )  # fmt: skip


def _draw_flips(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    room = 150 if wide else 140
    size = width - room - (226 if wide else 110)
    rows = []
    for whose in (LABS, WORLD):
        chance = _third_panel(data, whose, 178) if wide else _third_words(data, whose)
        panels = (_flip_panel(data, whose, size, room), chance)
        rows.append(alt.hconcat(*panels, spacing=24 if wide else 4))
    return alt.vconcat(*rows, spacing=26)


def _told_pair(question: Question) -> str:
    pair = turning.nearest_pair(question)
    return " and ".join(
        f"{input_names.NAMES[str(pair[which])]} at "
        f"{input_names.value_words(str(pair[which]), float(pair[f'{which}_value']))}"
        for which in ("first", "second")
    )


def tipping_points() -> Figure:
    frame = _flip_rows()
    labs, world = NOW
    (few, whole), (more, _) = turning.count_flips(labs), turning.count_flips(world)
    likely = turning.likeliest_flip(labs)
    centres = [wording.percent(found.central_share(question)) for question in NOW]
    never = [turning.never_flip(question) for question in NOW]
    chances = frame[["low_third", "middle_third", "high_third"]]
    return Figure(
        id="tipping-points",
        title=(
            f"{few or 'None'} of {whole} inputs, moved alone within their ranges, bring inference "
            f"above half of the labs' spend of {YEAR}, and {more or 'none'} of the world's chips; "
            f"together {_told_pair(labs)} suffice for the labs"
        ),
        subtitle=(
            "Where each input, the others at their weighed medians, turns the answer to 'is "
            f"inference more than half in {YEAR}?', percentiles of its range; and the chance by "
            "third of the input, percent"
        ),
        caption=(
            f"At the weighed medians the shares are {' and '.join(centres)}. Grey: 5th to 95th "
            "percentile of the input, told below its name, and its weighed median; a ring is where "
            "the answer turns, with the value, a cross where the accounts would be less than "
            f"{ODDS:g} times as likely as at the weighed medians. Squares: the nearest pair, moved "
            "together. Right: the chance of more than half in scenarios held against the "
            "accounts, by third of the input, with 90% intervals; dotted, the chance of all. The "
            f"nearest on the scale are drawn; {never[0]} inputs turn the labs' answer nowhere, "
            f"{never[1]} the world's."
        ),
        alt=(
            "Rows of inputs, a grey bar each for the range, and a ring where inference becomes "
            f"more than half, {few + more or 'none'} of them within the range; for the labs' "
            "spend they lie farther out than for the world's chips. Right, chances of "
            f"{wording.digits(chances.min().min())} to {wording.digits(chances.max().max())} "
            "percent that fall or rise with the thirds."
        ),
        evidence=("simulation",),
        frame=frame,
        draw=_draw_flips,
        fields={
            "whose": "labs: spend of all frontier labs; world: AI chips of the world",
            "row": "place in the panel, nearest flip first",
            "name": "input",
            "input": "id of the input",
            "range": "5th to 95th percentile of the input",
            "flip_value": "value at which the answer turns, in the unit of the input",
            "flip": "the same in words",
            "score": "the same as a normal score: 0 the weighed median, 1.645 the 95th percentile",
            "percentile": "the same as a percentile of the range about its weighed median",
            "odds_in_accounts": "how likely the accounts are there, over the weighed medians",
            "pair_score": "normal score of the input in the nearest pair, empty for others",
            **{
                f"{which}_third{end}": f"chance of more than half, input in its {words} third, "
                f"percent{more_words}"
                for which, words in (("low", "lowest"), ("middle", "middle"), ("high", "highest"))
                for end, more_words in (
                    ("", ""), ("_from", ", 5th percentile"), ("_to", ", 95th percentile"),
                )
            },
            "all_scenarios": "chance of more than half in all scenarios, percent",
        },
        sources=catalog.sources_of(*central_figure.evidence()),
        tables=MODEL_TABLES,
        models=(tipping.tipping_points, tipping.worst_pairs, tipping.answer_by_tercile,
                project_inputs),
        tests=(TEST + "test_the_answer_turns_at_the_flip_and_not_before",),
        weaknesses=(
            WEAK + "The weighed medians are taken input by input and are no scenario of those "
            "kept. Of the labs' flips the accounts speak least against that of "
            f"{input_names.NAMES[str(likely['input'])]}: with it they are "
            f"{wording.digits(float(likely['odds_in_accounts']))} times as likely. "
            "Correlations are left out of the distances."
        ),
        settings={"draws": projection.DRAWS, "seed": projection.SEED},
        height={"wide": 790, "narrow": 790},
    )  # fmt: skip
