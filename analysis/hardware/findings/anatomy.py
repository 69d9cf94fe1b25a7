"""What a decode step is made of, by batch and by model."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis.hardware import named
from analysis.hardware.precision import rates_of, widths_for
from analysis.hardware.steps import request_times
from analysis.hardware.work import Layout, decode_work

#: Model, chip, chips that share a matrix.
CASES = (("llama-3.3-70b", "h200", 2), ("deepseek-r1", "h200", 8))
BATCHES = (1, 8, 32, 128)
TOKENS = 1024
PARTS = (
    "weights from memory", "cache from memory", "arithmetic not hidden", "overhead of layers",
    "links between chips", "others' prompts",
)  # fmt: skip


def parts(model_id: str, chip_id: str, tensor: int, batches: tuple[int, ...]) -> pd.DataFrame:
    """Milliseconds per output token by part, FP8, at 1,024 tokens in and out; they add up."""
    model, chip = named.models()[model_id], named.chips()[chip_id]
    widths = widths_for(model, "fp8")
    layout = Layout(float(tensor))
    form = np.array(["fp8"] * len(batches), object)
    rates = rates_of(chip, form, np.zeros(len(batches), bool), layout)
    eff = named.efficiency(chip_id, model)
    requests = np.array(batches, float)
    times = request_times(
        model, widths, layout, rates, eff, requests=requests, input_tokens=TOKENS,
        output_tokens=TOKENS,
    )  # fmt: skip
    work = decode_work(model, widths, layout, requests, 1.5 * TOKENS)
    cache = work.cache_bytes / eff.cache / rates.memory_bytes_per_s
    step = times.step
    seconds = {
        PARTS[0]: step.memory_s - cache,
        PARTS[1]: cache,
        PARTS[2]: step.roofline_s - step.memory_s,
        PARTS[3]: step.overhead_s,
        PARTS[4]: step.link_s,
        PARTS[5]: times.tpot_s / eff.level - step.total_s,
    }
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "model_id": model_id, "chip_id": chip_id, "tensor": tensor,
                    "batch": list(batches), "part": name,
                    "ms": 1e3 * np.broadcast_to(value * eff.level, requests.shape),
                    "total_ms": 1e3 * times.tpot_s,
                }
            )
            for name, value in seconds.items()
        ],
        ignore_index=True,
    )  # fmt: skip


@lru_cache(maxsize=1)
def anatomy() -> pd.DataFrame:
    """The cases drawn."""
    return pd.concat([parts(*case, BATCHES) for case in CASES], ignore_index=True)


def share(model_id: str, batch: int, *names: str) -> float:
    """Share of some parts in the time per token."""
    rows = anatomy()
    rows = rows[(rows["model_id"] == model_id) & (rows["batch"] == batch)]
    return float(rows.loc[rows["part"].isin(names), "ms"].sum() / rows["ms"].sum())
