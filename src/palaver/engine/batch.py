"""A step's chunks as the flat arrays that a runtime takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from palaver.engine.chunk import Chunk
from palaver.engine.sequence import Sequence
from palaver.generation.request import PlaceholderRange
from palaver.runtime.base import Features, PlacedFeatures, StepBatch


def make_batch(chunks: list[Chunk], block_size: int) -> StepBatch:
    """The batch of a step.

    Args:
        chunks: At least one.
        block_size: Tokens in a cache block.
    """
    sequences = [chunk.sequence for chunk in chunks]
    past = np.array([s.num_computed for s in sequences], dtype=np.int32)
    nums = np.array([chunk.num_tokens for chunk in chunks], dtype=np.int32)
    lengths = past + nums
    begins = _begins(nums)
    num_blocks = -(-lengths // block_size)
    tables = (s.block_table[:num] for s, num in zip(sequences, num_blocks.tolist(), strict=True))
    tokens = (
        s.token_ids[s.num_computed : s.num_computed + c.num_tokens]
        for s, c in zip(sequences, chunks, strict=True)
    )
    num_tokens = int(begins[-1])
    num_rows = np.array([chunk.num_rows for chunk in chunks], dtype=np.int32)
    return StepBatch(
        token_ids=np.fromiter(chain.from_iterable(tokens), dtype=np.int64, count=num_tokens),
        position_ids=_ranges(past, nums),
        past_lens=past,
        subsequence_begins=begins,
        block_indices=np.fromiter(chain.from_iterable(tables), dtype=np.int32),
        block_indices_begins=_begins(num_blocks),
        max_context_len=int(lengths.max()),
        sampled_indices=_ranges(begins[1:] - num_rows, num_rows),
        rope_ids=_rope_ids(chunks),
        placed_features=tuple(chain.from_iterable(map(_placed_features, chunks, begins.tolist()))),
    )


def _rope_ids(chunks: list[Chunk]) -> NDArray[np.int64] | None:
    if all(chunk.sequence.request.prompt.positions is None for chunk in chunks):
        return None
    rows = []
    for chunk in chunks:
        begin = chunk.sequence.num_computed
        prompt = chunk.sequence.request.prompt
        rows.append(prompt.rope_ids(begin, begin + chunk.num_tokens))
    return np.concatenate(rows, axis=1)


def _placed_features(chunk: Chunk, place: int) -> Iterator[PlacedFeatures]:
    """The features of media in a chunk, whose first token is token ``place`` of the step."""
    sequence = chunk.sequence
    begin = sequence.num_computed
    end = begin + chunk.num_tokens
    for placeholder, features in _placeholders(sequence):
        first, last = max(placeholder.begin, begin), min(placeholder.end, end)
        if first < last:
            part = slice(first - placeholder.begin, last - placeholder.begin)
            deep = None if features.deep is None else features.deep[:, part]
            yield PlacedFeatures(place + first - begin, Features(features.rows[part], deep))


def _placeholders(sequence: Sequence) -> Iterator[tuple[PlaceholderRange, Features]]:
    if sequence.num_computed < sequence.request.prompt.media_end:
        yield from zip(sequence.request.prompt.placeholders, sequence.features, strict=True)


def _ranges(firsts: NDArray[np.int32], nums: NDArray[np.int32]) -> NDArray[np.int64]:
    """``nums`` numbers from each of ``firsts`` on, ``int64``, all in one row."""
    begins = _begins(nums)
    ranges: NDArray[np.int64] = np.arange(begins[-1], dtype=np.int64)
    ranges += np.repeat(firsts - begins[:-1], nums)
    return ranges


def _begins(nums: NDArray[np.int32]) -> NDArray[np.int32]:
    begins = np.zeros(len(nums) + 1, dtype=np.int32)
    np.cumsum(nums, out=begins[1:])
    return begins
