"""Freed memory returns to the system, and objects of start-up are frozen."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_SCRIPT = """
from pathlib import Path
from palaver.host.memory import return_large_buffers

def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) / 256

{call}
before = resident_mib()
for _ in range(3):
    large = bytes(1) * (20 * 2**20)
    small = bytearray(1000)  # behind it in the heap, if it is there
    del large
print(resident_mib() - before)
"""


def _kept_mib(call: str) -> float:
    command = [sys.executable, "-c", _SCRIPT.format(call=call)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc keeps what was freed")
def test_a_large_buffer_returns_to_the_system_when_it_is_freed() -> None:
    assert _kept_mib("") > 15, "nothing would be kept anyway"
    assert _kept_mib("return_large_buffers()") < 5


def test_objects_of_start_up_are_frozen_for_the_garbage_collector() -> None:
    script = "import gc; from palaver.host.memory import freeze_objects; freeze_objects()"
    command = [sys.executable, "-c", f"{script}; print(gc.get_freeze_count())"]
    assert int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) > 1000
