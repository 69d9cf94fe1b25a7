"""Training on repeated data: what a token is worth when it has been seen before.

The law of Muennighoff et al. 2023, and its fit.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.loss_points import IdentificationWarning
from analysis.scaling_laws.robust_fit import fit_curve


def effective_tokens(tokens: Any, unique_tokens: Any, R_D_star: float, *, xp: Any = np) -> Any:
    """D' = U + U R* (1 - exp(-R / R*)): fresh tokens that would teach as much.

    Parameters
    ----------
    tokens : array_like
        Training tokens D, repeats counted. At most `unique_tokens` of them are unique.
    unique_tokens : array_like
        Tokens in the data set.
    R_D_star : float
        Repetitions R = D / U - 1 after which a further one is worth 1 / e of a fresh pass.
    xp : module
        numpy, or a namespace with ``exp``; with another than numpy, D of at least U is assumed.

    Returns
    -------
    numpy.ndarray or expression
        Tokens: D itself where nothing is repeated, and at most U (1 + R*).
    """
    return _worth(tokens, unique_tokens, R_D_star, "tokens", "unique_tokens", xp)


def _worth(total: Any, base: Any, scale: float, name: str, base_name: str, xp: Any) -> Any:
    if xp is np:
        total = require_positive(name, total, name)
        base = np.minimum(total, require_positive(base_name, base, name))
        scale = float(require_positive("repetition constant", scale, "repetitions"))
    excess = total / base - 1
    return base + base * scale * (1 - xp.exp(-excess / scale))


@dataclass(frozen=True)
class DataConstrainedLaw:
    """Loss under repeated data: the base law at effective parameters and effective tokens.

    Attributes
    ----------
    base : LossLaw
        The law for data seen once.
    R_D_star, R_N_star : float
        Decay of the worth of repeated tokens, and of parameters beyond what the unique tokens
        call for.

    References
    ----------
    Muennighoff et al. 2023, Scaling Data-Constrained Language Models,
    https://arxiv.org/abs/2305.16264.
    """

    base: LossLaw
    R_D_star: float
    R_N_star: float

    def __post_init__(self) -> None:
        for name in ("R_D_star", "R_N_star"):
            require_positive(name, getattr(self, name), "repetitions")

    def parameters_for(self, unique_tokens: Any) -> Any:
        """N for which that many fresh tokens are compute-optimal, by the base law."""
        unique = require_positive("unique_tokens", unique_tokens, "tokens")
        base = self.base
        log_n = math.log(base.alpha * base.A) - math.log(base.beta * base.B)
        # At least one parameter: exponents that a search passes through may call for fewer.
        return np.exp(np.clip((log_n + base.beta * np.log(unique)) / base.alpha, 0.0, 700.0))

    def effective_tokens(self, tokens: Any, unique_tokens: Any) -> Any:
        """D' of the tokens trained on; see `effective_tokens`."""
        return effective_tokens(tokens, unique_tokens, self.R_D_star)

    def effective_parameters(self, parameters: Any, unique_tokens: Any) -> Any:
        """N': parameters beyond those the unique tokens call for count for less and less."""
        called_for = self.parameters_for(unique_tokens)
        return _worth(parameters, called_for, self.R_N_star, "parameters", "parameters", np)

    def loss(self, parameters: Any, tokens: Any, unique_tokens: Any) -> Any:
        """Loss for N parameters and D tokens, of which `unique_tokens` differ; broadcast."""
        return self.base.loss(
            self.effective_parameters(parameters, unique_tokens),
            self.effective_tokens(tokens, unique_tokens),
        )


@dataclass(frozen=True)
class DataConstrainedFit:
    """A fitted law of repetition.

    Attributes
    ----------
    law : DataConstrainedLaw
    standard_errors : dict of str to float
        Of ln R_D_star and ln R_N_star, and of E, ln A, ln B, alpha, beta where they were fitted.
    objective : float
        Huber's loss of the residuals of the log loss, summed over the runs.
    converged : bool
        Whether at least two starts agree on the optimum.
    starts, starts_at_optimum, n_points : int
    delta : float
    joint : bool
        Whether the base law was fitted too.
    unidentified : tuple of str
        Constants that the runs leave open: at an end of the search, or uncertain by more than a
        factor of ten either way.
    residual_median, residual_spread : float
        Of log loss about the law: median of the residuals (fitted less seen), and median of their
        size. Far from zero, a base law given does not belong to these runs.
    """

    law: DataConstrainedLaw
    standard_errors: dict[str, float]
    objective: float
    converged: bool
    starts: int
    starts_at_optimum: int
    n_points: int
    delta: float
    joint: bool
    unidentified: tuple[str, ...]
    residual_median: float
    residual_spread: float


