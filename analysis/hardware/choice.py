"""Which chip serves a kind of work most cheaply: the best layout and batch on each, then by price.

On a chip of one price the cheapest layout and batch are those of the fewest chip-seconds per
request. A larger batch never takes more of them, and never makes a token come sooner, so the best
batch is the largest that memory and the targets allow; bisection finds it for all layouts at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.hardware.first_token import FirstTokenTerms, first_token_s
from analysis.hardware.interactivity import Frontier, pareto
from analysis.hardware.points import MOST_REQUESTS
from analysis.hardware.serving import Operating, operate
from analysis.hardware.serving_options import Options
from analysis.hardware.workloads import Workload
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import require_at_least
from analysis.uncertainty import require_count

#: What keeps the batch from growing.
MEMORY, SPEED, FIRST_TOKEN, CAP = "memory", "time per token", "first token", "largest batch"
#: There is no batch: prompts are only read.
NO_BATCH = "no batch"
_REFUSED = "does not fit", "too slow"
TOKENS_PER_MTOK = 1e6


@dataclass(frozen=True)
class Served:
    """The best batch of every option; fields have the shape of the work and, last, the options.

    Attributes
    ----------
    requests : numpy.ndarray
        Largest batch of an attention group that meets memory and targets; 0 where not even one
        request does.
    limit : numpy.ndarray of str
        What keeps it from growing; where it is 0, why.
    chip_s : numpy.ndarray
        Chip-seconds of a request; infinite where the batch is 0.
    tpot_s, ttft_s : numpy.ndarray
    """

    requests: np.ndarray
    limit: np.ndarray
    chip_s: np.ndarray
    tpot_s: np.ndarray
    ttft_s: np.ndarray


def _operate(options: Options, requests: Any, lengths: tuple[Any, Any, Any]) -> Operating:
    given, written, known = lengths
    return operate(
        options.model, options.widths, options.layout, options.rates, options.efficiency,
        memory_bytes=options.memory_bytes, requests=requests, input_tokens=given,
        output_tokens=np.maximum(written, 1.0), cached_tokens=known,
    )  # fmt: skip


def best_batches(
    options: Options,
    terms: FirstTokenTerms,
    *,
    input_tokens: Any,
    output_tokens: Any,
    cached_tokens: Any = 0.0,
    tpot_target_s: Any = np.inf,
    ttft_target_s: Any = np.inf,
    most_requests: Any = MOST_REQUESTS,
) -> Served:
    """The largest batch of every option that meets memory and targets, and its chip-seconds.

    Parameters
    ----------
    input_tokens, output_tokens, cached_tokens, tpot_target_s, ttft_target_s : array_like
        Shape (...): one entry per case; options are laid along a new last axis. An output of nought
        counts prefill alone.
    most_requests : array_like
        Largest batch of an attention group that is tried, at least 1.

    Returns
    -------
    Served
        Shape (..., n).
    """
    cases = [
        np.asarray(value, float)[..., None]
        for value in (input_tokens, output_tokens, cached_tokens, tpot_target_s, ttft_target_s,
                      require_at_least("most_requests", most_requests, 1, "requests"))
    ]  # fmt: skip
    *lengths, slowest, latest, most = cases
    written = lengths[1]
    shape = np.broadcast_shapes(*(case.shape for case in cases), (len(options),))

    def measured(requests: np.ndarray) -> tuple[Operating, Any, np.ndarray, np.ndarray]:
        point = _operate(options, requests, (lengths[0], lengths[1], lengths[2]))
        first = first_token_s(
            point.times, terms, requests=point.requests, output_tokens=np.maximum(written, 1.0)
        )
        quick = (point.tpot_s <= slowest) | (written == 0)
        return point, first, quick, first <= latest

    one = np.ones(shape)
    point, first, quick, soon = measured(one)
    fits = point.requests_that_fit >= 1
    served = fits & quick & soon
    room = np.broadcast_to(point.requests_that_fit, shape)
    top = np.floor(np.where(written == 0, 1.0, np.minimum(np.maximum(room, 1.0), most)))
    low, high = one.copy(), np.broadcast_to(top, shape) + 1.0
    while np.any(high - low > 1.0):
        middle = np.floor((low + high) / 2.0)
        _, _, quick, soon = measured(middle)
        good = quick & soon
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    point, first, _, _ = measured(low)
    _, _, quick_next, _ = measured(np.minimum(low + 1.0, np.maximum(top, 1.0)))
    stopped = np.where(
        low < top, np.where(quick_next, FIRST_TOKEN, SPEED), np.where(room > most, CAP, MEMORY)
    )
    stopped = np.where(written == 0, NO_BATCH, stopped)
    work = np.where(written == 0, point.prefill_chip_s, point.prefill_chip_s + point.decode_chip_s)
    return Served(
        requests=np.where(served, low, 0.0),
        limit=np.where(served, stopped, np.where(fits, _REFUSED[1], _REFUSED[0])),
        chip_s=np.where(served, work, np.inf),
        tpot_s=np.where(served, point.tpot_s, np.nan),
        ttft_s=np.where(served, first, np.nan),
    )


def _over_classes(options: Options, work: Workload, requests: np.ndarray) -> np.ndarray:
    """Chip-seconds of the mean request of all classes, at a batch that memory has allowed."""
    point = operate(
        options.model, options.widths, options.layout, options.rates, options.efficiency,
        memory_bytes=np.inf, requests=np.maximum(requests, 1.0),
        input_tokens=work.input_tokens[:, None],
        output_tokens=np.maximum(work.output_tokens, 1.0)[:, None],
        cached_tokens=work.cached_tokens[:, None],
    )  # fmt: skip
    each = point.prefill_chip_s + (0.0 if work.reads_only else point.decode_chip_s)
    return np.sum(work.share[:, None] * each, axis=0)


def sweep(options: Options, work: Workload, terms: FirstTokenTerms) -> pd.DataFrame:
    """The best way to do a kind of work on each chip: fewest chip-seconds per request.

    Parameters
    ----------
    options : Options
    work : Workload
        The batch is set at its mean lengths; chip-seconds are the mean over its classes there.
    terms : FirstTokenTerms

    Returns
    -------
    pandas.DataFrame
        One row per chip: `precision`, `tensor`, `attention_copies`, `chips`, `requests` (in flight
        on one copy), `limit`, `chip_s` (per request; infinite where the chip cannot, and `limit`
        says why), `tpot_s`, `ttft_s`.
    """
    served = best_batches(
        options, terms,
        input_tokens=work.mean("input_tokens"), output_tokens=work.mean("output_tokens"),
        cached_tokens=work.mean("cached_tokens"), tpot_target_s=work.tpot_target_s,
        ttft_target_s=work.ttft_target_s,
    )  # fmt: skip
    spread = _over_classes(options, work, served.requests)
    layout = options.layout
    frame = pd.DataFrame(
        {
            "chip_id": options.chip_id,
            "precision": options.precision,
            "tensor": layout.tensor,
            "attention_copies": layout.attention_copies,
            "chips": layout.chips,
            "requests": served.requests * layout.attention_copies,
            "limit": served.limit,
            "chip_s": np.where(served.requests > 0, spread, np.inf),
            "tpot_s": served.tpot_s,
            "ttft_s": served.ttft_s,
        }
    )
    # Where a chip cannot, a layout that fits but is too slow says more than one that does not fit.
    frame["unfit"] = frame["limit"] == _REFUSED[0]
    best = frame.sort_values(["chip_s", "unfit", "chips"], kind="stable").drop_duplicates("chip_id")
    return best.drop(columns="unfit").sort_values("chip_s", kind="stable").reset_index(drop=True)


def speed_frontiers(
    options: Options, input_tokens: float, output_tokens: float, *, batches: int = 48
) -> dict[str, Frontier]:
    """Output tokens per second per chip against tokens per second per user, on each chip.

    Parameters
    ----------
    input_tokens, output_tokens : float
        Of every request.
    batches : int
        Batches tried, even in the logarithm up to `MOST_REQUESTS`, on every layout.

    Returns
    -------
    dict of str to Frontier
        The best of all layouts and batches; chips that hold no request are left out.
    """
    count = require_count("batches", batches, lowest=2)
    tried = np.unique(np.round(np.geomspace(1.0, MOST_REQUESTS, count)))[:, None]
    point = _operate(options, tried, (input_tokens, output_tokens, 0.0))
    holds = point.requests_that_fit >= tried
    found = {}
    for chip in dict.fromkeys(options.chip_id):
        mine = holds & (options.chip_id == chip)
        if mine.any():
            speed, rate = point.tokens_per_s_per_user[mine], point.output_tokens_per_chip_s[mine]
            found[str(chip)] = pareto(speed, rate)
    return found


def slowed(frontier: Frontier, factor: float, speed: np.ndarray) -> np.ndarray:
    """Throughput at speeds if every time were longer by a factor; NaN where it is out of reach.

    Slower than the frontier's slowest point is as good as that point.
    """
    ratio = float(require_positive("factor", factor, "ratio"))
    first, last = frontier.span
    wanted = np.asarray(speed, float) * ratio
    reached = frontier.at(np.clip(wanted, first, last)) / ratio
    return np.where(wanted <= last, reached, np.nan)


def usd_per_mtok_of(
    chip_s: Any, usd_per_chip_hour: Any, tokens: Any, utilisation: Any = 1.0
) -> Any:
    """USD per million tokens where a request of so many tokens takes so many chip-seconds."""
    price = require_at_least("usd_per_chip_hour", usd_per_chip_hour, 0, "USD per chip-hour")
    counted = require_positive("tokens", tokens, "tokens")
    used = require_positive("utilisation", utilisation, "share of hours")
    return np.asarray(chip_s) * price / 3600 / used / counted * TOKENS_PER_MTOK


def probability_cheapest(
    usd: Any, price_error: Any, efficiency_error: Any, *, draws: int, seed: int
) -> np.ndarray:
    """Probability of each chip to be the cheapest, if prices and speeds err independently.

    Parameters
    ----------
    usd : array_like, shape (c,)
        Cost on each chip, infinite where it cannot do the work. At least one is finite.
    price_error, efficiency_error : array_like, shape (c,)
        Standard deviations of the logarithms; an error that all chips share changes no order.
    draws, seed : int
        The same seed gives a chip the same price in every call with as many chips.

    Returns
    -------
    numpy.ndarray, shape (c,)
        Sums to 1; shares of the draws.
    """
    cost = require_positive("usd", np.where(np.isposinf(usd), 1.0, usd), "USD")
    able = np.isfinite(np.asarray(usd, float))
    if cost.ndim != 1 or not able.any():
        raise ValueError("usd: no chip can do the work; accepted: at least one finite cost")
    price = require_at_least("price_error", price_error, 0, "ln")
    speed = require_at_least("efficiency_error", efficiency_error, 0, "ln")
    count = require_count("draws", draws)
    spread = np.sqrt(np.broadcast_to(price, cost.shape) ** 2 + speed**2)
    noise = np.random.default_rng(seed).standard_normal((count, cost.size))
    drawn = np.where(able, np.log(cost) + spread * noise, np.inf)
    return np.bincount(drawn.argmin(axis=1), minlength=cost.size) / count


def ranked(costs: pd.DataFrame, probability: Any) -> pd.Series:
    """The answer of one cell of the map: cheapest, second best, margin and probability.

    Parameters
    ----------
    costs : pandas.DataFrame
        `chip_id` and `usd` of the chips of one cell.
    probability : array_like
        Of each row to be the cheapest.

    Returns
    -------
    pandas.Series
        `chip_id`, `usd`, `second_chip_id`, `second_usd`, `margin` (of the second's cost over the
        cheapest's, less 1), `probability` and `row` (of the cheapest in `costs`). The second is
        blank where one chip alone can do the work.
    """
    usd = costs["usd"].to_numpy(float)
    order = np.argsort(usd, kind="stable")
    if not np.isfinite(usd[order[0]]):
        raise ValueError("usd: no chip can do the work; accepted: at least one finite cost")
    names = costs["chip_id"].to_numpy()
    second = order[1] if len(order) > 1 and np.isfinite(usd[order[1]]) else None
    return pd.Series(
        {
            "chip_id": names[order[0]],
            "usd": usd[order[0]],
            "second_chip_id": "" if second is None else names[second],
            "second_usd": np.nan if second is None else usd[second],
            "margin": np.nan if second is None else usd[second] / usd[order[0]] - 1.0,
            "probability": float(np.asarray(probability)[order[0]]),
            "row": int(order[0]),
        }
    )
