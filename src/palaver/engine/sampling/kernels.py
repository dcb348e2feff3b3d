"""The two passes of a draw that read whole vocabularies: weights, and what top-p keeps of them.

Large vocabularies are sampled twice as fast where numba is installed (the extra ``fast``). Both
kinds draw from the same distribution; their weights differ in the last bits, so a random number
that falls on the border between two tokens may mean the one or the other. Vocabularies of less than
``LEAST_COMPILED`` tokens, the built-in model's among them, are never left to compiled code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import chain, pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from palaver.engine.sampling.distribution import Distribution, num_stripes, stripe_sums
from palaver.engine.sampling.filters import are_surely_kept, redraw

LEAST_COMPILED = 2**15
"""Tokens of a vocabulary from which on compiled code pays for the second that it takes to load."""

_LEAST_PART = 2**18
"""Logits that are worth a thread of their own."""

MoreNumbers = Sequence[Iterator[float] | None]
"""For each row further random numbers; none for rows in which top-p alone has no say."""


class Kernels(Protocol):
    """Passes over rows of a vocabulary. What they make of a row depends on that row alone."""

    def weigh(
        self, logits: NDArray[np.float32], factors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Overwrite logits with weights, the highest of each row 1; their stripe sums.

        Args:
            logits: ``float32[R, V]``, in one piece.
            factors: ``float32[R]``, by which differences of logits are multiplied.
        """

    def draw(
        self,
        weights: NDArray[np.float32],
        stripes: NDArray[np.float32],
        masses: NDArray[np.float64],
        numbers: NDArray[np.float64],
        more: MoreNumbers,
    ) -> NDArray[np.int64]:
        """One token for each row, ``int64[R]``, that top-p keeps where it has a say.

        Args:
            weights: ``float32[R, V]``, in one piece; may be overwritten.
            stripes: ``float32[R, S]``, their stripe sums; may be overwritten.
            masses: ``float64[R]``, how much of each row's sum top-p keeps.
            numbers: ``float64[R, N]`` in [0, 1), the first random numbers of each row.
            more: R of them.
        """


class NumpyKernels:
    """A pass in numpy for each operation; see :class:`Kernels`.

    Args:
        num_threads: Among which large batches are divided; 0 means one for each core.
    """

    def __init__(self, num_threads: int = 0) -> None:
        self._num_threads = num_threads or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(self._num_threads, thread_name_prefix="sampler")

    def weigh(
        self, logits: NDArray[np.float32], factors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """See :class:`Kernels`. The model is done, so the cores are idle."""
        stripes = np.empty((len(logits), num_stripes(logits.shape[1])), dtype=np.float32)

        def weigh(part: slice) -> None:
            rows = logits[part]
            rows -= rows.max(axis=1, keepdims=True)
            rows *= factors[part, None]
            np.exp(rows, out=rows)
            stripes[part] = stripe_sums(rows)

        first, *others = _parts(len(logits), logits.shape[1], self._num_threads)
        running = [self._threads.submit(weigh, part) for part in others]
        weigh(first)
        for part in running:
            part.result()
        return stripes

    def draw(
        self,
        weights: NDArray[np.float32],
        stripes: NDArray[np.float32],
        masses: NDArray[np.float64],
        numbers: NDArray[np.float64],
        more: MoreNumbers,
    ) -> NDArray[np.int64]:
        """See :class:`Kernels`."""
        distribution = Distribution(weights, stripes)
        tokens = distribution.pick(numbers[:, 0])
        is_open = np.array([further is not None for further in more])
        is_open &= ~are_surely_kept(distribution, tokens, masses, is_open)
        for row in np.flatnonzero(is_open).tolist():
            rest = chain(numbers[row, 1:], more[row] or ())
            tokens[row] = redraw(distribution, row, int(tokens[row]), masses[row], rest)
        return tokens


def can_compile() -> bool:
    """Whether the extra ``fast`` is installed."""
    return find_spec("numba") is not None


def kernels_for(vocab: int, num_threads: int = 0) -> Kernels:
    """The fastest that are installed and pay for rows of ``vocab`` tokens.

    Args:
        vocab: Tokens of a row.
        num_threads: At most; 0 means one for each core. Compiled code needs but one.
    """
    if vocab < LEAST_COMPILED or not can_compile():
        return NumpyKernels(num_threads)
    from palaver.engine.sampling.compiled import CompiledKernels  # noqa: PLC0415

    return CompiledKernels()


def _parts(num_rows: int, vocab: int, num_threads: int) -> list[slice]:
    """Rows for each thread: as even as can be, and never too little to be worth a thread."""
    num_parts = max(1, min(num_threads, num_rows, num_rows * vocab // _LEAST_PART))
    bounds = [num_rows * i // num_parts for i in range(num_parts + 1)]
    return [slice(*pair) for pair in pairwise(bounds)]
