"""Spawned processes that do not outlive the server, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """End this process as soon as the one that spawned it is gone, whatever it is doing then.

    For processes of :mod:`multiprocessing`. Those of a pool hold both ends of their queue, so they
    would wait for work for ever, and no end of a pipe is seen amid work that lasts.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None, "nobody has spawned this process"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="lifeline").start()
