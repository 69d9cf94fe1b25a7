"""What a transformer is to a serving model: its shapes, and the counts that follow from them.

Every field is a number or an array; arrays broadcast, so one `Architecture` may hold a million
models. Counts are exact for the shapes given; norms, biases and router scales are left out (below
0.1 per cent of the parameters of the models in the table).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

#: Shape columns a row must fill; the others are nought where blank.
REQUIRED = ("layers", "hidden", "heads", "vocab")


@dataclass(frozen=True)
class Architecture:
    """The shapes of a decoder, as its configuration file names them.

    Attributes
    ----------
    layers, hidden, heads, vocab : float or numpy.ndarray
        Layers, width of the residual stream, query heads, words of the vocabulary.
    kv_heads, head_dim : float or numpy.ndarray
        Heads of keys and values (equal to `heads` in MHA, fewer in GQA) and width of each.
    ffn : float or numpy.ndarray
        Inner width of the dense feed-forward layers.
    gated : float or numpy.ndarray
        1 where the feed-forward has three matrices (SwiGLU), 0 where it has two.
    tied : float or numpy.ndarray
        1 where input and output embeddings are one matrix.
    experts, experts_active, shared_experts, moe_ffn, moe_layers : float or numpy.ndarray
        Routed experts per layer, how many a token takes, experts every token takes, width of one,
        and the layers that have them. All nought in a dense model.
    q_lora_rank, kv_lora_rank, qk_rope_head_dim, qk_nope_head_dim, v_head_dim : float or array
        Multi-head latent attention (DeepSeek-AI 2024); `kv_lora_rank` nought means none.
    window, window_layers : float or numpy.ndarray
        Tokens a sliding-window layer keeps, and how many layers are such.
    """

    layers: Any
    hidden: Any
    heads: Any
    vocab: Any
    kv_heads: Any = 0.0
    head_dim: Any = 0.0
    ffn: Any = 0.0
    gated: Any = 1.0
    tied: Any = 0.0
    experts: Any = 0.0
    experts_active: Any = 0.0
    shared_experts: Any = 0.0
    moe_ffn: Any = 0.0
    moe_layers: Any = 0.0
    q_lora_rank: Any = 0.0
    kv_lora_rank: Any = 0.0
    qk_rope_head_dim: Any = 0.0
    qk_nope_head_dim: Any = 0.0
    v_head_dim: Any = 0.0
    window: Any = 0.0
    window_layers: Any = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            values = np.asarray(getattr(self, field.name), dtype=float)
            lowest = 1.0 if field.name in REQUIRED else 0.0
            if not np.all(np.isfinite(values)) or np.any(values < lowest):
                bad = values[~(np.isfinite(values) & (values >= lowest))].flat[0]
                raise ValueError(
                    f"{field.name}: {bad!r} is not accepted; accepted: a finite number of at "
                    f"least {lowest:g}"
                )
            object.__setattr__(self, field.name, values if values.ndim else float(values))

    @property
    def latent(self) -> Any:
        """True where attention keeps one latent per token (MLA)."""
        return np.asarray(self.kv_lora_rank) > 0

    @property
    def dense_layers(self) -> Any:
        """Layers whose feed-forward is dense."""
        return self.layers - self.moe_layers

    @property
    def attention_params(self) -> Any:
        """Parameters of the attention projections of one layer."""
        grouped = self.hidden * self.head_dim * 2 * (self.heads + self.kv_heads)
        query = np.where(
            np.asarray(self.q_lora_rank) > 0,
            self.q_lora_rank
            * (self.hidden + self.heads * (self.qk_nope_head_dim + self.qk_rope_head_dim)),
            self.hidden * self.heads * (self.qk_nope_head_dim + self.qk_rope_head_dim),
        )
        keys = self.hidden * (self.kv_lora_rank + self.qk_rope_head_dim)
        values = self.kv_lora_rank * self.heads * (self.qk_nope_head_dim + self.v_head_dim)
        output = self.heads * self.v_head_dim * self.hidden
        return np.where(self.latent, query + keys + values + output, grouped)[()]

    @property
    def dense_ffn_params(self) -> Any:
        """Parameters of one dense feed-forward layer."""
        return (2 + self.gated) * self.hidden * self.ffn

    @property
    def expert_params(self) -> Any:
        """Parameters of one expert of one layer."""
        return (2 + self.gated) * self.hidden * self.moe_ffn

    @property
    def router_params(self) -> Any:
        """Parameters of the router of one layer."""
        return self.hidden * self.experts

    @property
    def embedding_params(self) -> Any:
        """Parameters of the input and output embeddings."""
        return self.vocab * self.hidden * (2 - self.tied)

    @property
    def head_params(self) -> Any:
        """Parameters that turn the last layer into probabilities of words."""
        return self.vocab * self.hidden

    @property
    def always_params(self) -> Any:
        """Parameters every token passes through, embeddings left out."""
        return (
            self.layers * self.attention_params
            + self.dense_layers * self.dense_ffn_params
            + self.moe_layers * (self.shared_experts * self.expert_params + self.router_params)
        )

    @property
    def routed_params(self) -> Any:
        """Parameters of all routed experts of all layers."""
        return self.moe_layers * self.experts * self.expert_params

    @property
    def total_params(self) -> Any:
        """All parameters."""
        return self.always_params + self.routed_params + self.embedding_params

    @property
    def active_params(self) -> Any:
        """Parameters a token passes through, with both embeddings, as developers count them."""
        routed = self.moe_layers * self.experts_active * self.expert_params
        return self.always_params + routed + self.embedding_params

    @property
    def cache_width(self) -> Any:
        """Numbers that one layer keeps per token: keys and values, or the latent of MLA."""
        return np.where(
            self.latent,
            self.kv_lora_rank + self.qk_rope_head_dim,
            2.0 * self.kv_heads * self.head_dim,
        )[()]

    def cached_tokens(self, context_tokens: Any) -> Any:
        """Tokens kept, summed over layers: a sliding window keeps no more than its width."""
        context = np.asarray(context_tokens, dtype=float)
        windowed = np.minimum(context, np.where(np.asarray(self.window) > 0, self.window, np.inf))
        return (self.layers - self.window_layers) * context + self.window_layers * windowed

    def cache_bytes(self, context_tokens: Any, bytes_per_number: Any) -> Any:
        """Bytes of cache of one request at a context of so many tokens."""
        return self.cached_tokens(context_tokens) * self.cache_width * bytes_per_number

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Architecture:
        """The architecture of a row of the table `llm_architectures`.

        Raises
        ------
        ValueError
            Where a shape that every model has is missing, by name.
        """
        named = {"gated": "gated_mlp", "tied": "tied_embeddings", "window": "sliding_window"}
        values = {}
        for field in fields(cls):
            value = row.get(named.get(field.name, field.name))
            blank = value is None or value != value
            if blank and field.name in REQUIRED:
                raise ValueError(
                    f"{row.get('model_id', 'the row')}: {field.name} is missing; accepted: a "
                    f"row that fills {', '.join(REQUIRED)}"
                )
            values[field.name] = 0.0 if blank else float(value)  # type: ignore[arg-type]
        return cls(**values)

    @classmethod
    def stack(cls, several: Sequence[Architecture]) -> Architecture:
        """One architecture whose fields are arrays, in the order given."""
        return cls(**{f.name: np.array([getattr(a, f.name) for a in several]) for f in fields(cls)})
