"""Time a million scenarios of demand over twelve years, beside one scenario at a time.

    python benchmarks/demand_simulation.py
    python benchmarks/demand_simulation.py --scenarios 100000 --jobs 1 2

The loop asks the same model for one scenario after another, on a few scenarios, scaled up. Memory
is the most that the process held.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np

from analysis.demand import known, simulate
from analysis.demand.model import project_inputs
from analysis.demand.sampling import draw_inputs
from analysis.demand.scenarios import RANGES
from analysis.demand.shares import inference_share

OUTCOMES = ("share:labs:usd:rnd", "share:fleet:chips:rnd")
SEED = 5


def one_at_a_time(scenarios):
    """The labs' share of each scenario, asked alone: shape (n, 12)."""
    inputs = draw_inputs(
        known.records(), scenarios, SEED, correlations=known.correlations(), ranges=RANGES
    )
    history = known.known()
    rows = []
    for row in range(scenarios):
        found = project_inputs({k: float(v[row, 0]) for k, v in inputs.items()}, history)
        rows.append(inference_share(found, "labs", "usd"))
    return np.array(rows)


def peak_bytes():
    """Most memory the process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--alone", type=int, default=300, help="scenarios of the loop")
    asked = parser.parse_args()
    simulate(1000, seed=SEED, outcomes=OUTCOMES)
    fastest = np.inf
    for jobs in asked.jobs:
        start = time.perf_counter()
        found = simulate(asked.scenarios, seed=SEED, outcomes=OUTCOMES, jobs=jobs)
        spent = time.perf_counter() - start
        fastest = min(fastest, spent)
        kept = sum(values.nbytes for values in found.values()) / 1e6
        print(
            f"{asked.scenarios:,} scenarios x 12 years, {jobs} job(s): {spent:.2f} s, "
            f"kept {kept:.0f} MB"
        )
    start = time.perf_counter()
    one_at_a_time(asked.alone)
    alone = (time.perf_counter() - start) * asked.scenarios / asked.alone
    print(f"one scenario at a time: {alone:.0f} s by {asked.alone}, ratio {alone / fastest:.0f}")
    print(f"most memory: {peak_bytes() / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
