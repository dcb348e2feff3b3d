"""The cache's blocks: reference counts, free blocks, and blocks kept for reuse."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Protocol

from palaver.runtime.base import SavedBlock


class BlockStore(Protocol):
    """The part of a runtime that copies blocks."""

    def copy_block(self, source: int, target: int) -> None:
        """Copy one block over another."""

    def save_block(self, index: int) -> SavedBlock:
        """A copy of a block outside the cache."""

    def restore_block(self, index: int, saved: SavedBlock) -> None:
        """Write a saved copy into a block."""


class BlockPool:
    """Counts references to a fixed number of blocks.

    A block is free, held (one or more references), or kept: without references, but with content
    that the prefix cache may need again. Kept blocks are reused only when no block is free, the
    least recently used first.

    ::

        free ──allocate──▶ held ──release──▶ free
                            ▲ │ share           (or, if marked by keep)
                            └─┴──release──▶ kept ──allocate──▶ held (content gone)

    Args:
        num_blocks: Number of blocks; their ids are 0 to ``num_blocks - 1``.
    """

    def __init__(self, num_blocks: int) -> None:
        self.num_blocks = num_blocks
        self._num_refs = [0] * num_blocks
        self._free = deque(range(num_blocks))
        self._kept: OrderedDict[int, None] = OrderedDict()
        self._worth_keeping: set[int] = set()
        self.on_evict: Callable[[int], None] = lambda block: None

    @property
    def num_available(self) -> int:
        """Blocks that :meth:`allocate` can return now."""
        return len(self._free) + len(self._kept)

    @property
    def num_kept(self) -> int:
        """Blocks without references that still have their content."""
        return len(self._kept)

    def allocate(self, num: int) -> list[int]:
        """``num`` blocks with one reference each; check :attr:`num_available` first.

        Raises:
            IndexError: Fewer blocks are available.
        """
        if num > self.num_available:
            raise IndexError(f"{num} blocks wanted, {self.num_available} available")
        return [self._take() for _ in range(num)]

    def share(self, block: int) -> None:
        """Add a reference to a block that is held or kept."""
        if not self._num_refs[block]:
            del self._kept[block]
        self._num_refs[block] += 1

    def release(self, blocks: Iterable[int]) -> None:
        """Drop one reference each; of the blocks that become kept, the first is reused last."""
        for block in reversed(list(blocks)):
            self._num_refs[block] -= 1
            if self._num_refs[block]:
                continue
            if block in self._worth_keeping:
                self._kept[block] = None
            else:
                self._free.append(block)

    def is_shared(self, block: int) -> bool:
        """Whether the block has more than one reference."""
        return self._num_refs[block] > 1

    def keep(self, block: int) -> None:
        """Mark a held block, so that it is kept after its release."""
        self._worth_keeping.add(block)

    def check_integrity(self, tables: Iterable[list[int]]) -> None:
        """Raise ``AssertionError`` unless the reference counts match the block tables."""
        held = [0] * self.num_blocks
        for table in tables:
            for block in table:
                held[block] += 1
        assert held == self._num_refs, "references differ from the block tables"
        unheld = sorted([*self._free, *self._kept])
        assert unheld == [i for i, num in enumerate(held) if not num], "a block is lost or doubled"
        assert self._worth_keeping.isdisjoint(self._free), "a free block is marked as kept"
        assert self._worth_keeping.issuperset(self._kept), "a kept block is not marked"

    def _take(self) -> int:
        if self._free:
            block = self._free.popleft()
        else:
            block, _ = self._kept.popitem(last=False)
            self._worth_keeping.discard(block)
            self.on_evict(block)
        self._num_refs[block] = 1
        return block
