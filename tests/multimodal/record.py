"""Tiny models with random weights and what PyTorch computes with them, recorded for the tests.

::

    python -m tests.multimodal.record omni tests/multimodal/omni         # with transformers 5.5
    python -m tests.multimodal.record vl tests/multimodal/vl             # with transformers 5.0

Each run writes an exported model folder of a megabyte and in it ``references.npz``: for every case
of :mod:`tests.multimodal.cases` the ids, positions, greedy tokens and logits that
transformers computes in f32. Needs torch and ``optimum-intel[openvino]``; the tests need neither.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from optimum.exporters.openvino import main_export
from optimum.intel import OVConfig
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tests.multimodal import cases

HERE = Path(__file__).parent
VOCAB_SIZE = 512
NUM_TOKENS = 12
MARKERS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>", "<|audio_start|>", "<|audio_end|>", "<|audio_pad|>",
    "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>",
]  # fmt: skip
NAMED_TOKENS = {
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_bos_token": "<|vision_start|>",
    "vision_eos_token": "<|vision_end|>",
    "audio_token": "<|audio_pad|>",
    "audio_bos_token": "<|audio_start|>",
    "audio_eos_token": "<|audio_end|>",
}
ROPE = {"rope_type": "default", "rope_theta": 100000.0}
ROPE_3D = ROPE | {"mrope_section": [8, 4, 4], "mrope_interleaved": True}
HIDDEN_SIZE = 64
PIXELS = {"shortest_edge": 64 * 64, "longest_edge": 160 * 160}
VIDEO_PIXELS = {"shortest_edge": 4 * 32 * 32, "longest_edge": 24 * 64 * 64}
PATCHES: dict[str, Any] = {
    "patch_size": 16,
    "merge_size": 2,
    "temporal_patch_size": 2,
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
}
TEXT: dict[str, Any] = {
    "vocab_size": VOCAB_SIZE,
    "hidden_size": HIDDEN_SIZE,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "rope_parameters": ROPE_3D,
    "max_position_embeddings": 2048,
}
VISION: dict[str, Any] = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "patch_size": 16,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "out_hidden_size": HIDDEN_SIZE,
    "num_position_embeddings": 64,
    "deepstack_visual_indexes": [0, 1],
}
AUDIO: dict[str, Any] = {
    "num_mel_bins": 128,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "d_model": 32,
    "output_dim": HIDDEN_SIZE,
    "n_window": 50,
    "n_window_infer": 100,
    "conv_chunksize": 500,
    "downsample_hidden_size": 8,
    "max_source_positions": 100,
}
EXPERTS = {"moe_intermediate_size": 32, "num_experts": 2, "num_experts_per_tok": 1}
SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "head_dim": 32,
}
CODE2WAV: dict[str, Any] = {
    "codebook_size": 256,
    "hidden_size": 32,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "sliding_window": 72,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_quantizers": 4,
    "upsample_rates": [8, 5, 4, 3],
    "upsampling_ratios": [2, 2],
    "decoder_dim": 32,
    "rope_parameters": ROPE,
}
TEMPLATE = """\
{%- for message in messages -%}
    {{- '<|im_start|>' ~ message.role ~ '\\n' -}}
    {%- if message.content is string -%}
        {{- message.content -}}
    {%- else -%}
        {%- for part in message.content -%}
            {%- if part.type == 'text' -%}
                {{- part.text -}}
            {%- elif part.type == 'image' -%}
                {{- '<|vision_start|><|image_pad|><|vision_end|>' -}}
            {%- elif part.type == 'video' -%}
                {{- '<|vision_start|><|video_pad|><|vision_end|>' -}}
            {%- elif part.type == 'audio' -%}
                {{- '<|audio_start|><|audio_pad|><|audio_end|>' -}}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{- '<|im_end|>\\n' -}}
{%- endfor -%}
{{- '<|im_start|>assistant\\n' -}}
"""


def write_tokenizer(folder: Path) -> Tokenizer:
    """A byte-level vocabulary with the markers of both families."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=MARKERS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words = "system user assistant seconds What is in the picture sound video happens Compare"
    text = [
        f"{words} first second match same differ how What sound and the 0.2 1.2 seconds>\n"
    ] * 50
    roles = ["\nsystem\nuser\nassistant\n"] * 500  # each has to be a single token
    tokenizer.train_from_iterator([*text, *roles], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 2048} | NAMED_TOKENS
    (folder / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    return tokenizer


def randomize(model: Any) -> Any:
    """Weights large enough to tell inputs apart, and exact in 16 bits."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "audio_tower.conv2d" in name and weight.ndim > 1:
                weight.normal_(0, 0.2)
            elif weight.ndim >= 2 and "code2wav" not in name:
                weight.normal_(0, 0.15)
            weight.copy_(weight.half().float())
    return model.float().eval()


def omni(folder: Path) -> tuple[Any, Any]:
    """A Qwen3-Omni with a dense thinker, and its processor."""
    from transformers import (
        AutoTokenizer,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
        Qwen3OmniMoeConfig,
        Qwen3OmniMoeForConditionalGeneration,
        Qwen3OmniMoeProcessor,
        WhisperFeatureExtractor,
    )

    tokenizer = write_tokenizer(folder)
    config = Qwen3OmniMoeConfig(**omni_config(tokenizer))
    model = randomize(Qwen3OmniMoeForConditionalGeneration(config))
    keep_to_seconds(model.thinker.audio_tower)
    processor = Qwen3OmniMoeProcessor(
        Qwen2VLImageProcessor(size=PIXELS, **PATCHES),
        Qwen2VLVideoProcessor(size=VIDEO_PIXELS, **PATCHES),
        WhisperFeatureExtractor(feature_size=128, chunk_length=30, n_fft=400),
        AutoTokenizer.from_pretrained(folder),
        chat_template=TEMPLATE,
    )
    return model, processor


def keep_to_seconds(tower: Any) -> None:
    """Let the audio encoder attend within each second only, as its export does.

    transformers computes ``cu_seqlens`` for it, but only flash attention heeds them.
    """
    for layer in tower.layers:
        whole = layer.self_attn.forward

        def attend(hidden_states: Any, cu_seqlens: Any, whole: Any = whole, **_: Any) -> Any:
            mask = tower._prepare_attention_mask(hidden_states, cu_seqlens)
            return whole(hidden_states=hidden_states, cu_seqlens=cu_seqlens, attention_mask=mask)

        layer.self_attn.forward = attend


def omni_config(tokenizer: Tokenizer) -> dict[str, Any]:
    """The whole configuration; a talker has to be there for the export."""
    token = tokenizer.token_to_id
    return {
        "thinker_config": thinker_config(tokenizer),
        "talker_config": talker_config(tokenizer),
        "code2wav_config": CODE2WAV,
        "enable_audio_output": True,
        "im_start_token_id": token("<|im_start|>"),
        "im_end_token_id": token("<|im_end|>"),
        "tts_pad_token_id": token("<tts_pad>"),
        "tts_bos_token_id": token("<tts_text_bos>"),
        "tts_eos_token_id": token("<tts_text_eod>"),
        "system_token_id": token("system"),
        "user_token_id": token("user"),
        "assistant_token_id": token("assistant"),
    }


def thinker_config(tokenizer: Tokenizer) -> dict[str, Any]:
    """The configuration of the part that reads prompts and writes text."""
    token = tokenizer.token_to_id
    layers = TEXT["num_hidden_layers"]
    own = {
        "text_config": TEXT | EXPERTS | {"mlp_only_layers": list(range(layers))},
        "vision_config": VISION,
        "audio_config": AUDIO,
        "vision_end_token_id": token("<|vision_end|>"),
        "audio_end_token_id": token("<|audio_end|>"),
        "user_token_id": token("user"),
    }
    return own | marker_ids(tokenizer)


def talker_config(tokenizer: Tokenizer) -> dict[str, Any]:
    """The configuration of the part that turns text into codes of audio."""
    text = {
        "vocab_size": 300,
        "num_hidden_layers": 1,
        "shared_expert_intermediate_size": 32,
        "mlp_only_layers": [0],
        "rope_parameters": ROPE_3D,
    }
    code_predictor = {
        "vocab_size": 256,
        "num_hidden_layers": 1,
        "rope_parameters": ROPE,
        "num_code_groups": 4,
    }
    own = {
        "text_config": SMALL | EXPERTS | text,
        "code_predictor_config": SMALL | code_predictor,
        "num_code_groups": 4,
        "thinker_hidden_size": HIDDEN_SIZE,
        "accept_hidden_layer": 1,
        "codec_pad_id": 256,
        "codec_bos_id": 257,
        "codec_eos_token_id": 258,
        "codec_nothink_id": 259,
        "codec_think_bos_id": 260,
        "codec_think_eos_id": 261,
        "spatial_merge_size": 2,
        "speaker_id": {"alto": 270},
    }
    return own | marker_ids(tokenizer)


def marker_ids(tokenizer: Tokenizer) -> dict[str, Any]:
    """What thinker and talker have to know of the media in a prompt."""
    token = tokenizer.token_to_id
    return {
        "audio_token_id": token("<|audio_pad|>"),
        "image_token_id": token("<|image_pad|>"),
        "video_token_id": token("<|video_pad|>"),
        "vision_start_token_id": token("<|vision_start|>"),
        "audio_start_token_id": token("<|audio_start|>"),
        "position_id_per_seconds": 13,
    }


def vl(folder: Path) -> tuple[Any, Any]:
    """A Qwen3-VL and its processor."""
    from transformers import (
        AutoTokenizer,
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    token = write_tokenizer(folder).token_to_id
    config = Qwen3VLConfig(
        text_config=TEXT,
        vision_config=VISION,
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
    )
    model = randomize(Qwen3VLForConditionalGeneration(config))
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(size=PIXELS, **PATCHES),
        AutoTokenizer.from_pretrained(folder),
        Qwen3VLVideoProcessor(size=VIDEO_PIXELS, **PATCHES),
        chat_template=TEMPLATE,
    )
    return model, processor


def references(family: str, model: Any, processor: Any) -> dict[str, Any]:
    """The results of transformers for every case that the family accepts."""
    thinker = model.thinker if family == "omni" else model
    found: dict[str, Any] = {}
    for case in cases.CASES:
        if case.clips and family != "omni":
            continue
        inputs = dict(inputs_of(family, processor, case))
        with torch.no_grad():
            generated = thinker.generate(
                **inputs,
                max_new_tokens=NUM_TOKENS,
                do_sample=False,
                output_logits=True,
                return_dict_in_generate=True,
                eos_token_id=None,
                pad_token_id=0,
            )
        num_prompt = inputs["input_ids"].shape[1]
        found[f"{case.name}/ids"] = inputs["input_ids"][0].numpy().astype(np.int32)
        found[f"{case.name}/positions"] = _positions(family, thinker, inputs)
        found[f"{case.name}/tokens"] = generated.sequences[0, num_prompt:].numpy().astype(np.int32)
        found[f"{case.name}/logits"] = torch.stack(generated.logits)[:, 0].numpy()
    return found


def inputs_of(family: str, processor: Any, case: cases.Case) -> Any:
    """The model inputs for a case."""
    text = processor.tokenizer.apply_chat_template(
        case.messages, add_generation_prompt=True, tokenize=False, chat_template=TEMPLATE
    )
    options: dict[str, Any] = {}
    if case.images:
        options["images"] = [cases.image(*spec) for spec in case.images]
    if case.videos:
        frames = [cases.video(*spec) for spec in case.videos]
        options["videos"] = [torch.from_numpy(v).permute(0, 3, 1, 2) for v in frames]
        options |= _video_options(family, frames)
    if case.clips:
        options["audio"] = [cases.audio(*spec) for spec in case.clips]
    return processor(text=[text], return_tensors="pt", **options)


def _video_options(family: str, videos: list[Any]) -> dict[str, Any]:
    if family == "omni":
        return {"videos_kwargs": {"fps": 2.0, "do_sample_frames": False, "size": VIDEO_PIXELS}}
    metadata = [
        {"fps": 2.0, "total_num_frames": len(v), "frames_indices": list(range(len(v)))}
        for v in videos
    ]
    return {"video_metadata": metadata, "do_sample_frames": False}


def _positions(family: str, thinker: Any, inputs: dict[str, Any]) -> Any:
    if family == "omni":
        lengths = inputs.get("feature_attention_mask")
        seconds = inputs.get("video_second_per_grid")
        positions, _ = thinker.get_rope_index(
            inputs["input_ids"],
            inputs.get("image_grid_thw"),
            inputs.get("video_grid_thw"),
            inputs["attention_mask"],
            False,
            None if lengths is None else lengths.sum(-1),
            None if seconds is None else torch.as_tensor(seconds),
        )
    else:
        positions, _ = thinker.model.get_rope_index(
            inputs["input_ids"],
            image_grid_thw=inputs.get("image_grid_thw"),
            video_grid_thw=inputs.get("video_grid_thw"),
            attention_mask=inputs["attention_mask"],
        )
    return positions[:, 0].numpy().astype(np.float32)


def main() -> None:
    """Write one family's folder and references."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", choices=["omni", "vl"])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint, exported = Path(scratch) / "checkpoint", Path(scratch) / "exported"
        checkpoint.mkdir()
        model, processor = {"omni": omni, "vl": vl}[options.family](checkpoint)
        found = references(options.family, model, processor)
        np.savez_compressed(options.folder / "references.npz", **found)
        model.save_pretrained(checkpoint)
        processor.save_pretrained(checkpoint)
        main_export(
            str(checkpoint),
            output=exported,
            task="image-text-to-text",
            ov_config=OVConfig(dtype="fp16"),
            convert_tokenizer=False,
        )
        for path in exported.iterdir():
            if path.is_file() and not any(
                w in path.name for w in ("talker", "code2wav", "code_predictor")
            ):
                shutil.copyfile(path, options.folder / path.name)


if __name__ == "__main__":
    main()
