"""The models of a Qwen3-Omni talker, as optimum-intel exports them (spec row S11)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13

from palaver.errors import ModelFolderError
from palaver.runtime import export

Rows: TypeAlias = NDArray[np.float32]
"""``float32[N, hidden]``."""

_PARTS = (*export.TALKER_PARTS, "text_embeddings")
_ROPE_IDS = "rope_ids"
_NUM_AXES = 3


class Talker:
    """The models of a talker, compiled.

    Args:
        folder: The model's folder, as optimum-intel writes it.
        num_threads: Threads of each model; 0 leaves that to OpenVINO.

    Raises:
        ModelFolderError: ``config.json`` cannot be read, or the talker cannot take separate
            positions for time, row and column.

    Attributes:
        config: The folder's ``config.json``.
    """

    def __init__(self, folder: Path, num_threads: int = 0) -> None:
        self.config = export.read_json(folder / export.CONFIG)
        core = ov.Core()
        hints = {
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32",
            "INFERENCE_NUM_THREADS": num_threads,
            "ENABLE_CPU_PINNING": False,
        }
        models = {name: core.read_model(folder / export.part_file(name)) for name in _PARTS}
        if not _take_rope_ids(models["talker"]):
            raise ModelFolderError(f"{folder}: its talker takes no positions of media")
        self._models = {name: core.compile_model(m, "CPU", hints) for name, m in models.items()}

    def wave(self, frames: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The audio of n frames: ``float32[1920 n - 555]``, 24,000 samples a second.

        Frames do not change the audio before them: that of the first m frames is a prefix.
        """
        codes = np.array(frames, dtype=np.int64).T[None]
        wave: NDArray[np.float32] = self._models["code2wav"](codes)[0].ravel().copy()
        return wave

    def stateful(self, name: str) -> Stateful:
        """A model with state, such as ``talker``, in its initial state."""
        return Stateful(self._models[name])

    def opening(self, speaker: str) -> list[int]:
        """The codes at the beginning of an answer."""
        config = self.config["talker_config"]
        names = ("codec_nothink_id", "codec_think_bos_id", "codec_think_eos_id")
        ids: list[int] = [config[name] for name in names]
        return [*ids, config["speaker_id"][speaker], config["codec_pad_id"], config["codec_bos_id"]]

    def text(self, token_ids: Sequence[int]) -> Rows:
        """The talker's input for text tokens: ``float32[N, hidden]``."""
        embeds = self._models["text_embeddings"](np.array(token_ids, dtype=np.int64)[None])[0]
        projected: Rows = self._models["talker_projections"](embeds)[0][0].copy()
        return projected

    def hidden(self, hidden_states: Rows) -> Rows:
        """The talker's input for hidden states of media: ``float32[N, hidden]``."""
        projected: Rows = self._models["talker_projections"](hidden_states[None])[1][0].copy()
        return projected

    def codec(self, codes: Sequence[int]) -> Rows:
        """The talker's input for codes of the first group: ``float32[N, hidden]``."""
        embeds = self._models["talker_text_embeddings"](np.array(codes, dtype=np.int64)[None])
        rows: Rows = embeds[0][0].copy()
        return rows


class Stateful:
    """A model that keeps its past inputs as state."""

    def __init__(self, compiled: Any) -> None:
        self._outputs = [output.any_name for output in compiled.outputs]
        self._request = compiled.create_infer_request()
        self._num_read = 0

    def reset(self) -> None:
        """Return to the initial state."""
        self._request.reset_state()
        self._num_read = 0

    def __call__(self, rows: Rows, **further: Any) -> dict[str, Any]:
        """Run on ``float32[N, hidden]`` and the model's further inputs; returns outputs by name."""
        end = self._num_read + len(rows)
        inputs = {
            "inputs_embeds": np.ascontiguousarray(rows[None]),
            "attention_mask": np.ones((1, end), np.int64),
            "position_ids": np.arange(self._num_read, end)[None],
            "beam_idx": np.zeros(1, np.int32),
        }
        self._request.infer(inputs | further)
        self._num_read = end
        return {name: self._request.get_tensor(name).data.copy() for name in self._outputs}


def _take_rope_ids(model: ov.Model) -> bool:
    """Give a talker an input for time, row and column of each token, ``int64[3, 1, N]``.

    As exported, it takes one position for each token and uses it for all three, which is right only
    for text.

    Returns:
        Whether the graph has the expected form and was changed.
    """
    nodes = [model.input("position_ids").get_node()]
    for node in nodes:
        if _is_rope_ids(node):
            rope_ids = opset13.parameter([_NUM_AXES, -1, -1], np.int64, name=_ROPE_IDS)
            rope_ids.output(0).set_names({_ROPE_IDS})
            for target in node.output(0).get_target_inputs():
                target.replace_source_output(rope_ids.output(0))
            model.add_parameters([rope_ids])
            model.validate_nodes_and_infer_types()
            return True
        outputs = (target.get_node() for o in node.outputs() for target in o.get_target_inputs())
        nodes += [output for output in outputs if output not in nodes]
    return False


def _is_rope_ids(node: ov.Node) -> bool:
    if node.get_output_size() != 1:
        return False
    shape = node.output(0).get_partial_shape()
    is_triple = len(shape) == _NUM_AXES and shape[0] == ov.Dimension(_NUM_AXES)
    return bool(is_triple and node.output(0).get_element_type() == ov.Type.i64)
