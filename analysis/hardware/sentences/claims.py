"""The documents' hardware claims in words: claimed, found with interval, and when it would hold."""

from __future__ import annotations

import pandas as pd

from analysis.hardware.findings import claim_rows, claims, cost_history, nvl72, supply
from analysis.hardware.findings.cost_history import LARGE, SMALL
from analysis.hardware.findings.rents import quotes, rent_ratio
from analysis.uncertainty import Interval
from analysis.wording import count, digits, month, percent, span, usd

#: Tokens/s for each user at which the rack was measured per megawatt, and speeds are common.
_THIRTY = 30.0


def numbers() -> dict[str, str]:
    """Every number of the claims, formatted."""
    return {
        **_counts(),
        **_rack(),
        **_history(),
        **_l40s(),
        **_clouds(),
        **_rivals(),
        **_per_query(),
        **_scale(),
    }


def _span(it: Interval, scale: float = 1.0) -> str:
    return span(digits(it.low * scale), digits(it.high * scale))


def _with_span(key: str, it: Interval) -> dict[str, str]:
    return {key: digits(it.central), f"{key}_span": _span(it)}


def _ends(values: pd.Series) -> str:
    low, high = digits(values.min()), digits(values.max())
    return low if low == high else span(low, high)


def _found(claim: str, evidence: str | None = None) -> pd.Series:
    rows = claims.findings()
    rows = rows[rows["claim"] == claim]
    return rows.loc[rows["evidence"] == evidence, "found"] if evidence else rows["found"]


def _counts() -> dict[str, str]:
    met = claims.verdicts()["met"]
    return {
        "claims_drawn": str(int((met != claims.FORECAST).sum())),
        "claims_forecasts": str(int((met == claims.FORECAST).sum())),
        "claims_met_by_none": str(int((met == claims.NONE).sum())),
        "claims_met_in_some": str(int((met == claims.SOME).sum())),
        "claims_met_by_all": str(int((met == claims.ALL).sum())),
        "claims_near": digits(claim_rows.NEAR, 3),
    }


def _rack() -> dict[str, str]:
    claim = nvl72.claim()
    points = nvl72.published()
    points = points[points["evidence"] == "measured"]
    per_chip = points[points["per"] == nvl72.GPU]
    bench = per_chip.loc[per_chip["setting"].str.startswith("MLPerf"), "ratio"]
    timed = per_chip.dropna(subset="tokens_per_s_per_user").sort_values("tokens_per_s_per_user")
    ours = nvl72.at_claimed_speed(nvl72.LONG)
    kinds = {
        "nvl72_at_claim": nvl72.LONG, "nvl72_dense": nvl72.DENSE_NAME,
        "nvl72_as_claimed": nvl72.AS_CLAIMED,
    }  # fmt: skip
    found: dict[str, str] = {}
    for key, name in kinds.items():
        found |= _with_span(key, nvl72.at_claimed_speed(name))
    return {
        **found,
        "nvl72_claim_speed": digits(float(claim["tokens_per_s_per_user"])),
        "nvl72_usd_claimed": digits(claims.claimed("gb200_25x")),
        "nvl72_usd_at_claim": digits(ours.central * nvl72.scale(nvl72.USD)),
        "nvl72_usd_at_claim_span": _span(ours, nvl72.scale(nvl72.USD)),
        "nvl72_mw_at_claim": digits(ours.central * nvl72.scale(nvl72.MW)),
        "nvl72_mw_at_claim_span": _span(ours, nvl72.scale(nvl72.MW)),
        **_with_span("nvl72_at_thirty", nvl72.at_speed(nvl72.LONG, _THIRTY)),
        "nvl72_usd_measured": _ends(points.loc[points["per"] == nvl72.USD, "ratio"]),
        "nvl72_mw_measured": _ends(points.loc[points["per"] == nvl72.MW, "ratio"]),
        "nvl72_mlperf": _ends(bench),
        "nvl72_mlperf_mixture": digits(nvl72.mlperf_mixture()),
        "nvl72_fast_measured": digits(timed["ratio"].iloc[0]),
        "nvl72_fast_speed": digits(timed["tokens_per_s_per_user"].iloc[0]),
        "nvl72_fastest_measured": digits(timed["ratio"].max()),
        "nvl72_fastest_speed": digits(timed["tokens_per_s_per_user"].iloc[-1], 3),
        "nvl72_held_out": digits(nvl72.held_out_error()[0]),
        "nvl72_held_out_rows": str(nvl72.held_out_error()[1]),
    }


