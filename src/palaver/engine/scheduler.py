"""What the next step computes: decode for all that run, prefill up to a budget of tokens."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterator
from collections.abc import Sequence as Listing

import msgspec

from palaver.engine.cache.blocks import BlockPool, BlockStore
from palaver.engine.cache.prefix import PrefixCache, block_hashes
from palaver.engine.chunk import Chunk
from palaver.engine.policy import ArrivalQueue
from palaver.engine.sequence import Sequence
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams
from palaver.runtime.base import Features

_MAX_READ_BACKS = 32
_READ_BACK_PARAMS = SamplingParams(max_tokens=0, seed=0)


class Scheduler:
    """Decides step by step, and owns the block tables.

    - Everything that decodes takes part in each step, and what a grammar forces is computed in one
      piece, because other pieces would give other bits; prompts fill the rest of the budget in the
      order of arrival, cut at block boundaries and never down to a single token, because a
      one-token step computes other bits than reading does.
    - A sequence is admitted when the blocks of its whole prompt are there. If its next block is
      being computed for another sequence right now, it waits and takes that one.
    - When decoding runs out of blocks, the youngest sequence gives its own up. The blocks that hold
      generated tokens are copied out, the prompt's are read again on its return.
    - When nothing else is to do, finished conversations are read back as prompts, so that their
      next turn finds them in the prefix cache.

    Args:
        store: Moves the blocks' content.
        num_blocks: Cache blocks.
        block_size: Tokens in a block.
        max_step_tokens: Tokens of one step at most, as long as decoding leaves room. Beside
            decoding, half of them may be prompt, so that whoever is answered waits half as long.
        max_running: Sequences in the batch at most; further choices of a request may exceed it.

    Attributes:
        pool: The cache's blocks.
        prefixes: Those of them that were computed as prompt.
        waiting: Sequences without a place in the batch.
        running: Sequences in the batch, oldest first.
        num_preemptions: How often a sequence gave up its blocks, since the start.
        num_cached_tokens: Prompt tokens that the cache held on admission, since the start.
    """

    def __init__(
        self,
        store: BlockStore,
        *,
        num_blocks: int,
        block_size: int,
        max_step_tokens: int,
        max_running: int,
    ) -> None:
        self._store = store
        self._block_size = block_size
        self._max_step_tokens = max(max_step_tokens, 2 * block_size)
        self._max_running = max_running
        self.pool = BlockPool(num_blocks)
        self.prefixes = PrefixCache(self.pool)
        self.waiting = ArrivalQueue()
        self.running: list[Sequence] = []
        self._read_backs: deque[Prompt] = deque(maxlen=_MAX_READ_BACKS)
        self._num_arrivals = 0
        self.num_preemptions = 0
        self.num_cached_tokens = 0

    @property
    def has_work(self) -> bool:
        """Whether a step would compute anything."""
        return bool(self.running or len(self.waiting) or self._read_backs)

    def add(self, request: GenerationRequest, features: Listing[Features] = ()) -> Sequence:
        """Queue a request; its choices fork from this first one once the prompt is read."""
        hashes = block_hashes(request.prompt, self._block_size)
        sequence = Sequence(request, self._next_arrival(), hashes, features=features)
        self.waiting.push(sequence)
        return sequence

    def fork(self, sequence: Sequence) -> list[Sequence]:
        """The further choices of a request whose prompt has just been read, now running."""
        others = [sequence.fork(i) for i in range(1, sequence.request.num_choices)]
        for other in others:
            for block in other.block_table:
                self.pool.share(block)
            self._run(other)
        return others

    def remove(self, sequence: Sequence) -> None:
        """Forget a waiting or running sequence and give its blocks back."""
        if sequence in self.running:
            self._stop(sequence)
        else:
            self.waiting.remove(sequence)

    def finish(self, sequence: Sequence) -> None:
        """Remove a sequence that is complete, and plan to read its conversation back."""
        self.remove(sequence)
        num_blocks = len(sequence.token_ids) // self._block_size
        if not sequence.is_read_back and num_blocks > len(sequence.hashes):
            tokens = sequence.token_ids[: num_blocks * self._block_size]
            self._read_backs.append(
                msgspec.structs.replace(sequence.request.prompt, token_ids=tokens)
            )

    def would_preempt(self) -> bool:
        """Whether the next step might take the blocks of one sequence for another."""
        decoding = (s for s in self.running if s.is_decoding)
        return sum(map(self._num_wanted, decoding)) > self.pool.num_available

    def schedule(self, *, is_reading: bool = False) -> list[Chunk]:
        """The next step's work, with a block for every token of it.

        Args:
            is_reading: Whether prompts are being read that were scheduled before, so that there is
                nothing to do now but to decode.
        """
        if is_reading:
            return list(self._decode())
        num_preemptions = self.num_preemptions
        self._interrupt_read_back()
        chunks = list(self._decode())
        budget = self._max_step_tokens - sum(chunk.num_tokens for chunk in chunks)
        if chunks:
            budget = min(budget, self._max_step_tokens // 2)
        for sequence in [s for s in self.running if not s.is_decoding]:
            budget -= self._prefill(sequence, budget, chunks)
        if self.num_preemptions == num_preemptions:
            for sequence in self._admissible():
                if budget < self._block_size or not self._admit(sequence):
                    break
                budget -= self._prefill(sequence, budget, chunks)
        if not chunks and self._read_backs:
            self._read_back(chunks)
        return chunks

    def computed(self, chunk: Chunk) -> None:
        """Take note that a chunk's keys and values are in the cache."""
        sequence = chunk.sequence
        sequence.num_computed += chunk.num_tokens
        num_full = min(sequence.num_computed // self._block_size, len(sequence.hashes))
        if num_full > sequence.num_published:
            for i in range(sequence.num_published, num_full):
                self.prefixes.publish(sequence.hashes[i], sequence.block_table[i])
            self.prefixes.withdraw(sequence.hashes[sequence.num_published : num_full])
            sequence.num_published = num_full
        if sequence.is_decoding or sequence.num_computed < sequence.prefill_end(self._block_size):
            return
        if sequence.is_read_back:
            self.remove(sequence)
        elif sequence.saved_blocks is not None:
            self._restore(sequence)

    def check_integrity(self) -> None:
        """Raise ``AssertionError`` unless blocks, tables and lengths agree."""
        self.pool.check_integrity(s.block_table for s in self.running)
        for sequence in self.running:
            assert sequence.num_computed <= len(sequence.token_ids)
            assert len(sequence.block_table) * self._block_size >= sequence.num_computed
        assert all(not s.block_table for s in self.waiting), "a waiting sequence holds blocks"
        assert self.running == sorted(self.running, key=lambda s: s.key), "running is out of order"

    # -- decode ------------------------------------------------------------------------------

    def _decode(self) -> Iterator[Chunk]:
        for sequence in [s for s in self.running if s.is_decoding]:
            if sequence in self.running and self._make_room(sequence):
                num_tokens = len(sequence.token_ids) - sequence.num_computed
                yield Chunk(sequence, num_tokens, 1 + sequence.num_forced, is_decode=True)

    def _make_room(self, sequence: Sequence) -> bool:
        """Blocks of its own for the next tokens, at the cost of younger sequences if need be."""
        place = sequence.num_computed // self._block_size
        table = sequence.block_table
        while self._num_wanted(sequence) > self.pool.num_available:
            youngest = self.running[-1]
            self._preempt(youngest)
            if youngest is sequence:
                return False
        if self._is_shared(table, place):
            (block,) = self.pool.allocate(1)
            self._store.copy_block(table[place], block)
            self.pool.release([table[place]])
            table[place] = block
        table += self.pool.allocate(self._num_new(sequence))
        return True

    def _num_wanted(self, sequence: Sequence) -> int:
        """Blocks that its next tokens take: new ones, and one instead of one that it shares."""
        place = sequence.num_computed // self._block_size
        return self._num_new(sequence) + self._is_shared(sequence.block_table, place)

    def _num_new(self, sequence: Sequence) -> int:
        return -(-len(sequence.token_ids) // self._block_size) - len(sequence.block_table)

    def _is_shared(self, table: list[int], place: int) -> bool:
        return place < len(table) and self.pool.is_shared(table[place])

    def _preempt(self, sequence: Sequence) -> None:
        self.num_preemptions += 1
        if sequence.is_decoding:
            first = sequence.num_prompt_tokens // self._block_size
            sequence.num_saved = sequence.num_computed
            sequence.saved_blocks = [
                self._store.save_block(block) for block in sequence.block_table[first:]
            ]
        self._stop(sequence)
        self.waiting.push(sequence)

    def _restore(self, sequence: Sequence) -> None:
        """Put the saved blocks behind the prompt's, so that decoding goes on where it stopped."""
        saved = sequence.saved_blocks or []
        first = sequence.num_prompt_tokens // self._block_size
        for block, content in zip(sequence.block_table[first:], saved, strict=True):
            self._store.restore_block(block, content)
        sequence.saved_blocks = None
        sequence.num_computed = sequence.num_saved

    # -- prefill -----------------------------------------------------------------------------

    def _prefill(self, sequence: Sequence, budget: int, chunks: list[Chunk]) -> int:
        """Plan the next part of a prompt; returns its number of tokens."""
        end = sequence.prefill_end(self._block_size)
        left = end - sequence.num_computed
        num = left
        if left > budget:
            num = budget // self._block_size * self._block_size
            if left - num == 1:
                num += 1
        if num > 0:
            is_sampled = num == left and sequence.saved_blocks is None and not sequence.is_read_back
            chunks.append(Chunk(sequence, num, num_rows=int(is_sampled)))
        return max(num, 0)

    def _admissible(self) -> Iterator[Sequence]:
        """Waiting sequences that nobody else is computing the next block for, in order."""
        for sequence in self.waiting:
            reusable = self._reusable(sequence)
            num = self.prefixes.num_reusable(reusable)
            if num < len(reusable) and self.prefixes.is_announced(reusable[num]):
                continue
            yield sequence

    def _reusable(self, sequence: Sequence) -> list[bytes]:
        """Hashes of the blocks it may take from the cache; more than one token is left to read."""
        end = sequence.prefill_end(self._block_size)
        if end == sequence.num_prompt_tokens and not sequence.is_read_back:
            end = max(end - 2, 0)
        prompt = sequence.request.prompt
        if sequence.request.wants_hidden_states and sequence.num_stated < prompt.media_end:
            end = min(end, prompt.spans[0].begin)  # keys and values alone do not tell the states
        return sequence.hashes[: end // self._block_size]

    def _admit(self, sequence: Sequence) -> bool:
        """Give a waiting sequence all blocks of its prompt, if they are there."""
        if self.running and len(self.running) >= self._max_running:
            return False
        end = sequence.prefill_end(self._block_size)
        num_blocks = -(-end // self._block_size) + len(sequence.saved_blocks or ())
        table = self.prefixes.match(self._reusable(sequence))
        headroom = 1 if self.running else 0
        if num_blocks - len(table) + headroom > self.pool.num_available:
            self.pool.release(table)
            return False
        self.waiting.remove(sequence)
        sequence.block_table = table + self.pool.allocate(num_blocks - len(table))
        sequence.num_computed = len(table) * self._block_size
        sequence.num_published = len(table)
        if sequence.num_cached_tokens is None:
            sequence.num_cached_tokens = sequence.num_computed
            self.num_cached_tokens += 0 if sequence.is_read_back else sequence.num_computed
        self.prefixes.announce(sequence.hashes[len(table) :])
        self._run(sequence)
        if sequence.saved_blocks is not None and sequence.num_computed == end:
            self._restore(sequence)
        return True

    def _interrupt_read_back(self) -> None:
        """Put reading back aside when there is a request to work for; full blocks stay cached."""
        if len(self.running) + len(self.waiting) < 2:
            return
        for sequence in [s for s in self.running if s.is_read_back]:
            self._stop(sequence)
            self._read_backs.appendleft(sequence.request.prompt)

    def _read_back(self, chunks: list[Chunk]) -> None:
        prompt = self._read_backs.popleft()
        request = GenerationRequest(-1, prompt, _READ_BACK_PARAMS)
        hashes = block_hashes(prompt, self._block_size)
        sequence = Sequence(request, self._next_arrival(), hashes, is_read_back=True)
        self.waiting.push(sequence)
        if not self._admit(sequence):
            self.waiting.remove(sequence)
        elif (
            sequence.num_computed == sequence.prefill_end(self._block_size)
            or sequence.num_computed < prompt.media_end  # whose features are gone
        ):
            self.remove(sequence)
        else:
            self._prefill(sequence, self._max_step_tokens, chunks)

    # -- the running list --------------------------------------------------------------------

    def _run(self, sequence: Sequence) -> None:
        insort(self.running, sequence, key=lambda s: s.key)

    def _stop(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self.prefixes.withdraw(sequence.hashes[sequence.num_published :])
        self.pool.release(sequence.block_table)
        sequence.block_table = []
        sequence.num_computed = 0
        sequence.num_published = 0

    def _next_arrival(self) -> int:
        self._num_arrivals += 1
        return self._num_arrivals
