"""Supply against the sum of demands, and the split where supply binds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.demand.growth_paths import positive_part
from analysis.demand.model import KINDS, LAB_KINDS, Projection, Work
from analysis.test_time_compute.checks import require_share
from analysis.test_time_compute.split import inference_share as best_inference_share


def closure(projection: Projection) -> dict[str, Any]:
    """Chips by what they are counted to do; what is left is not explained.

    Returns
    -------
    dict of str to array, in H100-equivalents
        ``training`` by labs, ``other_training``, each kind of inference by name,
        ``other_ml_training``, ``unexplained`` (negative where the demands counted are more than
        there is) and ``available``, their sum.
    """
    labs = projection.total("labs", "chips", "training")
    training = projection.total("fleet", "chips", "training")
    ranked = projection.other_ml_training.chips
    parts = {
        "training": labs,
        "other_training": training - labs - ranked,
        "other_ml_training": ranked,
        **{kind: projection.total("fleet", "chips", kind) for kind in KINDS},
    }
    available = projection.available_h100e
    parts["unexplained"] = available - sum(parts.values())
    return {**parts, "available": available}


def demand_over_supply(projection: Projection) -> Any:
    """Chips that the counted work would take over those available."""
    return (
        projection.total("fleet", "chips", "training")
        + projection.total("fleet", "chips", "inference")
    ) / projection.available_h100e


def rationed(projection: Projection, xp: Any = np) -> Projection:
    """The work that is done where the demands counted are more than the chips there are.

    Everybody gets the same share of what they ask for, so that no share of inference moves. What a
    lab would do with fewer chips than it wants is `supply_bound`.
    """
    done = 1.0 / (1.0 + positive_part(demand_over_supply(projection) - 1.0, xp))

    def scaled(parts: dict[str, Work]) -> dict[str, Work]:
        return {name: work.times(done) for name, work in parts.items()}

    return replace(
        projection,
        final_runs=scaled(projection.final_runs),
        training=scaled(projection.training),
        inference=scaled(projection.inference),
        other_ml_training=projection.other_ml_training.times(done),
    )


@dataclass(frozen=True)
class SupplyBound:
    """The split where every chip is taken: the labs divide theirs by the exchange rate.

    Attributes
    ----------
    training_chips, inference_chips : dict of str to array
        H100-equivalents by scope, `labs` and `fleet`.
    projection : Projection
        What a chip does when it trains and when it serves.
    """

    training_chips: dict[str, Any]
    inference_chips: dict[str, Any]
    projection: Projection

    def inference_share(self, scope: str, unit: str = "chips") -> Any:
        """Inference over all, in a unit of `model.UNITS` except tokens."""
        per_chip = {}
        for part in ("training", "inference"):
            whole = self.projection.total(scope, unit, part)
            per_chip[part] = whole / self.projection.total(scope, "chips", part)
        used = self.inference_chips[scope] * per_chip["inference"]
        return used / (used + self.training_chips[scope] * per_chip["training"])


def supply_bound(
    projection: Projection, exchange_elasticity: Any, lab_share_of_supply: Any
) -> SupplyBound:
    """Supply binds: the labs spend theirs where training and inference buy the same.

    A lab whose answers are worth what training and thinking together make them spends
    1 / (1 + e) on inference, e the exchange elasticity (`split.inference_share`). Other machine
    learning takes what it takes; what is left is divided as the other demands are.

    Parameters
    ----------
    projection : Projection
    exchange_elasticity : array_like
        Orders of magnitude of inference that replace one of training, above 0.
    lab_share_of_supply : array_like
        Share of the available chips that the frontier labs hold, from 0 to 1.

    Returns
    -------
    SupplyBound
    """
    share = require_share("lab_share_of_supply", lab_share_of_supply)
    available = projection.available_h100e
    spend = best_inference_share(exchange_elasticity)
    # A dollar buys more chip-hours where they are cheaper.
    odds = spend / (1.0 - spend) / projection.price_ratio
    held = available * share
    serving = held * odds / (1.0 + odds)
    ranked = projection.total("fleet", "chips", "other_ml")
    ranked_training = projection.other_ml_training.chips
    rest = available - held
    fits = np.minimum(1.0, rest / (ranked + ranked_training))
    ranked, ranked_training = ranked * fits, ranked_training * fits
    rest = np.maximum(rest - ranked - ranked_training, 0.0)
    outside = sum(
        projection.total("fleet", "chips", kind) - projection.total("labs", "chips", kind)
        for kind in (*LAB_KINDS, "embedded")
    )
    other = (
        projection.total("fleet", "chips", "training")
        - projection.total("labs", "chips", "training")
        - projection.other_ml_training.chips
    )
    outside_share = outside / (outside + other)
    return SupplyBound(
        {
            "labs": held - serving,
            "fleet": held - serving + ranked_training + rest * (1.0 - outside_share),
        },
        {"labs": serving, "fleet": serving + ranked + rest * outside_share},
        projection,
    )
