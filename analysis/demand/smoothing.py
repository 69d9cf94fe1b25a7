"""Capacity for an uneven load, and what its idle hours can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_share,
)
from analysis.uncertainty import require_count
from analysis.units import DAYS_PER_YEAR

HOURS_PER_YEAR = DAYS_PER_YEAR * 24
_HALVINGS = 60
_ROUNDING = 1e-12


def capacity_for(service_level: Any, profile: Any, log_sd: Any = 0.0) -> np.ndarray:
    """Least capacity that covers the load in a share of all minutes, over the mean load.

    The load is the expected one of a minute of the week times lognormal noise of mean 1, so the
    level is met where the mean of Phi((ln(capacity / expected) + s^2 / 2) / s) over the week does.

    Parameters
    ----------
    service_level : array_like
        Share of minutes in which all demand is met, above 0 and at most 1; 1 only without noise.
    profile : array_like, shape (n,)
        Expected load by minute (or any equal step) of a cycle, above 0.
    log_sd : array_like
        Standard deviation of the logarithm of the noise.

    Returns
    -------
    numpy.ndarray
        Of the broadcast shape of `service_level` and `log_sd`. Without noise it is the least load
        of the profile that covers the level; the mean load is 1 / capacity.

    Raises
    ------
    ValueError
        Where a level cannot be met, as 1 under noise without a bound.
    """
    level, sd = broadcast(
        service_level=require_share("service_level", service_level, positive=True),
        log_sd=require_at_least("log_sd", log_sd, 0, "logarithms"),
    )
    if np.any((level == 1) & (sd > 0)):
        raise ValueError(
            "service_level: 1.0 is not accepted with noise, which has no bound; accepted: below 1"
        )
    expected = np.sort(require_positive("profile", np.atleast_1d(profile), "any unit of load"))
    expected = expected / expected.mean()
    # Covered minutes are counted from below, so the rounding of level * n must not add one.
    rank = np.ceil(level * expected.size * (1 - _ROUNDING)).astype(int) - 1
    found = np.array(expected[np.maximum(rank, 0)])
    for index in np.argwhere(sd > 0):
        found[tuple(index)] = _noisy(level[tuple(index)], expected, sd[tuple(index)])
    return found


def _noisy(level: float, expected: np.ndarray, sd: float) -> float:
    # A day repeats its hours: a few hundred classes of equal load say as much as 10,080 minutes.
    classes = np.array([part.mean() for part in np.array_split(expected, min(expected.size, 504))])
    weight = np.array([part.size for part in np.array_split(expected, classes.size)])
    weight = weight / expected.size
    centre = np.log(classes) - sd**2 / 2
    low, high = centre.min() - 9 * sd, centre.max() + 9 * sd
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if weight @ special.ndtr((middle - centre) / sd) < level:
            low = middle
        else:
            high = middle
    return float(np.exp(high))


@dataclass(frozen=True)
class TroughFill:
    """What fits below a capacity, above a load; shares of capacity averaged over time.

    Attributes
    ----------
    capacity : float
        In the unit of the load.
    load_share : float
        Used by the load itself.
    idle_share : float
        Left over: 1 - load_share.
    usable_share : float
        Of capacity, what work that can be interrupted gains after its losses.
    lost_share : float
        Idle share less usable share: restarts, lost work and gaps too short to start in.
    starts_per_day : float
        Times that a chip of the capacity is handed to such work in a day.
    """

    capacity: float
    load_share: float
    idle_share: float
    usable_share: float
    lost_share: float
    starts_per_day: float


def fill_troughs(
    load: Any, capacity: float, *, step_hours: float, loss_hours: float, levels: int = 200
) -> TroughFill:
    """Work that can be interrupted, in the idle part of a capacity.

    Chips are taken in a fixed order, so that chip number y is free while the load is below y. Each
    spell of freedom loses `loss_hours` to saving, loading and repeating work since the last
    checkpoint; a spell that is no longer is left idle. The load keeps priority throughout.

    Parameters
    ----------
    load : array_like, shape (n,)
        Load by steps of time; what exceeds the capacity is not served.
    capacity : float
        Same unit.
    step_hours : float
    loss_hours : float
        Hours of one chip lost per spell; 0 uses everything.
    levels : int
        Classes of chips looked at; the answer is exact to about 1 / levels.
    """
    used = require_at_least("load", np.atleast_1d(load), 0, "any unit of load")
    most = float(require_positive("capacity", capacity, "the unit of the load"))
    step = float(require_positive("step_hours", step_hours, "hours"))
    loss = float(require_at_least("loss_hours", loss_hours, 0, "hours"))
    classes = require_count("levels", levels)
    # Where all chips do the same, the idle share is exact; classes only cut it into spells.
    load_share = float(np.minimum(used, most).mean() / most)
    free = seen = spells = 0.0
    for chip in (np.arange(classes) + 0.5) / classes * most:
        idle = np.concatenate([[False], used <= chip, [False]])
        turns = np.flatnonzero(idle[1:] != idle[:-1])
        hours = (turns[1::2] - turns[::2]) * step
        kept = hours > loss
        seen += hours.sum()
        free += (hours - loss)[kept].sum()
        spells += kept.sum()
    idle_share = 1 - load_share
    usable = idle_share * free / seen if seen else 0.0
    days = used.size * step / 24
    return TroughFill(
        most, load_share, idle_share, usable, idle_share - usable, spells / classes / days
    )


def chip_hours_per_year(chips: Any, share: Any) -> np.ndarray:
    """Hours of a chip in a year that a share of so many chips gives.

    Parameters
    ----------
    chips : array_like
    share : array_like
        From 0 to 1.
    """
    many, part = broadcast(
        chips=require_at_least("chips", chips, 0, "chips"), share=require_share("share", share)
    )
    return many * part * HOURS_PER_YEAR


def fill_usd_per_year(chips: Any, share: Any, usd_per_chip_hour: Any) -> np.ndarray:
    """What a share of so many chips would cost to rent for a year, in US dollars.

    Parameters
    ----------
    chips, share : array_like
        See `chip_hours_per_year`.
    usd_per_chip_hour : array_like
        Price at which the same work would be bought elsewhere.
    """
    price = require_at_least("usd_per_chip_hour", usd_per_chip_hour, 0, "US dollars")
    hours, price = broadcast(hours=chip_hours_per_year(chips, share), price=price)
    return hours * price


def peak_after_shift(share_that_waits: Any, peak_to_mean: Any) -> np.ndarray:
    """Capacity over mean load where a share of every hour's work may wait for the next trough.

    Only what cannot wait keeps its shape, so the peak falls as (1 - share) * peak until the load is
    flat: no more is gained beyond share = 1 - 1 / peak. Exact where work may wait a whole cycle;
    `peak_with_wait` limits the wait.

    Parameters
    ----------
    share_that_waits : array_like
        Of each hour's work, from 0 to 1.
    peak_to_mean : array_like
        At least 1.
    """
    share, peak = broadcast(
        share=require_share("share_that_waits", share_that_waits),
        peak=require_at_least("peak_to_mean", peak_to_mean, 1, "means"),
    )
    return np.maximum(1.0, (1 - share) * peak)


def share_that_flattens(peak_to_mean: Any) -> np.ndarray:
    """Share of work that must be able to wait for the load to be flat: 1 - 1 / peak."""
    return 1 - 1 / require_at_least("peak_to_mean", peak_to_mean, 1, "means")


def peak_with_wait(profile: Any, share_that_waits: Any, wait_steps: Any) -> np.ndarray:
    """Least capacity, over mean load, where a share of work may wait so many steps and no longer.

    A schedule exists if in no span of time the work that must be done within it exceeds what the
    capacity does: all urgent work of the span, and what can wait and both came and falls due in it.
    The least capacity is the largest such average over all spans of the cycle.

    Parameters
    ----------
    profile : array_like, shape (n,)
        Load of one cycle by steps, at least 0; a few hundred steps at most.
    share_that_waits : array_like
        Of each step's work.
    wait_steps : array_like of int
        Whole steps that it may be late; 0 is none.

    Returns
    -------
    numpy.ndarray
        Of the broadcast shape, at least 1.
    """
    load = require_at_least("profile", np.atleast_1d(profile), 0, "any unit of load")
    load = load / float(require_above("mean of profile", load.mean(), 0, "any unit of load"))
    share, wait = broadcast(
        share=require_share("share_that_waits", share_that_waits),
        wait=require_at_least("wait_steps", wait_steps, 0, "steps").astype(int),
    )
    steps = load.size
    # Work of a span that laps the cycle twice averages to its mean at most.
    total = np.concatenate([[0.0], np.cumsum(np.tile(load, 3))])
    first = np.arange(steps)[:, None]
    length = np.arange(1, 2 * steps + 1)[None, :]
    urgent = total[first + length] - total[first]
    found = np.ones(share.shape)
    for index in np.ndindex(share.shape):
        due = total[first + np.maximum(length - wait[index], 0)] - total[first]
        most = ((1 - share[index]) * urgent + share[index] * due) / length
        found[index] = max(1.0, float(most.max()))
    return found
