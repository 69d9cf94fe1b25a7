"""What more thinking buys within one model, and how much of a gain is thinking at all."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.test_time_compute.findings import LEVEL
from analysis.test_time_compute.random_effects import PooledEffect, pool
from analysis.test_time_compute.thinking import slopes_by_study
from analysis.test_time_compute.thinking_or_model import decompose

SLOPE_TEST = (
    "tests/test_time_compute/test_random_effects.py::"
    "test_intervals_hold_the_planted_mean_as_often_as_they_say"
)
PAIR_TEST = (
    "tests/test_time_compute/test_thinking_or_model.py::"
    "test_intervals_cover_planted_shares_as_often_as_they_say"
)
USED, CAP, SAMPLED, MONEY = (
    "tokens used", "cap on thinking tokens", "more samples", "money per task",
)  # fmt: skip
_KINDS = {
    "output_tokens": USED,
    "thinking_token_cap": CAP,
    "usd_per_task": MONEY,
}
#: A slope is pooled where the settings compared differ at least so much in tokens: below it the
#: error of a few questions is stretched over a tenfold never observed.
LEAST_RATIO = 1.5
_SHORT_MODELS = {
    "claude-3-7-sonnet-20250219": "Claude 3.7 Sonnet",
    "claude-opus-4-1-20250805": "Claude Opus 4.1",
    "claude-opus-4-20250514": "Claude Opus 4",
    "claude-sonnet-4-20250514": "Claude Sonnet 4",
    "claude-sonnet-4-5-20250929": "Claude Sonnet 4.5",
    "claude-3-7-sonnet-20250219_16K": "Claude 3.7 Sonnet, thinking",
    "claude-3-5-sonnet-20241022": "Claude 3.5 Sonnet",
    "o1-2024-12-17": "o1",
    "o1-mini-2024-09-12": "o1-mini",
    "o3-mini-2025-01-31": "o3-mini",
    "o1-2024-12-17_medium": "o1",
    "o1-2024-12-17_high": "o1, high effort",
    "o1-mini-2024-09-12_medium": "o1-mini",
    "o3-mini-2025-01-31_medium": "o3-mini",
    "gpt-4o-2024-08-06": "GPT-4o",
    "gpt-4o-mini-2024-07-18": "GPT-4o mini",
}
_SHORT_BENCHMARKS = {
    "GPQA diamond": "GPQA",
    "MATH level 5": "MATH 5",
    "OTIS Mock AIME 2024-2025": "Mock AIME",
    "ARC-AGI-1 semi-private": "ARC-AGI-1",
    "ARC-AGI-1 public eval": "ARC-AGI-1 public",
    "ARC-AGI-2 semi-private": "ARC-AGI-2",
}


def short_model(model: str) -> str:
    """A model's name as a figure says it."""
    return _SHORT_MODELS.get(model, model)


def _published_slopes() -> pd.DataFrame:
    """Slopes within one model from points published with their tokens or money."""
    rows = catalog.load("accuracy_points").query("study.str.startswith('ARC Prize')")
    wanted = ((rows["model"] == "o3-preview") & (rows["x_quantity"] == "thinking_tokens")) | (
        (rows["model"] == "GPT-5.5")
        & (rows["x_quantity"] == "usd_per_task")
        & rows["benchmark"].str.startswith("ARC-AGI-2")
    )
    points = rows.loc[wanted].rename(columns={"y_value": "accuracy"})
    points["x_quantity"] = points["x_quantity"].replace("thinking_tokens", "output_tokens")
    slopes = slopes_by_study(points, level=LEVEL)
    source = points.drop_duplicates(["model", "benchmark"]).set_index(["model", "benchmark"])
    keys = list(zip(slopes["model"], slopes["benchmark"], strict=True))
    return slopes.assign(
        change="more tries or effort",
        x_ratio=slopes["x_high"] / slopes["x_low"],
        source_id=[source.loc[key, "source_id"] for key in keys],
    )


@cache
def slopes() -> pd.DataFrame:
    """Log-odds of a right answer per tenfold thinking, one row per model and benchmark."""
    rows = pd.concat([catalog.load("thinking_slopes"), _published_slopes()], ignore_index=True)
    rows["counted"] = rows["x_quantity"].map(_KINDS)
    rows["name"] = rows["model"].map(short_model) + ", " + rows["benchmark"].map(_SHORT_BENCHMARKS)
    # The makers of o3-preview drew more samples and voted; its tokens count all of them.
    rows.loc[rows["model"] == "o3-preview", "counted"] = SAMPLED
    rows["pooled"] = (rows["x_ratio"] >= LEAST_RATIO) & rows["counted"].isin([USED, CAP])
    return rows


@cache
def pooled(counted: str = USED, every: bool = False) -> PooledEffect:
    """Random-effects mean of the slopes of one kind; `every` takes the narrow comparisons too."""
    rows = slopes()
    chosen = rows.loc[(rows["counted"] == counted) & (rows["pooled"] | every)]
    return pool(chosen["log_odds_per_tenfold"], chosen["standard_error"], level=LEVEL)


def points_from(start: float, slope: float) -> float:
    """Percentage points that one tenfold adds, from a share of right answers."""
    odds = start / (1 - start) * np.exp(slope)
    return float(100 * (odds / (1 + odds) - start))


#: The one model in the data that was asked the same questions with thinking off and on.
SWITCHED = "claude-3-7-sonnet-20250219"


@cache
def decomposed() -> pd.DataFrame:
    """Gain of reasoning models over plain ones: what goes with tokens, and the rest.

    The slope is that of the one model whose thinking was switched on, benchmark by benchmark; its
    error has the spread between models added. Pairs with that model are left out: its own scores
    made the slope.
    """
    pairs = catalog.load("thinking_points")
    own_pair = pairs["plain_model"].eq(SWITCHED) | pairs["reasoning_model"].str.startswith(SWITCHED)
    pairs = pairs.loc[~own_pair].reset_index(drop=True)
    own = slopes().query("model == @SWITCHED and counted == @USED").set_index("benchmark")
    parts = decompose(
        pairs,
        own.loc[pairs["benchmark"], "log_odds_per_tenfold"].to_numpy(),
        np.hypot(own.loc[pairs["benchmark"], "standard_error"].to_numpy(), pooled().tau),
        level=LEVEL,
    )
    parts["name"] = (
        parts["plain_model"].map(short_model) + " to " + parts["reasoning_model"].map(short_model)
    )
    parts["test"] = parts["benchmark"].map(_SHORT_BENCHMARKS)
    return parts


@cache
def heaviest_model() -> tuple[str, float]:
    """The model with the most weight in the pooled slope of tokens used, and its share of it."""
    rows = slopes()
    used = rows.loc[(rows["counted"] == USED) & rows["pooled"]]
    weight = 1 / (used["standard_error"].astype(float) ** 2 + pooled().tau ** 2)
    by_model = weight.groupby(used["model"]).sum() / weight.sum()
    return short_model(str(by_model.idxmax())), float(by_model.max())
