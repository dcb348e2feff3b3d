"""Cache warm-up: finished conversations are computed as prompts, so that the next turn is cached.

Decoding leaves other bits in the cache than prefill, so the blocks of an answer cannot be reused as
those of a prompt. They are computed again in idle steps.
"""

from __future__ import annotations

from collections import deque

import msgspec

from palaver.engine.cache.prefix import block_hashes
from palaver.engine.cache.tables import BlockTables
from palaver.engine.chunk import Chunk
from palaver.engine.order import ArrivalOrder
from palaver.engine.prefill import Prefill
from palaver.engine.sequence import Sequence, Status
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams

_MAX_WAITING = 32
_PARAMS = SamplingParams(max_tokens=0, seed=0)


class CacheWarmup:
    """Computes finished conversations as prompts, one at a time, while there are no requests.

    Args:
        tables: The sequences' blocks.
        running: The sequences that hold blocks.
        prefill: Cuts prompts into chunks.
    """

    def __init__(self, tables: BlockTables, running: ArrivalOrder, prefill: Prefill) -> None:
        self._tables = tables
        self._running = running
        self._prefill = prefill
        self._prompts: deque[Prompt] = deque(maxlen=_MAX_WAITING)
        self._sequence: Sequence | None = None

    @property
    def has_work(self) -> bool:
        """Whether conversations are left to compute."""
        return self._sequence is not None or bool(self._prompts)

    def plan(self, sequence: Sequence) -> None:
        """Plan a warm-up, if a finished conversation has more full blocks than its prompt."""
        num_blocks = len(sequence.token_ids) // self._tables.block_size
        if num_blocks > len(sequence.hashes):
            tokens = sequence.token_ids[: num_blocks * self._tables.block_size]
            prompt = msgspec.structs.replace(sequence.request.prompt, token_ids=tokens)
            self._prompts.append(prompt)

    def interrupt(self) -> None:
        """Give the blocks back because a request has arrived; full blocks stay in the cache."""
        if self._sequence:
            self._prompts.appendleft(self._sequence.request.prompt)
            self.stop()

    def stop(self) -> None:
        """End the warm-up that is under way."""
        if self._sequence:
            self._running.remove(self._sequence)
            self._tables.close(self._sequence)
            self._sequence.status = Status.FINISHED
            self._sequence = None

    def chunk(self, budget: int) -> Chunk | None:
        """The next part of a conversation, if one is left."""
        while self.has_work:
            if self._sequence is None:
                self._sequence = self._begin(self._prompts.popleft())
            if self._sequence:
                return self._prefill.chunk(self._sequence, budget)
        return None

    def _begin(self, prompt: Prompt) -> Sequence | None:
        """A sequence for a conversation; ``None`` if it is cached already or does not fit."""
        request = GenerationRequest(-1, prompt, _PARAMS)
        hashes = block_hashes(prompt, self._tables.block_size)
        sequence = Sequence(request, 0, hashes, status=Status.WARMUP)
        if not self._tables.open(sequence, num_spare=0):
            return None
        is_cached = sequence.num_computed == sequence.prefill_end(self._tables.block_size)
        if is_cached or sequence.num_computed < prompt.media_end:  # its features are gone
            self._tables.close(sequence)
            return None
        self._running.add(sequence)
        return sequence
