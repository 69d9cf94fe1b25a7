"""What the scaling-laws chapter finds: the results its figures draw and its sentences say."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog, wording
from analysis.scaling_laws.derive import HUBER_DELTA
from analysis.scaling_laws.growth import dated_runs, since, top_at_release, with_cost_per_flop
from analysis.scaling_laws.laws import Frontier, LossLaw
from analysis.scaling_laws.programme import Programme, programme_from_firms
from analysis.scaling_laws.published import laws_from_rows
from analysis.scaling_laws.published_law import PublishedLaw
from analysis.scaling_laws.returns import gain_bands, gain_per_tenfold, price_of_gain
from analysis.scaling_laws.trends import Trend, log_linear_trend

#: Runs named in the scatter plots.
LANDMARKS = ("GPT-3 175B (davinci)", "GPT-4 (Mar 2023)", "Grok 4")
#: Tests that guard the figures of each module.
FITTING_TESTS = (
    "tests/scaling_laws/test_derived_tables.py::test_the_kept_fit_is_the_optimum_of_the_data_set",
    "tests/scaling_laws/test_derived_tables.py::"
    "test_the_kept_intervals_agree_with_the_published_ones",
    "tests/scaling_laws/test_fitting.py::test_the_published_points_have_their_known_optimum",
    "tests/scaling_laws/test_bootstrap.py::"
    "test_no_resample_is_worse_than_the_best_of_several_scipy_starts",
)
IDENTIFIABILITY_TESTS = (
    "tests/scaling_laws/test_designs.py::"
    "test_only_the_single_ratio_cannot_be_pinned_and_intervals_are_honest",
    "tests/scaling_laws/test_identifiability.py::"
    "test_ninety_percent_sandwich_intervals_hold_the_truth_in_ninety_percent_of_studies",
)
GROWTH_TEST = "test_the_interval_covers_planted_growth_as_often_as_it_says"
RETURNS_TEST = "test_every_tenfold_takes_the_same_share_off_the_reducible_loss"
PROGRAMME_TEST = "test_training_is_not_a_one_time_event_at_any_organisation_in_the_table"
MONEY_TEST = "test_money_keeps_ebitda_apart_from_the_operating_result"
FRONTIER_SINCE = 2010
REFIT_LABEL = "this book's refit of the Chinchilla points"
LEVEL = 0.9
SEED = 20260701
PROGRAMME_DRAWS = 20_000
#: Budgets, in FLOP, at which the chapter reads its curves.
CHINCHILLA_FLOP = 5.76e23
VALLEY_FLOP = 1e23
RATIO_FLOP = 1e26
#: Compute at which a reader's own law meets the refit: inside the range of the runs fitted.
ANCHOR_FLOP = 1e21

#: Laws whose best line is drawn.
FRONTIER_LAWS = (
    "kaplan2020_LCmin",
    "hoffmann2022_A3_tex",
    "besiroglu2024",
    "muennighoff2023",
    "gadre2024_c4",
    "gadre2024_redpajama",
    "gemstones2025_A3_hot",
)

#: Names of laws short enough for the end of a line.
SHORT_NAMES = {
    "kaplan2020_LCmin": "Kaplan 2020",
    "kaplan2020_opt": "Kaplan 2020",
    "hoffmann2022_A1": "Hoffmann, approach 1",
    "hoffmann2022_A2": "Hoffmann, approach 2",
    "hoffmann2022_A3_tex": "Hoffmann, unrounded",
    "hoffmann2022_A3_rounded": "Hoffmann, printed",
    "besiroglu2024": "Besiroglu 2024",
    "muennighoff2023": "Muennighoff 2023",
    "gadre2024_c4": "Gadre, C4",
    "gadre2024_redpajama": "Gadre, RedPajama",
    "gemstones2025_A3_hot": "Gemstones 2025",
    "llama3_2024_figure": "Llama 3, its figure",
    "llama3_2024_text": "Llama 3, its text",
    "porian2024_rw_tuned": "Porian 2024",
}


@cache
def runs() -> pd.DataFrame:
    """Dated training runs with an estimate of their compute."""
    return dated_runs(catalog.load("training_runs"))


def costed_runs() -> pd.DataFrame:
    """Runs with an amortised cost in 2023 dollars."""
    return with_cost_per_flop(runs(), price_year=2023, basis="amortised")


def _trend(frame: pd.DataFrame, column: str) -> Trend:
    return log_linear_trend(
        frame["release_date"].tolist(), frame[column].tolist(), labels=frame["model"].tolist()
    )


def frontier_trend() -> Trend:
    """Growth of compute among runs that were in the top ten at release."""
    return _trend(since(top_at_release(runs()), FRONTIER_SINCE), "training_flop")


def last_frontier_run() -> str:
    """The last run that was among the ten largest of the table at its release, with its month."""
    run = since(top_at_release(runs()), FRONTIER_SINCE).iloc[-1]
    return f"{run['model']} of {run['release_date'][:7]}"


def cost_trend() -> Trend:
    """Growth of cost among runs that were in the top ten at release and have a cost."""
    frontier = top_at_release(runs())
    kept = costed_runs()
    return _trend(kept.loc[kept.index.isin(frontier.index)], "training_cost_usd")


def published_growth() -> pd.DataFrame:
    """Published yearly growth rates of training compute, tidy."""
    rates = catalog.load("growth_rates")
    chosen = rates.query(
        "topic == 'training_compute' and unit == 'x per year' and metric.str.startswith('growth')"
    )
    chosen = chosen.loc[~chosen["fact_id"].str.startswith("own_")]
    short = catalog.load("sources").set_index("source_id")["short"]
    return pd.DataFrame(
        {
            "definition": chosen["source_id"].map(short) + ": " + chosen["scope"],
            "origin": "published",
            "growth": chosen["value"],
            "low": chosen["ci_low"],
            "high": chosen["ci_high"],
            "n": chosen["n"].astype(float),
            "kind": chosen["kind"],
            "source_id": chosen["source_id"],
        }
    )


@cache
def published_laws() -> dict[str, PublishedLaw]:
    """Every law of the table that can be built, by id."""
    return laws_from_rows(catalog.load("scaling_law_fits"))


@cache
def frontiers() -> dict[str, Frontier]:
    """The best line of every law in `FRONTIER_LAWS`."""
    found = {law_id: published_laws()[law_id].frontier for law_id in FRONTIER_LAWS}
    return {law_id: frontier for law_id, frontier in found.items() if frontier is not None}


@cache
def _fit_rows() -> pd.DataFrame:
    return catalog.load("scaling_law_fits").set_index("law_id", drop=False)


def fit_row(law_id: str) -> pd.Series:
    """The row of a law."""
    return _fit_rows().loc[law_id]


def law_name(law_id: str) -> str:
    """The short name of a law, or its paper."""
    return SHORT_NAMES.get(law_id, published_laws()[law_id].label)


def point_name(point: pd.Series) -> str:
    """The law a printed point belongs to, or the key of the point where the paper names none."""
    return law_name(point["fit_id"]) if point["fit_id"] else str(point["law_id"])


def largest_fitted_flop(law_id: str) -> float:
    """Largest compute among the runs behind a law, in FLOP.

    Where a paper does not say, the largest that any surface of the table was fitted to.
    """
    known = published_laws()[law_id].flop_max
    return fitted_up_to() if known is None else known


@cache
def fitted_up_to() -> float:
    """Largest compute behind any loss surface of the table, in FLOP."""
    laws = published_laws().values()
    return max(law.flop_max for law in laws if law.frontier is not None and law.flop_max)


def printed_points() -> pd.DataFrame:
    """Optimal models as papers print or measured them."""
    return catalog.load("compute_optimal_points")


@cache
def refit() -> pd.DataFrame:
    """Our fit of the 240 Chinchilla points, by quantity, with its intervals."""
    return catalog.load("chinchilla_refit").query("fit_by == 'huber'").set_index("quantity")


def refit_law() -> LossLaw:
    """The law at our optimum of the 240 Chinchilla points."""
    values = refit()["estimate"]
    return LossLaw(**{name: float(values[name]) for name in ("E", "A", "B", "alpha", "beta")})


@cache
def draws() -> pd.DataFrame:
    """Laws drawn by the bootstrap of the Chinchilla points, one per row."""
    return catalog.load("chinchilla_draws")


def draw_count() -> int:
    return len(draws())


def _band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return low, high


def _drawn_laws() -> list[LossLaw]:
    columns = ["E", "A", "B", "alpha", "beta"]
    return [LossLaw(*row) for row in draws()[columns].to_numpy(float).tolist()]


def frontier_band(train_flop: np.ndarray) -> pd.DataFrame:
    """Loss of our refit along the frontier, with its interval."""
    low, high = _band(np.array([law.frontier_loss(train_flop) for law in _drawn_laws()]))
    central = refit_law().frontier_loss(train_flop)
    return pd.DataFrame({"train_flop": train_flop, "loss": central, "low": low, "high": high})


def ratio_band(train_flop: np.ndarray) -> pd.DataFrame:
    """Tokens per parameter of our refit, with its interval."""
    low, high = _band(np.array([law.tokens_per_parameter(train_flop) for law in _drawn_laws()]))
    central = refit_law().tokens_per_parameter(train_flop)
    return pd.DataFrame({"train_flop": train_flop, "ratio": central, "low": low, "high": high})


def isoflop_band(train_flop: float, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the loss of models of several sizes at one compute."""
    return _band(np.array([law.isoflop(train_flop, parameters) for law in _drawn_laws()]))


