"""Power a chip draws at work, and joules per token: from the chip alone up to the site."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy import optimize

from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_at_least,
    require_share,
)

#: Joules in one kilowatt-hour.
JOULES_PER_KWH = 3.6e6

#: Watts in one megawatt.
WATTS_PER_MW = 1e6


@dataclass(frozen=True)
class PowerDraw:
    """Shares of rated power that a chip draws; a number or an array each.

    A busy chip draws ``min(1, busy + compute * compute_activity + memory * memory_activity)`` of
    its rated power. The form is linear because measured power of serving is nearly so, and capped
    because boards hold themselves to the rating.

    Attributes
    ----------
    idle : float or numpy.ndarray
        With no request in service.
    busy : float or numpy.ndarray
        With kernels running but next to no arithmetic or traffic.
    compute, memory : float or numpy.ndarray
        Added at the full arithmetic rate, and at the full memory bandwidth; at least 0.
    """

    idle: Any
    busy: Any
    compute: Any
    memory: Any

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("idle", "busy"):
                numbers = require_share(field.name, value)
            else:
                numbers = require_at_least(field.name, value, 0, "shares of rated power")
            object.__setattr__(self, field.name, numbers[()])

    def share_of_rated(
        self, compute_activity: Any, memory_activity: Any, busy_share: Any = 1.0
    ) -> Any:
        """Mean share of rated power, idle time included.

        Parameters
        ----------
        compute_activity, memory_activity : array_like
            FLOP/s over peak and bytes/s over bandwidth while busy, from 0 to 1.
        busy_share : array_like
            Share of the time with a request in service.
        """
        compute = require_share("compute_activity", compute_activity)
        memory = require_share("memory_activity", memory_activity)
        in_use = require_share("busy_share", busy_share)
        busy = np.minimum(1.0, self.busy + self.compute * compute + self.memory * memory)
        return (self.idle * (1 - in_use) + busy * in_use)[()]


def chip_power_w(
    tdp_w: Any,
    compute_activity: Any,
    memory_activity: Any,
    *,
    draw: PowerDraw,
    busy_share: Any = 1.0,
) -> Any:
    """Mean power of one chip in watts, host and cooling left out; see `PowerDraw`."""
    rated = require_positive("tdp_w", tdp_w, "watts")
    return rated * draw.share_of_rated(compute_activity, memory_activity, busy_share)


def facility_power_w(power_w: Any, tdp_w: Any, *, server_power_share: Any, pue: Any) -> Any:
    """Power at the meter per chip, in watts: chip, its part of server and network, cooling.

    Parameters
    ----------
    power_w : array_like
        Mean draw of the chip.
    tdp_w : array_like
        Rated power of the chip.
    server_power_share : array_like
        Power of host, memory, fans and network over the chip's rated power; taken as constant,
        because hosts draw nearly the same whatever the chips do.
    pue : array_like
        Power of the site over that of the computers, at least 1.
    """
    chip = require_at_least("power_w", power_w, 0, "watts")
    server = require_at_least("server_power_share", server_power_share, 0, "shares of rated power")
    rated = require_positive("tdp_w", tdp_w, "watts")
    return ((chip + server * rated) * require_at_least("pue", pue, 1, "site over computers"))[()]


def server_power_share(all_in_w: Any, tdp_w: Any, *, pue: Any) -> Any:
    """Host and network over rated power, of a published all-in power that includes cooling.

    Raises
    ------
    ValueError
        Where the all-in power over the PUE is below the rated power of the chip.
    """
    rated = require_positive("tdp_w", tdp_w, "watts")
    computers = require_positive("all_in_w", all_in_w, "watts") / require_at_least(
        "pue", pue, 1, "site over computers"
    )
    return require_at_least("all_in_w / pue / tdp_w", computers / rated, 1, "shares")[()] - 1.0


def joules_per_token(power_w: Any, chips: Any, tokens_per_s: Any) -> Any:
    """Energy of one token in joules: power per chip times chips over tokens per second of all."""
    power = require_at_least("power_w", power_w, 0, "watts per chip")
    return (
        power
        * require_positive("chips", chips, "chips")
        / require_positive("tokens_per_s", tokens_per_s, "tokens per second")
    )[()]


def tokens_per_s_per_mw(power_w: Any, chips: Any, tokens_per_s: Any) -> Any:
    """Tokens per second that one megawatt serves, at a power per chip in watts."""
    rate = require_at_least("tokens_per_s", tokens_per_s, 0, "tokens per second")
    power = require_positive("power_w", power_w, "watts per chip")
    return (WATTS_PER_MW * rate / (power * require_positive("chips", chips, "chips")))[()]


@dataclass(frozen=True)
class RequestEnergy:
    """Joules of one request by phase; the parts add up to power times time.

    Attributes
    ----------
    prefill, decode, idle : float or numpy.ndarray
        `idle` is the request's part of the time in which chips wait for work.
    """

    prefill: Any
    decode: Any
    idle: Any

    @property
    def total(self) -> Any:
        """Joules of one request."""
        return self.prefill + self.decode + self.idle

    def joules_per_output_token(self, output_tokens: Any) -> Any:
        """All energy of the request over its output, the convention of published measurements."""
        return (self.total / require_positive("output_tokens", output_tokens, "tokens"))[()]


def request_energy(
    *,
    prefill_chip_s: Any,
    decode_chip_s: Any,
    prefill_power_w: Any,
    decode_power_w: Any,
    idle_power_w: Any,
    busy_share: Any = 1.0,
) -> RequestEnergy:
    """Joules of one request from chip-seconds and watts at the same boundary.

    Parameters
    ----------
    prefill_chip_s, decode_chip_s : array_like
        Chip-seconds of one request; a batch shares its decode steps.
    prefill_power_w, decode_power_w, idle_power_w : array_like
        Watts per chip in each state, all of the chip or all at the meter.
    busy_share : array_like
        Share of the time with a request in service, above 0. Each busy chip-second carries
        ``1 / busy_share - 1`` idle ones.
    """
    prefill_s, decode_s, prefill_w, decode_w, idle_w, busy = broadcast(
        prefill_chip_s=require_at_least("prefill_chip_s", prefill_chip_s, 0, "chip-seconds"),
        decode_chip_s=require_at_least("decode_chip_s", decode_chip_s, 0, "chip-seconds"),
        prefill_power_w=require_at_least("prefill_power_w", prefill_power_w, 0, "watts"),
        decode_power_w=require_at_least("decode_power_w", decode_power_w, 0, "watts"),
        idle_power_w=require_at_least("idle_power_w", idle_power_w, 0, "watts"),
        busy_share=require_share("busy_share", busy_share, positive=True),
    )
    waiting_s = (prefill_s + decode_s) * (1 / busy - 1)
    return RequestEnergy(
        prefill=(prefill_s * prefill_w)[()],
        decode=(decode_s * decode_w)[()],
        idle=(waiting_s * idle_w)[()],
    )


def fit_power_draw(
    share_of_rated: Any, compute_activity: Any, memory_activity: Any, *, idle: float
) -> PowerDraw:
    """`PowerDraw` of least squares to measured power, with no negative share.

    Parameters
    ----------
    share_of_rated : array_like, shape (n,)
        Measured power over rated power while busy, above 0; at least four rows.
    compute_activity, memory_activity : array_like, shape (n,)
        As in `PowerDraw.share_of_rated`.
    idle : float
        Not identified by busy rows, hence given.

    Raises
    ------
    ValueError
        Where there are fewer than four rows, or the rows cannot tell the shares apart.
    """
    drawn, compute, memory = broadcast(
        share_of_rated=require_positive("share_of_rated", share_of_rated, "shares of rated power"),
        compute_activity=require_share("compute_activity", compute_activity),
        memory_activity=require_share("memory_activity", memory_activity),
    )
    if drawn.ndim != 1 or drawn.size < 4:
        raise ValueError(
            f"share_of_rated: shape {drawn.shape} is not accepted; accepted: at least 4 rows"
        )
    design = np.column_stack([np.ones(drawn.size), compute, memory])
    if np.linalg.matrix_rank(design) < 3:
        raise ValueError(
            "compute_activity and memory_activity do not vary apart; give rows at other batches"
        )
    fit = optimize.lsq_linear(design, drawn, bounds=([0, 0, 0], [1, np.inf, np.inf]))
    return PowerDraw(idle, *(np.maximum(fit.x, 0.0)))
