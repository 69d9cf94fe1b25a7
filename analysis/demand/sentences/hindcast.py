"""Forecasts held to account, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.demand.findings import forecasts
from analysis.demand.findings import hindcast as found
from analysis.demand.sentences.percents import percent
from analysis.wording import count, digits, span


def numbers() -> dict[str, str]:
    """Every number of the hindcasts, their scores and the forecasts of others, formatted."""
    return {**_hindcasts(), **_scores(), **_others()}


def _hindcasts() -> dict[str, str]:
    said = {}
    for date in found.CUTOFFS:
        inside, whole = found.held(date)
        said[f"hindcast_{date[:4]}_inside"] = str(inside)
        said[f"hindcast_{date[:4]}_all"] = str(whole)
    low, whole = found.too_low()
    missed = found.missed()
    return said | {
        "hindcast_too_low": str(low),
        "hindcast_rows": str(whole),
        "hindcast_missed": str(len(missed)),
        "hindcast_missed_tokens": str(int(missed["quantity"].isin(found.TOKENS).sum())),
        "hindcast_worst_factor": digits(float(missed["factor"].iloc[0])),
        "hindcast_factor_rest": digits(found.typical_factor(False)),
    }


def _scores() -> dict[str, str]:
    quantities = found.scores().set_index(["method", "score"])["quantities"]
    ours, growth, same = (found.score(m, "crps") for m in (found.MODEL, found.GROWTH, found.SAME))
    named = {
        "all": found.ALL_ROWS, "model": found.MODEL, "growth": found.GROWTH, "same": found.SAME,
    }  # fmt: skip
    return {
        **{
            f"score_{name}_log_score": digits(found.score(method, "log_score"))
            for name, method in named.items()
        },
        "score_all_covered_50": percent(found.score(found.ALL_ROWS, "covered_50")),
        "score_all_covered_90": percent(found.score(found.ALL_ROWS, "covered_90")),
        "score_common": str(quantities[found.MODEL, "crps"]),
        "score_quantities": str(quantities[found.ALL_ROWS, "crps"]),
        "score_crps_of_growth": digits(ours / growth),
        "score_crps_of_same": digits(ours / same),
    }


def _others() -> dict[str, str]:
    of = forecasts.counts()
    over = forecasts.settled_forecasts()
    levels = forecasts.levels_ahead().set_index("forecast_id")
    shares = forecasts.shares_ahead()
    above = shares[shares["first_reading"]]
    return {
        "forecasts_all": str(of["all"]),
        "forecasts_over": str(of["over"]),
        "forecasts_held": str(of["held"]),
        "forecasts_compared": str(of["compared"]),
        "forecasts_outside": str(of["outside"]),
        "forecasts_worst_factor": digits(float(np.exp(over["error"].abs().max()))),
        "forecasts_shares_above": str(int((above["said"] > above["median"]).sum())),
        "stock_2027_ours": count(levels.loc["pp030", "median"]),
        "stock_2027_ours_span": _counts(levels.loc["pp030"]),
        "stock_2027_rival": count(levels.loc["pp030", "said"]),
        "stock_2030_ours": count(levels.loc["pp057", "median"]),
        "stock_2030_ours_span": _counts(levels.loc["pp057"]),
        "stock_2030_rival": count(levels.loc["pp057", "said"]),
        "plan_2030_rival": count(levels.loc["openai_2030_compute_plan", "said"], 3),
        "plan_2030_ours": count(levels.loc["openai_2030_compute_plan", "median"]),
        "plan_2030_ours_span": _counts(levels.loc["openai_2030_compute_plan"]),
    }


def _counts(row: pd.Series) -> str:
    return span(count(row["low"]), count(row["high"]))
