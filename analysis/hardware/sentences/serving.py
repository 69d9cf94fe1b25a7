"""The serving model, its errors, and the two kinds of work in words."""

from __future__ import annotations

import numpy as np

from analysis import assumptions, catalog
from analysis.hardware import named
from analysis.hardware.findings import accuracy, anatomy, footing, mechanisms, queues, sliders
from analysis.wording import digits, percent, span


def numbers() -> dict[str, str]:
    """Every number of roofline, anatomy, errors, mechanisms and the slider figure, formatted."""
    return {**_footing(), **_training(), **_anatomy(), **_accuracy(), **_mechanisms(), **_price()}


def _footing() -> dict[str, str]:
    placed = footing.placed()
    middle = placed.groupby("work")["share_of_peak"].median()
    served = placed[placed["work"] == footing.SERVING]
    prices = {batch: footing.flop_price_ratio(batch) for batch in footing.BATCHES}
    table = footing.flop_prices()
    mine = table[table["chip_id"] == "h100_sxm"].set_index("work")["usd"]
    return {
        "train_peak": percent(float(middle[footing.TRAINING])),
        "serve_peak": percent(float(middle[footing.SERVING])),
        "serve_starved": percent(float((served["balance"] < 1).mean())),
        "serve_waits": percent(footing.served_shares()[0]),
        "serve_fed": percent(footing.served_shares()[1]),
        "serve_points": str(len(served)),
        "train_points": str(int((placed["work"] == footing.TRAINING).sum())),
        "flop_one": digits(prices[1][0]),
        "flop_one_span": span(digits(prices[1][1]), digits(prices[1][2])),
        "flop_eight": digits(prices[8][0]),
        "flop_many": digits(prices[64][0]),
        "flop_many_span": span(digits(prices[64][1]), digits(prices[64][2])),
        "flop_prompt": percent(float(mine[footing.PREFILL] / mine[footing.TRAINING])),
    }


def _training() -> dict[str, str]:
    fitted, least, most = footing.training_errors()
    run = catalog.load("training_layouts").set_index("run_id").loc[footing.LLAMA_RUN]
    step = footing.trained(
        run, assumptions.get("train_matmul_efficiency").central,
        assumptions.get("collective_efficiency").central,
    )  # fmt: skip
    available = assumptions.get("train_available_share").central
    hours = run["train_tokens"] / step.tokens * step.step_s / 3600 * step.chips / available
    price, _ = footing.price_of(str(run["chip_id"]))
    links = float((step.tensor_s + step.pipeline_s + step.data_s) / step.step_s)
    return {
        "train_fitted": percent(fitted - 1),
        "train_unfitted": span(percent(least - 1), percent(most - 1)),
        "llama_name": str(run["label"]),
        "llama_hours": digits(float(hours) / 1e6),
        "llama_stated_hours": digits(float(run["chip_hours"]) / 1e6),
        "llama_usd": digits(float(hours) * price / 1e6),
        "llama_links": percent(links),
        "llama_bubble": percent(float(step.bubble_s / step.step_s)),
    }


def _anatomy() -> dict[str, str]:
    dense, mixture = (case[0] for case in anatomy.CASES)
    first, last = anatomy.BATCHES[0], anatomy.BATCHES[-1]
    weights, cache, _, overhead, _, prompts = anatomy.PARTS
    return {
        "memory_alone": percent(anatomy.share(dense, first, weights, cache)),
        "memory_busy": percent(anatomy.share(dense, last, weights, cache)),
        "prompts_busy": percent(anatomy.share(dense, last, prompts)),
        "overhead_mixture": percent(anatomy.share(mixture, first, overhead)),
        "weights_mixture": percent(anatomy.share(mixture, last, weights)),
        "busy_batch": str(last),
    }


