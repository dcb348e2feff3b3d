"""What the next step computes: decode for all running sequences, prefill up to a token budget."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from palaver.engine.cache.blocks import BlockPool, BlockStore
from palaver.engine.cache.prefix import block_hashes
from palaver.engine.cache.tables import BlockTables
from palaver.engine.chunk import Chunk
from palaver.engine.grammar.constraint import Constraint
from palaver.engine.order import ArrivalOrder
from palaver.engine.policy import QueuePolicy
from palaver.engine.preemption import Preemption
from palaver.engine.prefill import Prefill
from palaver.engine.sequence import Sequence, Status
from palaver.engine.warmup import CacheWarmup
from palaver.generation.request import GenerationRequest
from palaver.runtime.base import Features


class Scheduler:
    """Plans step by step which tokens of which sequences are computed.

    - Every decoding sequence takes part in each step. Fast-forward tokens are computed in one
      chunk, because other chunks would give other bits.
    - Prompts fill the rest of the budget; see :class:`Prefill`.
    - Where decoding runs out of blocks, a sequence is preempted; see :class:`Preemption`.
    - Without requests, finished conversations are computed for the cache; see :class:`CacheWarmup`.

    Args:
        store: Moves the blocks' content.
        policy: Holds the waiting sequences and decides the order of all.
        num_blocks: Cache blocks.
        block_size: Tokens in a block.
        max_step_tokens: Tokens of one step at most, unless decoding alone needs more. While other
            sequences decode, prompts get half of it, so that running answers wait half as long.
        max_running: Sequences in the batch at most; further choices of a request may exceed it.

    Attributes:
        waiting: Sequences that are not in the batch yet, in the policy's order.
        running: Sequences in the batch, oldest first.
    """

    def __init__(
        self,
        store: BlockStore,
        policy: QueuePolicy,
        *,
        num_blocks: int,
        block_size: int,
        max_step_tokens: int,
        max_running: int,
    ) -> None:
        self._max_step_tokens = max(max_step_tokens, 2 * block_size)
        self._tables = BlockTables(store, num_blocks, block_size)
        self._arrivals = count(1)
        self.waiting = policy
        self.running = ArrivalOrder()
        self._preemption = Preemption(self._tables, self.running, policy)
        self._prefill = Prefill(self._tables, self.running, policy, max_running)
        self._warmup = CacheWarmup(self._tables, self.running, self._prefill)

    @property
    def pool(self) -> BlockPool:
        """The cache's blocks."""
        return self._tables.pool

    @property
    def num_preemptions(self) -> int:
        """Preemptions since the start."""
        return self._preemption.num_preemptions

    @property
    def num_cached_tokens(self) -> int:
        """Prompt tokens that the cache held on admission, since the start."""
        return self._prefill.num_cached_tokens

    @property
    def has_work(self) -> bool:
        """Whether a step would compute anything."""
        return bool(len(self.running) or len(self.waiting) or self._warmup.has_work)

    def add(
        self,
        request: GenerationRequest,
        constraint: Constraint | None = None,
        features: Iterable[Features] = (),
    ) -> Sequence:
        """Queue a request; its choices fork from this first one once the prompt is computed."""
        hashes = block_hashes(request.prompt, self._tables.block_size)
        arrival = next(self._arrivals)
        sequence = Sequence(request, arrival, hashes, constraint=constraint, features=features)
        self.waiting.push(sequence)
        return sequence

    def fork(self, sequence: Sequence) -> list[Sequence]:
        """Start the further choices of a request once its prompt is computed; returns them."""
        others = [sequence.fork(i) for i in range(1, sequence.request.num_choices)]
        for other in others:
            self._tables.share(other)
            self.running.add(other)
        return others

    def remove(self, sequence: Sequence) -> None:
        """Forget a waiting or running sequence and take its blocks back."""
        if sequence.status in (Status.WAITING, Status.PREEMPTED):
            self.waiting.remove(sequence)
        else:
            self.running.remove(sequence)
            self._tables.close(sequence)
        sequence.status = Status.FINISHED

    def finish(self, sequence: Sequence) -> None:
        """Remove a sequence that is complete, and plan a cache warm-up with its conversation."""
        self.remove(sequence)
        self._warmup.plan(sequence)

    def schedule(self) -> list[Chunk]:
        """The next step's work, with a block for every token of it."""
        if not len(self.waiting) and all(s.status is Status.WARMUP for s in self.running):
            chunk = self._warmup.chunk(self._max_step_tokens)
            return [chunk] if chunk else []
        self._warmup.interrupt()
        num_preemptions = self.num_preemptions
        chunks = self._decode()
        budget = self._max_step_tokens - sum(chunk.num_tokens for chunk in chunks)
        if chunks:
            budget = min(budget, self._max_step_tokens // 2)
        budget = self._continue_prompts(budget, chunks)
        if self.num_preemptions == num_preemptions:
            self._begin_prompts(budget, chunks)
        return chunks

    def note_computed(self, chunks: Iterable[Chunk]) -> None:
        """Record that the keys and values of a step's chunks are in the cache."""
        for chunk in chunks:
            sequence = chunk.sequence
            sequence.num_computed += chunk.num_tokens
            if chunk.kind is Status.DECODE:
                self.waiting.charge(sequence, 0, chunk.num_tokens)
                continue
            self._tables.publish(sequence)
            if sequence.num_computed == sequence.prefill_end(self._tables.block_size):
                self._end_prompt(sequence)

    def check_integrity(self) -> None:
        """Raise ``AssertionError`` unless blocks, tables, lengths and statuses agree."""
        running, waiting = list(self.running), list(self.waiting)
        self._tables.check_integrity(running)
        assert running == sorted(running, key=lambda s: s.key), "running is out of order"
        for sequence in running:
            assert sequence.status in (Status.PREFILL, Status.DECODE, Status.WARMUP)
            is_decoding = sequence.status is Status.DECODE
            assert is_decoding == (sequence.num_answer_tokens > 0 and sequence.saved is None)
        for sequence in waiting:
            assert sequence.status in (Status.WAITING, Status.PREEMPTED)
            assert not sequence.block_table, "a waiting sequence holds blocks"

    def _decode(self) -> list[Chunk]:
        for sequence in self.running:
            if sequence.status is Status.DECODE:
                self._preemption.make_room(sequence)
        return [
            Chunk(s, len(s.token_ids) - s.num_computed, 1 + s.num_unreported, Status.DECODE)
            for s in self.running
            if s.status is Status.DECODE
        ]

    def _continue_prompts(self, budget: int, chunks: list[Chunk]) -> int:
        """Plan further parts of admitted prompts; returns what is left of the budget."""
        prompts = [s for s in self.running if s.status is Status.PREFILL]
        for sequence in self.waiting.prefill_order(prompts):
            budget -= self._plan_prefill(sequence, budget, chunks)
        return budget

    def _begin_prompts(self, budget: int, chunks: list[Chunk]) -> None:
        """Admit sequences while there is room, and plan the first parts of their prompts."""
        for sequence in self._prefill.admissible():
            if budget < self._tables.block_size or not self._prefill.admit(sequence):
                break
            if not self._preemption.resume(sequence):
                budget -= self._plan_prefill(sequence, budget, chunks)

    def _plan_prefill(self, sequence: Sequence, budget: int, chunks: list[Chunk]) -> int:
        chunk = self._prefill.chunk(sequence, budget)
        if chunk is None:
            return 0
        chunks.append(chunk)
        return chunk.num_tokens

    def _end_prompt(self, sequence: Sequence) -> None:
        if sequence.status is Status.WARMUP:
            self._warmup.stop()
        elif not self._preemption.resume(sequence):
            sequence.status = Status.DECODE
