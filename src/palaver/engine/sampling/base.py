"""What a sampler asks of its kernels: the two passes that read whole vocabularies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

MoreNumbers: TypeAlias = Sequence[Iterator[float] | None]
"""For each row further random numbers; none for rows in which top-p alone has no say."""


class Kernels(Protocol):
    """Passes over rows of a vocabulary. What they make of a row depends on that row alone."""

    def softmax_numerators(
        self, logits: NDArray[np.float32], factors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Overwrite logits with weights, the highest of each row 1; returns their block sums.

        Args:
            logits: ``float32[R, V]``, in one piece.
            factors: ``float32[R]``, by which differences of logits are multiplied.
        """

    def sample(
        self,
        weights: NDArray[np.float32],
        sums: NDArray[np.float32],
        masses: NDArray[np.float64],
        numbers: NDArray[np.float64],
        more: MoreNumbers,
    ) -> NDArray[np.int64]:
        """One token for each row, ``int64[R]``, that top-p keeps where it has a say.

        Args:
            weights: ``float32[R, V]``, in one piece; may be overwritten.
            sums: ``float32[R, B]``, their block sums; may be overwritten.
            masses: ``float64[R]``, how much of each row's sum top-p keeps.
            numbers: ``float64[R, N]`` in [0, 1), the first random numbers of each row.
            more: R of them.
        """
