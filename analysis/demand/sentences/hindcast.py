"""Forecasts held to account, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.demand.findings import forecasts
from analysis.demand.findings import hindcast as found
from analysis.wording import count, digits, percent, span


def numbers() -> dict[str, str]:
    """Every number of the hindcasts, their scores and the forecasts of others, formatted."""
    return {**_hindcasts(), **_scores(), **_others(), **_rivals()}


def _hindcasts() -> dict[str, str]:
    said = {}
    for date in found.CUTOFFS:
        inside, whole = found.held(date)
        said[f"hindcast_{date[:4]}_inside"] = str(inside)
        said[f"hindcast_{date[:4]}_all"] = str(whole)
    low, whole = found.too_low()
    missed = found.missed()
    rows = found.shown()
    sold = rows[rows["quantity"] == "sold_h100e"]
    last = sold[sold["year"] == sold["year"].max()].set_index("cutoff_date")["ratio_median"]
    spend = rows[(rows["quantity"] == "rnd_spend_usd") & (rows["cutoff_date"] == found.CUTOFFS[-1])]
    research = spend.iloc[0]
    return said | {
        "hindcast_too_low": str(low),
        "hindcast_rows": str(whole),
        "hindcast_missed": str(len(missed)),
        "hindcast_missed_tokens": str(int(missed["quantity"].isin(found.TOKENS).sum())),
        "hindcast_worst_factor": digits(float(missed["factor"].iloc[0])),
        "hindcast_worst_of": str(missed["label"].iloc[0]),
        "hindcast_factor_tokens": digits(found.typical_factor(True)),
        "hindcast_factor_rest": digits(found.typical_factor(False)),
        "hindcast_chips_2025_first": percent(float(last.loc[found.CUTOFFS[0]])),
        "hindcast_chips_2025_second": percent(float(last.loc[found.CUTOFFS[1]])),
        "hindcast_research_2025": percent(float(research["ratio_median"])),
        "hindcast_research_2025_span": span(
            percent(float(research["ratio_p5"])), percent(float(research["ratio_p95"]))
        ),
    }


def _scores() -> dict[str, str]:
    table = found.scores().set_index(["method", "score"])
    names = {
        found.ALL_ROWS: "all", found.MODEL: "model", found.GROWTH: "growth", found.SAME: "same",
    }  # fmt: skip
    said = {}
    for method, word in names.items():
        for score in found.SCORES:
            row = table.loc[(method, score)]
            as_words = percent if score.startswith("covered") else digits
            said[f"score_{word}_{score}"] = as_words(row["value"])
            said[f"score_{word}_{score}_span"] = span(as_words(row["low"]), as_words(row["high"]))
        said[f"score_{word}_quantities"] = str(int(table.loc[(method, "crps"), "quantities"]))
    ours, growth, same = (found.score(m, "crps") for m in (found.MODEL, found.GROWTH, found.SAME))
    return said | {
        "score_crps_of_growth": digits(ours / growth),
        "score_crps_of_same": digits(ours / same),
        "score_rank_all": percent(found.mean_rank()),
    }


def _others() -> dict[str, str]:
    of = forecasts.counts()
    over = forecasts.settled_forecasts().set_index("forecast_id")
    levels = forecasts.levels_ahead().set_index("forecast_id")
    shares = forecasts.shares_ahead()
    above = shares[shares["first_reading"]]
    factors = np.exp(over["error"])
    return {
        **{f"forecasts_{name}": str(value) for name, value in of.items()},
        "forecasts_worst_factor": digits(float(np.exp(over["error"].abs().max()))),
        "forecasts_power_factor": digits(float(factors["pp026"])),
        "forecasts_research_error": percent(float(factors["openai_rd_2025"] - 1)),
        "forecasts_serving_error": percent(float(factors[forecasts.MARGIN_PLAN] - 1)),
        "forecasts_research_ours": digits(float(over.loc["openai_rd_2025", "observed"])
                                          / float(over.loc["openai_rd_2025", "median"])),
        "forecasts_shares": str(len(above)),
        "forecasts_shares_above": str(int((above["said"] > above["median"]).sum())),
        "forecasts_outside_of": "; ".join(forecasts.outside_labels()),
        "stock_2027_ours": count(levels.loc["pp030", "median"]),
        "stock_2027_ours_span": _counts(levels.loc["pp030"]),
        "stock_2027_rival": count(levels.loc["pp030", "said"]),
        "stock_2030_ours": count(levels.loc["pp057", "median"]),
        "stock_2030_ours_span": _counts(levels.loc["pp057"]),
        "stock_2030_rival": count(levels.loc["pp057", "said"]),
        "plan_2030_rival": count(levels.loc["openai_2030_compute_plan", "said"], 3),
        "plan_2030_ours": count(levels.loc["openai_2030_compute_plan", "median"]),
        "plan_2030_ours_span": _counts(levels.loc["openai_2030_compute_plan"]),
    }  # fmt: skip


def _counts(row: pd.Series) -> str:
    return span(count(row["low"]), count(row["high"]))


def _rivals() -> dict[str, str]:
    return {f"rivals_{name}": str(len(forecasts.rivals_of(name))) for name in forecasts.RIVALS}
