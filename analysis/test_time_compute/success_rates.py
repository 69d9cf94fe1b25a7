"""How the chance of a right answer differs between problems, and the coverage that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize
from scipy.special import betaincinv, betaln, digamma, expit, gammaln, logit

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_counts, require_probability
from analysis.test_time_compute.coverage import require_problems

#: Range of alpha and beta that a fit may end in.
_SHAPES = (1e-4, 1e8)
_SMALLEST_SCALE = 1e-9
#: Gain in log-likelihood over one rate for all that is no more than rounding.
_NO_GAIN = 1e-4
#: Nodes of the quadrature, and the fall of the log-integrand at which it stops.
_NODES = 241
_FALL = 45.0


@dataclass(frozen=True)
class BetaBinomial:
    """Problems whose success rates follow a beta distribution.

    Attributes
    ----------
    alpha, beta : float
        Shapes of the distribution, above zero.
    log_likelihood : float
        Of the counts it was fitted to; NaN where it was not fitted.
    problems : int
        Problems it was fitted to.
    """

    alpha: float
    beta: float
    log_likelihood: float = float("nan")
    problems: int = 0

    def __post_init__(self) -> None:
        _require_shapes(self.alpha, self.beta)

    @property
    def tail_exponent(self) -> float:
        """Exponent t of the problems left over, 1 - coverage ~ k**-t, for large k: alpha."""
        return self.alpha

    @property
    def aic(self) -> float:
        """Akaike's criterion of the fit."""
        return 4 - 2 * self.log_likelihood

    def coverage(self, k: Any) -> Any:
        """Expected coverage of new problems: 1 - B(alpha, beta + k) / B(alpha, beta).

        Parameters
        ----------
        k : array_like
            Samples per problem, whole, of any size.

        Returns
        -------
        numpy.ndarray or float
            Of the shape of `k`.
        """
        asked = require_counts("k", k)
        return -np.expm1(betaln(self.alpha, self.beta + asked) - betaln(self.alpha, self.beta))

    def quantile(self, share: Any) -> Any:
        """Success rate that a share of the problems stays below."""
        return betaincinv(self.alpha, self.beta, require_probability("share", share))


@dataclass(frozen=True)
class ScaledBeta:
    """Problems whose success rates are a scale, at most 1, times a beta-distributed number.

    The three-parameter distribution of Schaeffer et al. 2025 (https://arxiv.org/abs/2502.17578),
    who derive from it that the problems left over fall as a power of the samples.

    Attributes
    ----------
    alpha, beta : float
        Shapes of the distribution, above zero.
    scale : float
        Highest success rate, above 0 and at most 1.
    log_likelihood : float
        Of the counts it was fitted to; NaN where it was not fitted.
    problems : int
        Problems it was fitted to.
    """

    alpha: float
    beta: float
    scale: float
    log_likelihood: float = float("nan")
    problems: int = 0

    def __post_init__(self) -> None:
        _require_shapes(self.alpha, self.beta)
        if not 0 < self.scale <= 1:
            raise ValueError(f"scale: {self.scale!r} is not accepted; accepted: above 0, at most 1")

    @property
    def tail_exponent(self) -> float:
        """Exponent t of the problems left over, -ln coverage ~ k**-t, for large k: alpha."""
        return self.alpha

    @property
    def aic(self) -> float:
        """Akaike's criterion of the fit."""
        return 6 - 2 * self.log_likelihood

    def coverage(self, k: Any) -> Any:
        """As `BetaBinomial.coverage`, by quadrature, to about 1e-7."""
        asked = require_counts("k", k)
        flat = asked.ravel()
        log_missed, _ = _log_moments(self.alpha, self.beta, self.scale, np.zeros_like(flat), flat)
        return np.maximum(-np.expm1(log_missed), 0.0).reshape(asked.shape)[()]

    def quantile(self, share: Any) -> Any:
        """Success rate that a share of the problems stays below."""
        return self.scale * betaincinv(self.alpha, self.beta, require_probability("share", share))


def _require_shapes(alpha: float, beta: float) -> None:
    require_positive("alpha", alpha, "a shape of the beta distribution")
    require_positive("beta", beta, "a shape of the beta distribution")


@dataclass(frozen=True)
class _Tally:
    """Counts with equal rows put together, for speed."""

    right: np.ndarray
    wrong: np.ndarray
    weight: np.ndarray
    log_ways: float
    problems: int


