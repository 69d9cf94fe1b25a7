"""The numbers of the chapter on test-time compute in words: every number its prose says."""

from __future__ import annotations

import numpy as np

from analysis import assumptions, catalog
from analysis.test_time_compute.findings import agents, costs, exchange, lifetime, sampling
from analysis.test_time_compute.findings import thinking as thoughts
from analysis.test_time_compute.fixed_score import months_until
from analysis.test_time_compute.split import inference_share, near_optimal_shares
from analysis.wording import count, digits, month, percent, power, span


def numbers() -> dict[str, str]:
    """Every number of the chapter, formatted; a key that a page misspells fails the build."""
    return {
        **_sampling(),
        **_selection(),
        **_thinking(),
        **_costs(),
        **_exchange(),
        **_lifetime(),
        **_agents(),
    }


def _sampling() -> dict[str, str]:
    largest, smallest = sampling.largest_model(), sampling.smallest_model()
    one, many = sampling.coverage_at(largest, 1), sampling.coverage_at(largest, 10_000)
    small, tries = sampling.matching_tries()
    errors = sampling.forecast_errors()
    return {
        "one_try": percent(one["coverage"]),
        "most_tries": percent(many["coverage"]),
        "most_tries_span": span(percent(many["low_90"]), percent(many["high_90"])),
        "smallest_most": percent(sampling.coverage_at(smallest, 10_000)["coverage"]),
        "smallest_one": percent(sampling.coverage_at(smallest, 1)["coverage"]),
        "hundred_tries": percent(sampling.coverage_at(largest, 100)["coverage"]),
        "matching_model": small,
        "matching_tries": count(tries),
        "matching_times": digits(sampling.times_smaller()),
        "problems": str(sampling.problem_count()),
        "forecast_best": digits(errors.min()),
        "forecast_worst": digits(errors.max()),
    }


def _selection() -> dict[str, str]:
    curves = sampling.selection_curves()
    last = curves.loc[curves["samples"] == curves["samples"].max()].set_index("picker")
    checker = assumptions.get("verifier_false_positive_rate")
    end = {
        name: percent(last.loc[sampling.checker_name(rate), "accuracy_percent"] / 100)
        for name, rate in (
            ("checker_low", checker.low),
            ("checker_central", checker.central),
            ("checker_high", checker.high),
        )
    }
    points = sampling.selection_points()
    wide = points.pivot_table("score_percent", ["model", "benchmark"], "what")
    voted = (wide[sampling.KEPT] - wide[sampling.ONE_TRY]).dropna()
    covered = (wide[sampling.ANY_RIGHT] - wide[sampling.ONE_TRY]).dropna()
    qwen = points.loc[
        points["model"].str.contains("off-policy") & points["benchmark"].eq("AIME 2024")
    ]
    qwen = qwen.set_index("what")["score_percent"]
    monkeys = points.loc[points["study"].str.startswith("CodeMonkeys")].set_index("what")
    o1 = wide.loc[("o1", "GPQA Diamond")]
    weak = wide.loc[voted.loc[wide.loc[voted.index, sampling.ONE_TRY] < 50].idxmax()]
    tries = sampling.best_tries()
    check = sampling.vote_check()
    missed = 100 * (check["predicted"] - check["published"])
    return {
        **end,
        "best_tries_low": str(tries[checker.low]),
        "best_tries_central": str(tries[checker.central]),
        "best_tries_high": str(tries[checker.high] or "none"),
        "vote_model_error": digits(float(np.sqrt((missed**2).mean()))),
        "vote_model_short": digits(float(-missed.mean())),
        "vote_end": percent(last.loc[sampling.VOTE, "accuracy_percent"] / 100),
        "checker_central_rate": percent(checker.central, 1),
        "vote_gain": digits(float(voted.median())),
        "vote_gain_span": span(digits(voted.min(), 1), digits(voted.max())),
        "vote_models": str(len(voted)),
        "cover_gain": digits(float(covered.median())),
        "monkeys_any": percent(monkeys.loc[sampling.ANY_RIGHT, "score_percent"] / 100),
        "monkeys_kept": percent(monkeys.loc[sampling.SCORED, "score_percent"] / 100, 3),
        "o1_gpqa_gain": digits(o1[sampling.KEPT] - o1[sampling.ONE_TRY], 1),
        "vote_weak_from": percent(weak[sampling.ONE_TRY] / 100),
        "vote_weak_to": percent(weak[sampling.KEPT] / 100),
    }


