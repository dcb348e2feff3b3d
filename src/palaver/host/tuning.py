"""Tuning of processes: time slices, niceness, memory and garbage collection, behind one switch.

Nothing is tuned in a process until its main program, a command or the ``main`` of a child process,
calls one of the three ``tune_…_process`` functions; before that, the other functions do nothing.
The children of a process that is not tuned are not tuned, so the setting ``tune_process`` applies
to all processes of a server.
"""

from __future__ import annotations

import os
import sys

from palaver.host.memory import freeze_objects, return_large_buffers
from palaver.host.time_slices import be_nice, take_ordinary_slices, take_short_slices

_SWITCH_S = 0.0005


class _Process:
    is_tuned = False


def is_tuned() -> bool:
    """Whether this process is tuned."""
    return _Process.is_tuned


def tune_server_process() -> None:
    """For the API process: short time slices, and large buffers are returned when freed."""
    _Process.is_tuned = True
    sys.setswitchinterval(_SWITCH_S)
    take_short_slices(are_inherited=False)
    return_large_buffers()


def tune_engine_process() -> None:
    """For an engine process: short time slices for all of its threads."""
    _Process.is_tuned = True
    sys.setswitchinterval(_SWITCH_S)
    take_short_slices(are_inherited=True)


def tune_background_process() -> None:
    """For a process in the background, such as a decoder or a voice: nice, ordinary slices."""
    _Process.is_tuned = True
    be_nice()


def tune_background_thread() -> None:
    """For a background thread of an engine process: nice, ordinary slices."""
    if _Process.is_tuned:
        be_nice()


def tune_helper_thread() -> None:
    """For a helper thread of an engine process: ordinary slices, ordinary niceness."""
    if _Process.is_tuned:
        take_ordinary_slices()


def freeze_start_up() -> None:
    """Exclude the objects made during start-up from garbage collections; called at its end."""
    if _Process.is_tuned:
        freeze_objects()


def yield_core() -> None:
    """Let a thread run that the calling thread has just woken, if it is on the same core.

    Where the calling thread never sleeps, it would otherwise wait up to 4 ms for a timer tick.
    """
    if _Process.is_tuned:
        os.sched_yield()
