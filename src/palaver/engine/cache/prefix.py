"""Prompt blocks that may serve again: found by the hash of everything up to their end."""

from __future__ import annotations

import hashlib
from collections import Counter, deque

import numpy as np

from palaver.engine.cache.blocks import BlockPool
from palaver.generation.request import Prompt

_DIGEST_BYTES = 16


def block_hashes(prompt: Prompt, block_size: int) -> list[bytes]:
    """A hash for each full block of a prompt, chained: it covers all that lies before the block.

    The placeholders of media are all alike, so what they stand for goes into the hash as well.
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
    """Blocks that were computed as prompt, by their hash.

    Only such blocks may be published: what decoding leaves in a block differs in bits from what
    prefill of the same tokens leaves, and an answer must not depend on earlier requests.

    Args:
        pool: Where the blocks live; blocks it gives away are forgotten here.
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
        """The longest head of ``hashes`` that is cached, with a reference to each block."""
        blocks: list[int] = []
        for digest in hashes:
            block = self._block_of.get(digest)
            if block is None:
                break
            self._pool.share(block)
            blocks.append(block)
        return blocks

    def num_reusable(self, hashes: list[bytes]) -> int:
        """Length of the longest head of ``hashes`` that is cached."""
        for num, digest in enumerate(hashes):
            if digest not in self._block_of:
                return num
        return len(hashes)

    def announce(self, hashes: list[bytes]) -> None:
        """Say that these blocks are about to be computed, so that no other sequence does so too."""
        self._announced.update(hashes)

    def withdraw(self, hashes: list[bytes]) -> None:
        """Say that these blocks are no longer being computed."""
        for digest in hashes:
            self._announced[digest] -= 1
            if not self._announced[digest]:
                del self._announced[digest]

    def is_announced(self, digest: bytes) -> bool:
        """Whether a running sequence is about to compute this block."""
        return digest in self._announced

    def publish(self, digest: bytes, block: int) -> None:
        """Offer a held block's content to others, unless the same content is offered already."""
        if digest not in self._block_of:
            self._block_of[digest] = block
            self._hash_of[block] = digest
            self._pool.keep(block)

    def _forget(self, block: int) -> None:
        del self._block_of[self._hash_of.pop(block)]
