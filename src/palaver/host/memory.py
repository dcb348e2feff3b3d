"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
import sys

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 2**20


def give_large_buffers_back() -> None:
    """Have every buffer of more than a mebibyte leave the process as soon as it is freed.

    Otherwise glibc learns from the first large one that is freed to keep up to 64 MiB for others
    to come, in each of the heaps that its threads have: a server would hold for ever what one
    image took for a moment. Other C libraries are left as they are.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
