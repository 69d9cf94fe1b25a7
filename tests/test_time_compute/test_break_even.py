"""How many queries make a better-trained model cheaper than one that thinks longer."""

from __future__ import annotations

import re
from typing import Any

import altair as alt
import numpy as np
import pytest
import vl_convert as vlc

from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.break_even import (
    break_even_draws,
    break_even_interval,
    break_even_inverse,
    break_even_queries,
    break_even_table,
    thinking_multiple,
    training_multiple_for_loss,
)
from analysis.test_time_compute.split import thinking_reaches

LAW = LossLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
QUERY = {"training_tokens": 1e13, "tokens_per_query": 1300.0}


def programme_costs(queries: float, g: float, e: float, a: float, s: float, h: float, r: float):
    """Cost in training FLOP of both programmes, query by kind, for a base model of 7e9."""
    n, d, t = 7e9, QUERY["training_tokens"], QUERY["tokens_per_query"]
    base = 6 * n * d
    plain = 2 * n * t * r
    better = 2 * n * g**a * t * r
    thinking = (1 - s) * base + queries * (h * better * g**e + (1 - h) * plain)
    trained = g * base + queries * (h * better + (1 - h) * plain)
    return thinking, trained


@pytest.mark.parametrize(
    ("g", "e", "a", "s", "h", "r"),
    [
        (10.0, 1.2, 0.5, 1.0, 1.0, 1.0),
        (3.0, 1.0, 0.5, 0.0, 1.0, 2.5),
        (2.0, 0.8, 0.0, 0.3, 1.0, 0.4),
        (30.0, 2.0, 1.0, 1.0, 0.05, 1.0),
    ],
)
def test_the_cheaper_programme_changes_at_the_break_even(
    g: float, e: float, a: float, s: float, h: float, r: float
) -> None:
    queries = break_even_queries(
        g,
        e,
        **QUERY,
        parameter_exponent=a,
        base_already_trained=s,
        share_needing=h,
        relative_flop_price=r,
    )
    for factor, thinking_wins in [(0.01, True), (0.999, True), (1.001, False), (100.0, False)]:
        thinking, trained = programme_costs(float(queries) * factor, g, e, a, s, h, r)
        assert (thinking < trained) == thinking_wins
    thinking, trained = programme_costs(float(queries), g, e, a, s, h, r)
    assert thinking == pytest.approx(trained, rel=1e-12)


def test_where_thinking_costs_no_more_per_query_it_wins_at_any_number() -> None:
    queries = break_even_queries([2.0, 10.0], 0.0, **QUERY)
    assert (queries == np.inf).all()  # the costs per query are equal
    thinking, trained = programme_costs(1e30, 10.0, -0.1, 0.5, 1.0, 1.0, 1.0)
    assert thinking < trained
    assert break_even_inverse(10.0, -0.1, **QUERY) < 0
    assert break_even_queries(10.0, -0.1, **QUERY) == np.inf


def test_it_is_the_flop_matched_comparison_of_snell(reference: Any) -> None:
    stated = reference("test_time_exchange")["snell2024"]
    m = stated["parameter_multiple"]
    for ratio in stated["inference_over_pretraining_tokens"]:
        thinking = m + 3 / ratio * (m - 1)
        queries = break_even_queries(
            m,
            np.log(thinking) / np.log(m) - 1.0,  # the larger model costs m times as much to ask
            training_tokens=1e12,
            tokens_per_query=400.0,
            parameter_exponent=1.0,
            base_already_trained=0.0,
        )
        assert float(queries) * 400 / 1e12 == pytest.approx(ratio, rel=1e-12)


def test_over_training_only_adds_to_what_the_better_model_costs() -> None:
    plain = break_even_queries(4.0, 1.0, **QUERY, parameter_exponent=0.0)
    dear = break_even_queries(4.0, 1.0, **QUERY, parameter_exponent=0.0, over_training=2.0)
    assert float(dear / plain) == pytest.approx(2.0)


def test_the_multiple_of_a_loss_is_what_the_law_charges() -> None:
    g = training_multiple_for_loss(LAW, np.array([1e22, 1e25]), 0.02)
    compute = np.array([1e22, 1e25])
    np.testing.assert_allclose(LAW.frontier_loss(compute) - LAW.frontier_loss(g * compute), 0.02)
    assert g[1] > g[0] > 1


