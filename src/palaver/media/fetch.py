"""Fetching files for requests, only from public addresses unless a setting allows others."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx

from palaver.errors import InvalidRequest
from palaver.media.limits import MediaLimits

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ENCODINGS = ("identity", "gzip", "deflate")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddress(httpx.RequestError):
    """A URL leads to an address that requests may not reach."""


class _CheckedTransport(httpx.AsyncBaseTransport):
    """Resolves each host once, checks the addresses, and connects to the address that was checked.

    This prevents DNS rebinding: a name that resolves differently the next time makes no difference.
    Redirects are checked as well.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._inner = httpx.AsyncHTTPTransport(retries=0)
        self._allow_private = allow_private

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = await self._resolve(host, request)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=str(address))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _resolve(self, host: str, request: httpx.Request) -> _Address:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpx.ConnectError(
                f"the name {host!r} cannot be resolved", request=request
            ) from error
        addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
        for address in addresses:
            if not self._allow_private and not _is_public(address):
                raise ForbiddenAddress(
                    f"{host!r} is at {address}, which is not a public address", request=request
                )
        return addresses[0]


class Fetcher:
    """Fetches files over HTTP and HTTPS within limits.

    Args:
        limits: Size, time, redirects, and whether private addresses are allowed.
    """

    def __init__(self, limits: MediaLimits) -> None:
        self._limits = limits
        self._client = httpx.AsyncClient(
            transport=_CheckedTransport(allow_private=limits.allow_private_addresses),
            follow_redirects=True,
            max_redirects=limits.max_redirects,
            timeout=limits.fetch_timeout_s,
            trust_env=False,  # a proxy would resolve the host itself, without the check
            headers={"User-Agent": "palaver", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def fetch(self, url: str, path: str) -> bytes:
        """The content of ``url``.

        Args:
            url: An http or https URL.
            path: The field of the request that has the URL, for messages.

        Raises:
            InvalidRequest: It cannot be fetched, takes too long, is too large, or leads to an
                address that is not public.
        """
        try:
            async with asyncio.timeout(self._limits.fetch_timeout_s):
                return await self._read(url, path)
        except TimeoutError as error:
            message = f"took longer than {self._limits.fetch_timeout_s:g} seconds"
            raise _refusal(path, message) from error
        except httpx.TooManyRedirects as error:
            message = f"redirects more than {self._limits.max_redirects} times"
            raise _refusal(path, message) from error
        except ForbiddenAddress as error:
            raise _refusal(path, str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _refusal(path, str(error) or type(error).__name__) from error

    async def _read(self, url: str, path: str) -> bytes:
        async with self._client.stream("GET", url) as response:
            if not response.is_success:
                raise _refusal(path, f"the server answered {response.status_code}")
            self._check_encoding(response.headers.get("content-encoding", "identity"), path)
            declared = response.headers.get("content-length", "")
            if declared.isdecimal():
                self._check_size(int(declared), path)
            chunks, num_bytes = [], 0
            async for chunk in response.aiter_bytes():
                num_bytes += len(chunk)
                self._check_size(num_bytes, path)
                chunks.append(chunk)
        return b"".join(chunks)

    def _check_encoding(self, encoding: str, path: str) -> None:
        """Other encodings can unpack a few bytes to gigabytes before the size is checked."""
        if encoding.strip().lower() not in _ENCODINGS:
            raise _refusal(path, f"it comes in the encoding {encoding!r}, which was not asked for")

    def _check_size(self, num_bytes: int, path: str) -> None:
        if num_bytes > self._limits.max_bytes:
            raise InvalidRequest(
                f"{path}: the file has {num_bytes} bytes or more; {self._limits.max_bytes} are the "
                "limit",
                param=path,
            )


def _is_public(address: _Address) -> bool:
    """Whether an address is public; looks into IPv6 addresses that contain an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    return address.is_global and not address.is_multicast


def _refusal(path: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{path}: cannot be fetched: {why}", param=path)
