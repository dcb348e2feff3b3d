"""Messages in a stream of bytes: each has its length in front, four bytes, little-endian."""

from __future__ import annotations

import struct

LENGTH = struct.Struct("<I")
_LARGE_BYTES = 2**16


def frame(message: bytes) -> bytes:
    """A message with its length in front."""
    return LENGTH.pack(len(message)) + message


class FrameReader:
    """Cuts a stream into messages, however it comes in pieces.

    It hands out the memory that is to be read into. A large message is read into memory of its own,
    so that it is neither moved nor copied on the way.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(_LARGE_BYTES)
        self._num_read = 0
        self._large: bytearray | None = None
        self._num_large_read = 0

    def writable(self) -> memoryview:
        """Where to read the next bytes into; at least one byte."""
        if self._large is not None:
            return memoryview(self._large)[self._num_large_read :]
        return memoryview(self._buffer)[self._num_read :]

    def advance(self, num_bytes: int) -> list[bytes | bytearray]:
        """The messages that are complete after so many further bytes."""
        if self._large is not None:
            self._num_large_read += num_bytes
            if self._num_large_read < len(self._large):
                return []
            message, self._large = self._large, None
            return [message]
        self._num_read += num_bytes
        return self._cut()

    def _cut(self) -> list[bytes | bytearray]:
        messages: list[bytes | bytearray] = []
        begin, view = 0, memoryview(self._buffer)
        while self._num_read - begin >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer, begin)
            first, end = begin + LENGTH.size, begin + LENGTH.size + length
            if end > self._num_read:
                if LENGTH.size + length > len(self._buffer):
                    self._begin_large(length, view[first : self._num_read])
                    self._num_read = 0
                    return messages
                break
            messages.append(bytes(view[first:end]))
            begin = end
        rest = bytes(view[begin : self._num_read])
        self._buffer[: len(rest)] = rest
        self._num_read = len(rest)
        return messages

    def _begin_large(self, length: int, begun: memoryview) -> None:
        self._large, self._num_large_read = bytearray(length), len(begun)
        self._large[: len(begun)] = begun
