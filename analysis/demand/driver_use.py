"""Drivers of use: people, messages, tokens, and who serves them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.demand import evidence as ev
from analysis.demand.definitions import Definition, Factors, convert_share
from analysis.demand.driver_context import Context, recent
from analysis.demand.growth_paths import slowed_years
from analysis.demand.local_growth import LocalGrowth, local_growth, saturating_growth

#: Programs that call models, by firm and product, as the firms count them.
API_SERIES = (
    ("OpenAI", "API"),
    ("Google", "Gemini API"),
    ("Microsoft", "Foundry APIs"),
    ("Together AI", "open-model inference"),
)
#: Counts of all products of a firm; Google's holds its API, which is taken out.
EMBEDDED_SERIES = (("Google", "all AI products"), ("ByteDance", "Doubao"))
GOOGLE_API = ("Google", "Gemini API")


def of_people(c: Context) -> None:
    by_messages, by_users = _assistants(c.rows.volumes)
    if by_messages is None:
        ratio = (1.1, 1.3, 2.0)
        told = "Prior: no count of other assistants by then; ChatGPT has most of the use."
    else:
        ratio = (1 + (by_messages - 1) / 2, by_messages, max(by_users, by_messages * 1.1))
        told = (
            f"All assistants over ChatGPT in Google's exhibit: {by_messages:.2f} by messages, "
            f"{by_users:.2f} by daily users, the upper end (token_volumes)."
        )
    c.put("assistants_per_chatgpt_user", *ratio, reason=told, shape="triangular")
    users = recent(ev.counts_of(c.rows.volumes, ev.LEAD_LAB, "ChatGPT", "weekly_active_users"))
    cap = c.central("users_cap") / c.found["assistants_per_chatgpt_user"].central
    fit, _ = saturating_growth(users["year"], users["value"], anchor=c.anchor, cap=cap)
    c.put_fit(
        ("chatgpt_users", "users_growth"), fit,
        f"Weekly users on a Gompertz curve to their share of users_cap (token_volumes; "
        f"{c.told_later(users)} told later)",
    )  # fmt: skip
    messages = recent(ev.messages_per_user(c.rows.volumes))
    if len(set(messages["year"])) < 2:
        c.put(
            "messages_per_user_day", 1.0, 3.0, 9.0,
            "Prior: no count by then; a few a day, within a factor of three.",
        )  # fmt: skip
        c.put(
            "messages_growth", 0.8, 1.2, 1.8,
            "Prior: no count by then; rather more than fewer.",
        )  # fmt: skip
        return
    fit = local_growth(
        messages["year"], messages["value"], anchor=c.anchor, decay=c.central("use_growth_decay")
    )
    c.put_fit(
        ("messages_per_user_day", "messages_growth"), fit,
        f"Messages over weekly users at the same time ({c.told_later(messages)} told later)",
    )  # fmt: skip


def _assistants(volumes: pd.DataFrame) -> tuple[float | None, float]:
    """Messages and daily users of all assistants over those of ChatGPT, on one date."""
    rows = volumes[
        volumes["metric"].isin(["messages_per_day", "daily_active_users"])
        & (volumes["kind"] == "estimate")
        & (volumes["year_of_row"] >= 0)
    ]
    table = rows.pivot_table(index="product", columns="metric", values="value")
    if len(table) < 3 or "ChatGPT" not in table.index:
        return None, math.nan
    over = table.sum() / table.loc["ChatGPT"]
    return float(over["messages_per_day"]), float(over["daily_active_users"])


def of_tokens(c: Context) -> None:
    decay = c.central("use_growth_decay")
    growth = c.found["users_growth"].central * c.found["messages_growth"].central
    api = _series(c, API_SERIES)
    fit = _panel(api, c, decay)
    if fit is None:
        _prior_tokens(c, "api", growth)
    else:
        c.put_fit(
            ("api_tokens_per_day", "api_growth"), fit,
            f"Sum of {', '.join(dict.fromkeys(api['series']))}, one growth (token_volumes)",
        )  # fmt: skip
    embedded = _series(c, EMBEDDED_SERIES)
    if fit is not None:
        google = fit.levels[" ".join(GOOGLE_API)] * fit.growth ** slowed_years(
            embedded["year"].to_numpy() - c.anchor, decay
        )
        mine = (embedded["series"] == " ".join(EMBEDDED_SERIES[0])).to_numpy()
        embedded = embedded.assign(value=embedded["value"] - np.where(mine, google, 0.0))
    both = _panel(embedded, c, decay)
    if both is not None:
        c.put_fit(
            ("embedded_tokens_per_day", "embedded_growth"), both,
            "Sum of Google's products without its API and of Doubao, one growth (token_volumes)",
        )  # fmt: skip
    else:
        _prior_tokens(c, "embedded", growth, embedded)


def _series(c: Context, names: Sequence[tuple[str, str]]) -> pd.DataFrame:
    parts = [ev.tokens_of(c.rows.volumes, *name).assign(series=" ".join(name)) for name in names]
    return recent(pd.concat(parts, ignore_index=True))


def _panel(rows: pd.DataFrame, c: Context, decay: float) -> LocalGrowth | None:
    if rows.empty or not rows.drop_duplicates(["series", "year"])["series"].duplicated().any():
        return None
    return local_growth(
        rows["year"], rows["value"], anchor=c.anchor, decay=decay, series=rows["series"].tolist()
    )


def _prior_tokens(c: Context, kind: str, growth: float, rows: pd.DataFrame | None = None) -> None:
    c.put(
        f"{kind}_growth", growth / 3, growth, growth * 3,
        "Prior: no series of counts by then; as assistants' messages, within a factor of three.",
    )  # fmt: skip
    if rows is not None and len(rows):
        moved = slowed_years(rows["year"].to_numpy() - c.anchor, c.central("use_growth_decay"))
        level = float((rows["value"].to_numpy() / growth**moved).sum())
        reason = f"{len(rows)} counts (token_volumes), moved to the anchor by a prior growth."
        c.put(f"{kind}_tokens_per_day", level / 1.5, level, level * 1.5, reason)
        return
    each = c.central("chat_read_tokens") + c.central("chat_written_tokens")
    names = ("chatgpt_users", "assistants_per_chatgpt_user", "messages_per_user_day")
    level = 0.1 * each * math.prod(c.found[name].central for name in names)
    c.put(
        f"{kind}_tokens_per_day", level / 10, level, level * 10,
        "Prior: no count by then; a tenth of assistants' tokens, within a factor of ten.",
    )  # fmt: skip


def of_shares(c: Context) -> None:
    rows = c.rows.splits
    rows = rows[(rows["metric"] == "inference_share") & (rows["rnd_in_denominator"] == "yes")]
    rows = rows[rows["entity"].isin(["Google", "Meta"]) & (rows["kind"] == "measured")]
    whole = rows["scope"].str.startswith(("all ", "AI infrastructure"))
    if not whole.any() or whole.all():
        raise ValueError(
            f"compute_splits: {int(whole.sum())} of {len(rows)} rows of Google and Meta are of "
            "the whole firm; accepted: some, and some of single models"
        )
    # The splits are of energy and power; the model's is of chips, which draw less while serving.
    links = Factors(1.0, 1.0, c.central("inference_draw_ratio"), 1.0)
    power, chips = Definition("power", "rnd"), Definition("chips", "rnd")
    central, parts = (
        float(convert_share(float(rows[of]["value"].mean()), power, chips, links))
        for of in (whole, ~whole)
    )
    c.put(
        "other_ml_inference_share", parts, central, min(2 * central - parts, 0.95),
        f"Mean of Google and Meta in 2021, {central:.2f} of the chips by {power.unit} and "
        f"inference_draw_ratio; Meta's single models, {parts:.2f}, are the lower end "
        "(compute_splits).",
        "triangular",
    )  # fmt: skip
    chat = c.found["assistants_per_chatgpt_user"]
    api = _panel(_series(c, API_SERIES), c, c.central("use_growth_decay"))
    if api is None or chat.reason.startswith("Prior"):
        c.put(
            "lead_share_of_use", 0.3, 0.5, 0.65,
            "Prior: no count of the others by then; most of the chat, less of the rest.",
            "triangular",
        )  # fmt: skip
        return
    messages = 1 / chat.central
    programs = api.levels[" ".join(API_SERIES[0])] / api.level * c.central("reported_token_share")
    middle, quarter = (messages + programs) / 2, abs(messages - programs) / 4
    c.put(
        "lead_share_of_use", middle - quarter, middle, middle + quarter,
        f"Between its share of assistants' messages, {messages:.2f}, and of what programs call "
        f"for, {programs:.2f} (token_volumes, reported_token_share); half-way to either is the "
        "spread.",
        "triangular",
    )  # fmt: skip
