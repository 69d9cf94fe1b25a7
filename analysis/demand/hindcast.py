"""What the model would have said at a past date, against what came, and against simpler forecasts.

The drivers are those of the evidence dated up to then. The structure is today's: the assumptions on
tokens, utilisation and the rest were chosen in 2026 with the years since in view, moved to the past
anchor along their own growth. So a hindcast is kinder than a real forecast, and a miss in it counts
for more than a hit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.assumptions import Assumption
from analysis.demand.growth_paths import grown, slowed_years
from analysis.demand.inputs import ACCEPTED
from analysis.demand.model import ANCHOR, Known, Projection, project_inputs
from analysis.demand.sampling import draw_inputs
from analysis.demand.scores import forecast_scores
from analysis.demand.shares import inference_share
from analysis.test_time_compute.checks import require_columns
from analysis.units import DAYS_PER_YEAR

OBSERVED = ("quantity", "scope", "unit", "year", "value")
SHARE = "inference_share"
#: Assumptions that hold at the anchor, with the growth each has of its own.
_SLOWING = (
    ("post_training_ratio", "post_training_growth"),
    ("thinking_tokens", "thinking_growth"),
)
_NAIVE_GRID = 999
_SHORTEST_STEP = 0.2
_NAIVE_FLOOR = 0.1
#: The end of a year and its last day are the same date.
_SAME_DAY = 0.01
#: Words of a definition in the name of a share: ``inference_share_spend_rnd``.
_UNIT_OF = {"flop": "flop", "chips": "chips", "spend": "usd", "power": "power_w"}

Inputs = Mapping[str, Any]


def reanchored(inputs: Inputs, anchor: float, *, from_anchor: float = ANCHOR) -> dict[str, Any]:
    """The inputs with their structural levels moved to another anchor along their own growth.

    Drivers stay, as they are found for their anchor. Growth that slows was faster before.

    Parameters
    ----------
    inputs : mapping of str to array_like
        Every input of the model.
    anchor : float
        Decimal year for which the levels are wanted.
    from_anchor : float
        Decimal year for which they are given.

    Returns
    -------
    dict of str to array_like
        Within the ranges of `inputs.ACCEPTED`, to whose ends values are set.
    """
    moved = dict(inputs)
    elapsed = anchor - from_anchor
    decay = inputs["use_growth_decay"]
    years, pace = slowed_years(elapsed, decay), np.exp(-np.asarray(decay) * elapsed)
    for level, growth in _SLOWING:
        moved[level] = grown(inputs[level], inputs[growth], years)
        moved[growth] = np.asarray(inputs[growth]) ** pace
    share = np.asarray(inputs["reasoning_share"])
    odds = grown(share / (1 - share), inputs["reasoning_growth"], years)
    moved["reasoning_share"] = odds / (1 + odds)
    moved["reasoning_growth"] = np.asarray(inputs["reasoning_growth"]) ** pace
    before = elapsed if elapsed < 0 else years
    moved["other_ml_h100e"] = grown(inputs["other_ml_h100e"], inputs["other_ml_growth"], before)
    for name in ("active_parameters", "embedded_active_parameters"):
        moved[name] = grown(inputs[name], inputs["flop_per_token_fall"], -elapsed)
    return {name: np.clip(value, *ACCEPTED[name][1:]) for name, value in moved.items()}


def _chips(projection: Projection, inputs: Inputs, scope: str) -> Any:
    return projection.total(scope, "chips", "training") + projection.total(
        scope, "chips", "inference"
    )


def _power(projection: Projection, inputs: Inputs, scope: str) -> Any:
    return projection.total(scope, "power_w", "training") + projection.total(
        scope, "power_w", "inference"
    )


def _users(projection: Projection, inputs: Inputs, scope: str) -> Any:
    return projection.users / inputs["assistants_per_chatgpt_user"]


def _counted_tokens(kind: str) -> Callable[[Projection, Inputs, str], Any]:
    return lambda projection, inputs, scope: (
        projection.total("fleet", "tokens", kind) / DAYS_PER_YEAR * inputs["reported_token_share"]
    )


#: What the model says of each observed quantity: shape (n, times).
PREDICTED: dict[str, Callable[[Projection, Inputs, str], Any]] = {
    "sold_h100e": lambda p, x, scope: p.sold_h100e,
    "h100e_in_use": _chips,
    "power_w": _power,
    "largest_run_flop": lambda p, x, scope: p.largest_run_flop,
    "chatgpt_users": _users,
    "chatgpt_messages_per_day": lambda p, x, scope: _users(p, x, scope) * p.messages_per_user_day,
    "api_tokens_per_day": _counted_tokens("agents"),
    "embedded_tokens_per_day": _counted_tokens("embedded"),
    "rnd_spend_usd": lambda p, x, scope: p.total(scope, "usd", "training"),
    "inference_spend_usd": lambda p, x, scope: p.total(scope, "usd", "inference"),
}


def predicted(projection: Projection, inputs: Inputs, quantity: str, scope: str) -> np.ndarray:
    """What the model says of an observed quantity, shape (n, times).

    Raises
    ------
    ValueError
        Where the quantity is neither of `PREDICTED` nor a share as ``inference_share_spend_rnd``.
    """
    if quantity in PREDICTED:
        return np.asarray(PREDICTED[quantity](projection, inputs, scope))
    parts = quantity.removeprefix(f"{SHARE}_").split("_", 1)
    if quantity.startswith(SHARE) and len(parts) == 2 and parts[0] in _UNIT_OF:
        rnd = {"rnd": True, "final_runs": False}.get(parts[1])
        if rnd is not None:
            return np.asarray(inference_share(projection, scope, _UNIT_OF[parts[0]], rnd=rnd))
    raise ValueError(
        f"quantity: {quantity!r} is not known; accepted: {', '.join(PREDICTED)}, or "
        f"{SHARE}_<{'|'.join(_UNIT_OF)}>_<rnd|final_runs>"
    )


def scale_of(quantity: str) -> str:
    """The scale on which a quantity is scored."""
    return "logit" if quantity.startswith(SHARE) else "log"


def hindcast(
    records: Sequence[Assumption],
    known: Known,
    observed: pd.DataFrame,
    *,
    cutoff: float,
    anchor: float,
    draws: int,
    seed: int,
    correlations: Mapping[Any, float] | None = None,
) -> pd.DataFrame:
    """The model's forecasts from a cutoff and two naive ones, scored against what came.

    Parameters
    ----------
    records : sequence of Assumption
        Drivers at the cutoff and today's assumptions: every input of the model.
    known : Known
        Chips sold up to the cutoff.
    observed : DataFrame
        Columns of `OBSERVED`; years decimal. Rows after the cutoff are forecast, those before feed
        the naive forecasts.
    cutoff, anchor : float
        Decimal years of the last evidence and of the drivers' levels.
    draws, seed : int
    correlations : mapping of pairs to float, optional
        Of the inputs, see `draw_inputs`.

    Returns
    -------
    DataFrame
        A row per later observation and ``method`` (``model``, ``last growth``, ``no change``), with
        ``cutoff``, the columns of `OBSERVED`, ``compared`` (there are naive forecasts of the row,
        which need two observations before the cutoff) and those of `scores.forecast_scores`.
    """
    require_columns("observed", observed, OBSERVED)
    later = observed[observed["year"] > cutoff + _SAME_DAY]
    if later.empty:
        raise ValueError(f"observed: no row is after the cutoff {cutoff!r}; give later rows")
    ranges = {name: bounds[1:] for name, bounds in ACCEPTED.items()}
    drawn = draw_inputs(records, draws, seed, correlations=correlations, ranges=ranges)
    inputs = reanchored(drawn, anchor)
    times = np.unique(later["year"].to_numpy(dtype=np.float64))
    projection = project_inputs(inputs, known, times=times, anchor=anchor)
    rows: list[dict[str, Any]] = []
    for (quantity, scope), group in later.groupby(["quantity", "scope"], sort=True):
        scale = scale_of(str(quantity))
        said = predicted(projection, inputs, str(quantity), str(scope))
        said = np.broadcast_to(said, (draws, times.size))
        past = observed[(observed["quantity"] == quantity) & (observed["scope"] == scope)]
        naive = _naive(past[past["year"] <= cutoff + _SAME_DAY], scale)
        for row in group.sort_values("year").to_dict("records"):
            kept = {"cutoff": cutoff, **{name: row[name] for name in OBSERVED}}
            kept["compared"] = bool(naive)
            at = said[:, int(np.searchsorted(times, row["year"]))]
            methods = {"model": at} | {
                name: forecast(float(row["year"])) for name, forecast in naive.items()
            }
            rows += [
                {**kept, "method": name, **forecast_scores(sample, row["value"], scale=scale)}
                for name, sample in methods.items()
            ]
    return pd.DataFrame(rows)


def _naive(past: pd.DataFrame, scale: str) -> dict[str, Callable[[float], np.ndarray]]:
    """Random walks from the last observation, whose yearly step is as large as the last growth."""
    rows = past.sort_values("year")
    steps = rows[rows["year"] <= rows["year"].max() - _SHORTEST_STEP]
    if steps.empty:
        return {}
    transform, back = (special.logit, special.expit) if scale == "logit" else (np.log, np.exp)
    last, before = rows.iloc[-1], steps.iloc[-1]
    start = float(transform(last["value"]))
    slope = (start - float(transform(before["value"]))) / float(last["year"] - before["year"])
    grid = special.ndtri((np.arange(_NAIVE_GRID) + 0.5) / _NAIVE_GRID)

    def walk(drift: float) -> Callable[[float], np.ndarray]:
        def at(year: float) -> np.ndarray:
            ahead = year - float(last["year"])
            sd = math.hypot(abs(slope) * math.sqrt(ahead), _NAIVE_FLOOR)
            return np.asarray(back(start + drift * ahead + sd * grid))

        return at

    return {"last growth": walk(slope), "no change": walk(0.0)}


def summary(scored: pd.DataFrame, by: Sequence[str] = ("cutoff", "method")) -> pd.DataFrame:
    """Means of the scores of hindcasts, each quantity of a scope with the same weight.

    Counts of one quantity a month apart miss together, so a mean over rows would weigh what is
    counted often.

    Parameters
    ----------
    scored : DataFrame
        Of `hindcast`; several may be stacked.
    by : sequence of str
        Columns to group by, for instance with ``quantity``.

    Returns
    -------
    DataFrame
        The groups with ``forecasts``, ``quantities`` and the means ``covered_50``,
        ``covered_90``, ``rank``, ``error``, ``absolute_error``, ``log_score``, ``crps`` and
        ``interval_score``.
    """
    require_columns("scored", scored, [*by, "error", "log_score", "crps"])
    with_size = scored.assign(forecasts=1.0, absolute_error=scored["error"].abs())
    means = ["covered_50", "covered_90", "rank", "error", "absolute_error", "log_score", "crps",
             "interval_score"]  # fmt: skip
    fine = list(dict.fromkeys([*by, "quantity", "scope"]))
    each = with_size.groupby(fine).agg(
        {**dict.fromkeys(means, "mean"), "forecasts": "sum"}
    )  # fmt: skip
    grouped = each.groupby(level=list(by))
    table = grouped[means].mean()
    table.insert(0, "forecasts", grouped["forecasts"].sum())
    table.insert(1, "quantities", grouped.size())
    return table.reset_index()
