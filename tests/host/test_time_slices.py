"""Time slices, which decide how the server's threads share a core."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.host.slices import SHORT_NS, slice_ns

ORDINARY_NS = slice_ns(os.getpid())
_TAKEN = (
    "from palaver.host.time_slices import take_short_slices; take_short_slices(are_inherited=True)"
)
_ABOUT = """
import json, os, threading
from palaver.host.time_slices import be_nice, take_ordinary_slices, take_short_slices
from tests.host.slices import slice_ns

def slices():
    found = {"own": slice_ns(os.getpid())}
    look = lambda: found.update(thread=slice_ns(threading.get_native_id()))
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    if not (child := os.fork()):
        os._exit(slice_ns(os.getpid()) != found["own"])
    found["is_child_alike"] = os.waitpid(child, 0)[1] == 0
    found["niceness"] = os.nice(0)
    return found
"""


def _run(script: str) -> str:
    """The output of a script in its own process."""
    command = [sys.executable, "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _has_short_slices() -> bool:
    look = "import os; from tests.host.slices import slice_ns as ns; print(ns(os.getpid()))"
    return int(_run(f"{_TAKEN}; {look}")) == SHORT_NS


pytestmark = pytest.mark.skipif(
    ORDINARY_NS is None or not _has_short_slices(), reason="this system has slices of one length"
)


def _slices_after(*statements: str) -> dict[str, int | bool]:
    script = "\n".join([_ABOUT, *statements, "print(json.dumps(slices()))"])
    found: dict[str, int | bool] = json.loads(_run(script))
    return found


def test_threads_and_processes_inherit_short_slices_on_request() -> None:
    found = _slices_after("take_short_slices(are_inherited=True)")
    assert (found["own"], found["thread"], found["is_child_alike"]) == (SHORT_NS, SHORT_NS, True)


def test_threads_and_processes_have_ordinary_slices_otherwise() -> None:
    found = _slices_after("take_short_slices(are_inherited=False)")
    assert (found["own"], found["is_child_alike"]) == (SHORT_NS, False)
    assert found["thread"] == ORDINARY_NS


def test_inherited_slices_can_be_reset() -> None:
    found = _slices_after("take_short_slices(are_inherited=True)", "take_ordinary_slices()")
    assert found["own"] == found["thread"] == ORDINARY_NS


def test_slices_leave_niceness_as_it_is() -> None:
    assert _slices_after("os.nice(3)", "take_short_slices(are_inherited=True)")["niceness"] == (
        os.nice(0) + 3
    )


def test_a_nice_process_has_ordinary_slices() -> None:
    found = _slices_after("take_short_slices(are_inherited=True)", "be_nice()")
    assert (found["own"], found["niceness"]) == (ORDINARY_NS, os.nice(0) + 5)


def test_a_nice_thread_does_not_change_other_threads() -> None:
    thread = "thread = threading.Thread(target=be_nice); thread.start(); thread.join()"
    found = _slices_after("take_short_slices(are_inherited=True)", thread)
    assert (found["own"], found["niceness"]) == (SHORT_NS, os.nice(0))


def test_a_policy_that_an_administrator_chose_is_kept() -> None:
    choose = "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))"
    assert _slices_after(choose, "take_short_slices(are_inherited=True)")["own"] != SHORT_NS
