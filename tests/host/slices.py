"""The length of threads' time slices, as the kernel reports it."""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from pathlib import Path

SHORT_NS = 100_000
_SYSCALLS = {"x86_64": 315, "aarch64": 275, "riscv64": 275}
_NUM_BYTES = 56
_START = 19
"""Index of a thread's start time among the fields after its name in ``stat``."""


def slice_ns(thread: int) -> int | None:
    """The slice of a thread, or of a process's main one; ``None`` if it is not reported."""
    number = _SYSCALLS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return None
    attributes = ctypes.create_string_buffer(_NUM_BYTES)
    if ctypes.CDLL(None).syscall(number, thread, attributes, _NUM_BYTES, 0):
        return None
    (runtime_ns,) = struct.unpack_from("=Q", attributes, 24)
    return int(runtime_ns)


def threads_of(pid: int) -> list[int]:
    """All threads of a process, the oldest first, even if thread ids have wrapped around."""

    def begin(path: Path) -> tuple[int, int]:
        _, _, fields = (path / "stat").read_text().rpartition(")")
        return int(fields.split()[_START]), int(path.name)

    paths = Path(f"/proc/{pid}/task").iterdir()
    return [int(path.name) for path in sorted(paths, key=begin)]
