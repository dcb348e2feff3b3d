"""The thinker's arithmetic written for training on a CPU: padded batches, bfloat16.

The parameters are those of transformers' modules, so what is learned loads into them as it is;
``python -m training.multimodal.export`` compares both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from training.model import Trunk
from training.multimodal.batch import Heard, Inputs, Seen
from training.multimodal.model import CHECKPOINT_FOLDER, new_thinker
from training.shape import Shape


class Network(nn.Module):
    """The thinker of :func:`training.multimodal.model.new_thinker`, computed faster.

    Args:
        tokenizer: Names the tokens that stand for media.
        folder: Holds the weights to begin with.
    """

    def __init__(self, tokenizer: Tokenizer, folder: Path = CHECKPOINT_FOLDER) -> None:
        super().__init__()
        thinker = new_thinker(tokenizer, folder)
        self.visual, self.audio_tower = thinker.visual, thinker.audio_tower
        self.model = Trunk(Shape())
        self.model.load_state_dict(thinker.model.state_dict())

    def forward(self, inputs: Inputs) -> Tensor:
        """``[B, T, hidden size]`` in front of the head."""
        x = self.model.embed_tokens(inputs.token_ids)
        deep: list[Tensor] = []
        if inputs.seen is not None:
            found, *deep = self.see(inputs.seen)
            x = x.masked_scatter(inputs.is_seen[:, :, None], found.to(x.dtype))
            deep = [
                torch.zeros_like(x).masked_scatter(inputs.is_seen[:, :, None], feature.to(x.dtype))
                for feature in deep
            ]
        if inputs.heard is not None:
            heard = self.hear(inputs.heard).to(x.dtype)
            x = x.masked_scatter(inputs.is_heard[:, :, None], heard)
        cos, sin = self._rotary(inputs.positions)
        for i, layer in enumerate(self.model.layers):
            x = layer(x, cos, sin)
            if i < len(deep):
                x = x + deep[i]
        return cast(Tensor, self.model.norm(x))

    def read(self, token_ids: Tensor) -> Tensor:
        """``[B, T, hidden size]`` of conversations without media."""
        num = token_ids.shape[1]
        positions = torch.arange(num).expand(3, 1, num)
        nothing = torch.zeros_like(token_ids, dtype=torch.bool)
        return cast(
            Tensor, self(Inputs(token_ids, positions, nothing, None, nothing, None, nothing))
        )

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores (…, vocabulary) of the token that follows each hidden state."""
        return functional.linear(hidden, self.model.embed_tokens.weight)

    def see(self, seen: Seen) -> list[Tensor]:
        """``[tokens, hidden size]`` of all pictures, then what is added in the first layers."""
        tower, deep = self.visual, []
        for i, x in enumerate(self._layers_of(seen)):
            if i in tower.deepstack_visual_indexes:
                k = tower.deepstack_visual_indexes.index(i)
                deep.append(tower.merger_list[k](x))
        return [tower.merger(x), *deep]

    def patches_of(self, seen: Seen) -> Tensor:
        """``[patches, size]`` of all pictures behind the last layer."""
        *_, last = self._layers_of(seen)
        return last

    def _layers_of(self, seen: Seen) -> Iterator[Tensor]:
        tower = self.visual
        proj = tower.patch_embed.proj
        x = functional.linear(seen.patches, proj.weight.flatten(1), proj.bias)
        corners = functional.embedding(seen.corners, tower.pos_embed.weight)
        x = x + (corners * seen.shares[..., None]).sum(1)
        cos, sin = _cos_sin(seen.angles)
        for block in tower.blocks:
            x = see_block(block, x, cos, sin, seen.groups)
            yield x

    def hear(self, heard: Heard) -> Tensor:
        """``[tokens, hidden size]`` of all sounds."""
        tower = self.audio_tower
        x, ends = heard.mel[:, None], heard.ends()
        for conv in (tower.conv2d1, tower.conv2d2, tower.conv2d3):
            x, ends = functional.gelu(conv(x)), (ends - 1) // 2 + 1
            # The model is fed a short sound without the silence that fills its second here.
            x = x * (torch.arange(x.shape[-1]) < ends[:, None])[:, None, None]
        x = tower.conv_out(x.permute(0, 3, 1, 2).flatten(2))
        x = x + tower.positional_embedding.positional_embedding[: x.shape[1]]
        bias = _bias(heard.is_token)
        for layer in tower.layers:
            x = hear_block(layer, x, bias)
        x = tower.ln_post(x[heard.is_token])
        return cast(Tensor, tower.proj2(tower.act(tower.proj1(x))))

    def _rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines ``[B, T, 1, head_dim]``; time, row and column take turns in them."""
        cos, sin = cast(Tensor, self.model.cos)[positions], cast(Tensor, self.model.sin)[positions]
        return tuple(_interleaved(table)[:, :, None] for table in (cos, sin))  # type: ignore[return-value]


def see_block(block: Any, x: Tensor, cos: Tensor, sin: Tensor, groups: Sequence[Tensor]) -> Tensor:
    """One layer that sees, ``x`` being ``[patches, size]``; pictures of one size attend at once."""
    attn = block.attn
    q, k, v = attn.qkv(block.norm1(x)).unflatten(-1, (3, attn.num_heads, -1)).unbind(1)
    heads = torch.cat((turn(q, cos, sin), turn(k, cos, sin), v), dim=-1)
    mixed = [
        mix(*heads[places.flatten()].unflatten(0, places.shape).chunk(3, dim=-1)).flatten(0, 1)
        for places in groups
    ]
    order = torch.cat([places.flatten() for places in groups]).argsort()
    x = x + attn.proj(torch.cat(mixed)[order])
    wide = functional.gelu(block.mlp.linear_fc1(block.norm2(x)), approximate="tanh")
    return cast(Tensor, x + block.mlp.linear_fc2(wide))


def hear_block(layer: Any, x: Tensor, bias: Tensor) -> Tensor:
    """One layer that hears, ``x`` being ``[seconds, tokens, size]``."""
    attn = layer.self_attn
    y = layer.self_attn_layer_norm(x)
    weight = torch.cat((attn.q_proj.weight, attn.k_proj.weight, attn.v_proj.weight))
    offset = torch.cat((attn.q_proj.bias, attn.k_proj.bias, attn.v_proj.bias))
    q, k, v = functional.linear(y, weight, offset).unflatten(-1, (3, attn.num_heads, -1)).unbind(2)
    x = x + attn.out_proj(mix(q, k, v, bias))
    wide = functional.gelu(layer.fc1(layer.final_layer_norm(x)))
    return cast(Tensor, x + layer.fc2(wide))


def mix(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """What each query ``[N, T, heads, size]`` reads from all keys that ``bias`` admits."""
    scores = (q.transpose(1, 2) * q.shape[-1] ** -0.5) @ k.permute(0, 2, 3, 1)
    weights = (scores.float() if bias is None else scores.float() + bias).softmax(-1).to(v.dtype)
    return (weights @ v.transpose(1, 2)).transpose(1, 2).flatten(2)


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """``x`` ``[…, heads, size]`` turned by its place."""
    left, right = x.chunk(2, dim=-1)
    return (x * cos + torch.cat((-right, left), dim=-1) * sin).to(x.dtype)


def _cos_sin(angles: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.cat((angles, angles), dim=-1)[:, None]
    return both.cos(), both.sin()


def _bias(is_real: Tensor) -> Tensor:
    """``[N, 1, 1, T]`` that keeps padding from being read."""
    return torch.zeros(is_real.shape).masked_fill(~is_real, -1e9)[:, None, None]


def _interleaved(table: Tensor) -> Tensor:
    """From ``[3, B, T, head_dim]`` each angle of the axis whose turn it is."""
    half = table.shape[-1] // 2
    mixed = table[0].clone()
    for axis in (1, 2):
        for start in (0, half):
            places = slice(start + axis, start + 12, 3)
            mixed[..., places] = table[axis, ..., places]
    return mixed
