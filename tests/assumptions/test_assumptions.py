"""The numbers we chose are valid, sampled as they say, and known by one hash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis import assumptions
from analysis.assumptions import ASSUMPTIONS, DISTRIBUTIONS, Assumption

GOOD = Assumption(
    id="planted",
    label="Planted",
    unit="1",
    low=1.0,
    central=3.0,
    high=10.0,
    distribution="uniform",
    reason="a test",
    topic="tests",
)


def test_ids_are_unique_and_every_entry_gives_its_reason() -> None:
    assert len({entry.id for entry in ASSUMPTIONS}) == len(ASSUMPTIONS)
    assert all(len(entry.reason.split()) > 8 for entry in ASSUMPTIONS)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_low_central_and_high_are_the_5th_50th_and_95th_percentile(distribution: str) -> None:
    entry = replace(GOOD, distribution=distribution)
    rng = np.random.default_rng(1)
    np.testing.assert_allclose(entry.quantile([0.05, 0.5, 0.95]), [1.0, 3.0, 10.0])
    drawn = entry.quantile(rng.random(200_000))
    np.testing.assert_allclose(np.quantile(drawn, [0.05, 0.5, 0.95]), [1.0, 3.0, 10.0], rtol=0.03)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_quantiles_never_fall(distribution: str) -> None:
    grid = replace(GOOD, distribution=distribution).quantile(np.linspace(0.001, 0.999, 500))
    assert (np.diff(grid) > 0).all()


def test_log_distributions_stay_above_zero() -> None:
    rng = np.random.default_rng(2)
    for distribution in ("loguniform", "lognormal"):
        assert (replace(GOOD, distribution=distribution).quantile(rng.random(10_000)) > 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 4.0}, "low <= central <= high"),
        ({"high": float("inf")}, "low <= central <= high"),
        ({"distribution": "beta"}, "'beta' is not known; accepted: uniform"),
        ({"unit": " "}, "unit is empty"),
        ({"reason": ""}, "reason is empty"),
        ({"distribution": "lognormal", "low": 0.0}, "has no logarithm"),
    ],
)
def test_a_bad_entry_is_refused_by_name(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"'planted'.*{message}"):
        replace(GOOD, **change)


def test_samples_repeat_with_the_seed_and_differ_between_ids() -> None:
    ids = [entry.id for entry in ASSUMPTIONS]
    one = assumptions.sample(ids, 50, np.random.default_rng(7))
    two = assumptions.sample(ids, 50, np.random.default_rng(7))
    assert list(one) == ids
    for name in ids:
        np.testing.assert_array_equal(one[name], two[name])
        assert one[name].shape == (50,)
        assert np.isfinite(one[name]).all()


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(KeyError, match="'flux' is not known; known: reference_train_flop"):
        assumptions.get("flux")
    with pytest.raises(KeyError, match="topic 'poetry' has no assumptions"):
        assumptions.for_topic("poetry")
    with pytest.raises(ValueError, match="at least 1"):
        assumptions.sample(["reference_train_flop"], 0, np.random.default_rng(0))


def test_the_frame_holds_every_entry() -> None:
    frame = assumptions.frame()
    assert frame["id"].tolist() == [entry.id for entry in ASSUMPTIONS]
    assert assumptions.for_topic("scaling_laws")[0].id in set(frame["id"])


def test_the_hash_follows_the_content_and_not_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    before = assumptions.table_hash()
    assert len(before) == 12
    assert int(before, 16) >= 0
    monkeypatch.setattr(assumptions, "ASSUMPTIONS", ASSUMPTIONS[::-1])
    assert assumptions.table_hash() == before
    changed = (replace(ASSUMPTIONS[0], central=2e26), *ASSUMPTIONS[1:])
    monkeypatch.setattr(assumptions, "ASSUMPTIONS", changed)
    assert assumptions.table_hash() != before
