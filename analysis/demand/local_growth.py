"""Level and growth of a series near a date, from few and rough counts.

The same curve as in `growth_paths`: the logarithm is straight in the slowed years since the anchor.
Several series may share one growth, each with a level of its own, so that a firm with one count
adds to the level and leaves the growth to others.

Few points make a poor judge of their own scatter: it is pooled with a prior scatter as if that had
been seen in some more points (a conjugate prior of the variance), so two points give an interval by
Student's t with the prior's degrees of freedom. Gelman et al. 2013, Bayesian Data Analysis,
section 14.2, https://doi.org/10.1201/b16018.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from analysis.demand.growth_paths import slowed_years
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_at_least, require_finite

#: Standard deviation of one count in the logarithm that is held before any is seen: rounding ("more
#: than"), the day meant, and what is counted. Two counts of one quantity a month apart often differ
#: by a tenth or more.
PRIOR_SCATTER = 0.15
#: Counts that this prior is worth.
PRIOR_COUNTS = 4
#: No level is known better than this, no growth better than this share of its logarithm: standard
#: deviations, for errors that all counts of a series share.
LEVEL_FLOOR = 0.1
GROWTH_FLOOR = 0.15
_AT_95 = float(special.ndtri(0.95))


@dataclass(frozen=True)
class LocalGrowth:
    """A level at an anchor and its growth, with 5th and 95th percentiles.

    Attributes
    ----------
    level, level_low, level_high : float
        Sum of the series at the anchor, in their unit.
    growth, growth_low, growth_high : float
        Factor per year at the anchor.
    levels : dict of str to float
        Level of each series.
    correlation : float
        Between the logarithms of level and growth, floors included.
    scatter : float
        Standard deviation of a count about the curve, pooled with the prior.
    counts : int
    first, last : float
        Decimal years of the first and last count used.
    """

    level: float
    level_low: float
    level_high: float
    growth: float
    growth_low: float
    growth_high: float
    levels: dict[str, float]
    correlation: float
    scatter: float
    counts: int
    first: float
    last: float


def local_growth(
    years: Any,
    values: Any,
    *,
    anchor: float,
    decay: float = 0.0,
    series: Sequence[str] | None = None,
    prior_scatter: float = PRIOR_SCATTER,
) -> LocalGrowth:
    """Least squares of the logarithm on slowed years, a level for each series.

    Parameters
    ----------
    years, values : array_like, shape (k,)
        Decimal years, and counts above 0.
    anchor : float
        Decimal year of level and growth.
    decay : float
        Share of the growth rate lost per year; 0 for plain exponential growth.
    series : sequence of str, optional
        Name of the series of each count; by default one.
    prior_scatter : float
        As `PRIOR_SCATTER`.

    Returns
    -------
    LocalGrowth

    Raises
    ------
    ValueError
        Where lengths differ, a value is not above 0, or no series has two dates.
    """
    times = np.atleast_1d(require_finite("years", years, "decimal years"))
    logs = np.log(np.atleast_1d(require_positive("values", values, "counts")))
    names = ["all"] * times.size if series is None else [str(name) for name in series]
    if not times.size == logs.size == len(names):
        raise ValueError(
            f"{times.size} years, {logs.size} values and {len(names)} series are not accepted; "
            "accepted: as many of each"
        )
    rate = float(require_at_least("decay", decay, 0, "per year"))
    away = slowed_years(times - anchor, rate) if rate else times - anchor
    known = list(dict.fromkeys(names))
    member = np.array([[name == one for one in known] for name in names], dtype=np.float64)
    per_series = member.sum(axis=0)
    centre, middle = (member.T @ away) / per_series, (member.T @ logs) / per_series
    x, y = away - member @ centre, logs - member @ middle
    spread = float(x @ x)
    if spread < 1e-12:
        raise ValueError(
            f"{times.size} counts with no two dates in one series give no growth; accepted: at "
            "least one series with counts at two dates"
        )
    slope = float(x @ y) / spread
    left = y - slope * x
    free = max(times.size - len(known) - 1, 0)
    dof = free + PRIOR_COUNTS
    variance = (float(left @ left) + PRIOR_COUNTS * prior_scatter**2) / dof
    levels = np.exp(middle - slope * centre)
    weight = levels / levels.sum()
    slope_sd = math.sqrt(variance / spread)
    lever = float(weight @ centre)
    level_sd = math.sqrt(variance * float(weight**2 @ (1 / per_series)) + (lever * slope_sd) ** 2)
    t_95 = float(stats.t.ppf(0.95, dof))
    level_half = max(t_95 * level_sd, _AT_95 * LEVEL_FLOOR)
    growth_half = max(t_95 * slope_sd, _AT_95 * GROWTH_FLOOR * abs(slope))
    shared = -lever * slope_sd**2 * t_95**2
    total = float(levels.sum())
    return LocalGrowth(
        level=total,
        level_low=total * math.exp(-level_half),
        level_high=total * math.exp(level_half),
        growth=math.exp(slope),
        growth_low=math.exp(slope - growth_half),
        growth_high=math.exp(slope + growth_half),
        levels=dict(zip(known, levels.tolist(), strict=True)),
        correlation=float(np.clip(shared / (level_half * growth_half), -0.95, 0.95)),
        scatter=math.sqrt(variance),
        counts=int(times.size),
        first=float(times.min()),
        last=float(times.max()),
    )


def saturating_growth(
    years: Any, values: Any, *, anchor: float, cap: float, rounds: int = 100
) -> tuple[LocalGrowth, float]:
    """`local_growth` towards a cap: the decay is the one whose curve ends there.

    Parameters
    ----------
    cap : float
        Above every value.
    rounds : int
        Steps of the search, which stops when the decay no longer moves.

    Returns
    -------
    LocalGrowth
    float
        The decay.

    Raises
    ------
    ValueError
        Where a value is not below the cap, or the series does not grow.
    """
    highest = float(np.max(require_positive("values", values, "counts")))
    if not highest < cap:
        raise ValueError(f"cap: {cap!r} is not accepted; accepted: above every value, {highest!r}")
    decay = 0.3
    for _ in range(rounds):
        fit = local_growth(years, values, anchor=anchor, decay=decay)
        if not (fit.growth > 1 and fit.level < cap):
            raise ValueError(
                f"growth {fit.growth!r} to level {fit.level!r} does not end at the cap {cap!r}; "
                "accepted: a series that grows towards it"
            )
        found = math.log(fit.growth) / math.log(cap / fit.level)
        if abs(found - decay) < 1e-12:
            break
        decay = 0.5 * (decay + found)
    return fit, decay
