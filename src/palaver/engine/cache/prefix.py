"""The prefix cache: prompt blocks, found by a hash of all tokens up to their end."""

from __future__ import annotations

import hashlib
from collections import Counter, deque

import numpy as np

from palaver.engine.cache.blocks import BlockPool
from palaver.generation.request import Prompt

_DIGEST_BYTES = 16


def block_hashes(prompt: Prompt, block_size: int) -> list[bytes]:
    """A hash for each full block of a prompt, chained: it covers the block and all before it.

    The placeholder tokens of all media are the same, so the hash covers the media's content too.
    """
    hashes: list[bytes] = []
    parent = b""
    ids = np.asarray(prompt.token_ids, dtype=np.int32)
    placeholders = deque(prompt.placeholders)
    for begin in range(0, len(ids) - block_size + 1, block_size):
        content = ids[begin : begin + block_size].tobytes()
        while placeholders and placeholders[0].begin < begin + block_size:
            content += (
                placeholders[0].begin.to_bytes(8, "little", signed=True)
                + placeholders[0].content_hash
            )
            if placeholders[0].end > begin + block_size:
                break
            placeholders.popleft()
        parent = hashlib.blake2b(parent + content, digest_size=_DIGEST_BYTES).digest()
        hashes.append(parent)
    return hashes


class PrefixCache:
    """Blocks that were computed as part of a prompt, by their hash.

    Only such blocks may be published: decoding leaves other bits in a block than prefill of the
    same tokens, and an answer must not depend on earlier requests.

    Args:
        pool: The blocks; those that it reuses are removed here.
    """

    def __init__(self, pool: BlockPool) -> None:
        self._pool = pool
        self._block_of: dict[bytes, int] = {}
        self._hash_of: dict[int, bytes] = {}
        self._announced: Counter[bytes] = Counter()
        pool.on_evict = self._forget

    def __len__(self) -> int:
        return len(self._block_of)

    def match(self, hashes: list[bytes]) -> list[int]:
        """The blocks of the longest cached prefix of ``hashes``, with a new reference to each."""
        blocks: list[int] = []
        for digest in hashes:
            block = self._block_of.get(digest)
            if block is None:
                break
            self._pool.share(block)
            blocks.append(block)
        return blocks

    def num_reusable(self, hashes: list[bytes]) -> int:
        """Length of the longest cached prefix of ``hashes``."""
        for num, digest in enumerate(hashes):
            if digest not in self._block_of:
                return num
        return len(hashes)

    def announce(self, hashes: list[bytes]) -> None:
        """Record that a sequence is about to compute these blocks, so that others wait for them."""
        self._announced.update(hashes)

    def withdraw(self, hashes: list[bytes]) -> None:
        """Record that these blocks are no longer being computed."""
        for digest in hashes:
            self._announced[digest] -= 1
            if not self._announced[digest]:
                del self._announced[digest]

    def is_announced(self, digest: bytes) -> bool:
        """Whether a running sequence is about to compute this block."""
        return digest in self._announced

    def publish(self, digest: bytes, block: int) -> None:
        """Add a held block, unless there is one with the same hash."""
        if digest not in self._block_of:
            self._block_of[digest] = block
            self._hash_of[block] = digest
            self._pool.keep(block)

    def _forget(self, block: int) -> None:
        del self._block_of[self._hash_of.pop(block)]