def _tally(successes: Any, samples: Any) -> _Tally:
    right, total = require_problems(successes, samples)
    pairs, weight = np.unique(np.stack([right, total], axis=1), axis=0, return_counts=True)
    right, total = pairs.T
    if not right.any():
        raise ValueError("successes are all 0: no distribution of rates follows; draw more samples")
    if (right == total).all():
        raise ValueError("successes are all as many as samples: no distribution of rates follows")
    if (total == 1).all():
        raise ValueError("samples are all 1: no spread of rates follows; draw at least 2 of some")
    ways = gammaln(total + 1) - gammaln(right + 1) - gammaln(total - right + 1)
    return _Tally(right, total - right, weight, float(weight @ ways), int(weight.sum()))


def _start(tally: _Tally) -> tuple[float, float]:
    """ln alpha and ln beta by moments, kept within reason."""
    total = tally.right + tally.wrong
    rate = (tally.right + 0.5) / (total + 1)
    mean = np.average(rate, weights=tally.weight)
    spread = max(np.average((rate - mean) ** 2, weights=tally.weight), 1e-12)
    size = np.clip(mean * (1 - mean) / spread - 1, 0.1, 1e4)
    return float(np.log(mean * size)), float(np.log((1 - mean) * size))


def _minimise(function: Any, start: tuple[float, ...]) -> Any:
    # Plain BFGS: L-BFGS-B calls threaded LAPACK, which on a busy machine takes ten times as long.
    return optimize.minimize(function, start, jac=True, method="BFGS", options={"gtol": 1e-7})


def _shapes(point: np.ndarray) -> np.ndarray:
    return np.exp(np.clip(point, *np.log(_SHAPES)))


def _refuse_degenerate(tally: _Tally, alpha: float, beta: float, log_likelihood: float) -> None:
    right, wrong = tally.weight @ tally.right, tally.weight @ tally.wrong
    pooled = right * np.log(right / (right + wrong)) + wrong * np.log(wrong / (right + wrong))
    if log_likelihood < tally.log_ways + pooled + _NO_GAIN:
        raise ValueError(
            "successes: the rates spread no more than chance makes them, so that no beta "
            f"distribution fits better than one rate for all, {right / (right + wrong):.4g}"
        )
    if min(alpha, beta) < 1.01 * _SHAPES[0]:
        raise ValueError(
            f"successes: alpha {alpha:.3g}, beta {beta:.3g} run off to 0, since the rates are all "
            "0 or 1; report the share of problems solved"
        )


def fit_beta_binomial(successes: Any, samples: Any) -> BetaBinomial:
    """Maximum-likelihood beta distribution of the success rates behind counts.

    Problems without a success count by their likelihood, as any other.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem.

    Returns
    -------
    BetaBinomial

    Raises
    ------
    ValueError
        For counts that cannot be, or that show no spread: all 0, all right, one sample each, or
        rates that differ no more than chance makes them.
    """
    tally = _tally(successes, samples)
    right, wrong, weight = tally.right, tally.wrong, tally.weight

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        alpha, beta = _shapes(point)
        terms = betaln(alpha + right, beta + wrong) - betaln(alpha, beta)
        common = digamma(alpha + beta) - digamma(alpha + beta + right + wrong)
        by_alpha = digamma(alpha + right) - digamma(alpha) + common
        by_beta = digamma(beta + wrong) - digamma(beta) + common
        slope = np.array([alpha * (weight @ by_alpha), beta * (weight @ by_beta)])
        return -float(weight @ terms) / tally.problems, -slope / tally.problems

    found = _minimise(loss, _start(tally))
    alpha, beta = _shapes(found.x).tolist()
    log_likelihood = tally.log_ways - float(found.fun) * tally.problems
    _refuse_degenerate(tally, alpha, beta, log_likelihood)
    return BetaBinomial(alpha, beta, log_likelihood, tally.problems)


