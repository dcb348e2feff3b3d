"""The socket to an engine process: bytes to messages and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from palaver.engine.process.messages import (
    LENGTH,
    Failed,
    FromEngine,
    ToEngine,
    decode_from_engine,
    frame,
)


class Connection(asyncio.Protocol):
    """Cuts the stream of an engine into messages.

    Args:
        first: Gets the first message: whether the model is loaded.
        receive: Called with every further one.
        closed: Set when the other end has hung up.
    """

    def __init__(
        self,
        first: asyncio.Future[FromEngine],
        receive: Callable[[FromEngine], None],
        closed: asyncio.Event,
    ) -> None:
        self._first = first
        self._receive = receive
        self._closed = closed
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take in some bytes; called by the event loop."""
        self._buffer += data
        begin = 0
        while len(self._buffer) - begin >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer, begin)
            end = begin + LENGTH.size + length
            if len(self._buffer) < end:
                break
            self._deliver(decode_from_engine(memoryview(self._buffer)[begin + LENGTH.size : end]))
            begin = end
        del self._buffer[:begin]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End; called by the event loop."""
        if not self._first.done():
            self._first.set_result(Failed("its process ended while loading"))
        self._closed.set()

    def send(self, message: ToEngine) -> None:
        """Send a message, if the other end still listens."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(frame(message))

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.close()

    def _deliver(self, message: FromEngine) -> None:
        if self._first.done():
            self._receive(message)
        else:
            self._first.set_result(message)