def _thinking() -> dict[str, str]:
    mean, caps, every = (
        thoughts.pooled(),
        thoughts.pooled(thoughts.CAP),
        thoughts.pooled(every=True),
    )
    slopes = thoughts.slopes()
    money = slopes.loc[slopes["counted"] == thoughts.MONEY].iloc[0]
    gains = [digits(thoughts.points_from(0.5, s)) for s in (mean.mean, mean.low, mean.high)]
    late = [digits(thoughts.points_from(0.9, s)) for s in (mean.mean, mean.low, mean.high)]
    parts = thoughts.decomposed()
    share = parts["tokens_share"]
    pairs = catalog.load("thinking_points")
    used = slopes.loc[(slopes["counted"] == thoughts.USED) & slopes["pooled"]]
    return {
        "slope": digits(mean.mean),
        "slope_span": span(digits(mean.low), digits(mean.high)),
        "slope_between": digits(mean.tau),
        "slope_model": thoughts.heaviest_model()[0],
        "slope_weight": percent(thoughts.heaviest_model()[1]),
        "odds_times": digits(float(np.exp(mean.mean))),
        "slope_every": digits(every.mean),
        "slope_every_span": span(digits(every.low), digits(every.high)),
        "slope_caps": digits(caps.mean),
        "slope_caps_span": span(digits(caps.low), digits(caps.high)),
        "studies": str(mean.studies),
        "models": str(used["model"].nunique()),
        "gain_half": gains[0],
        "gain_half_span": span(*gains[1:]),
        "gain_late": late[0],
        "gain_late_span": span(*late[1:]),
        "least_ratio": digits(thoughts.LEAST_RATIO),
        "plain_tokens": span(
            count(pairs["plain_output_tokens_per_question"].min()),
            count(pairs["plain_output_tokens_per_question"].max()),
        ),
        "reasoning_tokens": span(
            count(pairs["reasoning_output_tokens_per_question"].min()),
            count(pairs["reasoning_output_tokens_per_question"].max()),
        ),
        "gpt55_low": percent(money["accuracy_low"]),
        "gpt55_high": percent(money["accuracy_high"]),
        "gpt55_times": digits(money["x_ratio"]),
        "share_low": percent(share.min()),
        "share_high": percent(share.max()),
        "share_middle": percent(float(share.median())),
        "share_worst": percent(parts.loc[share.idxmax(), "tokens_share"]),
        "share_worst_span": span(
            percent(parts.loc[share.idxmax(), "tokens_share_low"]),
            percent(parts.loc[share.idxmax(), "tokens_share_high"]),
        ),
        "pairs": str(len(share)),
    }


def _costs() -> dict[str, str]:
    rates = costs.price_rates()
    halves = rates["half_life_months"]
    paths = costs.price_paths()
    arc = paths.loc[paths["basis"] == costs.PER_TASK].groupby("level")["relative_price"].min()
    energy = costs.answer_energy().set_index("fact_id")["value"].astype(float)
    reasoning = catalog.load("answer_energy").set_index("fact_id")["value"]
    declines = catalog.load("price_declines").query(
        "basis == 'fit' and metric == 'price per token'"
    )
    published = declines["factor_per_year"].astype(float)
    return {
        "half_life": digits(float(halves.median())),
        "half_life_span": span(digits(halves.min()), digits(halves.max())),
        "price_scores": str(len(rates)),
        "published_factor_span": span(count(published.min()), count(published.max())),
        "published_scores": str(len(published)),
        "months_for_tenfold": digits(float(months_until(2 ** (12 / halves.median()), 10.0))),
        "arc_cheapest": digits(1 / arc.min()),
        "arc_dearest": digits(1 / arc.max()),
        "energy_plain": digits(energy["gemini_median_full"]),
        "energy_typical": digits(energy["oviedo_typical"]),
        "energy_long": digits(energy["oviedo_test_time"]),
        "energy_times": digits(costs.energy_of_longer_answer()),
        "energy_switch": digits(float(reasoning["huggingface_reasoning_on_off"])),
    }


