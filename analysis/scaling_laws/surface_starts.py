"""Where to start a fit: the best E, A and B for each pair of exponents on a grid."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from analysis.scaling_laws.loss_surface import Surface

#: Exponents of the outermost starts; published fits of language models lie well inside.
START_RANGE = (0.06, 1.5)
#: A term that least squares would make negative starts at this share of the typical loss.
_SMALLEST_SHARE = 1e-2


def grid_starts(
    surface: Surface, weights: np.ndarray, per_axis: int
) -> tuple[np.ndarray, np.ndarray]:
    """Starts on a grid of exponents, each with its least-squares E, A and B.

    With both exponents given, relative residuals ``(E + A u + B v) / L - 1`` are linear in E, A
    and B; the best non-negative ones follow from normal equations over the subsets of the terms.

    Parameters
    ----------
    surface : Surface
    weights : numpy.ndarray, shape (rows, n)
    per_axis : int
        Values of each exponent, evenly spaced in the logarithm over `START_RANGE`.

    Returns
    -------
    starts : numpy.ndarray, shape (rows, per_axis**2, 5)
        In the coordinates of `Surface`.
    misfit : numpy.ndarray, shape (rows, per_axis**2)
        Weighted sum of squared relative residuals.
    """
    exponents = np.geomspace(*START_RANGE, per_axis)
    pairs = [(alpha, beta) for alpha in exponents for beta in exponents]
    once = np.exp(-surface.log_loss) * weights
    twice = np.exp(-surface.log_loss) * once
    total = weights.sum(axis=1)
    typical = total / once.sum(axis=1)
    starts = np.empty((len(weights), len(pairs), 5))
    misfit = np.empty((len(weights), len(pairs)))
    for k, (alpha, beta) in enumerate(pairs):
        terms = np.column_stack(
            [np.ones_like(surface.x), np.exp(-alpha * surface.x), np.exp(-beta * surface.y)]
        )
        right = once @ terms
        products = np.einsum("ni,nj->nij", terms, terms).reshape(len(terms), 9)
        matrix = (twice @ products).reshape(-1, 3, 3)
        solution, explained = _best_non_negative(matrix, right)
        smallest = _SMALLEST_SHARE * typical[:, None]
        starts[:, k, :3] = np.log(np.maximum(solution, smallest))
        starts[:, k, 3:] = alpha, beta
        misfit[:, k] = total - explained
    return starts, misfit


def _best_non_negative(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = len(right)
    best, explained = np.zeros((rows, 3)), np.zeros(rows)
    for size in (1, 2, 3):
        for kept in combinations(range(3), size):
            part = matrix[:, kept][:, :, kept] * (1.0 + 1e-12 * np.eye(size))
            solved = np.linalg.solve(part, right[:, kept, None])[:, :, 0]
            fall = (solved * right[:, kept]).sum(axis=1)
            better = (solved >= 0).all(axis=1) & (fall > explained)
            explained[better] = fall[better]
            best[better] = 0.0
            best[np.ix_(better, kept)] = solved[better]
    return best, explained
