"""The ledger of observations: every published split that can be put as a share of inference."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import catalog
from analysis.demand.definitions import DENOMINATORS, Definition, Factors, converted_interval
from analysis.test_time_compute.checks import require_columns

TABLE = "compute_splits"
#: The lab whose accounts are compared with the scope `lead_lab` of the model.
LEAD_LAB = "OpenAI"
SCOPE_KINDS = {"cloud_market": "cloud", "model_family": "models", "theory": "models"}
#: Revenue is what the buyers spend. "Compute" may be FLOP or chips: see `unit_unclear`.
UNIT_OF = {
    "share_of_energy": "power",
    "share_of_power": "power",
    "share_of_compute": "flop",
    "share_of_chips": "chips",
    "share_of_spend": "spend",
    "share_of_revenue": "spend",
    "usd_billion": "spend",
}
#: Ratios and years of crossing name no unit in the table; these are what their authors compare.
UNIT_OF_ROW = {
    "openai_2030_crossing_plan": "spend",
    "deepseek_2025_gpu_ratio": "chips",
    "erdil_2024_optimum_ratio": "flop",
    "erdil_2024_naive_ratio": "flop",
    "you_2025_chatgpt_ratio": "power",
    "document002_2027_low_ratio": "chips",
    "document002_2027_high_ratio": "chips",
    "crossover_deloitte": "flop",
    "crossover_gartner": "spend",
    "crossover_jll": "power",
    "crossover_mckinsey": "power",
    "crossover_epoch": "flop",
}
DENOMINATOR_OF = {"yes": "rnd", "no": "final_runs", "unclear": "unclear"}
BOUNDS = {
    "inference_share_lower_bound": "lower",
    "inference_share_upper_bound": "upper",
    "inference_to_training_ratio_lower_bound": "lower",
}
#: The row that tells the same fact first: the same measurement with another denominator, or retold.
SAME_AS = {
    "meta_2021_inference_share_no_experiments": "meta_2021_inference_share",
    "openai_2024_inference_share_final_runs": "openai_2024_inference_share",
    "epoch_2026_deployments_share": "google_2021_inference_share",
    "yigitokar_2025_rnd_share": "yigitokar_2025_lifetime_share",
    # A later edition with another market and the same share.
    "gartner_aug2026_2026_inference_share": "gartner_2026_inference_share",
}
#: Why a row is not to be held against a projection: judgements of ours, where no rule finds them.
WHY_NOT = {
    "meta_2021_rm1": "ingestion of data stands in the denominator",
    "openai_2025_dai_share": "an opinion without derivation",
    "openai_2030_plan_share": "sums the years to 2030, not one year",
    "deepseek_2025_gpu_ratio": "the chips that serve against those of one run at another time",
    "bloomberg_2025_training_share": "what is not training is not inference alone, by its own 2032",
    "idc_china_2023_inference_share": "an undated page; which year it counts is not known",
    "epoch_2026_deployments_share": "retells measurements of 2019 to 2021 as if of its own year",
    "erdil_2024_optimum_ratio": "theory: what would be best, not what is",
    "erdil_2024_naive_ratio": "one run against a year of use that is assumed, not counted",
    "you_2025_chatgpt_ratio": "power while each is on, not energy over a year",
    "inference_research_2026_share": "unverified: the source it names has no such figure",
    "trendforce_2026_training_share": "counts servers shipped, whatever chips are in them",
    "document002_2027_low_ratio": "unverified: the page it names was not found",
    "document002_2027_high_ratio": "an upper end, from a page that was not found",
    "document004_2023_share": "unverified: no origin found",
    "document004_2027_share": "unverified: no origin found",
}
_PARTS = ("inference_share", "training_share", "experimentation_share")
_RATIOS = ("inference_to_training_ratio", "inference_to_training_ratio_lower_bound")
_WHOLE = ["year", "entity", "scope", "source_id"]
_RANGE = ["value", "low", "high"]
_CONFIDENCE = ("low", "medium", "high")
_FINAL_RUNS = {
    "final_runs_share_of_rnd": lambda x: x,
    "development_to_final_training_ratio": lambda x: 1 / (1 + x),
    "total_to_final_training_ratio": lambda x: 1 / x,
}


def observations() -> pd.DataFrame:
    """Published splits of compute as shares of inference, one row each, by year.

    Returns
    -------
    pandas.DataFrame
        ``split_id``, ``year``, ``entity``, ``scope_kind`` (lead_lab, lab, labs, company, cloud,
        fleet, models), ``scope``, ``measured_by``, ``unit`` (of `Definition`), ``unit_unclear``
        ("compute", which may be FLOP or chips), ``denominator`` (rnd, final_runs, unclear),
        ``value``, ``low``, ``high`` (NaN where no range is published), ``bound`` (lower, upper or
        ""), ``kind``, ``confidence``, ``made_on``, ``ahead`` (a forecast, or derived before its
        year was over), ``source_id``, ``own_final_run_share`` (final runs over R&D of the same
        entity and year, NaN where unknown), ``same_as`` (the row that tells the same fact, "" where
        this one does), ``comparable`` and ``why_not`` ("" where it is).
    """
    return _ledger().copy()


def crossover_observations() -> pd.DataFrame:
    """Years that others give in which inference passes training, by year.

    Returns
    -------
    pandas.DataFrame
        ``split_id``, ``year``, ``measured_by``, ``entity``, ``scope_kind``, ``scope``, ``unit``,
        ``unit_unclear``, ``denominator``, ``kind``, ``confidence``, ``made_on``, ``source_id``.
    """
    splits = _splits()
    rows = _defined(splits[splits["metric"] == "crossover_year"])
    columns = [
        "split_id", "year", "measured_by", "entity", "scope_kind", "scope", "unit", "unit_unclear",
        "denominator", "kind", "confidence", "made_on", "source_id",
    ]  # fmt: skip
    return _by_year(rows.assign(year=rows["value"].astype("int64"))[columns])


def final_run_shares() -> pd.DataFrame:
    """Published shares of final runs in all R&D compute: evidence for `Factors.final_run_share`.

    Returns
    -------
    pandas.DataFrame
        ``split_id``, ``year``, ``entity``, ``scope_kind``, ``scope``, ``measured_by``, ``value``,
        ``low``, ``high``, ``kind``, ``confidence``, ``made_on``, ``source_id``, by year.
    """
    columns = [
        "split_id", "year", "entity", "scope_kind", "scope", "measured_by", *_RANGE,
        "kind", "confidence", "made_on", "source_id",
    ]  # fmt: skip
    return _by_year(_defined(_final_runs(_splits()))[columns])


def readings(row: pd.Series, target: Definition) -> list[Definition]:
    """What a row of the ledger may mean, the reading nearest to a target first."""
    units, denominators = [row["unit"]], [row["denominator"]]
    if row["unit_unclear"]:
        units = sorted(("flop", "chips"), key=lambda unit: unit != target.unit)
    if row["denominator"] == "unclear":
        denominators = sorted(DENOMINATORS, key=lambda name: name != target.denominator)
    return [Definition(unit, denominator) for unit in units for denominator in denominators]


def as_definition(
    observations: pd.DataFrame,
    target: Definition,
    factors: Factors,
    seed: int,
    *,
    level: float = 0.9,
) -> pd.DataFrame:
    """Observations with their shares under one definition.

    Parameters
    ----------
    observations : DataFrame
        Rows of `observations`.
    target : Definition
    factors : Factors
        Numbers, or draws. Where a row has its `own_final_run_share`, that one is used.
    seed : int
        Of the draws within published ranges; the same draws for every row.
    level : float
        Of the interval from ``low_as`` to ``high_as``.

    Returns
    -------
    pandas.DataFrame
        The rows with ``value_as``, ``low_as`` and ``high_as``. Where a definition is unclear the
        interval is the hull of its readings, and the value that of the reading nearest to the
        target. A bound stays a bound of the same side.

    Raises
    ------
    ValueError
        Where a column is missing, or a row cannot be converted.
    """
    needed = [*_RANGE, "unit", "unit_unclear", "denominator", "own_final_run_share"]
    require_columns("observations", observations, needed)
    found = []
    for _, row in observations.iterrows():
        own = row["own_final_run_share"]
        links = factors if np.isnan(own) else replace(factors, final_run_share=own)
        share = (row["value"], row["low"], row["high"])
        means = readings(row, target)
        found.append(converted_interval(*share, means, target, links, seed=seed, level=level))
    return observations.assign(
        value_as=[one.central for one in found],
        low_as=[one.low for one in found],
        high_as=[one.high for one in found],
    )


@lru_cache(maxsize=1)
def _ledger() -> pd.DataFrame:
    splits = _splits()
    rows = _defined(pd.concat([_shares(splits), _from_spend(splits)], ignore_index=True))
    early = rows["made_on"] < (rows["year"] + 1).astype(str)
    rows["ahead"] = (rows["kind"] == "forecast") | ((rows["kind"] == "derived") & early)
    rows["bound"] = rows["metric"].map(BOUNDS).fillna("")
    rows["own_final_run_share"] = _own_final_run_share(rows, _final_runs(splits))
    rows["same_as"] = _same_as(rows)
    rows["why_not"] = _why_not(rows)
    rows["comparable"] = rows["why_not"] == ""
    columns = [
        "split_id", "year", "entity", "scope_kind", "scope", "measured_by", "unit", "unit_unclear",
        "denominator", *_RANGE, "bound", "kind", "confidence", "made_on", "ahead", "source_id",
        "own_final_run_share", "same_as", "comparable", "why_not",
    ]  # fmt: skip
    return _by_year(rows[columns])


def _splits() -> pd.DataFrame:
    words = {"value_low": "low", "value_high": "high", "date": "made_on"}
    return catalog.load(TABLE).rename(columns=words)


def _by_year(rows: pd.DataFrame) -> pd.DataFrame:
    frame = rows.sort_values(["year", "split_id"], ignore_index=True)
    frame.attrs["tables"] = (TABLE,)
    return frame


def _defined(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table with the ledger's words for unit, denominator, scope and author."""
    sources = catalog.load(catalog.SOURCES).set_index("source_id")["short"]
    unit = rows["split_id"].map(UNIT_OF_ROW).fillna(rows["unit"].map(UNIT_OF))
    compute = (rows["unit"] == "share_of_compute") | (rows["metric"] == "crossover_year")
    # Papers on models count FLOP; all others say "compute" of fleets and servers.
    of_models = rows["scope_kind"].isin(["model_family", "theory"])
    lead = (rows["entity"] == LEAD_LAB) & (rows["scope_kind"] == "lab")
    return rows.assign(
        unit=unit,
        unit_unclear=compute & (unit == "flop") & ~of_models,
        denominator=rows["rnd_in_denominator"].map(DENOMINATOR_OF),
        scope_kind=rows["scope_kind"].replace(SCOPE_KINDS).mask(lead, "lead_lab"),
        measured_by=rows["source_id"].map(sources),
    )


