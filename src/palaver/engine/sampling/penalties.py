"""Token counts of prompts and answers, and the penalties computed from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from palaver.generation.request import SamplingParams

_FIRST_CAPACITY = 64
_LEAST_FACTOR = 1e-30
"""Smaller repetition penalties are raised to this, so that logits stay finite."""


class TokenCounts:
    """The distinct tokens of one sequence, in growing arrays, so that a step costs little.

    Args:
        prompt: The prompt's tokens; they count only for the repetition penalty.
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

    @property
    def ids(self) -> NDArray[np.int64]:
        """The distinct tokens, ``int64[N]``."""
        return self._ids[: len(self._slots)]

    @property
    def in_answer(self) -> NDArray[np.float32]:
        """How often the answer has used each of them, ``float32[N]``."""
        return self._in_answer[: len(self._slots)]

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


def penalise(
    logits: NDArray[np.float32],
    rows: Sequence[int],
    counts: Sequence[TokenCounts],
    params: Sequence[SamplingParams],
) -> None:
    """Apply the three penalties to some rows of ``float32[R, V]`` (spec rows S20 to S22), in place.

    Args:
        logits: All rows.
        rows: Indices of the N rows to change.
        counts: Token counts for each of the N rows.
        params: Parameters for each of the N rows.
    """
    ids = np.concatenate([count.ids for count in counts])
    in_answer = np.concatenate([count.in_answer for count in counts])
    settings = np.array(
        [
            (max(p.repetition_penalty, _LEAST_FACTOR), p.frequency_penalty, p.presence_penalty)
            for p in params
        ],
        dtype=np.float32,
    )
    nums = [len(count.ids) for count in counts]
    factors, frequency, presence = settings.T.repeat(nums, axis=1)
    places = (np.repeat(rows, nums), ids)
    values = logits[places]
    values = np.where(values > 0, values / factors, values * factors)
    values -= frequency * in_answer
    values -= presence * (in_answer > 0)
    logits[places] = values
