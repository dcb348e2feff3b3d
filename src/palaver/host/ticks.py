"""Ticks: moments for Linux to see who should have a core, while long work goes on beside short.

A thread that wakes gets the core from one with long turns. But where it has to give the core up for
a moment, to one that wakes in turn, the long work may get it back, and then keeps it until the next
tick of the kernel's clock, which is up to 4 ms away. Any thread that wakes and sleeps again makes
the kernel choose anew, and better by then. So one on each core does just that while there is long
work: it reads from a pipe that stays empty, and a timer's signal interrupts the reading, which the
kernel takes up again by itself. That takes no lock of Python's and no instruction of Python's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

from palaver.host.time_slices import take_short_turns

_INTERVAL_NS = 600_000
_MOST_CORES = 4
"""With more of them, whoever wakes finds one that is idle."""
_SIGNAL = signal.SIGURG  # ignored by who does not know it
_TO_A_THREAD = 4


class _Event(ctypes.Structure):
    """``struct sigevent``: what a timer does when it is due."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("thread", ctypes.c_int),
        ("unused", ctypes.c_int * 11),
    )


class _Times(ctypes.Structure):
    """``struct itimerspec``: seconds and nanoseconds of the interval, and those until the first."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("every_s", "every_ns", "in_s", "in_ns"))


class Ticks:
    """Ticks on each of these cores, while anybody works.

    Args:
        cores: Their numbers.
    """

    def __init__(self, cores: set[int]) -> None:
        self._libc = ctypes.CDLL(None)
        self._libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
        self._libc.signal.restype = ctypes.c_void_p
        nothing = ctypes.cast(self._libc.getppid, ctypes.c_void_p)  # any function without effect
        self._libc.signal(_SIGNAL, nothing)
        timers = [self._timer(core) for core in sorted(cores)]
        self._timers = [timer for timer in timers if timer is not None]
        self._lock = threading.Lock()
        self._num_working = 0

    @contextlib.contextmanager
    def during(self) -> Iterator[None]:
        """Ticks from here to the end; may be nested, and used by several threads at once."""
        self._count(+1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            before, self._num_working = self._num_working, self._num_working + change
            if not before or not self._num_working:
                interval_ns = _INTERVAL_NS if self._num_working else 0
                times = _Times(0, interval_ns, 0, interval_ns)
                for timer in self._timers:
                    self._libc.timer_settime(timer, 0, ctypes.byref(times), None)

    def _timer(self, core: int) -> ctypes.c_void_p | None:
        """A thread that stays on the core, and its timer; none if there can be no more timers."""
        is_there = threading.Event()

        def wait() -> None:
            with contextlib.suppress(OSError):  # the core has just been taken away
                os.sched_setaffinity(0, {core})
            take_short_turns(are_inherited=False)
            never_written_to, _ = os.pipe()
            is_there.set()
            os.read(never_written_to, 1)

        thread = threading.Thread(target=wait, daemon=True, name=f"ticks on {core}")
        thread.start()
        is_there.wait()
        event = _Event(None, _SIGNAL, _TO_A_THREAD, thread.native_id or 0)
        timer = ctypes.c_void_p()
        clock = time.CLOCK_MONOTONIC
        has_failed = self._libc.timer_create(clock, ctypes.byref(event), ctypes.byref(timer))
        return None if has_failed else timer


class _Process:
    ticks: Ticks | None = None


def start_ticks() -> None:
    """Have this process tick during long work from now on, where that helps.

    To be called before it is made nicer, since its ticks have to come before others.
    """
    cores = os.sched_getaffinity(0)
    has_timers = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "timer_create")
    if has_timers and len(cores) <= _MOST_CORES:
        _Process.ticks = Ticks(cores)


@contextlib.contextmanager
def ticking() -> Iterator[None]:
    """Long work from here to the end."""
    with _Process.ticks.during() if _Process.ticks else contextlib.nullcontext():
        yield
