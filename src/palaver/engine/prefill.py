"""Prefill: which prompts are admitted, and which part of each a step computes."""

from __future__ import annotations

from collections.abc import Iterator

from palaver.engine.cache.tables import BlockTables
from palaver.engine.chunk import Chunk
from palaver.engine.order import ArrivalOrder
from palaver.engine.policy import QueuePolicy
from palaver.engine.sequence import Sequence, Status


class Prefill:
    """Admits sequences and cuts their prompts into chunks.

    A sequence is admitted when there are blocks for its whole prompt, and one more if other
    sequences are running. If its next block is just being computed for another sequence, it waits
    and shares that block.

    Args:
        tables: The sequences' blocks.
        running: The sequences that hold blocks.
        policy: The sequences that wait.
        max_running: Sequences that run at most; further choices of a request may exceed it.

    Attributes:
        num_cached_tokens: Prompt tokens that the cache held on admission, since the start.
    """

    def __init__(
        self, tables: BlockTables, running: ArrivalOrder, policy: QueuePolicy, max_running: int
    ) -> None:
        self._tables = tables
        self._running = running
        self._policy = policy
        self._max_running = max(max_running, 1)
        self.num_cached_tokens = 0

    def admissible(self) -> Iterator[Sequence]:
        """The waiting sequences in the policy's order, except those that wait for a block."""
        return (s for s in self._policy if not self._tables.is_being_computed(s))

    def admit(self, sequence: Sequence) -> bool:
        """Let a waiting sequence run, if the batch and the cache have room for it."""
        if len(self._running) >= self._max_running:
            return False
        if not self._tables.open(sequence, num_spare=1 if len(self._running) else 0):
            return False
        self._policy.remove(sequence)
        self._running.add(sequence)
        if sequence.status is Status.WAITING:
            sequence.num_cached_tokens = sequence.num_computed
            self.num_cached_tokens += sequence.num_computed
            self._policy.charge(sequence, sequence.num_prompt_tokens - sequence.num_computed, 0)
        sequence.status = Status.PREFILL
        return True

    def chunk(self, sequence: Sequence, budget: int) -> Chunk | None:
        """The next part of a prompt, if the budget has room for one.

        It ends at a block boundary or with the prompt, and never leaves a single token, because a
        step of one token computes other bits than a longer one.

        Args:
            sequence: A running sequence.
            budget: Tokens that the step has room for; may be exceeded by one.
        """
        left = sequence.prefill_end(self._tables.block_size) - sequence.num_computed
        num = left
        if left > budget:
            num = budget // self._tables.block_size * self._tables.block_size
            if left - num == 1:
                num += 1
        if num <= 0:
            return None
        is_sampled = num == left and sequence.saved is None and sequence.status is Status.PREFILL
        return Chunk(sequence, num, int(is_sampled), sequence.status)
