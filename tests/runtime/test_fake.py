"""The fake runtime detects mistakes that a real one would compute with silently."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from palaver.runtime import RuntimeConfig, load_runtime
from palaver.runtime.base import StepBatch
from palaver.runtime.fake import FakeRuntime

from .batches import Part, step


def test_logits_depend_on_the_whole_context_and_not_on_its_blocks() -> None:
    runtime = FakeRuntime()
    first = step(runtime, Part([1, 2, 3, 4, 5, 6], 0, [0, 1]))
    elsewhere = step(runtime, Part([1, 2, 3, 4, 5, 6], 0, [7, 3]))
    other = step(runtime, Part([9, 2, 3, 4, 5, 6], 0, [0, 1]))
    assert np.array_equal(first, elsewhere)
    assert not np.array_equal(first, other)


def test_a_prompt_prefilled_in_chunks_gives_the_logits_of_the_whole() -> None:
    runtime = FakeRuntime()
    whole = step(runtime, Part([1, 2, 3, 4, 5, 6], 0, [0, 1]))
    step(runtime, Part([1, 2, 3, 4], 0, [2, 3]))
    assert np.array_equal(step(runtime, Part([5, 6], 4, [2, 3])), whole)


def test_a_decoded_token_has_other_keys_and_values_than_a_prefilled_one() -> None:
    runtime = FakeRuntime()
    read = step(runtime, Part([1, 2, 3], 0, [0]))
    step(runtime, Part([1, 2], 0, [1]))
    assert not np.array_equal(step(runtime, Part([3], 2, [1])), read)


def test_saved_and_copied_blocks_give_the_same_logits() -> None:
    runtime = FakeRuntime()
    step(runtime, Part([1, 2, 3], 0, [0]))
    runtime.copy_block(0, 5)
    runtime.restore_block(6, runtime.save_block(0))
    expected = step(runtime, Part([4, 5], 3, [0, 1]))
    assert np.array_equal(step(runtime, Part([4, 5], 3, [5, 2])), expected)
    assert np.array_equal(step(runtime, Part([4, 5], 3, [6, 3])), expected)


def test_a_context_that_was_never_computed_is_an_error() -> None:
    with pytest.raises(AssertionError, match="never computed"):
        step(FakeRuntime(), Part([1, 2], 4, [0, 1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"position_ids": np.array([1, 2])}, "position"),
        ({"max_context_len": 1}, "max_context_len"),
        ({"block_indices_begins": np.array([0, 2]), "block_indices": np.array([0, 1])}, "blocks"),
    ],
)
def test_an_inconsistent_batch_is_an_error(change: dict[str, object], message: str) -> None:
    batch = StepBatch(
        token_ids=np.array([1, 2]),
        position_ids=np.array([0, 1]),
        past_lens=np.array([0], dtype=np.int32),
        subsequence_begins=np.array([0, 2], dtype=np.int32),
        block_indices=np.array([0], dtype=np.int32),
        block_indices_begins=np.array([0, 1], dtype=np.int32),
        max_context_len=2,
        sampled_indices=np.array([1]),
    )
    assert FakeRuntime().step(batch).shape == (1, 64)
    with pytest.raises(AssertionError, match=message):
        FakeRuntime().step(dataclasses.replace(batch, **change))  # type: ignore[arg-type]


def test_the_configuration_can_select_the_fake_runtime() -> None:
    runtime = load_runtime(RuntimeConfig(folder="", cache_bytes=0, kind="fake"))
    assert isinstance(runtime, FakeRuntime)
