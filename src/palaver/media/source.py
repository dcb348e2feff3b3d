"""The bytes of a media item: from a data URL, from base64, or fetched."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote_to_bytes

from palaver.errors import InvalidRequest
from palaver.media.base64_text import decoded
from palaver.media.fetch import Fetcher

_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?P<parameters>(?:;[^;,]*)*),", re.IGNORECASE)
_MAX_SHOWN = 60
_LARGE_CHARACTERS = 2**18
"""Decoding more takes about a millisecond."""


class MediaSource:
    """Loads the bytes that a reference stands for.

    Args:
        fetcher: Fetches http(s) URLs.
        max_bytes: Limit of their number.
    """

    def __init__(self, fetcher: Fetcher, max_bytes: int) -> None:
        self._fetcher = fetcher
        self._max_bytes = max_bytes

    async def read(self, reference: str, path: str, *, may_be_base64: bool = False) -> bytes:
        """The bytes that ``reference`` stands for.

        Args:
            reference: A data URL, an http(s) URL or, if allowed, bare base64.
            path: The field of the request that has the reference, for messages.
            may_be_base64: Whether bare base64 is allowed.

        Raises:
            InvalidRequest: It is none of these, is too large, or cannot be fetched.
        """
        scheme = reference[:8].lower()
        if scheme.startswith("data:"):
            content = await self._from_data_url(reference, path)
        elif scheme.startswith(("http://", "https://")):
            content = await self._fetcher.fetch(reference, path)
        elif may_be_base64:
            content = await self._from_base64(reference, path)
        else:
            raise InvalidRequest(
                f"{path}: must be an http(s) URL or a data URL, got {_shown(reference)}", param=path
            )
        if not content:
            raise InvalidRequest(f"{path}: is empty", param=path)
        return content

    async def _from_data_url(self, url: str, path: str) -> bytes:
        head = _DATA_URL.match(url)
        if head is None:
            raise InvalidRequest(
                f"{path}: is not a valid data URL, got {_shown(url)}; it must be "
                "data:TYPE;base64,DATA",
                param=path,
            )
        data = url[head.end() :]
        if ";base64" in head["parameters"].lower():
            return await self._from_base64(data, path)
        content = unquote_to_bytes(data)
        self._check_size(len(content), path)
        return content

    async def _from_base64(self, data: str, path: str) -> bytes:
        self._check_size(len(data) * 3 // 4, path)
        try:
            if len(data) < _LARGE_CHARACTERS:
                return decoded(data)
            return await asyncio.to_thread(decoded, data)
        except ValueError as error:
            raise InvalidRequest(
                f"{path}: is not valid base64 ({error}), got {_shown(data)}", param=path
            ) from error

    def _check_size(self, num_bytes: int, path: str) -> None:
        if num_bytes > self._max_bytes:
            raise InvalidRequest(
                f"{path}: has {num_bytes} bytes; {self._max_bytes} are the limit", param=path
            )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…")
