"""The figure record: what an author hands over, and what everything else is made from."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

EVIDENCE = ("measured", "reported", "derived", "estimate", "forecast", "simulation")
SIGNIFICANT_DIGITS = 6
FIGURE_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def round_significant(frame: pd.DataFrame, digits: int = SIGNIFICANT_DIGITS) -> pd.DataFrame:
    """Round every float column to `digits` significant digits.

    The same digits on every machine keep a figure's hash and its CSV stable.
    """
    rounded = frame.copy()
    for name in frame.columns[[dtype.kind == "f" for dtype in frame.dtypes]]:
        values = frame[name].to_numpy(float)
        texts = [f"{value:.{digits - 1}e}" for value in values]
        rounded[name] = np.array([float(text) for text in texts])
    return rounded.reset_index(drop=True)


@dataclass(frozen=True)
class Control:
    """An assumption that a reader can move: a slider under the figure.

    `name` is the name of an Altair parameter of the chart, whose value is `central`.
    """

    name: str
    label: str
    unit: str
    low: float
    central: float
    high: float
    step: float

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"control {self.name!r}: the name must be that of an Altair parameter")
        if not self.low <= self.central <= self.high or self.step <= 0:
            raise ValueError(
                f"control {self.name!r}: low, central, high, step = "
                f"{self.low, self.central, self.high, self.step} are not accepted; accepted: "
                "low <= central <= high and a step above 0"
            )


@dataclass(frozen=True)
class Preset:
    """A named setting of a figure's sliders: a button beside them.

    `values` gives the sliders that it moves, by name; the others go back to their central value.
    `says` tells in a few words what the scenario holds.
    """

    label: str
    values: Mapping[str, float]
    says: str = ""


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure of the book.

    Parameters
    ----------
    id : permanent slug in kebab case, never reused.
    title : the finding, one sentence without a full stop.
    subtitle : what is measured, and in which unit.
    caption : how to read it and what it leaves out, in two or three sentences.
    alt : what a reader who cannot see it must know; states the finding and the shape.
    evidence : one or more of `EVIDENCE`.
    frame : the tidy frame that is plotted; floats are rounded to six significant digits.
    draw : from that frame to an Altair chart, whose data must come from the frame. A chart of
        several panels takes a second argument `width`, in pixels.
    fields : meaning and unit of every column of `frame`.
    sources : rows of the source table the figure rests on (`catalog.sources_of`).
    tables : tables of `data/` it rests on.
    models : functions or classes that computed it.
    tests : node ids of the tests that guard it.
    weaknesses : what a careful reader should hold against it.
    settings : what the model was asked (budgets, seeds, levels).
    height : height of the plot in pixels, by width name.
    controls : sliders that move parameters of the chart in the reader's page.
    presets : buttons that set the sliders to a named scenario.
    """

    id: str
    title: str
    subtitle: str
    caption: str
    alt: str
    evidence: tuple[str, ...]
    frame: pd.DataFrame
    draw: Callable[..., Any]
    fields: Mapping[str, str]
    sources: pd.DataFrame
    tables: tuple[str, ...]
    models: tuple[Callable[..., Any], ...]
    tests: tuple[str, ...]
    weaknesses: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    height: Mapping[str, int] = field(default_factory=lambda: {"wide": 380, "narrow": 320})
    controls: tuple[Control, ...] = ()
    presets: tuple[Preset, ...] = ()

    def __post_init__(self) -> None:
        if not FIGURE_ID.fullmatch(self.id):
            raise ValueError(f"figure id {self.id!r} is not accepted: use kebab case, like 'a-law'")
        for name in ("title", "subtitle", "caption", "alt", "weaknesses"):
            if not str(getattr(self, name)).strip():
                raise ValueError(f"figure {self.id!r} has an empty {name}: write one")
        if self.title.endswith("."):
            raise ValueError(f"figure {self.id!r}: the title ends in a full stop; take it away")
        unknown = [kind for kind in self.evidence if kind not in EVIDENCE]
        if unknown or not self.evidence:
            raise ValueError(
                f"figure {self.id!r}: evidence {unknown or 'is missing'}; accepted: {EVIDENCE}"
            )
        if self.frame.empty:
            raise ValueError(f"figure {self.id!r} has an empty frame: nothing would be drawn")
        undescribed = [name for name in self.frame.columns if name not in self.fields]
        if undescribed:
            raise ValueError(
                f"figure {self.id!r}: columns {undescribed} have no entry in `fields`; "
                "give each its meaning and unit"
            )
        if self.sources.empty:
            raise ValueError(f"figure {self.id!r} names no source: pass catalog.sources_of(...)")
        object.__setattr__(self, "frame", round_significant(self.frame))
        # A cached model is shown by its own lines, not by those of the cache.
        object.__setattr__(self, "models", tuple(inspect.unwrap(model) for model in self.models))
        declared = {param["name"]: param.get("value") for param in self.spec.get("params", [])}
        for control in self.controls:
            if declared.get(control.name) != control.central:
                raise ValueError(
                    f"figure {self.id!r}: control {control.name!r} must be a parameter of the "
                    f"chart with the value {control.central}; its parameters: {declared}"
                )
        limits = {control.name: (control.low, control.high) for control in self.controls}
        for preset in self.presets:
            for name, value in preset.values.items():
                low, high = limits.get(name, (math.nan, math.nan))
                if not low <= value <= high:
                    raise ValueError(
                        f"figure {self.id!r}: preset {preset.label!r} sets {name!r} to {value!r}; "
                        f"accepted: a slider within its range: {limits}"
                    )

    @property
    def chart(self) -> Any:
        """The Altair chart of the frame, at full width."""
        return self.chart_at(None)

    def chart_at(self, width: int | None) -> Any:
        """The Altair chart for a width in pixels; None is the width the author drew it for."""
        if width is not None and "width" in inspect.signature(self.draw).parameters:
            return self.draw(self.frame, width=width)
        return self.draw(self.frame)

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification, without the book's theme."""
        return self.chart.to_dict()

    def spec_at(self, width: int) -> dict[str, Any]:
        """The specification for a width in pixels; drawn anew only where it is another than `spec`.

        Not checked against the schema again: a test does so at every width.
        """
        own = inspect.signature(self.draw).parameters.get("width")
        if own is None or own.default == width:
            return self.spec
        return self.chart_at(width).to_dict(validate=False)

    @cached_property
    def hash(self) -> str:
        """Eight hex digits of the SHA-256 of data and specification; what a citation carries."""
        content = self.csv() + json.dumps(self.spec, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    @property
    def label(self) -> str:
        """The cross-reference label, for `{numref}`."""
        return f"fig-{self.id}"

    def csv(self) -> str:
        """The plotted rows as CSV text."""
        return self.frame.to_csv(index=False, lineterminator="\n")


@dataclass(frozen=True)
class Entry:
    """One line of a topic's registry: the permanent id, and the function that makes the figure."""

    id: str
    make: Callable[..., Figure]