def tokens_wanted(train_flop: float) -> dict[str, float]:
    """Training tokens of the best model at a compute, by our refit, with the interval."""
    low, high = _band(np.array([law.optimum(train_flop).tokens for law in _drawn_laws()]))
    central = float(refit_law().optimum(train_flop).tokens)
    return {"central": central, "low": float(low), "high": float(high)}


def ratio_at_frontier() -> pd.DataFrame:
    """Tokens per parameter that each law asks for at `RATIO_FLOP`."""
    laws = published_laws()
    chosen = [name for name in SHORT_NAMES if laws[name].allocation and name != "kaplan2020_opt"]
    chosen = [name for name in chosen if not name.startswith(("gadre", "gemstones"))]
    ratios = {}
    for name in chosen:
        parameters, tokens = laws[name].allocation  # type: ignore[misc]
        ratios[SHORT_NAMES[name]] = float(tokens(RATIO_FLOP) / parameters(RATIO_FLOP))
    ratios[REFIT_LABEL] = float(refit_law().tokens_per_parameter(RATIO_FLOP))
    return pd.DataFrame({"law": list(ratios), "ratio": list(ratios.values())})


def penalty_of_wrong_size(times: float) -> float:
    """Compute multiple of a model `times` too large or too small, the worse of both."""
    law = refit_law()
    best = float(law.tokens_per_parameter(VALLEY_FLOP))
    ratios = np.array([best / times**2, best * times**2])
    return float(np.max(law.compute_penalty(VALLEY_FLOP, ratios)))


