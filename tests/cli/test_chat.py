"""``palaver chat`` as a person at a terminal uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from io import StringIO
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from tests.host.processes import children_of, is_alive, wait_until
from tests.server import KEY, MODEL, RunningServer

chat = import_module("palaver.cli.chat")  # the package shows the command under this name


def talk(*lines: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """The output of the command for these lines of input."""
    command = [sys.executable, "-m", "palaver", "chat", *arguments]
    typed = "".join(f"{line}\n" for line in lines)
    return subprocess.run(
        command, input=typed, capture_output=True, text=True, timeout=100, check=False
    )


def against(server: RunningServer) -> tuple[str, ...]:
    return ("--url", server.url, "--key", KEY)


def test_help_lists_every_command(server: RunningServer) -> None:
    ended = talk("/help", "/quit", arguments=against(server))
    assert ended.returncode == 0, ended.stderr
    for command in ("/help", "/system", "/think", "/model", "/models", "/reset", "/quit"):
        assert command in ended.stdout


def test_an_answer_is_printed_and_the_conversation_is_remembered(server: RunningServer) -> None:
    lines = ("My name is Ana.", "What is my name?")
    ended = talk(*lines, arguments=against(server))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Ana") >= 2


def test_a_system_prompt_is_followed(server: RunningServer) -> None:
    arguments = (*against(server), "--system", "You are called Bo.")
    assert "Bo" in talk("What is your name?", arguments=arguments).stdout


def test_thinking_is_shown_when_it_is_on(server: RunningServer) -> None:
    ended = talk("/think", "What is 12 + 7?", arguments=against(server))
    assert "thinking is on" in ended.stdout
    assert ended.stdout.count("12 + 7 =") == 2, "once in the steps, once in the answer"


def test_models_are_listed_and_unknown_commands_are_named(server: RunningServer) -> None:
    ended = talk("/models", "/dance", arguments=against(server))
    assert MODEL in ended.stdout
    assert "/dance is not a command" in ended.stdout


def test_an_error_of_the_server_is_shown_and_the_chat_continues(server: RunningServer) -> None:
    ended = talk("/model nobody/nothing", "Hi", f"/model {MODEL}", "Hi", arguments=against(server))
    assert ended.returncode == 0
    assert "there is no model" in ended.stdout
    assert "Hello" in ended.stdout


def test_thinking_is_shown_unescaped(monkeypatch: pytest.MonkeyPatch) -> None:
    thought, said = "[/b] is no end, [red] no colour", "so [bold] is a word"
    deltas = [{"reasoning_content": thought}, {"content": said}]
    monkeypatch.setattr(chat, "_stream", lambda client, conversation: iter(deltas))
    shown = StringIO()
    conversation = chat.Conversation(MODEL, is_thinking=True)
    with httpx.Client() as client:
        chat._ask(Console(file=shown), client, conversation, "Hi")
    assert thought in shown.getvalue()
    assert said in shown.getvalue()


def test_an_unreachable_server_does_not_end_the_chat() -> None:
    ended = talk("/models", "Hi", "/dance", arguments=("--url", "http://127.0.0.1:9", "--key", KEY))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("refused") == 2
    assert "/dance is not a command" in ended.stdout


def test_without_a_url_the_chat_starts_a_server_and_ends_it() -> None:
    ended = talk("Hello!", "/quit", arguments=())
    assert ended.returncode == 0, ended.stderr
    assert "Hello" in ended.stdout
    commands = [
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_mine(path)
    ]
    assert not any(b"palaver-" in command and b"--data-dir" in command for command in commands)


def test_a_chat_that_is_killed_ends_its_own_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "palaver", "chat"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as started:
        assert started.stdout
        assert "is ready" in started.stdout.readline()
        (server,) = children_of(started.pid)
        assert is_alive(server)
        started.kill()
    wait_until(lambda: not is_alive(server))


def test_an_own_server_that_does_not_start_ends_the_chat_with_the_reason(
    tmp_path: Path,
) -> None:
    ended = talk("Hello!", arguments=("--model", f"mine={tmp_path}"))
    assert ended.returncode == 1
    assert "openvino_model.xml" in ended.stderr
    assert "palaver: the server did not start" in ended.stderr
    assert "Traceback" not in ended.stderr


def _is_mine(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False
