"""A server inside another program, and text requests, which load nothing of speech."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from palaver.generation.backend import Capacity
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.server import Server
from palaver.settings import load_settings
from palaver.testing import ScriptedBackend

_SERVED = """
import sys, tempfile, threading
from pathlib import Path

import httpx

{before}
from palaver import server as module
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


class _Faulty(ScriptedBackend):
    """A backend with a programming error in its start."""

    async def start(self) -> Capacity:
        raise ZeroDivisionError("a fault of the backend")


def test_a_programming_error_while_models_load_ends_the_server(tmp_path: Path) -> None:
    server = Server(
        load_settings({"port": 0, "api_key": "key", "data_dir": tmp_path}, {}),
        make_backend=lambda card, files: _Faulty(tokenizer=BUILT_IN_FOLDER / "tokenizer.json"),
    )
    with pytest.raises(ExceptionGroup) as raised:
        server.run()
    assert raised.group_contains(ZeroDivisionError)
