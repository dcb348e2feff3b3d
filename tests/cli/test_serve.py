"""``palaver serve`` as a program starts it, which learns the port from the ready file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

import palaver
from palaver.cli import app
from palaver.cli.ready_file import ReadyFile
from tests.server import MODEL, running_server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_ready_file_has_the_address_and_is_removed_with_the_server(
    tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "ready.json"
    with running_server(tmp_path) as server:
        facts = json.loads(file.read_text())
        assert facts == {
            "url": f"http://127.0.0.1:{facts['port']}",
            "host": "127.0.0.1",
            "port": facts["port"],
            "pid": server.process.pid,
            "models": [MODEL],
            "version": palaver.__version__,
        }
        assert httpx.get(f"{facts['url']}/ready").status_code == 200
        assert server.stop(number) == 0
        assert not file.exists()
        assert [path.name for path in tmp_path.iterdir() if "ready" in path.name] == []


def test_an_unwritable_ready_file_is_reported_before_models_are_loaded(
    tmp_path: Path,
) -> None:
    file = tmp_path / "nowhere" / "ready.json"
    command = [sys.executable, "-m", "palaver", "serve", "--ready-file", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"palaver: ready_file: {file}: cannot be written: No such file")
    assert "ready palaver/tiny" not in ended.stdout


def test_an_error_in_the_ready_callback_ends_the_server(
    tmp_path: Path,
) -> None:
    program = f"""
from pathlib import Path
from palaver.errors import SettingError
from palaver.server import Server
from palaver.settings import Settings

def on_ready():
    raise SettingError("the disk is full")

Server(Settings(port=0, data_dir=Path({str(tmp_path)!r}), cache_gib=0.1), on_ready=on_ready).run()
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "SettingError: the disk is full" in ended.stderr


def test_the_ready_file_of_an_earlier_server_is_removed_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    file.write_text("{}")
    with ReadyFile(file).prepared():
        assert not file.exists()


def test_the_ready_file_of_another_server_is_left_alone_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    with ReadyFile(file).prepared():
        file.write_text("{}")
    assert file.read_text() == "{}"


def test_a_used_address_ends_the_server_with_a_message() -> None:
    result = CliRunner().invoke(app, ["serve", "--host", "203.0.113.7"])
    assert result.exit_code == 1
    assert "palaver: cannot listen on 203.0.113.7:0" in result.output
