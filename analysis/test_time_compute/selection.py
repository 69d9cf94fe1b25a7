"""Best of n with a verifier that errs: what selection reaches, where it stops, when it turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_at_least,
    require_counts,
    require_finite,
    require_probability,
)
from analysis.uncertainty import require_count

Fallback = Literal["random", "abstain"]
Drawn = Literal["until_accepted", "all"]

#: Standard deviations beyond the outermost mean, and steps per standard deviation, of the rule
#: over scores: exact to rounding for up to about 1e12 samples.
_REACH = 12.0
_STEPS = 16
_CELLS = 1 << 20


def _require_fallback(fallback: str) -> None:
    if fallback not in ("random", "abstain"):
        raise ValueError(f"fallback: {fallback!r} is not accepted; accepted: 'random' or 'abstain'")


def _rates(
    success_rate: Any, true_positive_rate: Any, false_positive_rate: Any, samples: Any = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chance that one sample is right and accepted, wrong and accepted, right and rejected.

    Left in the shapes that the arguments have: the products over samples are the costly part.
    """
    right = require_probability("success_rate", success_rate)
    caught = require_probability("true_positive_rate", true_positive_rate)
    fooled = require_probability("false_positive_rate", false_positive_rate)
    broadcast(
        success_rate=right, true_positive_rate=caught, false_positive_rate=fooled, samples=samples
    )
    return right * caught, (1 - right) * fooled, right * (1 - caught)


