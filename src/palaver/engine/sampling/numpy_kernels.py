"""The passes of :mod:`palaver.engine.sampling.base` in numpy."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from palaver.engine.sampling.base import MoreNumbers
from palaver.engine.sampling.distribution import Distribution, block_sums, num_blocks
from palaver.engine.sampling.filters import are_surely_kept, resample

_LEAST_PART = 2**18
"""Logits that are worth a further thread."""


class NumpyKernels:
    """One numpy pass for each operation; see :class:`Kernels`.

    Args:
        num_threads: Threads that share large batches; 0 means one for each core.
    """

    def __init__(self, num_threads: int = 0) -> None:
        self._num_threads = num_threads or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(self._num_threads, thread_name_prefix="sampler")

    def softmax_numerators(
        self, logits: NDArray[np.float32], factors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """See :class:`Kernels`. The model is not running now, so all cores are idle."""
        sums = np.empty((len(logits), num_blocks(logits.shape[1])), dtype=np.float32)

        def compute(part: slice) -> None:
            rows = logits[part]
            rows -= rows.max(axis=1, keepdims=True)
            rows *= factors[part, None]
            np.exp(rows, out=rows)
            sums[part] = block_sums(rows)

        first, *others = _parts(len(logits), logits.shape[1], self._num_threads)
        running = [self._threads.submit(compute, part) for part in others]
        compute(first)
        for part in running:
            part.result()
        return sums

    def sample(
        self,
        weights: NDArray[np.float32],
        sums: NDArray[np.float32],
        masses: NDArray[np.float64],
        numbers: NDArray[np.float64],
        more: MoreNumbers,
    ) -> NDArray[np.int64]:
        """See :class:`Kernels`."""
        distribution = Distribution(weights, sums)
        tokens = distribution.pick(numbers[:, 0])
        is_open = np.array([further is not None for further in more])
        is_open &= ~are_surely_kept(distribution, tokens, masses, is_open)
        for row in np.flatnonzero(is_open).tolist():
            rest = chain(numbers[row, 1:], more[row] or ())
            tokens[row] = resample(distribution, row, int(tokens[row]), masses[row], rest)
        return tokens


def _parts(num_rows: int, vocab: int, num_threads: int) -> list[slice]:
    """Rows for each thread: in equal parts, none too small to be worth a thread."""
    num_parts = max(1, min(num_threads, num_rows, num_rows * vocab // _LEAST_PART))
    bounds = [num_rows * i // num_parts for i in range(num_parts + 1)]
    return [slice(*pair) for pair in pairwise(bounds)]
