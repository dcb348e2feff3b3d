"""Length-prefixed messages in a stream of bytes; lengths are four bytes, little-endian."""

from __future__ import annotations

import struct

LENGTH = struct.Struct("<I")
_LARGE_BYTES = 2**16


def frame(message: bytes) -> bytes:
    """A message with its length in front."""
    return LENGTH.pack(len(message)) + message


class FrameReader:
    """Splits a stream into messages.

    It provides the buffer that is read into. A large message gets a buffer of its own, so that its
    bytes are not copied again.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(_LARGE_BYTES)
        self._num_read = 0
        self._large: bytearray | None = None
        self._num_large_read = 0

    def writable(self) -> memoryview:
        """The buffer for the next bytes; at least one byte long."""
        if self._large is not None:
            return memoryview(self._large)[self._num_large_read :]
        return memoryview(self._buffer)[self._num_read :]

    def advance(self, num_bytes: int) -> list[bytes | bytearray]:
        """The messages that are complete after ``num_bytes`` further bytes."""
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
