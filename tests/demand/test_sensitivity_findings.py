"""What decides the share of inference, against plain draws, the model run by hand, and recounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.demand import known, project, tipping
from analysis.demand.findings import input_names, projection, turning
from analysis.demand.findings import sensitivity as found
from analysis.demand.findings.sensitivity import LABS, QUESTIONS, WORLD, YEAR, Question
from analysis.demand.inputs import EFFECT
from analysis.demand.sentences.sensitivity import numbers
from analysis.demand.shares import inference_share

NOW = (Question(LABS, YEAR), Question(WORLD, YEAR))


def share(question: Question, **moved: float) -> float:
    """The share by the model's front door, one scenario."""
    scope, unit = {LABS: ("labs", "usd"), WORLD: ("fleet", "chips")}[question.whose]
    inputs = {**projection.weighed_inputs(), **moved}
    whole = project({name: np.array([[value]]) for name, value in inputs.items()})
    return float(np.ravel(inference_share(whole, scope, unit))[question.year - 2019])


@pytest.fixture(scope="module")
def plain() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Inputs drawn from their ranges, and the four shares."""
    drawn = {name: values[:60_000] for name, values in projection.before_conditioning().items()}
    return drawn, found.shares(drawn)


def test_shares_from_the_ranges_are_those_of_a_fit_to_plain_draws(
    plain: tuple[dict[str, np.ndarray], np.ndarray],
) -> None:
    drawn, answers = plain
    even = np.ones(len(answers))
    for place, part in enumerate(found.sobol().inputs):
        terms = found.curve([drawn[name].ravel() for name in part.split(" + ")])
        (fitted,) = found.explained_by(terms, answers, even)
        np.testing.assert_allclose(fitted, found.sobol().first[place], atol=0.015, err_msg=part)


def test_the_spread_of_the_ranges_is_that_of_plain_draws(
    plain: tuple[dict[str, np.ndarray], np.ndarray],
) -> None:
    before = [found.spreads(question)[0] for question in QUESTIONS]
    np.testing.assert_allclose(plain[1].std(axis=0), before, rtol=0.02)


def test_the_spread_left_is_that_of_the_scenarios_the_chapter_tells() -> None:
    for question in QUESTIONS:
        name = {LABS: "share:labs:usd:rnd", WORLD: "share:fleet:chips:rnd"}[question.whose]
        told = projection.drawn(name)[:, question.year - 2019]
        assert found.spreads(question)[1] == pytest.approx(told.std(), rel=1e-9)


def test_a_planted_share_of_the_variance_is_found_whatever_the_weights() -> None:
    rng = np.random.default_rng(3)
    cause, other, noise = rng.standard_normal((3, 20_000))
    answer = (cause + 0.5 * (cause**2 - 1) + other * cause + 2 * noise)[:, None]
    # Variances: 1 of the cause, 1/2 of its square, 1 of the product, 4 of noise.
    even = np.ones(len(cause))
    for inputs, planted in (([cause], 1.5 / 6.5), ([cause, other], 2.5 / 6.5), ([other], 0.0)):
        (fitted,) = found.explained_by(found.curve(inputs), answer, even)
        assert fitted[0] == pytest.approx(planted, abs=0.02)
    # Drawing a scenario twice is weighing it twice.
    counts = rng.poisson(1.0, len(cause)).astype(float)
    terms = found.curve([cause, other])
    (weighed,) = found.explained_by(terms, answer, counts)
    rows = np.repeat(np.arange(len(cause)), counts.astype(int))
    left = answer[rows] - terms[rows] @ np.linalg.lstsq(terms[rows], answer[rows], rcond=None)[0]
    plain_r2 = 1 - left.var() / answer[rows].var()
    assert weighed[0] == pytest.approx(plain_r2, abs=2e-3)


def test_noise_explains_nothing_on_few_scenarios() -> None:
    rng = np.random.default_rng(4)
    found_shares = [
        found.explained_by(
            found.curve(rng.standard_normal((4, 200))), rng.standard_normal((200, 1)), np.ones(200)
        ).item()
        for _ in range(200)
    ]
    assert abs(np.mean(found_shares)) < 0.01


def test_a_share_of_the_variance_left_is_near_that_of_bins() -> None:
    kept = found._conditioned()
    rows = np.repeat(np.arange(kept.counts.size), kept.counts.astype(int))
    for question in NOW:
        table = found.explained(question).set_index("input")
        answers = pd.Series(kept.answers[rows, QUESTIONS.index(question)])
        alone = [part for part in table.index if " + " not in part]
        for name in alone[:3]:
            bins = pd.qcut(kept.inputs[name][rows], 12, labels=False, duplicates="drop")
            means = answers.groupby(bins).transform("mean")
            by_bins = means.var() / answers.var() - 11 / found.effective()
            assert table.loc[name, "share"] == pytest.approx(by_bins, abs=0.015)


def test_half_widths_of_printed_shares_are_at_most_a_hundredth() -> None:
    assert found.sobol().total_half_width.max() <= 0.01


def test_total_shares_are_at_least_first_ones() -> None:
    indices = found.sobol()
    slack = indices.first_half_width + indices.total_half_width
    assert np.all(indices.total >= indices.first - slack)


def test_swings_are_those_of_the_model_run_twice() -> None:
    records = {record.id: record for record in known.records()}
    for question in QUESTIONS:
        for row in found.swings(question).head(4).to_dict("records"):
            record = records[row["input"]]
            ends = [share(question, **{record.id: end}) for end in (record.low, record.high)]
            np.testing.assert_allclose([row["at_low"], row["at_high"]], ends, rtol=1e-12)


def test_inputs_left_out_move_nothing() -> None:
    still = [record for record in known.records() if EFFECT[record.id] == (0, 0)]
    assert still
    for question in QUESTIONS:
        for record in still:
            assert share(question, **{record.id: record.high}) == pytest.approx(
                found.central_share(question), rel=1e-12
            )


@pytest.mark.parametrize("question", NOW, ids=lambda question: question.id)
def test_the_answer_turns_at_the_flip_and_not_before(question: Question) -> None:
    flips = turning.flips(question).dropna(subset=["value"])
    assert len(flips) >= 5
    for row in flips.to_dict("records"):
        step = 1e-6 * (1 if row["value"] > row["central"] else -1)
        before, after = (
            share(question, **{row["input"]: row["value"] * (1 + way * step)}) for way in (-1, 1)
        )
        assert before < 0.5 < after
        # The percentile is that of the input's own distribution.
        (record,) = (record for record in found.centred() if record.id == row["input"])
        assert float(record.quantile(row["percentile"] / 100)) == pytest.approx(row["value"])


@pytest.mark.parametrize("question", NOW, ids=lambda question: question.id)
def test_the_nearest_pair_is_that_of_a_search_over_all_inputs(question: Question) -> None:
    pair = turning.nearest_pair(question)
    values = {pair[which]: pair[f"{which}_value"] for which in ("first", "second")}
    assert share(question, **values) == pytest.approx(0.5, abs=1e-6)
    scores = [stats.norm.ppf(pair[f"{which}_percentile"] / 100) for which in ("first", "second")]
    assert np.hypot(*scores) == pytest.approx(pair["distance"])
    whole = tipping.worst_pairs(
        turning.margin(question), found.centred(), ranges=found.ranges(), top=1
    ).iloc[0]
    assert {whole["first"], whole["second"]} == set(values)
    assert whole["distance"] == pytest.approx(pair["distance"], rel=1e-6)


def test_chances_by_third_are_counts() -> None:
    question = NOW[0]
    yes = projection.drawn("share:labs:usd:rnd")[:, YEAR - 2019] >= 0.5
    for name in ("run_growth", "flop_per_token_fall"):
        third = pd.qcut(
            pd.Series(projection.drawn_input(name)).rank(method="first"), 3, labels=False
        )
        counted = pd.Series(yes).groupby(third).mean()
        told = [it.central for it in turning.by_third(question, name)]
        np.testing.assert_allclose(told, counted, atol=0.002)
    assert turning.above_half(question) == yes.mean()


def test_odds_in_the_accounts_are_those_of_a_sum_by_hand() -> None:
    inputs = projection.weighed_inputs()
    case = {"final_run_share": 0.9 * inputs["final_run_share"], "run_growth": 4.0}

    def squares(moved: dict[str, float]) -> float:
        total = 0.0
        for key, reading in projection.readings().items():
            quantity, scope, time = key.split(":")
            unit, parts = projection.HELD_AGAINST[quantity]
            one = project({**inputs, **moved}, times=np.array([float(time)]))
            x = {**inputs, **moved}
            other = x["typical_run_share"] * x["runs_per_year"]
            # Five laboratories are counted, the model has more developers.
            five = (1 + 4 * other) / (1 + (x["frontier_developers"] - 1) * other)
            level = sum(
                float(one.total(scope, unit, part)[0])
                * (five if (scope, part) == ("labs", "training") else 1.0)
                for part in parts
            )
            total += (np.log(level / reading.value) / reading.log_error) ** 2
        return total

    expected = np.exp(-0.5 * (squares(case) - squares({})))
    both = turning.odds_in_accounts([case, {}])
    np.testing.assert_allclose(both, [expected, 1.0], rtol=1e-9)


def test_every_input_has_a_name_and_a_range_in_words() -> None:
    for record in found.moving():
        assert record.id in input_names.NAMES
        assert " to " in input_names.range_words(record.id)
    assert len({*input_names.NAMES.values()}) == len(input_names.NAMES)


def test_ranges_in_words_say_their_ending_once() -> None:
    (size,) = (r for r in found.moving() if r.id == "active_parameters")
    low, high = size.low / 1e9, size.high / 1e9
    assert input_names.range_words(size.id) == f"{low:.0f} to {high:.0f} billion"
    assert input_names.value_words("run_growth", 4.0) == "4.0 times a year"
    assert input_names.value_words("run_growth", 4.0, brief=True) == "4.0"
    assert input_names.value_words("final_run_share", 0.25) == "25%"
    assert input_names.value_words("thinking_tokens", 18_738.0) == "19,000"


def test_sentences_are_words_under_their_keys() -> None:
    said = numbers()
    assert all(isinstance(words, str) and words for words in said.values())
    assert {"sens_labs_first", "sens_labs_2030_together", "tip_labs_within"} <= set(said)
