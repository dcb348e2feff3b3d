"""Reading media that requests refer to: loaded, decoded, and cached by content."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass

from cachetools import LRUCache

from palaver.errors import InvalidRequest
from palaver.media.decoder import Decoder
from palaver.media.error import MediaError
from palaver.media.fetch import Fetcher
from palaver.media.limits import MediaLimits
from palaver.media.source import MediaSource
from palaver.multimodal.media import Image, Kind, Media, Video

_CACHE_BYTES = 256 * 2**20
_LARGE_BYTES = 2**18
_NUM_DECODERS = 2
"""Processes that decode, started when needed; with two, a slow file does not delay all others."""


@dataclass(frozen=True, slots=True)
class DecodedMedia:
    """A decoded media item with a hash of its content.

    Attributes:
        content_hash: Hash of the file's bytes and the kind of media, not of the URL.
        media: The media item.
    """

    content_hash: bytes
    media: Media


class MediaReader:
    """Reads the media of requests. Conversations repeat theirs, so decoded ones are cached.

    Args:
        limits: Limits of a file.
        cache_bytes: Size of the cache of decoded files.
    """

    def __init__(self, limits: MediaLimits, cache_bytes: int = _CACHE_BYTES) -> None:
        self._fetcher = Fetcher(limits)
        self._source = MediaSource(self._fetcher, limits.max_bytes)
        self._decoders = [Decoder(limits) for _ in range(_NUM_DECODERS)]
        self._cached: LRUCache[bytes, DecodedMedia] = LRUCache(
            cache_bytes, getsizeof=lambda decoded: _size(decoded.media)
        )

    async def read(
        self, kind: Kind, reference: str, path: str, *, may_be_base64: bool = False
    ) -> DecodedMedia:
        """The media item that a reference stands for.

        Args:
            kind: The kind of media that it must be.
            reference: A URL, or base64 if allowed; see :meth:`MediaSource.read`.
            path: The field of the request that has the reference, for messages.
            may_be_base64: Whether bare base64 is allowed.

        Raises:
            InvalidRequest: It cannot be loaded or decoded; the message names the path.
        """
        content = await self._source.read(reference, path, may_be_base64=may_be_base64)
        content_hash = await _hash(kind, content)
        if known := self._cached.get(content_hash):
            return known
        try:
            decoder = min(self._decoders, key=lambda decoder: decoder.num_waiting)
            decoded = DecodedMedia(content_hash, await decoder.decode(kind, content))
        except MediaError as error:
            raise InvalidRequest(f"{path}: {error}", param=path) from error
        with contextlib.suppress(ValueError):  # it is larger than the cache
            self._cached[content_hash] = decoded
        return decoded

    @property
    def num_cached_bytes(self) -> int:
        """Bytes of decoded files in the cache."""
        return int(self._cached.currsize)

    async def close(self) -> None:
        """End the decoding processes and close all connections."""
        await asyncio.gather(*(decoder.close() for decoder in self._decoders))
        await self._fetcher.close()


async def _hash(kind: Kind, content: bytes) -> bytes:
    """The hash of a file; a large one is hashed in a thread, so that the event loop goes on."""
    if len(content) < _LARGE_BYTES:
        return _hash_now(kind, content)
    return await asyncio.to_thread(_hash_now, kind, content)


def _hash_now(kind: Kind, content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16, person=kind.encode()).digest()


def _size(media: Media) -> int:
    match media:
        case Image(pixels):
            return pixels.nbytes
        case Video(frames, times_s):
            return frames.nbytes + times_s.nbytes
    return media.samples.nbytes
