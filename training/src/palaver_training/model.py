"""The network: a compact dense Qwen3 whose parameter names are those of the public checkpoints."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from palaver_training.shape import Shape


class RMSNorm(nn.Module):
    """Scales the last dimension to root mean square 1, then by a learned weight."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """``x`` (…, size) normalised, in the type of ``x``."""
        wide = x.float()
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return (wide * scale * self.weight).to(x.dtype)


class Attention(nn.Module):
    """Causal grouped-query attention with a norm on each head's query and key."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        queries = shape.num_attention_heads * shape.head_dim
        keys = shape.num_key_value_heads * shape.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, queries, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, keys, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, keys, bias=False)
        self.o_proj = nn.Linear(queries, shape.hidden_size, bias=False)
        self.q_norm = RMSNorm(shape.head_dim, shape.rms_norm_eps)
        self.k_norm = RMSNorm(shape.head_dim, shape.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """``x`` (batch, tokens, hidden) mixed along its tokens."""
        shape = self.shape
        fused = torch.cat((self.q_proj.weight, self.k_proj.weight, self.v_proj.weight))
        heads = functional.linear(x, fused).unflatten(-1, (-1, shape.head_dim))
        q, k, v = heads.split(
            (shape.num_attention_heads, shape.num_key_value_heads, shape.num_key_value_heads),
            dim=2,
        )
        q = rotate(self.q_norm(q), cos, sin)
        k = rotate(self.k_norm(k), cos, sin)
        return cast(Tensor, self.o_proj(attend(q, k, v)))


class FeedForward(nn.Module):
    """The SwiGLU block."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` (batch, tokens, hidden), each token on its own."""
        fused = torch.cat((self.gate_proj.weight, self.up_proj.weight))
        gate, up = functional.linear(x, fused).chunk(2, dim=-1)
        return cast(Tensor, self.down_proj(functional.silu(gate) * up))


class Layer(nn.Module):
    """One pre-norm transformer layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = FeedForward(shape)
        self.input_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """``x`` (batch, tokens, hidden) after attention and feed-forward."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return cast(Tensor, x + self.mlp(self.post_attention_layernorm(x)))


class Trunk(nn.Module):
    """Embedding, layers and final norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        cos, sin = rotary_table(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Final hidden states (batch, tokens, hidden) of ``token_ids`` (batch, tokens)."""
        num_tokens = token_ids.shape[1]
        cos = cast(Tensor, self.cos)[:num_tokens, None]
        sin = cast(Tensor, self.sin)[:num_tokens, None]
        x = self.embed_tokens(token_ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return cast(Tensor, self.norm(x))


class LanguageModel(nn.Module):
    """Qwen3 with its output matrix tied to the embedding.

    ``state_dict`` loads into transformers' ``Qwen3ForCausalLM`` as it is.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.model = Trunk(self.shape)
        deep = (2 * self.shape.num_hidden_layers) ** -0.5
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                last = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.05 * (deep if last else 1.0))

    def forward(self, token_ids: Tensor) -> Tensor:
        """Final hidden states (batch, tokens, hidden); see ``logits``."""
        return cast(Tensor, self.model(token_ids))

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores (…, vocabulary) of the token that follows each hidden state (…, hidden)."""
        return functional.linear(hidden, self.model.embed_tokens.weight)


def rotary_table(shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosines and sines (positions, head_dim) of the rotary position embedding."""
    steps = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angles = torch.outer(
        torch.arange(shape.max_position_embeddings, dtype=torch.float32),
        shape.rope_theta**-steps,
    )
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of queries (batch, tokens, heads, head_dim).

    ``k`` and ``v`` have fewer heads, each shared by a group of queries. Written out, because on
    the CPU it trains faster at these sizes than the fused operator.
    """
    batch, tokens, heads, size = q.shape
    shared = k.shape[2]
    q = q.reshape(batch, tokens, shared, heads // shared, size).permute(0, 2, 3, 1, 4)
    scores = q.flatten(2, 3) @ k.permute(0, 2, 3, 1)
    future = torch.ones(tokens, tokens, dtype=torch.bool, device=q.device).triu(1)
    scores = (scores.unflatten(2, (-1, tokens)).float() * size**-0.5).masked_fill(
        future, float("-inf")
    )
    weights = scores.softmax(-1).to(v.dtype).flatten(2, 3)
    mixed = (weights @ v.transpose(1, 2)).unflatten(2, (-1, tokens))
    return mixed.permute(0, 3, 1, 2, 4).reshape(batch, tokens, heads * size)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """``x`` (batch, tokens, heads, head_dim) turned by its position."""
    left, right = x.chunk(2, dim=-1)
    return (x * cos + torch.cat((-right, left), dim=-1) * sin).to(x.dtype)
