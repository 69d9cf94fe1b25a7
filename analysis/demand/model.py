r"""Training and inference side by side: what is demanded, on how many chips, from drivers.

Bottom-up. The largest run of a year grows, less so each year; developers make a number of runs of a
typical size; experiments and runs that are not released are the rest of research and development.
People ask assistants, some of whose answers think; programs call models; products embed them; older
machine learning ranks and recommends. Each kind reads and writes tokens, a token takes FLOP, FLOP
take chips at the utilisation of reading and writing.

Top-down. Chips sold, alive and installed, in units of one H100 (`supply`).

Everything is closed in time, so an entry is the yearly rate at that moment.

What it leaves out: prices do not act on use, makers of images and video are in no kind of their own
(they are part of what `closure` leaves unexplained), a lab's chips are not told apart by make, and
the order of events within a year is lost (see the models of the load's shape).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.demand.growth_paths import (
    LogPath,
    exp,
    grown,
    log,
    positive_part,
    slowed_after_years,
    slowed_years,
)
from analysis.demand.inputs import checked, checked_times
from analysis.units import (
    DAYS_PER_YEAR,
    FLOP_PER_PARAMETER_TOKEN,
    FORWARD_FLOP_PER_PARAMETER_TOKEN,
    SECONDS_PER_DAY,
)

YEARS = np.arange(2019, 2031)
MID_YEARS = YEARS + 0.5
ANCHOR = 2025.5
SECONDS_PER_YEAR = DAYS_PER_YEAR * SECONDS_PER_DAY
HOURS_PER_YEAR = DAYS_PER_YEAR * 24.0

#: Kinds of inference in the order in which they are stacked.
KINDS = ("chat", "reasoning", "agents", "embedded", "other_ml")
#: Kinds that language models of the frontier labs serve.
LAB_KINDS = ("chat", "reasoning", "agents")
SCOPES = ("lead_lab", "labs", "fleet")
UNITS = ("flop", "chips", "usd", "power_w", "tokens")
PARTS = ("training", "final_runs", "inference")


@dataclass(frozen=True)
class Known:
    """What the model takes as known.

    Attributes
    ----------
    h100_flop_per_s : float
        16-bit dense peak of the chip in whose units compute is told.
    sold_h100e : LogPath
        H100-equivalents sold since 2022, cumulative.
    """

    h100_flop_per_s: float
    sold_h100e: LogPath


@dataclass(frozen=True)
class Work:
    """A part of the work in a year: FLOP, H100-equivalents busy with it, tokens."""

    flop: Any
    chips: Any
    tokens: Any = 0.0

    def times(self, factor: Any) -> Work:
        """The same work, more or less of it."""
        return Work(self.flop * factor, self.chips * factor, self.tokens * factor)

    def plus(self, other: Work) -> Work:
        """Two parts together."""
        return Work(self.flop + other.flop, self.chips + other.chips, self.tokens + other.tokens)


@dataclass(frozen=True)
class Projection:
    """Demand by part, and what it is measured with; entries have the shape (..., times).

    Attributes
    ----------
    times : array or expression
        Decimal years.
    largest_run_flop : array or expression
        Pre-training compute of the largest run.
    final_runs : dict of str to Work
        Final runs by scope, post-training in them.
    training : dict of str to Work
        All research and development by scope; of the fleet with other developers and other
        machine learning.
    inference : dict of str to Work
        The world's, by kind.
    other_ml_training : Work
        The part of other machine learning that trains.
    served : dict of str to float or array
        Share of `LAB_KINDS` that a scope serves.
    users, messages_per_user_day, tokens_per_message, flop_per_token : array or expression
        What assistants' work is the product of.
    sold_h100e, available_h100e : array or expression
        Cumulative chips sold since 2022, and those installed, alive and working.
    usd_per_h100e_hour, watts_per_h100e : array or expression
        Of a chip that trains.
    price_ratio, draw_ratio : float or array
        The same of a chip that serves, over one that trains.
    """

    times: Any
    largest_run_flop: Any
    final_runs: dict[str, Work]
    training: dict[str, Work]
    inference: dict[str, Work]
    other_ml_training: Work
    served: dict[str, Any]
    users: Any
    messages_per_user_day: Any
    tokens_per_message: Any
    flop_per_token: Any
    sold_h100e: Any
    available_h100e: Any
    usd_per_h100e_hour: Any
    watts_per_h100e: Any
    price_ratio: Any
    draw_ratio: Any

    def work(self, scope: str, part: str) -> Work:
        """Training, final runs, inference or a kind of inference, of a scope."""
        if scope not in SCOPES:
            raise ValueError(f"scope: {scope!r} is not known; accepted: {', '.join(SCOPES)}")
        if part == "training":
            return self.training[scope]
        if part == "final_runs":
            return self.final_runs[scope]
        if part == "inference":
            kinds = KINDS if scope == "fleet" else LAB_KINDS
            total = self.work(scope, kinds[0])
            for kind in kinds[1:]:
                total = total.plus(self.work(scope, kind))
            return total
        if part not in KINDS:
            raise ValueError(
                f"part: {part!r} is not known; accepted: {', '.join((*PARTS, *KINDS))}"
            )
        if scope != "fleet" and part not in LAB_KINDS:
            return Work(0.0, 0.0, 0.0)
        return self.inference[part].times(self.served[scope])

    def total(self, scope: str, unit: str, part: str) -> Any:
        """A part of the demand of a scope, in a unit, per year or on average over it.

        Parameters
        ----------
        scope : str
            `lead_lab`, `labs` or `fleet`.
        unit : str
            `flop` per year, `chips` (H100-equivalents busy), `usd` per year, `power_w` at the
            meter, `tokens` per year.
        part : str
            `training` (all research and development), `final_runs`, `inference`, or a kind of it.
        """
        serving = part not in ("training", "final_runs")
        if unit in ("flop", "tokens"):
            return self._amount(scope, unit, part)
        if unit == "chips":
            return self._amount(scope, "chips", part)
        if unit == "usd":
            price = self.usd_per_h100e_hour * (self.price_ratio if serving else 1.0)
            return self._amount(scope, "chips", part) * (HOURS_PER_YEAR * price)
        if unit == "power_w":
            draw = self.watts_per_h100e * (self.draw_ratio if serving else 1.0)
            return self._amount(scope, "chips", part) * draw
        raise ValueError(f"unit: {unit!r} is not known; accepted: {', '.join(UNITS)}")

    def _amount(self, scope: str, field: str, part: str) -> Any:
        """One field of `work`, without the others."""
        if part != "inference" or scope not in SCOPES:
            return getattr(self.work(scope, part), field)
        kinds = KINDS if scope == "fleet" else LAB_KINDS
        return sum(getattr(self.inference[kind], field) for kind in kinds) * self.served[scope]


def project_inputs(
    inputs: Mapping[str, Any],
    known: Known,
    *,
    times: Any = MID_YEARS,
    anchor: float = ANCHOR,
    xp: Any = np,
) -> Projection:
    """Demand for training and inference from its drivers.

    Parameters
    ----------
    inputs : mapping of str to array_like or expression
        Every name of `inputs.ACCEPTED`; arrays of shape (n, 1) beside `times` of shape (k,).
    known : Known
    times : array_like or expression
        Decimal years; by default the middles of 2019 to 2030.
    anchor : float
        Decimal year at which levels hold and growth is measured.
    xp : module
        numpy, or ``altair.expr`` for expressions of a reader's page.

    Returns
    -------
    Projection

    Raises
    ------
    ValueError
        Where an input is unknown, missing or outside the range that the model accepts.
    """
    x, times = checked(inputs), checked_times(times)
    elapsed = times - anchor
    use_years = slowed_years(elapsed, x["use_growth_decay"], xp)
    largest = grown(
        x["largest_run_flop"], x["run_growth"],
        slowed_after_years(elapsed, x["run_growth_decay"], xp), xp,
    )  # fmt: skip
    fall = exp(-log(x["flop_per_token_fall"], xp) * elapsed, xp)
    # Prices fall by making more: their fall slows as the growth of what is sold does.
    price_years = slowed_after_years(elapsed, x["supply_growth_decay"], xp)
    final_runs, labs_training = _training(x, largest, use_years, fall, known, xp)
    assistants = _assistants(x, elapsed, use_years, xp)
    inference = _inference(x, assistants, elapsed, use_years, fall, known, xp)
    other_ml_share = x["other_ml_inference_share"]
    available = _available(x, times, known, xp)
    other_training = _on_chips(available * x["other_training_share"], x, fall, known)
    other_ml_training = inference["other_ml"].times((1.0 - other_ml_share) / other_ml_share)
    fleet_training = labs_training["labs"].plus(other_training).plus(other_ml_training)
    return Projection(
        times=times,
        largest_run_flop=largest,
        # One share of final runs for everybody: no fleet has told its own since 2021.
        final_runs={**final_runs, "fleet": fleet_training.times(x["final_run_share"])},
        training={**labs_training, "fleet": fleet_training},
        inference=inference,
        other_ml_training=other_ml_training,
        served={
            "lead_lab": x["lead_share_of_use"],
            "labs": x["frontier_share_of_use"],
            "fleet": 1.0,
        },
        users=assistants.users,
        messages_per_user_day=assistants.messages_per_user_day,
        tokens_per_message=assistants.tokens_per_message,
        flop_per_token=FORWARD_FLOP_PER_PARAMETER_TOKEN * x["active_parameters"] * fall,
        sold_h100e=_sold(x, times, known, xp),
        available_h100e=available,
        usd_per_h100e_hour=x["usd_per_h100e_hour"]
        * exp(-log(x["price_fall"], xp) * price_years, xp),
        watts_per_h100e=x["watts_per_h100e"] * exp(-log(x["watts_fall"], xp) * elapsed, xp),
        price_ratio=x["inference_price_ratio"],
        draw_ratio=x["inference_draw_ratio"],
    )


def _training(
    x: Mapping[str, Any], largest: Any, use_years: Any, fall: Any, known: Known, xp: Any
) -> tuple[dict[str, Work], dict[str, Work]]:
    post = grown(x["post_training_ratio"], x["post_training_growth"], use_years, xp)
    lead = largest * (1.0 + post)
    others = (x["frontier_developers"] - 1.0) * x["typical_run_share"] * x["runs_per_year"]
    per_chip_year = x["training_utilisation"] * known.h100_flop_per_s * SECONDS_PER_YEAR
    final = {
        scope: _on_chips(flop / per_chip_year, x, fall, known)
        for scope, flop in (("lead_lab", lead), ("labs", lead * (1.0 + others)))
    }
    programme = 1.0 / x["final_run_share"]
    return final, {scope: work.times(programme) for scope, work in final.items()}


def _on_chips(chips: Any, x: Mapping[str, Any], fall: Any, known: Known) -> Work:
    """Training on so many chips for a year."""
    flop = chips * (x["training_utilisation"] * known.h100_flop_per_s * SECONDS_PER_YEAR)
    return Work(flop, chips, flop / (FLOP_PER_PARAMETER_TOKEN * x["active_parameters"] * fall))


@dataclass(frozen=True)
class _Assistants:
    users: Any
    messages_per_user_day: Any
    reasoning_share: Any
    thinking_tokens: Any
    tokens_per_message: Any


def _assistants(x: Mapping[str, Any], elapsed: Any, use_years: Any, xp: Any) -> _Assistants:
    people = x["chatgpt_users"] * x["assistants_per_chatgpt_user"]
    # The Gompertz curve whose end is the cap.
    saturation = log(x["users_growth"], xp) / log(x["users_cap"] / people, xp)
    users = grown(people, x["users_growth"], slowed_years(elapsed, saturation, xp), xp)
    odds = grown(
        x["reasoning_share"] / (1.0 - x["reasoning_share"]), x["reasoning_growth"], use_years, xp
    )
    share = odds / (1.0 + odds)
    thinking = grown(x["thinking_tokens"], x["thinking_growth"], use_years, xp)
    return _Assistants(
        users,
        grown(x["messages_per_user_day"], x["messages_growth"], use_years, xp),
        share,
        thinking,
        x["chat_read_tokens"] + x["chat_written_tokens"] + share * thinking,
    )


def _inference(
    x: Mapping[str, Any], people: _Assistants, elapsed: Any, use_years: Any, fall: Any,
    known: Known, xp: Any,
) -> dict[str, Work]:  # fmt: skip
    messages = people.users * people.messages_per_user_day * DAYS_PER_YEAR
    thinking = messages * people.reasoning_share
    called, embedded = (
        grown(
            DAYS_PER_YEAR * x[f"{kind}_tokens_per_day"] / x["reported_token_share"],
            x[f"{kind}_growth"], use_years, xp,
        )
        for kind in ("api", "embedded")
    )  # fmt: skip
    rate = known.h100_flop_per_s * SECONDS_PER_YEAR * x["serving_load"]
    prefill, decode = x["prefill_utilisation"] * rate, x["decode_utilisation"] * rate

    def served(volume: Any, read: Any, answered: Any, cached: Any, parameters: Any) -> Work:
        """Work of so many messages, or tokens, that read and are answered so much each."""
        fresh, per_token = read * (1.0 - cached), FORWARD_FLOP_PER_PARAMETER_TOKEN * parameters
        cheaper = volume * fall
        return Work(
            cheaper * (per_token * (fresh + answered)),
            cheaper * (per_token * (fresh / prefill + answered / decode)),
            volume * (read + answered),
        )

    read, answer, kept = x["chat_read_tokens"], x["chat_written_tokens"], x["cached_share"]
    large, small = x["active_parameters"], x["embedded_active_parameters"]
    written = x["api_written_share"]
    busy = grown(
        x["other_ml_h100e"], x["other_ml_growth"],
        slowed_after_years(elapsed, x["use_growth_decay"], xp), xp,
    )  # fmt: skip
    ranked = busy * x["other_ml_inference_share"]
    return {
        "chat": served(messages - thinking, read, answer, kept, large),
        "reasoning": served(thinking, read, answer + people.thinking_tokens, kept, large),
        "agents": served(called, 1.0 - written, written, x["agent_cached_share"], large),
        "embedded": served(embedded, 1.0 - written, written, kept, small),
        "other_ml": Work(
            ranked * x["prefill_utilisation"] * known.h100_flop_per_s * SECONDS_PER_YEAR, ranked
        ),
    }


def _sold(x: Mapping[str, Any], time: Any, known: Known, xp: Any) -> Any:
    """Cumulative H100-equivalents sold since 2022, beyond the last count by the growth assumed."""
    last = known.sold_h100e.years[-1]
    beyond = positive_part(time - last, xp)
    counted = known.sold_h100e.at(time - beyond, xp)
    years = slowed_years(beyond, x["supply_growth_decay"], xp)
    return x["supply_error"] * grown(counted, x["supply_growth"], years, xp)


def _available(x: Mapping[str, Any], times: Any, known: Known, xp: Any) -> Any:
    """Installed, alive and working; chips of before 2022 grew as what ran on them did."""

    def ever(time: Any) -> Any:
        before = time - 2022.0
        early = before - positive_part(before, xp)
        old = grown(x["stock_before_2022_h100e"], x["other_ml_growth"], early, xp)
        return old + _sold(x, time, known, xp)

    return x["available_share"] * (ever(times) - ever(times - x["years_in_service"]))
