"""How far predictions of rows not seen were off, by kind of row: the source of every interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.hardware.points import Points

#: Rows of a kind that count as much as the pool of all when its band is set.
_POOL_ROWS = 30
_MAKERS = {
    "cdna2": "AMD", "cdna3": "AMD", "cdna4": "AMD", "hopper": "NVIDIA", "ampere": "NVIDIA",
    "ada": "NVIDIA", "blackwell": "NVIDIA", "blackwell_ultra": "NVIDIA", "blackwell_rtx": "NVIDIA",
    "rubin": "NVIDIA",
}  # fmt: skip
#: Kinds for the time per token, and by load for the time to the first.
KINDS = ("NVIDIA dense", "NVIDIA mixture", "AMD", "other makers", "blanks filled")
LOADS = ("few requests", "many requests", "more than fit")


def kind_of(family: str, mixture: bool) -> str:
    """Kind of a chip family and a model."""
    maker = _MAKERS.get(family, "other makers")
    if maker != "NVIDIA":
        return maker
    return KINDS[1] if mixture else KINDS[0]


def kinds_of(points: Points) -> np.ndarray:
    """Kind of each row: maker, dense or mixture, or with blanks that had to be filled."""
    mixture = np.broadcast_to(np.asarray(points.model.experts) > 0, (len(points),))
    pairs = zip(points.family, mixture, strict=True)
    kinds = np.array([kind_of(family, mixed) for family, mixed in pairs], dtype=object)
    return np.where(points.filled > 0, KINDS[4], kinds).astype(object)


def loads_of(points: Points, few: np.ndarray) -> np.ndarray:
    """Load of each row, on which the time to the first token hangs."""
    full = points.asked > points.requests
    return np.where(few, LOADS[0], np.where(full, LOADS[2], LOADS[1])).astype(object)


@dataclass(frozen=True)
class Bands:
    """Quantiles of ln(predicted / measured) of rows held out, by kind.

    Attributes
    ----------
    frame : pandas.DataFrame
        Index the kind; `low` and `high` the quantiles, `median_abs` and `rows`.
    """

    frame: pd.DataFrame

    def interval(self, predicted: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of the measured value for predictions of such kinds."""
        low = self.frame["high"].reindex(kinds).to_numpy()
        high = self.frame["low"].reindex(kinds).to_numpy()
        return predicted * np.exp(-low), predicted * np.exp(-high)


def bands(
    errors: np.ndarray, kinds: np.ndarray, every_kind: tuple[str, ...], *, level: float = 0.8
) -> Bands:
    """Bands from errors of rows held out.

    Parameters
    ----------
    errors : numpy.ndarray, shape (n,)
        ln(predicted / measured).
    kinds : numpy.ndarray of str, shape (n,)
    every_kind : tuple of str
        Kinds to give a band to; one without rows gets the pool's, twice as wide.
    level : float
        Share of rows between the bounds.

    Returns
    -------
    Bands
        Quantiles of a kind are drawn towards those of all rows by 30 rows' weight.
    """
    errors, tail = np.asarray(errors, float), (1.0 - level) / 2.0
    pool = np.quantile(errors, [tail, 1.0 - tail])
    rows = []
    for kind in every_kind:
        mine = errors[np.asarray(kinds) == kind]
        if len(mine):
            weight = len(mine) / (len(mine) + _POOL_ROWS)
            own = np.quantile(mine, [tail, 1.0 - tail])
            low, high = weight * own + (1.0 - weight) * pool
        else:
            low, high = 2.0 * pool
        middle = float(np.median(np.abs(mine))) if len(mine) else np.nan
        rows.append(
            {"row_kind": kind, "low": low, "high": high, "median_abs": middle, "rows": len(mine)}
        )
    return Bands(pd.DataFrame(rows).set_index("row_kind"))
