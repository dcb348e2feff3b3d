"""A real server in a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

KEY = "sk-palaver-test"
MODEL = "palaver/tiny"
NO_END = {"0": -100, "2": -100}
"""A ``logit_bias`` that forbids the tokens which end an answer."""
_START_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 10.0


class RunningServer:
    """A server under test.

    Attributes:
        url: Where it listens.
        process: Its process.
    """

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self.process = process

    def client(self, **options: Any) -> httpx.Client:
        """A client with the key."""
        headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, **options)

    def engine_pids(self) -> list[int]:
        """The engine processes under this server."""
        return self._children(b"palaver.engine.process.worker")

    def voice_pids(self) -> list[int]:
        """The espeak processes under this server."""
        return self._children(b"palaver.speech.voices.espeak.process")

    def schema_pids(self) -> list[int]:
        """The process under this server that forks one for each schema."""
        return self._children(b"palaver.schemas.worker")

    def talker_pids(self) -> list[int]:
        """The processes under this server that run models' own talkers."""
        return self._children(b"palaver.speech.voices.native.process")

    def _children(self, module: bytes) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = children.read_text().split()
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
        return [int(pid) for pid in pids if module in commands[pid].split(b"\0")]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM, timeout_s: float = 20) -> int:
        """End it and return its exit status."""
        self.process.send_signal(with_signal)
        return self.process.wait(timeout_s)


@contextlib.contextmanager
def running_server(
    data_dir: Path, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[RunningServer]:
    """A server that is ready, on a free port that it picks; killed at the end if it still runs."""
    ready_file = data_dir / "ready.json"
    ready_file.unlink(missing_ok=True)  # of a server that was killed
    command = [sys.executable, "-m", "palaver", "serve", "--port", "0"]
    command += ["--ready-file", str(ready_file), "--data-dir", str(data_dir), *arguments]
    variables = {"PALAVER_API_KEY": KEY, "PALAVER_CACHE_GIB": "0.25"} | (environment or {})
    log = (data_dir / "log").open("w+")
    process = subprocess.Popen(
        command, env=os.environ | variables, stdout=log, stderr=subprocess.STDOUT, text=True
    )
    try:
        _wait_until(ready_file.exists, process)
        yield RunningServer(json.loads(ready_file.read_text())["url"], process)
    finally:
        if process.poll() is None:
            process.terminate()  # killed only if it does not end, since its coverage would be lost
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_TIMEOUT_S)
            process.kill()
        process.wait()
        log.close()


def wait_until_ready(server: RunningServer) -> None:
    """Wait until ``/ready`` says so."""

    def is_ready() -> bool:
        try:
            return httpx.get(f"{server.url}/ready").is_success
        except httpx.TransportError:
            return False

    _wait_until(is_ready, server.process)


def _wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until a condition holds, which the server's process should fulfil."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not condition():
        assert process.poll() is None, "the server has ended"
        if time.monotonic() > deadline:
            raise TimeoutError("the server is not ready")
        time.sleep(0.05)


def chat(content: str = "Hello! Who are you?", **fields: Any) -> dict[str, Any]:
    """A request body: one message from a user, greedy unless told otherwise."""
    messages = [{"role": "user", "content": content}]
    return {"model": MODEL, "messages": messages, "temperature": 0, "max_tokens": 32} | fields
