"""What the engine asks of a runtime, and the batch that it hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from palaver.multimodal.media import Kind

Logits: TypeAlias = NDArray[np.float32]
SavedBlock: TypeAlias = tuple[NDArray[np.generic], ...]


@dataclass(frozen=True, slots=True)
class Features:
    """What an encoder made of a piece of media.

    Attributes:
        rows: ``float32[N, hidden size]``, the embeddings of N tokens.
        deep: ``float32[layers, N, hidden size]``, added inside the first layers of the language
            model; ``None`` for audio.
    """

    rows: NDArray[np.float32]
    deep: NDArray[np.float32] | None

    @property
    def num_bytes(self) -> int:
        """Memory that they take."""
        return int(self.rows.nbytes) + (0 if self.deep is None else int(self.deep.nbytes))


@dataclass(frozen=True, slots=True)
class PlacedFeatures:
    """Features in the place of some of a step's token embeddings.

    Attributes:
        begin: Which of the T tokens is the first.
        features: As many rows as tokens.
    """

    begin: int
    features: Features


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
        rope_ids: ``int64[3, T]``, time, row and column of each token; ``None`` if they are all its
            place in its sequence, as in text.
        splices: Images, video and audio among the tokens, in order.
    """

    token_ids: NDArray[np.int64]
    position_ids: NDArray[np.int64]
    past_lens: NDArray[np.int32]
    subsequence_begins: NDArray[np.int32]
    block_indices: NDArray[np.int32]
    block_indices_begins: NDArray[np.int32]
    max_context_len: int
    sampled_indices: NDArray[np.int64]
    rope_ids: NDArray[np.int64] | None = None
    placed_features: tuple[PlacedFeatures, ...] = ()


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


class Encoder(Protocol):
    """The encoders of a multimodal model. One thread calls it at a time, not the one that steps."""

    def encode(
        self, kind: Kind, content: NDArray[np.uint8] | NDArray[np.float32], num_tokens: int
    ) -> Features:
        """What the model makes of a piece of media.

        Args:
            kind: What it is.
            content: ``uint8[frames, height, width, 3]`` or ``float32[chunks, 128, frames]``.
            num_tokens: Tokens that it takes in the prompt.
        """


class Runtime(Protocol):
    """A loaded model with its paged cache. One thread calls it at a time."""

    @property
    def shape(self) -> RuntimeShape:
        """The sizes of this model and its cache."""

    @property
    def encoder(self) -> Encoder | None:
        """The encoders of images, video and audio; ``None`` for a model of text."""

    @property
    def media_kinds(self) -> tuple[Kind, ...]:
        """The kinds of media that :attr:`encoder` takes."""

    def step(self, batch: StepBatch) -> Logits:
        """Run the model over ``batch``, writing its keys and values into the cache.

        Returns:
            ``float32[R, vocab_size]``, valid until the next step.
        """

    @property
    def has_hidden_states(self) -> bool:
        """Whether :meth:`hidden_states` are there: whether the model was exported with a talker."""

    def hidden_states(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """The hidden states of some of the last step's T tokens, in the layer that a talker reads.

        Args:
            tokens: Which, ``int64[N]``.

        Returns:
            A copy, ``float32[N, hidden size]``.
        """

    def copy_block(self, source: int, target: int) -> None:
        """Copy the keys and values of block ``source`` over block ``target``."""

    def save_block(self, index: int) -> SavedBlock:
        """A copy of block ``index`` outside the cache, bit for bit."""

    def restore_block(self, index: int, saved: SavedBlock) -> None:
        """Put a copy made by :meth:`save_block` into block ``index``."""
