"""Peers that install as packages: asked one point at a time, where they are installed.

Each takes the points and the rows they came from and returns times per output token and to the
first token in seconds, shape (n,), NaN where the package refuses the point.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from analysis.hardware.architecture import Architecture
from peers.points import Points, chip_of, precision_of


class BeyondPackageError(ValueError):
    """A point that a package has no means to describe: it counts as not answered."""


#: A peer of one point: its time per output token and to the first token, in seconds.
One = Callable[[Points, pd.Series], tuple[float, float]]


def genz(point: Points, row: pd.Series) -> tuple[float, float]:
    """GenZ (genz-llm), efficiency 0.8 as its examples; other users' prefill added."""
    from GenZ import ModelConfig, decode_moddeling, prefill_moddeling

    model = point.model
    _refuse_latent(model)
    config = ModelConfig(
        model=str(row["model_id"]),
        vocab_size=int(model.vocab),
        hidden_size=int(model.hidden),
        intermediate_size=int(model.ffn or model.moe_ffn),
        num_ffi=2 if model.gated else 1,
        num_decoder_layers=int(model.layers),
        num_attention_heads=int(model.heads),
        head_dim=int(model.head_dim),
        num_key_value_heads=int(model.kv_heads),
        moe_layer_freq=1 if model.experts else None,
        num_experts=int(model.experts) or 1,
        expert_top_k=int(model.experts_active) or 1,
    )
    asked = {
        "model": config,
        "system_name": {
            "Flops": float(point.chip.bf16_flop_per_s) / 1e12,
            "Memory_size": float(point.chip.memory_bytes) / 1e9,
            "Memory_BW": float(point.chip.memory_bytes_per_s) / 1e9,
            "ICN": float(point.chip.link_bytes_per_s) / 1e9,
            "real_values": True,
        },
        "system_eff": 0.8,
        "bits": precision_of(pd.DataFrame([row])).iloc[0],
        "tensor_parallel": int(point.tp),
        "parallelism_heirarchy": f"TP{{{int(point.tp)}}}_EP{{1}}_PP{{1}}",
    }
    decode = decode_moddeling(
        batch_size=max(round(float(point.batch)), 1),
        input_tokens=int(point.context),
        output_tokens=0,
        Bb=1,
        **asked,
    )
    prefill = prefill_moddeling(batch_size=1, input_tokens=int(point.input_tokens), **asked)
    return _with_prefill(point, decode["Latency"] / 1e3, prefill["Latency"] / 1e3)


def llm_analysis(point: Points, row: pd.Series) -> tuple[float, float]:
    """llm-analysis at efficiencies 0.7 and 0.9, dense models; other users' prefill added.

    The package counts two matrices of the feed-forward, so a gated one is given 1.5 times its
    width.
    """
    from llm_analysis.analysis import LLMAnalysis
    from llm_analysis.config import (
        DtypeConfig,
        GPUConfig,
        ModelConfig,
        ParallelismConfig,
    )

    model = point.model
    _refuse_latent(model)
    if model.experts:
        raise BeyondPackageError("a mixture of experts")
    chip = point.chip
    bits, wide = int(8 * point.weight_bytes), int(8 * point.activation_bytes)
    analysis = LLMAnalysis(
        ModelConfig(
            name=str(row["model_id"]),
            num_layers=int(model.layers),
            n_head=int(model.heads),
            hidden_dim=int(model.hidden),
            vocab_size=int(model.vocab),
            num_key_value_heads=int(model.kv_heads),
            ffn_embed_dim=int(model.ffn * (1.5 if model.gated else 1.0)),
            expansion_ratio=1,
        ),
        GPUConfig(
            name="chip",
            mem_per_GPU_in_GB=float(chip.memory_bytes) / 1e9,
            hbm_bandwidth_in_GB_per_sec=float(chip.memory_bytes_per_s) / 1e9,
            intra_node_bandwidth_in_GB_per_sec=float(chip.link_bytes_per_s) / 1e9,
            intra_node_min_message_latency=8e-6,
            peak_fp16_TFLOPS=float(chip.bf16_flop_per_s) / 1e12,
            peak_i8_TFLOPS=float(np.nan_to_num(chip.fp8_flop_per_s)) / 1e12 or None,
            peak_i4_TFLOPS=float(np.nan_to_num(chip.fp4_flop_per_s)) / 1e12 or None,
        ),
        DtypeConfig(weight_bits=bits, activation_bits=wide),
        ParallelismConfig(tp_size=int(point.tp)),
        flops_efficiency=0.7,
        hbm_memory_efficiency=0.9,
    )
    lengths = {"seq_len": int(point.input_tokens)}
    lengths["num_tokens_to_generate"] = int(point.output_tokens)
    cache = {"kv_cache_dtype_bytes": float(point.cache_bytes), "layernorm_dtype_bytes": 2}
    full = analysis.inference(
        batch_size_per_gpu=max(round(float(point.batch)), 1), **lengths, **cache
    )
    one = analysis.inference(batch_size_per_gpu=1, **lengths, **cache)
    return _with_prefill(point, full["decode_latency"], one["prefill_latency"])


