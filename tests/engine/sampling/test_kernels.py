"""Both kinds of kernels: the same distribution, with numerators equal to the last bits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import repeat

import numpy as np
import pytest
from numpy.typing import NDArray

from palaver.engine.sampling import numpy_kernels
from palaver.engine.sampling.base import Kernels
from palaver.engine.sampling.compiled import CompiledKernels
from palaver.engine.sampling.distribution import block_sums
from palaver.engine.sampling.kernels import LEAST_COMPILED, kernels_for
from palaver.engine.sampling.numpy_kernels import NumpyKernels

_KINDS: list[Kernels] = [NumpyKernels(), CompiledKernels()]
_VOCABS = [1, 5, 255, 256, 257, 2100, 151_936]


def _logits(num_rows: int, vocab: int, spread: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(vocab)
    logits: NDArray[np.float32] = rng.standard_normal((num_rows, vocab), dtype=np.float32)
    return logits * np.float32(spread)


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("vocab", _VOCABS)
@pytest.mark.parametrize("spread", [0.1, 3.0, 40.0])
def test_numerators_are_the_exponentials_and_the_highest_is_one(
    kind: Kernels, vocab: int, spread: float
) -> None:
    logits = _logits(3, vocab, spread)
    factors = np.array([1.0, 0.5, 7.0], dtype=np.float32)
    exact = logits.astype(np.float64)
    exact = np.exp((exact - exact.max(axis=1, keepdims=True)) * factors[:, None])
    sums = kind.softmax_numerators(logits, factors)
    is_normal = exact > 1e-30
    assert np.allclose(logits[is_normal], exact[is_normal], rtol=4e-5, atol=0)
    assert np.allclose(logits[~is_normal], 0, rtol=0, atol=2e-30)
    assert (logits.max(axis=1) == 1).all()
    assert np.allclose(sums, block_sums(logits), rtol=1e-5)


def test_the_compiled_exponential_is_exact_to_the_last_bits_and_monotonic() -> None:
    logits = np.linspace(-88, 0, 2_000_001, dtype=np.float32)[None]
    exact = np.exp(logits[0].astype(np.float64))
    is_taken_for_zero = logits[0] <= -87
    CompiledKernels().softmax_numerators(logits, np.ones(1, dtype=np.float32))
    assert (logits[0, is_taken_for_zero] == 0).all()
    weights, exact = logits[0, ~is_taken_for_zero], exact[~is_taken_for_zero]
    assert np.abs(weights / exact - 1).max() < 3e-7
    assert np.diff(weights).min() > -1e-7


@pytest.mark.parametrize("kind", _KINDS)
def test_forbidden_tokens_have_a_numerator_of_zero(kind: Kernels) -> None:
    logits = _logits(2, 70_000, 1.0)
    logits[:, 1::3] = -np.inf
    kind.softmax_numerators(logits, np.ones(2, dtype=np.float32))
    assert (logits[:, 1::3] == 0).all()
    assert (logits[:, ::3] > 0).all()


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("highest", [-(2.0**100), -1.0, -0.0, 0.0, 1e-40, 3.0, 2.0**100])
def test_the_maximum_is_found_with_any_sign(kind: Kernels, highest: float) -> None:
    logits = np.full((1, 300), -3e38, dtype=np.float32)
    logits[0, 137] = highest
    kind.softmax_numerators(logits, np.ones(1, dtype=np.float32))
    assert logits[0, 137] == 1
    assert logits.sum() == 1


@pytest.mark.parametrize("spread", [0.01, 1.0, 6.0])
@pytest.mark.parametrize("top_p", [1e-6, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("vocab", [300, 40_000])
def test_both_kernels_sample_the_same_tokens_from_the_same_numerators(
    spread: float, top_p: float, vocab: int
) -> None:
    weights = np.exp(_logits(40, vocab, spread))
    sums = block_sums(weights)
    masses = sums.sum(axis=1, dtype=np.float64) * top_p
    numbers = np.random.default_rng(3).random((40, 60))

    def more(row: int) -> Iterator[float] | None:
        return iter(numbers[row, 2:]) if top_p < 1 and row % 5 else None

    drawn = [
        kind.sample(
            weights.copy(), sums.copy(), masses, numbers[:, :2].copy(), [*map(more, range(40))]
        )
        for kind in _KINDS
    ]
    assert drawn[0].tolist() == drawn[1].tolist()


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("number", [0.0, np.nextafter(1, 0)])
def test_sampling_at_either_end_finds_a_token_with_a_numerator(
    kind: Kernels, number: float
) -> None:
    weights = np.zeros((1, 700), dtype=np.float32)
    weights[0, [3, 300]] = 0.25, 1e-12
    tokens = kind.sample(weights, block_sums(weights), np.ones(1), np.full((1, 2), number), [None])
    assert tokens.tolist() == [300 if number else 3]


@pytest.mark.parametrize("kind", _KINDS)
def test_rows_of_nan_are_sampled_without_an_error(kind: Kernels) -> None:
    logits = np.full((2, 600), np.nan, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        sums = kind.softmax_numerators(logits, np.ones(2, dtype=np.float32))
        masses = sums.sum(axis=1, dtype=np.float64) * 0.9
        tokens = kind.sample(logits, sums, masses, np.full((2, 2), 0.5), [repeat(0.5), None])
    assert ((tokens >= 0) & (tokens < 600)).all()


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_rows_divided_among_threads_give_the_same_numerators(num_threads: int) -> None:
    logits = _logits(7, 2**17, 1.0)
    factors = np.linspace(0.5, 2, 7).astype(np.float32)
    alone = logits.copy()
    sums_alone = [
        NumpyKernels(1).softmax_numerators(alone[i : i + 1], factors[i : i + 1]) for i in range(7)
    ]
    assert len(numpy_kernels._parts(7, 2**17, num_threads)) == num_threads
    sums = NumpyKernels(num_threads).softmax_numerators(logits, factors)
    assert (logits == alone).all()
    assert (sums == np.concatenate(sums_alone)).all()


def test_small_vocabularies_always_use_the_numpy_kernels_so_that_their_bits_stay() -> None:
    assert isinstance(kernels_for(LEAST_COMPILED - 1), NumpyKernels)
    assert isinstance(kernels_for(LEAST_COMPILED), CompiledKernels)


def test_numba_is_neither_needed_nor_imported_for_a_small_vocabulary() -> None:
    code = (
        "import sys; from palaver.engine.sampling.kernels import *; kernels_for(4096);"
        "assert 'numba' not in sys.modules;"
        "sys.modules['numba'] = None; import importlib.util;"
        "print(type(kernels_for(151_936)).__name__)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "NumpyKernels\n"
