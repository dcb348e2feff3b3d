"""Rows of weights, sampled by inverting their cumulative distribution in the order of token ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_TOKENS = 256
"""Tokens whose weights are added up together."""
_FEW_BLOCKS = 64
"""With fewer blocks, looking at all of them is as fast as selecting some."""


class Distribution:
    """R rows of weights with the sums that sampling needs.

    With sums of whole blocks, a sample adds up single tokens in one block only. A row's result
    depends on that row alone.

    Args:
        weights: ``float32[R, V]``, not negative, at least one in each row positive.
        sums: ``float32[R, B]``, their :func:`block_sums`; no weight is larger than its block's sum.

    Attributes:
        weights: As given.
        sums: As given.
        totals: ``float64[R]``, the sum of each row.
    """

    def __init__(self, weights: NDArray[np.float32], sums: NDArray[np.float32]) -> None:
        self.weights = weights
        self.sums = sums
        self._reached = np.zeros((len(weights), sums.shape[1] + 1))
        np.cumsum(sums, axis=1, dtype=np.float64, out=self._reached[:, 1:])
        self.totals: NDArray[np.float64] = self._reached[:, -1]

    def pick(self, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """One token for each row, ``int64[R]``.

        Args:
            uniforms: ``float64[R]`` in [0, 1), a random number for each row.
        """
        rows = np.arange(len(uniforms))
        vocab = self.weights.shape[1]
        targets = uniforms * self.totals
        blocks = _first_beyond(self._reached[:, 1:], targets)
        targets -= self._reached[rows, blocks]
        ids = blocks[:, None] * BLOCK_TOKENS + np.arange(BLOCK_TOKENS)
        within = self.weights[rows[:, None], np.minimum(ids, vocab - 1)] * (ids < vocab)
        places = _first_beyond(within.cumsum(axis=1, dtype=np.float64), targets)
        picked: NDArray[np.int64] = np.minimum(ids[rows, places], vocab - 1)
        return picked

    def head(self, row: int, token: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The blocks that may have a weight not less than the token's, and all their weights.

        Args:
            row: The token's row.
            token: Its id.

        Returns:
            ``int64[N]`` in order, ``float32[N * 256]``; the whole row if that is not slower.
        """
        weights, num = self.weights[row], self.sums.shape[1]
        if num < _FEW_BLOCKS:
            return np.arange(num), weights
        blocks = np.flatnonzero(~(self.sums[row] < weights[token]))
        if len(blocks) > num // 4:
            return np.arange(num), weights
        ids = blocks[:, None] * BLOCK_TOKENS + np.arange(BLOCK_TOKENS)
        inside = weights[np.minimum(ids, len(weights) - 1)] * (ids < len(weights))
        return blocks, inside.reshape(-1)


def num_blocks(vocab: int) -> int:
    """Number of blocks in a row; the last one may be shorter than the others."""
    return -(-vocab // BLOCK_TOKENS)


def block_sums(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum of each block, ``float32[R, B]``."""
    num_rows, vocab = weights.shape
    num_whole = vocab // BLOCK_TOKENS
    sums = np.empty((num_rows, num_blocks(vocab)), dtype=np.float32)
    whole = weights[:, : num_whole * BLOCK_TOKENS].reshape(num_rows, num_whole, BLOCK_TOKENS)
    np.einsum("rst->rs", whole, out=sums[:, :num_whole])  # twice as fast as np.sum
    if vocab % BLOCK_TOKENS:
        sums[:, -1] = weights[:, num_whole * BLOCK_TOKENS :].sum(axis=1)
    return sums


def _first_beyond(sums: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where each row's running sum passes its target; never beyond the end, despite rounding."""
    reachable = np.minimum(targets, np.nextafter(sums[:, -1], 0))
    passed: NDArray[np.int64] = np.count_nonzero(sums <= reachable[:, None], axis=1)
    smaller: NDArray[np.int64] = np.minimum(passed, sums.shape[1] - 1)
    return smaller
