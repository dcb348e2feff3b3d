"""The network: a small dense Qwen3-Omni thinker around the text model that there is.

transformers' own modules compute it, so that what is trained is what optimum-intel exports. The
language model has the sizes and the weights of the text model; the encoders begin at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeThinkerForConditionalGeneration

from training.model import Shape

CHECKPOINT_FOLDER = Path(__file__).parents[1] / "checkpoint"
PIXELS = {"shortest_edge": 64 * 64, "longest_edge": 256 * 256}
FRAME_PIXELS = {"shortest_edge": 64 * 64, "longest_edge": 128 * 128}
PATCHES: dict[str, Any] = {
    "patch_size": 16,
    "merge_size": 2,
    "temporal_patch_size": 2,
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
}
_MARKERS = {
    "audio_token_id": "<|audio_pad|>",
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
    "audio_start_token_id": "<|audio_start|>",
    "audio_end_token_id": "<|audio_end|>",
    "user_token_id": "user",
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch of B conversations of up to T tokens.

    Attributes:
        token_ids: ``int64[B, T]``.
        positions: ``int64[3, B, T]``.
        patches: ``float32[patches, values]`` of all pictures and frames, or ``None``.
        grids: ``int64[N, 3]``, steps in time, rows and columns of each.
        is_seen: ``bool[B, T]``, tokens that stand for patches.
        mel: ``float32[128, frames]`` of all sounds one after another, or ``None``.
        mel_frames: ``int64[N]``, frames of each.
        is_heard: ``bool[B, T]``, tokens that stand for sound.
    """

    token_ids: Tensor
    positions: Tensor
    patches: Tensor | None
    grids: Tensor | None
    is_seen: Tensor
    mel: Tensor | None
    mel_frames: Tensor | None
    is_heard: Tensor


def thinker_config(tokenizer: Tokenizer, shape: Shape | None = None) -> dict[str, Any]:
    """What ``config.json`` says of the thinker: 4 layers to see with, 3 to hear with."""
    shape = shape or Shape()
    text = {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_key_value_heads,
        "head_dim": shape.head_dim,
        "max_position_embeddings": shape.max_position_embeddings,
        "rms_norm_eps": shape.rms_norm_eps,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": shape.rope_theta,
            "mrope_section": [8, 4, 4],
            "mrope_interleaved": True,
        },
        "moe_intermediate_size": 32,
        "num_experts": 2,
        "num_experts_per_tok": 1,
        "mlp_only_layers": list(range(shape.num_hidden_layers)),
        "tie_word_embeddings": True,
    }
    vision = {
        "depth": 4,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_heads": 4,
        "patch_size": PATCHES["patch_size"],
        "spatial_merge_size": PATCHES["merge_size"],
        "temporal_patch_size": PATCHES["temporal_patch_size"],
        "out_hidden_size": shape.hidden_size,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [1, 2],
    }
    audio = {
        "num_mel_bins": 128,
        "encoder_layers": 3,
        "encoder_attention_heads": 4,
        "encoder_ffn_dim": 384,
        "d_model": 128,
        "output_dim": shape.hidden_size,
        "n_window": 50,
        "n_window_infer": 100,
        "conv_chunksize": 500,
        "downsample_hidden_size": 32,
        "max_source_positions": 100,
    }
    ids = {name: tokenizer.token_to_id(token) for name, token in _MARKERS.items()}
    sizes = {"text_config": text, "vision_config": vision, "audio_config": audio}
    return sizes | ids | {"position_id_per_seconds": 13, "tie_word_embeddings": True}


def new_thinker(tokenizer: Tokenizer) -> Any:
    """The network with the text model's weights and encoders that know nothing yet."""
    config = Qwen3OmniMoeConfig(thinker_config=thinker_config(tokenizer)).thinker_config
    thinker = Qwen3OmniMoeThinkerForConditionalGeneration(config).float()
    weights = load_file(CHECKPOINT_FOLDER / "model.safetensors")
    known = {name: value.float() for name, value in weights.items() if name != "lm_head.weight"}
    missing, unexpected = thinker.load_state_dict(known, strict=False)
    forgotten = [name for name in missing if name.startswith("model.")]
    if forgotten or unexpected:
        raise ValueError(f"the text model does not fit: {forgotten} missing, {unexpected} too many")
    thinker.lm_head.weight = thinker.model.embed_tokens.weight
    keep_to_seconds(thinker.audio_tower)
    return thinker


def keep_to_seconds(tower: Any) -> None:
    """Let the sound encoder attend within each second only, as its export does."""
    for layer in tower.layers:
        whole = layer.self_attn.forward

        def attend(hidden_states: Any, cu_seqlens: Any, whole: Any = whole, **_: Any) -> Any:
            mask = tower._prepare_attention_mask(hidden_states, cu_seqlens)
            return whole(hidden_states=hidden_states, cu_seqlens=cu_seqlens, attention_mask=mask)

        layer.self_attn.forward = attend


def hidden_states(thinker: Any, inputs: Inputs) -> Tensor:
    """``float32[B, T, hidden size]`` in front of the head."""
    rows = thinker.model.embed_tokens(inputs.token_ids)
    seen: dict[str, Any] = {}
    if inputs.patches is not None:
        output = thinker.visual(inputs.patches, grid_thw=inputs.grids)
        rows = rows.masked_scatter(inputs.is_seen[:, :, None], output.pooler_output.to(rows.dtype))
        deep = [feature.to(rows.dtype) for feature in output.deepstack_features]
        seen = {"visual_pos_masks": inputs.is_seen, "deepstack_visual_embeds": deep}
    if inputs.mel is not None:
        output = thinker.audio_tower(inputs.mel, feature_lens=inputs.mel_frames)
        heard = output.last_hidden_state.to(rows.dtype)
        rows = rows.masked_scatter(inputs.is_heard[:, :, None], heard)
    return thinker.model(
        inputs_embeds=rows, position_ids=inputs.positions, use_cache=False, **seen
    ).last_hidden_state


def num_parameters(module: torch.nn.Module) -> int:
    """How many numbers are learned."""
    return sum(parameter.numel() for parameter in module.parameters())
