"""What a chip-hour and a token cost."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import altair as alt
import numpy as np
import pytest

from analysis.hardware.cost import (
    HOURS_PER_YEAR,
    ChipHour,
    TokenPrices,
    break_even_utilisation,
    capital_recovery_per_year,
    ownership_usd_per_chip_hour,
    rental_usd_per_chip_hour,
    token_prices,
    usd_per_mtok,
    usd_per_mtok_core,
)

OWNED: dict[str, Any] = {
    "chip_usd": 26000.0,
    "server_overhead_usd_per_chip": 11000.0,
    "network_usd_per_chip": 4000.0,
    "life_years": 5.0,
    "capital_cost_share": 0.1,
    "chip_power_w": 700.0,
    "server_power_share": 0.8,
    "pue": 1.2,
    "power_usd_per_kwh": 0.08,
    "load_share": 0.7,
    "staff_and_site_usd_per_chip_hour": 0.2,
}


def test_the_printed_capital_recovery_factors_are_reproduced(reference: Any) -> None:
    for row in reference("hardware_cost")["annuity"]["rows"]:
        got = capital_recovery_per_year(row["rate"], row["years"])
        assert float(got) == pytest.approx(row["factor"], abs=5.1e-6)


def test_the_payments_pay_back_price_and_interest_and_the_residual_comes_off() -> None:
    owned = ownership_usd_per_chip_hour(**OWNED, residual_share=0.25)
    paid = (owned.chip + owned.server + owned.network) * HOURS_PER_YEAR
    debt = 41000.0
    for _ in range(5):
        debt = debt * 1.1 - paid
    assert debt == pytest.approx(0.25 * 41000.0, rel=1e-9)


def test_at_no_interest_the_price_is_spread_evenly() -> None:
    assert float(capital_recovery_per_year(0.0, 4.0)) == pytest.approx(0.25, rel=1e-6)


def test_a_delivered_hour_costs_what_the_public_tool_gives(reference: Any) -> None:
    case = reference("hardware_cost")["delivered_hour"]
    share = case["node_kw"] * 1e3 / case["chips"] / case["tdp_w"] - 1
    for years, want in case["usd_per_delivered_hour"].items():
        owned = ownership_usd_per_chip_hour(
            case["node_usd"] / case["chips"],
            0.0,
            0.0,
            float(years),
            0.0,
            case["tdp_w"],
            share,
            1.0,
            case["power_usd_per_kwh"],
            1.0,
            site_usd_per_kw_month=case["site_usd_per_kw_month"],
        )
        sold = owned.total / case["hours_sold_share"]
        assert sold == pytest.approx(want, abs=case["tolerance_usd"])


def test_parts_add_up_to_the_total_and_shares_to_one() -> None:
    owned = ownership_usd_per_chip_hour(**OWNED | {"chip_usd": [0.0, 26000.0, 4e4]})
    parts = ("chip", "server", "network", "power", "site", "staff", "rent")
    np.testing.assert_allclose(sum(owned.share_of(part) for part in parts), 1.0)
    np.testing.assert_allclose(sum(getattr(owned, p) for p in parts), owned.total)
    assert owned.total.shape == (3,)
    assert rental_usd_per_chip_hour(2.5).total == 2.5
    meter_kw = 0.7 * (0.7 + 0.8) * 1.2
    np.testing.assert_allclose(owned.power, meter_kw * 0.08)
    assert break_even_utilisation(owned, owned.total / 0.6) == pytest.approx(0.6)


def test_a_day_of_the_deepseek_service_costs_and_earns_what_was_published(reference: Any) -> None:
    day = reference("hardware_cost")["deepseek_service"]
    chips = day["mean_nodes"] * day["chips_per_node"]
    rate = day["output_tokens"] / 86400
    cost = usd_per_mtok(day["usd_per_chip_hour"], chips, rate, 1.0) * day["output_tokens"] / 1e6
    assert cost == pytest.approx(day["cost_usd"], rel=1e-6)
    income = TokenPrices(**day["usd_per_mtok"]).bill_usd(
        input_tokens=day["input_tokens"],
        cached_input_tokens=day["cached_input_tokens"],
        output_tokens=day["output_tokens"],
    )
    assert income == pytest.approx(day["income_usd"], rel=1e-3)


def test_input_and_output_prices_add_up_to_what_the_chips_cost() -> None:
    rng = np.random.default_rng(3)
    n = 200
    fresh, cached, output = (rng.integers(1, 5000, n) for _ in range(3))
    prefill, decode, read = (rng.uniform(0.01, 5.0, n) for _ in range(3))
    price, busy, kept = rng.uniform(1, 5, n), rng.uniform(0.1, 1.0, n), rng.uniform(0, 1e-4, n)
    prices = token_prices(
        price,
        prefill_chip_s=prefill,
        decode_chip_s=decode,
        input_tokens=fresh + cached,
        output_tokens=output,
        cached_input_tokens=cached,
        cache_read_chip_s=read,
        cache_storage_usd=kept,
        utilisation=busy,
    )
    bill = prices.bill_usd(
        input_tokens=fresh + cached, cached_input_tokens=cached, output_tokens=output
    )
    np.testing.assert_allclose(bill, price * (prefill + decode + read) / 3600 / busy + kept)


def test_the_expression_of_the_sliders_gives_the_same_number() -> None:
    owned = ownership_usd_per_chip_hour(**OWNED)
    given = {
        "upfront_usd_per_chip": 41000.0,
        "life_years": 5.0,
        "capital_cost_share": 0.1,
        "meter_kw_per_chip": 0.7 * 1.5 * 1.2,
        "power_usd_per_kwh": 0.08,
        "other_usd_per_chip_hour": 0.2,
        "chips": 8,
        "tokens_per_s": 9000.0,
        "utilisation": 0.4,
    }
    direct = usd_per_mtok(owned.total, 8, 9000.0, 0.4)
    assert float(usd_per_mtok_core(**given)) == pytest.approx(direct, rel=1e-9)
    plain = SimpleNamespace(log=math.log, exp=math.exp, abs=abs)
    assert usd_per_mtok_core(**given, xp=plain) == pytest.approx(direct, rel=1e-9)
    sliders = {name: alt.datum[name] for name in given}
    text = str(usd_per_mtok_core(**sliders, xp=alt.expr))
    names = {"datum": given, "log": math.log, "exp": math.exp, "abs": abs}
    assert eval(text, names) == pytest.approx(direct, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chip_usd": -1.0}, "chip_usd: -1.0 is not accepted"),
        ({"life_years": 0.0}, "life_years: 0.0 is not accepted"),
        ({"pue": 0.9}, "pue: 0.9 is not accepted"),
        ({"load_share": 1.2}, "load_share: 1.2 is not accepted"),
        ({"power_usd_per_kwh": [0.1, math.nan]}, "power_usd_per_kwh, row 1: nan"),
        ({"capital_cost_share": -0.1}, "capital_cost_share: -0.1"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ownership_usd_per_chip_hour(**OWNED | change)


def test_prices_refuse_what_makes_no_sense() -> None:
    with pytest.raises(ValueError, match=r"utilisation: 1\.1 is not accepted"):
        usd_per_mtok(2.0, 8, 1000.0, 1.1)
    with pytest.raises(ValueError, match=r"usd_per_chip_hour: -2\.0"):
        rental_usd_per_chip_hour(-2.0)
    with pytest.raises(ValueError, match="part: 'tax' is not known"):
        ChipHour(rent=2.0).share_of("tax")
    request = {"prefill_chip_s": 1.0, "decode_chip_s": 1.0, "input_tokens": 10.0}
    with pytest.raises(ValueError, match=r"output: .* USD for 0 tokens"):
        token_prices(2.0, **request, output_tokens=0.0)
    with pytest.raises(ValueError, match="input_tokens less cached_input_tokens"):
        token_prices(2.0, **request, output_tokens=1.0, cached_input_tokens=11.0)
