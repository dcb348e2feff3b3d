"""Top-p without sorting: tokens that are surely kept, and rows that are sampled again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from palaver.engine.sampling.distribution import Distribution, block_sums
from palaver.engine.sampling.filters import are_surely_kept, resample


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0, 4.0])
@pytest.mark.parametrize("top_p", [1e-6, 0.1, 0.5, 0.9, 0.999])
def test_tokens_surely_kept_are_kept_by_exact_top_p(spread: float, top_p: float) -> None:
    rng = np.random.default_rng(1)
    weights = np.exp(spread * rng.standard_normal((40, 70_000))).astype(np.float32)
    weights /= weights.max(axis=1, keepdims=True)
    distribution = Distribution(weights, block_sums(weights))
    tokens = distribution.pick(rng.random(40))
    masses = distribution.totals * top_p
    every = np.ones(40, dtype=np.bool_)
    surely = are_surely_kept(distribution, tokens, masses, every)
    for row in np.flatnonzero(surely):
        assert (
            resample(distribution, int(row), int(tokens[row]), masses[row], iter(())) == tokens[row]
        )
    if top_p >= 0.5 and spread >= 1:
        assert surely.sum() > 10


def _resamplen_plainly(
    weights: NDArray[np.float32], token: int, mass: float, uniforms: Iterator[float]
) -> int:
    """The reference for :func:`resample`: whole rows, in double precision."""
    exact = weights.astype(np.float64)
    while True:
        before = np.arange(len(exact)) < token
        exact = np.where((exact > exact[token]) | (before & (exact == exact[token])), exact, 0)
        if exact.sum() < mass:
            return token
        token = int(np.searchsorted(exact.cumsum(), next(uniforms) * exact.sum(), side="right"))


@pytest.mark.parametrize("vocab", [300, 20_000])
@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0, 6.0])
@pytest.mark.parametrize("top_p", [1e-6, 0.1, 0.5, 0.9])
def test_resampling_from_few_blocks_equals_resampling_from_whole_rows(
    vocab: int, spread: float, top_p: float
) -> None:
    rng = np.random.default_rng(2)
    weights = np.exp(spread * rng.standard_normal((30, vocab))).astype(np.float32)
    weights /= weights.max(axis=1, keepdims=True)
    distribution = Distribution(weights, block_sums(weights))
    numbers = rng.random((30, 60))
    for row, token in enumerate(distribution.pick(numbers[:, 0]).tolist()):
        mass = float(distribution.totals[row]) * top_p
        expected = _resamplen_plainly(weights[row], token, mass, iter(numbers[row, 1:]))
        assert resample(distribution, row, token, mass, iter(numbers[row, 1:])) == expected
