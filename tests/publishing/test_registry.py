"""Every registered figure is a test: it builds, is described, and its numbers hold."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from analysis import catalog
from analysis.figures import REGISTRY, show
from analysis.publishing import pages, theme
from analysis.publishing.record import Figure
from analysis.publishing.registry import UnknownFigureError


@pytest.fixture(params=list(REGISTRY))
def figure(request: pytest.FixtureRequest) -> Figure:
    return REGISTRY.build(request.param)


def axis_titles(spec: object) -> list[str]:
    """Titles of every x and y channel in a specification."""
    found: list[str] = []
    if isinstance(spec, dict):
        for channel in ("x", "y"):
            encoding = spec.get("encoding", {}).get(channel, {})
            title = encoding.get("title") or (encoding.get("axis") or {}).get("title")
            if title:
                found.append(title)
        for value in spec.values():
            found += axis_titles(value)
    elif isinstance(spec, list):
        for value in spec:
            found += axis_titles(value)
    return found


def test_the_specification_is_complete_and_serialises(figure: Figure) -> None:
    spec = figure.spec
    assert json.loads(json.dumps(spec)) == spec


def test_the_specification_is_valid_at_every_width(figure: Figure) -> None:
    for width in theme.WIDTHS.values():
        assert figure.chart_at(width).to_dict()


def test_alt_text_says_more_than_the_title(figure: Figure) -> None:
    assert len(figure.alt) > 60
    assert figure.alt.strip() != figure.title.strip()


def test_axes_say_what_and_in_which_unit(figure: Figure) -> None:
    titles = axis_titles(figure.spec)
    assert titles, "a figure needs at least one titled axis"
    units = (
        r"FLOP|tokens|parameters|nats|USD|\bx\b|ratio|percent|year|share|exponent|points|hours|"
        r"months|times|samples|seconds|requests|\bWh\b"
    )
    for title in titles:
        assert re.search(units, title, re.IGNORECASE), f"axis title without a unit: {title!r}"


def test_tables_sources_and_tests_exist(figure: Figure) -> None:
    assert set(figure.tables) <= set(catalog.tables())
    known = set(catalog.load("sources")["source_id"])
    assert set(figure.sources["source_id"]) <= known
    assert figure.tests
    for test in figure.tests:
        pages.test_reference(test)
    for model in figure.models:
        assert pages.code_reference(model)["summary"]


def test_no_row_rests_on_memory(figure: Figure) -> None:
    text = figure.frame.to_csv(index=False)
    assert "from_memory" not in text


def test_the_numbers_of_the_figure_are_the_kept_ones(
    figure: Figure, dataframe_regression: object, request: pytest.FixtureRequest
) -> None:
    frame = figure.frame.copy()
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype(str)
    dataframe_regression.check(  # type: ignore[attr-defined]
        frame, basename=figure.id, default_tolerance={"rtol": 1e-4, "atol": 1e-12}
    )


def test_showing_an_unknown_figure_lists_the_known_ones() -> None:
    with pytest.raises(UnknownFigureError, match=next(iter(REGISTRY))):
        show("no-such-figure")


def test_a_shown_figure_draws_itself_in_a_notebook(figure: Figure) -> None:
    bundle = show(figure.id)._repr_mimebundle_()
    assert "<svg" in bundle["text/html"]
    assert figure.title.split()[0] in bundle["text/html"]
    assert "var(--" not in bundle["text/html"]
