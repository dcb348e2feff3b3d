"""Who is next: the sequences that wait for a place in the batch."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

from palaver.engine.sequence import Sequence


class ArrivalQueue:
    """First come, first served; a preempted sequence keeps its place.

    The scheduler asks for nothing but this order, so another policy (fairness between keys) is
    another class with the same methods.
    """

    def __init__(self) -> None:
        self._sequences: list[Sequence] = []

    def __len__(self) -> int:
        return len(self._sequences)

    def __iter__(self) -> Iterator[Sequence]:
        """The waiting sequences, next one first, over a copy that outlives removals."""
        return iter(self._sequences.copy())

    def push(self, sequence: Sequence) -> None:
        """Add a sequence at the place that its arrival gives it."""
        insort(self._sequences, sequence, key=lambda s: s.key)

    def remove(self, sequence: Sequence) -> None:
        """Take a sequence out."""
        self._sequences.remove(sequence)
