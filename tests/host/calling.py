"""A child process that answers calls of the tests: ``python -m tests.host.calling …``."""

from __future__ import annotations

import os
import time

from palaver.host.calls import serve_calls
from palaver.host.child_side import connect


def answer(content: bytes) -> bytes:
    """The content backwards; some words have another effect."""
    match content:
        case b"raise":
            raise ValueError("as told")
        case b"die":
            os._exit(7)
        case b"sleep":
            time.sleep(1000)
        case b"pid":
            return str(os.getpid()).encode()
    return content[::-1]


if __name__ == "__main__":
    parent = connect()
    parent.say_ready(b"hello")
    serve_calls(parent, answer)
