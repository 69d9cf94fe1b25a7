"""What an answer costs: the price of a fixed score, and energy."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.test_time_compute.findings import LEVEL
from analysis.test_time_compute.fixed_score import decline_table

PRICE_TEST = "test_dated_prices_give_the_rates_that_epoch_published"
ENERGY_TEST = "test_known_energy_of_an_answer"
PLAIN, LONG = "short question, plain answer", "long prompt, long answer or thinking"
#: Energy per question that the book compares: full boundary, text, language models.
ENERGY_NAMES = {
    "luccioni_text_generation": "open models of 2023",
    "gemini_median_full": "Gemini Apps, median text prompt",
    "gpt_4o_epoch": "GPT-4o, typical question",
    "oviedo_typical": "frontier models, typical question",
    "chatgpt_altman": "ChatGPT, average question",
    "jegham_gpt_4o_short": "GPT-4o, short prompt",
    "jegham_sonnet_short": "Claude 3.7 Sonnet, short prompt",
    "chatgpt_devries": "ChatGPT 2023, top-down",
    "oviedo_test_time": "frontier models, 15 times longer answer",
    "jegham_sonnet_long": "Claude 3.7 Sonnet, long prompt",
    "jegham_sonnet_thinking_long": "Claude 3.7 Sonnet thinking, long prompt",
    "jegham_o3_long": "o3, long prompt",
}


@cache
def answer_energy() -> pd.DataFrame:
    """Published energy per question, with whether the answer was plain or long."""
    rows = catalog.load("answer_energy").query("metric == 'energy_per_query' and unit == 'wh'")
    rows = rows.loc[rows["fact_id"].isin(list(ENERGY_NAMES))].copy()
    rows["name"] = rows["fact_id"].map(ENERGY_NAMES)
    long_answer = rows["workload"].str.contains("long|test-time")
    rows["answer"] = np.where(long_answer, LONG, PLAIN)
    return rows.reset_index(drop=True)


def first_prices_of_o3() -> tuple[float, float]:
    """Price per task of the first run above 70% on the puzzle test: as published, and as used."""
    points = catalog.load("accuracy_points").query(
        "model == 'o3-preview' and x_quantity == 'usd_per_task' and y_value == 0.757"
    )
    return float(points["x_value"].min()), float(points["x_value"].max())


@cache
def energy_of_longer_answer() -> float:
    """Energy of an answer 15 times longer over that of a typical one, from one study."""
    energy = answer_energy().set_index("fact_id")["value"].astype(float)
    return float(energy["oviedo_test_time"] / energy["oviedo_typical"])


#: Scores whose price was followed, short enough for the end of a line.
PRICE_NAMES = {
    "MMLU at GPT-3 level (>= 43.9)": "MMLU, GPT-3 level",
    "MMLU at GPT-3.5 level (>= 64.8)": "MMLU, GPT-3.5 level",
    "MMLU at GPT-4-0314 level (>= 86.0)": "MMLU, GPT-4 level",
    "GPQA Diamond at GPT-4-0314 level (>= 33.0)": "GPQA, GPT-4 level",
    "GPQA Diamond at Claude-3.5-Sonnet-2024-06 level (>= 56.0)": "GPQA, Sonnet 3.5 level",
    "MATH 5 at GPT-4-0613 level (>= 23.0)": "MATH 5, GPT-4 level",
    "ARC-AGI-1 at 40 to 50 %": "ARC-AGI-1, 40 to 50%",
    "ARC-AGI-1 at 70 to 80 %": "ARC-AGI-1, 70 to 80%",
}
PER_TOKEN, PER_TASK = "price per token", "price per task"
_MONTH_DAYS = 365.25 / 12


@cache
def price_paths() -> pd.DataFrame:
    """Cheapest price at which a fixed score could be had, over the first price and by month."""
    rows = catalog.load("fixed_score_prices").copy()
    rows["level"] = rows["capability"].map(PRICE_NAMES)
    rows["price"] = rows["usd_per_mtok"].fillna(rows["usd_per_task"]).astype(float)
    rows["basis"] = np.where(rows["usd_per_mtok"].isna(), PER_TASK, PER_TOKEN)
    days = pd.to_datetime(rows["date"], format="ISO8601")
    first = rows.assign(day=days).groupby("level")["day"].transform("min")
    rows["months"] = (days - first).dt.days / _MONTH_DAYS
    rows = rows.sort_values(["level", "months"])
    rows["relative_price"] = rows["price"] / rows.groupby("level")["price"].transform("first")
    return rows.reset_index(drop=True)


@cache
def price_rates() -> pd.DataFrame:
    """Fitted yearly fall of the price at every score with enough dated prices."""
    return decline_table(catalog.load("fixed_score_prices"), level=LEVEL)
