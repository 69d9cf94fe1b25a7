"""The numbers of the book's prose, by topic: what each finds, in words for every page."""

from __future__ import annotations

from analysis.demand import sentences as demand
from analysis.hardware import sentences as hardware
from analysis.publishing import edition
from analysis.scaling_laws import sentences as scaling_laws
from analysis.test_time_compute import sentences as test_time_compute


def numbers() -> dict[str, dict[str, str]]:
    """Every number a page may name, as `{{ topic.key }}`."""
    current = edition.current()
    return {
        "edition": {"version": current.version, "date": current.date, "as_of": current.as_of},
        "scaling_laws": scaling_laws.numbers(),
        "test_time_compute": test_time_compute.numbers(),
        "hardware": hardware.numbers(),
        "demand": demand.numbers(),
    }
