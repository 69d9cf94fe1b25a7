"""What idle hours of serving chips can hold, and what work that can wait saves."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.demand.findings.shape import DRAWS, LEVEL, SEED, central_shape, shapes
from analysis.demand.load_profile import LoadShape
from analysis.demand.smoothing import (
    HOURS_PER_YEAR,
    TroughFill,
    capacity_for,
    fill_troughs,
    peak_with_wait,
    share_that_flattens,
)
from analysis.hardware.findings import rents
from analysis.uncertainty import Interval, percentile_interval

SERVICE_LEVELS = (0.99, 0.999)
SERVICE_LEVEL = SERVICE_LEVELS[-1]
#: Chips for which hours and money are told.
CHIPS = 100_000
WAITS_HOURS = {"an hour": 1, "six hours": 6, "a day": 24, "the week": 168}
SHARES = tuple(np.round(np.linspace(0, 0.6, 13), 3))
_LOSS = "preemption_loss_hours"
_FILL_WEEKS, _FILL_LEVELS = 2, 100


@cache
def nodes_load() -> float:
    """Mean nodes over peak nodes of a service that lends the rest to training (a published day)."""
    rows = catalog.load("published_service").set_index("metric")["value"]
    return float(rows["mean_nodes"] / rows["peak_nodes"])


@cache
def capacity(service_level: float = SERVICE_LEVEL) -> Interval:
    """Capacity over mean load with which that share of minutes is served, a quarter ahead.

    At central assumptions, with the interval over them.
    """
    central, *found = (
        float(capacity_for(service_level, shape.week(30), shape.log_sd))
        for shape in (central_shape(), *shapes())
    )
    return _around(central, np.array(found))


def _around(central: float, draws: np.ndarray) -> Interval:
    it = percentile_interval(draws, LEVEL)
    return Interval(it.low, central, it.high, LEVEL)


def capacity_by_regions(service_level: float = SERVICE_LEVEL) -> tuple[float, float]:
    """Capacity over mean load at central values: users in one time zone, and evenly in three.

    Three equal regions eight hours apart are the most that clocks can smooth; bursts and swings
    are kept as they are.
    """
    apart = dataclasses.replace(central_shape(), zones=tuple((8.0 * k, 1 / 3) for k in range(3)))
    one, three = (
        float(capacity_for(service_level, shape.week(30), shape.log_sd))
        for shape in (central_shape(), apart)
    )
    return one, three


def mean_load(service_level: float = SERVICE_LEVEL) -> Interval:
    """Share of that capacity that the load itself uses."""
    it = capacity(service_level)
    return Interval(1 / it.high, 1 / it.central, 1 / it.low, LEVEL)


def idle_hours() -> float:
    """Hours of a chip a year that stand idle on `CHIPS` chips built for interactive inference."""
    return CHIPS * (1 - mean_load().central) * HOURS_PER_YEAR


@cache
def fills() -> pd.DataFrame:
    """What work that can be interrupted gains in the idle part, one row a draw; shares of capacity.

    Bursts and swings are simulated, so that the gaps are as ragged as the load.
    """
    losses = assumptions.sample([_LOSS], DRAWS, np.random.default_rng(SEED + 3))[_LOSS]
    found = [
        _fill(shape, float(loss), SEED + k)
        for k, (shape, loss) in enumerate(zip(shapes(), losses, strict=True))
    ]
    return pd.DataFrame([vars(fill) for fill in found])


def _fill(shape: LoadShape, loss_hours: float, seed: int) -> TroughFill:
    most = float(capacity_for(SERVICE_LEVEL, shape.week(30), shape.log_sd))
    return fill_troughs(
        shape.simulate(_FILL_WEEKS, seed), most, step_hours=1 / 60, loss_hours=loss_hours,
        levels=_FILL_LEVELS,
    )  # fmt: skip


@cache
def central_fill() -> pd.Series:
    """The same at central assumptions, mean over seeds."""
    loss = assumptions.get(_LOSS).central
    found = [vars(_fill(central_shape(), loss, SEED + k)) for k in range(20)]
    return pd.DataFrame(found).mean()


def filled(column: str = "usable_share") -> Interval:
    """One column of `fills`, around its value at central assumptions."""
    return _around(float(central_fill()[column]), fills()[column].to_numpy())


@cache
def rent() -> Interval:
    """USD per hour of an H100 under contract: least, median and most of the rents found."""
    rows = rents.history()
    rows = rows[rows["group"] == rents.CONTRACT]
    low, central, high = np.quantile(rows["usd_per_gpu_hour"].dropna(), [0, 0.5, 1])
    return Interval(float(low), float(central), float(high), LEVEL)


def filled_usd() -> Interval:
    """US dollars a year that the work gained on `CHIPS` chips would cost to rent."""
    price = np.random.default_rng(SEED + 2).uniform(rent().low, rent().high, DRAWS)
    usd = CHIPS * HOURS_PER_YEAR * fills()["usable_share"].to_numpy() * price
    central = CHIPS * HOURS_PER_YEAR * filled().central * rent().central
    return _around(central, usd)


@cache
def week_of_load() -> pd.DataFrame:
    """Expected load of a week by the hour, and the capacity over it, at central values.

    Returns
    -------
    pandas.DataFrame
        `day` (0 to 7 from Monday), `load` and `capacity`, in means of the load.
    """
    load = central_shape().week(60)
    most = float(capacity_for(SERVICE_LEVEL, central_shape().week(), central_shape().log_sd))
    return pd.DataFrame({"day": (np.arange(load.size) + 0.5) / 24, "load": load, "capacity": most})


@cache
def waiting() -> pd.DataFrame:
    """Capacity that a share of work that may wait still needs, by how long it may.

    Of the expected load by the hour, bursts left out; over the mean load.

    Returns
    -------
    pandas.DataFrame
        `wait`, `share`, `capacity`, `low`, `high`.
    """
    frames = []
    chosen = shapes()[:: max(DRAWS // 60, 1)]
    for wait, hours in WAITS_HOURS.items():
        drawn = np.array([peak_with_wait(s.week(60), SHARES, hours) for s in chosen])
        found = [percentile_interval(drawn[:, k], LEVEL) for k in range(len(SHARES))]
        central = peak_with_wait(central_shape().week(60), SHARES, hours)
        frames.append(
            pd.DataFrame(
                {"wait": wait, "share": SHARES, "capacity": central,
                 "low": [it.low for it in found], "high": [it.high for it in found]}
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def saved_by_waiting(wait: str, share: float) -> float:
    """Share of capacity that is not needed where that share of work may wait."""
    rows = waiting()
    rows = rows[rows["wait"] == wait]
    least = float(np.interp(share, rows["share"], rows["capacity"]))
    return 1 - least / float(rows["capacity"].iloc[0])


def share_to_flatten() -> float:
    """Share of work that must be able to wait, within the week, for a flat load."""
    return float(share_that_flattens(waiting()["capacity"].iloc[0]))


def saved_usd(wait: str, share: float) -> float:
    """US dollars a year saved on `CHIPS` chips built for the peak, at the median contract rent."""
    return saved_by_waiting(wait, share) * CHIPS * HOURS_PER_YEAR * rent().central
