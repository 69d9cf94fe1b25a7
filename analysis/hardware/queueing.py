"""Latency of a batching server under random arrivals, and the largest load within a target.

The server runs up to `max_batch` requests at once, one token each per step, and takes in those
that wait between steps; their prefill lengthens the step they join. Requests in service form a
birth-death chain with a departure rate that depends on the batch (processor sharing), which does
not depend on the distribution of output lengths while nobody waits (Cohen 1979); waiting for a
place is corrected for variability (Allen 1990, formula of Allen and Cunneen). Not covered: prompts
longer than a step's budget, preemption for want of memory, routing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from analysis.hardware.arrivals import embedded_log_ratio, gated_wait, mixed_percentile
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_counts,
)
from analysis.uncertainty import require_level

# States summed: all up to a batch of about 64, then half a standard deviation apart.
_NODES = 128
_CONFIGURATIONS_AT_ONCE = 256
_LOAD_HALVINGS = 24
_LOWEST_LOAD, _HIGHEST_LOAD = 1e-6, 0.9999
# Arguments of a server, in order, and the least of each.
_GIVEN = dict.fromkeys(("prefill_s", "output_tokens", "max_batch"), 1) | {"prefill_s": 0}
_GIVEN |= dict.fromkeys(("arrival_scv", "output_scv", "prefill_scv"), 0)
_BOUNDS = np.array(["capacity", "ttft", "tpot", "ttft when idle", "tpot when idle"])


@dataclass(frozen=True)
class ServiceLevel:
    """What users of a server see; fields have the shape of the configurations.

    Attributes
    ----------
    requests_per_s, load : numpy.ndarray
        Arrival rate, and that over the rate of departures at the full batch.
    tokens_per_s : numpy.ndarray
        Output tokens of all users.
    running, waiting : numpy.ndarray
        Mean requests in the batch, and in the queue for it.
    wait_share : numpy.ndarray
        Share of arrivals that find the batch full.
    ttft_s, ttft_percentile_s : numpy.ndarray
        Time to first token, mean and percentile: queue, the step under way, prefill.
    tpot_s, tpot_percentile_s : numpy.ndarray
        Time per further output token: mean, and percentile over the batches that requests join
        (a long request averages over later batches, so its own percentile lies closer in).
    """

    requests_per_s: Any
    load: Any
    tokens_per_s: Any
    running: Any
    waiting: Any
    wait_share: Any
    ttft_s: Any
    ttft_percentile_s: Any
    tpot_s: Any
    tpot_percentile_s: Any


@dataclass(frozen=True)
class LargestLoad:
    """The largest arrival rate within the targets (0 where even a lone request misses one).

    ``bound_by`` says what stops a larger one: ``ttft``, ``tpot`` or ``capacity``, or
    ``ttft when idle`` and ``tpot when idle`` where no load will do.
    """

    requests_per_s: Any
    load: Any
    bound_by: Any


def linear_step_s(fixed_s: Any, per_request_s: Any, max_batch: int) -> np.ndarray:
    """Decode steps of ``fixed_s + per_request_s * batch`` at batches 1 to `max_batch`.

    In seconds, of shape (..., max_batch) for the shape of the two arguments together.
    """
    fixed = require_at_least("fixed_s", fixed_s, 0, "seconds")[..., None]
    slope = require_at_least("per_request_s", per_request_s, 0, "seconds per request")[..., None]
    batch = np.arange(1, int(require_counts("max_batch", max_batch)) + 1)
    return require_positive("fixed_s + per_request_s", fixed + slope * batch, "seconds")


def service_level(
    step_s: Any,
    *,
    requests_per_s: Any,
    prefill_s: Any,
    output_tokens: Any,
    max_batch: Any = None,
    arrival_scv: Any = 1.0,
    output_scv: Any = 1.0,
    prefill_scv: Any = 0.0,
    percentile: float = 0.95,
) -> ServiceLevel:
    """Steady state of a server at an arrival rate.

    Parameters
    ----------
    step_s : array_like, shape (..., b)
        Seconds of a decode step at batches 1 to b, above 0 and not falling with the batch.
    requests_per_s : array_like
        Arrivals, above 0 and below the capacity.
    prefill_s : array_like
        Mean seconds that the prefill of one request takes of the server, at least 0.
    output_tokens : array_like
        Mean output per request, at least 1; the first token comes with the prefill.
    max_batch : array_like, optional
        Requests served at once, from 1 to b; by default b.
    arrival_scv, output_scv, prefill_scv : array_like
        Variance over squared mean of the gaps between arrivals (1 is Poisson, above 1 bursty), of
        output tokens and of prefill seconds.
    percentile : float
        Of the percentile fields, between 0 and 1.

    Raises
    ------
    ValueError
        With the argument and what is accepted; a load of 1 or more is refused with the capacity.
    """
    require_level(percentile)
    rate = require_positive("requests_per_s", requests_per_s, "requests per second")
    given = (prefill_s, output_tokens, max_batch, arrival_scv, output_scv, prefill_scv)
    shape, blocks = _blocks(step_s, given, [rate])
    parts = []
    for server, (lam,) in blocks:
        full = np.flatnonzero(lam >= server.capacity)
        if full.size:
            raise ValueError(
                f"requests_per_s: {lam[full[0]]!r} is not accepted; accepted: below the capacity "
                f"of {server.capacity[full[0]]:.6g} requests per second; add servers"
            )
        parts.append(server.level(lam, percentile))
    columns = [[getattr(part, f.name) for part in parts] for f in fields(ServiceLevel)]
    return ServiceLevel(*(np.concatenate(column).reshape(shape)[()] for column in columns))


def capacity_requests_per_s(
    step_s: Any, *, prefill_s: Any, output_tokens: Any, max_batch: Any = None
) -> Any:
    """Departures per second at the full batch: no queue is stable above. See `service_level`."""
    shape, blocks = _blocks(step_s, (prefill_s, output_tokens, max_batch, 1, 1, 0), [])
    return np.concatenate([server.capacity for server, _ in blocks]).reshape(shape)[()]


def largest_load(
    step_s: Any,
    *,
    ttft_target_s: Any,
    tpot_target_s: Any,
    prefill_s: Any,
    output_tokens: Any,
    max_batch: Any = None,
    arrival_scv: Any = 1.0,
    output_scv: Any = 1.0,
    prefill_scv: Any = 0.0,
    percentile: float = 0.95,
    tpot_at_percentile: bool = False,
) -> LargestLoad:
    """Largest arrival rate at which both targets hold.

    Targets are in seconds, above 0 (infinite for none): on the percentile of time to first token,
    and on the mean time per output token, or its percentile with `tpot_at_percentile`. Other
    parameters as in `service_level`.
    """
    require_level(percentile)
    targets = [
        require_above("ttft_target_s", ttft_target_s, 0, "seconds", infinite=True),
        require_above("tpot_target_s", tpot_target_s, 0, "seconds", infinite=True),
    ]
    given = (prefill_s, output_tokens, max_batch, arrival_scv, output_scv, prefill_scv)
    shape, blocks = _blocks(step_s, given, targets)
    parts = [
        server.largest_load(ttft, tpot, percentile, tpot_at_percentile)
        for server, (ttft, tpot) in blocks
    ]
    loads, rates, bounds = (np.concatenate(p).reshape(shape)[()] for p in zip(*parts, strict=True))
    return LargestLoad(requests_per_s=rates, load=loads, bound_by=bounds)


@dataclass
class _Server:
    """A block of configurations: one row each, states of the chain along the columns."""

    step: np.ndarray
    prefill: np.ndarray
    output: np.ndarray
    most: np.ndarray
    arrival_scv: np.ndarray
    output_scv: np.ndarray
    prefill_scv: np.ndarray

    def __post_init__(self) -> None:
        count = np.arange(1, self.step.shape[1] + 1)
        # Who joins a step does not decode in it: of a batch b that is b / L, and of a lone request
        # all its first step.
        slope = np.diff(self.step, axis=1, prepend=self.step[:, :1])
        decoding = np.maximum(self.step - slope * count / self.output[:, None], self.step[:, :1])
        steps = np.where(self.output[:, None] > 1, self.output[:, None] - 1 / count, 0.0)
        held = steps * decoding + count * self.prefill[:, None]
        most = self.most.astype(int)[:, None]
        nodes = np.rint((np.arange(_NODES + 1) / _NODES) ** 2 * most).astype(int)
        nodes[:, 1:-1] = np.minimum(nodes[:, 1:-1], most - 1)
        nodes = np.concatenate([nodes[:, :-1], most - 1, nodes[:, -1:]], axis=1)
        self.nodes = nodes.astype(float)
        summed = np.pad(np.cumsum(np.log(count / held), axis=1), ((0, 0), (1, 0)))
        self.node_log_rate = np.diff(np.take_along_axis(summed, nodes, axis=1), axis=1)
        self.gaps = np.diff(self.nodes, axis=1)
        self.node_step = np.take_along_axis(np.pad(self.step, ((0, 0), (1, 0))), nodes, axis=1)
        self.node_held = np.take_along_axis(held, np.minimum(nodes, most - 1), axis=1)
        edges = np.pad(self.gaps, ((0, 0), (1, 1)))
        self.widths = (edges[:, 1:] + edges[:, :-1]) / 2
        self.widths[:, [0, -1]] += 0.5
        self.capacity = self.most / self.node_held[:, -1]
        # Only the decoding of a request varies with its output; its own prefill does not.
        own = self.prefill / self.node_held[:, -1]
        self.service_scv = self.output_scv * (1 - own) ** 2 + self.prefill_scv * own**2

    def level(self, lam: np.ndarray, percentile: float, tails: bool = True) -> ServiceLevel:
        """`ServiceLevel` of each row at its arrival rate; percentile of tokens only with tails."""
        load = lam / self.capacity
        chance, full, decay = self._seen_by_arrivals(lam, load)
        queue_rate = self.capacity * (1 - decay)
        queue_rate *= (self.arrival_scv + 1) / np.maximum(self.arrival_scv + self.service_scv, 1e-9)
        in_service = (chance * self.node_held).sum(axis=1) + full * self.node_held[:, -1]
        joined = (chance * (self.nodes + 1)).sum(axis=1) + full * self.most
        served, spread, late = self._first_token(lam, chance, full)
        further = np.maximum(self.output - 1 / joined, 1e-12)
        tpot = np.where(self.output > 1, (in_service - self.prefill) / further, 0.0)
        tpot_tail = self._token_percentile(chance, percentile) if tails else tpot
        return ServiceLevel(
            requests_per_s=lam,
            load=load,
            tokens_per_s=lam * self.output,
            running=lam * in_service,
            waiting=full * lam / queue_rate,
            wait_share=full,
            ttft_s=(1 - full) * served + full * (late + 1 / queue_rate),
            ttft_percentile_s=mixed_percentile(served, spread, late, queue_rate, full, percentile),
            tpot_s=np.maximum(tpot, 0.0),
            tpot_percentile_s=np.where(self.output > 1, tpot_tail, 0.0),
        )

    def largest_load(
        self, ttft_s: np.ndarray, tpot_s: np.ndarray, percentile: float, tails: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Load, arrival rate and reason of each row, by halving."""

        def missed(load: np.ndarray) -> np.ndarray:
            level = self.level(load * self.capacity, percentile, tails)
            tpot = level.tpot_percentile_s if tails else level.tpot_s
            return np.where(level.ttft_percentile_s > ttft_s, 1, np.where(tpot > tpot_s, 2, 0))

        low, high = np.full(ttft_s.shape, _LOWEST_LOAD), np.full(ttft_s.shape, _HIGHEST_LOAD)
        at_rest, why = missed(low), missed(high)
        unbound = why == 0
        for _ in range(_LOAD_HALVINGS):
            middle = (low + high) / 2
            found = missed(middle)
            low, high = np.where(found, low, middle), np.where(found, middle, high)
            why = np.where(found, found, why)
        load = np.where(at_rest > 0, 0.0, np.where(unbound, _HIGHEST_LOAD, low))
        bound = np.where(at_rest > 0, at_rest + 2, np.where(unbound, 0, why))
        return load, load * self.capacity, _BOUNDS[bound]

    def _seen_by_arrivals(
        self, lam: np.ndarray, load: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Chance of each node below the full batch, of a full batch, and decay of the queue."""
        ratios = self.gaps * np.log(lam)[:, None] - self.node_log_rate
        steps = embedded_log_ratio(ratios, self.gaps, self.arrival_scv)
        decay = np.exp(
            embedded_log_ratio(np.log(load)[:, None], np.ones((len(lam), 1)), self.arrival_scv)
        )[:, 0]
        logs = np.cumsum(np.pad(steps, ((0, 0), (1, 0))), axis=1)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        tail = weights[:, -1] / (1 - decay)
        weights *= self.widths
        weights[:, -1] = 0.0
        total = weights.sum(axis=1) + tail
        return weights / total[:, None], tail / total, decay

    def _first_token(
        self, lam: np.ndarray, chance: np.ndarray, full: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and variance of the time to first token with a place free, and mean after a wait."""
        room = np.maximum(1 - full, 1e-12)
        step = (chance * self.node_step).sum(axis=1) / room
        spread = np.maximum((chance * self.node_step**2).sum(axis=1) / room - step**2, 0.0)
        scvs = self.prefill_scv, self.arrival_scv
        mean, variance = gated_wait(lam, step, spread, self.prefill, *scvs)
        # A place falls free as a step ends, so those who waited have no step to sit out.
        return mean, variance, self.prefill + self.node_step[:, -2] / (1 - lam * self.prefill)

    def _token_percentile(self, chance: np.ndarray, percentile: float) -> np.ndarray:
        met = np.cumsum(chance, axis=1)
        reached = met >= percentile
        reached[:, -1] = True
        joined = np.minimum(self.nodes + 1, self.most[:, None])
        per_token = (self.node_held - self.prefill[:, None]) / np.maximum(
            self.output[:, None] - 1 / joined, 1e-12
        )
        return np.take_along_axis(per_token, reached.argmax(axis=1)[:, None], axis=1)[:, 0]


def _blocks(
    step_s: Any, given: tuple[Any, ...], extra: list[np.ndarray]
) -> tuple[tuple[int, ...], Iterator[tuple[_Server, list[np.ndarray]]]]:
    """The shape of the configurations, and blocks of them with the extra arguments."""
    step = require_positive("step_s", step_s, "seconds")
    if step.ndim < 1 or step.size == 0:
        raise ValueError(f"step_s: shape {step.shape} is not accepted; accepted: (..., batches)")
    if np.any(np.diff(step, axis=-1) < 0):
        raise ValueError("step_s falls as the batch grows; accepted: times that do not fall")
    batches = step.shape[-1]
    named = dict(zip(_GIVEN, given, strict=True))
    for name, lowest in _GIVEN.items():
        value = batches if named[name] is None else named[name]
        highest = batches if name == "max_batch" else np.inf
        named[name] = require_at_least(name, value, lowest, "the unit stated", highest=highest)
    require_counts("max_batch", named["max_batch"])
    table, *flat = broadcast(
        step_s=step[..., 0], **named, **{f"extra_{i}": value for i, value in enumerate(extra)}
    )
    shape = table.shape
    if np.any((flat[0] == 0) & (flat[1] == 1)):
        raise ValueError("prefill_s: 0.0 with output_tokens of 1 is not accepted; no work is left")
    steps = np.broadcast_to(step, (*shape, batches)).reshape(-1, batches)
    flat = [values.reshape(-1) for values in flat]

    def rows() -> Iterator[tuple[_Server, list[np.ndarray]]]:
        for start in range(0, len(steps), _CONFIGURATIONS_AT_ONCE):
            part = slice(start, start + _CONFIGURATIONS_AT_ONCE)
            chosen = [values[part] for values in flat]
            yield _Server(steps[part], *chosen[:6]), chosen[6:]

    return shape, rows()
