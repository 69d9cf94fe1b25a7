"""Forecasts that others made, scored where their date has passed and something was observed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.demand.evidence import decimal_year
from analysis.demand.hindcast import scale_of
from analysis.demand.scores import interval_score, on_scale
from analysis.test_time_compute.checks import require_columns

FORECAST = ("forecast_id", "quantity", "scope", "year", "value", "low", "high", "made_on", "due")
_SCORES = ["observed", "error", "absolute_error", "covered_90", "interval_score"]
#: Observations of one quantity this near in time are of the same date.
_SAME_TIME = 0.02


def peer_scores(
    forecasts: pd.DataFrame,
    observed: pd.DataFrame,
    *,
    as_of: str | float,
    ours: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Errors of others' forecasts, beside those of our hindcasts of the same observations.

    Parameters
    ----------
    forecasts : DataFrame
        Columns of `FORECAST`: ``quantity`` in the words and unit of `observed` ("" where nothing
        observed compares), ``year`` decimal, ``low`` and ``high`` NaN where none was stated,
        ``due`` the calendar year forecast.
    observed : DataFrame
        ``quantity``, ``scope``, ``year``, ``value``.
    as_of : str or float
        Date of the observations.
    ours : DataFrame, optional
        Of `hindcast.hindcast`, several cutoffs stacked.

    Returns
    -------
    DataFrame
        The forecasts with ``status``: ``scored``, ``no observation``, ``not over`` (in the year of
        `as_of`) or ``not due``; ``ahead`` (made before its year ended); ``observed``; ``error``
        (log or log odds, observed less forecast), ``absolute_error``, ``covered_90`` and
        ``interval_score`` (where a range was stated, taken as 90%); ``ours_error`` and
        ``ours_cutoff`` of the last hindcast before the year.
    """
    require_columns("forecasts", forecasts, FORECAST)
    require_columns("observed", observed, ["quantity", "scope", "year", "value"])
    now = decimal_year(as_of)
    rows = []
    for row in forecasts.to_dict("records"):
        found = dict.fromkeys(_SCORES, np.nan) | {"ours_error": np.nan, "ours_cutoff": np.nan}
        status = "scored"
        if row["due"] > int(now):
            status = "not due"
        elif row["due"] == int(now):
            status = "not over"
        else:
            seen = _at(observed, row)
            if row["quantity"] and len(seen):
                found |= _scores(row, float(seen["value"].iloc[0]))
                found |= _ours(ours, row)
            else:
                status = "no observation"
        made = decimal_year(row["made_on"])
        rows.append({**row, "status": status, "ahead": made < row["due"] + 1, **found})
    return pd.DataFrame(rows)


def _at(frame: pd.DataFrame, row: dict) -> pd.DataFrame:
    near = (frame["year"] - row["year"]).abs() < _SAME_TIME
    return frame[(frame["quantity"] == row["quantity"]) & (frame["scope"] == row["scope"]) & near]


def _scores(row: dict, seen: float) -> dict[str, float]:
    scale = scale_of(str(row["quantity"]))
    said, came = float(on_scale(row["value"], scale)), float(on_scale(seen, scale))
    found = {"observed": seen, "error": came - said, "absolute_error": abs(came - said)}
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        low, high = (float(on_scale(row[end], scale)) for end in ("low", "high"))
        found["covered_90"] = float(low <= came <= high)
        found["interval_score"] = float(interval_score(low, high, came, 0.9))
    return found


def _ours(ours: pd.DataFrame | None, row: dict) -> dict[str, float]:
    if ours is None:
        return {}
    mine = _at(ours[ours["method"] == "model"], row)
    mine = mine[mine["cutoff"] <= row["due"] + 0.01].sort_values("cutoff")
    if mine.empty:
        return {}
    last = mine.iloc[-1]
    return {"ours_error": float(last["error"]), "ours_cutoff": float(last["cutoff"])}
