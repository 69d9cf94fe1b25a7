"""Kinds of work: lengths, shares and targets, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.hardware.workloads import (
    ANY,
    FAST,
    STEADY,
    Workload,
    from_bins,
    standard_workloads,
)

CHOSEN = {
    "batch_input_tokens": 2000.0, "batch_output_tokens": 400.0, "reading_input_tokens": 500.0,
    "reasoning_input_tokens": 1000.0, "reasoning_output_tokens": 8000.0,
    "agent_call_input_tokens": 30000.0, "agent_call_output_tokens": 500.0,
    "agent_call_cached_share": 0.9, "voice_input_tokens": 1000.0, "voice_output_tokens": 100.0,
    "voice_ttft_s": 0.3, "steady_tpot_s": 0.05, "steady_ttft_s": 2.0, "fast_tpot_s": 0.02,
    "fast_ttft_s": 0.5,
}  # fmt: skip


def bins(workload: str) -> pd.DataFrame:
    table = catalog.load("request_bins")
    return table[table["workload"] == workload]


@pytest.mark.parametrize("workload", ["code", "conversation"])
def test_bins_keep_the_mean_lengths_of_the_trace(workload: str) -> None:
    table = catalog.load("request_lengths").query("workload == @workload")
    mean = table.set_index("direction")["mean"]
    work = from_bins(workload, bins(workload))
    assert work.mean("input_tokens") == pytest.approx(mean["input"], rel=1e-4)
    assert work.mean("output_tokens") == pytest.approx(mean["output"], rel=1e-4)


def test_every_kind_of_work_but_three_comes_steady_and_fast() -> None:
    works = standard_workloads(CHOSEN, bins("conversation"), bins("code"))
    services: dict[str, list[str]] = {}
    for work in works:
        services.setdefault(work.name, []).append(work.service)
    alone = {name: levels for name, levels in services.items() if len(levels) == 1}
    assert alone == {"batch": [ANY], "reading": [ANY], "voice": [FAST]}
    assert all(levels == [STEADY, FAST] for name, levels in services.items() if name not in alone)
    assert all(
        w.tpot_target_s == {STEADY: 0.05, FAST: 0.02}[w.service] for w in works
        if w.name not in alone
    )  # fmt: skip


def test_cached_tokens_are_a_share_of_the_context() -> None:
    works = standard_workloads(CHOSEN, bins("conversation"), bins("code"))
    agent = next(w for w in works if w.name == "agent")
    np.testing.assert_allclose(agent.cached_tokens, 27000.0)
    assert next(w for w in works if w.name == "reading").reads_only
    assert not agent.reads_only


def test_mean_lengths_stand_for_a_mixture() -> None:
    work = Workload("two", ANY, [100.0, 300.0], [10.0, 50.0], share=[0.75, 0.25])
    flat = work.at_mean_lengths()
    np.testing.assert_allclose(flat.input_tokens, [150.0])
    np.testing.assert_allclose(flat.output_tokens, [20.0])
    assert work.longest_tokens == 350.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_tokens": 0.0}, "input_tokens.*above 0"),
        ({"input_tokens": np.nan}, "input_tokens.*nan"),
        ({"output_tokens": -1.0}, "output_tokens.*-1"),
        ({"cached_tokens": 100.0}, "cached_tokens, row 0: 100 of 100"),
        ({"share": 0.5}, "share: sums to 0.5"),
        ({"share": 1.5}, "share.*1.5"),
        ({"tpot_target_s": 0.0}, "tpot_target_s"),
        ({"ttft_target_s": np.nan}, "ttft_target_s"),
        ({"input_tokens": [100.0, 100.0], "output_tokens": [0.0, 5.0], "share": [0.5, 0.5]},
         "output_tokens: some are 0"),
    ],
)  # fmt: skip
def test_impossible_work_is_refused_by_name(change: dict, message: str) -> None:
    given = {"input_tokens": 100.0, "output_tokens": 10.0, **change}
    with pytest.raises(ValueError, match=message):
        Workload("bad", ANY, **given)
