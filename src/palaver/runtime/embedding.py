"""The inputs of a language model that takes embeddings: text looked up, media put between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from palaver.runtime.base import StepBatch
from palaver.runtime.config import RuntimeConfig
from palaver.runtime.part import compile_part
from palaver.senses.config import SensesConfig

_FILE = "openvino_text_embeddings_model.xml"


class Embedding:
    """Turns a step's tokens into what a model with senses reads.

    Args:
        config: Names the folder.
        senses: What it says.
        language: The compiled language model, whose inputs are to be filled.

    Raises:
        ModelFolderError: The folder has no model of text embeddings.
    """

    def __init__(
        self, config: RuntimeConfig, senses: SensesConfig, language: ov.CompiledModel
    ) -> None:
        self._lookup = compile_part(config, Path(config.folder) / _FILE).create_infer_request()
        self._num_rows = int(language.input("position_ids").partial_shape[0].get_length())
        self._no_deep = np.zeros((senses.vision.num_deep, 1, senses.hidden_size), dtype=np.float32)

    def inputs(self, batch: StepBatch) -> dict[str, NDArray[Any]]:
        """The step's embeddings, positions, and what deeper layers add to pictures."""
        ids = np.ascontiguousarray(batch.token_ids[None])
        self._lookup.set_input_tensor(ov.Tensor(ids, shared_memory=True))
        self._lookup.infer()
        rows: NDArray[np.float32] = self._lookup.get_output_tensor(0).data[0]
        is_seen = np.zeros(len(batch.token_ids), dtype=np.bool_)
        deep = []
        for splice in batch.splices:
            features = splice.features
            place = slice(splice.begin, splice.begin + len(features.rows))
            rows[place] = features.rows
            if features.deep is not None:
                is_seen[place] = True
                deep.append(features.deep)
        return {
            "inputs_embeds": rows,
            "position_ids": self._position_ids(batch),
            "visual_pos_masks": is_seen[None],
            "deepstack_visual_embeds": np.concatenate(deep, axis=1) if deep else self._no_deep,
        }

    def _position_ids(self, batch: StepBatch) -> NDArray[np.int64]:
        """Time, row and column; where the model has a fourth row, plain positions come first."""
        plain = np.broadcast_to(batch.position_ids, (self._num_rows, len(batch.position_ids)))
        if batch.rope_ids is None:
            return np.ascontiguousarray(plain)
        return np.concatenate([plain[: self._num_rows - 3], batch.rope_ids])
