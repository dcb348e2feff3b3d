"""The protocol between engine and runtime: the batch of a step, and the runtime itself."""

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
    """The output of an encoder for one chunk of media.

    Attributes:
        rows: ``float32[N, hidden size]``, the embeddings of N tokens.
        deep: ``float32[layers, N, hidden size]``, added to the hidden states of the first layers of
            the language model (deepstack); ``None`` for audio.
    """

    rows: NDArray[np.float32]
    deep: NDArray[np.float32] | None

    @property
    def num_bytes(self) -> int:
        """Memory that the arrays take."""
        return int(self.rows.nbytes) + (0 if self.deep is None else int(self.deep.nbytes))


@dataclass(frozen=True, slots=True)
class PlacedFeatures:
    """Features that replace some of a step's token embeddings.

    Attributes:
        begin: Index of the first replaced token among the T tokens.
        features: One row for each replaced token.
    """

    begin: int
    features: Features


@dataclass(frozen=True, slots=True)
class StepBatch:
    """The tokens of S sequences for one step, flat, one sequence after another.

    A sequence has one token (decode) or several (prefill); both kinds mix freely. In shapes, T is
    the number of tokens of all sequences, B that of the cache blocks that they occupy, R that of
    the rows of logits to compute.

    Attributes:
        token_ids: ``int64[T]``.
        position_ids: ``int64[T]``, each token's position in its sequence.
        past_lens: ``int32[S]``, tokens of each sequence that the cache holds already.
        subsequence_begins: ``int32[S + 1]``, where each sequence's tokens begin; the last is T.
        block_indices: ``int32[B]``, the cache blocks of each sequence in order, with this step's.
        block_indices_begins: ``int32[S + 1]``, where each sequence's blocks begin; the last is B.
        max_context_len: Length of the longest sequence after this step.
        sampled_indices: ``int64[R]``, the tokens among the T whose logits are computed.
        rope_ids: ``int64[3, T]``, time, row and column of each token; ``None`` if all three are its
            position, as in text.
        placed_features: Features of images, video and audio among the tokens, in order.
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
    """The encoders of a multimodal model. Not thread-safe; may run while another thread steps."""

    def encode(
        self, kind: Kind, content: NDArray[np.uint8] | NDArray[np.float32], num_tokens: int
    ) -> Features:
        """The features of one chunk of media.

        Args:
            kind: The kind of media.
            content: ``uint8[frames, height, width, 3]`` or ``float32[chunks, 128, frames]``.
            num_tokens: Tokens that the chunk takes in the prompt.
        """


class Runtime(Protocol):
    """A loaded model with its paged cache. Not thread-safe."""

    @property
    def shape(self) -> RuntimeShape:
        """The sizes of this model and its cache."""

    @property
    def encoder(self) -> Encoder | None:
        """The encoders of images, video and audio; ``None`` for a text model."""

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
        """Whether :meth:`hidden_states` works, that is, the model was exported with a talker."""

    def hidden_states(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """The hidden states of some of the last step's T tokens, in the layer that a talker reads.

        Args:
            tokens: Their indices, ``int64[N]``.

        Returns:
            A copy, ``float32[N, hidden size]``.
        """

    def copy_block(self, source: int, target: int) -> None:
        """Copy the keys and values of block ``source`` over block ``target``."""

    def save_block(self, index: int) -> SavedBlock:
        """A copy of block ``index`` outside the cache, bit for bit."""

    def restore_block(self, index: int, saved: SavedBlock) -> None:
        """Put a copy made by :meth:`save_block` into block ``index``."""
