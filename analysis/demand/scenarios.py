"""Which inputs move together, and named views of the future as sets of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.assumptions import Assumption
from analysis.demand.inputs import ACCEPTED

#: Correlation of two inputs' normal scores, where one cause moves both.
CORRELATIONS: Mapping[frozenset[str], float] = {
    # Long thinking spreads where thinking gets longer.
    frozenset({"reasoning_growth", "thinking_growth"}): 0.5,
    # One wave of use, in products and in programs.
    frozenset({"api_growth", "embedded_growth"}): 0.5,
    # Runs need chips, and chips are sold to those who make runs.
    frozenset({"run_growth", "supply_growth"}): 0.5,
    frozenset({"run_growth_decay", "supply_growth_decay"}): 0.5,
    # The growth of 2025 is read from counts of 2026 too: where it slows faster, it was faster.
    frozenset({"api_growth", "use_growth_decay"}): 0.4,
    frozenset({"embedded_growth", "use_growth_decay"}): 0.4,
    # Good software serves both phases.
    frozenset({"prefill_utilisation", "decode_utilisation"}): 0.5,
    # Large models fill their chips less.
    frozenset({"active_parameters", "decode_utilisation"}): -0.3,
}

#: Hard ranges of the draws: what the model accepts.
RANGES = {name: (least, most) for name, (_, least, most) in ACCEPTED.items()}


@dataclass(frozen=True)
class View:
    """A view of the future: inputs at the low or the high end of their range, the rest central.

    Attributes
    ----------
    id, label, says : str
        Key, words for a reader, and what the view holds.
    ends : mapping of str to str
        ``low`` or ``high``, the 5th or 95th percentile, by input.
    """

    id: str
    label: str
    says: str
    ends: Mapping[str, str]


VIEWS: tuple[View, ...] = (
    View(
        "documents",
        "The documents' view",
        "few experiments stand behind a release, runs soon stop growing, answers think ever "
        "longer and use keeps its pace",
        {
            "final_run_share": "high", "run_growth_decay": "high", "thinking_growth": "high",
            "use_growth_decay": "low",
        },
    ),
    View(
        "accounts",
        "The labs' accounts",
        "experiments take nearly all of research, as OpenAI's accounts of 2024 have it",
        {"final_run_share": "low"},
    ),
    View(
        "efficiency",
        "Efficiency wins",
        "a token takes ever fewer FLOP, and chips that write are kept busy",
        {"flop_per_token_fall": "high", "decode_utilisation": "high"},
    ),
    View(
        "agents",
        "Agents win",
        "programs and agents call models ever more, and their growth hardly slows",
        {"api_growth": "high", "use_growth_decay": "low"},
    ),
)  # fmt: skip

#: Inputs that the views move: the sliders under the central figure.
MOVED = tuple(dict.fromkeys(name for one in VIEWS for name in one.ends))


def view(view_id: str) -> View:
    """The view of that id; an unknown id lists the known ones."""
    known = {one.id: one for one in VIEWS}
    if view_id not in known:
        raise KeyError(f"view {view_id!r} is not known; known: {', '.join(known)}")
    return known[view_id]


def inputs_of(chosen: View, records: Sequence[Assumption]) -> dict[str, float]:
    """Inputs of a view: its ends, and the central value of everything else."""
    by_id = {record.id: record for record in records}
    unknown = sorted(set(chosen.ends) - set(by_id))
    if unknown:
        raise ValueError(f"view {chosen.id!r}: {unknown} are no inputs")
    return {
        name: float(getattr(record, chosen.ends.get(name, "central")))
        for name, record in by_id.items()
    }
