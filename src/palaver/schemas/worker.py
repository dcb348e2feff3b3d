"""Checks schemas in processes of their own: ``python -m palaver.schemas.worker SOCKET-FD``.

A schema may be small and still take for ever. So each one gets a process, forked from this one,
that the system ends when its time or memory is used up. This process does nothing but fork; it
ends when the API process does.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sys

from palaver.chat.schema.check import check_schema
from palaver.errors import InvalidRequest

MAX_CPU_S = 2
"""Seconds of work that one schema may take."""

_MAX_MEMORY_BYTES = 2**29
_NICENESS = 2


def serve(inbox: socket.socket) -> None:
    """Fork for each socket that comes along ``inbox``, until its other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that children leave nothing behind
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's affair
    while True:
        _, descriptors, _, _ = socket.recv_fds(inbox, 1, 1)
        if not descriptors:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            if os.fork() == 0:
                inbox.close()
                _answer(connection)


def _answer(connection: socket.socket) -> None:
    """Check one schema and end this process."""
    with contextlib.suppress(BaseException):  # whatever it is, the other end sees no answer
        os.nice(_NICENESS)
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
        with connection.makefile("rb") as stream:
            path, schema = json.load(stream)
        connection.sendall(_checked(schema, path))
    os._exit(0)


def _checked(schema: object, path: str) -> bytes:
    """The normal form, or a message and the place that it is about."""
    try:
        return json.dumps(check_schema(schema, path)).encode()
    except InvalidRequest as error:
        return json.dumps([error.message, error.param]).encode()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
