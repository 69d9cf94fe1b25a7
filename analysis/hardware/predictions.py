"""Predictions for tables of measured operating points, with 80% intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.hardware import calibration, named
from analysis.hardware.error_bands import kinds_of, loads_of
from analysis.hardware.first_token import few

_MEASURES = ("tokens_per_s_total", "tokens_per_s_per_user", "tpot_ms", "ttft_ms")


def predict_benchmarks(rows: pd.DataFrame) -> pd.DataFrame:
    """What the serving model expects of measured rows.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns of the table `serving_benchmarks`, any but `chip_id` and `model_id` possibly
        absent or empty; `points_from_rows` says how blanks are filled. Of measured columns only
        whether `tpot_ms` is given is looked at, which tells a rate of decoding from one of whole
        requests.

    Returns
    -------
    pandas.DataFrame
        On the same index: `tokens_per_s_total` (output tokens of all chips together),
        `tokens_per_s_per_user`, `tpot_ms`, `ttft_ms`, each with `_low` and `_high` (80% interval),
        and `reason`, why a row is NaN. Bounds come from errors on rows held out.
    """
    points, _, reasons = named.points(rows)
    columns = [f"{measure}{end}" for measure in _MEASURES for end in ("", "_low", "_high")]
    out = pd.DataFrame(np.nan, index=rows.index, columns=columns)
    out["reason"] = reasons.to_numpy()
    if not len(points):
        return out
    values, first = named.fitted()
    times = calibration.times_of(values, points)
    tpot, ttft = times.tpot_s, first.ttft_s(points, times)
    tpot_low, tpot_high = named.error_bands("tpot").interval(tpot, kinds_of(points))
    ttft_low, ttft_high = named.error_bands("ttft").interval(ttft, loads_of(points, few(points)))
    groups = points.layout.attention_copies * points.copies
    reading = np.where(points.own_prefill > 0, 0.0, times.ttft_s)
    rate = points.requests * groups / (tpot + reading / points.output_tokens)
    good = (reasons == "").to_numpy()
    for name, value, low, high in (
        ("tokens_per_s_total", rate, rate * tpot / tpot_high, rate * tpot / tpot_low),
        ("tokens_per_s_per_user", 1.0 / tpot, 1.0 / tpot_high, 1.0 / tpot_low),
        ("tpot_ms", 1e3 * tpot, 1e3 * tpot_low, 1e3 * tpot_high),
        ("ttft_ms", 1e3 * ttft, 1e3 * ttft_low, 1e3 * ttft_high),
    ):
        out.loc[good, [name, f"{name}_low", f"{name}_high"]] = np.column_stack([value, low, high])
    return out
