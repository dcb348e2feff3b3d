"""The encoders of a multimodal model, as optimum-intel exports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from palaver.multimodal import audio, vision
from palaver.multimodal.config import MultimodalConfig
from palaver.multimodal.media import Kind
from palaver.runtime import export
from palaver.runtime.base import Features
from palaver.runtime.config import RuntimeConfig
from palaver.runtime.part import compile_part, num_encoder_threads


class Encoders:
    """A vision encoder and, where the folder has one, an audio encoder.

    Args:
        config: Names the model's folder.
        multimodal: The model's multimodal configuration.

    Raises:
        ModelFolderError: A model is missing or cannot be run.
    """

    def __init__(self, config: RuntimeConfig, multimodal: MultimodalConfig) -> None:
        self._vision = VisionEncoder(config, multimodal)
        self._audio = AudioEncoder(config) if "audio" in multimodal.kinds else None

    def encode(
        self, kind: Kind, content: NDArray[np.uint8] | NDArray[np.float32], num_tokens: int
    ) -> Features:
        """Features of a chunk; see :meth:`palaver.runtime.base.Encoder.encode`."""
        if kind != "audio":
            return self._vision.encode(content.astype(np.uint8, copy=False))
        assert self._audio is not None, "audio for a model without an audio encoder"
        return self._audio.encode(content.astype(np.float32, copy=False), num_tokens)


class VisionEncoder:
    """Encodes one image, or the frames of one temporal patch of a video.

    Attention does not cross temporal patches, so those of a video are encoded one by one.

    Args:
        config: Names the model's folder.
        multimodal: The model's multimodal configuration.
    """

    def __init__(self, config: RuntimeConfig, multimodal: MultimodalConfig) -> None:
        folder, threads = Path(config.folder), num_encoder_threads(config)
        self._config = multimodal.vision

        def part(name: str) -> ov.CompiledModel:
            return compile_part(config, folder / name, threads)

        self._positions = part(export.VISION_POSITIONS)
        self._embed = part(export.VISION_ENCODER)
        is_in_parts = multimodal.family == "qwen3_vl"
        self._merge = part(export.VISION_MERGER) if is_in_parts else None

    def encode(self, frames: NDArray[np.uint8]) -> Features:
        """Features of ``uint8[frames, height, width, 3]``, a row for each merged patch."""
        size = self._config.patch_size
        rows, columns = frames.shape[1] // size, frames.shape[2] // size
        patches = vision.patches(frames, self._config)
        positions = self._position_embeddings(rows, columns)
        others = {
            # all patches attend to each other: one row of zeros is broadcast to all
            "attention_mask": np.zeros((1, 1, rows * columns), dtype=np.float32),
            "rotary_pos_emb": vision.rotary_angles(rows, columns, self._config),
        }
        if self._merge is None:
            given = {"hidden_states": patches, "pos_embeds": positions} | others
            return _features(self._embed(given))
        embedded = self._embed({"hidden_states": patches})[0] + positions
        return _features(self._merge({"hidden_states": embedded} | others))

    def _position_embeddings(self, rows: int, columns: int) -> NDArray[np.float32]:
        indices, weights = vision.position_weights(rows, columns, self._config)
        mixed = (self._positions(indices)[0] * weights[:, :, None]).sum(axis=0)
        ordered = vision.in_merge_order(mixed, rows, columns, self._config)
        return np.ascontiguousarray(ordered, dtype=np.float32)


class AudioEncoder:
    """Encodes a few seconds of audio. In this export, attention stays within each second.

    Args:
        config: Names the model's folder.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        path = Path(config.folder) / export.AUDIO_ENCODER
        self._model = compile_part(config, path, num_encoder_threads(config))
        self._inputs = {port.any_name for port in self._model.inputs}

    def encode(self, chunks: NDArray[np.float32], num_tokens: int) -> Features:
        """Features of ``float32[chunks, 128, frames]``, padded after ``num_tokens`` tokens."""
        mask = audio.token_mask(num_tokens, len(chunks), chunks.shape[2])
        ends = np.minimum(np.arange(len(chunks) + 1) * mask.shape[1], num_tokens)
        given = {
            "padded_feature": chunks,
            "padded_mask_after_cnn": mask,
            "aftercnn_lens": np.array([num_tokens], dtype=np.int64),
            "cu_seqlens": ends.astype(np.int32),
        }
        outputs = self._model({name: given[name] for name in self._inputs})
        return Features(outputs[0][mask].copy(), None)


def _features(outputs: Any) -> Features:
    return Features(outputs["last_hidden_state"].copy(), outputs["deepstack_feature_lists"].copy())
