"""Size and data of the model that is cheapest to train and to serve (Sardana et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling_laws.checks import require_positive
from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.checks import broadcast, require_at_least, require_counts
from analysis.uncertainty import require_level
from analysis.units import FLOP_PER_PARAMETER_TOKEN, FORWARD_FLOP_PER_PARAMETER_TOKEN

_COEFFICIENTS = ["E", "A", "B", "alpha", "beta"]
_BANDS = (
    "parameters",
    "tokens",
    "tokens_per_parameter",
    "parameter_ratio",
    "token_ratio",
    "flop_ratio",
)
_STEPS = 60
_NOTHING = 1e-300
#: Most tokens, and most serving over training, that are taken: beyond, products overflow.
MOST_TOKENS = 1e60
_MOST_DEMAND = 1e300


@dataclass(frozen=True)
class LifetimeTokens:
    """Tokens a model processes in its life, by phase.

    Attributes
    ----------
    input_tokens, output_tokens, total_tokens : numpy.ndarray
        Prefilled, decoded, and both.
    """

    input_tokens: Any
    output_tokens: Any
    total_tokens: Any


@dataclass(frozen=True)
class OptimumRatios:
    """The model of least lifetime cost over the training-optimal model of the same loss.

    Attributes
    ----------
    parameter_ratio, token_ratio, cost_ratio : numpy.ndarray
        Parameters, training tokens and lifetime cost; 1 where nothing is served.
    """

    parameter_ratio: Any
    token_ratio: Any
    cost_ratio: Any


@dataclass(frozen=True)
class InferenceAwareOptimum:
    """The model of least lifetime FLOP at a loss; fields have the shape of the inputs together.

    Attributes
    ----------
    target_loss, inference_tokens : numpy.ndarray
    parameters, tokens, tokens_per_parameter : numpy.ndarray
        N, D and D / N.
    train_flop, inference_flop, total_flop : numpy.ndarray
    reference_parameters, reference_tokens, reference_train_flop, reference_total_flop
        The training-optimal model of the same loss that serves the same tokens.
    parameter_ratio, token_ratio, flop_ratio : numpy.ndarray
        N, D and lifetime FLOP over those of the reference.
    """

    target_loss: Any
    inference_tokens: Any
    parameters: Any
    tokens: Any
    tokens_per_parameter: Any
    train_flop: Any
    inference_flop: Any
    total_flop: Any
    reference_parameters: Any
    reference_tokens: Any
    reference_train_flop: Any
    reference_total_flop: Any
    parameter_ratio: Any
    token_ratio: Any
    flop_ratio: Any


def lifetime_tokens(
    queries: Any,
    input_tokens: Any,
    thinking_tokens: Any,
    answer_tokens: Any,
    samples: Any = 1,
    *,
    input_shared: bool = False,
) -> LifetimeTokens:
    """Inference demand: queries x samples x (input + thinking + answer tokens).

    Parameters
    ----------
    queries, input_tokens, thinking_tokens, answer_tokens : array_like
        Queries in the life of the model and tokens of each, at least 0.
    samples : array_like
        Answers drawn per query, whole and at least 1.
    input_shared : bool
        Whether the samples of a query share one prefill of its input.

    Raises
    ------
    ValueError
        Where a number is below 0, samples are not whole, shapes do not go together, or the tokens
        are more than 1e60; names it.
    """
    per_sample = "tokens per sample"
    asked, given, thought, answered, drawn = broadcast(
        queries=require_at_least("queries", queries, 0, "queries"),
        input_tokens=require_at_least("input_tokens", input_tokens, 0, "tokens per query"),
        thinking_tokens=require_at_least("thinking_tokens", thinking_tokens, 0, per_sample),
        answer_tokens=require_at_least("answer_tokens", answer_tokens, 0, per_sample),
        samples=require_counts("samples", samples),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        prefilled = asked * given * (1 if input_shared else drawn)
        decoded = asked * drawn * (thought + answered)
        total = prefilled + decoded
    require_at_least("total_tokens", total, 0, "tokens", highest=MOST_TOKENS)
    return LifetimeTokens(prefilled, decoded, total)


def smallest_parameter_ratio(alpha: Any, beta: Any) -> Any:
    """N over the training-optimal N of the same loss that no demand, however large, goes below.

    (1 + alpha / beta)**(-1 / alpha): the model whose whole reducible loss is that of its size.
    """
    of_size, of_data = require_positive("alpha", alpha, "1"), require_positive("beta", beta, "1")
    return (1 + of_size / of_data) ** (-1 / of_size)


def optimum_ratios(demand_ratio: Any, *, alpha: Any, beta: Any) -> OptimumRatios:
    r"""How far the optimum moves, as a function of the demand and the two exponents alone.

    With tau the cost of serving over the cost of training, both of the training-optimal model of
    the same loss, the first-order condition of Sardana et al. 2024, equation 3, becomes

    .. math:: \frac{\alpha + \beta}{\beta} (e^{\beta y} - 1) = \tau e^{-y}, \quad y = \ln(D / D_0)

    so neither the loss nor E, A and B matter beyond tau. In ln y its logarithm is convex and
    increasing, and ln(1 + tau / (alpha + beta)) is never below the root: Newton's method from
    there converges without overshoot for every demand.

    Parameters
    ----------
    demand_ratio : array_like
        tau, at least 0.
    alpha, beta : array_like
        Exponents of parameters and tokens, broadcast with it.

    Returns
    -------
    OptimumRatios

    Raises
    ------
    ValueError
        Where the demand is below 0 or above 1e300, an exponent is not above 0, or shapes do not go
        together.
    """
    tau = require_at_least(
        "demand_ratio", demand_ratio, 0, "serving over training cost", highest=_MOST_DEMAND
    )
    of_size, of_data = require_positive("alpha", alpha, "1"), require_positive("beta", beta, "1")
    tau, of_size, of_data = broadcast(demand_ratio=tau, alpha=of_size, beta=of_data)
    served = tau > _NOTHING
    y = np.zeros(tau.shape)
    y[served] = _log_token_ratio(tau[served], of_size[served], of_data[served])
    of_loss = 1 - of_size / of_data * np.expm1(-of_data * y)
    parameter_ratio, token_ratio = of_loss ** (-1 / of_size), np.exp(y)
    cost_ratio = parameter_ratio * (token_ratio + tau) / (1 + tau)
    return OptimumRatios(parameter_ratio, token_ratio, cost_ratio)


def _log_token_ratio(tau: np.ndarray, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    wanted = np.log(tau) + np.log(beta) - np.log(alpha + beta)
    z = np.log(np.log1p(tau / (alpha + beta)))
    for _ in range(_STEPS):
        y = np.exp(z)
        left = -np.expm1(-beta * y)
        step = (y + beta * y + np.log(left) - wanted) / (y + beta * y / left)
        z = z - step
        if (np.abs(step) <= 4e-16 * (1 + np.abs(z))).all():
            break
    return np.exp(z)


def training_optimal(law: LossLaw, target_loss: Any) -> tuple[Any, Any]:
    """N and D that reach a loss with the least training compute; refused at or below E."""
    reference = law.optimum(law.flop_for_loss(target_loss))
    return reference.parameters, reference.tokens


def inference_aware_optimum(
    law: LossLaw,
    target_loss: Any,
    inference_tokens: Any,
    *,
    train_flop_per_parameter_token: float = FLOP_PER_PARAMETER_TOKEN,
    inference_flop_per_parameter_token: float = FORWARD_FLOP_PER_PARAMETER_TOKEN,
) -> InferenceAwareOptimum:
    """Model of least training plus inference FLOP that reaches a loss (equation 3 of the paper).

    Minimises 6 N D + 2 N D_inf subject to L(N, D) = target. To compare laws whose losses differ,
    fix the training-optimal compute, not the loss: give ``law.frontier_loss(train_flop)``.

    Parameters
    ----------
    law : LossLaw
    target_loss : array_like
        Above the irreducible loss of the law, in its unit.
    inference_tokens : array_like
        D_inf, all tokens processed in the life of the model, 0 to 1e60; see `lifetime_tokens`.
    train_flop_per_parameter_token, inference_flop_per_parameter_token : float

    Raises
    ------
    ValueError
        Where a loss is out of reach of the law, or a number or a shape is not accepted; names it.

    References
    ----------
    Sardana et al. 2024, Beyond Chinchilla-Optimal, https://arxiv.org/abs/2401.00448. It holds
    where the loss law does: the paper trained models of up to 10,000 tokens per parameter.
    """
    loss, served, per_train, per_token = broadcast(
        target_loss=require_positive("target_loss", target_loss, "the law's unit of loss"),
        inference_tokens=require_at_least(
            "inference_tokens", inference_tokens, 0, "tokens", highest=MOST_TOKENS
        ),
        train_flop_per_parameter_token=require_positive(
            "train_flop_per_parameter_token", train_flop_per_parameter_token, "FLOP"
        ),
        inference_flop_per_parameter_token=require_positive(
            "inference_flop_per_parameter_token", inference_flop_per_parameter_token, "FLOP"
        ),
    )
    n_0, d_0 = training_optimal(law, loss)
    ratios = optimum_ratios(per_token * served / (per_train * d_0), alpha=law.alpha, beta=law.beta)
    n, d = n_0 * ratios.parameter_ratio, d_0 * ratios.token_ratio
    train, inference = per_train * n * d, per_token * n * served
    reference_train = per_train * n_0 * d_0
    return InferenceAwareOptimum(
        target_loss=loss,
        inference_tokens=served,
        parameters=n,
        tokens=d,
        tokens_per_parameter=d / n,
        train_flop=train,
        inference_flop=inference,
        total_flop=train + inference,
        reference_parameters=n_0,
        reference_tokens=d_0,
        reference_train_flop=reference_train,
        reference_total_flop=reference_train + per_token * n_0 * served,
        parameter_ratio=ratios.parameter_ratio,
        token_ratio=ratios.token_ratio,
        flop_ratio=ratios.cost_ratio,
    )


def over_training_penalty(law: LossLaw, training_multiple: Any) -> Any:
    """Times more compute that a gain costs when the model keeps its size.

    From a training-optimal base model, more tokens alone reach the loss of the optimum at G C_0
    with ``penalty * G * C_0``; infinite where they never do, as the loss due to size stays. It goes
    with ``parameter_exponent=0`` of `break_even.break_even_queries`.

    Parameters
    ----------
    law : LossLaw
    training_multiple : array_like
        G, at least 1.

    Returns
    -------
    numpy.ndarray
        At least 1. It depends on G and the exponents alone, not on the compute.
    """
    g = require_at_least("training_multiple", training_multiple, 1, "multiples")
    of_size = law.beta / (law.alpha + law.beta)
    of_data = (g**-law.frontier_exponent - of_size) / (1 - of_size)
    reached = of_data > 0
    tokens = np.where(reached, of_data, 1.0) ** (-1 / law.beta)
    return np.where(reached, tokens / g, np.inf)[()]


def inference_aware_bands(
    draws: pd.DataFrame, train_flop: Any, inference_tokens: Any, *, level: float = 0.9
) -> pd.DataFrame:
    """Percentile bands of the optimum over draws of the five coefficients.

    Each law serves at the loss that it reaches itself with `train_flop`, so that draws with another
    irreducible loss are compared at one compute.

    Parameters
    ----------
    draws : DataFrame, shape (m, >= 5)
        Columns E, A, B, alpha, beta, one law per row: a bootstrap, for instance.
    train_flop : array_like, shape (k,)
        Compute of the training-optimal model, in FLOP.
    inference_tokens : array_like, shape (j,)
    level : float

    Returns
    -------
    DataFrame, k x j x 6 rows
        ``train_flop``, ``inference_tokens``, ``quantity`` (a field of `InferenceAwareOptimum`),
        ``low``, ``central`` (median), ``high``, ``level``, ``draws``.
    """
    level = require_level(level)
    missing = [name for name in _COEFFICIENTS if name not in draws]
    if missing or len(draws) < 2:
        raise ValueError(
            f"draws: {len(draws)} rows, lacking columns {missing}; accepted: at least 2 rows and "
            f"the columns {_COEFFICIENTS}"
        )
    compute = np.atleast_1d(require_positive("train_flop", train_flop, "FLOP"))
    served = np.atleast_1d(require_at_least("inference_tokens", inference_tokens, 0, "tokens"))
    values = np.empty((len(draws), len(_BANDS), compute.size, served.size))
    for row, coefficients in enumerate(draws[_COEFFICIENTS].to_numpy(dtype=float)):
        try:
            law = LossLaw(*coefficients.tolist())
        except ValueError as cause:
            raise ValueError(f"draws, row {row}: {cause}") from cause
        found = inference_aware_optimum(law, law.frontier_loss(compute)[:, None], served)
        values[row] = [getattr(found, name) for name in _BANDS]
    low, central, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    index = pd.MultiIndex.from_product(
        [_BANDS, compute, served], names=["quantity", "train_flop", "inference_tokens"]
    )
    bands = {"low": low.ravel(), "central": central.ravel(), "high": high.ravel()}
    frame = pd.DataFrame(bands, index=index).reset_index()
    return frame.assign(level=level, draws=len(draws))
