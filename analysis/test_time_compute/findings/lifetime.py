"""What a model costs over its life: the size to serve, and when thinking stops being cheaper."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import assumptions, catalog
from analysis.scaling_laws import findings as scaling_laws
from analysis.scaling_laws.laws import LossLaw
from analysis.test_time_compute.break_even import (
    break_even_interval,
    break_even_queries,
    thinking_multiple,
)
from analysis.test_time_compute.findings import DRAWS, LEVEL, SEED
from analysis.test_time_compute.inference_aware import (
    inference_aware_bands,
    inference_aware_optimum,
)
from analysis.test_time_compute.serving_cost import Utilisation, cost_optimum_by_batch
from analysis.uncertainty import Interval
from analysis.units import FLOP_PER_PARAMETER_TOKEN

SARDANA_TEST = "test_the_published_optimum_of_two_trillion_tokens_is_reproduced"
#: Laws for which the cheapest model to train and to serve is drawn.
SERVED_LAWS = ("hoffmann2022_A3_rounded", "besiroglu2024", "muennighoff2023", "gadre2024_c4")
#: Training budget, in FLOP, whose loss the model to be served must reach.
SERVED_FLOP = 1e24


@cache
def served_demand() -> np.ndarray:
    """Tokens served in the life of a model, over the tokens it would best be trained on."""
    return np.geomspace(0.01, 100, 33)


@cache
def inference_aware() -> pd.DataFrame:
    """Size, data and FLOP of the cheapest model over those of the training-optimal one, by law."""
    parts = [
        _inference_aware_rows(_surface(law_id), scaling_laws.SHORT_NAMES[law_id])
        for law_id in SERVED_LAWS
    ]
    refit = scaling_laws.refit_law()
    tokens = served_demand() * float(refit.optimum(SERVED_FLOP).tokens)
    bands = inference_aware_bands(scaling_laws.draws(), SERVED_FLOP, tokens, level=LEVEL)
    ours = _inference_aware_rows(refit, scaling_laws.REFIT_LABEL)
    for quantity in ("parameter_ratio", "token_ratio", "flop_ratio"):
        chosen = bands.loc[bands["quantity"] == quantity].sort_values("inference_tokens")
        rows = ours["quantity"] == quantity
        for end in ("low", "high"):
            ours.loc[rows, end] = chosen[end].to_numpy()
    return pd.concat([*parts, ours], ignore_index=True)


def _surface(law_id: str) -> LossLaw:
    surface = scaling_laws.published_laws()[law_id].surface
    assert isinstance(surface, LossLaw), law_id
    return surface


def _inference_aware_rows(law: LossLaw, name: str) -> pd.DataFrame:
    optimum = law.optimum(SERVED_FLOP)
    tokens = served_demand() * float(optimum.tokens)
    best = inference_aware_optimum(law, float(optimum.loss), tokens)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "law": name,
                    "demand_ratio": served_demand(),
                    "quantity": quantity,
                    "ratio": getattr(best, quantity),
                    "low": np.nan,
                    "high": np.nan,
                }
            )
            for quantity in ("parameter_ratio", "token_ratio", "flop_ratio")
        ]
    )


#: What the break-even is most unsure of.
#: A question with long documents: the end of the reader's slider.
LONG_QUESTION_TOKENS = 20_000.0
BREAK_EVEN_INPUTS = ("exchange_elasticity", "relative_flop_price", "question_tokens")


@cache
def base_training_tokens() -> float:
    """Tokens that a model of the reference compute is best trained on, by our refit."""
    return float(scaling_laws.refit_law().optimum(scaling_laws.next_run_flop()).tokens)


@cache
def break_even_settings() -> dict[str, float]:
    """What every break-even of the chapter shares: the law's size exponent and the data."""
    return {
        "training_tokens": base_training_tokens(),
        "parameter_exponent": scaling_laws.refit_law().parameter_exponent,
    }


def tokens_per_question() -> float:
    """Tokens read and written for a plain answer."""
    return assumptions.get("question_tokens").central


def break_even_central(training_multiple: float, **changed: float) -> float:
    """Questions below which thinking is cheaper, at the central assumptions or some changed."""
    arguments = {
        "exchange_elasticity": assumptions.get("exchange_elasticity").central,
        "relative_flop_price": assumptions.get("relative_flop_price").central,
        "tokens_per_query": tokens_per_question(),
        **break_even_settings(),
        **changed,
    }
    elasticity = arguments.pop("exchange_elasticity")
    return float(break_even_queries(training_multiple, elasticity, **arguments))


