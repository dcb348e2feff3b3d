"""Checks each schema in a process of its own: ``python -m palaver.schemas.worker …``.

Checking a small schema may still take very long. So each one gets a process, forked from this
one, that the operating system ends when its CPU time or memory is used up. This process only forks
and passes answers on.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal

from palaver.chat.schema.check import check_schema
from palaver.errors import InvalidRequest
from palaver.host import tuning
from palaver.host.calls import answer_to, numbered
from palaver.host.child_side import Parent, connect, fork_with_parent

MAX_CPU_S = 2
"""CPU seconds for one schema."""

_MAX_MEMORY_BYTES = 2**29
_READ_BYTES = 2**16


class SchemaServer:
    """Forks a process for each schema, and sends the answer when that has ended.

    Args:
        parent: Sends schemas as calls; the answer is empty where a process was ended.
    """

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        self._selector = selectors.DefaultSelector()
        self._selector.register(parent.connection, selectors.EVENT_READ)
        self._answers: dict[int, bytearray] = {}
        self._numbers: dict[int, int] = {}

    def serve(self) -> None:
        """Serve until the parent closes the connection."""
        while True:
            for key, _ in self._selector.select():
                if key.fd != self._parent.connection.fileno():
                    self._read(key.fd)
                elif (message := self._parent.receive()) is None:
                    return
                else:
                    self._begin(*numbered(message))

    def _begin(self, number: int, content: bytes) -> None:
        ours, theirs = os.pipe()
        if not fork_with_parent():
            os.close(ours)
            _answer(content, theirs)
        os.close(theirs)
        self._selector.register(ours, selectors.EVENT_READ)
        self._numbers[ours], self._answers[ours] = number, bytearray()

    def _read(self, pipe: int) -> None:
        """Read from a process; it has ended where there is no more data."""
        if part := os.read(pipe, _READ_BYTES):
            self._answers[pipe] += part
            return
        self._selector.unregister(pipe)
        os.close(pipe)
        answer = bytes(self._answers.pop(pipe))
        self._parent.send(answer_to(self._numbers.pop(pipe), answer))


def _answer(content: bytes, pipe: int) -> None:
    """Check one schema and end this process."""
    with contextlib.suppress(BaseException):  # any error leaves the answer empty
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
        path, schema = json.loads(content)
        answer = _checked(schema, path)
        with os.fdopen(pipe, "wb") as stream:
            stream.write(answer)
    os._exit(0)


def _checked(schema: object, path: str) -> bytes:
    """The normal form, or an error message and its path."""
    try:
        return json.dumps(check_schema(schema, path)).encode()
    except InvalidRequest as error:
        return json.dumps([error.message, error.param]).encode()


def main() -> None:
    """Check schemas for the parent."""
    parent = connect()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that forks leave nothing behind
    if parent.is_tuned:
        tuning.tune_background_process()
    parent.say_ready()
    with contextlib.suppress(ConnectionError):
        SchemaServer(parent).serve()


if __name__ == "__main__":
    main()
