"""What it takes to turn an answer: one input, the worst pair, and how the answer leans on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special

from analysis.assumptions import Assumption
from analysis.demand.sampling import InputSampler, Ranges
from analysis.uncertainty import require_count

#: Takes inputs by name, shape (n, 1); returns (n,) or (n, 1), at least 0 where the answer is yes.
Margin = Callable[[dict[str, np.ndarray]], np.ndarray]

_AT_95 = float(special.ndtri(0.95))
_ROWS_AT_ONCE = 20_000


def tipping_points(
    margin: Margin,
    assumptions: Sequence[Assumption],
    *,
    ranges: Ranges | None = None,
    reach: float = 4.0,
    steps: int = 40,
) -> pd.DataFrame:
    """The value of each input, the others central, at which a yes turns to a no or back.

    Each input is moved along its own distribution. The answer is taken on a grid first, then the
    change nearest to the centre is halved upon, for all inputs at once.

    Parameters
    ----------
    margin : callable
        Takes inputs by name, shape (n, 1); the answer is yes where it is at least 0: the share of
        2027 less one half, for instance.
    assumptions : sequence of Assumption
    ranges : mapping of str to (float, float), optional
        Hard limits by input: a move ends there.
    reach : float
        How far to look, in normal scores either way; 4 is all but 6 in 100,000.
    steps : int
        Of the grid on either side of the centre.

    Returns
    -------
    DataFrame
        One row per input, those that flip nearest first: ``input``, ``central``,
        ``central_answer``; ``flips``: "within 5 to 95", "beyond" or "does not flip"; ``value``,
        ``score`` and ``percentile`` (of its own distribution, 0 to 100) where it flips, else NaN;
        ``flips_on_grid``, the changes of answer over the whole reach; ``monotone``, whether the
        margin never turns on the grid. Where it does, other flips lie farther out.

    Raises
    ------
    ValueError
        Where the margin is NaN, with the inputs of that row.
    """
    asked = _Answers(margin, assumptions, ranges, reach)
    one_side = np.linspace(0, reach, require_count("steps", steps) + 1)
    grid = np.concatenate([-one_side[:0:-1], one_side])
    found = asked.along_each(grid)
    slopes, answers = np.diff(found, axis=1), found >= 0
    changes = answers[:, 1:] != answers[:, :-1]
    # Of each step between two points of the grid, the end near the centre and the end away.
    step = np.arange(2 * steps)
    away = np.where(step < steps, step, step + 1)
    near = np.where(step < steps, step + 1, step)
    flips = changes.any(axis=1)
    nearest = np.where(changes, np.abs(grid[near]), np.inf).argmin(axis=1)[flips]
    at = np.full(asked.count, np.nan)
    at[flips] = asked.flip_between(
        np.eye(asked.count)[flips], grid[near[nearest]], grid[away[nearest]]
    )
    values = [
        asked.inputs.at_score(name, score) if np.isfinite(score) else np.nan
        for name, score in zip(asked.names, at, strict=True)
    ]
    verdict = np.where(np.abs(at) <= _AT_95 + 1e-9, "within 5 to 95", "beyond")
    table = pd.DataFrame(
        {
            "input": asked.names,
            "central": [assumption.central for assumption in assumptions],
            "central_answer": asked.centre,
            "flips": np.where(flips, verdict, "does not flip"),
            "value": values,
            "score": at,
            "percentile": 100 * special.ndtr(at),
            "flips_on_grid": changes.sum(axis=1),
            "monotone": (slopes >= 0).all(axis=1) | (slopes <= 0).all(axis=1),
        }
    )
    return table.sort_values("score", key=np.abs, kind="stable", ignore_index=True)


def worst_pairs(
    margin: Margin,
    assumptions: Sequence[Assumption],
    *,
    ranges: Ranges | None = None,
    top: int = 10,
    reach: float = 4.0,
    directions: int = 9,
    steps: int = 8,
) -> pd.DataFrame:
    """The pairs of inputs whose smallest joint move turns the answer, the others central.

    A move is measured in normal scores, the square root of the sum of squares: what each input
    deviates in units of its own spread. Correlations are left out. Every pair is moved in the
    directions that each of the two alone drives the answer over (both, where it is not monotone);
    the direction of the nearest pairs is then refined.

    Parameters
    ----------
    margin, assumptions, ranges
        As in `tipping_points`.
    top : int
        Pairs wanted.
    reach : float
        Longest joint move, in normal scores.
    directions, steps : int
        Of the first search: angles in a quadrant, at least 3, and steps along each.

    Returns
    -------
    DataFrame
        The nearest first: ``first``, ``second`` (names), ``distance``, ``first_value``,
        ``second_value``, ``first_percentile``, ``second_percentile``. Without a row where no pair
        flips the answer within reach.
    """
    asked = _Answers(margin, assumptions, ranges, reach)
    angles = np.linspace(0, np.pi / 2, require_count("directions", directions, lowest=3))
    pairs = asked.signed_pairs(reach, require_count("steps", steps))
    nothing = np.empty(0)
    if not len(pairs):
        return _pair_table(asked, pairs, nothing, nothing, top)
    rays = asked.rays(np.repeat(pairs, directions, axis=0), np.tile(angles, len(pairs)))
    near, far = asked.bracket(rays, reach, steps)
    table = (len(pairs), directions)
    # A ray whose flip lies surely farther than that of the nearest pairs need not be found.
    kept = np.flatnonzero(np.isfinite(far) & (near <= _nearest(far.reshape(table), top)))
    radius = np.full(len(rays), np.inf)
    radius[kept] = asked.flip_between(rays[kept], near[kept], far[kept])
    radius = radius.reshape(table)
    nearest = radius.min(axis=1)
    # Between two rays a straight edge is nearer than on them by at most this factor.
    limit = _nearest(radius, top) / np.cos(angles[1] / 2) ** 2
    chosen = np.flatnonzero(np.isfinite(nearest) & (nearest <= limit))
    best = angles[radius.argmin(axis=1)[chosen]]
    angle, distance = _refine(asked, pairs[chosen], best, nearest[chosen], angles[1])
    return _pair_table(asked, pairs[chosen], angle, distance, top)


def answer_by_tercile(answers: np.ndarray, draws: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """How often the answer is yes where an input was drawn low, middling or high.

    Parameters
    ----------
    answers : array_like of bool, shape (n,)
    draws : mapping of str to array_like, shape (n,) or (n, 1)
        What was drawn of each input in the same scenarios.

    Returns
    -------
    DataFrame
        One row per input, the widest ``swing`` first: ``input``, ``low``, ``middle``, ``high``
        (shares of yes), ``swing`` (high less low), ``standard_error`` of the swing, and the
        ``overall`` share.

    Raises
    ------
    ValueError
        Where lengths differ, or so many draws of an input are equal that a third is empty.
    """
    yes = np.asarray(answers)
    if yes.dtype != bool or yes.ndim != 1 or len(yes) < 3:
        raise ValueError(
            f"answers: {yes.dtype} of shape {yes.shape}; accepted: at least 3 booleans"
        )
    rows = []
    for name, drawn in draws.items():
        values = np.asarray(drawn, dtype=np.float64).ravel()
        if len(values) != len(yes) or not np.isfinite(values).all():
            raise ValueError(
                f"draws of {name!r}: {len(values)}, {np.count_nonzero(~np.isfinite(values))} of "
                f"them not finite; accepted: {len(yes)} finite numbers"
            )
        cuts = np.partition(values, [k := len(values) // 3, len(values) - k])
        third = (values >= cuts[k]).astype(np.intp) + (values >= cuts[len(values) - k])
        counts = np.bincount(third, minlength=3)
        if not counts.all():
            raise ValueError(
                f"draws of {name!r}: {counts.tolist()} in the three thirds, so many are equal; "
                "leave the input out"
            )
        share = np.bincount(third, weights=yes, minlength=3) / counts
        error = np.sqrt((share * (1 - share) / counts)[[0, 2]].sum())
        rows.append((name, *share, share[2] - share[0], error, yes.mean()))
    columns = ["input", "low", "middle", "high", "swing", "standard_error", "overall"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("swing", key=lambda s: -s.abs(), kind="stable", ignore_index=True)


class _Answers:
    """The question asked at normal scores: away from the centre, is the answer another?"""

    def __init__(
        self,
        margin: Margin,
        assumptions: Sequence[Assumption],
        ranges: Ranges | None,
        reach: float,
    ) -> None:
        if not _AT_95 <= reach <= 8:
            raise ValueError(
                f"reach: {reach!r} is not accepted; accepted: from {_AT_95:.4g}, the 95th "
                "percentile, to 8 normal scores"
            )
        self.margin = margin
        self.inputs = InputSampler(tuple(assumptions), ranges=ranges or {})
        self.names = [assumption.id for assumption in assumptions]
        self.count = len(self.names)
        self.centre = bool(self.margins(np.zeros((1, self.count)))[0] >= 0)

    def margins(self, scores: np.ndarray) -> np.ndarray:
        """Margins at normal scores, shape (n, inputs), some rows at a time."""
        found = np.empty(len(scores))
        for start in range(0, len(scores), _ROWS_AT_ONCE):
            rows = scores[start : start + _ROWS_AT_ONCE]
            inputs = self.inputs.at_scores(rows)
            part = np.asarray(self.margin(inputs), dtype=np.float64)
            if part.shape not in ((len(rows),), (len(rows), 1)):
                raise ValueError(
                    f"margin has shape {part.shape} for {len(rows)} rows; accepted: ({len(rows)},)"
                )
            part = part.ravel()
            if np.isnan(part).any():
                row = int(np.argmax(np.isnan(part)))
                moved = [self.names[i] for i in np.flatnonzero(rows[row])]
                told = ", ".join(f"{name} = {inputs[name][row, 0]:.6g}" for name in moved)
                raise ValueError(
                    f"margin, row {start + row}: nan is not accepted; accepted: a number; away "
                    f"from the centre there: {told or 'no input'}"
                )
            found[start : start + len(part)] = part
        return found

    def along_each(self, grid: np.ndarray) -> np.ndarray:
        """Margins with one input at a time on a grid of scores: shape (inputs, points)."""
        scores = np.zeros((self.count, len(grid), self.count))
        scores[np.arange(self.count), :, np.arange(self.count)] = grid
        return self.margins(scores.reshape(-1, self.count)).reshape(self.count, -1)

    def turned(self, rays: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Whether the answer at a length along each ray is not that of the centre."""
        return (self.margins(rays * length[:, None]) >= 0) != self.centre

    def flip_between(
        self, rays: np.ndarray, near: np.ndarray, far: np.ndarray, halvings: int = 50
    ) -> np.ndarray:
        """Length along each ray where the answer turns, out of a bracket."""
        for _ in range(halvings):
            middle = (near + far) / 2
            turned = self.turned(rays, middle)
            near, far = np.where(turned, near, middle), np.where(turned, middle, far)
        return far

    def bracket(self, rays: np.ndarray, reach: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Last length before the answer first turns along each ray, and the next; or infinity."""
        far = np.full(len(rays), np.inf)
        for length in np.linspace(0, reach, steps + 1)[1:]:
            open_ = np.flatnonzero(np.isinf(far))
            far[open_[self.turned(rays[open_], np.full(len(open_), length))]] = length
        return far - reach / steps, far

    def signed_pairs(self, reach: float, steps: int) -> np.ndarray:
        """Pairs with the way each is moved: places of first and second, their signs."""
        found = self.along_each(np.linspace(-reach, reach, 2 * steps + 1))
        slopes = np.diff(found, axis=1) * (-1 if self.centre else 1)
        helps = [(1,) * bool((up > 0).any()) + (-1,) * bool((up < 0).any()) for up in slopes]
        pairs = [
            (i, j, a, b)
            for i, j in combinations(range(self.count), 2)
            for a in helps[i]
            for b in helps[j]
        ]
        return np.array(pairs, dtype=np.intp).reshape(-1, 4)

    def rays(self, pairs: np.ndarray, angles: np.ndarray) -> np.ndarray:
        """Directions of unit length: the first of each pair at angle 0, the second at a quarter."""
        rays = np.zeros((len(pairs), self.count))
        rays[np.arange(len(pairs)), pairs[:, 0]] = pairs[:, 2] * np.cos(angles)
        rays[np.arange(len(pairs)), pairs[:, 1]] += pairs[:, 3] * np.sin(angles)
        return rays


def _nearest(radius: np.ndarray, top: int) -> float:
    """Distance within which the nearest `top` pairs surely lie; rows are pairs."""
    each = np.sort(radius.min(axis=1))
    return float(each[min(top, len(each)) - 1])


def _refine(
    asked: _Answers, pairs: np.ndarray, angle: np.ndarray, distance: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow the angle about the best so far; the distance errs by its square."""
    place = np.arange(len(pairs))
    while step > 1e-5:
        step /= 2
        tried = (angle[:, None] + step * np.array([-1, 1])).clip(0, np.pi / 2)
        rays = asked.rays(np.repeat(pairs, 2, axis=0), tried.ravel())
        found = np.repeat(distance, 2)
        nearer = np.flatnonzero(asked.turned(rays, found))
        found[nearer] = asked.flip_between(rays[nearer], 0 * found[nearer], found[nearer], 40)
        both = found.reshape(-1, 2)
        best = both.argmin(axis=1)
        better = both[place, best] < distance
        angle = np.where(better, tried[place, best], angle)
        distance = np.where(better, both[place, best], distance)
    return angle, distance


def _pair_table(
    asked: _Answers, pairs: np.ndarray, angle: np.ndarray, distance: np.ndarray, top: int
) -> pd.DataFrame:
    scores = distance[:, None] * pairs[:, 2:] * np.column_stack([np.cos(angle), np.sin(angle)])
    names = np.array(asked.names, dtype=object)
    ends = {}
    for place, word in enumerate(("first", "second")):
        ends[f"{word}_value"] = [
            asked.inputs.at_score(names[i], score)
            for i, score in zip(pairs[:, place], scores[:, place], strict=True)
        ]
        ends[f"{word}_percentile"] = 100 * special.ndtr(scores[:, place])
    table = pd.DataFrame(
        {"first": names[pairs[:, 0]], "second": names[pairs[:, 1]], "distance": distance, **ends}
    )
    table = table.sort_values("distance", kind="stable").drop_duplicates(["first", "second"])
    return table.head(top).reset_index(drop=True)
