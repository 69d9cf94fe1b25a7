"""The peers written anew here, by name: a decode step and the prefill of one prompt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from peers.closed_forms import (
    kipply_decode_seconds,
    kipply_prefill_seconds,
    roofline_decode_seconds,
    roofline_prefill_seconds,
)
from peers.erdil import erdil_decode_seconds, erdil_prefill_seconds
from peers.llm_viewer import llm_viewer_decode_seconds, llm_viewer_prefill_seconds
from peers.points import Points


class Peer(NamedTuple):
    """A peer's decode step and its prefill of one prompt, in seconds."""

    decode: Callable[[Points], Any]
    prefill: Callable[[Points], Any]


def _erdil_final(points: Points) -> Any:
    return erdil_decode_seconds(points, layout="final")


PEERS: dict[str, Peer] = {
    "naive roofline": Peer(roofline_decode_seconds, roofline_prefill_seconds),
    "kipply 2022": Peer(kipply_decode_seconds, kipply_prefill_seconds),
    "Erdil 2025, paper": Peer(erdil_decode_seconds, erdil_prefill_seconds),
    "Erdil 2025, final": Peer(_erdil_final, erdil_prefill_seconds),
    "LLM-Viewer": Peer(llm_viewer_decode_seconds, llm_viewer_prefill_seconds),
}


def token_seconds(peer: Peer, points: Points) -> tuple[Any, Any, Any]:
    """Seconds per output token, those of the step alone, and of one prompt; shape (n,).

    The prefill of the other requests is shared out over the output: batch x prefill of one
    prompt / output tokens. Without it every peer is further off.
    """
    step = peer.decode(points)
    prompt = peer.prefill(replace(points, batch=np.ones_like(points.batch)))
    return step + points.batch * prompt / points.output_tokens, step, prompt
