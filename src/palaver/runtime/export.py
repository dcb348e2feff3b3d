"""The files of a model as optimum-intel exports it: a graph and its weights for each part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from palaver.errors import ModelFolderError

CONFIG = "config.json"
"""The sizes and token ids of a model."""
TEXT_MODEL = "openvino_model.xml"
"""A text model, in one part."""


def part_file(part: str) -> str:
    """The file of one part of a model in several parts, such as ``language``."""
    return f"openvino_{part}_model.xml"


LANGUAGE_MODEL = part_file("language")
"""The language model within a multimodal model."""
TEXT_EMBEDDINGS = part_file("text_embeddings")
AUDIO_ENCODER = part_file("audio_encoder")
VISION_POSITIONS = part_file("vision_embeddings_pos")
VISION_ENCODER = part_file("vision_embeddings")
VISION_MERGER = part_file("vision_embeddings_merger")
TALKER_PARTS = (
    *("talker", "talker_text_embeddings", "talker_projections"),
    *("code_predictor", "code2wav"),
)
"""The parts of a talker; it uses the text embeddings as well."""


def weights_file(graph: str) -> str:
    """The file with the weights of a graph."""
    return str(Path(graph).with_suffix(".bin"))


def read_json(path: Path, *, is_optional: bool = False) -> dict[str, Any]:
    """A file's JSON object; empty where it is optional and not there.

    Raises:
        ModelFolderError: It cannot be read as one; the message names it.
    """
    if is_optional and not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFolderError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelFolderError(f"{path}: holds no JSON object")
    return content
