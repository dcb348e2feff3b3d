"""The tokens that grammars allow next, for all answers of a step at once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from llguidance import LLExecutor
from numpy.typing import NDArray

from palaver.engine.grammar.constraint import Constraint

Mask: TypeAlias = NDArray[np.uint8]
"""``uint8[V]``, 1 for the tokens that are allowed."""
Masks: TypeAlias = Mapping[Constraint, Mask]
"""The mask of each constraint; a complete one allows only the stop tokens."""


class MaskMaker:
    """Computes the masks of a step while the model runs, in parallel threads outside the GIL.

    Args:
        vocab_size: Width of the model's logits.
    """

    def __init__(self, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._num_words = -(-vocab_size // 32)
        self._executor = LLExecutor()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="masks")

    def start(self, constraints: list[Constraint]) -> Future[Masks]:
        """Start to compute masks; the constraints must not advance until they are done."""
        if constraints:
            return self._thread.submit(self._make, constraints)
        nothing: Future[Masks] = Future()
        nothing.set_result({})
        return nothing

    def _make(self, constraints: list[Constraint]) -> Masks:
        words = np.zeros((len(constraints), self._num_words), dtype=np.int32)
        self._executor.unsafe_compute_mask_ptr(
            [(constraint.matcher, row) for row, constraint in enumerate(constraints)],
            words.ctypes.data,
            self._num_words * 4,
            len(constraints),
        )
        bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
        return dict(zip(constraints, bits[:, : self._vocab_size], strict=True))
