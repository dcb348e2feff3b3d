"""The thinker's arithmetic written for training on a CPU: padded batches, bfloat16.

The parameters are those of transformers' modules, so what is learned loads into them as it is;
``python -m palaver_training.multimodal.export`` compares both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from palaver_training.folders import CHECKPOINT_FOLDER
from palaver_training.model import Trunk
from palaver_training.multimodal.batch import AudioInputs, Inputs, VisionInputs
from palaver_training.multimodal.model import new_thinker
from palaver_training.shape import Shape


class Network(nn.Module):
    """The thinker of :func:`palaver_training.multimodal.model.new_thinker`, computed faster.

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
        if inputs.vision is not None:
            found, *deep = self.encode_vision(inputs.vision)
            x = x.masked_scatter(inputs.is_vision[:, :, None], found.to(x.dtype))
            deep = [
                torch.zeros_like(x).masked_scatter(
                    inputs.is_vision[:, :, None], feature.to(x.dtype)
                )
                for feature in deep
            ]
        if inputs.audio is not None:
            found = self.encode_audio(inputs.audio).to(x.dtype)
            x = x.masked_scatter(inputs.is_audio[:, :, None], found)
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

    def encode_vision(self, inputs: VisionInputs) -> list[Tensor]:
        """``[tokens, hidden size]`` of all images, then what is added in the first layers."""
        tower, deep = self.visual, []
        for i, x in enumerate(self._layers_of(inputs)):
            if i in tower.deepstack_visual_indexes:
                k = tower.deepstack_visual_indexes.index(i)
                deep.append(tower.merger_list[k](x))
        return [tower.merger(x), *deep]

    def patches_of(self, inputs: VisionInputs) -> Tensor:
        """``[patches, size]`` of all images behind the last layer."""
        *_, last = self._layers_of(inputs)
        return last

    def _layers_of(self, inputs: VisionInputs) -> Iterator[Tensor]:
        tower = self.visual
        proj = tower.patch_embed.proj
        x = functional.linear(inputs.patches, proj.weight.flatten(1), proj.bias)
        corners = functional.embedding(inputs.corners, tower.pos_embed.weight)
        x = x + (corners * inputs.shares[..., None]).sum(1)
        cos, sin = _cos_sin(inputs.angles)
        for block in tower.blocks:
            x = vision_block(block, x, cos, sin, inputs.groups)
            yield x

    def encode_audio(self, inputs: AudioInputs) -> Tensor:
        """``[tokens, hidden size]`` of all pieces of audio."""
        tower = self.audio_tower
        x, ends = inputs.mel[:, None], inputs.ends()
        for conv in (tower.conv2d1, tower.conv2d2, tower.conv2d3):
            x, ends = functional.gelu(conv(x)), (ends - 1) // 2 + 1
            # The model is fed short audio without the silence that fills its second here.
            x = x * (torch.arange(x.shape[-1]) < ends[:, None])[:, None, None]
        x = tower.conv_out(x.permute(0, 3, 1, 2).flatten(2))
        x = x + tower.positional_embedding.positional_embedding[: x.shape[1]]
        bias = _bias(inputs.is_token)
        for layer in tower.layers:
            x = audio_block(layer, x, bias)
        x = tower.ln_post(x[inputs.is_token])
        return cast(Tensor, tower.proj2(tower.act(tower.proj1(x))))

    def _rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines ``[B, T, 1, head_dim]``; time, row and column take turns in them."""
        cos, sin = cast(Tensor, self.model.cos)[positions], cast(Tensor, self.model.sin)[positions]
        return tuple(_interleaved(table)[:, :, None] for table in (cos, sin))  # type: ignore[return-value]


def vision_block(
    block: Any, x: Tensor, cos: Tensor, sin: Tensor, groups: Sequence[Tensor]
) -> Tensor:
    """One layer of the vision encoder, ``x`` being ``[patches, size]``; images of one size attend at once."""
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


def audio_block(layer: Any, x: Tensor, bias: Tensor) -> Tensor:
    """One layer of the audio encoder, ``x`` being ``[seconds, tokens, size]``."""
    attn = layer.self_attn
    y = layer.self_attn_layer_norm(x)
    weight = torch.cat((attn.q_proj.weight, attn.k_proj.weight, attn.v_proj.weight))
    offset = torch.cat((attn.q_proj.bias, attn.k_proj.bias, attn.v_proj.bias))
    q, k, v = functional.linear(y, weight, offset).unflatten(-1, (3, attn.num_heads, -1)).unbind(2)
    x = x + attn.out_proj(mix(q, k, v, bias))
    wide = functional.gelu(layer.fc1(layer.final_layer_norm(x)))
    return cast(Tensor, x + layer.fc2(wide))


def mix(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention of queries ``[N, T, heads, size]`` over all keys that ``bias`` admits."""
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
    """``[N, 1, 1, T]``, a bias that masks padding."""
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
