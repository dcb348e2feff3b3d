"""The part of one sequence that a step computes."""

from __future__ import annotations

from dataclasses import dataclass

from palaver.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Chunk:
    """The part of one sequence that a step computes.

    Attributes:
        sequence: Whose tokens they are, from ``sequence.num_computed`` on.
        num_tokens: How many.
        num_rows: How many of them, from the last one back, logits are wanted of.
        is_decode: Whether they are generated tokens rather than prompt: one, and those that a
            grammar has forced behind it.
    """

    sequence: Sequence
    num_tokens: int
    num_rows: int
    is_decode: bool = False
