"""Rows of weights, drawn from by the inverse of their distribution in the order of token ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STRIPE = 256


class Distribution:
    """R rows of weights with the sums that a draw needs.

    The sums are of stripes of tokens, so that a draw adds up a single stripe token by token. They
    depend on nothing but their own row.

    Args:
        weights: ``float32[R, V]``, not negative, at least one of each row positive.

    Attributes:
        totals: ``float64[R]``, the sum of each row.
    """

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self._weights = weights
        self._sums = _stripe_sums(weights).cumsum(axis=1, dtype=np.float64)
        self.totals: NDArray[np.float64] = self._sums[:, -1]

    def pick(self, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """One token for each row, ``int64[R]``.

        Args:
            uniforms: ``float64[R]`` in [0, 1), a random number for each row.
        """
        rows = np.arange(len(uniforms))
        targets = uniforms * self.totals
        stripes = _first_beyond(self._sums, targets)
        targets -= np.where(stripes, self._sums[rows, stripes - 1], 0)
        ids = stripes[:, None] * _STRIPE + np.arange(_STRIPE)
        vocab = self._weights.shape[1]
        within = self._weights[rows[:, None], np.minimum(ids, vocab - 1)] * (ids < vocab)
        return ids[rows, _first_beyond(within.cumsum(axis=1, dtype=np.float64), targets)]


def _stripe_sums(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum of each stripe, ``float32[R, S]``; the last one may be shorter."""
    num_rows, vocab = weights.shape
    num_whole = vocab // _STRIPE
    sums = np.empty((num_rows, -(-vocab // _STRIPE)), dtype=np.float32)
    whole = weights[:, : num_whole * _STRIPE].reshape(num_rows, num_whole, _STRIPE)
    np.einsum("rst->rs", whole, out=sums[:, :num_whole])  # twice as fast as any ufunc's reduction
    if vocab % _STRIPE:
        sums[:, -1] = weights[:, num_whole * _STRIPE :].sum(axis=1)
    return sums


def _first_beyond(sums: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where each row's running sum passes its target; rounding never leads past its last rise."""
    passed: NDArray[np.int64] = (sums <= targets[:, None]).sum(axis=1)
    last_rise: NDArray[np.int64] = (sums < sums[:, -1:]).sum(axis=1)
    smaller: NDArray[np.int64] = np.minimum(passed, last_rise)
    return smaller
