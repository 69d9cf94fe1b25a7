"""Make the small tables that rest on a public data set: ``python -m analysis.scaling_laws.derive``.

The Chinchilla points are fetched, fitted and resampled; only the results are kept in ``data/``. Run
``python -m analysis.catalog seal`` afterwards. Takes about a minute.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import catalog, public_datasets
from analysis.scaling_laws.bootstrap import bootstrap_loss_law
from analysis.scaling_laws.designs import DESIGNS, design_table
from analysis.scaling_laws.fitting import fit_loss_law
from analysis.scaling_laws.laws import LossLaw

RESAMPLES = 4_000
KEPT_DRAWS = 400
SEED = 42
LEVELS = (0.9, 0.95)
REPETITIONS = 2_000
HUBER_DELTA = 1e-3
#: What "best fit" may mean; the first is the book's own, the one that is resampled.
OBJECTIVES = {"huber": HUBER_DELTA, "least_absolute": 0.0, "least_squares": float("inf")}
FOLDER = catalog.DATA / "scaling_laws"
_COEFFICIENTS = ["E", "A", "B", "alpha", "beta"]


def derived_quantities(draws: pd.DataFrame) -> pd.DataFrame:
    """The coefficients with the exponents that follow from them."""
    both = draws["alpha"] + draws["beta"]
    return draws[_COEFFICIENTS].assign(
        parameter_exponent=draws["beta"] / both,
        frontier_exponent=draws["alpha"] * draws["beta"] / both,
    )


def refit_tables(points: pd.DataFrame, progress: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimates by objective and quantity with intervals, and every tenth bootstrap draw."""
    columns = [points[name].to_numpy(float) for name in ("parameters", "training_tokens", "loss")]
    parts = []
    for name, delta in OBJECTIVES.items():
        fit = fit_loss_law(*columns, delta=delta)
        if not fit.converged:
            raise RuntimeError(f"the fit by {name} did not converge; nothing was written")
        estimate = derived_quantities(pd.DataFrame([vars(fit.law)])).iloc[0]
        parts.append(
            pd.DataFrame(
                {
                    "fit_by": name,
                    "quantity": estimate.index,
                    "estimate": estimate.to_numpy(),
                    "objective": fit.objective,
                    "points": fit.n_points,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    draws = bootstrap_loss_law(*columns, resamples=RESAMPLES, seed=SEED, progress=progress)
    sampled = derived_quantities(draws)
    ours = table["fit_by"] == next(iter(OBJECTIVES))
    table.loc[ours, "standard_error"] = sampled.std(ddof=1).to_numpy()
    table.loc[ours, "resamples"] = RESAMPLES
    for level in LEVELS:
        tail = (1 - level) / 2
        low, high = np.quantile(sampled, [tail, 1 - tail], axis=0)
        table.loc[ours, f"low_{100 * level:.0f}"] = low
        table.loc[ours, f"high_{100 * level:.0f}"] = high
    kept = draws.iloc[:: RESAMPLES // KEPT_DRAWS][_COEFFICIENTS].reset_index(drop=True)
    kept.insert(0, "draw", np.arange(len(kept)) * (RESAMPLES // KEPT_DRAWS))
    return table, kept


def noise_sd(points: pd.DataFrame, law: LossLaw) -> float:
    """Scatter of the log loss about the law, from the median absolute residual."""
    predicted = law.loss(points["parameters"].to_numpy(), points["training_tokens"].to_numpy())
    residual = np.log(points["loss"].to_numpy()) - np.log(predicted)
    # 1.4826 makes the median absolute deviation a standard deviation where errors are normal.
    return float(1.4826 * np.median(np.abs(residual - np.median(residual))))


def write(frame: pd.DataFrame, name: str) -> None:
    """Write a derived table with seven significant digits."""
    path = FOLDER / f"{name}.csv"
    frame.to_csv(path, index=False, float_format="%.7g", lineterminator="\n")
    print(f"{path.relative_to(catalog.DATA.parent)}: {len(frame)} rows")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=Path, help="the data set's file, if it is here already")
    chosen = parser.parse_args(arguments)
    file = chosen.points or public_datasets.path("chinchilla_points")
    points = public_datasets.chinchilla_points(file)
    provenance = {
        "source_id": "besiroglu2024",
        "seen_at": "",
        "kind": "derived",
        "confidence": "high",
    }
    points = points.loc[points["in_published_fit"]]
    table, draws = refit_tables(points, progress=True)
    write(table.assign(**provenance), "chinchilla_refit")
    write(draws.assign(**provenance), "chinchilla_draws")
    law = LossLaw(**table.set_index("quantity")["estimate"].iloc[:5].to_dict())
    designs = design_table(
        DESIGNS, law, noise_sd=noise_sd(points, law), repetitions=REPETITIONS, seed=SEED
    )
    write(designs.assign(**provenance), "design_coverage")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
