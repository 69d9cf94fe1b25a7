"""The start of a new figure, printed by `make new-figure`."""

from __future__ import annotations

from analysis.publishing.record import EVIDENCE

_TEMPLATE = """# 1. In analysis/{topic}/figures/: one function from a tidy frame to a Figure.

def {function}() -> Figure:
    rows = catalog.load("<table>")                      # a table of data/
    frame = <model>(rows)                               # tidy: one row per mark, units in the names

    def draw(frame: pd.DataFrame) -> alt.Chart:
        return (
            alt.Chart(frame)
            .mark_line(color=theme.TRAINING)            # colours by name from publishing.theme
            .encode(
                x=alt.X("<column>:Q", title="<what, unit>"),
                y=alt.Y("<column>:Q", title="<what, unit>"),
                tooltip=[<columns a reader wants to see>],
            )
        )

    return Figure(
        id="{figure_id}",
        title=f"<the finding, with its numbers computed>",
        subtitle="<what is measured, in which unit>",
        caption="<how to read it, what it leaves out>",
        alt=f"<what one who cannot see it must know>",
        evidence=("estimate",),                         # of {evidence}
        frame=frame,
        draw=draw,
        fields={{"<column>": "<meaning, unit>"}},         # every column of the frame
        sources=catalog.sources_of(rows),
        tables=catalog.tables_of(rows),
        models=(<model>,),
        tests=("tests/{topic}/test_<module>.py::test_<what it guards>",),
        weaknesses="<what a careful reader should hold against it>",
    )

# 2. In analysis/{topic}/figures/__init__.py: one entry in FIGURES, at its place in the chapter.

    Entry("{figure_id}", {function}),

# 3. In chapters/{topic}.md, after the sentence that leads to it:

```{{code-cell}} ipython3
show("{figure_id}")
```

# `make book` gives it number, card, page, files, citation and catalogue entry.
# Its numbers are guarded from then on: keep them with
#   .venv/bin/python -m pytest tests/publishing/test_registry.py --force-regen
"""


def figure_template(topic: str, figure_id: str) -> str:
    """What an author fills in: the function, the registry entry and the cell."""
    return _TEMPLATE.format(
        topic=topic,
        figure_id=figure_id,
        function=figure_id.replace("-", "_"),
        evidence=", ".join(EVIDENCE),
    )
