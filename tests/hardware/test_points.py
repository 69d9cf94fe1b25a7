"""Rows of a measured table become operating points: blanks filled as stated, the rest refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware import named
from analysis.hardware.chips import Chip
from analysis.hardware.memory import requests_that_fit
from analysis.hardware.points import MOST_REQUESTS, Points, points_from_rows

ROW = {
    "chip_id": "h100_sxm", "model_id": "llama-3.3-70b", "framework": "vllm", "precision": "fp8",
    "tp": 4, "pp": 1, "chips_used": 4, "batch_or_concurrency": 16, "input_tokens": 1000,
    "output_tokens": 500,
}  # fmt: skip


def read(*rows: dict[str, Any]) -> tuple[Points, pd.Index, pd.Series]:
    frame = pd.DataFrame([ROW | row for row in rows])
    return points_from_rows(
        frame,
        named.models(),
        named.chips(),
        named.families(),
        named.native_formats(),
    )


def test_a_whole_row_is_taken_as_it_stands() -> None:
    points, index, reasons = read({})
    assert (index.tolist(), reasons.tolist(), points.filled.tolist()) == ([0], [""], [0])
    assert (points.layout.tensor, points.copies, points.asked, points.requests) == (4, 1, 16, 16)
    assert points.model.hidden == named.models()["llama-3.3-70b"].hidden
    assert points.chip.memory_bytes == named.chips()["h100_sxm"].memory_bytes
    assert (points.family[0], points.engine[0], points.number_format[0]) == (
        "hopper",
        "vllm",
        "fp8",
    )


def test_blanks_are_filled_as_the_docstring_says_and_counted() -> None:
    blank = dict.fromkeys(("tp", "batch_or_concurrency", "input_tokens", "chips_used"))
    points, _, _ = read(blank | {"precision": None})
    # 141 GB of 16-bit weights need two chips of 80 GB at 80 per cent, and so four.
    assert points.layout.tensor == 4
    assert points.number_format == "bf16"
    assert points.input_tokens == points.output_tokens == 500
    most = requests_that_fit(points.model, points.widths, points.layout, 80e9, 500 + 0.6 * 500)
    assert points.requests == points.asked == min(most[0], MOST_REQUESTS)
    assert points.filled == 3
    assert read({"output_tokens": 0})[0].output_tokens == 1000


def test_nought_in_a_layout_means_not_stated() -> None:
    noughts = {"tp": 0, "pp": 0, "ep": 0, "chips_used": 0, "attention_dp": 0}
    stated, blank = read(noughts)[0], read(dict.fromkeys(noughts))[0]
    assert stated.layout == blank.layout


def test_chips_beyond_one_copy_serve_more_copies_that_share_the_load() -> None:
    points, _, _ = read({"chips_used": 16, "batch_or_concurrency": 64})
    assert (points.copies, points.asked) == (4, 16)
    groups, _, _ = read({"attention_dp": 8, "tp": 1, "chips_used": 8})
    assert (groups.copies, groups.layout.attention_copies, groups.asked) == (1, 8, 16)


def test_no_more_requests_run_than_memory_holds() -> None:
    points, _, _ = read({"batch_or_concurrency": 1e6})
    most = requests_that_fit(points.model, points.widths, points.layout, 80e9, 1000 + 0.6 * 500)
    assert points.asked == 1e6
    assert points.requests == most


def test_a_static_batch_without_a_time_per_token_counts_its_own_prompts() -> None:
    static = {"concurrency_kind": "static_batch"}
    assert read(static)[0].own_prefill == 1
    assert read(static | {"tpot_ms": 20.0})[0].own_prefill == 0


def test_drafting_is_taken_from_the_row_or_from_the_version() -> None:
    versions = {"framework_version": "1.2.0rc6.post3"}
    points, _, _ = read(
        {"spec_decode": "MTP-1"}, {"spec_decode": None}, versions,
        versions | {"model_id": "deepseek-r1"},
    )  # fmt: skip
    assert points.drafted.tolist() == [True, False, False, True]


def test_another_name_of_a_chip_is_the_same_chip() -> None:
    alias, plain = read({"chip_id": "h200_sxm"})[0], read({"chip_id": "h200"})[0]
    for field in fields(Chip):
        np.testing.assert_equal(getattr(alias.chip, field.name), getattr(plain.chip, field.name))
    assert alias.family == plain.family


@pytest.mark.parametrize(
    ("row", "reason"),
    [({"model_id": "gpt-9"}, "model not in the table"),
     ({"model_id": None}, "model not in the table"),
     ({"chip_id": "abacus"}, "chip not in the table"),
     ({"chip_id": float("nan")}, "chip not in the table"),
     ({"input_tokens": None, "output_tokens": 0}, "neither input nor output length"),
     ({"tp": -1}, "tp is negative"), ({"batch_or_concurrency": -4}, "batch_or_concurrency is neg"),
     ({"output_tokens": -9}, "output_tokens is negative"),
     ({"input_tokens": np.inf}, "input_tokens is not finite"),
     ({"batch_or_concurrency": np.inf}, "batch_or_concurrency is not finite"),
     ({"chip_id": "rubin_cpx"}, "memory bandwidth of the chip unknown"),
     ({"chip_id": "h100_nvl"}, "peak rate of the chip unknown")],
)  # fmt: skip
def test_a_row_that_cannot_be_read_says_why_and_spares_the_others(
    row: dict[str, Any], reason: str
) -> None:
    points, index, reasons = read({}, row, {})
    assert (len(points), index.tolist()) == (2, [0, 2])
    assert reasons[1].startswith(reason)


def test_a_frame_without_names_is_refused() -> None:
    with pytest.raises(ValueError, match="rows: the column model_id is missing; accepted: a frame"):
        points_from_rows(pd.DataFrame({"chip_id": []}), {}, {}, {}, {})


def test_rows_are_taken_by_mask_with_all_their_fields() -> None:
    points, _, _ = read({}, {"chip_id": "b200"}, {"tp": 8, "chips_used": 8})
    part, last = points.at(np.array([False, False, True])), read({"tp": 8, "chips_used": 8})[0]
    for field in fields(Points):
        one, other = getattr(part, field.name), getattr(last, field.name)
        # Records hold NaN where a chip lacks a unit, which equals nothing.
        np.testing.assert_equal(vars(one) if hasattr(one, "__dict__") else one,
                                vars(other) if hasattr(other, "__dict__") else other)  # fmt: skip
