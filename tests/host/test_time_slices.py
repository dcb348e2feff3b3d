"""Turns: who interrupts whom where the server's threads share a core."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.host.slices import SHORT_NS, threads_of, turn_ns
from tests.server import RunningServer

ORDINARY_NS = turn_ns(os.getpid())
_TAKEN = (
    "from palaver.host.time_slices import take_short_turns; take_short_turns(are_inherited=True)"
)
_ABOUT = """
import json, os, threading
from palaver.host.time_slices import give_way, take_ordinary_turns, take_short_turns
from tests.host.slices import turn_ns

def turns():
    found = {"own": turn_ns(os.getpid())}
    look = lambda: found.update(thread=turn_ns(threading.get_native_id()))
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    if not (child := os.fork()):
        os._exit(turn_ns(os.getpid()) != found["own"])
    found["is_child_alike"] = os.waitpid(child, 0)[1] == 0
    found["niceness"] = os.nice(0)
    return found
"""


def _run(script: str) -> str:
    """What a script prints in a process of its own."""
    command = [sys.executable, "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _has_short_turns() -> bool:
    script = (
        f"{_TAKEN}; import os; from tests.host.slices import turn_ns as ns; print(ns(os.getpid()))"
    )
    return int(_run(script)) == SHORT_NS


pytestmark = pytest.mark.skipif(
    ORDINARY_NS is None or not _has_short_turns(), reason="this system has no turns of any length"
)


def _turns_after(*statements: str) -> dict[str, int | bool]:
    script = "\n".join([_ABOUT, *statements, "print(json.dumps(turns()))"])
    found: dict[str, int | bool] = json.loads(_run(script))
    return found


def test_threads_and_processes_inherit_short_turns_where_they_are_to() -> None:
    found = _turns_after("take_short_turns(are_inherited=True)")
    assert (found["own"], found["thread"], found["is_child_alike"]) == (SHORT_NS, SHORT_NS, True)


def test_threads_and_processes_have_ordinary_turns_otherwise() -> None:
    found = _turns_after("take_short_turns(are_inherited=False)")
    assert (found["own"], found["is_child_alike"]) == (SHORT_NS, False)
    assert found["thread"] == ORDINARY_NS


def test_an_inherited_turn_can_be_given_up() -> None:
    found = _turns_after("take_short_turns(are_inherited=True)", "take_ordinary_turns()")
    assert found["own"] == found["thread"] == ORDINARY_NS


def test_turns_leave_niceness_as_it_is() -> None:
    assert _turns_after("os.nice(3)", "take_short_turns(are_inherited=True)")["niceness"] == (
        os.nice(0) + 3
    )


def test_who_gives_way_is_nicer_and_has_ordinary_turns() -> None:
    found = _turns_after("take_short_turns(are_inherited=True)", "give_way()")
    assert (found["own"], found["niceness"]) == (ORDINARY_NS, os.nice(0) + 5)


def test_a_thread_that_gives_way_alone_leaves_the_others_as_they_are() -> None:
    thread = "thread = threading.Thread(target=give_way); thread.start(); thread.join()"
    found = _turns_after("take_short_turns(are_inherited=True)", thread)
    assert (found["own"], found["niceness"]) == (SHORT_NS, os.nice(0))


_LEAVE = """
import os, threading
from palaver.host.time_slices import leave_main_threads_core
os.sched_setaffinity(0, {cores})
found = []
def leave():
    leave_main_threads_core()
    found.extend(os.sched_getaffinity(0))
thread = threading.Thread(target=leave)
thread.start()
thread.join()
print(os.sched_getaffinity(os.getpid()) == {cores} and sorted(found))
"""


def test_a_thread_leaves_the_core_of_the_main_thread_where_there_is_another() -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("there is no other core")
    (left,) = json.loads(_run(_LEAVE.format(cores=set(cores[:2]))))
    assert left in cores[:2]
    assert json.loads(_run(_LEAVE.format(cores=set(cores[:1])))) == cores[:1]


def test_a_policy_that_somebody_chose_is_kept() -> None:
    choose = "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))"
    assert _turns_after(choose, "take_short_turns(are_inherited=True)")["own"] != SHORT_NS


def test_the_event_loop_and_the_step_have_short_turns(server: RunningServer) -> None:
    assert turn_ns(server.process.pid) == SHORT_NS
    for engine in server.engine_pids():
        assert turn_ns(engine) == SHORT_NS
        assert turn_ns(threads_of(engine)[-1]) == SHORT_NS, "the step's threads have not"


def test_processes_that_speak_have_ordinary_turns(server: RunningServer) -> None:
    assert {turn_ns(pid) for pid in server.voice_pids()} <= {ORDINARY_NS}


def test_what_start_up_made_is_not_looked_at_again() -> None:
    script = "import gc; from palaver.host.time_slices import keep_what_is_there as keep; keep()"
    assert int(_run(f"{script}; print(gc.get_freeze_count())")) > 1000
