"""What sampling finds and what selection keeps of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog, wording
from analysis.test_time_compute.findings import SEED
from analysis.test_time_compute.selection import best_sample_count
from analysis.test_time_compute.success_rates import BetaBinomial
from analysis.test_time_compute.vote_check import concentration_from_coverage, predicted_vote
from analysis.test_time_compute.voting import rival_shares

COVERAGE_TEST = "test_released_counts_give_the_coverage_their_authors_stored"
FORECAST_TEST = "test_unseen_samples_of_released_counts_are_predicted_within_what_was_measured"
SELECTION_TEST = "test_o1_scores_are_those_openai_printed_on_fifteen_problems"
CEILING_TEST = "test_the_ceiling_is_the_share_of_right_answers_among_those_accepted"

LAW_NAMES = {
    "exponentiated_power_law": "exponentiated power law",
    "beta_binomial": "beta distribution of rates",
    "scaled_beta": "scaled beta distribution",
}


def _by_size() -> pd.DataFrame:
    rows = catalog.load("coverage_curves").drop_duplicates("model")
    return rows.sort_values("parameters")


def largest_model() -> str:
    """The largest model of the coverage curves."""
    return str(_by_size()["model"].iloc[-1])


def smallest_model() -> str:
    """The smallest model of the coverage curves."""
    return str(_by_size()["model"].iloc[0])


def problem_count() -> int:
    """Problems behind the coverage curves."""
    return int(_by_size()["problems"].iloc[0])


@cache
def coverage_at(model: str, samples: int) -> pd.Series:
    """Coverage of a model at a number of tries, with its interval."""
    rows = catalog.load("coverage_curves")
    return rows.loc[(rows["model"] == model) & (rows["samples"] == samples)].iloc[0]


@cache
def matching_tries() -> tuple[str, float]:
    """The model nearest a tenth of the largest, and its tries for what 100 give the largest."""
    sizes = _by_size().set_index("model")["parameters"]
    small = str((sizes / sizes.iloc[-1] - 0.1).abs().idxmin())
    rows = catalog.load("coverage_curves")
    target = float(coverage_at(largest_model(), 100)["coverage"])
    curve = rows.loc[rows["model"] == small]
    log_k = np.interp(target, curve["coverage"], np.log(curve["samples"]))
    return small, float(np.exp(log_k))


def times_smaller() -> float:
    """Parameters of the largest model over those of the one in `matching_tries`."""
    sizes = _by_size().set_index("model")["parameters"]
    return float(sizes[largest_model()] / sizes[matching_tries()[0]])


def forecast_draws() -> int:
    """Draws of the samples seen behind each forecast."""
    return int(catalog.load("coverage_forecasts")["draws"].max())


@cache
def forecast_errors() -> pd.Series:
    """Error of one forecast at the most tries by law, root mean square, percentage points."""
    rows = catalog.load("coverage_forecasts")
    rows = rows.loc[rows["samples"] == rows["samples"].max()]
    squares = (rows["rmse"] ** 2).groupby(rows["law"].map(LAW_NAMES)).mean()
    return 100 * np.sqrt(squares)


ORACLE, VOTE = "perfect checker", "majority vote"


def checker_name(false_positive_rate: float) -> str:
    """What a checker is called in the figure: how often a wrong answer fools it."""
    return f"fooled 1 time in {wording.count(1 / false_positive_rate, 1)}"


@cache
def selection_curves() -> pd.DataFrame:
    """Right answers of the largest model by tries and by who picks, percent."""
    rows = catalog.load("selection_curves")
    rates = rows["false_positive_rate"].astype(float)
    checkers = rows["picker"] == "checker"
    names = rows["picker"].where(~checkers, rates.where(checkers, 1.0).map(checker_name))
    return pd.DataFrame(
        {
            "picker": names,
            "false_positive_percent": 100 * rates,
            "samples": rows["samples"],
            "accuracy_percent": 100 * rows["accuracy"],
            "source_id": rows["source_id"],
        }
    )


ONE_TRY, KEPT, SCORED, ANY_RIGHT = (
    "one try", "majority vote", "picked by a scorer or tests", "any of many right",
)  # fmt: skip
_SELECTIONS = {
    "single sample": ONE_TRY,
    "consensus (majority vote)": KEPT,
    "re-ranking with a learned scorer": SCORED,
    "sampling and selection": SCORED,
    "any of 64 correct": ANY_RIGHT,
    "sampling, oracle selection": ANY_RIGHT,
}


@cache
def selection_points() -> pd.DataFrame:
    """Published scores of one try, of what selection kept, and of any try being right.

    Models with one score alone are left out.
    """
    rows = catalog.load("accuracy_points")
    rows = rows.loc[rows["method"].isin(list(_SELECTIONS))].copy()
    rows["what"] = rows["method"].map(_SELECTIONS)
    rows["score_percent"] = 100 * rows["y_value"].astype(float)
    key = ["study", "model", "benchmark"]
    several = rows.groupby(key)["what"].transform("nunique") > 1
    return rows.loc[several].reset_index(drop=True)


@cache
def vote_check() -> pd.DataFrame:
    """Published majority votes beside what the model of voting says, from one try alone.

    How alike the problems are is taken from the models whose coverage was published; how wrong
    answers spread is the book's assumption.
    """
    points = selection_points().assign(share=lambda rows: rows["score_percent"] / 100)
    shares = points.pivot_table("share", ["model", "benchmark"], "what")
    tries = int(points.loc[points["what"] == ANY_RIGHT, "x_value"].max())
    both = shares.dropna(subset=[ONE_TRY, ANY_RIGHT])
    pairs = zip(both[ONE_TRY], both[ANY_RIGHT], strict=True)
    alike = float(np.median([concentration_from_coverage(*pair, tries) for pair in pairs]))
    wrong = rival_shares(
        int(assumptions.get("vote_rivals").central),
        concentration=assumptions.get("vote_concentration").central,
    )
    voted = shares.dropna(subset=[ONE_TRY, KEPT])
    predicted = [
        predicted_vote(one, alike, wrong, tries, draws=300, seed=SEED) for one in voted[ONE_TRY]
    ]
    return pd.DataFrame(
        {"one_try": voted[ONE_TRY], "published": voted[KEPT], "predicted": predicted}
    ).reset_index()


@cache
def best_tries() -> dict[float, int]:
    """Tries worth making where a wrong answer costs what a right one earns, by the checker's error.

    For the largest model, whose success rates are taken from the beta distribution fitted to its
    counts; where no try passes, no answer is given.
    """
    fits = catalog.load("coverage_fits").set_index(["model", "law"])
    shape = fits.loc[(largest_model(), "beta_binomial")]
    shares = (np.arange(200) + 0.5) / 200
    rates = BetaBinomial(float(shape["alpha"]), float(shape["beta"])).quantile(shares)
    checker = assumptions.get("verifier_false_positive_rate")
    found = {
        rate: best_sample_count(rates, false_positive_rate=rate, wrong_answer_cost=1.0)
        for rate in (checker.low, checker.central, checker.high)
    }
    return {rate: int(best.samples) for rate, best in found.items()}
