"""From a run's weights to a folder that the service loads, and a comparison of both.

::

    python -m training.senses.export RUN/checkpoint.pt --out FOLDER

The thinker becomes a Qwen3-Omni checkpoint (with a talker of nearly nothing, which the export wants
to see), that becomes OpenVINO IR with int8 weights, and the service's runtime must rank the next
tokens as the network does. Needs ``optimum-intel[openvino]``.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import nncf
import openvino
import torch
from optimum.exporters.openvino import main_export
from optimum.intel import OVConfig
from transformers import (
    AutoTokenizer,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen3OmniMoeConfig,
    Qwen3OmniMoeForConditionalGeneration,
    Qwen3OmniMoeProcessor,
    WhisperFeatureExtractor,
)

from palaver.engine.engine import Engine
from palaver.engine.request import GenerationRequest, Prompt, SamplingParams
from palaver.runtime import RuntimeConfig, load_runtime
from training.render import MODEL_FOLDER
from training.senses.batch import collate
from training.senses.model import hidden_states, new_thinker
from training.senses.reading import Read, Reader
from training.senses.sizes import FRAME_PIXELS, PATCHES, PIXELS, thinker_config
from training.senses.skills import SENSES

MAX_BYTES = 20_000_000
NUM_COMPARED = 40
_NOT_WANTED = ("talker", "code2wav", "code_predictor")
_NAMED = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_bos_token": "<|vision_start|>",
    "vision_eos_token": "<|vision_end|>",
    "audio_token": "<|audio_pad|>",
    "audio_bos_token": "<|audio_start|>",
    "audio_eos_token": "<|audio_end|>",
}
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
_NUM_CODES = 64
"""Of the talker; the export tries its 50 likeliest."""
_ROPE = {"rope_type": "default", "rope_theta": 10000.0}


def load_averaged(thinker: Any, path: Path) -> None:
    """Give the thinker the averaged weights of a run's checkpoint.

    Raises:
        ValueError: They do not fit.
    """
    found = torch.load(path, weights_only=True, map_location="cpu")["average"]
    weights = {n.removeprefix("module."): w for n, w in found.items() if n.startswith("module.")}
    missing, unexpected = thinker.load_state_dict(weights, strict=False)
    if missing != ["lm_head.weight"] or unexpected:
        raise ValueError(f"{path} does not fit: {missing} missing, {unexpected} too many")


def whole_model(thinker: Any, reader: Reader) -> Any:
    """The thinker inside a Qwen3-Omni with the least talker that there can be."""
    token = reader.tokenizer.token_to_id
    of_thinker = thinker_config(reader.tokenizer)
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
    talker = {
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
    wave = {
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
    config = Qwen3OmniMoeConfig(
        thinker_config=of_thinker,
        talker_config=talker,
        code2wav_config=wave,
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


def write_checkpoint(thinker: Any, reader: Reader, folder: Path) -> None:
    """The model in the public format, with its processor, tokenizer and template."""
    for name in _TOKENIZER_FILES:
        shutil.copyfile(MODEL_FOLDER / name, folder / name)
    whole_model(thinker, reader).save_pretrained(folder)
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


def write_ir(checkpoint: Path, folder: Path) -> None:
    """The folder that the service loads: int8 weights, no talker."""
    with tempfile.TemporaryDirectory() as scratch:
        main_export(
            str(checkpoint),
            output=scratch,
            task="image-text-to-text",
            ov_config=OVConfig(dtype="fp32"),
            convert_tokenizer=False,
        )
        folder.mkdir(parents=True, exist_ok=True)
        for path in Path(scratch).iterdir():
            if path.suffix == ".bin" or any(part in path.name for part in _NOT_WANTED):
                continue
            if path.suffix == ".xml":
                write_int8(path, folder / path.name)
            elif path.is_file():
                shutil.copyfile(path, folder / path.name)
    for name in (*_TOKENIZER_FILES, "generation_config.json"):
        shutil.copyfile(MODEL_FOLDER / name, folder / name)


def write_int8(source: Path, target: Path) -> None:
    """One part of the model with int8 weights."""
    model = openvino.Core().read_model(source)
    nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
    openvino.save_model(model, target)


def compare(thinker: Any, reader: Reader, folder: Path) -> float:
    """Share of held-out perceptions after which both name the same first token."""
    runtime = load_runtime(
        RuntimeConfig(folder=str(folder), cache_bytes=2**26, inference_precision="f32")
    )
    rng = Random(7)
    num_same = 0
    for _ in range(NUM_COMPARED):
        read = reader.read(rng.choice(list(SENSES.values())).draw(rng, "held_out"))
        prompt = Prompt(
            read.prompt.token_ids[: read.num_prompt_tokens],
            read.prompt.spans,
            read.prompt.positions,
            read.prompt.position_delta,
        )
        is_answer = read.is_answer[: len(prompt)]
        inputs = collate(
            [Read(read.skill, prompt, len(prompt), is_answer, read.mels)], reader.senses.config
        )
        with torch.no_grad():
            expected = int(thinker.lm_head(hidden_states(thinker, inputs)[0, -1]).argmax())
        num_same += _first_token(runtime, prompt) == expected
    return num_same / NUM_COMPARED


def _first_token(runtime: Any, prompt: Prompt) -> int:
    encoder = runtime.encoder
    features = [
        encoder.encode(span.kind, span.content.numpy(), span.num_tokens)
        for span in prompt.spans
        if span.content is not None
    ]
    engine = Engine(runtime)
    engine.add(
        GenerationRequest(1, prompt, SamplingParams(max_tokens=1, seed=0, temperature=0)),
        features=features,
    )
    (token,) = engine.step()
    return token.token_id


def main() -> None:
    """Export a run's weights and say how close the result is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "weights", type=Path, nargs="?", help="a run's checkpoint; without, as it begins"
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    reader = Reader()
    thinker = new_thinker(reader.tokenizer).eval()
    if options.weights:
        load_averaged(thinker, options.weights)
    with tempfile.TemporaryDirectory() as checkpoint:
        write_checkpoint(thinker, reader, Path(checkpoint))
        write_ir(Path(checkpoint), options.out)
    size = sum(path.stat().st_size for path in options.out.iterdir())
    if size > MAX_BYTES:
        raise ValueError(f"{options.out} has {size} bytes, more than {MAX_BYTES}")
    share = compare(thinker, reader, options.out)
    print(f"{options.out}: {size} bytes, the same first token in {share:.0%} of cases")


if __name__ == "__main__":
    main()