def _wholes(splits: pd.DataFrame) -> dict[tuple, dict[str, float]]:
    """Parts published of each whole, by year, entity, scope and source."""
    parts = splits[splits["metric"].isin(_PARTS)]
    return {
        key: dict(zip(rows["metric"], rows["value"], strict=True))
        for key, rows in parts.groupby(_WHOLE, sort=False)
    }


def _shares(splits: pd.DataFrame) -> pd.DataFrame:
    """Rows that are a share of inference, or become one from a training share or a ratio."""
    rows = splits[splits["metric"].isin([*_PARTS[:2], *BOUNDS, *_RATIOS])].reset_index(drop=True)
    wholes = _wholes(splits)
    for place, row in rows.iterrows():
        found = row[_RANGE].to_numpy(dtype=np.float64)
        parts = wholes.get(tuple(row[_WHOLE]), {})
        if row["metric"] in _RATIOS:
            found = found / (1 + found)
        elif row["metric"] == "training_share" and "inference_share" not in parts:
            found = 1 - parts.get("experimentation_share", 0.0) - found[[0, 2, 1]]
        elif row["metric"] == "training_share":
            found = np.array([parts["inference_share"], np.nan, np.nan]) / _sum(parts)
        elif row["metric"] == "inference_share" and len(parts) > 1:
            found = found / _sum(parts)
        rows.loc[place, _RANGE] = found
    return rows


