"""The part of one sequence that a step computes."""

from __future__ import annotations

from dataclasses import dataclass

from palaver.engine.sequence import Sequence, Status


@dataclass(frozen=True, slots=True)
class Chunk:
    """The part of one sequence that a step computes.

    Attributes:
        sequence: The sequence; the chunk begins with its token ``sequence.num_computed``.
        num_tokens: Tokens in the chunk.
        num_rows: How many of its last tokens need logits.
        kind: The sequence's status when the step was planned: ``PREFILL``, ``DECODE`` (one
            generated token, and the fast-forward tokens behind it) or ``WARMUP``.
    """

    sequence: Sequence
    num_tokens: int
    num_rows: int
    kind: Status
