"""The figure of how full a server may be run."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analysis import catalog, wording
from analysis.hardware.findings import queues
from analysis.hardware.queueing import largest_load
from analysis.publishing import Entry, Figure, theme
from analysis.publishing.marks import line_with_band


def load_and_wait() -> Figure:
    table = queues.loads()
    frame = pd.DataFrame(
        {
            "arrivals": table["arrivals"],
            "ttft_target_s": table["ttft_target_s"],
            "percent": 100 * table["share"],
            "low": 100 * table["slow"],
            "high": 100 * table["fast"],
        }
    )
    target = queues.CHAT_TARGET_S
    smooth = wording.percent(queues.load_at(queues.SMOOTH))
    ends = [wording.percent(queues.load_at(queues.BURSTY, end=end)) for end in ("slow", "fast")]
    bursty = wording.span(*ends)
    given, written = queues.lengths()

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        first, last = data["ttft_target_s"].min(), data["ttft_target_s"].max()
        x_scale = alt.Scale(type="log", domain=[first, last], nice=False)
        x = alt.X(
            "ttft_target_s:Q",
            scale=x_scale,
            axis=alt.Axis(values=[0.5, 1, 2, 5, 10, 20], format="~g"),
            title=theme.fitted(
                "seconds in which 95% of requests must see their first token", width
            ),
        )
        scale = alt.Scale(domain=[0, 100], nice=False)
        colour = alt.condition(
            alt.datum.arrivals == queues.SMOOTH,
            alt.value(theme.INFERENCE),
            alt.value(theme.ACCENT),
        )
        lines = line_with_band(
            alt.Chart(data), x=x, y="percent", low="low", high="high", colour=colour,
            detail="arrivals:N",
            channel={"title": "percent of capacity that can be used", "scale": scale},
            strokeWidth=2.5,
        )  # fmt: skip
        wide = width > 500
        names = pd.DataFrame(
            {
                "arrivals": [queues.SMOOTH, queues.BURSTY],
                "ttft_target_s": [2.3, 3.6] if wide else [1.0, 1.35],
                "percent": [86.0, 28.0] if wide else [82.0, 12.0],
            }
        )
        labels = (
            alt.Chart(names)
            .mark_text(align="left", fontSize=12 if wide else 11, fontWeight=600)
            .encode(
                x=alt.X("ttft_target_s:Q", scale=x_scale), y=alt.Y("percent:Q", scale=scale),
                text="arrivals:N", color=colour,
            )
        )  # fmt: skip
        return lines + labels

    return Figure(
        id="load-and-wait",
        title=(
            f"A small server that must answer within {target:.0f} seconds can be run at {smooth} "
            f"of capacity if requests come at random, at {bursty} if they come in the bursts of "
            "code completion"
        ),
        subtitle="Largest load at which 95% of first tokens are in time, percent of capacity",
        caption=(
            "Two H200 serving Llama 3.3 70B to conversations of the lengths in a public trace "
            f"({wording.digits(given, 3)} tokens in, {wording.digits(written, 3)} out). Orange: "
            "arrivals at random. Purple: gaps between requests that vary as in the code-completion "
            "trace within a minute. Bands: a server 20% faster or slower than expected. Capacity "
            f"is that of {queues.MOST_BATCH} requests at once; the rest is idle, or filled with "
            "work that can wait."
        ),
        alt=(
            "Two curves of usable capacity against the wait allowed. With random arrivals nine "
            "tenths can be used even at half a second. With bursts next to nothing can be used "
            "below a second, half at about four seconds, and most only when ten seconds are "
            "allowed."
        ),
        evidence=("estimate", "simulation"),
        frame=frame,
        draw=draw,
        fields={
            "arrivals": "how requests arrive",
            "ttft_target_s": "seconds in which 95% of requests must see their first token",
            "percent": "largest load, percent of capacity",
            "low": "the same for a server 20% slower, percent",
            "high": "the same for a server 20% faster, percent",
        },
        sources=catalog.sources_of(
            catalog.load("request_arrivals"), catalog.load("efficiency_terms")
        ),
        tables=("request_lengths", "request_arrivals", "efficiency_terms"),
        models=(largest_load,),
        tests=(
            "tests/hardware/test_queueing.py::test_at_the_largest_load_the_simulated_server_meets_the_target_too",
        ),
        weaknesses=(
            "One server; many that share a stream of requests see bursts evened out, so large "
            "services lose less. Gaps are drawn independently, while real load also swings by hour "
            "and day. The queue is an approximation that the tests hold against simulation; "
            "with bursts and close to full load it can be far off."
        ),
        settings={"model": queues.MODEL, "chip": queues.CHIP, "chips": queues.TENSOR},
        height={"wide": 340, "narrow": 320},
    )


FIGURES: tuple[Entry, ...] = (Entry("load-and-wait", load_and_wait),)
