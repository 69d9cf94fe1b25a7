"""The objective of a loss-law fit and its exact derivatives, for a batch of fits at once.

A row is one fit of ``log(E + A N**-alpha + B D**-beta)`` to log losses with its own weights. The
coordinates are ``(e, a, b, alpha, beta)`` with ``E = exp(e)`` and the two power-law terms written
about the mean of ln N and ln D, which makes the problem well conditioned.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_E, _A, _B, _ALPHA, _BETA = range(5)

#: E below this multiple of the smallest loss cannot be told from zero; the search stops there.
LOWEST_E = 1e-13
#: A and B stop here, short of overflow: exponents near the wall with models of 1e12 parameters.
LARGEST_LOG = 700.0
#: The search keeps exponents in this range: the lowest is flat over any data, the highest a wall.
EXPONENT_RANGE = (1e-4, 20.0)


@dataclass(frozen=True)
class Surface:
    """Points of a loss surface in the logarithm.

    Attributes
    ----------
    log_parameters, log_tokens : numpy.ndarray, shape (n,)
        ln N and ln D.
    log_loss : numpy.ndarray, shape (n,) or (rows, n)
        ln L, the same for all rows or one line per row.
    """

    log_parameters: np.ndarray
    log_tokens: np.ndarray
    log_loss: np.ndarray

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Mean of ln N and of ln D."""
        return float(self.log_parameters.mean()), float(self.log_tokens.mean())

    @cached_property
    def x(self) -> np.ndarray:
        """ln N about its mean."""
        return self.log_parameters - self.centre[0]

    @cached_property
    def y(self) -> np.ndarray:
        """ln D about its mean."""
        return self.log_tokens - self.centre[1]

    @cached_property
    def moments(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Columns 1, x, x**2; then 1, y, y**2; then 1, x, y, x y: what the sums run over."""
        one = np.ones_like(self.x)
        return (
            np.column_stack([one, self.x, self.x**2]),
            np.column_stack([one, self.y, self.y**2]),
            np.column_stack([one, self.x, self.y, self.x * self.y]),
        )

    @cached_property
    def lowest_e(self) -> float:
        """Lower end of the search for ln E."""
        return float(self.log_loss.min() + np.log(LOWEST_E))

    def rows(self, which: np.ndarray) -> Surface:
        """The same points for some rows only."""
        if self.log_loss.ndim == 1:
            return self
        kept = Surface(self.log_parameters, self.log_tokens, self.log_loss[which])
        object.__setattr__(kept, "lowest_e", self.lowest_e)
        return kept

    def bounded(self, theta: np.ndarray) -> np.ndarray:
        """Coordinates moved into the range of the search."""
        theta = theta.copy()
        theta[:, _E] = np.maximum(theta[:, _E], self.lowest_e)
        theta[:, _ALPHA:] = np.clip(theta[:, _ALPHA:], *EXPONENT_RANGE)
        return theta

    def coefficients(self, theta: np.ndarray) -> np.ndarray:
        """E, A, B, alpha, beta of coordinates, shape (rows, 5); E at its lower end becomes 0."""
        alpha, beta = theta[:, _ALPHA], theta[:, _BETA]
        irreducible = np.where(theta[:, _E] > self.lowest_e + 1e-6, np.exp(theta[:, _E]), 0.0)
        scale_n = np.exp(np.minimum(theta[:, _A] + alpha * self.centre[0], LARGEST_LOG))
        scale_d = np.exp(np.minimum(theta[:, _B] + beta * self.centre[1], LARGEST_LOG))
        return np.column_stack([irreducible, scale_n, scale_d, alpha, beta])

    def coordinates(self, coefficients: np.ndarray) -> np.ndarray:
        """The inverse of `coefficients`; E of 0 becomes the lower end of the search."""
        irreducible, scale_n, scale_d, alpha, beta = np.atleast_2d(coefficients).T
        lowest = np.exp(self.lowest_e)
        theta = np.column_stack(
            [
                np.log(np.maximum(irreducible, lowest)),
                np.log(scale_n) - alpha * self.centre[0],
                np.log(scale_d) - beta * self.centre[1],
                alpha,
                beta,
            ]
        )
        return self.bounded(theta)

    def shares(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Residual of the log loss, and the share of E, of N and of D in the predicted loss."""
        p_n = np.exp(theta[:, _A, None] - theta[:, _ALPHA, None] * self.x)
        p_d = np.exp(theta[:, _B, None] - theta[:, _BETA, None] * self.y)
        irreducible = np.exp(theta[:, _E, None])
        total = p_n + p_d
        total += irreducible
        p_n /= total
        p_d /= total
        residual = np.log(total)
        residual -= self.log_loss
        return residual, irreducible / total, p_n, p_d


def huber(residual: np.ndarray, delta: np.ndarray | float) -> np.ndarray:
    """Huber's loss: half the square up to `delta`, linear beyond, as in Hoffmann et al. 2022."""
    size = np.abs(residual)
    within = np.minimum(size, delta)
    return within * (size - 0.5 * within)


def objective(
    surface: Surface, theta: np.ndarray, weights: np.ndarray, delta: np.ndarray | float
) -> np.ndarray:
    """Weighted sum of Huber's loss over the points, shape (rows,)."""
    return (weights * huber(surface.shares(theta)[0], delta)).sum(axis=1)


def _symmetric(
    surface: Surface,
    ee: np.ndarray,
    en: np.ndarray,
    ed: np.ndarray,
    nn: np.ndarray,
    nd: np.ndarray,
    dd: np.ndarray,
) -> np.ndarray:
    # Sum over points of the products of d(log loss)/d(theta) = (p_e, p_n, p_d, -p_n x, -p_d y),
    # from the weighted products of shares alone.
    in_n, in_d, in_both = surface.moments
    nn, dd, nd = nn @ in_n, dd @ in_d, nd @ in_both
    en, ed = en @ in_n[:, :2], ed @ in_d[:, :2]
    entries = (
        ((_E, _E), ee.sum(axis=1)),
        ((_E, _A), en[:, 0]),
        ((_E, _ALPHA), -en[:, 1]),
        ((_E, _B), ed[:, 0]),
        ((_E, _BETA), -ed[:, 1]),
        ((_A, _A), nn[:, 0]),
        ((_A, _ALPHA), -nn[:, 1]),
        ((_ALPHA, _ALPHA), nn[:, 2]),
        ((_B, _B), dd[:, 0]),
        ((_B, _BETA), -dd[:, 1]),
        ((_BETA, _BETA), dd[:, 2]),
        ((_A, _B), nd[:, 0]),
        ((_ALPHA, _B), -nd[:, 1]),
        ((_A, _BETA), -nd[:, 2]),
        ((_ALPHA, _BETA), nd[:, 3]),
    )
    matrix = np.empty((len(ee), 5, 5))
    for (i, j), value in entries:
        matrix[:, i, j] = matrix[:, j, i] = value
    return matrix


def derivatives(
    surface: Surface, theta: np.ndarray, weights: np.ndarray, delta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Objective, gradient, Hessian and the matrix of the reweighted least-squares step.

    Parameters
    ----------
    surface : Surface
    theta : numpy.ndarray, shape (rows, 5)
    weights : numpy.ndarray, shape (rows, n)
    delta : numpy.ndarray, shape (rows, 1)

    Returns
    -------
    tuple of numpy.ndarray
        Shapes (rows,), (rows, 5), (rows, 5, 5), (rows, 5, 5). The Hessian is exact: the curvature
        of the logarithm of the sum is in it, not only the products of first derivatives.
    """
    residual, p_e, p_n, p_d = surface.shares(theta)
    size = np.abs(residual)
    within = np.minimum(size, delta)
    value = (weights * (within * (size - 0.5 * within))).sum(axis=1)
    slope = weights * np.copysign(within, residual)
    # Weight of a squared residual whose parabola lies on or above Huber's loss and touches it.
    touching = weights * (within / np.maximum(size, 1e-300))
    inside = np.where(size <= delta, weights, 0.0) - slope

    e1, n1, d1 = slope * p_e, slope * p_n, slope * p_d
    in_n, in_d, _ = surface.moments
    sums_n, sums_d = n1 @ in_n, d1 @ in_d
    gradient = np.empty((len(theta), 5))
    gradient[:, _E] = e1.sum(axis=1)
    gradient[:, _A], gradient[:, _ALPHA] = sums_n[:, 0], -sums_n[:, 1]
    gradient[:, _B], gradient[:, _BETA] = sums_d[:, 0], -sums_d[:, 1]

    ee, en, ed = p_e * p_e, p_e * p_n, p_e * p_d
    nn, nd, dd = p_n * p_n, p_n * p_d, p_d * p_d
    majorant = _symmetric(surface, *(touching * part for part in (ee, en, ed, nn, nd, dd)))
    hessian = _symmetric(
        surface,
        inside * ee + e1,
        inside * en,
        inside * ed,
        inside * nn + n1,
        inside * nd,
        inside * dd + d1,
    )
    return value, gradient, hessian, majorant