def _sum(parts: dict[str, float]) -> float:
    """Sum of the parts; exactly 1 where they are all of a whole."""
    total = sum(parts.values())
    return 1.0 if np.isclose(total, 1.0) else total


def _from_spend(splits: pd.DataFrame) -> pd.DataFrame:
    """Shares from money for training and for all compute, where the table derives none itself."""
    key = ["year", "entity"]
    told = set(splits.loc[splits["metric"] == "inference_share", key].itertuples(index=False))
    training = splits[splits["metric"] == "training_spend"]
    pairs = training.merge(
        splits[splits["metric"] == "compute_spend"], on=[*key, "unit"], suffixes=("", "_all")
    )
    pairs = pairs[[tuple(pair) not in told for pair in pairs[key].itertuples(index=False)]]
    rank = {name: place for place, name in enumerate(_CONFIDENCE)}
    weaker = pairs["confidence_all"].map(rank) < pairs["confidence"].map(rank)
    return pairs.assign(
        split_id=pairs["split_id"] + "_in_" + pairs["split_id_all"],
        scope=pairs["scope"] + " / " + pairs["scope_all"],
        metric="inference_share",
        value=1 - pairs["value"] / pairs["value_all"],
        made_on=pairs[["made_on", "made_on_all"]].max(axis=1),
        kind="derived",
        confidence=pairs["confidence"].mask(weaker, pairs["confidence_all"]),
    )[splits.columns]


