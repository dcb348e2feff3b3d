"""The child's side of the connection between a child process and its parent; see `Child`."""

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
    """The connection to the parent. One thread may receive while another one sends.

    Args:
        connection: The socket.
        config: The text that the parent passes on the command line.
        is_tuned: Whether the parent is tuned, so that this process is to be tuned, too.
    """

    def __init__(self, connection: socket.socket, config: str = "", *, is_tuned: bool) -> None:
        self.connection = connection
        self.config = config
        self.is_tuned = is_tuned

    def say_ready(self, message: bytes = b"") -> None:
        """Report that the process is ready, with what the parent needs to know."""
        self.send(READY + message)

    def say_failed(self, why: str) -> None:
        """Report that the process cannot start; it should end then."""
        self.send(FAILED + why.encode())

    def send(self, message: bytes) -> None:
        """Send a message.

        Raises:
            OSError: The parent has closed the connection.
        """
        self.connection.sendall(frame(message))

    def receive(self) -> bytes | None:
        """Wait for the next message; ``None`` once the parent has closed the connection.

        It reads no byte beyond the message, so that a forked process can receive the next one.
        """
        head = self._read(LENGTH.size)
        return None if head is None else self._read(*LENGTH.unpack(head))

    def __iter__(self) -> Iterator[bytes]:
        """All messages until the parent closes the connection."""
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

    From now on the process ends with its parent, and ignores SIGINT and SIGTERM: a terminal sends
    Ctrl-C to all processes, but the parent decides when its children end.

    Args:
        arguments: The command line.
    """
    _, fd, parent_pid, tuned, config = arguments
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    end_with_parent(int(parent_pid))
    return Parent(socket.socket(fileno=int(fd)), config, is_tuned=tuned == TUNED)


def fork_with_parent() -> int:
    """Fork a process that ends with this one; returns its id here, and 0 in the new process."""
    parent_pid = os.getpid()
    if not (pid := os.fork()):
        end_with_parent(parent_pid)
    return pid
