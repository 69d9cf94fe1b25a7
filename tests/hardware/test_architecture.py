"""Counts of parameters and of cache against lists of matrices written out by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from math import prod
from typing import Any

import numpy as np
import pytest

from analysis import catalog
from analysis.hardware.architecture import Architecture

Reference = Callable[[str], dict[str, Any]]

MHA = {"layers": 4, "hidden": 64, "heads": 8, "vocab": 1000, "kv_heads": 8, "head_dim": 8,
       "ffn": 256, "gated": 0}  # fmt: skip
GQA = MHA | {"kv_heads": 2, "gated": 1, "tied": 1}
MIXTURE = GQA | {"experts": 16, "experts_active": 3, "shared_experts": 2, "moe_ffn": 40,
                 "moe_layers": 3, "tied": 0}  # fmt: skip
LATENT = MIXTURE | {"kv_heads": 0, "head_dim": 0, "q_lora_rank": 24, "kv_lora_rank": 12,
                    "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 6}  # fmt: skip
PLAIN_QUERY = LATENT | {"q_lora_rank": 0}
SHAPES = {"mha": MHA, "gqa": GQA, "moe": MIXTURE, "mla": LATENT, "mla, plain query": PLAIN_QUERY}


def attention_matrices(s: dict[str, Any]) -> list[tuple[int, int]]:
    """Shapes of the projections of one layer."""
    if not s.get("kv_lora_rank"):
        across, kept = s["heads"] * s["head_dim"], s["kv_heads"] * s["head_dim"]
        return [(s["hidden"], across), (s["hidden"], kept), (s["hidden"], kept),
                (across, s["hidden"])]  # fmt: skip
    head = s["qk_nope_head_dim"] + s["qk_rope_head_dim"]
    if s["q_lora_rank"]:
        query = [(s["hidden"], s["q_lora_rank"]), (s["q_lora_rank"], s["heads"] * head)]
    else:
        query = [(s["hidden"], s["heads"] * head)]
    return [
        *query,
        (s["hidden"], s["kv_lora_rank"] + s["qk_rope_head_dim"]),
        (s["kv_lora_rank"], s["heads"] * s["qk_nope_head_dim"]),
        (s["kv_lora_rank"], s["heads"] * s["v_head_dim"]),
        (s["heads"] * s["v_head_dim"], s["hidden"]),
    ]


def layer_matrices(s: dict[str, Any], layer: int, experts: int) -> list[tuple[int, int]]:
    """Shapes of all matrices of one layer, with so many routed experts."""
    sides = 3 if s["gated"] else 2
    found = attention_matrices(s)
    if layer >= s["layers"] - s.get("moe_layers", 0):
        found += [(s["hidden"], s["experts"])]
        found += [(s["hidden"], s["moe_ffn"])] * sides * (experts + s["shared_experts"])
    else:
        found += [(s["hidden"], s["ffn"])] * sides
    return found


def counted(s: dict[str, Any], experts: int) -> int:
    whole = sum(prod(m) for n in range(s["layers"]) for m in layer_matrices(s, n, experts))
    return whole + s["vocab"] * s["hidden"] * (1 if s.get("tied") else 2)


@pytest.mark.parametrize("name", SHAPES)
def test_parameters_are_the_sum_over_every_matrix_of_every_layer(name: str) -> None:
    shape = SHAPES[name]
    model = Architecture(**shape)
    assert model.total_params == counted(shape, shape.get("experts", 0))
    assert model.active_params == counted(shape, shape.get("experts_active", 0))
    parts = model.always_params + model.routed_params + model.embedding_params
    assert parts == model.total_params


@pytest.mark.parametrize("context", [1, 5, 16, 17, 400])
@pytest.mark.parametrize("name", SHAPES)
def test_the_cache_is_the_sum_over_layers_and_tokens_kept(name: str, context: int) -> None:
    shape = SHAPES[name] | {"window": 16, "window_layers": 3}
    per_token = (
        shape["kv_lora_rank"] + shape["qk_rope_head_dim"]
        if shape.get("kv_lora_rank")
        else 2 * shape["kv_heads"] * shape["head_dim"]
    )
    kept = 0
    for layer in range(shape["layers"]):
        for token in range(context):
            kept += not (layer < 3 and context - token > 16)
    model = Architecture(**shape)
    assert model.cached_tokens(context) == kept
    assert model.cache_bytes(context, 2) == 2 * kept * per_token


def test_cache_per_token_is_that_of_the_published_table(reference: Reference) -> None:
    published = reference("hardware_serving")["cache_per_token"]["kilobytes"]
    rows = catalog.load("llm_architectures").set_index("model_id", drop=False)
    for model_id, kilobytes in published.items():
        model = Architecture.from_row(rows.loc[model_id].to_dict())
        assert model.cache_bytes(1, 2) == pytest.approx(1000 * kilobytes, rel=1e-12)


def test_totals_of_every_model_are_those_stated_within_the_rounding_of_the_table() -> None:
    for row in catalog.load("llm_architectures").to_dict("records"):
        stated = re.search(r"shapes agree within ([\d.]+) percent", row["notes"])
        assert stated, row["model_id"]
        miss = Architecture.from_row(row).total_params / 1e9 / row["stated_total_params_b"] - 1
        assert 100 * abs(miss) <= float(stated[1]) + 0.07, row["model_id"]


def test_a_stack_of_models_counts_as_each_alone() -> None:
    alone = [Architecture(**shape) for shape in SHAPES.values()]
    together = Architecture.stack(alone)
    for count in ("total_params", "active_params", "cache_width", "attention_params"):
        np.testing.assert_array_equal(
            getattr(together, count), [getattr(model, count) for model in alone]
        )
    np.testing.assert_array_equal(
        together.cache_bytes(300, 1), [model.cache_bytes(300, 1) for model in alone]
    )


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), [8, -2]])
@pytest.mark.parametrize("name", [field.name for field in fields(Architecture)])
def test_a_shape_that_is_no_count_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: .* is not accepted; accepted: a finite"):
        Architecture(**(MHA | {name: value}))


def test_no_layers_are_refused_and_a_row_without_a_shape_names_it() -> None:
    with pytest.raises(ValueError, match=r"layers: .*at least 1"):
        Architecture(**(MHA | {"layers": 0}))
    row = {"model_id": "mine", "layers": 2, "hidden": 8, "heads": None, "vocab": 10}
    with pytest.raises(ValueError, match="mine: heads is missing; accepted: a row that fills"):
        Architecture.from_row(row)
