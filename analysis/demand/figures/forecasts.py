"""Figure of the forecasts of others, held against what came and against our projection."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import wording
from analysis.demand.figures.hindcast import (
    NATURES,
    TESTS,
    nature_colour,
    panel_title,
    sources_of_rows,
)
from analysis.demand.findings import forecasts as found
from analysis.demand.findings import hindcast, projection
from analysis.demand.peer_scores import peer_scores
from analysis.publishing import Entry, Figure, theme

_OVER, _AMOUNTS, _SHARES, _CROSSINGS = "over", "amounts", "shares", "crossover"
_BOTH_WORDS = NATURES[hindcast.BOTH]
#: Pixels between the bars of a row and their thickness, by number of bars.
_LANES = {1: (0.0, 8.0), 2: (6.0, 5.0), 4: (4.5, 3.5)}
_READ = {"rnd": NATURES[hindcast.INFERENCE], "final_runs": _BOTH_WORDS}


def _ratios(rows: pd.DataFrame, by: str, panel: str) -> pd.DataFrame:
    natures = rows["nature"].map(NATURES)
    kept = rows.assign(panel=panel, nature=natures, lane=0, lanes=1, first_reading=True)
    scaled = {name: rows[name] / rows[by] for name in ("low", "median", "high")}
    for name, column in (("place", "said"), ("said_low", "said_low"), ("said_high", "said_high")):
        scaled[name] = rows[column] / rows[by]
    return kept.assign(**scaled)


def _readings(rows: pd.DataFrame, panel: str, factor: float) -> pd.DataFrame:
    lanes = rows.assign(final=rows["denominator"] == "final_runs", flop=rows["unit"] == "flop")
    lanes = lanes.sort_values(["final", "flop"], kind="stable").groupby("forecast_id")
    ends = {name: factor * rows[name] for name in ("low", "median", "high")}
    for name in ("said_low", "said_high"):
        ends[name] = factor * rows[name] if name in rows else np.nan
    return rows.assign(
        panel=panel, place=factor * rows["said"], nature=rows["denominator"].map(_READ),
        lane=lanes.cumcount(), lanes=rows.groupby("forecast_id")["unit"].transform("size"), **ends,
    )  # fmt: skip


def _account_rows() -> pd.DataFrame:
    over = found.settled_forecasts()
    over = over.assign(
        said=over["value"], said_low=np.nan, said_high=np.nan, verdict="held",
        unit="of what came",
    )  # fmt: skip
    parts = [
        _ratios(over, "observed", _OVER),
        _ratios(found.levels_ahead().assign(unit="of our median"), "median", _AMOUNTS),
        _readings(found.shares_ahead(), _SHARES, 100.0),
        _readings(found.crossings_ahead(), _CROSSINGS, 1.0),
    ]
    columns = [
        "panel", "label", "place", "said_low", "said_high", "low", "median", "high", "nature",
        "unit", "lane", "lanes", "first_reading", "verdict", "forecast_id", "source_id",
    ]  # fmt: skip
    return pd.concat([part[columns] for part in parts], ignore_index=True).assign(kind="forecast")


def _account_panel(
    data: pd.DataFrame, panel: str, width: int, labels: int, step: int, title: str,
    scale: alt.Scale, axis: alt.Axis, axis_title: str | list[str], mark: float | None,
) -> alt.LayerChart | alt.FacetChart:  # fmt: skip
    rows = data[data["panel"] == panel]
    order = rows["label"].drop_duplicates().tolist()
    y = alt.Y(
        "label:N", sort=order,
        axis=alt.Axis(
            title=None, ticks=False, labelColor=theme.INK, labelLimit=labels, labelOverlap=False,
            minExtent=labels, maxExtent=labels,
        ),
    )  # fmt: skip
    base = alt.Chart(rows)
    colour = nature_colour(False)
    x: dict[str, Any] = {"scale": scale, "title": axis_title, "axis": axis}
    layers = []
    if mark is not None:
        rule = base.mark_rule(color=theme.MUTED, strokeDash=[2, 3])
        layers.append(rule.encode(x=alt.XDatum(mark, scale=scale)))
    kinds = rows[["lanes", "lane"]].drop_duplicates().sort_values(["lanes", "lane"])
    for lanes, lane in kinds.itertuples(index=False):
        apart, thick = _LANES[lanes]
        offset = (lane - (lanes - 1) / 2) * apart
        part = base.transform_filter(
            f"datum.lanes === {lanes} && datum.lane === {lane} && isValid(datum.low)"
        )
        layers.append(
            part.mark_bar(height=thick, yOffset=offset, opacity=0.34).encode(
                x=alt.X("low:Q", **x), x2="high:Q", y=y, color=colour
            )
        )
        layers.append(
            part.mark_tick(size=thick, yOffset=offset, thickness=2).encode(
                x=alt.X("median:Q", scale=scale), y=y, color=colour
            )
        )
    first = base.transform_filter("datum.first_reading")
    layers.append(
        first.mark_rule(strokeWidth=1.3, color=theme.INK).encode(
            x=alt.X("said_low:Q", scale=scale), x2="said_high:Q", y=y
        )
    )
    hue = alt.condition(
        f"datum.verdict === '{found.OUTSIDE}'", alt.value(theme.ACCENT), alt.value(theme.INK)
    )
    layers.append(
        first.mark_point(
            shape="diamond", size=58, strokeWidth=1.8, filled=True, fill=theme.PAPER, opacity=1
        ).encode(
            x=alt.X("place:Q", scale=scale), y=y, stroke=hue,
            tooltip=["label:N", alt.Tooltip("place:Q", format=".3g"), "unit:N", "verdict:N"],
        )
    )  # fmt: skip
    return alt.layer(*layers).properties(
        width=width, height=step * len(order), title=panel_title(title)
    )


def _draw_account(data: pd.DataFrame, width: int = 690) -> alt.HConcatChart | alt.VConcatChart:
    wide = width > 500
    labels = 168
    size = (width - 2 * labels - 62) // 2 if wide else width - labels - 26
    ratio = alt.Axis(values=[0.1, 0.3, 1, 3, 10], format="~g", grid=True)
    log = alt.Scale(type="log", domain=[0.03, 12], nice=False, clamp=True)
    over = _account_panel(
        data, _OVER, size, labels, 19, "their date has passed",
        log, ratio, "times what came (log scale)", 1.0,
    )  # fmt: skip
    amounts = _account_panel(
        data, _AMOUNTS, size, labels, 19, "amounts to come",
        log, ratio, "times our median (log scale)", 1.0,
    )  # fmt: skip
    shares = _account_panel(
        data, _SHARES, size, labels, 23, "share of inference",
        alt.Scale(domain=[0, 100], nice=False), alt.Axis(values=[0, 25, 50, 75, 100], grid=True),
        "percent", 50.0,
    )  # fmt: skip
    ends = (
        f"datum.value <= {found.FIRST_PLACE} ? '≤’23' : datum.value >= {found.LAST_PLACE} ? 'later'"
    )
    crossings = _account_panel(
        data, _CROSSINGS, size, labels, 23, "year from which inference is more",
        alt.Scale(domain=[found.FIRST_PLACE - 0.4, found.LAST_PLACE + 0.4], nice=False),
        alt.Axis(
            values=[found.FIRST_PLACE, 2026, 2028, found.LAST_PLACE], grid=True, labelOverlap=False,
            labelExpr=ends + " : '’' + format(datum.value - 2000, 'd')",
        ),
        "calendar year", None,
    )  # fmt: skip
    if not wide:
        return alt.vconcat(over, amounts, shares, crossings, spacing=14)
    left = alt.vconcat(over, amounts, spacing=14)
    right = alt.vconcat(shares, crossings, spacing=14)
    return alt.hconcat(left, right, spacing=18)


def _worst() -> float:
    return float(np.exp(found.settled_forecasts()["error"].abs().max()))


def forecasts_held_to_account() -> Figure:
    frame = _account_rows()
    of = found.counts()
    many = f"{of['held']} can be held against a number and were off by up to "
    outside = "; ".join(found.outside_labels())
    low = int((found.settled_forecasts()["error"] > 0).sum())
    return Figure(
        id="forecasts-held-to-account",
        title=(
            f"Of {of['all']} forecasts of others {of['over']} are over; {many}"
            f"{wording.digits(_worst())}-fold; of {of['compared']} to come that our model can be "
            f"asked, {of['outside']} lie outside its 90% interval"
        ),
        subtitle=(
            "Others' forecasts (diamonds), over what came where their date has passed, and beside "
            "our median and 90% interval for the same quantity and year"
        ),
        caption=(
            "Bars: our 90% interval, ticks our median; at the top left our hindcast of the same, "
            f"where there is one. {wording.share_of(low, of['held'])} forecasts that are over were "
            "too low (serving cost: per dollar of revenue). Blue: training; orange: inference, of "
            "shares with all research counted; grey: chips and power, of shares final runs only; "
            "of two bars in one colour the upper counts chips, the lower FLOP. Purple: outside our "
            f"interval; {of['one_reading']} more are inside under one reading only. 'Later': not "
            "by 2030."
        ),
        alt=(
            f"Four lists of diamonds over bars. {of['held']} forecasts whose date has passed lie "
            f"near 1, up to a factor of {wording.digits(_worst())} away. Of those to come all but "
            f"{of['outside']} lie on a bar; beside all are {outside}. Bars for 2030 are many times "
            "wider than those for 2026."
        ),
        evidence=("forecast", "simulation"),
        frame=frame,
        draw=_draw_account,
        fields={
            "panel": "over: its date has passed; amounts, shares and years of crossover to come",
            "label": "who says it, of what and when",
            "place": "the forecast: over what came, over our median, in percent, or the year",
            "said_low": "low end of the forecast, where one is told, in the same unit",
            "said_high": "high end",
            "low": "our 5th percentile in the same unit (of what is over: our hindcast)",
            "median": "our median",
            "high": "our 95th percentile",
            "nature": "training, inference, or both; of shares: what counts as training",
            "unit": "what it is a ratio of, or a share of",
            "lane": "place of the bar in its row, from above",
            "lanes": "bars in the row: one per reading of what is not said",
            "first_reading": "the reading nearest to chips with all research counted",
            "verdict": "inside our interval, under one reading at least, or outside",
            "forecast_id": "key of the forecast",
            "source_id": "key of the source",
            "kind": "kind of evidence",
        },
        sources=sources_of_rows(frame),
        tables=("peer_projections", "compute_splits", "programme_compute", "lab_accounts"),
        models=(peer_scores, found.levels_ahead, found.shares_ahead),
        tests=(
            TESTS + "test_a_forecast_told_twice_is_counted_once",
            TESTS + "test_amounts_are_held_against_the_projection_of_their_own_year",
        ),
        weaknesses=(
            "Few forecasts are over, and nobody measures the world's split, so none of a share can "
            "be scored. Power added in 2025 comes from chips counted and our own overhead of a "
            "site. OpenAI's plan for serving cost is dated by the account that told it. Clouds are "
            "held against all chips; Bain's power may be an addition; the feasible run is a limit "
            "and no forecast; no origin was found for the share of Adiyogi Arts, one of the "
            "documents. An interval as wide as ours leaves few outside."
        ),
        settings={"draws": projection.DRAWS, "seed": projection.SEED, "level": hindcast.LEVEL},
        height={"wide": 480, "narrow": 860},
    )


FIGURES: tuple[Entry, ...] = (Entry("forecasts-held-to-account", forecasts_held_to_account),)
