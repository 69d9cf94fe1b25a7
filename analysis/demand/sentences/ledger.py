"""Others' splits in words: one year under two definitions, the ledger, the model against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.demand.findings import ledger
from analysis.demand.published_splits import observations
from analysis.demand.sentences.percents import percent
from analysis.wording import digits, span


def numbers() -> dict[str, str]:
    """Every number of the ledger and of what it says of the model, formatted."""
    return {**_accounts(), **_ledger(), **_against()}


def _ends(row: pd.Series, of: str) -> str:
    return span(percent(float(row[f"{of}_low"])), percent(float(row[f"{of}_high"])))


def _accounts() -> dict[str, str]:
    first, azure = ledger.ACCOUNTS_2024
    (final,) = ledger.printed_accounts(2024, "final_runs")
    least, middle, most = ledger.printed_accounts(2025)
    return {
        "ledger_openai_2024_rnd": percent(ledger.account(first).central),
        "ledger_openai_2024_final": percent(final),
        "ledger_openai_2024_azure": percent(ledger.account(azure).central),
        "ledger_openai_2025_least": percent(least),
        "ledger_openai_2025_middle": percent(middle),
        "ledger_openai_2025_most": percent(most),
    }


def _ledger() -> dict[str, str]:
    rows = ledger.on_one_definition()
    unclear = rows[rows["denominator"] == "unclear"]
    wide = 100 * float((unclear["high_as"] - unclear["low_as"]).median())
    spread = ledger.spread(2024)
    return {
        "ledger_rows": str(len(observations())),
        "ledger_comparable": str(len(rows)),
        "ledger_measured": str(int((rows["kind"] == "measured").sum())),
        "ledger_unclear": str(len(unclear)),
        "ledger_unclear_points": digits(wide),
        "ledger_2024_printed_span": _ends(spread, "printed"),
        "ledger_2024_chips_span": _ends(spread, "as"),
    }


def _against() -> dict[str, str]:
    count = ledger.verdicts()
    alone = ledger.independent()
    return {
        "ledger_told": str(int(count.sum())),
        "ledger_inside_every_reading": str(int(count[ledger.INSIDE])),
        "ledger_inside_one_reading": str(int(count[ledger.ONE_READING])),
        "ledger_outside": str(int(count[ledger.OUTSIDE])),
        "ledger_above": str(ledger.above()),
        "ledger_independent": str(len(alone)),
        "ledger_independent_inside": str(int((alone["verdict"] != ledger.OUTSIDE).sum())),
        "ledger_independent_every_reading": str(int((alone["verdict"] == ledger.INSIDE).sum())),
        "ledger_outside_list": outside_list(),
        "ledger_left_out_list": left_out_list(),
    }


_MOST_DIGITS = 6


def _who(row: Mapping[str, Any]) -> str:
    """Whom a split is about, unless its author's name says so, and who tells it."""
    author = row["measured_by"].split(" (")[0]
    named = row["entity"] == "world" or author.startswith(row["entity"])
    return author if named else f"{row['entity']} ({author})"


def _only(row: Mapping[str, Any]) -> str:
    return ", final runs only" if row["denominator"] == "final_runs" else ""


def apart(share: float, low: float, high: float) -> tuple[str, str, str]:
    """A share and the ends of an interval, with digits enough to tell the share from either."""
    for significant in range(2, _MOST_DIGITS):
        said, *ends = (percent(value, significant) for value in (share, low, high))
        if said not in ends:
            break
    return said, ends[0], ends[1]


def outside_list() -> str:
    """The splits outside the model's interval with the reason, as a list of a page."""
    lines = []
    for row in ledger.outside().to_dict("records"):
        share, low, high = apart(row["share"], row["low"], row["high"])
        lines.append(
            f"- {_who(row)}, of {row['year']}{_only(row)}: {share} against {span(low, high)}; "
            f"{row['reason']}."
        )
    return "\n".join(lines)


_BOUND_WORDS = {"": "", "lower": "at least ", "upper": "at most "}


def left_out_list() -> str:
    """The splits that are not compared with the reason, by year, as a list of a page."""
    return "\n".join(
        f"- {row['year']}, {_who(row)}{_only(row)}: "
        f"{_BOUND_WORDS[row['bound']]}{percent(row['value'])}; {row['reason']}."
        for row in ledger.left_out().to_dict("records")
    )
