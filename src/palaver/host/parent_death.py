"""The parent-death watch: a child process ends when its parent has ended for any reason.

``python -m palaver.host.parent_death PARENT-PID MODULE …`` runs another module in such a process.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_POLL_S = 1.0


def end_with_parent(parent_pid: int) -> None:
    """End this process when its parent has ended.

    On Linux the kernel kills it, when the parent's thread that started it ends; elsewhere a thread
    checks once a second. A forked process does not inherit this and has to call it again.

    Args:
        parent_pid: The parent; if it has ended already, this process ends now.
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


def main() -> None:
    """Run the module that the command line names, in a process that ends with its parent."""
    _, parent_pid, module, *arguments = sys.argv
    end_with_parent(int(parent_pid))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
