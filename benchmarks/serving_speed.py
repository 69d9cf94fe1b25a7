"""Time a million serving configurations by every peer, and by our model where it is there.

    python benchmarks/serving_speed.py
    python benchmarks/serving_speed.py --configurations 100000 --each 5

Peers written anew here are vectorised and run in chunks; packages that are installed are asked a
few points one by one and scaled up. Ours is timed through `operate`, on every model of the table
with every chip that it can serve, from the place in the stacked tables to the operating point; each
of the others is given as a multiple of it. Memory is the highest that Python's arrays reached.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from dataclasses import fields

import numpy as np
import pandas as pd
from peers import eight_constants, packages
from peers.points import points_from_rows
from peers.registry import PEERS, token_seconds
from peers.rows import read_table

from analysis.hardware import named, predict_benchmarks
from analysis.hardware.architecture import Architecture
from analysis.hardware.calibration import efficiency_in, groups_of
from analysis.hardware.chips import Chip
from analysis.hardware.precision import rates_of, widths_of
from analysis.hardware.serving import operate
from analysis.hardware.work import Layout

#: Chips and models that all peers can be asked.
CHIPS = ("h100_sxm", "h200", "b200")
MODELS = ("llama-3.1-8b", "llama-3.1-70b", "gpt-oss-120b")


def made_up_rows(size, seed):
    """Rows of random settings, as a measured table states them."""
    draw = np.random.default_rng(seed)
    chips = draw.choice(2 ** np.arange(4), size)
    return pd.DataFrame(
        {
            "chip_id": draw.choice(CHIPS, size),
            "model_id": draw.choice(MODELS, size),
            "framework": "trtllm",
            "precision": "fp8",
            "kv_precision": "fp8",
            "tp": chips.astype(float),
            "pp": 1.0,
            "attention_dp": 1.0,
            "ep": 1.0,
            "chips_used": chips.astype(float),
            "scenario": None,
            "concurrency_kind": "static_batch",
            "batch_or_concurrency": np.round(2 ** draw.uniform(0, 9, size)),
            "input_tokens": np.round(2 ** draw.uniform(7, 14, size)),
            "output_tokens": np.round(2 ** draw.uniform(7, 12, size)),
        }
    )


def timed(function, repeats=3):
    """Shortest of some runs in seconds, and the peak of memory in bytes of one more."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(times), peak


def report(name, seconds, configurations, peak=None, ours=None):
    """One line: seconds each, seconds per million, memory; returns the seconds per million."""
    each = seconds / configurations
    memory = "" if peak is None else f", peak {peak / 1e6:,.0f} MB"
    ratio = "" if ours is None else f", {1e6 * each / ours:,.3g} times ours"
    print(f"{name}: {1e3 * each:.2g} ms each, {1e6 * each:,.2f} s per million{memory}{ratio}")
    return 1e6 * each


def time_anew(points, chunks, ours):
    """Every vectorised peer over all points, a chunk at a time."""
    size = points.batch.size
    parts = [points.take(part) for part in np.array_split(np.arange(size), chunks)]
    for name, peer in PEERS.items():
        repeats = 1 if name.endswith("final") else 3
        took = timed(lambda peer=peer: [token_seconds(peer, part) for part in parts], repeats)
        report(name, took[0], size, took[1], ours)
    constants = eight_constants.Constants()
    took = timed(lambda: [eight_constants.token_seconds(part, constants) for part in parts])
    report("eight constants", took[0], size, took[1], ours)


def time_packages(points, rows, each, ours):
    """Every installed package on a few points."""
    places = np.arange(min(each, len(rows)))
    for name in packages.PACKAGES:
        if not packages.installed(name):
            print(f"skipped: {name} is not installed")
            continue
        # The first answer loads tables; what counts is the next ones.
        packages.ask(name, points.take(places[:1]), rows.iloc[places[:1]])
        began = time.perf_counter()
        packages.ask(name, points.take(places), rows.iloc[places])
        report(name, time.perf_counter() - began, len(places), ours=ours)


