"""Formulas as SVG made at build time: no JavaScript, nothing to load, nothing to shift."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SIZE_PX = 17
_CASES = (("\\bigl", "\\left"), ("\\bigr", "\\right"), ("\\!", ""), ("\\dfrac", "\\frac"))


def formula_svg(latex: str, inline: bool) -> str:
    """An SVG of `latex`, set on the text's baseline, with the source as its label."""
    import ziamath

    source = latex
    for old, new in _CASES:
        source = source.replace(old, new)
    drawn = ziamath.Latex(source, size=SIZE_PX, color="currentColor", inline=inline).svg()
    size = re.search(r'width="([\d.]+)" height="([\d.]+)" viewBox="\S+ (-?[\d.]+)', drawn)
    if size is None:
        raise ValueError(f"the formula {latex!r} could not be drawn; simplify it")
    width, height, top = (float(value) for value in size.groups())
    style = f"width:{width / SIZE_PX:.3f}em;height:{height / SIZE_PX:.3f}em;"
    style += f"vertical-align:{-(height + top) / SIZE_PX:.3f}em"
    drawn = re.sub(r"(\d+\.\d{2})\d+", r"\1", drawn)
    opening = f'<svg role="img" aria-label="{escape(latex, quote=True)}" style="{style}" '
    drawn = re.sub(r'width="[\d.]+" height="[\d.]+" ', "", drawn, count=1)
    return drawn.replace("<svg ", opening, 1)


def visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(
        f'<span class="book-math">{formula_svg(node.astext(), inline=True)}</span>'
    )
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    label = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    svg = formula_svg(node.astext(), inline=False)
    translator.body.append(f'<div class="book-math-block" tabindex="0"{label}>{svg}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("svg", (visit_inline, None), (visit_block, None))
