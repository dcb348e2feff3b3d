"""A palaver server for evaluation: one that runs already, or one that is started here."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from palaver_training.folders import MODEL_FOLDER

BUILT_IN_NAME = "palaver/tiny"
_EXAMINED = "examined"
_START_TIMEOUT_S = 120.0
_REQUEST_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Server:
    """A chat-completions server.

    Attributes:
        url: Where it listens, ``http://127.0.0.1:8000``.
        key: A key that it accepts.
        model: The model to ask.
    """

    url: str
    key: str
    model: str = BUILT_IN_NAME

    def client(self) -> httpx.AsyncClient:
        """A client with the key."""
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=_REQUEST_TIMEOUT_S,
        )


async def complete(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    """The response to a request for a chat completion.

    Raises:
        RuntimeError: The server refused the request; the message says why.
    """
    response = await client.post("/v1/chat/completions", json=body)
    if response.status_code != httpx.codes.OK:
        raise RuntimeError(f"the server answered {response.status_code}: {response.text}")
    completion: dict[str, Any] = response.json()
    return completion


@contextlib.contextmanager
def started(folder: Path = MODEL_FOLDER) -> Iterator[Server]:
    """A server of this environment's ``palaver`` with the model of a folder; ended afterwards.

    Raises:
        RuntimeError: The server does not start; the message has its output.
    """
    key = secrets.token_urlsafe(16)
    command = [sys.executable, "-m", "palaver", "serve", "--port", "0"]
    command += ["--model", f"{_EXAMINED}={folder}"]
    settings = {
        "PALAVER_API_KEY": key,
        "PALAVER_CACHE_GIB": "1",
        "PALAVER_INFERENCE_PRECISION": "f32",
    }
    with tempfile.TemporaryDirectory() as data_dir, (Path(data_dir) / "log").open("w+") as log:
        ready_file = Path(data_dir) / "ready.json"
        command += ["--data-dir", data_dir, "--ready-file", str(ready_file)]
        process = subprocess.Popen(
            command, env=os.environ | settings, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            if not _is_ready(ready_file, process):
                log.seek(0)
                raise RuntimeError(f"the server does not start:\n{log.read()}")
            yield Server(json.loads(ready_file.read_text())["url"], key, _EXAMINED)
        finally:
            process.terminate()
            process.wait()


def _is_ready(ready_file: Path, process: subprocess.Popen[bytes]) -> bool:
    """Wait for the file that the server writes when it is ready.

    Returns ``False`` if the server ends before that or takes too long.
    """
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        if ready_file.exists():
            return True
        time.sleep(0.05)
    return False
