"""Blocks found again by the hash of everything up to their end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from palaver.engine.cache.blocks import BlockPool
from palaver.engine.cache.prefix import PrefixCache, block_hashes
from palaver.generation.request import Prompt

_BLOCK_SIZE = 4
_TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=20)


def _hashes(token_ids: list[int]) -> list[bytes]:
    return block_hashes(Prompt(token_ids), _BLOCK_SIZE)


def _cached(cache: PrefixCache, pool: BlockPool, hashes: list[bytes]) -> list[int]:
    """Publish blocks for ``hashes`` and release them."""
    blocks = pool.allocate(len(hashes))
    for digest, block in zip(hashes, blocks, strict=True):
        cache.publish(digest, block)
    pool.release(blocks)
    return blocks


@given(_TOKENS, _TOKENS)
def test_two_prompts_share_exactly_the_hashes_of_their_common_full_blocks(
    left: list[int], right: list[int]
) -> None:
    num_common = 0
    while (
        num_common < min(len(left), len(right)) // _BLOCK_SIZE
        and left[: (num_common + 1) * _BLOCK_SIZE] == right[: (num_common + 1) * _BLOCK_SIZE]
    ):
        num_common += 1
    assert len(_hashes(left)) == len(left) // _BLOCK_SIZE
    assert set(_hashes(left)) & set(_hashes(right)) == set(_hashes(left)[:num_common])
    assert _hashes(left)[:num_common] == _hashes(right)[:num_common]


def test_a_block_hash_covers_all_that_lies_before_it() -> None:
    assert _hashes([1, 1, 1, 1, 2, 2, 2, 2])[1] != _hashes([3, 3, 3, 3, 2, 2, 2, 2])[1]


def test_match_returns_the_longest_cached_prefix_and_references_it() -> None:
    pool = BlockPool(4)
    cache = PrefixCache(pool)
    hashes = _hashes(list(range(12)))
    blocks = _cached(cache, pool, [hashes[0], hashes[2]])
    assert cache.num_reusable(hashes) == 1
    assert cache.match(hashes) == blocks[:1]
    pool.check_integrity([blocks[:1]])
    assert cache.match([hashes[1]]) == []


def test_an_evicted_block_is_no_longer_found() -> None:
    pool = BlockPool(2)
    cache = PrefixCache(pool)
    hashes = _hashes(list(range(8)))
    _cached(cache, pool, hashes)
    pool.release(pool.allocate(1))
    assert cache.num_reusable(hashes) == 1
    assert len(cache) == 1


def test_a_matched_block_is_not_evicted() -> None:
    pool = BlockPool(2)
    cache = PrefixCache(pool)
    hashes = _hashes(list(range(4)))
    blocks = _cached(cache, pool, hashes)
    held = cache.match(hashes)
    assert pool.allocate(1) != blocks
    assert pool.num_available == 0
    assert cache.match(hashes) == held


def test_equal_content_is_cached_once_and_the_second_copy_becomes_free() -> None:
    pool = BlockPool(2)
    cache = PrefixCache(pool)
    hashes = _hashes(list(range(4)))
    first, second = pool.allocate(2)
    cache.publish(hashes[0], first)
    cache.publish(hashes[0], second)
    pool.release([first, second])
    assert len(cache) == 1
    assert pool.num_kept == 1
    assert cache.match(hashes) == [first]


def test_a_block_stays_announced_until_withdrawn() -> None:
    cache = PrefixCache(BlockPool(1))
    cache.announce([b"a", b"b"])
    cache.withdraw([b"a"])
    assert not cache.is_announced(b"a")
    assert cache.is_announced(b"b")
