"""How far a fitted loss law may be off: robust covariance, for a batch of fits at once."""

from __future__ import annotations

import numpy as np
from scipy import special

from analysis.scaling_laws.loss_surface import Surface

#: What the covariance is of, in this order. E keeps its own scale, since it may be zero.
COVARIANCE_OF = ("E", "ln A", "ln B", "alpha", "beta")

#: Smallest eigenvalue of the scaled curvature that is more than rounding.
_SINGULAR = 1e-15
_MAD_TO_SD = 1.4826
_SILVERMAN = 1.06


def jacobian(surface: Surface, theta: np.ndarray) -> np.ndarray:
    """Derivatives of the log loss by E, ln A, ln B, alpha and beta: shape (rows, n, 5)."""
    _, p_e, p_n, p_d = surface.shares(theta)
    per_loss = p_e / np.exp(theta[:, 0, None])
    return np.stack(
        [per_loss, p_n, p_d, -p_n * surface.log_parameters, -p_d * surface.log_tokens], axis=2
    )


def influence_terms(residual: np.ndarray, delta: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Squared slope of Huber's loss, and its curvature smoothed over the residuals near by.

    With a small `delta` only a few residuals lie on the parabola, and a count of them is a poor
    measure of the curvature that the fit would have in another sample. So the curvature at
    residual r is the chance that :math:`|r + h z| \le \delta` for a standard normal z, with the
    bandwidth h of Silverman's rule; it is 1 for least squares.

    Parameters
    ----------
    residual : numpy.ndarray, shape (rows, n)
    delta : float

    Returns
    -------
    tuple of numpy.ndarray
        Both of shape (rows, n).
    """
    size = np.abs(residual)
    if np.isinf(delta):
        return residual**2, np.ones_like(residual)
    slope = np.minimum(size, delta)
    spread = _MAD_TO_SD * np.median(size, axis=1, keepdims=True)
    bandwidth = np.maximum(_SILVERMAN * spread * residual.shape[1] ** -0.2, 1e-300)
    curvature = special.ndtr((residual + delta) / bandwidth) - special.ndtr(
        (residual - delta) / bandwidth
    )
    return slope**2, np.maximum(curvature, 1e-300)


def sandwich(surface: Surface, theta: np.ndarray, delta: float) -> np.ndarray:
    """Covariance of E, ln A, ln B, alpha and beta that does not assume equal errors.

    The sandwich of Huber (1967) with the factor n / (n - 5) for the coefficients spent.

    Parameters
    ----------
    surface : Surface
    theta : numpy.ndarray, shape (rows, 5)
        Minima.
    delta : float
        Of the fit.

    Returns
    -------
    numpy.ndarray, shape (rows, 5, 5)
        With infinite variances where the points do not pin the coefficients at all.
    """
    residual = surface.shares(theta)[0]
    points = residual.shape[1]
    slope_squared, curvature = influence_terms(residual, delta)
    derivative = jacobian(surface, theta)
    turned = np.swapaxes(derivative, 1, 2)
    bread = turned @ (curvature[:, :, None] * derivative)
    filling = turned @ (slope_squared[:, :, None] * derivative)
    scale = np.sqrt(np.maximum(np.einsum("rii->ri", bread), 1e-300))
    both = scale[:, :, None] * scale[:, None, :]
    values, vectors = np.linalg.eigh(bread / both)
    inverse = (vectors / np.maximum(values, _SINGULAR)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        covariance = inverse @ (filling / both) @ inverse / both * (points / (points - 5))
    unpinned = (values[:, 0] <= _SINGULAR) | ~np.isfinite(covariance).all(axis=(1, 2))
    covariance[unpinned] = np.inf
    return covariance


def exponent_gradient(alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Derivatives of a = beta / (alpha + beta) by E, ln A, ln B, alpha, beta: shape (rows, 5)."""
    nothing = np.zeros_like(alpha)
    squared = (alpha + beta) ** 2
    return np.stack([nothing, nothing, nothing, -beta / squared, alpha / squared], axis=-1)


def standard_errors(coefficients: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Standard errors of E, A, B, alpha, beta and a: shape (rows, 6), by the delta method."""
    _, scale_n, scale_d, alpha, beta = coefficients.T
    variance = np.einsum("rii->ri", covariance)
    gradient = exponent_gradient(alpha, beta)
    with np.errstate(invalid="ignore"):
        exponent = np.einsum(
            "ri,rij,rj->r", gradient[:, 3:], covariance[:, 3:, 3:], gradient[:, 3:]
        )
    factor = np.stack([np.ones_like(alpha), scale_n, scale_d, np.ones_like(alpha)], axis=1)
    exponent = np.where(np.isfinite(variance[:, 3:]).all(axis=1), exponent, np.inf)
    errors = np.empty((len(coefficients), 6))
    errors[:, :4] = np.sqrt(variance[:, :4]) * factor
    errors[:, 4] = np.sqrt(variance[:, 4])
    errors[:, 5] = np.sqrt(np.maximum(exponent, 0.0))
    return errors
