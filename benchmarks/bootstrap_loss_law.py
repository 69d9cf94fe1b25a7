"""Time the bootstrap of the loss law, beside the published way: one scipy BFGS start at a time.

    python benchmarks/bootstrap_loss_law.py
    python benchmarks/bootstrap_loss_law.py --points points.csv --reference-resamples 400

The reference re-implements the procedure of Besiroglu et al. 2024 (the notebook released with
https://arxiv.org/abs/2404.10102): for each resample, one run of BFGS at scipy's default tolerance,
on the summed Huber loss, from the rounded coefficients of Hoffmann et al. 2022. They take the
gradient by automatic differentiation; here it is written out, which is faster, or scipy's finite
differences on request.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import optimize
from tqdm import tqdm

from analysis import public_datasets
from analysis.scaling_laws.bootstrap import bootstrap_intervals, bootstrap_loss_law
from analysis.uncertainty import resample_indices

DATASET = "chinchilla_points"
DELTA = 1e-3
#: Start of the published bootstrap: ln A, ln B, ln E, alpha, beta as Hoffmann et al. 2022 have them
#: before rounding (their TeX source, as quoted in the notebook of Besiroglu et al. 2024).
PUBLISHED_START = (6.0073404, 6.0179186, 0.5267228, 0.33917084, 0.2849083)
#: A reference fit this far above ours, relatively, has stopped short.
SHORT = 1e-6


def huber_sum(point, log_n, log_d, log_loss):
    """Summed Huber loss and its gradient by ln A, ln B, ln E, alpha, beta."""
    a, b, e, alpha, beta = point
    by_n, by_d, floor = np.exp(a - alpha * log_n), np.exp(b - beta * log_d), np.exp(e)
    total = by_n + by_d + floor
    residual = np.log(total) - log_loss
    within = np.minimum(np.abs(residual), DELTA)
    value = (within * (np.abs(residual) - 0.5 * within)).sum()
    slope = np.copysign(within, residual) / total
    by_n, by_d = slope * by_n, slope * by_d
    gradient = (by_n.sum(), by_d.sum(), floor * slope.sum(), -by_n @ log_n, -by_d @ log_d)
    return value, np.array(gradient)


def reference_fits(points, resamples, seed, *, differences):
    """Objective of the published procedure for each of the first `resamples` resamples."""
    columns = [
        np.log(points[name].to_numpy()) for name in ("parameters", "training_tokens", "loss")
    ]

    def value_only(point, *data):
        return huber_sum(point, *data)[0]

    (indices,) = resample_indices(len(points), resamples, seed)
    values = np.empty(resamples)
    for row in tqdm(range(resamples), unit="resample", desc="reference"):
        data = tuple(column[indices[row]] for column in columns)
        function = value_only if differences else huber_sum
        found = optimize.minimize(
            function, PUBLISHED_START, args=data, method="BFGS", jac=not differences
        )
        values[row] = found.fun
    return values


def main() -> None:
    """Run both and print what they took and what they found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=Path, help="CSV as released; by default it is fetched")
    parser.add_argument("--resamples", type=int, default=4000)
    parser.add_argument(
        "--reference-resamples", type=int, help="time so many and scale up; by default all; 0: none"
    )
    parser.add_argument("--differences", action="store_true", help="finite-difference gradient")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    asked = arguments.reference_resamples
    if arguments.resamples < 2 or (asked is not None and not 0 <= asked <= arguments.resamples):
        parser.error("give at least 2 resamples, and 0 to as many for the reference")

    try:
        file = arguments.points or public_datasets.path(DATASET)
    except public_datasets.DatasetError as missing:
        parser.exit(1, f"missing: {missing}\n")
    points = public_datasets.chinchilla_points(file)
    points = points[points["in_published_fit"]]
    began = time.perf_counter()
    ours = bootstrap_loss_law(
        points["parameters"],
        points["training_tokens"],
        points["loss"],
        resamples=arguments.resamples,
        seed=arguments.seed,
        delta=DELTA,
        n_jobs=arguments.jobs,
        progress=True,
    )
    took = time.perf_counter() - began
    print(
        f"{len(points)} points, {arguments.resamples} resamples, seed {arguments.seed}\n"
        f"ours: {took:.1f} s ({1e3 * took / arguments.resamples:.2f} ms each), "
        f"{ours['converged'].mean():.2%} at rest\n"
        f"{bootstrap_intervals(ours).to_string(index=False)}"
    )
    count = arguments.resamples if asked is None else asked
    if not count:
        return
    began = time.perf_counter()
    values = reference_fits(points, count, arguments.seed, differences=arguments.differences)
    reference = (time.perf_counter() - began) * arguments.resamples / count
    above = values / ours["objective"].to_numpy()[:count] - 1
    scaled = "" if count == arguments.resamples else f" (scaled from {count})"
    print(
        f"reference: {reference:.1f} s{scaled}, {1e3 * reference / arguments.resamples:.2f} ms "
        f"each; ratio {reference / took:.1f}\n"
        f"reference fits that stop short of ours by more than {SHORT:g} of the objective: "
        f"{(above > SHORT).mean():.2%}; worst {above.max():.2g}; "
        f"ours above the reference by more than 1e-9: {(above < -1e-9).sum()}"
    )


if __name__ == "__main__":
    main()
