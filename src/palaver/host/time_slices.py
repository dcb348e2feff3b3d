"""Turns on a processor: who waits for whom where there are more threads than cores.

Linux lets a thread finish its turn before another one that has just woken gets the core: 1.4 ms or
more, and up to the next tick of its clock, which may be 4 ms away. A step of a small model takes
less. A thread with short turns interrupts those with ordinary ones as soon as it wakes; its share
of the processor stays the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import platform
import struct
import sys
from pathlib import Path

_SHORT_NS = 100_000  # the least that Linux takes
_ORDINARY = 0
_SYSCALLS = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
_RESET_ON_FORK = 1
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""Size, policy, flags, niceness, priority, runtime (which is the turn), deadline, period."""
_SWITCH_S = 0.0005
_NICENESS = 5
_FIELD_OF_CORE = 36  # of /proc/self/stat, behind the name


def take_short_turns(*, are_inherited: bool) -> None:
    """Have the calling thread run as soon as it wakes; from Linux 6.12 on, elsewhere it stays.

    The process's other threads give Python's lock back sooner, too, when it is wanted.

    Args:
        are_inherited: Whether the threads and processes that it starts take short turns as well.
    """
    sys.setswitchinterval(_SWITCH_S)
    # the flag would also take an administrator's better niceness from the processes to come
    is_reset = not are_inherited and os.getpriority(os.PRIO_PROCESS, 0) >= 0
    _take_turns(_SHORT_NS, _RESET_ON_FORK if is_reset else 0)


def take_ordinary_turns() -> None:
    """Have the calling thread let those with short turns go first."""
    _take_turns(_ORDINARY, 0)


def give_way() -> None:
    """Have the calling process, on Linux the calling thread, let others have more of the processor.

    Also when others want all of it, a quarter of a core is left.
    """
    os.nice(_NICENESS)
    take_ordinary_turns()


def let_woken_run() -> None:
    """Let a thread run that the calling one has just woken, if Linux put it on the same core.

    It would wait for the next tick of the clock, up to 4 ms, where the calling thread never sleeps.
    """
    os.sched_yield()


def leave_main_threads_core() -> None:
    """Have the calling thread run from now on where the main thread does not run just now.

    Where most of few cores are busy, Linux does not look for one that is idle, and a thread that
    another one wakes gets to run on the other's core, in its place.
    """
    cores = os.sched_getaffinity(os.getpid())
    others = cores - {_main_threads_core()}
    if others and others != os.sched_getaffinity(0):
        with contextlib.suppress(OSError):  # somebody has just taken these cores away
            os.sched_setaffinity(0, others)


def keep_what_is_there() -> None:
    """Have the garbage collector never look again at what start-up has made.

    It would take tens of milliseconds at a time, and find that all of it is still in use.
    """
    gc.collect()
    gc.freeze()


def _main_threads_core() -> int | None:
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(") ")[2].split()[_FIELD_OF_CORE])


def _take_turns(turn_ns: int, flags: int) -> None:
    number = _SYSCALLS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    policy = os.sched_getscheduler(0)
    if policy != os.SCHED_OTHER:  # somebody knows better
        return
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, flags, niceness, 0, turn_ns, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
