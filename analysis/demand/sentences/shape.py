"""The shape of demand in words."""

from __future__ import annotations

from analysis.demand.findings import shape, troughs
from analysis.demand.sentences.percents import percent
from analysis.uncertainty import Interval
from analysis.wording import count, digits, span, usd

_HOUR, _DAY, _QUARTER = 60, 1440, 131_040
_INFERENCE = ("inference", "interactive inference")
_FINAL_RUNS = ("one developer's training", "final runs alone")
_EXPERIMENTS = "with all experiments"


def numbers() -> dict[str, str]:
    """Every number of the shape of demand and of filled troughs, formatted."""
    small = shape.small_services()["cv"]
    flat, spread = troughs.capacity_by_regions()
    capacity, load = troughs.capacity(), troughs.mean_load()
    return {
        **_spread(),
        "shape_small_span": span(percent(small.min()), percent(small.max())),
        "shape_capacity": digits(capacity.central),
        "shape_capacity_span": span(digits(capacity.low), digits(capacity.high)),
        "shape_load": percent(load.central),
        "shape_service_level": f"{100 * troughs.SERVICE_LEVEL:g}%",
        "shape_regions_one": digits(flat),
        "shape_regions_three": digits(spread),
        "shape_nodes_load": percent(troughs.nodes_load()),
        "shape_filled": percent(troughs.filled().central),
        "shape_filled_span": _percents(troughs.filled()),
        "shape_filled_chips": count(troughs.CHIPS),
        "shape_filled_usd": usd(troughs.filled_usd().central),
        "shape_filled_usd_span": _dollars(troughs.filled_usd()),
        "shape_flatten": percent(troughs.share_to_flatten()),
    }


def _spread() -> dict[str, str]:
    hour, quarter = shape.spread(*_INFERENCE, _HOUR), shape.spread(*_INFERENCE, _QUARTER)
    one, everyone = (
        shape.spread(f"{whose} training", _EXPERIMENTS, _DAY)
        for whose in ("one developer's", "all developers'")
    )
    return {
        "shape_inference_hour": percent(hour.central),
        "shape_inference_hour_span": _percents(hour),
        "shape_inference_day": percent(shape.spread(*_INFERENCE, _DAY).central),
        "shape_inference_quarter": percent(quarter.central),
        "shape_inference_quarter_span": _percents(quarter),
        "shape_runs_one_quarter": percent(shape.spread(*_FINAL_RUNS, _QUARTER).central),
        "shape_one_day": percent(one.central),
        "shape_all_day": percent(everyone.central),
    }


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _dollars(it: Interval) -> str:
    return span(usd(it.low), usd(it.high))
