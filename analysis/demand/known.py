"""What the catalogue knows of demand: chips sold, drivers, inputs, and observed levels."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.assumptions import Assumption
from analysis.demand import drivers as driver_model
from analysis.demand import evidence as ev
from analysis.demand.driver_use import API_SERIES, EMBEDDED_SERIES, GOOGLE_API
from analysis.demand.growth_paths import LogPath
from analysis.demand.hindcast import SHARE
from analysis.demand.inputs import ACCEPTED, DRIVERS
from analysis.demand.model import ANCHOR, Known
from analysis.demand.published_splits import observations
from analysis.demand.scenarios import CORRELATIONS
from analysis.hardware.named import chips
from analysis.scaling_laws.growth import dated_runs
from analysis.scaling_laws.trends import decimal_years

H100 = "h100_sxm"
LABS = (
    "OpenAI", "Anthropic", "Google DeepMind", "Meta Superintelligence Labs", "SpaceXAI",
)  # fmt: skip
#: First quarter of the counts of chips.
_FIRST_COUNT = "2022Q1"
_TABLES = (
    "token_volumes", "query_volumes", "chip_supply", "gpu_rental_prices", "training_runs",
    "compute_splits", "lab_accounts", "programme_compute", "growth_rates", "peer_projections",
)  # fmt: skip
LEVELS = ["quantity", "scope", "unit", "year", "value", "low", "high", "kind", "source_id"]
_FIRST_RUNS = 2019
#: Drivers of use, whose past forecasts missed more often than they said.
WIDENED = (
    "chatgpt_users", "users_growth", "messages_per_user_day", "messages_growth",
    "api_tokens_per_day", "api_growth", "embedded_tokens_per_day", "embedded_growth",
)  # fmt: skip


@lru_cache(maxsize=1)
def evidence() -> ev.Evidence:
    """All rows that drivers are computed from."""
    volumes = catalog.load("token_volumes")
    messages = published("query_volumes")
    messages = messages[messages["metric"] == "messages_per_day"].assign(entity=ev.LEAD_LAB)
    kept = [name for name in volumes.columns if name in messages]
    peers = catalog.load("peer_projections")
    return ev.Evidence(
        volumes=pd.concat([volumes, messages[kept]], ignore_index=True),
        supply=catalog.load("chip_supply"),
        rents=catalog.load("gpu_rental_prices"),
        runs=catalog.load("training_runs"),
        splits=catalog.load("compute_splits"),
        accounts=catalog.load("lab_accounts"),
        programme=published("programme_compute"),
        trends=published("growth_rates"),
        in_use=peers[peers["quantity"] == "lab_compute_in_use"],
    )


def published(table: str) -> pd.DataFrame:
    """A table with the date of each row's source as ``published``."""
    sources = catalog.load(catalog.SOURCES)
    dates = dict(zip(sources["source_id"], sources["date"], strict=True))
    rows = catalog.load(table)
    return rows.assign(published=rows["source_id"].map(dates))


def anchor_of(as_of: str | float | None) -> float:
    """The anchor of the levels: the model's today, or the middle of the year that ends."""
    return ANCHOR if as_of is None else float(np.floor(ev.decimal_year(as_of) - 1e-9)) + 0.5


def date_of(as_of: str | float | None) -> float:
    """A date, by default that of the edition, in decimal years."""
    return ev.decimal_year(catalog.as_of() if as_of is None else as_of)


@lru_cache(maxsize=8)
def known(as_of: str | float | None = None) -> Known:
    """Chips sold by the last year end at or before a date; by default by the edition's date."""
    supply = evidence().until(date_of(as_of)).supply
    sold = ev.sold_by_year_end(supply).groupby("year")["value"].sum()
    first = supply[(supply["metric"] == "cumulative_compute") & (supply["period"] == _FIRST_COUNT)]
    sold.loc[float(first["year"].iloc[0])] = float(first["value"].sum())
    sold = sold.sort_index()
    return Known(
        h100_flop_per_s=chips()[H100].bf16_flop_per_s,
        sold_h100e=LogPath(tuple(map(float, sold.index)), tuple(map(float, sold))),
    )


def assumed_records() -> dict[str, Assumption]:
    """What drivers take as assumed, by id."""
    both = (*assumptions.for_topic("hardware"), *assumptions.for_topic("demand"))
    return {record.id: record for record in both}


@lru_cache(maxsize=8)
def driver_records(
    as_of: str | float | None = None, anchor: float | None = None
) -> tuple[Assumption, ...]:
    """The drivers from the evidence dated up to a date.

    Parameters
    ----------
    as_of : str or float, optional
        Date; by default the edition's.
    anchor : float, optional
        Decimal year of the levels; by default `anchor_of` the date.
    """
    at = anchor_of(as_of) if anchor is None else anchor
    return driver_model.drivers(evidence(), assumed_records(), as_of=date_of(as_of), anchor=at)


