"""A model's folder with everything but real weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.chat import vocabularies

CONFIG: dict[str, Any] = {
    "model_type": "example",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "max_position_embeddings": 512,
}
TOKENIZER_CONFIG: dict[str, Any] = {
    "bos_token": {"content": "<s>", "special": True},
    "eos_token": vocabularies.END,
    "pad_token": None,
    "chat_template": "{{ bos_token }}{{ messages[0].content }}",
}


def write_folder(
    path: Path,
    config: dict[str, Any] = CONFIG,
    tokenizer_config: dict[str, Any] = TOKENIZER_CONFIG,
    **others: Any,
) -> Path:
    """Write the folder; ``generation_config={…}`` and the like become further JSON files."""
    path.mkdir(parents=True)
    for name in ("openvino_model.xml", "openvino_model.bin"):
        (path / name).write_bytes(b"weights")
    vocabularies.byte_level(path / "tokenizer.json")
    contents = {"config": config, "tokenizer_config": tokenizer_config, **others}
    for name, content in contents.items():
        (path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return path
