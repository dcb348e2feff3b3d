"""Models in paged mode: results do not depend on the rest of the batch.

The built-in model takes embeddings, since it is multimodal; the recorded one takes tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from palaver.errors import ModelFolderError
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime import RuntimeConfig, load_runtime
from palaver.runtime.base import Logits, Runtime
from palaver.runtime.language import LanguageModel
from palaver.runtime.part import num_step_threads

from .batches import Part, step
from .configs import config_of
from .text_model import RECORDED

_NUM_BLOCKS = 48


def _config(folder: Path = BUILT_IN_FOLDER, **changes: Any) -> RuntimeConfig:
    options: dict[str, Any] = {"num_threads": 2, "max_cache_tokens": 32 * _NUM_BLOCKS} | changes
    if folder == BUILT_IN_FOLDER:
        return config_of(**options)
    return RuntimeConfig(folder=str(folder), **({"cache_bytes": 2**28} | options))


@pytest.fixture(scope="module", params=[BUILT_IN_FOLDER, RECORDED], ids=["built-in", "text"])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    return load_runtime(_config(request.param))


def _tokens(runtime: Runtime, num: int, seed: int = 0) -> list[int]:
    rng = np.random.default_rng(seed)
    return [int(i) for i in rng.integers(10, runtime.shape.vocab_size, num)]


def _answer(runtime: Runtime, prompt: list[int], blocks: list[int], *beside: Part) -> Logits:
    """Logits of a prompt and of five decoded tokens, with other parts in each decode step."""
    rows = [step(runtime, Part(prompt, 0, blocks))]
    for past in range(len(prompt), len(prompt) + 5):
        token_id = int(rows[-1][0].argmax())
        rows.append(step(runtime, Part([token_id], past, blocks), *beside)[:1])
    return np.concatenate(rows)


def test_the_model_gives_the_shape_and_the_cache_stays_within_its_limit(runtime: Runtime) -> None:
    shape = runtime.shape
    assert shape.num_blocks * shape.block_size_tokens <= 32 * _NUM_BLOCKS
    assert shape.num_blocks * shape.block_size_bytes <= 2**28
    assert shape.vocab_size > 1000
    assert step(runtime, Part([11, 12], 0, [0])).shape == (1, shape.vocab_size)


def test_decoding_alone_equals_decoding_in_a_batch_bit_for_bit(runtime: Runtime) -> None:
    prompt = _tokens(runtime, 45)
    alone = _answer(runtime, prompt, [0, 1])
    others = []
    for i in range(6):
        neighbour = _tokens(runtime, 20 + 7 * i, seed=i + 1)
        blocks = [10 + 2 * i, 11 + 2 * i]
        step(runtime, Part(neighbour, 0, blocks))
        others.append(Part([50 + i], len(neighbour), blocks))
    assert np.array_equal(_answer(runtime, prompt, [2, 3], *others), alone)


@pytest.mark.parametrize("folder", [BUILT_IN_FOLDER, RECORDED], ids=["built-in", "text"])
def test_a_context_longer_than_all_before_it_gives_the_same_bits(folder: Path) -> None:
    runtime = load_runtime(_config(folder))
    prompt, blocks = _tokens(runtime, 1022), list(range(34))
    outgrowing = _answer(runtime, prompt, blocks)
    step(runtime, Part(_tokens(runtime, 1100, seed=1), 0, blocks))
    assert np.array_equal(_answer(runtime, prompt, blocks), outgrowing)


@pytest.mark.parametrize("num_threads", [1, 2, 4])
def test_a_long_context_decodes_alone_as_in_a_batch_with_any_number_of_threads(
    num_threads: int,
) -> None:
    runtime = load_runtime(_config(num_threads=num_threads, inference_precision="f32"))
    prompt = _tokens(runtime, 300)
    alone = _answer(runtime, prompt, list(range(10)))
    step(runtime, Part(_tokens(runtime, 40, seed=1), 0, [20, 21]))
    others = [Part([50 + i], 40, [20, 21]) for i in range(2)]
    for beside in (others[:1], others):
        assert np.array_equal(_answer(runtime, prompt, list(range(10, 20)), *beside), alone)


def test_decoding_beside_a_prefill_equals_decoding_alone_bit_for_bit(runtime: Runtime) -> None:
    prompt = _tokens(runtime, 45)
    alone = _answer(runtime, prompt, [0, 1])
    beside = Part(_tokens(runtime, 150, seed=3), 0, [20, 21, 22, 23, 24])
    assert np.array_equal(_answer(runtime, prompt, [2, 3], beside), alone)


@pytest.mark.parametrize("num_tokens", [2, 31, 32, 33, 70])
def test_prefill_beside_others_equals_prefill_alone_bit_for_bit(
    runtime: Runtime, num_tokens: int
) -> None:
    prompt = _tokens(runtime, num_tokens)
    blocks = [0, 1, 2]
    alone = step(runtime, Part(prompt, 0, blocks))
    saved = [runtime.save_block(i) for i in blocks[: num_tokens // 32]]
    neighbour = _tokens(runtime, 40, seed=1)
    step(runtime, Part(neighbour, 0, [10, 11]))
    both = step(
        runtime,
        Part([60], 40, [10, 11]),
        Part(prompt, 0, [3, 4, 5]),
        Part(_tokens(runtime, 50, seed=2), 0, [12, 13]),
    )
    assert np.array_equal(both[1:2], alone)
    for block, content in zip([3, 4, 5], saved, strict=False):
        for left, right in zip(runtime.save_block(block), content, strict=True):
            assert np.array_equal(left, right)


def test_many_sequences_decode_together_as_each_alone(runtime: Runtime) -> None:
    prompts = [_tokens(runtime, 20 + i, seed=i) for i in range(20)]
    for i, prompt in enumerate(prompts):
        step(runtime, Part(prompt, 0, [2 * i, 2 * i + 1]))
    parts = [Part([50 + i], len(p), [2 * i, 2 * i + 1]) for i, p in enumerate(prompts)]
    together = step(runtime, *parts)
    assert np.array_equal(together[:3], step(runtime, *parts[:3]))
    assert np.array_equal(together[-1:], step(runtime, parts[-1]))


def test_a_small_model_uses_one_thread_by_default_and_any_number_gives_the_same_bits() -> None:
    weights = BUILT_IN_FOLDER / "openvino_language_model.bin"
    assert num_step_threads(_config(num_threads=0), weights) == 1
    assert num_step_threads(_config(num_threads=2), weights) == 2
    one, two = load_runtime(_config(num_threads=0)), load_runtime(_config(num_threads=2))
    prompt = _tokens(one, 45)
    assert np.array_equal(_answer(one, prompt, [0, 1]), _answer(two, prompt, [0, 1]))


@pytest.mark.parametrize("cuts", [[32], [64], [32, 64, 96], [96]])
def test_a_prompt_cut_at_block_boundaries_equals_the_whole_bit_for_bit(
    runtime: Runtime, cuts: list[int]
) -> None:
    prompt = _tokens(runtime, 119)
    whole = _answer(runtime, prompt, [0, 1, 2, 3])
    for begin, end in zip([0, *cuts], cuts, strict=False):
        step(runtime, Part(prompt[begin:end], begin, [4, 5, 6, 7]))
    last = step(runtime, Part(prompt[cuts[-1] :], cuts[-1], [4, 5, 6, 7]))
    assert np.array_equal(last, whole[:1])
    token_id = int(last[0].argmax())
    assert np.array_equal(step(runtime, Part([token_id], 119, [4, 5, 6, 7])), whole[1:2])


def test_results_do_not_depend_on_which_blocks_are_used(runtime: Runtime) -> None:
    prompt = _tokens(runtime, 80)
    in_order = _answer(runtime, prompt, [0, 1, 2])
    assert np.array_equal(_answer(runtime, prompt, [30, 4, 17]), in_order)


def test_what_a_block_held_before_does_not_matter(runtime: Runtime) -> None:
    prompt = _tokens(runtime, 40)
    first = _answer(runtime, prompt, [0, 1])
    _answer(runtime, _tokens(runtime, 58, seed=9), [0, 1])
    assert np.array_equal(_answer(runtime, prompt, [0, 1]), first)


def test_saved_restored_and_copied_blocks_continue_bit_for_bit(runtime: Runtime) -> None:
    prompt = _tokens(runtime, 45)
    step(runtime, Part(prompt, 0, [0, 1]))
    saved = [runtime.save_block(i) for i in (0, 1)]
    runtime.copy_block(0, 7)
    runtime.copy_block(1, 6)
    expected = step(runtime, Part([77], 45, [0, 1]))
    step(runtime, Part(_tokens(runtime, 60, seed=5), 0, [0, 1]))
    assert np.array_equal(step(runtime, Part([77], 45, [7, 6])), expected)
    for block, content in zip((9, 8), saved, strict=True):
        runtime.restore_block(block, content)
    assert np.array_equal(step(runtime, Part([77], 45, [9, 8])), expected)


def test_a_saved_block_is_a_copy(runtime: Runtime) -> None:
    step(runtime, Part(_tokens(runtime, 20), 0, [0]))
    saved = runtime.save_block(0)
    before = [part.copy() for part in saved]
    step(runtime, Part(_tokens(runtime, 20, seed=1), 0, [0]))
    assert all(np.array_equal(a, b) for a, b in zip(saved, before, strict=True))


def test_a_cache_without_room_for_a_block_is_an_error_that_says_so() -> None:
    with pytest.raises(ModelFolderError, match="too small"):
        load_runtime(_config(cache_bytes=1000))


def test_a_folder_without_a_model_is_an_error_that_names_it(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ModelFolderError, match=str(folder)):
            load_runtime(_config(folder))


def test_an_invalid_model_file_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "openvino_model.xml").write_text("<net/>")
    with pytest.raises(ModelFolderError, match=str(tmp_path)):
        load_runtime(_config(tmp_path))


def test_a_model_that_cannot_compute_is_an_error_that_names_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no kernel for this")

    monkeypatch.setattr(LanguageModel, "compute", fail)
    with pytest.raises(ModelFolderError, match=rf"{BUILT_IN_FOLDER}.*no kernel for this"):
        load_runtime(_config())
