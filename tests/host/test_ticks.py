"""Ticks: threads that wake and sleep again while long work is done, without Python's lock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from palaver.host import ticks
from palaver.host.ticks import start_ticks, ticking
from tests.api import media
from tests.media import files
from tests.multimodal import cases
from tests.server import RunningServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux looks at its clock alone")

_ABOUT = """
import json, os, sys, threading, time
from pathlib import Path
from palaver.host.ticks import Ticks

def num_ticks():
    tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    status = [(task / "status").read_text() for task in tasks]
    return sum(int(text.split("voluntary_ctxt_switches:")[1].split()[0]) for text in status)

ticks = Ticks(os.sched_getaffinity(0))
found = []
def note(seconds=0.1):
    time.sleep(0.02)
    before = num_ticks()
    time.sleep(seconds)
    found.append(num_ticks() - before)
"""


def _ticks_found(*statements: str) -> list[int]:
    script = "\n".join([_ABOUT, *statements, "print(json.dumps(found))"])
    command = [sys.executable, "-c", script]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: list[int] = json.loads(output)
    return found


def test_there_are_ticks_during_work_and_none_before_and_after() -> None:
    before, during, after = _ticks_found("note()", "with ticks.during(): note()", "note()")
    assert before == after == 0
    assert during > 20  # of some 160 on each core


def test_they_end_with_the_last_of_those_who_work() -> None:
    inner, outer, after = _ticks_found(
        "with ticks.during():",
        "    with ticks.during(): note()",
        "    note()",
        "note()",
    )
    assert min(inner, outer) > 20
    assert after == 0


def test_they_end_with_work_that_fails() -> None:
    (after,) = _ticks_found(
        "try:", "    with ticks.during(): 1 / 0", "except ZeroDivisionError: note()"
    )
    assert after == 0


def test_they_never_want_the_lock_of_python() -> None:
    (during,) = _ticks_found(
        "sys.setswitchinterval(1000)",
        "with ticks.during():",
        "    before, end = num_ticks(), time.perf_counter() + 0.2",
        "    while time.perf_counter() < end: pass",
        "    found.append(num_ticks() - before)",
    )
    assert during > 20


def test_machines_with_many_cores_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(ticks._Process, "ticks", None)
    start_ticks()
    assert ticks._Process.ticks is None
    with ticking():
        pass


def test_engines_and_decoders_tick(server: RunningServer) -> None:
    if len(os.sched_getaffinity(0)) > ticks._MOST_CORES:
        pytest.skip("there are cores enough")
    picture = media.picture(files.file_of(cases.picture(32, 32, 1)))
    with server.client() as client:
        body = media.ask(picture, model="palaver/tiny")
        assert client.post("/v1/chat/completions", json=body).is_success
    for pid in [*server.engine_pids(), *_decoder_pids(server)]:
        (caught,) = [
            int(line.split()[1], 16)
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith("SigCgt:")
        ]
        assert caught >> (signal.SIGURG - 1) & 1, f"process {pid} does not tick"


def _decoder_pids(server: RunningServer) -> list[int]:
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    children = [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    found = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert found
    return found
