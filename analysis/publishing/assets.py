"""Files every page shares: the Vega bundle, the few icons in use, the book's style and script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import vl_convert as vlc

from analysis.publishing import theme
from analysis.publishing.render import VL_VERSION

STATIC = Path(__file__).with_name("static")

#: Embed brings tooltips and the interpreter that spares a page `eval`.
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


def vega_bundle() -> str:
    """Vega as one classic script. Wrapped, because a page opened from disk may load no module."""
    return "(function(){" + vlc.javascript_bundle(_SNIPPET, vl_version=VL_VERSION) + "})();\n"


def style() -> str:
    return theme.css_variables() + "\n" + (STATIC / "book.css").read_text(encoding="utf-8")


def script() -> str:
    return (STATIC / "book.js").read_text(encoding="utf-8")


def icon_names(pages: Iterable[str]) -> set[str]:
    """Names of the theme's icons that occur in the pages."""
    found: set[str] = set()
    for page in pages:
        for classes in re.findall(r'class="([^"]*\bfa[sbr]?[ -][^"]*)"', page):
            found |= set(re.findall(r"\bfa-([a-z-]+)", classes))
    return found - {"solid", "regular", "brands", "lg", "fw", "xl", "sm"}


def icon_style(names: Iterable[str], theme_script: str) -> str:
    """The icons in use as CSS masks, cut out of the theme's icon script.

    The whole script weighs more than everything else on a page together.
    """
    rules = [
        ":is(i,span)[class*='fa-']{display:inline-block;width:1em;height:1em;vertical-align:-.125em;"
        "background:currentColor;-webkit-mask:var(--icon) center/contain no-repeat;"
        "mask:var(--icon) center/contain no-repeat}",
        ":is(i,span)[class*='fa-']::before{content:none!important}",
    ]
    for name in sorted(names):
        pattern = rf'[{{,]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"'
        alias = rf'\[(\d+),(\d+),\[[^\]]*"{re.escape(name)}"[^\]]*\],"[0-9a-f]+","([^"]+)"'
        match = re.findall(pattern, theme_script) or re.findall(alias, theme_script)
        if not match:
            continue
        # The script lists brands, then outlined, then solid icons: the last is the solid one.
        width, height, path = match[-1]
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
            f'<path d="{path}"/></svg>'
        )
        rules.append(f'.fa-{name}{{--icon:url("data:image/svg+xml,{quote(svg)}")}}')
    return "\n".join(rules) + "\n"
