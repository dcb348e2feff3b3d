"""The files of a model as optimum-intel exports it: a graph and its weights for each part."""

from __future__ import annotations

from pathlib import Path

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
