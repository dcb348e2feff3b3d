"""Padding sequences: added to a step whose bits or speed would otherwise depend on its shape.

They all use one cache block that no real sequence gets, and their logits are not computed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from palaver.runtime.base import StepBatch

_FINE, _COARSE = 8, 16
_LONGEST_FINE = 64


def single_token(padding_block: int) -> StepBatch:
    """A step of one padding sequence of one token.

    Args:
        padding_block: Index of the block for padding.
    """
    begins = np.array([0, 1], dtype=np.int32)
    return StepBatch(
        token_ids=np.zeros(1, dtype=np.int64),
        position_ids=np.zeros(1, dtype=np.int64),
        past_lens=np.zeros(1, dtype=np.int32),
        subsequence_begins=begins,
        block_indices=np.array([padding_block], dtype=np.int32),
        block_indices_begins=begins,
        max_context_len=1,
        sampled_indices=np.zeros(1, dtype=np.int64),
    )


def is_decode(batch: StepBatch) -> bool:
    """Whether each sequence has one token."""
    return len(batch.token_ids) == len(batch.past_lens)


def with_num_sequences(batch: StepBatch, num_sequences: int, padding_block: int) -> StepBatch:
    """The batch with at least so many sequences; the added ones have no tokens.

    When all sequences decode and there are fewer of them than threads, OpenVINO's attention splits
    each context among the threads, at points that depend on the batch. With at least as many
    sequences as threads, it does not split contexts, so the bits do not depend on the batch.

    Args:
        batch: The step.
        num_sequences: Sequences that it must have at least.
        padding_block: Index of the block for padding.
    """
    num_missing = num_sequences - len(batch.past_lens)
    if num_missing < 1:
        return batch
    return _padded(batch, np.zeros(num_missing, dtype=np.int32), padding_block)


def with_common_length(batch: StepBatch, padding_block: int) -> StepBatch:
    """The batch, padded to one of a few numbers of tokens, so that shapes repeat.

    OpenVINO prepares kernels for each number of tokens that is not in its cache, which takes longer
    than a small model's step.

    Args:
        batch: The step, of any number of tokens.
        padding_block: Index of the block for padding.
    """
    num_tokens = len(batch.token_ids)
    multiple = _FINE if num_tokens <= _LONGEST_FINE else _COARSE
    num_missing = -num_tokens % multiple
    if not num_missing:
        return batch
    padded = _padded(batch, np.array([num_missing], dtype=np.int32), padding_block)
    more = np.arange(num_missing, dtype=np.int64)
    rope_ids = batch.rope_ids
    if rope_ids is not None:
        rope_ids = np.concatenate([rope_ids, np.broadcast_to(more, (3, num_missing))], axis=1)
    return replace(
        padded,
        token_ids=np.concatenate([batch.token_ids, np.zeros_like(more)]),
        position_ids=np.concatenate([batch.position_ids, more]),
        max_context_len=max(batch.max_context_len, num_missing),
        rope_ids=rope_ids,
    )


def _padded(batch: StepBatch, nums_tokens: NDArray[np.int32], padding_block: int) -> StepBatch:
    """The batch with further sequences, of ``nums_tokens`` each, that share the padding block."""
    num = len(nums_tokens)
    token_ends = batch.subsequence_begins[-1] + np.cumsum(nums_tokens, dtype=np.int32)
    block_ends = batch.block_indices_begins[-1] + np.arange(1, num + 1, dtype=np.int32)
    return replace(
        batch,
        past_lens=np.concatenate([batch.past_lens, np.zeros(num, dtype=np.int32)]),
        subsequence_begins=np.concatenate([batch.subsequence_begins, token_ends]),
        block_indices=np.concatenate(
            [batch.block_indices, np.full(num, padding_block, dtype=np.int32)]
        ),
        block_indices_begins=np.concatenate([batch.block_indices_begins, block_ends]),
    )
