"""Figures over a model's life: the size to serve, and when thinking stops being the cheaper way."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import assumptions, catalog, wording
from analysis.publishing import Control, Figure, theme
from analysis.publishing.labels import end_labels, spread
from analysis.publishing.marks import line_with_band
from analysis.scaling_laws import findings as scaling_laws
from analysis.test_time_compute.break_even import break_even_interval, break_even_queries
from analysis.test_time_compute.findings import LEVEL, exchange, lifetime
from analysis.test_time_compute.inference_aware import (
    inference_aware_bands,
    inference_aware_optimum,
)

_QUANTITIES = {"parameter_ratio": "parameters", "flop_ratio": "compute, training and answers"}
GAINS = np.unique(np.round(np.geomspace(1.5, 100, 33), 3))
BREAK_EVEN, VOLUME = "break-even", "questions asked"


def size_to_serve() -> Figure:
    rows = lifetime.inference_aware()
    rows = rows.loc[rows["quantity"].isin(list(_QUANTITIES))]
    frame = pd.DataFrame(
        {
            "law": rows["law"],
            "quantity": rows["quantity"].map(_QUANTITIES),
            "demand_ratio": rows["demand_ratio"],
            "percent": 100 * rows["ratio"],
            "low": 100 * rows["low"],
            "high": 100 * rows["high"],
        }
    )
    at = lifetime.read_at(10.0)
    size, cost = wording.percent(at["parameter_ratio"]), wording.percent(at["flop_ratio"])

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        x_scale = alt.Scale(
            type="log",
            domain=theme.domain_with_room(0.01, 100, width, 105 if width > 500 else 76),
            nice=False,
        )
        x = alt.X(
            "demand_ratio:Q",
            scale=x_scale,
            axis=alt.Axis(values=[0.01, 0.1, 1, 10, 100], format="~g"),
            title=theme.fitted("tokens served over tokens of the best training run (ratio)", width),
        )
        scale = alt.Scale(domain=[0, 110], nice=False)
        channel: dict[str, Any] = {
            "title": "percent of the model that is best to train",
            "scale": scale,
        }
        hues = [theme.TRAINING, theme.INFERENCE]
        colour = alt.Color(
            "quantity:N",
            legend=None,
            scale=alt.Scale(domain=list(_QUANTITIES.values()), range=hues),
        )
        mine = alt.datum.law == scaling_laws.REFIT_LABEL
        others = (
            alt.Chart(data)
            .transform_filter(~mine)
            .transform_calculate(line="datum.law + datum.quantity")
            .mark_line(strokeWidth=1, opacity=0.7)
            .encode(
                x=x,
                y=alt.Y("percent:Q", **channel),
                detail="line:N",
                color=colour,
                tooltip=["law:N", "quantity:N", alt.Tooltip("percent:Q", format=".0f")],
            )
        )
        lines = line_with_band(
            alt.Chart(data).transform_filter(mine), x=x, y="percent", low="low", high="high",
            colour=colour, detail="quantity:N", channel=channel, strokeWidth=3,
        )  # fmt: skip
        refit = data["law"] == scaling_laws.REFIT_LABEL
        ends = data.loc[refit & (data["demand_ratio"] == data["demand_ratio"].max())].copy()
        ends["label_at"] = spread(ends["percent"].tolist(), 9)
        ends["short"] = ends["quantity"].str.split(",").str[0]
        labels = end_labels(
            ends, x=x, x_scale=x_scale, y="percent", scale=scale, text="short", colour=colour,
            reach=1.6,
        )  # fmt: skip
        return others + lines + labels

    return Figure(
        id="size-to-serve",
        title=(
            "A model that will serve ten times its best training tokens should have "
            f"{size} of the size that is best to train"
        ),
        subtitle="Cheapest model of the same loss over its life, percent of the best one to train",
        caption=(
            "A smaller model, trained longer to the same loss, costs more to train and less to "
            "use. Blue: its parameters; orange: compute of training and answers together; 100 is "
            "the model that is best when nothing is served. Thick lines: our refit with its 90% "
            f"band; thin: other published laws. At ten times, compute falls to {cost}. Drawn for "
            f"the loss that {wording.power(lifetime.SERVED_FLOP)} FLOP can reach; other losses "
            "give nearly the same."
        ),
        alt=(
            "Two falling curves against tokens served. Parameters fall from nearly 100 percent "
            f"to {size} at ten times the training tokens and lower beyond; lifetime compute "
            f"falls to {cost} there. Other laws lie close."
        ),
        evidence=("derived", "estimate"),
        frame=frame,
        draw=draw,
        fields={
            "law": "loss law",
            "quantity": "what is compared with the training-optimal model",
            "demand_ratio": "tokens served in the model's life over training-optimal tokens, ratio",
            "percent": "of the training-optimal model of the same loss, percent",
            "low": "lower end of the 90% bootstrap interval of the law, percent",
            "high": "upper end of the 90% bootstrap interval of the law, percent",
        },
        sources=catalog.sources_of(
            catalog.load("scaling_law_fits").query("law_id in @lifetime.SERVED_LAWS")
        ),
        tables=("scaling_law_fits", "chinchilla_draws"),
        models=(inference_aware_optimum, inference_aware_bands),
        tests=("tests/test_time_compute/test_inference_aware.py::" + lifetime.SARDANA_TEST,),
        weaknesses=(
            "Equal loss is taken for equal quality. One FLOP costs the same in training and in "
            "answering; where answers are dearer, as they are, the best model is smaller still. "
            "Attention and memory traffic are left out. Far from the training optimum the laws "
            "were tested at few points."
        ),
        settings={"train_flop_of_the_loss": lifetime.SERVED_FLOP, "level": 0.9},
        height={"wide": 380, "narrow": 340},
    )


def _controls() -> tuple[Control, ...]:
    elasticity = assumptions.get("exchange_elasticity")
    price = assumptions.get("relative_flop_price")
    return (
        Control(
            name="exchange_elasticity",
            label="exchange rate",
            unit="powers of ten of inference per power of ten of training",
            low=0.2,
            central=elasticity.central,
            high=2.0,
            step=0.05,
        ),
        Control(
            name="tokens_per_query",
            label="tokens of a question and its plain answer",
            unit="tokens",
            low=100,
            central=lifetime.tokens_per_question(),
            high=lifetime.LONG_QUESTION_TOKENS,
            step=100,
        ),
        Control(
            name="relative_flop_price",
            label="price of a FLOP of answering",
            unit="times that of training",
            low=0.5,
            central=price.central,
            high=10,
            step=0.1,
        ),
        Control(
            name="base_already_trained",
            label="share of the base model's training already spent",
            unit="(1: it exists; 0: only planned)",
            low=0,
            central=1,
            high=1,
            step=0.05,
        ),
    )


def _readers_line(
    data: pd.DataFrame, controls: tuple[Control, ...], channel: dict[str, Any]
) -> alt.LayerChart:
    """The break-even under the reader's assumptions, from the function that made the other line."""
    params = {c.name: alt.param(name=c.name, value=c.central) for c in controls}
    elasticity = params["exchange_elasticity"]
    rest = {name: param for name, param in params.items() if name != "exchange_elasticity"}
    settings = {k: float(f"{v:.6g}") for k, v in lifetime.break_even_settings().items()}
    queries = break_even_queries(
        alt.datum.training_multiple, elasticity, **settings, **rest, xp=alt.expr
    )
    return (
        alt.Chart(data)
        .transform_filter(alt.datum.row == BREAK_EVEN)
        .transform_calculate(assumed_queries=queries.expr)
        .transform_filter("isFinite(datum.assumed_queries)")
        .transform_calculate(moved="abs(datum.assumed_queries / datum.queries - 1) > 0.001")
        .mark_line(color=theme.ACCENT, strokeWidth=2, strokeDash=[8, 3])
        .encode(
            x="training_multiple:Q",
            y=alt.Y("assumed_queries:Q", **channel),
            opacity=alt.condition("datum.moved", alt.value(1), alt.value(0)),
        )
        .add_params(*params.values())
    )


