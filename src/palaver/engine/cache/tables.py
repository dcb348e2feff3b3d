"""The block tables of sequences: allocating, sharing, saving and releasing cache blocks."""

from __future__ import annotations

from collections.abc import Iterable

from palaver.engine.cache.blocks import BlockPool, BlockStore
from palaver.engine.cache.prefix import PrefixCache
from palaver.engine.sequence import SavedAnswer, Sequence, Status


class BlockTables:
    """Gives sequences their cache blocks and takes them back.

    Args:
        store: Moves the blocks' content.
        num_blocks: Cache blocks.
        block_size: Tokens in a block.

    Attributes:
        block_size: As given.
        pool: The blocks and their reference counts.
        prefixes: The prefix cache.
    """

    def __init__(self, store: BlockStore, num_blocks: int, block_size: int) -> None:
        self._store = store
        self.block_size = block_size
        self.pool = BlockPool(num_blocks)
        self.prefixes = PrefixCache(self.pool)

    def is_being_computed(self, sequence: Sequence) -> bool:
        """Whether a running sequence is about to compute the next block that this one needs."""
        hashes = self._reusable(sequence)
        num = self.prefixes.num_reusable(hashes)
        return num < len(hashes) and self.prefixes.is_announced(hashes[num])

    def open(self, sequence: Sequence, num_spare: int) -> bool:
        """Give a sequence blocks for its whole prompt, cached ones first; returns whether it could.

        Args:
            sequence: Without blocks.
            num_spare: Blocks that must stay available.
        """
        saved = sequence.saved.blocks if sequence.saved else []
        num_blocks = -(-sequence.prefill_end(self.block_size) // self.block_size) + len(saved)
        table = self.prefixes.match(self._reusable(sequence))
        if num_blocks - len(table) + num_spare > self.pool.num_available:
            self.pool.release(table)
            return False
        sequence.block_table = table + self.pool.allocate(num_blocks - len(table))
        sequence.num_computed = len(table) * self.block_size
        sequence.num_published = len(table)
        self.prefixes.announce(sequence.hashes[len(table) :])
        return True

    def close(self, sequence: Sequence) -> None:
        """Take all blocks of a sequence back."""
        self.prefixes.withdraw(sequence.hashes[sequence.num_published :])
        self.pool.release(sequence.block_table)
        sequence.block_table = []
        sequence.num_computed = 0
        sequence.num_published = 0

    def share(self, sequence: Sequence) -> None:
        """Add references to the blocks of a sequence that was forked from another."""
        for block in sequence.block_table:
            self.pool.share(block)

    def num_wanted(self, sequence: Sequence) -> int:
        """Blocks needed for its next tokens: new ones, and one to replace a shared block."""
        return self._num_new(sequence) + self._is_next_shared(sequence)

    def extend(self, sequence: Sequence) -> None:
        """Give a sequence unshared blocks for its next tokens; check :meth:`num_wanted` first."""
        table, place = sequence.block_table, sequence.num_computed // self.block_size
        if self._is_next_shared(sequence):
            (block,) = self.pool.allocate(1)
            self._store.copy_block(table[place], block)
            self.pool.release([table[place]])
            table[place] = block
        table += self.pool.allocate(self._num_new(sequence))

    def publish(self, sequence: Sequence) -> None:
        """Add the prompt blocks that a sequence has computed to the prefix cache."""
        num_full = min(sequence.num_computed // self.block_size, len(sequence.hashes))
        if num_full > sequence.num_published:
            for i in range(sequence.num_published, num_full):
                self.prefixes.publish(sequence.hashes[i], sequence.block_table[i])
            self.prefixes.withdraw(sequence.hashes[sequence.num_published : num_full])
            sequence.num_published = num_full

    def save_answer(self, sequence: Sequence) -> None:
        """Copy the blocks with generated tokens out of the cache."""
        first = sequence.num_prompt_tokens // self.block_size
        blocks = [self._store.save_block(block) for block in sequence.block_table[first:]]
        sequence.saved = SavedAnswer(blocks, sequence.num_computed)

    def restore_answer(self, sequence: Sequence, saved: SavedAnswer) -> None:
        """Restore the saved blocks behind the prompt's, so that decoding can resume."""
        first = sequence.num_prompt_tokens // self.block_size
        for block, content in zip(sequence.block_table[first:], saved.blocks, strict=True):
            self._store.restore_block(block, content)
        sequence.saved = None
        sequence.num_computed = saved.num_computed

    def check_integrity(self, sequences: Iterable[Sequence]) -> None:
        """Raise ``AssertionError`` unless blocks, tables and lengths agree.

        Args:
            sequences: All that may hold blocks.
        """
        sequences = list(sequences)
        self.pool.check_integrity(s.block_table for s in sequences)
        for sequence in sequences:
            assert sequence.num_computed <= len(sequence.token_ids)
            assert len(sequence.block_table) * self.block_size >= sequence.num_computed

    def _reusable(self, sequence: Sequence) -> list[bytes]:
        """Hashes of the blocks that it may take from the cache; at least two tokens are left.

        The cache does not hold hidden states, so where those of media are wanted, the prompt is
        computed again from its first media item on.
        """
        end = sequence.prefill_end(self.block_size)
        if end == sequence.num_prompt_tokens and sequence.status is not Status.WARMUP:
            end = max(end - 2, 0)
        prompt = sequence.request.prompt
        if sequence.request.wants_hidden_states and sequence.hidden_states_end < prompt.media_end:
            end = min(end, prompt.placeholders[0].begin)
        return sequence.hashes[: end // self.block_size]

    def _num_new(self, sequence: Sequence) -> int:
        return -(-len(sequence.token_ids) // self.block_size) - len(sequence.block_table)

    def _is_next_shared(self, sequence: Sequence) -> bool:
        table, place = sequence.block_table, sequence.num_computed // self.block_size
        return place < len(table) and self.pool.is_shared(table[place])
