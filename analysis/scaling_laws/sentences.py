"""The numbers of the scaling-laws chapter in words: every number its prose says comes from here."""

from __future__ import annotations

import math

import numpy as np

from analysis import assumptions, catalog
from analysis.scaling_laws import derive, findings
from analysis.scaling_laws.data_constrained import effective_tokens
from analysis.scaling_laws.growth import trend_by_selection
from analysis.scaling_laws.programme import (
    firm_shares,
    post_training_shares,
    studies_against_final_run,
)
from analysis.scaling_laws.returns import gain_per_tenfold, return_in_money
from analysis.units import FLOP_PER_PARAMETER_TOKEN
from analysis.wording import count, digits, percent, power, span, usd


def numbers() -> dict[str, str]:
    """Every number of the chapter, formatted; a key that a page misspells fails the build."""
    return {
        **_returns(),
        **_allocation(),
        **_refit(),
        **_growth(),
        **_programme(),
        **_money(),
        **_identifiability(),
    }


def _returns() -> dict[str, str]:
    gain, refit = findings.gain_now(), findings.refit()
    total, again = gain["relative_gain"], findings.compute_for_the_same_again()
    gamma = refit.loc["frontier_exponent"]
    frontiers = findings.frontiers()
    shares = [1 - 10**-frontier.gamma for frontier in frontiers.values()]
    floors = [frontier.E for frontier in frontiers.values() if frontier.E > 0]
    c4 = frontiers["gadre2024_c4"]
    on_c4 = float(gain_per_tenfold(c4, findings.next_run_flop()).relative_gain)
    tenfold = catalog.load("compute_10x_returns").set_index("fact_id")["value_per_10x"]
    reference, fitted = findings.next_run_flop(), findings.fitted_up_to()
    return {
        "tenfold_reducible": percent(findings.reducible_share_per_tenfold()),
        "tenfold_reducible_span": span(
            percent(1 - 10 ** -gamma["low_90"]), percent(1 - 10 ** -gamma["high_90"])
        ),
        "tenfold_total": percent(total["central"]),
        "tenfold_total_span": span(percent(total["low"], 2), percent(total["high"], 2)),
        "tenfold_absolute": digits(gain["absolute_gain"]["central"]),
        "again_multiple": digits(again["central"]),
        "again_multiple_span": span(digits(again["low"]), digits(again["high"])),
        "reference_flop": power(reference),
        "share_low": percent(min(shares)),
        "share_high": percent(max(shares)),
        "floor_low": digits(min(floors), 3),
        "floor_high": digits(max(floors), 3),
        "tenfold_total_c4": percent(on_c4),
        "c4_over_refit": digits(on_c4 / total["central"]),
        "fitted_up_to": power(fitted),
        "extrapolated_decades": digits(math.log10(reference / fitted)),
        "gpqa_points": digits(tenfold["gpqa"]),
        "math_points": digits(tenfold["math5"]),
        "task_error_points": digits(tenfold["bb_task_error"]),
    }


def _allocation() -> dict[str, str]:
    laws, budget = findings.published_laws(), findings.CHINCHILLA_FLOP

    def ratio(law_id: str, train_flop: float = budget) -> float:
        allocation = laws[law_id].allocation
        assert allocation is not None
        return float(allocation[1](train_flop) / allocation[0](train_flop))

    own = findings.ratio_band(np.array([budget])).iloc[0]
    points = findings.printed_points()
    llama = points.loc[points["law_id"] == "llama3_2024_figure"].iloc[0]

    def llama_tokens(law_id: str) -> str:
        allocation = laws[law_id].allocation
        assert allocation is not None
        return count(float(allocation[1](llama["compute_flop"])), 3)

    slip = points.loc[points["fit_id"] == "hoffmann2022_A3_tex"]
    slip = slip.loc[slip["notes"].str.contains("slip")].iloc[0]
    wanted = findings.tokens_wanted(10 * findings.next_run_flop())
    repeats = float(findings.fit_row("muennighoff2023")["R_D_star"])
    worth = {
        name: percent(float(effective_tokens(epochs, 1.0, repeats)) / epochs)
        for name, epochs in (("four_epochs_worth", 4.0), ("sixteen_epochs_worth", 16.0))
    }
    stock = catalog.load("training_limits").set_index("fact_id").loc["data_stock"]
    return {
        "chinchilla_flop": power(budget, 3),
        "ratio_printed": digits(ratio("hoffmann2022_A3_rounded")),
        "ratio_unrounded": digits(ratio("hoffmann2022_A3_tex")),
        "ratio_besiroglu": digits(ratio("besiroglu2024")),
        "ratio_refit": digits(own["ratio"]),
        "ratio_refit_span": span(digits(own["low"]), digits(own["high"])),
        "llama_text": llama_tokens("llama3_2024_text"),
        "llama_figure": llama_tokens("llama3_2024_figure"),
        "llama_stated": count(llama["optimal_tokens"], 4),
        "slip_parameters": count(slip["optimal_parameters"], 3),
        "slip_flop": power(
            FLOP_PER_PARAMETER_TOKEN * slip["optimal_parameters"] * slip["optimal_tokens"], 3
        ),
        "valley_flop": power(findings.VALLEY_FLOP),
        "valley_twice": percent(findings.penalty_of_wrong_size(2.0) - 1),
        "valley_thrice": percent(findings.penalty_of_wrong_size(3.0) - 1),
        **worth,
        "tokens_wanted": count(wanted["central"]),
        "tokens_wanted_span": span(count(wanted["low"]), count(wanted["high"])),
        "text_stock": count(stock["value"]),
        "text_stock_span": span(count(stock["ci_low"]), count(stock["ci_high"])),
    }


