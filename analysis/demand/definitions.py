"""What a published "share of inference" is a share of, and how one definition becomes another.

A share s is odds o = s / (1 - s): inference over training. A change of definition multiplies the
odds and does nothing else:

- by unit: odds in FLOP, money or energy are the odds in chip-hours times how many FLOP, dollars or
  joules a chip-hour of inference takes over one of training;
- by denominator: against final runs only, the odds are those against all R&D compute over the
  share of final runs in R&D.

So conversions chain, keep the order of shares, leave 0 and 1 where they are, and go back exactly.
It holds as far as final runs and experiments use a chip-hour alike; where they do not, the share of
final runs differs by unit and is to be given for the unit at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_probability,
    require_share,
)
from analysis.uncertainty import Interval, percentile_interval, require_level

#: `power` is also energy: over a year of steady use their shares are the same.
UNITS = ("flop", "chips", "spend", "power")
#: All research and development compute, or only the final runs of released models.
DENOMINATORS = ("rnd", "final_runs")
_RATIOS = {"flop": "utilisation_ratio", "spend": "price_ratio", "power": "draw_ratio"}
_HIGH_AT = 0.95
_STREAM = 2**31
_THREE = np.array([-1.0, 0.0, 1.0])


@dataclass(frozen=True)
class Definition:
    """What is counted, and what counts as training.

    Attributes
    ----------
    unit : str
        One of `UNITS`; `chips` is chip-hours.
    denominator : str
        One of `DENOMINATORS`: the training that stands beside inference.
    """

    unit: str
    denominator: str

    def __post_init__(self) -> None:
        for name, accepted in (("unit", UNITS), ("denominator", DENOMINATORS)):
            value = getattr(self, name)
            if value not in accepted:
                raise ValueError(
                    f"{name}: {value!r} is not a definition; accepted: {', '.join(accepted)}"
                )


@dataclass(frozen=True)
class Factors:
    """What links the definitions: each a number, or draws of one shape.

    Attributes
    ----------
    utilisation_ratio : array_like
        FLOP per chip-hour, inference over training.
    price_ratio : array_like
        Money per chip-hour, inference over training.
    draw_ratio : array_like
        Energy per chip-hour, inference over training.
    final_run_share : array_like
        Final runs over all R&D compute, above 0 and at most 1.

    Raises
    ------
    ValueError
        Where a factor is not above 0, or shapes do not go together.
    """

    utilisation_ratio: Any
    price_ratio: Any
    draw_ratio: Any
    final_run_share: Any

    def __post_init__(self) -> None:
        for name in _RATIOS.values():
            require_above(name, getattr(self, name), 0, "inference over training")
        require_share("final_run_share", self.final_run_share, positive=True)
        broadcast(**vars(self))


def odds_multiplier(source: Definition, target: Definition, factors: Factors) -> np.ndarray:
    """What a change of definition multiplies the odds by.

    Returns
    -------
    numpy.ndarray
        Above 0, in the broadcast shape of the factors that are used.
    """
    if source == target:
        return np.asarray(1.0)
    return _over_chips(target, factors) / _over_chips(source, factors)


def _over_chips(definition: Definition, factors: Factors) -> np.ndarray:
    """Odds under a definition over the odds in chip-hours against all R&D."""
    name = _RATIOS.get(definition.unit)
    ratio = np.asarray(getattr(factors, name) if name else 1.0, dtype=np.float64)
    if definition.denominator == "rnd":
        return ratio
    return ratio / np.asarray(factors.final_run_share, dtype=np.float64)


def convert_share(
    share: Any, source: Definition, target: Definition, factors: Factors
) -> np.ndarray:
    """A share of inference under another definition.

    Parameters
    ----------
    share : array_like
        From 0 to 1, inference over inference and training.
    source, target : Definition
    factors : Factors
        Its draws broadcast against `share`.

    Returns
    -------
    numpy.ndarray
        From 0 to 1; rises with `share`.

    Raises
    ------
    ValueError
        Where a share is outside 0 to 1, or shapes do not go together.
    """
    shares, multiplier = broadcast(
        share=require_probability("share", share),
        factors=odds_multiplier(source, target, factors),
    )
    weighted = shares * multiplier
    return weighted / (weighted + (1.0 - shares))


def converted_interval(
    value: float,
    low: float,
    high: float,
    source: Definition | Sequence[Definition],
    target: Definition,
    factors: Factors,
    *,
    seed: int,
    level: float = 0.9,
) -> Interval:
    """A published share under another definition, with the spread of the factors in it.

    The published range is taken as the 5th and 95th percentile of normal odds on the log scale, a
    half on either side of the value. Several sources are readings of one unclear definition: the
    interval is the hull of all, and its centre is that of the first.

    Parameters
    ----------
    value, low, high : float
        The share and its range; `low` and `high` NaN where none is published.
    source : Definition or sequence of Definition
    target : Definition
    factors : Factors
        Numbers, or draws of shape (n,).
    seed : int
        Of the draws within the published range.
    level : float
        Share of the draws inside; with numbers only and no range, the interval is a point.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        Where the range does not hold the value, or touches 0 or 1.
    """
    sources = (source,) if isinstance(source, Definition) else tuple(source)
    if not sources:
        raise ValueError("source: () is not accepted; accepted: at least one Definition")
    level = require_level(level)
    published = _range(value, low, high)
    flat = Factors(**{name: np.ravel(draws) for name, draws in vars(factors).items()})
    count = max(np.size(draws) for draws in vars(flat).values())
    outer = special.ndtri((1 + level) / 2)
    drawn = count > 1
    # A stream of its own: the factors may have been drawn from the seed or its first children.
    stream = np.random.SeedSequence(seed, spawn_key=(_STREAM,))
    scores = np.random.default_rng(stream).standard_normal(count) if drawn else outer * _THREE
    shares = _share_at(scores, *published)
    found = [
        percentile_interval(converted, level) if drawn else _three(converted, level)
        for converted in (convert_share(shares, each, target, flat) for each in sources)
    ]
    low, high = min(one.low for one in found), max(one.high for one in found)
    return Interval(low, found[0].central, high, level)


def _range(value: float, low: float, high: float) -> tuple[float, float, float]:
    """The value and its range; a missing end is the value."""
    require_probability("value", value)
    low = value if np.isnan(low) else low
    high = value if np.isnan(high) else high
    inside = 0 < low <= value <= high < 1 or low == value == high
    if not inside:
        raise ValueError(
            f"low, value, high: {(low, value, high)} are not accepted; accepted: low <= value <= "
            "high strictly between 0 and 1; leave an unknown end NaN"
        )
    return value, low, high


def _three(shares: np.ndarray, level: float) -> Interval:
    low, central, high = shares.tolist()
    return Interval(low, central, high, level)


def _share_at(scores: np.ndarray, value: float, low: float, high: float) -> np.ndarray:
    """Shares at standard normal scores of a published range."""
    if low == value == high:
        return np.full(scores.shape, value)
    below, centre, above = special.logit([low, value, high])
    step = np.where(scores < 0, centre - below, above - centre) / special.ndtri(_HIGH_AT)
    return special.expit(centre + step * scores)
