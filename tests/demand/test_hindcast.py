"""Hindcasts: planted truth, one path from two anchors, naive forecasts and peers by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from analysis.assumptions import Assumption
from analysis.demand import hindcast as model
from analysis.demand import known as reader
from analysis.demand.hindcast import PREDICTED, hindcast, predicted, reanchored, summary
from analysis.demand.inputs import ACCEPTED
from analysis.demand.model import Known, project_inputs
from analysis.demand.peer_forecasts import forecasts, settled
from analysis.demand.peer_scores import peer_scores
from analysis.demand.sampling import draw_inputs

QUANTITIES = [(name, "lead_lab") for name in PREDICTED] + [
    ("inference_share_spend_rnd", "lead_lab"), ("inference_share_chips_final_runs", "fleet"),
]  # fmt: skip
RANGES = {name: bounds[1:] for name, bounds in ACCEPTED.items()}


@pytest.fixture
def spread(central: dict[str, float]) -> list[Assumption]:
    """Every input within a tenth of its plain value."""
    found = []
    for name, value in central.items():
        _, least, most = ACCEPTED[name]
        low, high = max(value * 0.9, least), min(value * 1.1, most)
        found.append(
            Assumption(name, name, "1", low, value, high, "lognormal", "planted", "demand")
        )
    return found


def _observed(values: dict[tuple[str, str], float], year: float) -> pd.DataFrame:
    rows = [
        {"quantity": q, "scope": s, "unit": "1", "year": year, "value": v}
        for (q, s), v in values.items()
    ]
    return pd.DataFrame(rows)


def test_hindcasts_of_planted_worlds_cover_as_often_as_they_say(
    spread: list[Assumption], known: Known
) -> None:
    found = []
    truths = draw_inputs(spread, 60, 11, ranges=RANGES)
    worlds = project_inputs(truths, known, times=np.array([2026.5]))
    said = {pair: predicted(worlds, truths, *pair).ravel() for pair in QUANTITIES}
    for world in range(60):
        seen = _observed({pair: float(values[world]) for pair, values in said.items()}, 2026.5)
        found.append(
            hindcast(spread, known, seen, cutoff=2025.9, anchor=2025.5, draws=250, seed=world)
        )
    scored = pd.concat(found)
    assert set(scored["method"]) == {"model"}
    assert scored["covered_50"].mean() == pytest.approx(0.5, abs=0.08)
    assert scored["covered_90"].mean() == pytest.approx(0.9, abs=0.05)
    assert stats.kstest(scored[scored["quantity"] == "power_w"]["rank"], "uniform").pvalue > 0.01


def test_the_same_structure_gives_the_same_path_from_another_anchor(
    scenarios: dict[str, np.ndarray], known: Known
) -> None:
    times = np.array([2022.5, 2024.5, 2025.5])
    here = project_inputs(scenarios, known, times=times)
    moved = reanchored(scenarios, 2024.5)
    there = project_inputs(moved, known, times=times, anchor=2024.5)
    np.testing.assert_allclose(there.tokens_per_message, here.tokens_per_message, rtol=1e-9)
    np.testing.assert_allclose(there.flop_per_token, here.flop_per_token, rtol=1e-9)
    ranked = [p.inference["other_ml"].chips[:, :2] for p in (here, there)]
    np.testing.assert_allclose(ranked[1], ranked[0], rtol=1e-9)
    ratio = [p.final_runs["lead_lab"].flop / p.largest_run_flop for p in (here, there)]
    np.testing.assert_allclose(ratio[1], ratio[0], rtol=1e-9)


def test_reanchoring_to_the_same_date_changes_nothing(central: dict[str, float]) -> None:
    moved = reanchored(central, 2025.5)
    assert moved == pytest.approx(central)


def test_naive_forecasts_are_random_walks_with_and_without_the_last_growth(
    spread: list[Assumption], known: Known
) -> None:
    seen = pd.concat(
        [_observed({("sold_h100e", "fleet"): v}, y) for y, v in
         ((2023.0, 1e6), (2024.0, 2e6), (2025.0, 6e6), (2026.0, 1.8e7))]
    )  # fmt: skip
    found = hindcast(spread, known, seen, cutoff=2024.999, anchor=2024.5, draws=50, seed=1)
    by_method = found.set_index("method")
    assert by_method.loc["last growth", "median"] == pytest.approx(1.8e7)
    assert by_method.loc["no change", "median"] == pytest.approx(6e6)
    half = special.ndtri(0.95) * math.hypot(math.log(3), 0.1)
    assert by_method.loc["no change", "p95"] == pytest.approx(6e6 * math.exp(half), rel=2e-2)
    assert by_method.loc["last growth", "error"] == pytest.approx(0.0, abs=1e-9)
    assert by_method["compared"].all()
    assert (found["year"] == 2026.0).all()


def test_what_the_model_does_not_say_and_what_is_not_later_is_refused(
    spread: list[Assumption], known: Known, central: dict[str, float]
) -> None:
    seen = _observed({("sold_h100e", "fleet"): 1e6}, 2024.0)
    with pytest.raises(ValueError, match="no row is after"):
        hindcast(spread, known, seen, cutoff=2024.0, anchor=2023.5, draws=10, seed=1)
    projection = project_inputs(central, known)
    with pytest.raises(ValueError, match="'cats'"):
        predicted(projection, central, "cats", "fleet")
    with pytest.raises(ValueError, match="inference_share_spend_half"):
        predicted(projection, central, "inference_share_spend_half", "fleet")


def test_a_summary_weighs_each_quantity_once() -> None:
    columns = ["covered_50", "covered_90", "rank", "error", "log_score", "crps", "interval_score"]
    often = [{"quantity": "a", "scope": "x", **dict.fromkeys(columns, 1.0)}] * 9
    once = [{"quantity": "b", "scope": "x", **dict.fromkeys(columns, 0.0)}]
    scored = pd.DataFrame(often + once).assign(cutoff=1.0, method="model")
    table = summary(scored)
    assert table.loc[0, "forecasts"] == 10
    assert table.loc[0, "quantities"] == 2
    assert table.loc[0, "crps"] == pytest.approx(0.5)


@pytest.mark.parametrize("as_of", ["2023-12-31", "2024-12-31"])
def test_the_real_hindcast_scores_all_that_came_and_is_the_same_each_time(as_of: str) -> None:
    seen = reader.observed_levels()
    cutoff = reader.date_of(as_of)
    runs = [
        hindcast(
            reader.records(as_of), reader.known(as_of), seen, cutoff=cutoff,
            anchor=reader.anchor_of(as_of), draws=400, seed=3,
            correlations=reader.driver_correlations(as_of),
        )
        for _ in range(2)
    ]  # fmt: skip
    pd.testing.assert_frame_equal(*runs)
    mine = runs[0][runs[0]["method"] == "model"]
    assert len(mine) == int((seen["year"] > cutoff + 0.01).sum())
    assert np.isfinite(mine[["log_score", "crps", "interval_score"]].to_numpy()).all()
    assert (mine["p5"] <= mine["median"]).all()


def test_peers_are_scored_once_their_year_is_over_and_something_was_seen() -> None:
    seen = _observed({("sold_h100e", "fleet"): 2e7}, 2026.0)
    made = {"low": np.nan, "high": np.nan, "made_on": "2024-06"}
    table = pd.DataFrame(
        [
            {"forecast_id": "hit", "quantity": "sold_h100e", "scope": "fleet", "year": 2026.0,
             "due": 2025, "value": 1e7, **made, "low": 0.5e7, "high": 3e7},
            {"forecast_id": "unseen", "quantity": "", "scope": "x", "year": 2025.5, "due": 2025,
             "value": 1.0, **made},
            {"forecast_id": "running", "quantity": "sold_h100e", "scope": "fleet", "year": 2027.0,
             "due": 2026, "value": 1.0, **made},
            {"forecast_id": "far", "quantity": "", "scope": "x", "year": 2030.5, "due": 2030,
             "value": 1.0, **made},
        ]
    )  # fmt: skip
    ours = seen.assign(method="model", cutoff=2024.999, error=0.25)
    found = peer_scores(table, seen, as_of="2026-10-08", ours=ours).set_index("forecast_id")
    assert found["status"].to_dict() == {
        "hit": "scored", "unseen": "no observation", "running": "not over", "far": "not due",
    }  # fmt: skip
    assert found.loc["hit", "error"] == pytest.approx(math.log(2))
    assert found.loc["hit", "covered_90"] == 1.0
    assert found.loc["hit", "interval_score"] == pytest.approx(math.log(6))
    assert found.loc["hit", "ours_error"] == 0.25
    assert found["ahead"].all()
    assert found.drop(index="hit")["absolute_error"].isna().all()


def test_the_forecasts_of_the_tables_find_their_observations() -> None:
    found = peer_scores(forecasts(), settled(), as_of="2026-10-08").set_index("forecast_id")
    assert found.index.is_unique
    assert {"pp026", "openai_rd_2025"} <= set(found.index[found["status"] == "scored"])
    assert found.loc["pp030", "status"] == "not due"
    assert found.loc["pp003", "status"] == "not over"
    assert found.loc["pp042", "absolute_error"] < 0.05
    assert model.SHARE in found.loc["pp043", "quantity"]