def fit_data_constrained(
    parameters: Any,
    tokens: Any,
    unique_tokens: Any,
    loss: Any,
    *,
    start: LossLaw,
    fit_base: bool = False,
    delta: float = 1e-3,
) -> DataConstrainedFit:
    """Fit R_D* and R_N*, with the base law given or fitted as well.

    Parameters
    ----------
    parameters, tokens, unique_tokens, loss : array_like, shape (n,)
        Runs: size, tokens trained on, tokens that differ, final loss.
    start : LossLaw
        The base law; with `fit_base`, where its search starts, for instance the fit of
        `fit_loss_law` to the runs of a single epoch.
    fit_base : bool
        Fit E, A, B, alpha and beta together with the two constants.
    delta : float
        Finite and above zero.

    Returns
    -------
    DataConstrainedFit

    Warns
    -----
    IdentificationWarning
        Where R_D* or R_N* is left open; it is named.

    Raises
    ------
    ValueError
        A number that is not finite and above zero, unequal lengths, fewer runs than coefficients
        plus one, or no run that repeats its data.
    """
    runs = {"parameters": parameters, "tokens": tokens, "unique_tokens": unique_tokens}
    n, d, u = (require_positive(name, values, name) for name, values in runs.items())
    seen = require_positive("loss", loss, "the unit of the loss")
    if not (n.ndim == 1 and n.shape == d.shape == u.shape == seen.shape):
        raise ValueError(
            f"parameters, tokens, unique_tokens and loss have shapes {n.shape}, {d.shape}, "
            f"{u.shape} and {seen.shape}; accepted: one axis, all of the same length"
        )
    free = 7 if fit_base else 2
    if n.size <= free or not (d > u).any():
        raise ValueError(
            f"{n.size} runs, {int((d > u).sum())} of them with repeated data, cannot pin {free} "
            f"coefficients; accepted: more than {free} runs, some with tokens above unique_tokens"
        )
    log_seen = np.log(seen)
    centre = np.array([0.0, np.log(n).mean(), np.log(d).mean()])

    def law_at(point: np.ndarray) -> DataConstrainedLaw:
        base = start
        if fit_base:
            log_e, a, b, alpha, beta = point[2:].tolist()
            scale_n, scale_d = a + alpha * centre[1], b + beta * centre[2]
            base = LossLaw(math.exp(log_e), math.exp(scale_n), math.exp(scale_d), alpha, beta)
        return DataConstrainedLaw(base, math.exp(point[0]), math.exp(point[1]))

    def residual(point: np.ndarray) -> np.ndarray:
        return np.log(law_at(point).loss(n, d, u)) - log_seen

    constants = np.log(np.array([[r_d, r_n] for r_d in (3.0, 30.0) for r_n in (2.0, 20.0)]))
    low, high = np.log(np.full(2, 1e-2)), np.log(np.full(2, 1e5))
    starts = constants
    if fit_base:
        base = [
            math.log(max(start.E, 1e-3)),
            math.log(start.A) - start.alpha * centre[1],
            math.log(start.B) - start.beta * centre[2],
            start.alpha,
            start.beta,
        ]
        starts = np.column_stack([constants, np.tile(base, (len(constants), 1))])
        low = np.concatenate([low, [-12.0, -12.0, -12.0, 0.01, 0.01]])
        high = np.concatenate([high, [5.0, 8.0, 8.0, 3.0, 3.0]])
    found = fit_curve(residual, starts, (low, high), delta)
    names = ["ln R_D_star", "ln R_N_star", "ln E", "a", "b", "alpha", "beta"][:free]
    left = residual(found.coordinates)
    open_ones = tuple(
        names[k].removeprefix("ln ")
        for k in range(2)
        if not low[k] + 0.1 < found.coordinates[k] < high[k] - 0.1
        or 1.96 * found.standard_errors[k] > math.log(10)
    )
    if open_ones:
        warnings.warn(
            f"the runs leave {', '.join(open_ones)} open with this base law: do not use the value; "
            "fit the base law too, or add runs with more repetition",
            IdentificationWarning,
            stacklevel=2,
        )
    return DataConstrainedFit(
        law=law_at(found.coordinates),
        standard_errors=dict(zip(names, found.standard_errors.tolist(), strict=True)),
        objective=found.objective,
        converged=found.converged,
        starts=found.starts,
        starts_at_optimum=found.starts_at_optimum,
        n_points=n.size,
        delta=delta,
        joint=fit_base,
        unidentified=open_ones,
        residual_median=float(np.median(left)),
        residual_spread=float(np.median(np.abs(left))),
    )
