"""How the operating system and Python are told to run a process: one place, one switch.

Nothing is tuned in a process until its owner, which is a command or a child process's ``main``,
calls one of the first three functions here; the others do nothing before that. A process that is
not tuned has children that are not: the setting ``tune_process`` so holds for all of a server.
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
    """For the process with the event loop: it runs as soon as it wakes, and keeps no memory."""
    _Process.is_tuned = True
    sys.setswitchinterval(_SWITCH_S)
    take_short_slices(are_inherited=False)
    return_large_buffers()


def tune_engine_process() -> None:
    """For a process that computes steps: it and its threads run as soon as they wake."""
    _Process.is_tuned = True
    sys.setswitchinterval(_SWITCH_S)
    take_short_slices(are_inherited=True)


def tune_background_process() -> None:
    """For a process whose work is to leave the processor to steps and event loop."""
    _Process.is_tuned = True
    be_nice()


def tune_background_thread() -> None:
    """For a thread of an engine process whose work is to leave the processor to the step."""
    if _Process.is_tuned:
        be_nice()


def tune_helper_thread() -> None:
    """For a thread of an engine process whose work is as urgent as that of others, but no more."""
    if _Process.is_tuned:
        take_ordinary_slices()


def freeze_start_up() -> None:
    """Have the garbage collector leave alone what start-up has made; to be called at its end."""
    if _Process.is_tuned:
        freeze_objects()


def yield_core() -> None:
    """Let a thread run that the calling one has just woken, if Linux put it on the same core.

    It would wait for the next tick of the clock, up to 4 ms, where the calling thread never sleeps.
    """
    if _Process.is_tuned:
        os.sched_yield()
