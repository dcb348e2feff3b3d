"""HTTP on the wire: uvicorn's protocol with errors in the API's form, limits, and no upgrades."""

from __future__ import annotations

import asyncio
import re

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from palaver.api.errors import body_of
from palaver.errors import InvalidRequest

MAX_HEAD_BYTES = 64 * 1024
"""Limits of a request's first line and headers."""
HEAD_TIMEOUT_S = 60.0
"""Seconds within which they have to come."""

_UPGRADE = re.compile(rb"(?<=\r\n)upgrade(?=[ \t]*:)", re.IGNORECASE)
_NOT_UPGRADE = b"x-upgrade"
_HEAD_OF_400 = (
    STATUS_LINE[400]
    + b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
)


class Protocol(HttpToolsProtocol):
    """One connection.

    Clients that prefer HTTP/2 (Java's, curl with ``--http2``) send their first request
    with an ``Upgrade`` header that a server may ignore. The parser would take the request's body
    for the other protocol, so the header is renamed before the parser sees it.
    """

    _is_in_head = True
    _is_in_body = False
    _num_head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_awaiting_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process received bytes."""
        super().data_received(data if self._is_in_body else _without_upgrade(data))
        self._num_head_bytes = self._num_head_bytes + len(data) if self._is_in_head else 0
        if self._num_head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"the headers have more than {MAX_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_in_head = True
        if self._head_timer is None:
            self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body begins, if it has one."""
        self._is_in_head, self._is_in_body = False, True
        self._stop_awaiting_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._is_in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request with a 400, and close the connection."""
        body = body_of(InvalidRequest(msg))
        self.transport.write(_HEAD_OF_400 % len(body) + body)
        self.transport.close()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _stop_awaiting_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _without_upgrade(data: bytes) -> bytes:
    end = data.find(b"\r\n\r\n")
    head = data if end < 0 else data[: end + 2]
    if b"pgrade" not in head.lower():
        return data
    return _UPGRADE.sub(_NOT_UPGRADE, head) + data[len(head) :]
