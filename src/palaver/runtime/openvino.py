"""A model folder in OpenVINO's paged mode: weights read once, the cache allocated once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13
from openvino._offline_transformations import paged_attention_transformation

from palaver.errors import ModelFolderError
from palaver.runtime.base import Encoder, Logits, RuntimeShape, SavedBlock, StepBatch
from palaver.runtime.config import RuntimeConfig
from palaver.runtime.embedding import Embedding, embed_inside
from palaver.runtime.encoders import Encoders
from palaver.runtime.projections import stack_projections
from palaver.senses.config import LANGUAGE_FILE, read_senses

MODEL_FILE = "openvino_model.xml"
_SAMPLED = "sampled_tokens_indices"
_CACHE_INPUT = "cache."
_STATES = "intermediate_hidden_states"
_NUM_KEPT_EXECUTORS = 20
"""Prepared operations to keep for shapes that come again; the default of 5,000 fills memory."""
_ACTIVATION_GROUP = 64
"""Activations that share a scale where they meet weights in groups of a multiple of this.

OpenVINO's default is 32; with it int4 models read and decode a sixth slower."""


class OpenVinoRuntime:
    """One model on this machine's CPU.

    Args:
        config: Names the folder, which holds ``openvino_model.xml`` and ``.bin`` as optimum-intel
            exports them, or the several models of one with senses, and bounds the cache.

    Raises:
        ModelFolderError: The folder holds no such model, the model cannot run in paged mode, or the
            memory is too small for a single block.

    Attributes:
        has_states: Whether it was exported with a talker.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        senses = read_senses(Path(config.folder))
        compiled = _compile(config, LANGUAGE_FILE if senses else MODEL_FILE)
        self._embedding = Embedding(senses, compiled) if senses else None
        self._encoder = Encoders(config, senses) if senses else None
        self._request = compiled.create_infer_request()
        caches = [port for port in compiled.inputs if _CACHE_INPUT in port.any_name]
        block_bytes = sum(_block_bytes(port) for port in caches)
        block_size = _block_size_tokens(caches)
        num_blocks = config.cache_bytes // block_bytes
        if config.max_cache_tokens:
            num_blocks = min(num_blocks, -(-config.max_cache_tokens // block_size))
        if num_blocks < 1:
            raise ModelFolderError(
                f"{config.folder}: a cache of {config.cache_bytes} bytes is too small; "
                f"one block of this model takes {block_bytes} bytes"
            )
        self._caches = [_allocate(port, num_blocks + 1) for port in caches]
        for port, tensor in zip(caches, self._caches, strict=True):
            self._request.set_tensor(port, tensor)
        self._blocks = [_as_bytes(tensor) for tensor in self._caches]
        self._num_threads = _num_threads(config)
        self._inputs = {port.any_name for port in compiled.inputs} - {p.any_name for p in caches}
        self.has_states = any(_STATES in port.names for port in compiled.outputs)
        self._shape = RuntimeShape(
            vocab_size=compiled.output("logits").partial_shape[-1].get_length(),
            block_size_tokens=block_size,
            num_blocks=num_blocks,
            block_size_bytes=block_bytes,
        )

    @property
    def shape(self) -> RuntimeShape:
        """The sizes of this model and its cache."""
        return self._shape

    @property
    def encoder(self) -> Encoder | None:
        """The encoders of a model with senses."""
        return self._encoder

    def step(self, batch: StepBatch) -> Logits:
        """Run one step; see :meth:`palaver.runtime.base.Runtime.step`. Releases the GIL."""
        batch = self._with_company(batch)
        inputs = {
            "past_lens": batch.past_lens,
            "subsequence_begins": batch.subsequence_begins,
            "block_indices": batch.block_indices,
            "block_indices_begins": batch.block_indices_begins,
            "max_context_len": np.array(batch.max_context_len, dtype=np.int32),
            _SAMPLED: batch.sampled_indices,
        }
        if self._embedding:
            inputs |= self._embedding.inputs(batch)
        else:
            inputs |= {"input_ids": batch.token_ids, "position_ids": batch.position_ids}
        for name in self._inputs:
            self._request.set_tensor(name, ov.Tensor(inputs[name], shared_memory=True))
        self._request.infer()
        logits: Logits = self._request.get_tensor("logits").data
        return logits.reshape(-1, self._shape.vocab_size)

    def states(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Hidden states of the last step; see :meth:`palaver.runtime.base.Runtime.states`."""
        data: NDArray[np.float32] = self._request.get_tensor(_STATES).data
        return data.reshape(-1, data.shape[-1])[tokens]

    def _with_company(self, batch: StepBatch) -> StepBatch:
        """The batch, with empty sequences beside it where bit-exactness wants them.

        When all sequences decode and there are fewer of them than threads, OpenVINO's attention
        divides each context among the threads, at places that depend on the batch. With as many
        sequences as threads it computes each of them in one piece, as it does in any larger batch.
        The empty ones name a block that nobody owns and bring no tokens.
        """
        num_sequences = len(batch.past_lens)
        is_decode = len(batch.token_ids) == num_sequences
        num_missing = self._num_threads - num_sequences
        if not is_decode or num_missing < 1:
            return batch
        nobody = np.full(num_missing, self._shape.num_blocks, dtype=np.int32)
        block_ends = batch.block_indices_begins[-1] + np.arange(1, num_missing + 1, dtype=np.int32)
        token_ends = np.repeat(batch.subsequence_begins[-1:], num_missing)
        return replace(
            batch,
            past_lens=np.concatenate([batch.past_lens, np.zeros(num_missing, dtype=np.int32)]),
            subsequence_begins=np.concatenate([batch.subsequence_begins, token_ends]),
            block_indices=np.concatenate([batch.block_indices, nobody]),
            block_indices_begins=np.concatenate([batch.block_indices_begins, block_ends]),
        )

    def copy_block(self, source: int, target: int) -> None:
        """Copy the keys and values of one block over another."""
        for cache in self._blocks:
            cache[target] = cache[source]

    def save_block(self, index: int) -> SavedBlock:
        """A copy of one block outside the cache, bit for bit."""
        return tuple(cache[index].copy() for cache in self._blocks)

    def restore_block(self, index: int, saved: SavedBlock) -> None:
        """Put a saved copy into a block."""
        for cache, content in zip(self._blocks, saved, strict=True):
            cache[index] = content


