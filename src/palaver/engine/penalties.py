"""How often a prompt and its answer have used each token, ready to be subtracted from logits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from palaver.engine.request import SamplingParams

_FIRST_CAPACITY = 64
_LEAST_FACTOR = 1e-30
"""Repetition penalties below this are taken for it, so that logits stay finite."""


class TokenCounts:
    """The distinct tokens of one sequence in arrays that grow, so that a step costs little.

    Args:
        prompt: Tokens that count for the repetition penalty alone.
    """

    def __init__(self, prompt: Iterable[int]) -> None:
        self._slots: dict[int, int] = {}
        self._ids = np.empty(_FIRST_CAPACITY, dtype=np.int64)
        self._in_answer = np.zeros(_FIRST_CAPACITY, dtype=np.float32)
        for token_id in prompt:
            self._slot(token_id)

    def add(self, token_id: int) -> None:
        """Count one more use of a token by the answer."""
        slot = self._slot(token_id)
        self._in_answer[slot] += 1

    def penalise(self, row: NDArray[np.float32], params: SamplingParams) -> None:
        """Apply the three penalties to ``row``, ``float32[V]``, in place (spec rows S20 to S22)."""
        ids = self._ids[: len(self._slots)]
        counts = self._in_answer[: len(self._slots)]
        values = row[ids]
        if params.repetition_penalty != 1:
            factor = np.float32(max(params.repetition_penalty, _LEAST_FACTOR))
            values = np.where(values > 0, values / factor, values * factor)
        values -= np.float32(params.frequency_penalty) * counts
        values -= np.float32(params.presence_penalty) * (counts > 0)
        row[ids] = values

    def copy(self) -> TokenCounts:
        """An independent copy, for a further choice of the same prompt."""
        other = TokenCounts(())
        other._slots = self._slots.copy()
        other._ids = self._ids.copy()
        other._in_answer = self._in_answer.copy()
        return other

    def _slot(self, token_id: int) -> int:
        slot = self._slots.setdefault(token_id, len(self._slots))
        if slot == len(self._ids):
            self._ids = np.concatenate([self._ids, np.empty_like(self._ids)])
            self._in_answer = np.concatenate([self._in_answer, np.zeros_like(self._in_answer)])
        self._ids[slot] = token_id
        return slot
