"""The thinker as a complete Qwen3-Omni checkpoint, which optimum-intel can export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from transformers import (
    AutoTokenizer,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen3OmniMoeConfig,
    Qwen3OmniMoeForConditionalGeneration,
    Qwen3OmniMoeProcessor,
    WhisperFeatureExtractor,
)

from palaver_training.folders import MODEL_FOLDER
from palaver_training.multimodal.preprocessor import Preprocessor
from palaver_training.multimodal.sizes import FRAME_PIXELS, PATCHES, PIXELS, thinker_config

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
_NAMED = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_bos_token": "<|vision_start|>",
    "vision_eos_token": "<|vision_end|>",
    "audio_token": "<|audio_pad|>",
    "audio_bos_token": "<|audio_start|>",
    "audio_eos_token": "<|audio_end|>",
}
_NUM_CODES = 64
"""Of the talker; the export tries its 50 likeliest."""
_ROPE = {"rope_type": "default", "rope_theta": 10000.0}


def whole_model(thinker: Any, preprocessor: Preprocessor) -> Any:
    """The thinker inside a Qwen3-Omni with the smallest possible talker."""
    token = preprocessor.tokenizer.token_to_id
    of_thinker = thinker_config(preprocessor.tokenizer)
    config = Qwen3OmniMoeConfig(
        thinker_config=of_thinker,
        talker_config=_talker_config(of_thinker),
        code2wav_config=_code2wav_config(),
        enable_audio_output=True,
        im_start_token_id=token("<|im_start|>"),
        im_end_token_id=token("<|im_end|>"),
        tts_pad_token_id=token("<|endoftext|>"),
        tts_bos_token_id=token("<|im_start|>"),
        tts_eos_token_id=token("<|im_end|>"),
        system_token_id=token("system"),
        user_token_id=token("user"),
        assistant_token_id=token("assistant"),
    )
    model = Qwen3OmniMoeForConditionalGeneration(config).float().eval()
    model.thinker.load_state_dict(thinker.state_dict())
    return model


def _talker_config(of_thinker: dict[str, Any]) -> dict[str, Any]:
    least: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "head_dim": 32,
    }
    experts = {"moe_intermediate_size": 32, "num_experts": 2, "num_experts_per_tok": 1}
    codec = ("pad_id", "bos_id", "eos_token_id", "nothink_id", "think_bos_id", "think_eos_id")
    shared = ("audio_token_id", "image_token_id", "video_token_id", "vision_start_token_id")
    return {
        "text_config": least
        | experts
        | {
            "vocab_size": 2 * _NUM_CODES,
            "mlp_only_layers": [0],
            "shared_expert_intermediate_size": 32,
            "rope_parameters": _ROPE | {"mrope_section": [8, 4, 4], "mrope_interleaved": True},
        },
        "code_predictor_config": least
        | {"vocab_size": _NUM_CODES, "num_code_groups": 2, "rope_parameters": _ROPE},
        "num_code_groups": 2,
        "thinker_hidden_size": of_thinker["text_config"]["hidden_size"],
        "accept_hidden_layer": 1,
        "audio_start_token_id": of_thinker["audio_start_token_id"],
        "spatial_merge_size": PATCHES["merge_size"],
        "position_id_per_seconds": 13,
        "speaker_id": {"none": _NUM_CODES + len(codec)},
        **{f"codec_{name}": _NUM_CODES + i for i, name in enumerate(codec)},
        **{name: of_thinker[name] for name in shared},
    }


def _code2wav_config() -> dict[str, Any]:
    return {
        "codebook_size": _NUM_CODES,
        "hidden_size": 32,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "sliding_window": 8,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_quantizers": 2,
        "upsample_rates": [8, 5, 4, 3],
        "upsampling_ratios": [2, 2],
        "decoder_dim": 32,
        "rope_parameters": _ROPE,
    }


def write_checkpoint(thinker: Any, preprocessor: Preprocessor, folder: Path) -> None:
    """The model in the public format, with its processor, tokenizer and template."""
    for name in TOKENIZER_FILES:
        shutil.copyfile(MODEL_FOLDER / name, folder / name)
    whole_model(thinker, preprocessor).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.init_kwargs.update(_NAMED)
    for name, value in _NAMED.items():
        setattr(tokenizer, name, value)
    template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    Qwen3OmniMoeProcessor(
        Qwen2VLImageProcessor(size=PIXELS, **PATCHES),
        Qwen2VLVideoProcessor(size=FRAME_PIXELS, **PATCHES),
        WhisperFeatureExtractor(feature_size=128, chunk_length=30, n_fft=400),
        tokenizer,
        chat_template=template,
    ).save_pretrained(folder)
