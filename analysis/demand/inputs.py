"""The names that the demand model takes, and the range in which it accepts each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

#: Drivers are computed from the evidence up to a date; the rest are assumptions.
DRIVERS = (
    "largest_run_flop", "run_growth", "final_run_share", "chatgpt_users", "users_growth",
    "assistants_per_chatgpt_user", "messages_per_user_day", "messages_growth",
    "api_tokens_per_day", "api_growth", "embedded_tokens_per_day", "embedded_growth",
    "supply_growth", "supply_error", "usd_per_h100e_hour", "price_fall", "watts_per_h100e",
    "watts_fall", "other_ml_inference_share", "lead_share_of_use",
)  # fmt: skip

#: Earliest and latest time: before, old chips are not told apart; after, nothing is held likely.
FIRST_TIME, LAST_TIME = 2010.0, 2031.0

#: Unit, least and most of every input: a scenario outside is refused. Wider than what we hold
#: likely, and narrow enough that no share passes 1, no use falls back in time and more people than
#: ever will do not use assistants already.
ACCEPTED: dict[str, tuple[str, float, float]] = {
    "largest_run_flop": ("FLOP", 1e22, 1e29),
    "run_growth": ("times per year", 1.01, 12.0),
    "final_run_share": ("1", 0.02, 1.0),
    "chatgpt_users": ("people a week", 1e6, 1.0e9),
    "users_growth": ("times per year", 1.01, 8.0),
    "assistants_per_chatgpt_user": ("1", 1.0, 2.4),
    "messages_per_user_day": ("messages per user and day", 0.1, 50.0),
    "messages_growth": ("times per year", 1.0, 6.0),
    "api_tokens_per_day": ("tokens per day", 1e9, 1e16),
    "api_growth": ("times per year", 1.0, 50.0),
    "embedded_tokens_per_day": ("tokens per day", 1e9, 1e16),
    "embedded_growth": ("times per year", 1.0, 100.0),
    "supply_growth": ("times per year", 1.0, 6.0),
    "supply_error": ("1", 0.3, 3.0),
    "usd_per_h100e_hour": ("USD per H100e hour", 0.1, 20.0),
    "price_fall": ("times per year", 0.7, 3.0),
    "watts_per_h100e": ("W per H100e", 50.0, 5000.0),
    "watts_fall": ("times per year", 0.8, 3.0),
    "other_ml_inference_share": ("1", 0.05, 0.99),
    "lead_share_of_use": ("1", 0.05, 0.7),
    "run_growth_decay": ("1 per year", 0.001, 2.0),
    "frontier_developers": ("developers", 1.0, 100.0),
    "runs_per_year": ("runs per year and developer", 0.1, 20.0),
    "typical_run_share": ("1", 0.001, 1.0),
    "post_training_ratio": ("1", 0.0001, 10.0),
    "post_training_growth": ("times per year", 1.0, 10.0),
    "other_training_share": ("1", 0.0, 0.9),
    "users_cap": ("people a week", 2.5e9, 9e9),
    "reported_token_share": ("1", 0.05, 1.0),
    "chat_read_tokens": ("tokens per message", 1.0, 1e6),
    "chat_written_tokens": ("tokens per message", 1.0, 1e5),
    "reasoning_share": ("1", 0.0001, 0.99),
    "reasoning_growth": ("times per year", 1.0, 20.0),
    "thinking_tokens": ("tokens per answer", 1.0, 1e6),
    "thinking_growth": ("times per year", 1.0, 10.0),
    "api_written_share": ("1", 0.001, 0.9),
    "use_growth_decay": ("1 per year", 0.001, 2.0),
    "active_parameters": ("parameters", 1e8, 1e13),
    "embedded_active_parameters": ("parameters", 1e7, 1e13),
    "flop_per_token_fall": ("times per year", 0.5, 5.0),
    "cached_share": ("1", 0.0, 0.99),
    "agent_cached_share": ("1", 0.0, 0.99),
    "training_utilisation": ("1", 0.05, 0.8),
    "prefill_utilisation": ("1", 0.02, 0.9),
    "decode_utilisation": ("1", 0.001, 0.9),
    "serving_load": ("1", 0.02, 1.0),
    "frontier_share_of_use": ("1", 0.3, 1.0),
    "other_ml_h100e": ("H100e", 0.0, 2e7),
    "other_ml_growth": ("times per year", 1.0, 4.0),
    "supply_growth_decay": ("1 per year", 0.001, 2.0),
    "stock_before_2022_h100e": ("H100e", 1e4, 5e6),
    "available_share": ("1", 0.2, 1.0),
    "years_in_service": ("years", 2.0, 15.0),
    "inference_price_ratio": ("1", 0.1, 3.0),
    "inference_draw_ratio": ("1", 0.1, 2.0),
}

#: Sign of the effect of more of an input on the share of inference after the anchor: of the labs'
#: spend with all research counted, and of the fleet's chips. None where it depends on the rest.
EFFECT: dict[str, tuple[int | None, int | None]] = {
    "largest_run_flop": (-1, -1),
    "run_growth": (-1, -1),
    "final_run_share": (1, 1),
    "chatgpt_users": (1, 1),
    "users_growth": (1, 1),
    "assistants_per_chatgpt_user": (1, 1),
    "messages_per_user_day": (1, 1),
    "messages_growth": (1, 1),
    "api_tokens_per_day": (1, 1),
    "api_growth": (1, 1),
    "embedded_tokens_per_day": (0, 1),
    "embedded_growth": (0, 1),
    "supply_growth": (0, -1),
    "supply_error": (0, -1),
    "usd_per_h100e_hour": (0, 0),
    "price_fall": (0, 0),
    "watts_per_h100e": (0, 0),
    "watts_fall": (0, 0),
    "other_ml_inference_share": (0, 1),
    "lead_share_of_use": (0, 0),
    "run_growth_decay": (1, 1),
    "frontier_developers": (-1, -1),
    "runs_per_year": (-1, -1),
    "typical_run_share": (-1, -1),
    "post_training_ratio": (-1, -1),
    "post_training_growth": (-1, -1),
    "other_training_share": (0, -1),
    "users_cap": (1, 1),
    "reported_token_share": (-1, -1),
    "chat_read_tokens": (1, 1),
    "chat_written_tokens": (1, 1),
    "reasoning_share": (1, 1),
    "reasoning_growth": (1, 1),
    "thinking_tokens": (1, 1),
    "thinking_growth": (1, 1),
    "api_written_share": (None, None),
    "use_growth_decay": (None, None),
    "active_parameters": (1, 1),
    "embedded_active_parameters": (0, 1),
    "flop_per_token_fall": (-1, -1),
    "cached_share": (-1, -1),
    "agent_cached_share": (-1, -1),
    "training_utilisation": (1, 1),
    "prefill_utilisation": (-1, -1),
    "decode_utilisation": (-1, -1),
    "serving_load": (-1, -1),
    "frontier_share_of_use": (1, 0),
    "other_ml_h100e": (0, None),
    "other_ml_growth": (0, None),
    "supply_growth_decay": (0, 1),
    "stock_before_2022_h100e": (0, -1),
    "available_share": (0, -1),
    "years_in_service": (0, -1),
    "inference_price_ratio": (1, 0),
    "inference_draw_ratio": (0, 0),
}


def checked(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs, after refusing what is unknown, missing or out of range.

    Expressions of a reader's page pass: their sliders carry the range.

    Raises
    ------
    ValueError
        Names the input, its value and row, and what is accepted.
    """
    unknown = sorted(set(inputs) - set(ACCEPTED))
    missing = sorted(set(ACCEPTED) - set(inputs))
    if unknown or missing:
        raise ValueError(
            f"inputs: unknown {unknown}, missing {missing}; accepted: {', '.join(ACCEPTED)}"
        )
    found: dict[str, Any] = {}
    for name, (unit, least, most) in ACCEPTED.items():
        value = inputs[name]
        if not _is_expression(value):
            numbers = _numbers(name, value)
            bad = ~((numbers >= least) & (numbers <= most))
            if np.any(bad):
                row = int(np.flatnonzero(bad.ravel())[0])
                raise ValueError(
                    f"{name}, row {row}: {float(numbers.ravel()[row])!r} is not accepted; "
                    f"accepted: {least:g} to {most:g} {unit}"
                )
            value = numbers if numbers.ndim else float(numbers)
        found[name] = value
    return found


