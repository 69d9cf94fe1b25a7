"""Forecasts of others, each once, held against what came and against our projection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.demand import known
from analysis.demand.closure import rationed
from analysis.demand.definitions import Definition
from analysis.demand.findings import projection
from analysis.demand.findings.hindcast import BOTH, INFERENCE, LEVEL, TRAINING, scored, shown
from analysis.demand.findings.ledger import MODEL_SCOPE
from analysis.demand.model import Projection, project_inputs
from analysis.demand.peer_forecasts import forecasts, settled
from analysis.demand.peer_scores import peer_scores
from analysis.demand.published_splits import crossover_observations, observations, readings
from analysis.uncertainty import percentile_interval

#: Rows that tell another row's forecast again, or follow from others by arithmetic.
TOLD_ELSEWHERE = {
    "pp003": "deloitte_2026_inference_share",
    "pp004": "deloitte_2026_inference_chips",
    "pp006": "gartner_2025_inference_spend",
    "pp007": "gartner_2026_inference_spend",
    "pp008": "gartner_2026_inference_share",
    "pp009": "gartner_2029_inference_share",
    "pp014": "crossover_jll",
    "pp048": "epoch_2030_asic_share",
    "gartner_aug2026_2026_inference_share": "gartner_2026_inference_share",
}
FOLLOWS = {
    "deloitte_2026_chip_spend_ratio": "of two sums that are told",
    "mckinsey_2030_inference_gw": "a part of pp013, by the share that is told",
    "mckinsey_2030_training_gw": "a part of pp013, by the share that is told",
    "bloomberg_2032_training_share": "of the same whole as the inference share",
    "barclays_2025_agent_share": "of two estimates of the year",
}
#: By its authors an optimum of a model and no forecast.
NO_FORECAST = ("pp062",)
#: A laboratory's plan that accounts settled: the plan and what came, in percent of revenue.
MARGIN_PLAN, MARGIN_CAME = "openai_2025_gross_margin_plan", "openai_2025_adjusted_gross_margin"
HELD, UNSEEN, COMPARED, ALONE = "held", "no observation", "compared", "no counterpart"
INSIDE, ONE_READING, OUTSIDE = "inside", "inside under one reading", "outside"
_MILLION = 1e6
_FACTOR = {
    "million H100e": _MILLION, "GW": 1e9, "gw": 1e9, "usd_billion": 1e9, "percent": 0.01,
    "FLOP": 1.0, "share_of_spend": 1.0,
}  # fmt: skip
_ALL_PARTS = ("training", "inference")
_Quantity = Callable[[Projection], np.ndarray]


def _spend(*parts: str) -> _Quantity:
    return lambda p: sum(p.total("lead_lab", "usd", part) for part in parts)


def _lead_share(p: Projection) -> np.ndarray:
    lead, world = (
        sum(p.total(scope, "chips", part) for part in _ALL_PARTS) for scope in ("lead_lab", "fleet")
    )
    return lead / world


_STOCK: _Quantity = lambda p: p.sold_h100e  # noqa: E731
_RUN: _Quantity = lambda p: p.largest_run_flop  # noqa: E731
_POWER: _Quantity = lambda p: p.available_h100e * p.watts_per_h100e  # noqa: E731
_RESEARCH = _spend("training")
_PLAN_YEARS = (2026.5, 2027.5, 2028.5, 2029.5, 2030.5)
#: Forecast: its words, its nature, the model's quantity, and the dates (summed where several).
ASKED: Mapping[str, tuple[str, str, _Quantity, tuple[float, ...]]] = {
    "pp030": ("AI 2027: chips, end of 2027", BOTH, _STOCK, (2028.0,)),
    "pp057": ("ai-economy: chips, end of 2030", BOTH, _STOCK, (2031.0,)),
    "pp049": ("Epoch AI: feasible run, 2030", TRAINING, _RUN, (2030.5,)),
    "pp058": ("ai-economy: largest run, 2030", TRAINING, _RUN, (2030.5,)),
    "pp027": ("RAND: AI power, 2027", BOTH, _POWER, (2027.5,)),
    "pp033": ("AI 2027: AI power, end of 2027", BOTH, _POWER, (2028.0,)),
    "pp013": ("McKinsey: AI power, 2030", BOTH, _POWER, (2030.5,)),
    "pp018": ("Bain: AI power, 2030", BOTH, _POWER, (2030.5,)),
    "pp032": ("AI 2027: lead lab's share, 2027", BOTH, _lead_share, (2027.5,)),
    "openai_2026_training_plan": ("OpenAI: training, 2026", TRAINING, _RESEARCH, (2026.5,)),
    "openai_2027_training_plan": ("OpenAI: training, 2027", TRAINING, _RESEARCH, (2027.5,)),
    "openai_2028_research_plan": ("OpenAI: research, 2028", TRAINING, _RESEARCH, (2028.5,)),
    "openai_2030_training_plan": ("OpenAI: training, 2026–30", TRAINING, _RESEARCH, _PLAN_YEARS),
    "openai_2026_sacra_inference": (
        "Sacra: OpenAI's serving, 2026", INFERENCE, _spend("inference"), (2026.5,),
    ),
    "openai_2030_compute_plan": (
        "OpenAI: all compute, 2026–30", BOTH, _spend(*_ALL_PARTS), _PLAN_YEARS,
    ),
}  # fmt: skip
#: Estimates that stand beside a headline though they are no forecasts.
ESTIMATED: Mapping[str, tuple[str, str, _Quantity, tuple[float, ...]]] = {
    "pp042": ("Epoch AI: chips, end of 2025", BOTH, _STOCK, (2026.0,)),
}
#: Forecasts whose date has passed: words, and our quantity at the last cutoff before.
SETTLED_WORDS = {
    "pp026": ("RAND: power added, 2025", BOTH),
    "openai_rd_2025": ("Epoch AI: OpenAI's research, 2025", TRAINING),
    MARGIN_PLAN: ("OpenAI: serving cost, 2025", INFERENCE),
}
#: Shares that the ledger does not compare, held against the model in every reading all the same.
_TOLD_ALL_THE_SAME = ("document004_2027_share",)
_IN_PEERS = "pp055"
_SHARE_UNIT = {"flop": "flop", "chips": "chips", "spend": "usd", "power": "power_w"}
_COUNTED = {"rnd": "rnd", "final_runs": "final"}
_CHIPS = Definition("chips", "rnd")
FIRST_PLACE, LAST_PLACE = 2023.0, 2031.0


@lru_cache(maxsize=1)
def printed() -> pd.DataFrame:
    """What was printed, by forecast: ``value``, ``low``, ``high``, ``unit``, ``said_by``."""
    peers = catalog.load("peer_projections").rename(columns={"projection_id": "id"})
    splits = catalog.load("compute_splits").rename(
        columns={"split_id": "id", "value_low": "low", "value_high": "high", "date": "made_on"}
    )
    spends = catalog.load("programme_compute").rename(
        columns={"fact_id": "id", "ci_low": "low", "ci_high": "high"}
    )
    accounts = catalog.load("lab_accounts").rename(columns={"account_id": "id", "date": "made_on"})
    columns = ["id", "value", "low", "high", "unit", "made_on", "kind", "source_id"]
    rows = pd.concat([one.reindex(columns=columns) for one in (peers, splits, spends, accounts)])
    short = catalog.load(catalog.SOURCES).set_index("source_id")["short"]
    rows["said_by"] = (
        rows["source_id"].map(short).str.replace(r" \(.*| TMT \d{4}| \d{4}$", "", regex=True)
    )
    return rows.set_index("id")


@lru_cache(maxsize=1)
def others() -> pd.DataFrame:
    """Forecasts of others, each once.

    Returns
    -------
    pandas.DataFrame
        ``forecast_id``, ``due`` (calendar year), ``made_on``, ``source_id``, ``status``: ``held``
        against an observation, ``no observation`` though its date has passed, and of those to
        come ``compared`` with the projection or ``no counterpart`` in it.
    """
    rows = peer_scores(forecasts(), settled(), as_of=known.date_of(None), ours=scored())
    forecast = (rows["kind"] == "forecast") | ((rows["kind"] == "derived") & rows["ahead"])
    left_out = rows["forecast_id"].isin([*TOLD_ELSEWHERE, *FOLLOWS, *NO_FORECAST])
    rows = rows[forecast & rows["ahead"] & ~left_out]
    crossed = crossover_observations()
    crossed = crossed[crossed["kind"] == "forecast"]
    crossed = crossed.rename(columns={"split_id": "forecast_id", "year": "due"})
    crossed = crossed.assign(status="not due")
    margin = printed().loc[[MARGIN_PLAN]].reset_index().rename(columns={"id": "forecast_id"})
    plan, came = (float(printed().loc[name, "value"]) for name in (MARGIN_PLAN, MARGIN_CAME))
    margin = margin.assign(due=2025, status="scored", value=1 - plan / 100, observed=1 - came / 100)
    margin["error"] = np.log(margin["observed"] / margin["value"])
    columns = ["forecast_id", "due", "made_on", "kind", "source_id", "status", "value", "observed",
               "error", "ours_cutoff"]  # fmt: skip
    both = pd.concat([rows, crossed, margin], ignore_index=True).reindex(columns=columns)
    asked = [*ASKED, *_share_rows()["forecast_id"], *crossed["forecast_id"]]
    ahead = np.where(both["forecast_id"].isin(asked), COMPARED, ALONE)
    told = both["status"].map({"scored": HELD, "no observation": UNSEEN})
    both["status"] = told.where(told.notna(), ahead)
    return both


@lru_cache(maxsize=1)
def _at_dates() -> Projection:
    entries = (*ASKED.values(), *ESTIMATED.values())
    times = np.unique([time for _, _, _, times in entries for time in times])
    return rationed(project_inputs(projection.sampled_inputs(), known.known(), times=times))


def _ours(quantity: _Quantity, times: tuple[float, ...]) -> np.ndarray:
    everywhere = _at_dates()
    values = np.broadcast_to(quantity(everywhere), (projection.DRAWS, everywhere.times.size))
    places = np.searchsorted(everywhere.times, times)
    return values[:, places].sum(axis=1)


@lru_cache(maxsize=1)
def levels_ahead() -> pd.DataFrame:
    """Forecasts of amounts that are not due, beside our interval of the same.

    Returns
    -------
    pandas.DataFrame
        ``forecast_id``, ``label``, ``nature``, ``said``, ``said_low``, ``said_high``, ``low``,
        ``median``, ``high`` (ours, 90%), all in SI units, dollars or shares, ``verdict``,
        ``source_id``.
    """
    return _beside_ours(ASKED)


def _beside_ours(
    asked: Mapping[str, tuple[str, str, _Quantity, tuple[float, ...]]],
) -> pd.DataFrame:
    told, found = printed(), []
    for name, (label, nature, quantity, times) in asked.items():
        row = told.loc[name]
        said, low, high = (
            float(row[end]) * _FACTOR[row["unit"]] for end in ("value", "low", "high")
        )
        it = percentile_interval(_ours(quantity, times), LEVEL)
        found.append(
            {"forecast_id": name, "label": label, "nature": nature, "said": said, "said_low": low,
             "said_high": high, "low": it.low, "median": it.central, "high": it.high,
             "verdict": INSIDE if said in it else OUTSIDE, "source_id": row["source_id"]}
        )  # fmt: skip
    return pd.DataFrame(found)


@lru_cache(maxsize=1)
def _share_rows() -> pd.DataFrame:
    """Forecasts of shares of inference, with what each is a share of."""
    rows = observations()
    kept = rows["comparable"] | rows["split_id"].isin(_TOLD_ALL_THE_SAME)
    years = rows["year"].between(projection.FORECAST_FROM, projection.YEARS[-1])
    scopes = rows["scope_kind"].isin(["fleet", "cloud"])
    rows = rows[kept & years & scopes & rows["ahead"] & (rows["same_as"] == "")]
    # Of the scenario of a public model no more is told than that it is of the world's compute.
    scenario = printed().loc[_IN_PEERS]
    scenario = pd.DataFrame(
        [{"split_id": _IN_PEERS, "year": 2030, "scope_kind": "fleet", "unit": "flop",
          "unit_unclear": True, "denominator": "unclear", "value": scenario["value"] / 100,
          "low": scenario["low"] / 100, "high": scenario["high"] / 100,
          "source_id": scenario["source_id"]}]
    )  # fmt: skip
    rows = pd.concat([rows, scenario], ignore_index=True).rename(
        columns={"split_id": "forecast_id"}
    )
    rows["label"] = [
        f"{printed().loc[name, 'said_by']}: {_of(name)}{year}"
        for name, year in zip(rows["forecast_id"], rows["year"], strict=True)
    ]
    return rows.sort_values(["year", "forecast_id"], ignore_index=True)


def _of(name: str) -> str:
    return "cloud, " if name.startswith("gartner") and "accelerator" not in name else ""


@lru_cache(maxsize=1)
def shares_ahead() -> pd.DataFrame:
    """Forecasts of shares of inference that are not due, beside our interval in every reading.

    Returns
    -------
    pandas.DataFrame
        One row per forecast and reading: ``forecast_id``, ``label``, ``year``, ``said``,
        ``said_low``, ``said_high``, ``unit``, ``denominator``, ``first_reading``, ``low``,
        ``median``, ``high``, ``verdict`` (of the forecast) and ``source_id``.
    """
    found = []
    for row in _share_rows().to_dict("records"):
        for place, one in enumerate(readings(pd.Series(row), _CHIPS)):
            scope, unit = MODEL_SCOPE[row["scope_kind"]], _SHARE_UNIT[one.unit]
            it = projection.at(f"share:{scope}:{unit}:{_COUNTED[one.denominator]}", row["year"])
            found.append(
                {"forecast_id": row["forecast_id"], "label": row["label"], "year": row["year"],
                 "said": row["value"], "said_low": row["low"], "said_high": row["high"],
                 "unit": one.unit, "denominator": one.denominator, "first_reading": place == 0,
                 "low": it.low, "median": it.central, "high": it.high,
                 "within": row["value"] in it, "source_id": row["source_id"]}
            )  # fmt: skip
    return _judged(pd.DataFrame(found))


@lru_cache(maxsize=1)
def crossings_ahead() -> pd.DataFrame:
    """Forecasts of the year of crossover, beside our interval in every reading.

    Years before the first place stand at it; "not by the end" stands at the last.
    """
    rows = crossover_observations()
    found = []
    for row in rows[rows["kind"] == "forecast"].to_dict("records"):
        for place, one in enumerate(readings(pd.Series(row), _CHIPS)):
            unit, counted = _SHARE_UNIT[one.unit], _COUNTED[one.denominator]
            draws = np.sort(projection.drawn(f"crossover:fleet:{unit}:{counted}"))
            tail = (1 - LEVEL) / 2
            ends = [draws[int(at * (draws.size - 1))] for at in (tail, 0.5, 1 - tail)]
            low, median, high = np.clip(ends, FIRST_PLACE, LAST_PLACE)
            name = row["measured_by"].split(" 20")[0]
            found.append(
                {"forecast_id": row["split_id"], "label": f"{name}: {row['year']}",
                 "year": row["year"], "said": float(row["year"]), "unit": one.unit,
                 "denominator": one.denominator, "first_reading": place == 0, "low": low,
                 "median": median, "high": high, "within": ends[0] <= row["year"] <= ends[2],
                 "source_id": row["source_id"]}
            )  # fmt: skip
    return _judged(pd.DataFrame(found))


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    within = rows.groupby("forecast_id")["within"]
    some = np.where(within.transform("any"), ONE_READING, OUTSIDE)
    return rows.assign(verdict=np.where(within.transform("all"), INSIDE, some))


def outside_labels() -> list[str]:
    """The forecasts to come outside our interval under every reading, in words."""
    frames = pd.concat([levels_ahead(), shares_ahead(), crossings_ahead()])
    return frames.loc[frames["verdict"] == OUTSIDE, "label"].drop_duplicates().tolist()


def verdicts() -> pd.Series:
    """Number of forecasts to come by verdict: inside our 90% interval, or outside."""
    frames = [
        frame.drop_duplicates("forecast_id")
        for frame in (levels_ahead(), shares_ahead(), crossings_ahead())
    ]
    counted = pd.concat(frames)["verdict"].value_counts()
    return counted.reindex([INSIDE, ONE_READING, OUTSIDE], fill_value=0)


@lru_cache(maxsize=1)
def settled_forecasts() -> pd.DataFrame:
    """Forecasts held against what came, beside our hindcast of the same where there is one.

    Returns
    -------
    pandas.DataFrame
        ``forecast_id``, ``label``, ``nature``, ``value``, ``observed``, ``error`` (log, observed
        less forecast), ``low``, ``median``, ``high`` (our hindcast from the year before, NaN where
        there is none), ``source_id``.
    """
    rows = others()
    rows = rows[rows["status"] == HELD].copy()
    rows["label"] = [SETTLED_WORDS[name][0] for name in rows["forecast_id"]]
    rows["nature"] = [SETTLED_WORDS[name][1] for name in rows["forecast_id"]]
    ours = shown().set_index(["quantity", "scope", "cutoff", "year"])
    asked = forecasts().set_index("forecast_id")
    for end, column in (("low", "p5"), ("median", "median"), ("high", "p95")):
        rows[end] = [
            float(ours.loc[(*asked.loc[name, ["quantity", "scope"]], cutoff,
                            asked.loc[name, "year"]), column])
            if np.isfinite(cutoff) else np.nan
            for name, cutoff in zip(rows["forecast_id"], rows["ours_cutoff"], strict=True)
        ]  # fmt: skip
    return rows.reset_index(drop=True)


def counts() -> dict[str, int]:
    """Forecasts in all, over, held against an observation, compared with ours, and outside."""
    status = others()["status"]
    result = verdicts()
    return {
        "all": len(status),
        "over": int(status.isin([HELD, UNSEEN]).sum()),
        "held": int((status == HELD).sum()),
        "compared": int((status == COMPARED).sum()),
        "outside": int(result[OUTSIDE]),
        "one_reading": int(result[ONE_READING]),
    }


# --- rivals ------------------------------------------------------------------------------------

RIVALS = ("stock", "largest_run", "power", "lab_plan", "share", "crossover")


def rivals_of(quantity: str) -> pd.DataFrame:
    """What others publish of a headline quantity, to stand beside ours.

    Parameters
    ----------
    quantity : str
        One of `RIVALS`.

    Returns
    -------
    pandas.DataFrame
        ``forecast_id``, ``label``, ``said``, ``low``, ``median``, ``high``, ``verdict``,
        ``source_id``, one row per rival.

    Raises
    ------
    ValueError
        Where the quantity is not known; lists those that are.
    """
    columns = ["forecast_id", "label", "said", "low", "median", "high", "verdict", "source_id"]
    levels = pd.concat([levels_ahead(), _beside_ours(ESTIMATED)], ignore_index=True)
    asked = {**ASKED, **ESTIMATED}
    of = levels["forecast_id"].map(lambda name: asked[name][2])
    match quantity:
        case "stock" | "largest_run" | "power":
            wanted = {"stock": _STOCK, "largest_run": _RUN, "power": _POWER}[quantity]
            rows = levels[of == wanted]
        case "lab_plan":
            rows = levels[levels["forecast_id"].str.startswith("openai")]
        case "share":
            rows = shares_ahead()[shares_ahead()["first_reading"]]
        case "crossover":
            rows = crossings_ahead()[crossings_ahead()["first_reading"]]
        case _:
            raise ValueError(f"quantity: {quantity!r} is not known; accepted: {', '.join(RIVALS)}")
    return rows[columns].reset_index(drop=True)
