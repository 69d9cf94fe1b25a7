"""Loss of models trained on many more tokens than is compute-optimal (Gadre et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_coefficients, require_positive
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.robust_fit import CurveFit, fit_curve
from analysis.units import FLOP_PER_PARAMETER_TOKEN


@dataclass(frozen=True)
class OverTrainingLaw:
    r"""Loss by compute C = 6 N D and token multiplier M = D / N.

    .. math:: L(C, M) = E + (a M^\eta + b M^{-\eta}) C^{-\eta}

    It is the law of Hoffmann et al. 2022 with equal exponents, alpha = beta = 2 eta, so a line of
    constant M falls as the same power of compute whatever M is.

    Attributes
    ----------
    E, a, b, eta : float

    References
    ----------
    Gadre et al. 2024, Language models scale reliably with over-training and on downstream tasks,
    https://arxiv.org/abs/2403.08540.
    """

    E: float
    a: float
    b: float
    eta: float

    def __post_init__(self) -> None:
        require_coefficients(self, may_be_zero=("E",))

    def loss(self, train_flop: Any, tokens_per_parameter: Any, *, xp: Any = np) -> Any:
        """L(C, M) for compute in FLOP and tokens per parameter, broadcast together."""
        compute, ratio = train_flop, tokens_per_parameter
        if xp is np:
            compute = require_positive("train_flop", compute, "FLOP")
            ratio = require_positive("tokens_per_parameter", ratio, "tokens per parameter")
        return self.E + (self.a * ratio**self.eta + self.b * ratio**-self.eta) * compute**-self.eta

    @property
    def loss_law(self) -> LossLaw:
        """The same surface in parameters and tokens: A = a / 6**eta, B = b / 6**eta."""
        per_flop = FLOP_PER_PARAMETER_TOKEN**-self.eta
        return LossLaw(self.E, self.a * per_flop, self.b * per_flop, 2 * self.eta, 2 * self.eta)

    @property
    def best_tokens_per_parameter(self) -> float:
        """M at which the loss of any compute is least: (b / a)**(1 / (2 eta))."""
        return (self.b / self.a) ** (1 / (2 * self.eta))


@dataclass(frozen=True)
class OverTrainingFit:
    """A fitted over-training law.

    Attributes
    ----------
    law : OverTrainingLaw
    eta_standard_error : float
    objective : float
        Huber's loss of the residuals of the log loss, summed over the runs.
    converged : bool
        Whether at least two starts agree on the optimum.
    search : CurveFit
    n_points : int
    delta : float
    """

    law: OverTrainingLaw
    eta_standard_error: float
    objective: float
    converged: bool
    search: CurveFit
    n_points: int
    delta: float


def fit_over_training(
    train_flop: Any, tokens_per_parameter: Any, loss: Any, *, delta: float = 1e-3
) -> OverTrainingFit:
    """Fit E, a, b and eta to runs of several computes and token multipliers.

    Parameters
    ----------
    train_flop, tokens_per_parameter, loss : array_like, shape (n,)
        Compute in FLOP, D / N and final loss of each run.
    delta : float
        Of Huber's loss, finite and above zero.

    Raises
    ------
    ValueError
        A number that is not finite and above zero, unequal lengths, fewer than five runs, or fewer
        than three computes or two token multipliers.
    """
    compute = require_positive("train_flop", train_flop, "FLOP")
    ratio = require_positive("tokens_per_parameter", tokens_per_parameter, "tokens per parameter")
    seen = require_positive("loss", loss, "the unit of the loss")
    if not (compute.ndim == 1 and compute.shape == ratio.shape == seen.shape):
        raise ValueError(
            f"train_flop, tokens_per_parameter and loss have shapes {compute.shape}, "
            f"{ratio.shape} and {seen.shape}; accepted: one axis, all of the same length"
        )
    computes, ratios = np.unique(compute).size, np.unique(ratio).size
    if compute.size < 5 or computes < 3 or ratios < 2:
        raise ValueError(
            f"{compute.size} runs of {computes} compute(s) and {ratios} token multiplier(s) cannot "
            "pin E, a, b and eta; accepted: at least 5 runs, 3 computes and 2 token multipliers"
        )
    log_c, log_m, log_seen = np.log(compute), np.log(ratio), np.log(seen)
    mean_c, mean_m = log_c.mean(), log_m.mean()

    def residual(point: np.ndarray) -> np.ndarray:
        log_e, log_a, log_b, eta = point
        c, m = log_c - mean_c, log_m - mean_m
        tail = np.exp(log_a + eta * (m - c)) + np.exp(log_b - eta * (m + c))
        return np.log(np.exp(log_e) + tail) - log_seen

    lowest = float(log_seen.min())
    starts = (
        np.array(
            [
                [np.log(share), np.log((1 - share) / 2), np.log((1 - share) / 2), eta - lowest]
                for share in (0.3, 0.8)
                for eta in (0.05, 0.15, 0.4)
            ]
        )
        + lowest
    )
    low = np.array([lowest - 15.0, lowest - 20.0, lowest - 20.0, 1e-3])
    high = np.array([lowest + 1.0, lowest + 10.0, lowest + 10.0, 3.0])
    found = fit_curve(residual, starts, (low, high), delta)
    log_e, log_a, log_b, eta = found.coordinates.tolist()
    law = OverTrainingLaw(
        E=float(np.exp(log_e)),
        a=float(np.exp(log_a + eta * (mean_c - mean_m))),
        b=float(np.exp(log_b + eta * (mean_c + mean_m))),
        eta=eta,
    )
    return OverTrainingFit(
        law=law,
        eta_standard_error=float(found.standard_errors[3]),
        objective=found.objective,
        converged=found.converged,
        search=found,
        n_points=compute.size,
        delta=delta,
    )
