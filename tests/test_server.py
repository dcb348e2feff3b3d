"""A server inside another program, and text requests, which load nothing of speech."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from palaver import server as module
from palaver.accounts.database import open_database
from palaver.errors import ModelFolderError
from palaver.generation.backend import Capacity
from palaver.host.listener import listen
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.schemas.checker import SchemaChecker
from palaver.server import Server
from palaver.settings import load_settings
from palaver.testing import ScriptedBackend

_SERVED = """
import sys, tempfile, threading
from pathlib import Path

import httpx

{before}
from palaver import server as module
from palaver.accounts.database import open_database
from palaver.settings import load_settings
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.server import Server
from palaver.testing import Say, ScriptedBackend

{patch}
ready = threading.Event()
folder = Path(tempfile.mkdtemp())
settings = load_settings({{"port": 0, "api_key": "key", "data_dir": folder}}, {{}})
tokenizer = BUILT_IN_FOLDER / "tokenizer.json"
server = Server(
    settings,
    make_backend=lambda card, files: ScriptedBackend([Say("Hello")], tokenizer=tokenizer),
    on_ready=ready.set,
)
{profile}
thread = threading.Thread(target=server.run, daemon=True)
thread.start()
assert ready.wait(60)
client = httpx.Client(base_url=server.url, headers={{"Authorization": "Bearer key"}})
body = {{"model": "palaver/tiny", "messages": [{{"role": "user", "content": "Hi"}}]}}
{begin}
for is_streamed in (False, True):
    answer = client.post("/v1/chat/completions", json=body | {{"stream": is_streamed}})
    assert answer.status_code == 200 and '"stop"' in answer.text, answer.text
{end}
server.stop()
thread.join()
"""


def run(**parts: str) -> None:
    names = ("before", "patch", "profile", "begin", "end")
    script = _SERVED.format(**{name: parts.get(name, "") for name in names})
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_server_without_voices_answers_text_and_loads_nothing_that_speaks() -> None:
    run(
        before="sys.modules['palaver.speech'] = None  # importing it raises",
        patch="module.find_spec = lambda name: None",
        end="""
spoken = client.post("/v1/chat/completions", json=body | {"modalities": ["text", "audio"]})
assert spoken.status_code == 400 and "no voice" in spoken.text, spoken.text
assert not [name for name in sys.modules if name.startswith("palaver.speech.")]
""",
    )


def test_a_text_request_runs_nothing_of_speech_where_there_are_voices() -> None:
    run(
        profile="""
called, is_counted = set(), threading.Event()
def note(frame, event, argument):
    if is_counted.is_set() and event == "call":
        called.add(frame.f_globals.get("__name__", ""))
threading.setprofile(note)
""",
        begin="is_counted.set()",
        end="""
is_counted.clear()
assert "palaver.api.chat.route" in called
assert "palaver.speech.service" in sys.modules
assert not [name for name in called if name.startswith("palaver.speech")], called
""",
    )


def made(folder: Path, backend: type[ScriptedBackend] = ScriptedBackend, **options: Any) -> Server:
    """A server with scripted models that keeps its files in a folder."""
    settings = {"port": 0, "api_key": "key", "data_dir": folder, **options}
    return Server(
        load_settings(settings, {}),
        make_backend=lambda card, files: backend(tokenizer=BUILT_IN_FOLDER / "tokenizer.json"),
    )


class _Faulty(ScriptedBackend):
    """A backend with a programming error in its start."""

    async def start(self) -> Capacity:
        raise ZeroDivisionError("a fault of the backend")


def test_a_programming_error_while_models_load_ends_the_server(tmp_path: Path) -> None:
    server = made(tmp_path, _Faulty)
    with pytest.raises(ExceptionGroup) as raised:
        server.run()
    assert raised.group_contains(ZeroDivisionError)


class _Speech:
    """A speech service that never becomes ready.

    Attributes:
        errors: The server's error at each moment when its start has been cancelled and cleaned up.
        is_closed: Whether it was closed.
    """

    def __init__(self) -> None:
        self.server: Server | None = None
        self.errors: list[Exception | None] = []
        self.is_closed = False

    async def start(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            assert self.server
            self.errors.append(self.server.error)

    async def close(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        self.is_closed = True


@pytest.fixture
def speech(monkeypatch: pytest.MonkeyPatch) -> _Speech:
    """The speech service of the servers that are made."""
    speech = _Speech()
    monkeypatch.setattr(module, "_speech", lambda settings, models: speech)
    return speech


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> list[Engine]:
    """The databases that are opened, each with an open connection."""
    found: list[Engine] = []

    def note(folder: Path) -> Engine:
        found.append(open_database(folder))
        return found[-1]

    monkeypatch.setattr(module, "open_database", note)
    return found


def is_open(database: Engine) -> bool:
    return "Connections in pool: 0" not in database.pool.status()


def test_voices_have_ended_their_start_before_a_failure_of_a_model_ends_the_server(
    tmp_path: Path, speech: _Speech
) -> None:
    speech.server = made(tmp_path, _Faulty)
    with pytest.raises(ExceptionGroup):
        speech.server.run()
    assert speech.errors == [None]
    assert speech.is_closed


def test_a_part_that_fails_to_close_does_not_keep_others_from_closing(
    tmp_path: Path, speech: _Speech, databases: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: SchemaChecker) -> None:
        raise OSError("it does not end")

    monkeypatch.setattr(SchemaChecker, "close", fail)
    speech.server = made(tmp_path, _Faulty)
    assert is_open(databases[0])
    with pytest.raises(ExceptionGroup):
        speech.server.run()
    assert speech.is_closed
    assert not is_open(databases[0])


def test_a_server_that_cannot_be_made_leaves_nothing_open(
    tmp_path: Path, databases: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    listeners: list[socket.socket] = []

    def note(host: str, port: int) -> socket.socket:
        listeners.append(listen(host, port))
        return listeners[-1]

    def fail(parts: Any) -> None:
        raise ZeroDivisionError("a fault of a later part")

    monkeypatch.setattr(module, "listen", note)
    with pytest.raises(ModelFolderError):
        made(tmp_path, models={"a": str(tmp_path / "nowhere")})
    monkeypatch.setattr(module, "create_app", fail)
    with pytest.raises(ZeroDivisionError):
        made(tmp_path)
    assert [listener.fileno() for listener in listeners] == [-1, -1]
    assert [is_open(database) for database in databases] == [False]
