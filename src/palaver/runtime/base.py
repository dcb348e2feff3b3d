"""What the engine asks of a runtime, and the batch that it hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Logits: TypeAlias = NDArray[np.float32]
SavedBlock: TypeAlias = tuple[NDArray[np.generic], ...]


@dataclass(frozen=True, slots=True)
class StepBatch:
    """The tokens of S sequences for one step, flat, one sequence after another.

    A sequence brings one token (decode) or several (prefill); both kinds mix freely. In shapes,
    T is the number of tokens of all sequences, B that of cache blocks they occupy, R that of rows
    of logits wanted.

    Attributes:
        token_ids: ``int64[T]``.
        position_ids: ``int64[T]``, each token's place in its sequence.
        past_lens: ``int32[S]``, tokens of each sequence that the cache holds already.
        subsequence_begins: ``int32[S + 1]``, where each sequence's tokens begin; the last is T.
        block_indices: ``int32[B]``, the cache blocks of each sequence in order, with this step's.
        block_indices_begins: ``int32[S + 1]``, where each sequence's blocks begin; the last is B.
        max_context_len: Length of the longest sequence after this step.
        sampled_indices: ``int64[R]``, which of the T tokens' logits are wanted.
    """

    token_ids: NDArray[np.int64]
    position_ids: NDArray[np.int64]
    past_lens: NDArray[np.int32]
    subsequence_begins: NDArray[np.int32]
    block_indices: NDArray[np.int32]
    block_indices_begins: NDArray[np.int32]
    max_context_len: int
    sampled_indices: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RuntimeShape:
    """Sizes that the engine plans with.

    Attributes:
        vocab_size: Width of a row of logits.
        block_size_tokens: Tokens in one cache block.
        num_blocks: Cache blocks, allocated once.
        block_size_bytes: Memory of one block over all layers.
    """

    vocab_size: int
    block_size_tokens: int
    num_blocks: int
    block_size_bytes: int


class Runtime(Protocol):
    """A loaded model with its paged cache. One thread calls it at a time."""

    @property
    def shape(self) -> RuntimeShape:
        """The sizes of this model and its cache."""

    def step(self, batch: StepBatch) -> Logits:
        """Run the model over ``batch``, writing its keys and values into the cache.

        Returns:
            ``float32[R, vocab_size]``, valid until the next step.
        """

    def copy_block(self, source: int, target: int) -> None:
        """Copy the keys and values of block ``source`` over block ``target``."""

    def save_block(self, index: int) -> SavedBlock:
        """A copy of block ``index`` outside the cache, bit for bit."""

    def restore_block(self, index: int, saved: SavedBlock) -> None:
        """Put a copy made by :meth:`save_block` into block ``index``."""
