"""Time Sobol indices of a cheap function, beside SALib on the same number of points.

    python benchmarks/sobol_indices.py
    python benchmarks/sobol_indices.py --inputs 50 --base-samples 16384

The function is the g-function of Sobol with as many inputs as asked, whose indices are known in
closed form: both errors are against it. SALib samples, the function answers, SALib analyses; both
with the same number of bootstrap resamples.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from analysis.sensitivity import sobol_indices


def g_function(rows, weights):
    """Product of (|4 x - 2| + a) / (1 + a) over the inputs."""
    product = np.ones(len(rows))
    for column, weight in zip(rows.T, weights, strict=True):
        product *= (np.abs(4 * column - 2) + weight) / (1 + weight)
    return product


def closed_form(weights):
    """First-order and total indices of the g-function."""
    parts = 1 / 3 / (1 + weights) ** 2
    product = np.prod(1 + parts)
    return parts / (product - 1), parts / (1 + parts) * product / (product - 1)


def salib_indices(weights, base_samples, seed, resamples):
    """The same by SALib: first and total indices and their half-widths."""
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    problem = {
        "num_vars": len(weights),
        "names": [f"x{i}" for i in range(len(weights))],
        "bounds": [[0, 1]] * len(weights),
    }
    rows = sample.sample(problem, base_samples, calc_second_order=False, seed=seed)
    return analyse.analyze(
        problem, g_function(rows, weights), calc_second_order=False, num_resamples=resamples,
        seed=seed,
    )  # fmt: skip


def timed(function, repeats):
    """Shortest of some runs, and what the last returned."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = function()
        times.append(time.perf_counter() - began)
    return min(times), found


def main() -> None:
    """Time both and print their half-widths and errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=25)
    parser.add_argument("--base-samples", type=int, default=2**15)
    parser.add_argument("--resamples", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    weights = np.linspace(0.5, 10, arguments.inputs)
    first, total = closed_form(weights)
    took, ours = timed(
        lambda: sobol_indices(
            lambda rows: g_function(rows, weights),
            [lambda p: p] * arguments.inputs,
            arguments.base_samples,
            arguments.seed,
            resamples=arguments.resamples,
        ),
        arguments.repeats,
    )
    wide = max(ours.first_half_width.max(), ours.total_half_width.max())
    off = max(np.abs(ours.first[:, 0] - first).max(), np.abs(ours.total[:, 0] - total).max())
    print(
        f"{arguments.inputs} inputs, {ours.evaluations:,} rows\nours: {took:.2f} s, half-width at "
        f"most {wide:.4f}, error at most {off:.4f}"
    )
    try:
        slow, theirs = timed(
            lambda: salib_indices(
                weights, arguments.base_samples, arguments.seed, arguments.resamples
            ),
            1,
        )
    except ImportError:
        print("skipped: SALib is not installed")
        return
    wide_theirs = max(theirs["S1_conf"].max(), theirs["ST_conf"].max())
    off_theirs = max(np.abs(theirs["S1"] - first).max(), np.abs(theirs["ST"] - total).max())
    print(
        f"SALib: {slow:.2f} s, half-width at most {wide_theirs:.4f}, error at most "
        f"{off_theirs:.4f}\nSALib over ours: time {slow / took:.1f}, half-width "
        f"{wide_theirs / wide:.2f}, error {off_theirs / off:.2f}; time to one half-width "
        f"{slow / took * (wide_theirs / wide) ** 2:.1f}"
    )


if __name__ == "__main__":
    main()
