"""A text model with random weights, exported as every text model is.

::

    python -m tests.runtime.record_text tests/runtime/text

Its tokenizer and template are those of the built-in model, which is multimodal; its weights
are noise. Needs torch and ``optimum-intel[openvino]``; the tests need neither.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import torch
from optimum.exporters.openvino import main_export
from optimum.intel import OVConfig
from transformers import Qwen3Config, Qwen3ForCausalLM

from palaver.models.catalogue import BUILT_IN_FOLDER
from tests.runtime.text_model import WORDS

_KEPT = ("openvino_model.xml", "openvino_model.bin", "config.json")
_SIZES = {
    "vocab_size": 4096,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 2048,
}


def record(folder: Path) -> None:
    """Write the folder."""
    torch.manual_seed(1)
    config = Qwen3Config(**_SIZES, tie_word_embeddings=True, eos_token_id=2, pad_token_id=0)
    model = Qwen3ForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0, 0.2)
    with tempfile.TemporaryDirectory() as checkpoint, tempfile.TemporaryDirectory() as exported:
        model.save_pretrained(checkpoint)
        for name in WORDS:
            shutil.copyfile(BUILT_IN_FOLDER / name, Path(checkpoint) / name)
        main_export(
            checkpoint,
            output=exported,
            task="text-generation-with-past",
            ov_config=OVConfig(dtype="fp16"),
            convert_tokenizer=False,
        )
        folder.mkdir(parents=True, exist_ok=True)
        for name in _KEPT:
            shutil.copyfile(Path(exported) / name, folder / name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    record(parser.parse_args().folder)
