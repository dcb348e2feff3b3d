"""A real server in a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
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
        return [pid for pid in self._children() if not _is_voice(pid)]

    def voice_pids(self) -> list[int]:
        """The processes under this server that speak."""
        return [pid for pid in self._children() if _is_voice(pid)]

    def _children(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = children.read_text().split()
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
        return [int(pid) for pid in pids if b"palaver.engine.process.worker" in commands[pid]]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM, timeout_s: float = 20) -> int:
        """End it and return its exit status."""
        self.process.send_signal(with_signal)
        return self.process.wait(timeout_s)


def _is_voice(pid: int) -> bool:
    try:
        return b"espeak" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return False


@contextlib.contextmanager
def running_server(
    data_dir: Path, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[RunningServer]:
    """A server that is ready; ended afterwards if it still runs."""
    port = free_port()
    command = [sys.executable, "-m", "palaver", "serve", "--port", str(port)]
    command += ["--data-dir", str(data_dir), *arguments]
    variables = {"PALAVER_API_KEY": KEY, "PALAVER_CACHE_GIB": "0.25"} | (environment or {})
    log = (data_dir / "log").open("w+")
    process = subprocess.Popen(
        command, env=os.environ | variables, stdout=log, stderr=subprocess.STDOUT, text=True
    )
    server = RunningServer(f"http://127.0.0.1:{port}", process)
    try:
        wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()  # killed only if it does not end, since that loses its coverage
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_TIMEOUT_S)
            process.kill()
        process.wait()
        log.close()


def wait_until_ready(server: RunningServer) -> None:
    """Wait until ``/ready`` says so."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "the server has ended"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/ready").status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise TimeoutError("the server is not ready")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def chat(content: str = "Hello! Who are you?", **fields: Any) -> dict[str, Any]:
    """A request body: one message from a user, greedy unless told otherwise."""
    messages = [{"role": "user", "content": content}]
    return {"model": MODEL, "messages": messages, "temperature": 0, "max_tokens": 32} | fields
