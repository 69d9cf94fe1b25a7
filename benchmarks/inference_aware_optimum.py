"""Time the inference-aware optimum of many cells, beside one scipy search per cell.

    python benchmarks/inference_aware_optimum.py
    python benchmarks/inference_aware_optimum.py --cells 10000 --repeats 5

Both find the model of least 6 N D + 2 N D_inf at each target loss and demand. The reference solves
for the tokens as the program released with Sardana et al. 2024 (https://arxiv.org/abs/2401.00448)
does, one root at a time, but with Brent's method on ln D, which cannot fail to converge.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy import optimize

from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.inference_aware import inference_aware_optimum

#: As printed by Besiroglu et al. 2024.
LAW = LossLaw(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)


def condition(log_d, law, reducible, served):
    """Zero at the tokens where neither size nor data is the cheaper way to the loss."""
    of_data = law.B * np.exp(-law.beta * log_d)
    return law.alpha * (reducible - of_data) - law.beta * of_data * (
        1 + served * np.exp(-log_d) / 3
    )


def reference_tokens(law, targets, served):
    """Tokens of each cell by scipy, one cell at a time."""
    tokens = np.empty(targets.size)
    for row, (target, demand) in enumerate(zip(targets, served, strict=True)):
        reducible = target - law.E
        low = np.log(law.B / reducible) / law.beta
        root = optimize.brentq(
            condition, low, low + 60, args=(law, reducible, demand), xtol=1e-13, rtol=1e-14
        )
        tokens[row] = np.exp(root)
    return tokens


def main() -> None:
    """Run both and print what they took and how far apart they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5, help="of ours; the least time counts")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.cells < 1 or arguments.repeats < 1:
        parser.error("give at least 1 cell and 1 repeat")
    rng = np.random.default_rng(arguments.seed)
    targets = LAW.frontier_loss(10 ** rng.uniform(19, 27, arguments.cells))
    served = 10 ** rng.uniform(8, 17, arguments.cells)

    times = []
    for _ in range(arguments.repeats):
        began = time.perf_counter()
        ours = inference_aware_optimum(LAW, targets, served)
        times.append(time.perf_counter() - began)
    took = min(times)
    began = time.perf_counter()
    theirs = reference_tokens(LAW, targets, served)
    reference = time.perf_counter() - began
    apart = np.abs(ours.tokens / theirs - 1).max()
    print(
        f"{arguments.cells} cells, seed {arguments.seed}\n"
        f"ours: {1e3 * took:.2f} ms; reference: {1e3 * reference:.0f} ms; "
        f"ratio {reference / took:.0f}\n"
        f"tokens apart by at most {apart:.1e}, relatively"
    )


if __name__ == "__main__":
    main()