def _exchange() -> dict[str, str]:
    rates = exchange.exchange_rates()
    thinking = rates.loc[rates["way"] == exchange.THINKING, "elasticity"]
    survey = rates.loc[
        (rates["way"] == exchange.THINKING) & (rates["source_id"] == "villalobos_atkinson2023")
    ]
    jones = rates.set_index("fact_id").loc["jones2021_hex"]
    within, across = exchange.slope("within size"), exchange.slope("across sizes")
    steep = exchange.slope("within size", 0.4)
    frontier = exchange.slope("frontier")
    reach = exchange.reach().set_index(["target_percent", "false_positive_percent"])
    split = exchange.split_interval()
    sizes = exchange.size_slopes().loc[lambda slopes: slopes > 0]
    near = near_optimal_shares(1.0, 0.1)
    return {
        "rate_low": digits(thinking.min()),
        "survey_rates": span(
            digits(survey["elasticity"].min()), digits(survey["elasticity"].max())
        ),
        "survey_ranges": span(digits(survey["low"].min()), digits(survey["high"].max())),
        "rate_jones": digits(jones["elasticity"], 3),
        "jones_times": digits(float(jones["value"])),
        "rate_ord": digits(thinking.min()),
        "iso_target": percent(exchange.TARGET),
        "iso_within": digits(within["slope"]),
        "iso_within_span": span(digits(within["low_90"]), digits(within["high_90"])),
        "iso_saved": digits(10 ** within["slope"]),
        "iso_across": digits(10 ** -across["slope"]),
        "iso_frontier": digits(frontier["slope"]),
        "iso_frontier_span": span(digits(frontier["low_90"]), digits(frontier["high_90"])),
        "iso_low": digits(exchange.slope("within size", 0.2)["slope"]),
        "iso_high": digits(steep["slope"]),
        "iso_high_span": span(digits(steep["low_90"]), digits(steep["high_90"])),
        "iso_high_reached": str(int(steep["checkpoints"])),
        "reach_perfect": str(int(reach.loc[(20.0, 0.0), "checkpoints"])),
        "reach_one": str(int(reach.loc[(20.0, 1.0), "checkpoints"])),
        "reach_five": str(int(reach.loc[(20.0, 5.0), "checkpoints"]) or "none"),
        "reach_of": str(int(reach["of"].max())),
        "split": percent(split.central),
        "split_span": span(percent(split.low), percent(split.high)),
        "split_ord": percent(float(inference_share(thinking.min()))),
        "split_measured": percent(float(inference_share(float(within["slope"])))),
        "size_slope_low": digits(sizes.min()),
        "size_slope_high": digits(sizes.max()),
        "small_sizes": " and ".join(exchange.size_slopes().loc[lambda s: s < 0].index),
        "split_flat": span(percent(float(near[0])), percent(float(near[1]))),
    }