def _is_expression(value: Any) -> bool:
    """Whether it is a parameter or expression of a chart."""
    return type(value).__module__.split(".")[0] == "altair"


def _numbers(name: str, value: Any) -> np.ndarray:
    accepted = "accepted: a number, or an array of shape (n, 1), a scenario a row"
    if not isinstance(value, (int, float, np.generic, np.ndarray)) or isinstance(value, bool):
        raise ValueError(f"{name}: {type(value).__name__} is not accepted; {accepted}")
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "iuf":
        raise ValueError(f"{name}: an array of {numbers.dtype} is not accepted; {accepted}")
    if numbers.ndim and (numbers.ndim != 2 or numbers.shape[1] != 1 or not numbers.size):
        raise ValueError(f"{name}: an array of shape {numbers.shape} is not accepted; {accepted}")
    return numbers.astype(np.float64)


def checked_times(times: Any) -> Any:
    """Times, after refusing what the model does not hold for: it is of 2019 to 2030.

    Raises
    ------
    ValueError
        Where a time is not a finite number from 2010 to 2031; names it.
    """
    if _is_expression(times):
        return times
    values = np.atleast_1d(np.asarray(times, dtype=np.float64))
    bad = ~((values >= FIRST_TIME) & (values <= LAST_TIME))
    if values.ndim != 1 or not values.size or bad.any():
        wrong = float(values[bad][0]) if bad.any() else f"shape {values.shape}"
        raise ValueError(
            f"times: {wrong!r} is not accepted; accepted: one axis of decimal years from "
            f"{FIRST_TIME:g} to {LAST_TIME:g}"
        )
    return values
