"""A plain scenario for the tests of the demand model, with drivers of round numbers."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import assumptions
from analysis.demand.growth_paths import LogPath
from analysis.demand.inputs import ACCEPTED
from analysis.demand.model import Known

PLAIN = {
    "largest_run_flop": 4.5e26, "run_growth": 4.5, "final_run_share": 0.15,
    "chatgpt_users": 0.7e9, "users_growth": 1.9, "assistants_per_chatgpt_user": 1.4,
    "messages_per_user_day": 3.5, "messages_growth": 1.3, "api_tokens_per_day": 1.3e13,
    "api_growth": 9.0, "embedded_tokens_per_day": 4.5e13, "embedded_growth": 10.0,
    "supply_growth": 2.6, "supply_error": 1.0, "usd_per_h100e_hour": 2.0, "price_fall": 1.3,
    "watts_per_h100e": 900.0, "watts_fall": 1.2, "other_ml_inference_share": 0.65,
    "lead_share_of_use": 0.5,
}  # fmt: skip


@pytest.fixture
def known() -> Known:
    return Known(989e12, LogPath((2022.25, 2023.0, 2024.0, 2025.0, 2026.0),
                                 (7e4, 3e5, 1.6e6, 6.5e6, 2e7)))  # fmt: skip


@pytest.fixture
def central() -> dict[str, float]:
    chosen = {a.id: a.central for a in assumptions.for_topic("demand") if a.id in ACCEPTED}
    return chosen | PLAIN


@pytest.fixture
def scenarios(central: dict[str, float]) -> dict[str, np.ndarray]:
    """Two hundred scenarios of shape (200, 1), every input moved by up to a fifth."""
    rng = np.random.default_rng(5)
    found = {}
    for name, value in central.items():
        _, least, most = ACCEPTED[name]
        moved = value * np.exp(rng.uniform(-0.2, 0.2, (200, 1)))
        found[name] = np.clip(moved, least, most)
    return found
