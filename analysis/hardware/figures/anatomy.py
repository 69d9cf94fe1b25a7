"""The figure of what a decode step is made of."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.hardware.findings import anatomy
from analysis.hardware.steps import decode_step, request_times
from analysis.publishing import Entry, Figure, theme

_HUES = dict(
    zip(
        anatomy.PARTS,
        (theme.INFERENCE, theme.INFERENCE_SOFT, theme.ACCENT, theme.OTHER, theme.INK,
         theme.TRAINING_SOFT),
        strict=True,
    )
)  # fmt: skip


def decode_anatomy() -> Figure:
    rows = anatomy.anatomy()
    names = catalog.load("llm_architectures").set_index("model_id")["model"]
    chips = catalog.load("accelerators").set_index("chip_id")["name"]
    frame = rows.assign(
        case=[
            f"{names[m]} on {t} {chips[c]}"
            for m, c, t in zip(rows["model_id"], rows["chip_id"], rows["tensor"], strict=True)
        ],
        order=rows["part"].map({name: i for i, name in enumerate(anatomy.PARTS)}),
    )
    dense, mixture = (case[0] for case in anatomy.CASES)
    first, last = anatomy.BATCHES[0], anatomy.BATCHES[-1]
    memory = anatomy.PARTS[:2]
    alone = wording.percent(anatomy.share(dense, first, *memory))
    busy = wording.percent(anatomy.share(dense, last, *memory))
    overhead = wording.percent(anatomy.share(mixture, first, anatomy.PARTS[3]))
    prompts = wording.percent(anatomy.share(dense, last, anatomy.PARTS[5]))

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        wide = width > 500
        panel = (width - 90) // 2 if wide else width - 60
        scale = alt.Scale(domain=list(_HUES), range=list(_HUES.values()))
        bars = (
            alt.Chart(data)
            .mark_bar(stroke=theme.PAPER, strokeWidth=0.5)
            .encode(
                x=alt.X("batch:O", title="requests decoded together", axis=alt.Axis(labelAngle=0)),
                y=alt.Y("ms:Q", title="milliseconds per output token", stack="zero"),
                color=alt.Color(
                    "part:N",
                    scale=scale,
                    sort=list(_HUES),
                    legend=alt.Legend(
                        title=None, orient="bottom", columns=3 if wide else 2, labelLimit=170
                    ),
                ),
                order=alt.Order("order:Q"),
                tooltip=["case:N", "batch:O", "part:N", alt.Tooltip("ms:Q", format=".2f")],
            )
            .properties(width=panel, height=260)
        )
        return bars.facet(
            facet=alt.Facet(
                "case:N",
                title=None,
                sort=list(dict.fromkeys(data["case"])),
                header=alt.Header(labelFontSize=12, labelFontWeight=600, labelPadding=26),
            ),
            columns=2 if wide else 1,
        ).resolve_scale(x="independent")

    return Figure(
        id="decode-step-anatomy",
        title=(
            f"Reading memory takes {alone} of a token's time for one user of a dense 70B model "
            f"and {busy} at {last}, where others' prompts take {prompts}"
        ),
        subtitle="Parts of the time per output token by batch, FP8, 1,024 tokens in and out",
        caption=(
            "By the fitted serving model. Orange: weights and cache read from memory; grey: fixed "
            "overhead of every layer; pale blue: waiting while the prompts of other requests are "
            "read. In the mixture of experts more requests touch more experts, so the weights read "
            f"grow with the batch, and for one user overhead is {overhead} of the time."
        ),
        alt=(
            "Two panels of stacked bars by batch. For Llama 70B the weights' part stays the same "
            "from batch 1 to 128 while cache, arithmetic and above all other requests' prompts "
            "grow. For DeepSeek-R1 overhead dominates at batch 1 and weights read grow with the "
            "batch."
        ),
        evidence=("estimate",),
        frame=frame,
        draw=draw,
        fields={
            "model_id": "model",
            "chip_id": "chip",
            "tensor": "chips that share every matrix",
            "batch": "requests decoded together",
            "part": "part of the time",
            "ms": "time of the part, milliseconds per output token",
            "total_ms": "time per output token, milliseconds",
            "case": "panel",
            "order": "place in the bar",
        },
        sources=catalog.sources_of(
            catalog.load("efficiency_terms"),
            catalog.load("llm_architectures").query("model_id in @rows.model_id"),
        ),
        tables=("efficiency_terms", "llm_architectures", "accelerators"),
        models=(decode_step, request_times),
        tests=(
            "tests/hardware/test_steps.py::test_parts_of_a_step_add_up_and_each_follows_its_own_efficiency",
        ),
        weaknesses=(
            "Parts are inferred from how total times change with batch, length and layout, not "
            "measured one by one: memory and arithmetic overlap in an assumed way, and overhead "
            "takes what nothing else explains. Experts are taken at random; favoured ones would "
            "make fewer be read."
        ),
        settings={"tokens_in_and_out": anatomy.TOKENS},
        height={"wide": 260, "narrow": 260},
    )


FIGURES: tuple[Entry, ...] = (Entry("decode-step-anatomy", decode_anatomy),)
