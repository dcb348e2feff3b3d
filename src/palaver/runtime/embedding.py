"""The inputs of a language model that takes embeddings: those of text tokens, and of media."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13

from palaver.errors import ModelFolderError
from palaver.multimodal.config import MultimodalConfig
from palaver.runtime.base import StepBatch
from palaver.runtime.export import TEXT_EMBEDDINGS

_EMBEDDED, _IDS, _IS_MEDIA, _MEDIA = "inputs_embeds", "input_ids", "is_media", "media_rows"


def embed_inside(core: ov.Core, model: ov.Model, folder: Path) -> None:
    """Add the lookup of token embeddings to a language model in paged mode, in place.

    The export takes embeddings, and a separate model looks them up. As one graph, they need no
    second inference in each step and no copy of all rows.

    Args:
        core: Reads the lookup model.
        model: Its input of embeddings becomes three: token ids, a mask of those that stand for
            media, and the embeddings of these.
        folder: The folder of both models.

    Raises:
        ModelFolderError: The folder has no model of text embeddings.
    """
    if not (folder / TEXT_EMBEDDINGS).is_file():
        raise ModelFolderError(f"{folder}: there is no {TEXT_EMBEDDINGS}")
    lookup = core.read_model(folder / TEXT_EMBEDDINGS)
    (ids,) = lookup.get_parameters()
    ids.set_partial_shape(ov.PartialShape([-1]))
    ids.output(0).set_names({_IDS})
    lookup.validate_nodes_and_infer_types()
    text = lookup.get_results()[0].input_value(0)
    is_media = opset13.parameter([-1, 1], np.bool_, name=_IS_MEDIA)
    is_media.output(0).set_names({_IS_MEDIA})
    media = opset13.parameter([-1, text.get_partial_shape()[-1]], np.float32, name=_MEDIA)
    media.output(0).set_names({_MEDIA})
    both = opset13.select(is_media, media, text)
    replaced = next(p for p in model.get_parameters() if _EMBEDDED in p.output(0).names)
    for target in replaced.output(0).get_target_inputs():
        target.replace_source_output(both.output(0))
    model.remove_parameter(replaced)
    model.add_parameters([ids, is_media, media])
    model.validate_nodes_and_infer_types()


class Embedding:
    """Makes the inputs of a multimodal language model from a step's batch.

    Args:
        multimodal: The model's multimodal configuration.
        language: The compiled language model that takes the inputs.
    """

    def __init__(self, multimodal: MultimodalConfig, language: ov.CompiledModel) -> None:
        self._num_rows = int(language.input("position_ids").partial_shape[0].get_length())
        self._hidden_size = multimodal.hidden_size
        self._no_media = np.zeros((1, multimodal.hidden_size), dtype=np.float32)
        self._no_deep = np.zeros(
            (multimodal.vision.num_deep, 1, multimodal.hidden_size), dtype=np.float32
        )

    def inputs(self, batch: StepBatch) -> dict[str, NDArray[Any]]:
        """The step's tokens, media, positions, and deepstack features, by input name."""
        num_tokens = len(batch.token_ids)
        is_media, is_visual = np.zeros((2, num_tokens), dtype=np.bool_)
        rows, deep = self._no_media, []
        if batch.placed_features:
            rows = np.zeros((num_tokens, self._hidden_size), dtype=np.float32)
        for placed in batch.placed_features:
            features = placed.features
            place = slice(placed.begin, placed.begin + len(features.rows))
            rows[place] = features.rows
            is_media[place] = True
            if features.deep is not None:
                is_visual[place] = True
                deep.append(features.deep)
        return {
            _IDS: batch.token_ids,
            _IS_MEDIA: is_media[:, None],
            _MEDIA: rows,
            "position_ids": self._position_ids(batch),
            "visual_pos_masks": is_visual[None],
            "deepstack_visual_embeds": np.concatenate(deep, axis=1) if deep else self._no_deep,
        }

    def _position_ids(self, batch: StepBatch) -> NDArray[np.int64]:
        """Time, row and column; a model with four rows takes the text position as the first."""
        plain = np.broadcast_to(batch.position_ids, (self._num_rows, len(batch.position_ids)))
        if batch.rope_ids is None:
            return np.ascontiguousarray(plain)
        return np.concatenate([plain[: self._num_rows - 3], batch.rope_ids])
