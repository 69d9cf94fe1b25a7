"""What inference compute stands in for training compute: published, measured, and at best."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.test_time_compute.findings import DRAWS, LEVEL, SEED
from analysis.test_time_compute.inference_aware import FORWARD_FLOP_PER_PARAMETER_TOKEN
from analysis.test_time_compute.split import inference_share_interval
from analysis.uncertainty import Interval

EXCHANGE_TEST = "test_epoch_takeaways_keep_their_ranges"
SPLIT_TEST = "test_parity_is_exact_at_one_for_one_and_jones_gives_a_little_less"
THINKING, OVER_TRAINING = "think instead of training", "train more, answer cheaper"
#: Names of published exchange rates, short enough for an axis.
EXCHANGE_NAMES = {
    "jones2021_hex": "Jones 2021: tree search, board games",
    "epoch2023_mcts": "Epoch 2023: tree search, weak play",
    "epoch2023_any_save_training": "Epoch 2023: any technique, language",
    "epoch2023_sequential_reasoning": "Epoch 2023: step-by-step reasoning",
    "epoch2023_cheap_verification": "Epoch 2023: many checked attempts",
    "epoch2023_combined": "Epoch 2023: techniques combined",
    "erdil2024_equal_elasticity": "Erdil 2024: assumed one for one",
    "ord2025_rl_10x": "Ord 2025: reinforcement learning",
    "snell2024_larger_model": "Snell 2024: adaptive tries, MATH",
    "epoch2023_any_save_inference": "Epoch 2023: any technique, train more",
    "epoch2023_scaling_policy": "Epoch 2023: smaller model, more data",
    "sardana2023_train_smaller": "Sardana 2023: 7B in place of 13B",
}


@cache
def exchange_rates() -> pd.DataFrame:
    """Published exchange rates: powers of ten of inference per power of ten of training."""
    rows = catalog.load("exchange_rates").set_index("fact_id", drop=False)
    rows = rows.loc[list(EXCHANGE_NAMES)].copy()
    training = rows["span_training_oom"].astype(float)
    inference = rows["span_inference_oom"].abs().astype(float)
    # Blank where a paper gives a case but no rate.
    rows["elasticity"] = inference / training
    # A span given as a range: its ends over the other span's centre, or over its opposite ends.
    high_training = rows["span_training_high"].fillna(training)
    low_training = rows["span_training_low"].fillna(training)
    rows["low"] = rows["span_inference_low"].fillna(inference) / high_training
    rows["high"] = rows["span_inference_high"].fillna(inference) / low_training
    single = rows["low"] == rows["high"]
    rows.loc[single, ["low", "high"]] = np.nan
    saves = rows["direction"].str.startswith("spend training")
    rows["way"] = np.where(saves, OVER_TRAINING, THINKING)
    rows["name"] = rows["fact_id"].map(EXCHANGE_NAMES)
    return rows.reset_index(drop=True)


def rates_for_thinking() -> pd.DataFrame:
    """The published rates for thinking instead of training, those without a number left out."""
    return exchange_rates().query("way == @THINKING").dropna(subset="elasticity")


@cache
def split_interval() -> Interval:
    """Interval of the best inference share over the assumed exchange rates."""
    drawn = assumptions.sample(["exchange_elasticity"], DRAWS, np.random.default_rng(SEED))
    return inference_share_interval(drawn["exchange_elasticity"], level=LEVEL)


ISO_TEST = "test_the_interval_covers_planted_slopes_as_often_as_it_says"
REACH_TEST = "test_fewer_checkpoints_reach_a_target_the_more_the_verifier_lets_through"
#: Coverage at which the measured exchange is drawn.
TARGET = 0.3
#: Checkpoints among which all reach the target, so that none is left out for being weak.
SCOPE = "from 1e9 parameters and 2e10 tokens"


@cache
def iso_coverage() -> pd.DataFrame:
    """Training and inference FLOP of every checkpoint that reaches the target."""
    rows = catalog.load("iso_coverage")
    rows = rows.loc[(rows["target"] == TARGET) & rows["reached"].astype(bool)].copy()
    tokens = assumptions.get("tokens_per_sample").central
    per_try = FORWARD_FLOP_PER_PARAMETER_TOKEN * rows["parameters"].astype(float) * tokens
    columns = {"inference_flop": "samples_needed", "low": "low_90", "high": "high_90"}
    for name, column in columns.items():
        rows[name] = per_try * rows[column].astype(float)
    rows["size"] = rows["checkpoint"].str.split("_").str[1]
    return rows.sort_values(["parameters", "train_tokens"]).reset_index(drop=True)


def slope(direction: str, target: float = TARGET, false_positive_rate: float = 0.0) -> pd.Series:
    """A measured exchange rate with its interval, among the checkpoints of `SCOPE`."""
    rows = catalog.load("exchange_slopes")
    rates = "counts" if false_positive_rate == 0 else "shrunk"
    chosen = rows.loc[
        (rows["rates"] == rates)
        & (rows["scope"] == SCOPE)
        & (rows["target"] == target)
        & (rows["direction"] == direction)
        & (rows["verifier_false_positive_rate"] == false_positive_rate)
    ]
    return chosen.iloc[0]


@cache
def reach() -> pd.DataFrame:
    """Checkpoints that can reach a share of right answers, by how often a wrong one passes."""
    rows = catalog.load("exchange_slopes")
    every = rows.loc[(rows["scope"] == "all checkpoints") & (rows["direction"] == "within size")]
    counted = every.loc[every["rates"] == "counts"]
    shrunk = every.loc[(every["rates"] == "shrunk") & (every["verifier_false_positive_rate"] > 0)]
    table = pd.concat([counted, shrunk], ignore_index=True)
    total = table["checkpoints"] + table["not_reached"]
    return pd.DataFrame(
        {
            "target_percent": 100 * table["target"].astype(float),
            "false_positive_percent": 100 * table["verifier_false_positive_rate"].astype(float),
            "checkpoints": table["reach_at_all"].fillna(table["checkpoints"]).astype(int),
            "of": total.astype(int),
            "source_id": table["source_id"],
        }
    )


@cache
def size_slopes() -> pd.Series:
    """Exchange rate of each size over its own training, by least squares, indexed by size."""
    rows = iso_coverage()
    slopes = {}
    for size, group in rows.groupby("size", sort=False):
        if len(group) > 1:
            logs = np.log10(group[["train_flop", "inference_flop"]].astype(float))
            slopes[size] = -np.polyfit(logs["train_flop"], logs["inference_flop"], 1)[0]
    return pd.Series(slopes)
