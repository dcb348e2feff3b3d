"""From a training checkpoint to the folder that the service loads.

The checkpoint becomes a public-format Qwen3 folder, that becomes OpenVINO IR with int8 weights,
and both must give the same logits. Needs ``optimum-intel[openvino]`` beside the training
dependencies; a separate virtual environment will do.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy
import openvino
import torch
from numpy.typing import NDArray
from optimum.exporters.openvino import main_export
from optimum.intel import OVWeightQuantizationConfig  # type: ignore[attr-defined]
from safetensors.torch import save_file
from tokenizers import Tokenizer

from training.model import LanguageModel, Shape
from training.render import MODEL_FOLDER

CHECKPOINT_FOLDER = Path(__file__).parent / "checkpoint"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
IR_FILES = ("openvino_model.xml", "openvino_model.bin")
MAX_BYTES = 12_000_000
PROMPTS = (
    "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\n你是谁？<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nWhat is 3 + 4?<|im_end|>\n<|im_start|>assistant\n<think>\n",
)
EOS, PAD = "<|im_end|>", "<|endoftext|>"


def load(path: Path, *, averaged: bool) -> LanguageModel:
    """The model of a run's ``checkpoint.pt``."""
    state = torch.load(path, weights_only=True)
    weights = state["model"]
    if averaged:
        prefix = "module."
        weights = {
            name.removeprefix(prefix): value
            for name, value in state["average"].items()
            if name.startswith(prefix)
        }
    model = LanguageModel()
    model.load_state_dict(weights)
    return model.eval()


def config(shape: Shape, tokenizer: Tokenizer) -> dict[str, object]:
    """What ``config.json`` says."""
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_key_value_heads,
        "head_dim": shape.head_dim,
        "max_position_embeddings": shape.max_position_embeddings,
        "rope_theta": shape.rope_theta,
        "rms_norm_eps": shape.rms_norm_eps,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "use_cache": True,
        "bos_token_id": None,
        "eos_token_id": tokenizer.token_to_id(EOS),
        "pad_token_id": tokenizer.token_to_id(PAD),
        "torch_dtype": "float16",
    }


def generation_config(tokenizer: Tokenizer) -> dict[str, object]:
    """What ``generation_config.json`` says: the answer is greedy unless the request says more."""
    ends = [tokenizer.token_to_id(EOS), tokenizer.token_to_id(PAD)]
    return {"do_sample": False, "eos_token_id": ends, "pad_token_id": ends[1]}


def write_checkpoint(model: LanguageModel, folder: Path) -> None:
    """Writes the model in the public format, with its tokenizer and template."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for name in TOKENIZER_FILES:
        shutil.copyfile(MODEL_FOLDER / name, folder / name)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    _write_json(folder / "config.json", config(model.shape, tokenizer))
    _write_json(folder / "generation_config.json", generation_config(tokenizer))


def write_ir(checkpoint: Path, folder: Path) -> None:
    """Converts a folder in the public format to the one that the service loads."""
    with tempfile.TemporaryDirectory() as scratch:
        main_export(
            str(checkpoint),
            output=scratch,
            task="text-generation-with-past",
            ov_config=_int8(),
            convert_tokenizer=False,
        )
        folder.mkdir(parents=True, exist_ok=True)
        # The weights go first: a service that starts meanwhile must not pair old with new.
        for name in reversed(IR_FILES):
            shutil.copyfile(Path(scratch) / name, folder / f"{name}.new")
    for name in IR_FILES:
        (folder / f"{name}.new").replace(folder / name)
    for name in ("config.json", "generation_config.json", *TOKENIZER_FILES):
        if checkpoint / name != folder / name:
            shutil.copyfile(checkpoint / name, folder / name)


def compare(model: LanguageModel, folder: Path) -> float:
    """Largest difference between the two models' probabilities of the next token.

    Raises:
        ValueError: They disagree on the likeliest token at more than 1 position in 20.
    """
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    compiled = openvino.Core().compile_model(folder / "openvino_model.xml", "CPU")
    worst, num_different, num_positions = 0.0, 0, 0
    for prompt in PROMPTS:
        ids = numpy.array([tokenizer.encode(prompt, add_special_tokens=False).ids])
        with torch.no_grad():
            expected = model.logits(model(torch.from_numpy(ids)))[0].softmax(-1).numpy()
        actual = _softmax(_logits(compiled, ids))
        worst = max(worst, float(numpy.abs(expected - actual).max()))
        num_different += int((expected.argmax(-1) != actual.argmax(-1)).sum())
        num_positions += ids.shape[1]
    if num_different * 20 > num_positions:
        raise ValueError(f"{num_different} of {num_positions} likeliest tokens differ")
    return worst


def _logits(compiled: openvino.CompiledModel, ids: NDArray[numpy.int64]) -> NDArray[numpy.float32]:
    request = compiled.create_infer_request()
    inputs = {
        "input_ids": ids,
        "attention_mask": numpy.ones_like(ids),
        "position_ids": numpy.arange(ids.shape[1])[None],
        "beam_idx": numpy.zeros(1, dtype=numpy.int32),
    }
    return numpy.asarray(request.infer(inputs)["logits"][0])


def _softmax(logits: NDArray[numpy.float32]) -> NDArray[numpy.float32]:
    powers = numpy.exp(logits - logits.max(-1, keepdims=True))
    return numpy.asarray(powers / powers.sum(-1, keepdims=True))


def _int8() -> object:
    from optimum.intel import OVConfig

    return OVConfig(quantization_config=OVWeightQuantizationConfig(bits=8, sym=True))


def _write_json(path: Path, value: dict[str, object]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Exports the checkpoint of a run and says how close the result is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="the run's checkpoint.pt")
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--public", type=Path, default=CHECKPOINT_FOLDER)
    parser.add_argument("--no-average", dest="averaged", action="store_false")
    options = parser.parse_args()
    model = load(options.checkpoint, averaged=options.averaged)
    write_checkpoint(model, options.public)
    write_ir(options.public, options.out)
    size = sum(path.stat().st_size for path in options.out.iterdir())
    if size > MAX_BYTES:
        raise ValueError(f"{options.out} has {size} bytes, more than {MAX_BYTES}")
    print(f"{options.out}: {size} bytes, probabilities within {compare(model, options.out):.4f}")


if __name__ == "__main__":
    main()
