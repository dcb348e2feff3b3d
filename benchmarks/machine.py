"""The machine of a measurement, and the load by other programs."""

from __future__ import annotations

import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np


def describe_machine() -> dict[str, str | int]:
    """Processor, cores, and versions of Python, OpenVINO and palaver; no host name."""
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


def memory_bandwidth_gb_s(num_threads: int = 2, size_mib: int = 512) -> float:
    """GB/s that ``num_threads`` threads read from memory together, best of twenty."""
    array = np.ones(size_mib * 2**20 // 4, dtype=np.float32)
    parts = np.array_split(array, num_threads)
    with ThreadPoolExecutor(num_threads) as pool:

        def read() -> float:
            begun = time.perf_counter()
            list(pool.map(np.max, parts))
            return float(array.nbytes / (time.perf_counter() - begun) / 1e9)

        return max(read() for _ in range(20))


class OtherPrograms:
    """Processor time used by other programs than this process and its descendants."""

    def __init__(self) -> None:
        self._begin_s = time.monotonic()
        self._begin = self._used_s()

    def num_cores(self) -> float:
        """Cores that they used on average since construction."""
        return max(self._used_s() - self._begin, 0.0) / (time.monotonic() - self._begin_s)

    def _used_s(self) -> float:
        first = Path("/proc/stat").read_text(encoding="utf-8").split(maxsplit=9)[1:9]
        user, nice, system, _, _, irq, softirq, _ = map(int, first)
        ticks = user + nice + system + irq + softirq - _ticks_of_family(os.getpid())
        return ticks / os.sysconf("SC_CLK_TCK")


def _ticks_of_family(pid: int) -> int:
    """Clock ticks of a process and its descendants, ended ones included."""
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
