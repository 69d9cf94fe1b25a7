"""Time coverage of all problems at once, beside the usual loop over problems and k.

    python benchmarks/pass_at_k.py
    python benchmarks/pass_at_k.py --counts counts.csv --problems 128

The reference re-implements the estimator in the code released with Chen et al. 2021
(https://arxiv.org/abs/2107.03374): for each problem and each k the product of 1 - k / i over
i from n - c + 1 to n. A file of counts has the columns ``num_samples`` and ``num_correct``.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from analysis.test_time_compute.coverage import pass_at_k
from analysis.test_time_compute.coverage_intervals import bootstrap_coverage


def reference_pass_at_k(successes, samples, k):
    """The usual product, for one problem and one k."""
    if samples - successes < k:
        return 1.0
    return 1.0 - np.prod(1.0 - k / np.arange(samples - successes + 1, samples + 1))


def reference_table(successes, samples, k):
    """The usual loop, shape (problems, m)."""
    table = np.empty((successes.size, k.size))
    for row in tqdm(range(successes.size), unit="problem", desc="reference"):
        for column, asked in enumerate(k):
            table[row, column] = reference_pass_at_k(successes[row], samples[row], asked)
    return table


def synthetic_counts(rows, samples, seed):
    """Counts of problems whose success rates are beta-distributed."""
    generator = np.random.default_rng(seed)
    total = np.full(rows, samples)
    return generator.binomial(total, generator.beta(0.3, 12.0, rows)), total


def best_time(function, repeats):
    """Shortest of some runs, in seconds, and the last result."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - began)
    return min(times), result


def time_curve(arguments, successes, samples):
    """Compare the whole table with the loop over the first rows."""
    k = np.arange(1, arguments.points + 1)
    ours, table = best_time(
        lambda: pass_at_k(successes[:, None], samples[:, None], k, beyond="nan"), 5
    )
    print(f"{table.size:,} cells ({successes.size:,} problems, {k.size} k): {1e3 * ours:.0f} ms")
    rows = min(arguments.reference_rows, successes.size)
    if not rows:
        return
    part = slice(0, rows)
    began = time.perf_counter()
    looped = reference_table(successes[part], samples[part], k)
    took = (time.perf_counter() - began) * successes.size / rows
    known = np.isfinite(table[part]) & (looped > 0)
    apart = np.abs(table[part][known] / looped[known] - 1).max()
    scaled = "" if rows == successes.size else f" (scaled from {rows:,} problems)"
    print(f"reference: {took:.1f} s{scaled}; ratio {took / ours:.0f}; furthest apart {apart:.1g}")


def time_bootstrap(arguments, successes, samples):
    """Time and peak memory of the bootstrap of the first problems."""
    successes, samples = successes[: arguments.problems], samples[: arguments.problems]
    k = np.unique(np.round(np.geomspace(1, samples.min(), 46)))

    def run():
        return bootstrap_coverage(
            successes, samples, k, resamples=arguments.resamples, seed=arguments.seed
        )

    took, _ = best_time(run, 3)
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"bootstrap, {successes.size} problems, {k.size} k, {arguments.resamples:,} resamples: "
        f"{took:.2f} s, peak {peak / 1e6:.0f} MB"
    )


def main() -> None:
    """Run both and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=Path, help="CSV of counts; by default they are made up")
    parser.add_argument("--rows", type=int, default=9000, help="problems made up")
    parser.add_argument("--samples", type=int, default=10_000, help="samples made up for each")
    parser.add_argument("--points", type=int, default=100, help="k from 1 to this")
    parser.add_argument(
        "--reference-rows", type=int, default=9000, help="loop over so many and scale up; 0: none"
    )
    parser.add_argument("--problems", type=int, default=128, help="problems of the bootstrap")
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    if min(arguments.rows, arguments.samples, arguments.points) < 1 or arguments.problems < 2:
        parser.error("give at least 1 row, sample and k, and 2 problems")

    if arguments.counts is None:
        successes, samples = synthetic_counts(arguments.rows, arguments.samples, arguments.seed)
    elif not arguments.counts.is_file():
        parser.exit(1, f"missing: {arguments.counts}\n")
    else:
        counts = pd.read_csv(arguments.counts)
        successes, samples = (counts[n].to_numpy() for n in ("num_correct", "num_samples"))
    time_curve(arguments, successes, samples)
    time_bootstrap(arguments, successes, samples)


if __name__ == "__main__":
    main()
