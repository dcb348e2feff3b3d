"""Parses server-sent events from a stream of bytes."""

from __future__ import annotations


class EventParser:
    r"""Splits a stream of bytes into the data of its events.

    It follows the standard where servers differ: lines end in ``\n``, ``\r\n`` or ``\r``, comments
    and fields other than ``data`` are ignored, several lines of data are one event, and chunks
    may be cut anywhere.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._is_after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that are complete with this chunk."""
        if self._is_after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._is_after_cr = False
        if not chunk:
            return []
        self._is_after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        return self._events(lines)

    def close(self) -> list[bytes]:
        """The data of a last event without a blank line after it."""
        lines = [self._rest, b""]
        self._rest = b""
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
        return events
