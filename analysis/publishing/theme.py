"""One look for every figure: a palette for both themes, one font, marks by evidence.

Colours reach a chart as CSS variables, so that a picture inside a page follows the reader's theme;
a file that leaves the book gets the light or dark values in their place.
"""

from __future__ import annotations

import math
import re
import textwrap
from typing import Any, Literal

import altair as alt

Mode = Literal["light", "dark"]

#: name: (light, dark). Training and inference keep their hue through the whole book.
PALETTE: dict[str, tuple[str, str]] = {
    "training": ("#0b5cad", "#6cb6ff"),
    "training-soft": ("#9cc3ea", "#2f5f8f"),
    "inference": ("#b8480a", "#ff9d57"),
    "inference-soft": ("#f0b894", "#8a4a1f"),
    "accent": ("#6b3fa0", "#c3a6ff"),
    "other": ("#767e89", "#8d96a1"),
    "ink": ("#1b1f24", "#e6e9ee"),
    "muted": ("#59616b", "#a7afba"),
    "grid": ("#e3e6ea", "#2d333b"),
    "paper": ("#ffffff", "#121212"),
}

#: Pictures are measured and drawn with Roboto; the others are about as wide.
FONT = "Roboto, Helvetica Neue, Arial, Liberation Sans, sans-serif"
FONT_SIZE = 12
WIDTHS: dict[str, int] = {"wide": 690, "narrow": 340}

TRAINING = "var(--book-training)"
TRAINING_SOFT = "var(--book-training-soft)"
INFERENCE = "var(--book-inference)"
INFERENCE_SOFT = "var(--book-inference-soft)"
ACCENT = "var(--book-accent)"
OTHER = "var(--book-other)"
INK = "var(--book-ink)"
MUTED = "var(--book-muted)"
GRID = "var(--book-grid)"
PAPER = "var(--book-paper)"

_VARIABLE = re.compile(r"var\(--book-([a-z-]+)\)")


def resolve(text: str, mode: Mode) -> str:
    """Replace the colour variables in an SVG or specification by the colours of `mode`."""
    column = ("light", "dark").index(mode)
    return _VARIABLE.sub(lambda match: PALETTE[match[1]][column], text)


def css_variables() -> str:
    """The palette as CSS rules for both themes."""
    rules = []
    for selector, column in ((":root", 0), ('html[data-theme="dark"]', 1)):
        body = "".join(f"--book-{name}:{pair[column]};" for name, pair in PALETTE.items())
        rules.append(f"{selector}{{{body}}}")
    return "\n".join(rules)


def config() -> dict[str, Any]:
    """The Vega-Lite configuration laid under every chart."""
    text = {"font": FONT, "fontSize": FONT_SIZE}
    return {
        "background": None,
        "font": FONT,
        # Room for a reader whose font is wider than the one the picture was measured with.
        "padding": {"left": 8, "right": 10, "top": 4, "bottom": 4},
        "view": {"stroke": None},
        "axis": {
            "labelFont": FONT,
            "titleFont": FONT,
            "labelFontSize": FONT_SIZE - 1,
            "titleFontSize": FONT_SIZE,
            "titleFontWeight": "normal",
            "labelColor": MUTED,
            "titleColor": MUTED,
            "gridColor": GRID,
            "domainColor": GRID,
            "tickColor": GRID,
            "labelOverlap": "greedy",
        },
        "axisX": {"grid": False, "domainColor": MUTED, "tickColor": MUTED},
        "axisY": {
            "domain": False,
            "ticks": False,
            "titleAngle": 0,
            "titleAlign": "left",
            "titleAnchor": "start",
            "titleX": 0,
            "titleY": -12,
            "titleBaseline": "bottom",
        },
        "legend": {
            "orient": "top",
            "title": None,
            "labelFont": FONT,
            "labelFontSize": FONT_SIZE - 1,
            "labelColor": INK,
            "labelLimit": 320,
        },
        "header": {"labelFont": FONT, "labelColor": INK, "titleColor": MUTED, "titleFont": FONT},
        "title": {"font": FONT, "color": INK, "anchor": "start"},
        "text": {**text, "color": INK},
        "line": {"color": TRAINING, "strokeWidth": 2.2},
        "area": {"color": TRAINING, "opacity": 0.18, "line": False},
        "point": {"color": TRAINING, "filled": True, "size": 55},
        "rule": {"color": MUTED},
        "bar": {"color": TRAINING},
        "range": {"category": [TRAINING, INFERENCE, ACCENT, OTHER, INK]},
    }


def domain_with_room(first: float, last: float, width: int, label_px: int) -> list[float]:
    """Domain of a logarithmic x axis that leaves `label_px` pixels right of `last` for labels."""
    decades = math.log10(last / first)
    plot = width - 45
    return [first, last * 10 ** (decades * label_px / max(plot - label_px, 1))]


def fitted(title: str, width: int) -> str | list[str]:
    """An axis title that fits the width: in lines on a phone."""
    return title if width >= WIDTHS["wide"] else textwrap.wrap(title, 40)


def power_axis(title: str, **options: Any) -> alt.Axis:
    """A logarithmic axis that ticks in powers of ten, written as powers."""
    exponent = "round(log(datum.value) / LN10)"
    digits = "['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹']"
    tens = f"(abs({exponent}) > 9 ? {digits}[floor(abs({exponent}) / 10)] : '')"
    label = f"'10' + ({exponent} < 0 ? '⁻' : '') + {tens} + {digits}[abs({exponent}) % 10]"
    return alt.Axis(title=title, labelExpr=label, **options)
