"""Predictions of frames: the same labels back, reasons for what is missing, intervals in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.hardware import calibration, named, predict_benchmarks

MEASURES = ("tokens_per_s_total", "tokens_per_s_per_user", "tpot_ms", "ttft_ms")
COLUMNS = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")] + ["reason"]


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(catalog.load("serving_benchmarks"))


def check(rows: pd.DataFrame, found: pd.DataFrame) -> None:
    """What holds of every answer."""
    pd.testing.assert_index_equal(found.index, rows.index)
    assert found.columns.tolist() == COLUMNS
    refused = found["reason"] != ""
    assert found.loc[refused, COLUMNS[:-1]].isna().all().all()
    answered = found[~refused]
    for name in MEASURES:
        low, middle, high = (answered[f"{name}{end}"] for end in ("_low", "", "_high"))
        assert np.isfinite(pd.concat([low, middle, high])).all()
        assert ((low > 0) & (low < middle) & (middle < high)).all()


def test_the_kept_table_is_answered_with_reasons_for_the_rest(rows: pd.DataFrame) -> None:
    before = rows.copy(deep=True)
    found = predict_benchmarks(rows)
    pd.testing.assert_frame_equal(rows, before)
    check(rows, found)
    assert (found["reason"] == "").mean() >= 0.95
    assert (found.loc[rows["use_for"] == "calibration", "reason"] == "").mean() >= 0.95
    assert set(found["reason"]) <= {
        "", "neither input nor output length", "peak rate of the chip unknown",
    }  # fmt: skip


def test_the_measured_runs_are_answered(shared_datasets: Path) -> None:
    file = shared_datasets / "serving_measurements.csv"
    if not file.is_file():
        pytest.skip(f"needs the measured operating points {file.name}, which are absent")
    rows = pd.read_csv(file)
    found = predict_benchmarks(rows)
    check(rows, found)
    assert (found["reason"] == "").mean() >= 0.95
    away = np.abs(np.log(found["tpot_ms"] / rows["tpot_ms"]))
    assert away.median() < 0.135


def test_nothing_measured_is_looked_at_but_whether_a_time_is_stated(rows: pd.DataFrame) -> None:
    plain = predict_benchmarks(rows)
    measured = [name for name in rows if "tokens_per_s" in name or name == "ttft_ms"]
    pd.testing.assert_frame_equal(predict_benchmarks(rows.drop(columns=measured)), plain)
    longer = rows.assign(tpot_ms=7.0 * rows["tpot_ms"], ttft_ms=1.0)
    pd.testing.assert_frame_equal(predict_benchmarks(longer), plain)


def test_rows_are_answered_alike_alone_in_another_order_and_beside_others(
    rows: pd.DataFrame,
) -> None:
    plain = predict_benchmarks(rows)
    pd.testing.assert_frame_equal(predict_benchmarks(rows.iloc[::-1]), plain.iloc[::-1])
    pd.testing.assert_frame_equal(predict_benchmarks(rows.iloc[[40]]), plain.iloc[[40]])
    twice = predict_benchmarks(pd.concat([rows, rows]))
    pd.testing.assert_frame_equal(twice, pd.concat([plain, plain]))


CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "extra column": lambda r: r.assign(weather="fine", tpot_ms_high=1.0),
    "two columns only": lambda r: r[["chip_id", "model_id"]].assign(output_tokens=100),
    "empty columns": lambda r: r.assign(tp=None, pp=np.nan, precision=None, framework=pd.NA),
    "objects": lambda r: r.astype(object),
    "text": lambda r: r.assign(tp=r["tp"].astype(object).map(str), output_tokens="128"),
    "whole numbers": lambda r: r.assign(tp=4, output_tokens=np.int32(64), input_tokens=np.int8(9)),
    "nullable numbers": lambda r: r.convert_dtypes(),
    "names as categories": lambda r: r.astype({"chip_id": "category", "model_id": "category"}),
    "numbers in columns of text": lambda r: r.assign(framework=1, kv_precision=8, spec_decode=0.0),
    "words in columns of numbers": lambda r: r.assign(tp="four", batch_or_concurrency="many"),
    "labels that repeat": lambda r: r.set_axis(np.zeros(len(r), dtype=int)),
    "labels of text": lambda r: r.set_axis([f"row {n}" for n in range(len(r))]),
    "labels of two levels": lambda r: r.set_index(["chip_id", "bench_id"], drop=False),
    "no rows": lambda r: r.iloc[:0],
    "no row that can be answered": lambda r: r.assign(chip_id="abacus"),
    "one row": lambda r: r.iloc[:1],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_frame_of_any_form_is_answered_on_its_own_labels(rows: pd.DataFrame, change: str) -> None:
    changed = CHANGES[change](rows)
    before = changed.copy(deep=True)
    check(changed, predict_benchmarks(changed))
    pd.testing.assert_frame_equal(changed, before)


def test_forms_of_the_same_values_are_answered_alike(rows: pd.DataFrame) -> None:
    plain = predict_benchmarks(rows)
    for change in ("objects", "nullable numbers", "names as categories"):
        pd.testing.assert_frame_equal(predict_benchmarks(CHANGES[change](rows)), plain)


ROW = {"chip_id": "h100_sxm", "model_id": "llama-3.3-70b", "framework": "vllm", "tp": 8,
       "precision": "fp8", "chips_used": 8, "batch_or_concurrency": 16, "input_tokens": 1000,
       "output_tokens": 300}  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "reason"),
    [({"chip_id": None}, "chip not in"), ({"chip_id": np.nan}, "chip not in"),
     ({"chip_id": 7}, "chip not in"), ({"model_id": "gpt-9"}, "model not in"),
     ({"output_tokens": None, "input_tokens": None}, "neither input nor output"),
     ({"tp": -8}, "tp is negative"), ({"batch_or_concurrency": np.inf}, "batch_or_concurrency is"),
     ({"output_tokens": -1}, "output_tokens is negative")],
)  # fmt: skip
def test_a_bad_row_is_blank_with_a_reason_and_spares_its_neighbours(
    bad: dict[str, Any], reason: str
) -> None:
    rows = pd.DataFrame([ROW, ROW | bad, ROW]).astype(object)
    found = predict_benchmarks(rows)
    check(rows, found)
    assert found["reason"].tolist()[::2] == ["", ""]
    assert found["reason"][1].startswith(reason)


def test_a_frame_without_chips_or_models_is_refused() -> None:
    for name in ("chip_id", "model_id"):
        with pytest.raises(ValueError, match=f"rows: the column {name} is missing; accepted"):
            predict_benchmarks(pd.DataFrame([ROW]).drop(columns=name))


def test_another_name_of_the_h200_is_answered_as_the_h200() -> None:
    rows = pd.DataFrame([ROW | {"chip_id": name} for name in ("h200", "h200_sxm")])
    found = predict_benchmarks(rows)
    pd.testing.assert_series_equal(found.loc[0], found.loc[1], check_names=False)


def test_rates_and_times_say_the_same() -> None:
    rows = pd.DataFrame([ROW | {"batch_or_concurrency": n} for n in (1, 8, 64)])
    found = predict_benchmarks(rows)
    np.testing.assert_allclose(found["tokens_per_s_per_user"], 1e3 / found["tpot_ms"])
    np.testing.assert_allclose(found["tokens_per_s_per_user_low"], 1e3 / found["tpot_ms_high"])
    np.testing.assert_allclose(found["tokens_per_s_per_user_high"], 1e3 / found["tpot_ms_low"])
    # All users together write no more than each alone at this speed.
    assert (
        found["tokens_per_s_total"]
        <= rows["batch_or_concurrency"] * found["tokens_per_s_per_user"] * (1 + 1e-12)
    ).all()


def test_copies_of_a_model_multiply_the_rate_and_not_the_speed() -> None:
    rows = pd.DataFrame(
        [ROW, ROW | {"chips_used": 32, "batch_or_concurrency": 64}, ROW | {"attention_dp": 1}]
    )
    found = predict_benchmarks(rows)
    assert found["tokens_per_s_total"][1] == pytest.approx(4 * found["tokens_per_s_total"][0])
    assert found["tpot_ms"][1] == pytest.approx(found["tpot_ms"][0])
    assert found["tpot_ms"][2] == found["tpot_ms"][0]


def test_a_prediction_is_the_kept_fit_at_the_point_of_the_row() -> None:
    rows = pd.DataFrame([ROW])
    points, _, _ = named.points(rows)
    values, first = named.fitted()
    times = calibration.times_of(values, points)
    found = predict_benchmarks(rows).loc[0]
    assert found["tpot_ms"] == pytest.approx(1e3 * times.tpot_s[0])
    assert found["ttft_ms"] == pytest.approx(1e3 * first.ttft_s(points, times)[0])