@cache
def break_even_samples() -> dict[str, np.ndarray]:
    """Draws of everything the break-even is unsure of, as its arguments."""
    drawn = assumptions.sample(
        [*BREAK_EVEN_INPUTS, "reference_train_flop"], DRAWS, np.random.default_rng(SEED)
    )
    laws = scaling_laws.draws().sample(
        DRAWS, replace=True, random_state=SEED, ignore_index=True
    )  # the sampling error of the law, one drawn law per draw
    both = laws["alpha"] + laws["beta"]
    exponent = laws["beta"] / both
    scale = (laws["alpha"] * laws["A"] / (laws["beta"] * laws["B"])) ** (1 / both)
    product = drawn["reference_train_flop"] / FLOP_PER_PARAMETER_TOKEN
    return {
        "exchange_elasticity": drawn["exchange_elasticity"],
        "relative_flop_price": drawn["relative_flop_price"],
        "tokens_per_query": drawn["question_tokens"],
        "parameter_exponent": exponent.to_numpy(),
        "training_tokens": (product ** (1 - exponent) / scale).to_numpy(),
    }


@cache
def break_even_band(training_multiple: float) -> Interval:
    """Interval of the break-even over the assumptions and the sampling error of the law."""
    return break_even_interval(
        break_even_samples(), level=LEVEL, training_multiple=training_multiple
    )


def gain_wanted() -> float:
    """Gain from which the chapter reads its break-even, times the training compute."""
    return assumptions.get("gain_wanted").central


@cache
def messages_per_day() -> pd.Series:
    """The largest number of messages a day in the table, with its date and product."""
    rows = catalog.load("query_volumes").query("metric == 'messages_per_day'")
    return rows.loc[rows["value"].astype(float).idxmax()]


def days_to_break_even(questions: float) -> float:
    """Days in which the most-used model of the table is asked so many questions."""
    return questions / float(messages_per_day()["value"])


@cache
def read_at(demand_ratio: float) -> dict[str, float]:
    """Our refit's cheapest model over the training-optimal one at one demand."""
    law = scaling_laws.refit_law()
    optimum = law.optimum(SERVED_FLOP)
    best = inference_aware_optimum(law, float(optimum.loss), demand_ratio * float(optimum.tokens))
    names = ("parameter_ratio", "token_ratio", "flop_ratio")
    return {name: float(getattr(best, name)) for name in names}


def thinking_times(training_multiple: float) -> float:
    """Times more compute per answer that thinking takes for a gain, at the central assumptions."""
    multiple = thinking_multiple(
        training_multiple,
        assumptions.get("exchange_elasticity").central,
        parameter_exponent=break_even_settings()["parameter_exponent"],
    )
    return float(multiple)


def swings() -> dict[str, float]:
    """Times by which each uncertain input moves the break-even between its own low and high."""
    gain = gain_wanted()

    def between(**ends: tuple[float, float]) -> float:
        ((name, values),) = ends.items()
        found = [break_even_central(gain, **{name: value}) for value in values]
        return max(found) / min(found)

    names = ("exchange_elasticity", "relative_flop_price", "question_tokens")
    rate, price, length = (assumptions.get(name) for name in names)
    law, base = scaling_laws.refit_law(), assumptions.get("reference_train_flop")
    tokens = [float(law.optimum(flop).tokens) for flop in (base.low, base.high)]
    moved = {
        "tokens_per_query": between(tokens_per_query=(length.low, length.high)),
        "training_tokens": between(training_tokens=(tokens[0], tokens[1])),
        "relative_flop_price": between(relative_flop_price=(price.low, price.high)),
        "exchange_elasticity": between(exchange_elasticity=(rate.low, rate.high)),
    }
    return dict(sorted(moved.items(), key=lambda item: item[1], reverse=True))


def longest_answer() -> float:
    """Most tokens that a model of our tables wrote per question, on average over a test."""
    pairs = catalog.load("thinking_points")
    return float(pairs["reasoning_output_tokens_per_question"].max())


def tried_up_to() -> float:
    """Gain for which thinking would take as many tokens as the longest average answer."""
    power = break_even_settings()["parameter_exponent"]
    power += assumptions.get("exchange_elasticity").central
    return float((longest_answer() / tokens_per_question()) ** (1 / power))


#: Answers that a chip writes at once: few and many.
BATCHES = (8, 512)
BYTES_PER_PARAMETER = 2.0


@cache
def size_by_batch(demand_ratio: float = 1.0) -> dict[int, float]:
    """Best size over the training-optimal one where chip time, not FLOP, is paid, by batch."""
    law, used = scaling_laws.refit_law(), assumptions.get("compute_utilisation").central
    optimum = law.optimum(SERVED_FLOP)
    served = demand_ratio * float(optimum.tokens)
    written = assumptions.get("written_share").central * served
    best = cost_optimum_by_batch(
        law,
        float(optimum.loss),
        served - written,
        written,
        np.array(BATCHES),
        serving=Utilisation(used, used, used, 1.0, 1.0),
        flop_per_byte=assumptions.get("chip_flop_per_byte").central,
        bytes_per_parameter=BYTES_PER_PARAMETER,
    )
    return dict(zip(BATCHES, np.asarray(best.parameter_ratio).tolist(), strict=True))