def _history() -> dict[str, str]:
    found: dict[str, str] = {}
    for key, model in (("cost_halving_large", LARGE), ("cost_halving_small", SMALL)):
        found |= _with_span(key, cost_history.halving(model))
    found |= _with_span("cost_fall_large", cost_history.yearly(LARGE))
    found |= _with_span("cost_halving_eight_bits", cost_history.halving(LARGE, cost_history.EIGHT))
    found |= _with_span(
        "cost_halving_sixteen_bits", cost_history.halving(LARGE, cost_history.SIXTEEN)
    )
    months = cost_history.price_halving_months()
    share = cost_history.hardware_share(LARGE)
    best, rented = cost_history.best(LARGE), cost_history.rented(LARGE)
    h100 = rented[rented["chip_id"] == "h100_sxm"]
    first, least = h100.iloc[0], h100.loc[h100["usd_per_mtok"].idxmin()]
    return {
        **found,
        "cost_speed": digits(cost_history.speed()),
        "cost_first_usd": usd(float(best["usd_per_mtok"].iloc[0])),
        "cost_first_chip": str(best["chip"].iloc[0]),
        "cost_first_year": f"{best['year'].iloc[0]:.0f}",
        "cost_last_usd": usd(float(best["usd_per_mtok"].iloc[-1])),
        "cost_last_usd_span": span(
            digits(float(best["low"].iloc[-1])), digits(float(best["high"].iloc[-1]))
        ),
        "cost_last_chip": str(best["chip"].iloc[-1]),
        "cost_last_year": f"{best['year'].iloc[-1]:.0f}",
        "cost_rented_first": usd(float(first["usd_per_mtok"])),
        "cost_rented_first_year": str(first["date"])[:4],
        "cost_rented_least": usd(float(least["usd_per_mtok"])),
        "cost_rented_least_date": month(str(least["date"])),
        "cost_rented_last": _ends(
            h100.loc[h100["date"].str[:4] == h100["date"].str[:4].max(), "usd_per_mtok"]
        ),
        "price_halving_months": digits(months[1]),
        "price_halving_months_span": span(digits(months[0]), digits(months[2])),
        "price_fits": str(len(cost_history.price_falls())),
        "hardware_share": percent(share.central),
        "hardware_share_span": span(percent(share.low), percent(share.high)),
        "hardware_share_fits": span(*(percent(v) for v in cost_history.hardware_share_span(LARGE))),
    }


def _l40s() -> dict[str, str]:
    rows = claims.measured_ratios("l40s", "h100_sxm")
    found = claims.findings().query("claim == 'l40s_perf' and evidence == 'measured'")
    # Measured by the benchmark and by one other, whose row names its model in its words.
    small = found.loc[found["what"].str.contains("8b", case=False), "found"]
    large = rows.loc[rows["model_id"].str.endswith("70b"), "ratio"]
    return {
        "l40s_claimed": digits(claims.claimed("l40s_perf")),
        "l40s_small": _ends(small),
        "l40s_large": _ends(large),
        **_with_span(
            "l40s_small_model", claims.chip_ratio(SMALL, "l40s", "h100_sxm", "fp8", "fp8")
        ),
        **_with_span(
            "l40s_large_model", claims.chip_ratio(LARGE, "l40s", "h100_sxm", "fp8", "fp8")
        ),
        "l40s_price_claimed": digits(claims.claimed("l40s_price")),
        # An L40S is the cheaper per token where its rent ratio is under its throughput ratio.
        "l40s_rent_needed_small": _ends(small),
        "l40s_rent_needed_large": _ends(large),
    }


def _clouds() -> dict[str, str]:
    images = _found("tpu_v5e_images").iloc[0]
    times = images / claims.claimed("tpu_v5e_images")
    listed = quotes().query("chip_id == 'tpu_v5e' and price_class == 'list'")["usd_per_gpu_hour"]
    return {
        "inf2_claimed": digits(claims.claimed("inf2_throughput")),
        "inf2_seller": digits(_found("inf2_throughput", claims.REPORTED).iloc[0]),
        **_with_span("inf2_model", claims.chip_ratio(SMALL, "inf2", "a10g", "bf16", "bf16")),
        "inf2_cost_claimed": percent(claims.claimed("inf2_cost") / 100),
        "inf2_cost_found": percent(1 - _found("inf2_cost").iloc[0]),
        "v5e_images_claimed": usd(claims.claimed("tpu_v5e_images")),
        "v5e_images_found": usd(images),
        "v5e_images_times": digits(times),
        "v5e_list_price": usd(listed.min()),
        "v5e_price_needed": usd(listed.min() / times),
    }


def _bound(date: str) -> str:
    rows = claims.rent_bounds()
    return f"{rows.loc[rows['date'] == date, 'usd_per_gpu_hour'].iloc[0]:.1f}"


