"""What decides the share of inference, and what turns the answer, in words."""

from __future__ import annotations

from analysis.demand.findings import input_names, turning
from analysis.demand.findings import sensitivity as found
from analysis.demand.findings.sensitivity import LABS, LAST, WORLD, YEAR, Question
from analysis.demand.sentences.percents import percent
from analysis.wording import span

_COUNTS = ("first", "second", "third")


def numbers() -> dict[str, str]:
    """Every number of sensitivity and of tipping points, formatted."""
    labs, world = (Question(whose, YEAR) for whose in (LABS, WORLD))
    return {
        **_decided(f"sens_labs_{LAST}", Question(LABS, LAST)),
        **_decided("sens_labs", labs),
        **_shares(labs),
        **_flips("tip_labs", labs),
        **_flips("tip_world", world),
        **_nearest(labs),
        **_thirds(labs),
    }


def _decided(key: str, question: Question) -> dict[str, str]:
    """The three that decide, the accounts taken into account."""
    deciders = found.deciders(question)
    named = zip(_COUNTS, deciders, strict=True)
    return {
        f"{key}_together": percent(found.together(question, deciders)),
        **{f"{key}_{place}": input_names.part_words(part) for place, part in named},
    }


def _shares(question: Question) -> dict[str, str]:
    alone = found.of_sobol(question).loc[0]
    shares = found.explained(question).head(3).to_dict("records")
    first = shares[0]
    return {
        "sens_labs_ranges_part": input_names.part_words(alone["input"]),
        "sens_labs_ranges_share": percent(alone["total"]),
        "sens_labs_first_span": span(percent(first["low"]), percent(first["high"])),
        **{
            f"sens_labs_{place}_share": percent(row["share"])
            for place, row in zip(_COUNTS, shares, strict=True)
        },
    }


def _flips(key: str, question: Question) -> dict[str, str]:
    return {
        f"{key}_central": percent(found.central_share(question)),
        f"{key}_within": str(turning.count_flips(question)[0] or "none"),
        f"{key}_never": str(turning.never_flip(question)),
    }


def _nearest(question: Question) -> dict[str, str]:
    near, pair = turning.flips(question).iloc[0], turning.nearest_pair(question)
    said = {
        "tip_labs_inputs": str(turning.count_flips(question)[1]),
        "tip_labs_nearest": input_names.NAMES[near["input"]],
        "tip_labs_nearest_value": input_names.value_words(near["input"], near["value"]),
        "tip_labs_nearest_percentile": f"{near['percentile']:.0f}",
    }
    for which in ("first", "second"):
        value = float(pair[f"{which}_value"])
        words = input_names.value_words(str(pair[which]), value)
        said[f"tip_labs_pair_{which}"] = input_names.part_words(str(pair[which]))
        said[f"tip_labs_pair_{which}_value"] = words
        said[f"tip_labs_pair_{which}_percentile"] = f"{float(pair[f'{which}_percentile']):.0f}"
    return said


def _thirds(question: Question) -> dict[str, str]:
    """Chance of more than half by third of the input whose thirds are farthest apart."""
    name = turning.terciles(question).iloc[0]["input"]
    low, _, high = turning.by_third(question, name)
    return {
        "tip_labs_chance": percent(turning.above_half(question)),
        "tip_labs_third_input": input_names.NAMES[name],
        "tip_labs_third_low": percent(low.central),
        "tip_labs_third_high": percent(high.central),
    }
