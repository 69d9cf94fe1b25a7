"""Others' splits in words: one year under two definitions, the ledger, the model against it."""

from __future__ import annotations

import pandas as pd

from analysis.demand.findings import ledger
from analysis.demand.published_splits import observations
from analysis.uncertainty import Interval
from analysis.wording import digits, percent, span


def numbers() -> dict[str, str]:
    """Every number of the ledger and of what it says of the model, formatted."""
    return {**_accounts(), **_ledger(), **_against()}


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _ends(row: pd.Series, of: str) -> str:
    return span(percent(float(row[f"{of}_low"])), percent(float(row[f"{of}_high"])))


def _accounts() -> dict[str, str]:
    first, azure = ledger.ACCOUNTS_2024
    (final,) = ledger.printed_accounts(2024, "final_runs")
    rows = ledger.accounts()
    same = rows[rows["split_id"] == first]
    later = rows[(rows["year"] == 2025) & (rows["unit"] == "spend")]
    against_final = later[later["denominator"] == "final_runs"]
    least, middle, most = ledger.printed_accounts(2025)
    shares = {
        f"ledger_openai_2024_{unit}_{name}": _percents(ledger.account(first, unit, denominator))
        for unit in ("chips", "power", "flop")
        for name, denominator in (("rnd_span", "rnd"), ("final_span", "final_runs"))
    }
    return {
        "ledger_openai_2024_rnd": percent(ledger.account(first).central),
        "ledger_openai_2024_final": percent(final),
        "ledger_openai_2024_azure": percent(ledger.account(azure).central),
        "ledger_openai_2024_any_span": span(
            percent(same["share"].min()), percent(same["share"].max())
        ),
        "ledger_openai_2025_least": percent(least),
        "ledger_openai_2025_middle": percent(middle),
        "ledger_openai_2025_most": percent(most),
        "ledger_openai_2025_final_span": span(
            percent(against_final["low"].min()), percent(against_final["high"].max())
        ),
        **shares,
    }


def _ledger() -> dict[str, str]:
    rows = ledger.on_one_definition()
    unclear = rows[rows["denominator"] == "unclear"]
    wide = 100 * float((unclear["high_as"] - unclear["low_as"]).median())
    before, after = ledger.spread(2024), ledger.spread(2025)
    return {
        "ledger_rows": str(len(observations())),
        "ledger_comparable": str(len(rows)),
        "ledger_left_out": str(len(ledger.left_out())),
        "ledger_measured": str(int((rows["kind"] == "measured").sum())),
        "ledger_unclear": str(len(unclear)),
        "ledger_unclear_points": digits(wide),
        "ledger_2024_printed_span": _ends(before, "printed"),
        "ledger_2024_chips_span": _ends(before, "as"),
        "ledger_2025_printed_span": _ends(after, "printed"),
        "ledger_2025_chips_span": _ends(after, "as"),
        "ledger_2024_printed_points": digits(100 * before["printed"]),
        "ledger_2024_chips_points": digits(100 * before["converted"]),
        "ledger_2025_printed_points": digits(100 * after["printed"]),
        "ledger_2025_chips_points": digits(100 * after["converted"]),
    }  # fmt: skip


def _against() -> dict[str, str]:
    count = ledger.verdicts()
    alone = ledger.independent()
    rows = ledger.against_model()
    once = rows[rows["first_reading"]]
    outside = int(count[ledger.OUTSIDE])
    return {
        "ledger_told": str(int(count.sum())),
        "ledger_inside": str(int(count.sum()) - outside),
        "ledger_inside_one_reading": str(int(count[ledger.ONE_READING])),
        "ledger_outside": str(outside),
        "ledger_above": str(ledger.above()),
        "ledger_below": str(outside - ledger.above()),
        "ledger_independent": str(len(alone)),
        "ledger_independent_inside": str(int((alone["verdict"] != ledger.OUTSIDE).sum())),
        "ledger_interval_points": digits(100 * float((once["high"] - once["low"]).median())),
        "ledger_outside_list": outside_list(),
    }


def outside_list() -> str:
    """The splits outside the model's interval with the reason, as a list of a page."""
    lines = []
    for row in ledger.outside().to_dict("records"):
        author = row["measured_by"].split(" (")[0]
        who = author if row["entity"] == "world" else f"{row['entity']} ({author})"
        only = ", final runs only" if row["denominator"] == "final_runs" else ""
        share = f"{percent(row['share'])} against {span(percent(row['low']), percent(row['high']))}"
        lines.append(f"- {who}, of {row['year']}{only}: {share}; {row['reason']}.")
    return "\n".join(lines)
