"""A model folder in OpenVINO's paged mode: weights read once, the cache allocated once."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from palaver.errors import ModelFolderError
from palaver.host import tuning
from palaver.multimodal.config import LANGUAGE_FILE, read_multimodal
from palaver.runtime.base import Encoder, Logits, RuntimeShape, SavedBlock, StepBatch
from palaver.runtime.config import RuntimeConfig
from palaver.runtime.embedding import Embedding
from palaver.runtime.encoders import Encoders
from palaver.runtime.language import MAX_CONTEXT_LEN, MODEL_FILE, SAMPLED, Copy, compile_language
from palaver.runtime.padding import is_decode, single_token, with_common_length, with_company
from palaver.runtime.part import num_encoder_threads, num_step_threads

_CACHE_INPUT = "cache."
_STATES = "intermediate_hidden_states"
_SMALL_BYTES = 64 << 20
"""Weights of a model so small that waiting and preparing take more time than computing."""
_MAX_BESIDE = 16
"""Sequences that a single thread decodes as quickly as several."""
_MAX_LIGHT = 32
"""Tokens of theirs, where grammars have forced some, or of what is left of a cached prompt."""


class OpenVinoRuntime:
    """One model on this machine's CPU.

    A small model is there three times. Its steps are so short that threads mostly wait for each
    other, so a single one decodes for up to 16 sequences, and the other cores are left for whatever
    else there is to do: half of the threads read prompts meanwhile, with weights of their own. All
    threads, with the third copy, compute what is left: prompts when nobody decodes, and steps of
    more sequences.

    Args:
        config: Names the folder, which holds ``openvino_model.xml`` and ``.bin`` as optimum-intel
            exports them, or the several models of a multimodal one, and bounds the cache.

    Raises:
        ModelFolderError: The folder holds no such model, the model cannot run in paged mode, or the
            memory is too small for a single block.

    Attributes:
        max_beside: Sequences that may decode while prompts are read; none but with small models.
        has_hidden_states: Whether it was exported with a talker.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        multimodal = read_multimodal(Path(config.folder))
        path = Path(config.folder) / (LANGUAGE_FILE if multimodal else MODEL_FILE)
        weights = path.with_suffix(".bin")
        self._is_small = weights.is_file() and weights.stat().st_size < _SMALL_BYTES
        most = num_step_threads(config)
        self.max_beside = _MAX_BESIDE if self._is_small and most > 1 else 0
        nums_threads = [most, 1, num_encoder_threads(config)] if self.max_beside else [most]
        models = _compile(config, path, nums_threads)
        compiled = models[0]
        self._embedding = Embedding(multimodal, compiled) if multimodal else None
        self._encoder = Encoders(config, multimodal) if multimodal else None
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
        copies = [Copy(*it, tensors) for it in zip(models, nums_threads, strict=True)]
        self._all = self._last = copies[0]
        self._light = copies[1] if self.max_beside else None
        self._reader = _Reader(copies[2]) if self.max_beside else None
        self.has_hidden_states = any(_STATES in port.names for port in compiled.outputs)
        self._shape = RuntimeShape(
            vocab_size=compiled.output("logits").partial_shape[-1].get_length(),
            block_size_tokens=block_size,
            num_blocks=num_blocks,
            block_size_bytes=block_bytes,
        )
        try:
            self._warm_up(copies)
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
        is_light = len(batch.past_lens) <= _MAX_BESIDE and len(batch.token_ids) <= _MAX_LIGHT
        self._last = self._light if self._light and is_light else self._all
        self._last.compute(self._inputs(batch, self._last.num_threads))
        return self._last.output("logits")

    def begin(self, batch: StepBatch) -> Future[Logits]:
        """Begin to run another batch; see :meth:`palaver.runtime.base.Runtime.begin`."""
        assert self._reader, "a model that is there once was asked to do two things at once"
        return self._reader.begin(self._inputs(batch, self._reader.num_threads))

    def states(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Hidden states of the last step; see :meth:`palaver.runtime.base.Runtime.states`."""
        return self._last.output(_STATES)[tokens]

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

    def _warm_up(self, copies: list[Copy]) -> None:
        """Compute a step of nobody's: the first one of a large model takes seconds."""
        batch = single_token(self._shape.num_blocks)
        for copy in copies:
            copy.compute(self._inputs(batch, copy.num_threads))

    def _inputs(self, batch: StepBatch, num_threads: int) -> dict[str, NDArray[Any]]:
        """What the model takes, with sequences of nobody's where bits or speed want them."""
        nobody = self._shape.num_blocks
        if is_decode(batch):
            batch = with_company(batch, num_threads, nobody)
        elif self._is_small:
            batch = with_common_length(batch, nobody)
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


class _Reader:
    """Computes with a copy in a thread of its own, which leaves to steps the core that they have.

    Args:
        copy: Nobody else uses it.
    """

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self.num_threads = copy.num_threads
        self._thread = ThreadPoolExecutor(
            1, thread_name_prefix="reader", initializer=tuning.tune_background_thread
        )

    def begin(self, inputs: dict[str, NDArray[Any]]) -> Future[Logits]:
        """Begin to compute; one at a time."""
        return self._thread.submit(self._read, inputs)

    def _read(self, inputs: dict[str, NDArray[Any]]) -> Logits:
        self._copy.compute(inputs)
        return self._copy.output("logits")


def _compile(config: RuntimeConfig, path: Path, nums_threads: list[int]) -> list[ov.CompiledModel]:
    """Copies for so many threads each; several are compiled at once."""
    if len(nums_threads) == 1:  # compiled where it runs, a large model seems to decode quicker
        return [compile_language(config, path, nums_threads[0])]
    with ThreadPoolExecutor(len(nums_threads)) as threads:
        return list(threads.map(lambda num: compile_language(config, path, num), nums_threads))


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
