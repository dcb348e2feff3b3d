"""Sampling by the inverse of a distribution, and the head that holds its likeliest tokens."""

from __future__ import annotations

import numpy as np
import pytest

from palaver.engine.sampling.distribution import BLOCK_TOKENS, Distribution, block_sums

_LAST = float(np.nextafter(1, 0))


@pytest.mark.parametrize(
    "vocab", [1, 5, BLOCK_TOKENS, BLOCK_TOKENS + 1, 3 * BLOCK_TOKENS, 10 * BLOCK_TOKENS - 3]
)
@pytest.mark.parametrize("number", [0.0, 0.5, _LAST])
def test_tokens_with_a_numerator_of_zero_are_never_sampled(vocab: int, number: float) -> None:
    rng = np.random.default_rng(vocab)
    weights = rng.random((50, vocab), dtype=np.float32)
    weights[rng.random((50, vocab)) < 0.9] = 0
    weights[np.arange(50), rng.integers(0, vocab, 50)] = 1e-30
    picked = Distribution(weights, block_sums(weights)).pick(np.full(50, number))
    assert (weights[np.arange(50), picked] > 0).all()


def test_the_least_number_samples_the_first_possible_token_and_the_greatest_the_last() -> None:
    weights = np.zeros((1, 4 * BLOCK_TOKENS), dtype=np.float32)
    weights[0, [300, 301, 800]] = [1, 2, 1]
    distribution = Distribution(weights, block_sums(weights))
    assert [int(distribution.pick(np.array([u]))[0]) for u in (0.0, _LAST)] == [300, 800]
    assert [int(distribution.pick(np.array([u]))[0]) for u in (0.26, 0.74, 0.76)] == [301, 301, 800]


@pytest.mark.parametrize("vocab", [BLOCK_TOKENS - 1, 100 * BLOCK_TOKENS, 100 * BLOCK_TOKENS + 9])
@pytest.mark.parametrize("spread", [0.5, 3.0, 8.0])
def test_no_token_as_likely_as_the_given_one_lies_outside_the_head(
    vocab: int, spread: float
) -> None:
    rng = np.random.default_rng(0)
    weights = np.exp(spread * rng.standard_normal((1, vocab))).astype(np.float32)
    distribution = Distribution(weights, block_sums(weights))
    for token in rng.integers(0, vocab, 20).tolist():
        sums, found = distribution.head(0, token)
        ids = (sums[:, None] * BLOCK_TOKENS + np.arange(BLOCK_TOKENS)).reshape(-1)[: len(found)]
        inside = ids < vocab
        assert (found[inside] == weights[0, ids[inside]]).all()
        assert not found[~inside].any()
        assert set(np.flatnonzero(weights[0] >= weights[0, token])) <= set(ids.tolist())
