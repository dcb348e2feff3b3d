"""A step's chunks as the flat arrays that a runtime takes."""

from __future__ import annotations

from collections.abc import Sequence as Listing
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from palaver.engine.scheduler import Chunk
from palaver.runtime.base import StepBatch


def make_batch(chunks: Listing[Chunk], block_size: int) -> StepBatch:
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
    positions = np.arange(num_tokens) + np.repeat(past - begins[:-1], nums)
    sampled = [np.arange(e - c.num_rows, e) for e, c in zip(begins[1:], chunks, strict=True)]
    return StepBatch(
        token_ids=np.fromiter(chain.from_iterable(tokens), dtype=np.int64, count=num_tokens),
        position_ids=positions.astype(np.int64),
        past_lens=past,
        subsequence_begins=begins,
        block_indices=np.fromiter(chain.from_iterable(tables), dtype=np.int32),
        block_indices_begins=_begins(num_blocks),
        max_context_len=int(lengths.max()),
        sampled_indices=np.concatenate(sampled).astype(np.int64),
    )


def _begins(nums: NDArray[np.int32]) -> NDArray[np.int32]:
    begins = np.zeros(len(nums) + 1, dtype=np.int32)
    np.cumsum(nums, out=begins[1:])
    return begins
