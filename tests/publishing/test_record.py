"""A figure record refuses what would make a bad figure, and keeps its numbers steady."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import pandas as pd
import pytest

from analysis import catalog
from analysis.publishing import Control, Entry, Figure, Preset, Registry
from analysis.publishing.record import round_significant
from analysis.publishing.registry import UnknownFigureError


def draw(frame: pd.DataFrame) -> alt.Chart:
    return alt.Chart(frame).mark_point().encode(x="x:Q", y="y:Q")


def figure(**changes: object) -> Figure:
    known = {
        "id": "a-finding",
        "title": "One thing rises with another",
        "subtitle": "one thing, metres",
        "caption": "Each point is a thing.",
        "alt": "Two points, the second higher.",
        "evidence": ("measured",),
        "frame": pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}),
        "draw": draw,
        "fields": {"x": "one, m", "y": "other, m"},
        "sources": catalog.sources_of(["hoffmann2022"]),
        "tables": ("scaling_law_fits",),
        "models": (draw,),
        "tests": ("tests/publishing/test_record.py::test_rounding_keeps_six_significant_digits",),
        "weaknesses": "Two points only.",
    }
    return Figure(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "A Finding"}, "kebab case"),
        ({"alt": " "}, "empty alt"),
        ({"title": "A finding."}, "full stop"),
        ({"evidence": ("guess",)}, "guess"),
        ({"evidence": ()}, "missing"),
        ({"frame": pd.DataFrame({"x": [], "y": []})}, "empty frame"),
        ({"fields": {"x": "one, m"}}, "'y'"),
        ({"sources": catalog.load("sources").iloc[:0]}, "no source"),
    ],
)
def test_a_bad_record_is_refused_with_what_to_do(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        figure(**change)


def test_rounding_keeps_six_significant_digits() -> None:
    frame = round_significant(
        pd.DataFrame({"v": [1.23456789e24, -9.87654321e-5, 0.0], "n": [1, 2, 3]})
    )
    assert frame["v"].tolist() == [1.23457e24, -9.87654e-5, 0.0]
    assert frame["n"].tolist() == [1, 2, 3]


def test_the_hash_follows_data_and_drawing_and_nothing_else() -> None:
    base = figure()
    assert figure(caption="Other words.").hash == base.hash
    assert replace(base, frame=pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.5]})).hash != base.hash
    other = replace(base, draw=lambda frame: draw(frame).mark_line())
    assert other.hash != base.hash


def test_a_difference_below_the_sixth_digit_does_not_move_the_hash() -> None:
    nearly = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0 + 1e-12, 4.0]})
    assert figure(frame=nearly).hash == figure().hash


def test_an_unknown_figure_is_refused_with_the_known_ones() -> None:
    registry = Registry({"scaling_laws": [Entry("a-finding", figure)]})
    with pytest.raises(UnknownFigureError, match=r"Did you mean 'a-finding'\?.*Known: a-finding"):
        registry.build("a-findin")


def test_an_id_registered_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        Registry({"scaling_laws": [Entry("a-finding", figure), Entry("a-finding", figure)]})


def test_a_function_under_the_wrong_id_is_refused() -> None:
    with pytest.raises(ValueError, match="'other'"):
        Registry({"scaling_laws": [Entry("other", figure)]}).build("other")


def draw_moved(frame: pd.DataFrame) -> alt.Chart:
    return draw(frame).add_params(alt.param(name="speed", value=2.0))


def test_a_preset_moves_sliders_within_their_range_or_is_refused() -> None:
    speed = (Control("speed", "speed", "m/s", 0.0, 2.0, 5.0, 0.5),)
    kept = figure(draw=draw_moved, controls=speed, presets=(Preset("fast", {"speed": 4.5}),))
    assert kept.presets[0].values == {"speed": 4.5}
    for values in ({"speed": 5.5}, {"weight": 1.0}):
        with pytest.raises(ValueError, match=r"preset 'fast' sets .*a slider within its range"):
            figure(draw=draw_moved, controls=speed, presets=(Preset("fast", values),))


def test_a_long_list_of_sources_is_cut_on_the_line_and_whole_on_the_page() -> None:
    from analysis.publishing.edition import current
    from analysis.publishing.export import Publication

    sources = catalog.load("sources").iloc[:20]
    line = Publication(figure(sources=sources), "1.1", "demand", current()).source_line
    assert "; and 8 more, named on the figure's page." in line
    assert sources["short"].iloc[0] in line
    assert sources["short"].iloc[-1] not in line
