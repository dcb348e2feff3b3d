"""Prompts that are read beside the steps of those who are being answered."""

from __future__ import annotations

from collections.abc import Sequence as Listing
from concurrent.futures import Future
from dataclasses import dataclass

from palaver.engine.batch import make_batch
from palaver.engine.chunk import Chunk
from palaver.engine.sequence import Sequence
from palaver.runtime.base import Logits, Runtime

_MAX_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Reading:
    """Parts of prompts under way. Until they are read, their sequences keep their blocks.

    Attributes:
        chunks: The parts.
        logits: The rows that are wanted of them.
    """

    chunks: Listing[Chunk]
    logits: Future[Logits]

    @classmethod
    def begin(cls, runtime: Runtime, chunks: Listing[Chunk]) -> Reading:
        """Begin to read."""
        return cls(chunks, runtime.begin(make_batch(chunks, runtime.shape.block_size_tokens)))

    def reads(self, sequence: Sequence) -> bool:
        """Whether a part is this sequence's."""
        return any(chunk.sequence is sequence for chunk in self.chunks)


def apart(chunks: Listing[Chunk], max_beside: int) -> tuple[list[Chunk], list[Chunk]]:
    """What is to be computed in the step, and what can be read beside it.

    There is nothing beside a step that nobody waits for, nor beside one of too many sequences. What
    takes long is read sooner within the step, by all threads. And where the states of a prompt are
    wanted, they are those of a step.

    Args:
        chunks: Of the step, as scheduled.
        max_beside: Sequences that may decode in such a step.
    """
    decoded = [chunk for chunk in chunks if chunk.is_decode]
    read = [chunk for chunk in chunks if not chunk.is_decode]
    can_be = 0 < len(decoded) <= max_beside and sum(c.num_tokens for c in read) <= _MAX_TOKENS
    if not can_be or any(chunk.sequence.request.wants_hidden_states for chunk in read):
        return list(chunks), []
    return decoded, read