def _final_runs(splits: pd.DataFrame) -> pd.DataFrame:
    """Rows on the share of final runs in R&D, also where training and experiments are apart."""
    rows = splits[splits["metric"].isin(_FINAL_RUNS)].reset_index(drop=True)
    for place, row in rows.iterrows():
        found = _FINAL_RUNS[row["metric"]](row[_RANGE].to_numpy(dtype=np.float64))
        if not np.isnan(found[1:]).any():
            found[1:] = np.sort(found[1:])
        rows.loc[place, _RANGE] = found
    apart = splits[splits["metric"] == "training_share"].copy()
    wholes = _wholes(splits)
    tests = [
        wholes[key].get("experimentation_share", 0.0) for key in map(tuple, apart[_WHOLE].values)
    ]
    apart["value"] = apart["value"] / (apart["value"] + tests)
    apart[["low", "high"]] = np.nan
    return pd.concat([rows, apart.assign(kind="derived")[np.array(tests) > 0]], ignore_index=True)


def _own_final_run_share(rows: pd.DataFrame, final_runs: pd.DataFrame) -> pd.Series:
    own = final_runs.drop_duplicates(["year", "entity"]).set_index(["year", "entity"])["value"]
    keys = pd.MultiIndex.from_frame(rows[["year", "entity"]])
    return pd.Series(own.reindex(keys).to_numpy(), index=rows.index)


def _same_as(rows: pd.DataFrame) -> pd.Series:
    first = rows[rows["metric"] == "inference_share"].drop_duplicates(_WHOLE)
    ids = first.set_index(_WHOLE)["split_id"]
    of_whole = pd.Series(ids.reindex(pd.MultiIndex.from_frame(rows[_WHOLE])).to_numpy(), rows.index)
    same = of_whole.where(rows["metric"] == "training_share")
    return rows["split_id"].map(SAME_AS).fillna(same).fillna("")


def _why_not(rows: pd.DataFrame) -> pd.Series:
    """Why a row is not comparable, "" where it is; the judgement on a row goes before a rule."""
    rules = {
        "a bound, not a share": rows["bound"] != "",
        "what is not a final run is not inference alone": (rows["metric"] == "training_share")
        & (rows["denominator"] == "final_runs"),
        "planned lifetime compute of open models, not compute of a year": (
            rows["scope_kind"] == "models"
        )
        & (rows["kind"] == "derived"),
    }
    by_rule = pd.Series("", index=rows.index)
    for reason, holds in rules.items():
        by_rule = by_rule.mask(holds & (by_rule == ""), reason)
    return rows["split_id"].map(WHY_NOT).fillna(by_rule)
