"""The order of sequences: for admission, for prefill, and for preemption."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from palaver.engine.order import ArrivalOrder
from palaver.engine.sequence import Sequence


class QueuePolicy(Protocol):
    """Holds the waiting sequences and decides the order in which sequences get resources.

    The scheduler asks three questions (which sequence is admitted next, which prompt is computed
    first, which sequence is preempted) and reports what each sequence cost. A policy that is fair
    between accounts adds up :meth:`charge` for each ``sequence.request.account``. A policy never
    changes an answer's tokens, only when they come.

    To guarantee progress, among any fixed set of running sequences there must be one that is not
    preempted before it has finished.
    """

    def __len__(self) -> int:
        """Waiting sequences."""

    def __iter__(self) -> Iterator[Sequence]:
        """The waiting sequences in the order of admission; they may be removed meanwhile."""

    def push(self, sequence: Sequence) -> None:
        """Add a waiting sequence: a new one, or one that was preempted."""

    def remove(self, sequence: Sequence) -> None:
        """Remove a waiting sequence: it was admitted or cancelled."""

    def prefill_order(self, sequences: list[Sequence]) -> Iterable[Sequence]:
        """The admitted sequences, oldest first as given, in the order to compute their prompts."""

    def victim(self, running: ArrivalOrder) -> Sequence:
        """The running sequence to preempt when another one needs more blocks."""

    def charge(self, sequence: Sequence, num_prompt_tokens: int, num_answer_tokens: int) -> None:
        """Count what a sequence costs.

        Args:
            sequence: The sequence; its ``request`` names the account.
            num_prompt_tokens: Prompt tokens to compute, counted on admission.
            num_answer_tokens: Generated tokens that a step has computed.
        """


class FirstComeFirstServed:
    """Order of arrival everywhere; the youngest sequence is preempted and keeps its place."""

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
        """See :class:`QueuePolicy`; this policy ignores costs."""
