"""A child process's side of its connection to the process that started it; see `Child`."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence

from palaver.host.frames import LENGTH, frame
from palaver.host.parent_death import end_with_parent

READY = b"+"
FAILED = b"-"
TUNED = "tuned"
UNTUNED = "untuned"


class Parent:
    """The parent, as its child sees it. One thread may read while another one writes.

    Args:
        connection: The socket to it.
        config: What the parent says on the command line.
        is_tuned: Whether the parent's process is tuned, so that this one is to be, too.
    """

    def __init__(self, connection: socket.socket, config: str = "", *, is_tuned: bool) -> None:
        self.connection = connection
        self.config = config
        self.is_tuned = is_tuned

    def say_ready(self, message: bytes = b"") -> None:
        """End the start: whatever the parent has to know of it."""
        self.send(READY + message)

    def say_failed(self, why: str) -> None:
        """Give the start up; the process should end then."""
        self.send(FAILED + why.encode())

    def send(self, message: bytes) -> None:
        """Send a message.

        Raises:
            OSError: The parent has hung up.
        """
        self.connection.sendall(frame(message))

    def receive(self) -> bytes | None:
        """The next message, waited for; none once the parent has hung up.

        Not a byte more is read, so that a fork can take the next one.
        """
        head = self._read(LENGTH.size)
        return None if head is None else self._read(*LENGTH.unpack(head))

    def __iter__(self) -> Iterator[bytes]:
        """All messages until the parent hangs up."""
        while (message := self.receive()) is not None:
            yield message

    def _read(self, num_bytes: int) -> bytes | None:
        content, num_read = bytearray(num_bytes), 0
        while num_read < num_bytes:
            try:
                num = self.connection.recv_into(memoryview(content)[num_read:])
            except ConnectionError:
                return None
            if not num:
                return None
            num_read += num
        return bytes(content)


def connect(arguments: Sequence[str] = sys.argv) -> Parent:
    """The parent of this process, which :class:`palaver.host.child.Child` has started.

    From now on the process ends with its parent, and leaves SIGINT and SIGTERM to it: a terminal
    sends Ctrl-C to all processes, and the parent decides when its children end.

    Args:
        arguments: The command line.
    """
    _, fd, parent_pid, tuned, config = arguments
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    end_with_parent(int(parent_pid))
    return Parent(socket.socket(fileno=int(fd)), config, is_tuned=tuned == TUNED)


def fork_with_parent() -> int:
    """Fork; the new process ends with this one. Returns its id, and 0 in it."""
    parent_pid = os.getpid()
    if not (pid := os.fork()):
        end_with_parent(parent_pid)
    return pid