@lru_cache(maxsize=8)
def _correlations(as_of: str | float | None, anchor: float) -> dict[tuple[str, str], float]:
    return driver_model.driver_correlations(
        evidence(), assumed_records(), as_of=date_of(as_of), anchor=anchor
    )


def driver_correlations(
    as_of: str | float | None = None, anchor: float | None = None
) -> dict[tuple[str, str], float]:
    """Correlations of the drivers of `driver_records`."""
    return dict(_correlations(as_of, anchor_of(as_of) if anchor is None else anchor))


def records(
    as_of: str | float | None = None, anchor: float | None = None
) -> tuple[Assumption, ...]:
    """Every input of the model as a record: the drivers, then the assumptions.

    Today's drivers of use are wider than their regressions say, by what the hindcast taught
    (`use_widening`); those of a past date stand as they came out.
    """
    found = driver_records(as_of, anchor)
    if as_of is None:
        factor = assumptions.get("use_widening").central
        found = tuple(
            driver_model.widened(record, factor) if record.id in WIDENED else record
            for record in found
        )
    chosen = [a for a in assumptions.for_topic("demand") if a.id in ACCEPTED]
    return (*found, *(a for a in chosen if a.id not in DRIVERS))


def correlations() -> dict[frozenset[str], float]:
    """Correlations of the inputs: those we hold, and those of the drivers' regressions."""
    fitted = {frozenset(pair): rho for pair, rho in driver_correlations().items()}
    return {**fitted, **CORRELATIONS}


def inputs(as_of: str | float | None = None, **changes: Any) -> dict[str, Any]:
    """Central values of every input of the model, with changes.

    Assumptions are those of the model's own anchor; at a past date see `hindcast.reanchored`.

    Raises
    ------
    ValueError
        Where a change names no input.
    """
    unknown = sorted(set(changes) - set(ACCEPTED))
    if unknown:
        raise ValueError(f"inputs: {unknown} are not known; accepted: {', '.join(ACCEPTED)}")
    return {record.id: record.central for record in records(as_of)} | changes


def observed_levels() -> pd.DataFrame:
    """What was observed, on the axes of the model.

    Returns
    -------
    pandas.DataFrame
        ``quantity`` (of `hindcast.PREDICTED`, or a share by definition), ``scope``, ``unit``,
        ``year`` (decimal; yearly totals at mid-year), ``value``, ``low``, ``high`` (5th and 95th
        percentile, or least and most reading; NaN where there is one), ``kind``, ``source_id``
        (several joined by a space), by quantity, scope and year.
    """
    return _observed().copy()


@lru_cache(maxsize=1)
def _observed() -> pd.DataFrame:
    rows = evidence()
    parts = [
        _sold(rows), _in_use(rows), _capacity(rows), _runs(rows), _users(rows), _tokens(rows),
        _spend(rows), _shares(),
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)[LEVELS]
    table = table.sort_values(["quantity", "scope", "year"], ignore_index=True)
    table.attrs["tables"] = _TABLES
    return table


def levels_of(
    rows: pd.DataFrame, quantity: str, scope: str, unit: str, **columns: Any
) -> pd.DataFrame:
    """Rows as levels of one quantity, without a range where they have none or one reading."""
    empty = {name: np.nan for name in ("low", "high") if name not in rows and name not in columns}
    found = rows.assign(quantity=quantity, scope=scope, unit=unit, **columns, **empty)
    single = found["low"] == found["high"]
    return found.assign(low=found["low"].mask(single), high=found["high"].mask(single))


def _sold(rows: ev.Evidence) -> pd.DataFrame:
    supply = rows.until(date_of(None)).supply
    sums = ev.sold_by_year_end(supply).groupby("year")[["value", "low", "high"]].sum().reset_index()
    source = " ".join(dict.fromkeys(supply["source_id"]))
    return levels_of(sums, "sold_h100e", "fleet", "H100e", kind="estimate", source_id=source)


def _in_use(rows: ev.Evidence) -> pd.DataFrame:
    use = rows.in_use[["entity", "year", "value", "low", "high", "kind", "source_id"]].copy()
    use[["value", "low", "high"]] *= 1e6
    use["year"] += 1.0
    lead = levels_of(use[use["entity"] == ev.LEAD_LAB], "h100e_in_use", "lead_lab", "H100e")
    # Sums of the 5th and 95th percentiles: the labs' errors of one sign.
    complete = use.groupby("year")["entity"].transform(lambda names: {*LABS} <= {*names})
    sums = use[complete & use["entity"].isin(LABS)].groupby("year", as_index=False).agg(
        {"value": "sum", "low": "sum", "high": "sum", "kind": "first", "source_id": "first"}
    )  # fmt: skip
    return pd.concat([lead, levels_of(sums, "h100e_in_use", "labs", "H100e")])


