"""Figures of what compute buys: the frontier of every law, and the gain per tenfold compute."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from analysis import catalog, wording
from analysis.publishing import Control, Figure, theme
from analysis.publishing.labels import end_labels, spread
from analysis.scaling_laws import findings
from analysis.scaling_laws.laws import LossLaw
from analysis.scaling_laws.returns import assumed_tenfold_gain, gain_bands, gain_per_tenfold


def _end_labels(frame: pd.DataFrame, y: str, gap: float, low: float) -> pd.DataFrame:
    """The last point of every law, its label moved so that labels do not meet."""
    ends = frame.loc[frame.groupby("law")["train_flop"].idxmax()].copy()
    ends["label_at"] = spread(ends[y].tolist(), gap, low)
    return ends


def _law_lines(
    data: pd.DataFrame, width: int, y: str, y_title: str, gap: float, domain: tuple[float, float]
) -> alt.LayerChart | alt.FacetChart:
    compute = data["train_flop"]
    ticks = [10.0**n for n in range(18, 29, 2 if width > 500 else 4)]
    x_scale = alt.Scale(
        type="log",
        domain=theme.domain_with_room(compute.min(), compute.max(), width, 140),
        nice=False,
    )
    x = alt.X(
        "train_flop:Q",
        scale=x_scale,
        axis=theme.power_axis("training compute, FLOP", values=ticks),
    )
    scale = alt.Scale(domain=list(domain), nice=False)
    ours = alt.datum.law == findings.REFIT_LABEL
    colour = alt.condition(ours, alt.value(theme.TRAINING), alt.value(theme.OTHER))
    base = alt.Chart(data)
    band = (
        base.transform_filter(ours)
        .mark_area(color=theme.TRAINING, opacity=0.2)
        .encode(x=x, y=alt.Y("low:Q", title=y_title, scale=scale), y2="high:Q")
    )
    y_channel = alt.Y(f"{y}:Q", title=y_title, scale=scale)
    weight = alt.condition(ours, alt.value(3), alt.value(1.6))
    # Dashes run under the whole line, so that no gap opens where the solid part ends.
    dashes = base.mark_line(strokeDash=[4, 4]).encode(
        x=x,
        y=y_channel,
        detail="law:N",
        color=colour,
        strokeWidth=weight,
        tooltip=[
            alt.Tooltip("law:N"),
            alt.Tooltip("train_flop:Q", format=".1e", title="FLOP"),
            alt.Tooltip(f"{y}:Q", format=".3f"),
        ],
    )
    solid = (
        base.transform_filter("!datum.beyond")
        .mark_line()
        .encode(x=x, y=y_channel, detail="law:N", color=colour, strokeWidth=weight)
    )
    labels = end_labels(
        _end_labels(data, y, gap, domain[0] + gap / 2),
        x=x,
        x_scale=x_scale,
        y=y,
        scale=scale,
        text="short",
        colour=colour,
        reach=2.2 if width > 500 else 3.0,
    )
    return alt.layer(band, dashes, solid, labels)


def loss_frontier() -> Figure:
    laws, frontiers = findings.published_laws(), findings.frontiers()
    compute = np.logspace(18, 28, 31)
    band = findings.frontier_band(compute)
    parts = [
        pd.DataFrame(
            {
                "law": laws[law_id].label,
                "short": findings.SHORT_NAMES[law_id],
                "train_flop": compute,
                "loss": frontiers[law_id].loss(compute),
                "low": np.nan,
                "high": np.nan,
                "beyond": compute > findings.largest_fitted_flop(law_id),
                "floor": frontiers[law_id].E,
                "corpus": laws[law_id].corpus,
                "source_id": findings.fit_row(law_id)["source_id"],
            }
        )
        for law_id in findings.FRONTIER_LAWS
    ]
    parts.append(
        band.assign(
            law=findings.REFIT_LABEL,
            short="this book's refit",
            beyond=compute > findings.largest_fitted_flop("besiroglu2024"),
            floor=findings.refit_law().E,
            corpus="MassiveText (digitised)",
            source_id="besiroglu2024",
        )
    )
    frame = pd.concat(parts, ignore_index=True)
    fitted = wording.power(findings.fitted_up_to())
    floors = frame.loc[frame["floor"] > 0, "floor"]
    low, high = wording.digits(floors.min(), 3), wording.digits(floors.max(), 3)
    return Figure(
        id="loss-frontier",
        title=f"Compute lowers the loss towards a floor, {low} to {high} nats by law and text",
        subtitle="Loss of the compute-optimal model, nats per token, by training compute",
        caption=(
            "Each line is a published law at its own best split of compute between model and "
            f"data; dashed beyond the compute its runs reached, or {fitted} FLOP where not "
            "known. Blue: our refit of the Chinchilla points with its 90% bootstrap band. Losses "
            "on different text differ in level, so compare slopes and bends; the oldest law has "
            "no floor at all."
        ),
        alt=(
            "Lines of loss against compute from 10¹⁸ to 10²⁸ FLOP for "
            f"{len(findings.FRONTIER_LAWS)} published laws and our refit. All fall and flatten; "
            f"their floors lie between {low} and {high} nats per token, except the law of 2020, "
            "which falls without a floor."
        ),
        evidence=("estimate", "derived"),
        frame=frame,
        draw=lambda data, width=690: _law_lines(
            data, width, "loss", "loss, nats per token", 0.115, (1.0, 4.2)
        ),
        fields={
            "law": "law, with the text its loss was measured on",
            "short": "label in the figure",
            "train_flop": "training compute, FLOP",
            "loss": "loss of the compute-optimal model, nats per token",
            "low": "lower end of the 90% bootstrap interval, nats per token",
            "high": "upper end of the 90% bootstrap interval, nats per token",
            "beyond": "true beyond the compute of the runs the law was fitted to",
            "floor": "irreducible loss E of the law, nats per token; 0 where it has none",
            "corpus": "text the loss was measured on",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("scaling_law_fits", "chinchilla_draws"),
        models=(LossLaw,),
        tests=(
            "tests/scaling_laws/test_laws.py::test_optimum_spends_the_budget_and_sits_on_the_frontier",
            "tests/scaling_laws/test_published.py::"
            "test_losses_on_different_text_or_in_different_units_are_not_comparable",
        ),
        weaknesses=(
            "The floor is an extrapolation: no run comes near it. The band holds sampling error "
            "of the points alone, not the error of the law's form."
        ),
        settings={"level": 0.9, "draws": findings.draw_count()},
        height={"wide": 420, "narrow": 360},
    )


def _tenfold_controls() -> tuple[Control, ...]:
    floors = [frontier.E for frontier in findings.frontiers().values() if frontier.E > 0]
    share = findings.reducible_share_per_tenfold()
    return (
        Control(
            name="assumed_floor",
            label="floor of the loss",
            unit="nats per token",
            low=round(min(floors), 2),
            central=round(findings.refit_law().E, 2),
            high=2.0,
            step=0.01,
        ),
        Control(
            name="assumed_share",
            label="share of the rest per tenfold",
            unit="of the reducible loss",
            low=0.1,
            central=round(share, 2),
            high=0.5,
            step=0.01,
        ),
    )


def _assumed_line(data: pd.DataFrame, controls: tuple[Control, ...]) -> alt.LayerChart:
    """The line a reader moves: through the refit's loss at one compute, with its own floor."""
    floor, share = (alt.param(name=control.name, value=control.central) for control in controls)
    gain = assumed_tenfold_gain(
        alt.datum.train_flop,
        floor,
        share,
        anchor_flop=findings.ANCHOR_FLOP,
        anchor_loss=findings.anchor_loss(),
        xp=alt.expr,
    )
    return (
        alt.Chart(data)
        .transform_filter(alt.datum.law == findings.REFIT_LABEL)
        .transform_calculate(assumed_percent=(100 * gain).expr)
        .mark_line(color=theme.ACCENT, strokeWidth=2, strokeDash=[8, 3])
        .encode(x="train_flop:Q", y="assumed_percent:Q")
        .add_params(floor, share)
    )