def taken(record, places):
    """A record whose arrays are taken at places; numbers stay."""
    return type(record)(
        **{
            field.name: value[places] if np.ndim(value := getattr(record, field.name)) else value
            for field in fields(record)
        }
    )


def ours_at_random(size, seed):
    """A function of places that answers them, out of random models, chips, loads and lengths."""
    draw = np.random.default_rng(seed)
    names = [n for n, chip in named.chips().items() if servable(chip)]
    models = Architecture.stack(list(named.models().values()))
    chips = Chip.stack([named.chips()[name] for name in names])
    family = np.array([named.families()[name] for name in names], dtype=object)
    count = np.size(models.layers)
    # Efficiencies of every pair of chip and model, once; as users of many points would.
    pairs = count * len(names)
    groups = groups_of(
        np.repeat(family, count), np.full(pairs, "pooled", dtype=object),
        np.tile(np.asarray(models.experts) > 0, len(names)), np.zeros(pairs, dtype=bool),
    )  # fmt: skip
    efficiencies = efficiency_in(named.fitted()[0], groups)
    model_at, chip_at = draw.integers(count, size=size), draw.integers(len(names), size=size)
    tensor = 2.0 ** draw.integers(0, 5, size)
    requests = np.round(2 ** draw.uniform(0, 9, size))
    given, written = (np.round(2 ** draw.uniform(5, top, size)) for top in (15, 12))

    def answer(places):
        model, chip = taken(models, model_at[places]), taken(chips, chip_at[places])
        layout = Layout(tensor[places])
        form = np.full(len(places), "fp8", dtype=object)
        plain = np.zeros(len(places), dtype=bool)
        return operate(
            model,
            widths_of(model, form, plain, np.array([""], dtype=object)),
            layout,
            rates_of(chip, form, plain, layout),
            taken(efficiencies, chip_at[places] * count + model_at[places]),
            memory_bytes=chip.memory_bytes,
            requests=requests[places],
            input_tokens=given[places],
            output_tokens=written[places],
        )

    return answer


def servable(chip):
    """Whether a chip has all that an operating point needs."""
    needed = (chip.memory_bytes, chip.memory_bytes_per_s, chip.best_16_bit_flop_per_s)
    return np.isfinite(needed).all()


def time_ours(size, chunks, rows, seed):
    """Our operating points, in chunks and in one piece, and predictions from frame to frame."""
    answer = ours_at_random(size, seed)
    parts = np.array_split(np.arange(size), chunks)
    took = timed(lambda: [answer(part) for part in parts])
    ours = report(f"ours, operate in {chunks} chunks", took[0], size, took[1])
    took = timed(lambda: answer(np.arange(size)), 2)
    report("ours, operate in one piece", took[0], size, took[1], ours)
    took = timed(lambda: predict_benchmarks(rows), 2)
    report("ours, predict_benchmarks with intervals", took[0], len(rows), took[1], ours)
    return ours


def main() -> None:
    """Time everyone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configurations", type=int, default=1_000_000)
    parser.add_argument("--chunks", type=int, default=50, help="parts the vectorised peers take")
    parser.add_argument("--each", type=int, default=5, help="points the packages are asked")
    parser.add_argument("--rows", type=int, default=20_000, help="rows our frame has")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sizes = (arguments.configurations, arguments.chunks, arguments.each, arguments.rows)
    if min(sizes) < 1:
        parser.error("give at least 1 configuration, chunk, point and row")
    tables = (
        read_table("llm_architectures").set_index("model_id"),
        read_table("accelerators").set_index("chip_id"),
    )
    # Settings repeat: a peer's time does not depend on their values.
    rows = made_up_rows(min(arguments.rows, arguments.configurations), arguments.seed)
    points, _ = points_from_rows(rows, *tables)
    repeated = np.resize(np.arange(len(rows)), arguments.configurations)
    print(f"{arguments.configurations:,} configurations, seed {arguments.seed}")
    ours = time_ours(arguments.configurations, arguments.chunks, rows, arguments.seed)
    time_anew(points.take(repeated), arguments.chunks, ours)
    time_packages(points, rows, arguments.each, ours)


if __name__ == "__main__":
    main()
