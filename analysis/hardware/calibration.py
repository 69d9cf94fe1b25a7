"""The efficiencies of the serving model, fitted to measured operating points.

Each is a pooled value times what its family, engine or number format adds; what is added has a
prior around nothing, so a chip without measurements gets the pooled value. The fit is the mode of
the posterior under a robust loss: rows come in bunches of one configuration, and some are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from analysis.hardware.points import Points
from analysis.hardware.steps import Efficiency, RequestTimes, request_times

#: Error in ln beyond which a row pulls with constant force only.
ROBUST_ERROR = 0.12
#: Rows of one configuration err together, so a row of a bunch of n weighs n to minus this power.
BUNCH_POWER = 0.4

_HOPPER, _BLACKWELL = ("hopper",), ("blackwell", "blackwell_ultra", "blackwell_rtx")
_AMD, _OTHER = ("cdna2", "cdna3", "cdna4"), ("gaudi", "tpu", "trainium")


@dataclass(frozen=True)
class Term:
    """One fitted number: the log of a pooled value, or of a factor on it.

    Attributes
    ----------
    parameter : str
        Field of `Efficiency`.
    group : str
        Rows it applies to; `all` for the pooled value.
    centre, spread : float
        Prior of its natural logarithm (of a slope itself for `compute_slope`, `prefill_slope`).
    """

    parameter: str
    group: str
    centre: float
    spread: float


def _log(value: float) -> float:
    return float(np.log(value))


_ENGINES = (("sglang", 0.1), ("vllm", 0.1), ("trtllm", 0.1), ("early", 0.3))

#: Priors. Centres are what the arithmetic of kernels suggests (tens of microseconds a layer, most
#: of the bandwidth, half of the peak), spreads how far off that may be.
TERMS: tuple[Term, ...] = (
    Term("memory", "all", _log(0.75), 0.2),
    Term("expert", "all", _log(0.6), 0.4),
    Term("expert", "blackwell", 0.0, 0.1),
    Term("cache", "all", _log(0.65), 0.4),
    Term("compute", "all", _log(0.5), 0.4),
    Term("compute_slope", "all", 0.0, 0.05),
    Term("prefill", "all", _log(0.55), 0.4),
    Term("prefill_slope", "all", -0.4, 0.1),
    Term("prefill", "mixture", _log(0.6), 0.3),
    Term("link", "all", _log(0.5), 0.5),
    Term("step_s", "all", _log(5e-4), 1.0),
    Term("layer_s", "all", _log(3e-5), 1.0),
    *(Term("layer_s", engine, 0.0, spread) for engine, spread in _ENGINES),
    Term("layer_s", "amd", 0.0, 0.3),
    Term("layer_s", "other_maker", 0.0, 0.3),
    Term("tensor_layer_s", "all", _log(8e-6), 1.0),
    Term("expert_layer_s", "all", _log(8e-6), 0.4),
    Term("expert_layer_s", "hopper", 0.0, 0.7),
    Term("expert_layer_s", "blackwell", 0.0, 0.7),
    Term("latent_layer_s", "all", _log(4e-5), 0.7),
    Term("request_s", "all", _log(1e-5), 1.0),
    Term("prefill_s", "all", _log(2e-3), 1.0),
    Term("level", "drafted", -0.4, 0.15),
    *(Term("level", family, 0.0, 0.2) for family in ("cdna3", "cdna4", "gaudi", "tpu", "trainium")),
)

#: How sharply a share bends: 4% below itself at 1, next to nothing below 0.8.
_BEND = 16.0
_SLOPES = ("compute_slope", "prefill_slope")


def groups_of(
    family: np.ndarray, engine: np.ndarray, mixture: np.ndarray, drafted: np.ndarray
) -> dict[str, np.ndarray]:
    """Which rows each group of `TERMS` covers, as booleans."""
    groups = {
        "all": np.ones(len(family), dtype=bool),
        "amd": np.isin(family, _AMD),
        "other_maker": np.isin(family, _OTHER),
        "hopper": np.isin(family, _HOPPER),
        "blackwell": np.isin(family, _BLACKWELL),
        "drafted": drafted,
        "mixture": mixture,
    }
    groups |= {name: engine == name for name in ("sglang", "vllm", "trtllm", "early")}
    return groups | {
        name: family == name for name in ("cdna3", "cdna4", "gaudi", "tpu", "trainium")
    }


def membership(points: Points) -> dict[str, np.ndarray]:
    """`groups_of` for operating points."""
    mixture = np.broadcast_to(np.asarray(points.model.experts) > 0, (len(points),))
    return groups_of(points.family, points.engine, mixture, points.drafted)


def _below_one(share: np.ndarray) -> np.ndarray:
    """A share that bends towards 1 without a corner, which would trap a search."""
    return share * (1.0 + share**_BEND) ** (-1.0 / _BEND)


def efficiency_of(values: np.ndarray, points: Points) -> Efficiency:
    """Efficiencies of rows, from the values of `TERMS` in their order."""
    return efficiency_in(values, membership(points))


def efficiency_in(values: np.ndarray, groups: Mapping[str, np.ndarray]) -> Efficiency:
    """Efficiencies where rows belong to groups as given."""
    logs: dict[str, np.ndarray] = {}
    for term, value in zip(TERMS, values, strict=True):
        added = value if term.group == "all" else np.where(groups[term.group], value, 0.0)
        logs[term.parameter] = logs.get(term.parameter, 0.0) + added
    found = {name: (log if name in _SLOPES else np.exp(log)) for name, log in logs.items()}
    for share in ("memory", "expert", "cache", "compute", "prefill", "link"):
        found[share] = _below_one(found[share])
    return Efficiency(**found)


def times_of(values: np.ndarray, points: Points) -> RequestTimes:
    """Times of rows under values of `TERMS`."""
    return request_times(
        points.model, points.widths, points.layout, points.rates, efficiency_of(values, points),
        requests=points.requests, input_tokens=points.input_tokens,
        output_tokens=points.output_tokens, own_prefill=points.own_prefill,
    )  # fmt: skip


def bunch_weights(labels: np.ndarray) -> np.ndarray:
    """Weights of rows: a bunch of n rows of one label counts as n to the power 1 - BUNCH_POWER."""
    _, which, counts = np.unique(np.asarray(labels, dtype=str), return_inverse=True,
                                 return_counts=True)  # fmt: skip
    return counts[which] ** -BUNCH_POWER


@dataclass(frozen=True)
class Fit:
    """The mode of the posterior.

    Attributes
    ----------
    values : numpy.ndarray
        Of `TERMS`, in their order.
    spread : numpy.ndarray
        Their standard deviations by the curvature at the mode.
    rows : int
    """

    values: np.ndarray
    spread: np.ndarray
    rows: int

    def frame(self) -> pd.DataFrame:
        """One row per term: prior, value and spread."""
        return pd.DataFrame(
            {
                "parameter": [t.parameter for t in TERMS],
                "applies_to": [t.group for t in TERMS],
                "prior_centre": [t.centre for t in TERMS],
                "prior_spread": [t.spread for t in TERMS],
                "value": self.values,
                "spread": self.spread,
            }
        )


def fit(
    points: Points,
    measured_tpot_s: np.ndarray,
    bunches: np.ndarray,
    *,
    start: np.ndarray | None = None,
    most_evaluations: int = 60,
) -> Fit:
    """Fit `TERMS` to measured seconds per output token.

    Parameters
    ----------
    points : Points
        n operating points.
    measured_tpot_s : numpy.ndarray, shape (n,)
    bunches : numpy.ndarray, shape (n,)
        Label of the configuration each row belongs to (model, chip, engine, precision).
    start : numpy.ndarray, optional
        Values to begin with; the prior's centres otherwise.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        Where a measured time is not above 0, with its place.
    """
    measured = np.asarray(measured_tpot_s, float)
    if not np.all(measured > 0):
        place = int(np.flatnonzero(~(measured > 0))[0])
        raise ValueError(
            f"measured_tpot_s, row {place}: {measured[place]!r} is not accepted; accepted: "
            "seconds above 0"
        )
    centre = np.array([t.centre for t in TERMS])
    spread = np.array([t.spread for t in TERMS])
    weight = bunch_weights(bunches)
    weight = np.sqrt(weight / weight.mean())
    target = np.log(measured)

    def residuals(values: np.ndarray) -> np.ndarray:
        error = (np.log(times_of(values, points).tpot_s) - target) / ROBUST_ERROR
        pull = np.sign(error) * np.sqrt(2.0 * (np.sqrt(1.0 + error**2) - 1.0))
        return np.concatenate([weight * pull, (values - centre) / spread])

    solved = least_squares(
        residuals,
        centre if start is None else start,
        x_scale="jac",
        max_nfev=most_evaluations,
    )
    curvature = solved.jac.T @ solved.jac
    return Fit(solved.x, np.sqrt(np.diag(np.linalg.inv(curvature))), len(measured))


def held_out_fits(
    points: Points,
    measured_tpot_s: np.ndarray,
    bunches: np.ndarray,
    labels: np.ndarray,
    *,
    progress: Callable[..., object] = lambda groups: groups,
) -> dict[str, Fit]:
    """A fit without each label's rows; each begins at the priors, so nothing left out leaks in.

    Parameters
    ----------
    labels : numpy.ndarray, shape (n,)
        What is left out together: all rows of a model, of a chip, of a configuration.
    """
    labels = np.asarray(labels, dtype=str)
    measured, bunches = np.asarray(measured_tpot_s, float), np.asarray(bunches)
    return {
        label: fit(points.at(labels != label), measured[labels != label], bunches[labels != label])
        for label in progress(np.unique(labels).tolist())  # type: ignore[attr-defined]
    }


def held_out(
    points: Points,
    measured_tpot_s: np.ndarray,
    bunches: np.ndarray,
    labels: np.ndarray,
    *,
    progress: Callable[..., object] = lambda groups: groups,
) -> np.ndarray:
    """Predicted seconds per output token, each row by a fit that has not seen its label.

    Parameters as in `held_out_fits`; returns shape (n,).
    """
    fits = held_out_fits(points, measured_tpot_s, bunches, labels, progress=progress)
    predicted = np.full(len(points), np.nan)
    for label, seen in fits.items():
        out = np.asarray(labels, dtype=str) == label
        predicted[out] = times_of(seen.values, points.at(out)).tpot_s
    return predicted
