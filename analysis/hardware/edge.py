"""What fits on a phone, a laptop, a workstation, a server or a small site, and how fast it is.

Decoding reads every weight a token passes through and the cache of its request, so memory decides
what fits and bandwidth decides how fast it can be. The speed is a bound scaled by a measured
efficiency; software overhead per step and heat are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.hardware.architecture import Architecture
from analysis.hardware.work import touched_experts
from analysis.scaling_laws.checks import require_positive
from analysis.test_time_compute.checks import (
    broadcast,
    require_above,
    require_at_least,
    require_counts,
    require_share,
)

JOULES_PER_WATT_HOUR = 3600.0


@dataclass(frozen=True)
class Storage:
    """Bytes per number of weights and of cache.

    Attributes
    ----------
    weight_bytes, cache_bytes : float or numpy.ndarray
        Quantised formats carry scales: a 4-bit format takes 0.53 to 0.6 bytes per weight.
    """

    weight_bytes: Any
    cache_bytes: Any

    def __post_init__(self) -> None:
        require_positive("weight_bytes", self.weight_bytes, "bytes per number")
        require_positive("cache_bytes", self.cache_bytes, "bytes per number")


def memory_needed_bytes(
    model: Architecture, storage: Storage, context_tokens: Any, requests: Any = 1
) -> Any:
    """Bytes of all weights, and of the cache of so many requests at a context.

    Parameters
    ----------
    model : Architecture
    storage : Storage
    context_tokens : array_like
        Tokens of each request, input and output, at least 0.
    requests : array_like
        Requests held at once, whole.
    """
    context = require_at_least("context_tokens", context_tokens, 0, "tokens")
    held = require_counts("requests", requests)
    cache = model.cache_bytes(context, storage.cache_bytes)
    return (model.total_params * storage.weight_bytes + held * cache)[()]


def usable_bytes(memory_bytes: Any, usable_share: Any) -> Any:
    """Memory that weights and cache may take; the rest is the system's and the program's."""
    memory = require_positive("memory_bytes", memory_bytes, "bytes")
    return (memory * require_share("usable_share", usable_share, positive=True))[()]


def largest_context(
    model: Architecture, storage: Storage, memory_bytes: Any, usable_share: Any, requests: Any = 1
) -> Any:
    """Tokens of context each request can have once the weights are in memory.

    Returns
    -------
    float or numpy.ndarray
        0 where the weights alone do not fit; infinite where every layer has a window and the
        windows fit.
    """
    held = require_counts("requests", requests)
    left = usable_bytes(memory_bytes, usable_share) - model.total_params * storage.weight_bytes
    per_number = np.asarray(model.cache_width * storage.cache_bytes * held, dtype=float)
    layers, windowed, window, kept = broadcast(
        layers=model.layers,
        window_layers=model.window_layers,
        window=np.where(np.asarray(model.window) > 0, model.window, np.inf),
        cached=np.maximum(left, 0.0) / per_number,
    )
    within = kept / layers
    growing = layers - windowed
    full = np.multiply(windowed, window, out=np.zeros(kept.shape), where=windowed > 0)
    beyond = np.divide(
        kept - full, growing, out=np.full(kept.shape, np.inf), where=(growing > 0) & (full < np.inf)
    )
    return np.where((within <= window) | (windowed == 0), within, beyond)[()]


def experts_read(experts: Any, experts_active: Any, tokens: Any) -> Any:
    """Experts of a layer that a step reads when so many tokens each take some at random.

    Expected number of distinct ones, ``E (1 - (1 - k / E) ** tokens)``; 0 in a dense model. Real
    routing is less even, and then fewer are read.
    """
    total, active, batch = broadcast(
        experts=require_at_least("experts", experts, 0, "experts"),
        experts_active=require_at_least("experts_active", experts_active, 0, "experts"),
        tokens=require_counts("tokens", tokens),
    )
    if np.any((active > total) & (total > 0)):
        raise ValueError("experts_active: more than experts; accepted: at most as many")
    return touched_experts(total, active, batch)[()]


def bytes_per_step(
    model: Architecture, storage: Storage, context_tokens: Any, requests: Any = 1
) -> Any:
    """Bytes one decode step reads for so many requests at a context.

    Weights of all layers and of the output head, the experts the batch touches, and each
    request's cache; of the input embedding only a row per request, which is left out.
    """
    context = require_at_least("context_tokens", context_tokens, 0, "tokens")
    held = require_counts("requests", requests)
    touched = experts_read(model.experts, model.experts_active, held)
    weights = model.always_params + model.head_params
    weights = weights + model.moe_layers * touched * model.expert_params
    cache = held * model.cache_bytes(context, storage.cache_bytes)
    return (weights * storage.weight_bytes + cache)[()]


def decode_tokens_per_s(
    model: Architecture,
    storage: Storage,
    memory_bytes_per_s: Any,
    efficiency: Any,
    context_tokens: Any,
    requests: Any = 1,
) -> Any:
    """Tokens per second of all requests together that bandwidth allows.

    Parameters
    ----------
    model : Architecture
    storage : Storage
    memory_bytes_per_s : array_like
        Rated bandwidth.
    efficiency : array_like
        Share of it that decoding reaches, above 0 and at most 1; 1 gives the bound.
    context_tokens, requests : array_like

    Returns
    -------
    float or numpy.ndarray
        Holds while bandwidth binds, that is for few requests.
    """
    rate = require_positive("memory_bytes_per_s", memory_bytes_per_s, "bytes/s")
    share = require_share("efficiency", efficiency, positive=True)
    held = require_counts("requests", requests)
    return (held * rate * share / bytes_per_step(model, storage, context_tokens, held))[()]


def bandwidth_efficiency(
    model: Architecture,
    storage: Storage,
    memory_bytes_per_s: Any,
    measured_tokens_per_s: Any,
    context_tokens: Any,
    requests: Any = 1,
) -> Any:
    """Share of the rated bandwidth that a measured decode rate implies.

    Raises
    ------
    ValueError
        Where it is above 1: the run read fewer bytes than stated (quantised, or speculative).
    """
    measured = require_positive("measured_tokens_per_s", measured_tokens_per_s, "tokens/s")
    bound = decode_tokens_per_s(model, storage, memory_bytes_per_s, 1, context_tokens, requests)
    return require_share("measured over the bound of bandwidth", measured / bound, positive=True)[
        ()
    ]


def joules_per_token(power_w: Any, tokens_per_s: Any) -> Any:
    """Energy per token at a power drawn while decoding, in joules."""
    power = require_positive("power_w", power_w, "W")
    return (power / require_positive("tokens_per_s", tokens_per_s, "tokens/s"))[()]


def tokens_per_charge(battery_wh: Any, power_w: Any, tokens_per_s: Any) -> Any:
    """Tokens a full battery decodes when nothing else draws on it."""
    battery = require_positive("battery_wh", battery_wh, "Wh")
    return (battery * JOULES_PER_WATT_HOUR / joules_per_token(power_w, tokens_per_s))[()]


@dataclass(frozen=True)
class Site:
    """What a power connection carries.

    Attributes
    ----------
    chips, domains, copies : numpy.ndarray or float
        Chips it can power, whole scale-up domains among them, and copies of a model.
    memory_bytes : numpy.ndarray or float
        Memory of the chips in whole domains.
    """

    chips: Any
    domains: Any
    copies: Any
    memory_bytes: Any


def site(
    power_w: Any,
    chip_power_w: Any,
    domain_chips: Any,
    chip_memory_bytes: Any,
    usable_share: Any,
    needed_bytes: Any,
) -> Site:
    """Chips, domains and copies of a model at a site.

    Parameters
    ----------
    power_w : array_like
        Power of the connection.
    chip_power_w : array_like
        Power per chip at the meter: server, network, cooling and losses included.
    domain_chips : array_like
        Chips that share one scale-up domain and are bought together.
    chip_memory_bytes, usable_share : array_like
    needed_bytes : array_like
        Memory of one copy with its requests; a copy may not span domains.

    Raises
    ------
    ValueError
        Where a copy does not fit in a domain: says how many chips would hold it.
    """
    supply = require_positive("power_w", power_w, "W")
    draw = require_positive("chip_power_w", chip_power_w, "W")
    size = require_counts("domain_chips", domain_chips)
    per_chip = np.asarray(usable_bytes(chip_memory_bytes, usable_share))
    needed = require_above("needed_bytes", needed_bytes, 0, "bytes")
    chips_each = np.ceil(needed / per_chip)
    if np.any(chips_each > size):
        most = float(np.max(np.where(chips_each > size, chips_each, 0)))
        raise ValueError(
            f"needed_bytes: a copy takes {most:g} chips and a domain has fewer; accepted: a copy "
            "that fits a domain (shorter context, fewer bytes per number, or a larger domain)"
        )
    domains = np.floor(np.floor(supply / draw) / size)
    chips = domains * size
    copies = domains * np.floor(size / chips_each)
    return Site(chips, domains, copies, chips * np.asarray(chip_memory_bytes, dtype=float))


def what_fits(
    models: Mapping[str, Architecture],
    devices: pd.DataFrame,
    storage: Storage,
    context_tokens: float,
    *,
    efficiency: float,
) -> pd.DataFrame:
    """Every model on every device: does it fit, and how fast may it decode.

    Parameters
    ----------
    models : mapping
        ``model_id`` -> architecture.
    devices : DataFrame
        ``device_id``, ``memory_gb``, ``memory_bandwidth_gbps``, ``usable_share``; ``power_w``
        where known. Chips that share a model are one device: memory and bandwidth are theirs
        together.
    storage : Storage
    context_tokens : float
    efficiency : float
        Share of the bandwidth reached.

    Returns
    -------
    DataFrame
        ``device_id``, ``model_id``, ``total_params``, ``needed_gb``, ``usable_gb``, ``fits``,
        ``largest_context``, ``tokens_per_s`` (blank where it does not fit, or where the bandwidth
        is not known) and ``joules_per_token`` (blank where the power is not known).
    """
    needed = ["device_id", "memory_gb", "usable_share", "memory_bandwidth_gbps"]
    missing = [column for column in needed if column not in devices]
    if missing or devices.empty or not models:
        raise ValueError(f"devices lack {missing}, or there is none, or no model; need {needed}")
    found = []
    for device in devices.to_dict("records"):
        usable = usable_bytes(device["memory_gb"] * 1e9, device["usable_share"])
        power = device.get("power_w", np.nan)
        for name, model in models.items():
            bytes_needed = memory_needed_bytes(model, storage, context_tokens)
            fits = bool(bytes_needed <= usable)
            speed = energy = np.nan
            if fits and device["memory_bandwidth_gbps"] > 0:
                rate = device["memory_bandwidth_gbps"] * 1e9
                speed = decode_tokens_per_s(model, storage, rate, efficiency, context_tokens)
                energy = joules_per_token(power, speed) if power > 0 else np.nan
            found.append(
                {
                    "device_id": device["device_id"],
                    "model_id": name,
                    "total_params": model.total_params,
                    "needed_gb": bytes_needed / 1e9,
                    "usable_gb": usable / 1e9,
                    "fits": fits,
                    "largest_context": largest_context(
                        model, storage, device["memory_gb"] * 1e9, device["usable_share"]
                    ),
                    "tokens_per_s": speed,
                    "joules_per_token": energy,
                }
            )
    return pd.DataFrame(found)


def largest_that_fits(fitted: pd.DataFrame) -> pd.DataFrame:
    """Of `what_fits`, the model of most parameters that fits each device.

    A device that holds none is there with ``model_id`` blank and the smallest need in
    ``needed_gb``.
    """
    found = []
    for _, group in fitted.groupby("device_id", sort=False):
        fitting = group[group["fits"]]
        if fitting.empty:
            least = group.loc[group["needed_gb"].idxmin()]
            found.append({**least.to_dict(), "model_id": ""})
        else:
            found.append(fitting.loc[fitting["total_params"].idxmax()].to_dict())
    return pd.DataFrame(found)
