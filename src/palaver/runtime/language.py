"""A language model in OpenVINO's paged mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13
from openvino._offline_transformations import paged_attention_transformation

from palaver.errors import ModelFolderError
from palaver.runtime.config import RuntimeConfig
from palaver.runtime.embedding import embed_inside
from palaver.runtime.part import NUM_KEPT_EXECUTORS, num_cores
from palaver.runtime.projections import stack_projections
from palaver.runtime.rotary import simplify_rotary

SAMPLED = "sampled_tokens_indices"
MAX_CONTEXT_LEN = "max_context_len"
_ACTIVATION_GROUP = 64
"""Activations that share a scale, where the groups of weights are a multiple of this.

OpenVINO's default is 32; with it, prefill and decode of int4 models are a sixth slower."""
_MIN_CONTEXT_TOKENS = 1024
"""Smallest context length for which attention is prepared."""


class LanguageModel:
    """A compiled language model, its cache and its inference request.

    Args:
        compiled: The model.
        caches: The tensors of keys and values, by input name.
    """

    def __init__(self, compiled: ov.CompiledModel, caches: dict[str, ov.Tensor]) -> None:
        self._request = compiled.create_infer_request()
        for name, tensor in caches.items():
            self._request.set_tensor(name, tensor)
        self._names = {port.any_name for port in compiled.inputs} - caches.keys()
        self._inputs: dict[str, NDArray[Any]] = {}
        self._prepared_context_len = 0  # in tokens

    def compute(self, inputs: dict[str, NDArray[Any]]) -> None:
        """Run the model. Releases the GIL.

        Args:
            inputs: Inputs by name; those that the model does not have are ignored.
        """
        self._inputs = inputs | {
            MAX_CONTEXT_LEN: self._context_len(inputs[MAX_CONTEXT_LEN])
        }  # kept, since the tensors share its memory
        for name in self._names:
            self._request.set_tensor(name, ov.Tensor(self._inputs[name], shared_memory=True))
        self._request.infer()

    def _context_len(self, longest: NDArray[np.int32]) -> NDArray[np.int32]:
        """The maximum context length to pass on; a quarter larger where it exceeds all before.

        OpenVINO takes milliseconds to prepare kernels and buffers whenever the longest context
        grows by a block.
        """
        if longest <= self._prepared_context_len:
            return longest
        self._prepared_context_len = max(int(longest) * 5 // 4, _MIN_CONTEXT_TOKENS)
        return np.array(self._prepared_context_len, dtype=np.int32)

    def output(self, name: str) -> NDArray[np.float32]:
        """An output, valid until the next run; ``float32[rows, width]``."""
        data: NDArray[np.float32] = self._request.get_tensor(name).data
        return data.reshape(-1, data.shape[-1])


def compile_language(config: RuntimeConfig, path: Path, num_threads: int) -> ov.CompiledModel:
    """A language model, compiled in paged mode.

    Args:
        config: Precisions, threads and the folder.
        path: The model's file.
        num_threads: Threads of a step, the calling one included. They are pinned to cores only if
            they use all cores that the runtime may use.

    Raises:
        ModelFolderError: The file is missing, or cannot run in paged mode.
    """
    if not path.is_file():
        raise ModelFolderError(f"{config.folder}: there is no {path.name}")
    core = ov.Core()
    options: dict[str, str | int | bool] = {
        "PERFORMANCE_HINT": "LATENCY",
        "KV_CACHE_PRECISION": config.cache_precision,
        "INFERENCE_NUM_THREADS": num_threads,
        "CPU_RUNTIME_CACHE_CAPACITY": NUM_KEPT_EXECUTORS,
    }
    if num_threads < num_cores(config):
        options["ENABLE_CPU_PINNING"] = False
    if config.inference_precision != "auto":
        options["INFERENCE_PRECISION_HINT"] = config.inference_precision
    try:
        model = core.read_model(path)
        groups = _weight_groups(model)
        if groups and all(size % _ACTIVATION_GROUP == 0 for size in groups):
            options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = _ACTIVATION_GROUP
        stack_projections(model)
        simplify_rotary(core, model)
        paged_attention_transformation(model)
        _gather_before_head(model)
        if config.multimodal:
            embed_inside(core, model, path.parent)
        return core.compile_model(model, "CPU", options)
    except RuntimeError as error:
        raise ModelFolderError(
            f"{config.folder}: OpenVINO cannot run it in paged mode: {error}"
        ) from error


def _weight_groups(model: ov.Model) -> list[int]:
    """The numbers of 4-bit weights that share a scale, over all matrices."""
    constants = (op for op in model.get_ops() if op.get_type_name() == "Constant")
    four_bits = (op for op in constants if op.get_element_type() in (ov.Type.i4, ov.Type.u4))
    return [op.shape[2] for op in four_bits if len(op.shape) == 3 and op.shape[2] > 1]


def _gather_before_head(model: ov.Model) -> None:
    """Compute only the wanted logits: add a Gather in front of the last MatMul."""
    node = model.output("logits").get_node()
    while node.get_type_name() != "MatMul":
        node = node.input_value(0).get_node()
    indices = opset13.parameter([-1], np.int64, name=SAMPLED)
    indices.output(0).set_names({SAMPLED})
    axis = opset13.constant(np.array(0, dtype=np.int64))
    gathered = opset13.gather(node.input_value(0), indices, axis)
    node.input(0).replace_source_output(gathered.output(0))
    model.add_parameters([indices])
    model.validate_nodes_and_infer_types()
