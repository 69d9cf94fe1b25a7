"""Loss laws: how the loss of a language model falls with its size, its data and its compute.

Every closed form is written with arithmetic and ``xp.log`` and ``xp.exp`` alone, so that
``xp=numpy`` gives numbers and ``xp=altair.expr`` gives the same expression for a reader's browser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_coefficients, require_positive
from analysis.units import FLOP_PER_PARAMETER_TOKEN


def _checked(name: str, values: Any, unit: str, xp: Any) -> Any:
    return require_positive(name, values, unit) if xp is np else values


@dataclass(frozen=True)
class Frontier:
    """L(C) = E + K * C**-gamma: the lowest loss that a training compute C in FLOP can buy.

    Attributes
    ----------
    E : float
        Irreducible loss, in the unit of the loss; 0 for a pure power law.
    K : float
        Reducible loss at 1 FLOP, in the unit of the loss.
    gamma : float
        Elasticity: tenfold compute leaves 10**-gamma of the reducible loss.
    """

    E: float
    K: float
    gamma: float

    def __post_init__(self) -> None:
        require_coefficients(self, may_be_zero=("E",))

    def reducible_loss(self, train_flop: Any, *, xp: Any = np) -> Any:
        """L(C) - E at a training compute in FLOP; same shape as `train_flop`."""
        compute = _checked("train_flop", train_flop, "FLOP", xp)
        return self.K * compute**-self.gamma

    def loss(self, train_flop: Any, *, xp: Any = np) -> Any:
        """L(C) at a training compute in FLOP; same shape as `train_flop`."""
        return self.E + self.reducible_loss(train_flop, xp=xp)

    def marginal_return(self, train_flop: Any, *, xp: Any = np) -> Any:
        """dL / d ln C, negative: -gamma times the reducible loss at `train_flop` in FLOP."""
        return -self.gamma * self.reducible_loss(train_flop, xp=xp)

    def flop_for_loss(self, target_loss: Any, *, xp: Any = np) -> Any:
        """Training compute in FLOP at which the frontier reaches a loss.

        Raises
        ------
        ValueError
            Where the target is not above the irreducible loss: no compute reaches it.
        """
        target = _checked("target_loss", target_loss, "the unit of the loss", xp)
        if xp is np and (target <= self.E).any():
            bad = float(np.atleast_1d(target)[np.atleast_1d(target) <= self.E][0])
            raise ValueError(
                f"target_loss: {bad!r} is out of reach; accepted: above the irreducible loss "
                f"E = {self.E!r}"
            )
        return xp.exp(xp.log(self.K / (target - self.E)) / self.gamma)


@dataclass(frozen=True)
class Optimum:
    """Compute-optimal allocation; every field has the shape of the compute asked for.

    Attributes
    ----------
    train_flop : numpy.ndarray
        Training compute C in FLOP.
    parameters : numpy.ndarray
        Parameters N that minimise the loss.
    tokens : numpy.ndarray
        Training tokens D = C / (6 N).
    tokens_per_parameter : numpy.ndarray
        D / N.
    loss : numpy.ndarray
        L(N, D), in the unit of the law.
    """

    train_flop: Any
    parameters: Any
    tokens: Any
    tokens_per_parameter: Any
    loss: Any


@dataclass(frozen=True)
class LossLaw:
    r"""Loss of a language model by its size and its data (Hoffmann et al. 2022, equation 2).

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}

    with training compute :math:`C = 6 N D` (Kaplan et al. 2020, section 2.1). Which parameters N
    counts, and in which unit the loss is, belong to the fit: see `analysis.scaling_laws.published`.

    Attributes
    ----------
    E : float
        Irreducible loss, reached by no finite model; 0 is accepted.
    A, B : float
        Scale of the loss due to finite parameters and to finite tokens.
    alpha, beta : float
        Exponents of parameters and of tokens.

    Raises
    ------
    ValueError
        Where a coefficient is not a finite number above zero; names it and gives its value.

    References
    ----------
    Hoffmann et al. 2022, Training Compute-Optimal Large Language Models,
    https://arxiv.org/abs/2203.15556.

    Examples
    --------
    >>> law = LossLaw(E=1.8, A=400.0, B=400.0, alpha=0.35, beta=0.35)
    >>> round(float(law.tokens_per_parameter(1e23)), 6)
    1.0
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        require_coefficients(self, may_be_zero=("E",))

    @property
    def parameter_exponent(self) -> float:
        """a in N_opt ~ C**a: beta / (alpha + beta)."""
        return self.beta / (self.alpha + self.beta)

    @property
    def token_exponent(self) -> float:
        """b in D_opt ~ C**b: alpha / (alpha + beta)."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def frontier_exponent(self) -> float:
        """gamma in L_opt - E ~ C**-gamma: alpha beta / (alpha + beta)."""
        return self.alpha * self.beta / (self.alpha + self.beta)

    @property
    def _log_scale(self) -> float:
        # ln G of Hoffmann et al. 2022, equation 4: N_opt = G (C / 6)**a. In logarithms, because
        # A and B span six decades in published fits.
        log_ratio = math.log(self.alpha) + math.log(self.A) - math.log(self.beta) - math.log(self.B)
        return log_ratio / (self.alpha + self.beta)

    @property
    def frontier(self) -> Frontier:
        """The loss of the compute-optimal model as a function of compute alone."""
        gamma = self.frontier_exponent
        at_one = math.exp(math.log(self.A) - self.alpha * self._log_scale) + math.exp(
            math.log(self.B) + self.beta * self._log_scale
        )
        return Frontier(E=self.E, K=at_one * FLOP_PER_PARAMETER_TOKEN**gamma, gamma=gamma)

    def reducible_loss(self, parameters: Any, tokens: Any, *, xp: Any = np) -> Any:
        """L(N, D) - E for parameters N and training tokens D, broadcast together."""
        n = _checked("parameters", parameters, "parameters", xp)
        d = _checked("tokens", tokens, "tokens", xp)
        return self.A * n**-self.alpha + self.B * d**-self.beta

    def loss(self, parameters: Any, tokens: Any, *, xp: Any = np) -> Any:
        """L(N, D) for parameters N and training tokens D, broadcast together.

        Parameters
        ----------
        parameters, tokens : array_like
            Above zero; or Altair expressions with ``xp=altair.expr``.
        xp : module
            numpy, or a namespace with ``log`` and ``exp``.

        Returns
        -------
        numpy.ndarray or expression
            Loss in the unit of the law.
        """
        return self.E + self.reducible_loss(parameters, tokens, xp=xp)

    def isoflop(self, train_flop: Any, parameters: Any, *, xp: Any = np) -> Any:
        """Loss of models of different size at one compute: L(N, C / (6 N))."""
        compute = _checked("train_flop", train_flop, "FLOP", xp)
        n = _checked("parameters", parameters, "parameters", xp)
        return self.loss(n, compute / (FLOP_PER_PARAMETER_TOKEN * n), xp=xp)

    def optimum(self, train_flop: Any, *, xp: Any = np) -> Optimum:
        """Parameters and tokens that minimise the loss at a compute (equation 4 of the paper).

        Parameters
        ----------
        train_flop : array_like
            Training compute C in FLOP, above zero.
        xp : module
            numpy, or a namespace with ``log`` and ``exp``.

        Returns
        -------
        Optimum
            Fields of the shape of `train_flop`.
        """
        compute = _checked("train_flop", train_flop, "FLOP", xp)
        product = compute / FLOP_PER_PARAMETER_TOKEN
        parameters = math.exp(self._log_scale) * product**self.parameter_exponent
        tokens = math.exp(-self._log_scale) * product**self.token_exponent
        return Optimum(
            train_flop=compute,
            parameters=parameters,
            tokens=tokens,
            tokens_per_parameter=tokens / parameters,
            loss=self.frontier_loss(compute, xp=xp),
        )

    def tokens_per_parameter(self, train_flop: Any, *, xp: Any = np) -> Any:
        """Tokens per parameter of the compute-optimal model at a compute in FLOP."""
        return self.optimum(train_flop, xp=xp).tokens_per_parameter

    def frontier_loss(self, train_flop: Any, *, xp: Any = np) -> Any:
        """Loss of the compute-optimal model at a compute in FLOP."""
        return self.frontier.loss(train_flop, xp=xp)

    def marginal_return(self, train_flop: Any, *, xp: Any = np) -> Any:
        """dL / d ln C along the frontier, negative: what one e-fold of compute takes off."""
        return self.frontier.marginal_return(train_flop, xp=xp)

    def flop_for_loss(self, target_loss: Any, *, xp: Any = np) -> Any:
        """Least training compute in FLOP that reaches a loss; refused at or below E."""
        return self.frontier.flop_for_loss(target_loss, xp=xp)

    def compute_penalty(self, train_flop: Any, tokens_per_parameter: Any, *, xp: Any = np) -> Any:
        """Times more compute than needed, for a model trained off the optimal ratio.

        A model with `tokens_per_parameter` tokens per parameter trained with `train_flop` reaches
        a loss that a compute-optimal model reaches with `train_flop` divided by this number.

        Parameters
        ----------
        train_flop : array_like
            Compute spent, in FLOP.
        tokens_per_parameter : array_like
            D / N of the model trained, above zero.

        Returns
        -------
        numpy.ndarray or expression
            Multiple, 1 at the optimum and above it elsewhere.
        """
        compute = _checked("train_flop", train_flop, "FLOP", xp)
        ratio = _checked("tokens_per_parameter", tokens_per_parameter, "tokens per parameter", xp)
        parameters = (compute / (FLOP_PER_PARAMETER_TOKEN * ratio)) ** 0.5
        reducible = self.reducible_loss(parameters, ratio * parameters, xp=xp)
        frontier = self.frontier
        needed = xp.exp(xp.log(frontier.K / reducible) / frontier.gamma)
        return compute / needed
