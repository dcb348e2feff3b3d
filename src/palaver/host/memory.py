"""Memory: returning freed buffers to the system, and excluding objects from collections."""

from __future__ import annotations

import ctypes
import gc
import sys

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 2**20


def return_large_buffers() -> None:
    """Return every buffer of more than a mebibyte to the system as soon as it is freed.

    By default, glibc raises its threshold when a large buffer is freed, and then keeps up to 64 MiB
    in each thread's heap: a server would keep for ever the memory that one image needed. Other C
    libraries are not changed.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def freeze_objects() -> None:
    """Exclude all objects that exist now from future garbage collections.

    They stay in use, and traversing them would take tens of milliseconds each time.
    """
    gc.collect()
    gc.freeze()
