"""Child processes that do not outlive their parents, however those end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_POLL_S = 1.0


def end_with_parent(parent_pid: int) -> None:
    """Have this process be killed when the one that started it is gone, whatever it is doing then.

    On Linux the kernel does it, when the parent's thread that started this process ends; elsewhere
    a thread looks once a second. A process that is forked has to ask for itself again.

    Args:
        parent_pid: The process that started this one; if that is gone already, this one ends now.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        args = (parent_pid,)
        threading.Thread(target=_watch, args=args, daemon=True, name="parent death watch").start()
    if os.getppid() != parent_pid:
        os._exit(1)


def _watch(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(_POLL_S)
    os._exit(1)
