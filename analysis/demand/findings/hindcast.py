"""Hindcasts: our forecast from two past dates, held against what came."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis.demand import known
from analysis.demand.findings import projection
from analysis.demand.hindcast import hindcast, summary
from analysis.demand.scenarios import CORRELATIONS
from analysis.uncertainty import percentile_interval, resample_indices

#: Last days of the evidence that the hindcasts see.
CUTOFFS = ("2023-12-31", "2024-12-31")
DRAWS, SEED = 4_000, 20_260_701
LEVEL = projection.LEVELS[-1]
RESAMPLES = 4_000
MODEL, GROWTH, SAME = "model", "last growth", "no change"
ALL_ROWS = "model, all quantities"
SCORES = ("covered_50", "covered_90", "log_score", "crps")
TRAINING, INFERENCE, BOTH = "training", "inference", "both"
#: What is observed: words for a reader, and which of the two natures it tells of.
QUANTITIES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("sold_h100e", "fleet"): ("chips sold, world", BOTH),
    ("h100e_in_use", "labs"): ("chips used, five labs", BOTH),
    ("h100e_in_use", "lead_lab"): ("chips used, OpenAI", BOTH),
    ("power_w", "lead_lab"): ("power, OpenAI", BOTH),
    ("largest_run_flop", "fleet"): ("largest run", TRAINING),
    ("rnd_spend_usd", "lead_lab"): ("research spend, OpenAI", TRAINING),
    ("inference_spend_usd", "lead_lab"): ("inference spend, OpenAI", INFERENCE),
    ("inference_share_spend_rnd", "lead_lab"): ("inference share, OpenAI", INFERENCE),
    ("inference_share_spend_final_runs", "lead_lab"): ("same, final runs only", INFERENCE),
    ("chatgpt_users", "lead_lab"): ("ChatGPT users a week", INFERENCE),
    ("chatgpt_messages_per_day", "lead_lab"): ("ChatGPT messages a day", INFERENCE),
    ("api_tokens_per_day", "fleet"): ("tokens by API, two firms", INFERENCE),
    ("embedded_tokens_per_day", "fleet"): ("tokens in products, two firms", INFERENCE),
}
TOKENS = ("api_tokens_per_day", "embedded_tokens_per_day")
_YEARLY = ("rnd_spend_usd", "inference_spend_usd", "inference_share_spend_rnd",
           "inference_share_spend_final_runs")  # fmt: skip
_DAY = 0.01


def _thinned(levels: pd.DataFrame, cutoff: float) -> pd.DataFrame:
    """The levels, of those after the cutoff the last of each calendar year."""
    later = levels["year"] > cutoff + _DAY
    of_year = np.floor(levels["year"] - _DAY)
    last = levels.groupby(["quantity", "scope", of_year])["year"].transform("max")
    return levels[~later | (levels["year"] == last)]


@lru_cache(maxsize=1)
def scored() -> pd.DataFrame:
    """Hindcasts from both dates, of the model and of two naive rules; see `hindcast.hindcast`.

    One observation per quantity and calendar year, the last, and the date as ``cutoff_date``.
    """
    levels = known.observed_levels()
    found = []
    for date in CUTOFFS:
        cutoff = known.date_of(date)
        fitted = {frozenset(pair): rho for pair, rho in known.driver_correlations(date).items()}
        rows = hindcast(
            known.records(date), known.known(date), _thinned(levels, cutoff), cutoff=cutoff,
            anchor=known.anchor_of(date), draws=DRAWS, seed=SEED,
            correlations={**fitted, **CORRELATIONS},
        )  # fmt: skip
        found.append(rows.assign(cutoff_date=date))
    return pd.concat(found, ignore_index=True)


def shown() -> pd.DataFrame:
    """The model's hindcasts as ratios to what came.

    Returns
    -------
    pandas.DataFrame
        A row per cutoff and observation: those of `scored` for the model, ``label``, ``nature``,
        ``ratio_p5`` to ``ratio_p95``, ``observed_low`` and ``observed_high`` (ratios, NaN where no
        range is told), ``kind`` and ``source_id``.
    """
    rows = scored()
    rows = rows[rows["method"] == MODEL]
    key = ["quantity", "scope", "year"]
    levels = known.observed_levels()[[*key, "low", "high", "kind", "source_id"]]
    rows = rows.merge(levels, on=key, how="left", validate="m:1")
    for end in ("p5", "p25", "median", "p75", "p95"):
        rows[f"ratio_{end}"] = rows[end] / rows["value"]
    told = rows["high"] > rows["low"]
    for end in ("low", "high"):
        rows[f"observed_{end}"] = (rows[end] / rows["value"]).where(told)
    pairs = list(zip(rows["quantity"], rows["scope"], strict=True))
    rows["label"] = [
        f"{QUANTITIES[pair][0]}, {when(pair[0], year)}"
        for pair, year in zip(pairs, rows["year"], strict=True)
    ]
    rows["nature"] = [QUANTITIES[pair][1] for pair in pairs]
    rows["place"] = [list(QUANTITIES).index(pair) for pair in pairs]
    return rows.sort_values(["place", "year", "cutoff"], ignore_index=True)


def when(quantity: str, year: float) -> str:
    """The date of an observation in words: of a year, of its end, or of a month."""
    if quantity in _YEARLY:
        return str(int(year))
    if abs(year - round(year)) < _DAY / 2:
        return f"end of {round(year) - 1}"
    return f"{calendar.month_abbr[1 + int(year % 1 * 12)]} {int(year)}"


def held(date: str) -> tuple[int, int]:
    """Hindcasts of a date inside their 90% interval, and all of them."""
    rows = shown()
    inside = rows.loc[rows["cutoff_date"] == date, "covered_90"]
    return int(inside.sum()), len(inside)


def tokens_held() -> tuple[int, int]:
    """Hindcasts of tokens, from either date, inside their 90% interval, and all of them."""
    rows = shown()
    inside = rows.loc[rows["quantity"].isin(TOKENS), "covered_90"]
    return int(inside.sum()), len(inside)


def too_low() -> tuple[int, int]:
    """Hindcasts whose median was below what came, and all of them."""
    error = shown()["error"]
    return int((error > 0).sum()), len(error)


def missed() -> pd.DataFrame:
    """Hindcasts outside their 90% interval, the worst first, with ``factor`` off."""
    rows = shown()
    rows = rows[rows["covered_90"] == 0]
    return rows.assign(factor=np.exp(rows["error"].abs())).sort_values("factor", ascending=False)


def typical_factor(tokens: bool) -> float:
    """Median factor between forecast and observation, of tokens or of all else."""
    rows = shown()
    rows = rows[rows["quantity"].isin(TOKENS) == tokens]
    return float(np.exp(rows["error"].abs().median()))


def scores() -> pd.DataFrame:
    """Mean scores by method with 90% intervals, the quantities resampled.

    Both cutoffs together, each quantity of each cutoff with the same weight. Naive rules need two
    observations before the cutoff, so they and ``model`` are scored on quantities that have them,
    `ALL_ROWS` on all.

    Returns
    -------
    pandas.DataFrame
        ``method``, ``score`` (of `SCORES`), ``value``, ``low``, ``high``, ``quantities``.
    """
    return _scores().copy()


@lru_cache(maxsize=1)
def _scores() -> pd.DataFrame:
    rows = scored()
    rows = rows.assign(quantity_of=rows["quantity"] + ":" + rows["scope"])
    sets = {
        ALL_ROWS: rows[rows["method"] == MODEL],
        **{
            name: rows[rows["compared"] & (rows["method"] == name)]
            for name in (MODEL, GROWTH, SAME)
        },
    }
    found = []
    for name, chosen in sets.items():
        each = summary(chosen, ("cutoff", "quantity_of"))
        sums = each.groupby("quantity_of")[list(SCORES)].sum()
        counts = each.groupby("quantity_of").size().to_numpy(dtype=float)
        (draws,) = resample_indices(len(sums), RESAMPLES, SEED)
        means = sums.to_numpy()[draws].sum(axis=1) / counts[draws].sum(axis=1)[:, None]
        for place, score in enumerate(SCORES):
            it = percentile_interval(means[:, place], LEVEL)
            found.append(
                {"method": name, "score": score, "value": float(sums[score].sum() / counts.sum()),
                 "low": it.low, "high": it.high, "quantities": len(sums)}
            )  # fmt: skip
    return pd.DataFrame(found)


def score(method: str, name: str) -> float:
    """One mean score."""
    rows = _scores().set_index(["method", "score"])["value"]
    return float(rows.loc[(method, name)])
