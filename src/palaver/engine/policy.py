"""Which sequence is next: admission, prefill, and preemption where blocks run out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from palaver.engine.order import ArrivalOrder
from palaver.engine.sequence import Sequence


class QueuePolicy(Protocol):
    """Holds the waiting sequences and decides which of all sequences is next.

    The scheduler asks it three questions (who is admitted, whose prompt is computed first, who
    gives up its blocks) and tells it what was spent. A policy that is fair between accounts keeps a
    counter of :meth:`charge` for each ``sequence.request.account``. No policy changes an answer's
    tokens, only when they come.

    To make progress, a policy must not preempt for ever: among the same sequences, one is never the
    victim until it has finished.
    """

    def __len__(self) -> int:
        """Waiting sequences."""

    def __iter__(self) -> Iterator[Sequence]:
        """The waiting sequences in the order of admission; they may be removed meanwhile."""

    def push(self, sequence: Sequence) -> None:
        """A sequence waits: it is new, or was preempted."""

    def remove(self, sequence: Sequence) -> None:
        """A sequence waits no longer: it was admitted or cancelled."""

    def prefill_order(self, sequences: list[Sequence]) -> Iterable[Sequence]:
        """The admitted sequences, oldest first as given, in the order to compute their prompts."""

    def victim(self, running: ArrivalOrder) -> Sequence:
        """Which of the running sequences gives up its blocks, of which another one needs more."""

    def charge(self, sequence: Sequence, num_prompt_tokens: int, num_answer_tokens: int) -> None:
        """Count what a sequence costs.

        Args:
            sequence: Whose ``request`` tells the account.
            num_prompt_tokens: Prompt tokens that have to be computed for it, on its admission.
            num_answer_tokens: Generated tokens that a step has computed for it.
        """


class FirstComeFirstServed:
    """The order of arrival in everything: the youngest is preempted, and keeps its place."""

    def __init__(self) -> None:
        self._waiting = ArrivalOrder()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Sequence]:
        """See :class:`QueuePolicy`."""
        return iter(self._waiting)

    def push(self, sequence: Sequence) -> None:
        """See :class:`QueuePolicy`."""
        self._waiting.add(sequence)

    def remove(self, sequence: Sequence) -> None:
        """See :class:`QueuePolicy`."""
        self._waiting.remove(sequence)

    def prefill_order(self, sequences: list[Sequence]) -> Iterable[Sequence]:
        """See :class:`QueuePolicy`."""
        return sequences

    def victim(self, running: ArrivalOrder) -> Sequence:
        """See :class:`QueuePolicy`."""
        return running.last

    def charge(self, sequence: Sequence, num_prompt_tokens: int, num_answer_tokens: int) -> None:
        """See :class:`QueuePolicy`: what a sequence costs does not matter."""
