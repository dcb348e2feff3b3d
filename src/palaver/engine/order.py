"""Sequences in the order of arrival."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from operator import attrgetter

from palaver.engine.sequence import Sequence

_key = attrgetter("key")


class ArrivalOrder:
    """Sequences sorted oldest first; adding and removing one takes a binary search."""

    def __init__(self) -> None:
        self._sequences: list[Sequence] = []

    def __len__(self) -> int:
        return len(self._sequences)

    def __iter__(self) -> Iterator[Sequence]:
        """Oldest first, over a copy that outlives removals."""
        return iter(self._sequences.copy())

    def add(self, sequence: Sequence) -> None:
        """Add a sequence at the place that its arrival gives it."""
        insort(self._sequences, sequence, key=_key)

    def remove(self, sequence: Sequence) -> None:
        """Take a sequence out.

        Raises:
            KeyError: It is not there.
        """
        place = bisect_left(self._sequences, sequence.key, key=_key)
        if place == len(self._sequences) or self._sequences[place] is not sequence:
            raise KeyError(sequence.key)
        del self._sequences[place]

    @property
    def last(self) -> Sequence:
        """The youngest."""
        return self._sequences[-1]
