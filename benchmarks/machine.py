"""What machine a measurement was made on, and what else ran there."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path


def describe_machine() -> dict[str, str | int]:
    """Processor, cores, Python and OpenVINO; no names."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "openvino": version("openvino"),
        "palaver": version("palaver"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


class OtherPrograms:
    """How much of the processor everything but this process and what it started has used."""

    def __init__(self) -> None:
        self._begin_s = time.monotonic()
        self._begin = self._used_s()

    def num_cores(self) -> float:
        """Cores used on average since the beginning."""
        return max(self._used_s() - self._begin, 0.0) / (time.monotonic() - self._begin_s)

    def _used_s(self) -> float:
        first = Path("/proc/stat").read_text(encoding="utf-8").split(maxsplit=9)[1:9]
        user, nice, system, _, _, irq, softirq, _ = map(int, first)
        ticks = user + nice + system + irq + softirq - _ticks_of_family(os.getpid())
        return ticks / os.sysconf("SC_CLK_TCK")


def _ticks_of_family(pid: int) -> int:
    """Of a process and all that descend from it, those that have ended included."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        member = int(path.parent.name)
        parents[member], ticks[member] = int(fields[1]), sum(map(int, fields[11:15]))

    def is_family(member: int) -> bool:
        return member == pid or (member in parents and is_family(parents[member]))

    return sum(number for member, number in ticks.items() if is_family(member))