def compute_for_the_same_again() -> dict[str, float]:
    """After one tenfold: times the compute reached that the same fall of the loss needs again."""
    start = next_run_flop()

    def multiple(law: LossLaw) -> float:
        gain = float(law.frontier_loss(start) - law.frontier_loss(10 * start))
        return float(price_of_gain(law, 10 * start, gain)) / (10 * start)

    low, high = _band(np.array([multiple(law) for law in _drawn_laws()]))
    return {"central": multiple(refit_law()), "low": float(low), "high": float(high)}


def anchor_loss() -> float:
    """Loss of our refit at `ANCHOR_FLOP`, rounded as a figure's data are."""
    return float(f"{float(refit_law().frontier_loss(ANCHOR_FLOP)):.6g}")


def reducible_share_per_tenfold() -> float:
    """Share of the reducible loss that tenfold compute takes off, under our refit."""
    return 1 - 10 ** -refit_law().frontier_exponent


def next_run_flop() -> float:
    """Compute from which "the next tenfold" is read, in FLOP."""
    return assumptions.get("reference_train_flop").central


@cache
def gain_now() -> dict[str, dict[str, float]]:
    """What tenfold compute buys from the largest runs of today on, with its interval."""
    bands = gain_bands(draws(), next_run_flop(), level=LEVEL).set_index("quantity")
    central = gain_per_tenfold(refit_law(), next_run_flop())
    return {
        name: {
            "central": float(getattr(central, name)),
            "low": float(row["low"]),
            "high": float(row["high"]),
        }
        for name, row in bands.iterrows()
    }


@cache
def programme() -> Programme:
    """All R&D compute as a multiple of final runs, over the organisations of the table."""
    return programme_from_firms(
        catalog.load("programme_compute"), draws=PROGRAMME_DRAWS, seed=SEED, level=LEVEL
    )


def printed_coefficients_at_printed_points() -> pd.DataFrame:
    """Pairs of a paper's printed coefficients with its own table, where the two are different rows.

    Hoffmann et al. and the Llama team print rounded coefficients beside tables that rest on
    unrounded ones.
    """
    laws, points = published_laws(), printed_points()
    pairs = {"hoffmann2022_A3_rounded": "hoffmann2022_A3", "llama3_2024_text": "llama3_2024_figure"}
    parts = []
    for law_id, point_id in pairs.items():
        own = points.loc[points["law_id"] == point_id]
        parameters, tokens = laws[law_id].allocation  # type: ignore[misc]
        compute = own["compute_flop"].to_numpy(float)
        predicted = tokens(compute) / parameters(compute)
        printed = own["tokens_per_parameter"].to_numpy(float)
        parts.append(
            pd.DataFrame(
                {
                    "law": SHORT_NAMES[law_id],
                    "train_flop": compute,
                    "printed": printed,
                    "predicted": predicted,
                    "ratio": predicted / printed,
                    "basis": "printed coefficients",
                    "source_id": own["source_id"].to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def huber_delta() -> float:
    """Where our objective turns from squares to absolute values, in log loss."""
    return HUBER_DELTA


def design_summary() -> dict[str, str]:
    """What the simulated studies show, in words."""
    table = catalog.load("design_coverage")
    table = table.loc[~table["quantity"].isin(["A", "B"])]
    width = table["median_width"] / table["true_value"] / 2
    wide = table["design"] == "wide_grid"
    narrow = table["design"] == "one_tenfold"
    known = table.loc[table["identified"]]
    return {
        "runs": str(int(table.loc[wide, "runs"].iloc[0])),
        "worst": wording.percent(float(width[wide].max())),
        "worst_one_tenfold": wording.percent(float(width[narrow].max())),
        "repetitions": f"{int(table['repetitions'].max()):,}",
        "coverage_low": wording.percent(float(known["coverage"].min())),
        "coverage_high": wording.percent(float(known["coverage"].max())),
    }
