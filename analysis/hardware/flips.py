"""Where the cheapest chip changes: the ratio of prices, and the speed, batch or context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.hardware.choice import best_batches
from analysis.hardware.first_token import FirstTokenTerms
from analysis.hardware.points import MOST_REQUESTS
from analysis.hardware.serving_options import Options
from analysis.hardware.workloads import Workload
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_at_least, require_counts
from analysis.uncertainty import require_level

#: What may vary along an axis.
SPEED, BATCH, CONTEXT = "tokens per second per user", "requests in flight", "input tokens"
#: A change is narrowed so often, between so many points each time.
_ZOOMS, _ZOOM_POINTS = 2, 12


@dataclass(frozen=True)
class PriceFlip:
    """Ratio of the prices of two chips at which they cost the same for a work.

    Attributes
    ----------
    ratio, low, high : numpy.ndarray
        Price of a chip-hour of the first over one of the second, and its interval.
    today : numpy.ndarray
        The ratio of the prices as they are.
    """

    ratio: Any
    low: Any
    high: Any
    today: Any

    @property
    def distance(self) -> Any:
        """How far the ratio of prices must move to flip the answer: -0.2 is a fall by a fifth."""
        return self.ratio / self.today - 1.0

    @property
    def first_is_cheaper(self) -> Any:
        """True where the first costs less today."""
        return self.today < self.ratio


def price_flip(
    chip_s: Any, other_chip_s: Any, price: Any, other_price: Any, error: Any = 0.0,
    *, level: float = 0.8,
) -> PriceFlip:  # fmt: skip
    """The ratio of prices at which two chips cost the same; in closed form.

    A request costs price x chip-seconds on each, so they are level where the ratio of prices is the
    inverse of the ratio of chip-seconds. Layout and batch do not depend on the price.

    Parameters
    ----------
    chip_s, other_chip_s : array_like
        Chip-seconds of a request on each, finite.
    price, other_price : array_like
        USD per chip-hour today.
    error : array_like
        Standard deviation of ln(chip_s / other_chip_s).
    level : float
        Of the interval.
    """
    ratio = require_positive("other_chip_s", other_chip_s, "s") / require_positive(
        "chip_s", chip_s, "s"
    )
    today = require_positive("price", price, "USD per chip-hour") / require_positive(
        "other_price", other_price, "USD per chip-hour"
    )
    reach = ndtri((1.0 + require_level(level)) / 2.0) * require_at_least("error", error, 0, "ln")
    low, high = ratio * np.exp(-reach), ratio * np.exp(reach)
    return PriceFlip(ratio[()], np.asarray(low)[()], np.asarray(high)[()], today[()])


def costs_along(
    options: Options,
    work: Workload,
    terms: FirstTokenTerms,
    axis: str,
    values: Any,
    prices: Sequence[tuple[str, float]],
) -> np.ndarray:
    """Cost of a request of a work on some chips while one thing varies.

    Parameters
    ----------
    work : Workload
        At its mean lengths; what varies takes the place of its own.
    axis : str
        `SPEED` (the least tokens per second per user), `BATCH` (the most requests in flight on one
        attention group) or `CONTEXT` (input tokens, of which the same share is cached).
    values : array_like, shape (v,)
    prices : sequence of (chip_id, usd_per_chip_hour)

    Returns
    -------
    numpy.ndarray, shape (v, chips)
        USD; infinite where a chip cannot.
    """
    along = require_positive("values", np.atleast_1d(values), axis)
    given, written = work.mean("input_tokens"), work.mean("output_tokens")
    known = work.mean("cached_tokens")
    case: dict[str, Any] = {
        "input_tokens": given, "output_tokens": written, "cached_tokens": known,
        "tpot_target_s": work.tpot_target_s, "ttft_target_s": work.ttft_target_s,
        "most_requests": MOST_REQUESTS,
    }  # fmt: skip
    if axis == SPEED:
        case["tpot_target_s"] = 1.0 / along
    elif axis == BATCH:
        case["most_requests"] = along
    elif axis == CONTEXT:
        case |= {"input_tokens": along, "cached_tokens": along * known / given}
    else:
        raise ValueError(f"axis: {axis!r} is not known; accepted: {SPEED}, {BATCH}, {CONTEXT}")
    spread = {name: np.broadcast_to(value, along.shape) for name, value in case.items()}
    chip_s = best_batches(options, terms, **spread).chip_s
    columns = []
    for chip, price in prices:
        mine = options.chip_id == chip
        if not mine.any():
            raise ValueError(f"prices: {chip!r} is not among the options; accepted: one that is")
        columns.append(price / 3600.0 * chip_s[:, mine].min(axis=1))
    return np.stack(columns, axis=1)


def crossings(
    costs: Callable[[np.ndarray], np.ndarray], low: float, high: float, *, points: int = 48
) -> pd.DataFrame:
    """Where the cheapest of several costs changes, by a grid that is refined at each change.

    Parameters
    ----------
    costs : callable
        From values of shape (v,) to costs of shape (v, n), infinite where there is none.
    low, high : float
        Ends of the search, above 0; the grid is even in the logarithm.
    points : int
        Of the grid; two changes between neighbours cancel and are missed.

    Returns
    -------
    pandas.DataFrame
        `at`, `before` and `after`: the value, and the place of the cheapest below and above it
        (-1 where nothing can do the work). No row where it never changes.
    """
    count = int(require_counts("points", points, lowest=3))
    ends = require_positive("low and high", np.array([low, high]), "units of the axis")
    if not ends[0] < ends[1]:
        raise ValueError(f"low, high: {low!r}, {high!r} are not accepted; accepted: low below high")
    grid = np.geomspace(float(low), float(high), count)
    best = _cheapest(costs(grid))
    rows = []
    for place in np.flatnonzero(best[1:] != best[:-1]):
        rows.append(_narrowed(costs, grid[place], grid[place + 1]))
    return pd.DataFrame(rows, columns=["at", "before", "after"])


def _cheapest(costs: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(costs).any(axis=1), costs.argmin(axis=1), -1)


def _narrowed(
    costs: Callable[[np.ndarray], np.ndarray], low: float, high: float
) -> tuple[float, int, int]:
    first, last = _cheapest(costs(np.array([low, high])))
    for _ in range(_ZOOMS):
        grid = np.geomspace(low, high, _ZOOM_POINTS)
        place = int(np.flatnonzero(_cheapest(costs(grid))[1:] != first)[0])
        low, high = grid[place], grid[place + 1]
    return float(np.sqrt(low * high)), int(first), int(last)
