"""The sizes of the network and its inputs: 4 layers in the vision encoder, 3 in the audio encoder."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer

from palaver_training.shape import Shape

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


def thinker_config(tokenizer: Tokenizer, shape: Shape | None = None) -> dict[str, Any]:
    """The thinker's ``config.json``: 4 layers in the vision encoder, 3 in the audio encoder."""
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
    ids = {name: tokenizer.token_to_id(token) for name, token in _MARKERS.items()}
    sizes = {
        "text_config": text,
        "vision_config": _vision_config(shape),
        "audio_config": _audio_config(shape),
    }
    return sizes | ids | {"position_id_per_seconds": 13, "tie_word_embeddings": True}


def _vision_config(shape: Shape) -> dict[str, Any]:
    return {
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


def _audio_config(shape: Shape) -> dict[str, Any]:
    return {
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
