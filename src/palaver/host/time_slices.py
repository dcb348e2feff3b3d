"""Time slices: which thread waits for which where there are more threads than cores.

Linux lets a thread finish its time slice before another one that has just woken gets the core:
1.4 ms or more, and up to the next tick of its clock, which may be 4 ms away. A step of a small
model takes less. A thread with short slices interrupts those with ordinary ones as soon as it
wakes; its share of the processor stays the same.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

_SHORT_NS = 100_000  # the least that Linux takes
_ORDINARY = 0
_SYSCALLS = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
_RESET_ON_FORK = 1
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""Size, policy, flags, niceness, priority, runtime (which is the slice), deadline, period."""
_NICENESS = 5


def take_short_slices(*, are_inherited: bool) -> None:
    """Have the calling thread run as soon as it wakes; from Linux 6.12 on, elsewhere it stays.

    Args:
        are_inherited: Whether the threads and processes that it starts take short slices as well.
    """
    # the flag would also take an administrator's better niceness from the processes to come
    is_reset = not are_inherited and os.getpriority(os.PRIO_PROCESS, 0) >= 0
    _take_slices(_SHORT_NS, _RESET_ON_FORK if is_reset else 0)


def take_ordinary_slices() -> None:
    """Have the calling thread let those with short slices go first."""
    _take_slices(_ORDINARY, 0)


def be_nice() -> None:
    """Have the calling process, on Linux the calling thread, let others have more of the processor.

    Also when others want all of it, a quarter of a core is left.
    """
    os.nice(_NICENESS)
    take_ordinary_slices()


def _take_slices(slice_ns: int, flags: int) -> None:
    number = _SYSCALLS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    policy = os.sched_getscheduler(0)
    if policy != os.SCHED_OTHER:  # an administrator has chosen another one
        return
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, flags, niceness, 0, slice_ns, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
