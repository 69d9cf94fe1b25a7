"""Request lengths and arrivals, against planted requests and naive loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.hardware.derive_requests import read_trace, request_tables
from analysis.hardware.request_lengths import arrival_summary, joint_bins, length_summary
from analysis.public_datasets import DatasetError

TRACE = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n" + "".join(
    f"2023-11-16 18:17:{second:02d}.5000000,{100 + second},{second}\r\n" for second in range(60)
)


def test_quantiles_are_those_of_a_sorted_list() -> None:
    tokens = np.random.default_rng(1).integers(0, 5000, 997)
    summary = length_summary(tokens)
    ordered = sorted(int(t) for t in tokens)
    for name in ("q05", "q50", "q99"):
        place = (len(ordered) - 1) * int(name[1:]) / 100
        below = ordered[int(place)]
        above = ordered[min(int(place) + 1, len(ordered) - 1)]
        assert summary[name] == pytest.approx(below + (place % 1) * (above - below))
    assert summary["n"] == 997
    assert summary["mean"] == pytest.approx(sum(ordered) / 997)


def test_bins_are_those_of_a_naive_loop() -> None:
    rng = np.random.default_rng(2)
    inputs, outputs = rng.integers(1, 40, 333), rng.integers(1, 9, 333)
    table = joint_bins(inputs, outputs, bins=4).set_index(["input_bin", "output_bin"])
    rest = sorted(zip(inputs.tolist(), outputs.tolist(), strict=True))
    for i in range(1, 5):
        take = len(rest) // (5 - i) + (len(rest) % (5 - i) > 0)
        group, rest = sorted(rest[:take], key=lambda pair: pair[::-1]), rest[take:]
        for j in range(1, 5):
            share = len(group) // (5 - j) + (len(group) % (5 - j) > 0)
            cell, group = group[:share], group[share:]
            row = table.loc[(i, j)]
            assert row["n"] == len(cell)
            assert row["input_tokens"] == pytest.approx(np.mean([pair[0] for pair in cell]))
            assert row["output_tokens"] == pytest.approx(np.mean([pair[1] for pair in cell]))


@pytest.mark.parametrize("tied", [False, True])
def test_bins_keep_means_and_most_of_a_planted_dependence(tied: bool) -> None:
    rng = np.random.default_rng(3)
    inputs = np.full(5000, 7) if tied else rng.lognormal(7, 1, 5000).astype(int)
    outputs = (rng.lognormal(3, 0.5, 5000) + 0.05 * inputs).astype(int)
    table = joint_bins(inputs, outputs)
    for name, values in (("input_tokens", inputs), ("output_tokens", outputs)):
        assert (table["share"] * table[name]).sum() == pytest.approx(values.mean())
    assert np.ptp(table["n"]) <= 2
    if not tied:
        binned = np.repeat(np.log(table[["input_tokens", "output_tokens"]]), table["n"], axis=0)
        true = np.corrcoef(np.log(inputs), np.log(outputs + 1e-9 + (outputs == 0)))[0, 1]
        assert np.corrcoef(binned.T)[0, 1] == pytest.approx(true, abs=0.05)


def test_poisson_arrivals_have_a_spread_of_one_by_every_measure() -> None:
    rng = np.random.default_rng(4)
    found = [arrival_summary(np.cumsum(rng.exponential(0.5, 7200))) for _ in range(40)]
    for name, slack in (("gap_cv", 0.01), ("gap_cv_within", 0.012), ("dispersion", 0.1)):
        assert np.mean([getattr(one, name) for one in found]) == pytest.approx(1, abs=slack)
    assert np.mean([one.requests_per_s for one in found]) == pytest.approx(2, rel=0.01)


def test_a_changing_rate_spreads_gaps_over_all_but_not_within_minutes() -> None:
    rng = np.random.default_rng(5)
    rate = np.tile([1.0, 20.0], 30)  # requests per second, minute by minute
    minutes = [
        60 * i + np.sort(rng.uniform(0, 60, rng.poisson(60 * r))) for i, r in enumerate(rate)
    ]
    found = arrival_summary(np.concatenate(minutes))
    assert found.gap_cv > 2
    assert found.gap_cv_within == pytest.approx(1, abs=0.05)
    assert found.busiest_per_s == pytest.approx(20, rel=0.1)
    # Counts of minutes: Poisson, plus the variance of the rate.
    counts = 60 * rate
    planted = 1 + counts.var(ddof=1) / counts.mean()
    assert found.dispersion == pytest.approx(planted, rel=0.05)


@pytest.mark.parametrize("shape", [0.25, 4.0])
def test_planted_gamma_gaps_give_their_spread(shape: float) -> None:
    gaps = np.random.default_rng(6).gamma(shape, 0.02 / shape, 200_000)
    found = arrival_summary(np.cumsum(gaps))
    assert found.gap_cv == pytest.approx(shape**-0.5, rel=0.02)
    assert found.gap_cv_within == pytest.approx(shape**-0.5, rel=0.02)


def test_even_arrivals_have_no_spread() -> None:
    found = arrival_summary(np.arange(0.0, 601.0))
    assert found.gap_cv == found.gap_cv_within == found.dispersion == 0
    assert found.requests_per_s == found.busiest_per_s == 1


def test_sparse_windows_say_nothing_of_their_gaps() -> None:
    found = arrival_summary([0.0, 1.0, 70.0, 200.0])
    assert np.isnan(found.gap_cv_within)
    assert arrival_summary([0.0, 1.0, 3.0]).requests == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "shape"),
        ([[1, 2]], "shape"),
        ([1, -2], "-2"),
        ([1.5], "1.5"),
        ([np.nan, 1], "nan"),
    ],
)
def test_lengths_that_are_none_are_refused(values: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        length_summary(values)
    with pytest.raises(ValueError, match=message):
        joint_bins(values, values, bins=1)


def test_bad_requests_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"4 x 4 bins of 15 .* at most 3"):
        joint_bins(np.ones(15), np.ones(15), bins=4)
    with pytest.raises(ValueError, match="3 requests and output_tokens 2"):
        joint_bins([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="row 2 is 1, before row 1 at 5"):
        arrival_summary([0.0, 5.0, 1.0])
    with pytest.raises(ValueError, match="2 arrivals"):
        arrival_summary([0.0, 5.0])
    with pytest.raises(ValueError, match="3 arrivals in 0 s"):
        arrival_summary([5.0, 5.0, 5.0])
    with pytest.raises(ValueError, match="window_s"):
        arrival_summary([0.0, 1.0, 2.0], window_s=0)
    with pytest.raises(ValueError, match="quantiles"):
        length_summary([1], quantiles=[1.5])


def test_a_released_trace_becomes_three_tables(tmp_path: Path) -> None:
    file = tmp_path / "trace.csv"
    file.write_text(TRACE, encoding="utf-8", newline="")
    trace = read_trace(file)
    pd.testing.assert_series_equal(
        trace["arrival_s"], pd.Series(np.arange(60.0)), check_names=False
    )
    tables = request_tables({"code": trace, "conversation": trace})
    assert {name: len(table) for name, table in tables.items()} == {
        "request_lengths": 4,
        "request_arrivals": 2,
        "request_bins": 72,
    }
    assert tables["request_lengths"]["mean"].to_list() == [129.5, 29.5] * 2
    assert tables["request_arrivals"]["gap_cv"].abs().max() < 1e-6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ContextTokens", "Tokens", "no column 'ContextTokens'"),
        ("107,7", "107,-7", "row 9, column GeneratedTokens: '-7'"),
        ("107,7", "many,7", "row 9, column ContextTokens: 'many'"),
        ("2023-11-16 18:17:07.5000000", "noon", "row 9, column TIMESTAMP: 'noon'"),
    ],
)
def test_a_bad_trace_is_refused_by_row(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "trace.csv"
    file.write_text(TRACE.replace(old, new, 1), encoding="utf-8", newline="")
    with pytest.raises(DatasetError, match=message):
        read_trace(file)
