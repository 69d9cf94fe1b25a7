"""Small tables of thinking from Epoch AI's evaluations: token counts, and named budgets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.test_time_compute.checks import (
    require_columns,
    require_counts,
    require_probability,
)
from analysis.test_time_compute.thinking import slopes_by_study

TOKEN_COLUMNS = ["benchmark", "model", "epochs", "total_samples", "output_tokens", "accuracy"]
EFFORT_COLUMNS = ["benchmark", "base_model", "effort", "accuracy"]

SAME_MODEL = "same model, thinking switched on"
SAME_BASE = "same base model, trained to think"
SAME_DEVELOPER = "same developer, later model"

# Left out: gemini-2.0-flash-thinking, whose counted output is shorter than that of its plain
# sibling, so that its thinking seems not to be in the count.
PAIRS: tuple[tuple[str, str, str], ...] = (
    ("claude-3-7-sonnet-20250219", "claude-3-7-sonnet-20250219_16K", SAME_MODEL),
    ("DeepSeek-V3", "DeepSeek-R1", SAME_BASE),
    ("claude-3-5-sonnet-20241022", "claude-3-7-sonnet-20250219_16K", SAME_DEVELOPER),
    ("gpt-4o-2024-08-06", "o1-2024-12-17_medium", SAME_DEVELOPER),
    ("gpt-4o-2024-08-06", "o1-2024-12-17_high", SAME_DEVELOPER),
    ("gpt-4o-mini-2024-07-18", "o1-mini-2024-09-12_medium", SAME_DEVELOPER),
    ("gpt-4o-mini-2024-07-18", "o3-mini-2025-01-31_medium", SAME_DEVELOPER),
)
REASONING_FAMILIES = ("o1", "o3", "DeepSeek-R1", "gemini-2.0-flash-thinking")

_EFFORT = re.compile(r"^(?P<family>.+)_(?P<effort>low|medium|high|\d+K)$")
_BUDGET = re.compile(r"^(\d+)K$")


def evaluation_points(tokens_table: pd.DataFrame) -> pd.DataFrame:
    """Evaluations per question, with the model's family and effort taken apart.

    Parameters
    ----------
    tokens_table : DataFrame
        Columns of `TOKEN_COLUMNS`: tokens of whole evaluations, and how often each question was
        asked (``epochs``; ``total_samples`` counts answers).

    Returns
    -------
    DataFrame
        One row an evaluation: ``benchmark``, ``model`` (family), ``run`` (name with effort),
        ``effort`` ("" where the name has none), ``reasoning`` (1 where it thinks before it
        answers), ``output_tokens_per_question`` (all output, thinking or not), ``accuracy``,
        ``questions`` (different ones) and ``answers``.
    """
    require_columns("tokens_table", tokens_table, TOKEN_COLUMNS)
    answers = require_counts("total_samples", tokens_table["total_samples"])
    epochs = require_counts("epochs", tokens_table["epochs"])
    tokens = require_counts("output_tokens", tokens_table["output_tokens"])
    names = tokens_table["model"].astype(str)
    split = names.str.extract(_EFFORT)
    family, effort = split["family"].fillna(names), split["effort"].fillna("")
    thinks = (effort != "") | family.str.startswith(REASONING_FAMILIES)
    points = pd.DataFrame(
        {
            "benchmark": tokens_table["benchmark"],
            "model": family,
            "run": names,
            "effort": effort,
            "reasoning": thinks.astype(int),
            "output_tokens_per_question": np.round(tokens / answers, 1),
            "accuracy": require_probability("accuracy", tokens_table["accuracy"]),
            "questions": require_counts("total_samples over epochs", answers / epochs).astype(int),
            "answers": answers.astype(int),
        }
    )
    if points.duplicated(["benchmark", "run"]).any():
        twice = points.loc[points.duplicated(["benchmark", "run"]), ["benchmark", "run"]].iloc[0]
        raise ValueError(f"tokens_table holds {'/'.join(twice)} twice; accepted: one row each")
    return points.reset_index(drop=True)


def _token_studies(tokens_table: pd.DataFrame) -> pd.DataFrame:
    points = evaluation_points(tokens_table)
    points = points.rename(columns={"output_tokens_per_question": "x_value"})
    levels = points.groupby(["model", "benchmark"])["run"].transform("size")
    points = points[levels > 1].assign(x_quantity="output_tokens")
    switched = points.groupby(["model", "benchmark"])["effort"].transform(lambda e: "" in set(e))
    return points.assign(change=np.where(switched, "thinking switched on", "more effort"))


def _cap_studies(effort_table: pd.DataFrame, questions: Mapping[str, int]) -> pd.DataFrame:
    require_columns("effort_table", effort_table, EFFORT_COLUMNS)
    budget = effort_table["effort"].astype(str).str.extract(_BUDGET)[0].astype(float) * 1000
    caps = effort_table.assign(x_value=budget, model=effort_table["base_model"])
    caps = caps[budget.notna() & caps["benchmark"].isin(list(questions))]
    keys = ["model", "benchmark", "x_value"]
    caps = caps.groupby(keys, as_index=False, sort=False)["accuracy"].mean()
    caps = caps[caps.groupby(["model", "benchmark"])["x_value"].transform("size") > 1]
    counts = caps["benchmark"].map(dict(questions))
    return caps.assign(
        x_quantity="thinking_token_cap", questions=counts, answers=counts, change="higher cap"
    )


def thinking_slopes(
    tokens_table: pd.DataFrame,
    effort_table: pd.DataFrame,
    *,
    questions: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Slope of accuracy per tenfold thinking of every model measured at two levels or more.

    Parameters
    ----------
    tokens_table : DataFrame
        See `evaluation_points`: tokens that were used.
    effort_table : DataFrame
        Columns of `EFFORT_COLUMNS`; a budget such as "16K" is a cap on tokens and kept apart,
        efforts without a number have no x and are left out. Several runs of one budget are
        averaged and counted as one.
    questions : mapping of str to int, optional
        Questions of benchmarks that `tokens_table` lacks; without it their rows are left out.

    Returns
    -------
    DataFrame
        The table of `slopes_by_study` with ``change`` (thinking switched on, more effort, higher
        cap) and ``standard_error_answers``: from the number of answers, so the noise of answering
        these questions again; ``standard_error`` is from the number of questions.
    """
    tokens = _token_studies(tokens_table)
    counts = evaluation_points(tokens_table).groupby("benchmark")["questions"].max().to_dict()
    caps = _cap_studies(effort_table, {**counts, **(questions or {})})
    studies = pd.concat([tokens, caps], ignore_index=True)
    slopes = slopes_by_study(studies)
    again = slopes_by_study(studies.assign(questions=studies["answers"]))
    key = ["model", "benchmark", "x_quantity"]
    change = studies.drop_duplicates(key)[[*key, "change"]]
    result = slopes.merge(change, on=key, validate="one_to_one")
    result["standard_error_answers"] = again["standard_error"]
    result.attrs.update(slopes.attrs)
    return result