def _lifetime() -> dict[str, str]:
    gain = lifetime.gain_wanted()
    band, central = lifetime.break_even_band(gain), lifetime.break_even_central(gain)
    wanted = assumptions.get("gain_wanted")
    small, large = wanted.low, wanted.high
    at_ten, at_one = lifetime.read_at(10.0), lifetime.read_at(1.0)
    volume = lifetime.messages_per_day()
    elasticity = assumptions.get("exchange_elasticity")
    measured = exchange.slope("within size")
    least = exchange.rates_for_thinking()["elasticity"].min()
    by_batch = lifetime.size_by_batch()
    swings = {f"swing_{name}": digits(value) for name, value in lifetime.swings().items()}
    return {
        **swings,
        "gain": digits(gain, 1),
        "break_even": count(central),
        "break_even_span": span(count(band.low), count(band.high)),
        "thinking_times": digits(lifetime.thinking_times(gain)),
        "gain_small": digits(small, 1),
        "break_even_small": count(lifetime.break_even_central(small)),
        "gain_large": digits(large),
        "break_even_large": count(lifetime.break_even_central(large)),
        "break_even_planned": count(lifetime.break_even_central(gain, base_already_trained=0.0)),
        "break_even_oracle": count(
            lifetime.break_even_central(gain, exchange_elasticity=float(measured["slope"]))
        ),
        "break_even_steep": count(
            lifetime.break_even_central(
                gain, exchange_elasticity=float(exchange.slope("within size", 0.4)["slope"])
            )
        ),
        "break_even_chat": count(
            lifetime.break_even_central(
                gain, tokens_per_query=agents.fact("bai2026_code_chat_tokens")
            )
        ),
        "longest_times": digits(
            lifetime.tokens_per_question()
            * lifetime.thinking_times(gain)
            / lifetime.longest_answer()
        ),
        "break_even_least": count(lifetime.break_even_central(gain, exchange_elasticity=least)),
        "break_even_middle": count(band.central),
        "thinking_tokens": digits(lifetime.tokens_per_question() * lifetime.thinking_times(gain)),
        "longest_answer": count(lifetime.longest_answer()),
        "tried_up_to": digits(lifetime.tried_up_to()),
        "size_exponent": digits(lifetime.break_even_settings()["parameter_exponent"]),
        "long_question": count(lifetime.LONG_QUESTION_TOKENS),
        "break_even_long": count(
            lifetime.break_even_central(gain, tokens_per_query=lifetime.LONG_QUESTION_TOKENS)
        ),
        "elasticity": digits(elasticity.central, 3),
        "tokens_per_question": count(lifetime.tokens_per_question()),
        "base_tokens": count(lifetime.base_training_tokens()),
        "base_flop": power(assumptions.get("reference_train_flop").central),
        "messages_per_day": count(float(volume["value"])),
        "messages_date": month(str(volume["date"])),
        "serve_ten_size": percent(at_ten["parameter_ratio"]),
        "serve_ten_tokens": digits(at_ten["token_ratio"]),
        "serve_ten_compute": percent(at_ten["flop_ratio"]),
        "batch_few": str(lifetime.BATCHES[0]),
        "batch_many": str(lifetime.BATCHES[1]),
        "batch_few_size": percent(by_batch[lifetime.BATCHES[0]]),
        "batch_many_size": percent(by_batch[lifetime.BATCHES[1]]),
        "serve_one_size": percent(at_one["parameter_ratio"]),
    }


def _agents() -> dict[str, str]:
    turns = agents.fact("nebius_openhands_turns")
    steps = round(turns)
    marks = agents.marks().set_index("fact_id")["steps"]
    edit = agents.fact("yang2024_edit_success")
    median_steps = round(agents.fact("yang2024_steps_resolved"))
    return {
        "agent_steps": str(steps),
        "agent_tokens": digits(agents.multiple(steps, "tokens")),
        "agent_money": digits(agents.multiple(steps, "usd")),
        "agent_money_no_cache": digits(agents.multiple(steps, "usd", cache_hit_rate=0.0)),
        "agent_flop": digits(agents.multiple(steps, "flop")),
        "agent_published_low": digits(agents.fact("anthropic_agents"), 1),
        "agent_published_high": count(agents.fact("bai2026_agent_against_chat")),
        "agent_steps_low": str(int(marks["anthropic_agents"])),
        "agent_steps_high": str(int(marks["bai2026_agent_against_chat"])),
        "chat_tokens": count(agents.fact("bai2026_code_chat_tokens")),
        "agent_task_tokens": count(agents.fact("bai2026_mean_tokens"), 3),
        "agent_model_tokens": count(
            agents.multiple(steps, "tokens") * agents.fact("bai2026_code_chat_tokens")
        ),
        "agent_model_usd": digits(agents.task_usd(steps), 3),
        "agent_task_usd": digits(agents.fact("bai2026_mean_cost"), 3),
        "edit_success": percent(edit, 3),
        "edit_steps": str(median_steps),
        "agent_tokens_span": _band(steps, "tokens"),
        "agent_money_span": _band(steps, "money"),
        "edit_finish": percent(edit**median_steps),
        "edit_cost": digits(agents.cost_per_finished_task(median_steps, edit)),
        "rerun_factor": digits(agents.fact("bai2026_range_same_task")),
    }


def _band(steps: int, unit: str) -> str:
    """Interval of a multiple at the number of steps drawn that is nearest."""
    table = agents.multiples()
    rows = table.loc[table["counted"] == unit]
    row = rows.loc[(rows["steps"] - steps).abs().idxmin()]
    return span(digits(row["low"]), digits(row["high"]))
