"""The parent's side of the connection to a child process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias, cast

from palaver.host.child_side import READY
from palaver.host.frames import FrameReader, frame

Message: TypeAlias = bytes | bytearray


class Connection(asyncio.BufferedProtocol):
    """The parent's side of the connection to a child process.

    Args:
        first: Gets the first message; an empty one if the connection closes before.
        on_message: Called with each further message.
        on_end: Called when the connection closes after the child was ready.

    Attributes:
        is_ready: Whether the child has started and not ended since.
        closed: Set when either side has closed the connection.
    """

    def __init__(
        self,
        first: asyncio.Future[Message],
        on_message: Callable[[Message], None],
        on_end: Callable[[], None],
    ) -> None:
        self.is_ready = False
        self.closed = asyncio.Event()
        self._first = first
        self._on_message = on_message
        self._on_end = on_end
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Where to read into; called by the event loop."""
        return self._reader.writable()

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read; called by the event loop."""
        for message in self._reader.advance(nbytes):
            if self._first.done():
                self._on_message(message)
            else:
                self.is_ready = message[:1] == READY
                self._first.set_result(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End; called by the event loop."""
        if not self._first.done():
            self._first.set_result(b"")
        self.closed.set()
        self.end()

    def send(self, message: bytes) -> None:
        """Send a message, if the connection is open."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(frame(message))

    def end(self) -> None:
        """Close the connection and call ``on_end``, when the child has ended or is killed."""
        if self.is_ready:
            self.close()
            self._on_end()

    def close(self) -> None:
        """Close the connection without calling ``on_end``."""
        self.is_ready = False
        if self._transport:
            self._transport.close()
