"""From a figure record to pictures: in the page, and as files that carry their own citation."""

from __future__ import annotations

import json
import re
import struct
import zlib
from functools import cache
from html import escape
from typing import Any

import font_roboto
import vl_convert as vlc
from PIL import ImageFont

from analysis.publishing import theme
from analysis.publishing.record import Figure

VL_VERSION = "6.4"
MARGIN = 24
PNG_SCALE = 2


@cache
def _register_fonts() -> None:
    # A machine without fonts would draw no text at all.
    vlc.register_font_directory(font_roboto.font_directory)


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_roboto.RobotoBold if bold else font_roboto.Roboto, size)


def wrap(text: str, width: float, size: int, bold: bool = False) -> list[str]:
    """Break `text` into lines no wider than `width` pixels at `size`."""
    lines: list[str] = []
    for word in text.split():
        if lines and _font(size, bold).getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def themed_spec(figure: Figure, width: str = "wide") -> dict[str, Any]:
    """The Vega-Lite specification with the book's theme at one of `theme.WIDTHS`."""
    return json.loads(_themed_text(figure, width))


# A figure is drawn for page, picture and live chart; its specification is made once for each width.
@cache
def _themed_text(figure: Figure, width: str) -> str:
    spec = dict(figure.spec_at(theme.WIDTHS[width]))
    spec["config"] = _merge(theme.config(), spec.get("config", {}))
    if not {"hconcat", "vconcat", "concat", "facet"} & spec.keys():
        spec.update(width=theme.WIDTHS[width], height=figure.height[width])
        spec["autosize"] = {"type": "fit", "contains": "padding"}
    return json.dumps(spec)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


# For picture and live chart; nobody changes it.
@cache
def _vega_spec(figure: Figure, width: str) -> dict[str, Any]:
    return vlc.vegalite_to_vega(themed_spec(figure, width), vl_version=VL_VERSION)


@cache
def chart_svg(figure: Figure, width: str) -> str:
    """The bare chart as SVG at one of `theme.WIDTHS`, colours as CSS variables."""
    _register_fonts()
    return vlc.vega_to_svg(_vega_spec(figure, width))


def inline_svg(figure: Figure, width: str) -> str:
    """The chart for a page: scales with its box, and its ids cannot meet those of another."""
    svg = chart_svg(figure, width)
    svg = re.sub(r'\s(?:aria-[a-z]+|role)="[^"]*"', "", svg)
    prefix = f"{figure.id}-{width}-"
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}\1"', svg)
    svg = re.sub(r"(\d+\.\d{2})\d+", r"\1", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def vega_specs(figure: Figure) -> dict[str, Any]:
    """The compiled Vega specification at each width, for the page's live chart."""
    return {width: _vega_spec(figure, width) for width in theme.WIDTHS}


def picture_svg(figure: Figure, number: str, source_line: str, credit: str, meta: str) -> str:
    """The figure as a file: title, chart, source and credit, readable far from the book."""
    chart = theme.resolve(chart_svg(figure, "wide"), "light")
    inner_width, inner_height = (float(v) for v in _size(chart))
    column = max(inner_width, theme.WIDTHS["wide"])
    y = MARGIN
    body: list[str] = []

    def put(text: str, size: int, fill: str, leading: float = 1.32, bold: bool = False) -> None:
        nonlocal y
        for line in wrap(text, column, size, bold):
            y += round(size * leading)
            weight = ' font-weight="bold"' if bold else ""
            body.append(
                f'<text x="{MARGIN}" y="{y}" font-size="{size}" fill="{fill}"{weight}>'
                f"{escape(line)}</text>"
            )

    put(f"Fig. {number}  {figure.title}", 18, theme.PALETTE["ink"][0], bold=True)
    y += 2
    put(figure.subtitle, 13, theme.PALETTE["muted"][0])
    y += 14
    prefixed = chart.replace("<svg ", f'<svg x="{MARGIN}" y="{y}" ', 1)
    body.append(re.sub(r"<\?xml[^>]*\?>", "", prefixed))
    y += round(inner_height) + 10
    put(source_line, 11, theme.PALETTE["muted"][0])
    y += 3
    put(credit, 11, theme.PALETTE["muted"][0])
    width, height = round(column) + 2 * MARGIN, y + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{theme.FONT}">'
        f"<title>{escape(f'Fig. {number} {figure.title}')}</title><desc>{escape(figure.alt)}</desc>"
        f"<metadata>{escape(meta)}</metadata>"
        f'<rect width="{width}" height="{height}" fill="{theme.PALETTE["paper"][0]}"/>'
        + "".join(body)
        + "</svg>"
    )


def _size(svg: str) -> tuple[str, str]:
    match = re.search(r'<svg[^>]*\bwidth="([\d.]+)"[^>]*\bheight="([\d.]+)"', svg)
    if match is None:
        raise ValueError("the chart's SVG states no width and height")
    return match[1], match[2]


def picture_png(svg: str, metadata: dict[str, str]) -> bytes:
    """The picture as PNG, with its metadata as text chunks."""
    _register_fonts()
    png = vlc.svg_to_png(svg, scale=PNG_SCALE)
    header_end = 8 + 25
    chunks = b"".join(_text_chunk(key, value) for key, value in metadata.items())
    return png[:header_end] + chunks + png[header_end:]


def _text_chunk(key: str, value: str) -> bytes:
    data = b"iTXt" + key.encode("latin-1") + b"\0\0\0\0\0" + value.encode()
    return struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


def standalone_spec(figure: Figure) -> str:
    """The Vega-Lite specification as JSON that draws the figure in any Vega editor."""
    spec = themed_spec(figure)
    spec["title"] = {"text": figure.title, "subtitle": figure.subtitle}
    return theme.resolve(json.dumps(spec, sort_keys=True, ensure_ascii=False, indent=1), "light")