def thinking_pairs(
    tokens_table: pd.DataFrame, pairs: Sequence[tuple[str, str, str]] = PAIRS
) -> pd.DataFrame:
    """Plain and reasoning models side by side on each benchmark that both were run on.

    Parameters
    ----------
    tokens_table : DataFrame
        See `evaluation_points`.
    pairs : sequence of (str, str, str)
        Plain model, reasoning model (names with effort) and how they are related.

    Returns
    -------
    DataFrame
        Columns ``benchmark``, ``plain_model``, ``reasoning_model``, ``relation``, ``questions``,
        then for plain and reasoning ``*_output_tokens_per_question``, ``*_accuracy``,
        ``*_answers``: what `decompose` takes.
    """
    points = evaluation_points(tokens_table)
    values = ["output_tokens_per_question", "accuracy", "answers"]
    wanted = pd.DataFrame(pairs, columns=["plain_model", "reasoning_model", "relation"])
    sides = [
        points[["benchmark", "run", "questions", *values]].rename(
            columns={"run": f"{side}_model", **{name: f"{side}_{name}" for name in values}}
        )
        for side in ("plain", "reasoning")
    ]
    table = wanted.merge(sides[0], on="plain_model")
    table = table.merge(sides[1], on=["reasoning_model", "benchmark", "questions"])
    if table.empty:
        raise ValueError("tokens_table holds no pair; check the names in pairs")
    first = ["benchmark", "plain_model", "reasoning_model", "relation", "questions"]
    rest = [f"{side}_{name}" for name in values for side in ("plain", "reasoning")]
    return table[first + rest].sort_values("benchmark", kind="stable", ignore_index=True)
