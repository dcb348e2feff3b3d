"""The protocol of a sampler's kernels: the two passes over whole vocabularies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

MoreNumbers: TypeAlias = Sequence[Iterator[float] | None]
"""For each row further random numbers; ``None`` for rows without top-p, or with top-k as well."""


class Kernels(Protocol):
    """Passes over rows of a vocabulary. The result for a row depends on that row alone."""

    def softmax_numerators(
        self, logits: NDArray[np.float32], factors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Overwrite logits with weights, the highest of each row 1; returns their block sums.

        Args:
            logits: ``float32[R, V]``, contiguous.
            factors: ``float32[R]``, the inverse temperatures.
        """

    def sample(
        self,
        weights: NDArray[np.float32],
        sums: NDArray[np.float32],
        masses: NDArray[np.float64],
        numbers: NDArray[np.float64],
        more: MoreNumbers,
    ) -> NDArray[np.int64]:
        """One token for each row, ``int64[R]``; a row with random numbers in ``more`` obeys top-p.

        Args:
            weights: ``float32[R, V]``, contiguous; may be overwritten.
            sums: ``float32[R, B]``, their block sums; may be overwritten.
            masses: ``float64[R]``, the part of each row's sum that top-p keeps.
            numbers: ``float64[R, N]`` in [0, 1), the first random numbers of each row.
            more: Further random numbers, R entries.
        """
