"""A runtime without a model, for tests of the engine and everything above it.

It keeps real blocks and reads its context through the block table, so a scheduler that confuses
blocks, positions or chunks gets other logits. As with real kernels, a one-token step leaves another
content in the cache than a longer step does for the same token, so code that confuses both loses
its bit-exactness here as well.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from palaver.multimodal.media import Kind
from palaver.runtime.base import Features, Logits, RuntimeShape, SavedBlock, StepBatch

_DECODED = np.int64(1) << 60
_EMPTY = np.int64(-1)


class FakeEncoder:
    """Features that are a pure function of the content."""

    def __init__(self) -> None:
        self.num_pieces = 0

    def encode(
        self, kind: Kind, content: NDArray[np.uint8] | NDArray[np.float32], num_tokens: int
    ) -> Features:
        """Rows that differ for each content."""
        self.num_pieces += 1
        digest = hashlib.blake2b(kind.encode() + content.tobytes(), digest_size=8).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "little"))
        rows = rng.standard_normal((num_tokens, 2), dtype=np.float32)
        return Features(rows, None if kind == "audio" else rows[None])


class FakeRuntime:
    """Logits that are a pure function of the context as the cache holds it.

    Args:
        vocab_size: Width of a row of logits.
        block_size_tokens: Tokens in one cache block.
        num_blocks: Number of cache blocks.
        eos_token_id: Token made likelier as the context grows, to end sequences; ``None`` never.
    """

    def __init__(
        self,
        vocab_size: int = 64,
        block_size_tokens: int = 4,
        num_blocks: int = 64,
        eos_token_id: int | None = None,
    ) -> None:
        self._shape = RuntimeShape(vocab_size, block_size_tokens, num_blocks, block_size_tokens * 8)
        self._cache = np.full((num_blocks, block_size_tokens), _EMPTY, dtype=np.int64)
        self._eos_token_id = eos_token_id
        self.encoder = FakeEncoder()
        self.media_kinds: tuple[Kind, ...] = ("audio", "image", "video")
        self.has_hidden_states = True
        self._hidden_states = np.zeros((0, 1), dtype=np.float32)
        self.num_steps = 0
        self.num_tokens = 0

    @property
    def shape(self) -> RuntimeShape:
        """The sizes given at construction."""
        return self._shape

    def step(self, batch: StepBatch) -> Logits:
        """Logits of the wanted rows; raises ``AssertionError`` on an inconsistent batch."""
        self.num_steps += 1
        self.num_tokens += len(batch.token_ids)
        rows: dict[int, NDArray[np.float32]] = {}
        wanted = set(batch.sampled_indices.tolist())
        contents = _contents(batch)
        self._hidden_states = contents[:, None].astype(np.float32)
        for i, past in enumerate(batch.past_lens.tolist()):
            begin, end = batch.subsequence_begins[i : i + 2].tolist()
            first, last = batch.block_indices_begins[i : i + 2].tolist()
            blocks = batch.block_indices[first:last]
            self._write(batch, contents, blocks, past, begin, end)
            for index in wanted.intersection(range(begin, end)):
                rows[index] = self._logits(blocks, past + index - begin + 1)
        return np.stack([rows[i] for i in batch.sampled_indices.tolist()]) if wanted else _no_rows()

    def hidden_states(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """The tokens' contents, rounded to floats."""
        return self._hidden_states[tokens]

    def copy_block(self, source: int, target: int) -> None:
        """Copy a block's tokens."""
        self._cache[target] = self._cache[source]

    def save_block(self, index: int) -> SavedBlock:
        """A copy of a block's tokens."""
        return (self._cache[index].copy(),)

    def restore_block(self, index: int, saved: SavedBlock) -> None:
        """Put a saved copy back."""
        self._cache[index] = saved[0]

    def _write(
        self,
        batch: StepBatch,
        contents: NDArray[np.int64],
        blocks: NDArray[np.int32],
        past: int,
        begin: int,
        end: int,
    ) -> None:
        size = self._shape.block_size_tokens
        assert end > begin, "a sequence without tokens is in the batch"
        assert len(blocks) == -(-(past + end - begin) // size), "wrong number of blocks"
        assert batch.max_context_len >= past + end - begin, "max_context_len is too small"
        mark = _DECODED if end - begin == 1 else np.int64(0)
        for place, index in enumerate(range(begin, end), start=past):
            assert batch.position_ids[index] == place, "wrong position"
            self._cache[blocks[place // size], place % size] = contents[index] | mark

    def _logits(self, blocks: NDArray[np.int32], length: int) -> NDArray[np.float32]:
        context = self._cache[blocks].reshape(-1)[:length]
        assert (context != _EMPTY).all(), "the context was never computed"
        digest = hashlib.blake2b(context.tobytes(), digest_size=8).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "little"))
        logits = rng.standard_normal(self._shape.vocab_size, dtype=np.float32) * 2
        if self._eos_token_id is not None:
            logits[self._eos_token_id] += length / 16 - 2
        return logits


def _contents(batch: StepBatch) -> NDArray[np.int64]:
    """A number for each token: of its id, or of the features that replace it, and its position."""
    contents = batch.token_ids.copy()
    for placed in batch.placed_features:
        for i, row in enumerate(placed.features.rows, start=placed.begin):
            digest = hashlib.blake2b(row.tobytes(), digest_size=4).digest()
            contents[i] = int.from_bytes(digest, "little")
    if batch.rope_ids is not None:
        contents += (batch.rope_ids - batch.position_ids).T @ np.array([1 << 33, 1 << 35, 1 << 37])
    return contents


def _no_rows() -> Logits:
    return np.empty((0, 0), dtype=np.float32)
