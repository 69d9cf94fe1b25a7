"""How full a server may be run: the load at which a wait for the first token is still kept."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.hardware import serve
from analysis.hardware.queueing import largest_load

MODEL, CHIP, TENSOR = "llama-3.3-70b", "h200", 2
MOST_BATCH = 128
TARGETS_S = tuple(np.round(np.geomspace(0.5, 20, 15), 3))
CHAT_TARGET_S = 2.0
SMOOTH, BURSTY = "evenly random requests", "requests in bursts, as code completion's"


@lru_cache(maxsize=1)
def lengths() -> tuple[float, float]:
    """Mean input and output tokens of conversation requests of the public trace."""
    rows = catalog.load("request_lengths").set_index(["workload", "direction"])
    given, written = (float(rows.loc[("conversation", d), "mean"]) for d in ("input", "output"))
    return given, written


def scatter() -> dict[str, float]:
    """Squared coefficients of variation of input and output lengths of the same requests."""
    rows = catalog.load("request_lengths").query("workload == 'conversation'")
    rows = rows.set_index("direction")
    return ((rows["sd"] / rows["mean"]) ** 2).to_dict()


@lru_cache(maxsize=1)
def loads() -> pd.DataFrame:
    """Largest load, as a share of capacity, by wait allowed and by how requests arrive."""
    given, written = lengths()
    batches = np.arange(1, MOST_BATCH + 1)
    point = serve(
        MODEL, CHIP, tensor=TENSOR, requests=batches, input_tokens=given, output_tokens=written,
        separate_prefill=True,
    )  # fmt: skip
    step, prefill = point["tpot_ms"].to_numpy() / 1e3, float(point["prefill_chip_s"].iloc[0])
    gap, spread = assumptions.get("arrival_gap_cv"), scatter()
    frames = []
    for name, cv in ((SMOOTH, 1.0), (BURSTY, gap.high)):
        for end, factor in (("share", 1.0), ("slow", 1.2), ("fast", 1.0 / 1.2)):
            found = largest_load(
                step[None, :] * factor, ttft_target_s=np.array(TARGETS_S),
                tpot_target_s=np.inf, prefill_s=prefill / TENSOR * factor, output_tokens=written,
                arrival_scv=cv**2, output_scv=spread["output"], prefill_scv=spread["input"],
            )  # fmt: skip
            frames.append(
                pd.DataFrame(
                    {"arrivals": name, "ttft_target_s": TARGETS_S, "end": end,
                     "load": np.minimum(found.load / factor, 1.0)}
                )
            )  # fmt: skip
    table = pd.concat(frames).pivot_table(
        index=["arrivals", "ttft_target_s"], columns="end", values="load", sort=False
    )
    return table.reset_index().rename_axis(columns=None)


def load_at(arrivals: str, target_s: float = CHAT_TARGET_S, *, end: str = "share") -> float:
    """Load kept at a target, read off the curve, or off an end of its band."""
    rows = loads()
    rows = rows[rows["arrivals"] == arrivals]
    return float(np.interp(np.log(target_s), np.log(rows["ttft_target_s"]), rows[end]))