def tenfold_gain() -> Figure:
    compute = np.logspace(19, 27, 25)
    laws, frontiers = findings.published_laws(), findings.frontiers()
    bands = gain_bands(findings.draws(), compute)
    ours = bands.query("quantity == 'relative_gain'")
    parts = [
        pd.DataFrame(
            {
                "law": laws[law_id].label,
                "short": findings.SHORT_NAMES[law_id],
                "train_flop": compute,
                "gain_percent": 100
                * np.asarray(gain_per_tenfold(frontiers[law_id], compute).relative_gain),
                "low": np.nan,
                "high": np.nan,
                "reducible_percent": 100 * (1 - 10 ** -frontiers[law_id].gamma),
                "beyond": compute > findings.largest_fitted_flop(law_id),
                "source_id": findings.fit_row(law_id)["source_id"],
            }
        )
        for law_id in findings.FRONTIER_LAWS
    ]
    parts.append(
        pd.DataFrame(
            {
                "law": findings.REFIT_LABEL,
                "short": "this book's refit",
                "train_flop": compute,
                "gain_percent": 100
                * np.asarray(gain_per_tenfold(findings.refit_law(), compute).relative_gain),
                "low": 100 * ours["low"].to_numpy(),
                "high": 100 * ours["high"].to_numpy(),
                "reducible_percent": 100 * findings.reducible_share_per_tenfold(),
                "beyond": compute > findings.largest_fitted_flop("besiroglu2024"),
                "source_id": "besiroglu2024",
            }
        )
    )
    frame = pd.concat(parts, ignore_index=True)
    gain = findings.gain_now()
    share = wording.percent(findings.reducible_share_per_tenfold())
    start = wording.percent(gain["relative_gain"]["central"])
    controls = _tenfold_controls()

    def draw(data: pd.DataFrame, width: int = 690) -> alt.LayerChart | alt.FacetChart:
        title = "fall of the loss per tenfold compute, percent"
        lines = _law_lines(data, width, "gain_percent", title, 0.55, (0, 14))
        return _assumed_line(data, controls) + lines

    return Figure(
        id="tenfold-gain",
        title=(
            f"By our refit ten times the compute takes {share} off what is left to gain, and ever "
            "less is left"
        ),
        subtitle="Fall of the total loss per tenfold compute, percent, by the compute started from",
        caption=(
            "Blue: our refit with its 90% band of sampling error. Under it every tenfold takes "
            f"{share} off the reducible loss; as the floor stays, that is an ever smaller part of "
            f"the whole: {start} from {wording.power(findings.next_run_flop())} FLOP on. Dashed: "
            "beyond the runs fitted. The flat line is the law of 2020, which has no floor. Purple: "
            f"a law of your own through our refit's loss at {wording.power(findings.ANCHOR_FLOP)} "
            "FLOP; it starts on the refit."
        ),
        alt=(
            "Lines of the percentage fall of total loss per tenfold compute, by starting compute. "
            f"All but the law of 2020 decline; our refit falls to {start} at "
            f"{wording.power(findings.next_run_flop())} FLOP."
        ),
        evidence=("estimate", "derived"),
        frame=frame,
        draw=draw,
        controls=controls,
        fields={
            "law": "law, with the text its loss was measured on",
            "short": "label in the figure",
            "train_flop": "training compute before, FLOP",
            "gain_percent": "fall of the total loss when compute grows tenfold, percent",
            "low": "lower end of the 90% bootstrap interval, percent",
            "high": "upper end of the 90% bootstrap interval, percent",
            "reducible_percent": "fall of the reducible loss per tenfold compute, percent",
            "beyond": "true beyond the compute of the runs the law was fitted to",
            "source_id": "key of the source",
        },
        sources=catalog.sources_of(frame),
        tables=("scaling_law_fits", "chinchilla_draws"),
        models=(gain_per_tenfold, gain_bands, assumed_tenfold_gain),
        tests=("tests/scaling_laws/test_returns.py::" + findings.RETURNS_TEST,),
        weaknesses=(
            "Loss is not usefulness: how a fall of the loss shows in tasks or revenue is another "
            "question. The relative fall depends on the floor, which is extrapolated."
        ),
        settings={"level": 0.9, "draws": findings.draw_count()},
        height={"wide": 380, "narrow": 340},
    )