def test_jones_exchange_turns_tenfold_training_into_fifteenfold_thinking(reference: Any) -> None:
    fifteen = reference("test_time_exchange")["jones2021"][
        "inference_multiple_per_tenfold_training"
    ]
    same_size = thinking_multiple(10.0, np.log10(fifteen), parameter_exponent=0.0)
    assert float(same_size) == pytest.approx(fifteen)
    larger = thinking_multiple(10.0, np.log10(fifteen), parameter_exponent=0.5)
    assert float(larger) == pytest.approx(fifteen * 10**0.5)


def test_thinking_reaches_a_gain_up_to_its_span() -> None:
    assert thinking_reaches(100.0, 0.5, [1.9, 2.0, 2.1]).tolist() == [False, True, True]


def test_draws_are_evaluated_one_by_one_and_never_stays_infinite() -> None:
    rng = np.random.default_rng(4)
    samples = {
        "exchange_elasticity": rng.uniform(-0.2, 1.5, 501),
        "training_tokens": 10 ** rng.uniform(12, 14, 501),
    }
    fixed = {"tokens_per_query": 1300.0, "training_multiple": 10.0}
    found = break_even_draws(samples, **fixed)
    loop = [
        float(break_even_queries(10.0, e, training_tokens=d, tokens_per_query=1300.0))
        for e, d in zip(*samples.values(), strict=True)
    ]
    np.testing.assert_allclose(found, loop, rtol=1e-12)
    interval = break_even_interval(samples, level=0.9, **fixed)
    assert interval.share_never == np.isinf(loop).mean() > 0.05
    assert interval.high == np.inf
    assert interval.low in found
    below = np.mean(found < interval.low)
    assert below == pytest.approx(0.05, abs=0.005)


def test_the_interval_holds_a_planted_break_even_as_often_as_it_says() -> None:
    rng = np.random.default_rng(9)
    truth = float(break_even_queries(10.0, 1.0, **QUERY))
    hits = 0
    for _ in range(400):
        estimate = 1.0 + 0.15 * rng.standard_normal()
        sampled = np.maximum(estimate + 0.15 * rng.standard_normal(400), 1e-3)
        interval = break_even_interval(
            {"exchange_elasticity": sampled}, level=0.8, training_multiple=10.0, **QUERY
        )
        hits += truth in interval
    assert hits / 400 == pytest.approx(0.8, abs=0.05)


def test_the_table_has_every_gain_at_every_length() -> None:
    table = break_even_table(
        [2.0, 10.0],
        0.6,
        tokens_per_query=[100.0, 1000.0, 1e4],
        training_tokens=1e13,
    )
    assert len(table) == 6
    row = table.iloc[4]
    assert (row["training_multiple"], row["tokens_per_query"]) == (10.0, 1000.0)
    want = break_even_queries(10.0, 0.6, training_tokens=1e13, tokens_per_query=1000.0)
    assert row["break_even_queries"] == float(want)
    assert (
        table["thinking_always_cheaper"].tolist() == np.isinf(table["break_even_queries"]).tolist()
    )
    never = break_even_table([2.0], -0.1, tokens_per_query=[1e3], training_tokens=1e13)
    assert never["thinking_always_cheaper"].all()


def in_browser(expressions: list[str], signals: dict[str, float]) -> list[float]:
    """Values of Vega expressions, by drawing them as text."""
    marks = [
        {"type": "text", "encode": {"update": {"text": {"signal": f"'=' + ({text}) + ';'"}}}}
        for text in expressions
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "signals": [{"name": name, "value": value} for name, value in signals.items()],
        "marks": marks,
    }
    drawn = re.findall(r">=([^;<]*);<", vlc.vega_to_svg(spec))
    return [float(text.replace("Infinity", "inf")) for text in drawn]


