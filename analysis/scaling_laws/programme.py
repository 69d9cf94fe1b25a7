"""The training programme: a released model's final run beside all the compute behind it.

A final run is one event; a programme is not. It holds the experiments that chose the recipe, the
runs that failed or were never released, the data made by models, and what follows pre-training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive

FINAL_SHARE = "share of R&D compute in final runs"
STUDY_HOURS = "chip-hours of scaling study"
STUDY_RUNS = "size of scaling study"
FINAL_HOURS = "chip-hours, full training"
_COLUMNS = ["fact_id", "metric", "scope", "value", "unit", "ci_low", "ci_high", "kind"]
# Wordings under which tables give compute after pre-training: of the whole run, or as a ratio.
_POST_SHARE = ("share of compute after pre-training",)
_POST_RATIO = (
    "post-training compute relative to pre-training",
    "RL compute relative to pre-training",
)


@dataclass(frozen=True)
class Programme:
    """All R&D compute as a multiple of the final runs of released models.

    Attributes
    ----------
    multiplier_low, multiplier_central, multiplier_high : float
        Multiple of the final runs' compute; 1 where training is a one-time event.
    level : float or None
        Share of draws between low and high; None for a plain range.
    organisations : int
        How many organisations' shares went in; 0 where the range was given.
    """

    multiplier_low: float
    multiplier_central: float
    multiplier_high: float
    level: float | None = None
    organisations: int = 0


def programme_multiplier(
    final_share_low: float, final_share_central: float, final_share_high: float
) -> Programme:
    """All R&D compute per unit of final-run compute: one over the final runs' share.

    Parameters
    ----------
    final_share_low, final_share_central, final_share_high : float
        Share of R&D compute in the final runs of released models, above 0 and at most 1. The
        lowest share gives the highest multiple.

    Returns
    -------
    Programme
    """
    shares = (final_share_low, final_share_central, final_share_high)
    for name, share in zip(("low", "central", "high"), shares, strict=True):
        _check_share(f"final_share_{name}", share)
    if not final_share_low <= final_share_central <= final_share_high:
        raise ValueError(
            f"final shares {shares} are not in order; accepted: low <= central <= high"
        )
    return Programme(1 / final_share_high, 1 / final_share_central, 1 / final_share_low)


def programme_from_firms(
    rows: pd.DataFrame, *, draws: int, seed: int, level: float = 0.9
) -> Programme:
    """Combine several organisations: which of them, and where in its range, are both unknown.

    Each draw takes one row with equal chance and a share from its range, even in the logarithm; a
    row without a range gives its value. The result says how far one of these organisations may
    be from another, not how well the mean of all is known.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``programme_compute``; those with the metric "share of R&D compute in final runs"
        count, as `firm_shares` picks them.
    draws : int
        At least 100.
    seed : int
        For ``numpy.random.default_rng``.
    level : float
        Share of draws between low and high.

    Returns
    -------
    Programme
        Geometric mean and percentiles of the multiple.
    """
    if draws < 100 or not 0 < level < 1:
        raise ValueError(
            f"draws = {draws!r}, level = {level!r} are not accepted; accepted: at least 100 draws "
            "and a level between 0 and 1"
        )
    shares = firm_shares(rows)
    rng = np.random.default_rng(seed)
    pick = rng.integers(0, len(shares), draws)
    low, high = np.log(shares["low"].to_numpy()), np.log(shares["high"].to_numpy())
    share = np.exp(low[pick] + (high - low)[pick] * rng.random(draws))
    tail = (1 - level) / 2
    low_multiple, high_multiple = np.quantile(1 / share, [tail, 1 - tail]).tolist()
    # Few organisations make few values, among which a median jumps from one seed to the next.
    central = float(np.exp(-np.log(share).mean()))
    return Programme(low_multiple, central, high_multiple, level=level, organisations=len(shares))


def firm_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Final runs' share of R&D compute by organisation.

    Returns
    -------
    DataFrame
        ``fact_id``, ``scope``, ``low``, ``central``, ``high`` (fractions), ``kind`` and
        ``central_from``. Rows that give only a range across several firms are left out where any
        row gives a value.

    Raises
    ------
    ValueError
        Where no row has the metric, or a share is not above 0 and at most 1.
    """
    chosen = _checked(rows).loc[lambda frame: frame["metric"] == FINAL_SHARE]
    if chosen.empty:
        raise ValueError(
            f"no row has the metric {FINAL_SHARE!r}; metrics: {sorted(rows['metric'].unique())}"
        )
    single = chosen.loc[chosen["value"].notna()]
    tidy = _ranges(single if len(single) else chosen)
    for row in tidy.itertuples():
        _check_share(f"{row.fact_id} low", row.low)
        _check_share(f"{row.fact_id} high", row.high)
    return tidy