def _accuracy() -> dict[str, str]:
    model, chip = accuracy.overall("model"), accuracy.overall("chip")
    first = accuracy.overall("chip", "ttft, few requests")
    pairs = accuracy.pairs()
    dense = pairs[~pairs["model_id"].map(lambda m: named.models()[m].experts > 0)]
    weights = dense["rows"] / dense["rows"].sum()
    by_chip = accuracy.errors("chip", "chip_id").set_index("name")
    amd, amd_median = by_chip["bias"], by_chip["median_abs"]
    off = accuracy.percent_off
    return {
        "error_rows": f"{int(model['rows']):,}",
        "error_model": percent(off(model["median_abs"])),
        "error_model_tail": percent(off(model["p90_abs"])),
        "error_chip": percent(off(chip["median_abs"])),
        "error_chip_tail": percent(off(chip["p90_abs"])),
        "error_cover_model": percent(accuracy.covered("model")),
        "error_cover_chip": percent(accuracy.covered("chip")),
        "error_amd": percent(off(accuracy.maker_error("AMD"))),
        "error_other": percent(off(accuracy.maker_error("other makers"))),
        "error_nvidia": percent(off(accuracy.maker_error("NVIDIA dense"))),
        "error_mixture": percent(off(accuracy.maker_error("NVIDIA mixture"))),
        "error_gb200": digits(float(np.exp(amd_median["gb200"]))),
        "error_worst": digits(float(np.exp(model["worst_abs"]))),
        "error_first": percent(off(first["median_abs"])),
        "error_pair": percent(off(pairs["all_pairs_median_abs"].iloc[0])),
        "error_pair_dense": percent(off(float((dense["median_abs"] * weights).sum()))),
        "mi300x_factor": digits(float(np.exp(-amd["mi300x"]))),
        **_peers(),
        "roofline_step": digits(mechanisms.roofline_optimism()[0]),
        "roofline_whole": digits(mechanisms.roofline_optimism()[1]),
    }


def _peers() -> dict[str, str]:
    def off(name: str, rows_set: str = "all") -> str:
        row = accuracy.calculator(name, rows_set)
        return percent(accuracy.percent_off(row["median_abs"]))

    best, there = accuracy.calculator("aiconfigurator"), "rows aiconfigurator answers"
    return {
        "peer_roofline": digits(float(np.exp(accuracy.calculator("naive roofline")["median_abs"]))),
        "peer_erdil": off("Erdil 2025, paper"),
        "peer_best": off("aiconfigurator"),
        "peer_best_answered": percent(float(best["answered_share"])),
        "ours_model_there": off("this book, model left out", there),
        "ours_chip_there": off("this book, chip left out", there),
        "ours_seconds": digits(
            accuracy.calculator("this book, model left out")["seconds_per_million"]
        ),
    }


def _mechanisms() -> dict[str, str]:
    saving = mechanisms.agent_saving()
    return {
        "draft_one": digits(mechanisms.drafting_speed_up(1)),
        "draft_busy": digits(mechanisms.drafting_speed_up(mechanisms.MOST_BATCH)),
        "pools_loose": percent(mechanisms.two_pools_gain(0.2) - 1),
        "pools_tight": percent(mechanisms.two_pools_gain(0.03) - 1),
        "agent_hits": percent(saving["hit_share"]),
        "agent_saving": digits(saving["without"] / saving["with"]),
        "agent_steps": str(mechanisms.AGENT["steps"]),
        "load_smooth": percent(queues.load_at(queues.SMOOTH)),
        "load_bursty": percent(queues.load_at(queues.BURSTY)),
        "load_bursty_span": span(
            percent(queues.load_at(queues.BURSTY, end="slow")),
            percent(queues.load_at(queues.BURSTY, end="fast")),
        ),
        "load_target": digits(queues.CHAT_TARGET_S),
        "energy_one": digits(mechanisms.energy_per_token(1)),
        "energy_busy": digits(mechanisms.energy_per_token(mechanisms.MOST_BATCH)),
    }


def _price() -> dict[str, str]:
    first, second, third = sliders.CHIPS
    one, many = sliders.at(first, 1), sliders.at(first, sliders.BUSY)
    middle, doubled = sliders.central(), sliders.central() | {"price_factor": 2.0}
    free = middle | {"power_usd_per_kwh": 0.0}
    half = middle | {"utilisation": middle["utilisation"] / 2}

    def change(values: dict[str, float]) -> float:
        return float(np.asarray(sliders.price(first, float(sliders.BUSY), values))) / many - 1

    return {
        "price_model": str(
            catalog.load("llm_architectures").set_index("model_id")["model"][sliders.MODEL]
        ),
        "price_one": digits(one),
        "price_many": digits(many),
        "price_fall": digits(one / many),
        "price_second": percent(abs(1 - sliders.at(second, sliders.BUSY) / many)),
        "price_third": percent(abs(1 - sliders.at(third, sliders.BUSY) / many)),
        "price_third_way": "dearer" if sliders.at(third, sliders.BUSY) > many else "cheaper",
        "price_chip_doubled": percent(change(doubled)),
        "price_power_free": percent(-change(free)),
        "price_half_used": percent(change(half)),
    }
