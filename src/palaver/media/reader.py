"""Media as requests refer to them: read, decoded, and remembered by content."""

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
"""Processes that decode, started when they are needed: a slow file does not hold up others."""


@dataclass(frozen=True, slots=True)
class DecodedMedia:
    """A piece of media with the name of its content.

    Attributes:
        content_hash: Of the file's bytes and the kind that they were read as; equal contents have
            equal hashes, whatever URL they came from.
        media: What was in it.
    """

    content_hash: bytes
    media: Media


class MediaReader:
    """Reads the media of requests. Conversations repeat theirs, so decoded ones are kept.

    Args:
        limits: What a file may have.
        cache_bytes: Memory for decoded files.
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
        """The piece of media that a reference stands for.

        Args:
            kind: What it has to be.
            reference: A URL, or base64 if so allowed; see :meth:`MediaSource.read`.
            path: Where it stands in the request, for messages.
            may_be_base64: Whether bare base64 is understood.

        Raises:
            InvalidRequest: It cannot be had or decoded; the message names the path.
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
        with contextlib.suppress(ValueError):  # it is larger than all that may be kept
            self._cached[content_hash] = decoded
        return decoded

    @property
    def num_cached_bytes(self) -> int:
        """Memory that decoded files take now."""
        return int(self._cached.currsize)

    async def close(self) -> None:
        """End the decoding processes and close all connections."""
        await asyncio.gather(*(decoder.close() for decoder in self._decoders))
        await self._fetcher.close()


async def _hash(kind: Kind, content: bytes) -> bytes:
    """Of a large file in a thread: streams do not wait."""
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
