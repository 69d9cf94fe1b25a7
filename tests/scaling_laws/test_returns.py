"""What tenfold compute buys, in loss and in money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.scaling_laws.laws import Frontier, LossLaw
from analysis.scaling_laws.published import laws_from_rows
from analysis.scaling_laws.returns import (
    assumed_tenfold_gain,
    gain_bands,
    gain_per_tenfold,
    gain_table,
    price_of_gain,
    return_in_money,
)

LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
BUDGETS = np.array([1e20, 1e23, 1e26])


def test_every_tenfold_takes_the_same_share_off_the_reducible_loss() -> None:
    gain = gain_per_tenfold(LAW, BUDGETS)
    share = gain.absolute_gain / (gain.loss - LAW.E)
    np.testing.assert_allclose(share, 1 - 10**-LAW.frontier_exponent)
    np.testing.assert_allclose(gain.relative_gain_reducible, share)


def test_every_tenfold_takes_less_off_the_loss_than_the_one_before() -> None:
    gain = gain_per_tenfold(LAW, BUDGETS)
    assert (np.diff(gain.absolute_gain) < 0).all()
    assert (np.diff(gain.relative_gain) < 0).all()
    np.testing.assert_allclose(gain.loss_after, LAW.frontier_loss(10 * BUDGETS))


def test_the_same_gain_again_costs_what_the_frontier_says() -> None:
    gain = gain_per_tenfold(LAW, BUDGETS)
    again = price_of_gain(LAW, 10 * BUDGETS, gain.absolute_gain)
    np.testing.assert_allclose(gain.cost_multiple, (again - 10 * BUDGETS) / (9 * BUDGETS))
    assert gain.cost_multiple[0] > 10


def test_a_gain_that_cannot_be_had_again_costs_infinitely_much() -> None:
    steep = Frontier(E=1.0, K=100.0, gamma=0.35)  # one tenfold takes more than half
    assert gain_per_tenfold(steep, 1e6).cost_multiple == np.inf
    with pytest.raises(ValueError, match=r"gain: .* cannot be bought"):
        price_of_gain(steep, 1e6, 1.0)


def test_price_of_a_gain_is_the_compute_of_the_better_run() -> None:
    price = price_of_gain(LAW, 1e24, 0.02)
    assert LAW.frontier_loss(1e24) - LAW.frontier_loss(price) == pytest.approx(0.02)


def test_kaplan_exponent_gives_the_share_of_the_whole_loss(reference: Any) -> None:
    stated = reference("published_optima")["kaplan_loss"]["tenfold_share_of_loss"]
    law = laws_from_rows(catalog.load("scaling_law_fits"))["kaplan2020_LCmin"]
    assert law.frontier is not None
    gain = gain_per_tenfold(law.frontier, BUDGETS)
    np.testing.assert_allclose(gain.relative_gain, stated["value"], rtol=stated["tolerance"])


def test_gain_table_names_each_law() -> None:
    table = gain_table({"one": LAW, "two": Frontier(E=0.0, K=10.0, gamma=0.05)}, BUDGETS)
    assert table.groupby("law_id", sort=False).size().to_dict() == {"one": 3, "two": 3}
    assert table.notna().all().all()


def test_bands_hold_the_share_of_draws_they_name() -> None:
    rng = np.random.default_rng(5)
    draws = pd.DataFrame({name: np.full(2001, getattr(LAW, name)) for name in ["E", "A", "B"]})
    draws["alpha"], draws["beta"] = rng.normal([[0.35], [0.37]], 0.015, (2, 2001))
    bands = gain_bands(draws, [1e23], level=0.9).set_index("quantity")
    exponent = draws.alpha * draws.beta / (draws.alpha + draws.beta)
    low, middle, high = np.quantile(exponent, [0.05, 0.5, 0.95])
    row = bands.loc["elasticity"]
    assert (row.low, row.central, row.high) == pytest.approx((low, middle, high), rel=1e-3)
    assert (bands.low <= bands.central).all()
    assert (bands.central <= bands.high).all()


def test_bands_without_spread_close_on_the_law_itself() -> None:
    draws = pd.DataFrame([vars(LAW)] * 3)
    bands = gain_bands(draws, BUDGETS)
    loss = bands.loc[bands["quantity"] == "loss"]
    np.testing.assert_allclose(loss["low"], LAW.frontier_loss(BUDGETS))
    np.testing.assert_allclose(loss["high"], LAW.frontier_loss(BUDGETS))


def test_a_bad_draw_is_named_by_its_row() -> None:
    draws = pd.DataFrame([vars(LAW), {**vars(LAW), "beta": -0.1}])
    with pytest.raises(ValueError, match=r"draws, row 1: .*beta: -0\.1"):
        gain_bands(draws, BUDGETS)
    with pytest.raises(ValueError, match=r"draws lack \['beta'\]"):
        gain_bands(draws.drop(columns="beta"), BUDGETS)


def money(*rows: tuple[str, int, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["lab", "year", "metric", "value_usd"])
    return frame.assign(kind="reported")


def test_money_sets_revenue_added_against_the_research_of_the_year_before() -> None:
    table = return_in_money(
        money(
            ("A", 2024, "revenue", 3e9),
            ("A", 2024, "rnd_compute", 5e9),
            ("A", 2025, "revenue", 13e9),
            ("A", 2025, "operating_loss", 20e9),
        )
    )
    later = table.loc[table["year"] == 2025].iloc[0]
    assert later["revenue_added_per_rnd_compute"] == pytest.approx(2.0)
    assert later["result_usd"] == -20e9
    assert later["result_measure"] == "operating result"
    assert later["not_published"] == "rnd_compute"


def test_money_keeps_ebitda_apart_from_the_operating_result() -> None:
    table = return_in_money(money(("A", 2025, "revenue", 4e9), ("A", 2025, "ebitda_loss", 5e9)))
    assert table["result_measure"].tolist() == ["EBITDA"]


def test_two_figures_for_one_cell_are_refused() -> None:
    with pytest.raises(ValueError, match=r"A/2025/revenue more than once"):
        return_in_money(money(("A", 2025, "revenue", 4e9), ("A", 2025, "revenue", 5e9)))


def test_every_lab_year_with_both_figures_lost_money_while_revenue_passed_research_compute() -> (
    None
):
    table = return_in_money(catalog.load("lab_returns"))
    known = table.dropna(subset=["result_usd"])
    assert len(known) >= 3
    assert (known["result_usd"] < 0).all()
    last = table.loc[table["year"] == 2025].dropna(subset=["revenue_per_rnd_compute"])
    assert (last["revenue_per_rnd_compute"] > 1).all()
    assert len(last) >= 2


def test_an_assumed_law_at_the_laws_own_floor_and_share_is_the_law() -> None:
    law = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
    compute = np.logspace(19, 27, 9)
    gain = assumed_tenfold_gain(
        compute,
        law.E,
        1 - 10**-law.frontier_exponent,
        anchor_flop=1e21,
        anchor_loss=float(law.frontier_loss(1e21)),
    )
    np.testing.assert_allclose(gain, gain_per_tenfold(law, compute).relative_gain, rtol=1e-12)


@pytest.mark.parametrize(("floor", "share"), [(2.5, 0.3), (-0.1, 0.3), (1.8, 0.0), (1.8, 1.0)])
def test_an_assumed_law_that_cannot_be_is_refused(floor: float, share: float) -> None:
    with pytest.raises(ValueError, match="not accepted"):
        assumed_tenfold_gain(1e22, floor, share, anchor_flop=1e21, anchor_loss=2.3)
