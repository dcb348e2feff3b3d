"""A server that a command starts for its own use; it ends with the command, however that ends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from palaver.cli.options import fail

_START_TIMEOUT_S = 120.0
_EXIT_TIMEOUT_S = 10.0
_POLL_S = 0.05


@contextlib.contextmanager
def own_server(key: str, models: list[str]) -> Iterator[str]:
    """The URL of a server that runs as long as the context, on a free port.

    Args:
        key: Its API key.
        models: Models beside the built-in one, each as ``NAME=FOLDER``.

    Raises:
        typer.Exit: It did not start; the reason has been printed.
    """
    with tempfile.TemporaryDirectory(prefix="palaver-") as folder:
        ready_file = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "palaver.host.parent_death", str(os.getpid())]
        command += ["palaver", "serve", "--host", "127.0.0.1", "--port", "0"]
        command += ["--ready-file", str(ready_file)]
        command += ["--data-dir", folder, "--log-level", "error"]
        command += [part for model in models for part in ("--model", model)]
        process = subprocess.Popen(
            command,
            env=os.environ | {"PALAVER_API_KEY": key},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(ready_file, process)
            yield json.loads(ready_file.read_text(encoding="utf-8"))["url"]
        finally:
            process.terminate()
            try:
                process.wait(_EXIT_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(ready_file: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not ready_file.exists():
        if process.poll() is not None:
            raise fail("the server did not start")
        if time.monotonic() > deadline:
            raise fail(f"the server was not ready after {_START_TIMEOUT_S:.0f} s")
        time.sleep(_POLL_S)
