"""Preemption: taking a sequence's cache blocks away, and resuming it later with the same bits."""

from __future__ import annotations

from palaver.engine.cache.tables import BlockTables
from palaver.engine.order import ArrivalOrder
from palaver.engine.policy import QueuePolicy
from palaver.engine.sequence import Sequence, Status


class Preemption:
    """Frees blocks where decoding runs out of them.

    Blocks that hold generated tokens are copied out of the cache, because computing them again as
    prompt would give other bits. The prompt's blocks are computed again when the sequence resumes.

    Args:
        tables: The sequences' blocks.
        running: The sequences that hold blocks.
        policy: Chooses the sequence to preempt, and queues it again.

    Attributes:
        num_preemptions: Preemptions since the start.
    """

    def __init__(self, tables: BlockTables, running: ArrivalOrder, policy: QueuePolicy) -> None:
        self._tables = tables
        self._running = running
        self._policy = policy
        self.num_preemptions = 0

    def make_room(self, sequence: Sequence) -> bool:
        """Give a sequence blocks for its next tokens; preempts other sequences if necessary.

        Returns:
            Whether it got them; if not, it was preempted itself.
        """
        while self._tables.num_wanted(sequence) > self._tables.pool.num_available:
            victim = self._policy.victim(self._running)
            self._preempt(victim)
            if victim is sequence:
                return False
        self._tables.extend(sequence)
        return True

    def resume(self, sequence: Sequence) -> bool:
        """Let a preempted sequence decode again, once its prompt is computed again.

        Returns:
            Whether the sequence decodes now.
        """
        saved = sequence.saved
        if saved and sequence.num_computed == sequence.prefill_end(self._tables.block_size):
            self._tables.restore_answer(sequence, saved)
            sequence.status = Status.DECODE
        return sequence.status is Status.DECODE

    def _preempt(self, sequence: Sequence) -> None:
        self.num_preemptions += 1
        if sequence.status is Status.DECODE:
            self._tables.save_answer(sequence)
        self._running.remove(sequence)
        self._tables.close(sequence)
        sequence.status = Status.PREEMPTED
        self._policy.push(sequence)
