"""Memory: what was freed, given back to the system; what stays, left alone by the collector."""

from __future__ import annotations

import ctypes
import gc
import sys

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 2**20


def return_large_buffers() -> None:
    """Have every buffer of more than a mebibyte leave the process as soon as it is freed.

    Otherwise glibc learns from the first large one that is freed to keep up to 64 MiB for others
    to come, in each of the heaps that its threads have: a server would hold for ever what one
    image took for a moment. Other C libraries are left as they are.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def freeze_objects() -> None:
    """Have the garbage collector never look again at the objects that are there now.

    It would take tens of milliseconds at a time, and find that all of them are still in use.
    """
    gc.collect()
    gc.freeze()
