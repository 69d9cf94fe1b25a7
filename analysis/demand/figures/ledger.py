"""Figures of others' splits: one year under two definitions, and all on one definition."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.demand.definitions import convert_share
from analysis.demand.figures.share_rows import (
    AHEAD,
    PERCENT,
    UNIT_WORDS,
    defined,
    filled,
    hues,
    named,
    percent_axis,
    rows_axis,
)
from analysis.demand.findings import ledger, projection
from analysis.demand.published_splits import as_definition, observations
from analysis.publishing import Entry, Figure, theme

_ACCOUNTS_TEST = (
    "tests/demand/test_ledger_findings.py::test_openais_shares_recompute_from_money_and_factors"
)
_CONVERT_TEST = (
    "tests/demand/test_ledger_findings.py::"
    "test_the_factors_turn_one_share_of_the_model_into_every_other"
)


# --- one year under every definition -----------------------------------------------------------

_RND, _FINAL = "all research counted as training", "final runs only"
_DENOMINATORS = {_RND: theme.INFERENCE, _FINAL: theme.OTHER}


def _account_rows() -> pd.DataFrame:
    rows = ledger.accounts()
    frame = pd.DataFrame(
        {
            "account": rows["year"].astype(str) + ": " + rows["account"].str[:1].str.lower()
            + rows["account"].str[1:],
            "year": rows["year"],
            "unit": rows["unit"].map(UNIT_WORDS),
            "counted": rows["denominator"].map({"rnd": _RND, "final_runs": _FINAL}),
            "share_percent": 100 * rows["share"],
            "low_percent": 100 * rows["low"],
            "high_percent": 100 * rows["high"],
            "printed": rows["printed"],
            "says": rows["share"].map(wording.percent).where(rows["printed"], ""),
            "kind": rows["kind"],
            "source_id": rows["source_id"],
        }
    )  # fmt: skip
    orders = {
        "account": frame["account"].drop_duplicates().tolist(),
        "unit": list(UNIT_WORDS.values()),
        "counted": list(_DENOMINATORS),
    }
    return frame.sort_values(
        list(orders), key=lambda column: column.map(orders[column.name].index), ignore_index=True
    )


def _draw_accounts(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    labels = 52
    inner = width - labels - 34
    panels = []
    names = data.drop_duplicates("account")["account"].tolist()
    for i, name in enumerate(names):
        base = alt.Chart(data[data["account"] == name])
        y = rows_axis(list(UNIT_WORDS.values()), "unit", labels)
        x = percent_axis("share_percent", i == len(names) - 1, wide)
        colour = hues(_DENOMINATORS, "counted", i == 0, wide)
        span = base.mark_rule(color=theme.GRID, strokeWidth=4).encode(
            x=alt.X("min(share_percent):Q", scale=PERCENT), x2="max(share_percent):Q", y=y
        )
        whisker = base.mark_rule(strokeWidth=1.6).encode(
            x=alt.X("low_percent:Q", scale=PERCENT), x2="high_percent:Q", y=y, color=colour
        )
        rings = base.mark_point(strokeWidth=2, filled=False, fill=theme.PAPER, opacity=1).encode(
            x=x, y=y, color=colour,
            size=alt.condition("datum.printed", alt.value(85), alt.value(30)),
            tooltip=["account:N", "unit:N", "counted:N",
                     alt.Tooltip("share_percent:Q", format=".0f"), "printed:N"],
        )  # fmt: skip
        said = (
            base.transform_filter("datum.printed")
            .mark_text(dx=9, align="left", fontSize=11, fontWeight="bold")
            .encode(x=x, y=y, text="says:N", color=colour)
        )
        panels.append(
            (span + whisker + rings + said).properties(
                width=inner, height=70,
                title=alt.Title(name, fontSize=12, fontWeight="normal", offset=4),
            )
        )  # fmt: skip
    return alt.vconcat(*panels, spacing=10).resolve_scale(color="shared")


def one_year_two_shares() -> Figure:
    frame = _account_rows()
    rnd, azure = (ledger.account(name).central for name in ledger.ACCOUNTS_2024)
    (final,) = ledger.printed_accounts(2024, "final_runs")
    later = [wording.percent(share) for share in ledger.printed_accounts(2025)]
    first = ledger.accounts().query("split_id == @ledger.ACCOUNTS_2024[0]")["share"]
    least, most = (wording.percent(float(end)) for end in (first.min(), first.max()))
    flop = ledger.account(ledger.ACCOUNTS_2024[0], "flop")
    flops = wording.span(wording.percent(flop.low), wording.percent(flop.high))
    both = [wording.percent(share) for share in (rnd, final)]
    return Figure(
        id="one-year-two-shares",
        title=(
            f"By definition alone inference was {both[0]} or {both[1]} of OpenAI's compute money "
            "in 2024"
        ),
        subtitle=(
            "Share of inference by what counts as training, and in which unit, percent; OpenAI's "
            "accounts of 2024 and 2025"
        ),
        caption=(
            "Large rings with a number: as printed, in money; small ones: converted, with 90% "
            f"intervals where factors are uncertain. The same account of 2024 reads {least} to "
            f"{most} through units and final runs. The quarrel over who counts right is smaller: "
            f"with inference as Azure's leaked bills have it {wording.percent(azure)}, and in 2025 "
            f"{later[0]}, {later[1]} or {later[2]}, by which papers one reads."
        ),
        alt=(
            f"Dot plot in five blocks, one per account, each with rows for money, chips, power and "
            f"FLOP. In every row a dot with all research counted stands far left of one against "
            f"final runs only: for money in 2024 {both[0]} against {both[1]}. FLOP stand left of "
            f"the other units, at {flops} with all research counted."
        ),
        evidence=("derived", "estimate", "simulation"),
        frame=frame,
        draw=_draw_accounts,
        fields={
            "account": "year and papers that the share is taken from",
            "year": "year of the account",
            "unit": "what the share is a share of",
            "counted": "what counts as training",
            "share_percent": "inference, percent of inference and training",
            "low_percent": "5th percentile of the conversion, percent",
            "high_percent": "95th percentile of the conversion, percent",
            "printed": "as published; the others are converted",
            "says": "label in the figure",
            "kind": "kind of evidence of the share that was published",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("compute_splits",),
        models=(convert_share, ledger.accounts),
        tests=(_ACCOUNTS_TEST, _CONVERT_TEST),
        weaknesses=(
            "No account is a published, audited split: two rest on a projection of 2024, one on "
            "leaked bills that Microsoft disputes, one counts pay as research. For 2025 nobody has "
            "told the final runs; their share is drawn from what other developers published. FLOP "
            "and power per chip-hour are the model's own."
        ),
        settings={"level": ledger.LEVEL, "draws": projection.DRAWS, "seed": projection.SEED},
        height={"wide": 470, "narrow": 490},
    )


# --- the ledger on one definition --------------------------------------------------------------

_PRINTED, _AS_CHIPS = "as published", "as a share of chips"
_STATES = {_PRINTED: theme.OTHER, _AS_CHIPS: theme.INFERENCE}


def _ledger_rows() -> pd.DataFrame:
    rows = ledger.on_one_definition()
    frame = pd.DataFrame(
        {
            "split": named(rows),
            "year": rows["year"],
            "group": rows["group"],
            "definition": defined(rows),
            "share_percent": 100 * rows["value"],
            "low_percent": 100 * rows["low"],
            "high_percent": 100 * rows["high"],
            "as_percent": 100 * rows["value_as"],
            "as_low_percent": 100 * rows["low_as"],
            "as_high_percent": 100 * rows["high_as"],
            "kind": rows["kind"],
            "ahead": rows["ahead"],
            "source_id": rows["source_id"],
        }
    )
    order = [ledger.LABS, ledger.FIRMS, ledger.WORLD].index
    return frame.sort_values(
        ["group", "year"], key=lambda c: c.map(order) if c.name == "group" else c, kind="stable",
        ignore_index=True,
    )  # fmt: skip


def _draw_ledger(data: pd.DataFrame, width: int = 690) -> alt.VConcatChart:
    wide = width > 500
    labels, right = (190, 122) if wide else (148, 14)
    inner = width - labels - right - 16
    groups = data["group"].drop_duplicates().tolist()
    panels = []
    for i, group in enumerate(groups):
        part = data[data["group"] == group]
        base = alt.Chart(part)
        y = rows_axis(part["split"].tolist(), "split", labels)
        x = percent_axis("share_percent", i == len(groups) - 1, wide)
        at = alt.X("as_percent:Q", scale=PERCENT)
        told = base.transform_calculate(state=f"'{_PRINTED}'")
        put = base.transform_calculate(state=f"'{_AS_CHIPS}'")
        colour = hues(_STATES, "state", i == 0, wide)
        tooltip = [
            "split:N", "definition:N", alt.Tooltip("share_percent:Q", format=".0f"),
            alt.Tooltip("as_percent:Q", format=".0f"),
            alt.Tooltip("as_low_percent:Q", format=".0f"),
            alt.Tooltip("as_high_percent:Q", format=".0f"), "kind:N",
        ]  # fmt: skip
        mark: dict[str, Any] = {"strokeWidth": 1.8, "filled": False, "opacity": 1}
        layers = [
            base.mark_rule(color=theme.GRID, strokeWidth=4).encode(x=x, x2="as_percent:Q", y=y),
            told.mark_rule(strokeWidth=1.2).encode(
                x=alt.X("low_percent:Q", scale=PERCENT), x2="high_percent:Q", y=y, color=colour
            ),
            put.mark_rule(strokeWidth=1.8, opacity=0.8).encode(
                x=alt.X("as_low_percent:Q", scale=PERCENT),
                x2="as_high_percent:Q",
                y=y,
                color=colour,
            ),
            told.mark_point(size=75, **mark).encode(
                x=x, y=y, color=colour, shape=AHEAD, tooltip=tooltip, fill=filled(theme.OTHER)
            ),
            put.mark_point(size=42, fill=theme.PAPER, **mark).encode(
                x=at, y=y, color=colour, shape=AHEAD, tooltip=tooltip
            ),
        ]
        if wide:
            layers.append(
                base.mark_text(align="left", fontSize=11, color=theme.MUTED).encode(
                    x=alt.value(inner + 10), y=y, text="definition:N"
                )
            )
        panels.append(
            alt.layer(*layers).properties(
                width=inner, height=17 * len(part),
                title=alt.Title(group, fontSize=12, fontWeight="bold", offset=4),
            )
        )  # fmt: skip
    return alt.vconcat(*panels, spacing=12).resolve_scale(color="shared")


def _ends(row: pd.Series, of: str) -> str:
    low, high = (wording.percent(float(row[f"{of}_{end}"])) for end in ("low", "high"))
    return wording.span(low, high)


def _change(row: pd.Series) -> str:
    """Whether one definition brings figures nearer; a fifth either way is no change."""
    factor = row["converted"] / row["printed"]
    return "narrows" if factor < 0.8 else "widens" if factor > 1.25 else "hardly changes"


def ledger_of_splits() -> Figure:
    frame = _ledger_rows()
    before, after = (ledger.spread(year) for year in (2024, 2025))
    rows = ledger.on_one_definition()
    unclear = rows[rows["denominator"] == "unclear"]
    wide = wording.digits(100 * float((unclear["high_as"] - unclear["low_as"]).median()))
    return Figure(
        id="ledger-of-splits",
        title=(
            f"On one definition, the figures for one laboratory in 2024 span {_ends(before, 'as')} "
            f"instead of {_ends(before, 'printed')}; the spread for 2025 {_change(after)}"
        ),
        subtitle=(
            "Share of inference, percent: every comparable published split of "
            f"{frame['year'].min()} to {frame['year'].max()}, as published and on one definition; "
            f"told by {wording.month(catalog.as_of())}"
        ),
        caption=(
            "Grey: as published, filled where measured or reported; orange: the same put as a "
            "share of chips against all research, with 90% interval; diamonds: about years not "
            "over when it was told. Definitions stand at the right of the wide figure. "
            f"{len(unclear)} of {len(rows)} do not say whether research counts (?): their line "
            f"holds both readings, in the median {wide} points wide."
        ),
        alt=(
            f"List of {len(frame)} published shares in three groups, each with a grey mark as "
            "published and an orange one on one definition. For single laboratories in 2024 "
            f"{_ends(before, 'printed')} becomes {_ends(before, 'as')}; for 2025 "
            f"{_ends(after, 'printed')} becomes {_ends(after, 'as')}. Figures for the world get "
            "lines that cover most of the axis, as it is not said what they count."
        ),
        evidence=("measured", "reported", "derived", "estimate", "forecast"),
        frame=frame,
        draw=_draw_ledger,
        fields={
            "split": "year, and whom it is about or who tells it",
            "year": "year that the share is of",
            "group": "whose compute",
            "definition": "unit, and what counts as training; (?) where it is not said",
            "share_percent": "share of inference as published, percent",
            "low_percent": "low end as published, percent",
            "high_percent": "high end as published, percent",
            "as_percent": "share of chips, all research counted, percent",
            "as_low_percent": "5th percentile of that, percent",
            "as_high_percent": "95th percentile of that, percent",
            "kind": "kind of evidence",
            "ahead": "told before its year was over",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("compute_splits",),
        models=(observations, as_definition, convert_share),
        tests=(
            _CONVERT_TEST,
            "tests/demand/test_ledger_findings.py::"
            "test_every_row_of_the_ledger_is_shown_or_has_a_reason",
        ),
        weaknesses=(
            "Most are estimates or forecasts, several read at second hand; what vendors and "
            "forecasters count is seldom said. One definition does not make one scope: a "
            "laboratory, a cloud and the world differ in truth. FLOP per chip-hour, prices and "
            "draw are the model's; the share of final runs is that of a few developers."
        ),
        settings={"level": ledger.LEVEL, "draws": projection.DRAWS, "seed": projection.SEED},
        height={"wide": 620, "narrow": 640},
    )


FIGURES: tuple[Entry, ...] = (
    Entry("one-year-two-shares", one_year_two_shares),
    Entry("ledger-of-splits", ledger_of_splits),
)
