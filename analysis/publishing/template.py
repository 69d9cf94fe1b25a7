"""The start of a new figure, printed by `make new-figure`."""

from __future__ import annotations

from analysis.publishing.record import EVIDENCE

_TEMPLATE = """# 1. The model, in analysis/{topic}/, with its test in tests/{topic}/: values in, a tidy frame out.
#    Then, in a module of analysis/{topic}/figures/, one function from that frame to a Figure:

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Figure, theme


def {function}() -> Figure:
    rows = catalog.load("<table>")                      # the rows drawn, filtered before they are cited
    frame = <model>(rows)                               # one row per mark, units in the names, source_id kept

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        # width is 690 in the page and 340 on a phone: shorten labels there. It may be left out.
        return (
            alt.Chart(data)
            .mark_line(color=theme.TRAINING)            # colours by name from publishing.theme
            .encode(
                x=alt.X("<column>:Q", title="<what, unit>"),
                y=alt.Y("<column>:Q", title="<what, unit>"),
                tooltip=["<column>"],
            )
        )

    return Figure(
        id="{figure_id}",
        title=f"<the finding; numbers through wording.digits, percent, count, ...>",
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
        settings={{"level": 0.9}},                        # what the model was asked, if anything
        height={{"wide": 380, "narrow": 320}},
        # controls=(Control(...),) puts a slider under it for an alt.param of the chart; see
        # analysis/scaling_laws/figures/frontier.py for a model called with xp=alt.expr.
    )


# 2. In analysis/{topic}/figures/__init__.py: import the function, and one entry in FIGURES at its
#    place in the chapter. A figure in the middle renumbers those after it; its id never changes.

    Entry("{figure_id}", {function}),

# 3. In chapters/{topic}.md, where the text leads to it, with {{numref}}`fig-{figure_id}` in the prose:

```{{code-cell}} ipython3
:tags: [remove-input]

show("{figure_id}")
```

# 4. make book     gives it number, card, page, files, citation and catalogue entry.
#    make test     walks it. The first run writes tests/publishing/test_registry/{figure_id}.csv and
#                  fails; run it again, and commit the file: it guards the figure's numbers. When they
#                  change on purpose: .venv/bin/python -m pytest tests/publishing/test_registry.py --force-regen
#    make release  renews the findings in the README.
"""


def figure_template(topic: str, figure_id: str) -> str:
    """What an author fills in: the function, the registry entry and the cell."""
    return _TEMPLATE.format(
        topic=topic,
        figure_id=figure_id,
        function=figure_id.replace("-", "_"),
        evidence=", ".join(EVIDENCE),
    )
