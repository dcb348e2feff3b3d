"""A child process of the tests: ``python -m tests.host.children …``.

Its config says how it starts and ends: ``silent`` never says ready, ``failing`` says why not,
``ending`` ends before it says anything, ``ignoring`` does not notice that its parent closes the
connection. When it is ready it says its process id and echoes messages, except for these: ``?``
asks whether it is tuned, ``#`` asks for the id of a busy fork, ``busy`` blocks it, ``die`` ends it.
"""

from __future__ import annotations

import os
import time

from palaver.host.child_side import Parent, connect, fork_with_parent


def main() -> None:
    """Run as the config says."""
    parent = connect()
    match parent.config:
        case "silent":
            time.sleep(1000)
        case "failing":
            parent.say_failed("there is no model")
            time.sleep(1000)
        case "ending":
            return
    parent.say_ready(str(os.getpid()).encode())
    for message in parent:
        _answer(parent, message)
    if parent.config == "ignoring":
        time.sleep(1000)


def _answer(parent: Parent, message: bytes) -> None:
    match message:
        case b"?":
            parent.send(str(parent.is_tuned).encode())
        case b"#":
            pid = fork_with_parent()
            if not pid:
                _be_busy()
            parent.send(str(pid).encode())
        case b"busy":
            _be_busy()
        case b"die":
            os._exit(7)
        case _:
            parent.send(message)


def _be_busy() -> None:
    sum(iter(int, 1))  # one call of C, which never gives Python's lock back


if __name__ == "__main__":
    main()
