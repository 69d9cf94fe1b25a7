"""The shape of demand: how uneven training and inference are, by the window they are averaged."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.demand.load_profile import LoadShape, burst_cv, window_spread
from analysis.demand.lumpiness import effective_labs, final_run_cv, training_use
from analysis.uncertainty import Interval, percentile_interval

LEVEL = 0.9
SEED = 20261121
DRAWS = 240
#: Final runs large enough to be planned for, and recent enough to say how long they take now.
LARGE_RUN_FLOP, RUNS_SINCE = 1e24, "2023"
FINAL_SHARE = "share of R&D compute in final runs"
ONE, ALL, SERVING = "one developer's training", "all developers' training", "inference"
FINAL_RUNS, RND, INTERACTIVE = "final runs alone", "with all experiments", "interactive inference"
MINUTE, HOUR, DAY, WEEK, QUARTER = 1, 60, 1440, 7 * 1440, 91 * 1440
#: Minutes; weeks in whole numbers from one on, so that none holds more weekends than another.
WINDOWS = (1, 3, 10, 30, 60, 120, 240, 480, 720, DAY, 2 * DAY, WEEK, 2 * WEEK, 4 * WEEK, QUARTER)
_RUN_INPUTS = (
    "runs_per_year", "run_gap_cv", "frontier_developers", "typical_run_share",
    "labs_use_correlation",
)  # fmt: skip
_LOAD_INPUTS = (
    "day_peak_to_mean", "weekend_to_weekday", "minute_burst_cv", "burst_minutes", "slow_swing_cv",
)  # fmt: skip


@cache
def run_days() -> np.ndarray:
    """Days that large runs released of late have taken, those published."""
    rows = catalog.load("training_runs")
    large = (rows["training_flop"] >= LARGE_RUN_FLOP) & (rows["release_date"] >= RUNS_SINCE)
    return rows.loc[large & rows["training_hours"].notna(), "training_hours"].to_numpy() / 24


@cache
def final_run_shares() -> np.ndarray:
    """Published shares of final runs in R&D compute, one per developer."""
    rows = catalog.load("programme_compute")
    return rows.loc[rows["metric"] == FINAL_SHARE, "value"].dropna().to_numpy()


@cache
def _run_draws() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(SEED)
    drawn = assumptions.sample(_RUN_INPUTS, DRAWS, rng)
    drawn["run_days"] = rng.choice(run_days(), DRAWS)
    drawn["final_run_share"] = rng.choice(final_run_shares(), DRAWS)
    drawn["run_gap_cv"] = np.maximum(drawn["run_gap_cv"], 0.0)
    drawn["correlation"] = np.clip(drawn.pop("labs_use_correlation"), 0.0, 1.0)
    others = np.maximum(drawn.pop("frontier_developers") - 1, 0.0)
    size = drawn.pop("typical_run_share")
    # One leader and its followers, whose number need not be whole.
    drawn["labs"] = (1 + others * size) ** 2 / (1 + others * size**2)
    return drawn


@cache
def _load_draws() -> dict[str, np.ndarray]:
    drawn = assumptions.sample(_LOAD_INPUTS, DRAWS, np.random.default_rng(SEED + 1))
    drawn["day_peak_to_mean"] = np.maximum(drawn["day_peak_to_mean"], 1.0)
    drawn["weekend_to_weekday"] = np.maximum(drawn["weekend_to_weekday"], 0.05)
    return drawn


def _shape(values: dict[str, float]) -> LoadShape:
    return LoadShape(
        values["day_peak_to_mean"], values["weekend_to_weekday"], values["minute_burst_cv"],
        values["burst_minutes"], values["slow_swing_cv"],
    )  # fmt: skip


@cache
def central_shape() -> LoadShape:
    """Load of a large interactive service at the central assumptions."""
    return _shape({name: assumptions.get(name).central for name in _LOAD_INPUTS})


@cache
def shapes() -> tuple[LoadShape, ...]:
    """The same at draws of the assumptions."""
    drawn = _load_draws()
    return tuple(_shape({n: float(v[i]) for n, v in drawn.items()}) for i in range(DRAWS))


def _rows(panel: str, line: str, windows: tuple[int, ...], draws: np.ndarray) -> pd.DataFrame:
    """One row a window from draws of shape (draws, windows)."""
    found = [percentile_interval(draws[:, k], LEVEL) for k in range(len(windows))]
    return pd.DataFrame(
        {
            "panel": panel, "line": line, "window_minutes": windows,
            "cv": [it.central for it in found], "low": [it.low for it in found],
            "high": [it.high for it in found],
        }
    )  # fmt: skip


@cache
def spread_by_window() -> pd.DataFrame:
    """Coefficient of variation by window around the trend: median and interval over assumptions.

    Returns
    -------
    pandas.DataFrame
        `panel`, `line`, `window_minutes`, `cv`, `low`, `high`.
    """
    drawn = _run_draws()
    days = np.maximum(np.array(WINDOWS) / DAY, 1.0)
    wanted = np.unique(days)
    final = final_run_cv(
        wanted[None, :], runs_per_year=drawn["runs_per_year"][:, None],
        run_days=drawn["run_days"][:, None], gap_cv=drawn["run_gap_cv"][:, None],
    )[:, np.searchsorted(wanted, days)]  # fmt: skip
    diluted = final * drawn["final_run_share"][:, None]
    common = drawn["correlation"]
    pooled = np.sqrt((1 - common) / drawn["labs"] + common)[:, None]
    serving = np.array([shape.window_cv(WINDOWS) for shape in shapes()])
    return pd.concat(
        [
            _rows(ONE, FINAL_RUNS, WINDOWS, final),
            _rows(ONE, RND, WINDOWS, diluted),
            _rows(ALL, FINAL_RUNS, WINDOWS, final * pooled),
            _rows(ALL, RND, WINDOWS, diluted * pooled),
            _rows(SERVING, INTERACTIVE, WINDOWS, serving),
        ],
        ignore_index=True,
    )


def spread(panel: str, line: str, window_minutes: int) -> Interval:
    """One row of `spread_by_window`."""
    rows = spread_by_window().set_index(["panel", "line", "window_minutes"])
    row = rows.loc[(panel, line, window_minutes)]
    return Interval(float(row["low"]), float(row["cv"]), float(row["high"]), LEVEL)


def even_from() -> int:
    """Shortest window, in minutes, from which one developer's training varies more than inference.

    All training, experiments included, at the median of the assumptions.
    """
    rows = spread_by_window().pivot_table(
        index="window_minutes", columns=["panel", "line"], values="cv"
    )
    rougher = rows[(ONE, RND)] > rows[(SERVING, INTERACTIVE)]
    lasting = rougher[::-1].cummin()[::-1]
    return int(lasting.index[lasting.to_numpy(bool)][0]) if lasting.any() else 0


@cache
def small_services() -> pd.DataFrame:
    """Bursts within an hour of two small services, by the minute, from their published traces."""
    rows = catalog.load("request_arrivals")
    found = burst_cv(rows["dispersion"], rows["requests_per_s"] * 60)
    return rows.assign(panel=SERVING, window_minutes=MINUTE, cv=found)


@cache
def peaks() -> pd.DataFrame:
    """Peak over mean by window, simulated at central values: training in a year, inference in 13
    weeks, both around their trend; means over seeds.

    Returns
    -------
    pandas.DataFrame
        `panel`, `line`, `window_minutes`, `peak_to_mean`.
    """
    get = {name: assumptions.get(name).central for name in _RUN_INPUTS}
    whole = round(get["frontier_developers"])
    labs = effective_labs([1.0, *[get["typical_run_share"]] * (whole - 1)])
    rows = []
    for panel, count in ((ONE, 1), (ALL, round(float(labs)))):
        for line, share in ((FINAL_RUNS, 1.0), (RND, float(np.median(final_run_shares())))):
            series = training_use(
                get["runs_per_year"], float(np.median(run_days())), 200, SEED,
                gap_cv=get["run_gap_cv"], final_run_share=share, labs=count,
                shared_starts=get["labs_use_correlation"] if count > 1 else 0.0,
            )  # fmt: skip
            years = series[: 200 * 364].reshape(200, 364)
            for window in (DAY, WEEK, QUARTER):
                means = years.reshape(200, -1, window // DAY).mean(axis=2)
                rows.append((panel, line, window, float(means.max(axis=1).mean())))
    loads = [central_shape().simulate(13, SEED + k) for k in range(8)]
    for window in (MINUTE, HOUR, DAY, WEEK):
        peak = np.mean([window_spread(load, window).peak_to_mean for load in loads])
        rows.append((SERVING, INTERACTIVE, window, float(peak)))
    return pd.DataFrame(rows, columns=["panel", "line", "window_minutes", "peak_to_mean"])
