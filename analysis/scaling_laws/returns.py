"""What tenfold training compute buys: loss, its price, and what the labs got for their money."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.laws import Frontier, LossLaw

_COEFFICIENTS = ["E", "A", "B", "alpha", "beta"]
_GAINS = (
    "loss",
    "absolute_gain",
    "relative_gain",
    "relative_gain_reducible",
    "cost_multiple",
    "elasticity",
)
_RESULTS = ("operating_loss", "ebitda_loss")


@dataclass(frozen=True)
class TenfoldGain:
    """What ten times the compute buys; fields have the shape of the compute asked for.

    Attributes
    ----------
    train_flop : numpy.ndarray
        Compute before, in FLOP.
    loss, loss_after : numpy.ndarray
        Loss of the compute-optimal model before and after.
    absolute_gain : numpy.ndarray
        Loss taken off, in the unit of the loss: it shrinks with every tenfold.
    relative_gain : numpy.ndarray
        The same as a share of the total loss.
    relative_gain_reducible : numpy.ndarray
        The same as a share of the reducible loss: 1 - 10**-gamma at every scale.
    cost_multiple : numpy.ndarray
        Extra FLOP that buy the same absolute gain once more, over the extra FLOP just spent.
        Infinite where less than that gain is left above the irreducible loss.
    elasticity : numpy.ndarray
        Percent of reducible loss taken off per percent of compute: gamma at every scale.
    """

    train_flop: Any
    loss: Any
    loss_after: Any
    absolute_gain: Any
    relative_gain: Any
    relative_gain_reducible: Any
    cost_multiple: Any
    elasticity: Any


def frontier_of(law: LossLaw | Frontier) -> Frontier:
    """The frontier of a law, or the frontier itself."""
    return law if isinstance(law, Frontier) else law.frontier


def gain_per_tenfold(law: LossLaw | Frontier, train_flop: Any) -> TenfoldGain:
    """What ten times the compute buys from each starting point, on the compute-optimal frontier.

    Two claims made about scaling are both true of it. A return is assured in the sense that every
    tenfold takes the same share off the reducible loss. Returns diminish in the sense that the
    loss taken off shrinks and the same amount costs a constant multiple more each time.

    Parameters
    ----------
    law : LossLaw or Frontier
        Where E is 0 (Kaplan et al. 2020) total and reducible loss are the same.
    train_flop : array_like
        Compute before, in FLOP, above zero.

    Returns
    -------
    TenfoldGain
        Fields of the shape of `train_flop`.
    """
    frontier = frontier_of(law)
    compute = require_positive("train_flop", train_flop, "FLOP")
    before, after = frontier.loss(compute), frontier.loss(10 * compute)
    kept = 10.0**-frontier.gamma
    left_after_twice = 2 * kept - 1
    if left_after_twice > 0:
        again = 10 * ((kept / left_after_twice) ** (1 / frontier.gamma) - 1) / 9
    else:
        again = np.inf
    return TenfoldGain(
        train_flop=compute,
        loss=before,
        loss_after=after,
        absolute_gain=before - after,
        relative_gain=1 - after / before,
        relative_gain_reducible=np.full_like(compute, 1 - kept),
        cost_multiple=np.full_like(compute, again),
        elasticity=np.full_like(compute, frontier.gamma),
    )


def price_of_gain(law: LossLaw | Frontier, train_flop: Any, gain: Any) -> Any:
    """Total FLOP of the run whose loss is lower by `gain` than that of a run of `train_flop`.

    Raises
    ------
    ValueError
        Where the gain asked for is at least the reducible loss: no compute buys it.
    """
    frontier = frontier_of(law)
    compute = require_positive("train_flop", train_flop, "FLOP")
    wanted = require_positive("gain", gain, "the unit of the loss")
    reducible = frontier.reducible_loss(compute)
    if (wanted >= reducible).any():
        asked, left = np.broadcast_arrays(wanted, reducible)
        first = int(np.argmax((asked >= left).ravel()))
        raise ValueError(
            f"gain: {asked.ravel()[first]:.6g} cannot be bought; accepted: below the reducible "
            f"loss {left.ravel()[first]:.6g} left at that compute"
        )
    return compute * (1 - wanted / reducible) ** (-1 / frontier.gamma)


def assumed_tenfold_gain(
    train_flop: Any,
    floor: Any,
    share_per_tenfold: Any,
    *,
    anchor_flop: float,
    anchor_loss: float,
    xp: Any = np,
) -> Any:
    """Fall of the total loss per tenfold compute, under a floor and a share that a reader assumes.

    The frontier passes through a known loss at a known compute; from there the reducible loss
    falls by the same share per tenfold.

    Parameters
    ----------
    train_flop : array_like or expression
        Compute before, in FLOP.
    floor : float or expression
        Irreducible loss, below `anchor_loss`, in its unit.
    share_per_tenfold : float or expression
        Share of the reducible loss that tenfold compute takes off, between 0 and 1.
    anchor_flop, anchor_loss : float
        A point the frontier passes through.
    xp : module
        numpy, or a namespace with ``log`` and ``exp`` such as ``altair.expr``.

    Returns
    -------
    array_like or expression
        Relative fall, a fraction of the total loss before.
    """
    if xp is np and not (np.all(floor < anchor_loss) and np.all(floor >= 0)):
        raise ValueError(
            f"floor: {floor!r} is not accepted; accepted: from 0 to below the loss {anchor_loss!r} "
            "it must lie under"
        )
    if xp is np and not (np.all(share_per_tenfold > 0) and np.all(share_per_tenfold < 1)):
        raise ValueError(
            f"share_per_tenfold: {share_per_tenfold!r} is not accepted; accepted: between 0 and 1"
        )
    tenfolds = xp.log(train_flop / anchor_flop) / math.log(10)
    reducible = (anchor_loss - floor) * xp.exp(xp.log(1 - share_per_tenfold) * tenfolds)
    return share_per_tenfold * reducible / (floor + reducible)


def gain_table(laws: Mapping[str, LossLaw | Frontier], train_flop: Any) -> pd.DataFrame:
    """`gain_per_tenfold` of several laws as a tidy frame.

    Parameters
    ----------
    laws : mapping of str to LossLaw or Frontier
        By law_id.
    train_flop : array_like, shape (k,)
        Compute before, in FLOP.

    Returns
    -------
    DataFrame
        One row per law and compute; columns ``law_id``, ``train_flop`` and the fields of
        `TenfoldGain`.
    """
    compute = np.atleast_1d(require_positive("train_flop", train_flop, "FLOP"))
    parts = [
        pd.DataFrame({"law_id": law_id, **vars(gain_per_tenfold(law, compute))})
        for law_id, law in laws.items()
    ]
    if not parts:
        raise ValueError("laws: none given; give at least one LossLaw or Frontier")
    return pd.concat(parts, ignore_index=True)


def gain_bands(draws: pd.DataFrame, train_flop: Any, *, level: float = 0.9) -> pd.DataFrame:
    """Percentile bands of what tenfold compute buys, over draws of the five coefficients.

    Parameters
    ----------
    draws : DataFrame, shape (m, >= 5)
        Columns E, A, B, alpha, beta, one law per row: a bootstrap, for instance.
    train_flop : array_like, shape (k,)
        Compute before, in FLOP.
    level : float
        Share of the draws inside the band, between 0 and 1.

    Returns
    -------
    DataFrame
        One row per compute and quantity: ``train_flop``, ``quantity`` (a field of `TenfoldGain`),
        ``low``, ``central`` (median), ``high``, ``level`` and ``draws``.

    Raises
    ------
    ValueError
        Where a column is missing, a coefficient is not accepted (the row is named), there are
        fewer than two draws, or the level is not between 0 and 1.
    """
    missing = [name for name in _COEFFICIENTS if name not in draws]
    if missing:
        raise ValueError(f"draws lack {missing}; needed: columns {_COEFFICIENTS}")
    if len(draws) < 2 or not 0 < level < 1:
        raise ValueError(
            f"{len(draws)} draws at level {level!r} give no band; accepted: at least 2 draws and "
            "a level between 0 and 1"
        )
    compute = np.atleast_1d(require_positive("train_flop", train_flop, "FLOP"))
    values = np.empty((len(_GAINS), len(draws), compute.size))
    for row, coefficients in enumerate(draws[_COEFFICIENTS].to_numpy(dtype=float)):
        try:
            law = LossLaw(*coefficients.tolist())
        except ValueError as cause:
            raise ValueError(f"draws, row {row}: {cause}") from cause
        gain = gain_per_tenfold(law, compute)
        for quantity, name in enumerate(_GAINS):
            values[quantity, row] = getattr(gain, name)
    tail = (1 - level) / 2
    # "nearest" takes values that were drawn, so that an infinite price stays infinite, not NaN.
    low, central, high = np.quantile(values, [tail, 0.5, 1 - tail], axis=1, method="nearest")
    return pd.DataFrame(
        {
            "train_flop": np.tile(compute, len(_GAINS)),
            "quantity": np.repeat(_GAINS, compute.size),
            "low": low.ravel(),
            "central": central.ravel(),
            "high": high.ravel(),
            "level": level,
            "draws": len(draws),
        }
    )


def return_in_money(lab_rows: pd.DataFrame) -> pd.DataFrame:
    """What labs earned and lost beside what they spent on research compute, by lab and year.

    Parameters
    ----------
    lab_rows : DataFrame
        Columns ``lab``, ``year``, ``metric`` (revenue, rnd_compute, rnd_expense, operating_loss,
        ebitda_loss), ``value_usd`` and ``kind``.

    Returns
    -------
    DataFrame
        One row per lab and year: ``revenue_usd``, ``rnd_compute_usd``, ``rnd_expense_usd``,
        ``result_usd`` (negative for a loss) and ``result_measure`` (operating result or EBITDA:
        never compare the two), a ``*_kind`` beside each, ``revenue_per_rnd_compute`` and
        ``revenue_added_per_rnd_compute`` (revenue gained on the year before, over research compute
        of the year before). ``not_published`` names what is empty and why it is: no row.
    """
    needed = ["lab", "year", "metric", "value_usd", "kind"]
    missing = [name for name in needed if name not in lab_rows]
    if missing:
        raise ValueError(f"lab_rows lack {missing}; needed: {needed}")
    key = ["lab", "year", "metric"]
    if lab_rows.duplicated(key).any():
        twice = "/".join(map(str, lab_rows.loc[lab_rows.duplicated(key), key].iloc[0]))
        raise ValueError(f"lab_rows hold {twice} more than once; accepted: one row each")
    frame = lab_rows.assign(year=lab_rows["year"].astype(int))
    index = ["lab", "year"]
    values = frame.pivot_table("value_usd", index, "metric", aggfunc="first").astype(float)
    kinds = frame.pivot_table("kind", index, "metric", aggfunc="first")
    result = pd.DataFrame(index=values.index)
    for metric in ("revenue", "rnd_compute", "rnd_expense"):
        result[f"{metric}_usd"] = values.get(metric, np.nan)
        result[f"{metric}_kind"] = kinds.get(metric)
    result["result_usd"], result["result_kind"], result["result_measure"] = np.nan, None, None
    for metric in _RESULTS:
        if metric in values:
            fill = values[metric].notna() & result["result_usd"].isna()
            result.loc[fill, "result_usd"] = -values.loc[fill, metric]
            result.loc[fill, "result_kind"] = kinds.loc[fill, metric]
            measure = "operating result" if metric == "operating_loss" else "EBITDA"
            result.loc[fill, "result_measure"] = measure
    result["revenue_per_rnd_compute"] = result["revenue_usd"] / result["rnd_compute_usd"]
    year_before = [(lab, year - 1) for lab, year in result.index]
    before = result.reindex(year_before)[["revenue_usd", "rnd_compute_usd"]].to_numpy()
    result["revenue_added_per_rnd_compute"] = (
        result["revenue_usd"].to_numpy() - before[:, 0]
    ) / before[:, 1]
    published = ["revenue_usd", "rnd_compute_usd", "result_usd"]
    result["not_published"] = [
        ", ".join(name.removesuffix("_usd") for name in published if np.isnan(row[name]))
        for _, row in result.iterrows()
    ]
    result = result.reset_index()
    result.attrs = dict(lab_rows.attrs)
    return result
