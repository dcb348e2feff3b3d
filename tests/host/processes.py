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


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that run; none if it has ended."""
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def are_idle(pids: list[int], *, during: Callable[[], object]) -> bool:
    """Whether processes and those under them use no processor time while ``during`` runs."""
    before = [_processor_time(pid) for pid in pids]
    during()
    return [_processor_time(pid) for pid in pids] == before


def _processor_time(pid: int) -> int:
    """Processor time of a process and its descendants, ended ones included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return -1
    return sum(map(int, fields[11:15])) + sum(map(_processor_time, children_of(pid)))


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fails the test if it does not."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.01)