def _refit() -> dict[str, str]:
    refit = findings.refit()

    def text(quantity: str, significant: int) -> dict[str, str]:
        row = refit.loc[quantity]
        name = "floor" if quantity == "E" else quantity
        return {
            name: digits(row["estimate"], significant),
            f"{name}_span": span(
                digits(row["low_90"], significant), digits(row["high_90"], significant)
            ),
        }

    return {
        **text("E", 3),
        **text("alpha", 3),
        **text("beta", 3),
        "refit_points": str(int(refit["points"].iloc[0])),
        "standard_errors_away": digits(
            float(
                (
                    refit.loc["beta", "estimate"]
                    - findings.fit_row("hoffmann2022_A3_rounded")["beta"]
                )
                / refit.loc["beta", "standard_error"]
            )
        ),
        "resamples": f"{derive.RESAMPLES:,}",
        "huber_delta": digits(derive.HUBER_DELTA, 1),
        "seed": str(findings.SEED),
        "programme_draws": f"{findings.PROGRAMME_DRAWS:,}",
    }


def _growth() -> dict[str, str]:
    compute, cost = findings.frontier_trend(), findings.cost_trend()
    years = 1 / math.log10(compute.growth_per_year)
    ours = trend_by_selection(findings.runs()).query("method == 'least squares'")
    rates = ours["growth_per_year"]
    of_largest = ours["selection"].isin(["top10", "record"])
    largest_rates, all_runs = rates[of_largest], rates[~of_largest]
    return {
        "growth": digits(compute.growth_per_year),
        "growth_span": span(digits(compute.growth_low), digits(compute.growth_high)),
        "cost_growth": digits(cost.growth_per_year),
        "cost_growth_span": span(digits(cost.growth_low), digits(cost.growth_high)),
        "years_per_tenfold": digits(years),
        "years_per_tenfold_span": span(
            digits(1 / math.log10(compute.growth_high)), digits(1 / math.log10(compute.growth_low))
        ),
        "cost_per_tenfold": digits(cost.growth_per_year**years),
        "last_frontier_run": findings.last_frontier_run(),
        "all_runs_low": digits(all_runs.min()),
        "all_runs_high": digits(all_runs.max()),
        "largest_low": digits(largest_rates.min()),
        "largest_high": digits(largest_rates.max()),
    }


def _programme() -> dict[str, str]:
    rows = catalog.load("programme_compute")
    shares = firm_shares(rows)
    hours = assumptions.get("h800_hours_per_h100_hour").central
    studies = studies_against_final_run(
        rows, final_run="DeepSeek-V3", h800_hours_per_h100_hour=hours
    )
    after = post_training_shares(rows)
    sizes = rows.loc[(rows["topic"] == "experiments") & (rows["unit"] == "training runs"), "value"]
    return {
        "post_low": percent(after["central"].min()),
        "post_low_model": str(after.loc[after["central"].idxmin(), "scope"]),
        "post_high": percent(after["high"].max()),
        "programme_low": digits(1 / shares["central"].max()),
        "programme_high": digits(1 / shares["central"].min()),
        "final_share_low": percent(shares["central"].min()),
        "final_share_high": percent(shares["central"].max()),
        "organisations": str(len(shares)),
        "study_runs_low": count(sizes.min()),
        "study_runs": f"{sizes.max():,.0f}",
        "study_final_runs": digits(studies["final_runs"].max()),
    }


def _money() -> dict[str, str]:
    money = return_in_money(catalog.load("lab_returns"))
    known = money.loc[money["result_usd"].notna()]
    lost = int((known["result_usd"] < 0).sum())
    openai = money.loc[money["lab"] == "OpenAI"].set_index("year")["revenue_usd"]
    first, last = int(openai.index.min()), int(openai.index.max())
    return {
        "results_known": str(len(known)),
        "results_lost": str(lost),
        "openai_revenue_sentence": (
            f"OpenAI's went from {usd(openai[first])} in {first} to {usd(openai[last], 3)} in "
            f"{last}."
        ),
    }


def _identifiability() -> dict[str, str]:
    said = findings.design_summary()
    del said["repetitions"]  # said by the figure alone
    return {f"design_{name}": text for name, text in said.items()}