#: Checkpoints aiconfigurator knows, by our key.
_CHECKPOINTS = {
    "llama-3.1-8b": "meta-llama/Meta-Llama-3.1-8B",
    "llama-3.1-70b": "meta-llama/Meta-Llama-3.1-70B",
    "llama-3.3-70b": "meta-llama/Meta-Llama-3.1-70B",
    "llama-3.1-405b": "meta-llama/Meta-Llama-3.1-405B",
    "qwen3-32b": "Qwen/Qwen3-32B",
    "gpt-oss-120b": "openai/gpt-oss-120b",
    "deepseek-v3": "deepseek-ai/DeepSeek-V3",
    "deepseek-r1": "deepseek-ai/DeepSeek-R1",
}
_SYSTEMS = {
    "h100_sxm": "h100_sxm",
    "h200": "h200_sxm",
    "b200": "b200_sxm",
    "b300": "b300_sxm",
    "gb200": "gb200",
    "l40s": "l40s",
    "a100_80": "a100_sxm",
    "h100_pcie": "h100_pcie",
}
_ENGINES = {"trtllm": "trtllm", "tensorrt": "trtllm", "vllm": "vllm", "sglang": "sglang"}


def _modes(model_id: str, engine: str, precision: str, experts: bool, chip: str) -> dict[str, Any]:
    """The modes of aiconfigurator for what an engine runs; an unlisted one is its own default.

    Where two modes were plausible, both were tried on five measured rows a kind and the closer
    one kept: a choice in the package's favour.
    """
    asked: dict[str, Any] = {}
    if model_id == "gpt-oss-120b":
        if engine == "trtllm" and chip in {"b200", "gb200", "b300"}:
            asked["moe_quant_mode"] = "w4a8_mxfp4_mxfp8"
        return asked
    if precision == "fp4":
        asked["gemm_quant_mode"] = "nvfp4"
        if experts:
            asked["moe_quant_mode"] = "nvfp4"
    elif precision == "fp8" and not experts:
        block = "fp8_block" if model_id.startswith("qwen3") else "fp8_static"
        asked["gemm_quant_mode"] = "fp8" if engine == "sglang" else block
    if precision != "bf16" and not experts and engine != "sglang":
        asked["kvcache_quant_mode"] = "fp8"
    if experts and precision == "fp8" and engine == "sglang":
        asked["kvcache_quant_mode"] = "bfloat16"
    return asked


def aiconfigurator(point: Points, row: pd.Series) -> tuple[float, float]:
    """aiconfigurator with the newest kernel times it ships; prefill is in its scheduler."""
    from aiconfigurator.cli.api import cli_estimate

    frame = pd.DataFrame([row])
    precision, chip = precision_of(frame).iloc[0], chip_of(frame).iloc[0]
    engine = next(v for k, v in _ENGINES.items() if k in str(row["framework"]).lower())
    model_id, ranks = str(row["model_id"]), max(int(np.nan_to_num(row["attention_dp"])), 1)
    asked = _modes(model_id, engine, precision, bool(point.model.experts), chip)
    if point.model.experts:
        asked["moe_ep_size"] = max(int(np.nan_to_num(row["ep"])), 1)
        asked["moe_tp_size"] = int(point.tp) // asked["moe_ep_size"]
    result = cli_estimate(
        _CHECKPOINTS[model_id],
        _SYSTEMS[chip],
        backend_name=engine,
        isl=int(point.input_tokens),
        osl=int(point.output_tokens),
        batch_size=max(round(float(point.batch) / ranks), 1),
        tp_size=int(point.tp) // ranks,
        attention_dp_size=ranks,
        **asked,
    )
    return result.tpot / 1e3, result.ttft / 1e3


#: Each package: the name it imports under, and how it is asked.
PACKAGES: dict[str, tuple[str, One]] = {
    "GenZ": ("GenZ", genz),
    "llm-analysis": ("llm_analysis", llm_analysis),
    "aiconfigurator": ("aiconfigurator", aiconfigurator),
}


def installed(name: str) -> bool:
    """True where the package of a peer can be imported."""
    return importlib.util.find_spec(PACKAGES[name][0]) is not None


def ask(name: str, points: Points, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Times of every point by one package, in seconds; NaN where it refuses.

    Parameters
    ----------
    name : str
        A key of `PACKAGES`, installed.
    points : Points
        Points of shape (n,).
    rows : pandas.DataFrame
        The n rows they came from, in the same order.
    """
    one = PACKAGES[name][1]
    times = np.full((2, len(rows)), np.nan)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        for place in tqdm(range(len(rows)), desc=name, unit="point", mininterval=5):
            quiet = contextlib.redirect_stdout(io.StringIO())
            with quiet, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # Packages refuse in many ways; a refusal is an answer of its own: NaN.
                with contextlib.suppress(Exception, SystemExit):
                    times[:, place] = one(points.take(place), rows.iloc[place])
    finally:
        logging.disable(disabled)
    return times[0], times[1]


def _refuse_latent(model: Architecture) -> None:
    if model.latent:
        raise BeyondPackageError("latent attention")


def _with_prefill(point: Points, decode: float, prefill: float) -> tuple[float, float]:
    shared = float(point.batch) * prefill / float(point.output_tokens)
    return float(decode) + shared, float(prefill)