def break_even() -> Figure:
    bands = [lifetime.break_even_band(float(gain)) for gain in GAINS]
    central = [lifetime.break_even_central(float(gain)) for gain in GAINS]
    a_day = float(lifetime.messages_per_day()["value"])
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "row": BREAK_EVEN,
                    "training_multiple": GAINS,
                    "queries": central,
                    "low": [band.low for band in bands],
                    "high": [band.high for band in bands],
                    "beyond": lifetime.tried_up_to() < GAINS,
                    "name": "",
                    "source_id": "",
                }
            ),
            pd.DataFrame(
                {
                    "row": VOLUME,
                    "training_multiple": GAINS.max(),
                    "queries": [a_day, a_day * 365.25],
                    "beyond": False,
                    "name": ["ChatGPT, one day", "ChatGPT, one year"],
                    "source_id": lifetime.messages_per_day()["source_id"],
                }
            ),
        ],
        ignore_index=True,
    )
    gain = lifetime.gain_wanted()
    middle, band = lifetime.break_even_central(gain), lifetime.break_even_band(gain)
    at = wording.count(middle)
    low, high = wording.count(band.low), wording.count(band.high)
    volume = lifetime.messages_per_day()
    asked, month = wording.count(a_day), wording.month(str(volume["date"]))
    times = wording.digits(gain, 1)
    least = assumptions.get("gain_wanted").low
    small, at_small = (
        wording.digits(least, 1), wording.count(lifetime.break_even_central(least)),
    )  # fmt: skip
    controls = _controls()

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        x = alt.X(
            "training_multiple:Q",
            scale=alt.Scale(type="log", domain=[1.5, 100], nice=False),
            axis=alt.Axis(values=[2, 3, 5, 10, 20, 50, 100], format="d"),
            title="gain wanted, as times the training compute (log scale)",
        )
        channel: dict[str, Any] = {
            "title": "questions in the model's life (times asked, log scale)",
            "scale": alt.Scale(type="log", domain=[1e7, 1e13], nice=False, clamp=True),
            "axis": alt.Axis(
                values=[10.0**n for n in range(7, 14)], grid=True,
                labelExpr="{'7': '10 million', '8': '100 million', '9': '1 billion', "
                "'10': '10 billion', '11': '100 billion', '12': '1 trillion', "
                "'13': '10 trillion'}[round(log(datum.value) / LN10)]",
            ),
        }  # fmt: skip
        model = alt.Chart(data).transform_filter(alt.datum.row == BREAK_EVEN)
        solid = (
            model.transform_filter("!datum.beyond")
            .mark_line(strokeWidth=3, color=theme.INFERENCE)
            .encode(x=x, y=alt.Y("queries:Q", **channel))
        )
        line = line_with_band(
            model, x=x, y="queries", low="low", high="high", colour=theme.INFERENCE,
            channel=channel, strokeWidth=3, strokeDash=[4, 4],
            tooltip=[
                alt.Tooltip("training_multiple:Q", format=".2~g"),
                alt.Tooltip("queries:Q", format=".2~s"),
                alt.Tooltip("low:Q", format=".2~s"), alt.Tooltip("high:Q", format=".2~s"),
            ],
        )  # fmt: skip
        volumes = alt.Chart(data).transform_filter(alt.datum.row == VOLUME)
        y = alt.Y("queries:Q", **channel)
        rule = volumes.mark_rule(strokeDash=[3, 3], color=theme.MUTED).encode(y=y)
        name = volumes.mark_text(align="right", dy=-6, fontSize=11, color=theme.MUTED).encode(
            x=x, y=y, text="name:N"
        )
        regions = pd.DataFrame(
            {
                "training_multiple": [1.65, 1.65],
                "queries": [3e7, 3.5e12],
                "text": ["thinking longer is cheaper", "training more is cheaper"],
            }
        )
        texts = (
            alt.Chart(regions)
            .mark_text(align="left", fontSize=12, fontStyle="italic", color=theme.INK)
            .encode(x=x, y=y, text="text:N")
        )
        return _readers_line(data, controls, channel) + line + solid + rule + name + texts

    return Figure(
        id="break-even",
        title=(
            f"Thinking is cheaper below about {at_small} questions for a gain worth {small} "
            "times the "
            f"training, {at} for {times} times"
        ),
        subtitle="Questions in a model's life at which both ways cost the same, by the gain wanted",
        caption=(
            "Below the line letting the model think longer buys the gain for less compute, above "
            "it training a better one does. Line: central assumptions, dashed where the thinking "
            "would be longer than any average answer in our tables; band: 90% over the "
            f"assumptions, {low} to {high} for {times} times. Dotted: messages sent to ChatGPT, "
            f"{asked} a day in {month}, as if all "
            "needed the gain. Purple: your own assumptions, once moved."
        ),
        alt=(
            "A falling line of break-even questions against the gain wanted, on logarithmic axes, "
            f"with a wide band: {at} at a tenfold, {low} to {high}. Two dotted lines mark what "
            "ChatGPT is asked in a day and in a year."
        ),
        evidence=("derived", "estimate", "reported"),
        frame=frame,
        draw=draw,
        controls=controls,
        fields={
            "row": "the break-even, or a number of questions asked",
            "training_multiple": "gain wanted: training compute that buys it over the model's own",
            "queries": "questions in the model's life",
            "low": "lower end of the 90% interval over the assumptions",
            "high": "upper end of the 90% interval over the assumptions",
            "beyond": "true where thinking would exceed the longest average answer in the tables",
            "name": "whose questions",
            "source_id": "key of the source; empty for the model",
        },
        sources=catalog.sources_of(
            catalog.load("query_volumes").query("metric == 'messages_per_day'"),
            *exchange.rates_for_thinking()["source_id"].unique(),
        ),
        tables=("query_volumes", "exchange_rates", "chinchilla_draws", "chinchilla_refit"),
        models=(break_even_queries, break_even_interval),
        tests=(
            "tests/test_time_compute/test_break_even.py::"
            "test_the_cheaper_programme_changes_at_the_break_even",
            "tests/pages/test_controls.py::test_page_and_python_agree_on_sampled_scenarios",
        ),
        weaknesses=(
            "The exchange rate is assumed to hold over the whole gain and for hard questions too, "
            "where it has been found to fail. Whether thinking helps at lengths not yet tried is "
            "not known. "
            "Left out: the training that teaches a model to think, that a better model is better "
            "at "
            "everything, delay and memory, which all favour training. In the other direction, "
            "question and answer are multiplied alike, though only the answer grows; counting that "
            "would raise the break-even by up to a factor of two."
        ),
        settings={
            "level": LEVEL,
            "draws": lifetime.DRAWS,
            "seed": lifetime.SEED,
            **lifetime.break_even_settings(),
        },
        height={"wide": 420, "narrow": 400},
    )
