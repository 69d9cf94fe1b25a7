"""What a published scaling law can give, under its own convention of size, data and compute."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.laws import Frontier, LossLaw

#: What a published law may be able to give.
QUANTITIES = ("L(N)", "L(D)", "L(N, D)", "L(C)", "N_opt(C)", "D_opt(C)", "exponents")


class ExtrapolationWarning(UserWarning):
    """A law was asked for a compute outside the range of the runs it was fitted to."""


@dataclass(frozen=True)
class PowerLaw:
    """coefficient * (C / unit_flop)**exponent, for a compute C in FLOP."""

    coefficient: float
    exponent: float
    unit_flop: float = 1.0

    def __call__(self, train_flop: Any) -> Any:
        return self.coefficient * (train_flop / self.unit_flop) ** self.exponent


@dataclass(frozen=True)
class KaplanLoss:
    r"""Loss without an irreducible term (Kaplan et al. 2020, equations 1.1, 1.2 and 1.5).

    .. math:: L(N, D) = [(N_c / N)^{\alpha/\beta} + D_c / D]^\beta

    With N_c = 0 it is the law of tokens alone, with D_c = 0 the law of parameters alone, whatever
    the other exponent. N counts non-embedding parameters.
    """

    N_c: float = 0.0
    alpha: float = 1.0
    D_c: float = 0.0
    beta: float = 1.0

    def loss(self, parameters: Any, tokens: Any) -> Any:
        """Loss for parameters and tokens; one that the form lacks may be any positive number."""
        of_size = (self.N_c / parameters) ** (self.alpha / self.beta)
        return (of_size + self.D_c / tokens) ** self.beta


@dataclass(frozen=True)
class PublishedLaw:
    """One published law with its convention; compute in FLOP, whatever the paper used.

    Attributes
    ----------
    law_id, paper, label, kind : str
        Key of the row, paper, label for a chart, and form: surface, kaplan, allocation, exponents
        or not seen.
    parameter_count : str
        What N counts. N of laws with different counts cannot be compared.
    loss_unit, corpus : str
        Unit of the loss and text it was measured on.
    provides : tuple of str
        Which of `QUANTITIES` the law gives.
    implied : tuple of str
        Those of `provides` the paper did not print but C = 6 N D implies.
    a, b : float or None
        Exponents of N_opt and D_opt in C.
    flop_min, flop_max : float or None
        Range of compute of the runs behind the law; None where not known.
    surface : LossLaw, KaplanLoss or None
        The loss as a function of size and data.
    frontier : Frontier or None
        The loss of the compute-optimal model.
    allocation : tuple of PowerLaw or None
        N_opt and D_opt as power laws of compute.
    """

    law_id: str
    paper: str
    label: str
    kind: str
    parameter_count: str
    loss_unit: str
    corpus: str
    provides: tuple[str, ...]
    implied: tuple[str, ...] = ()
    a: float | None = None
    b: float | None = None
    flop_min: float | None = None
    flop_max: float | None = None
    surface: LossLaw | KaplanLoss | None = None
    frontier: Frontier | None = None
    allocation: tuple[PowerLaw, PowerLaw] | None = None

    @property
    def comparable_with(self) -> str:
        """Key of loss unit and text: two losses may be compared only where it is the same."""
        if " on " in self.loss_unit:
            return self.loss_unit
        corpus = re.sub(r"\s*\(.*\)", "", self.corpus)
        return f"{self.loss_unit} on {corpus}"

    def _require(self, quantity: str) -> None:
        if quantity not in self.provides:
            has = ", ".join(self.provides) or "nothing: its coefficients were not seen"
            raise ValueError(f"{self.law_id} does not give {quantity}; it gives {has}")

    def extrapolates(self, train_flop: Any) -> np.ndarray:
        """Whether each compute in FLOP lies outside the fitted range; False where unknown."""
        compute = require_positive("train_flop", train_flop, "FLOP")
        low, high = self._range
        return (compute < low) | (compute > high)

    @property
    def _range(self) -> tuple[float, float]:
        low = 0.0 if self.flop_min is None else self.flop_min
        return low, math.inf if self.flop_max is None else self.flop_max

    def _compute(self, quantity: str, train_flop: Any) -> np.ndarray:
        self._require(quantity)
        compute = np.asarray(require_positive("train_flop", train_flop, "FLOP"))
        outside = np.atleast_1d(compute)[np.atleast_1d(self.extrapolates(compute))]
        if outside.size:
            warnings.warn(
                f"{self.law_id}: {outside[0]:.3g} FLOP is outside the fitted range "
                f"{self._range[0]:.3g} to {self._range[1]:.3g} FLOP",
                ExtrapolationWarning,
                stacklevel=3,
            )
        return compute

    def loss(self, parameters: Any = None, tokens: Any = None) -> Any:
        """Loss for parameters N, tokens D or both, in `loss_unit`.

        Raises
        ------
        ValueError
            Where the law has no loss of the arguments given.
        """
        given = {(True, True): "L(N, D)", (True, False): "L(N)", (False, True): "L(D)"}
        key = (parameters is not None, tokens is not None)
        if key not in given:
            raise ValueError(f"{self.law_id}: give parameters, tokens or both")
        self._require(given[key])
        # A law of one of them has no term for the other: 1 stands in for what is not given.
        n = require_positive("parameters", 1.0 if parameters is None else parameters, "parameters")
        d = require_positive("tokens", 1.0 if tokens is None else tokens, "tokens")
        assert self.surface is not None
        return self.surface.loss(n, d)

    def optimal_parameters(self, train_flop: Any) -> Any:
        """N_opt at a compute in FLOP, in units of `parameter_count`."""
        compute = self._compute("N_opt(C)", train_flop)
        assert self.allocation is not None
        return self.allocation[0](compute)

    def optimal_tokens(self, train_flop: Any) -> Any:
        """D_opt in tokens at a compute in FLOP."""
        compute = self._compute("D_opt(C)", train_flop)
        assert self.allocation is not None
        return self.allocation[1](compute)

    def optimal_loss(self, train_flop: Any) -> Any:
        """Loss of the compute-optimal model at a compute in FLOP, in `loss_unit`."""
        compute = self._compute("L(C)", train_flop)
        assert self.frontier is not None
        return self.frontier.loss(compute)


def kaplan_minimum_compute(train_flop: Any, batch_over_critical: float = 1.0) -> Any:
    """C_min of Kaplan et al. 2020, equation 5.5: C / (1 + B / B_crit), in FLOP.

    Their allocation takes the compute that a run far below the critical batch size would need; a
    run at the critical batch size (1.0, the default) spends twice that. The size that Hoffmann et
    al. 2022, appendix D.4, quote for Kaplan et al. at 1e21 FLOP is what the allocation gives for
    half of it, so they seem to have meant a run at the critical batch size.
    """
    compute = require_positive("train_flop", train_flop, "FLOP")
    return compute / (1.0 + require_positive("batch_over_critical", batch_over_critical, "1"))
