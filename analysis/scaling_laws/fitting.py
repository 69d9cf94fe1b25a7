"""Fit the loss law of Hoffmann et al. 2022 to training runs, and say how far to trust it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analysis.scaling_laws.bootstrap import (
    bootstrap_intervals,
    bootstrap_loss_law,
)
from analysis.scaling_laws.fit_errors import sandwich, standard_errors
from analysis.scaling_laws.global_fit import (
    global_minimum,
    require_delta,
    working_delta,
)
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.loss_points import (
    IdentificationError,
    IdentificationWarning,
    loss_points,
)
from analysis.scaling_laws.loss_surface import EXPONENT_RANGE, LARGEST_LOG
from analysis.scaling_laws.profiles import ProfileInterval, profile_likelihood
from analysis.uncertainty import Interval, require_level

__all__ = [
    "IdentificationError",
    "IdentificationWarning",
    "LossLawFit",
    "ProfileInterval",
    "bootstrap_intervals",
    "bootstrap_loss_law",
    "fit_loss_law",
    "profile_likelihood",
]

_NAMES = ("E", "A", "B", "alpha", "beta", "a")
#: Half-width of a 95% interval in standard errors, for the question whether a number is pinned.
_WIDE = 1.96


@dataclass(frozen=True)
class LossLawFit:
    """A fitted loss law, with what a reader needs to judge it.

    Attributes
    ----------
    law : LossLaw
        In the unit of the losses given; E is exactly 0 where the runs show no floor.
    objective : float
        Huber's loss of the residuals of the log loss, summed over the runs: the convention under
        which fits of this kind are published. For ``delta=0``, the sum of absolute residuals.
    mean_objective : float
        The same per run.
    converged : bool
        Whether a further Newton step would lower the objective by less than 1e-10 of itself.
    standard_errors : dict of str to float
        Of E, A, B, alpha, beta and the allocation exponent ``a`` = beta / (alpha + beta).
    covariance : numpy.ndarray, shape (5, 5)
        Of E, ln A, ln B, alpha, beta: robust to errors of unequal size.
    n_points : int
        Runs fitted.
    delta : float
        Where Huber's loss turns from square to linear.
    gradient_norm : float
        Largest entry of the gradient by ln E, a, b, alpha, beta (terms about the mean of ln N and
        ln D), over the objective. For ``delta=0``, of the objective smoothed at 1e-6.
    starts, starts_at_optimum : int
        Starts tried, and how many of them ended at this optimum.
    condition_number : float
        Of the correlation matrix of the estimates: the square of the ratio of the best to the
        worst pinned direction. Above some 1e6, look at `unidentified` and `standard_errors`.
    unidentified : tuple of str
        Coefficients that the runs leave open.
    warnings : tuple of str
        What is wrong with the fit, in words; empty for a sound one.
    """

    law: LossLaw
    objective: float
    mean_objective: float
    converged: bool
    standard_errors: dict[str, float]
    covariance: np.ndarray
    n_points: int
    delta: float
    gradient_norm: float
    starts: int
    starts_at_optimum: int
    condition_number: float
    unidentified: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def identified(self) -> bool:
        """Whether the runs pin every coefficient."""
        return not self.unidentified

    def interval(self, quantity: str, level: float = 0.95) -> Interval:
        """Interval from the standard error and Student's t with n - 5 degrees of freedom.

        Parameters
        ----------
        quantity : {'E', 'A', 'B', 'alpha', 'beta', 'a'}
            A and B on a log scale, since their errors are far from symmetric.
        level : float
        """
        if quantity not in _NAMES:
            raise ValueError(f"quantity: {quantity!r} is not known; known: {', '.join(_NAMES)}")
        error = self.standard_errors[quantity]
        if quantity == "a":
            return self._interval(self.law.parameter_exponent, error, level)
        value = float(getattr(self.law, quantity))
        if quantity in ("A", "B"):
            return self._interval(value, error / value, level, log=True)
        return self._interval(value, error, level)

    def tokens_per_parameter(self, train_flop: float, level: float = 0.95) -> Interval:
        """Compute-optimal tokens per parameter at a compute in FLOP, by the delta method."""
        law = self.law
        value = float(law.tokens_per_parameter(train_flop))
        steps = np.array([0.0, 1e-6, 1e-6, 1e-6 * law.alpha, 1e-6 * law.beta])
        gradient = np.zeros(5)
        for k in range(1, 5):
            sides = []
            for sign in (1.0, -1.0):
                moved = np.array(
                    [law.E, math.log(law.A), math.log(law.B), law.alpha, law.beta]
                ) + sign * steps * (np.arange(5) == k)
                at = LossLaw(moved[0], math.exp(moved[1]), math.exp(moved[2]), *moved[3:])
                sides.append(math.log(at.tokens_per_parameter(train_flop)))
            gradient[k] = (sides[0] - sides[1]) / (2 * steps[k])
        if not np.isfinite(self.covariance).all():
            return self._interval(value, math.inf, level, log=True)
        error = math.sqrt(max(float(gradient[1:] @ self.covariance[1:, 1:] @ gradient[1:]), 0.0))
        return self._interval(value, error, level, log=True)

    def _interval(self, value: float, error: float, level: float, *, log: bool = False) -> Interval:
        spread = float(stats.t.ppf((1 + require_level(level)) / 2, self.n_points - 5)) * error
        if log:
            factor = math.exp(spread) if spread < LARGEST_LOG else math.inf
            return Interval(value / factor, value, value * factor, level)
        return Interval(value - spread, value, value + spread, level)


def fit_loss_law(
    parameters: Any, tokens: Any, loss: Any, *, delta: float = 1e-3, starts_per_axis: int = 8
) -> LossLawFit:
    r"""Fit L(N, D) = E + A N**-alpha + B D**-beta to training runs.

    Minimises Huber's loss of :math:`\log \hat L - \log L`, where :math:`\log \hat L` is the
    logarithm of a sum of exponentials, as in Hoffmann et al. 2022, equation 3. The search starts
    from a grid of exponents and ends with exact Newton steps, so the optimum does not depend on
    the accuracy of a line search.

    Parameters
    ----------
    parameters, tokens : array_like, shape (n,)
        Parameters N and training tokens D of each run.
    loss : array_like, shape (n,)
        Final loss of each run, in any one unit; E, A and B come out in that unit.
    delta : float
        Where Huber's loss turns from square to linear, in units of log loss. ``math.inf`` is least
        squares; 0 is least absolute deviations (the corner next to the minimum for delta 1e-6).
    starts_per_axis : int
        Values of each exponent from which the search starts; its square is the number of starts.

    Returns
    -------
    LossLawFit

    Raises
    ------
    ValueError
        A number that is not finite and above zero (field and index are named), or unequal lengths.
    IdentificationError
        Runs that cannot pin the law whatever their losses: fewer than six distinct runs, fewer
        than three sizes or three numbers of tokens, or D a rising power of N.

    Warns
    -----
    IdentificationWarning
        Where the runs leave a coefficient open: its name is in ``unidentified`` of the result.

    References
    ----------
    Hoffmann et al. 2022, Training Compute-Optimal Large Language Models,
    https://arxiv.org/abs/2203.15556; Besiroglu et al. 2024, Chinchilla Scaling: A replication
    attempt, https://arxiv.org/abs/2404.10102.
    """
    delta = require_delta(delta)
    surface = loss_points(parameters, tokens, loss)
    found = global_minimum(surface, delta, starts_per_axis)
    coefficients = surface.coefficients(found.theta)
    covariance = sandwich(surface, found.theta, working_delta(delta))
    errors = dict(zip(_NAMES, standard_errors(coefficients, covariance)[0].tolist(), strict=True))
    law = LossLaw(*coefficients[0].tolist())
    open_ones = _unidentified(law, errors, float(np.exp(surface.log_loss.min())))
    notes = _notes(law, open_ones, found.converged)
    for note in notes:
        warnings.warn(note, IdentificationWarning, stacklevel=2)
    points = surface.x.size
    return LossLawFit(
        law=law,
        objective=found.objective,
        mean_objective=found.objective / points,
        converged=found.converged,
        standard_errors=errors,
        covariance=covariance[0],
        n_points=points,
        delta=delta,
        gradient_norm=found.gradient_norm,
        starts=found.starts,
        starts_at_optimum=found.starts_at_optimum,
        condition_number=_condition_number(covariance[0]),
        unidentified=open_ones,
        warnings=notes,
    )


def _condition_number(covariance: np.ndarray) -> float:
    error = np.sqrt(np.diag(covariance))
    if not (np.isfinite(error).all() and (error > 0).all()):
        return math.inf
    return float(np.linalg.cond(covariance / np.outer(error, error)))


def _unidentified(law: LossLaw, errors: dict[str, float], lowest_loss: float) -> tuple[str, ...]:
    open_ones = []
    # An irreducible loss uncertain by half of the lowest loss seen says nothing about the floor.
    if _WIDE * errors["E"] > 0.5 * lowest_loss:
        open_ones.append("E")
    for scale, exponent in (("A", "alpha"), ("B", "beta")):
        value = float(getattr(law, exponent))
        at_wall = not EXPONENT_RANGE[0] * 1.01 < value < EXPONENT_RANGE[1] * 0.99
        if at_wall or _WIDE * errors[exponent] > value:
            open_ones += [scale, exponent]
    return tuple(open_ones)


def _notes(law: LossLaw, open_ones: tuple[str, ...], converged: bool) -> tuple[str, ...]:
    notes = []
    if open_ones:
        notes.append(
            f"the runs leave {', '.join(open_ones)} open: do not use the value; add runs that "
            "span more parameters and tokens, off one ray"
        )
    if law.E == 0:
        notes.append("the best E is 0: the runs show no irreducible loss")
    if not converged:
        notes.append("the search did not come to rest: do not use the fit")
    return tuple(notes)
