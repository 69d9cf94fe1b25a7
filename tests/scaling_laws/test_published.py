"""Published laws give the optima their papers print, and say so where they do not."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.scaling_laws.printed_points import (
    check_compute_identity,
    compare_with_points,
    predictions,
)
from analysis.scaling_laws.published import (
    ExtrapolationWarning,
    PublishedLaw,
    kaplan_minimum_compute,
    law_from_row,
    laws_from_rows,
)


@pytest.fixture(scope="module")
def laws() -> dict[str, PublishedLaw]:
    return laws_from_rows(catalog.load("scaling_law_fits"))


@pytest.fixture(scope="module")
def optima(reference: Any) -> dict[str, Any]:
    return reference("published_optima")


def close(value: float, stated: dict[str, Any]) -> bool:
    return value == pytest.approx(stated["value"], rel=stated["tolerance"])


@pytest.mark.filterwarnings("ignore::analysis.scaling_laws.published.ExtrapolationWarning")
@pytest.mark.parametrize(
    "law_id", ["hoffmann2022_A3_rounded", "hoffmann2022_A3_tex", "besiroglu2024"]
)
def test_tokens_per_parameter_at_the_chinchilla_budget(
    laws: dict[str, PublishedLaw], optima: dict[str, Any], law_id: str
) -> None:
    budget = optima["chinchilla_budget_flop"]
    ratio = laws[law_id].optimal_tokens(budget) / laws[law_id].optimal_parameters(budget)
    assert close(ratio, optima["tokens_per_parameter"][law_id])


@pytest.mark.filterwarnings("ignore::analysis.scaling_laws.published.ExtrapolationWarning")
def test_unrounded_coefficients_give_the_size_in_figure_4(
    laws: dict[str, PublishedLaw], optima: dict[str, Any]
) -> None:
    size = laws["hoffmann2022_A3_tex"].optimal_parameters(optima["chinchilla_budget_flop"])
    assert close(size, optima["hoffmann2022_figure4_parameters"])


@pytest.mark.filterwarnings("ignore::analysis.scaling_laws.published.ExtrapolationWarning")
def test_only_the_figure_legend_of_llama_3_gives_the_tokens_the_paper_states(
    laws: dict[str, PublishedLaw], optima: dict[str, Any]
) -> None:
    stated = optima["llama3"]
    from_text = laws["llama3_2024_text"].optimal_tokens(stated["train_flop"])
    from_figure = laws["llama3_2024_figure"].optimal_tokens(stated["train_flop"])
    assert close(from_figure, stated["tokens_stated"])
    assert close(from_text, stated["tokens_from_text_pair"])
    assert from_text < 0.65 * stated["tokens_stated"]["value"]


def test_the_size_hoffmann_quotes_for_kaplan_is_that_of_a_run_at_the_critical_batch_size(
    laws: dict[str, PublishedLaw], optima: dict[str, Any]
) -> None:
    stated = optima["kaplan_at_1e21"]
    law = laws["kaplan2020_opt"]
    assert close(
        law.optimal_parameters(kaplan_minimum_compute(stated["train_flop"])), stated["parameters"]
    )
    assert law.optimal_parameters(stated["train_flop"]) > 1.6 * stated["parameters"]["value"]


def test_kaplan_loss_of_size_and_data_has_the_limits_of_its_form(
    laws: dict[str, PublishedLaw],
) -> None:
    both = laws["kaplan2020_LND"]
    row = catalog.load("scaling_law_fits").set_index("law_id").loc["kaplan2020_LND"]
    assert both.loss(parameters=1e9, tokens=1e30) == pytest.approx((row.N_c / 1e9) ** row.alpha)
    assert both.loss(parameters=1e30, tokens=1e9) == pytest.approx((row.D_c / 1e9) ** row.beta)


def test_kaplan_compute_is_turned_from_petaflops_days_into_flop(
    laws: dict[str, PublishedLaw],
) -> None:
    assert laws["kaplan2020_LCmin"].optimal_loss(3.1e8 * 8.64e19) == pytest.approx(1.0)


def test_deepseek_allocation_spends_the_budget_as_flop_per_token_times_tokens(
    laws: dict[str, PublishedLaw],
) -> None:
    law = laws["deepseek2024_current"]
    spent = law.optimal_parameters(1e20) * law.optimal_tokens(1e20)
    assert spent == pytest.approx(1e20, rel=0.001)
    assert law.parameter_count == "non-embedding FLOP per token"


def test_tokens_a_paper_did_not_print_follow_from_the_budget_and_are_marked(
    laws: dict[str, PublishedLaw],
) -> None:
    law = laws["porian2024_rw_tuned"]
    assert 6 * law.optimal_parameters(1e18) * law.optimal_tokens(1e18) == pytest.approx(1e18)
    assert law.implied == ("D_opt(C)",)


def test_hoffmann_table_a3_holds_one_compute_that_its_own_size_and_tokens_contradict(
    reference: Any,
) -> None:
    printed = reference("hoffmann2022_table_a3")
    points = pd.DataFrame(
        {
            "law_id": "hoffmann2022_A3",
            "compute_flop": printed["train_flop"],
            "optimal_parameters": printed["parameters"],
            "optimal_tokens": printed["tokens"],
        }
    )
    checked = check_compute_identity(points)
    assert checked.index[checked["slip"]].tolist() == [printed["misprinted_row"]]
    slip = checked.loc[printed["misprinted_row"], "printed_over_implied"]
    assert slip == pytest.approx(0.1, rel=0.005)
    rest = checked.loc[~checked["slip"], "printed_over_implied"]
    assert rest.between(0.95, 1.05).all()


def test_no_stored_point_contradicts_its_own_budget() -> None:
    assert not check_compute_identity(catalog.load("compute_optimal_points"))["slip"].any()


def test_every_printed_point_but_the_one_for_kaplan_agrees_with_its_law(
    laws: dict[str, PublishedLaw],
) -> None:
    frame = compare_with_points(laws, catalog.load("compute_optimal_points"))
    assert set(frame.loc[frame["flag"] == "differs", "law_id"]) == {"kaplan2020_at_1e21"}
    assert set(frame.loc[frame["flag"] == "no prediction", "law_id"]) == {"hoffmann2022_text"}
    predicted = frame.loc[frame["flag"] != "no prediction"]
    assert np.isfinite(predicted["predicted"]).all()
    assert (frame.loc[frame["flag"] == "agrees", "ratio"].between(0.8, 1.25)).all()


def test_a_law_with_only_an_exponent_says_so_when_asked_for_a_size(
    laws: dict[str, PublishedLaw],
) -> None:
    with pytest.raises(ValueError, match=r"hoffmann2022_A1 does not give N_opt.*exponents"):
        laws["hoffmann2022_A1"].optimal_parameters(1e21)
    with pytest.raises(ValueError, match="coefficients were not seen"):
        laws["sardana2023"].optimal_loss(1e21)
    with pytest.raises(ValueError, match=r"kaplan2020_LN does not give L\(N, D\)"):
        laws["kaplan2020_LN"].loss(1e9, 1e10)


def test_asking_beyond_the_fitted_range_warns_with_range_and_value(
    laws: dict[str, PublishedLaw],
) -> None:
    with pytest.warns(ExtrapolationWarning, match=r"3\.8e\+25 FLOP.*6e\+18 to 1e\+22"):
        laws["llama3_2024_figure"].optimal_tokens(3.8e25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        laws["llama3_2024_figure"].optimal_tokens(1e21)


def test_losses_on_different_text_or_in_different_units_are_not_comparable(
    laws: dict[str, PublishedLaw],
) -> None:
    hoffmann, refit = laws["hoffmann2022_A3_tex"], laws["besiroglu2024"]
    assert hoffmann.comparable_with == refit.comparable_with
    others = ["kaplan2020_LCmin", "gadre2024_c4", "deepseek2024_current", "muennighoff2023"]
    keys = {laws[law_id].comparable_with for law_id in others}
    assert len(keys) == 4
    assert hoffmann.comparable_with not in keys


def test_laws_of_different_training_text_measured_on_the_same_text_are_comparable(
    laws: dict[str, PublishedLaw],
) -> None:
    same = ["gadre2024_c4", "gadre2024_redpajama", "gadre2024_refinedweb"]
    assert len({laws[law_id].comparable_with for law_id in same}) == 1


def test_a_law_with_only_an_exponent_is_anchored_at_its_smallest_printed_budget(
    laws: dict[str, PublishedLaw],
) -> None:
    points = catalog.load("compute_optimal_points")
    frame = compare_with_points(laws, points.loc[points["law_id"] == "hoffmann2022_A2"])
    anchors = frame.loc[frame["flag"] == "anchor"]
    assert (anchors["compute_flop"] == frame["compute_flop"].min()).all()
    np.testing.assert_allclose(anchors["ratio"], 1.0)


def test_tidy_predictions_hold_only_what_each_law_gives(laws: dict[str, PublishedLaw]) -> None:
    chosen = [laws[name] for name in ("besiroglu2024", "kaplan2020_LCmin", "llama3_2024_figure")]
    frame = predictions(chosen, [1e21, 1e25])
    given = frame.groupby("law_id")["quantity"].unique().map(set)
    assert given["kaplan2020_LCmin"] == {"loss"}
    assert given["llama3_2024_figure"] == {"parameters", "tokens", "tokens_per_parameter"}
    assert frame["value"].notna().all()
    llama = frame.loc[frame["law_id"] == "llama3_2024_figure"]
    assert llama.groupby("train_flop")["extrapolated"].all().tolist() == [False, True]
    with pytest.raises(ValueError, match="none of the laws"):
        predictions([laws["hoffmann2022_A1"]], 1e21)


SURFACE = {
    "law_id": "planted",
    "paper": "Planted",
    "parameterisation": "L=E+A/N^alpha+B/D^beta",
    "E": 1.7,
    "A": 400.0,
    "B": 400.0,
    "alpha": 0.34,
    "beta": 0.28,
    "n_units": "total parameters; tokens",
    "loss_units": "nats per token",
    "corpus": "text",
}


def test_range_columns_of_a_row_win_over_its_words() -> None:
    law = law_from_row(
        {**SURFACE, "flop_min": 1e18, "flop_max": 1e22, "notes": "FLOP from 6e18 to 3e21"}
    )
    assert (law.flop_min, law.flop_max) == (1e18, 1e22)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameterisation": "L=magic"}, "planted: parameterisation 'L=magic' is not known"),
        ({"A": -4.0}, "planted, A: -4.0 is not accepted"),
        ({"A": "many"}, "planted, A: 'many' is not a number"),
        ({"beta": None}, "planted: alpha and beta are needed"),
        ({"parameterisation": "L=(N_c/N)^alpha"}, "planted: N_c is missing"),
        ({"parameterisation": "N_opt~C^a"}, "needs the exponent a or b"),
    ],
)
def test_a_row_that_cannot_be_a_law_is_refused_by_name(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        law_from_row({**SURFACE, **change})


def test_points_without_the_columns_needed_are_refused() -> None:
    with pytest.raises(ValueError, match="optimal_tokens"):
        check_compute_identity(pd.DataFrame({"law_id": ["x"], "compute_flop": [1.0]}))
