"""Forecasts held to account: the findings against loops, tables and the projection itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.demand import known
from analysis.demand.figures import forecasts as figure_of_others
from analysis.demand.figures import hindcast as figures
from analysis.demand.findings import forecasts, ledger, projection
from analysis.demand.findings import hindcast as found
from analysis.demand.sentences import hindcast as sentences


def test_each_quantity_has_one_hindcast_a_year_the_last_after_the_cutoff() -> None:
    levels = known.observed_levels()
    rows = found.shown()
    keys = ["quantity", "scope"]
    for date in found.CUTOFFS:
        wanted = set()
        later = levels[levels["year"] > int(date[:4]) + 1.005]
        for (quantity, scope), group in later.groupby(keys):
            for year in np.unique(np.ceil(group["year"] - 1.01)):
                of_year = group[np.ceil(group["year"] - 1.01) == year]
                wanted.add((quantity, scope, round(of_year["year"].max(), 6)))
        own = rows[rows["cutoff_date"] == date]
        kept = own[[*keys, "year"]].round(6).itertuples(index=False, name=None)
        assert set(kept) == wanted
    assert not rows.duplicated(["cutoff_date", "label"]).any()


def test_ratios_are_those_of_the_hindcasts_own_quantiles() -> None:
    rows = found.shown()
    within = (rows["ratio_p5"] <= 1) & (rows["ratio_p95"] >= 1)
    assert (within == (rows["covered_90"] == 1)).all()
    near = (rows["ratio_p25"] <= 1) & (rows["ratio_p75"] >= 1)
    assert (near == (rows["covered_50"] == 1)).all()
    amounts = ~rows["quantity"].str.startswith("inference_share")
    assert np.exp(-rows["error"])[amounts].to_numpy() == pytest.approx(
        rows["ratio_median"][amounts], rel=1e-4
    )
    assert sum(found.held(date)[0] for date in found.CUTOFFS) + len(found.missed()) == len(rows)


def test_nothing_dated_after_a_cutoff_reaches_its_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = known.observed_levels()
    later = levels["year"] > 2024.0 + 0.005
    changed = levels.assign(value=levels["value"].where(~later, levels["value"] * 0.9))
    before = found.scored()
    monkeypatch.setattr(known, "observed_levels", lambda: changed)
    after = found.scored.__wrapped__()
    first = before["cutoff_date"] == found.CUTOFFS[0]
    for column in ("p5", "median", "p95"):
        assert (before.loc[first, column] == after.loc[first, column]).all()
    ours = before["method"] == found.MODEL
    assert (before.loc[ours, "median"] == after.loc[ours, "median"]).all()


def test_mean_scores_are_those_of_a_loop() -> None:
    rows = found.scored()
    table = found.scores().set_index(["method", "score"])
    for method in (found.MODEL, found.GROWTH, found.SAME):
        for score in found.SCORES:
            sums = []
            own = rows[(rows["method"] == method) & rows["compared"]]
            for _, group in own.groupby(["cutoff", "quantity", "scope"]):
                sums.append(sum(group[score]) / len(group))
            row = table.loc[(method, score)]
            assert row["value"] == pytest.approx(sum(sums) / len(sums))
            assert row["low"] <= row["value"] <= row["high"]
    own = rows[(rows["method"] == found.SAME) & rows["compared"]]
    each = own.groupby(["quantity", "scope", "cutoff"])["crps"].mean()
    parts = [part.to_numpy() for _, part in each.groupby(["quantity", "scope"])]
    drawn = np.random.default_rng(found.SEED).integers(0, len(parts), (found.RESAMPLES, len(parts)))
    means = [np.mean(np.concatenate([parts[i] for i in chosen])) for chosen in drawn]
    row = table.loc[(found.SAME, "crps")]
    assert np.quantile(means, [0.05, 0.95]) == pytest.approx([row["low"], row["high"]])
    compared = {method: rows.loc[(rows["method"] == method) & rows["compared"], "year"].tolist()
                for method in (found.MODEL, found.GROWTH, found.SAME)}  # fmt: skip
    assert compared[found.MODEL] == compared[found.GROWTH] == compared[found.SAME]


def test_hindcasts_of_tokens_are_held_or_missed() -> None:
    inside, whole = found.tokens_held()
    assert whole - inside == int(sentences.numbers()["hindcast_missed_tokens"])
    rows = found.shown()
    of_tokens = rows[rows["label"].str.startswith("tokens")]
    assert len(of_tokens) == whole
    within = (of_tokens["ratio_p5"] <= 1) & (of_tokens["ratio_p95"] >= 1)
    assert within.sum() == inside


def test_the_words_under_the_scores_hold() -> None:
    assert found.score(found.ALL_ROWS, "covered_50") < 0.4
    assert found.score(found.MODEL, "covered_90") > 0.8
    for rule in (found.GROWTH, found.SAME):
        assert found.score(found.MODEL, "crps") < found.score(rule, "crps")
        assert found.score(found.MODEL, "log_score") > found.score(rule, "log_score")
    assert found.score(found.ALL_ROWS, "crps") > found.score(found.MODEL, "crps")


def test_a_forecast_told_twice_is_counted_once() -> None:
    told = forecasts.printed()
    for again, first in forecasts.TOLD_ELSEWHERE.items():
        one, other = float(told.loc[again, "value"]), float(told.loc[first, "value"])
        assert one == pytest.approx(other, rel=0.006) or one / 100 == pytest.approx(other, rel=6e-3)
    ids = forecasts.others()["forecast_id"]
    assert ids.is_unique
    assert not ids.isin(
        [*forecasts.TOLD_ELSEWHERE, *forecasts.FOLLOWS, *forecasts.NO_FORECAST]
    ).any()
    assert set(forecasts.TOLD_ELSEWHERE.values()) <= set(ids)
    share = told.loc["mckinsey_2030_inference_share", "value"]
    parts = [told.loc[f"mckinsey_2030_{part}_gw", "value"] for part in ("inference", "training")]
    assert parts[0] / sum(parts) == pytest.approx(share, abs=1e-3)
    assert sum(parts) == pytest.approx(told.loc["pp013", "value"], rel=6e-3)


def test_every_forecast_of_the_tables_is_counted_or_left_out_by_name() -> None:
    peers = catalog.load("peer_projections").set_index("projection_id")
    splits = catalog.load("compute_splits").set_index("split_id")
    wanted = {
        name for table in (peers, splits) for name in table.index[table["kind"] == "forecast"]
    }
    named = {*forecasts.TOLD_ELSEWHERE, *forecasts.FOLLOWS, *forecasts.NO_FORECAST}
    assert wanted - named <= set(forecasts.others()["forecast_id"])
    of = forecasts.counts()
    assert of["over"] >= of["held"] == len(forecasts.SETTLED_WORDS)
    assert of["compared"] == forecasts.verdicts().sum()


def test_errors_of_forecasts_that_are_over_are_the_logarithms_by_hand() -> None:
    rows = forecasts.settled_forecasts().set_index("forecast_id")
    accounts = catalog.load("lab_accounts").set_index("account_id")["value"]
    plan, came = accounts[forecasts.MARGIN_PLAN], accounts[forecasts.MARGIN_CAME]
    assert rows.loc[forecasts.MARGIN_PLAN, "error"] == pytest.approx(
        np.log((100 - came) / (100 - plan))
    )
    research = rows.loc["openai_rd_2025"]
    spend = known.observed_levels().query("quantity == 'rnd_spend_usd' and year == 2025.5")
    assert research["error"] == pytest.approx(np.log(spend["value"].iloc[0] / research["value"]))
    assert research["low"] < research["median"] < research["high"]


def test_amounts_are_held_against_the_projection_of_their_own_year() -> None:
    rows = forecasts.levels_ahead().set_index("forecast_id")
    run = projection.at("level:largest_run_flop", 2030)
    np.testing.assert_allclose(
        rows.loc["pp049", ["low", "median", "high"]].astype(float), [run.low, run.central, run.high]
    )
    spend = projection.at("total:lead_lab:usd:training", 2027)
    plan = rows.loc["openai_2027_training_plan"]
    assert plan["median"] == pytest.approx(spend.central)
    years = [
        projection.drawn("total:lead_lab:usd:training")[:, y - 2019] for y in range(2026, 2031)
    ]
    whole = np.median(np.sum(years, axis=0))
    assert rows.loc["openai_2030_training_plan", "median"] == pytest.approx(whole)
    middle = [np.median(projection.drawn("level:sold_h100e")[:, y - 2019]) for y in (2027, 2028)]
    assert middle[0] < rows.loc["pp030", "median"] < middle[1]
    assert rows.loc["pp030", "said"] == 1e8
    assert rows.loc["openai_2028_research_plan", "said"] == 121e9


def test_shares_have_the_verdict_that_the_ledger_gives_them() -> None:
    ours = (
        forecasts.shares_ahead().drop_duplicates("forecast_id").set_index("forecast_id")["verdict"]
    )
    rows = ledger.against_model()
    for name, group in rows[rows["split_id"].isin(ours.index)].groupby("split_id"):
        assert (ours[name] == forecasts.OUTSIDE) == (not group["inside"].any()), name
    assert set(forecasts.shares_ahead()["year"]) <= set(range(2026, 2031))


def test_years_of_crossover_are_held_against_shares_of_the_scenarios() -> None:
    rows = forecasts.crossings_ahead()
    row = rows[(rows["forecast_id"] == "crossover_mckinsey") & rows["first_reading"]].iloc[0]
    draws = projection.drawn("crossover:fleet:power_w:rnd")
    if row["high"] == forecasts.LAST_PLACE:
        assert np.mean(draws > 2030) >= 0.05
    assert np.mean(draws < row["low"]) <= 0.05 <= np.mean(draws <= row["low"])


def test_headlines_have_rivals_and_unknown_ones_are_refused_by_name() -> None:
    assert {
        name: len(forecasts.rivals_of(name)) for name in forecasts.RIVALS if name != "largest_run"
    } | {"largest_run": 3} == {
        name: max(3, len(forecasts.rivals_of(name))) for name in forecasts.RIVALS
    }
    assert len(forecasts.rivals_of("largest_run")) == 2  # no third is in the tables
    with pytest.raises(ValueError, match="crossover"):
        forecasts.rivals_of("tokens")


@pytest.mark.parametrize(
    "entry", [*figures.FIGURES, *figure_of_others.FIGURES], ids=lambda entry: entry.id
)
def test_figures_plot_every_row_with_a_source(entry: figures.Entry) -> None:
    figure = entry.make()
    rows = figure.frame
    assert not rows.duplicated().any()
    if "source_id" in rows:
        ids = {one for key in rows["source_id"] for one in key.split()}
        assert ids == set(figure.sources["source_id"])
    for width in (690, 340):
        assert figure.chart_at(width).to_dict()


def test_every_sentence_has_its_number() -> None:
    said = sentences.numbers()
    assert all(isinstance(value, str) and value for value in said.values())
    assert not any("nan" in value for value in said.values())
    missed = int(said["hindcast_missed"])
    inside = sum(int(said[f"hindcast_{date[:4]}_inside"]) for date in found.CUTOFFS)
    assert inside + missed == int(said["hindcast_rows"])
    assert pd.Series(said).index.is_unique
