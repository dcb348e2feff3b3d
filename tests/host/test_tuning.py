"""Tuning a process: only its owner does, behind one switch that its children inherit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.slices import SHORT_NS, slice_ns, threads_of
from tests.server import RunningServer, running_server

_ORDINARY_NS = slice_ns(os.getpid())
_NICENESS = 5
_SERVE = """
import ctypes, gc, json, os, sys, threading
from pathlib import Path

mallopts = []
class Spied(ctypes.CDLL):
    def __getattr__(self, name):
        if name == "mallopt":
            mallopts.append(name)
        return super().__getattr__(name)
ctypes.CDLL = Spied

from palaver.settings import Settings
from palaver.host import tuning
from palaver.server import Server
from tests.host.slices import slice_ns

def look():
    return {
        "switch interval": sys.getswitchinterval(),
        "frozen": gc.get_freeze_count(),
        "mallopts": len(mallopts),
        "niceness": os.nice(0),
        "slice": slice_ns(os.getpid()),
        "thread's slice": slice_ns(threading.get_native_id()),
    }

found = {}
def on_ready():
    found["ready"] = look()
    server.stop()

settings = Settings(port=0, api_key="k", cache_gib=0.25, data_dir=Path(sys.argv[1]))
server = Server(settings, on_ready=on_ready)
found["before"] = look()
def run():
    server.run()
    found["after"] = look()
thread = threading.Thread(target=run)
thread.start()
thread.join()
print(json.dumps(found))
"""


def _niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def _printed(script: str, *arguments: str) -> Any:
    command = [sys.executable, "-c", script, *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def test_a_server_in_a_thread_changes_nothing_of_its_process(tmp_path: Path) -> None:
    found = _printed(_SERVE, str(tmp_path))
    assert found["before"]["mallopts"] == 0
    assert found["ready"] == found["before"]
    assert found["after"] == found["before"]


def test_nothing_is_tuned_before_the_owner_of_the_process_says_so() -> None:
    script = """
import gc, json, os, sys
from palaver.host import tuning
before = sys.getswitchinterval(), gc.get_freeze_count(), os.nice(0)
tuning.tune_background_thread(); tuning.tune_helper_thread(); tuning.freeze_start_up()
tuning.yield_core()
same = before == (sys.getswitchinterval(), gc.get_freeze_count(), os.nice(0))
tuning.tune_server_process(); tuning.freeze_start_up()
print(json.dumps([same, tuning.is_tuned(), sys.getswitchinterval(), gc.get_freeze_count() > 1000]))
"""
    assert _printed(script) == [True, True, 0.0005, True]


@pytest.fixture(scope="module")
def untuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    off = {"PALAVER_TUNE_PROCESS": "false"}
    with running_server(tmp_path_factory.mktemp("untuned"), environment=off) as server:
        yield server


def test_without_tuning_a_server_has_ordinary_processes(untuned: RunningServer) -> None:
    pids = [untuned.process.pid, *untuned.engine_pids(), *untuned.voice_pids()]
    assert len(pids) > 2
    assert {slice_ns(pid) for pid in pids} == {_ORDINARY_NS}
    assert {_niceness(pid) for pid in pids} == {os.nice(0)}


@pytest.mark.skipif(_ORDINARY_NS is None, reason="this system does not tell")
def test_the_event_loop_and_the_step_have_short_slices(server: RunningServer) -> None:
    if slice_ns(server.process.pid) == _ORDINARY_NS:
        pytest.skip("this system has slices of one length")
    assert slice_ns(server.process.pid) == SHORT_NS
    for engine in server.engine_pids():
        assert slice_ns(engine) == SHORT_NS
        assert slice_ns(threads_of(engine)[-1]) == SHORT_NS, "the step's threads have not"


def test_processes_that_speak_are_nice_and_have_ordinary_slices(server: RunningServer) -> None:
    pids = server.voice_pids()
    assert pids
    assert {slice_ns(pid) for pid in pids} == {_ORDINARY_NS}
    assert {_niceness(pid) for pid in pids} == {os.nice(0) + _NICENESS}
