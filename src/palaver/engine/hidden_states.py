"""What a step made of media in its prompts, for requests that want to know."""

from __future__ import annotations

from collections.abc import Sequence as Listing

from palaver.engine.chunk import Chunk
from palaver.engine.process.messages import HiddenStates
from palaver.generation.request import Array
from palaver.runtime.base import Runtime


def take_hidden_states(chunks: Listing[Chunk], runtime: Runtime) -> list[HiddenStates]:
    """The states of media that were read; of each piece but once, however often it is read.

    Args:
        chunks: Of the step that the runtime has just computed, not yet noted as such.
        runtime: What computed it.
    """
    found: list[HiddenStates] = []
    place = 0
    for chunk in chunks:
        sequence, begin = chunk.sequence, chunk.sequence.num_computed
        end = begin + chunk.num_tokens
        first = max(sequence.num_stated, begin)
        if sequence.request.wants_hidden_states and first < sequence.request.prompt.media_end:
            tokens = sequence.request.prompt.media_tokens(first, end) - begin + place
            sequence.num_stated = end
            if len(tokens):
                rows = Array.of(runtime.states(tokens))
                found.append(HiddenStates(sequence.request.request_id, rows))
        place += chunk.num_tokens
    return found
