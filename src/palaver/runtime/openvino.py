"""The runtime over OpenVINO: a model in paged mode, with a cache that is allocated once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from palaver.errors import ModelFolderError
from palaver.runtime import export
from palaver.runtime.base import Encoder, Logits, RuntimeShape, SavedBlock, StepBatch
from palaver.runtime.config import RuntimeConfig
from palaver.runtime.embedding import Embedding
from palaver.runtime.encoders import Encoders
from palaver.runtime.language import (
    MAX_CONTEXT_LEN,
    SAMPLED,
    LanguageModel,
    compile_language,
)
from palaver.runtime.padding import is_decode, single_token, with_common_length, with_num_sequences
from palaver.runtime.part import is_small, num_step_threads

_CACHE_INPUT = "cache."
_HIDDEN_STATES = "intermediate_hidden_states"


class OpenVinoRuntime:
    """One model on this machine's CPU.

    Args:
        config: Names the folder of a model exported by optimum-intel, and bounds the cache.

    Raises:
        ModelFolderError: The folder holds no such model, the model cannot run in paged mode, or the
            memory is too small for a single block.

    Attributes:
        media_kinds: The kinds of media that the model takes beside text.
        has_hidden_states: Whether the model was exported with a talker.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        multimodal = config.multimodal
        graph = export.LANGUAGE_MODEL if multimodal else export.TEXT_MODEL
        path = Path(config.folder) / graph
        weights = path.with_suffix(".bin")
        self._is_small = is_small(weights)
        self._num_threads = num_step_threads(config, weights)
        compiled = compile_language(config, path, self._num_threads)
        self._embedding = Embedding(multimodal, compiled) if multimodal else None
        self._encoder = Encoders(config, multimodal) if multimodal else None
        self.media_kinds = tuple(sorted(multimodal.kinds)) if multimodal else ()
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
        tensors = {port.any_name: _allocate(port, num_blocks + 1) for port in caches}
        self._blocks = [_as_bytes(tensor) for tensor in tensors.values()]
        self._model = LanguageModel(compiled, tensors)
        self.has_hidden_states = any(_HIDDEN_STATES in port.names for port in compiled.outputs)
        self._shape = RuntimeShape(
            vocab_size=compiled.output("logits").partial_shape[-1].get_length(),
            block_size_tokens=block_size,
            num_blocks=num_blocks,
            block_size_bytes=block_bytes,
        )
        try:
            self._warm_up()
        except RuntimeError as error:
            raise ModelFolderError(f"{config.folder}: OpenVINO cannot run it: {error}") from error

    @property
    def shape(self) -> RuntimeShape:
        """The sizes of this model and its cache."""
        return self._shape

    @property
    def encoder(self) -> Encoder | None:
        """The encoders of a multimodal model."""
        return self._encoder

    def step(self, batch: StepBatch) -> Logits:
        """Run one step; see :meth:`palaver.runtime.base.Runtime.step`. Releases the GIL."""
        self._model.compute(self._inputs(batch))
        return self._model.output("logits")

    def hidden_states(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`palaver.runtime.base.Runtime.hidden_states`."""
        return self._model.output(_HIDDEN_STATES)[tokens]

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

    def _warm_up(self) -> None:
        """Compute a step of padding now, because a large model's first step takes seconds."""
        self._model.compute(self._inputs(single_token(self._shape.num_blocks)))

    def _inputs(self, batch: StepBatch) -> dict[str, NDArray[Any]]:
        """The model's inputs, with padding sequences where reproducibility or speed needs them."""
        padding_block = self._shape.num_blocks
        if is_decode(batch):
            batch = with_num_sequences(batch, self._num_threads, padding_block)
        elif self._is_small:
            batch = with_common_length(batch, padding_block)
        inputs: dict[str, NDArray[Any]] = {
            "past_lens": batch.past_lens,
            "subsequence_begins": batch.subsequence_begins,
            "block_indices": batch.block_indices,
            "block_indices_begins": batch.block_indices_begins,
            MAX_CONTEXT_LEN: np.array(batch.max_context_len, dtype=np.int32),
            SAMPLED: batch.sampled_indices,
        }
        if self._embedding:
            return inputs | self._embedding.inputs(batch)
        return inputs | {"input_ids": batch.token_ids, "position_ids": batch.position_ids}


def _block_shape(port: ov.Output) -> list[int]:
    return [dimension.get_length() for dimension in list(port.partial_shape)[1:]]


def _block_bytes(port: ov.Output) -> int:
    return int(np.prod(_block_shape(port))) * int(port.element_type.size)


def _block_size_tokens(caches: list[ov.Output]) -> int:
    """Tokens in a block, from the values' shape: u8 keys have further rows for their scales."""
    values = next(port for port in caches if port.any_name.startswith("value_cache"))
    return _block_shape(values)[1]


def _allocate(port: ov.Output, num_blocks: int) -> ov.Tensor:
    return ov.Tensor(port.element_type, ov.Shape([num_blocks, *_block_shape(port)]))


def _as_bytes(tensor: ov.Tensor) -> NDArray[np.uint8]:
    """The tensor's memory as ``uint8[num_blocks, bytes of a block]``."""
    num_blocks = tensor.shape[0]
    data: NDArray[np.uint8] = tensor.data.view(np.uint8).reshape(num_blocks, -1)
    return data