def fit_scaled_beta(successes: Any, samples: Any) -> ScaledBeta:
    """Maximum-likelihood scaled beta distribution of the success rates behind counts.

    The likelihood of each count is an integral over the rates, taken by quadrature.

    Parameters
    ----------
    successes, samples : array_like, shape (problems,)
        Right answers and samples of each problem.

    Returns
    -------
    ScaledBeta
        Where no scale below 1 fits better, scale is 1: the beta-binomial.

    Raises
    ------
    ValueError
        As `fit_beta_binomial`.
    """
    tally = _tally(successes, samples)
    plain = fit_beta_binomial(successes, samples)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        alpha, beta, scale = *_shapes(point[:2]), _scale(point[2])
        values, slopes = _log_moments(alpha, beta, scale, tally.right, tally.wrong)
        slopes[2] *= 1 - scale
        return (
            -float(tally.weight @ values) / tally.problems,
            -(slopes @ tally.weight) / tally.problems,
        )

    highest = float((tally.right / (tally.right + tally.wrong)).max())
    at = (float(np.log(plain.alpha)), float(np.log(plain.beta)))
    starts = [(*at, 3.0), (at[0], 0.0, float(logit(min(0.95, 1.2 * highest))))]
    found = min((_minimise(loss, start) for start in starts), key=lambda f: f.fun)
    log_likelihood = tally.log_ways - float(found.fun) * tally.problems
    if log_likelihood <= plain.log_likelihood:
        return ScaledBeta(plain.alpha, plain.beta, 1.0, plain.log_likelihood, plain.problems)
    alpha, beta = _shapes(found.x[:2]).tolist()
    return ScaledBeta(alpha, beta, _scale(found.x[2]), log_likelihood, tally.problems)


def _scale(point: float) -> float:
    return float(np.maximum(expit(point), _SMALLEST_SCALE))


def _log_moments(
    alpha: float, beta: float, scale: float, right: np.ndarray, wrong: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """ln E[(scale X)**right (1 - scale X)**wrong] of X ~ Beta(alpha, beta), shape (m,).

    With it its slopes by ln alpha, ln beta and ln scale, shape (3, m).
    """
    at, log_weight = _nodes(alpha, beta, scale, right, wrong)
    terms = _log_integrand(alpha, beta, scale, right, wrong, at) + log_weight
    peak = terms.max(axis=1)
    share = np.exp(terms - peak[:, None])
    total = share.sum(axis=1)
    share /= total[:, None]
    log_x, log_not_x = -np.logaddexp(0, -at), -np.logaddexp(0, at)
    odds = scale * np.exp(log_x) / np.maximum(-np.expm1(np.log(scale) + log_x), 1e-300)
    both = digamma(alpha + beta)
    by_alpha = alpha * ((share * log_x).sum(axis=1) - digamma(alpha) + both)
    by_beta = beta * ((share * log_not_x).sum(axis=1) - digamma(beta) + both)
    by_scale = right - wrong * (share * odds).sum(axis=1)
    values = peak + np.log(total) - betaln(alpha, beta)
    return values, np.stack([by_alpha, by_beta, by_scale])


def _log_integrand(
    alpha: float,
    beta: float,
    scale: float,
    right: np.ndarray,
    wrong: np.ndarray,
    at: np.ndarray,
) -> np.ndarray:
    """Log of the integrand over the logit of X, shape (m, nodes)."""
    log_x, log_not_x = -np.logaddexp(0, -at), -np.logaddexp(0, at)
    # 1 - s x = (1 + (1 - s) e**u) / (1 + e**u), without a difference of near-equal numbers.
    log_miss = log_not_x + np.log1p((1 - scale) * np.exp(np.minimum(at, 700.0)))
    return (
        (alpha + right)[:, None] * log_x
        + (right * np.log(scale))[:, None]
        + beta * log_not_x
        + wrong[:, None] * log_miss
    )


def _nodes(
    alpha: float, beta: float, scale: float, right: np.ndarray, wrong: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of X and log-weights of a trapezoidal rule in t, logit = mode + width sinh(t).

    The integrand over the logit has one mode, a root of a quadratic, and exponential tails.
    """
    rise = alpha + right
    square = scale * (rise + beta + wrong)
    linear = rise * (1 + scale) + beta + wrong * scale
    root = linear + np.sqrt(np.maximum(linear**2 - 4 * square * rise, 0.0))
    x = np.clip(2 * rise / root, 1e-280, 1 - 1e-12)
    both = x * (1 - x)
    miss = 1 - scale * x
    bend = (rise + beta) * both
    bend += wrong * scale * both * ((1 - 2 * x) * miss + scale * both) / miss**2
    width = np.minimum(1.0, 1 / np.sqrt(np.maximum(bend, 1e-30)))
    reach = np.arcsinh(_FALL / (np.minimum(rise, beta) * width))
    t = reach[:, None] * np.linspace(-1, 1, _NODES)
    at = (np.log(x) - np.log1p(-x))[:, None] + width[:, None] * np.sinh(t)
    step = 2 * reach / (_NODES - 1)
    return at, np.log(np.cosh(t)) + np.log(width * step)[:, None]
