"""Who holds compute: one source at a time, shares with intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware import supply

ASIC = ("Google TPU", "Amazon Trainium")


@pytest.fixture(scope="module")
def counts(reference: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return reference("hardware_market")["chip_counts"]


def frame(counts: dict[str, Any], which: str, metric: str | None = None) -> pd.DataFrame:
    rows = pd.DataFrame(counts[which], columns=counts["columns"])
    return rows if metric is None else rows[rows["metric"] == metric]


def planted(**changes: Any) -> pd.DataFrame:
    rows = pd.DataFrame({"vendor": ["x", "y"], "value": [30.0, 70.0]})
    rows = rows.assign(value_p5=[20.0, 50.0], value_p95=[50.0, 90.0], metric="m", owner="all")
    rows = rows.assign(chip="all", period="2025Q4", unit="chips", source="s")
    return rows.assign(**changes)


@pytest.mark.parametrize("column", ["source", "metric", "unit"])
def test_rows_that_count_different_things_are_refused_by_name(column: str) -> None:
    with pytest.raises(ValueError, match=rf"{column}: \['one', 'two'\] are mixed"):
        supply.vendor_shares(planted(**{column: ["one", "two"]}), "2025Q4")


def test_a_repeated_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="is there twice"):
        supply.one_source(planted(vendor="x"))


@pytest.mark.parametrize("value", [np.nan, -1.0])
def test_a_count_that_is_not_a_number_of_chips_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="value, row 1"):
        supply.one_source(planted(value=[30.0, value]))


def test_a_median_outside_its_percentiles_is_refused() -> None:
    with pytest.raises(ValueError, match="row 0: value 30 with 5th percentile 40"):
        supply.vendor_shares(planted(value_p5=[40.0, 50.0]), "2025Q4")


def test_a_period_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="period '2026Q4': no row"):
        supply.vendor_shares(planted(), "2026Q4")


def test_draws_return_the_percentiles_they_were_made_from() -> None:
    drawn = supply.value_draws(planted(), 40000, 1)
    found = np.quantile(drawn, [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_allclose(found, [[20, 50], [30, 70], [50, 90]], rtol=0.02)


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_errors_of_vendors_are_correlated_as_asked(shared: float) -> None:
    rows = planted(value_p5=[20.0, 50.0], value_p95=[45.0, 98.0])
    drawn = np.log(supply.value_draws(rows, 40000, 2, shared=shared))
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(shared, abs=0.02)


def test_an_exact_row_does_not_move() -> None:
    drawn = supply.value_draws(planted(value_p5=np.nan, value_p95=np.nan), 10, 0)
    assert (drawn == [30.0, 70.0]).all()


def test_vendor_shares_are_the_published_ones(counts: dict[str, Any]) -> None:
    rows = frame(counts, "totals", "cumulative_compute")
    table = supply.vendor_shares(rows, "2025Q4").set_index("vendor")
    for vendor, percent in counts["vendor_share_percent"].items():
        assert 100 * table.loc[vendor, "share"] == pytest.approx(
            percent, abs=counts["tolerance_percent"]
        )
    assert (table["low"] < table["share"]).all()
    assert (table["share"] < table["high"]).all()


def test_asic_shares_are_the_published_ones(counts: dict[str, Any]) -> None:
    for name, percent in counts["asic_share_percent"].items():
        of, year, what = name.split()
        rows = frame(counts, "totals", f"cumulative_{what}")
        table = supply.asic_share(rows, ASIC, draws=50).set_index(["year", "of"])
        found = 100 * table.loc[(int(year), of), "share"]
        assert found == pytest.approx(percent, abs=counts["tolerance_percent"])


def test_vendors_whose_count_starts_in_a_year_are_named(counts: dict[str, Any]) -> None:
    rows = frame(counts, "totals", "cumulative_units")
    table = supply.asic_share(rows, ASIC, draws=20).drop_duplicates("year").set_index("year")
    assert table["vendors"].to_dict() == {2022: 1, 2023: 2, 2024: 4, 2025: 4}
    assert set(table.loc[2024, "first_counted"].split(", ")) == {"Amazon Trainium", "AMD Instinct"}
    assert table.loc[2025, "first_counted"] == ""


def test_a_cumulative_count_that_falls_is_refused() -> None:
    rows = pd.concat([planted(period="2024Q4", value=80.0, value_p95=95.0), planted()])
    with pytest.raises(ValueError, match="x: the cumulative value falls in 2025"):
        supply.asic_share(rows, ("x",), draws=5)


def test_an_asic_vendor_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"asic_vendors: \['z'\] have no row"):
        supply.asic_share(planted(), ("z",))


def test_holders_are_the_published_ones_and_add_to_one(counts: dict[str, Any]) -> None:
    table = supply.holder_shares(
        frame(counts, "owners"),
        frame(counts, "totals", "cumulative_compute"),
        "2025Q4",
        counts["designed_by"],
    ).set_index("owner")
    for owner, percent in counts["holder_share_percent"].items():
        assert 100 * table.loc[owner, "share"] == pytest.approx(
            percent, abs=counts["tolerance_percent"]
        )
    assert table["share"].sum() == pytest.approx(1)
    assert table["low"].lt(table["share"]).all()
    assert table["high"].gt(table["share"]).all()


def test_owners_that_hold_more_than_there_is_are_refused() -> None:
    owners = planted(vendor="x", owner=["p", "q"], metric="by owner")
    totals = planted(vendor="x").iloc[:1]
    with pytest.raises(ValueError, match="x: owners hold more than its total"):
        supply.holder_shares(owners, totals, "2025Q4", {})


def test_a_vendor_without_owner_or_designer_is_refused() -> None:
    owners = planted(vendor="x", value=1.0, value_p5=0.9, value_p95=1.1).iloc[:1]
    with pytest.raises(ValueError, match=r"vendors \['y'\]: need owners or a designer"):
        supply.holder_shares(owners, planted(), "2025Q4", {})


def test_an_owners_interval_holds_its_planted_share_as_often_as_it_says() -> None:
    """The estimate's median is off by the very error its percentiles state."""
    generator, inside = np.random.default_rng(3), []
    truth = {"p": 30.0, "rest": 70.0}
    for seed in range(150):
        vendor, own = 0.1 * generator.standard_normal(), 0.2 * generator.standard_normal()
        total = 100.0 * np.exp(vendor)
        held = truth["p"] * np.exp(vendor + own)
        spread, whole = np.exp(1.6449 * np.hypot(0.1, 0.2)), np.exp(1.6449 * 0.1)
        owners = planted(vendor="x", owner="p", value=held).iloc[:1]
        owners = owners.assign(value_p5=held / spread, value_p95=held * spread)
        totals = planted(vendor="x", value=total).iloc[:1]
        totals = totals.assign(value_p5=total / whole, value_p95=total * whole)
        table = supply.holder_shares(owners, totals, "2025Q4", {}, draws=400, seed=seed)
        row = table.set_index("owner").loc["p"]
        inside.append(row["low"] <= 0.3 <= row["high"])
    assert 0.82 <= np.mean(inside) <= 0.97


def test_the_herfindahl_index_of_equals_is_one_over_their_number() -> None:
    assert supply.herfindahl(np.full(8, 0.125)) == pytest.approx((0.125, 0.125))
    least, most = supply.herfindahl([0.5, 0.3], unnamed=0.2)
    many = np.r_[0.5, 0.3, np.full(10000, 0.2 / 10000)]
    assert least == pytest.approx(np.sum(many**2), abs=1e-4)
    assert most == pytest.approx(0.38)


def test_shares_that_do_not_add_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match=r"add to 0\.8; accepted: 1"):
        supply.herfindahl([0.5, 0.3])