def test_the_browser_gets_the_numbers_that_python_gets() -> None:
    rng = np.random.default_rng(6)
    e = alt.param("e", value=1.0)
    expressions, want = [], []
    for number in range(60):
        value = 0.6 if number % 3 else -0.2
        terms = {
            "training_tokens": 10 ** rng.uniform(11, 14),
            "tokens_per_query": rng.uniform(10, 3000),
            "parameter_exponent": rng.uniform(0, 1),
            "relative_flop_price": 10 ** rng.uniform(-1, 1),
            "share_needing": rng.uniform(0.01, 1),
        }
        g = 10 ** rng.uniform(0.1, 3)
        for function in (break_even_queries, break_even_inverse):
            expressions.append(str(function(g, e - 0.6 + value, **terms, xp=alt.expr)))
            want.append(float(function(g, value, **terms)))
    assert 10 < np.isinf(want).sum() < 50
    np.testing.assert_allclose(in_browser(expressions, {"e": 0.6}), want, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training_multiple": 1.0}, "training_multiple: 1.0"),
        ({"training_multiple": [2.0, np.nan]}, "training_multiple, row 1: nan"),
        ({"exchange_elasticity": np.nan}, "exchange_elasticity: nan"),
        ({"training_tokens": -1.0}, "training_tokens: -1.0"),
        ({"tokens_per_query": 0.0}, "tokens_per_query: 0.0"),
        ({"parameter_exponent": 1.5}, "parameter_exponent: 1.5"),
        ({"relative_flop_price": 0.0}, "relative_flop_price: 0.0"),
        ({"base_already_trained": -0.1}, "base_already_trained: -0.1"),
        ({"share_needing": 0.0}, "share_needing: 0.0"),
        ({"share_needing": 0.5, "base_already_trained": 0.0}, "base model that answers"),
        ({"over_training": 0.5}, "over_training: 0.5"),
        ({"training_multiple": [2.0, 1.0]}, "training_multiple, row 1: 1.0"),
        ({"parameter_exponent": 1.5}, "a share from 0 to 1"),
        ({"training_multiple": "ten"}, "training_multiple: 'ten' is not a number"),
        ({"exchange_elasticity": "1"}, "exchange_elasticity: '1' is not a number"),
        ({"training_multiple": []}, "training_multiple is empty"),
        ({"tokens_per_query": []}, "tokens_per_query is empty"),
        (
            {"training_multiple": [2.0, 3.0], "tokens_per_query": [1.0, 2.0, 3.0]},
            r"training_multiple \(2,\), tokens_per_query \(3,\)",
        ),
        (
            {"training_multiple": [10.0, 1e300], "exchange_elasticity": 5.0},
            r"exchange_elasticity, row 1: 5 at training_multiple 1e\+300",
        ),
        ({"training_multiple": 1e200, "over_training": 1e200}, "go past what a number holds"),
        (
            {"share_needing": [1.0, 0.5], "base_already_trained": [0.0, 0.5]},
            "base_already_trained, row 1: 0.5 is not accepted with share_needing 0.5",
        ),
    ],
)
def test_what_it_cannot_take_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"training_multiple": 10.0, "exchange_elasticity": 1.0, **QUERY}
    with pytest.raises(ValueError, match=message):
        break_even_queries(**{**arguments, **change})


def test_a_multiple_past_what_a_number_holds_is_refused_and_the_largest_is_not() -> None:
    assert float(thinking_multiple(1e300, 0.5)) == pytest.approx(1e300)
    assert float(thinking_multiple(1e300, -1e300)) == 0.0
    for elasticity in (5.0, 1e306):
        with pytest.raises(ValueError, match="makes a thinking_multiple past what a number holds"):
            thinking_multiple(1e300, elasticity)
    with pytest.raises(ValueError, match="exchange_elasticity: inf"):
        thinking_multiple(2.0, np.inf)
    with pytest.raises(ValueError, match=r"training_multiple \(2,\), span_oom \(3,\)"):
        thinking_reaches([2.0, 3.0], 1.0, [1.0, 2.0, 3.0])


def test_samples_of_unequal_length_or_given_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="samples: shapes"):
        break_even_draws({"exchange_elasticity": [1.0, 2.0], "training_multiple": [2.0]}, **QUERY)
    with pytest.raises(ValueError, match="given as samples and as fixed"):
        break_even_draws(
            {"exchange_elasticity": [1.0, 2.0]},
            exchange_elasticity=1.0,
            training_multiple=2.0,
            **QUERY,
        )
    with pytest.raises(ValueError, match="1 draws give no interval"):
        break_even_interval({"exchange_elasticity": [1.0]}, training_multiple=2.0, **QUERY)
