"""Whether processes are alive or idle, and waiting for conditions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE_S = 60


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def are_idle(pids: list[int]) -> bool:
    """Whether processes and those under them use no processor time for half a second."""
    before = [_processor_time(pid) for pid in pids]
    time.sleep(0.5)
    return [_processor_time(pid) for pid in pids] == before


def _processor_time(pid: int) -> int:
    """Processor time of a process and its descendants, ended ones included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return -1
    return sum(map(int, fields[11:15])) + sum(_processor_time(int(child)) for child in children)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fails the test if it does not."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.01)
