"""Inputs of the model in a few words, and their values and ranges."""

from __future__ import annotations

from collections.abc import Mapping

from analysis import wording
from analysis.demand import known
from analysis.demand.inputs import ACCEPTED

#: Inputs in a few words.
NAMES: Mapping[str, str] = {
    "largest_run_flop": "size of the largest run",
    "run_growth": "growth of the largest run",
    "final_run_share": "share of final runs",
    "chatgpt_users": "ChatGPT's users",
    "users_growth": "growth of users",
    "assistants_per_chatgpt_user": "all assistants per ChatGPT",
    "messages_per_user_day": "messages per user",
    "messages_growth": "growth of messages per user",
    "api_tokens_per_day": "programs' tokens",
    "api_growth": "growth of programs' tokens",
    "embedded_tokens_per_day": "products' tokens",
    "embedded_growth": "growth of products' tokens",
    "supply_growth": "growth of chips sold",
    "supply_error": "error of chips sold",
    "other_ml_inference_share": "inference in older ML",
    "run_growth_decay": "slowing of runs",
    "frontier_developers": "frontier developers",
    "runs_per_year": "runs per developer",
    "typical_run_share": "typical run over largest",
    "post_training_ratio": "post-training ratio",
    "post_training_growth": "growth of post-training",
    "other_training_share": "others' training",
    "users_cap": "users in the end",
    "reported_token_share": "tokens that firms count",
    "chat_read_tokens": "tokens read per message",
    "chat_written_tokens": "tokens per plain answer",
    "reasoning_share": "answers that think",
    "reasoning_growth": "growth of their odds",
    "thinking_tokens": "tokens of thinking",
    "thinking_growth": "growth of thinking",
    "api_written_share": "written share, programs",
    "use_growth_decay": "slowing of use",
    "active_parameters": "model size in serving",
    "embedded_active_parameters": "model size in products",
    "flop_per_token_fall": "fall of FLOP per token",
    "cached_share": "cached tokens, assistants",
    "agent_cached_share": "cached tokens, programs",
    "training_utilisation": "utilisation in training",
    "prefill_utilisation": "utilisation in reading",
    "decode_utilisation": "utilisation in writing",
    "serving_load": "load of serving chips",
    "frontier_share_of_use": "labs' part of use",
    "other_ml_h100e": "chips of older ML",
    "other_ml_growth": "growth of older ML",
    "supply_growth_decay": "slowing of chips sold",
    "stock_before_2022_h100e": "chips of before 2022",
    "available_share": "chips that work",
    "years_in_service": "years in service",
    "inference_price_ratio": "price of serving chips",
}
#: Sets of inputs that vary together, by one of them.
_PARTS: Mapping[str, str] = {
    "run_growth": "the largest run and its growth",
    "run_growth_decay": "how soon runs stop growing",
    "use_growth_decay": "programs' use and its slowing",
    "api_growth": "programs' and products' use",
    "thinking_growth": "how fast thinking spreads",
    "active_parameters": "model size and utilisation",
    "users_growth": "users and their growth",
    "messages_growth": "messages per user",
}
#: Names that are cut short beside a plot, in full.
_IN_SENTENCES: Mapping[str, str] = {"typical_run_share": "typical run over the largest"}


def part_name(part: str) -> str:
    """Inputs that vary together, in words; `part` joins their ids as `SobolIndices` does."""
    members = part.split(" + ")
    if len(members) == 1:
        return NAMES[part]
    named = [name for key, name in _PARTS.items() if key in members]
    return named[0] if named else ", ".join(NAMES[member] for member in members)


def part_words(part: str) -> str:
    """The same inside a sentence."""
    name = part_name(part)
    return name if " + " in part else f"the {_IN_SENTENCES.get(part, name)}"


def value_words(name: str, value: float, *, brief: bool = False) -> str:
    """A value of an input; with its unit where it needs one, unless in brief."""
    unit, _, most = ACCEPTED[name]
    if unit == "times per year":
        return wording.digits(value) + ("" if brief else " times a year")
    if unit == "1 per year":
        return wording.percent(value) + ("" if brief else " a year")
    if unit == "1" and most <= 1:
        return wording.percent(value)
    if value >= 1e16:
        return wording.power(value)
    return wording.count(value) if value >= 1e6 else wording.digits(value)


def range_words(name: str) -> str:
    """5th to 95th percentile of an input, a common ending said once."""
    (record,) = (record for record in known.records() if record.id == name)
    low, high = (value_words(name, end) for end in (record.low, record.high))
    _, _, ending = high.partition(" ")
    if ending and low.endswith(f" {ending}") and "×" not in high:
        low = low.removesuffix(f" {ending}")
    return wording.span(low, high)
