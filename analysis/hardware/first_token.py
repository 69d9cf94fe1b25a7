"""Time to the first token at low concurrency: reading the prompt, and what no chip works for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from analysis.hardware.points import Points
from analysis.hardware.steps import RequestTimes

#: Requests in flight up to which the fixed part is fitted: above, arrivals come in waves that a
#: row does not state.
FEW_REQUESTS = 4
_ROBUST_ERROR = 0.3
#: group, prior centre and spread of the logarithm.
TERMS: tuple[tuple[str, float, float], ...] = (
    ("all", float(np.log(0.04)), 0.7),
    ("trtllm", 0.0, 0.3),
    ("vllm", 0.0, 0.3),
    ("sglang", 0.0, 0.3),
    ("latent", 0.5, 0.7),
    ("others", float(np.log(0.5)), 0.7),
)


@dataclass(frozen=True)
class FirstTokenTerms:
    """Time to the first token beside the prompt's own work.

    Attributes
    ----------
    fixed_s : float or numpy.ndarray
        Seconds that no chip works for.
    others_share : float or numpy.ndarray
        Share of the other requests' prompts that a new one waits for.
    """

    fixed_s: Any
    others_share: Any


def first_token_s(
    times: RequestTimes,
    terms: FirstTokenTerms,
    *,
    requests: Any,
    output_tokens: Any,
    asked: Any = None,
) -> Any:
    """Seconds to the first token in a busy server with a place free.

    Parameters
    ----------
    times : RequestTimes
        At `requests` in flight.
    requests, output_tokens : float or array_like
    asked : float or array_like, optional
        Requests that want to be in flight, where memory holds fewer.
    """
    reading = requests * times.prefill.total_s
    busy = reading / (reading + output_tokens * times.step.total_s)
    others = np.maximum((requests if asked is None else asked) - 1.0, 0.0)
    return terms.fixed_s + times.ttft_s * (1.0 + terms.others_share * others * busy)


@dataclass(frozen=True)
class FirstToken:
    """The fit: seconds before the first token beside the chip's own work.

    Attributes
    ----------
    values : numpy.ndarray
        Logarithms, in the order of `TERMS`: fixed seconds, factors on them by engine and for latent
        attention, and the share of other requests' prompts that a new one waits for.
    """

    values: np.ndarray

    def frame(self) -> pd.DataFrame:
        """One row per term."""
        groups, centres, spreads = zip(*TERMS, strict=True)
        return pd.DataFrame(
            {
                "parameter": "first_s",
                "applies_to": groups,
                "prior_centre": centres,
                "prior_spread": spreads,
                "value": self.values,
                "spread": np.nan,
            }
        )

    def terms(self, engine: np.ndarray, latent: Any) -> FirstTokenTerms:
        """Terms for engines, an unknown one taken as the pool of all, and kinds of attention."""
        log = np.full(len(engine), self.values[0])
        for place, name in enumerate(("trtllm", "vllm", "sglang"), start=1):
            log += np.where(engine == name, self.values[place], 0.0)
        fixed = np.exp(log + np.where(latent, self.values[4], 0.0))
        return FirstTokenTerms(fixed, np.exp(self.values[5]))

    def fixed_s(self, points: Points) -> np.ndarray:
        """Fixed seconds of each row."""
        return self.terms(points.engine, points.model.latent).fixed_s

    def ttft_s(self, points: Points, times: RequestTimes) -> np.ndarray:
        """Seconds to the first token: fixed part, own prompt, and its share of others' prompts.

        Requests above what memory holds wait for a place: on average as long as it takes to serve
        those before them.
        """
        queued = np.maximum(points.asked / points.requests - 1.0, 0.0)
        wait = queued * points.output_tokens * times.tpot_s
        terms = self.terms(points.engine, points.model.latent)
        return wait + first_token_s(
            times, terms, requests=points.requests, output_tokens=points.output_tokens,
            asked=points.asked,
        )  # fmt: skip


def few(points: Points) -> np.ndarray:
    """Rows with so few requests that the first token waits for hardly anybody else."""
    return (points.asked <= FEW_REQUESTS) & (points.requests >= points.asked)


def fit_first_token(points: Points, times: RequestTimes, measured_ttft_s: np.ndarray) -> FirstToken:
    """Fit the fixed part to measured times to the first token at low concurrency.

    Parameters
    ----------
    points : Points
        n operating points; those with many requests are left out by `few`.
    times : RequestTimes
        Of the points, from the fitted efficiencies.
    measured_ttft_s : numpy.ndarray, shape (n,)
        NaN where not measured.
    """
    measured = np.asarray(measured_ttft_s, float)
    used = few(points) & (measured > 0)
    centre = np.array([t[1] for t in TERMS])
    spread = np.array([t[2] for t in TERMS])

    def residuals(values: np.ndarray) -> np.ndarray:
        predicted = FirstToken(values).ttft_s(points, times)[used]
        error = np.log(predicted / measured[used]) / _ROBUST_ERROR
        pull = np.sign(error) * np.sqrt(2.0 * (np.sqrt(1.0 + error**2) - 1.0))
        return np.concatenate([pull, (values - centre) / spread])

    return FirstToken(least_squares(residuals, centre).x)