def post_training_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute after pre-training as a share of the whole, by model.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``programme_compute``. A ratio r to pre-training counts as r / (1 + r).

    Returns
    -------
    DataFrame
        ``fact_id``, ``scope``, ``low``, ``central``, ``high`` (fractions of the whole), ``kind``
        and ``basis``, which says whether the source gave a share or a ratio.
    """
    checked = _checked(rows)
    share = _ranges(checked.loc[checked["metric"].isin(_POST_SHARE)])
    ratio = _ranges(checked.loc[checked["metric"].isin(_POST_RATIO)])
    for name in ("low", "central", "high"):
        ratio[name] = ratio[name] / (1 + ratio[name])
    tidy = pd.concat(
        [share.assign(basis="share of the whole"), ratio.assign(basis="ratio to pre-training")],
        ignore_index=True,
    )
    if tidy.empty:
        raise ValueError(f"no row has a metric among {_POST_SHARE + _POST_RATIO}")
    return tidy


def studies_against_final_run(
    rows: pd.DataFrame, *, final_run: str, h800_hours_per_h100_hour: float
) -> pd.DataFrame:
    """Published scaling studies in chip-hours beside the chip-hours of one final run.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``programme_compute``.
    final_run : str
        Scope of the row "chip-hours, full training" to measure by, in H800 hours.
    h800_hours_per_h100_hour : float
        H800 hours that do the work of one H100 hour.

    Returns
    -------
    DataFrame
        ``scope``, ``training_runs`` (where published), ``h800_hours``, ``final_runs`` (how many
        final runs the study would have paid for) and ``kind``.
    """
    worth = {
        "H800 hours": 1.0,
        "H100 hours": float(
            require_positive("h800_hours_per_h100_hour", h800_hours_per_h100_hour, "H800 hours")
        ),
    }
    checked = _checked(rows)
    finals = checked.loc[(checked["metric"] == FINAL_HOURS) & (checked["scope"] == final_run)]
    if len(finals) != 1 or finals["unit"].iloc[0] != "H800 hours":
        known = checked.loc[checked["metric"] == FINAL_HOURS, "scope"].tolist()
        raise ValueError(f"final_run: {final_run!r} has no one row in H800 hours; rows: {known}")
    studies = checked.loc[checked["metric"] == STUDY_HOURS]
    unknown = studies.loc[~studies["unit"].isin(worth)]
    if len(unknown):
        row = unknown.iloc[0]
        raise ValueError(
            f"{row['fact_id']}: unit {row['unit']!r} is not accepted; accepted: {list(worth)}"
        )
    runs = checked.loc[checked["metric"] == STUDY_RUNS].set_index("scope")["value"]
    hours = studies["value"] * studies["unit"].map(worth)
    return pd.DataFrame(
        {
            "scope": studies["scope"],
            "training_runs": studies["scope"].map(runs),
            "h800_hours": hours,
            "final_runs": hours / float(finals["value"].iloc[0]),
            "kind": studies["kind"],
        }
    ).reset_index(drop=True)


def programme_rows(
    rows: pd.DataFrame, *, final_run: str, h800_hours_per_h100_hour: float
) -> pd.DataFrame:
    """Everything above in one tidy frame for a table or a chart.

    Returns
    -------
    DataFrame
        ``item``, ``scope``, ``low``, ``central``, ``high``, ``unit``, ``kind`` and ``basis``.
        Where a source gives only a range, ``central`` is its geometric mean and ``basis`` says so.
    """
    shares = firm_shares(rows)
    multiples = shares.assign(
        item="All R&D compute over final runs",
        low=1 / shares["high"],
        central=1 / shares["central"],
        high=1 / shares["low"],
        unit="x",
        basis="one over the final runs' share, " + shares["central_from"],
    )
    post = post_training_shares(rows)
    post = post.assign(
        item="Compute after pre-training",
        unit="fraction of the whole run",
        basis=post["basis"] + ", " + post["central_from"],
    )
    studies = studies_against_final_run(
        rows, final_run=final_run, h800_hours_per_h100_hour=h800_hours_per_h100_hour
    ).assign(item="Chip-hours of a scaling study", unit=f"final runs of {final_run}")
    studies = studies.assign(
        low=studies["final_runs"],
        central=studies["final_runs"],
        high=studies["final_runs"],
        basis=f"published chip-hours, one H100 hour as {h800_hours_per_h100_hour:g} H800 hours",
    )
    columns = ["item", "scope", "low", "central", "high", "unit", "kind", "basis"]
    result = pd.concat([multiples[columns], post[columns], studies[columns]], ignore_index=True)
    result.attrs = dict(rows.attrs)
    return result


def _ranges(rows: pd.DataFrame) -> pd.DataFrame:
    low = rows["ci_low"].fillna(rows["value"]).astype(float)
    high = rows["ci_high"].fillna(rows["value"]).astype(float)
    unknown = rows.loc[low.isna() | high.isna()]
    if len(unknown):
        raise ValueError(f"{unknown['fact_id'].iloc[0]} has neither a value nor a range")
    given = rows["value"].notna()
    middle = np.sqrt(low * high)
    return pd.DataFrame(
        {
            "fact_id": rows["fact_id"],
            "scope": rows["scope"],
            "low": low,
            "central": np.where(given, rows["value"].astype(float), middle),
            "high": high,
            "kind": rows["kind"],
            "central_from": np.where(given, "value given", "middle of the range"),
        }
    ).reset_index(drop=True)


def _check_share(name: str, share: Any) -> None:
    if not 0 < float(share) <= 1:
        raise ValueError(f"{name}: {share!r} is not a share; accepted: above 0 and at most 1")


def _checked(rows: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in _COLUMNS if name not in rows]
    if missing:
        raise ValueError(f"rows lack the columns {missing}; needed: {_COLUMNS}")
    return rows
