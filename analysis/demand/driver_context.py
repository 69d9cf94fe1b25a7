"""What the drivers share: the evidence at a date, and how a driver becomes a record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from analysis.assumptions import Assumption
from analysis.demand.evidence import Evidence
from analysis.demand.inputs import ACCEPTED
from analysis.demand.local_growth import LEVEL_FLOOR, PRIOR_COUNTS, LocalGrowth
from analysis.scaling_laws.trends import decimal_years

#: Years of counts before the last one that speak of growth now.
WINDOW_YEARS = 2.0

LABELS = {
    "largest_run_flop": "Pre-training compute of the largest run at the anchor",
    "run_growth": "Growth of the largest run until the anchor",
    "final_run_share": "Share of final runs in all research and development compute",
    "chatgpt_users": "People who use ChatGPT in a week",
    "users_growth": "Growth of their number",
    "assistants_per_chatgpt_user": "Use of all assistants over that of ChatGPT, by messages",
    "messages_per_user_day": "Messages to ChatGPT per weekly user and day",
    "messages_growth": "Growth of that",
    "api_tokens_per_day": "Tokens a day through the interfaces of firms with published counts",
    "api_growth": "Growth of that",
    "embedded_tokens_per_day": "Tokens a day in products of firms with published counts",
    "embedded_growth": "Growth of that",
    "supply_growth": "Growth of the stock of chips sold, at the last year end counted",
    "supply_error": "Chips sold over their count",
    "usd_per_h100e_hour": "Price of an hour of one H100-equivalent",
    "price_fall": "Fall of that price",
    "watts_per_h100e": "Power at the meter per H100-equivalent that trains",
    "watts_fall": "Fall of that power",
    "other_ml_inference_share": "Share of inference in older machine learning",
    "lead_share_of_use": "Share of the lead laboratory in assistants' and agents' work",
}


@dataclass
class Context:
    """Evidence up to a date, what is assumed, and the drivers found so far.

    Attributes
    ----------
    rows : Evidence
    as_of, anchor : float
        Decimal years.
    assumed : dict of str to Assumption
    found : dict of str to Assumption
    tied : dict of (str, str) to float
        Correlations of level and growth.
    """

    rows: Evidence
    as_of: float
    anchor: float
    assumed: Mapping[str, Assumption]
    found: dict[str, Assumption] = field(default_factory=dict)
    tied: dict[tuple[str, str], float] = field(default_factory=dict)

    def central(self, name: str) -> float:
        """Central value of an assumption."""
        return self.assumed[name].central

    def put(
        self, name: str, low: float, central: float, high: float, reason: str,
        shape: str = "lognormal",
    ) -> None:  # fmt: skip
        """Keep a driver, its numbers within the range that the model accepts."""
        unit, least, most = ACCEPTED[name]
        low, central, high = (min(max(float(v), least), most) for v in (low, central, high))
        self.found[name] = Assumption(
            name, LABELS[name], unit, low, central, high, shape, reason, topic="demand"
        )

    def put_fit(self, names: tuple[str, str], fit: LocalGrowth, what: str) -> None:
        """Keep level and growth of one regression."""
        level, growth = names
        told = (
            f"{what}: {fit.counts} counts from {fit.first:.1f} to {fit.last:.1f}, scatter "
            f"{fit.scatter:.0%}."
        )
        self.put(level, fit.level_low, fit.level, fit.level_high, told)
        self.put(growth, fit.growth_low, fit.growth, fit.growth_high, told)
        self.tied[names] = fit.correlation

    def told_later(self, rows: pd.DataFrame) -> int:
        """How many of the rows were published after the date of the evidence."""
        return int((decimal_years(rows["published"].tolist()) > self.as_of).sum())


def recent(rows: pd.DataFrame, years: float = WINDOW_YEARS) -> pd.DataFrame:
    """The rows within some years of the last one."""
    return rows[rows["year"] >= rows["year"].max() - years] if len(rows) else rows


def pooled(values: Sequence[float], scatter: float) -> tuple[float, float, float]:
    """Geometric mean of readings of one thing, its ends with the prior scatter pooled in."""
    logs = np.log(np.asarray(values, dtype=np.float64))
    dof = logs.size - 1 + PRIOR_COUNTS
    variance = (float(((logs - logs.mean()) ** 2).sum()) + PRIOR_COUNTS * scatter**2) / dof
    sd = math.hypot(math.sqrt(variance / logs.size), LEVEL_FLOOR)
    half = float(stats.t.ppf(0.95, dof)) * sd
    centre = float(logs.mean())
    return math.exp(centre - half), math.exp(centre), math.exp(centre + half)
