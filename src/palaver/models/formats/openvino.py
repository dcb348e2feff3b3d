"""Folders as optimum-intel exports them: OpenVINO graphs and transformers' configuration."""

from __future__ import annotations

from pathlib import Path

from palaver.models.files import ModelFiles
from palaver.multimodal.config import MultimodalConfig, multimodal_config
from palaver.runtime import export
from palaver.runtime.export import read_json

_PROCESSORS = ("processor_config", "preprocessor_config", "video_preprocessor_config")


class OpenVinoExport:
    """The format of ``optimum-cli export openvino``; see :class:`Format`."""

    name = "openvino"

    def missing_files(self, path: Path) -> list[str]:
        """The files that a folder lacks to be of this format; empty if it is."""
        graph = _graph(path)
        wanted = (graph, export.weights_file(graph), export.CONFIG)
        return [name for name in wanted if not (path / name).is_file()]

    def open(self, path: Path) -> ModelFiles:
        """The files of a folder; see :meth:`Format.open`."""
        config = read_json(path / export.CONFIG)
        is_multimodal = _graph(path) == export.LANGUAGE_MODEL
        return ModelFiles(
            path=path,
            format=self.name,
            config=config,
            generation_config=read_json(path / "generation_config.json", is_optional=True),
            tokenizer_config=read_json(path / "tokenizer_config.json", is_optional=True),
            multimodal=_multimodal(path, config) if is_multimodal else None,
            has_talker=_has_talker(path),
        )

    def how_to_make(self, path: Path) -> str:
        """How a user gets such a folder."""
        return (
            "export the model with "
            f"`optimum-cli export openvino -m MODEL --weight-format int4 {path}`"
        )


def _graph(path: Path) -> str:
    """The file of the language model."""
    is_multimodal = (path / export.LANGUAGE_MODEL).is_file()
    return export.LANGUAGE_MODEL if is_multimodal else export.TEXT_MODEL


def _multimodal(path: Path, config: dict[str, object]) -> MultimodalConfig:
    processors = {name: read_json(path / f"{name}.json", is_optional=True) for name in _PROCESSORS}
    has_audio = (path / export.AUDIO_ENCODER).is_file()
    return multimodal_config(str(path), config, processors, has_audio=has_audio)


def _has_talker(path: Path) -> bool:
    return all((path / export.part_file(part)).is_file() for part in export.TALKER_PARTS)