def _compile(config: RuntimeConfig, file: str) -> ov.CompiledModel:
    path = Path(config.folder) / file
    if not path.is_file():
        raise ModelFolderError(f"{config.folder}: there is no {file}")
    core = ov.Core()
    options: dict[str, str | int] = {
        "PERFORMANCE_HINT": "LATENCY",
        "KV_CACHE_PRECISION": config.cache_precision,
        "INFERENCE_NUM_THREADS": _num_threads(config),
        "CPU_RUNTIME_CACHE_CAPACITY": _NUM_KEPT_EXECUTORS,
    }
    if config.inference_precision != "auto":
        options["INFERENCE_PRECISION_HINT"] = config.inference_precision
    try:
        model = core.read_model(path)
        groups = _weight_groups(model)
        if groups and all(size % _ACTIVATION_GROUP == 0 for size in groups):
            options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = _ACTIVATION_GROUP
        stack_projections(model)
        paged_attention_transformation(model)
        _gather_before_head(model)
        if path.name == LANGUAGE_FILE:
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


def _num_threads(config: RuntimeConfig) -> int:
    return config.num_threads or len(os.sched_getaffinity(0))


def _gather_before_head(model: ov.Model) -> None:
    """Compute logits only where they are wanted: a Gather in front of the last MatMul."""
    node = model.output("logits").get_node()
    while node.get_type_name() != "MatMul":
        node = node.input_value(0).get_node()
    indices = opset13.parameter([-1], np.int64, name=_SAMPLED)
    indices.output(0).set_names({_SAMPLED})
    axis = opset13.constant(np.array(0, dtype=np.int64))
    gathered = opset13.gather(node.input_value(0), indices, axis)
    node.input(0).replace_source_output(gathered.output(0))
    model.add_parameters([indices])
    model.validate_nodes_and_infer_types()


def _block_shape(port: ov.Output) -> list[int]:
    return [dimension.get_length() for dimension in list(port.partial_shape)[1:]]


def _block_bytes(port: ov.Output) -> int:
    return int(np.prod(_block_shape(port))) * int(port.element_type.size)


def _block_size_tokens(caches: list[ov.Output]) -> int:
    """Tokens in a block, read off the values' shape: u8 keys carry their scales as more rows."""
    values = next(port for port in caches if port.any_name.startswith("value_cache"))
    return _block_shape(values)[1]


def _allocate(port: ov.Output, num_blocks: int) -> ov.Tensor:
    return ov.Tensor(port.element_type, ov.Shape([num_blocks, *_block_shape(port)]))


def _as_bytes(tensor: ov.Tensor) -> NDArray[np.uint8]:
    """The tensor's memory as ``uint8[num_blocks, bytes of a block]``."""
    num_blocks = tensor.shape[0]
    data: NDArray[np.uint8] = tensor.data.view(np.uint8).reshape(num_blocks, -1)
    return data
