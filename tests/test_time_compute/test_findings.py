"""What the chapter finds hangs together: readings of one thing agree, intervals hold the centre."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import assumptions, catalog
from analysis.scaling_laws import findings as scaling_laws
from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.findings import agents, exchange, lifetime, sampling, thinking
from analysis.test_time_compute.split import inference_share


def test_drawn_laws_give_the_tokens_their_own_optimum_asks_for() -> None:
    samples = lifetime.break_even_samples()
    laws = scaling_laws.draws().sample(
        lifetime.DRAWS, replace=True, random_state=lifetime.SEED, ignore_index=True
    )
    names = [*lifetime.BREAK_EVEN_INPUTS, "reference_train_flop"]
    drawn = assumptions.sample(names, lifetime.DRAWS, np.random.default_rng(lifetime.SEED))
    for row in (0, 7, 19_999):
        law = LossLaw(*laws.loc[row, ["E", "A", "B", "alpha", "beta"]].tolist())
        optimum = law.optimum(drawn["reference_train_flop"][row])
        assert samples["training_tokens"][row] == pytest.approx(float(optimum.tokens))
        assert samples["parameter_exponent"][row] == pytest.approx(law.parameter_exponent)


def test_the_central_break_even_lies_inside_its_interval_and_falls_with_the_gain() -> None:
    central = [lifetime.break_even_central(gain) for gain in (3.0, 10.0, 100.0)]
    assert np.diff(central).max() < 0
    for gain, value in zip((3.0, 10.0, 100.0), central, strict=True):
        assert value in lifetime.break_even_band(gain)


def test_the_exchange_rate_moves_the_break_even_most() -> None:
    """What the prose says; the moves are those of the closed form."""
    swings = lifetime.swings()
    assert next(iter(swings)) == "exchange_elasticity"
    price = assumptions.get("relative_flop_price")
    assert swings["relative_flop_price"] == pytest.approx(price.high / price.low)
    length = assumptions.get("question_tokens")
    assert swings["tokens_per_query"] == pytest.approx(length.high / length.low)


def test_published_rates_are_the_ratio_of_their_spans() -> None:
    rates = exchange.exchange_rates().set_index("fact_id")
    assert rates.loc["jones2021_hex", "elasticity"] == pytest.approx(np.log10(15), abs=5e-4)
    assert rates.loc["erdil2024_equal_elasticity", "elasticity"] == 1.0
    known = rates.dropna(subset=["low"])
    assert (known["low"] <= known["elasticity"]).all()
    assert (known["elasticity"] <= known["high"]).all()


def test_the_best_split_of_the_interval_is_that_of_its_ends() -> None:
    split = exchange.split_interval()
    rate = assumptions.get("exchange_elasticity")
    assert split.low == pytest.approx(float(inference_share(rate.high)), abs=0.005)
    assert split.high == pytest.approx(float(inference_share(rate.low)), abs=0.005)


def test_more_of_the_checkers_errors_never_lets_more_checkpoints_reach_a_goal() -> None:
    reach = exchange.reach().query("false_positive_percent > 0")
    for _, rows in reach.groupby("target_percent"):
        ordered = rows.sort_values("false_positive_percent")["checkpoints"]
        assert (np.diff(ordered) <= 0).all()


def test_the_model_of_agents_comes_near_the_tokens_counted_for_coding_tasks() -> None:
    """Turns from one source, tokens per task from another; round assumptions in between."""
    steps = round(agents.fact("nebius_openhands_turns"))
    tokens = agents.multiple(steps, "tokens") * agents.fact("bai2026_code_chat_tokens")
    assert tokens == pytest.approx(agents.fact("bai2026_mean_tokens"), rel=0.5)
    table = agents.multiples()
    assert (table["low"] <= table["multiplier"]).all()
    assert (table["multiplier"] <= table["high"]).all()


def test_points_from_a_half_are_the_logistic_of_the_slope() -> None:
    assert thinking.points_from(0.5, 0.0) == pytest.approx(0.0)
    assert thinking.points_from(0.5, np.log(3)) == pytest.approx(25.0)
    assert thinking.points_from(0.9, 1.0) < thinking.points_from(0.5, 1.0)


def test_narrow_comparisons_are_left_out_by_the_rule_alone() -> None:
    slopes = thinking.slopes()
    alike = slopes.loc[slopes["counted"].isin([thinking.USED, thinking.CAP])]
    assert (alike["pooled"] == (alike["x_ratio"] >= thinking.LEAST_RATIO)).all()
    assert 0 < (~alike["pooled"]).sum() < 5
    assert not slopes.loc[~slopes.index.isin(alike.index), "pooled"].any()


def test_the_checkers_in_the_figure_are_those_of_the_assumption() -> None:
    checker = assumptions.get("verifier_false_positive_rate")
    names = {sampling.checker_name(rate) for rate in (checker.low, checker.central, checker.high)}
    assert names <= set(sampling.selection_curves()["picker"])


def test_the_worse_the_checker_the_fewer_tries_are_worth_making() -> None:
    tries = sampling.best_tries()
    counts = [tries[rate] for rate in sorted(tries)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_kept_tables_are_not_changed_by_whoever_reads_them() -> None:
    before = catalog.load("accuracy_points").copy()
    thinking.slopes()
    sampling.selection_points()
    assert before.equals(catalog.load("accuracy_points"))
