"""The pool of blocks: references balance, and kept blocks are evicted last."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from palaver.engine.cache.blocks import BlockPool

_NUM_BLOCKS = 6


class PoolMachine(RuleBasedStateMachine):
    """Random operations: allocate, share, keep and release."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = BlockPool(_NUM_BLOCKS)
        self.pool.on_evict = self.on_evict
        self.tables: list[list[int]] = []
        self.cached: set[int] = set()

    def on_evict(self, block: int) -> None:
        self.cached.remove(block)

    @rule(num=st.integers(0, 4))
    def allocate(self, num: int) -> None:
        num_available = self.pool.num_available
        if num > num_available:
            with pytest.raises(IndexError):
                self.pool.allocate(num)
            assert self.pool.num_available == num_available
            return
        held = {block for table in self.tables for block in table}
        blocks = self.pool.allocate(num)
        assert len(set(blocks)) == num
        assert held.isdisjoint(blocks)
        assert self.cached.isdisjoint(blocks)
        self.tables.append(blocks)

    @precondition(lambda self: self.tables)
    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        table = data.draw(st.sampled_from(self.tables))
        for block in table:
            self.pool.share(block)
        self.tables.append(table.copy())

    @precondition(lambda self: self.cached)
    @rule(data=st.data())
    def reuse(self, data: st.DataObject) -> None:
        block = data.draw(st.sampled_from(sorted(self.cached)))
        self.pool.share(block)
        self.tables.append([block])

    @precondition(lambda self: any(self.tables))
    @rule(data=st.data())
    def keep(self, data: st.DataObject) -> None:
        table = data.draw(st.sampled_from([table for table in self.tables if table]))
        self.pool.keep(table[0])
        self.cached.add(table[0])

    @precondition(lambda self: self.tables)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.tables) - 1))
        self.pool.release(self.tables.pop(index))

    @invariant()
    def books_balance(self) -> None:
        self.pool.check_integrity(self.tables)
        held = [block for table in self.tables for block in table]
        assert self.pool.num_available == _NUM_BLOCKS - len(set(held))
        assert self.pool.num_kept == len(self.cached - set(held))
        for block in held:
            assert self.pool.is_shared(block) == (held.count(block) > 1)


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_block_is_free_only_when_its_last_holder_releases_it() -> None:
    pool = BlockPool(1)
    blocks = pool.allocate(1)
    pool.share(blocks[0])
    pool.release(blocks)
    assert pool.num_available == 0
    pool.release(blocks)
    assert pool.num_available == 1


def test_free_blocks_are_allocated_before_kept_ones() -> None:
    pool = BlockPool(3)
    evicted: list[int] = []
    pool.on_evict = evicted.append
    blocks = pool.allocate(1)
    pool.keep(blocks[0])
    pool.release(blocks)
    assert blocks[0] not in pool.allocate(2)
    assert evicted == []
    assert pool.allocate(1) == blocks
    assert evicted == blocks


def test_the_least_recently_used_block_is_evicted_first_and_a_table_from_its_end() -> None:
    pool = BlockPool(4)
    old, new = pool.allocate(2), pool.allocate(2)
    for block in old + new:
        pool.keep(block)
    pool.release(old)
    pool.release(new)
    assert [pool.allocate(1)[0] for _ in range(4)] == [old[1], old[0], new[1], new[0]]


def test_a_kept_block_used_again_counts_as_recent() -> None:
    pool = BlockPool(2)
    first, second = pool.allocate(2)
    for block in (first, second):
        pool.keep(block)
        pool.release([block])
    pool.share(first)
    pool.release([first])
    assert pool.allocate(1) == [second]


def test_an_evicted_block_is_no_longer_kept() -> None:
    pool = BlockPool(1)
    blocks = pool.allocate(1)
    pool.keep(blocks[0])
    pool.release(blocks)
    pool.release(pool.allocate(1))
    assert pool.num_kept == 0
    pool.check_integrity([])


@pytest.mark.parametrize("tables", [[], [[0], [0]], [[1]]])
def test_check_integrity_finds_tables_that_disagree(tables: list[list[int]]) -> None:
    pool = BlockPool(2)
    assert pool.allocate(1) == [0]
    with pytest.raises(AssertionError):
        pool.check_integrity(tables)
