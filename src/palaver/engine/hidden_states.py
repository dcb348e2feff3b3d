"""The hidden states of media in a step's prompts, for requests that want them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from palaver.engine.chunk import Chunk
from palaver.runtime.base import Runtime

HiddenStates: TypeAlias = tuple[int, NDArray[np.float32]]
"""A request's id, and ``float32[N, hidden size]`` of the next N tokens of media in its prompt."""


def take_hidden_states(chunks: Iterable[Chunk], runtime: Runtime) -> list[HiddenStates]:
    """The hidden states of media that a step computed; each is reported once.

    A preempted sequence computes its prompt again, so each sequence records up to which token its
    hidden states were reported.

    Args:
        chunks: Of the step just computed, before :meth:`Scheduler.note_computed` is called.
        runtime: The runtime that computed the step.
    """
    found: list[HiddenStates] = []
    place = 0
    for chunk in chunks:
        sequence, begin = chunk.sequence, chunk.sequence.num_computed
        end = begin + chunk.num_tokens
        first = max(sequence.hidden_states_end, begin)
        if sequence.request.wants_hidden_states and first < sequence.request.prompt.media_end:
            tokens = sequence.request.prompt.media_tokens(first, end) - begin + place
            sequence.hidden_states_end = end
            if len(tokens):
                found.append((sequence.request.request_id, runtime.hidden_states(tokens)))
        place += chunk.num_tokens
    return found
