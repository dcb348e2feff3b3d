"""Padding sequences fill up a batch and change none of its results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from palaver.runtime.base import StepBatch
from palaver.runtime.fake import FakeRuntime
from palaver.runtime.padding import is_decode, with_common_length, with_num_sequences

from .batches import Part, batch

PADDING_BLOCK = 64


def _prefill(num_tokens: int) -> StepBatch:
    parts = [Part([7], 5, [0, 1]), Part([9] * (num_tokens - 1), 0, list(range(2, 300)))]
    return batch(FakeRuntime(num_blocks=PADDING_BLOCK), *parts)


@pytest.mark.parametrize("num_tokens", [3, 8, 9, 63, 64, 65, 80, 500, 517])
def test_one_padding_sequence_fills_up_a_batch(num_tokens: int) -> None:
    wanted = _prefill(num_tokens)
    padded = with_common_length(wanted, PADDING_BLOCK)
    length = len(padded.token_ids)
    assert length >= num_tokens
    assert length % (8 if num_tokens <= 64 else 16) == 0
    assert np.array_equal(padded.token_ids[:num_tokens], wanted.token_ids)
    assert np.array_equal(padded.position_ids[:num_tokens], wanted.position_ids)
    assert np.array_equal(padded.sampled_indices, wanted.sampled_indices)
    if length == num_tokens:
        assert padded is wanted
        return
    assert padded.past_lens.tolist() == [5, 0, 0]
    assert padded.subsequence_begins.tolist() == [0, 1, num_tokens, length]
    assert padded.block_indices.tolist() == [*wanted.block_indices.tolist(), PADDING_BLOCK]
    assert padded.block_indices_begins[-1] == len(padded.block_indices)
    assert padded.position_ids[num_tokens:].tolist() == list(range(length - num_tokens))


def test_padding_rounds_many_lengths_to_few() -> None:
    found = {
        len(with_common_length(_prefill(num), PADDING_BLOCK).token_ids) for num in range(2, 513)
    }
    assert len(found) < 40


def test_three_dimensional_positions_are_padded_too() -> None:
    wanted = replace(_prefill(10), rope_ids=np.arange(30).reshape(3, 10))
    padded = with_common_length(wanted, PADDING_BLOCK)
    assert padded.rope_ids is not None
    assert padded.rope_ids.shape == (3, 16)
    assert np.array_equal(padded.rope_ids[:, :10], np.arange(30).reshape(3, 10))


@pytest.mark.parametrize(("num", "expected"), [(1, 4), (3, 4), (4, 4), (6, 6)])
def test_padding_sequences_give_no_tokens_and_are_as_few_as_needed(num: int, expected: int) -> None:
    parts = [Part([7], i, [i]) for i in range(num)]
    wanted = batch(FakeRuntime(num_blocks=PADDING_BLOCK, block_size_tokens=8), *parts)
    assert is_decode(wanted)
    together = with_num_sequences(wanted, 4, PADDING_BLOCK)
    assert len(together.past_lens) == expected
    assert together.subsequence_begins[num:].tolist() == [num] * (expected - num + 1)
    assert together.block_indices.tolist() == [*range(num), *[PADDING_BLOCK] * (expected - num)]
    assert len(together.token_ids) == num
