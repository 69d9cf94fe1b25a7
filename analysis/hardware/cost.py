"""What a chip-hour costs, rented or owned, and what a million tokens cost at that price."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from analysis.hardware.energy import facility_power_w
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import broadcast, require_at_least, require_share
from analysis.units import DAYS_PER_YEAR, MONTHS_PER_YEAR

#: Hours in a mean year and month.
HOURS_PER_YEAR = DAYS_PER_YEAR * 24.0
HOURS_PER_MONTH = HOURS_PER_YEAR / MONTHS_PER_YEAR

#: Tokens in a Mtok, the unit in which prices are quoted.
TOKENS_PER_MTOK = 1e6

# Below this rate the annuity is indistinguishable from straight-line payment in floating point.
_LEAST_RATE = 1e-7


@dataclass(frozen=True)
class ChipHour:
    """USD of one chip-hour by part; parts that do not apply are 0.

    Attributes
    ----------
    chip, server, network : float or numpy.ndarray
        Capital and its cost: the chip, its part of the host, its part of the network.
    power, site, staff : float or numpy.ndarray
        Electricity, space paid by rated power, and people and upkeep.
    rent : float or numpy.ndarray
        Paid to an owner instead of all of the above.
    """

    chip: Any = 0.0
    server: Any = 0.0
    network: Any = 0.0
    power: Any = 0.0
    site: Any = 0.0
    staff: Any = 0.0
    rent: Any = 0.0

    @property
    def total(self) -> Any:
        """USD per chip-hour: the sum of the parts."""
        return sum(getattr(self, field.name) for field in fields(self))

    def share_of(self, part: str) -> Any:
        """Share of the total that one part is.

        Raises
        ------
        ValueError
            Where there is no such part, or the total is 0.
        """
        names = [field.name for field in fields(self)]
        if part not in names:
            raise ValueError(f"part: {part!r} is not known; accepted: {', '.join(names)}")
        return getattr(self, part) / require_positive("total", self.total, "USD per chip-hour")


def rental_usd_per_chip_hour(usd_per_chip_hour: Any) -> ChipHour:
    """A chip-hour rented at a price, at least 0."""
    price = require_at_least("usd_per_chip_hour", usd_per_chip_hour, 0, "USD per chip-hour")
    return ChipHour(rent=price[()])


def capital_recovery_per_year(capital_cost_share: Any, life_years: Any, *, xp: Any = np) -> Any:
    """Yearly payment over price that pays a price and its interest back: r / (1 - (1 + r)^-n).

    Parameters
    ----------
    capital_cost_share : array_like or expression
        Interest and required return per year, as a share; 0 gives ``1 / life_years``.
    life_years : array_like or expression
        Years in use, above 0.
    xp : module
        numpy, or ``altair.expr``; numbers are checked with numpy only.
    """
    if xp is np:
        capital_cost_share = require_at_least("capital_cost_share", capital_cost_share, 0, "shares")
        life_years = require_positive("life_years", life_years, "years")
    excess = capital_cost_share - _LEAST_RATE
    rate = _LEAST_RATE + (excess + xp.abs(excess)) / 2
    return rate / (1 - xp.exp(-life_years * xp.log(1 + rate)))


def ownership_usd_per_chip_hour(
    chip_usd: Any,
    server_overhead_usd_per_chip: Any,
    network_usd_per_chip: Any,
    life_years: Any,
    capital_cost_share: Any,
    chip_power_w: Any,
    server_power_share: Any,
    pue: Any,
    power_usd_per_kwh: Any,
    load_share: Any,
    staff_and_site_usd_per_chip_hour: Any = 0.0,
    *,
    site_usd_per_kw_month: Any = 0.0,
    residual_share: Any = 0.0,
) -> ChipHour:
    """USD per hour of owning one chip, every hour of its life, used or not.

    Parameters
    ----------
    chip_usd, server_overhead_usd_per_chip, network_usd_per_chip : array_like
        Prices paid at the start, at least 0.
    life_years, capital_cost_share : array_like
        As in `capital_recovery_per_year`.
    chip_power_w : array_like
        Rated power of the chip.
    server_power_share, pue : array_like
        As in `energy.facility_power_w`.
    power_usd_per_kwh : array_like
        At least 0.
    load_share : array_like
        Mean draw of the chip over its rated power, from 0 to 1.
    staff_and_site_usd_per_chip_hour : array_like
        People, upkeep and a site paid by the chip.
    site_usd_per_kw_month : array_like
        A site paid by rated power of chip and server (colocation), at least 0.
    residual_share : array_like
        Part of the three prices got back at the end of life, from 0 to 1.

    Returns
    -------
    ChipHour
        Capital is spread over all hours of the life; divide by the share of hours in use, as
        `usd_per_mtok` does. Left out: taxes, subsidies, failures.
    """
    recovery = capital_recovery_per_year(capital_cost_share, life_years)
    back = require_share("residual_share", residual_share)
    growth = np.exp(-np.asarray(life_years, float) * np.log1p(capital_cost_share))
    per_usd = recovery * (1 - back * growth) / HOURS_PER_YEAR
    rated = require_positive("chip_power_w", chip_power_w, "watts")
    drawn = rated * require_share("load_share", load_share)
    meter_w = facility_power_w(drawn, rated, server_power_share=server_power_share, pue=pue)
    rated_kw = rated * (1 + np.asarray(server_power_share, float)) / 1e3

    def priced(name: str, value: Any, unit: str) -> np.ndarray:
        return require_at_least(name, value, 0, unit)

    chip, server, network, power, site, staff = broadcast(
        chip=priced("chip_usd", chip_usd, "USD") * per_usd,
        server=priced("server_overhead_usd_per_chip", server_overhead_usd_per_chip, "USD")
        * per_usd,
        network=priced("network_usd_per_chip", network_usd_per_chip, "USD") * per_usd,
        power=meter_w / 1e3 * priced("power_usd_per_kwh", power_usd_per_kwh, "USD per kWh"),
        site=rated_kw
        * priced("site_usd_per_kw_month", site_usd_per_kw_month, "USD per kW and month")
        / HOURS_PER_MONTH,
        staff=priced(
            "staff_and_site_usd_per_chip_hour",
            staff_and_site_usd_per_chip_hour,
            "USD per chip-hour",
        ),
    )
    return ChipHour(chip[()], server[()], network[()], power[()], site[()], staff[()])


def break_even_utilisation(owned: ChipHour, rent_usd_per_chip_hour: Any) -> Any:
    """Share of hours in use at which owning costs what renting does; above 1 where never."""
    rent = require_positive("rent_usd_per_chip_hour", rent_usd_per_chip_hour, "USD per chip-hour")
    return (owned.total / rent)[()]


def usd_per_mtok(usd_per_chip_hour: Any, chips: Any, tokens_per_s: Any, utilisation: Any) -> Any:
    """USD per million tokens of a server of so many chips.

    Parameters
    ----------
    usd_per_chip_hour : array_like
        At least 0.
    chips : array_like
        Of the server, above 0.
    tokens_per_s : array_like
        Of all chips together at full load, above 0.
    utilisation : array_like
        Tokens served over those of full load in every hour paid for, above 0 and at most 1.
    """
    price = require_at_least("usd_per_chip_hour", usd_per_chip_hour, 0, "USD per chip-hour")
    served = require_positive("tokens_per_s", tokens_per_s, "tokens per second") * require_share(
        "utilisation", utilisation, positive=True
    )
    return (price * require_positive("chips", chips, "chips") * TOKENS_PER_MTOK / (3600 * served))[
        ()
    ]


def usd_per_mtok_core(
    *,
    upfront_usd_per_chip: Any,
    life_years: Any,
    capital_cost_share: Any,
    meter_kw_per_chip: Any,
    power_usd_per_kwh: Any,
    other_usd_per_chip_hour: Any,
    chips: Any,
    tokens_per_s: Any,
    utilisation: Any,
    xp: Any = np,
) -> Any:
    """`usd_per_mtok` of an owned chip in one expression that a reader's sliders may move.

    Parameters
    ----------
    upfront_usd_per_chip : array_like or expression
        Chip, host and network together.
    meter_kw_per_chip : array_like or expression
        Power at the meter, from `energy.facility_power_w`.
    other_usd_per_chip_hour : array_like or expression
        Site, staff, or a rent (with `upfront_usd_per_chip` and power at 0).
    life_years, capital_cost_share, power_usd_per_kwh, chips, tokens_per_s, utilisation
        As in `ownership_usd_per_chip_hour` and `usd_per_mtok`.
    xp : module
        numpy, or ``altair.expr``; numbers are checked with numpy only.
    """
    if xp is np:
        for name, value, unit in (
            ("upfront_usd_per_chip", upfront_usd_per_chip, "USD"),
            ("meter_kw_per_chip", meter_kw_per_chip, "kW"),
            ("power_usd_per_kwh", power_usd_per_kwh, "USD per kWh"),
            ("other_usd_per_chip_hour", other_usd_per_chip_hour, "USD per chip-hour"),
        ):
            require_at_least(name, value, 0, unit)
        usd_per_mtok(0.0, chips, tokens_per_s, utilisation)
    yearly = capital_recovery_per_year(capital_cost_share, life_years, xp=xp)
    per_hour = (
        upfront_usd_per_chip * yearly / HOURS_PER_YEAR
        + meter_kw_per_chip * power_usd_per_kwh
        + other_usd_per_chip_hour
    )
    return per_hour * chips * (TOKENS_PER_MTOK / 3600) / (tokens_per_s * utilisation)


@dataclass(frozen=True)
class TokenPrices:
    """USD per million tokens of each kind; a number or an array each, at least 0.

    Attributes
    ----------
    fresh_input, cached_input, output : float or numpy.ndarray
        Input that is computed, input read from a prefix cache, and output.
    """

    fresh_input: Any
    cached_input: Any
    output: Any

    def __post_init__(self) -> None:
        for field in fields(self):
            numbers = require_at_least(
                field.name, getattr(self, field.name), 0, "USD per million tokens"
            )
            object.__setattr__(self, field.name, numbers[()])

    def bill_usd(
        self, *, input_tokens: Any, output_tokens: Any, cached_input_tokens: Any = 0.0
    ) -> Any:
        """USD of so many tokens; `cached_input_tokens` are part of `input_tokens`."""
        fresh, cached, output = _tokens(input_tokens, cached_input_tokens, output_tokens)
        bill = self.fresh_input * fresh + self.cached_input * cached + self.output * output
        return (bill / TOKENS_PER_MTOK)[()]


def token_prices(
    usd_per_chip_hour: Any,
    *,
    prefill_chip_s: Any,
    decode_chip_s: Any,
    input_tokens: Any,
    output_tokens: Any,
    cached_input_tokens: Any = 0.0,
    cache_read_chip_s: Any = 0.0,
    cache_storage_usd: Any = 0.0,
    utilisation: Any = 1.0,
) -> TokenPrices:
    """Cost of input and output tokens by the chip-seconds each kind takes.

    Parameters
    ----------
    usd_per_chip_hour : array_like
        At least 0.
    prefill_chip_s, decode_chip_s : array_like
        Chip-seconds of one request: its prefill, and its part of the decode steps it shares.
    input_tokens, output_tokens, cached_input_tokens : array_like
        Per request; the cached ones are part of the input.
    cache_read_chip_s, cache_storage_usd : array_like
        Chip-seconds to read the cached part back, and USD to keep it until then, per request.
    utilisation : array_like
        As in `usd_per_mtok`; idle hours weigh on each chip-second alike.

    Returns
    -------
    TokenPrices
        ``bill_usd`` of the request's tokens is what its chip-seconds and storage cost. A kind of
        which there are no tokens costs 0.

    Raises
    ------
    ValueError
        Where chip-seconds or storage are given for tokens of which there are none, besides
        numbers out of range; names it.
    """
    fresh, cached, output = _tokens(input_tokens, cached_input_tokens, output_tokens)
    per_chip_s = (
        require_at_least("usd_per_chip_hour", usd_per_chip_hour, 0, "USD per chip-hour")
        / 3600
        / require_share("utilisation", utilisation, positive=True)
    )

    def seconds(name: str, value: Any) -> np.ndarray:
        return require_at_least(name, value, 0, "chip-seconds per request")

    storage = require_at_least("cache_storage_usd", cache_storage_usd, 0, "USD per request")
    reading = seconds("cache_read_chip_s", cache_read_chip_s) * per_chip_s
    return TokenPrices(
        fresh_input=_over(
            "fresh input", seconds("prefill_chip_s", prefill_chip_s) * per_chip_s, fresh
        ),
        cached_input=_over("cached input", reading + storage, cached),
        output=_over("output", seconds("decode_chip_s", decode_chip_s) * per_chip_s, output),
    )


def _tokens(input_tokens: Any, cached_tokens: Any, output_tokens: Any) -> tuple[np.ndarray, ...]:
    given = require_at_least("input_tokens", input_tokens, 0, "tokens")
    cached = require_at_least("cached_input_tokens", cached_tokens, 0, "tokens")
    fresh = require_at_least("input_tokens less cached_input_tokens", given - cached, 0, "tokens")
    return fresh, cached, require_at_least("output_tokens", output_tokens, 0, "tokens")


def _over(kind: str, usd: Any, tokens: Any) -> np.ndarray:
    cost, count = broadcast(usd=usd, tokens=tokens)
    stray = (count == 0) & (cost > 0)
    if stray.any():
        raise ValueError(
            f"{kind}: {float(cost[stray].flat[0])!r} USD for 0 tokens is not accepted; accepted: "
            "no cost where there are no tokens of that kind"
        )
    return cost * TOKENS_PER_MTOK / np.where(count > 0, count, 1.0)
