"""The shape of demand in words."""

from __future__ import annotations

from analysis.demand.findings import shape, troughs
from analysis.uncertainty import Interval
from analysis.wording import count, digits, percent, span, usd

_HOUR, _DAY, _QUARTER = 60, 1440, 131_040
_LINES = {
    "runs_one": ("one developer's training", "final runs alone"),
    "one": ("one developer's training", "with all experiments"),
    "runs_all": ("all developers' training", "final runs alone"),
    "all": ("all developers' training", "with all experiments"),
    "inference": ("inference", "interactive inference"),
}


def numbers() -> dict[str, str]:
    """Every number of the shape of demand and of filled troughs, formatted."""
    said = {}
    for name, line in _LINES.items():
        for window, minutes in (("hour", _HOUR), ("day", _DAY), ("quarter", _QUARTER)):
            it = shape.spread(*line, minutes)
            said[f"shape_{name}_{window}"] = percent(it.central)
            said[f"shape_{name}_{window}_span"] = _percents(it)
    small = shape.small_services()["cv"]
    flat, spread = troughs.capacity_by_regions()
    capacity, load = troughs.capacity(), troughs.mean_load()
    return {
        **said,
        "shape_small_span": span(percent(small.min()), percent(small.max())),
        "shape_capacity": digits(capacity.central),
        "shape_capacity_span": span(digits(capacity.low), digits(capacity.high)),
        "shape_load": percent(load.central),
        "shape_load_span": _percents(load),
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


def _percents(it: Interval) -> str:
    return span(percent(it.low), percent(it.high))


def _dollars(it: Interval) -> str:
    return span(usd(it.low), usd(it.high))
