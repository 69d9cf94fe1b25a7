"""Outcomes by name: what they are, in blocks as whole, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.demand import project, simulate
from analysis.demand.crossover import crossover_year
from analysis.demand.model import ANCHOR, MID_YEARS, YEARS, Known, project_inputs
from analysis.demand.outcomes import BLOCK, Outcomes, outcome
from analysis.demand.shares import inference_share

NAMES = ("share:labs:usd:rnd", "crossover:fleet:chips:final", "total:fleet:tokens:agents",
         "level:available_h100e", "demand_over_supply", "total:labs:chips:embedded")  # fmt: skip


def test_outcomes_are_what_the_projection_says(scenarios: dict[str, Any], known: Known) -> None:
    found = project_inputs(scenarios, known)
    share = inference_share(found, "labs", "usd")
    assert np.array_equal(outcome("share:labs:usd:rnd", found), share)
    final = inference_share(found, "fleet", "chips", rnd=False)
    crossed = outcome("crossover:fleet:chips:final", found)
    assert np.array_equal(crossed, crossover_year(final, YEARS))
    assert np.array_equal(outcome("level:available_h100e", found), found.available_h100e)


def test_blocks_give_what_the_whole_gives(scenarios: dict[str, Any], known: Known) -> None:
    many = {name: np.tile(values, (12, 1)) for name, values in scenarios.items()}
    assert len(many["run_growth"]) > 2 * BLOCK
    found = Outcomes(NAMES, known, MID_YEARS, ANCHOR)(many)
    whole = project_inputs(many, known)
    for name in NAMES:
        expected = np.broadcast_to(outcome(name, whole), found[name].shape)
        np.testing.assert_array_equal(found[name], expected)
        assert len(found[name]) == len(many["run_growth"])


@pytest.mark.parametrize(
    "name", ["share:labs:usd", "share:labs:usd:maybe", "level:moon", "magic", "total:labs:usd"]
)
def test_a_name_that_is_not_understood_says_what_is(
    name: str, central: dict[str, float], known: Known
) -> None:
    with pytest.raises(ValueError, match=r"is not understood; accepted: share: or crossover:"):
        outcome(name, project_inputs(central, known))


def test_the_same_seed_gives_the_same_scenarios_in_any_number_of_threads() -> None:
    one = simulate(25_000, seed=3, jobs=1, keep_inputs=("run_growth",))
    two = simulate(25_000, seed=3, jobs=2, keep_inputs=("run_growth",))
    other = simulate(25_000, seed=4, jobs=1, keep_inputs=("run_growth",))
    for name, values in one.items():
        assert np.array_equal(values, two[name])
    assert not np.array_equal(one["run_growth"], other["run_growth"])
    assert one["share:labs:usd:rnd"].shape == (25_000, 12)


def test_the_same_seed_gives_the_same_scenarios_on_a_dask_cluster() -> None:
    distributed = pytest.importorskip("distributed")
    joblib = pytest.importorskip("joblib")
    alone = simulate(30_000, seed=3, chunk=10_000)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        spread = simulate(30_000, seed=3, chunk=10_000)
    for name, values in alone.items():
        assert np.array_equal(values, spread[name])


def test_the_projection_takes_changes_by_name_and_refuses_others() -> None:
    plain, moved = project(), project({"final_run_share": 0.5})
    assert np.all(inference_share(moved, "labs", "usd") > inference_share(plain, "labs", "usd"))
    with pytest.raises(ValueError, match=r"unknown \['magic'\]"):
        project({"magic": 1.0})
    with pytest.raises(
        ValueError, match=r"run_growth, row 0: 40.0 is not accepted; accepted: 1.01"
    ):
        project({"run_growth": 40.0})