def _rivals() -> dict[str, str]:
    ascend = claims.chip_ratio(LARGE, "ascend910c", "h100_sxm", "int8", "fp8")
    rents = rent_ratio("mi300x")
    peak = claims.findings().query("claim == 'h100_rental_peak'")
    paid = rents[rents["price_class"] != "cost_model"]
    rate = claims.measured_ratios("mi300x", "h100_sxm").query("scenario == 'Offline'")["ratio"]
    per_token = claims.findings().query("claim == 'mi300x' and evidence == 'measured'")
    owner = per_token["what"].str.contains("cost model")
    rented, owned = per_token.loc[~owner, "found"], per_token.loc[owner, "found"]
    parity = cost_history.price_for_parity(LARGE, "b200", "tpu_v7")
    wafer = claims.fastest_measured(("wse3",), claims.SEVENTY)["tokens_per_s_per_user"]
    groq = claims.fastest_measured(("groq_lpu1",), claims.SEVENTY)["tokens_per_s_per_user"]
    gpu = claims.fastest_measured(claims.GPUS, claims.SEVENTY)["tokens_per_s_per_user"]
    modelled = nvl72.frontier(LARGE, "b200", "fp4").span[1]
    return {
        "ascend_claimed": percent(claims.claimed("ascend910c_60pct") / 100),
        "ascend_measured": percent(_found("ascend910c_60pct", claims.MEASURED).iloc[0] / 100, 3),
        "ascend_model": percent(ascend.central),
        "ascend_model_span": span(percent(ascend.low), percent(ascend.high)),
        "gaudi2_measured": digits(_found("gaudi2_a100", claims.MEASURED).iloc[0]),
        **_with_span("gaudi2_model", claims.chip_ratio(LARGE, "gaudi2", "a100_80", "bf16", "bf16")),
        "mi300x_rent_ratio": _ends(paid["ratio"]),
        "mi300x_owned_ratio": _ends(rents.loc[rents["price_class"] == "cost_model", "ratio"]),
        "mi300x_throughput": _ends(rate),
        "mi300x_per_token": _ends(rented),
        "mi300x_per_token_owned": _ends(owned),
        **_with_span("mi300x_model", claims.chip_ratio(LARGE, "mi300x", "h100_sxm", "fp8", "fp8")),
        "wafer_speed": digits(wafer, 3),
        "groq_speed": digits(groq, 3),
        "gpu_speed_measured": digits(gpu),
        "gpu_speed_model": digits(modelled),
        "wafer_over_gpu": digits(wafer / gpu),
        "wafer_over_gpu_model": digits(wafer / modelled),
        "groq_over_gpu": digits(groq / gpu),
        "parity_price": percent(parity.central),
        # A price below nothing is no answer.
        "parity_price_span": span(percent(max(parity.low, 0.0)), percent(parity.high)),
        "seller_cost_share": percent(1 - claims.claimed("nvidia_margin") / 100),
        "h100_rent_claimed": usd(claims.claimed("h100_rental_peak"), 1),
        "h100_rent_late_2024": _ends(peak.loc[peak["bound"] == "", "found"]),
        "h100_rent_bound_2024": _bound("2024"),
        "h100_rent_peak_2023": _bound("2023"),
        "h100_price_claimed": usd(claims.claimed("h100_price")),
        "h100_price_found": span(*(count(v) for v in _found("h100_price").agg(["min", "max"]))),
    }


def _per_query() -> dict[str, str]:
    rows = claims.chips_per_query()
    queries = rows["sharing"].round()
    one = rows.set_index("model_id").loc[nvl72.MIXTURE]
    return {
        "query_claimed": span(
            *(f"{claims.claimed(f'gpus_per_query_{end}'):.0f}" for end in ("low", "high"))
        ),
        "query_copy": span(f"{rows['copy'].min():.0f}", f"{rows['copy'].max():.0f}"),
        "query_models": str(len(rows)),
        "query_sharing": span(count(queries.min()), count(queries.max())),
        "query_copy_mixture": digits(one["copy"]),
        "query_sharing_mixture": count(one["sharing"]),
        "query_serving_mixture": f"{one['serving_chips']:.0f}",
        "rack_users_per_chip": count(nvl72.users_per_chip()),
    }


def _scale() -> dict[str, str]:
    counted = supply.chips_counted()
    least = claims.claimed("hundreds_of_millions_least")
    power = supply.site_gigawatts(least)
    shares = _found("inference_hardware")
    return {
        "gpus_claimed": count(least),
        "gpus_counted": count(counted.central),
        "gpus_counted_span": span(count(counted.low), count(counted.high)),
        "gpus_counted_share": percent(counted.central / least),
        "gpus_power_gw": digits(power.central),
        "gpus_power_gw_span": _span(power),
        "gpus_years_at_pace": digits((least - counted.central) / supply.chips_added()),
        "inference_hardware_claimed": span(
            digits(claims.claimed("hardware_ratio_low"), 1),
            digits(claims.claimed("hardware_ratio_high")),
        ),
        "inference_hardware_found": _ends(shares),
    }
