"""Time slices: how soon a thread that wakes gets a core, where there are more threads than cores.

Linux lets a running thread finish its time slice before a thread that has just woken gets the core:
1.4 ms or more, and up to the next timer tick, which may be 4 ms away. A step of a small model takes
less. A thread with short slices preempts those with ordinary ones as soon as it wakes; its share of
the processor stays the same.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

_SHORT_NS = 100_000  # the minimum that Linux accepts
_ORDINARY = 0
_SYSCALLS = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
_RESET_ON_FORK = 1
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""Size, policy, flags, niceness, priority, runtime (which is the slice), deadline, period."""
_NICENESS = 5


def take_short_slices(*, are_inherited: bool) -> None:
    """Give the calling thread short slices; without effect before Linux 6.12 and elsewhere.

    Args:
        are_inherited: Whether threads and processes that it starts get short slices as well.
    """
    # the flag would also reset a negative niceness in the threads and processes to come
    is_reset = not are_inherited and os.getpriority(os.PRIO_PROCESS, 0) >= 0
    _take_slices(_SHORT_NS, _RESET_ON_FORK if is_reset else 0)


def take_ordinary_slices() -> None:
    """Give the calling thread ordinary slices, so that threads with short ones preempt it."""
    _take_slices(_ORDINARY, 0)


def be_nice() -> None:
    """Raise the niceness of the calling process (on Linux, thread), and give it ordinary slices.

    Even while others use the processor fully, it still gets about a quarter of a core.
    """
    os.nice(_NICENESS)
    take_ordinary_slices()


def _take_slices(slice_ns: int, flags: int) -> None:
    number = _SYSCALLS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    policy = os.sched_getscheduler(0)
    if policy != os.SCHED_OTHER:  # chosen by the administrator
        return
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, flags, niceness, 0, slice_ns, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
