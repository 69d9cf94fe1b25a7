"""Pooling of studies, against published meta-analyses and planted truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.test_time_compute.random_effects import generalised_q, pool


@pytest.fixture(scope="module")
def published(reference: Any) -> dict[str, Any]:
    return reference("test_time_thinking")


def log_odds_ratios(*table: Any) -> tuple[np.ndarray, np.ndarray]:
    cases, others, control_cases, control_others = (np.asarray(c, dtype=float) for c in table)
    effects = np.log(cases * control_others / (others * control_cases))
    return effects, np.sqrt(1 / cases + 1 / others + 1 / control_cases + 1 / control_others)


def bcg_table(data: dict[str, Any]) -> list[Any]:
    return [
        data[name]
        for name in ("cases_vaccinated", "others_vaccinated", "cases_control", "others_control")
    ]


def test_dersimonian_and_laird_give_the_published_pool_of_the_bcg_trials(published: Any) -> None:
    data = published["bcg"]
    a, b, c, d = (np.asarray(column, dtype=float) for column in bcg_table(data))
    errors = np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    found = pool(
        np.log(a / (a + b)) - np.log(c / (c + d)), errors, level=0.95, method="dersimonian_laird"
    )
    stated = data["dersimonian_laird"]
    assert found.mean == pytest.approx(stated["mean"], abs=6e-5)
    assert found.tau**2 == pytest.approx(stated["tau2"], abs=6e-5)
    assert 100 * found.i2 == pytest.approx(stated["i2_percent"], abs=6e-5)
    assert found.q == pytest.approx(stated["q"], abs=6e-5)


def test_q_profile_gives_the_published_interval_of_tau(published: Any) -> None:
    found = pool(*log_odds_ratios(*bcg_table(published["bcg"])), level=0.95)
    assert found.tau_low**2 == pytest.approx(published["bcg"]["log_odds_tau2_low"], abs=6e-5)
    assert found.tau_high**2 == pytest.approx(published["bcg"]["log_odds_tau2_high"], abs=6e-5)
    assert found.tau_low < found.tau < found.tau_high


def test_paule_and_mandel_give_the_published_pool_of_the_clasp_trials(published: Any) -> None:
    data = published["clasp"]
    cases, control = np.array(data["cases_treated"]), np.array(data["cases_control"])
    table = (cases, data["n_treated"] - cases, control, data["n_control"] - control)
    for method in ("paule_mandel", "dersimonian_laird"):
        found = pool(*log_odds_ratios(*table), method=method)
        for name, value in data[method].items():
            assert getattr(found, name) == pytest.approx(value, abs=6e-5), (method, name)


def test_hartung_knapp_interval_is_the_published_one(published: Any) -> None:
    data = published["teachers"]
    found = pool(
        data["effects"], np.sqrt(data["variances"]), level=0.95, method="dersimonian_laird"
    )
    stated = dict(data["dersimonian_laird_knapp_hartung"])
    assert found.tau**2 == pytest.approx(stated.pop("tau2"), abs=6e-5)
    for name, value in stated.items():
        assert getattr(found, name) == pytest.approx(value, abs=6e-5), name


def test_paule_and_mandel_bring_q_down_to_its_degrees_of_freedom() -> None:
    effects, errors = np.array([0.1, 0.9, 2.0, -0.4]), np.array([0.2, 0.3, 0.5, 0.1])
    found = pool(effects, errors)
    assert generalised_q(found.tau**2, effects, errors**2) == pytest.approx(3, abs=1e-9)


@pytest.mark.parametrize(
    ("tau", "studies", "mean_share", "new_study_share"),
    [(0.0, 5, 0.98, 0.98), (0.5, 5, 0.9, 0.79), (0.5, 12, 0.9, 0.84), (2.0, 8, 0.9, 0.9)],
)
def test_intervals_hold_the_planted_mean_as_often_as_they_say(
    tau: float, studies: int, mean_share: float, new_study_share: float
) -> None:
    """The prediction interval is known to be short where few studies hardly show tau."""
    rng = np.random.default_rng(20 + studies)
    errors = np.geomspace(0.2, 1.2, studies)
    hits = np.zeros(3)
    repeats = 1000
    for _ in range(repeats):
        found = pool(1.5 + rng.normal(0, np.hypot(errors, tau)), errors, level=0.9)
        hits += [
            found.low <= 1.5 <= found.high,
            found.prediction_low <= rng.normal(1.5, tau) <= found.prediction_high,
            found.tau_low <= tau <= found.tau_high,
        ]
    expected = [mean_share, new_study_share, 0.9 if tau else 0.95]
    np.testing.assert_allclose(hits / repeats, expected, atol=0.035)


def test_studies_that_agree_leave_no_spread_and_the_weighted_mean() -> None:
    found = pool([1.0, 1.1, 0.9], [0.5, 0.5, 0.25])
    assert (found.tau, found.i2, found.tau_low) == (0.0, 0.0, 0.0)
    assert found.mean == pytest.approx((4 * 1.0 + 4 * 1.1 + 16 * 0.9) / 24)
    assert found.standard_error == pytest.approx(24**-0.5)


@pytest.mark.parametrize("unit", [1e-60, 1e-9, 1e9, 1e60])
def test_the_unit_of_the_effects_changes_nothing(unit: float) -> None:
    effects, errors = np.array([0.1, 0.9, 2.0, -0.4]), np.array([0.2, 0.3, 0.5, 0.1])
    one, other = pool(effects, errors), pool(effects * unit, errors * unit)
    for name in ("mean", "tau", "tau_low", "tau_high", "prediction_high"):
        assert getattr(other, name) / unit == pytest.approx(getattr(one, name), rel=1e-6), name
    assert other.i2 == pytest.approx(one.i2, rel=1e-6)


@pytest.mark.parametrize(
    ("effects", "errors", "options", "message"),
    [
        ([1.0], [0.1], {}, "at least 2 studies"),
        ([1.0, 2.0], [0.1], {}, "as many of each"),
        ([1.0, float("nan")], [0.1, 0.1], {}, "effects, row 1"),
        ([1.0, 2.0], [0.1, 0.0], {}, "standard_errors at index 1: 0.0"),
        ([1.0, 2.0], [0.1, 1e-170], {}, "standard_errors, row 1: 1e-170"),
        ([1.0, 2.0], [0.1, 1e170], {}, r"standard_errors, row 1: 1e\+170"),
        ([1.0, -1e200], [0.1, 0.1], {}, r"size of effects, row 1: 1e\+200"),
        ([[1.0, 2.0]], [[0.1, 0.1]], {}, "at least 2 studies"),
        ([1.0, "2"], [0.1, 0.1], {}, "effects: .* is not a number"),
        ([1.0, 2.0], [0.1, 0.1], {"method": "reml"}, "'reml' is not accepted"),
        ([1.0, 2.0], [0.1, 0.1], {"level": 90}, "level: 90"),
    ],
)
def test_studies_that_cannot_be_pooled_are_refused(
    effects: Any, errors: Any, options: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pool(effects, errors, **options)
