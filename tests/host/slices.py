"""How long a thread's time slices are, as the kernel says."""

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
"""Of the fields behind the name in a thread's ``stat``, the one that says when it began."""


def slice_ns(thread: int) -> int | None:
    """Of a thread or a process's first one; ``None`` where the system does not tell."""
    number = _SYSCALLS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return None
    attributes = ctypes.create_string_buffer(_NUM_BYTES)
    if ctypes.CDLL(None).syscall(number, thread, attributes, _NUM_BYTES, 0):
        return None
    (runtime_ns,) = struct.unpack_from("=Q", attributes, 24)
    return int(runtime_ns)


def threads_of(pid: int) -> list[int]:
    """All threads of a process, the oldest first, also where numbers have begun anew meanwhile."""

    def begin(path: Path) -> tuple[int, int]:
        _, _, fields = (path / "stat").read_text().rpartition(")")
        return int(fields.split()[_START]), int(path.name)

    paths = Path(f"/proc/{pid}/task").iterdir()
    return [int(path.name) for path in sorted(paths, key=begin)]