def _capacity(rows: ev.Evidence) -> pd.DataFrame:
    own = rows.accounts[
        (rows.accounts["lab"] == ev.LEAD_LAB)
        & (rows.accounts["metric"] == "compute_capacity")
        & (rows.accounts["kind"] != "forecast")
    ]
    own = own.assign(value=own["value"] * 1e9, year=own["year"] + 1.0)
    return levels_of(own, "power_w", "lead_lab", "W")


def _runs(rows: ev.Evidence) -> pd.DataFrame:
    runs = dated_runs(rows.runs)
    runs = runs.assign(year=decimal_years(runs["release_date"].tolist()))
    runs = runs[runs["year"] >= _FIRST_RUNS].assign(of=np.floor(runs["year"]))
    largest = runs.loc[runs.groupby("of")["training_flop"].idxmax()]
    # Who told of runs before does not tell of those since, so later years hold no largest run.
    largest = largest[largest["of"] <= np.floor(ANCHOR)]
    named = {"training_flop": "value", "flop_low": "low", "flop_high": "high"}
    return levels_of(largest.rename(columns=named), "largest_run_flop", "fleet", "FLOP")


def _users(rows: ev.Evidence) -> pd.DataFrame:
    users = ev.counts_of(rows.volumes, ev.LEAD_LAB, "ChatGPT", "weekly_active_users")
    said = ev.counts_of(rows.volumes, ev.LEAD_LAB, "ChatGPT", "messages_per_day")
    return pd.concat(
        [
            levels_of(users, "chatgpt_users", "lead_lab", "people a week"),
            levels_of(said, "chatgpt_messages_per_day", "lead_lab", "messages a day"),
        ]
    )


def _tokens(rows: ev.Evidence) -> pd.DataFrame:
    """Sums of firms' counts where each is known at the time, between its counts if need be."""
    google, openai = (ev.tokens_of(rows.volumes, *name) for name in (GOOGLE_API, API_SERIES[0]))
    products, doubao = (ev.tokens_of(rows.volumes, *name) for name in EMBEDDED_SERIES)
    api = _sum(openai, google)
    embedded = _sum(products, doubao)
    own = _between(google, embedded["year"])
    embedded["value"] -= np.where(np.isnan(own), 0.0, own)
    return pd.concat(
        [
            levels_of(api, "api_tokens_per_day", "fleet", "tokens a day"),
            levels_of(embedded, "embedded_tokens_per_day", "fleet", "tokens a day"),
        ]
    )


_SLACK_YEARS = 0.1


def _between(rows: pd.DataFrame, years: pd.Series) -> np.ndarray:
    """Values on straight lines in the logarithm between counts; NaN away from them."""
    at = np.exp(np.interp(years, rows["year"], np.log(rows["value"])))
    first, last = rows["year"].min() - _SLACK_YEARS, rows["year"].max() + _SLACK_YEARS
    return np.where((years >= first) & (years <= last), at, np.nan)


def _sum(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The counts of one series plus the other at the same times."""
    added = _between(other, one["year"])
    kept = one.assign(value=one["value"] + added, kind="derived")
    kept["source_id"] = kept["source_id"] + " " + " ".join(dict.fromkeys(other["source_id"]))
    return kept[np.isfinite(added)]


def _spend(rows: ev.Evidence) -> pd.DataFrame:
    spend = ev.compute_spend(rows.splits)
    own = rows.splits[rows.splits["entity"] == ev.LEAD_LAB]
    told = own.groupby("year")["source_id"].agg(lambda ids: " ".join(dict.fromkeys(ids)))
    spend = spend.assign(source_id=spend["year"].map(told), year=spend["year"] + 0.5)
    parts = [
        levels_of(
            spend[spend["metric"] == metric], f"{metric}_usd", "lead_lab", "USD", kind="derived"
        )
        for metric, rows_of in spend.groupby("metric")
    ]
    return pd.concat(parts)


def _shares() -> pd.DataFrame:
    """OpenAI's shares of past years by definition: mean log odds, least and most reading."""
    rows = observations()
    rows = rows[
        rows["comparable"] & ~rows["ahead"] & (rows["scope_kind"] == "lead_lab")
        & (rows["bound"] == "") & ~rows["unit_unclear"] & (rows["denominator"] != "unclear")
    ]  # fmt: skip
    rows = rows.assign(odds=np.log(rows["value"] / (1 - rows["value"])))
    grouped = rows.groupby(["year", "unit", "denominator"])
    found = grouped.agg(
        odds=("odds", "mean"), low=("value", "min"), high=("value", "max"),
        source_id=("source_id", lambda ids: " ".join(dict.fromkeys(ids))),
    ).reset_index()  # fmt: skip
    names = [f"{SHARE}_{u}_{d}" for u, d in zip(found["unit"], found["denominator"], strict=True)]
    found = found.assign(value=1 / (1 + np.exp(-found["odds"])), year=found["year"] + 0.5)
    return levels_of(found, "", "lead_lab", "1", kind="derived").assign(quantity=names)