def _some_accepted(accepted: np.ndarray, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chance that one of n samples is accepted, and that none of n - 1 is."""
    with np.errstate(divide="ignore"):
        log_rejected = np.log1p(-np.minimum(accepted, 1.0))
    with np.errstate(invalid="ignore"):
        none_before = np.where(samples == 1, 1.0, np.exp((samples - 1) * log_rejected))
    return -np.expm1(samples * log_rejected), none_before


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)


def best_of_n_accuracy(
    success_rate: Any,
    samples: Any,
    *,
    true_positive_rate: Any = 1.0,
    false_positive_rate: Any,
    fallback: Fallback = "random",
) -> Any:
    """Chance that an answer picked at random among those a verifier accepts is right.

    Samples are independent given the problem, and so are the verifier's errors. With both errors
    at zero and "abstain" it is coverage.

    Parameters
    ----------
    success_rate : array_like
        Chance that one sample is right, by problem.
    samples : array_like
        Samples n drawn, whole. All arguments follow numpy's broadcasting rules.
    true_positive_rate, false_positive_rate : array_like
        Chance that the verifier accepts a right answer, and a wrong one.
    fallback : {"random", "abstain"}
        With no answer accepted: give any one of them, or none, which counts as not right.

    Returns
    -------
    numpy.ndarray or float
        Of the broadcast shape.

    Raises
    ------
    ValueError
        Where a chance is not from 0 to 1, samples are not whole, the fallback is unknown, or an
        argument is empty or of a shape that does not go with the others; names it.
    """
    _require_fallback(fallback)
    count = require_counts("samples", samples)
    good, bad, lost = _rates(success_rate, true_positive_rate, false_positive_rate, count)
    accepted, none_before = _some_accepted(good + bad, count)
    result = accepted * _share(good, good + bad)
    if fallback == "random":
        result = result + none_before * lost
    return result[()]


def selection_ceiling(
    success_rate: Any,
    *,
    true_positive_rate: Any = 1.0,
    false_positive_rate: Any,
    fallback: Fallback = "random",
) -> Any:
    """Limit of `best_of_n_accuracy` for samples without end, by problem.

    p t / (p t + (1 - p) f) for a success rate p, a true positive rate t and a false positive rate
    f. The ceiling of a benchmark is its mean over the problems.

    Returns
    -------
    numpy.ndarray or float
        Of the broadcast shape.
    """
    _require_fallback(fallback)
    good, bad, lost = _rates(success_rate, true_positive_rate, false_positive_rate)
    result = _share(good, good + bad)
    if fallback == "random":
        result = result + np.where(good + bad == 0, lost, 0.0)
    return result[()]


def selection_curve(success_rates: Any, samples: Any, **verifier: Any) -> np.ndarray:
    """Mean of `best_of_n_accuracy` over problems, shape (m,), for samples of shape (m,).

    Parameters
    ----------
    success_rates : array_like, shape (problems,)
    samples : array_like, shape (m,)
    **verifier
        The keywords of `best_of_n_accuracy`, one number each.
    """
    rates = _require_problems(success_rates)
    asked = np.atleast_1d(np.asarray(samples))
    return best_of_n_accuracy(rates[:, None], asked, **verifier).mean(axis=0)


def _require_problems(success_rates: Any) -> np.ndarray:
    rates = require_probability("success_rates", success_rates)
    if rates.ndim != 1 or rates.size == 0:
        raise ValueError(
            f"success_rates have shape {rates.shape}; accepted: one axis, at least one problem"
        )
    return rates


def net_value(
    success_rate: Any,
    samples: Any,
    *,
    true_positive_rate: Any = 1.0,
    false_positive_rate: Any,
    wrong_answer_cost: Any,
    sample_cost: Any = 0.0,
    right_answer_value: Any = 1.0,
    fallback: Fallback = "abstain",
    drawn: Drawn = "until_accepted",
) -> Any:
    """Value of right answers less the cost of wrong ones and of sampling, per problem.

    After Stroebl, Kapoor and Narayanan 2024 (https://arxiv.org/abs/2411.17501): where a wrong
    answer that passes the verifier costs something, more tries can lower the value even when a
    try is free, since those still unsolved are the hard problems.

    Parameters
    ----------
    success_rate, samples, true_positive_rate, false_positive_rate, fallback
        As in `best_of_n_accuracy`.
    wrong_answer_cost, sample_cost, right_answer_value : array_like
        In one unit of money, at least 0. No answer is worth 0.
    drawn : {"until_accepted", "all"}
        Whether sampling stops at the first answer accepted, or all n are paid for.

    Returns
    -------
    numpy.ndarray or float
        Of the broadcast shape, in that unit.

    Raises
    ------
    ValueError
        As `best_of_n_accuracy`, and for a sum of money below 0 or an unknown `drawn`.
    """
    if drawn not in ("until_accepted", "all"):
        raise ValueError(f"drawn: {drawn!r} is not accepted; accepted: 'until_accepted' or 'all'")
    unit = "the unit of money"
    worth = require_at_least("right_answer_value", right_answer_value, 0, unit)
    cost = require_at_least("wrong_answer_cost", wrong_answer_cost, 0, unit)
    price = require_at_least("sample_cost", sample_cost, 0, unit)
    right = best_of_n_accuracy(
        success_rate,
        samples,
        true_positive_rate=true_positive_rate,
        false_positive_rate=false_positive_rate,
        fallback=fallback,
    )
    broadcast(
        success_rate=right, right_answer_value=worth, wrong_answer_cost=cost, sample_cost=price
    )
    good, bad, _ = _rates(success_rate, true_positive_rate, false_positive_rate)
    count = require_counts("samples", samples)
    accepted, _ = _some_accepted(good + bad, count)
    wrong = 1 - right if fallback == "random" else accepted * _share(bad, good + bad)
    paid = count
    if drawn == "until_accepted":
        paid = np.where(good + bad > 0, _share(accepted, good + bad), count)
    return np.asarray(worth * right - cost * wrong - price * paid)[()]


@dataclass(frozen=True)
class BestSampleCount:
    """The number of samples with the highest mean value.

    Attributes
    ----------
    samples : int
        0 where not trying is best.
    value : float
        Mean over problems, in the unit of the costs.
    value_at_most : float
        Mean value at the highest count looked at.
    at_most : bool
        Whether the best is the highest count looked at, so that more may be better still.
    """

    samples: int
    value: float
    value_at_most: float
    at_most: bool


def best_sample_count(
    success_rates: Any, *, max_samples: int = 10_000, **terms: Any
) -> BestSampleCount:
    """Samples that make the mean of `net_value` over problems highest; the fewest where equal.

    Parameters
    ----------
    success_rates : array_like, shape (problems,)
    max_samples : int
        Every count from 0, not trying at all, to this one is looked at.
    **terms
        The keywords of `net_value`, one number each.

    Returns
    -------
    BestSampleCount
    """
    rates = _require_problems(success_rates)
    highest = require_count("max_samples", max_samples)
    means = np.zeros(highest + 1)
    step = max(1, _CELLS // rates.size)
    for first in range(1, highest + 1, step):
        counts = np.arange(first, min(first + step, highest + 1))
        means[counts] = net_value(rates[:, None], counts, **terms).mean(axis=0)
    # Rounding must not make a longer run of equal values look better.
    best = int(np.argmax(means >= means.max() - 1e-12 * max(1.0, np.abs(means).max())))
    return BestSampleCount(best, float(means[best]), float(means[-1]), best == highest)


def best_of_n_by_score(
    success_rate: Any, samples: Any, *, separation: float, wrong_spread: float
) -> Any:
    """Chance that the answer with the highest of n noisy scores is right.

    Scores of right answers are normal about `separation` with standard deviation 1, those of
    wrong answers normal about 0 with `wrong_spread`. Above a spread of 1 the highest scores are
    wrong answers' and accuracy falls to 0 for samples without end; below it, it rises to 1.

    Parameters
    ----------
    success_rate : array_like
        Chance that one sample is right, by problem.
    samples : array_like
        Samples n, whole; follows numpy's broadcasting rules with `success_rate`.
    separation : float
        How much higher a right answer scores on average, in its standard deviations.
    wrong_spread : float
        Standard deviation of a wrong answer's score, above zero.

    Returns
    -------
    numpy.ndarray or float
        Of the broadcast shape; exact to about 1e-10 by quadrature over the score.
    """
    right = require_probability("success_rate", success_rate)
    count = require_counts("samples", samples)
    spread = float(require_positive("wrong_spread", wrong_spread, "standard deviations"))
    shift = float(require_finite("separation", separation, "standard deviations"))
    low = shift - _REACH
    high = shift + _REACH
    step = min(1.0, spread) / _STEPS
    score = np.arange(low, high + step, step)
    density = np.exp(-0.5 * (score - shift) ** 2) * (step / np.sqrt(2 * np.pi))
    above_right, above_wrong = ndtr(shift - score), ndtr(-score / spread)
    p, n = broadcast(success_rate=right, samples=count)
    result = np.empty(p.size)
    rows = max(1, _CELLS // score.size)
    for first in range(0, p.size, rows):
        part = slice(first, first + rows)
        chance, most = p.ravel()[part, None], n.ravel()[part, None]
        above = np.minimum(chance * above_right + (1 - chance) * above_wrong, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            beaten = np.where(most == 1, 1.0, np.exp((most - 1) * np.log1p(-above)))
        result[part] = (most * chance * beaten) @ density
    return np.clip(result, 0.0, 1.0).reshape(p.shape)[()]
