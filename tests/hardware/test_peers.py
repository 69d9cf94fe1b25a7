"""Others' serving models say here what their papers and programs say."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.hardware.architecture import Architecture
from analysis.hardware.chips import Chip

# The peers stand beside the benchmarks, outside the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
closed_forms = import_module("peers.closed_forms")
eight_constants = import_module("peers.eight_constants")
erdil = import_module("peers.erdil")
llm_viewer = import_module("peers.llm_viewer")
measured = import_module("peers.points")
registry = import_module("peers.registry")
scores = import_module("peers.rows")

Reference = Callable[[str], dict[str, Any]]

DENSE = {
    "layers": 32,
    "hidden": 4096,
    "heads": 32,
    "vocab": 128256,
    "kv_heads": 8,
    "head_dim": 128,
    "ffn": 14336,
}
MOE = DENSE | {"experts": 64, "experts_active": 4, "moe_ffn": 2048, "moe_layers": 32, "ffn": 0}
LATENT = MOE | {
    "kv_heads": 0,
    "head_dim": 0,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
}
CHIP = {
    "bf16_flop_per_s": 1e15,
    "memory_bytes": 141e9,
    "memory_bytes_per_s": 4e12,
    "link_bytes_per_s": 450e9,
}


def points(
    models: list[dict[str, float]],
    *,
    batch: Any,
    context: Any,
    output: Any = 0.0,
    tp: Any = 1.0,
    width: Any = 2.0,
    activations: Any = 2.0,
    cache: Any = 2.0,
    chips: list[dict[str, float]] | None = None,
    flop_per_s: Any = 1e15,
) -> Any:
    """Points of the models given, other settings broadcast."""
    size = len(models)

    def fill(value: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, dtype=float), size).copy()

    return measured.Points(
        model=Architecture.stack([Architecture(**model) for model in models]),
        chip=Chip.stack([Chip(**chip) for chip in chips or [CHIP] * size]),
        flop_per_s=fill(flop_per_s),
        weight_bytes=fill(width),
        dense_bytes=fill(width),
        activation_bytes=fill(activations),
        cache_bytes=fill(cache),
        tp=fill(tp),
        batch=fill(batch),
        input_tokens=fill(context),
        output_tokens=fill(output),
    )


def many(seed: int, size: int = 400) -> Any:
    """Random points of three kinds of model."""
    draw = np.random.default_rng(seed)
    kinds = [(DENSE, MOE, LATENT)[i] for i in draw.integers(0, 3, size)]
    chips = [CHIP | {"memory_bytes_per_s": s} for s in draw.choice([2e12, 4e12, 8e12], size)]
    return points(
        kinds,
        batch=np.round(2 ** draw.uniform(0, 9, size)),
        context=np.round(2 ** draw.uniform(8, 13, size)),
        output=np.round(2 ** draw.uniform(7, 12, size)),
        tp=draw.choice([1.0, 2.0, 4.0, 8.0], size),
        chips=chips,
        flop_per_s=draw.choice([3e14, 1e15, 2e15], size),
    )


def test_the_arithmetic_of_kipply_gives_the_numbers_printed_on_its_page(
    reference: Reference,
) -> None:
    page = reference("hardware_peers")["kipply_2022"]
    memory = closed_forms.kipply_memory_seconds(
        2 * page["params"], page["chips"], page["memory_bytes_per_s"]
    )
    compute = closed_forms.kipply_compute_seconds(
        page["params"], page["batch"], page["chips"], page["flop_per_s"]
    )
    wire = closed_forms.kipply_wire_seconds(
        page["layers"], page["hidden"], page["batch"], page["link_bytes_per_s"]
    )
    assert memory == pytest.approx(page["memory_s"], rel=page["tolerance"])
    assert compute == pytest.approx(page["compute_s"], rel=page["tolerance"])
    assert wire == pytest.approx(page["wire_s"], rel=page["tolerance"])
    assert closed_forms.kipply_message_seconds(page["layers"]) == pytest.approx(page["message_s"])


def test_the_model_of_erdil_gives_what_its_notebook_gives(reference: Reference) -> None:
    notebook = reference("hardware_peers")["erdil_2025"]
    rows = notebook["points"]
    asked = points(
        [notebook["models"][row["model"]] for row in rows],
        chips=[notebook["chips"][row["chip"]] for row in rows],
        batch=[row["batch"] for row in rows],
        context=[row["context"] for row in rows],
        tp=[row["tp"] for row in rows],
        width=[row["weight_bytes"] for row in rows],
        flop_per_s=[row["flop_per_s"] for row in rows],
    )
    for layout in ("paper", "final"):
        np.testing.assert_allclose(
            erdil.erdil_decode_seconds(asked, layout),
            [row[layout] for row in rows],
            rtol=notebook["tolerance"],
        )


def test_the_operators_of_llm_viewer_give_what_the_tool_gives(reference: Reference) -> None:
    tool = reference("hardware_peers")["llm_viewer"]
    rows = tool["points"]
    asked = points(
        [tool["models"][row["model"]] for row in rows],
        chips=[CHIP | {"memory_bytes_per_s": tool["memory_bytes_per_s"]}] * len(rows),
        **{name: [row["bytes"] for row in rows] for name in ("width", "activations", "cache")},
        batch=[row["batch"] for row in rows],
        context=[row["context"] for row in rows],
        flop_per_s=[row["flop_per_s"] for row in rows],
    )
    for stage, seconds in (
        ("decode", llm_viewer.llm_viewer_decode_seconds(asked)),
        ("prefill", llm_viewer.llm_viewer_prefill_seconds(asked)),
    ):
        np.testing.assert_allclose(
            seconds, [row[stage] for row in rows], rtol=tool["tolerance"], err_msg=stage
        )


def test_the_roofline_of_one_request_is_the_read_of_all_weights() -> None:
    asked = points([DENSE], batch=1, context=1)
    model = Architecture(**DENSE)
    weights = 2 * (model.total_params - model.vocab * model.hidden)
    cache = 2 * model.layers * model.cache_width
    np.testing.assert_allclose(
        closed_forms.roofline_decode_seconds(asked), [(weights + cache) / 4e12], rtol=1e-12
    )


def test_the_experts_read_are_those_that_a_simulated_batch_touches() -> None:
    draw = np.random.default_rng(3)
    asked = points([MOE], batch=20, context=1)
    touched = [
        np.unique(np.concatenate([draw.permutation(64)[:4] for _ in range(20)])).size
        for _ in range(3000)
    ]
    model = Architecture(**MOE)
    routed = asked.weights_read(20.0)[0] - 2 * (model.always_params + model.head_params)
    assert routed / (2 * model.routed_params) == pytest.approx(np.mean(touched) / 64, rel=0.01)


def test_peers_that_lack_a_mechanism_leave_the_point_unanswered() -> None:
    asked = points([DENSE, MOE, LATENT], batch=4, context=512, output=512, tp=4)
    answered = {
        name: np.isfinite(registry.token_seconds(peer, asked)[0]).tolist()
        for name, peer in registry.PEERS.items()
    }
    assert answered == {
        "naive roofline": [True, True, True],
        "kipply 2022": [True, True, True],
        "Erdil 2025, paper": [True, True, False],
        "Erdil 2025, final": [True, True, False],
        "LLM-Viewer": [True, False, False],
    }
    crowded = points([DENSE], batch=4000, context=8192)
    assert np.isnan(erdil.erdil_decode_seconds(crowded)).all()
    with pytest.raises(ValueError, match="'notebook' is not known; accepted: paper, final"):
        erdil.erdil_decode_seconds(crowded, "notebook")


def test_the_final_layout_is_never_slower_than_the_one_of_the_paper() -> None:
    asked = many(1)
    paper, final = (erdil.erdil_decode_seconds(asked, layout) for layout in ("paper", "final"))
    known = np.isfinite(paper)
    assert known.any()
    assert np.all(final[known] <= paper[known] * (1 + 1e-12))


def test_the_eight_constants_are_found_again_in_simulated_times() -> None:
    asked = many(2, 1500)
    planted = eight_constants.Constants(0.75, 0.3, 0.55, 0.4, 3e-5, 8e-6, 4e-5, 2e-4)
    noise = np.random.default_rng(5).normal(0, 0.05, 1500)
    found = eight_constants.fit(
        asked, eight_constants.token_seconds(asked, planted) * np.exp(noise)
    )
    for name in ("memory_efficiency", "prefill_efficiency", "layer_s", "expert_layer_s"):
        assert getattr(found, name) == pytest.approx(getattr(planted, name), rel=0.06), name
    for name in ("compute_efficiency", "link_efficiency", "layer_log2_tp_s", "prefill_layer_s"):
        assert getattr(found, name) == pytest.approx(getattr(planted, name), rel=0.25), name
    with pytest.raises(ValueError, match="3 rows; accepted: at least 8"):
        eight_constants.fit(asked.take(slice(3)), np.ones(3))


def test_the_closed_form_is_that_of_a_loop_over_points() -> None:
    asked, constants = many(4, 30), eight_constants.Constants()
    found = eight_constants.token_seconds(asked, constants)
    for place in range(30):
        one = asked.take(place)
        model, chip, chips = one.model, one.chip, float(one.tp)
        tokens, shares = float(one.batch), 4.0 * (chips - 1) / chips * model.hidden
        attention = 2 * model.heads * (1088 if model.latent else 2 * model.head_dim) * model.layers
        per_token = 2 * float(one.active_params)

        def wire(
            moved: float,
            per_layer: float = 2 * shares * model.layers,
            link: float = float(chip.link_bytes_per_s),
        ) -> float:
            return per_layer * moved / (link * constants.link_efficiency)

        read = (float(one.weights_read(tokens)) + float(one.cache_read())) / (
            chips * chip.memory_bytes_per_s * constants.memory_efficiency
        )
        step_flop = tokens * (per_token + attention * float(one.context))
        multiply = step_flop / (chips * float(one.flop_per_s) * constants.compute_efficiency)
        fixed = model.layers * (
            constants.layer_s + constants.layer_log2_tp_s * math.log2(chips)
        ) + (model.moe_layers * constants.expert_layer_s)
        prompt = float(one.input_tokens)
        prefill = prompt * (per_token + attention * prompt / 2)
        prefill /= chips * float(one.flop_per_s) * constants.prefill_efficiency
        prefill += model.layers * constants.prefill_layer_s + wire(prompt)
        expected = max(read, multiply) + fixed + wire(tokens)
        expected += tokens * prefill / float(one.output_tokens)
        assert found[place] == pytest.approx(expected, rel=1e-12)


def test_a_group_held_out_has_no_say_in_its_own_prediction() -> None:
    asked = many(6, 120)
    times = eight_constants.token_seconds(asked, eight_constants.Constants())
    groups = np.arange(120) % 3
    spoilt = np.where(groups == 1, 9 * times, times)
    first, _ = eight_constants.held_out(asked, times, groups)
    second, _ = eight_constants.held_out(asked, spoilt, groups)
    np.testing.assert_array_equal(first[groups == 1], second[groups == 1])
    assert not np.allclose(first[groups == 0], second[groups == 0])


def rows(**columns: Any) -> pd.DataFrame:
    """Measured rows with the columns given, the others as in an ordinary run."""
    usual = {
        "table": "A",
        "chip_id": "h100_sxm",
        "model_id": "llama-3.1-8b",
        "engine": "vllm",
        "framework": "vllm",
        "precision": "fp8",
        "tp": 8.0,
        "pp": 1.0,
        "attention_dp": 1.0,
        "ep": 1.0,
        "chips_used": 8.0,
        "batch_or_concurrency": 16.0,
        "input_tokens": 1024.0,
        "output_tokens": 1024.0,
        "tpot_ms": 10.0,
    }
    frame = pd.DataFrame(usual | columns)
    return frame.assign(chip=frame["chip_id"])


def test_batch_and_chips_of_a_replica_follow_the_kind_of_parallelism() -> None:
    given = rows(
        tp=[8.0, 1.0, 2.0, 24.0],
        attention_dp=[1.0, 8.0, np.nan, np.nan],
        chips_used=[8.0, 8.0, 8.0, 12.0],
    )
    assert measured.shards_of(given).tolist() == [8, 8, 2, 12]
    assert measured.batch_of(given).tolist() == [16, 128, 4, 16]


def test_errors_between_chips_are_those_of_all_pairs_at_equal_settings() -> None:
    draw = np.random.default_rng(8)
    settings = list(product(["a", "b", "c"], [1.0, 2.0, 4.0], [8.0, 16.0]))
    given = rows(
        chip_id=[s[0] for s in settings],
        tp=[s[1] for s in settings],
        batch_or_concurrency=[s[2] for s in settings],
        tpot_ms=np.exp(draw.normal(size=18)),
    )
    predicted = np.exp(draw.normal(size=18))
    predicted[4] = np.nan
    off = np.log(predicted / given["tpot_ms"].to_numpy())
    expected = [
        off[i] - off[j]
        for i in range(18)
        for j in range(i + 1, 18)
        if settings[i][1:] == settings[j][1:] and np.isfinite(off[i] - off[j])
    ]
    found = scores.pair_errors(given, predicted)
    np.testing.assert_allclose(np.sort(np.abs(found)), np.sort(np.abs(expected)))


def test_one_constant_comes_from_the_other_groups_only() -> None:
    errors = np.array([-0.5, -0.7, 0.1, 0.3, np.nan])
    groups = np.array(["x", "x", "y", "y", "y"])
    np.testing.assert_allclose(
        scores.one_constant(errors, groups), [-0.7, -0.9, 0.7, 0.9, np.nan], atol=1e-12
    )


def test_a_sample_takes_equal_shares_of_models_chips_and_engines() -> None:
    given = rows(model_id=["few"] * 5 + ["many"] * 95)
    chosen = given.loc[scores.stratified(given, 10, 1), "model_id"]
    assert chosen.value_counts().to_dict() == {"few": 5, "many": 5}


def test_peers_are_as_far_from_the_measured_rows_as_was_found_before(
    shared_datasets: Path,
) -> None:
    file = shared_datasets / "serving_measurements.csv"
    if not file.is_file():
        pytest.skip(f"needs {file}, which is absent")
    given = scores.measured_rows(file).query("table == 'A'")
    tables = (
        scores.read_table("llm_architectures").set_index("model_id"),
        scores.read_table("accelerators").set_index("chip_id"),
    )
    asked, index = measured.points_from_rows(given, *tables)
    times = given.loc[index, "tpot_ms"].to_numpy() / 1e3
    roofline, _, _ = registry.token_seconds(registry.PEERS["naive roofline"], asked)
    assert np.median(np.log(roofline / times)) == pytest.approx(-0.98, abs=0.1)
    kipply, _, _ = registry.token_seconds(registry.PEERS["kipply 2022"], asked)
    assert np.median(np.log(kipply / times)) == pytest.approx(-0.58, abs=0.06)
    fitted, _ = eight_constants.held_out(asked, times, given.loc[index, "model_id"])
    assert np.median(np.abs(np.log(fitted / times))) == pytest.approx(0.163, abs=0.015)
