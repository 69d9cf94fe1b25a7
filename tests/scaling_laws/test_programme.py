"""Training is more than its final run: the multiple, what follows it, and the studies before it."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis import assumptions, catalog
from analysis.scaling_laws.programme import (
    firm_shares,
    post_training_shares,
    programme_from_firms,
    programme_multiplier,
    programme_rows,
    studies_against_final_run,
)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return catalog.load("programme_compute")


def shares(*values: tuple[str, float | None, float | None, float | None]) -> pd.DataFrame:
    frame = pd.DataFrame(values, columns=["scope", "value", "ci_low", "ci_high"])
    return frame.assign(
        fact_id=frame["scope"],
        metric="share of R&D compute in final runs",
        unit="fraction",
        kind="estimate",
    )


def test_the_multiple_is_one_over_the_share_with_its_ends_swapped() -> None:
    programme = programme_multiplier(0.1, 0.2, 0.4)
    assert programme.multiplier_low == pytest.approx(2.5)
    assert programme.multiplier_central == pytest.approx(5)
    assert programme.multiplier_high == pytest.approx(10)


@pytest.mark.parametrize("bad", [(0.0, 0.2, 0.3), (0.1, 0.2, 1.3), (0.3, 0.2, 0.4)])
def test_what_is_no_share_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="accepted"):
        programme_multiplier(*bad)


def test_one_firm_without_a_range_gives_its_own_multiple() -> None:
    programme = programme_from_firms(shares(("A", 0.25, None, None)), draws=1000, seed=0)
    assert programme.multiplier_low == programme.multiplier_high == pytest.approx(4)
    assert programme.multiplier_central == pytest.approx(4)


def test_draws_stay_in_the_range_of_the_firms_and_repeat_with_the_seed() -> None:
    two = shares(("A", 0.2, 0.1, 0.4), ("B", 0.5, 0.4, 0.6), ("A, B", None, 0.01, 0.9))
    programme = programme_from_firms(two, draws=20_000, seed=4)
    assert programme.organisations == 2
    assert 1 / 0.6 < programme.multiplier_low < programme.multiplier_central
    assert programme.multiplier_central < programme.multiplier_high < 10
    # Geometric mean of two log-uniform ranges: the middle of the four ends.
    assert programme.multiplier_central == pytest.approx((10 * 2.5 / 0.4 / 0.6) ** 0.25, rel=0.02)
    assert programme == programme_from_firms(two, draws=20_000, seed=4)


def test_training_is_not_a_one_time_event_at_any_organisation_in_the_table(
    rows: pd.DataFrame,
) -> None:
    multiples = 1 / firm_shares(rows)["high"]
    assert len(multiples) >= 3
    assert (multiples > 3).all()
    programme = programme_from_firms(rows, draws=10_000, seed=0)
    assert 3 < programme.multiplier_low < programme.multiplier_central < 11


def test_a_ratio_to_pre_training_becomes_a_share_of_the_whole(rows: pd.DataFrame) -> None:
    post = post_training_shares(rows).set_index("scope")
    assert post.loc["Grok 4", "high"] == pytest.approx(0.5)  # parity is half of the whole
    assert post.loc["DeepSeek-V3", "central"] == pytest.approx(0.044)
    assert ((post["low"] > 0) & (post["high"] < 1)).all()


def test_a_scaling_study_is_measured_in_final_runs(rows: pd.DataFrame) -> None:
    study = studies_against_final_run(
        rows, final_run="DeepSeek-V3", h800_hours_per_h100_hour=1.0
    ).set_index("scope")
    assert study.loc["Step Law 2025", "final_runs"] == pytest.approx(1e6 / 2.788e6)
    assert study.loc["Farseer 2025", "final_runs"] > 1
    assert study.loc["Step Law 2025", "training_runs"] == 3700
    dearer = studies_against_final_run(
        rows, final_run="DeepSeek-V3", h800_hours_per_h100_hour=1.25
    ).set_index("scope")
    ratio = dearer["final_runs"] / study["final_runs"]
    assert ratio["Farseer 2025"] == pytest.approx(1.25)
    assert ratio["Step Law 2025"] == 1


def test_an_unknown_final_run_lists_the_known(rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"'GPT-9' has no one row.*DeepSeek-V3"):
        studies_against_final_run(rows, final_run="GPT-9", h800_hours_per_h100_hour=1.0)


def test_rows_without_the_metric_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no row has the metric"):
        firm_shares(rows.loc[rows["metric"] == "size of scaling study"])


def test_the_tidy_frame_is_full_and_in_order(rows: pd.DataFrame) -> None:
    hours = assumptions.get("h800_hours_per_h100_hour").central
    frame = programme_rows(rows, final_run="DeepSeek-V3", h800_hours_per_h100_hour=hours)
    assert frame.notna().all().all()
    assert (frame["low"] <= frame["central"]).all()
    assert (frame["central"] <= frame["high"]).all()
    assert frame["item"].nunique() == 3
