"""Training runs to fit a loss law to: checked on entry, and whether they can pin one at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.loss_surface import Surface

#: Five coefficients take five points to pass through; a sixth is the first to say anything.
FEWEST_POINTS = 6
#: E, a scale and an exponent are three unknowns along each axis.
FEWEST_LEVELS = 3
#: Share of the variance of ln D that ln N must leave unexplained before they are two axes.
LEAST_UNSHARED = 1e-6


class IdentificationError(ValueError):
    """The runs, however precise, cannot tell the coefficients of a loss law apart."""


class IdentificationWarning(UserWarning):
    """The runs leave a coefficient of the loss law open."""


def loss_points(parameters: Any, tokens: Any, loss: Any) -> Surface:
    """Check training runs and take logarithms.

    Parameters
    ----------
    parameters : array_like, shape (n,)
        Parameters N of each run.
    tokens : array_like, shape (n,)
        Training tokens D of each run.
    loss : array_like, shape (n,)
        Final loss of each run, in any one unit.

    Returns
    -------
    Surface

    Raises
    ------
    ValueError
        Where a number is not finite and above zero (field and index are named), or the three do
        not have the same length.
    IdentificationError
        Where the runs cannot pin a loss law; see `require_design`.
    """
    n = require_positive("parameters", parameters, "parameters")
    d = require_positive("tokens", tokens, "tokens")
    values = require_positive("loss", loss, "the unit of the loss")
    if not (n.ndim == 1 and n.shape == d.shape == values.shape):
        raise ValueError(
            f"parameters, tokens and loss have shapes {n.shape}, {d.shape} and {values.shape}; "
            "accepted: one axis, all of the same length, one entry per training run"
        )
    require_design(n, d)
    return Surface(np.log(n), np.log(d), np.log(values))


def require_design(parameters: np.ndarray, tokens: np.ndarray) -> None:
    """Refuse sizes and tokens that leave a loss law open whatever the losses.

    Raises
    ------
    IdentificationError
        Fewer than six distinct runs; fewer than three sizes or numbers of tokens; or D a rising
        power of N, so that the two terms of the law can stand in for each other.
    """
    reason = unidentified_design(np.log(parameters), np.log(tokens))
    if reason:
        raise IdentificationError(reason)


def unidentified_design(log_parameters: np.ndarray, log_tokens: np.ndarray) -> str:
    """Why ln N and ln D pin no law, in words; empty where they can."""
    distinct = len(set(zip(log_parameters.tolist(), log_tokens.tolist(), strict=True)))
    if distinct < FEWEST_POINTS:
        return (
            f"{distinct} distinct runs cannot pin E, A, B, alpha and beta; accepted: at least "
            f"{FEWEST_POINTS} runs that differ in parameters or tokens"
        )
    for axis, name, open_ones in (
        (log_parameters, "parameters", "E, A and alpha"),
        (log_tokens, "tokens", "E, B and beta"),
    ):
        levels = np.unique(axis).size
        if levels < FEWEST_LEVELS:
            return (
                f"the runs have {levels} distinct value(s) of {name}, which leaves {open_ones} "
                f"open; accepted: at least {FEWEST_LEVELS}; add runs with other {name}"
            )
    x, y = log_parameters - log_parameters.mean(), log_tokens - log_tokens.mean()
    shared = float(x @ y)
    unshared = 1.0 - shared**2 / float((x @ x) * (y @ y))
    if shared > 0 and unshared < LEAST_UNSHARED:
        return (
            "tokens are a rising power of parameters in every run (as with D = 20 N), so A with "
            "alpha and B with beta cannot be told apart; add runs off that ray"
        )
    return ""


def pinned_rows(surface: Surface, counts: np.ndarray) -> np.ndarray:
    """Whether each resample of the runs still passes `require_design`: shape (rows,).

    Parameters
    ----------
    surface : Surface
    counts : numpy.ndarray, shape (rows, n)
        How often each run is in each resample.
    """
    runs = np.column_stack([surface.x, surface.y])
    enough = _levels(runs, counts) >= FEWEST_POINTS
    enough &= _levels(surface.x[:, None], counts) >= FEWEST_LEVELS
    enough &= _levels(surface.y[:, None], counts) >= FEWEST_LEVELS
    present = (counts > 0).astype(np.float64)
    total = present.sum(axis=1)
    mean_x, mean_y = present @ surface.x / total, present @ surface.y / total
    var_x = present @ surface.x**2 / total - mean_x**2
    var_y = present @ surface.y**2 / total - mean_y**2
    shared = present @ (surface.x * surface.y) / total - mean_x * mean_y
    unshared = 1.0 - shared**2 / np.maximum(var_x * var_y, 1e-300)
    return enough & ~((shared > 0) & (unshared < LEAST_UNSHARED))


def _levels(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    # Sorted by value, runs of one value are next to each other and can be summed in one pass.
    order = np.lexsort(values.T)
    changes = (np.diff(values[order], axis=0) != 0).any(axis=1)
    first = np.concatenate([[0], np.flatnonzero(changes) + 1])
    return (np.add.reduceat(counts[:, order], first, axis=1) > 0).sum(axis=1)
